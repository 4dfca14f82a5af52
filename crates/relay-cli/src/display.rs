//! Shows a run as it goes: a reader of the engine's event stream.
//!
//! In a terminal: one line for each package in flight with its state, a bar with totals and the time that is left. Elsewhere,
//! and in CI: one plain line for each thing that happened, its phases folded where the forge can. Everything goes to stderr.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use relay_engine::event::{Event, Fact, Phase, Subscriber};
use relay_engine::state::How;
use relay_workspace::PackageName;

use crate::summary::{World, explain_failure, explain_parked};
use crate::ui::{Ui, human_size, human_span, plural};

/// How often the live display is redrawn while nothing happens.
const TICK: Duration = Duration::from_millis(120);

/// The display of one run.
pub(crate) struct Display {
    ui: Ui,
    state: Mutex<State>,
}

struct State {
    live: Option<Live>,
    total: usize,
    done: usize,
}

/// The moving part of the display.
struct Live {
    multi: MultiProgress,
    total: ProgressBar,
    lines: BTreeMap<PackageName, ProgressBar>,
}

impl Display {
    /// A display; it moves only where stderr is a terminal and nobody asked for quiet.
    pub(crate) fn new(ui: Ui) -> Self {
        let live = ui.is_animated().then(|| Live {
            multi: ui.progress().clone(),
            total: ProgressBar::hidden(),
            lines: BTreeMap::new(),
        });
        Self { ui, state: Mutex::new(State { live, total: 0, done: 0 }) }
    }

    /// Takes the moving part away, for good: the run is over.
    pub(crate) fn clear(&self) {
        self.ui.end_phase();
        if let Ok(mut state) = self.state.lock()
            && let Some(live) = state.live.take()
        {
            for line in live.lines.values() {
                line.finish_and_clear();
            }
            live.total.finish_and_clear();
        }
    }

    fn told(&self, state: &mut State, fact: &Fact) -> Option<String> {
        match fact {
            Fact::RunStarted { packages, .. } => {
                state.total = packages.len();
                None
            }
            Fact::PhaseStarted { phase } => {
                if *phase == Phase::Publish {
                    state.begin_total();
                }
                if let Some(title) = phase_title(*phase, state.total) {
                    self.ui.phase(title);
                }
                None
            }
            Fact::VersionsWritten { packages, files } => Some(format!(
                "  {} got a new version ({} written)",
                plural(*packages, "package"),
                plural(*files, "file")
            )),
            Fact::Committed { commit } => Some(format!("  committed {}", commit.get(..10).unwrap_or(commit))),
            Fact::ScriptRan { package, script, millis } => {
                Some(format!("  {package}: {script} ran in {}", span(*millis)))
            }
            Fact::Packed { package, version, size, files, .. } => self
                .ui
                .settings()
                .verbose
                .then(|| format!("  packed {package} {version}: {}, {}", human_size(*size), plural(*files, "file"))),
            Fact::UploadStarted { package, version, route, attempt, .. } => {
                state.show(package, format!("{version} uploading ({route})"));
                let again = if *attempt > 1 { format!(", try {attempt}") } else { String::new() };
                Self::plain(state, || format!("  ↑ {package} {version} ({route}{again})"))
            }
            Fact::Accepted { package, version, .. } => {
                state.show(package, format!("{version} accepted, waiting until it can be installed"));
                None
            }
            Fact::Settling { package, why } => {
                state.show(package, "asking the registry what it has".to_owned());
                Some(format!("  ? {package}: {why}; asking the registry"))
            }
            Fact::ChallengeOpened { package, .. } => {
                state.show(package, "waiting for a person to answer the second factor".to_owned());
                None
            }
            Fact::ChallengeAnswered { package } => {
                state.show(package, "answered, uploading".to_owned());
                Some(format!("  ✓ {package}: second factor answered"))
            }
            Fact::RouteChanged { package, route, why } => Some(format!("  ! {package} goes {route}: {why}")),
            Fact::Waiting { package, why, millis } => {
                state.show(package, format!("waiting {}: {why}", span(*millis)));
                Some(format!("  … {package}: {why}; next try in {}", span(*millis)))
            }
            Fact::Live { package, version, how, .. } => {
                state.end(package);
                let word = if *how == How::Published { "can be installed" } else { "was there already, same bytes" };
                let count = format!("[{}/{}]", state.done, state.total);
                Some(format!("  ✓ {package} {version} {word} {count}"))
            }
            Fact::Parked { package, version, parked } => {
                state.end(package);
                Some(format!("  … {package} {version} is parked: {}", explain_parked(parked, World::Real).0))
            }
            Fact::Held { package, by } => {
                state.end(package);
                Some(format!("  … {package} is held: it depends on {by}"))
            }
            Fact::Failed { package, version, failure } => {
                state.end(package);
                Some(format!("  ✗ {package} {version} failed: {}", explain_failure(failure).0))
            }
            Fact::Tagged { tag, .. } => self.ui.settings().verbose.then(|| format!("  tagged {tag}")),
            Fact::Pushed { remote, .. } => Some(format!("  pushed to {remote}")),
            Fact::RunEnded { .. } => None,
        }
    }

    /// A line that would only repeat what the moving part shows.
    fn plain(state: &State, line: impl FnOnce() -> String) -> Option<String> {
        state.live.is_none().then(line)
    }
}

impl Subscriber for Display {
    fn event(&self, event: &Event) -> Result<(), String> {
        let line = match self.state.lock() {
            Ok(mut state) => self.told(&mut state, &event.fact),
            // A display that broke must not stop a release.
            Err(_) => return Ok(()),
        };
        if let Some(line) = line {
            self.ui.status(line);
        }
        Ok(())
    }
}

impl State {
    fn begin_total(&mut self) {
        let total = u64::try_from(self.total).unwrap_or(u64::MAX);
        if let Some(live) = &mut self.live {
            let style = ProgressStyle::with_template("  {bar:28} {pos}/{len} packages, {elapsed}, {eta} left")
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            live.total = live.multi.add(ProgressBar::new(total).with_style(style));
            live.total.enable_steady_tick(TICK);
        }
    }

    fn show(&mut self, package: &PackageName, text: String) {
        let Some(live) = &mut self.live else { return };
        let line = live.lines.entry(package.clone()).or_insert_with(|| {
            let style = ProgressStyle::with_template("  {spinner} {prefix} {msg}")
                .unwrap_or_else(|_| ProgressStyle::default_spinner());
            let line = live.multi.insert_before(&live.total, ProgressBar::new_spinner().with_style(style));
            line.set_prefix(package.to_string());
            line.enable_steady_tick(TICK);
            line
        });
        line.set_message(text);
    }

    fn end(&mut self, package: &PackageName) {
        self.done += 1;
        if let Some(live) = &mut self.live {
            if let Some(line) = live.lines.remove(package) {
                line.finish_and_clear();
                live.multi.remove(&line);
            }
            live.total.inc(1);
        }
    }
}

fn phase_title(phase: Phase, packages: usize) -> Option<&'static str> {
    match phase {
        Phase::Observe => None,
        Phase::Version => Some("Writing versions"),
        Phase::Pack => Some("Packing"),
        Phase::Publish if packages == 0 => None,
        Phase::Publish => Some("Publishing"),
        Phase::Finish => Some("Finishing"),
    }
}

fn span(millis: u64) -> String {
    human_span(Duration::from_millis(millis))
}

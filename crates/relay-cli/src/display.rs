//! Shows a run as it goes: a reader of the engine's event stream.
//!
//! In a terminal: what is under way, package by package, with totals below (`screen`). Elsewhere, and in CI: one plain line
//! for each thing that happened, its phases folded where the forge can, and one now and then for waits that take long
//! (`waits`). Everything goes to stderr.

mod screen;
mod waits;

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::Timestamp;
use relay_config::RouteKind;
use relay_engine::event::{Clock, Event, Fact, Phase, Subscriber};
use relay_engine::state::How;
use relay_workspace::PackageName;

use self::screen::{Activity, Screen, Stopped};
use self::waits::Waits;
use crate::summary::{World, explain_failure, explain_parked};
use crate::ui::keyboard::Hush;
use crate::ui::{Ui, human_size, human_span, plural};
use crate::write_words::{explain_outcome, sign};

/// How often the live display is redrawn.
const TICK: Duration = Duration::from_millis(120);
/// How often it is looked whether a long wait is to be told of, where nothing moves.
const WAITS_TICK: Duration = Duration::from_secs(1);

/// The display of one run.
pub(crate) struct Display {
    ui: Ui,
    clock: Arc<dyn Clock>,
    state: Arc<Mutex<State>>,
    moving: Mutex<Option<Moving>>,
}

struct State {
    /// What the moving part shows. It is drawn by a thread of its own, so that whoever tells an event never waits for the
    /// terminal.
    screen: Screen,
    waits: Waits,
}

/// The thread that draws the live display, or tells of long waits, while the packages go out.
struct Moving {
    /// It ends when this end of the channel does.
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl Display {
    /// A display; it moves only where stderr is a terminal and nobody asked for quiet. An accepted version is waited for as
    /// long as `visibility_limit` says.
    pub(crate) fn new(ui: Ui, clock: Arc<dyn Clock>, visibility_limit: Duration) -> Self {
        let state = State { screen: Screen::new(visibility_limit), waits: Waits::new(visibility_limit) };
        Self { ui, clock, state: Arc::new(Mutex::new(state)), moving: Mutex::new(None) }
    }

    /// Tells beforehand at which package a person is needed.
    pub(crate) fn needs_person(&self, package: &PackageName) {
        lock(&self.state).screen.needs_person(package);
    }

    /// Takes the moving part away, for good: the run is over.
    pub(crate) fn clear(&self) {
        self.ui.end_phase();
        let moving = self.moving.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Moving { stop, thread }) = moving {
            drop(stop);
            // A thread that broke has nothing on the screen that could be waited for.
            let _broken = thread.join();
        }
    }

    fn told(&self, state: &mut State, fact: &Fact, at: Timestamp) -> Option<String> {
        match fact {
            Fact::RunStarted { packages, .. } => {
                state.screen.total = packages.len();
                None
            }
            Fact::VersionsWritten { packages, files } => Some(format!(
                "  {} got a new version ({} written)",
                plural(*packages, "package"),
                plural(*files, "file")
            )),
            Fact::Committed { commit } => Some(format!("  committed {}", commit.get(..10).unwrap_or(commit))),
            Fact::BuildStarted { command } => Some(format!("  building: {command}")),
            Fact::Built { millis } => Some(format!("  built in {}", span(*millis))),
            Fact::ScriptRan { package, script, millis } => {
                Some(format!("  {package}: {script} ran in {}", span(*millis)))
            }
            Fact::Packed { package, version, size, files, .. } => self
                .ui
                .settings()
                .verbose
                .then(|| format!("  packed {package} {version}: {}, {}", human_size(*size), plural(*files, "file"))),
            Fact::UploadStarted { package, version, route, attempt, .. } => {
                let version = version.to_string();
                let line = self.plain(|| {
                    let again = if *attempt > 1 { format!(", try {attempt}") } else { String::new() };
                    format!("  ↑ {package} {version} ({route}{again})")
                });
                state.screen.set(package, Some(version), Activity::Busy(format!("uploading ({route})")), at);
                line
            }
            Fact::Accepted { package, version, .. } => {
                state.screen.set(package, Some(version.to_string()), Activity::Accepted, at);
                state.waits.begin(package, version.to_string(), at);
                None
            }
            Fact::Settling { package, why } => {
                state.screen.set(package, None, Activity::Busy("asking the registry what it has".to_owned()), at);
                Some(format!("  ? {package}: {why}; asking the registry"))
            }
            Fact::ChallengeOpened { package, url, .. } => {
                state.screen.set(package, None, Activity::AwaitingPerson { url: url.clone() }, at);
                None
            }
            Fact::ChallengeAnswered { package, .. } => {
                state.screen.answered(package);
                state.screen.set(package, None, Activity::Busy("answered, uploading".to_owned()), at);
                Some(format!("  ✓ {package}: second factor answered"))
            }
            Fact::WriteStarted { package, change, attempt, .. } => self.plain(|| {
                let again = if *attempt > 1 { format!(", try {attempt}") } else { String::new() };
                format!("  ↑ {package}: {change}{again}")
            }),
            Fact::WriteWaiting { package, change, why, millis } => {
                Some(format!("  … {package}: {change}: {why}; next try in {}", span(*millis)))
            }
            Fact::WriteSettling { package, change, why } => {
                Some(format!("  ? {package}: {change}: {why}; asking the registry what it has"))
            }
            Fact::WriteEnded { package, change, outcome, .. } => {
                let (sign, what) = (sign(outcome), explain_outcome(outcome).0);
                Some(format!("  {sign} {package}: {change}: {what}"))
            }
            Fact::RouteChanged { package, route, why } => {
                if *route == RouteKind::Interactive {
                    state.screen.needs_person(package);
                }
                Some(format!("  ! {package} goes {route}: {why}"))
            }
            Fact::Waiting { package, why, millis } => {
                let until = at.saturating_add(Duration::from_millis(*millis)).unwrap_or(at);
                state.screen.set(package, None, Activity::Waiting { until, why: why.clone() }, at);
                Some(format!("  … {package}: {why}; next try in {}", span(*millis)))
            }
            Fact::Live { package, version, how, .. } => {
                let count = state.is_out(package, at);
                let word = if *how == How::Published { "can be installed" } else { "was there already, same bytes" };
                Some(format!("  ✓ {package} {version} {word} {count}"))
            }
            Fact::Parked { package, version, parked } => {
                state.stop(package, Stopped::Parked, at);
                Some(format!("  … {package} {version} is parked: {}", explain_parked(parked, World::Real).0))
            }
            Fact::Held { package, by } => {
                state.stop(package, Stopped::Held, at);
                Some(format!("  … {package} is held: it depends on {by}"))
            }
            Fact::Failed { package, version, failure } => {
                state.stop(package, Stopped::Failed, at);
                Some(format!("  ✗ {package} {version} failed: {}", explain_failure(failure).0))
            }
            Fact::Tagged { tag, .. } => self.ui.settings().verbose.then(|| format!("  tagged {tag}")),
            Fact::Pushed { remote, refs } => pushed(remote, refs),
            Fact::TagLeft { .. }
            | Fact::UploadsPrepared { .. }
            | Fact::Promoted { .. }
            | Fact::PublishedAccepted { .. }
            | Fact::PhaseStarted { .. }
            | Fact::RunEnded { .. } => None,
        }
    }

    /// A line that would only repeat what the moving part shows.
    fn plain(&self, line: impl FnOnce() -> String) -> Option<String> {
        (!self.ui.is_animated()).then(line)
    }

    fn phase(&self, phase: Phase, at: Timestamp) {
        let total = {
            let mut state = lock(&self.state);
            if phase == Phase::Publish {
                state.screen.begin(at);
            }
            state.screen.total
        };
        if phase == Phase::Publish {
            self.begin_to_move();
        }
        if let Some(title) = phase_title(phase, total) {
            self.ui.phase(title);
        }
    }

    fn begin_to_move(&self) {
        let mut moving = self.moving.lock().unwrap_or_else(PoisonError::into_inner);
        if moving.is_some() || self.ui.settings().quiet {
            return;
        }
        *moving = Some(if self.ui.is_animated() { self.live() } else { self.reminder() });
    }

    /// The screen, laid out anew at each tick for the terminal as it is then. The keyboard is hushed as long.
    fn live(&self) -> Moving {
        let (ui, clock, state) = (self.ui.clone(), Arc::clone(&self.clock), Arc::clone(&self.state));
        let hush = Hush::begin();
        Moving::begin(TICK, move |last| {
            if last {
                ui.show_live("");
            } else {
                let text = lock(&state).screen.render(clock.now(), ui.size());
                ui.show_live(&text);
            }
            let _until_the_thread_ends = &hush;
        })
    }

    fn reminder(&self) -> Moving {
        let (ui, clock, state) = (self.ui.clone(), Arc::clone(&self.clock), Arc::clone(&self.state));
        Moving::begin(WAITS_TICK, move |last| {
            let line = lock(&state).waits.due(clock.now()).filter(|_| !last);
            if let Some(line) = line {
                ui.status(line);
            }
        })
    }
}

impl Drop for Display {
    /// A run that ends with an error, or breaks, leaves the terminal as it found it.
    fn drop(&mut self) {
        self.clear();
    }
}

impl Moving {
    /// Does something at each tick, and once more, the last time, when it is stopped.
    fn begin(tick: Duration, work: impl Fn(bool) + Send + 'static) -> Self {
        let (stop, stopped) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            while stopped.recv_timeout(tick) == Err(RecvTimeoutError::Timeout) {
                work(false);
            }
            work(true);
        });
        Self { stop, thread }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    // A display that broke must not stop a release.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Subscriber for Display {
    fn event(&self, event: &Event) -> Result<(), String> {
        if let Fact::PhaseStarted { phase } = &event.fact {
            self.phase(*phase, event.at);
        }
        // The thread that draws holds the terminal while it reads the state: whoever writes a line must not hold the state.
        let line = self.told(&mut lock(&self.state), &event.fact, event.at);
        if let Some(line) = line {
            self.ui.status(line);
        }
        Ok(())
    }
}

impl State {
    /// Takes a package that is out, and gives how many are, in words.
    fn is_out(&mut self, package: &PackageName, at: Timestamp) -> String {
        self.screen.is_out(package, at);
        self.waits.end(package);
        format!("[{}/{}]", self.screen.out, self.screen.total)
    }

    fn stop(&mut self, package: &PackageName, stopped: Stopped, at: Timestamp) {
        self.screen.stop(package, stopped, at);
        self.waits.end(package);
    }
}

fn phase_title(phase: Phase, packages: usize) -> Option<&'static str> {
    match phase {
        Phase::Observe => None,
        Phase::Version => Some("Writing versions"),
        Phase::Pack => Some("Packing"),
        Phase::Publish if packages == 0 => None,
        Phase::Publish => Some("Publishing"),
        Phase::Promote => Some("Moving dist-tags"),
        Phase::Finish => Some("Finishing"),
    }
}

fn span(millis: u64) -> String {
    human_span(Duration::from_millis(millis))
}

/// The time from one moment to a later one; none where it is not later.
fn since(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

/// What was pushed, in words; relay's own refs are nobody's concern.
fn pushed(remote: &str, refs: &[String]) -> Option<String> {
    let branches =
        refs.iter().filter_map(|spec| spec.rsplit_once(":refs/heads/")).map(|(_, branch)| format!("`{branch}`"));
    let tags = refs.iter().filter(|spec| spec.starts_with("refs/tags/")).count();
    let mut what: Vec<String> = branches.collect();
    if tags > 0 {
        what.push(plural(tags, "tag"));
    }
    (!what.is_empty()).then(|| format!("  pushed {} to {remote}", what.join(" and ")))
}

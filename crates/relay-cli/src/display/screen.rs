//! The moving part of the display as text: a pure function of what is under way, the time, and the terminal's size.
//!
//! It never takes more rows than the terminal has. The packages get about half of them, those first that need attention; the
//! address at which a person is awaited and the totals are always there.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use relay_engine::driver::CHALLENGE_BUDGET;
use relay_values::{cut_to_width, width_of};
use relay_workspace::PackageName;

use super::since;
use crate::ui::{Size, clean, human_span, rows_of};

/// What turns while something is under way, one after the other.
const SPINNER: [char; 8] = ['⠁', '⠂', '⠄', '⡀', '⢀', '⠠', '⠐', '⠈'];
/// How long one of them stands.
const SPINNER_STEP_MS: i64 = 120;
/// How long the bar is at most.
const BAR_COLUMNS_MAX: usize = 28;
/// Below this the bar says nothing and is left out.
const BAR_COLUMNS_MIN: usize = 8;
/// From how many finished packages on their pace says something about the others.
const PACE_PACKAGES_MIN: usize = 3;

/// What is going on with a package, in the order in which it needs attention.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Activity {
    /// A person is to answer, at this address; without one a code is asked for.
    AwaitingPerson { url: Option<String> },
    /// Something is under way: half a sentence.
    Busy(String),
    /// The next try comes later.
    Waiting { until: Timestamp, why: String },
    /// The registry took it and does not show it yet.
    Accepted,
}

/// What became of a package that does not go out in this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stopped {
    Failed,
    Parked,
    Held,
}

/// What is under way.
#[derive(Debug, Default)]
pub(super) struct Screen {
    /// How many packages go out.
    pub(super) total: usize,
    /// How many of them are out.
    pub(super) out: usize,
    /// How many of them will not go out in this run, and what became of these.
    stopped: BTreeMap<Stopped, usize>,
    /// The packages at which a person is needed, and has not answered yet.
    persons: BTreeSet<PackageName>,
    /// How long an accepted version is waited for.
    visibility_limit: Duration,
    begun: Option<Timestamp>,
    packages: BTreeMap<PackageName, Package>,
    /// The time during which a person was awaited, which says nothing about the pace.
    awaited: Duration,
    /// Since when one is.
    awaited_since: Option<Timestamp>,
}

#[derive(Debug)]
struct Package {
    doing: Activity,
    since: Timestamp,
    version: String,
}

impl Screen {
    /// An empty screen; an accepted version is waited for as long as `visibility_limit` says.
    pub(super) fn new(visibility_limit: Duration) -> Self {
        Self { visibility_limit, ..Self::default() }
    }

    /// The uploads begin.
    pub(super) fn begin(&mut self, at: Timestamp) {
        self.begun = Some(at);
    }

    /// A package does something else from now on.
    pub(super) fn set(&mut self, package: &PackageName, version: Option<String>, doing: Activity, at: Timestamp) {
        let before = self.packages.remove(package).map(|package| package.version);
        let version = version.or(before).unwrap_or_default();
        self.packages.insert(package.clone(), Package { doing, since: at, version });
        self.count_awaited(at);
    }

    /// A person is needed for a package.
    pub(super) fn needs_person(&mut self, package: &PackageName) {
        self.persons.insert(package.clone());
    }

    /// The person has answered.
    pub(super) fn answered(&mut self, package: &PackageName) {
        self.persons.remove(package);
    }

    /// A package is out.
    pub(super) fn is_out(&mut self, package: &PackageName, at: Timestamp) {
        self.out += 1;
        self.leave(package, at);
    }

    /// A package does not go out in this run.
    pub(super) fn stop(&mut self, package: &PackageName, stopped: Stopped, at: Timestamp) {
        *self.stopped.entry(stopped).or_default() += 1;
        self.leave(package, at);
    }

    fn leave(&mut self, package: &PackageName, at: Timestamp) {
        self.persons.remove(package);
        self.packages.remove(package);
        self.count_awaited(at);
    }

    /// How long a person is awaited counts once, for however many packages.
    fn count_awaited(&mut self, at: Timestamp) {
        let awaits = self.packages.values().any(|package| matches!(package.doing, Activity::AwaitingPerson { .. }));
        match self.awaited_since {
            None if awaits => self.awaited_since = Some(at),
            Some(began) if !awaits => {
                self.awaited += since(began, at);
                self.awaited_since = None;
            }
            _ => {}
        }
    }

    /// The text, without a line break at its end.
    pub(super) fn render(&self, now: Timestamp, size: Size) -> String {
        let challenge = self.challenge();
        let challenge_rows: usize = challenge.iter().map(|line| rows_of(line, size.columns)).sum();
        let room = size.rows.saturating_sub(challenge_rows + 2).min(size.rows / 2);
        let mut lines = self.package_lines(now, room);
        for line in &mut lines {
            *line = cut_to_width(line, size.columns);
        }
        // The address is never cut: it goes on in the next row.
        lines.extend(challenge);
        lines.push(cut_to_width(&self.totals(now, size.columns), size.columns));
        lines.join("\n")
    }

    fn package_lines(&self, now: Timestamp, room: usize) -> Vec<String> {
        let mut packages: Vec<(&PackageName, &Package)> = self.packages.iter().collect();
        packages.sort_by_key(|(_, package)| rank(&package.doing));
        let shown = if packages.len() <= room { packages.len() } else { room.saturating_sub(1) };
        let turn = usize::try_from(now.as_millisecond() / SPINNER_STEP_MS).unwrap_or_default() % SPINNER.len();
        let spinner = SPINNER.get(turn).copied().unwrap_or(' ');
        let mut lines: Vec<String> = packages
            .iter()
            .take(shown)
            .map(|(name, package)| {
                let text = self.text_of(package, now);
                format!("  {spinner} {name} {} {text}", package.version)
            })
            .collect();
        let rest = packages.get(shown..).unwrap_or_default();
        if !rest.is_empty() && room > 0 {
            let what = match rest.len() {
                count if rest.iter().any(|(_, package)| package.doing != Activity::Accepted) => {
                    format!("{count} more are under way")
                }
                1 => "1 more waits until it can be installed".to_owned(),
                count => format!("{count} more wait until they can be installed"),
            };
            lines.push(format!("  … and {what}"));
        }
        lines
    }

    fn text_of(&self, package: &Package, now: Timestamp) -> String {
        let left = |limit: Duration| human_span(whole(limit.saturating_sub(since(package.since, now))));
        match &package.doing {
            Activity::AwaitingPerson { url: Some(_) } => {
                format!("waits for a person ({} left)", left(CHALLENGE_BUDGET))
            }
            Activity::AwaitingPerson { url: None } => "waits for a person to type a code".to_owned(),
            Activity::Busy(what) => clean(what).replace(['\n', '\t'], " "),
            Activity::Waiting { until, why } => {
                let left = human_span(whole(since(now, *until)));
                format!("next try in {left}: {}", clean(why).replace(['\n', '\t'], " "))
            }
            Activity::Accepted => {
                format!("accepted, not shown yet (at most {} more)", left(self.visibility_limit))
            }
        }
    }

    fn challenge(&self) -> Vec<String> {
        let url = self.packages.values().find_map(|package| match &package.doing {
            Activity::AwaitingPerson { url } => url.as_ref(),
            _ => None,
        });
        let Some(url) = url else { return Vec::new() };
        vec!["  Authenticate your account at:".to_owned(), format!("  {}", clean(url))]
    }

    fn totals(&self, now: Timestamp, columns: usize) -> String {
        let elapsed = self.begun.map(|begun| since(begun, now)).unwrap_or_default();
        let left =
            self.time_left(elapsed).map(|left| format!(", about {} left", human_span(whole(left)))).unwrap_or_default();
        let stopped: Vec<String> =
            self.stopped.iter().map(|(what, count)| format!("{count} {}, ", what.word())).collect();
        let stopped = stopped.concat();
        let text = format!("{}/{} packages out, {stopped}{}{left}", self.out, self.total, human_span(whole(elapsed)));
        let room = columns.saturating_sub(width_of(&text) + 4).min(BAR_COLUMNS_MAX);
        if room < BAR_COLUMNS_MIN {
            return format!("  {text}");
        }
        let full = (room * self.out.min(self.total)).checked_div(self.total).unwrap_or_default();
        format!("  {}{} {text}", "█".repeat(full), "░".repeat(room - full))
    }

    /// How long the rest takes at the pace so far; `None` where that says nothing: too few are out, a person is awaited or
    /// will be, or only the registry's visibility is awaited.
    fn time_left(&self, elapsed: Duration) -> Option<Duration> {
        let stopped: usize = self.stopped.values().sum();
        let left = self.total.checked_sub(self.out + stopped).filter(|left| *left > 0)?;
        let only_visibility =
            self.packages.len() >= left && self.packages.values().all(|package| package.doing == Activity::Accepted);
        let person = self.awaited_since.is_some() || !self.persons.is_empty();
        if self.out < PACE_PACKAGES_MIN || person || only_visibility {
            return None;
        }
        let busy = elapsed.saturating_sub(self.awaited);
        Some(busy.saturating_mul(u32::try_from(left).ok()?) / u32::try_from(self.out).ok()?)
    }
}

impl Stopped {
    fn word(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Parked => "parked",
            Self::Held => "held",
        }
    }
}

fn rank(doing: &Activity) -> u8 {
    match doing {
        Activity::AwaitingPerson { .. } => 0,
        Activity::Busy(_) => 1,
        Activity::Waiting { .. } => 2,
        Activity::Accepted => 3,
    }
}

/// A time that is shown again and again is shown in whole seconds.
fn whole(span: Duration) -> Duration {
    Duration::from_secs(span.as_secs())
}

#[cfg(test)]
mod tests;

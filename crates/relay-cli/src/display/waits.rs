//! Where nothing moves on the screen, a version that was accepted and does not become visible would be waited for in
//! silence. One line tells of all such waits together: the first soon after the wait began, the next ones a minute apart.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use relay_engine::machine::VISIBILITY_POLL_MAX;
use relay_workspace::PackageName;

use super::since;
use crate::summary::listed;
use crate::ui::human_span;

/// How long a version is waited for before that is told; most registries show it sooner.
const TELL_AFTER: Duration = Duration::from_secs(10);
/// The shortest time between two lines.
const TELL_EVERY: Duration = Duration::from_mins(1);

/// The versions that are waited for.
#[derive(Debug, Default)]
pub(super) struct Waits {
    /// How long a version is waited for at most.
    limit: Duration,
    accepted: BTreeMap<PackageName, (String, Timestamp)>,
    told: Option<Timestamp>,
}

impl Waits {
    /// No waits so far; each is to last no longer than `limit`.
    pub(super) fn new(limit: Duration) -> Self {
        Self { limit, ..Self::default() }
    }

    /// A version was accepted: the wait begins.
    pub(super) fn begin(&mut self, package: &PackageName, version: String, at: Timestamp) {
        self.accepted.insert(package.clone(), (version, at));
    }

    /// A package is waited for no longer.
    pub(super) fn end(&mut self, package: &PackageName) {
        self.accepted.remove(package);
        if self.accepted.is_empty() {
            self.told = None;
        }
    }

    /// The line that is due, if one is.
    pub(super) fn due(&mut self, now: Timestamp) -> Option<String> {
        if self.told.is_some_and(|told| since(told, now) < TELL_EVERY) {
            return None;
        }
        let long: Vec<(String, Timestamp)> = self
            .accepted
            .iter()
            .filter(|(_, (_, began))| since(*began, now) >= TELL_AFTER)
            .map(|(name, (version, began))| (format!("{name} {version}"), *began))
            .collect();
        let last = long.iter().map(|(_, began)| *began).max()?;
        self.told = Some(now);
        let names: Vec<&str> = long.iter().map(|(name, _)| name.as_str()).collect();
        let (verb, they, them) = match names.as_slice() {
            [_] => ("is accepted and waits", "it", "it"),
            _ => ("are accepted and wait", "they", "them"),
        };
        let left = self.limit.saturating_sub(since(last, now));
        Some(format!(
            "  … {} {verb} until {they} can be installed: the registry does not show {them} yet; relay looks \
             at least every {}, for at most {} more",
            listed(&names),
            human_span(VISIBILITY_POLL_MAX),
            human_span(Duration::from_secs(left.as_secs())),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn name(text: &str) -> PackageName {
        text.parse().unwrap()
    }

    fn waits() -> Waits {
        Waits::new(Duration::from_mins(20))
    }

    #[test]
    fn a_version_that_is_visible_soon_is_not_told_of() {
        let mut waits = waits();
        waits.begin(&name("a"), "1.0.0".to_owned(), at(0));
        assert_eq!(waits.due(at(9)), None);
        waits.end(&name("a"));
        assert_eq!(waits.due(at(3600)), None);
    }

    #[test]
    fn a_long_wait_is_told_with_its_reason_and_its_end_and_again_after_a_minute() {
        let mut waits = waits();
        waits.begin(&name("a"), "1.0.0".to_owned(), at(0));
        assert_eq!(
            waits.due(at(10)).unwrap(),
            "  … a 1.0.0 is accepted and waits until it can be installed: the registry does not show it yet; relay looks \
             at least every 15 s, for at most 19 min 50 s more"
        );
        assert_eq!(waits.due(at(69)), None);
        assert!(waits.due(at(70)).unwrap().ends_with("for at most 18 min 50 s more"));
    }

    #[test]
    fn many_waits_are_one_line() {
        let mut waits = waits();
        for (package, began) in [("a", 0), ("b", 1), ("c", 2), ("d", 5), ("e", 50)] {
            waits.begin(&name(package), "1.0.0".to_owned(), at(began));
        }
        let line = waits.due(at(20)).unwrap();
        assert!(line.starts_with("  … a 1.0.0, b 1.0.0 and 2 more are accepted and wait until they can"), "{line}");
        assert!(line.ends_with("for at most 19 min 45 s more"), "{line}");
        assert_eq!(waits.due(at(60)), None, "a line a minute at most");
    }

    #[test]
    fn the_next_wait_of_a_chain_is_told_of_as_soon_as_the_first() {
        let mut waits = waits();
        waits.begin(&name("a"), "1.0.0".to_owned(), at(0));
        assert!(waits.due(at(10)).is_some());
        waits.end(&name("a"));
        waits.begin(&name("b"), "1.0.0".to_owned(), at(20));
        assert_eq!(waits.due(at(29)), None);
        assert!(waits.due(at(30)).is_some());
    }
}

//! What waiting costs, in words: the same for a terminal and a pull request.

use super::printable::counted;
use crate::release_plan::ReleasePlan;
use crate::waiting::{RegistryDelay, Waiting, Way, WayCost};

/// The costs that a reader should see; `None` where there is nothing to choose.
pub(super) fn shown(plan: &ReleasePlan) -> Option<&Waiting> {
    plan.waiting.as_ref().filter(|waiting| waiting.matters())
}

/// What stands above the costs: how many levels there are, and how long registries take to show a version.
pub(super) fn headline(waiting: &Waiting) -> String {
    let delays: Vec<String> = waiting.delays.iter().map(delay).collect();
    format!("Waiting, {} ({}):", counted(waiting.levels, "level"), delays.join("; "))
}

fn delay(delay: &RegistryDelay) -> String {
    let (host, span) = (delay.registry.host(), span(delay.seconds));
    match delay.seen_in {
        0 => format!("{host}: {span}, npm's usual, not seen yet"),
        releases => format!("{host}: {span}, seen in {}", counted(releases, "release")),
    }
}

/// A way as it is asked for.
pub(super) fn way(cost: &WayCost) -> &'static str {
    match cost.way {
        Way::Visible => "wait-for = \"visible\"",
        Way::Accepted => "wait-for = \"accepted\"",
        Way::PromoteLast => "--promote-last",
    }
}

/// Minutes, in words.
pub(super) fn span(seconds: u64) -> String {
    let minutes = seconds.saturating_add(30) / 60;
    match (minutes / 60, minutes % 60) {
        (0, 0) => "less than a minute".to_owned(),
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

/// Challenges, in words.
pub(super) fn challenges(cost: &WayCost) -> String {
    match cost.challenges {
        0 => "no challenge".to_owned(),
        number => format!("up to {}", counted(number, "challenge")),
    }
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn spans_are_told_in_minutes() {
        for (seconds, words) in [
            (0, "less than a minute"),
            (29, "less than a minute"),
            (30, "1 min"),
            (300, "5 min"),
            (3_570, "1 h"),
            (7_500, "2 h 5 min"),
        ] {
            assert_eq!(span(seconds), words, "{seconds}");
        }
    }
}

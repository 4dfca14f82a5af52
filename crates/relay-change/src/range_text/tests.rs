//! Both tables of range rewriting, row by row.

use semver::Version;

use super::{rewritten_by_changesets, rewritten_by_relay};
use crate::bump::Bump;
use crate::changesets_config::ChangesetsGeneration::{Three, Two};

#[track_caller]
fn check(text: &str, next: &str, bump: Bump, changesets: &str, relay: &str) {
    let version = Version::parse(next).unwrap();
    let or_stays = |new: Option<String>| new.unwrap_or_else(|| text.to_owned());
    let seen = (
        or_stays(rewritten_by_changesets(text, &version, bump, Three)),
        or_stays(rewritten_by_relay(text, &version, bump)),
    );
    assert_eq!(seen, (changesets.to_owned(), relay.to_owned()), "{text} -> {next}");
}

#[test]
fn the_leading_operator_stays() {
    check("^1.0.0", "2.0.0", Bump::Major, "^2.0.0", "^2.0.0");
    check("~1.0.0", "1.1.0", Bump::Minor, "~1.1.0", "~1.1.0");
    check("1.0.0", "1.0.1", Bump::Patch, "1.0.1", "1.0.1");
    check(">=1.0.0", "1.0.1", Bump::Patch, ">=1.0.1", ">=1.0.1");
    check("<=1.0.0", "1.0.1", Bump::Patch, "<=1.0.1", "<=1.0.1");
    check("^1.0.0 || ^2.0.0", "3.0.0", Bump::Major, "^3.0.0", "^3.0.0");
}

#[test]
fn relay_keeps_forms_that_changesets_pins() {
    check("1.x", "2.0.0", Bump::Major, "2.0.0", "2.x");
    check("^1", "2.0.0", Bump::Major, "^2.0.0", "^2");
    check("~1.2", "2.0.0", Bump::Major, "~2.0.0", "~2.0");
    check("1.2.x", "1.3.0", Bump::Minor, "1.3.0", "1.3.x");
    check("<2.0.0", "2.0.0", Bump::Major, "2.0.0", "^2.0.0");
    check("1.0.0 - 1.9.0", "2.0.0", Bump::Major, "2.0.0", "^2.0.0");
    check(">1.0.0", "2.0.0", Bump::Major, ">2.0.0", ">=2.0.0");
}

#[test]
fn an_upper_bound_stays_where_it_can() {
    check(">=1.0.0 <3.0.0", "2.0.0", Bump::Major, ">=2.0.0 <3.0.0", ">=2.0.0 <3.0.0");
    check(">=1.0.0 <2.0.0", "2.0.0", Bump::Major, ">=2.0.0 <3.0.0", ">=2.0.0 <3.0.0");
    check("<2.0.0 >=1.0.0", "2.0.0", Bump::Major, "<3.0.0 >=2.0.0", "<3.0.0 >=2.0.0");
    check(">=1 <2", "1.1.0", Bump::Minor, ">=1.1.0 <2.0.0-0", ">=1.1.0 <2.0.0-0");
    check(">=0.0.0 <2.0.0", "1.1.0", Bump::Minor, ">=1.1.0", ">=1.1.0");
}

#[test]
fn protocols_stay_in_front() {
    check("workspace:*", "2.0.0", Bump::Major, "workspace:*", "workspace:*");
    check("workspace:^", "2.0.0", Bump::Major, "workspace:^", "workspace:^");
    check("workspace:~", "2.0.0", Bump::Major, "workspace:~", "workspace:~");
    check("workspace:../a", "2.0.0", Bump::Major, "workspace:../a", "workspace:../a");
    check("workspace:^1.0.0", "2.0.0", Bump::Major, "workspace:^2.0.0", "workspace:^2.0.0");
    check("workspace:b@^1.0.0", "2.0.0", Bump::Major, "workspace:b@^1.0.0", "workspace:b@^2.0.0");
    check("npm:b@^1.0.0", "2.0.0", Bump::Major, "npm:b@^1.0.0", "npm:b@^2.0.0");
    check("npm:^1.0.0", "2.0.0", Bump::Major, "npm:^1.0.0", "npm:^2.0.0");
    check("npm:1.x", "2.0.0", Bump::Major, "npm:1.x", "npm:2.x");
}

#[test]
fn what_is_no_range_stays() {
    for text in ["*", "", "latest", "catalog:", "file:../a", "link:../a", "git+ssh://h/o/r.git"] {
        check(text, "2.0.0", Bump::Major, text, text);
    }
}

#[test]
fn changesets_2_keeps_no_upper_bound() {
    let version = Version::parse("1.1.0").unwrap();
    let rewritten = |text: &str| rewritten_by_changesets(text, &version, Bump::Minor, Two);
    assert_eq!(rewritten(">=1.0.0 <2.0.0").as_deref(), Some(">=1.1.0"));
    assert_eq!(rewritten("<2.0.0 >=1.0.0").as_deref(), Some("1.1.0"));
    assert_eq!(rewritten("^1.0.0").as_deref(), Some("^1.1.0"));
}

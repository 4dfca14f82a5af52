//! `docs/RELIABILITY.md` says what is tried again; the constants say so too.

use std::collections::BTreeSet;

use relay_registry::{PAUSE_KEPT_MAX, PAUSE_WAITED_MAX, ReadRetry};

use super::super::*;
use crate::driver::{CHALLENGE_BUDGET, CHALLENGE_POLL_MAX, CHALLENGE_POLL_MIN, SETTLE_AFTER_INTERRUPT};
use crate::published_before::{COMPARED_TARBALL_BYTES_MAX, COMPARISON_TIME_MAX, COMPARISONS_IN_FLIGHT};
use crate::second_factor::{CHALLENGES_PER_WRITE_MAX, KEPT_OTP_AGE_MAX};

fn span(duration: Duration) -> String {
    match (duration.as_secs(), duration.subsec_millis()) {
        (0, millis) => format!("{millis} ms"),
        (seconds, _) if seconds >= 3_600 => format!("{} h", seconds / 3_600),
        (seconds, _) if seconds >= 60 => format!("{} min", seconds / 60),
        (seconds, _) => format!("{seconds} s"),
    }
}

#[test]
fn the_table_of_what_is_tried_again_has_every_constant_with_its_value() {
    let text = include_str!("../../../../../docs/RELIABILITY.md");
    let (_, section) = text.split_once("## What is tried again, and what never").expect("the section");
    let (section, _) = section.split_once("\n## ").expect("a section after it");
    let retry = ReadRetry::default();
    let limits = [
        ("ReadRetry::tries", retry.tries.to_string()),
        ("ReadRetry::first_wait", span(retry.first_wait)),
        ("PAUSE_WAITED_MAX", span(PAUSE_WAITED_MAX)),
        ("PAUSE_KEPT_MAX", span(PAUSE_KEPT_MAX)),
        ("PAUSES_PER_PACKAGE_MAX", PAUSES_PER_PACKAGE_MAX.to_string()),
        ("PAUSE_UNASKED", span(PAUSE_UNASKED)),
        ("PAUSE_MAX", span(PAUSE_MAX)),
        ("UPLOADS_AFTER_PAUSE", UPLOADS_AFTER_PAUSE.to_string()),
        ("UPLOADS_APART", span(UPLOADS_APART)),
        ("UPLOADS_PER_PACKAGE_MAX", UPLOADS_PER_PACKAGE_MAX.to_string()),
        ("BACK_OFF_FIRST", span(BACK_OFF_FIRST)),
        ("BACK_OFF_MAX", span(BACK_OFF_MAX)),
        ("SETTLE_READS_MAX", SETTLE_READS_MAX.to_string()),
        ("PLAN_READ_FRESH", span(PLAN_READ_FRESH)),
        ("VISIBILITY_POLL_FIRST", span(VISIBILITY_POLL_FIRST)),
        ("VISIBILITY_POLL_MAX", span(VISIBILITY_POLL_MAX)),
        ("SENT_AGAIN_MAX", SENT_AGAIN_MAX.to_string()),
        ("CHALLENGES_PER_WRITE_MAX", CHALLENGES_PER_WRITE_MAX.to_string()),
        ("CHALLENGE_POLL_MIN", span(CHALLENGE_POLL_MIN)),
        ("CHALLENGE_POLL_MAX", span(CHALLENGE_POLL_MAX)),
        ("CHALLENGE_BUDGET", span(CHALLENGE_BUDGET)),
        ("KEPT_OTP_AGE_MAX", span(KEPT_OTP_AGE_MAX)),
        ("COMPARISONS_IN_FLIGHT", COMPARISONS_IN_FLIGHT.to_string()),
        ("COMPARISON_TIME_MAX", span(COMPARISON_TIME_MAX)),
        ("COMPARED_TARBALL_BYTES_MAX", format!("{} MiB", COMPARED_TARBALL_BYTES_MAX / 1024 / 1024)),
        ("SETTLE_AFTER_INTERRUPT", span(SETTLE_AFTER_INTERRUPT)),
    ];
    for (name, value) in &limits {
        assert!(section.contains(&format!("`{name}` ({value})")), "`{name}` is {value}");
    }
    let is_constant =
        |word: &&str| word.starts_with("ReadRetry::") || (word.len() > 3 && word.to_uppercase() == **word);
    let named: BTreeSet<&str> = section.split('`').skip(1).step_by(2).filter(is_constant).collect();
    assert_eq!(named, limits.iter().map(|(name, _)| *name).collect(), "and no other");
}

//! What has its rooms and no lint can say. The rooms that may read the environment or the clock, wait, or write a file in one go
//! say so themselves: `clippy.toml` forbids it everywhere, and each has an `#[expect]` with its reason.

use std::collections::BTreeSet;

use super::sources::sources;

#[test]
fn one_room_says_what_can_be_printed() {
    let sources = sources();
    let users = sources.iter().filter(|source| source.program.contains("is_control"));
    let users: BTreeSet<_> = users.map(|source| source.path.trim_start_matches("crates/relay-")).collect();
    let rooms = [
        "values/src/printable.rs",
        // The sandbox shares nothing with the client.
        "sandbox/src/pages.rs",
        // What is read at all, not how it is shown.
        "workspace/src/discover/pattern.rs",
        "workspace/src/discover/walk.rs",
    ];
    assert_eq!(users, rooms.into());
}

/// Tests may do what the program may not, as writing files; this they may not either.
#[test]
fn no_test_sleeps() {
    let word = ["thread", "sleep("].join("::");
    for source in sources() {
        assert!(!source.tests.contains(&word), "{}: wait for what is to happen, within a limit", source.path);
    }
}

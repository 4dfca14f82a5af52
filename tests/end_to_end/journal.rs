//! A journal that can't be right is not believed (invariant I14), and one that has grown begins anew.

use std::fs;

use crate::owed::{head, with_remote};
use crate::takeover::{kill_in_the_middle, tagged};
use crate::unfinished::{pearls, telling_registry};

const JOURNAL: &str = ".git/relay/journal.ndjson";
const KEPT: &str = ".git/relay/journal.set-aside-1.ndjson";

#[test]
fn one_that_tells_what_cant_be_is_told_and_kept_and_the_registry_decides() {
    let (registry, published) = telling_registry();
    let world = pearls(&registry, "");
    let remote = with_remote(&world);
    kill_in_the_middle(&registry, &published, &world, "publish");
    // What was never sent is said to be out.
    let url = registry.url();
    world.append(
        JOURNAL,
        &format!(
            "{{\"at\":\"2026-11-24T09:00:00Z\",\"event\":\"live\",\"package\":\"necklace\",\"version\":\"1.0.0\",\
             \"registry\":\"{url}\",\"how\":\"published\"}}\n"
        ),
    );
    let journal = world.read(JOURNAL);
    let lines = journal.lines().count();

    // Whoever only reads tells it and leaves it there.
    for command in [["publish", "--dry-run"].as_slice(), &["status"]] {
        let ran = world.relay_with_any_journal(command).ended_with(0);
        assert!(ran.stderr.contains(&format!("line {lines}: `live` is told of `necklace`")), "{}", ran.stderr);
        assert!(ran.stderr.contains("the next run that publishes sets it aside"), "{}", ran.stderr);
        assert_eq!(world.read(JOURNAL), journal);
        assert!(!world.repo().join(KEPT).exists());
    }

    let ran = world.relay(&["publish", "--yes"]).ended_with(0);
    assert!(ran.stderr.contains("journal.set-aside-1.ndjson"), "{}", ran.stderr);
    assert_eq!(world.read(KEPT), journal);
    assert_eq!(registry.committed(), ["pearl@1.0.0", "necklace@1.0.0"], "each once");
    for tag in ["pearl@1.0.0", "necklace@1.0.0"] {
        assert_eq!(tagged(&world, &remote, tag), head(&world), "{tag}");
    }
    let ran = world.relay(&["publish", "--yes"]).ended_with(0);
    assert!(!ran.stderr.contains("can't be right"), "{}", ran.stderr);
}

#[test]
fn one_that_has_grown_begins_anew_and_stops_no_run() {
    let (registry, _published) = telling_registry();
    let world = pearls(&registry, "");
    fs::create_dir_all(world.repo().join(".git/relay")).expect("a folder");
    let at = "\"at\":\"2026-11-24T09:00:00Z\"";
    let mut journal =
        format!("{{{at},\"event\":\"run-started\",\"command\":\"publish\",\"plan\":\"p\",\"packages\":[]}}\n");
    let line = format!("{{{at},\"event\":\"phase-started\",\"phase\":\"observe\"}}\n");
    while journal.len() <= 8 * 1024 * 1024 {
        journal.push_str(&line);
    }
    world.write(JOURNAL, &journal);
    world.relay(&["publish", "--yes"]).ended_with(0);
    assert_eq!(registry.committed(), ["pearl@1.0.0", "necklace@1.0.0"]);
    assert_eq!(world.read(".git/relay/journal.old.ndjson").len(), journal.len());
    assert!(world.read(JOURNAL).len() < 1024 * 1024);
}

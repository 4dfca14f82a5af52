//! What a tarball says it is, is what the plan says (invariant I16): else nothing is sent.

use super::{at_home_in, pnpm_workspace};
use crate::counting_registry::CountingRegistry;
use crate::world::{Ran, World};

const DIST: &str = "\"version\":\"1.0.0\",\"publishConfig\":{\"directory\":\"dist\"}";

fn stale_dist(fields: &str) -> World {
    let world = pnpm_workspace(&[("a", fields), ("b", "\"version\":\"1.0.0\"")]);
    world.write("packages/a/dist/package.json", "{\"name\":\"a\",\"version\":\"0.9.0\"}\n");
    world
}

#[track_caller]
fn stops(world: &World, arguments: &[&str], words: &[&str]) -> Ran {
    let registry = CountingRegistry::start();
    at_home_in(world, &registry);
    world.commit("init");
    let ran = world.relay(arguments);
    assert_eq!(registry.uploads(), Vec::<String>::new(), "{}", ran.stderr);
    assert!(ran.code == 1 || ran.code == 2, "exit code {}: {}", ran.code, ran.stderr);
    for word in words {
        assert!(ran.stderr.contains(word), "{word}\n{}", ran.stderr);
    }
    ran
}

const PUBLISH: [&str; 3] = ["publish", "--yes", "--no-push"];

#[test]
fn a_dist_that_was_not_rebuilt_stops_publishing() {
    stops(&stale_dist(DIST), &PUBLISH, &["`a`", "dist/package.json", "0.9.0", "1.0.0", "build `dist`"]);
}

#[test]
fn a_dist_that_its_script_does_not_rebuild_stops_publishing_after_the_script() {
    let fields = format!("{DIST},\"scripts\":{{\"prepack\":\"true\"}}");
    let words = ["`a`", "`packages/a/dist/package.json`", "`0.9.0`", "`1.0.0`", "let the `prepack` script write"];
    stops(&stale_dist(&fields), &PUBLISH, &words);
}

#[test]
fn a_dist_that_its_script_rebuilds_is_published() {
    let fields = format!("{DIST},\"scripts\":{{\"prepack\":\"cp package.json dist/package.json\"}}");
    let (world, registry) = (stale_dist(&fields), CountingRegistry::start());
    at_home_in(&world, &registry);
    world.commit("init");
    world.relay(&PUBLISH).ended_with(0);
    let mut uploads = registry.uploads();
    uploads.sort();
    assert_eq!(uploads, ["a@1.0.0", "b@1.0.0"]);
}

#[test]
fn a_script_that_rewrites_name_or_version_stops_publishing() {
    let script = "\"version\":\"1.0.0\",\"scripts\":{\"prepack\":\"sed -i s/1.0.0/1.0.1-nightly/ package.json\"}";
    let words = ["version `1.0.1-nightly` (in `packages/a/package.json`) instead of `1.0.0`", "`prepack` script"];
    stops(&pnpm_workspace(&[("a", script)]), &PUBLISH, &words);
    // The manifest is written anew for the tarball here, from what the script has left.
    let script =
        "\"version\":\"1.0.0\",\"dependencies\":{\"b\":\"workspace:*\"},\"scripts\":{\"prepack\":\"sh rename.sh\"}";
    let world = pnpm_workspace(&[("a", script), ("b", "\"version\":\"1.0.0\"")]);
    world.write("packages/a/rename.sh", "sed 's/\"a\"/\"z\"/' package.json > new && mv new package.json\n");
    stops(&world, &PUBLISH, &["name `z` (in `packages/a/package.json`) instead of `a`"]);
}

#[test]
fn another_name_to_publish_under_stops_publishing() {
    let fields = "\"version\":\"1.0.0\",\"publishConfig\":{\"name\":\"@x/other\"}";
    stops(&pnpm_workspace(&[("a", fields)]), &PUBLISH, &["`@x/other`", "`publishConfig.name`"]);
}

#[test]
fn a_rehearsal_does_not_call_it_accepted() {
    let fields = format!("{DIST},\"scripts\":{{\"prepack\":\"true\"}}");
    let world = stale_dist(&fields);
    world.write(".changeset/config.json", "{\"access\":\"public\"}\n");
    world.write(".changeset/x.md", "---\n\"a\": minor\n---\n\nMore\n");
    let ran = stops(&world, &["rehearse", "--yes", "--delay", "0"], &["`0.9.0`", "`1.1.0`"]);
    assert!(!ran.stderr.contains("accepted"), "{}", ran.stderr);
}

#[test]
fn a_release_does_not_begin_where_nothing_rebuilds_the_dist() {
    for (dist, words) in [(true, "0.9.0"), (false, "is not there")] {
        let world = if dist { stale_dist(DIST) } else { pnpm_workspace(&[("a", DIST)]) };
        world.write(".changeset/config.json", "{\"access\":\"public\"}\n");
        world.write(".changeset/x.md", "---\n\"a\": minor\n---\n\nMore\n");
        stops(&world, &["release", "--yes", "--no-push"], &[words, "nothing was written"]);
        assert!(world.read("packages/a/package.json").contains("1.0.0"));
        let plan = world.relay(&["plan", "--offline"]).ended_with(0);
        assert!(plan.stdout.contains(words), "{}", plan.stdout);
    }
}

//! `gate.forbid = ["new-install-script"]`: what would run wherever a package is installed, and did not before, stops the
//! release before anything is sent.

use crate::release::{harbor, tokens_will_do};
use crate::sandbox::Registry;
use crate::world::World;

fn guarded_harbor(registry: &Registry) -> World {
    let world = harbor(registry);
    tokens_will_do(registry, &world);
    world.append("relay.toml", "\n[gate]\nforbid = [\"new-install-script\"]\n");
    world.commit("chore: no surprises at installation");
    world
}

fn with_script(world: &World, package: &str, scripts: &str) {
    let path = format!("packages/{package}/package.json");
    let manifest = world.read(&path).replacen("\"license\"", &format!("\"scripts\": {scripts},\n  \"license\""), 1);
    world.write(&path, &manifest);
}

#[test]
fn a_script_that_people_would_run_without_expecting_it_is_told_by_the_plan() {
    let registry = Registry::with_codes();
    let world = guarded_harbor(&registry);
    with_script(&world, "log", r#"{ "postinstall": "node surprise.js" }"#);
    world.commit("fix: a surprise");
    let head = world.git(&["rev-parse", "HEAD"]);
    let complaint = "`postinstall` script runs wherever it is installed, and 1.4.0 runs none";
    let planned = world.relay(&["plan", "--check"]).ended_with(1);
    assert!(planned.stdout.contains("@harbor/log") && planned.stderr.contains(complaint), "{}", planned.stderr);
    let ran = world.relay(&["release", "--yes"]).ended_with(1);
    assert!(ran.stderr.contains(complaint), "{}", ran.stderr);
    assert_eq!((registry.puts(), world.git(&["rev-parse", "HEAD"])), (0, head), "nothing was done");
}

#[test]
fn a_script_that_only_packing_brings_is_stopped_before_the_first_upload() {
    let registry = Registry::with_codes();
    let world = guarded_harbor(&registry);
    let stamp = world.read("packages/schema/scripts/stamp.js");
    world.write(
        "packages/schema/scripts/stamp.js",
        &format!("{stamp}\nrequire(\"node:fs\").writeFileSync(\"binding.gyp\", \"{{}}\");\n"),
    );
    let manifest = world.read("packages/schema/package.json");
    world.write(
        "packages/schema/package.json",
        &manifest.replace("\"stamp.txt\"", "\"stamp.txt\",\n    \"binding.gyp\""),
    );
    world.append(".gitignore", "binding.gyp\n");
    world.commit("fix: a build where it is installed");
    let head = world.git(&["rev-parse", "HEAD"]);
    let ran = world.relay(&["release", "--yes"]).ended_with(1);
    assert!(
        ran.stderr.contains("`install` script runs wherever it is installed, and 3.2.1 runs none"),
        "{}",
        ran.stderr
    );
    assert_eq!(registry.puts(), 0);
    // The versions are committed by then; the message says how that is taken back.
    assert!(ran.stderr.contains("git reset --keep HEAD~1"), "{}", ran.stderr);
    world.git(&["reset", "--keep", "HEAD~1"]);
    assert_eq!(world.git(&["rev-parse", "HEAD"]), head);
    assert_eq!(world.git(&["status", "--porcelain"]), "");
}

#[test]
fn a_script_that_was_there_before_and_one_of_a_new_package_are_nothing_new() {
    let registry = Registry::with_codes();
    let world = guarded_harbor(&registry);
    with_script(&world, "log", r#"{ "postinstall": "" }"#);
    with_script(&world, "http", r#"{ "postinstall": "node -p 1" }"#);
    world.commit("chore: scripts");
    // Released without the rule first: from then on it is what people have.
    let settings = world.read("relay.toml");
    world.write("relay.toml", &settings.replace("forbid = [\"new-install-script\"]", "forbid = []"));
    world.commit("chore: it is meant");
    world.relay(&["release", "--yes"]).ended_with(0);
    world.write("relay.toml", &settings);
    world.write(
        "packages/fresh/package.json",
        r#"{"name":"@harbor/fresh","version":"0.1.0","publishConfig":{"access":"public"},"scripts":{"install":"node -p 2"}}"#,
    );
    world.write(".changeset/again.md", "---\n\"@harbor/http\": patch\n---\n\nAgain\n");
    world.commit("fix: again");
    world.relay(&["release", "--yes"]).ended_with(0);
    assert!(registry.committed().contains(&"@harbor/fresh@0.1.0".to_owned()), "{:?}", registry.committed());
}

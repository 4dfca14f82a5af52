//! `build` under `[release]`: the repository is built between version step and packing, with no credential in reach (S3), and
//! nothing leaves the machine where that fails.
#![cfg(unix)]

use crate::owed::{head, with_remote};
use crate::sandbox::Registry;
use crate::unfinished::wait_for;
use crate::world::World;

/// A package that is published from `dist`, whose manifest the build copies; no script of a package does. It is live, and has a
/// change.
fn world(registry: &Registry, build: &str) -> (World, String) {
    let mut world = World::empty();
    world.write("package.json", "{\"name\":\"reef\",\"private\":true,\"workspaces\":[\"packages/*\"]}\n");
    world.write(
        "packages/pearl/package.json",
        "{\"name\":\"pearl\",\"version\":\"1.0.0\",\"publishConfig\":{\"directory\":\"dist\"}}\n",
    );
    world.write(".gitignore", "dist\nenvironment\n");
    world.write("packages/pearl/dist/package.json", "{\"name\":\"pearl\",\"version\":\"1.0.0\"}\n");
    world.write(
        "relay.toml",
        &format!("[release]\nbuild = '''{build}'''\n[[credential]]\nenv = \"NPM_TOKEN\"\nkind = \"granular-bypass\"\n"),
    );
    registry.adopt(&mut world);
    world.commit("feat: pearl");
    registry.seed(&world);
    let remote = with_remote(&world);
    world.write(".changeset/shine.md", "---\npearl: minor\n---\n\nShine\n");
    world.commit("docs: a change");
    world.git(&["push", "-q", "origin", "HEAD:refs/heads/main"]);
    (world, remote)
}

const COPIES: &str =
    "env > environment; cp packages/pearl/package.json packages/pearl/dist/; echo built > packages/pearl/dist/index.js";

#[test]
fn what_is_published_is_what_the_build_made_of_the_new_versions() {
    let registry = Registry::with_codes();
    let (world, _remote) = world(&registry, COPIES);
    let plan = world.relay(&["plan"]).ended_with(0);
    assert!(plan.stderr.contains(&format!("build: `{COPIES}`")), "{}", plan.stderr);
    assert!(!plan.stdout.contains("instead of"), "the build makes the folder anew: {}", plan.stdout);
    let dry = world.relay(&["release", "--dry-run"]).ended_with(0);
    assert!(dry.stderr.contains("the build was not run"), "{}", dry.stderr);
    assert!(!world.repo().join("environment").exists());

    let ran = world.relay(&["release", "--yes"]).ended_with(0);
    assert!(ran.stderr.contains("  building: ") && ran.stderr.contains("  built in "), "{}", ran.stderr);
    assert_eq!(registry.committed(), ["pearl@1.1.0"]);
    let script = "console.log(require('pearl/package.json').version, require('fs').readFileSync(require.resolve('pearl'),'utf8'))";
    assert_eq!(world.install_and_run(&registry.url(), &["pearl"], script), "1.1.0 built");
    let environment = world.read("environment");
    assert!(!environment.contains(&registry.bypass) && !environment.contains(&registry.session), "{environment}");
    assert!(!environment.contains("NPM_TOKEN"), "{environment}");
}

#[test]
fn a_saved_plan_names_the_build_and_holds_for_no_other_one() {
    let registry = Registry::with_codes();
    let (world, _remote) = world(&registry, COPIES);
    let path = world.beside("plans").join("plan.json");
    let path = path.to_str().expect("a path");
    world.relay(&["plan", "--out", path]).ended_with(0);
    let text = std::fs::read_to_string(path).expect("a plan");
    let mut plan: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(plan["build"], COPIES);

    // Whoever reviewed another command than the one that would run reviewed another release.
    plan["build"] = "make".into();
    std::fs::write(path, plan.to_string()).expect("a plan");
    let ran = world.relay(&["release", "--yes", "--plan", path]).ended_with(1);
    assert!(ran.stderr.contains("the repository would be built by `env > environment;"), "{}", ran.stderr);
    assert!(ran.stderr.contains("the plan has `make`"), "{}", ran.stderr);
    assert!(!world.repo().join("environment").exists(), "nothing has run");
    std::fs::write(path, text).expect("a plan");
    world.relay(&["release", "--yes", "--plan", path]).ended_with(0);
    assert_eq!(registry.committed(), ["pearl@1.1.0"]);
}

#[test]
fn where_the_build_fails_nothing_leaves_the_machine() {
    let registry = Registry::with_codes();
    let (world, remote) = world(&registry, "echo cannot find module; exit 3");
    let before = world.git(&["ls-remote", &remote]);
    let ran = world.relay(&["release", "--yes"]).ended_with(1);
    assert!(
        ran.stderr.contains("the build `echo cannot find module; exit 3` ended with exit code 3"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("cause: cannot find module"), "{}", ran.stderr);
    assert!(ran.stderr.contains("nothing was pushed and nothing was sent"), "{}", ran.stderr);
    assert_eq!(world.git(&["ls-remote", &remote]), before);
    assert_eq!(registry.puts(), 0);

    // Put right, the same command goes on; the folder that was left is not taken for the new version.
    let ran = world.relay(&["publish", "--yes", "--ignore-scripts"]).ended_with(1);
    assert!(ran.stderr.contains("is left out, as scripts are"), "{}", ran.stderr);
    assert!(ran.stderr.contains("instead of `1.1.0`"), "{}", ran.stderr);
    world.write("packages/pearl/dist/package.json", "{\"name\":\"pearl\",\"version\":\"1.1.0\"}\n");
    world.relay(&["publish", "--yes", "--ignore-scripts"]).ended_with(0);
    assert_eq!(registry.committed(), ["pearl@1.1.0"]);
}

#[test]
fn ctrl_c_ends_the_build() {
    let registry = Registry::with_codes();
    let (world, remote) = world(&registry, "echo x > environment; sleep 600");
    let before = world.git(&["ls-remote", &remote]);
    let child = world.start(&["release", "--yes"]);
    wait_for(|| world.repo().join("environment").exists());
    let ran = world.interrupt(child).ended_with(130);
    assert!(ran.stderr.contains("was ended, since relay was asked to stop"), "{}", ran.stderr);
    assert_eq!(world.git(&["ls-remote", &remote]), before);
    assert_ne!(world.git(&["ls-remote", &remote, "refs/heads/main"]).trim(), head(&world));
}

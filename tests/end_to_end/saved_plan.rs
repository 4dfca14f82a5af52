//! The bytes that a saved plan promises are the bytes that go out, or none do (invariants I2, I15).

use crate::release::{harbor, tokens_will_do};
use crate::sandbox::Registry;
use crate::world::World;

/// The harbor, all by token, with build output in `@harbor/log` that git ignores.
fn built_harbor(registry: &Registry) -> World {
    let world = harbor(registry);
    tokens_will_do(registry, &world);
    let manifest = world.read("packages/log/package.json");
    world.write("packages/log/package.json", &manifest.replace("\"index.js\"\n", "\"index.js\",\n    \"dist\"\n"));
    world.append(".gitignore", "dist/\n");
    world.commit("fix: log ships its build");
    world.write("packages/log/dist/built.js", "exports.built = 1;\n");
    world
}

fn plan(world: &World, arguments: &[&str]) -> (String, serde_json::Value) {
    let path = world.beside("plans").join("plan.json");
    let path = path.to_str().expect("a path");
    let before = (world.git(&["status", "--porcelain"]), world.git(&["rev-parse", "HEAD"]));
    world.relay(&[&["plan", "--out", path], arguments].concat()).ended_with(0);
    assert_eq!((world.git(&["status", "--porcelain"]), world.git(&["rev-parse", "HEAD"])), before, "plan only reads");
    let text = std::fs::read_to_string(path).expect("a plan");
    (path.to_owned(), serde_json::from_str(&text).expect("JSON"))
}

/// The planned packages with their digests.
fn promised(plan: &serde_json::Value) -> Vec<(String, Option<String>)> {
    let packages = plan["packages"].as_array().expect("packages");
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    packages
        .iter()
        .map(|package| (text(&package["name"]).expect("a name"), text(&package["tarball"]["integrity"])))
        .collect()
}

#[test]
fn a_release_sends_the_bytes_that_its_plan_promises() {
    let registry = Registry::with_codes();
    let world = built_harbor(&registry);
    let (path, plan) = plan(&world, &[]);
    let promised = promised(&plan);
    // What a script may still write can't be promised; all other packages are, those with new versions among them.
    for (name, integrity) in &promised {
        assert_eq!(integrity.is_none(), name == "@harbor/schema", "{name}");
    }
    assert!(plan["packages"].as_array().expect("packages").iter().any(|package| package["bump"] != "none"), "{plan}");
    world.relay(&["release", "--yes", "--plan", &path]).ended_with(0);
    let commits = registry.commits();
    assert_eq!(commits.len(), promised.len());
    for (name, integrity) in promised {
        let sent = commits.iter().find(|commit| commit.package == name).expect("an upload");
        assert!(integrity.as_ref().is_none_or(|integrity| *integrity == sent.integrity), "{name}: {integrity:?}");
    }
}

#[test]
fn a_release_without_scripts_is_promised_in_full() {
    let registry = Registry::with_codes();
    let world = built_harbor(&registry);
    let (path, plan) = plan(&world, &["--ignore-scripts"]);
    assert!(promised(&plan).iter().all(|(_, integrity)| integrity.is_some()), "{plan}");
    world.relay(&["release", "--yes", "--ignore-scripts", "--plan", &path]).ended_with(0);
}

#[test]
fn build_output_that_has_changed_since_the_plan_stops_the_release_before_it_writes() {
    let registry = Registry::with_codes();
    let world = built_harbor(&registry);
    let (path, _) = plan(&world, &[]);
    world.write("packages/log/dist/built.js", "exports.built = 2;\n");
    let head = world.git(&["rev-parse", "HEAD"]);
    let ran = world.relay(&["release", "--yes", "--plan", &path]).ended_with(1);
    assert!(
        ran.stderr.contains("has drifted from the saved plan") && ran.stderr.contains("@harbor/log"),
        "{}",
        ran.stderr
    );
    assert_eq!(ran.stderr.matches("sha512-").count(), 2, "both digests are shown: {}", ran.stderr);
    assert_eq!(registry.puts(), 0);
    assert_eq!(world.git(&["rev-parse", "HEAD"]), head);
    assert_eq!(world.git(&["status", "--porcelain"]), "");
}

#[test]
fn what_a_script_changes_in_another_package_stops_the_release_before_the_first_byte() {
    let registry = Registry::with_codes();
    let world = built_harbor(&registry);
    world.write(
        "packages/schema/scripts/stamp.js",
        "require('node:fs').writeFileSync('../log/dist/built.js', 'exports.built = 3;\\n');\n",
    );
    world.commit("chore: a script that reaches out");
    let (path, _) = plan(&world, &[]);
    let ran = world.relay(&["release", "--yes", "--plan", &path]).ended_with(1);
    assert!(ran.stderr.contains("not those of the saved plan") && ran.stderr.contains("@harbor/log"), "{}", ran.stderr);
    assert_eq!(registry.puts(), 0);
}

#[test]
fn publishing_by_a_plan_compares_the_bytes_too() {
    let registry = Registry::with_codes();
    let mut world = World::empty();
    registry.adopt(&mut world);
    world.write("package.json", "{\"name\":\"@harbor/buoy\",\"version\":\"1.0.0\",\"files\":[\"dist\"]}\n");
    world.append("relay.toml", "[[credential]]\nenv = \"NPM_TOKEN\"\nkind = \"granular-bypass\"\npackages = [\"*\"]\n");
    world.write(".gitignore", "dist/\n");
    world.commit("feat: a buoy");
    world.write("dist/index.js", "exports.light = 'red';\n");
    let (path, plan) = plan(&world, &["--access", "public"]);
    let publish = ["publish", "--yes", "--access", "public", "--plan", path.as_str()];
    world.write("dist/index.js", "exports.light = 'green';\n");
    let ran = world.relay(&publish).ended_with(1);
    assert!(ran.stderr.contains("has drifted from the saved plan"), "{}", ran.stderr);
    assert_eq!(registry.puts(), 0);
    world.write("dist/index.js", "exports.light = 'red';\n");
    world.relay(&publish).ended_with(0);
    let sent: Vec<_> = registry.commits().into_iter().map(|commit| (commit.package, Some(commit.integrity))).collect();
    assert_eq!(sent, promised(&plan));
}

#[test]
fn a_dry_run_shows_the_tarballs_and_does_nothing() {
    let registry = Registry::with_codes();
    let world = built_harbor(&registry);
    let before = world.git(&["status", "--porcelain", "--ignored"]);
    let ran = world.relay(&["release", "--dry-run", "--json"]).ended_with(0);
    let plan: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let log = plan["packages"].as_array().and_then(|all| all.iter().find(|one| one["name"] == "@harbor/log"));
    let integrity = log.and_then(|log| log["tarball"]["integrity"].as_str()).expect("an integrity");
    let line = ran.stderr.lines().find(|line| line.starts_with("@harbor/log@1.5.0 ") && line.contains("unpacked"));
    let line = line.unwrap_or_else(|| panic!("no line of @harbor/log: {}", ran.stderr));
    assert!(line.contains("4 files") && line.contains(&integrity[..20]), "{line}");
    assert!(ran.stderr.contains("`@harbor/schema` may come out different: its prepack script"), "{}", ran.stderr);
    assert_eq!(registry.puts(), 0);
    assert_eq!(world.git(&["status", "--porcelain", "--ignored"]), before);
    assert!(!world.repo().join(".git/relay").exists(), "no state either");
}

#[test]
fn a_dry_run_ends_with_an_error_where_the_gate_stops_a_tarball() {
    let registry = Registry::with_codes();
    let world = built_harbor(&registry);
    // Put together here, so that no scanner takes this file for a leak.
    let token = format!("npm_{}", "k3JxQ9vT2mZc7LwR5sYb8NfHd4GpA6uEeXoV");
    world.write("packages/log/dist/built.js", &format!("exports.token = '{token}';\n"));
    let ran = world.relay(&["release", "--dry-run"]).ended_with(1);
    assert!(ran.stderr.contains("the gate stops 1 tarball") && ran.stderr.contains("@harbor/log"), "{}", ran.stderr);
}

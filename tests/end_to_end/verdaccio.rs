//! The same against verdaccio: a real registry of other people's making.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::world::{World, pinned_node, tools};

/// A running verdaccio. It ends when its stdin closes, which happens with this value at the latest.
struct Verdaccio {
    child: Child,
    url: String,
}

impl Verdaccio {
    fn start(world: &World) -> Self {
        let mut child = Command::new(pinned_node())
            .arg(tools().join("verdaccio.cjs"))
            .arg(world.beside("verdaccio"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("verdaccio starts");
        let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let port = stdout
            .lines()
            .take(100)
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("listening ").map(str::to_owned))
            .expect("verdaccio says where it listens");
        Self { child, url: format!("http://127.0.0.1:{port}/") }
    }

    /// A token of a new account, by the couch login that verdaccio has.
    fn token(&self, world: &World) -> String {
        let body = "{\"name\":\"captain\",\"password\":\"correct horse battery\"}";
        let script = format!(
            "fetch('{}-/user/org.couchdb.user:captain', {{ method: 'PUT', headers: {{ 'content-type': 'application/json' }}, \
             body: JSON.stringify({body}) }}).then((answer) => answer.json()).then((answer) => console.log(answer.token))",
            self.url
        );
        let ran = world.run(Command::new(pinned_node()).args(["-e", &script]));
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.stdout.trim().to_owned()
    }
}

impl Drop for Verdaccio {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// The tide example, to be published to a verdaccio of its own.
fn tide() -> (World, Verdaccio) {
    let mut world = World::example("tide");
    let verdaccio = Verdaccio::start(&world);
    let token = verdaccio.token(&world);
    let key = verdaccio.url.trim_start_matches("http:");
    world.write(".npmrc", &format!("registry={}\n{key}:_authToken=${{REGISTRY_TOKEN}}\n", verdaccio.url));
    world.set("REGISTRY_TOKEN", &token);
    (world, verdaccio)
}

#[test]
fn the_example_is_released_to_verdaccio_and_installed_from_there() {
    let (world, verdaccio) = tide();
    world.commit("feat: tide");

    let ran = world.relay(&["plan", "--json"]).ended_with(0);
    let plan: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let routes: Vec<_> = plan["packages"].as_array().expect("packages").iter().map(|p| &p["route"]["kind"]).collect();
    assert_eq!(routes, ["plain"; 4], "verdaccio asks for no second factor");

    let ran = world.relay(&["release", "--yes"]).ended_with(0);
    assert!(ran.stderr.contains("4 packages published"), "{}", ran.stderr);
    let said = world.install_and_run(
        &verdaccio.url,
        &["tide-all"],
        "const t = require('tide-all'); console.log(t.twice(), t.text())",
    );
    assert_eq!(said, "6 level 3");
    let ran = world.relay(&["release", "--yes"]).ended_with(0);
    assert!(ran.stderr.contains("Nothing to release"), "{}", ran.stderr);
}

#[test]
fn install_scripts_are_compared_with_what_verdaccio_has() {
    let (world, _verdaccio) = tide();
    let with_script = |package: &str| {
        let path = format!("packages/{package}/package.json");
        let manifest = world.read(&path);
        world.write(&path, &manifest.replacen('{', "{ \"scripts\": { \"postinstall\": \"node -p 1\" },", 1));
    };
    with_script("core");
    world.append("relay.toml", "\n[gate]\nforbid = [\"new-install-script\"]\n");
    world.commit("feat: tide");
    world.relay(&["release", "--yes"]).ended_with(0);

    // The one that always had a script may go on; the one that has it now may not.
    with_script("math");
    world.append("packages/core/index.js", "\n");
    world.commit("fix: math and core");
    let ran = world.relay(&["release", "--yes"]).ended_with(1);
    assert!(ran.stderr.contains("tide-math") && ran.stderr.contains("5.2.0 runs none"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("tide-core: its"), "{}", ran.stderr);
}

#[test]
fn a_release_is_taken_back_on_verdaccio() {
    let (world, verdaccio) = tide();
    world.commit("feat: tide");
    world.relay(&["release", "--yes"]).ended_with(0);
    let package = "tide-core";
    let first = version(&world, &verdaccio, package);
    world.write(".changeset/again.md", &format!("---\n\"{package}\": minor\n---\n\nAgain\n"));
    world.commit("docs: a change");
    world.relay(&["release", "--yes", "--no-push"]).ended_with(0);
    let second = version(&world, &verdaccio, package);
    assert_ne!(first, second);
    let ran = world.relay(&["undo", &format!("{package}@{second}"), "--yes"]).ended_with(0);
    assert!(ran.stderr.contains(&format!("let `latest` name {first}")), "{}", ran.stderr);
    assert_eq!(version(&world, &verdaccio, package), first);
    let view = |field: &str| npm_view(&world, &verdaccio, &format!("{package}@{second}"), field);
    assert!(view("deprecated").contains("taken back"), "{}", view("deprecated"));
    let again = world.relay(&["undo", &format!("{package}@{second}"), "--yes"]).ended_with(0);
    assert!(again.stderr.contains("Nothing to undo"), "{}", again.stderr);
}

/// What `latest` names.
fn version(world: &World, verdaccio: &Verdaccio, package: &str) -> String {
    npm_view(world, verdaccio, package, "version")
}

fn npm_view(world: &World, verdaccio: &Verdaccio, spec: &str, field: &str) -> String {
    let ran = world.run(
        Command::new("npm")
            .args(["view", spec, field, "--prefer-online", "--registry", &verdaccio.url])
            .current_dir(world.repo()),
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran.stdout.trim().to_owned()
}

//! A person at a terminal: the release stops at the page, goes on when the button is pressed.

use std::process::{Command, Stdio};

use relay_sandbox::SandboxAccess;

use crate::sandbox::Registry;
use crate::world::World;

#[test]
fn the_release_goes_on_when_the_page_is_answered() {
    let registry = Registry::with_pages();
    let mut world = World::empty();
    world.write("package.json", "{\"name\":\"pearl\",\"version\":\"1.0.0\",\"license\":\"MIT\"}\n");
    world.write("index.js", "exports.pearl = true;\n");
    world.write("relay.toml", "[[policy]]\npackages = [\"pearl\"]\npublishing-access = \"publish\"\n");
    registry.adopt(&mut world);
    world.commit("feat: pearl");
    registry.access("pearl", SandboxAccess::Publish);

    // `script` gives the program a terminal of its own.
    let relay = format!("{} publish --yes --no-browser", env!("CARGO_BIN_EXE_relay"));
    let mut command = Command::new("script");
    command.args(["-qefc", &relay, "/dev/null"]).current_dir(world.repo());
    let child = world
        .prepare(&mut command)
        .env("TERM", "xterm")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("`script` of util-linux is needed for this test");
    let challenge = registry.runtime.block_on(registry.sandbox.next_challenge());
    assert!(challenge.packages.iter().any(|package| package.contains("pearl")));
    assert!(registry.sandbox.approve_challenge(&challenge.id));
    let output = child.wait_with_output().expect("an end");
    let screen = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{screen}");
    assert!(screen.contains("pearl 1.0.0 needs a second factor"), "{screen}");
    assert!(screen.contains(challenge.auth_url.as_str()), "{screen}");
    assert_eq!(registry.committed(), ["pearl@1.0.0"]);
    assert!(registry.commits().iter().all(|commit| commit.otp));
}

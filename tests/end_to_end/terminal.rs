//! A person at a terminal: the release stops at the page, goes on when the button is pressed; it stops for good when Ctrl-C
//! is pressed at the question for a code.

use std::io::{Read, Write};
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

#[test]
fn ctrl_c_at_the_question_for_a_code_interrupts_the_run() {
    let registry = Registry::with_codes();
    let mut world = World::empty();
    world.write("package.json", "{\"name\":\"reef\",\"private\":true,\"workspaces\":[\"packages/*\"]}\n");
    for package in ["coral", "pearl"] {
        let manifest = format!("{{\"name\":\"{package}\",\"version\":\"1.0.0\",\"license\":\"MIT\"}}\n");
        world.write(&format!("packages/{package}/package.json"), &manifest);
        world.write(&format!("packages/{package}/index.js"), "exports.there = true;\n");
        registry.access(package, SandboxAccess::Publish);
    }
    world.write("relay.toml", "[[policy]]\npackages = [\"*\"]\npublishing-access = \"publish\"\n");
    registry.adopt(&mut world);
    world.append(".npmrc", "auth-type=legacy\n");
    world.commit("feat: reef");

    let relay = format!("{} publish --yes", env!("CARGO_BIN_EXE_relay"));
    let mut command = Command::new("script");
    command.args(["-qefc", &relay, "/dev/null"]).current_dir(world.repo());
    let mut child = world
        .prepare(&mut command)
        .env("TERM", "xterm")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("`script` of util-linux is needed for this test");
    let mut output = child.stdout.take().expect("its output");
    let mut screen = Vec::new();
    let mut piece = [0; 1024];
    while !String::from_utf8_lossy(&screen).contains("One-time password for coral 1.0.0") {
        let count = output.read(&mut piece).expect("more of the screen");
        assert_ne!(count, 0, "no question: {}", String::from_utf8_lossy(&screen));
        screen.extend_from_slice(&piece[..count]);
    }
    let mut keys = child.stdin.take().expect("its keys");
    keys.write_all(b"\x03").expect("a key");
    output.read_to_end(&mut screen).expect("the rest of the screen");
    let screen = String::from_utf8_lossy(&screen);
    assert_eq!(child.wait().expect("an end").code(), Some(130), "{screen}");
    assert!(!screen.contains("One-time password for pearl"), "{screen}");
    assert!(screen.contains("interrupted before it was done"), "{screen}");
    assert_eq!(registry.puts(), 1);
}

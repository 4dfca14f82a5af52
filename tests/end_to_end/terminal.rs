//! A person at a terminal: the release stops at the page, goes on when the button is pressed; it stops for good when Ctrl-C
//! is pressed at the question for a code. Whatever happens, the terminal is left as it was.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};

use relay_sandbox::SandboxAccess;

use crate::sandbox::Registry;
use crate::unfinished::wait_for;
use crate::world::World;

#[test]
fn the_release_goes_on_when_the_page_is_answered() {
    let registry = Registry::with_pages();
    let world = pearl(&registry);
    let child = in_terminal(&world, "publish --yes --no-browser");
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
    assert!(screen.contains(" echo "), "the terminal shows again what is typed: {screen}");
}

#[test]
fn an_answer_to_one_registry_never_reaches_another() {
    let (one, other) = (Registry::with_pages(), Registry::with_pages());
    let mut world = pearl(&one);
    let settings = world.beside("home").join(".npmrc");
    let key = other.url().trim_start_matches("http:").to_owned();
    let before = std::fs::read_to_string(&settings).expect("settings");
    std::fs::write(&settings, format!("{before}@deep:registry={}\n{key}:_authToken=${{OTHER}}\n", other.url()))
        .expect("settings");
    world.guard(&other.session);
    world.set("OTHER", &other.session);
    world.write("package.json", "{\"name\":\"reef\",\"private\":true,\"workspaces\":[\"packages/*\"]}\n");
    for name in ["coral", "@deep/pearl"] {
        let manifest = format!("{{\"name\":\"{name}\",\"version\":\"1.0.0\",\"license\":\"MIT\"}}\n");
        world.write(&format!("packages/{}/package.json", name.trim_start_matches("@deep/")), &manifest);
    }
    world.append(
        "relay.toml",
        &format!("\n[[registry]]\nurl = \"{}\"\nrules = \"npm\"\n\n[[policy]]\npackages = [\"*\", \"@deep/*\"]\npublishing-access = \"publish\"\n", other.url()),
    );
    world.commit("feat: two registries");
    for (registry, package) in [(&one, "coral"), (&other, "@deep/pearl")] {
        registry.access(package, SandboxAccess::Publish);
    }
    let child = in_terminal(&world, "publish --yes --no-browser");
    // Whichever goes first.
    let mut rest = vec![&one, &other];
    wait_for(|| {
        rest.retain(|registry| match registry.sandbox.pending_challenges().first() {
            Some(challenge) => !registry.sandbox.approve_challenge(&challenge.id),
            None => true,
        });
        rest.is_empty()
    });
    let output = child.wait_with_output().expect("an end");
    let screen = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{screen}");
    for registry in [&one, &other] {
        let requests = registry.sandbox.requests();
        let puts: Vec<_> = requests.iter().filter(|request| request.method == "PUT").collect();
        let with_answer: Vec<bool> = puts.iter().map(|put| put.header("npm-otp").is_some()).collect();
        assert_eq!(with_answer, [false, true], "{screen}");
    }
}

#[test]
fn what_is_typed_while_lines_move_is_not_shown_and_ctrl_c_works() {
    let registry = Registry::with_pages();
    let world = pearl(&registry);
    let mut child = in_terminal(&world, "publish --yes --no-browser");
    let mut screen = read_until(child.stdout.as_mut().expect("its output"), "waits for a person (");
    let mut keys = child.stdin.take().expect("its keys");
    keys.write_all(b"impatience\r\x03").expect("keys");
    child.stdout.take().expect("its output").read_to_end(&mut screen).expect("the rest of the screen");
    let screen = String::from_utf8_lossy(&screen);
    assert_eq!(child.wait().expect("an end").code(), Some(130), "{screen}");
    let (shown, settings) = screen.split_once("speed ").expect("the terminal's settings");
    assert!(!shown.contains("impatience") && !shown.contains("^C"), "{screen}");
    assert!(settings.contains(" echo ") && settings.contains(" icanon "), "the terminal is as it was: {screen}");
}

/// A package at which a person is needed.
fn pearl(registry: &Registry) -> World {
    let mut world = World::empty();
    world.write("package.json", "{\"name\":\"pearl\",\"version\":\"1.0.0\",\"license\":\"MIT\"}\n");
    world.write("index.js", "exports.pearl = true;\n");
    world.write("relay.toml", "[[policy]]\npackages = [\"pearl\"]\npublishing-access = \"publish\"\n");
    registry.adopt(&mut world);
    world.commit("feat: pearl");
    registry.access("pearl", SandboxAccess::Publish);
    world
}

/// Starts relay in a terminal of its own, whose settings are printed at the end.
pub(crate) fn in_terminal(world: &World, arguments: &str) -> Child {
    // The shell hears Ctrl-C too, and has to outlive it.
    let line = format!("trap : INT; {} {arguments}; code=$?; stty -a; exit $code", env!("CARGO_BIN_EXE_relay"));
    let mut command = Command::new("script");
    command.args(["-qefc", &line, "/dev/null"]).current_dir(world.repo());
    world
        .prepare(&mut command)
        .env("TERM", "xterm")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("`script` of util-linux is needed for this test")
}

/// Reads what a program says until it says a text.
pub(crate) fn read_until(output: &mut impl Read, text: &str) -> Vec<u8> {
    let (mut said, mut piece) = (Vec::new(), [0; 1024]);
    while !String::from_utf8_lossy(&said).contains(text) {
        let count = output.read(&mut piece).expect("more of it");
        assert_ne!(count, 0, "no {text:?}: {}", String::from_utf8_lossy(&said));
        said.extend_from_slice(&piece[..count]);
    }
    said
}

#[test]
fn ctrl_c_at_the_question_for_a_code_interrupts_the_run() {
    let registry = Registry::with_codes();
    let world = registry.reef(SandboxAccess::Publish);
    world.append("relay.toml", "\n[[policy]]\npackages = [\"*\"]\npublishing-access = \"publish\"\n");
    world.append(".npmrc", "auth-type=legacy\n");
    world.commit("feat: reef");

    let mut child = in_terminal(&world, "publish --yes");
    let mut screen = read_until(child.stdout.as_mut().expect("its output"), "One-time password for coral 1.0.0");
    let mut keys = child.stdin.take().expect("its keys");
    keys.write_all(b"\x03").expect("a key");
    child.stdout.take().expect("its output").read_to_end(&mut screen).expect("the rest of the screen");
    let screen = String::from_utf8_lossy(&screen);
    assert_eq!(child.wait().expect("an end").code(), Some(130), "{screen}");
    assert!(!screen.contains("One-time password for pearl"), "{screen}");
    assert!(screen.contains("interrupted before it was done"), "{screen}");
    assert_eq!(registry.puts(), 1);
}

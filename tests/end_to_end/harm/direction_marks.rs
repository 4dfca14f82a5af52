//! Characters that turn the direction of writing, hide a part of a text or drive a terminal: no name brings them to one.

use std::fs;

use super::npm_workspaces;

/// A terminal that obeys the marks shows it as `exe.jpg`.
const EVIL: &str = "exe.\u{202e}gpj\u{2066}\u{200b}\u{200f}";

fn hidden(text: &str) -> Option<char> {
    text.chars().find(|c| relay_values::printable::is_hidden(*c) && *c != '\n')
}

#[test]
fn no_name_brings_direction_marks_to_the_terminal() {
    let world = npm_workspaces(&[("a", "\"version\":\"1.0.0\"")]);
    world.write(
        &format!("packages/{EVIL}/package.json"),
        "{\"name\":\"b\",\"version\":\"1.0.0\",\"dependencies\":{\"a\":\"^1\"}}\n",
    );
    world.write(&format!("packages/{EVIL}/{EVIL}.js"), "// AKIAIOSFODNN7EXAMPL3\n");
    // A secret, so that the gate has a complaint to make that names the file.
    world.write(&format!("packages/{EVIL}/{EVIL}.pem"), &format!("-----BEGIN {} KEY-----\nMIIB\n", "PRIVATE"));
    world.commit(&format!("feat: {EVIL}"));
    for arguments in [
        &["graph"][..],
        &["graph", "--format", "dot"],
        &["graph", "--format", "mermaid"],
        &["graph", "--format", "json"],
        &["pack", "--dry-run", "--verbose"],
        &["pack", "--dry-run", "--json"],
        &["plan", "--offline"],
        &["plan", "--offline", "--json"],
        &["plan", "--offline", "--format", "markdown"],
        &["plan", "--offline", "--filter", EVIL],
        &["plan", "--offline", "--tag", EVIL],
    ] {
        let ran = world.relay(arguments);
        for text in [&ran.stdout, &ran.stderr] {
            assert_eq!(hidden(text), None, "{arguments:?}: {text:?}");
        }
    }
}

#[test]
fn no_broken_settings_bring_direction_marks_to_the_terminal() {
    let broken = npm_workspaces(&[("a", "\"version\":\"1.0.0\"")]);
    for (file, text) in [
        ("packages/a/package.json", format!("{{\"name\":\"{EVIL}\",\"version\":\"1.0.0\"}}")),
        ("packages/a/package.json", format!("{{\"name\":\"a\",\"version\":\"{EVIL}\"}}")),
        ("packages/a/package.json", format!("{{\"name\":\"a\" {EVIL}")),
        ("relay.toml", format!("[publish]\ntag = \"{EVIL}\" # {EVIL}\n")),
        ("relay.toml", format!("[{EVIL}]\n")),
        (".changeset/x.md", format!("---\n\"{EVIL}\": minor\n---\n{EVIL}\n")),
        (".npmrc", format!("registry={EVIL}\n")),
    ] {
        let path = broken.repo().join(file);
        let before = fs::read(&path).ok();
        broken.write(file, &text);
        let ran = broken.relay(&["plan", "--offline"]);
        for said in [&ran.stdout, &ran.stderr] {
            assert_eq!(hidden(said), None, "{text:?}: {said:?}");
        }
        match before {
            Some(before) => fs::write(&path, before).expect("the file as it was"),
            None => fs::remove_file(&path).expect("the file is there"),
        }
    }
}

#[test]
fn json_keeps_the_characters_as_values() {
    let world = npm_workspaces(&[]);
    world.write(&format!("packages/{EVIL}/package.json"), "{\"name\":\"b\",\"version\":\"1.0.0\"}\n");
    world.commit("init");
    let ran = world.relay(&["graph", "--format", "json"]).ended_with(0);
    let graph: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert!(graph.to_string().contains(EVIL), "{graph}");
    assert_eq!(hidden(&ran.stdout), None);
}

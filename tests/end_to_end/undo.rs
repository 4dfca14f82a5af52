//! A release that should not be out is taken back as far as that is possible, and an interruption in the middle changes nothing.
#![cfg(unix)]

use std::process::Command;
use std::sync::mpsc;

use relay_sandbox::{
    EventSink, Fault, FaultKind, FaultMatch, SandboxAccess, SandboxEvent, SandboxOptions, SecondFactor, SeedPackage,
    WebOtpUse,
};
use serde_json::{Value, json};

use crate::owed::{with_change, with_remote};
use crate::remote_lock::{killed, lock};
use crate::sandbox::{ACCOUNT, Registry};
use crate::takeover::clone;
use crate::terminal::in_terminal;
use crate::unfinished::{PATIENCE, pearls, telling_registry};
use crate::world::{World, project_root};

/// Two packages of which one was released a second time, as 1.1.0.
pub(crate) fn released(registry: &Registry) -> (World, String) {
    let world = pearls(registry, "");
    registry.seed(&world);
    let remote = with_remote(&world);
    with_change(&world, "Shine");
    world.relay(&["release", "--yes"]).ended_with(0);
    assert_eq!(registry.committed(), ["pearl@1.1.0"]);
    (world, remote)
}

pub(crate) fn latest(registry: &Registry, package: &str) -> String {
    registry.sandbox.dist_tags(package)["latest"].clone()
}

/// The requests that change something, since the last time that all were forgotten.
pub(crate) fn writes(registry: &Registry) -> Vec<String> {
    let requests = registry.sandbox.requests();
    let writes = requests.iter().filter(|request| !matches!(request.method.as_str(), "GET" | "HEAD"));
    let command = |headers: &[(String, String)]| {
        headers.iter().find(|(name, _)| name == "npm-command").map(|(_, value)| value.clone()).unwrap_or_default()
    };
    writes
        .map(|request| {
            let headers: Vec<_> = request.headers.iter().map(|(a, b)| (a.clone(), b.clone())).collect();
            format!("{} {} ({})", request.method, request.path, command(&headers))
        })
        .collect()
}

#[test]
fn the_last_release_is_taken_back_and_the_same_command_finds_nothing_more() {
    let registry = Registry::with_codes();
    let (world, _) = released(&registry);
    registry.sandbox.forget_requests();
    let before = world.git(&["status", "--porcelain"]);
    let dry = world.relay(&["undo", "--dry-run"]).ended_with(0);
    for text in [
        "the last release, by the record on `origin`",
        "let `latest` name 1.0.0",
        "deprecate 1.1.0",
        ".changeset/undo-",
    ] {
        assert!(dry.stderr.contains(text), "{text}: {}", dry.stderr);
    }
    assert_eq!(
        (writes(&registry), world.git(&["status", "--porcelain"])),
        (vec![], before),
        "a dry run writes nothing"
    );

    world.relay(&["undo", "--yes"]).ended_with(0);
    assert_eq!(latest(&registry, "pearl"), "1.0.0");
    let said = registry.sandbox.deprecation("pearl", "1.1.0");
    assert_eq!(said.as_deref(), Some("This version was taken back: use 1.0.0, or one above 1.1.0"));
    assert_eq!(
        writes(&registry),
        ["PUT /-/package/pearl/dist-tags/latest (dist-tag)", "PUT /pearl (deprecate)"],
        "each in the name of npm's own command"
    );
    let unlock = world.relay(&["unlock"]).ended_with(0);
    assert!(unlock.stderr.contains("Nobody holds the lock"), "{}", unlock.stderr);

    registry.sandbox.forget_requests();
    let again = world.relay(&["undo", "--yes"]).ended_with(0);
    assert!(again.stderr.contains("Nothing to undo"), "{}", again.stderr);
    assert_eq!(writes(&registry), Vec::<String>::new());

    world.commit("chore: the next versions");
    world.git(&["push", "-q", "origin", "HEAD:refs/heads/main"]);
    world.relay(&["release", "--yes"]).ended_with(0);
    let released = registry.committed().split_off(1);
    assert_eq!(released, ["pearl@1.1.1", "necklace@1.0.1"], "the package and what depends on it");
    assert_eq!(latest(&registry, "pearl"), "1.1.1");
}

#[test]
fn a_fresh_clone_takes_a_release_back_by_a_plan_file_and_leaves_alone_what_others_have_moved() {
    let registry = Registry::with_codes();
    let (world, remote) = released(&registry);
    let plan = world.beside("plans").join("undo.json");
    let plan = plan.to_str().expect("a path");
    registry.sandbox.forget_requests();
    world.relay(&["undo", "--message", "leaks memory", "--out", plan]).ended_with(0);
    assert_eq!(writes(&registry), Vec::<String>::new());
    let document: Value = serde_json::from_str(&std::fs::read_to_string(plan).expect("a plan")).expect("JSON");
    described(&document);

    // Meanwhile somebody publishes a version of their own, and it becomes `latest`.
    registry.sandbox.seed_package(SeedPackage {
        manifest: json!({ "name": "pearl", "version": "1.2.0" }),
        tarball: b"theirs".to_vec(),
        owner: ACCOUNT.to_owned(),
        tag: None,
    });

    let elsewhere = clone(&world, &remote, "elsewhere");
    let ran = world.relay(&["--cwd", &elsewhere, "undo", "--plan", plan, "--yes"]).ended_with(3);
    assert!(ran.stderr.contains("`latest` names 1.2.0 by now, and not 1.1.0"), "{}", ran.stderr);
    assert_eq!(latest(&registry, "pearl"), "1.2.0");
    assert_eq!(registry.sandbox.deprecation("pearl", "1.1.0").as_deref(), Some("leaks memory"));
    let odd = world.relay(&["undo", "--plan", "package.json"]).ended_with(1);
    assert!(odd.stderr.contains("relay undo --out FILE"), "{}", odd.stderr);
}

/// Every field that is written is one that `docs/undo.schema.json` describes, and the other way round.
pub(crate) fn described(document: &Value) {
    let text = std::fs::read_to_string(project_root().join("docs/undo.schema.json")).expect("a schema");
    let schema: Value = serde_json::from_str(&text).expect("JSON");
    let fields = |value: &Value| {
        let mut names: Vec<String> = value.as_object().expect("an object").keys().cloned().collect();
        names.sort();
        names
    };
    assert_eq!(fields(document), fields(&schema["properties"]));
    for name in ["versions", "steps", "left"] {
        for item in document[name].as_array().expect("a list") {
            assert_eq!(fields(item), fields(&schema["properties"][name]["items"]["properties"]), "{name}");
        }
    }
    assert_eq!(fields(&document["successors"]), fields(&schema["properties"]["successors"]["properties"]));
}

#[test]
fn one_answer_serves_the_tag_and_the_deprecation_of_a_package_that_asks_for_a_person() {
    let options = SandboxOptions { web_otp: WebOtpUse::FiveMinutes, ..SandboxOptions::default() };
    let registry = Registry::start(options, SecondFactor::Web);
    let (world, _) = released(&registry);
    registry.access("pearl", SandboxAccess::Publish);
    world.append("relay.toml", "\n[[policy]]\npackages = [\"pearl\"]\npublishing-access = \"publish\"\n");
    let parked = world.relay(&["undo", "--yes", "--no-change-file"]).ended_with(4);
    assert!(parked.stderr.contains("waits for a person"), "{}", parked.stderr);
    registry.sandbox.forget_requests();

    let child = in_terminal(&world, "undo pearl@1.1.0 --yes --no-browser");
    let challenge = registry.runtime.block_on(registry.sandbox.next_challenge());
    assert!(challenge.action.contains("tag"), "{challenge:?}");
    assert!(registry.sandbox.approve_challenge(&challenge.id));
    let output = child.wait_with_output().expect("an end");
    let screen = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{screen}");
    assert!(screen.contains("2 writes may ask for a second factor"), "{screen}");
    assert!(screen.contains("pearl (let `latest` name 1.0.0) needs a second factor"), "{screen}");
    assert_eq!(latest(&registry, "pearl"), "1.0.0");
    assert!(registry.sandbox.deprecation("pearl", "1.1.0").is_some());
    assert_eq!(screen.matches("Authenticate your account at").count(), 1, "{screen}");
}

#[test]
fn an_undo_that_is_killed_in_the_middle_is_gone_on_with_by_the_same_command() {
    let (sender, moved) = mpsc::channel();
    let sink = EventSink::new(move |event| {
        if let SandboxEvent::TagChanged { package, .. } = event {
            let _ = sender.send(package.clone());
        }
    });
    let options = SandboxOptions { events: Some(sink), ..SandboxOptions::default() };
    let registry = Registry::start(options, SecondFactor::Totp { secret: "relay-end-to-end-test".to_owned() });
    let (world, _) = released(&registry);
    registry.sandbox.forget_requests();
    // The deprecation does not come to its end before the run is killed.
    let hangs = FaultKind::Delay(PATIENCE);
    let when = FaultMatch { skip: 0, ..FaultMatch::path("PUT", "/pearl") };
    registry.sandbox.add_fault(Fault { when, what: hangs, times: 1 });
    let mut child = world.start(&["undo", "--yes"]);
    moved.recv_timeout(PATIENCE).expect("the tag is moved");
    child.kill().expect("a kill");
    child.wait().expect("an end");
    registry.sandbox.clear_faults();
    assert_eq!(latest(&registry, "pearl"), "1.0.0");

    registry.sandbox.forget_requests();
    world.relay(&["undo", "--yes"]).ended_with(0);
    assert_eq!(writes(&registry), ["PUT /pearl (deprecate)"], "only what is missing");
    assert!(registry.sandbox.deprecation("pearl", "1.1.0").is_some());
    assert!(world.git(&["status", "--porcelain", "-uall"]).contains(".changeset/undo-"));
}

#[test]
fn a_lost_answer_is_settled_by_reading_and_nothing_is_sent_twice() {
    let registry = Registry::with_codes();
    let (world, _) = released(&registry);
    registry.sandbox.forget_requests();
    for path in ["/-/package/pearl/dist-tags/latest", "/pearl"] {
        let fault = Fault { when: FaultMatch::path("PUT", path), what: FaultKind::DropAfterCommit, times: 1 };
        registry.sandbox.add_fault(fault);
    }
    let ran = world.relay(&["undo", "--yes"]).ended_with(0);
    assert!(ran.stderr.contains("asking the registry what it has"), "{}", ran.stderr);
    assert_eq!(writes(&registry).len(), 2);
    assert_eq!(latest(&registry, "pearl"), "1.0.0");
}

#[test]
fn a_version_is_unpublished_where_nobody_depends_on_it_and_deprecated_where_somebody_does() {
    let registry = Registry::with_codes();
    let world = pearls(&registry, "");
    registry.seed(&world);
    with_remote(&world);
    world.write(".changeset/both.md", "---\npearl: minor\nnecklace: minor\n---\n\nBoth\n");
    world.commit("docs: a change");
    world.git(&["push", "-q", "origin", "HEAD:refs/heads/main"]);
    world.relay(&["release", "--yes"]).ended_with(0);
    registry.sandbox.forget_requests();
    let ran = world.relay(&["undo", "--unpublish", "--yes"]).ended_with(0);
    assert!(ran.stderr.contains("`necklace` depends on it"), "{}", ran.stderr);
    assert!(ran.stderr.contains("can't be known"), "{}", ran.stderr);
    let writes = writes(&registry);
    let of = |command: &str| writes.iter().filter(|write| write.contains(command)).count();
    assert_eq!((of("(dist-tag)"), of("(deprecate)"), of("(unpublish)")), (2, 1, 2), "{writes:?}");
    assert_eq!((latest(&registry, "pearl"), latest(&registry, "necklace")), ("1.0.0".into(), "1.0.0".into()));
    let view =
        world.run(Command::new("npm").args(["view", "necklace", "versions", "--json"]).current_dir(world.repo()));
    assert!(!view.stdout.contains("1.1.0"), "{}", view.stdout);
}

#[test]
fn what_was_never_out_or_is_not_of_this_workspace_is_told() {
    let registry = Registry::with_codes();
    let (world, _) = released(&registry);
    for (named, words) in [
        ("pearl@9.9.9", "`pearl@9.9.9` is not on its registry"),
        ("stranger@1.0.0", "`stranger` is no package of this workspace"),
        ("sha256-0123456789", "no release with the plan `sha256-0123456789` is known"),
    ] {
        let ran = world.relay(&["undo", named, "--yes"]).ended_with(1);
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
    }
    world.relay(&["undo", "pearl"]).ended_with(64);
    let plan = world.git(&["ls-remote", "origin", "refs/relay/release"]);
    assert!(plan.contains("refs/relay/release"), "{plan}");
}

#[test]
fn without_any_record_a_yes_is_not_taken_for_versions_that_nobody_named() {
    let registry = Registry::with_codes();
    let world = pearls(&registry, "");
    registry.seed(&world);
    registry.sandbox.forget_requests();
    for known in ["the versions that the commit at HEAD made", "no record of a release is known"] {
        let ran = world.relay(&["undo", "--yes"]).ended_with(1);
        assert!(ran.stderr.contains(known), "{known}: {}", ran.stderr);
        assert!(ran.stderr.contains("name the versions"), "{}", ran.stderr);
        world.write("README.md", "more\n");
        world.commit("docs: more");
    }
    assert_eq!(writes(&registry), Vec::<String>::new());
    let shown = world.relay(&["undo", "--dry-run"]).ended_with(0);
    assert!(shown.stderr.contains("no record of a release is known"), "{}", shown.stderr);
    assert!(shown.stderr.contains("`latest` stays on it"), "{}", shown.stderr);
}

#[test]
fn a_tag_leaves_a_version_that_is_still_processed_and_the_rest_is_left_for_later() {
    let registry = Registry::with_codes();
    let world = pearls(&registry, "[publish]\nvisibility-timeout = \"300ms\"\n");
    registry.seed(&world);
    with_remote(&world);
    registry.sandbox.hold("pearl");
    with_change(&world, "Shine");
    world.relay(&["release", "--yes"]).ended_with(4);
    assert_eq!(latest(&registry, "pearl"), "1.1.0", "a tag can name what is not shown");
    let ran = world.relay(&["undo", "--yes"]).ended_with(0);
    assert!(ran.stderr.contains("the registry does not show it"), "{}", ran.stderr);
    assert_eq!(latest(&registry, "pearl"), "1.0.0");
    registry.sandbox.release("pearl");
    world.relay(&["undo", "--yes"]).ended_with(0);
    assert!(registry.sandbox.deprecation("pearl", "1.1.0").is_some());
}

#[test]
fn a_pause_that_the_registry_asks_for_is_waited_out_or_parks_the_rest() {
    let registry = Registry::with_codes();
    let (world, _) = released(&registry);
    let limited = |seconds: &str| FaultKind::Status {
        code: 429,
        body: "{\"error\":\"slow down\"}".to_owned(),
        headers: vec![("retry-after".to_owned(), seconds.to_owned())],
    };
    let when = || FaultMatch::path("PUT", "/-/package/pearl/dist-tags/latest");
    registry.sandbox.add_fault(Fault { when: when(), what: limited("3600"), times: 1 });
    let ran = world.relay(&["undo", "--yes"]).ended_with(4);
    assert!(ran.stderr.contains("it asks to come back in 1 h"), "{}", ran.stderr);
    assert_eq!(registry.sandbox.deprecation("pearl", "1.1.0"), None, "nothing more is sent there");
    registry.sandbox.add_fault(Fault { when: when(), what: limited("1"), times: 1 });
    world.relay(&["undo", "--yes"]).ended_with(0);
    assert_eq!(latest(&registry, "pearl"), "1.0.0");
}

#[test]
fn ctrl_c_lets_what_is_in_flight_end_and_sends_nothing_more() {
    let (sender, moved) = mpsc::channel();
    let sink = EventSink::new(move |event| {
        if let SandboxEvent::TagChanged { package, .. } = event {
            let _ = sender.send(package.clone());
        }
    });
    let options = SandboxOptions { events: Some(sink), ..SandboxOptions::default() };
    let registry = Registry::start(options, SecondFactor::Totp { secret: "relay-end-to-end-test".to_owned() });
    let (world, _) = released(&registry);
    // What the deprecation has to read first does not come.
    let when = FaultMatch { skip: 1, ..FaultMatch::path("GET", "/pearl") };
    registry.sandbox.add_fault(Fault { when, what: FaultKind::Delay(PATIENCE), times: 9 });
    let child = world.start(&["undo", "--yes"]);
    moved.recv_timeout(PATIENCE).expect("the tag is moved");
    let ran = world.interrupt(child).ended_with(130);
    assert!(ran.stderr.contains("interrupted"), "{}", ran.stderr);
    registry.sandbox.clear_faults();
    assert_eq!(registry.sandbox.deprecation("pearl", "1.1.0"), None);
    world.relay(&["undo", "--yes"]).ended_with(0);
    assert!(registry.sandbox.deprecation("pearl", "1.1.0").is_some());
}

#[test]
fn a_run_at_work_keeps_an_undo_away_and_one_that_is_gone_does_not() {
    let (registry, published) = telling_registry();
    let world = pearls(&registry, "");
    registry.seed(&world);
    with_remote(&world);
    with_change(&world, "Shine");
    registry.sandbox.hold("pearl");
    let child = world.start(&["release", "--yes"]);
    published.recv_timeout(PATIENCE).expect("an upload");
    registry.sandbox.forget_requests();
    let ran = world.relay(&["undo", "pearl@1.0.0", "--yes"]).ended_with(1);
    assert!(ran.stderr.contains("another run of relay is at work in this clone"), "{}", ran.stderr);
    assert_eq!(writes(&registry), Vec::<String>::new());
    registry.sandbox.release("pearl");
    let first = child.wait_with_output().expect("an end");
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));

    let (registry, world, remote, _) = killed("[git]\nlock-lasts = \"1s\"\n");
    registry.sandbox.release("pearl");
    let other = clone(&world, &remote, "other");
    let ran = world.relay(&["--cwd", &other, "undo", "--yes"]).ended_with(0);
    assert!(ran.stderr.contains("Took over the lock on the remote"), "{}", ran.stderr);
    assert!(registry.sandbox.deprecation("pearl", "1.0.0").is_some());
    assert_eq!(lock(&world, &remote), "", "given back");
}

#[test]
fn a_plan_file_can_write_neither_elsewhere_nor_to_the_terminal() {
    let registry = Registry::with_codes();
    let (world, _) = released(&registry);
    let path = world.beside("plans").join("undo.json");
    let path = path.to_str().expect("a path");
    world.relay(&["undo", "--out", path]).ended_with(0);
    let text = std::fs::read_to_string(path).expect("a plan");
    registry.sandbox.forget_requests();
    let mut plan: Value = serde_json::from_str(&text).expect("JSON");
    plan["steps"][0]["why"] = "\u{1b}]0;owned\u{7}\u{202e}no".into();
    std::fs::write(path, plan.to_string()).expect("a plan");
    let shown = world.relay(&["undo", "--plan", path, "--dry-run"]).ended_with(0);
    assert!(!shown.stderr.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{:?}", shown.stderr);
    for (pointer, value, words) in [
        ("/successors/file", "../evil.md", "the change file"),
        ("/steps/0/change/version", "2.0.0-rc.1", "the prerelease"),
        ("/steps/0/name", "necklace", "none of whose versions"),
    ] {
        let mut plan: Value = serde_json::from_str(&text).expect("JSON");
        *plan.pointer_mut(pointer).expect("a field") = value.into();
        std::fs::write(path, plan.to_string()).expect("a plan");
        let ran = world.relay(&["undo", "--plan", path, "--yes"]).ended_with(1);
        assert!(ran.stderr.contains(words), "{pointer}: {}", ran.stderr);
    }
    // A link in the place of the folder leads elsewhere.
    std::fs::write(path, &text).expect("a plan");
    let elsewhere = world.beside("elsewhere");
    let _ = std::fs::remove_dir_all(world.repo().join(".changeset"));
    std::os::unix::fs::symlink(&elsewhere, world.repo().join(".changeset")).expect("a link");
    let ran = world.relay(&["undo", "--plan", path, "--yes"]).ended_with(1);
    assert!(ran.stderr.contains("`.changeset` can't be used"), "{}", ran.stderr);
    assert_eq!(writes(&registry), Vec::<String>::new(), "found before anything is sent");
    assert_eq!(std::fs::read_dir(&elsewhere).expect("a folder").count(), 0);
}

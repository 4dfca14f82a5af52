//! Waiting once: everything goes out under a side tag, and dist-tags move when the whole set can be installed. The sandbox's own
//! log and its dist-tags judge, and its clock, which stands still until a test moves it.

use std::collections::BTreeMap;
use std::process::Child;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use relay_sandbox::{
    EventSink, Fault, FaultKind, FaultMatch, SandboxEvent, SandboxOptions, SecondFactor, SeedPackage, VisibilityDelay,
};

use crate::owed::with_remote;
use crate::sandbox::{ACCOUNT, Registry};
use crate::takeover::{clone, tagged};
use crate::unfinished::{PATIENCE, wait_for};
use crate::world::{Ran, World};

/// How long the sandbox takes to show a version, by its own clock.
const DELAY: Duration = Duration::from_mins(5);

/// What a registry tells: an upload with the dist-tag that it was sent with, or a dist-tag that moved.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Told {
    Published { package: String, tag: String },
    Tag { package: String, tag: String, version: Option<String> },
}

/// A registry that tells what happens to it.
pub(crate) fn telling(options: SandboxOptions, second_factor: SecondFactor) -> (Registry, Receiver<Told>) {
    let (sender, told) = mpsc::channel();
    let sink = EventSink::new(move |event| {
        let told = match event.clone() {
            SandboxEvent::Published(commit) => Told::Published { package: commit.package, tag: commit.tag },
            SandboxEvent::TagChanged { package, tag, version } => Told::Tag { package, tag, version },
            _ => return,
        };
        let _ = sender.send(told);
    });
    let registry = Registry::start(SandboxOptions { events: Some(sink), ..options }, second_factor);
    (registry, told)
}

pub(crate) fn codes() -> SecondFactor {
    SecondFactor::Totp { secret: "relay-end-to-end-test".to_owned() }
}

/// Packages each on top of the one before, live in 1.0.0 and to be published in 1.1.0.
pub(crate) fn chain(registry: &Registry, names: &[&str], settings: &str) -> World {
    let mut world = World::empty();
    world.write("package.json", "{\"name\":\"chain\",\"private\":true,\"workspaces\":[\"packages/*\"]}\n");
    write_chain(&world, names, "1.0.0");
    world
        .write("relay.toml", &format!("{settings}\n[[credential]]\nenv = \"NPM_TOKEN\"\nkind = \"granular-bypass\"\n"));
    registry.adopt(&mut world);
    world.commit("feat: a chain");
    registry.seed(&world);
    write_chain(&world, names, "1.1.0");
    world.commit("feat: the next versions");
    world
}

fn write_chain(world: &World, names: &[&str], version: &str) {
    for (at, name) in names.iter().enumerate() {
        let below = at.checked_sub(1).map(|below| format!(",\"dependencies\":{{\"{}\":\"^1.0.0\"}}", names[below]));
        let below = below.unwrap_or_default();
        let manifest = format!("{{\"name\":\"{name}\",\"version\":\"{version}\"{below}}}\n");
        world.write(&format!("packages/{name}/package.json"), &manifest);
    }
}

/// All dist-tags of some packages.
fn dist_tags(registry: &Registry, names: &[&str]) -> Vec<BTreeMap<String, String>> {
    names.iter().map(|name| registry.sandbox.dist_tags(name)).collect()
}

/// The dist-tags that a release without side tags leaves.
fn latest_alone(names: &[&str], version: &str) -> Vec<BTreeMap<String, String>> {
    names.iter().map(|_| BTreeMap::from([("latest".to_owned(), version.to_owned())])).collect()
}

fn ended(child: Child) -> Ran {
    Ran::from(child.wait_with_output().expect("an end"))
}

/// The side tag under which all uploads went out.
#[track_caller]
fn side_tag(registry: &Registry) -> String {
    let mut tags: Vec<String> = registry.commits().into_iter().map(|commit| commit.tag).collect();
    tags.dedup();
    assert_eq!(tags.len(), 1, "{tags:?}");
    assert!(tags[0].starts_with("relay-") && !tags[0].contains('.'), "{tags:?}");
    tags.remove(0)
}

/// A fault at which a run stands still: a `PUT` takes effect and is never answered to its end, anything else does not begin.
fn stall(registry: &Registry, method: &str, path: &str) {
    let when = FaultMatch::path(method, path);
    let pause = PATIENCE * 60;
    let what = if method == "PUT" { FaultKind::Trickle { pause } } else { FaultKind::Delay(pause) };
    registry.sandbox.add_fault(Fault { when, what, times: 1 });
}

#[test]
fn a_graph_of_ten_levels_waits_for_one_delay_where_it_waits_for_ten_by_default() {
    let names: Vec<String> = (0..10).map(|level| format!("level-{level}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut ends = Vec::new();
    for (arguments, delays) in [(vec!["publish", "--yes"], 10), (vec!["publish", "--yes", "--promote-last"], 1)] {
        let options =
            SandboxOptions { visibility: VisibilityDelay::all(DELAY), clock_runs: false, ..SandboxOptions::default() };
        let (registry, told) = telling(options, codes());
        let world = chain(&registry, &names, "");
        let begun = registry.sandbox.now();
        let child = world.start(&arguments);
        // Time moves only when nothing more is to be expected without it.
        let at_once = names.len() / delays;
        for _ in 0..delays {
            for _ in 0..at_once {
                assert!(matches!(told.recv_timeout(PATIENCE), Ok(Told::Published { .. })), "an upload");
            }
            registry.sandbox.advance(DELAY);
        }
        let ran = ended(child).ended_with(0);
        let took = registry.sandbox.now().since(begun);
        assert_eq!(took, DELAY * u32::try_from(delays).expect("a small number"), "{}", ran.stderr);
        let order: Vec<String> = registry.commits().into_iter().map(|commit| commit.package).collect();
        assert_eq!(order, names, "dependencies first");
        assert_eq!(world.git(&["tag", "--list", "*@1.1.0"]).lines().count(), names.len());
        ends.push(dist_tags(&registry, &names));
        if delays > 1 {
            continue;
        }
        let side = side_tag(&registry);
        let moved = names.iter().map(|name| ("latest".to_owned(), *name, Some("1.1.0".to_owned())));
        let removed = names.iter().map(|name| (side.clone(), *name, None));
        let expected: Vec<Told> = moved
            .chain(removed)
            .map(|(tag, package, version)| Told::Tag { package: package.to_owned(), tag, version })
            .collect();
        let mut seen: Vec<Told> = told.try_iter().collect();
        // Side tags go in no order.
        seen[names.len()..].sort();
        assert_eq!(seen, expected, "dependencies first, side tags last");
    }
    assert_eq!(ends[0], ends[1], "the same dist-tags as by default");
    assert_eq!(ends[1], latest_alone(&names, "1.1.0"));
}

#[test]
fn a_promotion_that_is_killed_anywhere_is_finished_by_a_fresh_clone() {
    let names = ["shell", "pearl", "necklace"];
    for (method, package, moved) in
        [("GET", "shell", 0), ("PUT", "shell", 1), ("PUT", "necklace", 3), ("DELETE", "pearl", 3)]
    {
        for git_tags in [true, false] {
            let (registry, _told) = telling(SandboxOptions::default(), codes());
            let world = chain(&registry, &names, "[git]\nlock-lasts = \"1s\"\n");
            let remote = with_remote(&world);
            world.git(&["push", "-q", "origin", "--tags"]);
            let path = format!("/-/package/{package}/dist-tags*");
            stall(&registry, method, &path);
            let mut arguments = vec!["publish", "--yes", "--promote-last"];
            arguments.extend((!git_tags).then_some("--no-git-tag"));
            let mut child = world.start(&arguments);
            let prefix = format!("/-/package/{package}/dist-tags");
            wait_for(|| match method {
                "PUT" => registry.sandbox.dist_tags(package)["latest"] == "1.1.0",
                _ => registry.sandbox.requests().iter().any(|it| it.method == method && it.path.starts_with(&prefix)),
            });
            child.kill().expect("it is ended");
            child.wait().expect("an end");
            registry.sandbox.clear_faults();
            let at = format!("killed at {method} of {package}");
            let done = names.iter().filter(|name| registry.sandbox.dist_tags(name)["latest"] == "1.1.0").count();
            assert_eq!(done, moved, "{at}");
            let side = side_tag(&registry);
            assert!(names.iter().any(|name| registry.sandbox.dist_tags(name).contains_key(&side)), "{at}");
            assert!(!world.git(&["ls-remote", &remote, "refs/tags/*@1.1.0"]).contains("1.1.0"), "{at}: no tag yet");

            let other = clone(&world, &remote, "other");
            if moved > 0 {
                let ran = world.relay(&["--cwd", &other, "status"]).ended_with(0);
                assert!(ran.stdout.contains("Waits for its dist-tag"), "{at}: {}", ran.stdout);
                for name in names {
                    let tags = registry.sandbox.dist_tags(name);
                    let left = match (tags["latest"] == "1.1.0", tags.contains_key(&side)) {
                        (true, true) => Some(format!("`latest` has moved, `{side}` is still to go")),
                        (true, false) => None,
                        (false, _) => Some(format!("`latest`, has `{side}`")),
                    };
                    let said = ran
                        .stdout
                        .lines()
                        .find(|line| line.contains(&format!("{name}@1.1.0 ")) && line.contains("`latest`"));
                    assert_eq!(said.is_some(), left.is_some(), "{at}: {}", ran.stdout);
                    assert!(said.zip(left).is_none_or(|(said, left)| said.contains(&left)), "{at}: {}", ran.stdout);
                }
            }
            let ran = world.relay(&["--cwd", &other, "resume", "--yes"]).ended_with(0);
            assert_eq!(dist_tags(&registry, &names), latest_alone(&names, "1.1.0"), "{at}: {}", ran.stderr);
            assert_eq!(registry.puts_of_uploads(), 3, "{at}: nothing is sent twice");
            if git_tags {
                for name in names {
                    tagged(&world, &remote, &format!("{name}@1.1.0"));
                }
            }
            // Then nothing is left to do, in this clone nor in the one that was killed.
            registry.sandbox.forget_requests();
            for folder in [other.as_str(), "."] {
                let ran = world.relay(&["--cwd", folder, "resume", "--yes"]).ended_with(0);
                assert!(!ran.stderr.contains("dist-tags:"), "{at}: {}", ran.stderr);
            }
            let writes = registry.sandbox.requests().iter().filter(|it| it.method != "GET").count();
            assert_eq!(writes, 0, "{at}");
        }
    }
}

#[test]
fn without_a_remote_the_journal_of_the_clone_is_enough() {
    let names = ["pearl", "necklace"];
    let (registry, _told) = telling(SandboxOptions::default(), codes());
    let world = chain(&registry, &names, "[publish]\npromote-last = true\n");
    stall(&registry, "PUT", "/-/package/pearl/dist-tags/latest");
    let mut child = world.start(&["publish", "--yes"]);
    wait_for(|| registry.sandbox.dist_tags("pearl")["latest"] == "1.1.0");
    child.kill().expect("it is ended");
    child.wait().expect("an end");
    registry.sandbox.clear_faults();
    world.relay(&["resume", "--yes"]).ended_with(0);
    assert_eq!(dist_tags(&registry, &names), latest_alone(&names, "1.1.0"));
    assert_eq!(world.git(&["tag", "--list", "*@1.1.0"]).lines().count(), 2);
}

#[test]
fn a_part_that_fails_keeps_all_dist_tags_where_they_are_until_it_is_out_too() {
    let names = ["shell", "pearl", "necklace"];
    let (registry, _told) = telling(SandboxOptions::default(), codes());
    let world = chain(&registry, &names, "");
    let remote = with_remote(&world);
    let when = FaultMatch::path("PUT", "/pearl");
    registry.sandbox.add_fault(Fault { when, what: FaultKind::error(403, "Forbidden"), times: 100 });
    let ran = world.relay(&["publish", "--yes", "--promote-last"]).ended_with(3);
    let side = side_tag(&registry);
    assert_eq!(registry.committed(), ["shell@1.1.0"]);
    let waiting =
        format!("`latest` not moved, since not all of the set is out: shell 1.1.0 is out under `{side}` alone");
    assert!(ran.stderr.contains(&waiting), "{}", ran.stderr);
    let tags = |name: &str| registry.sandbox.dist_tags(name);
    assert_eq!(tags("shell")["latest"], "1.0.0");
    assert_eq!(tags("shell")[&side], "1.1.0");
    assert_eq!(world.git(&["tag", "--list", "*@1.1.0"]), "", "what is not promoted has no tag");
    let ran = world.relay(&["status"]).ended_with(0);
    assert!(ran.stdout.contains("shell@1.1.0"), "{}", ran.stdout);

    registry.sandbox.clear_faults();
    let other = clone(&world, &remote, "other");
    // What is left joins the promotion that is under way, though nobody asks for it.
    let ran = world.relay(&["--cwd", &other, "publish", "--yes"]).ended_with(0);
    assert_eq!(side_tag(&registry), side, "{}", ran.stderr);
    assert_eq!(dist_tags(&registry, &names), latest_alone(&names, "1.1.0"), "{}", ran.stderr);
    assert!(ran.stderr.contains("`latest` names the new version of 3 packages"), "{}", ran.stderr);
    for name in names {
        tagged(&world, &remote, &format!("{name}@1.1.0"));
    }
}

#[test]
fn what_somebody_publishes_meanwhile_keeps_latest() {
    let names = ["shell", "pearl", "necklace"];
    let options =
        SandboxOptions { visibility: VisibilityDelay::all(DELAY), clock_runs: false, ..SandboxOptions::default() };
    let (registry, told) = telling(options, codes());
    let world = chain(&registry, &names, "");
    let child = world.start(&["publish", "--yes", "--promote-last"]);
    for _ in names {
        assert!(matches!(told.recv_timeout(PATIENCE), Ok(Told::Published { .. })), "an upload");
    }
    registry.sandbox.seed_package(SeedPackage {
        manifest: serde_json::json!({"name": "pearl", "version": "2.0.0"}),
        tarball: b"theirs".to_vec(),
        owner: ACCOUNT.to_owned(),
        tag: None,
    });
    registry.sandbox.advance(DELAY);
    let ran = ended(child).ended_with(0);
    let mut expected = latest_alone(&names, "1.1.0");
    expected[1] = BTreeMap::from([("latest".to_owned(), "2.0.0".to_owned())]);
    assert_eq!(dist_tags(&registry, &names), expected, "{}", ran.stderr);
    assert!(ran.stderr.contains("`latest` of pearl was left alone: it names 2.0.0"), "{}", ran.stderr);
    assert_eq!(world.git(&["tag", "--list", "*@1.1.0"]).lines().count(), 3);
}

#[test]
fn a_new_name_has_latest_at_once_and_nothing_is_moved_for_it() {
    let registry = Registry::with_codes();
    let world = crate::unfinished::pearls(&registry, "");
    let ran = world.relay(&["plan", "--promote-last"]).ended_with(0);
    assert!(ran.stdout.contains("pearl, necklace are new:"), "{}", ran.stdout);
    world.relay(&["publish", "--yes", "--promote-last"]).ended_with(0);
    let names = ["pearl", "necklace"];
    assert_eq!(dist_tags(&registry, &names), latest_alone(&names, "1.0.0"));
    let requests = registry.sandbox.requests();
    assert!(!requests.iter().any(|request| request.path.contains("dist-tags")), "{requests:?}");
    assert_eq!(world.git(&["tag"]).lines().count(), 2);
}

#[test]
fn a_saved_plan_names_the_side_tag_and_is_carried_out_without_the_flag() {
    let names = ["pearl", "necklace"];
    let (registry, _told) = telling(SandboxOptions::default(), codes());
    let world = chain(&registry, &names, "");
    let path = world.beside("plans").join("plan.json");
    let path = path.to_str().expect("a path");
    world.relay(&["plan", "--promote-last", "--out", path]).ended_with(0);
    let plan: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).expect("a plan")).expect("JSON");
    let side = plan["promotion"]["side_tag"].as_str().expect("a side tag").to_owned();
    let ran = world.relay(&["publish", "--yes", "--plan", path, "--json"]).ended_with(0);
    assert_eq!(side_tag(&registry), side);
    assert_eq!(dist_tags(&registry, &names), latest_alone(&names, "1.1.0"));
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(report["promotion"][0]["outcome"], "moved", "{}", ran.stdout);
    assert_eq!(report["promotion"][0]["from"], "1.0.0", "{}", ran.stdout);
    // How long the registry took is remembered for the plans to come.
    write_chain(&world, &names, "1.2.0");
    world.commit("feat: further versions");
    let ran = world.relay(&["plan", "--json"]).ended_with(0);
    let plan: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert!(plan["promotion"].is_null(), "{}", ran.stdout);
    assert!(plan["waiting"].is_null() || plan["waiting"]["delays"][0]["seen_in"] == 1, "{}", ran.stdout);
}

#[cfg(unix)]
#[test]
fn a_person_answers_as_many_challenges_as_the_plan_says() {
    let names = ["pearl", "necklace"];
    let registry = Registry::with_pages();
    let world = chain(&registry, &names, "[[policy]]\npackages = [\"*\"]\npublishing-access = \"publish\"\n");
    for name in names {
        registry.access(name, relay_sandbox::SandboxAccess::Publish);
    }
    let ran = world.relay(&["plan", "--promote-last", "--json"]).ended_with(0);
    let plan: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let planned = plan["humans"]["challenges"].as_u64().expect("a number");
    assert_eq!(planned, 6);
    assert_eq!(plan["humans"]["sittings"], 2);

    let ran = published_by_a_person(&registry, &world);
    assert_eq!(dist_tags(&registry, &names), latest_alone(&names, "1.1.0"), "{}", ran.stdout);
    let asked = ran.stdout.matches("needs a second factor. Authenticate").count();
    assert_eq!(u64::try_from(asked).ok(), Some(planned), "{}", ran.stdout);
    assert!(ran.stdout.contains("6 challenges were answered"), "{}", ran.stdout);
}

/// Publishes in a terminal, at which a person answers whatever is asked.
#[cfg(unix)]
fn published_by_a_person(registry: &Registry, world: &World) -> Ran {
    let mut child = crate::terminal::in_terminal(world, "publish --yes --promote-last --no-browser");
    wait_for(|| {
        for challenge in registry.sandbox.pending_challenges() {
            registry.sandbox.approve_challenge(&challenge.id);
        }
        child.try_wait().expect("a child").is_some()
    });
    ended(child).ended_with(0)
}

/// How often each kind of write reached the registry for each package: its tarball, its dist-tag, its side tag taken away.
#[cfg(unix)]
fn writes_of_an_answered_release(names: &[&str], otp_use: relay_sandbox::WebOtpUse) -> Vec<[usize; 3]> {
    let options = SandboxOptions { web_otp: otp_use, ..SandboxOptions::default() };
    let registry = Registry::start(options, SecondFactor::Web);
    let world = chain(&registry, names, "[[policy]]\npackages = [\"*\"]\npublishing-access = \"publish\"\n");
    for name in names {
        registry.access(name, relay_sandbox::SandboxAccess::Publish);
    }
    registry.sandbox.forget_requests();
    let ran = published_by_a_person(&registry, &world);
    assert_eq!(dist_tags(&registry, names), latest_alone(names, "1.1.0"), "{}", ran.stdout);
    let requests = registry.sandbox.requests();
    let count = |method: &str, path: &str| {
        requests.iter().filter(|request| request.method == method && request.path.starts_with(path)).count()
    };
    let of = |name: &&str| {
        let tags = format!("/-/package/{name}/dist-tags/");
        [count("PUT", &format!("/{name}")), count("PUT", &tags), count("DELETE", &tags)]
    };
    names.iter().map(of).collect()
}

#[cfg(unix)]
#[test]
fn a_kept_answer_goes_along_with_what_is_sent_next() {
    let names = ["shell", "pearl", "necklace"];
    let writes = writes_of_an_answered_release(&names, relay_sandbox::WebOtpUse::FiveMinutes);
    assert_eq!(writes, [[2, 1, 1], [1, 1, 1], [1, 1, 1]], "once to open the page");
    let writes = writes_of_an_answered_release(&names, relay_sandbox::WebOtpUse::Once);
    assert_eq!(writes, [[2, 2, 2], [3, 2, 2], [2, 2, 2]], "once more to see that an answer serves one write");
}

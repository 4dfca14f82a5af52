//! `relay release`, `publish` and `plan` against the sandbox.

use relay_sandbox::{Fault, FaultKind, FaultMatch, SandboxAccess};

use crate::sandbox::Registry;
use crate::world::World;

/// The harbor example with everything on one registry, its present versions live.
pub(crate) fn harbor(registry: &Registry) -> World {
    let mut world = World::example("harbor");
    let reports = world.read("packages/reports/package.json");
    let without_registry =
        reports.replace("\"registry\": \"https://packages.registry.example/npm/\"", "\"access\": \"public\"");
    world.write("packages/reports/package.json", &without_registry);
    registry.adopt(&mut world);
    world.commit("chore: the state that is live");
    registry.seed(&world);
    for name in ["@harbor/crypto", "@harbor/auth"] {
        registry.access(name, SandboxAccess::Publish);
    }
    world
}

/// Lets a token publish the two packages that need a person, in the registry and in the settings.
pub(crate) fn tokens_will_do(registry: &Registry, world: &World) {
    for name in ["@harbor/crypto", "@harbor/auth"] {
        registry.access(name, SandboxAccess::Automation);
    }
    world.write(
        "relay.toml",
        &world.read("relay.toml").replace("publishing-access = \"publish\"", "publishing-access = \"automation\""),
    );
    world.commit("chore: tokens will do");
}

/// Every dependency of this release stands before its dependents in the registry's own log.
fn assert_in_order(committed: &[String]) {
    let at = |name: &str| committed.iter().position(|entry| entry.starts_with(&format!("{name}@")));
    for (package, dependency) in [
        ("@harbor/http", "@harbor/log"),
        ("@harbor/events", "@harbor/log"),
        ("@harbor/config", "@harbor/schema"),
        ("@harbor/store", "@harbor/schema"),
        ("@harbor/auth", "@harbor/crypto"),
        ("@harbor/auth", "@harbor/http"),
        ("@harbor/client", "@harbor/auth"),
        ("@harbor/cli", "@harbor/client"),
    ] {
        if let (Some(package_at), Some(dependency_at)) = (at(package), at(dependency)) {
            assert!(dependency_at < package_at, "{package} before {dependency}: {committed:?}");
        }
    }
}

#[test]
fn without_a_person_all_that_needs_nobody_goes_out_and_the_rest_is_parked() {
    let registry = Registry::with_codes();
    let world = harbor(&registry);
    let ran = world.relay(&["release", "--yes"]).ended_with(4);
    let committed = registry.committed();
    assert_in_order(&committed);
    for absent in ["@harbor/crypto@", "@harbor/auth@", "@harbor/client@", "@harbor/cli@"] {
        assert!(!committed.iter().any(|entry| entry.starts_with(absent)), "{absent} {committed:?}");
    }
    assert_eq!(committed.len(), 7, "{committed:?}");
    assert!(ran.stderr.contains("held by @harbor/crypto") || ran.stderr.contains("held by @harbor/auth"));
    // Only what is live has a tag, and no token was ever sent for a package that disallows tokens.
    let tags = world.git(&["tag"]);
    assert!(tags.contains("@harbor/log@1.5.0") && !tags.contains("@harbor/crypto@1.3.0"), "{tags}");

    // The same command again, with a code: goes on with what is unfinished, and with nothing else.
    let code = registry.sandbox.current_otp(crate::sandbox::ACCOUNT).expect("a code");
    let puts = registry.puts();
    let ran = world.relay(&["release", "--yes", "--otp", &code]);
    let committed = registry.committed();
    assert_in_order(&committed);
    assert_eq!(registry.commits().iter().filter(|commit| commit.package == "@harbor/log").count(), 1);
    if ran.code == 0 {
        assert_eq!(committed.len(), 11, "{committed:?}");
        assert_eq!(registry.puts() - puts, 4, "one upload each");
    } else {
        // A code is good for one package where the registry takes each only once.
        ran.ended_with(4);
        assert!(committed.len() > 7, "{committed:?}");
    }
}

#[test]
fn a_second_run_does_nothing() {
    let registry = Registry::with_codes();
    let world = harbor(&registry);
    tokens_will_do(&registry, &world);
    let remote = world.beside("origin.git");
    let remote = remote.to_str().expect("a path");
    world.git(&["init", "-q", "--bare", remote]);
    world.git(&["remote", "add", "origin", remote]);
    world.relay(&["release", "--yes"]).ended_with(0);
    let committed = registry.committed();
    assert_in_order(&committed);
    assert_eq!(committed.len(), 11);
    let pushed = world.git(&["ls-remote", remote]);
    assert!(pushed.contains(&format!("{}\trefs/heads/main", world.git(&["rev-parse", "HEAD"]).trim())), "{pushed}");
    assert_eq!(pushed.lines().filter(|line| line.contains("refs/tags/@harbor/") && !line.ends_with("^{}")).count(), 11);
    let head = world.git(&["rev-parse", "HEAD"]);
    let puts = registry.puts();

    world.relay(&["release", "--yes"]).ended_with(0);
    world.relay(&["publish", "--yes"]).ended_with(0);
    assert_eq!(registry.puts(), puts, "not one upload more");
    assert_eq!(world.git(&["rev-parse", "HEAD"]), head);
    assert_eq!(world.git(&["status", "--porcelain"]), "");

    // An installer gets what was released.
    let said = world.install_and_run(&registry.url(), &["@harbor/cli"], "console.log(require('@harbor/cli').run())");
    assert_eq!(said, "config: harbor get: /login 2780b8ee");
}

#[test]
fn a_refused_package_holds_its_dependents_and_nobody_else() {
    let registry = Registry::with_codes();
    let world = harbor(&registry);
    tokens_will_do(&registry, &world);
    registry.sandbox.add_fault(Fault {
        when: FaultMatch::publish_of("@harbor/http"),
        what: FaultKind::error(
            403,
            "You do not have permission to publish \"@harbor/http\". Are you logged in as the correct user?",
        ),
        times: 1,
    });
    let ran = world.relay(&["release", "--yes"]).ended_with(3);
    let committed = registry.committed();
    assert_eq!(committed.len(), 7, "{committed:?}");
    for held in ["@harbor/auth", "@harbor/client", "@harbor/cli"] {
        assert!(!committed.iter().any(|entry| entry.starts_with(&format!("{held}@"))), "{held}");
        assert!(ran.stderr.contains(&format!("{held} is held")), "{}", ran.stderr);
    }
    // The refusal is gone: the rest goes out, and nothing twice.
    world.relay(&["resume", "--yes"]).ended_with(0);
    let mut committed = registry.committed();
    assert_eq!(committed.len(), 11);
    committed.sort();
    committed.dedup();
    assert_eq!(committed.len(), 11);
}

#[test]
fn a_lost_answer_is_settled_and_not_sent_again() {
    let registry = Registry::with_codes();
    let world = harbor(&registry);
    registry.sandbox.add_fault(Fault {
        when: FaultMatch::publish_of("@harbor/log"),
        what: FaultKind::DropAfterCommit,
        times: 1,
    });
    world.relay(&["release", "--yes"]).ended_with(4);
    let log = registry.committed().into_iter().filter(|entry| entry.starts_with("@harbor/log@")).count();
    assert_eq!(log, 1);
    let puts = registry.sandbox.requests().iter().filter(|r| r.method == "PUT" && r.path.contains("log")).count();
    assert_eq!(puts, 1, "what had arrived was not sent again");
}

#[test]
fn plan_writes_nothing_and_says_what_would_happen() {
    let registry = Registry::with_codes();
    let world = harbor(&registry);
    let before = (world.git(&["for-each-ref"]), world.git(&["status", "--porcelain", "--ignored"]));
    let ran = world.relay(&["plan", "--json", "--detailed-exitcode"]).ended_with(2);
    let plan: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(plan["schema"], "relay.plan/1");
    assert_eq!(plan["humans"]["packages"], serde_json::json!(["@harbor/crypto", "@harbor/auth"]));
    assert_eq!(plan["packages"].as_array().expect("packages").len(), 11);
    assert!(registry.sandbox.requests().iter().all(|request| request.method == "GET"));
    let gets = registry.sandbox.requests().len();
    let whose = registry.sandbox.requests().iter().filter(|request| request.path.ends_with("/-/whoami")).count();
    let listed = registry.sandbox.requests().iter().filter(|request| request.path.starts_with("/-/user/")).count();
    let profiles =
        registry.sandbox.requests().iter().filter(|request| request.path.ends_with("/-/npm/v1/user")).count();
    let reads = gets - whose - listed - profiles;
    assert_eq!((whose, listed), (2, 1), "one request a credential, one an account");
    assert_eq!(
        reads,
        14 + 11,
        "one request a package, and one more of what is to be released, for what its versions show"
    );
    assert_eq!(profiles, 1, "one a session, whose account must have a second factor");
    let after = (world.git(&["for-each-ref"]), world.git(&["status", "--porcelain", "--ignored"]));
    assert_eq!(after, before);

    world.relay(&["plan", "--offline"]).ended_with(0);
    assert_eq!(registry.sandbox.requests().len(), gets, "offline asks nobody");
    let text = world.relay(&["plan", "--format", "markdown"]).ended_with(0).stdout;
    assert!(text.contains("| 1 | `@harbor/log` | 1.4.0 → 1.5.0 | token |"), "{text}");
}

#[test]
fn a_saved_plan_is_refused_when_something_has_changed() {
    let registry = Registry::with_codes();
    let world = harbor(&registry);
    let plan = world.beside("plans").join("plan.json");
    let path = plan.to_str().expect("a path");
    world.relay(&["plan", "--out", path]).ended_with(0);
    world.append("packages/log/package.json", "\n");
    world.commit("chore: touch a manifest");
    let ran = world.relay(&["release", "--yes", "--plan", path]).ended_with(1);
    assert!(ran.stderr.contains("has drifted from the saved plan"), "{}", ran.stderr);
    assert_eq!(registry.puts(), 0);
}

#[test]
fn secrets_stay_where_they_belong() {
    let registry = Registry::with_codes();
    let world = harbor(&registry);
    let log = world.beside("logs").join("events.ndjson");
    world.write(
        "packages/schema/scripts/stamp.js",
        "require('node:fs').writeFileSync('stamp.txt', JSON.stringify(process.env));\n",
    );
    world.commit("chore: a script that looks around");
    let ran =
        world.relay(&["release", "--yes", "--verbose", "--log-file", log.to_str().expect("a path")]).ended_with(4);
    let stamp = world.read("packages/schema/stamp.txt");
    let events = std::fs::read_to_string(log).expect("a log");
    let journal = world.read(".git/relay/journal.ndjson");
    for secret in [&registry.bypass, &registry.session] {
        for (place, text) in [
            ("stdout", &ran.stdout),
            ("stderr", &ran.stderr),
            ("the script's environment", &stamp),
            ("the log", &events),
            ("the journal", &journal),
        ] {
            assert!(!text.contains(secret.as_str()), "{place}");
        }
    }
}

//! What the gate says of a tarball beside that of the version before: each finding is told, stops the release where it is
//! forbidden, and passes where it is allowed. What the comparison costs in requests, and that it never is in the way.

use std::fmt::Write as _;

use relay_sandbox::{Fault, FaultKind, FaultMatch, SandboxAccess, SandboxOptions, SecondFactor, SeedPackage};

use crate::counting_registry::CountingRegistry;
use crate::sandbox::{ACCOUNT, Registry};
use crate::world::{Ran, World};

/// A map that carries a source.
const MAP: &str = r#"{"version":3,"sources":["a.ts"],"sourcesContent":["let a = 1"],"mappings":"AAAA"}"#;

fn manifest(version: &str, rest: &str) -> String {
    format!("{{\"name\":\"coral\",\"version\":\"{version}\",\"license\":\"MIT\"{rest}}}\n")
}

const NPM_TOKEN: &str = "\n[[credential]]\nenv = \"NPM_TOKEN\"\nkind = \"granular-bypass\"\npackages = [\"*\"]\n";

const PUBLISH: [&str; 3] = ["publish", "--yes", "--no-push"];
const DRY_RUN: [&str; 3] = ["publish", "--dry-run", "--no-push"];

/// Two packages that need nobody, neither of them published yet.
fn unpublished_reef(registry: &Registry) -> World {
    let world = registry.reef(SandboxAccess::Automation);
    let settings = world.read("relay.toml");
    world.write("relay.toml", &format!("{NPM_TOKEN}{settings}"));
    world
}

/// `coral@1.0.0` and `pearl@1.0.0` are live, with some files.
fn reef(registry: &Registry) -> World {
    let world = unpublished_reef(registry);
    world.write("packages/coral/package.json", &manifest("1.0.0", ""));
    world.write("packages/coral/lib/a.js", "exports.a = 1;\n");
    world.write("packages/coral/lib/b.js", "exports.b = 1;\n");
    world.commit("feat: reef");
    let ran = world.relay(&PUBLISH).ended_with(0);
    says_nothing(&ran);
    world
}

/// The next version of `coral`, the same but for its number.
fn next_version(world: &World) {
    world.write("packages/coral/package.json", &manifest("1.0.1", ""));
    world.commit("fix: coral");
}

/// One way to make the next version different, and what is said of that.
struct Difference {
    finding: &'static str,
    make: fn(&World),
    says: &'static str,
}

const DIFFERENCES: [Difference; 9] = [
    Difference {
        finding: "vanished-files",
        make: |world| std::fs::remove_file(world.repo().join("packages/coral/lib/b.js")).expect("a file"),
        says: "1 file of 1.0.0 is gone: `lib/b.js`",
    },
    Difference {
        finding: "new-files",
        make: |world| world.write("packages/coral/notes.txt", "to do"),
        says: "1 file is new since 1.0.0: `notes.txt`",
    },
    Difference {
        finding: "size-jump",
        make: |world| world.write("packages/coral/lib/b.js", &"x".repeat(200_000)),
        says: "it unpacks to 200 kB, and 1.0.0 to ",
    },
    Difference {
        finding: "new-install-script",
        make: |world| {
            let scripts = r#","scripts":{"postinstall":"node lib/a.js"}"#;
            world.write("packages/coral/package.json", &manifest("1.0.1", scripts));
        },
        says: "its `postinstall` script runs wherever it is installed, and 1.0.0 runs none",
    },
    Difference {
        finding: "missing-entry-point",
        make: |world| world.write("packages/coral/package.json", &manifest("1.0.1", r#","main":"dist/a.js""#)),
        says: "names `dist/a.js` (`main`), not in the tarball",
    },
    Difference {
        finding: "unmatched-files",
        make: |world| {
            world.write("packages/coral/package.json", &manifest("1.0.1", r#","files":["lib","index.js","dist"]"#));
        },
        says: "its `files` name `dist`, which brings nothing",
    },
    Difference {
        finding: "new-source-map",
        make: |world| world.write("packages/coral/lib/a.js.map", MAP),
        says: "source maps carry the sources' text, and none of 1.0.0 did: `lib/a.js.map`",
    },
    Difference {
        finding: "secret",
        make: |world| {
            let token = format!("npm_{}", "q7Zk2LmX9vBtR4wYh8NcJ5sDf3GpE6aUqT1x");
            world.write("packages/coral/lib/b.js", &format!("exports.b = '{token}';\n"));
        },
        says: "line 1 holds an npm token",
    },
    Difference {
        finding: "secret-file",
        make: |world| world.write("packages/coral/.env", "PASSWORD=x\n"),
        says: "in `.env`: files of this name keep secrets",
    },
];

/// Sets what the gate is told.
fn gate(world: &World, settings: &str) {
    let before = world.read("relay.toml");
    let before = before.split("\n[gate]").next().unwrap_or_default();
    let before = before.split("\n[[gate.allow]]").next().unwrap_or_default();
    world.write("relay.toml", &format!("{before}\n{settings}\n"));
}

#[track_caller]
fn says(ran: &Ran, words: &str) {
    // The plan breaks its lines where the terminal ends.
    let text = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains(words), "`{words}` in: {}", ran.stderr);
}

/// Neither a finding of the gate nor a word on what could not be compared.
#[track_caller]
fn says_nothing(ran: &Ran) {
    let told = ran.stderr.lines().any(|line| ["warning:", "error:", "hint:"].iter().any(|word| line.starts_with(word)));
    assert!(!told, "{}", ran.stderr);
}

#[test]
fn each_finding_is_told_stops_where_it_is_forbidden_and_passes_where_it_is_allowed() {
    let registry = Registry::with_codes();
    let world = reef(&registry);
    next_version(&world);
    let begin = world.git(&["rev-parse", "HEAD"]);
    for Difference { finding, make, says: words } in DIFFERENCES {
        make(&world);
        let name = format!("[{finding}]");
        if finding == "secret" {
            says(&world.relay(&DRY_RUN).ended_with(1), words);
        } else {
            let told = world.relay(&DRY_RUN).ended_with(0);
            says(&told, words);
            assert!(told.stderr.contains(&name) || finding == "new-install-script", "{}", told.stderr);
        }
        gate(&world, &format!("[gate]\nforbid = [\"{finding}\"]"));
        let stopped = world.relay(&DRY_RUN).ended_with(1);
        says(&stopped, words);
        says(&stopped, "[[gate.allow]]");
        let uploads = registry.puts();
        world.relay(&PUBLISH).ended_with(1);
        assert_eq!(registry.puts(), uploads, "{finding}: nothing is sent");
        let forbidden = world.read("relay.toml");
        let allowance =
            format!("[[gate.allow]]\npackages = [\"coral\"]\nfindings = [\"{finding}\"]\nreason = \"meant\"");
        world.write("relay.toml", &format!("{forbidden}\n{allowance}\n"));
        let allowed = world.relay(&DRY_RUN).ended_with(0);
        assert!(!allowed.stderr.contains(&name) && !allowed.stderr.contains(words), "{finding}: {}", allowed.stderr);
        gate(&world, &allowance.replace("\"coral\"", "\"pearl\""));
        let another = world.relay(&DRY_RUN);
        says(&another, words);
        world.git(&["reset", "-q", "--hard", begin.trim()]);
        world.git(&["clean", "-qfd"]);
    }
    // All of them at once, each let pass.
    let mut allowances = String::new();
    for Difference { finding, make, .. } in DIFFERENCES {
        make(&world);
        let _ = writeln!(allowances, "[[gate.allow]]\nfindings = [\"{finding}\"]\nreason = \"meant\"");
    }
    gate(&world, &allowances);
    world.commit("feat: all at once");
    let ran = world.relay(&PUBLISH).ended_with(0);
    says_nothing(&ran);
    assert!(registry.committed().contains(&"coral@1.0.1".to_owned()));
}

#[test]
fn a_clean_release_has_no_findings_and_costs_one_request_a_package() {
    let registry = Registry::with_codes();
    let world = reef(&registry);
    next_version(&world);
    let fetched = |registry: &Registry| {
        let requests = registry.sandbox.requests();
        requests.iter().filter(|it| it.method == "GET" && it.path.contains("coral-1.0.0.tgz")).count()
    };
    let before = fetched(&registry);
    world.relay(&["plan", "--check"]).ended_with(0);
    assert_eq!(fetched(&registry), before, "a plan that doesn't pack fetches no tarball");
    let dry = world.relay(&DRY_RUN).ended_with(0);
    assert_eq!(fetched(&registry), before + 1);
    world.relay(&["plan", "--out", "plan.json"]).ended_with(0);
    let planned = fetched(&registry);
    std::fs::remove_file(world.repo().join("plan.json")).expect("a plan");
    let ran = world.relay(&PUBLISH).ended_with(0);
    assert_eq!(fetched(&registry), planned + 1);
    for ran in [dry, ran] {
        says_nothing(&ran);
    }
    let of_pearl = registry.sandbox.requests().into_iter().filter(|it| it.path.contains("pearl-1.0.0.tgz")).count();
    assert!(of_pearl <= 1, "what is not about to be published is not fetched");
}

#[test]
fn whoever_wants_no_comparison_fetches_none_and_is_told_what_the_registry_says_anyway() {
    let registry = Registry::with_codes();
    let world = unpublished_reef(&registry);
    // What npm's registry states of each version by itself.
    let dist = serde_json::json!({ "unpackedSize": 1_000, "fileCount": 8 });
    registry.sandbox.seed_package(SeedPackage {
        manifest: serde_json::json!({ "name": "coral", "version": "1.0.0", "dist": dist }),
        tarball: b"a tarball".to_vec(),
        owner: ACCOUNT.to_owned(),
        tag: None,
    });
    next_version(&world);
    world.write("packages/coral/index.js", &"x".repeat(200_000));
    gate(&world, "[gate]\ncompare = false");
    let ran = world.relay(&DRY_RUN).ended_with(0);
    says(&ran, "it has 2 files, and 1.0.0 had 8");
    says(&ran, "it unpacks to 200 kB, and 1.0.0 to 1 kB");
    assert!(!ran.stderr.contains("compared"), "{}", ran.stderr);
    let tarballs =
        |registry: &Registry| registry.sandbox.requests().iter().filter(|it| it.path.contains(".tgz")).count();
    assert_eq!(tarballs(&registry), 0);
    gate(&world, "");
    says(&world.relay(&DRY_RUN).ended_with(0), "`coral` is not compared with the version before: it can't be read");
    assert_eq!(tarballs(&registry), 1);
}

#[test]
fn a_tarball_on_another_host_is_fetched_without_the_credential_and_its_absence_stops_nothing() {
    let elsewhere = CountingRegistry::start();
    let options = SandboxOptions { tarball_base: Some(elsewhere.url().to_owned()), ..SandboxOptions::default() };
    let registry = Registry::start(options, SecondFactor::Totp { secret: "relay-end-to-end-test".to_owned() });
    let world = unpublished_reef(&registry);
    world.commit("feat: reef");
    // No tarball is there, so that nothing becomes visible in its time; it is published all the same.
    world.append("relay.toml", "\n[publish]\nwait-for = \"accepted\"\nvisibility-timeout = \"10ms\"\n");
    world.commit("chore: don't wait");
    world.relay(&PUBLISH);
    assert_eq!(registry.committed().len(), 2);
    next_version(&world);
    let ran = world.relay(&DRY_RUN).ended_with(0);
    says(&ran, "`coral` is not compared with the version before: the registry does not have it any more");
    says(&ran, "`compare = false` under `[gate]`");
    let asked = elsewhere.asked();
    assert!(asked.iter().any(|asked| asked.path.contains("coral-1.0.0.tgz")), "{asked:?}");
    assert!(asked.iter().all(|asked| !asked.headers.contains_key("authorization")), "{asked:?}");
    for secret in [&registry.bypass, &registry.session] {
        assert!(elsewhere.asked_with(secret).is_empty());
    }
}

#[test]
fn what_is_wrong_with_a_fetched_tarball_is_told_and_stops_nothing() {
    let registry = Registry::with_codes();
    let world = reef(&registry);
    next_version(&world);
    let says_status = |code: u16, body: &str| FaultKind::Status { code, body: body.to_owned(), headers: Vec::new() };
    for (what, words) in [
        (says_status(200, "something else"), "its bytes are not those of the digest that the registry states"),
        (says_status(500, "{}"), "answered 500"),
        (says_status(404, "{}"), "the registry does not have it any more"),
        (FaultKind::Oversized { bytes: 17 * 1024 * 1024 }, "is larger than 16777216 bytes"),
        (FaultKind::DropBeforeCommit, "could not read the tarball of `coral`"),
    ] {
        let when = FaultMatch::path("GET", "*coral-1.0.0.tgz");
        registry.sandbox.add_fault(Fault { when, what, times: 1 });
        let ran = world.relay(&DRY_RUN).ended_with(0);
        says(&ran, "`coral` is not compared with the version before: ");
        says(&ran, words);
    }
    let when = FaultMatch::path("GET", "*coral-1.0.0.tgz");
    registry.sandbox.add_fault(Fault { when, what: FaultKind::error(403, "no"), times: 1 });
    let ran = world.relay(&PUBLISH).ended_with(0);
    says(&ran, "`coral` is not compared with the version before: ");
    assert!(registry.committed().contains(&"coral@1.0.1".to_owned()));
}

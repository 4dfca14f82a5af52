//! A version that shows less of how it was published than an earlier one: relay says before what pnpm says afterwards.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use relay_sandbox::{SandboxAccess, SeedPackage, VersionEvidence};

use crate::sandbox::{ACCOUNT, Registry};
use crate::world::{World, pinned_node, tools};

fn staged() -> VersionEvidence {
    VersionEvidence { approver: Some(ACCOUNT.to_owned()), ..VersionEvidence::default() }
}

fn by_oidc(provenance: bool) -> VersionEvidence {
    VersionEvidence { trusted_publisher: Some("github".to_owned()), provenance, ..VersionEvidence::default() }
}

fn provenance() -> VersionEvidence {
    VersionEvidence { provenance: true, ..VersionEvidence::default() }
}

/// A package: its name, its published versions in the order of their publication, the version that a token would publish.
type Past = (&'static str, Vec<(&'static str, VersionEvidence)>, &'static str);

/// The pasts, one for each rule of the ranking.
fn pasts() -> Vec<Past> {
    let none = VersionEvidence::default;
    vec![
        ("shown-nothing", vec![("1.0.0", none())], "1.0.1"),
        ("was-staged", vec![("1.0.0", staged())], "1.0.1"),
        ("was-trusted", vec![("1.0.0", by_oidc(true))], "1.0.1"),
        ("was-trusted-without-provenance", vec![("1.0.0", by_oidc(false))], "1.0.1"),
        ("had-provenance", vec![("1.0.0", provenance())], "1.0.1"),
        ("weakened-already", vec![("1.0.0", staged()), ("1.0.1", none())], "1.0.2"),
        ("staged-in-a-higher-line", vec![("2.0.0", staged())], "1.0.1"),
        ("staged-as-a-prerelease", vec![("1.0.0", none()), ("1.1.0-rc.0", staged())], "1.1.0"),
        ("prerelease-after-a-staged-one", vec![("1.1.0-rc.0", staged())], "1.1.0-rc.1"),
        ("prerelease-after-a-staged-release", vec![("1.0.0", staged())], "1.1.0-rc.0"),
    ]
}

/// Puts a version there, later than all before.
fn put(registry: &Registry, name: &str, version: &str, evidence: VersionEvidence) {
    registry.sandbox.advance(Duration::from_mins(1));
    let folder = World::empty();
    folder.write("package/package.json", &format!("{{\"name\":\"{name}\",\"version\":\"{version}\"}}"));
    let tarball = folder.repo().join("package.tgz");
    let tar = folder.run(Command::new("tar").arg("-czf").arg(&tarball).args([
        "-C",
        folder.repo().to_str().expect("a path"),
        "package",
    ]));
    assert_eq!(tar.code, 0, "{}", tar.stderr);
    registry.sandbox.seed_package(SeedPackage {
        manifest: serde_json::json!({ "name": name, "version": version }),
        tarball: std::fs::read(&tarball).expect("a tarball"),
        owner: ACCOUNT.to_owned(),
        tag: Some(if version.contains('-') { "next" } else { "latest" }.to_owned()),
    });
    assert!(registry.sandbox.set_evidence(name, version, evidence));
}

/// A repository of all these packages, each at the version that is next.
fn repository(registry: &Registry, pasts: &[Past]) -> World {
    let mut world = World::empty();
    world.write("package.json", "{\"name\":\"root\",\"private\":true,\"workspaces\":[\"packages/*\"]}\n");
    for (name, published, next) in pasts {
        let manifest = format!(
            "{{\"name\":\"{name}\",\"version\":\"{next}\",\"license\":\"MIT\",\"publishConfig\":{{\"tag\":\"line\"}}}}\n"
        );
        world.write(&format!("packages/{name}/package.json"), &manifest);
        registry.access(name, SandboxAccess::Automation);
        for (version, evidence) in published {
            put(registry, name, version, evidence.clone());
        }
    }
    registry.adopt(&mut world);
    world.append("relay.toml", "\n[[credential]]\nenv = \"NPM_TOKEN\"\nkind = \"granular-bypass\"\n");
    // Without such a list what was staged once would be staged again.
    world.append("relay.toml", "\n[[policy]]\npackages = [\"*\"]\nroutes = [\"token\"]\n");
    world.commit("chore: begin");
    world
}

/// The packages that a plan would not let out for what they would show.
fn refused_by_relay(world: &World) -> BTreeSet<String> {
    let plan = world.relay(&["plan", "--json"]).ended_with(0);
    let plan: serde_json::Value = serde_json::from_str(&plan.stdout).expect("JSON");
    let findings = plan["findings"].as_array().expect("findings").iter();
    let refused = findings.filter(|finding| {
        finding["severity"] == "error" && finding["text"].as_str().is_some_and(|text| text.contains("TRUST_DOWNGRADE"))
    });
    refused.map(|finding| finding["package"].as_str().expect("a package").to_owned()).collect()
}

#[test]
fn relay_stops_what_pnpm_refuses_and_nothing_else() {
    let registry = Registry::with_codes();
    let pasts = pasts();
    let world = repository(&registry, &pasts);
    let refused = refused_by_relay(&world);

    // As if a token had published them all the same.
    let mut refused_by_pnpm = BTreeSet::new();
    for (name, _, next) in &pasts {
        put(&registry, name, next, VersionEvidence::default());
        let consumer = world.beside(&format!("consumer-{name}"));
        let manifest =
            format!("{{\"name\":\"consumer\",\"private\":true,\"dependencies\":{{\"{name}\":\"{next}\"}}}}\n");
        std::fs::write(consumer.join("package.json"), manifest).expect("a manifest");
        std::fs::write(consumer.join("pnpm-workspace.yaml"), "trustPolicy: no-downgrade\nminimumReleaseAge: 0\n")
            .expect("settings");
        std::fs::write(consumer.join(".npmrc"), format!("registry={}\n", registry.url())).expect("an .npmrc");
        let mut pnpm = Command::new(tools().join("node_modules/@pnpm/exe.linux-x64/pnpm"));
        let node = pinned_node();
        let path = format!("{}:/usr/bin:/bin", node.parent().expect("a folder").display());
        let ran = world.run(pnpm.arg("install").current_dir(&consumer).env("CI", "true").env("PATH", path));
        let said = format!("{}{}", ran.stdout, ran.stderr);
        if said.to_lowercase().contains("trust downgrade") {
            refused_by_pnpm.insert((*name).to_owned());
        } else {
            assert_eq!(ran.code, 0, "{name}: {said}");
        }
    }
    assert_eq!(refused, refused_by_pnpm);
    assert_eq!(
        refused.iter().map(String::as_str).collect::<Vec<_>>(),
        [
            "had-provenance",
            "prerelease-after-a-staged-one",
            "prerelease-after-a-staged-release",
            "staged-in-a-higher-line",
            "was-staged",
            "was-trusted",
            "weakened-already",
        ]
    );
}

#[test]
fn what_is_meant_goes_out_with_its_reason_in_plan_and_report_and_is_remembered() {
    let registry = Registry::with_codes();
    let pasts: Vec<Past> = pasts().into_iter().filter(|(name, ..)| *name == "was-staged").collect();
    let world = repository(&registry, &pasts);
    let ran = world.relay(&["publish", "--yes"]).ended_with(1);
    for words in ["1.0.0 of 20", "a person's approval of a staged version", "allow-trust-downgrade"] {
        assert!(ran.stderr.contains(words), "{words}: {}", ran.stderr);
    }
    assert_eq!(registry.puts(), 0);

    world.append(
        "relay.toml",
        "\n[[policy]]\npackages = [\"was-*\"]\nallow-trust-downgrade = \"nobody can approve this week\"\n",
    );
    world.commit("chore: a weaker route");
    let plan = world.relay(&["plan"]).ended_with(0);
    assert!(plan.stdout.contains("nobody can approve this week"), "{}", plan.stdout);
    let ran = world.relay(&["publish", "--yes", "--json"]).ended_with(0);
    assert!(ran.stdout.contains("nobody can approve this week"), "the report has it: {}", ran.stdout);
    assert_eq!(registry.committed(), ["was-staged@1.0.1"]);
}

/// More than are read whole in the first place, so that npm's short form is read first.
fn many() -> Vec<Past> {
    const NAMES: [&str; 7] = ["p1", "p2", "p3", "p4", "p5", "p6", "p7"];
    NAMES.iter().map(|name| (*name, vec![("1.0.0", VersionEvidence::default())], "1.0.1")).collect()
}

#[test]
fn at_most_two_documents_a_package_are_read_and_one_where_the_evidence_is_remembered() {
    let registry = Registry::with_codes();
    let world = repository(&registry, &many());
    let mut before = Vec::new();
    // How often each package's document was read since the last look.
    let mut reads = || {
        let all = registry.sandbox.requests();
        let of = |name: &str| {
            all.iter().filter(|request| request.method == "GET" && request.path == format!("/{name}")).count()
        };
        let now: Vec<usize> = many().iter().map(|(name, ..)| of(name)).collect();
        let since = now.iter().enumerate().map(|(at, count)| count - before.get(at).unwrap_or(&0)).collect::<Vec<_>>();
        before = now;
        since
    };
    world.relay(&["plan"]).ended_with(0);
    assert_eq!(reads(), [2; 7]);
    world.relay(&["plan"]).ended_with(0);
    assert_eq!(reads(), [2; 7], "a plan writes nothing");
    // All uploads are refused, so that the same versions stand there afterwards.
    for (name, ..) in many() {
        registry.access(name, SandboxAccess::Publish);
    }
    world.relay(&["publish", "--yes"]);
    assert_eq!((registry.committed(), reads().len()), (Vec::new(), 7));
    world.relay(&["plan"]).ended_with(0);
    assert_eq!(reads(), [1; 7]);
    put(&registry, "p1", "1.0.0-rc.0", staged());
    world.relay(&["plan"]).ended_with(0);
    assert_eq!(reads(), [2, 1, 1, 1, 1, 1, 1], "with another version there what was seen holds no more");
}

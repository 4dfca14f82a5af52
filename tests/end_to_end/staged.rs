//! Releases that are staged in one place and approved by a person in another: `relay publish`, then `relay approve`.

use relay_sandbox::{CredentialUsed, Fault, FaultKind, FaultMatch, TokenKind};

use crate::owed::{head, with_remote};
use crate::sandbox::{ACCOUNT, Registry};
use crate::takeover::{SHORT_LOCK, clone, tagged};
use crate::unfinished::{PATIENCE, telling_registry, write_pearls};
use crate::world::{Ran, World};

const STAGED: &str = "[[policy]]\npackages = [\"*\"]\nroutes = [\"staged\"]\n\n[[credential]]\nenv = \"NPM_STAGE\"\n\
                      kind = \"granular-stage\"\n";

/// Two packages whose 1.0.0 is published and whose 1.1.0 is to be staged, with a remote.
fn world(registry: &Registry, settings: &str) -> (World, String) {
    let mut world = World::empty();
    write_pearls(&world, settings);
    registry.adopt(&mut world);
    let token = registry.sandbox.create_token(ACCOUNT, TokenKind::stage_only());
    world.guard(&token);
    world.set("NPM_STAGE", &token);
    world.append("relay.toml", STAGED);
    world.commit("feat: pearls");
    registry.seed(&world);
    world.write("packages/pearl/package.json", "{\"name\":\"pearl\",\"version\":\"1.1.0\"}\n");
    world.write(
        "packages/necklace/package.json",
        "{\"name\":\"necklace\",\"version\":\"1.1.0\",\"dependencies\":{\"pearl\":\"^1.1.0\"}}\n",
    );
    world.commit("chore: 1.1.0");
    let remote = with_remote(&world);
    (world, remote)
}

/// What was staged, in order, whatever became of it.
fn staged(registry: &Registry) -> Vec<String> {
    registry.sandbox.staged_log().into_iter().map(|one| format!("{}@{}", one.package, one.version)).collect()
}

/// Approves in a folder, with the code of the account's app.
fn approve(registry: &Registry, world: &World, folder: &str, more: &[&str]) -> Ran {
    let code = registry.sandbox.current_otp(ACCOUNT).expect("an app");
    let arguments = ["--cwd", folder, "approve", "--yes", "--otp", &code];
    world.relay(&arguments.iter().chain(more).copied().collect::<Vec<_>>())
}

fn requests(registry: &Registry, method: &str, ending: &str) -> usize {
    registry.sandbox.requests().iter().filter(|one| one.method == method && one.path.ends_with(ending)).count()
}

#[test]
fn what_ci_stages_a_person_approves_in_another_clone() {
    let registry = Registry::with_codes();
    let (world, remote) = world(&registry, "");
    let ran = world.relay(&["publish", "--yes"]).ended_with(4);
    assert!(ran.stderr.contains("`relay approve`"), "{}", ran.stderr);
    assert_eq!(staged(&registry), ["pearl@1.1.0", "necklace@1.1.0"]);
    assert!(registry.sandbox.staged_log().iter().all(|one| one.credential == CredentialUsed::StageOnly));
    assert_eq!((registry.puts(), registry.commits().len()), (0, 0));
    assert!(registry.sandbox.pending_challenges().is_empty(), "staging asks nobody");

    // Once more, also where the journal is lost: what is staged is found, and not staged again.
    world.relay(&["publish", "--yes"]).ended_with(4);
    std::fs::remove_dir_all(world.repo().join(".git/relay")).expect("the state is lost");
    world.relay(&["publish", "--yes"]).ended_with(4);
    assert_eq!(staged(&registry).len(), 2);

    let other = clone(&world, &remote, "other");
    let shown = world.relay(&["--cwd", &other, "approve", "--dry-run"]).ended_with(0);
    assert!(shown.stderr.contains("2 staged versions for this release"), "{}", shown.stderr);
    assert!(registry.commits().is_empty());
    registry.sandbox.forget_requests();
    let ran = approve(&registry, &world, &other, &[]).ended_with(0);
    assert!(ran.stderr.contains("2 of 2 staged versions published"), "{}", ran.stderr);
    assert_eq!(registry.committed(), ["pearl@1.1.0", "necklace@1.1.0"]);
    assert!(registry.commits().iter().all(|commit| commit.approver.as_deref() == Some(ACCOUNT) && commit.otp));
    assert_eq!(requests(&registry, "POST", "/approve"), 2, "the given code goes along at once");
    assert_eq!(registry.puts(), 0);
    for tag in ["pearl@1.1.0", "necklace@1.1.0"] {
        assert_eq!(tagged(&world, &remote, tag), head(&world), "{tag}");
    }
    // Nothing is left to do, here and there.
    let ran = approve(&registry, &world, &other, &[]).ended_with(0);
    assert!(ran.stderr.contains("Nothing is staged"), "{}", ran.stderr);
    world.relay(&["publish", "--yes"]).ended_with(0);
    assert_eq!((staged(&registry).len(), registry.commits().len()), (2, 2));
}

#[test]
fn a_lost_answer_to_a_staging_is_found_in_the_list() {
    for what in
        [FaultKind::DropAfterCommit, FaultKind::StatusAfterCommit { code: 502, body: String::new(), headers: vec![] }]
    {
        let registry = Registry::with_codes();
        let (world, _) = world(&registry, "");
        registry.sandbox.add_fault(Fault { when: FaultMatch::of("POST", "pearl"), what, times: 1 });
        world.relay(&["publish", "--yes"]).ended_with(4);
        assert_eq!(staged(&registry), ["pearl@1.1.0", "necklace@1.1.0"]);
        assert_eq!(requests(&registry, "POST", "/stage/package/pearl"), 1);
    }
}

#[test]
fn what_others_staged_is_shown_and_never_approved() {
    let registry = Registry::with_codes();
    let (world, _) = world(&registry, "");
    world.relay(&["publish", "--yes"]).ended_with(4);
    let folder = world.beside("foreign");
    std::fs::write(folder.join("package.json"), "{\"name\":\"pearl\",\"version\":\"9.9.9\"}\n").expect("a manifest");
    let mut npm = std::process::Command::new("npm");
    let url = registry.url();
    let ran = world.run(npm.args(["stage", "publish", "--registry", &url]).current_dir(&folder));
    assert_eq!(ran.code, 0, "{}", ran.stderr);

    let ran = approve(&registry, &world, ".", &[]).ended_with(0);
    assert!(ran.stderr.contains("Never approved here") && ran.stderr.contains("9.9.9"), "{}", ran.stderr);
    assert_eq!(registry.committed(), ["pearl@1.1.0", "necklace@1.1.0"]);
    assert_eq!(registry.sandbox.staged().len(), 1, "it waits on");
}

#[test]
fn other_bytes_under_a_stage_stop_it_and_what_depends_on_it() {
    let registry = Registry::with_codes();
    let (world, _) = world(&registry, "");
    world.relay(&["publish", "--yes"]).ended_with(4);
    let stages = registry.sandbox.staged();
    let pearl = stages.iter().find(|one| one.package == "pearl").expect("staged");
    assert!(registry.sandbox.swap_staged_bytes(&pearl.id, b"other bytes".to_vec()));
    let ran = approve(&registry, &world, ".", &[]).ended_with(1);
    assert!(ran.stderr.contains("its tarball is not the release's"), "{}", ran.stderr);
    assert!(ran.stderr.contains("is held"), "{}", ran.stderr);
    assert!(registry.commits().is_empty());
}

#[test]
fn what_is_rejected_is_gone_and_told() {
    let registry = Registry::with_codes();
    let (world, _) = world(&registry, "");
    world.relay(&["publish", "--yes"]).ended_with(4);
    approve(&registry, &world, ".", &["--reject"]).ended_with(0);
    assert!(registry.sandbox.staged().is_empty() && registry.commits().is_empty());
    let ran = approve(&registry, &world, ".", &[]).ended_with(4);
    assert!(
        ran.stderr.contains("Not published and not staged") && ran.stderr.contains("relay resume"),
        "{}",
        ran.stderr
    );
    world.relay(&["resume", "--yes"]).ended_with(4);
    assert_eq!(staged(&registry).len(), 4, "its number is free again");
}

#[test]
fn an_approval_that_was_killed_between_two_packages_goes_on() {
    let (registry, published) = telling_registry();
    let (world, remote) = world(&registry, SHORT_LOCK);
    world.relay(&["publish", "--yes"]).ended_with(4);
    registry.sandbox.hold("pearl");
    let code = registry.sandbox.current_otp(ACCOUNT).expect("an app");
    let mut child = world.start(&["approve", "--yes", "--otp", &code]);
    assert_eq!(published.recv_timeout(PATIENCE).expect("an approval"), "pearl");
    child.kill().expect("it is ended");
    child.wait().expect("an end");
    registry.sandbox.release("pearl");
    approve(&registry, &world, ".", &[]).ended_with(0);
    assert_eq!(registry.committed(), ["pearl@1.1.0", "necklace@1.1.0"]);
    assert_eq!(tagged(&world, &remote, "pearl@1.1.0"), head(&world));
}

#[test]
fn a_new_package_is_not_staged_and_the_plan_says_what_to_do() {
    let registry = Registry::with_codes();
    let (world, _) = world(&registry, "");
    world.write("packages/shell/package.json", "{\"name\":\"shell\",\"version\":\"1.0.0\"}\n");
    world.commit("feat: shell");
    let ran = world.relay(&["publish", "--yes"]).ended_with(1);
    assert!(ran.stderr.contains("only for one that exists a version can be staged"), "{}", ran.stderr);
    assert!(staged(&registry).is_empty() && registry.puts() == 0, "all or nothing");
}

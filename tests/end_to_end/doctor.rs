//! `relay doctor`: each thing with its fix, nothing written, no secret shown.

use relay_sandbox::{NewAccount, SandboxAccess, SandboxOptions, SecondFactor, TokenKind};

use crate::sandbox::Registry;

/// The lines of the document, as `area verdict: text`.
fn checks(text: &str) -> Vec<String> {
    let document: serde_json::Value = serde_json::from_str(text).expect("JSON");
    assert_eq!(document["schema"], "relay.doctor/1");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let all = document["checks"].as_array().expect("checks").iter();
    all.map(|one| format!("{} {}: {}", text(&one["area"]), text(&one["verdict"]), text(&one["text"]))).collect()
}

#[track_caller]
fn has(checks: &[String], words: &str) {
    assert!(checks.iter().any(|line| line.contains(words)), "{words}: {checks:#?}");
}

#[test]
fn a_repository_in_order_is_told_so() {
    let registry = Registry::with_codes();
    let world = registry.reef(SandboxAccess::Automation);
    world.append("relay.toml", "\n[[policy]]\npackages = [\"*\"]\npublishing-access = \"automation\"\n");
    world.commit("feat: begin");
    registry.seed(&world);
    let remote = world.beside("remote.git");
    world.git(&["init", "-q", "--bare", remote.to_str().expect("a path")]);
    world.git(&["remote", "add", "origin", remote.to_str().expect("a path")]);
    world.git(&["push", "-q", "origin", "main"]);
    let ran = world.relay(&["doctor", "--json"]).ended_with(0);
    let told = checks(&ran.stdout);
    for words in [
        "registry good: this machine's clock agrees",
        "account good: the credential from",
        "account good: the account `captain` has a second factor",
        "packages good: all 2 packages may be written",
        "git good: git knows who commits",
        "git good: the remote `origin` can be reached and would take `main` and tags",
        "ci not-checked: no workflow",
        "consumers good: ",
    ] {
        has(&told, words);
    }
    let writes = registry.sandbox.requests().into_iter().filter(|request| request.method != "GET").count();
    assert_eq!(writes, 0);
    assert_eq!(world.git(&["ls-remote", "origin", "refs/tags/*"]), "", "nothing was pushed");
    assert_eq!(world.git(&["status", "--porcelain"]), "");
}

#[test]
fn what_is_wrong_is_told_with_its_fix_and_ends_with_1() {
    let registry = Registry::start(SandboxOptions::default(), SecondFactor::None);
    let mut world = registry.reef(SandboxAccess::Automation);
    world.write(
        "packages/coral/package.json",
        "{\"name\":\"coral\",\"version\":\"1.0.0\",\"dependencies\":{\"far\":\"git+https://forge.example/far.git\"}}\n",
    );
    world.write(
        ".github/workflows/release.yml",
        "permissions: {}\njobs:\n  out:\n    steps:\n      - run: npx relay release --yes\n",
    );
    world.commit("feat: begin");
    let ran = world.relay(&["doctor"]).ended_with(1);
    for words in [
        "✘ the account `captain` has no second factor",
        "fix: turn it on: `relay auth 2fa",
        "✘ the repository has no remote",
        "✘ the job `out` of `.github/workflows/release.yml` lacks `id-token: write`",
        "✘ `coral` depends on `far` by a git or URL address",
        "– publishing access at",
    ] {
        assert!(ran.stdout.contains(words), "{words}: {}", ran.stdout);
    }
    // The same without asking anybody.
    let before = registry.sandbox.requests().len();
    let told = checks(&world.relay(&["doctor", "--json", "--offline"]).ended_with(1).stdout);
    has(&told, "registry not-checked: no registry was asked");
    has(&told, "consumers bad: `coral` depends on");
    assert_eq!(registry.sandbox.requests().len(), before);

    // A token may not ask about the second factor, and one that has ended is told as such.
    let account = NewAccount {
        name: "boatswain".to_owned(),
        password: "correct horse".to_owned(),
        second_factor: SecondFactor::Web,
    };
    registry.sandbox.add_account(account);
    let token = registry.sandbox.create_token("boatswain", TokenKind::bypass());
    world.guard(&token);
    world.set("SESSION_TOKEN", &token);
    let told = checks(&world.relay(&["doctor", "--json"]).ended_with(1).stdout);
    has(&told, "account good: the credential from `//127.0.0.1");
    has(&told, "account not-checked: whether its account has a second factor");
    world.set("SESSION_TOKEN", "npm_0000000000000000000000000000000000gone");
    let told = checks(&world.relay(&["doctor", "--json"]).ended_with(1).stdout);
    has(&told, "does not know the credential from");
    world.set("SESSION_TOKEN", "");
    world.set("NPM_TOKEN", "");
    let told = checks(&world.relay(&["doctor", "--json"]).ended_with(1).stdout);
    has(&told, "account bad: no credential for");
}

#[test]
fn a_registry_that_is_not_there_is_one_line_among_the_others() {
    let registry = Registry::with_codes();
    let world = registry.reef(SandboxAccess::Automation);
    world.commit("feat: begin");
    drop(registry);
    let told = checks(&world.relay(&["doctor", "--json"]).ended_with(1).stdout);
    has(&told, "can't be reached");
    has(&told, "git good: git knows who commits");
}

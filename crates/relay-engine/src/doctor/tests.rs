//! What each look tells.

use jiff::SignedDuration;

use super::*;
use crate::fixture::loopback::{LoopbackRegistry, json};
use crate::fixture::{Repo, TWO, session};

/// The lines of one area, each with its sign.
fn lines(checks: &[Check], area: Area) -> Vec<String> {
    let sign = |verdict| match verdict {
        Verdict::Good => "good",
        Verdict::Bad => "bad",
        Verdict::NotChecked => "not checked",
    };
    let of_area = checks.iter().filter(|check| check.area == area);
    of_area.map(|check| format!("{}: {}", sign(check.verdict), check.text)).collect()
}

fn workflow(job: &str) -> Vec<String> {
    let text = format!("on: push\njobs:\n  publish:\n    runs-on: ubuntu-latest\n{job}");
    let repo = Repo::of(&[TWO.as_slice(), &[(".github/workflows/release.yml", text.as_str())]].concat());
    lines(&workflows::examine(&repo.project()), Area::Ci)
}

#[test]
fn a_job_that_publishes_needs_its_rights_and_others_need_none() {
    let steps = "    steps:\n      - run: pnpm install\n      - run: |\n          relay release --yes\n";
    let place = "the job `publish` of `.github/workflows/release.yml`";
    let told = workflow(&format!("    permissions:\n      id-token: write\n      contents: read\n{steps}"));
    assert_eq!(
        told,
        [
            format!("good: {place} has `id-token: write`, for trusted publishing and provenance"),
            format!("bad: {place} lacks `contents: write`, so that pushing tags and commits can't be done there"),
        ]
    );
    let told = workflow(steps);
    assert!(told[0].starts_with("bad: ") && told[1].starts_with("not checked: "), "{told:?}");
    assert!(workflow(&format!("    permissions: write-all\n{steps}")).iter().all(|line| line.starts_with("good: ")));
    for other in ["    steps:\n      - run: relay plan\n", "    steps:\n      - uses: x/relay@v1\n", "    steps: 7\n"] {
        let told = workflow(other);
        assert!(told.len() == 1 && told[0].starts_with("not checked: no workflow"), "{other}: {told:?}");
    }
}

#[test]
fn what_users_of_npm_and_pnpm_will_meet_is_told() {
    let of = |manifest: &str, more: &[(&str, &str)]| {
        let root = (
            "package.json",
            r#"{"name":"root","private":true,"workspaces":["packages/*"],"packageManager":"pnpm@12.0.0"}"#,
        );
        let repo = Repo::of(&[&[root, ("packages/a/package.json", manifest)], more].concat());
        lines(&consumers::examine(&repo.project()), Area::Consumers)
    };
    let plain = |fields: &str| format!(r#"{{"name":"@acme/a","version":"1.0.0"{fields}}}"#);
    let first = |fields: &str| of(&plain(fields), &[]).remove(0);
    assert!(first("").starts_with("good: no package has git"));
    assert!(
        first(r#","dependencies":{"x":"git+https://forge.example/x.git"}"#).contains("depends on `x` by a git or URL")
    );
    assert!(first(r#","optionalDependencies":{"x":"https://forge.example/x.tgz"}"#).starts_with("bad: "));
    assert!(
        first(r#","devDependencies":{"x":"git+https://forge.example/x.git"}"#).starts_with("good: "),
        "nobody installs it"
    );
    assert!(first(r#","scripts":{"postinstall":"node x"}"#).contains("runs `postinstall` at installation"));
    let dual = |files: &str| plain(&format!(r#","contentPolicy":{{"class":"dual-use"}}{files}"#));
    let disclosure = [("packages/a/DISCLOSURE", "It scans.\n")];
    assert!(of(&dual(""), &[])[0].contains("has no file `DISCLOSURE`"));
    assert!(of(&dual(""), &disclosure)[0].starts_with("good: "));
    assert!(of(&dual(r#","files":["dist"]"#), &disclosure)[0].contains("leave `DISCLOSURE` out"));
    assert!(of(&dual(r#","files":["dist","/DISCLOSURE"]"#), &disclosure)[0].starts_with("good: "));

    let age = |settings: &str| {
        of(&plain(""), &[("pnpm-workspace.yaml", &format!("packages: [\"packages/*\"]\n{settings}"))]).remove(0)
    };
    assert!(age("").contains("`minimumReleaseAge` counts"), "pnpm 11 and later have it by default");
    assert!(age("minimumReleaseAge: 0\n").starts_with("good: no package has git"));
    assert!(
        age("minimumReleaseAge: 60\nminimumReleaseAgeExclude: [\"@acme/*\"]\n")
            .contains("leaves this repository's own packages out")
    );
}

#[tokio::test]
async fn a_clock_that_is_off_is_told_and_so_is_a_registry_that_nobody_answers_for() {
    let registry = LoopbackRegistry::answering([json("/-/ping", 200, serde_json::json!({}))]).await;
    let project = Repo::of(&TWO).project();
    let npmrc = format!("registry={}\n", registry.url);
    let mut session = Session { offline: false, ..session(&npmrc) };
    let told = |found: Examination| lines(&found.checks, Area::Registry).join("\n");
    let its = session.client.time_of(&registry.url).await.unwrap();
    if let Some(its) = its {
        session.now = its;
        assert!(told(examine(&project, &session, &Learnt::default()).await).contains("clock agrees"));
        session.now = its.checked_add(SignedDuration::from_hours(1)).unwrap();
        let text = told(examine(&project, &session, &Learnt::default()).await);
        assert!(text.contains("ahead of that of"), "{text}");
        session.now = its.checked_sub(SignedDuration::from_hours(1)).unwrap();
        assert!(told(examine(&project, &session, &Learnt::default()).await).contains("behind that of"));
    } else {
        assert!(told(examine(&project, &session, &Learnt::default()).await).contains("tells no time"));
    }
}

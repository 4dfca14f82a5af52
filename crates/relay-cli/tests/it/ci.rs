//! What a forge's log is told: groups and annotations on stderr, and nothing of them on stdout.

use crate::registry;
use crate::world::Repo;

/// A package that is new and has a scope, and one that has a dependency nobody has.
fn repo() -> Repo {
    Repo::pnpm()
        .package("@acme/core", "1.0.0", "")
        .package("b", "1.0.0", r#""dependencies":{"gone":"workspace:^"}"#)
        .file(".changeset/one.md", "---\n\"@acme/core\": minor\n\"b\": patch\n---\n\nMore.\n")
        .registry(&registry::empty(), Some("${WORLD_TOKEN}"))
        .committed()
}

#[test]
fn github_is_told_what_a_plan_complains_of() {
    let run = repo().relay_as(&[("GITHUB_ACTIONS", "true")], "plan --format json");
    assert_eq!(run.exit, 0, "{}", run.session());
    assert!(serde_json::from_str::<serde_json::Value>(&run.stdout).is_ok(), "{}", run.stdout);
    insta::assert_snapshot!(run.stderr);
}

#[test]
fn github_is_told_why_a_command_ended() {
    let run = repo().relay_as(&[("GITHUB_ACTIONS", "true")], "plan --check --format json");
    assert_eq!(run.exit, 1, "{}", run.session());
    insta::assert_snapshot!(run.stderr);
}

#[test]
fn gitlab_has_no_annotations() {
    let repo = repo();
    let run = repo.relay_as(&[("GITLAB_CI", "true")], "plan --check");
    assert_eq!(run.stderr, repo.relay("plan --check").stderr);
}

#[test]
fn a_rehearsal_is_folded_in_the_forge_s_way() {
    let repo = Repo::pnpm()
        .package("a", "1.0.0", "")
        .file(".changeset/one.md", "---\n\"a\": minor\n---\n\nMore.\n")
        .registry("https://registry.example/", None)
        .committed();
    let github = repo.relay_as(&[("GITHUB_ACTIONS", "true")], "rehearse --yes --json");
    assert_eq!(github.exit, 0, "{}", github.session());
    let is_group = |line: &&str| line.starts_with("::group::") || *line == "::endgroup::";
    let groups: Vec<&str> = github.stderr.lines().filter(is_group).collect();
    assert!(github.stderr.contains("\n::warning title=release plan::npm has announced"), "{}", github.stderr);
    let pair = |title| [format!("::group::{title}"), "::endgroup::".to_owned()];
    let expected: Vec<String> =
        ["Writing versions", "Packing", "Publishing", "Finishing"].into_iter().flat_map(pair).collect();
    assert_eq!(groups, expected, "{}", github.stderr);
    assert!(!github.stdout.contains("::group::"), "{}", github.stdout);

    let gitlab = repo.relay_as(&[("GITLAB_CI", "true")], "rehearse --yes --json");
    for (part, count) in [("\u{1b}[0Ksection_start:", 4), ("\u{1b}[0Ksection_end:", 4), ("::warning", 0)] {
        assert_eq!(gitlab.stderr.matches(part).count(), count, "{part:?} in {}", gitlab.stderr);
    }
}

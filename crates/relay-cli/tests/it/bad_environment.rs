//! What lies around a repository and is not as a release needs it: git, the registry, credentials. Each run says what is
//! wrong and what to do, and leaves every file and ref as it was.

use crate::registry;
use crate::world::Repo;

/// The commands that ask a registry.
const ASKING: &[&str] = &["plan", "release --yes", "publish --yes", "resume --yes"];

/// One package, a change file for it, and the registry.
fn repo(address: &str, token: Option<&str>) -> Repo {
    Repo::pnpm()
        .package("a", "1.0.0", "")
        .file(".changeset/one.md", "---\n\"a\": minor\n---\n\nMore.\n")
        .registry(address, token)
}

fn ready() -> Repo {
    repo(&registry::empty(), Some("${WORLD_TOKEN}"))
}

#[test]
fn no_network() {
    insta::assert_snapshot!(repo(&registry::closed(), None).committed().refused_by(&["plan", "release --yes"]));
}

#[test]
fn a_registry_that_answers_html() {
    let address = registry::answering(200, "text/html", "<!doctype html><html><title>Sign in</title></html>");
    insta::assert_snapshot!(repo(&address, None).committed().refused_by(ASKING));
}

#[test]
fn a_registry_that_answers_garbage() {
    let address = registry::answering(200, "application/json", r#"{"name":"a","versions":[1,"#);
    insta::assert_snapshot!(repo(&address, None).committed().refused_by(ASKING));
}

#[test]
fn a_registry_that_answers_another_document() {
    let answered = |body| {
        let address = registry::answering(200, "application/json", body);
        repo(&address, None).committed().refused_by(ASKING)
    };
    insta::assert_snapshot!(answered("[]"));
    for body in ["\"x\"", "null", "7"] {
        let text = answered(body);
        assert!(text.contains("JSON that is no packument"), "{text}");
    }
}

#[test]
fn a_registry_that_fails() {
    let address = registry::answering(500, "application/json", r#"{"error":"boom"}"#);
    insta::assert_snapshot!(repo(&address, None).committed().refused_by(&["plan", "publish --yes"]));
}

#[test]
fn a_registry_that_wants_a_credential() {
    let address = registry::answering(401, "application/json", r#"{"error":"unauthorized"}"#);
    insta::assert_snapshot!(repo(&address, None).committed().refused_by(ASKING));
    insta::assert_snapshot!(repo(&address, Some("${WORLD_TOKEN}")).committed().refused_by(ASKING));
}

#[test]
fn a_registry_that_forbids() {
    let address = registry::answering(403, "application/json", r#"{"error":"forbidden"}"#);
    insta::assert_snapshot!(repo(&address, Some("${WORLD_TOKEN}")).committed().refused_by(ASKING));
}

#[test]
fn a_credential_whose_variable_is_not_set() {
    let repo = repo(&registry::empty(), Some("${RELEASE_TOKEN}")).committed();
    insta::assert_snapshot!(repo.refused_by(&["release --yes", "publish --yes", "resume --yes"]));
    insta::assert_snapshot!(repo.relay("plan").session());
}

#[test]
fn a_registry_whose_variable_is_not_set() {
    let repo = repo("https://registry.example/", None).file(".npmrc", "registry=https://${REGISTRY_HOST}/\n");
    insta::assert_snapshot!(repo.committed().refused_by(ASKING));
}

#[test]
fn a_token_that_is_bound_to_no_registry() {
    let repo = repo("", None).file(".npmrc", "registry=https://registry.example/\n_authToken=secret\n");
    let text = repo.committed().refused_by(ASKING);
    assert!(!text.contains("secret"), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn certificate_authorities_that_are_not_there() {
    let repo = repo("", None).file(".npmrc", "registry=https://registry.example/\ncafile=lost.pem\n");
    insta::assert_snapshot!(repo.committed().refused_by(ASKING));
}

#[test]
fn certificate_authorities_that_are_none() {
    let broken = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
    let repo =
        repo("", None).file(".npmrc", "registry=https://registry.example/\ncafile=ca.pem\n").file("ca.pem", broken);
    insta::assert_snapshot!(repo.committed().refused_by(ASKING));
}

#[test]
fn a_registry_address_that_is_none() {
    let repo = repo("nowhere", None).committed();
    insta::assert_snapshot!(repo.refused_by(ASKING));
    let run = repo.relay("publish --yes --registry nowhere");
    assert_eq!(run.exit, 64);
    insta::assert_snapshot!(run.session());
}

#[test]
fn no_git_repository() {
    insta::assert_snapshot!(ready().refused_by(&["release --yes", "release --dry-run"]));
    let run = ready().relay("plan");
    assert_eq!(run.exit, 0);
    insta::assert_snapshot!(run.stderr);
}

#[test]
fn a_git_repository_without_a_commit() {
    let repo = ready();
    repo.git("init --quiet");
    insta::assert_snapshot!(repo.refused_by(&["release --yes"]));
    insta::assert_snapshot!(repo.relay("version --yes").stderr);
    let plan = repo.relay("plan");
    assert_eq!(plan.exit, 0, "{}", plan.session());
    let warning = "warning: the git repository has no commit yet: only change files tell what changed\n";
    assert!(plan.stderr.contains(warning), "{}", plan.session());
}

#[test]
fn a_dirty_tree() {
    let repo = ready().committed().file("packages/a/index.js", "changed\n").file("packages/a/new.js", "");
    insta::assert_snapshot!(repo.refused_by(&["release --yes", "release --dry-run"]));
    insta::assert_snapshot!(repo.relay("version --yes").session());
    assert_eq!(repo.git("status --porcelain"), " M packages/a/index.js\n?? packages/a/new.js\n");
}

#[test]
fn a_dirty_tree_is_named_before_it_is_published() {
    let mut repo = ready().committed();
    for number in 1..=7 {
        repo = repo.file(&format!("packages/a/new-{number}.js"), "");
    }
    let run = repo.relay("publish --dry-run");
    assert_eq!(run.exit, 0, "{}", run.session());
    insta::assert_snapshot!(run.stderr.lines().find(|line| line.contains("uncommitted")).unwrap_or_default());
}

#[test]
fn scripts_that_publish_once_more_are_named_once() {
    let scripts = r#""scripts":{"publish":"npm publish","postpublish":"echo done"}"#;
    let repo = ready().package("b", "1.0.0", scripts).package("c", "1.0.0", scripts).committed();
    let run = repo.relay("plan");
    let lines: Vec<&str> = run.stdout.lines().filter(|line| line.contains("script")).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn a_detached_head() {
    let repo = ready().committed();
    repo.git("checkout --quiet --detach");
    insta::assert_snapshot!(repo.refused_by(&["release --yes", "release --dry-run"]));
}

#[test]
fn no_remote_is_told_beforehand_and_stops_nothing() {
    let repo = ready().committed();
    let run = repo.relay("release --dry-run");
    let warning = run.stderr.lines().find(|line| line.starts_with("warning: "));
    assert_eq!(run.exit, 0, "{}", run.session());
    insta::assert_snapshot!(warning.unwrap_or_default());
    assert!(!repo.relay("release --dry-run --no-push").stderr.contains("remote"));
    repo.git("init --quiet --bare .git/elsewhere");
    repo.git("remote add origin .git/elsewhere");
    assert!(!repo.relay("release --dry-run").stderr.contains("remote"));
}

#[test]
fn a_merge_under_way() {
    let repo = ready().committed();
    let head = repo.git("rev-parse HEAD");
    let repo = repo.file(".git/MERGE_HEAD", &head);
    insta::assert_snapshot!(repo.refused_by(&["release --yes"]));
}

#[test]
fn nobody_who_commits() {
    let repo = ready().committed();
    repo.git("config --unset user.name");
    repo.git("config --unset user.email");
    insta::assert_snapshot!(repo.refused_by(&["release --yes"]));
    insta::assert_snapshot!(repo.relay("version --yes").session());
    assert_eq!(repo.git("status --porcelain"), "");
}

#[test]
fn a_broken_git_repository() {
    let repo = ready().committed().file(".git/HEAD", "garbage\n");
    for line in ["plan", "release --yes", "version --yes"] {
        let run = repo.relay(line);
        assert_eq!(run.exit, 1);
        insta::assert_snapshot!(run.error());
    }
    assert!(repo.names_in("packages/a").iter().all(|name| name != "CHANGELOG.md"));
}

#[test]
fn files_that_cannot_be_written() {
    let repo = ready().committed();
    insta::assert_snapshot!(repo.refused_by(&["release --yes --log-file gone/events"]));
    let text = repo.refused_by(&["plan --out gone/plan.json"]);
    assert!(text.contains("`[ROOT]/gone/plan.json` can't be written"), "{text}");
}

#[test]
fn a_dist_tag_that_npm_refuses_is_wrong_usage() {
    let repo = ready().committed();
    for line in ["release --yes --tag 1.0.0", "publish --yes --tag 1.0.0"] {
        let run = repo.relay(line);
        assert_eq!(run.exit, 64, "{}", run.session());
        assert!(run.stderr.contains("can also be read as a range of versions"), "{}", run.session());
    }
}

#[test]
fn a_tag_that_would_move_backward_needs_the_command_s_word() {
    let there = r#"{"name":"a","dist-tags":{"latest":"9.0.0"},"versions":{"9.0.0":{"version":"9.0.0"}}}"#;
    let repo = repo(&registry::answering(200, "application/json", there), Some("${WORLD_TOKEN}")).committed();
    let refused = repo.relay("plan --check");
    assert_eq!(refused.exit, 1, "{}", refused.session());
    insta::assert_snapshot!(refused.error());
    let meant = repo.relay("plan --check --tag latest");
    assert_eq!(meant.exit, 0, "{}", meant.session());
    assert!(meant.stdout.contains("warning: a: `latest` moves backward, from 9.0.0 to 1.1.0"), "{}", meant.stdout);
}

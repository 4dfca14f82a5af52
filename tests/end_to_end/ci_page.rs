//! The page that a forge shows beside the job.

use relay_sandbox::SandboxAccess;

use crate::sandbox::Registry;

#[test]
fn a_publish_shows_its_results_as_a_table_and_a_refused_one_its_plan() {
    let registry = Registry::with_pages();
    let mut world = registry.reef(SandboxAccess::Automation);
    world.append(
        "relay.toml",
        "\n[[credential]]\nenv = \"NPM_TOKEN\"\nkind = \"granular-bypass\"\npackages = [\"*\"]\n",
    );
    world.commit("feat: reef");
    let page = world.beside("ci").join("page.md");
    world.set("GITHUB_STEP_SUMMARY", page.to_str().expect("a path"));
    let read = || std::fs::read_to_string(&page).unwrap_or_default();

    world.relay(&["publish", "--yes", "--no-git-tag", "--no-push"]).ended_with(0);
    let text = read();
    assert!(text.starts_with("### Release\n\n2 packages published in "), "{text}");
    assert!(text.contains("\n| package | version | route | result |\n|---|---|---|---|\n| `coral` | 1.0.0 | token | ✓ published |\n| `pearl` | 1.0.0 | token | ✓ published |\n"), "{text}");
    assert!(!text.contains("```"), "{text}");

    std::fs::remove_file(&page).expect("a page");
    world.write(
        "packages/pearl/package.json",
        "{\"name\":\"pearl\",\"version\":\"1.1.0\",\"license\":\"MIT\",\"publishConfig\":{\"tag\":\"1.x\"}}\n",
    );
    world.commit("fix: pearl");
    let refused = world.relay(&["publish", "--yes"]).ended_with(1);
    let text = read();
    assert!(text.contains("| 1 | `pearl` | ") && text.contains("#### 1 error"), "{text}{}", refused.stderr);
}

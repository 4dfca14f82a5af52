//! Scripts that a package runs wherever it is installed.

use serde_json::{Map, Value};

use super::{Finding, Rule};

/// What npm runs of a dependency, in this order.
const EVENTS: [&str; 3] = ["preinstall", "install", "postinstall"];

/// The events at which a package runs a script wherever it is installed, in the order in which npm runs them.
///
/// With a build file of node-gyp at its root and neither a `preinstall` nor an `install` script, npm builds it at `install`
/// (unless `gypfile` is `false`).
pub fn install_events(
    manifest: &Map<String, Value>,
    mut root_files: impl Iterator<Item = String>,
) -> Vec<&'static str> {
    let has = |event: &str| {
        let script = manifest.get("scripts").and_then(|scripts| scripts.get(event)).and_then(Value::as_str);
        script.is_some_and(|command| !command.is_empty())
    };
    // As npm's glob: in lower case, and nothing hidden.
    let builds = !has("preinstall")
        && !has("install")
        && manifest.get("gypfile") != Some(&Value::Bool(false))
        && root_files
            .any(|file| file.strip_suffix(".gyp").is_some_and(|stem| !stem.is_empty() && !file.starts_with('.')));
    EVENTS.into_iter().filter(|event| has(event) || builds && *event == "install").collect()
}

/// The complaint about a tarball whose manifest has the text `content`; `before` is the version without such a script.
pub(super) fn check(content: &[u8], root_files: impl Iterator<Item = String>, before: &str) -> Option<Finding> {
    let text = String::from_utf8_lossy(content);
    let manifest: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).ok()?;
    let events = install_events(manifest.as_object()?, root_files);
    if events.is_empty() {
        return None;
    }
    let quoted: Vec<String> = events.iter().map(|event| format!("`{event}`")).collect();
    let scripts = match quoted.as_slice() {
        [one] => format!("its {one} script runs"),
        several => format!("its {} scripts run", several.join(" and ")),
    };
    Some(Finding {
        rule: Rule::NewInstallScript,
        file: "package.json".to_owned(),
        text: format!("{scripts} wherever it is installed, and {before} runs none"),
        help:
            "take the script out; or, if it is meant, take `new-install-script` out of `gate.forbid` in relay.toml for \
               this release"
                .to_owned(),
    })
}

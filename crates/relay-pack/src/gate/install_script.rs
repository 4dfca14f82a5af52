//! Scripts that a package runs wherever it is installed.

use relay_config::FindingName;
use serde_json::{Map, Value};

use super::{Before, Findings};
use crate::pack::Tarball;

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

/// The scripts that the version before did not run. Where only the registry's word on it is known, one that ran any counts for
/// one that ran them all.
pub(super) fn check(tarball: &Tarball, before: &Before, findings: &mut Findings<'_>) {
    let known = match (&before.listing, before.runs_at_installation) {
        (Some(listing), _) => listing.install_events(),
        (None, Some(false)) => &[],
        (None, _) => return,
    };
    let root_files = tarball.files.iter().map(|file| file.path.clone()).filter(|path| !path.contains('/'));
    let mut events = install_events(&tarball.manifest, root_files);
    events.retain(|event| !known.contains(event));
    if events.is_empty() {
        return;
    }
    let quoted: Vec<String> = events.iter().map(|event| format!("`{event}`")).collect();
    let scripts = match quoted.as_slice() {
        [one] => format!("its {one} script runs"),
        several => format!("its {} scripts run", several.join(" and ")),
    };
    let then = if known.is_empty() { "runs none" } else { "has no such script" };
    let text = format!("{scripts} wherever it is installed, and {} {then}", before.version);
    findings.add(FindingName::NewInstallScript, None, text, "take the script out if it is not meant");
}

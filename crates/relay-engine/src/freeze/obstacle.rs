//! What will keep a package from being packed as planned, seen from its manifests before anything is written.

use relay_pack::lifecycle::{self, Occasion};
use relay_pack::{ManifestRewriteError, publish_directory, published_manifest};
use relay_workspace::{Version, Workspace, WorkspacePackage};

use super::identity;

/// Something in the way of packing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackingObstacle {
    /// What it is: half a sentence about the package, which does not name it.
    pub text: String,
    /// What to do.
    pub help: String,
    /// Whether it stays in the way whatever is built before the tarball is made.
    pub stays: bool,
}

/// Looks at the folder of `publishConfig.directory`, and at `publishConfig.name`. Where a script runs before the tarball is
/// made, or the repository is built (`builds`), the folder is its business, and is looked at once it has run.
pub fn packing_obstacle(
    workspace: &Workspace,
    package: &WorkspacePackage,
    planned: &Version,
    (ignore_scripts, builds): (bool, bool),
) -> Option<PackingObstacle> {
    let set = |key| package.manifest.publish_config(key).is_some();
    if !set("directory") && !set("name") {
        return None;
    }
    if let Err(ManifestRewriteError::PublishName { name, .. }) = published_manifest(package, workspace) {
        return Some(PackingObstacle {
            text: format!("pnpm would publish it as `{name}` (`publishConfig.name`), and relay doesn't"),
            help: "write that name into `name` of its package.json, or take `publishConfig.name` out".to_owned(),
            stays: true,
        });
    }
    let events = lifecycle::before_tarball(Occasion::Publish);
    if builds || !ignore_scripts && events.iter().any(|event| package.manifest.script(event).is_some()) {
        return None;
    }
    let directory = package.manifest.publish_config("directory").and_then(|value| value.as_str()).unwrap_or_default();
    let why_not = if ignore_scripts { "no script is run that could" } else { "it has no script that would" };
    let obstacle = |text, help| Some(PackingObstacle { text, help, stays: false });
    match publish_directory(package, workspace) {
        Ok(Some(found)) => {
            let version = found.manifest.version().unwrap_or_default();
            if identity::is_same(version, planned) {
                return None;
            }
            obstacle(
                format!(
                    "`{}/package.json`, which is what is published (`publishConfig.directory`), has the version `{version}` \
                     instead of `{planned}`, and {why_not} build it anew",
                    found.path
                ),
                format!("build `{}` after the version is written, best in a `prepack` script", found.path),
            )
        }
        Err(ManifestRewriteError::Directory { problem, .. }) => obstacle(
            format!("its `publishConfig.directory` is `{directory}`, which {problem}, and {why_not} make it"),
            format!("build `{directory}` first, with a package.json in it, or build it in a `prepack` script"),
        ),
        Ok(None) | Err(_) => None,
    }
}

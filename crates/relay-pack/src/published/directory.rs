//! `publishConfig.directory`: another folder to pack in the package's place.

use relay_workspace::{Manifest, Workspace, WorkspacePackage, read_regular_text};

use super::ManifestRewriteError;
use crate::packlist::MANIFEST_SIZE_BYTES_MAX;

/// The folder, and its manifest.
#[derive(Debug, Clone, PartialEq)]
pub struct PublishDirectory {
    /// The folder, relative to the package's own.
    pub path: String,
    /// Its own manifest: the one that is published.
    pub manifest: Manifest,
}

/// Finds the folder that a package names in `publishConfig.directory`; `None` where it names none.
///
/// # Errors
/// [`ManifestRewriteError::Directory`] for a folder that is not there, has no package.json of its own (pnpm refuses it too), or
/// lies outside of the package.
pub fn publish_directory(
    package: &WorkspacePackage,
    workspace: &Workspace,
) -> Result<Option<PublishDirectory>, ManifestRewriteError> {
    let Some(written) = package.manifest.publish_config("directory").and_then(|value| value.as_str()) else {
        return Ok(None);
    };
    let refused = |problem| ManifestRewriteError::Directory {
        package: package.name.clone(),
        directory: written.to_owned(),
        problem,
    };
    if written.starts_with(['/', '\\']) || written.contains(':') {
        return Err(refused("is not a relative path"));
    }
    let mut names: Vec<&str> = Vec::new();
    for name in written.split(['/', '\\']) {
        match name {
            "" | "." => {}
            ".." => {
                names.pop().ok_or_else(|| refused("leads out of the package"))?;
            }
            _ => names.push(name),
        }
    }
    if names.is_empty() {
        return Ok(None);
    }
    let path = names.join("/");
    let own = workspace.folder(package);
    let folder = own.join(&path);
    if !folder.is_dir() {
        return Err(refused("is not there"));
    }
    // A link may lead elsewhere though the text doesn't.
    let leads_out = match (folder.canonicalize_utf8(), own.canonicalize_utf8()) {
        (Ok(real), Ok(real_own)) => !real.starts_with(real_own),
        _ => true,
    };
    if leads_out {
        return Err(refused("leads out of the package"));
    }
    let file = folder.join("package.json");
    let manifest = match read_regular_text(&file, MANIFEST_SIZE_BYTES_MAX) {
        Ok(Some(text)) => Manifest::parse(&file, text)?,
        Ok(None) => return Err(refused("has no package.json of its own")),
        Err(source) => return Err(ManifestRewriteError::Unreadable { path: file, source }),
    };
    Ok(Some(PublishDirectory { path, manifest }))
}

//! Finding the workspace root: up from a folder, until a file says that a workspace begins there.

use camino::{Utf8Path, Utf8PathBuf};

use super::definition::{self, Definition, Origin};
use super::error::DiscoverError;

/// Finds the root of the workspace that a folder belongs to.
///
/// `pnpm-workspace.yaml` and `rush.json` make a root for all that is below. `workspaces` of a manifest and `lerna.json`
/// do so only for the packages they name: another package below is a repository of its own, as npm sees it. Where no
/// workspace is found, the nearest `package.json` is a workspace of one package.
pub(super) fn find(start: &Utf8Path) -> Result<Definition, DiscoverError> {
    let unusable = |source| DiscoverError::Start { path: start.to_owned(), source };
    let mut start = start.canonicalize_utf8().map_err(unusable)?;
    if !start.is_dir() {
        start.pop();
    }
    let mut nearest: Option<Definition> = None;
    for folder in start.ancestors() {
        // Up to the nearest manifest a path in an error is taken for one below the folder in which the person is; the
        // manifests further up are named in full, since only one of them will turn out to be the root's.
        let shown = if nearest.is_none() { Utf8Path::new("") } else { folder };
        let Some(definition) = definition::read(folder, shown)? else { continue };
        let is_root = match definition.origin {
            Origin::Pnpm | Origin::Rush => true,
            Origin::Manifest | Origin::Lerna => {
                nearest.as_ref().is_none_or(|nearest| names(&definition, &nearest.root))
            }
            Origin::Lone => false,
        };
        if is_root {
            return Ok(definition);
        }
        nearest.get_or_insert(definition);
    }
    nearest.ok_or(DiscoverError::NothingFound { start })
}

/// Says whether the definition's patterns match a folder below its root.
fn names(definition: &Definition, folder: &Utf8PathBuf) -> bool {
    let Ok(path) = folder.strip_prefix(&definition.root) else { return false };
    let parts: Vec<&str> = path.components().map(|part| part.as_str()).collect();
    definition.selection.contains(&parts)
}

//! The entries of catalogs, and where the repository's manager keeps them.
//!
//! - pnpm: `catalog` and `catalogs` of `pnpm-workspace.yaml`
//! - yarn (4.10 and later): the same keys of `.yarnrc.yml`
//! - bun: the same keys of the root manifest's `workspaces`; where it has none of them, those at the manifest's top. npm has no
//!   catalogs; what stands in its manifest is read as bun's
//!
//! Only values change, in the quotes that they have; comments and all else stay.

use relay_values::Printable;

use crate::discover::read_yaml;
use crate::edit::EditError;
use crate::json::{JsonText, strict};
use crate::manager::PackageManager;
use crate::yaml_lines::{quoted_like, visit};

/// The name under which `catalogs` may hold the default catalog.
pub(crate) const DEFAULT: &str = "default";

/// One catalog entry that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogEdit {
    /// The catalog; `None` is the default one.
    pub catalog: Option<String>,
    /// The key in it.
    pub name: String,
    /// The value so far.
    pub from: String,
    /// The new value.
    pub to: String,
}

impl PackageManager {
    /// The file that holds the workspace's catalogs, relative to its root.
    pub fn catalog_file_name(self) -> &'static str {
        match self {
            Self::Pnpm => "pnpm-workspace.yaml",
            Self::Yarn => ".yarnrc.yml",
            Self::Npm | Self::Bun => "package.json",
        }
    }
}

/// Writes new values into the text of the file that holds a manager's catalogs.
///
/// # Errors
/// [`EditError::CatalogEntry`] where an entry does not stand on a line of its own with the value that was read, so that only a
/// person can change it with certainty; [`EditError::Syntax`] for a broken manifest.
pub fn edit_catalogs(manager: PackageManager, text: &str, edits: &[CatalogEdit]) -> Result<String, EditError> {
    match manager {
        PackageManager::Pnpm | PackageManager::Yarn => edit_yaml(text, edits),
        PackageManager::Npm | PackageManager::Bun => edit_manifest(text, edits),
    }
}

fn edit_yaml(text: &str, edits: &[CatalogEdit]) -> Result<String, EditError> {
    let mut replacements = std::collections::BTreeMap::new();
    for edit in edits {
        let mut found = false;
        visit(text, |path| {
            let entry = match path {
                [top, entry] if top.key == "catalog" && edit.catalog.is_none() => entry,
                [top, catalog, entry] if top.key == "catalogs" && is_named(&catalog.key, edit) => entry,
                _ => return,
            };
            if entry.key == edit.name && entry.value.as_ref() == Some(&edit.from) {
                found = true;
                let (start, end) = entry.value_at;
                let written = text.get(start..end).unwrap_or_default();
                replacements.insert(entry.value_at, quoted_like(written, &edit.to));
            }
        });
        if !found {
            return Err(not_there(edit));
        }
    }
    let edited = crate::json::splice(text, replacements.into_iter());
    match edits.first() {
        // The lines were read by their look. What they come to, the parser knows.
        Some(first) if !is_as_meant(text, &edited, edits) => Err(not_there(first)),
        _ => Ok(edited),
    }
}

/// Says whether an edited text is the same document, but for the entries that were to be changed.
fn is_as_meant(before: &str, after: &str, edits: &[CatalogEdit]) -> bool {
    let (Ok(mut expected), Ok(after)) = (read_yaml(before), read_yaml(after)) else { return false };
    for edit in edits {
        let name = edit.catalog.as_deref().unwrap_or(DEFAULT);
        let spelt = [("/catalog", edit.catalog.is_none()), ("/catalogs", false)];
        for (place, is_default) in spelt {
            let catalog = match expected.pointer_mut(place) {
                Some(catalog) if is_default => Some(catalog),
                Some(catalogs) if place == "/catalogs" => catalogs.get_mut(name),
                _ => None,
            };
            let entry = catalog.and_then(|catalog| catalog.get_mut(&edit.name));
            // Of two spellings of the default catalog, the one that has the value so far was meant.
            if let Some(entry) = entry.filter(|entry| entry.as_str().is_none_or(|text| text == edit.from)) {
                *entry = edit.to.clone().into();
            }
        }
    }
    expected == after
}

fn edit_manifest(text: &str, edits: &[CatalogEdit]) -> Result<String, EditError> {
    let mut json = JsonText::parse(text, &strict())?;
    let in_workspaces =
        ["catalog", "catalogs"].iter().any(|key| json.object(&["workspaces"]).is_some_and(|object| has(object, key)));
    let before: &[&str] = if in_workspaces { &["workspaces"] } else { &[] };
    for edit in edits {
        let spelt = match edit.catalog.as_deref() {
            None => vec![vec!["catalog"], vec!["catalogs", DEFAULT]],
            Some(catalog) => vec![vec!["catalogs", catalog]],
        };
        let mut found = false;
        for catalog in spelt {
            let keys = [before, &catalog, &[edit.name.as_str()]].concat();
            if json.string(&keys) == Some(&edit.from) {
                found |= json.set_string(&keys, &edit.to);
            }
        }
        if !found {
            return Err(not_there(edit));
        }
    }
    Ok(json.finish().unwrap_or_else(|| text.to_owned()))
}

fn has(object: &jsonc_parser::ast::Object<'_>, key: &str) -> bool {
    crate::json::value_at(object, key).is_some()
}

fn is_named(catalog: &str, edit: &CatalogEdit) -> bool {
    catalog == edit.catalog.as_deref().unwrap_or(DEFAULT)
}

fn not_there(edit: &CatalogEdit) -> EditError {
    EditError::CatalogEntry { name: edit.name.clone(), catalog: described(edit.catalog.as_deref()) }
}

/// A catalog in words.
pub(crate) fn described(catalog: Option<&str>) -> String {
    match catalog {
        None => "the default catalog".to_owned(),
        Some(name) => format!("the catalog `{}`", Printable::name(name)),
    }
}

#[cfg(test)]
mod tests;

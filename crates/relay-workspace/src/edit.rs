//! New versions and ranges in a manifest, with everything else left as it is.

use relay_values::Printable;
use semver::Version;

use crate::dependency::DependencyKind;
use crate::json::{JsonText, strict};

/// What changes in one manifest.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ManifestEdit {
    /// The new version; `None` leaves it.
    pub version: Option<Version>,
    /// The new ranges.
    pub ranges: Vec<RangeEdit>,
}

/// One new range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RangeEdit {
    /// The map that the dependency stands in.
    pub kind: DependencyKind,
    /// The key in that map.
    pub name: String,
    /// The new right-hand side.
    pub to: String,
}

/// Why a manifest or lock file can't be edited. The caller knows the file and names it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The text is broken.
    #[error("line {line}, column {column}: {problem}\n  {excerpt}")]
    Syntax {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What the parser says.
        problem: String,
        /// The line's text, cut to a printable length.
        excerpt: String,
    },
    /// The top of the text is not an object.
    #[error("the top of the file must be a JSON object")]
    NotAnObject,
    /// There is no version to change.
    #[error("there is no `version` to change; add one by hand")]
    NoVersion,
    /// There is no such dependency to change.
    #[error("`{}` has no `{}` to change; the file may have been edited meanwhile, so run the command again", .kind.manifest_key(), Printable::name(.name))]
    NoDependency {
        /// The map.
        kind: DependencyKind,
        /// The key.
        name: String,
    },
    /// A catalog's entry is not written as it was read: on a line of its own, without an anchor.
    #[error(
        "the entry `{}` of {catalog} can't be edited with certainty; write it on a line of its own, without an anchor, \
         commit, and run the command again",
        Printable::name(.name)
    )]
    CatalogEntry {
        /// The entry.
        name: String,
        /// The catalog, in words.
        catalog: String,
    },
    /// A lock file is of a form, or in a state, in which only the package manager can change it.
    #[error("{problem}; run `{command}` and commit its changes")]
    Lockfile {
        /// What stands in the way.
        problem: String,
        /// The command that brings the lock file up to date.
        command: &'static str,
    },
}

/// Writes a new version and new ranges into a manifest's text.
///
/// Only the values change: byte order mark, line ends, indent, key order, even the spelling of other values stay. A value
/// that is there already is left as it is.
///
/// ```
/// # use relay_workspace::{DependencyKind, ManifestEdit, RangeEdit, edit_manifest};
/// let range = RangeEdit { kind: DependencyKind::Prod, name: "b".into(), to: "^2.0.0".into() };
/// let edit = ManifestEdit { version: Some("1.1.0".parse()?), ranges: vec![range] };
/// let text = r#"{ "version":"1.0.0", "dependencies" : {"b": "^1.0.0"} }"#;
/// assert_eq!(edit_manifest(text, &edit)?, r#"{ "version":"1.1.0", "dependencies" : {"b": "^2.0.0"} }"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`EditError`] when the text is broken, or when a version or dependency that shall change is not there.
pub fn edit_manifest(text: &str, edit: &ManifestEdit) -> Result<String, EditError> {
    let mut json = JsonText::parse(text, &strict())?;
    if let Some(version) = &edit.version
        && !json.set_string(&["version"], &version.to_string())
    {
        return Err(EditError::NoVersion);
    }
    for RangeEdit { kind, name, to } in &edit.ranges {
        if !json.set_string(&[kind.manifest_key(), name], to) {
            return Err(EditError::NoDependency { kind: *kind, name: name.clone() });
        }
    }
    Ok(json.finish().unwrap_or_else(|| text.to_owned()))
}

#[cfg(test)]
mod tests;

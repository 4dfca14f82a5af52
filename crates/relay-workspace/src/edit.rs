//! Edits manifests and lockfiles: only the values change. Indent, key order, line ends and a byte order mark stay.

mod lockfile;

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstObject, CstRootNode};
use semver::Version;

use crate::dependency::DependencyKind;

pub use self::lockfile::{LockfileEdit, edit_lockfile};

/// What changes in one manifest.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ManifestEdit {
    /// The new version, if it changes.
    pub version: Option<Version>,
    /// The ranges that change.
    pub ranges: Vec<RangeEdit>,
}

/// One range that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RangeEdit {
    /// The map it stands in.
    pub kind: DependencyKind,
    /// The key.
    pub name: String,
    /// The new right-hand side.
    pub to: String,
}

/// A text that can't be edited with certainty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// It is no JSON.
    #[error("it is not JSON: {0}")]
    Json(String),
    /// What is to be changed is not there.
    #[error("it has no `{0}`")]
    Missing(String),
    /// Its form is not one that can be edited with certainty.
    #[error("{0}")]
    Unknown(String),
}

/// Edits a `package.json`.
///
/// # Errors
/// [`EditError`] where the text is broken or lacks what is to be changed.
pub fn edit_manifest(text: &str, edit: &ManifestEdit) -> Result<String, EditError> {
    let (mark, json) = split_mark(text);
    let root = parse(json, &STRICT)?;
    let object = root.object_value().ok_or_else(|| EditError::Unknown("its top is not an object".to_owned()))?;
    if let Some(version) = &edit.version {
        set_string(&object, "version", &version.to_string())?;
    }
    for range in &edit.ranges {
        let key = range.kind.manifest_key();
        let map = object.object_value(key).ok_or_else(|| EditError::Missing(key.to_owned()))?;
        set_string(&map, &range.name, &range.to)?;
    }
    Ok(format!("{mark}{root}"))
}

/// What npm's own parser takes, and nothing more.
const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

fn split_mark(text: &str) -> (&str, &str) {
    match text.strip_prefix('\u{feff}') {
        Some(rest) => ("\u{feff}", rest),
        None => ("", text),
    }
}

fn parse(json: &str, options: &ParseOptions) -> Result<CstRootNode, EditError> {
    CstRootNode::parse(json, options).map_err(|error| EditError::Json(error.to_string()))
}

/// Replaces a string value; everything around it stays.
fn set_string(object: &CstObject, key: &str, value: &str) -> Result<(), EditError> {
    let literal = object
        .get(key)
        .and_then(|property| property.value())
        .and_then(|value| value.as_string_lit())
        .ok_or_else(|| EditError::Missing(key.to_owned()))?;
    if literal.decoded_value().is_ok_and(|before| before == value) {
        return Ok(());
    }
    let quoted = serde_json::to_string(value).map_err(|error| EditError::Json(error.to_string()))?;
    literal.set_raw_value(quoted);
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn range(kind: DependencyKind, name: &str, to: &str) -> RangeEdit {
        RangeEdit { kind, name: name.to_owned(), to: to.to_owned() }
    }

    #[test]
    fn only_the_values_change() {
        let text = "\u{feff}{\r\n\t\"version\" : \"1.0.0\",\r\n\t\"x\": 1.0,\r\n\t\"dependencies\": { \"@a/b\": \"^1.0.0\" }\r\n}\r\n";
        let edit = ManifestEdit {
            version: Some(Version::new(1, 1, 0)),
            ranges: vec![range(DependencyKind::Prod, "@a/b", "^2.0.0")],
        };
        let expected = text.replace("\"1.0.0\"", "\"1.1.0\"").replace("^1.0.0", "^2.0.0");
        assert_eq!(edit_manifest(text, &edit).unwrap(), expected);
    }

    #[test]
    fn nothing_is_invented() {
        let edit = ManifestEdit { version: None, ranges: vec![range(DependencyKind::Dev, "x", "1")] };
        assert_eq!(edit_manifest("{}", &edit).unwrap_err(), EditError::Missing("devDependencies".to_owned()));
        assert!(edit_manifest("{ // no\n}", &ManifestEdit::default()).is_err());
    }

    proptest! {
        #[test]
        fn an_edit_and_its_reverse_give_the_text_back(indent in "[ \t]{0,4}", major in 0..9_u64, extra in "[a-z]{1,8}") {
            let text = format!("{{\n{indent}\"{extra}x\": [1,  2],\n{indent}\"version\":   \"{major}.0.0\"\n}}");
            let there = ManifestEdit { version: Some(Version::new(major, 1, 0)), ranges: Vec::new() };
            let back = ManifestEdit { version: Some(Version::new(major, 0, 0)), ranges: Vec::new() };
            let edited = edit_manifest(&text, &there).unwrap();
            prop_assert_ne!(&edited, &text);
            prop_assert_eq!(edit_manifest(&edited, &back).unwrap(), text);
        }
    }
}

//! A package's `package.json`: its text as it stands on disk, and the fields that relay reads from it.

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Map, Value};

use crate::dependency::{Dependency, DependencyKind};
use crate::printable::excerpt;

/// The largest manifest that relay reads, in bytes. Real ones stay below 100 kB.
pub const MANIFEST_SIZE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// A parsed `package.json`.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    path: Utf8PathBuf,
    text: String,
    fields: Map<String, Value>,
}

/// A `package.json` that can't be read as one.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The JSON is broken.
    #[error("{path}:{line}:{column}: {problem}\n  {excerpt}")]
    Syntax {
        /// The file.
        path: Utf8PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What the parser says.
        problem: String,
        /// The line's text, cut to a printable length.
        excerpt: String,
    },
    /// The JSON is fine but its top is not an object.
    #[error("{path}: the top of a manifest must be a JSON object")]
    NotAnObject {
        /// The file.
        path: Utf8PathBuf,
    },
    /// A field has a type that npm can't read.
    #[error("{path}: `{field}` must be {expected}")]
    FieldType {
        /// The file.
        path: Utf8PathBuf,
        /// The field.
        field: String,
        /// The expected type, as a noun with its article.
        expected: &'static str,
    },
}

impl Manifest {
    /// Parses a manifest's text. A byte order mark in front is left out of parsing and kept in [`Manifest::text`].
    ///
    /// # Errors
    /// [`ManifestError`] with line, column and excerpt for broken JSON.
    pub fn parse(path: &Utf8Path, text: String) -> Result<Self, ManifestError> {
        let json = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let value: Value = serde_json::from_str(json).map_err(|error| {
            let line = error.line();
            ManifestError::Syntax {
                path: path.to_owned(),
                line,
                column: error.column(),
                problem: syntax_problem(&error),
                excerpt: excerpt(json, line),
            }
        })?;
        let Value::Object(fields) = value else {
            return Err(ManifestError::NotAnObject { path: path.to_owned() });
        };
        let manifest = Self { path: path.to_owned(), text, fields };
        manifest.check_types()?;
        Ok(manifest)
    }

    /// The file's path, as it was given to [`Manifest::parse`].
    pub fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// The file's text, byte for byte.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// All fields in the file's order.
    pub fn fields(&self) -> &Map<String, Value> {
        &self.fields
    }

    /// A field that is a string.
    pub fn string(&self, field: &str) -> Option<&str> {
        self.fields.get(field).and_then(Value::as_str)
    }

    /// The `name` as written.
    pub fn name(&self) -> Option<&str> {
        self.string("name")
    }

    /// The `version` as written.
    pub fn version(&self) -> Option<&str> {
        self.string("version")
    }

    /// Says whether `private` is `true` (npm also takes the text `"true"`).
    pub fn is_private(&self) -> bool {
        match self.fields.get("private") {
            Some(Value::Bool(private)) => *private,
            Some(Value::String(text)) => text == "true",
            _ => false,
        }
    }

    /// A key of `publishConfig`.
    pub fn publish_config(&self, key: &str) -> Option<&Value> {
        self.fields.get("publishConfig").and_then(|config| config.get(key))
    }

    /// A script's command line.
    pub fn script(&self, event: &str) -> Option<&str> {
        self.fields.get("scripts")?.get(event)?.as_str()
    }

    /// Whether it bundles anything into its tarball: `bundleDependencies` (also spelt `bundledDependencies`) is there.
    pub fn bundles_something(&self) -> bool {
        self.bundle_field().is_some_and(|value| value != false)
    }

    /// Whether a dependency, by the key that its map has, goes into the tarball instead of being installed from a registry.
    /// `true` bundles all of `dependencies`.
    pub fn bundles(&self, kind: DependencyKind, key: &str) -> bool {
        let runtime = matches!(kind, DependencyKind::Prod | DependencyKind::Optional);
        runtime
            && match self.bundle_field() {
                Some(Value::Bool(all)) => *all && kind == DependencyKind::Prod,
                Some(Value::Array(names)) => names.iter().any(|name| name == key),
                Some(Value::Object(names)) => names.contains_key(key),
                _ => false,
            }
    }

    fn bundle_field(&self) -> Option<&Value> {
        self.fields.get("bundleDependencies").or_else(|| self.fields.get("bundledDependencies"))
    }

    /// All dependencies of all kinds, in the order of [`DependencyKind::ALL`] and then of the file. Keys that are no
    /// package names are left out, as npm can't install them either.
    pub fn dependencies(&self) -> Vec<Dependency> {
        let parsed = self.dependency_texts().filter_map(|(kind, key, text)| Dependency::parse(kind, key, text));
        parsed.collect()
    }

    /// The entries of all dependency maps as they are written: kind, key and right-hand side. Who needs few of them saves
    /// the parsing of the rest, which is most of the cost.
    pub fn dependency_texts(&self) -> impl Iterator<Item = (DependencyKind, &str, &str)> {
        DependencyKind::ALL.into_iter().flat_map(|kind| {
            let map = self.fields.get(kind.manifest_key()).and_then(Value::as_object);
            map.into_iter().flatten().filter_map(move |(key, text)| Some((kind, key.as_str(), text.as_str()?)))
        })
    }

    fn check_types(&self) -> Result<(), ManifestError> {
        let wrong = |field: &str, expected| ManifestError::FieldType {
            path: self.path.clone(),
            field: field.to_owned(),
            expected,
        };
        for field in ["name", "version"] {
            if self.fields.get(field).is_some_and(|value| !value.is_string()) {
                return Err(wrong(field, "a string"));
            }
        }
        for kind in DependencyKind::ALL {
            match self.fields.get(kind.manifest_key()) {
                None | Some(Value::Null) => {}
                Some(Value::Object(map)) => {
                    if let Some((key, _)) = map.iter().find(|(_, text)| !text.is_string()) {
                        return Err(wrong(&format!("{}.{key}", kind.manifest_key()), "a string"));
                    }
                }
                Some(_) => return Err(wrong(kind.manifest_key(), "an object")),
            }
        }
        Ok(())
    }
}

/// The parser's complaint without the position, which the message already has.
pub(crate) fn syntax_problem(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(index) => text[..index].to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Manifest, ManifestError> {
        Manifest::parse(Utf8Path::new("packages/a/package.json"), text.to_owned())
    }

    #[test]
    fn says_where_broken_json_is() {
        let error = parse("{\n  \"name\": \"a\",\n  \"version\" \"1\"\n}").unwrap_err().to_string();
        assert_eq!(error, "packages/a/package.json:3:13: expected `:`\n  \"version\" \"1\"");
    }

    #[test]
    fn reads_all_kinds_of_dependencies() {
        let manifest =
            parse(r#"{"name":"a","version":"1.0.0","dependencies":{"b":"^1"},"devDependencies":{"c":"workspace:*"}}"#)
                .unwrap();
        let seen: Vec<_> = manifest.dependencies().into_iter().map(|d| (d.name.to_string(), d.kind)).collect();
        assert_eq!(seen, [("b".to_owned(), DependencyKind::Prod), ("c".to_owned(), DependencyKind::Dev)]);
    }

    #[test]
    fn bundled_dependencies_come_in_many_forms() {
        use DependencyKind::{Dev, Optional, Peer, Prod};
        let with = |bundle: &str| parse(&format!(r#"{{"name":"a","dependencies":{{"b":"1"}}{bundle}}}"#)).unwrap();
        let named = with(r#","bundledDependencies":["b","o"]"#);
        assert!(named.bundles(Prod, "b") && named.bundles(Optional, "o") && named.bundles_something());
        assert!(!named.bundles(Dev, "b") && !named.bundles(Peer, "b") && !named.bundles(Prod, "c"));
        let all = with(r#","bundleDependencies":true"#);
        assert!(all.bundles(Prod, "b") && !all.bundles(Optional, "o"));
        assert!(with(r#","bundleDependencies":{"b":1}"#).bundles(Prod, "b"));
        assert!(!with(r#","bundleDependencies":false"#).bundles_something());
        assert!(!with("").bundles(Prod, "b"));
    }

    #[test]
    fn a_byte_order_mark_is_kept_and_not_in_the_way() {
        let manifest = parse("\u{feff}{\"name\":\"a\"}").unwrap();
        assert_eq!(manifest.name(), Some("a"));
        assert!(manifest.text().starts_with('\u{feff}'));
    }

    #[test]
    fn names_the_field_of_a_wrong_type() {
        assert!(
            parse(r#"{"dependencies":{"b":1}}"#).unwrap_err().to_string().contains("`dependencies.b` must be a string")
        );
        assert!(parse("[]").unwrap_err().to_string().contains("must be a JSON object"));
    }
}

//! A package's `package.json`: its text as it stands on disk, and the fields that relay reads from it.

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Map, Value};

use crate::dependency::{Dependency, DependencyKind};
use crate::json::strict;
use crate::syntax::SyntaxError;
use crate::wrong_kind::{FieldOf, WrongKind, kind_of};

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
    #[error("{0}")]
    Syntax(Box<SyntaxError>),
    /// The JSON is fine, and its top or a field is of a kind that npm can't read.
    #[error("{0}")]
    WrongKind(Box<WrongKind>),
}

impl Manifest {
    /// Parses a manifest's text. A byte order mark in front is left out of parsing and kept in [`Manifest::text`].
    ///
    /// # Errors
    /// [`ManifestError`] with line, column and excerpt for broken JSON.
    pub fn parse(path: &Utf8Path, text: String) -> Result<Self, ManifestError> {
        let json = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let value: Value = serde_json::from_str(json)
            .map_err(|error| ManifestError::Syntax(Box::new(SyntaxError::of_json(path, json, &error))))?;
        let Value::Object(fields) = value else {
            let top = FieldOf { path, text: json, options: &strict(), keys: &[] };
            return Err(ManifestError::WrongKind(top.must_be("a JSON object", kind_of(&value))));
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

    /// Says whether `private` keeps the package from being published; see [`is_private_value`].
    pub fn is_private(&self) -> bool {
        self.fields.get("private").is_some_and(is_private_value)
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

    /// Whether `peerDependenciesMeta` says that a peer may be missing.
    pub fn peer_is_optional(&self, key: &str) -> bool {
        let meta = self.fields.get("peerDependenciesMeta").and_then(|meta| meta.get(key));
        meta.and_then(|meta| meta.get("optional")) == Some(&Value::Bool(true))
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
        for field in ["name", "version"] {
            // Some tools write `null` for a version that they don't give, and every manager takes it for none.
            if let Some(value) = self.fields.get(field).filter(|value| !value.is_string() && !value.is_null()) {
                return Err(self.wrong_type(&[field], "a string", value));
            }
        }
        for kind in DependencyKind::ALL {
            let field = kind.manifest_key();
            match self.fields.get(field) {
                None | Some(Value::Null) => {}
                Some(Value::Object(map)) => {
                    if let Some((key, value)) = map.iter().find(|(_, text)| !text.is_string()) {
                        return Err(self.wrong_type(&[field, key], "a string", value));
                    }
                }
                Some(value) => return Err(self.wrong_type(&[field], "an object", value)),
            }
        }
        Ok(())
    }

    fn wrong_type(&self, keys: &[&str], expected: &'static str, found: &Value) -> ManifestError {
        let field = FieldOf { path: &self.path, text: &self.text, options: &strict(), keys };
        ManifestError::WrongKind(field.must_be(expected, kind_of(found)))
    }
}

/// Says whether a value of `private` keeps a package from being published.
///
/// npm 11 and 12 and bun refuse whatever JavaScript takes for true, the text `"false"` and `[]` as well; pnpm 12 and yarn 4
/// refuse `true` alone (seen with 12.21 and 4.18). What one of them keeps back is kept back here: who wrote such a value
/// did not mean to publish by accident.
pub fn is_private_value(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(private) => *private,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
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
    fn whatever_is_true_for_npm_or_bun_is_private() {
        for kept in ["true", "\"true\"", "\"false\"", "\"0\"", "1", "-1", "0.5", "[]", "{}"] {
            let manifest = parse(&format!(r#"{{"name":"a","private":{kept}}}"#)).unwrap();
            assert!(manifest.is_private(), "{kept}");
        }
        for published in ["false", "0", "0.0", "\"\"", "null"] {
            let manifest = parse(&format!(r#"{{"name":"a","private":{published}}}"#)).unwrap();
            assert!(!manifest.is_private(), "{published}");
        }
    }

    #[test]
    fn a_version_of_null_is_none() {
        let manifest = parse(r#"{"name":null,"version":null}"#).unwrap();
        assert_eq!((manifest.name(), manifest.version()), (None, None));
    }

    #[test]
    fn names_the_field_of_a_wrong_type() {
        let refused = |text: &str| parse(text).unwrap_err().to_string();
        let at = "packages/a/package.json";
        assert_eq!(
            refused("{\n  \"dependencies\": {\n    \"b\": 1 }\n}"),
            format!("{at}:3:10: `dependencies.b` must be a string, and is a number\n  \"b\": 1 }}")
        );
        assert_eq!(
            refused(r#"{"name":[]}"#),
            format!("{at}:1:9: `name` must be a string, and is an array\n  {{\"name\":[]}}")
        );
        assert_eq!(
            refused("\n []"),
            format!("{at}:2:2: the top of the file must be a JSON object, and is an array\n  []")
        );
    }

    #[test]
    fn an_empty_file_is_told_as_such() {
        for text in ["", "\n\n", "\u{feff}"] {
            let error = parse(text).unwrap_err().to_string();
            assert_eq!(error, "packages/a/package.json:1:1: the file is empty, where a JSON object is expected\n  ");
        }
    }
}

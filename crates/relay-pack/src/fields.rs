//! The fields of a manifest that decide what is packed, read as npm reads them after its normalisation
//! (`@npmcli/package-json`, steps `bundleDependencies`, `optionalDedupe`, `bin`, `binDir`).

use std::collections::{BTreeMap, VecDeque};

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Map, Value};

use crate::error::PackError;
use crate::packlist::ENTRIES_MAX;

/// What packing needs of a manifest.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields {
    /// `files`, when it counts.
    pub(crate) files: Option<Vec<String>>,
    /// `main` as text.
    pub(crate) main: Option<String>,
    /// `browser` as text.
    pub(crate) browser: Option<String>,
    /// Targets of `bin`, or the content of `directories.bin`.
    pub(crate) bin: Vec<String>,
    /// `bundleDependencies` as a list.
    pub(crate) bundled: Vec<String>,
    /// `dependencies` and `optionalDependencies`.
    pub(crate) runtime: Vec<String>,
    /// `optionalDependencies`.
    pub(crate) optional: Vec<String>,
    /// `devDependencies`.
    pub(crate) dev: Vec<String>,
    /// `workspaces`, or its `packages`.
    pub(crate) workspaces: Vec<String>,
}

/// Parses a manifest's text. A byte order mark in front is no part of the JSON.
pub(crate) fn parse(path: &Utf8Path, text: &str) -> Result<Map<String, Value>, PackError> {
    let json = text.strip_prefix('\u{feff}').unwrap_or(text);
    match serde_json::from_str(json) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(PackError::BrokenManifest {
            path: path.to_owned(),
            problem: "its top must be a JSON object".to_owned(),
        }),
        Err(error) => Err(PackError::BrokenManifest { path: path.to_owned(), problem: error.to_string() }),
    }
}

impl Fields {
    /// Reads the fields. `folder` is where `directories.bin` is looked for.
    pub(crate) fn read(manifest: &Map<String, Value>, path: &Utf8Path, folder: &Utf8Path) -> Result<Self, PackError> {
        let wrong = |field, expected| PackError::Field { path: path.to_owned(), field, expected };
        let files = match manifest.get("files").filter(|value| is_truthy(value)) {
            None => None,
            Some(Value::Array(entries)) => {
                let texts: Option<Vec<String>> = entries.iter().map(|one| one.as_str().map(str::to_owned)).collect();
                Some(texts.ok_or_else(|| wrong("files", "an array of strings"))?)
            }
            // npm goes over a string character by character.
            Some(Value::String(text)) => Some(text.chars().map(String::from).collect()),
            Some(_) => return Err(wrong("files", "an array of strings")),
        };
        let text_of = |field: &str| manifest.get(field).filter(|value| is_truthy(value)).map(script_text);
        let keys = |field: &str| match manifest.get(field) {
            Some(Value::Object(map)) => map.keys().cloned().collect(),
            _ => Vec::new(),
        };
        let dependencies: Vec<String> = keys("dependencies");
        let bundle = match manifest.get("bundleDependencies") {
            None => manifest.get("bundledDependencies"),
            some => some,
        };
        let bundled = match bundle {
            Some(Value::Bool(true)) => dependencies.clone(),
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            Some(Value::Object(map)) => map.keys().cloned().collect(),
            _ => Vec::new(),
        };
        let mut runtime = dependencies;
        let optional: Vec<String> = keys("optionalDependencies");
        runtime.extend(optional.iter().cloned());
        let workspaces = match manifest.get("workspaces") {
            Some(Value::Object(map)) => map.get("packages"),
            other => other,
        };
        let workspaces = match workspaces {
            Some(Value::Array(patterns)) => patterns.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        };
        let bin = match (manifest.get("bin").filter(|value| is_truthy(value)), bin_folder(manifest)) {
            (None, Some(Value::String(bin_folder))) => folder_bins(folder, bin_folder)?,
            (None, Some(_)) => return Err(wrong("directories.bin", "a string")),
            (bin, _) => bin_targets(bin, manifest.get("name")),
        };
        Ok(Self {
            files,
            main: text_of("main"),
            browser: text_of("browser"),
            bin,
            bundled,
            runtime,
            optional,
            dev: keys("devDependencies"),
            workspaces,
        })
    }
}

fn bin_folder(manifest: &Map<String, Value>) -> Option<&Value> {
    manifest.get("directories")?.get("bin").filter(|value| is_truthy(value))
}

fn bin_targets(bin: Option<&Value>, name: Option<&Value>) -> Vec<String> {
    let pairs: Vec<(String, &str)> = match bin {
        Some(Value::String(target)) => {
            name.and_then(Value::as_str).map(|name| (name.to_owned(), target.as_str())).into_iter().collect()
        }
        Some(Value::Array(targets)) => {
            targets.iter().filter_map(Value::as_str).map(|target| (base_name(target).to_owned(), target)).collect()
        }
        Some(Value::Object(map)) => {
            map.iter().filter_map(|(key, target)| target.as_str().map(|target| (key.clone(), target))).collect()
        }
        _ => Vec::new(),
    };
    // Keyed by the name of the command: a later one takes an earlier one's place.
    let mut targets = BTreeMap::new();
    for (key, target) in pairs {
        let (key, target) = (secure_path(&key), secure_path(target));
        let command = base_name(&key);
        if !command.is_empty() && !target.is_empty() {
            targets.insert(command.to_owned(), target);
        }
    }
    targets.into_values().collect()
}

/// Everything in `directories.bin` whose path has no name that starts with a dot, folders included.
fn folder_bins(folder: &Utf8Path, bin_folder: &str) -> Result<Vec<String>, PackError> {
    let bin_path = secure_path(bin_folder);
    let top = folder.join(&bin_path);
    let mut commands = BTreeMap::new();
    let mut queue: VecDeque<(Utf8PathBuf, String)> = VecDeque::from([(top, String::new())]);
    while let Some((path, relative)) = queue.pop_front() {
        let Ok(entries) = path.read_dir_utf8() else { continue };
        let mut entries: Vec<_> = entries.flatten().collect();
        entries.sort_by(|a, b| a.file_name().cmp(b.file_name()));
        for entry in entries {
            let name = entry.file_name();
            if name.starts_with('.') {
                continue;
            }
            let inner = if relative.is_empty() { name.to_owned() } else { format!("{relative}/{name}") };
            commands.insert(name.to_owned(), format!("{bin_path}/{}", secure_path(&inner)));
            if commands.len() > ENTRIES_MAX {
                let what = format!("`directories.bin` holds more than {ENTRIES_MAX} files");
                return Err(PackError::TooLarge { folder: folder.to_owned(), what });
            }
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                queue.push_back((entry.path().to_owned(), inner));
            }
        }
    }
    Ok(commands.into_values().collect())
}

/// A path within the package, whatever the text says: `..` can't leave, backslashes and colons are slashes.
pub(crate) fn secure_path(text: &str) -> String {
    let text = text.replace(['\\', ':'], "/");
    let mut names: Vec<&str> = Vec::new();
    for name in text.split('/') {
        match name {
            "" | "." => {}
            ".." => {
                names.pop();
            }
            _ => names.push(name),
        }
    }
    let mut path = names.join("/");
    if text.ends_with('/') && !path.is_empty() {
        path.push('/');
    }
    path
}

/// The last name of a path, slashes at its end not counted.
fn base_name(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

/// What JavaScript takes for true.
pub(crate) fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

/// What JavaScript makes of a value that is put into text. npm puts `browser` and `main` into a pattern whatever their
/// type, so that an object becomes a class of the letters of `[object Object]`.
fn script_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(script_text).collect::<Vec<_>>().join(","),
        Value::Object(_) => "[object Object]".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn read(json: &str) -> Result<Fields, PackError> {
        let path = Utf8Path::new("package.json");
        Fields::read(&parse(path, json)?, path, Utf8Path::new("does-not-exist"))
    }

    #[test]
    fn bins_are_made_safe() {
        let fields = read(r#"{"name":"@s/n","bin":{"a":"./x/../a.js","../b":"../../b.js","c":1,"d":"."}}"#).unwrap();
        assert_eq!(fields.bin, ["a.js", "b.js"]);
        assert_eq!(read(r#"{"name":"n","bin":"./cli.js"}"#).unwrap().bin, ["cli.js"]);
    }

    #[test]
    fn bundled_names_come_in_many_forms() {
        let with = |bundle: &str| read(&format!(r#"{{"dependencies":{{"a":"1"}},{bundle}}}"#)).unwrap().bundled;
        assert_eq!(with(r#""bundleDependencies":true"#), ["a"]);
        assert_eq!(with(r#""bundledDependencies":["b"]"#), ["b"]);
        assert_eq!(with(r#""bundleDependencies":{"c":1}"#), ["c"]);
        assert!(with(r#""bundleDependencies":false"#).is_empty());
    }

    #[test]
    fn an_object_in_main_becomes_text() {
        assert_eq!(read(r#"{"main":{}}"#).unwrap().main.as_deref(), Some("[object Object]"));
        assert_eq!(read(r#"{"main":["a","b"]}"#).unwrap().main.as_deref(), Some("a,b"));
    }

    #[test]
    fn files_of_a_wrong_type_are_refused() {
        assert!(read(r#"{"files":[1]}"#).unwrap_err().to_string().contains("`files` must be an array of strings"));
        assert!(read(r#"{"files":{"a":1}}"#).is_err());
    }
}

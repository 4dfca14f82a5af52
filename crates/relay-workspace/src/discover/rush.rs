//! `rush.json`: JSON with comments that lists every project by its folder.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use jsonc_parser::{JsonValue, parse_to_value};
use relay_values::Printable;

use super::error::DiscoverError;
use crate::json::{lower_start, with_comments};
use crate::manager::PackageManager;
use crate::syntax::SyntaxError;
use crate::wrong_kind::FieldOf;

/// What relay takes from `rush.json`.
#[derive(Debug)]
pub(super) struct RushProjects {
    /// The folders, in the file's order.
    pub(super) folders: Vec<String>,
    /// Those that rush never publishes: without `shouldPublish` and `versionPolicyName`.
    pub(super) unpublished: BTreeSet<Utf8PathBuf>,
    /// The package manager by its `…Version` field.
    pub(super) manager: Option<PackageManager>,
}

/// Reads the text of a `rush.json`.
pub(super) fn read(file: &Utf8Path, text: &str) -> Result<RushProjects, DiscoverError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let value = parse_to_value(text, &with_comments()).map_err(|error| {
        DiscoverError::Syntax(Box::new(SyntaxError {
            path: file.to_owned(),
            line: error.line_display(),
            column: error.column_display(),
            problem: lower_start(&error.kind().to_string()),
            excerpt: Printable::excerpt(text, error.line_display()).into(),
        }))
    })?;
    let options = with_comments();
    let at = |keys| FieldOf { path: file, text, options: &options, keys };
    let settings = match value {
        Some(JsonValue::Object(settings)) => settings,
        other => return Err(DiscoverError::Field(at(&[]).must_be("an object", kind_of(other.as_ref())))),
    };
    let mut projects = RushProjects { folders: Vec::new(), unpublished: BTreeSet::new(), manager: None };
    for (key, manager) in [
        ("pnpmVersion", PackageManager::Pnpm),
        ("npmVersion", PackageManager::Npm),
        ("yarnVersion", PackageManager::Yarn),
    ] {
        if settings.get_string(key).is_some() {
            projects.manager = Some(manager);
            break;
        }
    }
    let Some(entries) = settings.get_array("projects") else {
        return Err(DiscoverError::Field(
            at(&["projects"]).must_be("an array of projects", kind_of(settings.get("projects"))),
        ));
    };
    for (index, entry) in entries.iter().enumerate() {
        let index = index.to_string();
        let JsonValue::Object(project) = entry else {
            return Err(DiscoverError::Field(
                at(&["projects", &index]).must_be("an object with `projectFolder`", kind_of(Some(entry))),
            ));
        };
        let Some(folder) = project.get_string("projectFolder") else {
            let found = kind_of(project.get("projectFolder"));
            return Err(DiscoverError::Field(at(&["projects", &index, "projectFolder"]).must_be("a string", found)));
        };
        if project.get_boolean("shouldPublish") != Some(true) && project.get_string("versionPolicyName").is_none() {
            let folder = folder.trim_start_matches("./").trim_matches('/');
            projects.unpublished.insert(Utf8PathBuf::from(folder));
        }
        projects.folders.push(folder.to_string());
    }
    Ok(projects)
}

fn kind_of(value: Option<&JsonValue<'_>>) -> &'static str {
    match value {
        None => "not there",
        Some(JsonValue::Null) => "`null`",
        Some(JsonValue::Boolean(_)) => "a boolean",
        Some(JsonValue::Number(_)) => "a number",
        Some(JsonValue::String(_)) => "a string",
        Some(JsonValue::Array(_)) => "an array",
        Some(JsonValue::Object(_)) => "an object",
    }
}

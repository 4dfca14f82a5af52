//! `rush.json`: JSON with comments that lists every project by its folder.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use jsonc_parser::{JsonValue, parse_to_value};

use super::error::DiscoverError;
use crate::json::{lower_start, with_comments};
use crate::manager::PackageManager;
use crate::printable::excerpt;

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
    let value = parse_to_value(text, &with_comments()).map_err(|error| DiscoverError::Syntax {
        path: file.to_owned(),
        line: error.line_display(),
        column: error.column_display(),
        problem: lower_start(&error.kind().to_string()),
        excerpt: excerpt(text, error.line_display()),
    })?;
    let field =
        |field: &str, expected| DiscoverError::Field { path: file.to_owned(), field: field.to_owned(), expected };
    let Some(JsonValue::Object(settings)) = value else { return Err(field("(top)", "an object")) };
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
    let Some(entries) = settings.get_array("projects") else { return Err(field("projects", "an array of projects")) };
    for (index, entry) in entries.iter().enumerate() {
        let folder = match entry {
            JsonValue::Object(project) => project.get_string("projectFolder"),
            _ => None,
        };
        let Some(folder) = folder else { return Err(field(&format!("projects[{index}].projectFolder"), "a text")) };
        let JsonValue::Object(project) = entry else { continue };
        if project.get_boolean("shouldPublish") != Some(true) && project.get_string("versionPolicyName").is_none() {
            let folder = folder.trim_start_matches("./").trim_matches('/');
            projects.unpublished.insert(Utf8PathBuf::from(folder));
        }
        projects.folders.push(folder.to_string());
    }
    Ok(projects)
}

//! What becomes of the change files that a release uses up, and which commits wrote them.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use relay_change::{BumpPlan, ChangesetsGeneration, PreMode, PreState};

use super::{VersionError, read_optional};
use crate::project::{CHANGE_FILE_FOLDER, Project};

/// The commits that added the change files, by their ids: changesets prints them in front of its entries. A file that the
/// prerelease mode has moved aside was written where all of them are.
pub(super) fn file_commits(project: &Project, bumps: &BumpPlan) -> Result<BTreeMap<String, String>, VersionError> {
    const ASIDE: &str = "pre/";
    let Some(repository) = &project.repository else { return Ok(BTreeMap::new()) };
    let added = |below: &str, files: Vec<String>| -> Result<BTreeMap<String, String>, VersionError> {
        let folder = Utf8Path::new(CHANGE_FILE_FOLDER).join(below.trim_end_matches('/'));
        let folder = project.in_repository(&folder);
        Ok(repository.commits_that_added(folder.as_str().trim_end_matches('/'), files)?)
    };
    let file = |id: &str| format!("{}.md", id.trim_start_matches(ASIDE));
    let mut commits = added("", bumps.consumed.iter().map(|id| file(id)).collect())?;
    let moved = bumps.consumed.iter().filter(|id| id.starts_with(ASIDE)).map(|id| file(id));
    let lost: Vec<String> = moved.filter(|file| !commits.contains_key(file)).collect();
    commits.extend(added(ASIDE, lost)?);
    let by_id = |id: &String| Some((id.clone(), commits.get(&file(id))?.clone()));
    Ok(bumps.consumed.iter().filter_map(by_id).collect())
}

/// Consumed change files are deleted; in the prerelease mode of changesets they are kept until it ends: aside in version
/// 3, where they are in version 2, whose state lists them.
pub(super) fn consumed(
    project: &Project,
    bumps: &BumpPlan,
) -> Result<Vec<(Utf8PathBuf, Option<String>)>, VersionError> {
    let root = &project.workspace.root;
    let folder = Utf8Path::new(CHANGE_FILE_FOLDER);
    let pre = project.changesets.as_ref().and_then(|config| Some((config.generation, config.pre.as_ref()?)));
    let state = folder.join("pre.json");
    let mut changes = Vec::new();
    if let Some((ChangesetsGeneration::Two, PreState { mode: PreMode::Pre, .. })) = pre {
        let text = read_optional(root, &state)?.unwrap_or_default();
        changes.extend(state_of_changesets_2(project, &text).map(|text| (state, Some(text))));
        return Ok(changes);
    }
    let mode = pre.map(|(_, state)| state.mode);
    // What version 2 has used up already, and kept where it was, moves aside with the rest.
    let used_before = pre.map(|(_, state)| state.changesets.as_slice()).filter(|_| mode == Some(PreMode::Pre));
    for id in bumps.consumed.iter().chain(used_before.unwrap_or_default()) {
        let path = folder.join(format!("{id}.md"));
        let Some(text) = read_optional(root, &path)? else { continue };
        if mode == Some(PreMode::Pre) {
            changes.push((folder.join("pre").join(format!("{id}.md")), Some(text)));
        }
        changes.push((path, None));
    }
    match mode {
        Some(PreMode::Exit) => changes.push((state, None)),
        Some(PreMode::Pre) => {
            let text = read_optional(root, &state)?.unwrap_or_default();
            changes.extend(migrated_pre_state(&text).map(|text| (state, Some(text))));
        }
        None => {}
    }
    Ok(changes)
}

/// The prerelease state as version 2 writes it: with every change file that is there, and the version that each new package
/// began with.
fn state_of_changesets_2(project: &Project, text: &str) -> Option<String> {
    use serde_json::{Map, Value};
    let mut state: Map<String, Value> = serde_json::from_str(text).ok()?;
    let mut used: Vec<Value> = state.get("changesets").and_then(Value::as_array).cloned().unwrap_or_default();
    for id in project.change_files.iter().map(|file| Value::from(file.id.as_str())) {
        if !used.contains(&id) {
            used.push(id);
        }
    }
    let mut versions = state.get("initialVersions").and_then(Value::as_object).cloned().unwrap_or_default();
    for package in &project.workspace.packages {
        if let Some(version) = &package.version {
            versions.entry(package.name.as_str()).or_insert_with(|| Value::from(version.to_string()));
        }
    }
    state.insert("initialVersions".to_owned(), Value::Object(versions));
    state.insert("changesets".to_owned(), Value::Array(used));
    serde_json::to_string_pretty(&state).ok().map(|text| text + "\n")
}

/// The prerelease state without what changesets 2 kept in it, as changesets 3 writes it; `None` where nothing of that is there.
fn migrated_pre_state(text: &str) -> Option<String> {
    let mut state: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).ok()?;
    let stale = ["initialVersions", "changesets"].map(|key| state.shift_remove(key).is_some());
    if !stale.contains(&true) {
        return None;
    }
    serde_json::to_string_pretty(&state).ok().map(|text| text + "\n")
}

#[cfg(test)]
mod tests {
    use super::migrated_pre_state;

    #[test]
    fn what_changesets_2_kept_of_a_prerelease_goes() {
        let old = r#"{"mode":"pre","tag":"next","initialVersions":{"a":"1.0.0"},"changesets":["x"]}"#;
        let new = "{\n  \"mode\": \"pre\",\n  \"tag\": \"next\"\n}\n";
        assert_eq!(migrated_pre_state(old).as_deref(), Some(new));
        assert_eq!(migrated_pre_state(new), None);
        assert_eq!(migrated_pre_state("{"), None);
    }
}

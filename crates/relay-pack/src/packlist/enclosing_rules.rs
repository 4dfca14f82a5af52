//! What the workspace around a package adds to its rules.

use camino::Utf8Path;
use relay_workspace::read_regular_file;

use crate::error::PackError;
use crate::fields::Fields;
use crate::minimatch::Pattern;
use crate::pack::PackRequest;
use crate::packlist::{ENTRIES_MAX, FOLDER_DEPTH_MAX, IGNORE_FILE_BYTES_MAX};

/// The rules, one a line, that join the built-in ones of a member: the ignore files of the folders between the workspace's
/// root and it. The root itself has none: `npm pack` and `npm publish` pack its members' folders with it (seen in npm 11.19 and
/// 12.2; only `--workspaces --include-workspace-root` leaves them out).
pub(super) fn rules(request: &PackRequest) -> Result<String, PackError> {
    let Some(context) = &request.conventions.context else { return Ok(String::new()) };
    let folder = request.folder;
    let root = context.root.as_path();
    if folder == root {
        return Ok(String::new());
    }
    let inner = folder.parent().and_then(|parent| parent.strip_prefix(root).ok());
    let Some(inner) = inner.filter(|_| context.members.contains(folder)) else {
        return Ok(String::new());
    };
    let mut texts = Vec::new();
    let mut place = root.to_owned();
    for name in std::iter::once("").chain(inner.components().map(|name| name.as_str())) {
        if !name.is_empty() {
            place.push(name);
        }
        if let Some(text) = ignore_file(&place)? {
            texts.push(text);
        }
    }
    Ok(texts.join("\n"))
}

/// A folder's `.npmignore`, else its `.gitignore`.
fn ignore_file(folder: &Utf8Path) -> Result<Option<String>, PackError> {
    for name in [".npmignore", ".gitignore"] {
        let path = folder.join(name);
        if let Some(bytes) = read_regular_file(&path, IGNORE_FILE_BYTES_MAX).map_err(PackError::unreadable(&*path))? {
            return Ok(Some(String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
    Ok(None)
}

/// Says whether the package is itself the root of an npm workspace that has members. npm then reads each
/// `package.json` below it as if it were an ignore file.
pub(super) fn has_workspaces(request: &PackRequest, fields: &Fields) -> Result<bool, PackError> {
    if fields.workspaces.is_empty() {
        return Ok(false);
    }
    if let Some(context) = request.conventions.context.as_ref().filter(|around| around.root == request.folder) {
        return Ok(!context.members.is_empty());
    }
    let mut patterns = Vec::new();
    for text in &fields.workspaces {
        let bare = text.trim_start_matches('!');
        let negated = (text.len() - bare.len()) % 2 == 1;
        let bare = bare.strip_prefix('.').filter(|rest| rest.starts_with('/')).unwrap_or(bare).trim_matches('/');
        let origin = request.folder.join("package.json");
        let pattern = Pattern::parse(&format!("/{bare}")).map_err(|source| PackError::Pattern { origin, source })?;
        patterns.push((negated, pattern));
    }
    let mut looked_at = 0_usize;
    Ok(any_member(request.folder, "", &patterns, 0, &mut looked_at))
}

fn any_member(
    folder: &Utf8Path,
    path: &str,
    patterns: &[(bool, Pattern)],
    depth: usize,
    looked_at: &mut usize,
) -> bool {
    if depth > FOLDER_DEPTH_MAX || *looked_at > ENTRIES_MAX {
        return false;
    }
    let Ok(entries) = folder.read_dir_utf8() else { return false };
    for entry in entries.flatten() {
        *looked_at += 1;
        let name = entry.file_name();
        if name == "node_modules" || name.starts_with('.') || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let inner = format!("{path}/{name}");
        let decided = patterns.iter().rev().find(|(_, pattern)| pattern.matches(&inner, false));
        if decided.is_some_and(|(negated, _)| !negated) && entry.path().join("package.json").is_file() {
            return true;
        }
        let leads_on = patterns.iter().any(|(negated, pattern)| !negated && pattern.matches(&inner, true));
        if leads_on && any_member(entry.path(), &inner, patterns, depth + 1, looked_at) {
            return true;
        }
    }
    false
}

//! The files that a manifest names as the package's ways in, and whether the tarball has them.

use std::collections::HashSet;

use relay_config::FindingName;
use serde_json::Value;

use super::listed;
use crate::gate::Findings;
use crate::pack::Tarball;

/// The conditions of `exports` that those who install a package ask for. Others (`source`, a company's own) lead to files that
/// only the workspace has, and nobody outside asks for them.
const CONDITIONS: [&str; 8] =
    ["import", "require", "default", "node", "browser", "types", "module-sync", "node-addons"];

/// How deep conditions may nest.
const DEPTH_MAX: usize = 32;

/// What node, and those who read types, try after a path as it is written.
const OF_MAIN: [&str; 6] = [".js", ".json", ".node", "/index.js", "/index.json", "/index.node"];
const OF_MODULE: [&str; 5] = [".js", ".mjs", ".json", "/index.js", "/index.mjs"];
const OF_TYPES: [&str; 9] =
    [".d.ts", ".ts", ".tsx", ".d.mts", ".d.cts", "/index.d.ts", "/index.ts", "/index.d.mts", "/index.d.cts"];

/// Adds the entry points that lead nowhere.
pub(super) fn check(tarball: &Tarball, findings: &mut Findings<'_>) {
    let keeps = |path: &str| findings.keeps(FindingName::MissingEntryPoint, &normal(path));
    let files: HashSet<&str> = tarball.files.iter().map(|file| file.path.as_str()).collect();
    let mut found: Vec<String> = Vec::new();
    for (field, endings) in
        [("main", &OF_MAIN[..]), ("module", &OF_MODULE[..]), ("types", &OF_TYPES[..]), ("typings", &OF_TYPES[..])]
    {
        if let Some(path) = tarball.manifest.get(field).and_then(Value::as_str).filter(|path| !path.is_empty())
            && !is_there(path, endings, &files)
            && keeps(path)
        {
            found.push(format!("`{path}` (`{field}`)"));
        }
    }
    for path in super::bins(tarball) {
        if !path.is_empty() && !files.contains(path.as_str()) && keeps(&path) {
            found.push(format!("`{path}` (`bin`)"));
        }
    }
    if let Some(exports) = tarball.manifest.get("exports") {
        let mut targets = Vec::new();
        gather(exports, "exports", 0, &mut targets);
        let lost = targets.into_iter().filter(|(_, target)| !is_exported(target, &files) && keeps(target));
        found.extend(lost.map(|(place, target)| format!("`{target}` (`{place}`)")));
    }
    let mut seen = HashSet::new();
    found.retain(|one| seen.insert(one.clone()));
    if let Some(named) = listed(&found) {
        let text = format!("its package.json names {named}, not in the tarball");
        findings.add(FindingName::MissingEntryPoint, None, text, "is it built?");
    }
}

/// A path as the tarball has it.
pub(super) fn normal(path: &str) -> String {
    let mut names: Vec<&str> = Vec::new();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." => {
                names.pop();
            }
            _ => names.push(name),
        }
    }
    names.join("/")
}

fn is_there(path: &str, endings: &[&str], files: &HashSet<&str>) -> bool {
    let path = normal(path);
    if path.is_empty() {
        return endings.iter().any(|ending| files.contains(ending.trim_start_matches('/')));
    }
    // Types may be named by the file that they belong to.
    let stem = [".js", ".mjs", ".cjs"].iter().find_map(|ending| path.strip_suffix(ending));
    files.contains(path.as_str())
        || endings.iter().any(|ending| {
            files.contains(format!("{path}{ending}").as_str())
                || stem.is_some_and(|stem| ending.contains(".d.") && files.contains(format!("{stem}{ending}").as_str()))
        })
}

/// The targets of `exports`, each with the place where it stands.
fn gather(value: &Value, place: &str, depth: usize, targets: &mut Vec<(String, String)>) {
    if depth > DEPTH_MAX {
        return;
    }
    match value {
        Value::String(target) => targets.push((place.to_owned(), target.clone())),
        // The first one that can be read counts; the rest are for others.
        Value::Array(targets_in_turn) => {
            if let Some(first) = targets_in_turn.iter().find(|value| !value.is_null()) {
                gather(first, place, depth + 1, targets);
            }
        }
        Value::Object(fields) => {
            for (key, value) in fields {
                let is_subpath = key.starts_with('.');
                let is_asked_for = CONDITIONS.contains(&key.as_str()) || key.starts_with("types@");
                if is_subpath {
                    gather(value, &format!("{place}[\"{key}\"]"), depth + 1, targets);
                } else if is_asked_for {
                    gather(value, place, depth + 1, targets);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn is_exported(target: &str, files: &HashSet<&str>) -> bool {
    // Another package, or what node refuses anyway.
    let Some(path) = target.strip_prefix("./") else { return true };
    if let Some((before, after)) = path.split_once('*') {
        // Every `*` stands for the same text.
        let after_first = after.split('*').next_back().unwrap_or_default();
        let before = before.trim_start_matches("./");
        return files.iter().any(|file| {
            file.len() >= before.len() + after_first.len() && file.starts_with(before) && file.ends_with(after_first)
        });
    }
    let path = path.trim_start_matches("./");
    if path.is_empty() || path.ends_with('/') {
        return files.iter().any(|file| file.starts_with(path));
    }
    files.contains(path)
}

//! Where yarn reads `files` differently from npm 11, by whose rules relay packs in yarn's workspaces too (seen in yarn 4.18.1):
//! an entry without a slash names files anywhere below, `lib/*` takes what is directly in `lib` only, and `**/*.js` nothing at
//! the top.

use std::collections::BTreeSet;

use camino::Utf8Path;
use relay_pack::minimatch::Pattern;
use relay_pack::{PackRequest, packlist};
use serde_json::{Map, Value};

/// How many files and folders are looked at for one package.
const ENTRIES_MAX: usize = 20_000;

/// How many files are named.
const FILES_SHOWN_MAX: usize = 3;

/// What yarn would pack differently of the package in `folder`: half a sentence. `None` also where that can't be told.
pub(super) fn difference(folder: &Utf8Path, manifest: &Map<String, Value>) -> Option<String> {
    let entries: Vec<&str> = manifest.get("files")?.as_array()?.iter().filter_map(Value::as_str).collect();
    let anywhere: Vec<&str> = entries.iter().copied().filter(|entry| is_name(entry)).collect();
    let flat: Vec<&str> = entries.iter().filter_map(|entry| entry.strip_suffix("/*")).collect();
    let deep: Vec<Pattern> = entries.iter().filter_map(|entry| deep_pattern(entry)).collect();
    if anywhere.is_empty() && flat.is_empty() && deep.is_empty() {
        return None;
    }
    let packed: BTreeSet<String> = packlist(&PackRequest::of(folder)).ok()?.into_iter().collect();
    let mut more = BTreeSet::new();
    if !anywhere.is_empty() {
        let patterns: Vec<Pattern> = anywhere.iter().filter_map(|text| Pattern::parse(text).ok()).collect();
        let mut left = ENTRIES_MAX;
        gather(folder, "", &mut left, &mut |path| {
            if path.contains('/') && !packed.contains(path) && patterns.iter().any(|one| one.matches(path, false)) {
                more.insert(path.to_owned());
            }
        });
    }
    let others: Vec<&str> =
        entries.iter().copied().filter(|entry| !entry.ends_with("/*") && deep_pattern(entry).is_none()).collect();
    let always = always_packed(manifest);
    let left_out = |path: &&String| {
        let too_deep = flat.iter().any(|folder| is_deeper(path, folder));
        let too_high = !path.contains('/') && deep.iter().any(|one| one.matches(path, false));
        let elsewhere = too_deep && deep.iter().any(|one| one.matches(path, false));
        (too_deep || too_high)
            && !elsewhere
            && !is_always_packed(path, &always)
            && !others.iter().any(|entry| may_take(entry, path))
    };
    let fewer: BTreeSet<String> = packed.iter().filter(left_out).cloned().collect();
    let parts = [("would also pack", more), ("would leave out", fewer)];
    let parts: Vec<String> =
        parts.iter().filter_map(|(verb, paths)| Some(format!("{verb} {}", listed(paths)?))).collect();
    (!parts.is_empty()).then(|| format!("yarn reads its `files` differently: it {}", parts.join(", and ")))
}

/// A name or a wildcard for names, without a folder.
fn is_name(entry: &str) -> bool {
    !entry.is_empty() && !entry.contains('/') && !entry.starts_with('!') && !entry.chars().all(|c| c == '*')
}

/// `**/*.js`, by which npm takes files at the top as well.
fn deep_pattern(entry: &str) -> Option<Pattern> {
    let bare = entry.trim_start_matches("./").trim_start_matches('/');
    bare.strip_prefix("**/").filter(|rest| !rest.is_empty())?;
    Pattern::parse(bare).ok()
}

/// The files that yarn packs whatever `files` says, as the manifest names them.
fn always_packed(manifest: &Map<String, Value>) -> Vec<&str> {
    let texts = ["main", "module", "browser"].iter().filter_map(|field| manifest.get(*field)?.as_str());
    let bins = match manifest.get("bin") {
        Some(Value::String(text)) => vec![text.as_str()],
        Some(Value::Object(map)) => map.values().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    texts.chain(bins).map(|path| path.trim_start_matches("./").trim_start_matches('/')).collect()
}

fn is_always_packed(path: &str, named: &[&str]) -> bool {
    let lower = path.to_ascii_lowercase();
    let by_name = ["package.json", "readme", "license", "licence", "changelog"];
    named.contains(&path) || !path.contains('/') && by_name.iter().any(|start| lower.starts_with(start))
}

fn is_deeper(path: &str, folder: &str) -> bool {
    let folder = folder.trim_start_matches("./").trim_start_matches('/');
    path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')).is_some_and(|rest| rest.contains('/'))
}

/// Says whether another entry may take a file; what can't be judged is taken for one that does.
fn may_take(entry: &str, path: &str) -> bool {
    let bare = entry.trim_start_matches("./").trim_matches('/');
    let below = path.strip_prefix(bare).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    below || !entry.starts_with('!') && Pattern::parse(bare).is_ok_and(|pattern| pattern.matches(path, false))
}

fn gather(folder: &Utf8Path, prefix: &str, left: &mut usize, visit: &mut impl FnMut(&str)) {
    let Ok(entries) = folder.read_dir_utf8() else { return };
    for entry in entries.flatten() {
        let Some(rest) = left.checked_sub(1) else { return };
        *left = rest;
        let name = entry.file_name();
        let path = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") };
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && !matches!(name, "node_modules" | ".git" | ".yarn") => {
                gather(entry.path(), &path, left, visit);
            }
            Ok(kind) if kind.is_file() => visit(&path),
            _ => {}
        }
    }
}

fn listed(paths: &BTreeSet<String>) -> Option<String> {
    let shown: Vec<String> = paths.iter().take(FILES_SHOWN_MAX).map(|path| format!("`{path}`")).collect();
    match paths.len() - shown.len() {
        _ if paths.is_empty() => None,
        0 => Some(shown.join(", ")),
        more => Some(format!("{} and {more} more", shown.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_yarn_packs_differently_is_named() {
        let check = |files: &str, expected: Option<&str>| {
            let temp = tempfile::tempdir().unwrap();
            let folder = Utf8Path::from_path(temp.path()).unwrap();
            let manifest = format!(r#"{{"name":"a","version":"1.0.0","files":{files}}}"#);
            for (path, text) in [
                ("package.json", manifest.as_str()),
                ("a.js", ""),
                ("lib/b.js", ""),
                ("lib/x/c.js", ""),
                ("README.md", ""),
            ] {
                std::fs::create_dir_all(folder.join(path).parent().unwrap()).unwrap();
                std::fs::write(folder.join(path), text).unwrap();
            }
            let fields: Value = serde_json::from_str(&manifest).unwrap();
            let found = difference(folder, fields.as_object().unwrap());
            match expected {
                None => assert_eq!(found, None, "{files}"),
                Some(words) => assert!(found.as_ref().is_some_and(|found| found.contains(words)), "{files}: {found:?}"),
            }
        };
        check(r#"["*.js"]"#, Some("would also pack `lib/b.js`, `lib/x/c.js`"));
        check(r#"["lib/*"]"#, Some("would leave out `lib/x/c.js`"));
        check(r#"["lib/*","lib/x"]"#, None);
        check(r#"["*.js","lib"]"#, None);
        check(r#"["b.js"]"#, Some("would also pack `lib/b.js`"));
        check(r#"["a.js"]"#, None);
        check(r#"["./a.js"]"#, None);
        check(r#"["**/*.js"]"#, Some("would leave out `a.js`"));
        check(r#"["**/*"]"#, Some("would leave out `a.js`"));
        check(r#"["./**/*.js"]"#, Some("would leave out `a.js`"));
        check(r#"["**"]"#, None);
        check(r#"["*.js","**/*.js"]"#, None);
        check(r#"["a.js","**/*.js"]"#, None);
        check(r#"["lib/**/*.js"]"#, None);
        check(r#"["**/*.js"],"main":"./a.js""#, None);
        check(r#"["**/*.js"],"bin":{"a":"a.js"}"#, None);
        check(r#"["lib/*","**/*.js"]"#, Some("would leave out `a.js`"));
        check(r#"["*.ts"]"#, None);
        check(r#"["lib"]"#, None);
        check(r#"["lib/**"]"#, None);
    }
}

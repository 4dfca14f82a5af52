//! Entries of `files` that bring nothing into the tarball: mostly a build that has not run, or a pattern that matches folders
//! alone, whose contents npm 11 leaves out.

use relay_config::FindingName;
use relay_values::Printable;
use serde_json::Value;

use crate::gate::Findings;
use crate::minimatch::Pattern;
use crate::pack::Tarball;

/// Adds each entry of the manifest's `files` to which no file of the tarball belongs. Those that take files away again (`!…`)
/// don't count.
pub(crate) fn check(tarball: &Tarball, findings: &mut Findings<'_>) {
    for entry in unmatched(tarball) {
        if !findings.keeps(FindingName::UnmatchedFiles, entry) {
            continue;
        }
        let help = if is_pattern(entry) {
            format!("to take whole folders, write `{}/**`", Printable::name(entry.trim_end_matches('/')))
        } else {
            "is it built?".to_owned()
        };
        let text = format!("its `files` name `{}`, which brings nothing into the tarball", Printable::name(entry));
        findings.add(FindingName::UnmatchedFiles, None, text, help);
    }
}

fn unmatched(tarball: &Tarball) -> Vec<&str> {
    let Some(Value::Array(entries)) = tarball.manifest.get("files") else { return Vec::new() };
    let entries = entries.iter().filter_map(Value::as_str).filter(|entry| !entry.starts_with('!'));
    entries.filter(|entry| !brings_something(entry, tarball)).collect()
}

/// Says whether an entry is a pattern that could take folders whole if it said so.
fn is_pattern(entry: &str) -> bool {
    entry.contains(['*', '?', '[', '{'])
}

fn brings_something(entry: &str, tarball: &Tarball) -> bool {
    let bare = entry.trim_start_matches("./").trim_matches('/');
    let paths = || tarball.files.iter().map(|file| file.path.as_str());
    let below = |path: &str| path.strip_prefix(bare).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if matches!(bare, "" | "." | "*" | "**") || paths().any(below) {
        return true;
    }
    let patterns = [bare.to_owned(), format!("{bare}/**"), format!("**/{bare}")];
    // What can't be read as a pattern is not judged.
    let Ok(patterns) = patterns.iter().map(|text| Pattern::parse(text)).collect::<Result<Vec<_>, _>>() else {
        return true;
    };
    paths().any(|path| patterns.iter().any(|pattern| pattern.matches(path, false)))
}

#[cfg(test)]
mod tests {
    use camino::Utf8Path;

    use super::*;
    use crate::pack::{PackRequest, pack};

    #[test]
    fn entries_that_bring_nothing_are_named() {
        let temp = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(temp.path()).unwrap();
        let files =
            r#"["lib","./a.js","/b.js","docs/*.md","*.d.ts","dist","template-*","!lib/x.js","README.md","x/**"]"#;
        let manifest = format!(r#"{{"name":"a","version":"1.0.0","files":{files}}}"#);
        for (path, text) in [
            ("package.json", manifest.as_str()),
            ("lib/deep/y.js", ""),
            ("a.js", ""),
            ("b.js", ""),
            ("docs/one.md", ""),
            ("types.d.ts", ""),
            ("README.md", ""),
            ("template-a/x.txt", ""),
            ("x/y/z", ""),
        ] {
            let path = folder.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let tarball = pack(&PackRequest::of(folder)).unwrap();
        assert_eq!(unmatched(&tarball), ["dist", "template-*"]);
        assert!(is_pattern("template-*") && !is_pattern("dist"));
    }
}

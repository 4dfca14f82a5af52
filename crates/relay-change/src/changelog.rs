//! Changelogs: the section of one release, and its place in the file.
//!
//! The form is that of changesets 3 (`get-changelog-entry`, `changelog-git`), which also relay's own releases use: a
//! heading per bump, an entry per change file or commit, then the dependencies that the release takes up.

use std::collections::BTreeMap;

use relay_workspace::PackageName;

use crate::bump::Bump;
use crate::change_file::ChangeFile;
use crate::commits::CommitNote;
use crate::direct::in_file_order;
use crate::plan::{BumpPlan, ReleaseCause, ReleaseNotes};

#[cfg(test)]
mod tests;

/// As many digits of a commit's id as changesets prints.
const COMMIT_ID_DIGITS: usize = 7;

/// The changelog's section of a package: `## 1.3.0`, headings, entries; without a line end. Empty for a package that gets
/// no new version.
pub fn changelog_section(plan: &BumpPlan, package: &PackageName, change_files: &[ChangeFile]) -> String {
    changelog_section_with_commits(plan, package, change_files, &BTreeMap::new())
}

/// Like [`changelog_section`], with the commits that added the change files: `file_commits` holds full commit ids by the
/// ids of change files. changesets prints them in front of its entries, and behind "Updated dependencies".
pub fn changelog_section_with_commits(
    plan: &BumpPlan,
    package: &PackageName,
    change_files: &[ChangeFile],
    file_commits: &BTreeMap<String, String>,
) -> String {
    let Some(planned) = plan.bump_of(package) else { return String::new() };
    let notes = plan.notes.get(package);
    let commits = notes.map(|notes| notes.commits.as_slice()).unwrap_or_default();
    let mut used: Vec<&ChangeFile> = in_file_order(change_files);
    used.retain(|file| plan.consumed.contains(&file.id));
    let mut section = vec![format!("## {}", planned.next)];
    for (bump, heading) in [(Bump::Major, "Major"), (Bump::Minor, "Minor"), (Bump::Patch, "Patch")] {
        let mut entries: Vec<String> = Vec::new();
        entries.extend(
            used.iter()
                .filter(|file| file.bump_of(package.as_str()) == Some(bump))
                .map(|file| entry(file, file_commits)),
        );
        entries.extend(commits.iter().filter(|commit| commit.bump == bump).flat_map(commit_entries));
        if bump == Bump::Patch
            && let Some(notes) = notes.filter(|notes| !notes.updated.is_empty())
        {
            entries.extend(updated_lines(plan, notes, &used, file_commits));
            entries.extend(notes.updated.iter().map(|(name, version)| format!("  - {name}@{version}")));
        }
        if !entries.is_empty() {
            section.push(format!("### {heading} Changes\n\n{}", entries.join("\n")));
        }
    }
    if section.len() == 1 {
        section.push("No changes in this release.".to_owned());
    }
    section.join("\n\n")
}

/// Puts a section above the sections that a changelog has already. Without a changelog one is begun with `# name`. What
/// stands in the file stays byte for byte, and its line ends are used for the new lines too.
pub fn insert_into_changelog(existing: Option<&str>, package: &PackageName, section: &str) -> String {
    let section = section.trim();
    let Some(existing) = existing.filter(|text| !text.trim_start_matches('\u{feff}').trim().is_empty()) else {
        return format!("# {package}\n\n{section}\n");
    };
    let line_end = if existing.contains("\r\n") { "\r\n" } else { "\n" };
    let section = section.replace("\r\n", "\n").replace('\n', line_end);
    if let Some((above, below)) = version_heading(existing).and_then(|at| existing.split_at_checked(at)) {
        return format!("{above}{section}{line_end}{line_end}{below}");
    }
    let mark = if existing.starts_with('\u{feff}') { "\u{feff}" } else { "" };
    let text = existing.strip_prefix(mark).unwrap_or(existing);
    if !text.starts_with("# ") {
        return format!("{mark}# {package}{line_end}{line_end}{section}{line_end}{line_end}{text}");
    }
    match text.split_once('\n') {
        Some((title, rest)) => {
            let title = title.trim_end_matches('\r');
            format!("{mark}{title}{line_end}{line_end}{section}{line_end}{rest}")
        }
        None => format!("{mark}{text}{line_end}{line_end}{section}{line_end}"),
    }
}

/// Where the first heading of a version begins: `## 1.2.0`, also `## [1.2.0]` and `## v1.2.0` as other tools write them.
fn version_heading(text: &str) -> Option<usize> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = if at == 0 { line.trim_start_matches('\u{feff}') } else { line };
        let hashes = start.bytes().take_while(|b| *b == b'#').count();
        let after = start.get(hashes..).unwrap_or_default();
        let name = after.trim_start().trim_start_matches('[').trim_start_matches('v');
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let dotted =
            name.get(digits(name)..).and_then(|rest| rest.strip_prefix('.')).is_some_and(|rest| digits(rest) > 0);
        if (1..=6).contains(&hashes) && after.starts_with([' ', '\t']) && digits(name) > 0 && dotted {
            return Some(at + (line.len() - start.len()));
        }
        at += line.len();
    }
    None
}

/// One change file: its first line as the entry, the rest below it, indented.
fn entry(file: &ChangeFile, file_commits: &BTreeMap<String, String>) -> String {
    let mut lines = file.summary.lines().map(str::trim_end);
    let commit = file_commits.get(&file.id).map(|id| format!("{}: ", short(id))).unwrap_or_default();
    let mut entry = format!("- {commit}{}", lines.next().unwrap_or_default());
    for line in lines {
        entry.push('\n');
        if !line.is_empty() {
            entry.push_str("  ");
            entry.push_str(line);
        }
    }
    entry.trim_end().to_owned()
}

/// One commit: what it says of itself, and below it the texts of its notes of breaking changes.
fn commit_entries(commit: &CommitNote) -> Vec<String> {
    let mut entries: Vec<String> =
        commit.entries.iter().map(|entry| format!("- {}: {entry}", short(&commit.id))).collect();
    // A note stands below the entry to which it belongs; of several lines of a squashed branch that is the last.
    if let Some(last) = entries.last_mut() {
        for text in &commit.breaking {
            // A list begins on a line of its own.
            let gap = if text.starts_with(['-', '*', '+']) { "\n    " } else { " " };
            last.push_str("\n  - BREAKING CHANGE:");
            last.push_str(gap);
            last.push_str(&text.replace('\n', "\n    "));
        }
    }
    entries
}

/// The lines above the list of updated dependencies: one for each commit whose change file moved one of them.
fn updated_lines(
    plan: &BumpPlan,
    notes: &ReleaseNotes,
    used: &[&ChangeFile],
    file_commits: &BTreeMap<String, String>,
) -> Vec<String> {
    let causes = || notes.updated.iter().filter_map(|(name, _)| plan.bump_of(name)).flat_map(|bump| &bump.causes);
    let moved_one = |file: &&&ChangeFile| {
        causes().any(|cause| matches!(cause, ReleaseCause::ChangeFile { id, .. } if *id == file.id))
    };
    let mut lines: Vec<String> = Vec::new();
    for commit in used.iter().filter(moved_one).filter_map(|file| file_commits.get(&file.id)) {
        let line = format!("- Updated dependencies [{}]", short(commit));
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    if lines.is_empty() {
        lines.push("- Updated dependencies".to_owned());
    }
    lines
}

fn short(commit_id: &str) -> String {
    commit_id.chars().take(COMMIT_ID_DIGITS).collect()
}

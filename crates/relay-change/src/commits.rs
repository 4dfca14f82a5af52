//! What commits ask for, by the rules of Conventional Commits 1.0.
//!
//! `feat` is a feature (minor), `fix` and `perf` a fix (patch), `!` or a note of a breaking change in any message a breaking
//! change (major); every other type asks for no release. Merge commits, messages in no form, and the commits that
//! release tools make ask for none either. A commit that is reverted within the same set counts for nothing, and so does
//! its revert; the revert of a commit that is *not* in the set takes back what was released, which is a fix.

use std::collections::{BTreeMap, BTreeSet};

use relay_values::Printable;
use relay_workspace::PackageName;
use serde::Serialize;

use crate::bump::Bump;
use message::{Header, Message, breaking_notes, is_release_subject};

mod message;
mod reverts;
#[cfg(test)]
mod tests;

/// The longest subject that is carried into plans and changelogs, in characters.
const SUBJECT_CHARS_MAX: usize = 300;

/// How many lines of one squashed branch are named to a person.
const SQUASHED_LINES_NAMED_MAX: usize = 10;

/// One commit that touched a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageCommit {
    /// The commit's full id.
    pub id: String,
    /// The whole message.
    pub message: String,
}

/// A commit that asks for a release.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct CommitNote {
    /// The commit's full id.
    pub id: String,
    /// The message's first line.
    pub subject: String,
    /// What it asks for; below 1.0.0 as the settings shift it.
    pub bump: Bump,
    /// What a changelog says of it: the first line without type and scope. Where the lines of a squashed branch count, those.
    pub entries: Vec<String>,
    /// The texts of its notes of breaking changes.
    pub breaking: Vec<String>,
}

/// A commit that may ask for more than is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitRemark {
    /// The commit's full id.
    pub id: String,
    /// The message's first line.
    pub subject: String,
    /// The packages that it touches, sorted.
    pub packages: Vec<PackageName>,
    /// Why it is named.
    pub kind: CommitRemarkKind,
}

/// Why a commit is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommitRemarkKind {
    /// It is in no form that says how much it asks for, so that it asks for nothing.
    NotUnderstood,
    /// Lines of its body would ask for more than the message does.
    Squashed {
        /// The lines that ask for a release with what each would ask for, the highest first; never empty.
        lines: Vec<(String, Bump)>,
    },
}

impl CommitRemarkKind {
    /// The most that is not counted.
    pub fn highest(&self) -> Bump {
        match self {
            Self::NotUnderstood => Bump::None,
            Self::Squashed { lines } => lines.first().map(|(_, bump)| *bump).unwrap_or_default(),
        }
    }
}

/// Reads a set of commits: those that ask for a release, in the given order. `squash_bodies`: the lines of a squashed branch
/// count too.
pub(crate) fn release_notes(commits: &[PackageCommit], squash_bodies: bool) -> Vec<CommitNote> {
    let reverts = reverts::reverted_commits(commits);
    let counts = reverts::still_standing(&reverts);
    let mut notes = Vec::new();
    for (at, commit) in commits.iter().enumerate() {
        let takes_back = reverts.get(at).is_some_and(|targets| !targets.is_empty());
        if !takes_back && counts.get(at).copied().unwrap_or(false) {
            notes.extend(note(commit, squash_bodies));
        }
    }
    notes
}

fn note(commit: &PackageCommit, squash_bodies: bool) -> Option<CommitNote> {
    let message = Message::parse(&commit.message);
    let own = own_bump(&message).unwrap_or_default();
    let squashed = if squash_bodies { message.squashed() } else { Vec::new() };
    let bump = squashed.iter().map(|(_, bump)| *bump).fold(own, Bump::max);
    if bump == Bump::None {
        return None;
    }
    let own_entry = (own > Bump::None || squashed.is_empty()).then(|| entry(&message));
    let lines = squashed.iter().map(|(header, _)| printable(header.description));
    let mut entries: Vec<String> = Vec::new();
    for entry in own_entry.into_iter().chain(lines) {
        if !entries.contains(&entry) {
            entries.push(entry);
        }
    }
    let breaking = breaking_notes(message.body).filter(|text| !text.is_empty()).map(|text| printable_lines(&text));
    Some(CommitNote {
        id: commit.id.clone(),
        subject: printable(message.first),
        bump,
        entries,
        breaking: breaking.collect(),
    })
}

fn own_bump(message: &Message<'_>) -> Option<Bump> {
    match (message.bump(), reverts::bump_of_revert(message.first)) {
        // A revert that is breaking by its own words says more than what it takes back.
        (Some(Bump::Major), _) => Some(Bump::Major),
        (bump, revert) => revert.or(bump),
    }
}

/// What one message asks for by itself.
#[cfg(test)]
pub(crate) fn bump_of(message: &str) -> Bump {
    own_bump(&Message::parse(message)).unwrap_or_default()
}

/// The first line as a changelog has it. A revert keeps its type, without which it would say the opposite.
fn entry(message: &Message<'_>) -> String {
    let described = message.header.as_ref().filter(|header| header.kind != "revert" && !header.description.is_empty());
    printable(described.map_or(message.first, |header| header.description))
}

/// The commits that are to be named to a person: those that no rule reads, and those whose body holds more than is counted.
/// Of the packages' commits each is named once.
pub fn commit_remarks(commits: &BTreeMap<PackageName, Vec<PackageCommit>>, squash_bodies: bool) -> Vec<CommitRemark> {
    let mut remarks: Vec<CommitRemark> = Vec::new();
    let mut known: BTreeMap<&str, Option<usize>> = BTreeMap::new();
    for (name, commits) in commits {
        for commit in commits {
            let at = *known.entry(commit.id.as_str()).or_insert_with(|| {
                let kind = remark(&Message::parse(&commit.message), squash_bodies)?;
                let subject = printable(Message::parse(&commit.message).first);
                remarks.push(CommitRemark { id: commit.id.clone(), subject, packages: Vec::new(), kind });
                Some(remarks.len() - 1)
            });
            if let Some(remark) = at.and_then(|at| remarks.get_mut(at)) {
                remark.packages.push(name.clone());
            }
        }
    }
    for remark in &mut remarks {
        remark.packages = BTreeSet::from_iter(std::mem::take(&mut remark.packages)).into_iter().collect();
    }
    remarks
}

fn remark(message: &Message<'_>, squash_bodies: bool) -> Option<CommitRemarkKind> {
    let own = own_bump(message);
    let mut squashed = message.squashed();
    squashed.sort_by_key(|(_, bump)| std::cmp::Reverse(*bump));
    match squashed.first() {
        Some((_, highest)) if *highest > own.unwrap_or_default() && !squash_bodies => {
            let lines = squashed.iter().take(SQUASHED_LINES_NAMED_MAX);
            Some(CommitRemarkKind::Squashed {
                lines: lines.map(|(header, bump)| (header_text(header), *bump)).collect(),
            })
        }
        None if own.is_none() && !is_release_subject(message.first) => Some(CommitRemarkKind::NotUnderstood),
        Some(_) | None => None,
    }
}

fn header_text(header: &Header<'_>) -> String {
    let scope = header.scope.filter(|scope| !scope.is_empty()).map(|scope| format!("({scope})")).unwrap_or_default();
    let mark = if header.breaks { "!" } else { "" };
    printable(&format!("{}{scope}{mark}: {}", header.kind, header.description))
}

fn printable(line: &str) -> String {
    Printable::words(line, SUBJECT_CHARS_MAX).into()
}

fn printable_lines(text: &str) -> String {
    Printable::speech(text).as_str().replace('\t', " ")
}

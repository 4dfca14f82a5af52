//! What commits ask for, by the rules of Conventional Commits 1.0.
//!
//! `feat` is a feature (minor), `fix` and `perf` a fix (patch), `!` or a `BREAKING CHANGE` footer of any type a breaking
//! change (major); every other type asks for no release. Merge commits, messages in no form, and the commits that
//! release tools make ask for none either. A commit that is reverted within the same set counts for nothing, and so does
//! its revert; the revert of a commit that is *not* in the set takes back what was released, which is a fix.

use std::collections::BTreeMap;

use git_conventional::{Commit, Type};
use serde::Serialize;

use crate::bump::Bump;

#[cfg(test)]
mod tests;

/// The longest subject that is carried into plans and changelogs, in characters.
const SUBJECT_CHARS_MAX: usize = 300;

/// How many hexadecimal digits an abbreviated commit id has at least. Git's own abbreviations have 7 or more.
const ABBREVIATED_ID_DIGITS_MIN: usize = 7;

/// The longest message that is read, in bytes; what follows is not looked at.
const MESSAGE_SIZE_BYTES_MAX: usize = 256 * 1024;

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
}

/// What a message points at when it takes a commit back.
enum Reverted<'a> {
    Ids(Vec<&'a str>),
    Subject(&'a str),
}

/// Reads a set of commits: those that ask for a release, in the given order.
pub(crate) fn release_notes(commits: &[PackageCommit]) -> Vec<CommitNote> {
    let reverts: Vec<Vec<usize>> = reverted_commits(commits);
    let counts = still_standing(&reverts);
    let mut notes = Vec::new();
    for (at, commit) in commits.iter().enumerate() {
        let takes_back = reverts.get(at).is_some_and(|targets| !targets.is_empty());
        if takes_back || !counts.get(at).copied().unwrap_or(false) {
            continue;
        }
        let bump = bump_of(&commit.message);
        if bump > Bump::None {
            notes.push(CommitNote { id: commit.id.clone(), subject: subject(&commit.message), bump });
        }
    }
    notes
}

/// What one message asks for by itself.
pub(crate) fn bump_of(message: &str) -> Bump {
    let message = bounded(message);
    let first = first_line(message);
    if first.starts_with("Merge ") || first.starts_with("fixup!") || first.starts_with("squash!") {
        return Bump::None;
    }
    if first.starts_with("Revert \"") {
        return Bump::Patch;
    }
    // A body that isn't set off by a blank line makes the whole message unreadable; its first line still counts.
    let (commit, breaking) = match Commit::parse(message.trim()) {
        Ok(commit) => {
            let breaking = commit.breaking();
            (commit, breaking)
        }
        Err(_) => match Commit::parse(first) {
            Ok(commit) => {
                let breaking = commit.breaking() || has_breaking_footer(message);
                (commit, breaking)
            }
            Err(_) => return Bump::None,
        },
    };
    if is_release_commit(&commit) {
        Bump::None
    } else if breaking {
        Bump::Major
    } else if commit.type_() == Type::FEAT {
        Bump::Minor
    } else if [Type::FIX, Type::PERF, Type::REVERT].contains(&commit.type_()) {
        Bump::Patch
    } else {
        Bump::None
    }
}

fn has_breaking_footer(message: &str) -> bool {
    message.lines().skip(1).any(|line| line.starts_with("BREAKING CHANGE:") || line.starts_with("BREAKING-CHANGE:"))
}

/// `chore(release): …`, `release: …`, `chore: release …`: their bodies often quote the notes of what they release.
fn is_release_commit(commit: &Commit<'_>) -> bool {
    let is_one_of = |words: &[&str], text: &str| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    let is_word = |text: &str| is_one_of(&["release", "releases", "releasing", "publish"], text);
    let chore = is_one_of(&["chore", "build", "ci"], commit.type_().as_str());
    let first_word = commit.description().split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    is_word(commit.type_().as_str())
        || chore && (commit.scope().is_some_and(|scope| is_word(scope.as_str())) || is_word(first_word))
}

/// For each commit the places of those commits of the set that it takes back.
fn reverted_commits(commits: &[PackageCommit]) -> Vec<Vec<usize>> {
    let mut by_id: BTreeMap<&str, usize> = BTreeMap::new();
    // A forge's button drops backticks from the subject that it quotes.
    let plain = |subject: &str| without_pull_request(subject).replace('`', "");
    let mut by_subject: BTreeMap<String, usize> = BTreeMap::new();
    for (at, commit) in commits.iter().enumerate() {
        by_id.entry(commit.id.as_str()).or_insert(at);
        // Of two commits with one subject the one with the smaller id is meant, whatever the order of the set.
        let known = by_subject.entry(plain(first_line(&commit.message))).or_insert(at);
        if commits.get(*known).is_some_and(|other| commit.id < other.id) {
            *known = at;
        }
    }
    let by_prefix = |id: &str| by_id.range(id..).next().filter(|(full, _)| full.starts_with(id)).map(|(_, at)| *at);
    let of = |(at, commit): (usize, &PackageCommit)| {
        let mut targets: Vec<usize> = match reverted(&commit.message) {
            None => Vec::new(),
            Some(Reverted::Ids(ids)) => ids.into_iter().filter_map(by_prefix).collect(),
            Some(Reverted::Subject(subject)) => by_subject.get(&plain(subject)).copied().into_iter().collect(),
        };
        targets.retain(|target| *target != at);
        targets
    };
    commits.iter().enumerate().map(of).collect()
}

/// Reads from a message which commit it takes back: by id where it names one, else by the quoted subject.
fn reverted(message: &str) -> Option<Reverted<'_>> {
    let message = bounded(message);
    let first = first_line(message);
    let conventional = first.get(..6).is_some_and(|head| head.eq_ignore_ascii_case("revert"))
        && first.get(6..).is_some_and(|rest| rest.starts_with([':', '(', '!']));
    let quoted = first.strip_prefix("Revert \"");
    if !conventional && quoted.is_none() {
        return None;
    }
    let body = message.get(first.len()..).unwrap_or_default();
    let mut ids: Vec<&str> = Vec::new();
    for line in body.lines().map(str::trim) {
        if let Some(at) = line.to_ascii_lowercase().find("this reverts commit") {
            ids.extend(line.get(at + "this reverts commit".len()..).unwrap_or_default().split_whitespace().next());
        } else if let Some(list) = line.strip_prefix("Refs:").or_else(|| line.strip_prefix("refs:")) {
            ids.extend(list.split([',', ' ']));
        }
    }
    let ids: Vec<&str> =
        ids.into_iter().map(|id| id.trim_matches(['.', ',', ' '])).filter(|id| is_commit_id(id)).collect();
    if !ids.is_empty() {
        return Some(Reverted::Ids(ids));
    }
    let subject = match quoted {
        Some(quoted) => quoted.rsplit_once('"').map_or(quoted, |(subject, _)| subject),
        None => first.split_once(": ").map_or("", |(_, subject)| subject),
    };
    Some(Reverted::Subject(without_pull_request(subject)))
}

/// Says for each commit whether it counts: it does unless a commit that counts takes it back.
///
/// Reverts of reverts are followed from the top down. Real histories have no circles here, invented messages may: what
/// is still undecided after all that depends on nothing is settled counts.
fn still_standing(reverts: &[Vec<usize>]) -> Vec<bool> {
    let mut waits_for: Vec<usize> = vec![0; reverts.len()];
    for target in reverts.iter().flatten() {
        if let Some(waiting) = waits_for.get_mut(*target) {
            *waiting += 1;
        }
    }
    let mut standing = vec![true; reverts.len()];
    let mut settled: Vec<usize> = waits_for.iter().enumerate().filter(|(_, n)| **n == 0).map(|(at, _)| at).collect();
    while let Some(at) = settled.pop() {
        let counts = standing.get(at).copied().unwrap_or(false);
        for target in reverts.get(at).into_iter().flatten() {
            if counts && let Some(target) = standing.get_mut(*target) {
                *target = false;
            }
            if let Some(waiting) = waits_for.get_mut(*target) {
                *waiting -= 1;
                if *waiting == 0 {
                    settled.push(*target);
                }
            }
        }
    }
    standing
}

fn is_commit_id(text: &str) -> bool {
    text.len() >= ABBREVIATED_ID_DIGITS_MIN && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

fn bounded(message: &str) -> &str {
    let end = (0..=MESSAGE_SIZE_BYTES_MAX.min(message.len())).rev().find(|end| message.is_char_boundary(*end));
    end.and_then(|end| message.get(..end)).unwrap_or_default()
}

fn first_line(message: &str) -> &str {
    message.trim_start().lines().next().unwrap_or_default().trim_end()
}

/// Takes the ` (#12)` off that forges put behind the subject of a merged pull request.
fn without_pull_request(subject: &str) -> &str {
    match subject.rsplit_once(" (#") {
        Some((before, number)) if number.strip_suffix(')').is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit())) => {
            before
        }
        _ => subject,
    }
}

fn subject(message: &str) -> String {
    first_line(message).chars().take(SUBJECT_CHARS_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

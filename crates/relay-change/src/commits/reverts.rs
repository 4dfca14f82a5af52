//! Which commits take which others back.
//!
//! git writes `Revert "…"` with the id in the body, and since 2.43 `Reapply "…"` for the revert of a revert. Forges squash a
//! branch of these into one commit whose body may name no id; then the quoted subject tells.

use std::collections::BTreeMap;

use super::PackageCommit;
use super::message::{Message, bounded, first_line};
use crate::bump::Bump;

/// How many hexadecimal digits an abbreviated commit id has at least. Git's own abbreviations have 7 or more.
const ABBREVIATED_ID_DIGITS_MIN: usize = 7;

/// How deep a quoted subject is followed. Real ones nest three or four times.
const NESTING_MAX: usize = 64;

/// What a message points at when it takes a commit back.
enum Reverted<'a> {
    Ids(Vec<&'a str>),
    Subject(String),
}

/// What a first line that takes something back quotes.
enum Quoted<'a> {
    /// `Revert "…"`, `revert: …`: takes back the commit of that subject.
    Revert(&'a str),
    /// `Reapply "…"`: takes back the revert of the commit of that subject.
    Reapply(&'a str),
}

/// For each commit the places of those commits of the set that it takes back.
pub(super) fn reverted_commits(commits: &[PackageCommit]) -> Vec<Vec<usize>> {
    let mut by_id: BTreeMap<&str, usize> = BTreeMap::new();
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
            Some(Reverted::Subject(subject)) => by_subject.get(&plain(&subject)).copied().into_iter().collect(),
        };
        targets.retain(|target| *target != at);
        targets
    };
    commits.iter().enumerate().map(of).collect()
}

/// What a message asks for that takes back what is not in the set: taking back what was released is a fix, and bringing
/// back what was taken back before asks for what that asked for. `None`: the message takes nothing back.
pub(super) fn bump_of_revert(first: &str) -> Option<Bump> {
    let mut rest = first;
    let mut brings_back = true;
    for depth in 0..NESTING_MAX {
        match quoted(rest) {
            Some(Quoted::Revert(subject)) => {
                brings_back = !brings_back;
                rest = without_pull_request(subject);
            }
            Some(Quoted::Reapply(subject)) => rest = without_pull_request(subject),
            None if depth == 0 => return None,
            None => break,
        }
    }
    let again = Message::parse(rest).bump().unwrap_or_default();
    Some(if brings_back { again.max(Bump::Patch) } else { Bump::Patch })
}

/// Reads from a message which commit it takes back: by id where it names one, else by the quoted subject.
fn reverted(message: &str) -> Option<Reverted<'_>> {
    let message = bounded(message);
    let first = first_line(message);
    let quoted = quoted(first)?;
    let body = message.trim_start().get(first.len()..).unwrap_or_default();
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
    Some(Reverted::Subject(match quoted {
        Quoted::Revert(subject) => subject.to_owned(),
        Quoted::Reapply(subject) => format!("Revert \"{subject}\""),
    }))
}

fn quoted(first: &str) -> Option<Quoted<'_>> {
    let inner = |text| within_quotes(text).unwrap_or(text);
    if let Some(rest) = first.strip_prefix("Reapply \"") {
        return Some(Quoted::Reapply(inner(rest)));
    }
    if let Some(rest) = first.strip_prefix("Revert \"") {
        return Some(Quoted::Revert(inner(rest)));
    }
    let header = Message::parse(first).header.filter(|header| header.kind == "revert")?;
    let description = header.description;
    Some(Quoted::Revert(description.strip_prefix('"').map_or(description, inner)))
}

/// The text up to its last quotation mark; that of a forge may have ` (#12)` behind it.
fn within_quotes(text: &str) -> Option<&str> {
    text.rsplit_once('"').map(|(subject, _)| subject)
}

/// Says for each commit whether it counts: it does unless a commit that counts takes it back.
///
/// Reverts of reverts are followed from the top down. Real histories have no circles here, invented messages may: what
/// is still undecided after all that depends on nothing is settled counts.
pub(super) fn still_standing(reverts: &[Vec<usize>]) -> Vec<bool> {
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

/// A subject as it is compared: without the numbers of pull requests, which forges add on every level, and without the
/// backticks that a forge's button drops from what it quotes.
fn plain(subject: &str) -> String {
    let mut plain = String::with_capacity(subject.len());
    let mut rest = subject;
    while let Some((before, after)) = rest.split_once(" (#") {
        plain.push_str(before);
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        match after.get(digits..).and_then(|tail| tail.strip_prefix(')')) {
            Some(tail) if digits > 0 => rest = tail,
            _ => {
                plain.push_str(" (#");
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    plain.replace('`', "")
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

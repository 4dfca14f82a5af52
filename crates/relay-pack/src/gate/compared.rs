//! A tarball beside that of the version before.

use std::collections::{BTreeMap, BTreeSet};

use relay_config::FindingName;

use super::{Before, Findings, files_shown, install_script, source_maps};
use crate::pack::Tarball;

/// From this ratio on a change of size is told.
const SIZE_JUMP_FACTOR: u64 = 2;
/// And from this difference on, in bytes: small packages double by a file.
const SIZE_JUMP_BYTES_MIN: u64 = 100_000;
/// How many characters of a name a bundler's digest has at the least.
const DIGEST_CHARS_MIN: usize = 6;
/// How many it has in most bundlers, where it may hold `-` and `_` too.
const DIGEST_CHARS_USUAL: usize = 8;

/// What is another way than in the version before. Without one there is nothing to say.
pub(super) fn check(tarball: &Tarball, maps: &[String], before: Option<&Before>, findings: &mut Findings<'_>) {
    let Some(before) = before else { return };
    install_script::check(tarball, before, findings);
    files(tarball, before, findings);
    size(tarball, before, findings);
    new_source_maps(maps, before, findings);
}

fn files(tarball: &Tarball, before: &Before, findings: &mut Findings<'_>) {
    let version = &before.version;
    let Some(listing) = &before.listing else {
        let now = u64::try_from(tarball.files.len()).unwrap_or(u64::MAX);
        // Which ones, nobody knows; a few less may be meant, and half of them seldom are.
        if let Some(then) =
            before.file_count.filter(|then| now.saturating_mul(2) <= *then && then.saturating_sub(now) > 1)
        {
            let text = format!("it has {now} files, and {version} had {then}");
            findings.add(FindingName::VanishedFiles, None, text, VANISHED_HELP);
        }
        return;
    };
    let now: BTreeSet<&str> = tarball.files.iter().map(|file| file.path.as_str()).collect();
    let then: BTreeSet<&str> = listing.files().keys().map(String::as_str).collect();
    let gone: Vec<&str> = missing_in(&now, &then, |file| findings.keeps(FindingName::VanishedFiles, file));
    if !gone.is_empty() {
        let text = format!("{} of {version} {} gone: {}", count(gone.len()), is_or_are(gone.len()), files_shown(&gone));
        findings.add(FindingName::VanishedFiles, None, text, VANISHED_HELP);
    }
    let new: Vec<&str> = missing_in(&then, &now, |file| findings.keeps(FindingName::NewFiles, file));
    if !new.is_empty() {
        let text = format!("{} {} new since {version}: {}", count(new.len()), is_or_are(new.len()), files_shown(&new));
        findings.add(
            FindingName::NewFiles,
            None,
            text,
            "leave out with `files` in package.json what is not meant to go along",
        );
    }
}

const VANISHED_HELP: &str = "is it built, and does `files` in package.json name all that people use?";

fn count(files: usize) -> String {
    if files == 1 { "1 file".to_owned() } else { format!("{files} files") }
}

fn is_or_are(files: usize) -> &'static str {
    if files == 1 { "is" } else { "are" }
}

/// What `all` has and `files` has not, also under no other digest: bundlers put one into names, which changes with each build.
fn missing_in<'a>(files: &BTreeSet<&str>, all: &BTreeSet<&'a str>, counts: impl Fn(&str) -> bool) -> Vec<&'a str> {
    let without_digests: BTreeSet<String> = files.iter().filter_map(|file| without_digest(file)).collect();
    let is_there =
        |file: &str| files.contains(file) || without_digest(file).is_some_and(|name| without_digests.contains(&name));
    all.iter().copied().filter(|file| !is_there(file) && counts(file)).collect()
}

/// A path with `*` in place of what looks like a digest in the file's name; `None` where nothing does.
fn without_digest(path: &str) -> Option<String> {
    let (folder, name) = path.rsplit_once('/').map_or(("", path), |(folder, name)| (folder, name));
    // `chunk-4Xk2-9Qz.js`: the digest is what is before the extensions.
    let (stem, extensions) = name.split_once('.').unwrap_or((name, ""));
    if let Some(at) = stem.len().checked_sub(DIGEST_CHARS_USUAL)
        && let (Some(before), Some(digest)) = (stem.get(..at), stem.get(at..))
        && (before.is_empty() || before.ends_with(['-', '_']))
        && is_digest(digest)
    {
        return Some(format!("{folder}/{before}*.{extensions}"));
    }
    let parts: Vec<&str> = name.split(['-', '.', '_', '~']).collect();
    if !parts.iter().any(|part| is_digest(part)) {
        return None;
    }
    let parts: Vec<&str> = parts.into_iter().map(|part| if is_digest(part) { "*" } else { part }).collect();
    Some(format!("{folder}/{}", parts.join(".")))
}

/// Letters and digits mixed, capitals and small ones mixed within, or all capitals, as digests are written; a number by itself is
/// how webpack calls its parts.
fn is_digest(part: &str) -> bool {
    let bytes = part.as_bytes();
    let has = |kind: fn(&u8) -> bool| bytes.iter().any(kind);
    if !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit) {
        return true;
    }
    bytes.len() >= DIGEST_CHARS_MIN
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        && (has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic)
            || bytes.iter().skip(1).any(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase)
            || bytes.len() >= DIGEST_CHARS_USUAL && bytes.iter().all(u8::is_ascii_uppercase))
}

fn size(tarball: &Tarball, before: &Before, findings: &mut Findings<'_>) {
    let Some(then) = before.unpacked.or_else(|| before.listing.as_ref().map(super::Listing::unpacked)) else { return };
    let now = tarball.unpacked;
    let (small, large) = (now.min(then), now.max(then));
    if large - small < SIZE_JUMP_BYTES_MIN || large < small.saturating_mul(SIZE_JUMP_FACTOR) {
        return;
    }
    let text = format!("it unpacks to {}, and {} to {}", kilobytes(now), before.version, kilobytes(then));
    let help = if now < then {
        "is it built, and does `files` in package.json name all that people use?".to_owned()
    } else {
        format!(
            "leave out with `files` in package.json what is not meant to go along; what grew most: {}",
            grown(tarball, before)
        )
    };
    findings.add(FindingName::SizeJump, None, text, help);
}

/// The files that make the difference; the largest ones where nobody knows what there was.
fn grown(tarball: &Tarball, before: &Before) -> String {
    let sizes: BTreeMap<&str, u64> = before
        .listing
        .iter()
        .flat_map(|listing| listing.files().iter().map(|(path, size)| (path.as_str(), *size)))
        .collect();
    let mut growth: Vec<(u64, &str)> = tarball
        .files
        .iter()
        .map(|file| (file.size.saturating_sub(sizes.get(file.path.as_str()).copied().unwrap_or(0)), file.path.as_str()))
        .collect();
    growth.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    let named = growth.iter().take(3).filter(|(more, _)| *more > 0);
    named.map(|(more, path)| format!("`{path}` (+{})", kilobytes(*more))).collect::<Vec<_>>().join(", ")
}

/// A size as people say it.
fn kilobytes(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

fn new_source_maps(maps: &[String], before: &Before, findings: &mut Findings<'_>) {
    if before.listing.as_ref().is_none_or(super::Listing::has_maps_with_sources) {
        return;
    }
    let new: Vec<&String> = maps.iter().filter(|map| findings.keeps(FindingName::NewSourceMap, map)).collect();
    if new.is_empty() {
        return;
    }
    let text =
        format!("source maps carry the sources' text, and none of {} did: {}", before.version, files_shown(&new));
    findings.add(FindingName::NewSourceMap, None, text, source_maps::HELP);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(then: &[&str], now: &[&str], expected: &[&str]) {
        let (then, now) = (then.iter().copied().collect(), now.iter().copied().collect());
        assert_eq!(missing_in(&now, &then, |_| true), expected);
    }

    #[test]
    fn a_file_under_another_digest_is_not_gone() {
        check(&["dist/chunk-4Xk29Qzb.js"], &["dist/chunk-bQz0aY7_.js"], &[]);
        check(&["dist/chunk-B_x9-Kd2.js.map"], &["dist/chunk-Zz9k_Kd2.js.map"], &[]);
        check(&["dist/app.3f2a1b9c.css"], &["dist/app.00ff12ab.css"], &[]);
        check(&["dist/chunk-ABCDEFGH.mjs"], &["dist/chunk-QRSTUVWX.mjs"], &[]);
        check(&["dist/113.js", "dist/9f8e7d6c5b4a.wasm"], &["dist/87.js", "dist/1a2b3c4d5e6f.wasm"], &[]);
        check(&["dist/chunk-4Xk29Qzb.js"], &["lib/chunk-bQz0aY7_.js"], &["dist/chunk-4Xk29Qzb.js"]);
        check(&["dist/chunk-4Xk29Qzb.js"], &["dist/index.js"], &["dist/chunk-4Xk29Qzb.js"]);
    }

    #[test]
    fn a_file_that_is_gone_is_gone() {
        check(&["dist/button.js", "dist/index.js"], &["dist/callback.js", "dist/index.js"], &["dist/button.js"]);
        check(&["use-callback.js"], &["use-dispatch.js"], &["use-callback.js"]);
        check(&["README.md", "LICENSE"], &["README.md"], &["LICENSE"]);
        check(&["v1/a.js"], &["v2/a.js"], &["v1/a.js"]);
    }
}

//! Looks into a tarball before it is uploaded: by itself, and beside the version before it.
//!
//! What can be found, and what each finding weighs, is in one table (`relay_config::GATE_FINDINGS`). All findings are
//! gathered; what is done about them is the caller's business.
//!
//! - `protocol_leak`, `secrets`, `secret_files`, `install_script`, `source_maps`: what is looked for in files
//! - `listing`: what is kept of the version before; `compared`: the two beside each other
//! - `concerns` beside it: what is odd about a tarball

mod compared;
mod install_script;
mod listing;
mod protocol_leak;
mod secret_files;
mod secrets;
mod source_maps;

use std::io::Read as _;

use relay_config::{FindingName, GateRules, Level};
use relay_values::Printable;
use relay_workspace::Version;

use crate::concerns;
use crate::pack::{Tarball, UNPACKED_SIZE_BYTES_MAX};

pub use install_script::install_events;
pub use listing::{LISTED_FILES_MAX, LISTED_UNPACKED_BYTES_MAX, Listing, ListingError, has_digest};
pub use secrets::SecretKind;
pub(crate) use secrets::first_secret;

/// No more findings than these are listed for one tarball.
pub const FINDINGS_MAX: usize = 100;

/// Files beyond this size are looked at only up to it, in bytes.
const INSPECTED_FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// How many files one sentence names.
const FILES_SHOWN_MAX: usize = 5;

/// The version that people have before they get this one, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Before {
    /// The version.
    pub version: Version,
    /// Whether installing it runs a script.
    pub runs_at_installation: Option<bool>,
    /// The size of its files together, in bytes.
    pub unpacked: Option<u64>,
    /// How many files it has.
    pub file_count: Option<u64>,
    /// What was in its tarball, where that was looked into.
    pub listing: Option<Listing>,
}

/// One complaint about a tarball.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Its name, by which the settings weigh it or let it pass.
    pub name: FindingName,
    /// What it weighs.
    pub level: Level,
    /// The file in the package, where it is about one.
    pub file: Option<String>,
    /// What is wrong, in one sentence that does not name the package.
    pub text: String,
    /// What to do where it is not meant.
    pub help: String,
}

/// The findings of one tarball so far, by the rules of its package.
pub(crate) struct Findings<'a> {
    rules: &'a GateRules,
    found: Vec<Finding>,
}

/// Inspects a tarball, beside the version before it where there is one; the heaviest findings first.
pub fn inspect(tarball: &Tarball, rules: &GateRules, before: Option<&Before>) -> Vec<Finding> {
    let mut findings = Findings { rules, found: Vec::new() };
    max_size(tarball, &mut findings);
    protocol_leak::check(&tarball.manifest, &mut findings);
    secret_files::check(tarball, &mut findings);
    match look_into(tarball, &mut findings) {
        Ok(maps) => {
            compared::check(tarball, &maps, before, &mut findings);
            source_maps::check(&maps, &mut findings);
        }
        Err(error) => findings.add(
            FindingName::Unreadable,
            None,
            format!("its tarball can't be read back: {}", Printable::line(&error.to_string())),
            "pack it again; if this stays, report it with the package",
        ),
    }
    concerns::check(tarball, &mut findings);
    let mut found = findings.found;
    found.sort_by_key(|finding| finding.level);
    found
}

impl Findings<'_> {
    /// Says whether a finding about this file counts.
    pub(crate) fn keeps(&self, name: FindingName, file: &str) -> bool {
        self.wants(name) && !self.rules.lets_pass(name, Some(file))
    }

    /// Says whether it is looked for.
    pub(crate) fn wants(&self, name: FindingName) -> bool {
        self.rules.level(name) != Level::Off
    }

    /// Takes a finding, where it counts.
    pub(crate) fn add(&mut self, name: FindingName, file: Option<&str>, text: String, help: impl Into<String>) {
        let level = self.rules.level(name);
        if level == Level::Off || file.is_some_and(|file| !self.keeps(name, file)) || self.is_full() {
            return;
        }
        // A file may be called anything, also in a tarball that somebody else made.
        let file = file.map(|file| Printable::name(file).into());
        self.found.push(Finding { name, level, file, text, help: help.into() });
    }

    fn is_full(&self) -> bool {
        self.found.len() >= FINDINGS_MAX
    }
}

fn max_size(tarball: &Tarball, findings: &mut Findings<'_>) {
    let size = u64::try_from(tarball.bytes.len()).unwrap_or(u64::MAX);
    if let Some(most) = findings.rules.max_size_bytes().filter(|most| size > *most) {
        let text = format!("its tarball has {size} bytes, more than the {most} that `max-size` allows");
        findings.add(FindingName::MaxSize, None, text, largest_files(tarball));
    }
}

fn largest_files(tarball: &Tarball) -> String {
    let mut files: Vec<_> = tarball.files.iter().collect();
    files.sort_by(|a, b| b.size.cmp(&a.size).then_with(|| a.path.cmp(&b.path)));
    let named: Vec<String> =
        files.iter().take(3).map(|file| format!("`{}` ({} bytes)", file.path, file.size)).collect();
    format!("leave files out with `files` in package.json; the largest: {}", named.join(", "))
}

/// Looks for secrets, and gives the files with source maps that carry sources.
fn look_into(tarball: &Tarball, findings: &mut Findings<'_>) -> std::io::Result<Vec<String>> {
    let scans = findings.wants(FindingName::Secret);
    let mut maps = Vec::new();
    each_file(&tarball.bytes, UNPACKED_SIZE_BYTES_MAX.saturating_mul(2), |path, content| {
        if scans && !findings.is_full() {
            secrets::scan(path, content, findings);
        }
        if source_maps::carries_sources(path, content) {
            maps.push(path.to_owned());
        }
    })?;
    Ok(maps)
}

/// Reads a tarball file by file, no more than so many bytes of it, and each file up to [`INSPECTED_FILE_BYTES_MAX`]. Paths are
/// told without their first folder, which npm strips whatever it is called.
fn each_file(tarball: &[u8], unpacked_bytes_max: u64, mut look: impl FnMut(&str, &[u8])) -> std::io::Result<()> {
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(tarball).take(unpacked_bytes_max));
    let mut content = Vec::new();
    for entry in archive.entries()? {
        let entry = entry?;
        if !matches!(entry.header().entry_type(), tar::EntryType::Regular | tar::EntryType::Link) {
            continue;
        }
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        content.clear();
        entry.take(INSPECTED_FILE_BYTES_MAX).read_to_end(&mut content)?;
        look(path.split_once('/').map_or(path.as_str(), |(_, below)| below), &content);
    }
    Ok(())
}

/// Files in a row, of many only some.
pub(crate) fn files_shown<T: AsRef<str>>(files: &[T]) -> String {
    let quoted = files.iter().take(FILES_SHOWN_MAX).map(|file| format!("`{}`", Printable::name(file.as_ref())));
    let quoted: Vec<String> = quoted.collect();
    match (files.len().checked_sub(FILES_SHOWN_MAX), quoted.as_slice()) {
        (Some(more @ 1..), shown) => format!("{} and {more} more", shown.join(", ")),
        (_, [rest @ .., last]) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        (_, shown) => shown.join(""),
    }
}

#[cfg(test)]
mod tests;

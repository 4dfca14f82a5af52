//! The journal: the stream of events, appended to a file as it happens.
//!
//! It is a hint and never the truth (invariant I14): on the next run the registry decides, and the journal only saves a
//! second upload of what the registry accepted and does not show yet. A line that can't be read, a file from another
//! repository or from the future does no harm: such lines are passed over.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::sync::Mutex;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;
use relay_values::RegistryUrl;
use relay_workspace::{Integrity, PackageName, Version, open_regular_file};

use crate::event::{Event, Fact, Subscriber};
use crate::release::record::{RecordedBytes, VersionKey};
use crate::run_options::RunOptions;
use crate::state::{Failure, Parked};

/// The most of an old journal that is read back, in bytes: more than [`JOURNAL_SIZE_BYTES_MAX`] and one run.
pub const JOURNAL_READ_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// A journal larger than this is begun anew, in bytes; the old one is kept beside it.
pub const JOURNAL_SIZE_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// The journal's file name inside relay's state folder.
pub const JOURNAL_FILE_NAME: &str = "journal.ndjson";

/// An open journal.
#[derive(Debug)]
pub struct Journal {
    path: Utf8PathBuf,
    file: Mutex<File>,
}

/// A journal that can't be opened.
#[derive(Debug, thiserror::Error)]
#[error("the journal {path} can't be opened: {source}")]
pub struct JournalError {
    /// The file.
    pub path: Utf8PathBuf,
    /// What the system says.
    pub source: std::io::Error,
}

/// What an old journal tells: uploads that a registry accepted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PastUploads {
    accepted: BTreeMap<(RegistryUrl, PackageName, Version), Integrity>,
    /// What was sent, and neither shown nor refused as far as any run has seen.
    not_shown: BTreeMap<VersionKey, NotShown>,
    last_run: Option<LastRun>,
    /// What was sent, and from which commit, the last bytes last.
    sent: BTreeMap<VersionKey, Vec<RecordedBytes>>,
    /// The versions whose last upload was of a run that was told not to push.
    unpushed_by_wish: BTreeSet<VersionKey>,
    /// The plans of runs that got as far as acting, by their ids, with the version commit that was made.
    begun: BTreeMap<String, Option<String>>,
    /// The plan of the run that is read.
    plan: String,
    /// Whether the run that is read was to push.
    pushes: bool,
    unpushed_commit: Option<String>,
    unpushed_tags: BTreeSet<String>,
}

/// An upload of which no run has seen what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotShown {
    /// When the registry said that it took it, or else when it was sent.
    pub since: Timestamp,
    /// Whether the registry said that it took it; else its answer never came.
    pub is_accepted: bool,
}

/// The last run of a clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastRun {
    /// The command.
    pub command: String,
    /// When it began.
    pub at: Timestamp,
    /// What it was asked for.
    pub options: RunOptions,
    /// Whether it ended, and left nothing unfinished.
    pub is_finished: bool,
}

impl Journal {
    /// Opens the journal in relay's state folder for appending; makes folder and file, readable by the owner alone.
    ///
    /// # Errors
    /// [`JournalError`] when the folder or file can't be made.
    #[expect(clippy::disallowed_methods, reason = "a journal grows line by line")]
    pub fn open(folder: &Utf8Path) -> Result<Self, JournalError> {
        let path = folder.join(JOURNAL_FILE_NAME);
        let failed = |source| JournalError { path: path.clone(), source };
        std::fs::create_dir_all(folder).map_err(failed)?;
        if std::fs::metadata(&path).is_ok_and(|data| data.len() > JOURNAL_SIZE_BYTES_MAX) {
            std::fs::rename(&path, folder.join("journal.old.ndjson")).map_err(failed)?;
        }
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        // A pipe of that name would be waited for when it is opened for writing.
        open_regular_file(&path).map_err(failed)?;
        let whole = ends_with_a_whole_line(&path);
        let mut file = options.open(&path).map_err(failed)?;
        if !whole {
            file.write_all(b"\n").map_err(failed)?;
        }
        Ok(Self { path, file: Mutex::new(file) })
    }

    /// The file's path.
    pub fn path(&self) -> &Utf8Path {
        &self.path
    }
}

/// A crash may have cut the last line; the next one must not be glued to it.
fn ends_with_a_whole_line(path: &Utf8Path) -> bool {
    let Ok(Some(mut file)) = open_regular_file(path) else { return true };
    let mut last = [b'\n'];
    match file.seek(SeekFrom::End(-1)) {
        Ok(_) => file.read_exact(&mut last).is_ok() && last == *b"\n",
        Err(_) => true,
    }
}

impl Subscriber for Journal {
    fn event(&self, event: &Event) -> Result<(), String> {
        let failed = |error: std::io::Error| format!("{}: {error}", self.path);
        let line = event.to_line().map_err(|error| error.to_string())?;
        let mut file = self.file.lock().map_err(|_| format!("{}: a writer failed before", self.path))?;
        // One write for a line, so that a crash leaves at most one broken line, at the end.
        file.write_all(line.as_bytes()).map_err(failed)
    }

    fn make_durable(&self) -> Result<(), String> {
        let file = self.file.lock().map_err(|_| format!("{}: a writer failed before", self.path))?;
        file.sync_data().map_err(|error| format!("{}: {error}", self.path))
    }
}

impl PastUploads {
    /// Reads what a journal tells; a missing or broken file tells nothing.
    pub fn read(folder: &Utf8Path) -> Self {
        let mut past_uploads = Self::default();
        let Ok(Some(file)) = open_regular_file(&folder.join(JOURNAL_FILE_NAME)) else { return past_uploads };
        for line in BufReader::new(file.take(JOURNAL_READ_BYTES_MAX)).split(b'\n').map_while(Result::ok) {
            if let Ok(event) = serde_json::from_slice::<Event>(&line) {
                past_uploads.note(&event);
                past_uploads.take(event.fact);
            }
        }
        past_uploads
    }

    /// What has a time to it.
    fn note(&mut self, event: &Event) {
        match &event.fact {
            Fact::UploadStarted { package, version, registry, .. } => {
                let key = (registry.clone(), package.clone(), version.clone());
                self.not_shown.entry(key).or_insert(NotShown { since: event.at, is_accepted: false });
            }
            Fact::Accepted { package, version, registry, .. } => {
                let key = (registry.clone(), package.clone(), version.clone());
                let known = self.not_shown.entry(key).or_insert(NotShown { since: event.at, is_accepted: true });
                if !known.is_accepted {
                    *known = NotShown { since: event.at, is_accepted: true };
                }
            }
            Fact::Live { package, version, .. } => {
                self.not_shown.retain(|(_, name, other), _| (name, other) != (package, version));
            }
            // The registry has shown that what it took is gone for good.
            Fact::Failed { package, version, failure: Failure::Burnt { .. } } => {
                self.not_shown.retain(|(_, name, other), _| (name, other) != (package, version));
                self.accepted.retain(|(_, name, other), _| (name, other) != (package, version));
            }
            // Whoever was not let in sent nothing that is there now.
            Fact::Failed { package, version, .. }
            | Fact::Parked { package, version, parked: Parked::Person { .. } | Parked::Registry { .. } } => {
                let is_it = |name: &PackageName, other: &Version| (name, other) == (package, version);
                self.not_shown.retain(|(_, name, other), known| known.is_accepted || !is_it(name, other));
            }
            Fact::RunStarted { command, options, .. } => {
                let of_command = || RunOptions { releases: command == "release", ..RunOptions::default() };
                let options = options.clone().unwrap_or_else(of_command);
                self.last_run = Some(LastRun { command: command.clone(), at: event.at, options, is_finished: false });
            }
            Fact::RunEnded { failed, held, parked, .. } => {
                if let Some(run) = &mut self.last_run {
                    run.is_finished = failed + held + parked == 0;
                }
            }
            _ => {}
        }
    }

    pub(crate) fn take(&mut self, fact: Fact) {
        match fact {
            Fact::Accepted { package, version, registry, integrity } => {
                self.accepted.insert((registry, package, version), integrity);
            }
            Fact::UploadStarted { package, version, registry, integrity, head: Some(head), .. } => {
                let key = (registry, package, version);
                if self.pushes {
                    self.unpushed_by_wish.remove(&key);
                } else {
                    self.unpushed_by_wish.insert(key.clone());
                }
                self.remember(key, RecordedBytes { integrity, commit: head, accepted: false });
            }
            Fact::PublishedAccepted { package, version, registry, integrity, commit } => {
                self.remember((registry, package, version), RecordedBytes { integrity, commit, accepted: true });
            }
            Fact::RunStarted { plan, push, .. } => {
                self.begun.entry(plan.clone()).or_default();
                self.plan = plan;
                self.pushes = push;
            }
            Fact::Committed { commit } => {
                if self.pushes {
                    self.unpushed_commit = Some(commit.clone());
                }
                self.begun.insert(self.plan.clone(), Some(commit));
            }
            Fact::Tagged { tag, .. } if self.pushes => {
                self.unpushed_tags.insert(tag);
            }
            Fact::Pushed { refs, .. } => {
                if refs.iter().any(|spec| spec.contains("refs/heads/")) {
                    self.unpushed_commit = None;
                }
                self.unpushed_tags.retain(|tag| !refs.contains(&format!("refs/tags/{tag}")));
            }
            _ => {}
        }
    }

    fn remember(&mut self, key: VersionKey, bytes: RecordedBytes) {
        let known = self.sent.entry(key).or_default();
        known.retain(|other| other.integrity != bytes.integrity);
        known.push(bytes);
    }

    /// Says whether a version was sent by a run that was told not to push.
    pub fn stays_here(&self, key: &VersionKey) -> bool {
        self.unpushed_by_wish.contains(key)
    }

    /// The versions of which a registry said that it took them.
    pub fn accepted(&self) -> impl Iterator<Item = &VersionKey> {
        self.accepted.keys()
    }

    /// What was sent of each version, the last bytes last.
    pub fn sent(&self) -> impl Iterator<Item = (&VersionKey, &[RecordedBytes])> {
        self.sent.iter().map(|(key, bytes)| (key, bytes.as_slice()))
    }

    /// What was sent, and neither shown nor refused as far as any run has seen.
    pub fn not_shown(&self) -> impl Iterator<Item = (&VersionKey, NotShown)> {
        self.not_shown.iter().map(|(key, known)| (key, *known))
    }

    /// The last run of this clone where it did not end, or left something unfinished.
    pub fn unfinished_run(&self) -> Option<&LastRun> {
        self.last_run.as_ref().filter(|run| !run.is_finished)
    }

    /// Says whether it tells nothing at all.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Says whether a run of this plan, by its id, has got as far as acting.
    pub fn has_begun(&self, plan: &str) -> bool {
        self.begun.contains_key(plan)
    }

    /// The version commit that a run of this plan made.
    pub fn version_commit(&self, plan: &str) -> Option<&str> {
        self.begun.get(plan)?.as_deref()
    }

    /// The last version commit that was to be pushed and, as far as relay knows, was not.
    pub fn unpushed_commit(&self) -> Option<&str> {
        self.unpushed_commit.as_deref()
    }

    /// The tags that were to be pushed and, as far as relay knows, were not.
    pub fn unpushed_tags(&self) -> impl Iterator<Item = &str> {
        self.unpushed_tags.iter().map(String::as_str)
    }

    /// Says whether a registry accepted exactly these bytes in an earlier run.
    pub fn was_accepted(
        &self,
        registry: &RegistryUrl,
        package: &PackageName,
        version: &Version,
        integrity: &Integrity,
    ) -> bool {
        self.accepted.get(&(registry.clone(), package.clone(), version.clone())) == Some(integrity)
    }
}

#[cfg(test)]
mod tests;

//! Compares the files on disk with the index: by what the file system says of them, reading none.
//!
//! Folders are read once, on several threads: what is in them and not in the index is untracked, what is in the index and not
//! in them is gone, and what is in both is compared. A file that may have changed is only noted as doubtful.

use std::collections::HashMap;
use std::fs::{DirEntry, FileType, Metadata};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::ignore_rules::IgnoreRules;
use super::index_file::{IndexEntry, IndexFile, Time};

/// More threads than this wait for each other in the file system.
const WORKERS_MAX: usize = 4;
/// So many folders are found by one thread before others join in.
const SHARED_FOLDERS: usize = 64;

/// What to compare, and how.
pub(super) struct Scan<'a> {
    pub(super) root: &'a Path,
    pub(super) index: &'a IndexFile,
    /// When the index was written.
    pub(super) written: Time,
    /// Whether the disk keeps the executable bit.
    pub(super) file_modes: bool,
    /// Whether the time of a file's last change of status tells something.
    pub(super) trust_ctime: bool,
    pub(super) ignore_case: bool,
    /// The rules of the clone and of the person.
    pub(super) rules: IgnoreRules,
}

/// What differs.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Surely changed, by kind or mode, or in conflict.
    pub(super) changed: Vec<Vec<u8>>,
    /// In the index and not on disk.
    pub(super) gone: Vec<Vec<u8>>,
    /// Perhaps changed: the content must be read.
    pub(super) doubtful: Vec<Vec<u8>>,
    /// Not in the index and not ignored; folders with a slash at the end.
    pub(super) untracked: Vec<Vec<u8>>,
}

/// A folder to read: where it is, its path with a slash at the end, and its entries in the index.
struct Folder {
    path: PathBuf,
    prefix: Vec<u8>,
    entries: Range<usize>,
    rules: IgnoreRules,
    /// The folder itself is ignored, so that all untracked files in it are.
    ignored: bool,
}

/// What the index has under a name in a folder.
enum Tracked {
    File(usize),
    Folder(Range<usize>),
}

impl Scan<'_> {
    /// Compares everything; `None` when a folder can't be read.
    pub(super) fn run(&self) -> Option<Found> {
        let mut found = Found::default();
        let rules = self.rules.clone();
        let entries = 0..self.index.entries.len();
        let mut folders =
            vec![Folder { path: self.root.to_path_buf(), prefix: Vec::new(), entries, rules, ignored: false }];
        // Breadth first, so that the threads get folders of many parts of the tree.
        let mut read = 0;
        while folders.len() - read < SHARED_FOLDERS {
            let Some(folder) = folders.get_mut(read) else { break };
            let folder = std::mem::replace(folder, Folder::nothing());
            self.read_folder(&folder, &mut folders, &mut found)?;
            read += 1;
        }
        let rest: Vec<Folder> = folders.drain(read..).collect();
        let workers = std::thread::available_parallelism().map_or(1, usize::from).min(WORKERS_MAX);
        if rest.is_empty() {
            return Some(found);
        }
        let queue = Mutex::new(rest);
        std::thread::scope(|scope| {
            let threads: Vec<_> = (1..workers).map(|_| scope.spawn(|| self.work(&queue))).collect();
            let own = self.work(&queue);
            let others = threads.into_iter().map(|thread| thread.join().ok().flatten());
            for part in std::iter::once(own).chain(others) {
                found.add(part?);
            }
            Some(found)
        })
    }

    fn work(&self, queue: &Mutex<Vec<Folder>>) -> Option<Found> {
        let mut found = Found::default();
        let mut own = Vec::new();
        while let Some(folder) = own.pop().or_else(|| queue.lock().unwrap_or_else(PoisonError::into_inner).pop()) {
            self.read_folder(&folder, &mut own, &mut found)?;
        }
        Some(found)
    }

    fn read_folder(&self, folder: &Folder, below: &mut Vec<Folder>, found: &mut Found) -> Option<()> {
        let tracked = self.tracked(folder);
        let mut seen = vec![false; tracked.len()];
        let by_name: HashMap<&[u8], usize> =
            tracked.iter().enumerate().map(|(place, (name, _))| (*name, place)).collect();
        let on_disk: Vec<DirEntry> = folder.path.read_dir().ok()?.collect::<Result<_, _>>().ok()?;
        let rules = self.rules_of(folder, &on_disk);
        for entry in &on_disk {
            let (name, kind) = (entry.file_name(), entry.file_type().ok()?);
            let name = name.as_encoded_bytes();
            if name == b".git" {
                continue;
            }
            let place = by_name.get(name).copied();
            match place.and_then(|place| tracked.get(place)) {
                Some((_, Tracked::File(index))) => {
                    let entry_of_index = self.index.entries.get(*index)?;
                    if kind.is_dir() && entry_of_index.mode & 0o170_000 != 0o160_000 {
                        // A folder stands where a file was: the file is gone, and git says nothing of the folder.
                        continue;
                    }
                    self.compare(entry_of_index, entry, found);
                }
                Some((_, Tracked::Folder(entries))) if kind.is_dir() => below.push(Folder {
                    path: entry.path(),
                    prefix: [&folder.prefix, name, b"/"].concat(),
                    entries: entries.clone(),
                    ignored: folder.ignored || rules.ignore(&entry.path(), true),
                    rules: rules.clone(),
                }),
                _ => {
                    self.untracked(folder, &rules, entry, kind, found)?;
                    continue;
                }
            }
            if let Some(seen) = place.and_then(|place| seen.get_mut(place)) {
                *seen = true;
            }
        }
        for ((_, tracked), _) in tracked.iter().zip(seen).filter(|(_, seen)| !seen) {
            let entries = match tracked {
                Tracked::File(index) => *index..*index + 1,
                Tracked::Folder(entries) => entries.clone(),
            };
            let gone =
                self.index.entries.get(entries)?.iter().filter(|entry| !entry.skip_worktree && !entry.assume_valid);
            // A submodule that isn't checked out is no folder either.
            let gone = gone.filter(|entry| entry.mode & 0o170_000 != 0o160_000);
            found.gone.extend(gone.map(|entry| self.index.path(entry).to_vec()));
        }
        Some(())
    }

    /// The names in a folder that the index knows, in its order.
    fn tracked(&self, folder: &Folder) -> Vec<(&[u8], Tracked)> {
        let mut tracked: Vec<(&[u8], Tracked)> = Vec::new();
        for index in folder.entries.clone() {
            let Some(entry) = self.index.entries.get(index) else { break };
            let rest = self.index.path(entry).get(folder.prefix.len()..).unwrap_or_default();
            let slash = rest.iter().position(|byte| *byte == b'/');
            let name = slash.and_then(|slash| rest.get(..slash)).unwrap_or(rest);
            match (slash, tracked.last_mut()) {
                (Some(_), Some((last, Tracked::Folder(entries)))) if *last == name => entries.end = index + 1,
                (Some(_), _) => tracked.push((name, Tracked::Folder(index..index + 1))),
                (None, _) => tracked.push((name, Tracked::File(index))),
            }
        }
        tracked
    }

    fn rules_of(&self, folder: &Folder, on_disk: &[DirEntry]) -> IgnoreRules {
        match on_disk.iter().find(|entry| entry.file_name() == ".gitignore") {
            Some(file) => folder.rules.clone().with(&folder.path, &file.path(), self.ignore_case),
            None => folder.rules.clone(),
        }
    }

    fn untracked(
        &self,
        folder: &Folder,
        rules: &IgnoreRules,
        entry: &DirEntry,
        kind: FileType,
        found: &mut Found,
    ) -> Option<()> {
        let path = entry.path();
        if folder.ignored || rules.ignore(&path, kind.is_dir()) {
            return Some(());
        }
        let mut name = [&folder.prefix, entry.file_name().as_encoded_bytes()].concat();
        if kind.is_dir() {
            if !self.holds_files(path, rules)? {
                return Some(());
            }
            name.push(b'/');
        } else if !kind.is_file() && !kind.is_symlink() {
            return Some(());
        }
        found.untracked.push(name);
        Some(())
    }

    /// Whether an untracked folder holds any file that is not ignored.
    fn holds_files(&self, folder: PathBuf, rules: &IgnoreRules) -> Option<bool> {
        let mut pending = vec![(folder, rules.clone())];
        while let Some((path, rules)) = pending.pop() {
            let on_disk: Vec<DirEntry> = path.read_dir().ok()?.collect::<Result<_, _>>().ok()?;
            let folder = Folder { path, rules, ..Folder::nothing() };
            let rules = self.rules_of(&folder, &on_disk);
            for entry in on_disk {
                let (path, kind) = (entry.path(), entry.file_type().ok()?);
                if entry.file_name() == ".git" {
                    return Some(true);
                }
                if rules.ignore(&path, kind.is_dir()) {
                    continue;
                }
                if kind.is_dir() {
                    pending.push((path, rules.clone()));
                } else if kind.is_file() || kind.is_symlink() {
                    return Some(true);
                }
            }
        }
        Some(false)
    }

    fn compare(&self, entry: &IndexEntry, on_disk: &DirEntry, found: &mut Found) {
        let path = || self.index.path(entry).to_vec();
        if entry.conflict || entry.intent_to_add {
            found.changed.push(path());
            return;
        }
        if entry.assume_valid || entry.skip_worktree {
            return;
        }
        match on_disk.metadata() {
            Ok(metadata) => match self.verdict(entry, &metadata) {
                Verdict::Same => {}
                Verdict::Changed => found.changed.push(path()),
                Verdict::Doubtful => found.doubtful.push(path()),
            },
            Err(_) => found.gone.push(path()),
        }
    }

    #[cfg(unix)]
    fn verdict(&self, entry: &IndexEntry, metadata: &Metadata) -> Verdict {
        use std::os::unix::fs::MetadataExt as _;

        let kind = metadata.file_type();
        match entry.mode & 0o170_000 {
            0o100_000 if !kind.is_file() => return Verdict::Changed,
            0o120_000 if !kind.is_symlink() => return Verdict::Changed,
            // A submodule: what is in it is its own affair.
            0o160_000 => return Verdict::Same,
            _ => {}
        }
        if self.file_modes && kind.is_file() && (entry.mode & 0o100 != 0) != (metadata.mode() & 0o100 != 0) {
            return Verdict::Changed;
        }
        let then = &entry.stat;
        let same = then.modified.is(metadata.mtime(), metadata.mtime_nsec())
            && (!self.trust_ctime || then.changed.is(metadata.ctime(), metadata.ctime_nsec()))
            && then.inode == low_bits(metadata.ino())
            && then.user == metadata.uid()
            && then.group == metadata.gid()
            && then.size == low_bits(metadata.size());
        // A file written in the same moment as the index may have changed behind its back.
        let racy = if then.modified.nanoseconds == 0 || self.written.nanoseconds == 0 {
            then.modified.seconds >= self.written.seconds
        } else {
            then.modified >= self.written
        };
        if same && !racy { Verdict::Same } else { Verdict::Doubtful }
    }

    #[cfg(not(unix))]
    fn verdict(&self, _entry: &IndexEntry, _metadata: &Metadata) -> Verdict {
        Verdict::Doubtful
    }
}

enum Verdict {
    Same,
    Changed,
    Doubtful,
}

impl Folder {
    fn nothing() -> Self {
        Self { path: PathBuf::new(), prefix: Vec::new(), entries: 0..0, rules: IgnoreRules::default(), ignored: false }
    }
}

impl Found {
    fn add(&mut self, other: Self) {
        self.changed.extend(other.changed);
        self.gone.extend(other.gone);
        self.doubtful.extend(other.doubtful);
        self.untracked.extend(other.untracked);
    }
}

impl Time {
    /// Whether a time of the file system is this one; some programs write no nanoseconds into the index.
    #[cfg(unix)]
    fn is(self, seconds: i64, nanoseconds: i64) -> bool {
        u32::try_from(seconds & 0xFFFF_FFFF) == Ok(self.seconds)
            && (self.nanoseconds == 0 || u32::try_from(nanoseconds) == Ok(self.nanoseconds))
    }

    /// A time of the file system as the index has it.
    #[cfg(unix)]
    pub(super) fn modified(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        Self {
            seconds: u32::try_from(metadata.mtime() & 0xFFFF_FFFF).unwrap_or_default(),
            nanoseconds: u32::try_from(metadata.mtime_nsec()).unwrap_or_default(),
        }
    }

    /// Elsewhere the index is never newer than a file, so that all files are doubtful.
    #[cfg(not(unix))]
    pub(super) fn modified(_metadata: &Metadata) -> Self {
        Self { seconds: 0, nanoseconds: 0 }
    }
}

#[cfg(unix)]
fn low_bits(number: u64) -> u32 {
    u32::try_from(number & 0xFFFF_FFFF).unwrap_or_default()
}

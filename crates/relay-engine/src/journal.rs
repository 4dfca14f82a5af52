//! The journal: the stream of events, appended to a file as it happens.
//!
//! It is a hint and never the truth (invariant I14): on the next run the registry decides, and the journal only saves a
//! second upload of what the registry accepted and does not show yet. A run that is killed leaves at most a torn line, which
//! is passed over. A record that can't follow on the ones before it ends the journal: it is not believed at all, the next run
//! that writes sets it aside, and the registry and the release record decide.

use std::fs::{File, OpenOptions};
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::sync::Mutex;

use camino::{Utf8Path, Utf8PathBuf};
use relay_workspace::open_regular_file;

use crate::event::{Event, Subscriber};

mod past_uploads;

pub use past_uploads::{BrokenLine, LastRun, NotShown, PastUploads};

/// The most of an old journal that is read back, in bytes: more than [`JOURNAL_SIZE_BYTES_MAX`] and one run.
pub const JOURNAL_READ_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// A journal larger than this is begun anew, in bytes; the old one is kept beside it.
pub const JOURNAL_SIZE_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// The journal's file name inside relay's state folder.
pub const JOURNAL_FILE_NAME: &str = "journal.ndjson";
/// The name under which the journal is kept that had grown too large.
const OLD_JOURNAL_FILE_NAME: &str = "journal.old.ndjson";
/// The most journals that are kept of those that were set aside; one more takes the place of the last.
const SET_ASIDE_MAX: u32 = 99;

/// An open journal.
#[derive(Debug)]
pub struct Journal {
    path: Utf8PathBuf,
    file: Mutex<Lines>,
}

/// The file, and as much of it as is whole lines, in bytes.
#[derive(Debug)]
struct Lines {
    file: Box<dyn JournalFile>,
    whole: u64,
}

/// What a journal is written to: a file, or what stands for one in a simulation.
pub(crate) trait JournalFile: std::fmt::Debug + Send {
    /// Adds bytes at its end. Where that fails some of them may be there.
    fn append(&mut self, bytes: &[u8]) -> std::io::Result<()>;

    /// Takes away what is beyond so many bytes.
    fn cut(&mut self, bytes: u64) -> std::io::Result<()>;

    /// Makes what was added outlive a power cut.
    fn sync(&mut self) -> std::io::Result<()>;
}

impl JournalFile for File {
    fn append(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.write_all(bytes)
    }

    fn cut(&mut self, bytes: u64) -> std::io::Result<()> {
        self.set_len(bytes)
    }

    fn sync(&mut self) -> std::io::Result<()> {
        self.sync_data()
    }
}

/// A journal that can't be opened, or put out of the way.
#[derive(Debug, thiserror::Error)]
#[error("the journal {path} can't be used: {source}")]
pub struct JournalError {
    /// The file.
    pub path: Utf8PathBuf,
    /// What the system says.
    pub source: std::io::Error,
}

/// A journal that is not believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IllegalJournal {
    /// The file.
    pub path: Utf8PathBuf,
    /// The line at which it ends.
    pub line: BrokenLine,
    /// Where it is kept, if it was set aside.
    pub kept_as: Option<Utf8PathBuf>,
}

impl std::fmt::Display for IllegalJournal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the journal {} can't be right, and nothing of it is believed: {}; ", self.path, self.line)?;
        match &self.kept_as {
            Some(kept) => write!(f, "it is kept as {kept}, and the registry and the remote tell what was published"),
            None => {
                f.write_str("the next run that publishes sets it aside, and asks the registry and the remote instead")
            }
        }
    }
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
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        // A pipe of that name would be waited for when it is opened for writing.
        open_regular_file(&path).map_err(failed)?;
        let whole = ends_with_a_whole_line(&path);
        let file = options.open(&path).map_err(failed)?;
        let bytes = file.metadata().map_err(failed)?.len();
        Self::going_on(path.clone(), Box::new(file), (bytes, whole)).map_err(failed)
    }

    /// Goes on with what is there: so many bytes, and whether the last line is whole.
    pub(crate) fn going_on(
        path: Utf8PathBuf,
        mut file: Box<dyn JournalFile>,
        (mut bytes, whole): (u64, bool),
    ) -> std::io::Result<Self> {
        if !whole {
            file.append(b"\n")?;
            bytes = bytes.saturating_add(1);
        }
        Ok(Self { path, file: Mutex::new(Lines { file, whole: bytes }) })
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
        let line = event.to_line().map_err(|error| error.to_string())?;
        let mut lines = self.file.lock().map_err(|_| format!("{}: a writer failed before", self.path))?;
        lines.add(line.as_bytes()).map_err(|error| format!("{}: {error}", self.path))
    }

    fn make_durable(&self) -> Result<(), String> {
        let mut lines = self.file.lock().map_err(|_| format!("{}: a writer failed before", self.path))?;
        lines.file.sync().map_err(|error| format!("{}: {error}", self.path))
    }
}

impl Lines {
    /// One write for a line, so that a crash leaves at most one broken line, at the end. Where a disk is full, what was written
    /// of the line is taken back: the next one must not be glued to it.
    fn add(&mut self, line: &[u8]) -> std::io::Result<()> {
        match self.file.append(line) {
            Ok(()) => {
                self.whole = self.whole.saturating_add(line.len() as u64);
                Ok(())
            }
            Err(error) => {
                self.take_back();
                Err(error)
            }
        }
    }

    /// Where that fails too, the line stays torn, as after a crash.
    fn take_back(&mut self) {
        let _ = self.file.cut(self.whole);
    }
}

/// What a journal tells.
#[derive(Debug, Clone, Default)]
pub struct Replayed {
    /// What is known from it: nothing where it is not believed.
    pub past_uploads: PastUploads,
    /// Why it is not believed.
    pub illegal: Option<IllegalJournal>,
}

/// Reads the journal in relay's state folder; a missing file, or one that can't be read, tells nothing.
pub fn replay(folder: &Utf8Path) -> Replayed {
    let path = folder.join(JOURNAL_FILE_NAME);
    let Ok(Some(file)) = open_regular_file(&path) else { return Replayed::default() };
    match PastUploads::replay(BufReader::new(file.take(JOURNAL_READ_BYTES_MAX))) {
        Ok(past_uploads) => Replayed { past_uploads, illegal: None },
        Err(line) => Replayed {
            past_uploads: PastUploads::default(),
            illegal: Some(IllegalJournal { path, line, kept_as: None }),
        },
    }
}

/// Says whether the journal has grown so large that it is begun anew.
pub fn is_full(folder: &Utf8Path) -> bool {
    std::fs::metadata(folder.join(JOURNAL_FILE_NAME)).is_ok_and(|data| data.len() > JOURNAL_SIZE_BYTES_MAX)
}

/// Puts a journal that is full out of the way, so that a new one begins. The lock of the clone must be held.
///
/// # Errors
/// [`JournalError`].
pub fn put_away(folder: &Utf8Path) -> Result<(), JournalError> {
    rename(&folder.join(JOURNAL_FILE_NAME), &folder.join(OLD_JOURNAL_FILE_NAME))
}

/// Puts a journal that is not believed out of the way, and keeps it. The lock of the clone must be held.
///
/// # Errors
/// [`JournalError`].
pub fn set_aside(illegal: &mut IllegalJournal) -> Result<(), JournalError> {
    let folder = illegal.path.parent().unwrap_or(Utf8Path::new(""));
    let name = |number| folder.join(format!("journal.set-aside-{number}.ndjson"));
    let free = (1..SET_ASIDE_MAX).map(name).find(|path| !path.exists()).unwrap_or_else(|| name(SET_ASIDE_MAX));
    rename(&illegal.path, &free)?;
    illegal.kept_as = Some(free);
    Ok(())
}

fn rename(from: &Utf8Path, to: &Utf8Path) -> Result<(), JournalError> {
    std::fs::rename(from, to).map_err(|source| JournalError { path: from.to_owned(), source })
}

#[cfg(test)]
mod tests;

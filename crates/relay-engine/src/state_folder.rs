//! relay's state folder of one clone: journal, what was learnt, and the lock that keeps two runs apart (invariant I13).

use std::fs::{File, OpenOptions, TryLockError};

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;
use relay_workspace::{read_regular_text, write_atomically};
use serde::{Deserialize, Serialize};

/// The folder's name inside the git directory.
pub const STATE_FOLDER_NAME: &str = "relay";
const LOCK_FILE_NAME: &str = "lock";
/// Who holds the lock. A file of its own: a locked file can't be read on every system.
const HOLDER_FILE_NAME: &str = "lock-holder.json";
/// The largest note about a holder that is read, in bytes.
const HOLDER_BYTES_MAX: u64 = 64 * 1024;

/// Who is at work in a clone, or on a remote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The command, such as `release`.
    pub command: String,
    /// The process's id.
    pub pid: u32,
    /// The machine's name.
    pub host: String,
    /// When it began.
    pub since: Timestamp,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { command, pid, host, since } = self;
        write!(f, "`relay {command}` since {} UTC (process {pid} on {host})", since.strftime("%Y-%m-%d %H:%M"))
    }
}

/// relay's state folder can't be used.
#[derive(Debug, thiserror::Error)]
pub enum StateFolderError {
    /// It can't be made or opened.
    #[error("relay's state folder {path} can't be used: {source}")]
    Unusable {
        /// The folder.
        path: Utf8PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Another run of relay is under way in this clone.
    #[error("another run of relay is at work in this clone{}", holder.as_ref().map_or_else(String::new, |holder| format!(": {holder}")))]
    Busy {
        /// The lock file.
        path: Utf8PathBuf,
        /// Who holds it, where that can be read.
        holder: Option<Holder>,
    },
}

/// A held lock of a clone. It ends with the value, and with the process whatever becomes of it.
#[derive(Debug)]
pub struct RunLock {
    #[expect(dead_code, reason = "the lock lasts as long as its file is open")]
    file: Option<File>,
    before: Option<Holder>,
}

impl RunLock {
    /// Takes the lock of the state folder `path` for one run, making the folder where it isn't there; does not wait.
    ///
    /// # Errors
    /// [`StateFolderError::Busy`] while another process holds it, [`StateFolderError::Unusable`] with the system's reason.
    #[expect(clippy::disallowed_methods, reason = "a lock needs a file that stays")]
    pub fn take(path: &Utf8Path, holder: &Holder) -> Result<Self, StateFolderError> {
        let unusable = |source| StateFolderError::Unusable { path: path.to_owned(), source };
        std::fs::create_dir_all(path).map_err(unusable)?;
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let lock = path.join(LOCK_FILE_NAME);
        let file = options.open(&lock).map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StateFolderError::Busy { path: lock, holder: read_holder(path) });
            }
            Err(TryLockError::Error(source)) => return Err(unusable(source)),
        }
        let before = read_holder(path);
        let text = serde_json::to_string(holder).map_err(|error| unusable(error.into()))?;
        write_atomically(&path.join(HOLDER_FILE_NAME), text.as_bytes())
            .map_err(|error| unusable(std::io::Error::other(error)))?;
        Ok(Self { file: Some(file), before })
    }
}

impl RunLock {
    /// A lock of a clone that is on no disk.
    #[cfg(test)]
    pub(crate) fn simulated(before: Option<Holder>) -> Self {
        Self { file: None, before }
    }

    /// Who held it last. That run has ended: it would hold it still.
    pub fn before(&self) -> Option<&Holder> {
        self.before.as_ref()
    }

    /// Refuses where another process holds the lock of the state folder `path`, and leaves no trace.
    ///
    /// # Errors
    /// [`StateFolderError::Busy`].
    pub fn refuse_if_busy(path: &Utf8Path) -> Result<(), StateFolderError> {
        let lock = path.join(LOCK_FILE_NAME);
        // What can't be opened here is told when it is taken.
        let Ok(file) = File::open(&lock) else { return Ok(()) };
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => Err(StateFolderError::Busy { path: lock, holder: read_holder(path) }),
            _ => Ok(()),
        }
    }
}

/// The last one that took the lock. A note that can't be read tells nothing.
fn read_holder(path: &Utf8Path) -> Option<Holder> {
    let text = read_regular_text(&path.join(HOLDER_FILE_NAME), HOLDER_BYTES_MAX).ok()??;
    serde_json::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_run_is_turned_away_while_the_first_goes_on_and_hears_of_it() {
        let guard = tempfile::tempdir().unwrap();
        let path = Utf8Path::from_path(guard.path()).unwrap().join("relay");
        let since = "2026-11-24T14:02:00Z".parse().unwrap();
        let holder = |pid| Holder { command: "publish".to_owned(), pid, host: "builder".to_owned(), since };
        let held = RunLock::take(&path, &holder(7)).unwrap();
        let busy = RunLock::take(&path, &holder(8)).unwrap_err();
        assert_eq!(
            busy.to_string(),
            "another run of relay is at work in this clone: `relay publish` since 2026-11-24 14:02 UTC (process 7 on builder)"
        );
        assert!(matches!(RunLock::refuse_if_busy(&path), Err(StateFolderError::Busy { .. })));
        drop(held);
        crate::fixture::until_free(&path);
        // A git that another test is just starting has a copy of the lock until it is git.
        let next = std::iter::repeat_with(|| RunLock::take(&path, &holder(8))).find_map(Result::ok).unwrap();
        assert_eq!(next.before(), Some(&holder(7)));
        let nowhere = path.join("nowhere");
        RunLock::refuse_if_busy(&nowhere).unwrap();
        assert!(!nowhere.exists());
    }
}

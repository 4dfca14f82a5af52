//! relay's state folder of one clone: journal, what was learnt, and the lock that keeps two runs apart (invariant I13).

use std::fs::{File, OpenOptions};

use camino::{Utf8Path, Utf8PathBuf};
use fd_lock::{RwLock, RwLockWriteGuard};

/// The folder's name inside the git directory.
pub const STATE_FOLDER_NAME: &str = "relay";
const LOCK_FILE_NAME: &str = "lock";

/// The folder, and its lock file held open.
pub struct StateFolder {
    path: Utf8PathBuf,
    lock: RwLock<File>,
}

/// The state folder can't be used.
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
    #[error("another run of relay is publishing from this clone (lock {path})")]
    Busy {
        /// The lock file.
        path: Utf8PathBuf,
    },
}

/// A held lock. It ends with the value.
pub struct RunLock<'a>(#[expect(dead_code, reason = "held for its destructor")] RwLockWriteGuard<'a, File>);

impl StateFolder {
    /// Makes and opens the folder.
    ///
    /// # Errors
    /// [`StateFolderError::Unusable`] with the system's reason.
    #[expect(clippy::disallowed_methods, reason = "a lock needs a file that stays")]
    pub fn open(path: &Utf8Path) -> Result<Self, StateFolderError> {
        let unusable = |source| StateFolderError::Unusable { path: path.to_owned(), source };
        std::fs::create_dir_all(path).map_err(unusable)?;
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path.join(LOCK_FILE_NAME)).map_err(unusable)?;
        Ok(Self { path: path.to_owned(), lock: RwLock::new(file) })
    }

    /// Takes the lock for one run; does not wait.
    ///
    /// # Errors
    /// [`StateFolderError::Busy`] while another process holds it.
    pub fn lock(&mut self) -> Result<RunLock<'_>, StateFolderError> {
        let path = self.path.join(LOCK_FILE_NAME);
        match self.lock.try_write() {
            Ok(guard) => Ok(RunLock(guard)),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Err(StateFolderError::Busy { path }),
            Err(source) => Err(StateFolderError::Unusable { path, source }),
        }
    }

    /// The folder.
    pub fn path(&self) -> &Utf8Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_run_is_turned_away_while_the_first_goes_on() {
        let guard = tempfile::tempdir().unwrap();
        let path = Utf8Path::from_path(guard.path()).unwrap().join("relay");
        let mut first = StateFolder::open(&path).unwrap();
        let mut second = StateFolder::open(&path).unwrap();
        let held = first.lock().unwrap();
        assert!(matches!(second.lock(), Err(StateFolderError::Busy { .. })));
        drop(held);
        assert!(second.lock().is_ok());
    }
}

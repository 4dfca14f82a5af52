//! Writing files so that no reader and no crash ever meets half of one.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata};
use std::io::{self, Write as _};

use camino::{Utf8Path, Utf8PathBuf};
use tempfile::{Builder, NamedTempFile, TempPath};

use crate::regular_file::open_regular_file;

/// How the names of temporary files begin, which stay beside their targets only where a run was killed.
pub const TEMPORARY_PREFIX: &str = ".relay-";
/// How they end.
pub const TEMPORARY_SUFFIX: &str = ".tmp";

/// Why files can't be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The new content can't be put beside the file. Nothing has been changed.
    #[error("`{path}` can't be written: {source}; nothing was changed; check its folder's permissions and free space")]
    Stage {
        /// The file.
        path: Utf8PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file can't be replaced. Those before it have been put back.
    #[error(
        "`{path}` can't be replaced: {source}; nothing was changed; check the permissions of the file and its folder"
    )]
    Replace {
        /// The file.
        path: Utf8PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file can't be replaced, and another one that had been could not be put back.
    #[error(
        "`{path}` can't be replaced: {source}; and `{changed}`, which had been, can't be put back: {restore}; restore it \
         from git"
    )]
    Restore {
        /// The file that could not be replaced.
        path: Utf8PathBuf,
        /// What the system says.
        source: io::Error,
        /// The file that stays changed.
        changed: Utf8PathBuf,
        /// What the system says about putting it back.
        restore: io::Error,
    },
    /// One file is to get two contents.
    #[error("`{path}` would be written twice")]
    Twice {
        /// The file.
        path: Utf8PathBuf,
    },
}

/// Replaces a file's content, or makes the file, in one step.
///
/// The content goes into a temporary file in the same folder, which is flushed to the disk and then renamed. The mode of
/// an existing file is kept; where the path is a link, the file that it leads to is replaced.
///
/// # Errors
/// [`WriteError`] with the path; the file is then as it was.
pub fn write_atomically(path: &Utf8Path, text: &[u8]) -> Result<(), WriteError> {
    let staged = Staged::new(path, text)?;
    staged.replace().map_err(|source| WriteError::Replace { path: path.to_owned(), source })
}

/// Says whether a file could be written: what a write begins with is done and taken back. The file stays as it is.
///
/// # Errors
/// [`WriteError::Stage`], as the write would give it.
pub fn check_writable(path: &Utf8Path) -> Result<(), WriteError> {
    Staged::new(path, b"").map(drop)
}

/// As [`write_atomically`], and only the file's owner may read it then (mode 0600), whatever its mode was.
///
/// # Errors
/// [`WriteError`] with the path; the file is then as it was.
pub fn write_privately(path: &Utf8Path, text: &[u8]) -> Result<(), WriteError> {
    let staged = Staged::new(path, text)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&staged.content, fs::Permissions::from_mode(0o600))
            .map_err(|source| WriteError::Stage { path: path.to_owned(), source })?;
    }
    staged.replace().map_err(|source| WriteError::Replace { path: path.to_owned(), source })
}

/// Replaces the content of several files, all or none.
///
/// All contents are on the disk before the first file is touched. Where a file can't be replaced then, those before it
/// are put back as they were. A crash of the machine or a kill in the midst of the renames can leave some of them done:
/// each file is whole, and whoever must know which keeps a record of its own.
///
/// `watch` is told after each change of the disk, so that a test can look at what a kill would leave there.
///
/// # Errors
/// [`WriteError`] names the file; every variant but [`WriteError::Restore`] means that nothing was changed.
pub fn write_all_or_none(files: &[(Utf8PathBuf, Vec<u8>)], watch: &mut dyn FnMut()) -> Result<(), WriteError> {
    let mut places = BTreeSet::new();
    let mut staged = Vec::with_capacity(files.len());
    for (path, text) in files {
        let one = Staged::new(path, text)?;
        if !places.insert(one.place.clone()) {
            return Err(WriteError::Twice { path: path.clone() });
        }
        staged.push(one);
        watch();
    }
    // What undoing needs is on the disk as well before anything changes: a full disk must not stop it.
    let mut ready = Vec::with_capacity(staged.len());
    for one in staged {
        match Undo::of(&one) {
            Ok(undo) => {
                ready.push((one, undo));
                watch();
            }
            Err(source) => return Err(WriteError::Stage { path: one.path, source }),
        }
    }
    let mut done: Vec<Undo> = Vec::with_capacity(ready.len());
    for (one, undo) in ready {
        let path = one.path.clone();
        match one.replace() {
            Ok(()) => {
                done.push(undo);
                watch();
            }
            Err(source) => return Err(put_back(done, path, source)),
        }
    }
    Ok(())
}

/// New content on the disk beside the file that it will replace. It is closed: a release of a thousand packages must not
/// need as many open files.
struct Staged {
    /// The path as the caller named it.
    path: Utf8PathBuf,
    /// The file that is replaced: the path, or where a link in its place leads.
    place: Utf8PathBuf,
    content: TempPath,
}

impl Staged {
    fn new(path: &Utf8Path, text: &[u8]) -> Result<Self, WriteError> {
        let stage = |source| WriteError::Stage { path: path.to_owned(), source };
        let (place, existing) = place_of(path).map_err(stage)?;
        let folder = place.parent().filter(|folder| !folder.as_str().is_empty()).unwrap_or(Utf8Path::new("."));
        let mut content = temporary(folder).map_err(stage)?;
        content.write_all(text).map_err(stage)?;
        if let Some(metadata) = existing {
            content.as_file().set_permissions(metadata.permissions()).map_err(stage)?;
        }
        content.as_file().sync_all().map_err(stage)?;
        Ok(Self { path: path.to_owned(), place, content: content.into_temp_path() })
    }

    fn replace(self) -> io::Result<()> {
        self.content.persist(&self.place).map_err(|error| error.error)?;
        sync_folder_of(&self.place);
        Ok(())
    }
}

/// How to put a replaced file back: the earlier content under a second name, or nothing where there was no file.
struct Undo {
    path: Utf8PathBuf,
    place: Utf8PathBuf,
    earlier: Option<TempPath>,
}

impl Undo {
    fn of(staged: &Staged) -> io::Result<Self> {
        let (path, place) = (staged.path.clone(), staged.place.clone());
        let folder = place.parent().filter(|folder| !folder.as_str().is_empty()).unwrap_or(Utf8Path::new("."));
        let Some(mut source) = open_regular_file(&place)? else { return Ok(Self { path, place, earlier: None }) };
        let mut earlier = temporary(folder)?;
        io::copy(&mut source, earlier.as_file_mut())?;
        earlier.as_file().set_permissions(source.metadata()?.permissions())?;
        Ok(Self { path, place, earlier: Some(earlier.into_temp_path()) })
    }

    fn apply(self) -> io::Result<()> {
        match self.earlier {
            Some(earlier) => earlier.persist(&self.place).map_err(|error| error.error),
            None => fs::remove_file(&self.place),
        }
    }
}

fn put_back(undos: Vec<Undo>, path: Utf8PathBuf, source: io::Error) -> WriteError {
    let mut failed = None;
    for undo in undos.into_iter().rev() {
        let changed = undo.path.clone();
        if let Err(restore) = undo.apply() {
            failed.get_or_insert((changed, restore));
        }
    }
    match failed {
        None => WriteError::Replace { path, source },
        Some((changed, restore)) => WriteError::Restore { path, source, changed, restore },
    }
}

/// The file that a path means, and what it is like where it is there.
fn place_of(path: &Utf8Path) -> io::Result<(Utf8PathBuf, Option<Metadata>)> {
    let metadata = match path.symlink_metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((path.to_owned(), None)),
        Err(error) => return Err(error),
    };
    let (place, metadata) = if metadata.is_symlink() {
        let place = path.canonicalize_utf8()?;
        let metadata = place.symlink_metadata()?;
        (place, metadata)
    } else {
        (path.to_owned(), metadata)
    };
    if metadata.is_file() {
        Ok((place, Some(metadata)))
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"))
    }
}

/// A temporary file with the mode of a file that a person makes.
fn temporary(folder: &Utf8Path) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(TEMPORARY_PREFIX).suffix(TEMPORARY_SUFFIX);
    #[cfg(unix)]
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    #[cfg(unix)]
    builder.permissions(permissions);
    builder.tempfile_in(folder)
}

/// Puts a new or removed name on the disk. Some file systems can't sync a folder; the content is safe there all the same.
pub fn sync_folder_of(place: &Utf8Path) {
    if let Some(folder) = place.parent().filter(|folder| !folder.as_str().is_empty()) {
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
}

#[cfg(test)]
mod tests;

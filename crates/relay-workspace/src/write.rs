//! Writes files so that a reader finds the old or the new text, and never half of one.

use std::fs::File;
use std::io::Write;

use camino::{Utf8Path, Utf8PathBuf};

/// A file that can't be written. Nothing is half-written.
#[derive(Debug, thiserror::Error)]
#[error("{path} can't be written: {source}")]
pub struct WriteError {
    /// The file.
    pub path: Utf8PathBuf,
    /// What the system says.
    pub source: std::io::Error,
}

/// Writes one file by way of a second one in the same folder. An existing file's mode is kept.
///
/// # Errors
/// [`WriteError`]; the old text is still there then.
pub fn write_atomically(path: &Utf8Path, text: &[u8]) -> Result<(), WriteError> {
    let staged = stage(path, text)?;
    std::fs::rename(&staged, path).map_err(|source| {
        let _ = std::fs::remove_file(&staged);
        WriteError { path: path.to_owned(), source }
    })
}

/// Writes several files or none: all new texts are on disk before the first one takes its place, and what has been replaced
/// is put back where a later one fails.
///
/// # Errors
/// [`WriteError`] of the first file that can't be written.
pub fn write_all_or_none(files: &[(Utf8PathBuf, Vec<u8>)]) -> Result<(), WriteError> {
    let mut staged: Vec<(Utf8PathBuf, &Utf8Path)> = Vec::with_capacity(files.len());
    for (path, text) in files {
        match stage(path, text) {
            Ok(temporary) => staged.push((temporary, path)),
            Err(error) => {
                discard(&staged);
                return Err(error);
            }
        }
    }
    let mut replaced: Vec<(&Utf8Path, Option<Vec<u8>>)> = Vec::with_capacity(files.len());
    for (at, (temporary, path)) in staged.iter().enumerate() {
        let before = std::fs::read(path).ok();
        if let Err(source) = std::fs::rename(temporary, path) {
            discard(staged.get(at..).unwrap_or_default());
            for (path, before) in replaced {
                match before {
                    Some(text) => drop(write_atomically(path, &text)),
                    None => drop(std::fs::remove_file(path)),
                }
            }
            return Err(WriteError { path: (*path).to_owned(), source });
        }
        replaced.push((path, before));
    }
    Ok(())
}

fn stage(path: &Utf8Path, text: &[u8]) -> Result<Utf8PathBuf, WriteError> {
    let failed = |source| WriteError { path: path.to_owned(), source };
    let name = path.file_name().unwrap_or("file");
    let temporary = path.with_file_name(format!(".{name}.relay-{}", std::process::id()));
    let write = || {
        let mut file = File::create(&temporary)?;
        file.write_all(text)?;
        if let Ok(data) = std::fs::metadata(path) {
            file.set_permissions(data.permissions())?;
        }
        file.sync_data()
    };
    write().map_err(|source| {
        let _ = std::fs::remove_file(&temporary);
        failed(source)
    })?;
    Ok(temporary)
}

fn discard(staged: &[(Utf8PathBuf, &Utf8Path)]) {
    for (temporary, _) in staged {
        let _ = std::fs::remove_file(temporary);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_files_are_written_or_none() {
        let guard = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(guard.path()).unwrap();
        let first = folder.join("a");
        std::fs::write(&first, "old").unwrap();
        // A folder in the file's place can't be replaced.
        let second = folder.join("b");
        std::fs::create_dir_all(second.join("x")).unwrap();
        let files = [(first.clone(), b"new".to_vec()), (second, b"new".to_vec())];
        assert!(write_all_or_none(&files).is_err());
        assert_eq!(std::fs::read_to_string(&first).unwrap(), "old");
        assert_eq!(std::fs::read_dir(folder).unwrap().count(), 2, "nothing is left behind");
    }
}

//! Reading files by a name that somebody else may have given to something that is no file.
//!
//! A named pipe under the name of a settings file would keep whoever opens it waiting for ever, a device could have no end,
//! and a file may be of any size. Files with fixed names are opened here: regular ones only, and read up to a bound. The
//! system's own empty file (`/dev/null`), at which people point settings that they don't want, reads as empty.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read as _};

use camino::Utf8Path;

/// Opens a regular file for reading; `None` where there is nothing of that name, or the system's empty file.
///
/// # Errors
/// What the system says, and an error in words for what is no regular file. Nothing is waited for.
#[expect(clippy::disallowed_methods, reason = "opened for reading, by more than `File::open` can say")]
pub fn open_regular_file(path: &Utf8Path) -> io::Result<Option<File>> {
    let mut options = OpenOptions::new();
    options.read(true);
    // Without this, opening a pipe waits for a writer; looking first would leave a moment for an exchange.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        &mut options,
        i32::try_from(rustix::fs::OFlags::NONBLOCK.union(rustix::fs::OFlags::NOCTTY).bits()).unwrap_or_default(),
    );
    let file = match options.open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        // A socket can't be opened at all, and the system's words for that help nobody.
        Err(error) => return Err(path.metadata().ok().and_then(|data| no_file(&data)).unwrap_or(error)),
    };
    let metadata = file.metadata()?;
    match no_file(&metadata) {
        None => Ok(Some(file)),
        Some(_) if is_empty_device(&metadata) => Ok(None),
        Some(error) => Err(error),
    }
}

/// Reads a regular file; `None` where there is none.
///
/// # Errors
/// As [`open_regular_file`], and where the file has more bytes than `limit_bytes`.
pub fn read_regular_file(path: &Utf8Path, limit_bytes: u64) -> io::Result<Option<Vec<u8>>> {
    let Some(file) = open_regular_file(path)? else { return Ok(None) };
    let expected = file.metadata()?.len();
    let too_large = || io::Error::new(io::ErrorKind::FileTooLarge, format!("it has more than {limit_bytes} bytes"));
    if expected > limit_bytes {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(expected).unwrap_or_default() + 1);
    // It may have grown since.
    file.take(limit_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|size| size > limit_bytes) {
        return Err(too_large());
    }
    Ok(Some(bytes))
}

/// Reads a regular file of text; `None` where there is none.
///
/// # Errors
/// As [`read_regular_file`], and where the bytes are no UTF-8.
pub fn read_regular_text(path: &Utf8Path, limit_bytes: u64) -> io::Result<Option<String>> {
    let Some(bytes) = read_regular_file(path, limit_bytes)? else { return Ok(None) };
    let text = String::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))?;
    Ok(Some(text))
}

/// What is wrong with something that is no regular file.
fn no_file(metadata: &Metadata) -> Option<io::Error> {
    let kind = metadata.file_type();
    if kind.is_file() {
        return None;
    }
    if kind.is_dir() {
        return Some(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
    }
    #[cfg(unix)]
    let what = {
        use std::os::unix::fs::FileTypeExt as _;
        match () {
            () if kind.is_fifo() => "it is a named pipe and no regular file",
            () if kind.is_socket() => "it is a socket and no regular file",
            () => "it is a device and no regular file",
        }
    };
    #[cfg(not(unix))]
    let what = "it is no regular file";
    Some(io::Error::new(io::ErrorKind::InvalidInput, what))
}

#[cfg(unix)]
fn is_empty_device(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let empty = std::fs::metadata("/dev/null");
    empty.is_ok_and(|empty| empty.rdev() == metadata.rdev() && empty.mode() == metadata.mode())
}

#[cfg(not(unix))]
fn is_empty_device(_metadata: &Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use camino::Utf8PathBuf;

    use super::*;

    fn folder() -> (tempfile::TempDir, Utf8PathBuf) {
        let guard = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(guard.path().to_owned()).unwrap();
        (guard, path)
    }

    #[test]
    fn files_are_read_up_to_their_bound() {
        let (_guard, folder) = folder();
        let file = folder.join("a");
        std::fs::write(&file, "text").unwrap();
        assert_eq!(read_regular_text(&file, 4).unwrap().as_deref(), Some("text"));
        assert!(read_regular_text(&file, 3).unwrap_err().to_string().contains("more than 3 bytes"));
        std::fs::write(&file, [0xff]).unwrap();
        assert!(read_regular_text(&file, 4).unwrap_err().to_string().contains("not UTF-8"));
        assert_eq!(read_regular_text(&folder.join("none"), 4).unwrap(), None);
        assert_eq!(read_regular_text(&file.join("below"), 4).unwrap(), None);
    }

    #[test]
    #[cfg(unix)]
    fn nothing_else_is_opened_and_nothing_is_waited_for() {
        let (_guard, folder) = folder();
        let pipe = folder.join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let socket = folder.join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let link = folder.join("link");
        std::os::unix::fs::symlink(&pipe, &link).unwrap();
        for (path, says) in [
            (pipe.as_path(), "named pipe"),
            (&link, "named pipe"),
            (&socket, "socket"),
            (Utf8Path::new("/dev/zero"), "device"),
            (&folder, "folder"),
        ] {
            let error = read_regular_text(path, 1_000).unwrap_err().to_string();
            assert!(error.contains(says), "{path}: {error}");
        }
        assert_eq!(read_regular_text(Utf8Path::new("/dev/null"), 1).unwrap(), None);
    }
}

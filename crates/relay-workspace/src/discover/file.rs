//! Reading the small files of a workspace, within limits.

use std::fs::File;
use std::io::{self, Read as _};

use camino::{Utf8Path, Utf8PathBuf};
use relay_values::Printable;

use super::error::DiscoverError;

/// The largest workspace file (pnpm-workspace.yaml, lerna.json, rush.json, .yarnrc.yml) that relay reads, in bytes. Real
/// ones stay below 200 kB.
pub(super) const SETTINGS_SIZE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// A file below a root.
#[derive(Debug, Clone, Copy)]
pub(super) struct FileAt<'a> {
    /// The root's absolute, canonical path; no link in the file's place may lead out of it.
    pub(super) root: &'a Utf8Path,
    /// The file, relative to the root.
    pub(super) path: &'a Utf8Path,
    /// The largest size that is read.
    pub(super) limit_bytes: u64,
}

impl FileAt<'_> {
    /// The file's text, or `None` where there is no such file. A link that leads nowhere is an error.
    ///
    /// What is not a regular file is refused before it is opened: opening a pipe would wait for ever.
    pub(super) fn read(self) -> Result<Option<String>, DiscoverError> {
        let unreadable = |source| DiscoverError::Unreadable { path: self.path.to_owned(), source };
        let mut absolute = self.root.join(self.path);
        let mut metadata = match absolute.symlink_metadata() {
            Ok(metadata) => metadata,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(unreadable(error)),
        };
        if metadata.is_symlink() {
            absolute = self.target(&absolute)?;
            metadata = absolute.symlink_metadata().map_err(unreadable)?;
        }
        if !metadata.is_file() {
            return Err(DiscoverError::NotAFile { path: self.path.to_owned() });
        }
        let too_large = || DiscoverError::TooLarge { path: self.path.to_owned(), limit_bytes: self.limit_bytes };
        if metadata.len() > self.limit_bytes {
            return Err(too_large());
        }
        let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default() + 1);
        // The file may have grown since its size was asked for.
        let mut file = File::open(&absolute).map_err(unreadable)?.take(self.limit_bytes + 1);
        file.read_to_end(&mut bytes).map_err(unreadable)?;
        if u64::try_from(bytes.len()).is_ok_and(|size| size > self.limit_bytes) {
            return Err(too_large());
        }
        String::from_utf8(bytes).map(Some).map_err(|_| DiscoverError::NotUtf8 { path: self.path.to_owned() })
    }

    fn target(self, link: &Utf8Path) -> Result<Utf8PathBuf, DiscoverError> {
        match link.canonicalize_utf8() {
            Ok(target) if target.starts_with(self.root) => Ok(target),
            Ok(target) => Err(DiscoverError::LinkOutside { path: self.path.to_owned(), target }),
            Err(error) if is_absent(&error) => {
                let named = link
                    .read_link_utf8()
                    .map(|target| Printable::name(target.as_str()).to_string())
                    .unwrap_or_default();
                Err(DiscoverError::DanglingLink { path: self.path.to_owned(), target: named })
            }
            Err(source) => Err(DiscoverError::Unreadable { path: self.path.to_owned(), source }),
        }
    }
}

/// Says whether an error means that nothing is there: no such name, or a file where a folder would have to be.
pub(super) fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

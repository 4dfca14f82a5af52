//! What of a package's files shows in its document: which files there are, and who its authors are.
//!
//! npm looks into the folder; the tarball is what is published, so that is what is looked into here. A tarball that
//! can't be unpacked tells nothing: its bytes were checked against the plan before.

use std::collections::BTreeSet;
use std::io::Read as _;

/// The most that is unpacked, in bytes. A larger package tells what stands in its first part.
const UNPACKED_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// The most entries that are looked at.
const ENTRIES_MAX: usize = 100_000;
/// The largest `AUTHORS` file that is read, in bytes.
const AUTHORS_BYTES_MAX: u64 = 256 * 1024;

/// The files of a package.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// Paths below the package's root, with `/`.
    files: BTreeSet<String>,
    /// The text of `AUTHORS`.
    authors: Option<String>,
}

impl Contents {
    /// Looks into a `.tgz`.
    pub(super) fn read(tarball: &[u8]) -> Self {
        let mut contents = Self::default();
        let unpacked = flate2::read::GzDecoder::new(tarball).take(UNPACKED_BYTES_MAX);
        let mut archive = tar::Archive::new(unpacked);
        let Ok(entries) = archive.entries() else { return contents };
        for mut entry in entries.take(ENTRIES_MAX).map_while(Result::ok) {
            let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let Some((_root, path)) = path.split_once('/') else { continue };
            if !entry.header().entry_type().is_file() {
                continue;
            }
            if path == "AUTHORS" {
                let mut text = Vec::new();
                if entry.by_ref().take(AUTHORS_BYTES_MAX).read_to_end(&mut text).is_ok() {
                    contents.authors = Some(String::from_utf8_lossy(&text).into_owned());
                }
            }
            contents.files.insert(path.to_owned());
        }
        contents
    }

    #[cfg(test)]
    pub(super) fn of(files: &[&str], authors: Option<&str>) -> Self {
        Self { files: files.iter().map(|file| (*file).to_owned()).collect(), authors: authors.map(str::to_owned) }
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.files.contains(path)
    }

    pub(super) fn authors(&self) -> Option<&str> {
        self.authors.as_deref()
    }

    /// Whether there is a build file of node-gyp at the root.
    pub(super) fn has_gyp_file(&self) -> bool {
        self.files.iter().any(|file| {
            // As npm's glob: in lower case, and nothing hidden.
            file.strip_suffix(".gyp").is_some_and(|stem| !stem.contains('/') && !stem.starts_with('.'))
        })
    }

    /// Files and folders below a folder, relative to it; nothing hidden.
    pub(super) fn below(&self, folder: &str) -> BTreeSet<String> {
        let folder = folder.trim_end_matches('/');
        let mut found = BTreeSet::new();
        for file in &self.files {
            let inside = if folder.is_empty() {
                Some(file.as_str())
            } else {
                file.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'))
            };
            let Some(inside) = inside else { continue };
            if inside.split('/').any(|part| part.starts_with('.')) {
                continue;
            }
            found.extend(inside.match_indices('/').filter_map(|(at, _)| inside.get(..at)).map(str::to_owned));
            found.insert(inside.to_owned());
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_into_a_tarball() {
        let mut builder = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
        for (path, text) in [("package/AUTHORS", "A"), ("package/lib/x.js", ""), ("package/binding.gyp", "")] {
            let mut header = tar::Header::new_gnu();
            header.set_size(u64::try_from(text.len()).unwrap());
            builder.append_data(&mut header, path, text.as_bytes()).unwrap();
        }
        let contents = Contents::read(&builder.into_inner().unwrap().finish().unwrap());
        assert_eq!(contents.authors(), Some("A"));
        assert!(contents.has("lib/x.js") && contents.has_gyp_file());
        assert_eq!(contents.below(""), ["AUTHORS", "binding.gyp", "lib", "lib/x.js"].map(str::to_owned).into());
    }

    #[test]
    fn a_broken_tarball_tells_nothing() {
        let contents = Contents::read(b"no gzip");
        assert!(contents.files.is_empty() && contents.authors().is_none());
    }
}

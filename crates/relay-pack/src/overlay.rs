//! Files as they will be, laid over those on disk, so that a package can be packed as a step that writes would leave it.
//!
//! Whoever makes an overlay names each file by the path where it really is: a link is passed over by packing anyway, and
//! what a write through it changes is the file that it leads to.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

/// Contents by absolute path; `None` stands for a file that will be gone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overlay {
    files: BTreeMap<Utf8PathBuf, Option<Vec<u8>>>,
}

/// The overlay that changes nothing.
pub(crate) static NOTHING: Overlay = Overlay { files: BTreeMap::new() };

/// What an overlay makes of one name in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Laid {
    /// A file has this content.
    File,
    /// A file is gone.
    Gone,
    /// A folder has files from the overlay somewhere below it.
    Folder,
}

impl Overlay {
    /// Gives a file its content.
    pub fn put(&mut self, path: Utf8PathBuf, content: Vec<u8>) {
        self.files.insert(path, Some(content));
    }

    /// Takes a file away.
    pub fn take_away(&mut self, path: Utf8PathBuf) {
        self.files.insert(path, None);
    }

    /// Says whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The content of a file, where the overlay has it.
    pub(crate) fn content(&self, path: &Utf8Path) -> Option<&[u8]> {
        self.files.get(path)?.as_deref()
    }

    /// What an ignore file has: the overlay's content, else that on disk.
    pub(crate) fn read(&self, path: &Utf8Path) -> std::io::Result<Vec<u8>> {
        match self.content(path) {
            Some(content) => Ok(content.to_vec()),
            None => relay_workspace::read_regular_file(path, crate::packlist::IGNORE_FILE_BYTES_MAX)?
                .ok_or_else(|| std::io::ErrorKind::NotFound.into()),
        }
    }

    /// The names in a folder that the overlay has something to say about.
    pub(crate) fn names_in(&self, folder: &Utf8Path) -> BTreeMap<&str, Laid> {
        let below = self.files.range(folder.to_owned()..).take_while(|(path, _)| path.starts_with(folder));
        let mut names = BTreeMap::new();
        for (path, content) in below {
            let Ok(rest) = path.strip_prefix(folder) else { continue };
            let mut parts = rest.components().map(|part| part.as_str());
            match (parts.next(), parts.next()) {
                (Some(name), None) => {
                    names.insert(name, if content.is_some() { Laid::File } else { Laid::Gone });
                }
                // A folder all of whose files go away stays, and is empty.
                (Some(name), Some(_)) if content.is_some() => {
                    names.insert(name, Laid::Folder);
                }
                _ => {}
            }
        }
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_folder_by_folder() {
        let mut overlay = Overlay::default();
        overlay.put("/w/a/CHANGELOG.md".into(), b"x".to_vec());
        overlay.take_away("/w/.changeset/one.md".into());
        overlay.put("/w/.changeset/pre/one.md".into(), Vec::new());
        overlay.put("/w/ab/package.json".into(), Vec::new());
        let told = |folder: &str| overlay.names_in(Utf8Path::new(folder)).into_iter().collect::<Vec<_>>();
        assert_eq!(told("/w"), [(".changeset", Laid::Folder), ("a", Laid::Folder), ("ab", Laid::Folder)]);
        assert_eq!(told("/w/.changeset"), [("one.md", Laid::Gone), ("pre", Laid::Folder)]);
        assert_eq!(told("/w/a"), [("CHANGELOG.md", Laid::File)]);
        assert_eq!(told("/w/b"), []);
    }
}

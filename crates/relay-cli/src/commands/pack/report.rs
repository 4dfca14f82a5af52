//! What `relay pack --json` prints of one tarball: the fields of `npm pack --json`.

use relay_pack::{Tarball, sort_listing};
use serde::Serialize;

/// One tarball, with npm's own field names.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PackReport {
    /// `name@version`.
    pub(super) id: String,
    pub(super) name: String,
    pub(super) version: String,
    /// Packed, in bytes.
    pub(super) size: u64,
    pub(super) unpacked_size: u64,
    pub(super) shasum: String,
    pub(super) integrity: String,
    pub(super) filename: String,
    pub(super) files: Vec<FileReport>,
    pub(super) entry_count: usize,
    /// Names of the packages that are bundled.
    pub(super) bundled: Vec<String>,
}

/// One file in it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct FileReport {
    pub(super) path: String,
    pub(super) size: u64,
    pub(super) mode: u32,
}

impl PackReport {
    /// Describes a tarball.
    pub(super) fn of(tarball: &Tarball) -> Self {
        let mut files: Vec<FileReport> = tarball
            .files
            .iter()
            .map(|file| FileReport { path: file.path.clone(), size: file.size, mode: file.mode })
            .collect();
        let bundled = bundled(&files);
        sort_listing(&mut files, |file| &file.path);
        Self {
            id: format!("{}@{}", tarball.name, tarball.version),
            name: tarball.name.clone(),
            version: tarball.version.clone(),
            // A tarball in memory is far smaller than what a u64 holds.
            size: u64::try_from(tarball.bytes.len()).unwrap_or(u64::MAX),
            unpacked_size: tarball.unpacked,
            shasum: tarball.shasum.to_string(),
            integrity: tarball.integrity.to_string(),
            filename: tarball.file_name.clone(),
            entry_count: files.len(),
            bundled,
            files,
        }
    }
}

/// The packages whose files lie in `node_modules`, as npm lists them: the name after each file's first `node_modules/`.
fn bundled(files: &[FileReport]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for file in files {
        let Some(rest) = file.path.strip_prefix("node_modules/") else { continue };
        let mut parts = rest.split('/');
        let name = match (parts.next(), parts.next()) {
            (Some(scope), Some(name)) if scope.starts_with('@') => format!("{scope}/{name}"),
            (Some(name), _) => name.to_owned(),
            (None, _) => continue,
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

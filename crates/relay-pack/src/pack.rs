//! A folder to its tarball: the list of files, read one after the other into the archive.
//!
//! A pure function of the folder, so that many packages can be packed side by side.

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io::{Read as _, Write as _};

use camino::{Utf8Path, Utf8PathBuf};
use relay_config::NpmRules;
use relay_workspace::{Integrity, Shasum};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::archive::{self, EntryKind, Sink};
use crate::conventions::{self, Conventions};
use crate::error::PackError;
use crate::executables::Executables;
use crate::fields;
use crate::overlay::{self, Overlay};
use crate::packlist::{self, Listed, Source};
use crate::program::{self, Program};

/// A package's content is not larger than this, in bytes. The largest packages of note hold some hundred megabytes.
pub const UNPACKED_SIZE_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;

/// A readme is handed on only up to this size, in bytes.
pub const README_SIZE_BYTES_MAX: u64 = 1024 * 1024;

mod stripped;

const READ_BUFFER_BYTES: usize = 64 * 1024;

/// What to pack.
#[derive(Debug, Clone, Copy)]
pub struct PackRequest<'a> {
    /// The package's folder, absolute.
    pub folder: &'a Utf8Path,
    /// Text that goes in as `package.json` in place of the file's; the rules are taken from it too, as if it were on
    /// disk.
    pub manifest: Option<&'a str>,
    /// Whose habits are followed.
    pub conventions: &'a Conventions,
    /// Files as they will be, where that differs from the disk.
    pub overlay: Option<&'a Overlay>,
}

impl<'a> PackRequest<'a> {
    /// A folder as it is, by itself, by the rules of npm 11.
    pub fn of(folder: &'a Utf8Path) -> Self {
        Self { folder, manifest: None, conventions: &conventions::OF_NPM11, overlay: None }
    }

    pub(crate) fn overlay(&self) -> &'a Overlay {
        self.overlay.unwrap_or(&overlay::NOTHING)
    }
}

/// One file of a tarball.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PackedFile {
    /// Its path in the package, with `/`.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its mode in the tar.
    pub mode: u32,
    /// What its first bytes say it is.
    #[serde(skip)]
    pub program: Option<Program>,
}

/// A packed package.
#[derive(Debug, Clone)]
pub struct Tarball {
    /// The file's name as npm gives it: `scope-name-1.2.3.tgz`.
    pub file_name: String,
    /// The package's name.
    pub name: String,
    /// Its version as written.
    pub version: String,
    /// The compressed tar.
    pub bytes: Vec<u8>,
    /// The sha512 of `bytes`.
    pub integrity: Integrity,
    /// The sha1 of `bytes`.
    pub shasum: Shasum,
    /// The size of all files together, in bytes.
    pub unpacked: u64,
    /// The files in the tar's order.
    pub files: Vec<PackedFile>,
    /// The manifest inside.
    pub manifest: Map<String, Value>,
    /// The readme's file name and text.
    pub readme: Option<(String, String)>,
}

/// Packs a folder as `npm pack --ignore-scripts` does.
///
/// # Errors
/// [`PackError`] where npm fails too, for what is beyond relay's limits, and for bundled dependencies outside of the
/// package.
pub fn pack(request: &PackRequest) -> Result<Tarball, PackError> {
    let mut source = Source::open(request)?;
    let field = |field: &'static str| match source.manifest.get(field) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text.clone()),
        _ => Err(PackError::Field {
            path: request.folder.join("package.json"),
            field,
            expected: "a string that is not empty",
        }),
    };
    let (name, version) = (field("name")?, field("version")?);
    let Listed { paths, elsewhere } = packlist::list(request, &source)?;
    let readme_path = readme_of(&paths).map(str::to_owned);
    let manifest = packed_manifest(request, &mut source)?;
    let mut packing = Packing {
        request,
        source: &source,
        manifest: manifest.as_deref(),
        elsewhere: &elsewhere,
        sink: Sink::new(),
        links: HashMap::new(),
        files: Vec::with_capacity(paths.len()),
        unpacked: 0,
        buffer: vec![0; READ_BUFFER_BYTES],
        readme_path: readme_path.as_deref(),
        readme: None,
        program: None,
    };
    for path in &paths {
        packing.add(path)?;
    }
    let Packing { mut sink, files, unpacked, readme, .. } = packing;
    let in_memory = |source| PackError::Unreadable { path: request.folder.to_owned(), source };
    archive::write_end(&mut sink).map_err(in_memory)?;
    let compressed = sink.finish().map_err(in_memory)?;
    Ok(Tarball {
        file_name: file_name(&name, &version),
        name,
        version,
        bytes: compressed.bytes,
        integrity: compressed.integrity,
        shasum: compressed.shasum,
        unpacked,
        files,
        manifest: source.manifest,
        readme,
    })
}

/// The manifest's text where it is not that of the disk. npm 12 takes out what names patches.
fn packed_manifest(request: &PackRequest, source: &mut Source) -> Result<Option<String>, PackError> {
    let given = request.manifest.map(str::to_owned);
    if request.conventions.npm != NpmRules::Npm12 || source.manifest.shift_remove(packlist::PATCHES).is_none() {
        return Ok(given);
    }
    let path = request.folder.join("package.json");
    let text = if let Some(text) = given {
        text
    } else {
        let bytes = request.overlay().read(&path).map_err(PackError::unreadable(&*path))?;
        String::from_utf8_lossy(&bytes).into_owned()
    };
    Ok(Some(stripped::without(&fields::parse(&path, &text)?, &text, packlist::PATCHES)))
}

/// The tarball's file name: `@` in front taken off, slashes to hyphens.
pub(crate) fn file_name(name: &str, version: &str) -> String {
    let name = name.strip_prefix('@').unwrap_or(name);
    format!("{name}-{version}.tgz").replace(['/', '\\'], "-")
}

/// The readme among the packed files: one in Markdown, else one without extension.
fn readme_of(paths: &[String]) -> Option<&str> {
    let is_markdown = |extension: &str| {
        // npm's rule: each letter of `.markdown` but the `m` may be missing, so that `.md` is one, and even `.mow`.
        let mut letters = ".markdown".chars();
        extension.chars().all(|c| letters.any(|letter| letter == c))
    };
    let mut plain = None;
    for path in paths {
        let lower = path.to_lowercase();
        let Some(rest) = lower.strip_prefix("readme") else { continue };
        if rest.starts_with(".m") && is_markdown(rest) {
            return Some(path);
        }
        if rest.is_empty() {
            plain = Some(path.as_str());
        }
    }
    plain
}

struct Packing<'a> {
    request: &'a PackRequest<'a>,
    source: &'a Source,
    /// What goes in as `package.json` in place of the file's text.
    manifest: Option<&'a str>,
    /// Where files are that are not in the package's folder under their path in the tarball.
    elsewhere: &'a HashMap<String, Utf8PathBuf>,
    sink: Sink,
    /// The path in the tar of each file that has more than one name on disk.
    links: HashMap<(u64, u64), String>,
    files: Vec<PackedFile>,
    unpacked: u64,
    buffer: Vec<u8>,
    readme_path: Option<&'a str>,
    readme: Option<(String, String)>,
    /// What the file that is being added is.
    program: Option<Program>,
}

impl Packing<'_> {
    fn add(&mut self, path: &str) -> Result<(), PackError> {
        let place = self.elsewhere.get(path).cloned().unwrap_or_else(|| self.request.folder.join(path));
        if let Some(text) = self.manifest.filter(|_| path == "package.json") {
            let mode = std::fs::metadata(&place).map_or(0o644, |metadata| mode_of(&metadata));
            return self.add_content(path, mode, &place, text.as_bytes());
        }
        if let Some(content) = self.request.overlay().content(&place) {
            let mut mode = std::fs::metadata(&place).map_or_else(|_| self.mode_of_new(), |found| mode_of(&found));
            if self.is_executable(path) {
                mode |= 0o111;
            }
            if self.readme_path == Some(path) && is_readme_size(content.len().try_into().unwrap_or(u64::MAX)) {
                self.readme = Some((path.to_owned(), String::from_utf8_lossy(content).into_owned()));
            }
            return self.add_content(path, mode, &place, content);
        }
        let mut file = File::open(&place).map_err(PackError::unreadable(&*place))?;
        let metadata = file.metadata().map_err(PackError::unreadable(&*place))?;
        let entry_path = archive::entry_path(path);
        let mut mode = mode_of(&metadata);
        if self.is_executable(path) {
            mode |= 0o111;
        }
        if let Some(inode) = inode_of(&metadata) {
            if let Some(first) = self.links.get(&inode).cloned() {
                return self.write(path, mode, EntryKind::Link(&first), &place, |_| Ok(()));
            }
            self.links.insert(inode, entry_path);
        }
        let size = self.count(metadata.len())?;
        let wants_text = self.readme_path == Some(path) && is_readme_size(size);
        let mut text = Vec::new();
        self.write(path, mode, EntryKind::File(size), &place, |packing| {
            let mut left = size;
            while left > 0 {
                let read = file.read(&mut packing.buffer).map_err(PackError::unreadable(&*place))?;
                let Some(bytes) = packing.buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
                let length = u64::try_from(read).unwrap_or(u64::MAX);
                if left == size {
                    packing.program = program::of(bytes);
                }
                if length > left {
                    return Err(PackError::Changed { path: place.clone() });
                }
                left -= length;
                packing.sink.write_all(bytes).map_err(PackError::unreadable(&*place))?;
                if wants_text {
                    text.extend_from_slice(bytes);
                }
            }
            if left > 0 { Err(PackError::Changed { path: place.clone() }) } else { Ok(()) }
        })?;
        if wants_text {
            self.readme = Some((path.to_owned(), String::from_utf8_lossy(&text).into_owned()));
        }
        Ok(())
    }

    /// Adds a file whose content is in memory.
    fn add_content(&mut self, path: &str, mode: u32, place: &Utf8Path, content: &[u8]) -> Result<(), PackError> {
        let size = self.count(content.len().try_into().unwrap_or(u64::MAX))?;
        self.write(path, mode, EntryKind::File(size), place, |packing| {
            packing.sink.write_all(content).map_err(PackError::unreadable(place))
        })
    }

    /// The mode that a file will get when it is made. That is for the umask to say, which can't be asked without setting
    /// it; the manifest was made under one, most likely the same.
    fn mode_of_new(&self) -> u32 {
        std::fs::metadata(self.request.folder.join("package.json")).map_or(0o644, |metadata| mode_of(&metadata) & 0o666)
    }

    fn write(
        &mut self,
        path: &str,
        mode: u32,
        kind: EntryKind,
        place: &Utf8Path,
        content: impl FnOnce(&mut Self) -> Result<(), PackError>,
    ) -> Result<(), PackError> {
        let mode = archive::portable_mode(mode);
        let size = match kind {
            EntryKind::File(size) => size,
            EntryKind::Link(_) => 0,
        };
        archive::write_header(&mut self.sink, &archive::entry_path(path), mode, kind)
            .map_err(PackError::unreadable(place))?;
        content(self)?;
        archive::write_padding(&mut self.sink, size).map_err(PackError::unreadable(place))?;
        self.files.push(PackedFile { path: path.to_owned(), size, mode, program: self.program.take() });
        Ok(())
    }

    fn count(&mut self, size: u64) -> Result<u64, PackError> {
        self.unpacked = self.unpacked.saturating_add(size);
        if self.unpacked > UNPACKED_SIZE_BYTES_MAX {
            let what = format!("its files have more than {UNPACKED_SIZE_BYTES_MAX} bytes");
            return Err(PackError::TooLarge { folder: self.request.folder.to_owned(), what });
        }
        Ok(size)
    }

    fn is_executable(&self, path: &str) -> bool {
        match self.request.conventions.executables {
            Executables::Npm => self.is_bin(path),
            rule => self.source.commands.make_executable(path, rule),
        }
    }

    /// Says whether npm takes the file for one of `bin`. It drops the first folder of the path before it compares (it
    /// once stood for the `package/` in front), so that only files at the root are found, and some that aren't named.
    /// A path that starts with `@` is listed with `./` in front and loses only that.
    fn is_bin(&self, path: &str) -> bool {
        let rest = match path.split_once('/') {
            Some((_, rest)) if !path.starts_with('@') => rest,
            _ => path,
        };
        self.source.fields.bin.iter().any(|target| target == rest)
    }
}

fn is_readme_size(bytes: u64) -> bool {
    bytes <= README_SIZE_BYTES_MAX
}

#[cfg(unix)]
fn mode_of(metadata: &Metadata) -> u32 {
    std::os::unix::fs::MetadataExt::mode(metadata)
}

#[cfg(not(unix))]
fn mode_of(_: &Metadata) -> u32 {
    0o666
}

/// What tells a file with several names from others.
#[cfg(unix)]
fn inode_of(metadata: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.nlink() > 1).then(|| (metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn inode_of(_: &Metadata) -> Option<(u64, u64)> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_npms() {
        assert_eq!(file_name("@acme/core", "1.2.3"), "acme-core-1.2.3.tgz");
        assert_eq!(file_name("left-pad", "1.0.0-rc.1+b"), "left-pad-1.0.0-rc.1+b.tgz");
    }

    #[test]
    fn a_markdown_readme_is_preferred() {
        let paths = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(readme_of(&paths(&["README", "readme.md", "a.js"])), Some("readme.md"));
        assert_eq!(readme_of(&paths(&["README", "README.txt"])), Some("README"));
        assert_eq!(readme_of(&paths(&["lib/README.md"])), None);
    }
}

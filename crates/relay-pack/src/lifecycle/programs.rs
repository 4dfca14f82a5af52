//! Finds the programs that npm tells its scripts of: the package manager, node, and what npm brings with it. No process is
//! started.

use std::ffi::OsStr;
use std::io::Read as _;

use camino::{Utf8Path, Utf8PathBuf};

/// How far above its program a package manager's own package is looked for.
const FOLDERS_MAX: usize = 4;

/// The largest manifest of a package manager that is read, in bytes.
const MANIFEST_SIZE_BYTES_MAX: u64 = 1024 * 1024;

/// A package manager's program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manager {
    /// The program; where a link leads to it, its own path.
    pub program: Utf8PathBuf,
    /// The folder of the package that it belongs to, where it is installed as one.
    pub package: Option<Utf8PathBuf>,
    /// That package's version.
    pub version: Option<String>,
}

/// A program's path, by the variable `PATH`. Relative entries are passed over: they would find what the checkout brings.
pub fn on_path(name: &str, path: &OsStr) -> Option<Utf8PathBuf> {
    let names = if cfg!(windows) { vec![format!("{name}.cmd"), format!("{name}.exe")] } else { vec![name.to_owned()] };
    std::env::split_paths(path)
        .filter_map(|folder| Utf8PathBuf::from_path_buf(folder).ok())
        .filter(|folder| folder.is_absolute())
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)).collect::<Vec<_>>())
        .find(|file| file.is_file())
}

/// The package manager of a name on the search path.
pub fn manager(name: &str, path: &OsStr) -> Option<Manager> {
    let found = on_path(name, path)?;
    let program = found.canonicalize_utf8().unwrap_or(found);
    let of_package = program.ancestors().skip(1).take(FOLDERS_MAX).find_map(|folder| {
        let manifest = read_manifest(folder)?;
        let is_own =
            manifest["name"] == name || manifest["name"].as_str().is_some_and(|own| own.ends_with("/cli-dist"));
        is_own.then(|| (folder.to_owned(), manifest["version"].as_str().map(str::to_owned)))
    });
    let (package, version) = of_package.map_or((None, None), |(folder, version)| (Some(folder), version));
    Some(Manager { program, package, version })
}

fn read_manifest(folder: &Utf8Path) -> Option<serde_json::Value> {
    let path = folder.join("package.json");
    if !path.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path).ok()?.take(MANIFEST_SIZE_BYTES_MAX).read_to_end(&mut bytes).ok()?;
    serde_json::from_slice(&bytes).ok()
}

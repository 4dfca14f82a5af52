//! Which files of a package become executable in its tarball, whatever their mode on the disk.
//!
//! Seen in npm 11.19.1 and 12.2.0, pnpm 12.21.0, yarn 4.18.1 and bun 1.4.5.

use serde_json::{Map, Value};

use crate::fields::{is_truthy, secure_path};

/// Whose rule counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Executables {
    /// npm's, which finds the files of `bin` at the package's root only.
    Npm,
    /// pnpm's: the files of `bin`, else all in the folder of `directories.bin`, and `publishConfig.executableFiles`.
    Pnpm,
    /// yarn's: the files of `bin`, a list too, and `publishConfig.executableFiles`.
    Yarn,
    /// bun's: the files of `bin`, else those directly in the folder of `directories.bin`.
    Bun,
}

/// What a manifest says of its commands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Commands {
    /// The files of `bin`, as paths within the package.
    files: Vec<String>,
    /// `bin` is a list, which few managers take.
    is_list: bool,
    /// The folder of `directories.bin`, where there is no `bin`.
    folder: Option<String>,
    /// `publishConfig.executableFiles`, as paths within the package.
    executable_files: Vec<String>,
}

impl Commands {
    /// Reads the fields.
    pub(crate) fn read(manifest: &Map<String, Value>) -> Self {
        let paths = |texts: &mut dyn Iterator<Item = &Value>| -> Vec<String> {
            let paths = texts.filter_map(Value::as_str).map(secure_path);
            paths.filter(|path| !path.is_empty()).collect()
        };
        let bin = manifest.get("bin").filter(|value| is_truthy(value));
        let files = match bin {
            Some(Value::Object(map)) => paths(&mut map.values()),
            Some(Value::Array(list)) => paths(&mut list.iter()),
            Some(text) => paths(&mut std::iter::once(text)),
            None => Vec::new(),
        };
        let folder = manifest.get("directories").and_then(|folders| folders.get("bin")).and_then(Value::as_str);
        let named = manifest.get("publishConfig").and_then(|config| config.get("executableFiles"));
        Self {
            files,
            is_list: bin.is_some_and(Value::is_array),
            folder: folder.filter(|_| bin.is_none()).map(|text| secure_path(text).trim_end_matches('/').to_owned()),
            executable_files: named.and_then(Value::as_array).map(|all| paths(&mut all.iter())).unwrap_or_default(),
        }
    }

    /// Says whether the file becomes executable by a rule other than npm's.
    pub(crate) fn make_executable(&self, path: &str, rule: Executables) -> bool {
        let is = |files: &[String]| files.iter().any(|file| file == path);
        let below = || path.strip_prefix(self.folder.as_deref()?)?.strip_prefix('/');
        match rule {
            Executables::Npm => false,
            Executables::Pnpm => !self.is_list && is(&self.files) || below().is_some() || is(&self.executable_files),
            Executables::Yarn => is(&self.files) || is(&self.executable_files),
            Executables::Bun => !self.is_list && is(&self.files) || below().is_some_and(|name| !name.contains('/')),
        }
    }
}

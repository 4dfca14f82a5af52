//! What can go wrong between a folder and its tarball.

use camino::Utf8PathBuf;

use crate::minimatch::InvalidPattern;

/// How many files are named of each kind.
const FILES_SHOWN_MAX: usize = 20;

/// What npm 11 and npm 12 see differently in one package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NpmDifference {
    /// Files that only npm 11 packs.
    pub only_npm11: Vec<String>,
    /// Files that only npm 12 packs.
    pub only_npm12: Vec<String>,
    /// Whether npm 12 packs another package.json: it takes `patchedDependencies` out.
    pub manifest_differs: bool,
}

impl std::fmt::Display for NpmDifference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let listed = |npm: &str, files: &[String]| {
            let shown: Vec<String> = files.iter().take(FILES_SHOWN_MAX).map(|file| format!("`{file}`")).collect();
            let more = match files.len() - shown.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            (!files.is_empty()).then(|| format!("only {npm} packs {}{more}", shown.join(", ")))
        };
        let manifest =
            self.manifest_differs.then(|| "npm 12 takes `patchedDependencies` out of package.json".to_owned());
        let parts = [listed("npm 11", &self.only_npm11), listed("npm 12", &self.only_npm12), manifest];
        f.write_str(&parts.into_iter().flatten().collect::<Vec<_>>().join("; "))
    }
}

/// A package that can't be packed.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// A file or folder can't be read.
    #[error("`{path}` can't be read: {source}; make it readable or leave it out of the package")]
    Unreadable {
        /// The file or folder.
        path: Utf8PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The folder has no `package.json`.
    #[error("`{folder}` has no package.json; pack a folder that has one")]
    NoManifest {
        /// The folder.
        folder: Utf8PathBuf,
    },
    /// The manifest is no JSON object.
    #[error("`{path}` is not a manifest: {problem}")]
    BrokenManifest {
        /// The manifest.
        path: Utf8PathBuf,
        /// What the parser says.
        problem: String,
    },
    /// The manifest lacks a field, or npm can't read it.
    #[error("`{path}`: `{field}` must be {expected}")]
    Field {
        /// The manifest.
        path: Utf8PathBuf,
        /// The field.
        field: &'static str,
        /// The expected type, with its article.
        expected: &'static str,
    },
    /// A rule of `files` or an ignore file is no pattern.
    #[error("`{origin}`: {source}")]
    Pattern {
        /// The file that holds the rule.
        origin: Utf8PathBuf,
        /// The pattern and the reason.
        source: InvalidPattern,
    },
    /// A name that is not Unicode.
    #[error("`{folder}` holds `{name}`, whose name is not UTF-8; rename it or leave it out of the package")]
    NameNotUnicode {
        /// The folder.
        folder: Utf8PathBuf,
        /// The name, with replacement characters.
        name: String,
    },
    /// A bundled dependency that lies outside of the package's folder.
    #[error(
        "`{package}` bundles `{dependency}`, which is at `{path}` outside of the package; \
         install it into the package's own node_modules or take it out of `bundleDependencies`"
    )]
    BundledOutside {
        /// The package.
        package: String,
        /// The dependency.
        dependency: String,
        /// Where it is.
        path: Utf8PathBuf,
    },
    /// A bundled dependency that is not installed.
    #[error(
        "`{package}` bundles `{dependency}`, which is not installed{}; install the dependencies, or take it out of \
         `bundleDependencies`",
        by.as_ref().map(|by| format!(" (`{by}` needs it)")).unwrap_or_default()
    )]
    BundledMissing {
        /// The package.
        package: String,
        /// The dependency.
        dependency: String,
        /// The bundled package that needs it, where that is not the package itself.
        by: Option<String>,
    },
    /// Bundled dependencies that the package overrides, for which npm 12 refuses to pack.
    #[error(
        "`{package}` bundles {}, which its `overrides` change; npm 12 refuses that (EBUNDLEOVERRIDE), since whoever installs \
         the package doesn't apply its overrides; take it out of `bundleDependencies` or of `overrides`",
        dependencies.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    )]
    BundledOverridden {
        /// The package.
        package: String,
        /// The dependencies, sorted.
        dependencies: Vec<String>,
    },
    /// An override of a dependency that the package itself has.
    #[error(
        "`{package}` has an override for `{dependency}` that contradicts its own dependency on it, which npm refuses \
         (EOVERRIDE); write the range once, or `${dependency}` into `overrides`"
    )]
    DependencyOverridden {
        /// The package.
        package: String,
        /// The dependency.
        dependency: String,
    },
    /// npm 11 and npm 12 would pack different files, and nothing says which of them counts.
    #[error(
        "npm 11 and npm 12 pack different files of `{folder}`: {difference}; say which one counts: \
         `like = \"npm@12\"` under `[pack]` in relay.toml, or pin npm in `packageManager` or `devEngines` of the root's \
         package.json"
    )]
    NpmsDiffer {
        /// The package's folder.
        folder: Utf8PathBuf,
        /// The files.
        difference: NpmDifference,
    },
    /// A file that grew or shrank while it was read.
    #[error("`{path}` changed while it was packed; pack again when nothing writes to the folder")]
    Changed {
        /// The file.
        path: Utf8PathBuf,
    },
    /// More than relay packs.
    #[error("`{folder}` is too large to pack: {what}; look for build output or data that `files` should leave out")]
    TooLarge {
        /// The package's folder.
        folder: Utf8PathBuf,
        /// Which limit, with its number.
        what: String,
    },
}

impl PackError {
    pub(crate) fn unreadable(path: impl Into<Utf8PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Unreadable { path, source }
    }
}

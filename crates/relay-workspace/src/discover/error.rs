//! What can keep a workspace from being read.

use std::io;

use camino::Utf8PathBuf;
use relay_values::Printable;
use semver::Version;

use crate::manifest::ManifestError;
use crate::name::InvalidName;
use crate::syntax::SyntaxError;
use crate::wrong_kind::WrongKind;

/// Why the packages of a repository can't be told. Paths are relative to the workspace root wherever that is known.
#[derive(Debug, thiserror::Error)]
pub enum DiscoverError {
    /// The folder to start from can't be entered.
    #[error("`{path}` can't be opened: {source}; start relay in an existing folder, or name one with `--cwd`")]
    Start {
        /// The folder.
        path: Utf8PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Neither the folder nor one above it belongs to a JavaScript repository.
    #[error(
        "no package.json, pnpm-workspace.yaml, lerna.json or rush.json in `{start}` or any folder above it; start relay \
         inside a JavaScript repository, or name its folder with `--cwd`"
    )]
    NothingFound {
        /// The folder from which the search went up.
        start: Utf8PathBuf,
    },
    /// A file or folder can't be read.
    #[error("`{path}` can't be read: {source}; check its permissions")]
    Unreadable {
        /// The file or folder.
        path: Utf8PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Something other than a file stands where a file is expected.
    #[error("`{path}` is not a regular file; replace it by one")]
    NotAFile {
        /// The path.
        path: Utf8PathBuf,
    },
    /// A file is larger than relay reads.
    #[error("`{path}` is larger than {limit_bytes} bytes, which no real one is; shorten it")]
    TooLarge {
        /// The file.
        path: Utf8PathBuf,
        /// The limit.
        limit_bytes: u64,
    },
    /// A file is not UTF-8.
    #[error("`{path}` is not valid UTF-8; save it as UTF-8")]
    NotUtf8 {
        /// The file.
        path: Utf8PathBuf,
    },
    /// A manifest is broken.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A YAML or JSON file of the workspace is broken.
    #[error("{0}")]
    Syntax(Box<SyntaxError>),
    /// A field has a form that no package manager reads.
    #[error("{0}")]
    Field(Box<WrongKind>),
    /// A pattern can't be read.
    #[error("`{file}`: the pattern `{}` {problem}", Printable::name(.pattern))]
    Pattern {
        /// The file that has the pattern.
        file: Utf8PathBuf,
        /// The pattern.
        pattern: String,
        /// What is wrong, as the end of a sentence.
        problem: String,
    },
    /// A pattern or project folder leads out of the workspace.
    #[error(
        "`{file}`: `{}` leads out of the repository; relay releases only what is below the workspace root, so move the \
         package there or remove the entry",
        Printable::name(.pattern)
    )]
    Outside {
        /// The file that has the pattern.
        file: Utf8PathBuf,
        /// The pattern or folder.
        pattern: String,
    },
    /// A link that the workspace names leads out of it.
    #[error(
        "`{path}` is a link to `{target}`, which is out of the workspace; move the folder or file into the workspace, or \
         exclude it"
    )]
    LinkOutside {
        /// The link.
        path: Utf8PathBuf,
        /// Where it leads.
        target: Utf8PathBuf,
    },
    /// A file of the workspace is a link to something that is not there.
    #[error("`{path}` is a link that leads nowhere (to `{target}`); restore the file, or remove the link")]
    DanglingLink {
        /// The link.
        path: Utf8PathBuf,
        /// What it names.
        target: String,
    },
    /// The walk met more folders than any repository has.
    #[error("the patterns of `{file}` reach more than {limit} folders; narrow them, or exclude folders with `!`")]
    TooManyFolders {
        /// The file that has the patterns.
        file: Utf8PathBuf,
        /// The limit.
        limit: usize,
    },
    /// The walk met a folder deeper than any repository has.
    #[error("`{path}` is nested deeper than {limit} folders; exclude it with a `!` pattern")]
    TooDeep {
        /// The folder.
        path: Utf8PathBuf,
        /// The limit.
        limit: usize,
    },
    /// The workspace has more packages than relay handles.
    #[error("the patterns of `{file}` match more than {limit} packages; narrow them, or exclude folders with `!`")]
    TooManyPackages {
        /// The file that has the patterns.
        file: Utf8PathBuf,
        /// The limit.
        limit: usize,
    },
    /// A publishable package has a name that npm refuses.
    #[error("`{path}`: {source}; rename the package, or mark it `\"private\": true`")]
    Name {
        /// The manifest.
        path: Utf8PathBuf,
        /// Which rule is broken.
        source: InvalidName,
    },
    /// A publishable package has a version that is none.
    #[error(
        "`{path}`: the version `{}` is not a semantic version such as `1.2.3`; correct it, or mark the package \
         `\"private\": true`",
        Printable::name(.version)
    )]
    Version {
        /// The manifest.
        path: Utf8PathBuf,
        /// The version as written.
        version: String,
    },
    /// A publishable package has a version that npm would publish as another text.
    #[error(
        "`{path}`: npm would publish the version `{}` as {meant}, and other tools don't read it; write `{meant}`",
        Printable::name(.version)
    )]
    Spelling {
        /// The manifest.
        path: Utf8PathBuf,
        /// The version as written.
        version: String,
        /// The version that npm reads in it.
        meant: Version,
    },
    /// Several packages have one name, and at least one of them could be published.
    #[error(
        "the name `{name}` is taken by {}; rename all but one, or mark all of them `\"private\": true`",
        listed(.paths)
    )]
    DuplicateName {
        /// The name.
        name: String,
        /// The manifests.
        paths: Vec<Utf8PathBuf>,
    },
}

/// `a`, `b` and `c`.
pub(super) fn listed(paths: &[Utf8PathBuf]) -> String {
    let quoted: Vec<String> = paths.iter().map(|path| format!("`{path}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

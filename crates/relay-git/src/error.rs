//! What can go wrong with a repository, in words for people: what happened, to what, and what to do next.

mod push_cause;

use camino::Utf8PathBuf;

pub use push_cause::PushCause;

/// A failure of reading from or writing to a git repository.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// No `.git` at or above the folder.
    #[error(
        "`{start}` is in no git repository: run relay inside a clone, or make one with `git init` and a first commit"
    )]
    NotARepository {
        /// Where the search began.
        start: Utf8PathBuf,
    },
    /// A `.git` that can't be read as a repository.
    #[error(
        "`{path}` is there and can't be read as a git repository, as when a file of it is lost or the worktree or submodule was \
         moved: see what `git status` says; `git worktree repair` and `git submodule update --init` mend links"
    )]
    NotReadable {
        /// The `.git`.
        path: Utf8PathBuf,
    },
    /// A repository without working files.
    #[error("`{path}` is a bare git repository without working files: run relay inside an ordinary clone")]
    Bare {
        /// The repository's folder.
        path: Utf8PathBuf,
    },
    /// git's protection against repositories of other users.
    #[error(
        "the git repository at `{path}` belongs to another user: change its owner, or trust it with \
         `git config --global --add safe.directory {path}`"
    )]
    OwnedByAnother {
        /// The repository's folder.
        path: Utf8PathBuf,
    },
    /// The repository uses an extension that libgit2 doesn't know.
    #[error(
        "the git repository of `{start}` uses the extension `{extension}`, which relay can't read: {}",
        way_without(extension)
    )]
    Extension {
        /// Where the search began.
        start: Utf8PathBuf,
        /// Its name, such as `refstorage`.
        extension: String,
    },
    /// The branch has no commit.
    #[error("the git repository at `{path}` has no commit yet: commit the packages first")]
    NoCommitYet {
        /// The working folder.
        path: Utf8PathBuf,
    },
    /// `user.name` or `user.email` is missing.
    #[error(
        "git doesn't know who commits: set `git config user.name \"Your Name\"` and `git config user.email you@your.domain`"
    )]
    NoIdentity,
    /// A merge, rebase or the like is not finished.
    #[error("a {operation} is under way in `{path}`: finish it or abort it (`git status` shows how), then run again")]
    OperationUnderWay {
        /// The working folder.
        path: Utf8PathBuf,
        /// Such as `merge`.
        operation: &'static str,
    },
    /// Another process holds a lock file of git's.
    #[error(
        "git is busy while relay wants to {doing}: another git process runs here, or one that crashed left a lock file \
         (`.git/index.lock`)"
    )]
    Locked {
        /// What was to be done.
        doing: String,
        /// libgit2's own words.
        source: git2::Error,
    },
    /// What git runs in the clone is not what it ran before.
    #[error("what git runs in this clone has changed meanwhile, so that relay doesn't start it: {}", .different.join("; "))]
    SetupChanged {
        /// What is different.
        different: Vec<String>,
    },
    /// A lock file of git's lies where relay has to write.
    #[error(
        "`{path}` is there, so another git process runs here, or one that crashed left it behind: wait until git is done; if \
         no git runs, delete the file"
    )]
    LockFile {
        /// The lock file.
        path: Utf8PathBuf,
    },
    /// The git folder can't be written.
    #[error("relay can't {doing}, which it must when the packages are out: {problem}")]
    NotWritable {
        /// What was tried.
        doing: String,
        /// What the system or libgit2 says.
        problem: String,
    },
    /// Another ref stands where a tag's folder must be, or the other way round.
    #[error(
        "the tag `{name}` can't be made, because there is a tag `{other}`, and git keeps one name either as a tag or as the \
         folder of others: rename that tag"
    )]
    TagInTheWay {
        /// The tag that is to be made.
        name: String,
        /// The one that is there.
        other: String,
    },
    /// A trial of the signature failed.
    #[error(
        "git can't sign, which `{setting}` asks for: git says: {text}; see `git config user.signingkey`, or turn signing off \
         here with `git config {setting} false`"
    )]
    CannotSign {
        /// The setting that asks for signatures.
        setting: &'static str,
        /// git's own stderr, cleaned and bounded.
        text: String,
    },
    /// A tag that is to be pushed is not here.
    #[error("there is no tag `{name}` on a commit in this clone: see `git tag --list`")]
    NoTag {
        /// The tag's name.
        name: String,
    },
    /// The remote can't be asked.
    #[error("the refs of `{remote}` can't be read: {}\ngit says: {text}", cause.next_step())]
    RemoteUnreadable {
        /// The remote's name.
        remote: String,
        /// What the failure looks like.
        cause: PushCause,
        /// git's own stderr, cleaned and bounded.
        text: String,
    },
    /// The index is split or sparse.
    #[error(
        "the git index of `{path}` is split or sparse, which relay can't write: turn that off with \
         `git update-index --no-split-index` or `git sparse-checkout reapply --no-sparse-index`, then run again"
    )]
    SpecialIndex {
        /// The working folder.
        path: Utf8PathBuf,
    },
    /// The commit would be empty.
    #[error("there is nothing to commit: the files are as they are in the last commit")]
    NothingToCommit,
    /// A path that is to be committed lies elsewhere.
    #[error("`{path}` is not inside the repository at `{workdir}`")]
    PathOutside {
        /// The path as given.
        path: Utf8PathBuf,
        /// The working folder.
        workdir: Utf8PathBuf,
    },
    /// A folder was given where a file is wanted.
    #[error("`{path}` is a folder: only files can be named for a commit")]
    PathIsFolder {
        /// The path as given.
        path: Utf8PathBuf,
    },
    /// A name that git refuses for a ref.
    #[error("git refuses the name `{name}` for a {kind}: {reason}")]
    InvalidRefName {
        /// The name, control characters replaced.
        name: String,
        /// `tag` or `ref to push`.
        kind: &'static str,
        /// Why.
        reason: &'static str,
    },
    /// The tag exists and names another commit.
    #[error(
        "the tag `{name}` is on commit {there} already, not on {wanted}: that version was tagged before; delete the tag if it \
         is wrong (`git tag -d {name}`), or release another version"
    )]
    TagElsewhere {
        /// The tag's name.
        name: String,
        /// The commit it is on.
        there: String,
        /// The commit it was to be on.
        wanted: String,
    },
    /// No such commit.
    #[error("there is no commit `{commit}` in the repository at `{path}`")]
    UnknownCommit {
        /// What was looked for.
        commit: String,
        /// The working folder.
        path: Utf8PathBuf,
    },
    /// An object is not in this clone.
    #[error(
        "the clone lacks object {id} (while relay wanted to {doing}): a partial or broken clone; fetch it whole with \
         `git fetch --refetch --no-filter`, or check it with `git fsck`"
    )]
    MissingObject {
        /// The object's id.
        id: String,
        /// What was to be done.
        doing: String,
        /// libgit2's own words.
        source: git2::Error,
    },
    /// An object that git itself would not write.
    #[error("object {id} of the repository is broken ({reason}): check the clone with `git fsck`")]
    BrokenObject {
        /// The object's id.
        id: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// There is no remote to speak to.
    #[error("relay can't {doing}: this clone has no remote; name it with `git remote add origin URL`")]
    NoRemote {
        /// What was to be done.
        doing: &'static str,
    },
    /// The `git` program is not on the PATH.
    #[error("relay can't {doing} because the `git` program was not found on the PATH: install git")]
    ProgramMissing {
        /// What was to be done.
        doing: String,
    },
    /// The `git` program ended with an error.
    #[error("relay can't {doing}: git says: {text}")]
    ProgramFailed {
        /// What was to be done.
        doing: String,
        /// git's own stderr, cleaned and bounded.
        text: String,
    },
    /// The remote, or git on the way to it, refused a push.
    #[error("the push to `{remote}` was refused, nothing of it arrived: {}\ngit says: {text}", cause.next_step())]
    PushRefused {
        /// The remote's name.
        remote: String,
        /// What the refusal looks like.
        cause: PushCause,
        /// git's own stderr, cleaned and bounded.
        text: String,
    },
    /// The remote doesn't take a ref of relay's own.
    #[error("`{remote}` doesn't take relay's own ref `{name}`: {}\ngit says: {text}", cause.step_for_own_ref())]
    RefRefused {
        /// The remote's name.
        remote: String,
        /// The full name of the ref.
        name: String,
        /// What the refusal looks like.
        cause: PushCause,
        /// The reason that git gives, and its stderr, cleaned and bounded.
        text: String,
    },
    /// A ref of the remote names another object than a moment ago.
    #[error(
        "`{name}` of `{remote}` no longer names {wanted}: somebody, or another run, changed it just now; run again to go by what \
         is there now"
    )]
    RefMoved {
        /// The remote's name.
        remote: String,
        /// The full name of the ref.
        name: String,
        /// The object that it named.
        wanted: String,
    },
    /// A document is larger than relay keeps in git.
    #[error("`{file_name}` has {bytes} bytes, and relay keeps at most {bytes_max} in a document of git's")]
    DocumentTooLarge {
        /// The file's name in the document.
        file_name: String,
        /// How many it has.
        bytes: usize,
        /// How many it may have.
        bytes_max: usize,
    },
    /// git said that it wrote something, and it can't be read.
    #[error(
        "{what} of the git repository was written, and is not there or broken when it is read back ({problem}): nothing depends \
         on it yet; see whether the disk has free space (`df`), check the clone with `git fsck`, then run again"
    )]
    NotWritten {
        /// Such as `object 0123…` or `the branch main`.
        what: String,
        /// What was found instead.
        problem: String,
    },
    /// The `git` program did not end in time.
    #[error(
        "git didn't finish within {seconds} s while relay wanted to {doing}: it was stopped; try it by hand to see what it waits for"
    )]
    ProgramTimedOut {
        /// What was to be done.
        doing: String,
        /// How long was waited.
        seconds: u64,
    },
    /// The folder for a twin holds a repository already.
    #[error("`{path}` holds a git repository already: choose an empty folder")]
    TargetTaken {
        /// The folder.
        path: Utf8PathBuf,
    },
    /// A path that is not UTF-8.
    #[error("the path `{path}` is not valid UTF-8: rename it")]
    NotUtf8 {
        /// The path with replacement characters.
        path: String,
    },
    /// The disk refused.
    #[error("relay can't {doing} at `{path}`")]
    Disk {
        /// What was to be done.
        doing: &'static str,
        /// Where.
        path: Utf8PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Anything libgit2 refuses that has no variant of its own.
    #[error("relay can't {doing}: {}", source.message())]
    Git {
        /// What was to be done.
        doing: String,
        /// libgit2's own words.
        source: git2::Error,
    },
}

/// How a repository does without an extension.
fn way_without(extension: &str) -> &'static str {
    match extension {
        "partialclone" => {
            "an older git wrote it; `git config --unset extensions.partialClone` takes it out, and the clone stays partial by \
             `remote.origin.promisor`"
        }
        "refstorage" => "keep the refs in files with `git refs migrate --ref-format=files`",
        _ => "make a clone without it",
    }
}

impl GitError {
    /// Names what was being done when libgit2 failed; for `map_err`.
    pub(crate) fn doing(doing: impl Into<String>) -> impl FnOnce(git2::Error) -> Self {
        move |source| {
            let doing = doing.into();
            if source.code() == git2::ErrorCode::Locked {
                Self::Locked { doing, source }
            } else {
                Self::Git { doing, source }
            }
        }
    }

    /// Names the object that was being read when libgit2 failed; for `map_err`.
    pub(crate) fn reading(id: git2::Oid, doing: &'static str) -> impl FnOnce(git2::Error) -> Self {
        move |source| {
            let doing = doing.to_owned();
            if source.code() == git2::ErrorCode::NotFound {
                Self::MissingObject { id: id.to_string(), doing, source }
            } else {
                Self::Git { doing, source }
            }
        }
    }
}

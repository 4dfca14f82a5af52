//! An independent twin of a repository, for rehearsals: the same head, branches, tags and history, and nothing that leads back.
//!
//! The twin borrows the objects of the source (git's alternates), so that making it costs the same for a repository of any
//! size. The source is only read; git may set the time of one of its packs anew, which is how it notes that an object in it is
//! still of use. The twin is for a while: when git collects garbage in the source, it doesn't know of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use camino::{Utf8Path, Utf8PathBuf};
use git2::{ObjectType, Oid};

use crate::error::GitError;
use crate::repository::{Repository, utf8};

/// Settings of the source that decide how files on disk compare with the repository.
const FILE_SETTINGS: [&str; 8] = [
    "core.autocrlf",
    "core.eol",
    "core.safecrlf",
    "core.filemode",
    "core.ignorecase",
    "core.symlinks",
    "core.precomposeunicode",
    "core.excludesfile",
];

/// The twin's branch where the source is on none.
const TWIN_BRANCH: &str = "rehearsal";

/// The setting by which a twin is known.
const TWIN_KEY: &str = "relay.rehearsal";

impl Repository {
    /// Whether this is a rehearsal's twin of another repository.
    pub(crate) fn is_twin(&self) -> bool {
        self.git.config().and_then(|config| config.get_bool(TWIN_KEY)).unwrap_or(false)
    }

    /// Makes `target` a repository with the head (on a branch in any case), branches, tags and history of that at `source_root`, without remotes, hooks
    /// and signatures, and with an identity of its own. The working files are the caller's to copy, before or after: those
    /// of the source's working folder go into `target`.
    pub fn clone_aside(source_root: &Utf8Path, target: &Utf8Path) -> Result<Self, GitError> {
        let source = Self::discover(source_root)?;
        if target.join(".git").symlink_metadata().is_ok() {
            return Err(GitError::TargetTaken { path: target.to_owned() });
        }
        let twin = Self::init(target)?;
        let git_dir = utf8(twin.git.path())?;
        let common = utf8(source.git.commondir())?;

        let objects = common.join("objects");
        let objects = objects.canonicalize_utf8().map_err(disk("find the objects", &objects))?;
        write(&git_dir.join("objects/info"), "alternates", format!("{objects}\n").as_bytes())?;
        write(&git_dir, "packed-refs", packed_refs(&source)?.as_bytes())?;
        for (folder, file) in [("", "shallow"), ("info", "exclude"), ("info", "attributes")] {
            copy_if_there(&common.join(folder).join(file), &git_dir.join(folder), file)?;
        }
        twin.set_up(&source)?;

        // The handle was opened before the objects and refs were there.
        let twin = Self::discover_here(target)?;
        let head = source.head()?;
        let setting = "set the head of the rehearsal's repository";
        match (head.branch, head.commit) {
            (Some(branch), _) => {
                twin.git.set_head(&format!("refs/heads/{branch}")).map_err(GitError::doing(setting))?;
            }
            // A release commits on a branch; what is checked out in a CI often is on none.
            (None, Some(commit)) => {
                let id = Oid::from_str(&commit).map_err(GitError::doing(setting))?;
                let name = format!("refs/heads/{TWIN_BRANCH}");
                twin.git.reference(&name, id, true, "rehearsal").map_err(GitError::doing(setting))?;
                twin.git.set_head(&name).map_err(GitError::doing(setting))?;
            }
            (None, None) => {}
        }
        twin.reset_index()?;
        Ok(twin)
    }

    /// Notes in the index which files are as in the last commit, so that later looks need not read them again.
    pub fn refresh_index(&self) -> Result<(), GitError> {
        let mut options = git2::DiffOptions::new();
        options.update_index(true).ignore_submodules(true);
        self.git
            .diff_index_to_workdir(None, Some(&mut options))
            .map(|_| ())
            .map_err(GitError::doing("refresh the index"))
    }

    fn set_up(&self, source: &Self) -> Result<(), GitError> {
        let doing = || GitError::doing("configure the rehearsal's repository");
        let mut config =
            self.git.config().and_then(|config| config.open_level(git2::ConfigLevel::Local)).map_err(doing())?;
        let from = source.git.config().and_then(|mut config| config.snapshot()).map_err(doing())?;
        for key in FILE_SETTINGS {
            if let Ok(value) = from.get_str(key) {
                config.set_str(key, value).map_err(doing())?;
            }
        }
        let no_hooks = utf8(self.git.path())?.join("hooks");
        for (key, value) in [
            ("user.name", "relay rehearsal"),
            ("user.email", "rehearsal@localhost"),
            ("core.hooksPath", no_hooks.as_str()),
            ("commit.gpgsign", "false"),
            ("tag.gpgsign", "false"),
            ("tag.forceSignAnnotated", "false"),
            ("core.fsmonitor", "false"),
            ("gc.auto", "0"),
            ("maintenance.auto", "false"),
            (TWIN_KEY, "true"),
        ] {
            config.set_str(key, value).map_err(doing())?;
        }
        Ok(())
    }

    fn reset_index(&self) -> Result<(), GitError> {
        let doing = || GitError::doing("fill the index of the rehearsal's repository");
        let id = match self.head_id() {
            Ok(id) => id,
            Err(GitError::NoCommitYet { .. }) => return Ok(()),
            Err(error) => return Err(error),
        };
        let tree = self.git.find_commit(id).and_then(|commit| commit.tree()).map_err(doing())?;
        let mut index = self.git.index().map_err(doing())?;
        index.read_tree(&tree).and_then(|()| index.write()).map_err(doing())
    }
}

/// Branches and tags of the source in the format of git's packed refs.
fn packed_refs(source: &Repository) -> Result<String, GitError> {
    let listing = || GitError::doing("list the branches and tags");
    let odb = source.git.odb().map_err(listing())?;
    let mut refs: BTreeMap<Vec<u8>, (Oid, Option<Oid>)> = BTreeMap::new();
    for glob in ["refs/heads/*", "refs/tags/*"] {
        for reference in source.git.references_glob(glob).map_err(listing())? {
            let reference = reference.map_err(listing())?;
            // A symbolic ref is noted as what it stands for; one that leads nowhere is left out.
            let Ok(resolved) = reference.resolve() else { continue };
            let Some(target) = resolved.target() else { continue };
            let peeled = match resolved.target_peel() {
                Some(peeled) => Some(peeled),
                None => match odb.read_header(target) {
                    Ok((_, ObjectType::Tag)) => resolved.peel(ObjectType::Any).ok().map(|object| object.id()),
                    Ok(_) => None,
                    // A ref to an object that the clone lacks would make git stop at every turn.
                    Err(_) => continue,
                },
            };
            refs.insert(reference.name_bytes().to_vec(), (target, peeled));
        }
    }
    let mut text = String::from("# pack-refs with: peeled fully-peeled sorted \n");
    for (name, (target, peeled)) in refs {
        let Ok(name) = String::from_utf8(name) else { continue };
        // Writing to a string doesn't fail.
        let _ = writeln!(text, "{target} {name}");
        if let Some(peeled) = peeled {
            let _ = writeln!(text, "^{peeled}");
        }
    }
    Ok(text)
}

fn copy_if_there(from: &Utf8Path, folder: &Utf8Path, file: &str) -> Result<(), GitError> {
    match std::fs::read(from) {
        Ok(bytes) => write(folder, file, &bytes),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(disk("read a file of the source repository", from)(source)),
    }
}

#[expect(clippy::disallowed_methods, reason = "the rehearsal's repository is relay's own")]
fn write(folder: &Utf8Path, file: &str, bytes: &[u8]) -> Result<(), GitError> {
    std::fs::create_dir_all(folder).map_err(disk("make a folder", folder))?;
    let path = folder.join(file);
    std::fs::write(&path, bytes).map_err(disk("write a file of the rehearsal's repository", &path))
}

fn disk(doing: &'static str, path: &Utf8Path) -> impl FnOnce(std::io::Error) -> GitError {
    let path: Utf8PathBuf = path.to_owned();
    move |source| GitError::Disk { doing, path, source }
}

#[cfg(test)]
mod tests;

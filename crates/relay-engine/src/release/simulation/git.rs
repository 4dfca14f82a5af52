//! A clone, and its way to the remote, as a process sees them.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;
use relay_git::{
    Document, GitError, Head, Hooks, ReleasePush, ReleasePushed, RemoteRef, Swap, TagElsewhere, TagOutcome, TagToMake,
    TagsPushed,
};
use relay_workspace::PackageName;

use super::objects::{Commit, Tree};
use super::remote::MAIN;
use super::world::{Process, World, look};
use crate::git_calls::{GitCalls, Glimpsed, Opener, RemoteCalls};

/// Where the clone is, for people.
pub(super) const WORKDIR: &str = "/clone";

/// The git of one process.
#[derive(Clone, Debug)]
pub(super) struct SimulatedGit(pub(super) Process);

fn over() -> GitError {
    GitError::NoRemote { doing: "go on after its end" }
}

impl SimulatedGit {
    fn effect<T>(&self, what: &str, act: impl FnOnce(&mut World, usize) -> Result<T, GitError>) -> Result<T, GitError> {
        self.0.effect(what, act).unwrap_or_else(|| Err(over()))
    }

    fn peek<T>(&self, read: impl FnOnce(&World, usize) -> T) -> T {
        read(&look(&self.0.world), self.0.at)
    }

    fn fetch(&self, full_ref: &str, id: &str) -> Result<(), GitError> {
        if self.has_commit(id) {
            return Ok(());
        }
        self.effect("fetch", |world, at| {
            world.reach(at)?;
            let moved =
                || GitError::RefMoved { remote: "origin".to_owned(), name: full_ref.to_owned(), wanted: id.to_owned() };
            let there = world.remote.refs.get(full_ref).ok_or_else(moved)?;
            let reach = world.objects.reach(there);
            world.computers[at].has.extend(reach);
            if world.computers[at].has.contains(id) { Ok(()) } else { Err(moved()) }
        })
    }
}

impl RemoteCalls for SimulatedGit {
    fn remote_refs(&self, _remote: &str, patterns: &[&str]) -> Result<BTreeMap<String, RemoteRef>, GitError> {
        self.effect("ls-remote", |world, at| {
            world.reach(at)?;
            Ok(world.refs_like(patterns))
        })
    }

    fn swap_remote_ref(
        &self,
        _remote: &str,
        full_ref: &str,
        expected: Option<&str>,
        new: Option<&str>,
    ) -> Result<Swap, GitError> {
        self.effect("swap", |world, at| world.swap((at, self.0.id), full_ref, expected, new))
    }

    fn push_release(&self, _remote: &str, push: &ReleasePush<'_>) -> Result<ReleasePushed, GitError> {
        self.effect("push release", |world, at| world.push_both(at, push))
    }

    fn push_tags(
        &self,
        _remote: &str,
        tags: &[String],
        per_push: Option<usize>,
        _hooks: Hooks,
    ) -> Result<TagsPushed, GitError> {
        let mut wanted = Vec::new();
        for name in tags {
            let commit = self.tag_commit(name)?.ok_or_else(|| GitError::NoTag { name: name.clone() })?;
            wanted.push((name.clone(), commit));
        }
        let shown = |world: &World| {
            let mut pushed = TagsPushed::default();
            for (name, here) in &wanted {
                match world.remote.refs.get(&format!("refs/tags/{name}")) {
                    Some(there) if there == here => drop(pushed.there.insert(name.clone())),
                    Some(there) => pushed.elsewhere.push(TagElsewhere {
                        name: name.clone(),
                        here: here.clone(),
                        there: there.clone(),
                    }),
                    None => pushed.lacking.push(name.clone()),
                }
            }
            pushed
        };
        let before = self.effect("ls-remote", |world, at| world.reach(at).map(|()| shown(world)))?;
        let lacking: Vec<_> = wanted.iter().filter(|(name, _)| before.lacking.contains(name)).cloned().collect();
        let mut refusal = None;
        for group in lacking.chunks(per_push.unwrap_or(usize::MAX)) {
            if let Err(error) = self.effect("push tags", |world, at| world.push_group(at, group))? {
                refusal = Some(error);
                break;
            }
        }
        let mut after = self.effect("ls-remote", |world, at| world.reach(at).map(|()| shown(world)))?;
        after.refusal = refusal.filter(|_| !after.lacking.is_empty());
        Ok(after)
    }

    fn check_push(&self, _remote: &str, refs: &[String]) -> Result<(), GitError> {
        self.effect("try to push", |world, at| {
            let head = world.computers[at].refs.get(MAIN).cloned();
            world.check_push_of(at, head.as_ref(), refs)
        })
    }

    fn fetch_object(&self, _remote: &str, full_ref: &str, id: &str) -> Result<(), GitError> {
        self.fetch(full_ref, id)
    }

    fn fetch_commit(&self, _remote: &str, full_ref: &str, id: &str) -> Result<(), GitError> {
        self.fetch(full_ref, id)
    }

    fn fetch_tags(&self, _remote: &str, names: &[String]) -> Result<(), GitError> {
        if names.is_empty() {
            return Ok(());
        }
        self.effect("fetch tags", |world, at| {
            world.reach(at)?;
            for name in names {
                let full = format!("refs/tags/{name}");
                if let Some(id) = world.remote.refs.get(&full).cloned() {
                    let reach = world.objects.reach(&id);
                    world.computers[at].has.extend(reach);
                    world.computers[at].refs.entry(full).or_insert(id);
                }
            }
            Ok(())
        })
    }

    fn glimpse(&self, _remote: &str, full_refs: &[&str]) -> Result<Box<dyn Glimpsed>, GitError> {
        let refs: Vec<String> = full_refs.iter().map(|full| (*full).to_owned()).collect();
        self.effect("glimpse", |world, at| {
            world.reach(at)?;
            if refs.iter().all(|full| world.remote.refs.contains_key(full)) { Ok(()) } else { Err(over()) }
        })?;
        Ok(Box::new(Seen(self.clone())))
    }
}

/// What was looked at: all commits can be read by their ids.
struct Seen(SimulatedGit);

impl Glimpsed for Seen {
    fn git(&self) -> &dyn GitCalls {
        &self.0
    }
}

/// The package that a path of the repository belongs to: `packages/NAME/…`.
fn package_of(path: &str) -> Option<PackageName> {
    PackageName::parse(path.split('/').nth(1)?).ok()
}

impl GitCalls for SimulatedGit {
    fn workdir(&self) -> &Utf8Path {
        Utf8Path::new(WORKDIR)
    }

    fn head(&self) -> Result<Head, GitError> {
        let commit = self.peek(|world, at| world.computers[at].refs.get(MAIN).cloned());
        Ok(Head { commit, branch: Some("main".to_owned()) })
    }

    fn remote_name(&self) -> Option<String> {
        self.peek(|world, _| !world.remote.is_absent).then(|| "origin".to_owned())
    }

    fn has_hook(&self, _name: &str) -> bool {
        false
    }

    fn uncommitted(&self) -> Result<Vec<String>, GitError> {
        Ok(Vec::new())
    }

    fn relative(&self, _path: &Utf8Path) -> Option<String> {
        None
    }

    fn check_can_commit(&self) -> Result<(), GitError> {
        Ok(())
    }

    fn has_commit(&self, commit: &str) -> bool {
        self.peek(|world, at| world.computers[at].has.contains(commit))
    }

    fn is_ancestor(&self, commit: &str, of: &str) -> Result<bool, GitError> {
        Ok(self.peek(|world, _| world.objects.is_ancestor(commit, of)))
    }

    fn is_unpushed(&self, commit: &str, _remote: &str) -> Result<bool, GitError> {
        Ok(self.peek(|world, at| {
            let computer = &world.computers[at];
            let of = |id: Option<&String>| id.map(|id| world.objects.reach(id)).unwrap_or_default();
            of(computer.refs.get(MAIN)).contains(commit) && !of(computer.tracked.as_ref()).contains(commit)
        }))
    }

    fn is_merged(&self, commit: &str, tip: &str, _folders: &[String]) -> Result<bool, GitError> {
        Ok(self.peek(|world, _| world.is_merged(commit, tip)))
    }

    fn same_folders(&self, commit: &str, other: &str, folders: &[&str]) -> Result<bool, GitError> {
        Ok(self.peek(|world, _| {
            let version = |id: &str, folder: &str| world.objects.tree(id)?.versions.get(&package_of(folder)?).cloned();
            let is_same = |folder: &&str| version(commit, folder) == version(other, folder);
            world.objects.tree(commit).is_some() && world.objects.tree(other).is_some() && folders.iter().all(is_same)
        }))
    }

    fn gave_version(&self, commit: &str, path: &str, version: &str) -> Result<bool, GitError> {
        let Some(name) = package_of(path) else { return Ok(false) };
        Ok(self.has_commit(commit) && self.peek(|world, _| world.objects.gave_version(commit, &name, version)))
    }

    fn has_version(&self, commit: &str, path: &str, version: &str) -> bool {
        let of = |world: &World| {
            world.objects.tree(commit)?.versions.get(&package_of(path)?).map(|there| there.to_string() == version)
        };
        self.has_commit(commit) && self.peek(|world, _| of(world)).unwrap_or_default()
    }

    fn take_up(&self, own: &str, commit: &str) -> Result<bool, GitError> {
        let fits = self.peek(|world, at| {
            let (Some(mine), Some(theirs)) = (world.objects.get(own), world.objects.get(commit)) else { return false };
            let comes_after = |parent: &String| world.objects.is_ancestor(parent, commit);
            world.computers[at].has.contains(commit) && mine.tree == theirs.tree && mine.parents.iter().all(comes_after)
        });
        if !fits {
            return Ok(false);
        }
        self.effect("take up a commit", |world, at| {
            world.computers[at].refs.insert(MAIN.to_owned(), commit.to_owned());
            Ok(true)
        })
    }

    fn tag_commit(&self, name: &str) -> Result<Option<String>, GitError> {
        Ok(self.peek(|world, at| world.computers[at].refs.get(&format!("refs/tags/{name}")).cloned()))
    }

    fn check_tags(&self, _names: &[String]) -> Result<(), GitError> {
        Ok(())
    }

    fn try_writing(&self, _tags: &[String], _commits: bool) -> Result<(), GitError> {
        Ok(())
    }

    fn create_tags(&self, tags: &[TagToMake<'_>]) -> Result<Vec<Result<TagOutcome, GitError>>, GitError> {
        self.effect("make tags", |world, at| {
            let mut outcomes = Vec::new();
            for tag in tags {
                let full = format!("refs/tags/{}", tag.name);
                outcomes.push(match world.computers[at].refs.get(&full) {
                    Some(there) if there == tag.commit => Ok(TagOutcome::AlreadyThere),
                    Some(there) => Err(GitError::TagElsewhere {
                        name: tag.name.to_owned(),
                        there: there.clone(),
                        wanted: tag.commit.to_owned(),
                    }),
                    None if !world.computers[at].has.contains(tag.commit) => {
                        return Err(GitError::UnknownCommit { commit: tag.commit.to_owned(), path: WORKDIR.into() });
                    }
                    None => {
                        world.judge_tag(tag.name, tag.commit);
                        world.computers[at].refs.insert(full, tag.commit.to_owned());
                        Ok(TagOutcome::Created)
                    }
                });
            }
            Ok(outcomes)
        })
    }

    fn write_document(&self, document: &Document<'_>) -> Result<String, GitError> {
        self.effect("write document", |world, at| {
            let id = world.objects.add(Commit {
                parents: document.parents.iter().map(|parent| (*parent).to_owned()).collect(),
                tree: Tree::default(),
                document: Some((document.file_name.to_owned(), document.contents.to_vec())),
                seconds: document.seconds,
                message: document.message.to_owned(),
            });
            world.computers[at].has.insert(id.clone());
            Ok(id)
        })
    }

    fn read_document(&self, commit: &str, file_name: &str) -> Result<Option<Vec<u8>>, GitError> {
        Ok(self.peek(|world, _| {
            let document = world.objects.get(commit)?.document.as_ref();
            document.filter(|(name, _)| name == file_name).map(|(_, bytes)| bytes.clone())
        }))
    }

    fn opener(&self) -> Result<Opener, GitError> {
        let again = self.clone();
        Ok(Box::new(move || Ok(Box::new(again.clone()))))
    }
}

impl World {
    /// Whether a branch has what a commit brings: that commit, or one since the two parted with the same versions.
    pub(super) fn is_merged(&self, commit: &str, tip: &str) -> bool {
        let (of_commit, of_tip) = (self.objects.reach(commit), self.objects.reach(tip));
        if of_tip.contains(commit) {
            return true;
        }
        let Some(wanted) = self.objects.tree(commit) else { return false };
        let since: BTreeSet<_> = of_tip.difference(&of_commit).collect();
        since.iter().any(|id| self.objects.tree(id).is_some_and(|tree| tree.versions == wanted.versions))
    }
}

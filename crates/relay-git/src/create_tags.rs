//! The tags of a release: their objects first, read back, then all refs in one transaction, so that a run that is killed leaves
//! either none of them or little to do.
//!
//! The transaction is the `git` program's (`git update-ref --stdin`): it takes all locks before it writes the first ref. Signed
//! tags are made by `git tag`, one by one, because git signs a tag only as it makes its ref.

use std::collections::{BTreeMap, BTreeSet};

use git2::{ErrorCode, Oid};
use relay_values::Printable;

use crate::beforehand::refuse_tag_in_the_way;
use crate::error::GitError;
use crate::git_program::RunError;
use crate::read_back::{Written, not_written};
use crate::ref_name::tag_ref;
use crate::repository::Repository;
use crate::tags::{TagOutcome, peel};

/// Another process may make one of the tags just now; then it is looked at what is there, and tried again.
const TRIES_MAX: usize = 3;

/// A tag that is to be made.
#[derive(Debug, Clone, Copy)]
pub struct TagToMake<'a> {
    /// Its name, such as `@acme/core@1.0.0`.
    pub name: &'a str,
    /// The id of the commit that it goes on.
    pub commit: &'a str,
    /// Its message; the name where it is empty.
    pub message: &'a str,
}

/// A tag that isn't there yet.
struct Pending<'a> {
    tag: &'a TagToMake<'a>,
    full: String,
    commit: Oid,
}

/// What became of a tag, by its number.
type Numbered = (usize, Result<TagOutcome, GitError>);

impl Repository {
    /// Makes an annotated tag, signed where the person's configuration asks for it, and reads it back.
    ///
    /// # Errors
    /// [`GitError`] of the tag, [`GitError::TagElsewhere`] among them, or of git.
    pub fn create_tag(&self, name: &str, commit: &str, message: &str) -> Result<TagOutcome, GitError> {
        let mut made = self.create_tags(&[TagToMake { name, commit, message }])?;
        made.pop().unwrap_or(Ok(TagOutcome::AlreadyThere))
    }

    /// Makes annotated tags, signed where the person's configuration asks for it, and reads them back. Never moves one. Gives
    /// what became of each, in their order: a tag that can't be made ([`GitError::TagElsewhere`] among the reasons) doesn't
    /// keep the others back.
    ///
    /// # Errors
    /// [`GitError`] where none of those that were missing is made, or where they are not there afterwards.
    pub fn create_tags(&self, tags: &[TagToMake<'_>]) -> Result<Vec<Result<TagOutcome, GitError>>, GitError> {
        let mut outcomes: Vec<Result<TagOutcome, GitError>> = Vec::new();
        let mut pending: BTreeMap<usize, Pending<'_>> = BTreeMap::new();
        // What else is there under names in the way is looked at where git refuses: a listing for each single tag adds up.
        let mut there: BTreeSet<String> = BTreeSet::new();
        let mut first_of: BTreeMap<&str, &str> = BTreeMap::new();
        for (number, tag) in tags.iter().enumerate() {
            let outcome = match first_of.get(tag.name) {
                Some(first) => same_or_elsewhere(tag, first),
                None => match self.look_at(tag, &there) {
                    Ok(Some(outcome)) => Ok(outcome),
                    Ok(None) => {
                        let full = tag_ref(tag.name)?;
                        let commit = Oid::from_str(tag.commit).map_err(GitError::doing("read a commit's id"))?;
                        pending.insert(number, Pending { tag, full, commit });
                        first_of.insert(tag.name, tag.commit);
                        there.insert(tag.name.to_owned());
                        Ok(TagOutcome::Created)
                    }
                    Err(error) => Err(error),
                },
            };
            outcomes.push(outcome);
        }
        if pending.is_empty() {
            return Ok(outcomes);
        }
        if self.config_flag("tag.gpgsign") || self.config_flag("tag.forceSignAnnotated") {
            for (number, error) in self.sign_tags(&pending)? {
                pending.remove(&number);
                if let Some(outcome) = outcomes.get_mut(number) {
                    *outcome = Err(error);
                }
            }
        } else {
            for (number, outcome) in self.make_refs(&pending)? {
                pending.remove(&number);
                if let Some(slot) = outcomes.get_mut(number) {
                    *slot = outcome;
                }
            }
        }
        self.check_tags_there(&pending)?;
        Ok(outcomes)
    }

    /// Whether a tag is there already, and whether it can be made.
    fn look_at(&self, tag: &TagToMake<'_>, there: &BTreeSet<String>) -> Result<Option<TagOutcome>, GitError> {
        let full = tag_ref(tag.name)?;
        let unknown =
            |_| GitError::UnknownCommit { commit: Printable::name(tag.commit).into(), path: self.workdir().to_owned() };
        let wanted = Oid::from_str(tag.commit).and_then(|id| self.git.find_commit(id)).map_err(unknown)?;
        if let Some(outcome) = self.compare_tag(tag.name, &full, wanted.id())? {
            return Ok(Some(outcome));
        }
        refuse_tag_in_the_way(tag.name, there)?;
        Ok(None)
    }

    /// Makes the objects, then all refs at once. Gives those that another process made meanwhile.
    fn make_refs(&self, pending: &BTreeMap<usize, Pending<'_>>) -> Result<Vec<Numbered>, GitError> {
        let tagger = self.identity()?;
        let mut objects = BTreeMap::new();
        for (number, Pending { tag, commit, .. }) in pending {
            let making = || GitError::doing(format!("make the tag `{}`", tag.name));
            let commit = self.git.find_object(*commit, None).map_err(making())?;
            let message = if tag.message.trim().is_empty() { tag.name } else { tag.message };
            let object = self.git.tag_annotation_create(tag.name, &commit, &tagger, message);
            objects.insert(*number, object.map_err(making())?);
        }
        self.check_objects(&objects.values().copied().collect::<Vec<_>>())?;
        let mut others = Vec::new();
        for tries_left in (0..TRIES_MAX).rev() {
            let creates = objects.iter().filter_map(|(number, object)| {
                let full = &pending.get(number)?.full;
                Some(format!("create {full} {object}"))
            });
            let input = format!("start\n{}\nprepare\ncommit\n", creates.collect::<Vec<_>>().join("\n"));
            let doing = "make the tags";
            let error = match self.try_git(doing, &["update-ref", "--stdin"], &input) {
                Ok(_) => break,
                Err(RunError::NotRun(error)) => return Err(error),
                Err(RunError::Failed { text }) => GitError::ProgramFailed { doing: doing.to_owned(), text },
            };
            let before = others.len();
            let there: BTreeSet<String> = self.tag_names()?.into_iter().collect();
            for (number, Pending { tag, full, commit }) in pending {
                if !objects.contains_key(number) {
                    continue;
                }
                let outcome = match self.compare_tag(tag.name, full, *commit) {
                    Ok(None) => refuse_tag_in_the_way(tag.name, &there).err().map(Err),
                    found => found.transpose(),
                };
                if let Some(outcome) = outcome {
                    objects.remove(number);
                    others.push((*number, outcome));
                }
            }
            if others.len() == before || tries_left == 0 {
                let refs: Vec<&str> = pending.values().map(|pending| pending.full.as_str()).collect();
                return Err(self.lock_in_the_way(&refs)?.unwrap_or(error));
            }
            if objects.is_empty() {
                break;
            }
        }
        Ok(others)
    }

    /// Makes signed tags by `git tag`. Gives those that could not be made.
    fn sign_tags(&self, pending: &BTreeMap<usize, Pending<'_>>) -> Result<Vec<(usize, GitError)>, GitError> {
        let mut failed = Vec::new();
        let there: BTreeSet<String> = self.tag_names()?.into_iter().collect();
        for (number, Pending { tag, full, .. }) in pending {
            if let Err(error) = refuse_tag_in_the_way(tag.name, &there) {
                failed.push((*number, error));
                continue;
            }
            let message = if tag.message.trim().is_empty() { tag.name } else { tag.message };
            let doing = format!("make the tag `{}`", tag.name);
            let arguments =
                ["tag", "--sign", "--annotate", "--cleanup=verbatim", "--file=-", "--", tag.name, tag.commit];
            match self.try_git(&doing, &arguments, message) {
                Ok(_) => {}
                Err(RunError::NotRun(error)) => return Err(error),
                Err(RunError::Failed { text }) => {
                    if let Some(lock) = self.lock_in_the_way(&[full])? {
                        failed.push((*number, lock));
                        continue;
                    }
                    // Without a key the others fare no better, and each would ask the person anew.
                    failed.extend(pending.range(number..).map(|(number, Pending { tag, .. })| {
                        let doing = format!("make the tag `{}`", tag.name);
                        (*number, GitError::ProgramFailed { doing, text: text.clone() })
                    }));
                    break;
                }
            }
        }
        Ok(failed)
    }

    /// Reads new tags back, as another process sees them.
    fn check_tags_there(&self, pending: &BTreeMap<usize, Pending<'_>>) -> Result<(), GitError> {
        let git = self.anew(Written::Refs)?;
        for Pending { tag, full, commit } in pending.values() {
            let missing = |problem: &str| not_written(&format!("the tag `{}`", tag.name), problem);
            let found = git.find_reference(full).map_err(|error| match error.code() {
                ErrorCode::NotFound => missing("it is not there"),
                _ => missing(error.message()),
            })?;
            match peel(&git, &found) {
                Ok(Some(there)) if there == *commit => {}
                Ok(there) => {
                    let there = there.map_or_else(|| "no commit".to_owned(), |there| there.to_string());
                    return Err(missing(&format!("it is on {there} instead of {commit}")));
                }
                Err(error) => return Err(missing(&error.to_string())),
            }
        }
        Ok(())
    }
}

/// A name that is given twice.
fn same_or_elsewhere(tag: &TagToMake<'_>, first: &str) -> Result<TagOutcome, GitError> {
    if tag.commit == first {
        return Ok(TagOutcome::AlreadyThere);
    }
    Err(GitError::TagElsewhere { name: tag.name.to_owned(), there: first.to_owned(), wanted: tag.commit.to_owned() })
}

#[cfg(test)]
mod tests;

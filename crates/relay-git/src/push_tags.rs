//! Tags on their way to the remote, in groups: more than three in one push start no workflow on some forges. Each group is all
//! or nothing, and repeating it is safe.

use std::collections::BTreeSet;

use relay_values::Printable;

use crate::error::{GitError, PushCause};
use crate::push_answer::answer_for;
use crate::push_release::Hooks;
use crate::ref_name::tag_ref;
use crate::repository::Repository;

/// Where no number is given: a command line has an end.
const TAGS_PER_PUSH_MAX: usize = 2_000;
/// A group in which one tag came from elsewhere just now is pushed once more without it.
const ROUNDS_MAX: usize = 2;

/// What the remote has of the tags that were to be pushed.
#[derive(Debug, Default)]
pub struct TagsPushed {
    /// The remote shows them on the commits that they are on here, pushed now or earlier, annotated or not.
    pub there: BTreeSet<String>,
    /// The remote shows them on other commits.
    pub elsewhere: Vec<TagElsewhere>,
    /// The remote doesn't show them.
    pub lacking: Vec<String>,
    /// Why not: the first refusal.
    pub refusal: Option<GitError>,
}

/// A tag that the remote has on another commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagElsewhere {
    /// Its name.
    pub name: String,
    /// The commit that it is on in this clone.
    pub here: String,
    /// The commit that it is on at the remote.
    pub there: String,
}

impl Repository {
    /// Pushes tags of this clone, so many in one push (`None`: all in one), and says what the remote shows afterwards. What is
    /// there is not pushed again, and nothing is ever moved.
    ///
    /// # Errors
    /// [`GitError`] where a tag is not in this clone, or the remote can't be asked: then each tag may be there or not. A push
    /// that is refused is no error.
    pub fn push_tags(
        &self,
        remote: &str,
        tags: &[String],
        per_push: Option<usize>,
        hooks: Hooks,
    ) -> Result<TagsPushed, GitError> {
        let mut commits = Vec::new();
        let mut seen = BTreeSet::new();
        for name in tags.iter().filter(|name| seen.insert(name.as_str())) {
            tag_ref(name)?;
            let commit = self.tag_commit(name)?.ok_or_else(|| GitError::NoTag { name: name.clone() })?;
            commits.push((name.as_str(), commit));
        }
        if commits.is_empty() {
            return Ok(TagsPushed::default());
        }
        let per_push = per_push.unwrap_or(TAGS_PER_PUSH_MAX).clamp(1, TAGS_PER_PUSH_MAX);
        let mut shown = self.compare_tags(remote, tags, &commits)?;
        for _ in 0..ROUNDS_MAX {
            if shown.lacking.is_empty() {
                break;
            }
            let mut refusal = None;
            for group in shown.lacking.chunks(per_push) {
                let Err(error) = self.push_group(remote, group, hooks)? else { continue };
                let is_whole = matches!(
                    error,
                    GitError::PushRefused {
                        cause: PushCause::Unreachable | PushCause::Credentials | PushCause::Hook,
                        ..
                    }
                );
                refusal.get_or_insert(error);
                // The others would fare no better.
                if is_whole {
                    break;
                }
            }
            shown = self.compare_tags(remote, tags, &commits)?;
            let came_from_elsewhere =
                matches!(refusal, Some(GitError::PushRefused { cause: PushCause::TagExists | PushCause::Behind, .. }));
            if !shown.lacking.is_empty() {
                shown.refusal = refusal;
            }
            if !came_from_elsewhere {
                break;
            }
        }
        Ok(shown)
    }

    /// What the remote has of them: one `ls-remote`.
    fn compare_tags(&self, remote: &str, names: &[String], commits: &[(&str, String)]) -> Result<TagsPushed, GitError> {
        let mut found = self.remote_tags(remote, names)?;
        let mut shown = TagsPushed::default();
        for (name, here) in commits {
            match found.remove(*name) {
                Some(tag) if tag.commit == *here => {
                    shown.there.insert((*name).to_owned());
                }
                Some(tag) => {
                    let (name, here) = ((*name).to_owned(), here.clone());
                    shown.elsewhere.push(TagElsewhere { name, here, there: tag.commit });
                }
                None => shown.lacking.push((*name).to_owned()),
            }
        }
        Ok(shown)
    }

    /// One push; within, why it was refused.
    fn push_group(&self, remote: &str, names: &[String], hooks: Hooks) -> Result<Result<(), GitError>, GitError> {
        let refs = names.iter().map(|name| tag_ref(name)).collect::<Result<Vec<_>, _>>()?;
        let specs: Vec<String> = refs.iter().map(|full| format!("{full}:{full}")).collect();
        let mut arguments = vec!["push", "--porcelain", "--atomic", "--no-follow-tags", "--no-progress"];
        arguments.push("--recurse-submodules=no");
        if hooks == Hooks::Skip {
            arguments.push("--no-verify");
        }
        arguments.extend(["--", remote]);
        arguments.extend(specs.iter().map(String::as_str));
        let ended = self.end_git(&format!("push tags to `{}`", Printable::name(remote)), &arguments, "")?;
        if ended.success {
            return Ok(Ok(()));
        }
        let mut lines = refs.iter().filter_map(|full| answer_for(&ended.stdout, full)).peekable();
        if lines.peek().is_none() {
            return Ok(Err(self.push_refused(remote, hooks, ended.text)));
        }
        // The one at fault, not those that were kept back with it.
        let mut causes = lines.map(|line| PushCause::of_answer(line.reason, &ended.text));
        // Where all were kept back, the remote's git tells in its stderr alone which was at fault.
        let cause = causes.find(|cause| *cause != PushCause::OtherRef).unwrap_or_else(|| PushCause::of(&ended.text));
        Ok(Err(GitError::PushRefused { remote: Printable::name(remote).into(), cause, text: ended.text }))
    }
}

#[cfg(test)]
mod tests;

//! A ref of the remote that is moved only from what it was seen to name: the ground that a lock across clones stands on.
//!
//! `git push --force-with-lease=REF:SEEN` is the compare-and-swap. Its exit code proves nothing: git answers "up to date" with
//! success where the remote's ref names the pushed object already, whatever the lease says, so that two runs that push the same
//! object would both hold the lock. Callers make a new object for each holding, and here the answer's line and the ref itself
//! are read.

use relay_values::Printable;

use crate::error::{GitError, PushCause};
use crate::git_program::Ended;
use crate::push_answer::{RefAnswer, answer_for};
use crate::ref_name::{check_full_ref, check_object_id};
use crate::remote_refs::check_remote;
use crate::repository::Repository;

/// How often a swap is tried while others move the ref to and fro.
const SWAP_TRIES_MAX: usize = 3;
/// The refs that may be moved from anywhere to anywhere: relay's own, which no person works on.
const OWN_REFS: [&str; 2] = ["refs/relay/", "refs/heads/relay/"];

/// What became of a ref that was to be moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Swap {
    /// The remote shows it as it was to be.
    Done,
    /// It was not as expected, or has been moved on since.
    Lost {
        /// The object that it names now; `None` where it is not there.
        now: Option<String>,
    },
}

impl Repository {
    /// Moves one of relay's own refs on a remote from one object to another, or makes it (`expected` is `None`) or deletes it
    /// (`new` is `None`). The clone's pre-push hook does not run. `new` must be an object of this clone that no other run has
    /// made.
    ///
    /// # Errors
    /// [`GitError::RefRefused`] where the remote doesn't take such a ref, [`GitError::RemoteUnreadable`] where it can't be
    /// asked: then the ref may be moved or not, and must be read before anything depends on it.
    pub fn swap_remote_ref(
        &self,
        remote: &str,
        full_ref: &str,
        expected: Option<&str>,
        new: Option<&str>,
    ) -> Result<Swap, GitError> {
        check_remote(remote)?;
        check_own_ref(full_ref)?;
        expected.into_iter().chain(new).try_for_each(check_object_id)?;
        let refused = |cause, text: &str| GitError::RefRefused {
            remote: Printable::name(remote).into(),
            name: full_ref.to_owned(),
            cause,
            text: text.to_owned(),
        };
        let mut last = String::new();
        for _ in 0..SWAP_TRIES_MAX {
            let ended = self.push_with_lease(remote, full_ref, expected, new)?;
            let now = self.remote_ref(remote, full_ref)?.map(|found| found.object);
            let answer = answer_for(&ended.stdout, full_ref);
            let done = answer.as_ref().is_some_and(|answer| ended.success && answer.is_done());
            let was_so = answer.as_ref().is_some_and(RefAnswer::was_so);
            if now.as_deref() == new {
                // An object of this run's own got there by this push, even where the answer was lost on the way. A ref that
                // is gone may be so by another's hand.
                let ours = done || (new.is_some() && (!was_so || expected == new));
                return Ok(if ours { Swap::Done } else { Swap::Lost { now } });
            }
            if done {
                if let (Some(new), None) = (new, &now)
                    && self.is_hidden(remote, full_ref, new)?
                {
                    return Err(refused(PushCause::Hidden, "it was taken, and isn't shown"));
                }
                return Ok(Swap::Lost { now });
            }
            if now.as_deref() != expected {
                return Ok(Swap::Lost { now });
            }
            let reason = answer.as_ref().map_or("", |answer| answer.reason);
            last = words(reason, &ended.text);
            if !answer.as_ref().is_some_and(RefAnswer::is_race) {
                return Err(refused(PushCause::of_answer(reason, &ended.text), &last));
            }
        }
        // Each time it was as expected for a reader, and not for the push.
        Err(refused(PushCause::Hidden, &last))
    }

    fn push_with_lease(
        &self,
        remote: &str,
        full_ref: &str,
        expected: Option<&str>,
        new: Option<&str>,
    ) -> Result<Ended, GitError> {
        let lease = format!("--force-with-lease={full_ref}:{}", expected.unwrap_or_default());
        let spec = format!("{}:{full_ref}", new.unwrap_or_default());
        let mut arguments = vec!["push", "--porcelain", "--no-verify", "--no-follow-tags", "--no-progress"];
        arguments.extend(["--recurse-submodules=no", &lease, "--", remote, &spec]);
        self.end_git(&format!("push `{full_ref}` to `{}`", Printable::name(remote)), &arguments, "")
    }

    /// Whether a ref that was made just now and isn't shown is there: then it is taken back. Else another run took it away.
    fn is_hidden(&self, remote: &str, full_ref: &str, id: &str) -> Result<bool, GitError> {
        let ended = self.push_with_lease(remote, full_ref, Some(id), None)?;
        Ok(answer_for(&ended.stdout, full_ref).is_some_and(|answer| ended.success && answer.is_done()))
    }
}

/// The reason of a line, and what git said beside it.
pub(crate) fn words(reason: &str, text: &str) -> String {
    let reason = crate::git_program::clean(reason);
    [reason.as_str(), text].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

/// Refuses what people work on.
pub(crate) fn check_own_ref(full_ref: &str) -> Result<(), GitError> {
    check_full_ref(full_ref)?;
    if OWN_REFS.iter().any(|folder| full_ref.starts_with(folder)) {
        return Ok(());
    }
    let (name, kind) = (Printable::name(full_ref).into(), "ref to move");
    Err(GitError::InvalidRefName { name, kind, reason: "relay moves none but its own, such as `refs/relay/lock`" })
}

#[cfg(test)]
mod tests;

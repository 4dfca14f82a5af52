//! The push that a release begins with: its commit on a branch and its record on a ref of relay's own, both or neither.

use relay_values::Printable;

use crate::compare_and_swap::{check_own_ref, words};
use crate::error::{GitError, PushCause};
use crate::push_answer::{RefAnswer, answer_for};
use crate::ref_name::{check_full_ref, check_object_id};
use crate::remote_refs::check_remote;
use crate::repository::Repository;

/// Whether the clone's pre-push hook runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hooks {
    /// It does, and may refuse; it sees no registry credentials.
    Run,
    /// It doesn't.
    Skip,
}

/// A branch that is to be moved forward, or made.
#[derive(Debug, Clone, Copy)]
pub struct BranchPush<'a> {
    /// The id of the commit that it is to be on.
    pub commit: &'a str,
    /// The branch's full name on the remote, such as `refs/heads/main`.
    pub full_ref: &'a str,
}

/// A ref of relay's own that is to be moved from what it was seen to name.
#[derive(Debug, Clone, Copy)]
pub struct RecordPush<'a> {
    /// Its full name, such as `refs/relay/release`.
    pub full_ref: &'a str,
    /// The object that it was seen to name; `None` where it was not there.
    pub expected: Option<&'a str>,
    /// The new object, which no other run has made.
    pub new: &'a str,
}

/// What is to be pushed, all or nothing.
#[derive(Debug, Clone, Copy)]
pub struct ReleasePush<'a> {
    /// The branch with the version commit.
    pub branch: Option<BranchPush<'a>>,
    /// The release record.
    pub record: Option<RecordPush<'a>>,
    /// Whether the clone's pre-push hook runs.
    pub hooks: Hooks,
}

/// What became of the push, as the remote shows it afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleasePushed {
    /// The branch; `None` where none was given.
    pub branch: Option<RefPushed>,
    /// The record; `None` where none was given.
    pub record: Option<RefPushed>,
}

/// What became of one ref of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefPushed {
    /// The remote shows it as it was to be.
    There,
    /// Another run or person has it elsewhere: a record that was not as expected, or a ref that was pushed and has been moved
    /// on since.
    Elsewhere {
        /// The object that it names now; `None` where it is not there.
        now: Option<String>,
    },
    /// It was not moved. [`PushCause::OtherRef`] where the other ref was at fault.
    Refused {
        /// What the refusal looks like.
        cause: PushCause,
        /// The object that it names now; `None` where it is not there.
        now: Option<String>,
        /// The reason that git gives, and its stderr, cleaned and bounded.
        text: String,
    },
}

impl ReleasePushed {
    /// Whether the remote shows all that was to be pushed.
    pub fn is_done(&self) -> bool {
        [&self.branch, &self.record].into_iter().flatten().all(|pushed| *pushed == RefPushed::There)
    }
}

/// A ref of the push, as both kinds have it.
struct Wanted<'a> {
    full_ref: &'a str,
    new: &'a str,
    from: From<'a>,
}

/// What a ref is to be moved from.
#[derive(Clone, Copy)]
enum From<'a> {
    /// Any commit before the new one.
    Behind,
    /// This object, or none.
    Seen(Option<&'a str>),
}

impl Repository {
    /// Moves a branch forward, never by force, and a ref of relay's own from what it was seen to name: one push, all or
    /// nothing. Each is judged by git's line for it and by what the remote shows afterwards: a remote that hides relay's refs
    /// takes the branch alone all the same.
    ///
    /// # Errors
    /// [`GitError::PushRefused`] where the push as a whole did not happen, [`GitError::RemoteUnreadable`] where the remote can't
    /// be asked what it has: then the refs may be moved or not. A ref that is refused is no error.
    pub fn push_release(&self, remote: &str, push: &ReleasePush<'_>) -> Result<ReleasePushed, GitError> {
        check_remote(remote)?;
        let branch =
            push.branch.map(|branch| Wanted { full_ref: branch.full_ref, new: branch.commit, from: From::Behind });
        let record = push.record.map(|record| Wanted {
            full_ref: record.full_ref,
            new: record.new,
            from: From::Seen(record.expected),
        });
        branch.as_ref().map_or(Ok(()), |branch| check_branch(branch.full_ref))?;
        record.as_ref().map_or(Ok(()), |record| check_own_ref(record.full_ref))?;
        let wanted: Vec<&Wanted<'_>> = branch.iter().chain(&record).collect();
        if wanted.is_empty() {
            return Ok(ReleasePushed { branch: None, record: None });
        }
        let mut leases = Vec::new();
        let mut specs = Vec::new();
        for one in &wanted {
            check_object_id(one.new)?;
            if let From::Seen(expected) = one.from {
                expected.map_or(Ok(()), check_object_id)?;
                leases.push(format!("--force-with-lease={}:{}", one.full_ref, expected.unwrap_or_default()));
            }
            specs.push(format!("{}:{}", one.new, one.full_ref));
        }
        let mut arguments = vec!["push", "--porcelain", "--atomic", "--no-follow-tags", "--no-progress"];
        arguments.push("--recurse-submodules=no");
        if push.hooks == Hooks::Skip {
            arguments.push("--no-verify");
        }
        arguments.extend(leases.iter().map(String::as_str));
        arguments.extend(["--", remote]);
        arguments.extend(specs.iter().map(String::as_str));
        let ended = self.end_git(&format!("push to `{}`", Printable::name(remote)), &arguments, "")?;
        let answer = |one: &Wanted<'_>| answer_for(&ended.stdout, one.full_ref);
        if !ended.success && wanted.iter().all(|one| answer(one).is_none()) {
            return Err(self.push_refused(remote, push.hooks, ended.text));
        }
        let names: Vec<&str> = wanted.iter().map(|one| one.full_ref).collect();
        let mut found = self.remote_refs(remote, &names)?;
        let mut judge = |one: &Wanted<'_>| {
            let now = found.remove(one.full_ref).map(|found| found.object);
            judged(one, answer(one).as_ref(), now, &ended.text)
        };
        Ok(ReleasePushed { branch: branch.as_ref().map(&mut judge), record: record.as_ref().map(&mut judge) })
    }

    /// A push of which git tells nothing ref by ref.
    pub(crate) fn push_refused(&self, remote: &str, hooks: Hooks, text: String) -> GitError {
        let mut cause = PushCause::of(&text);
        // git doesn't say that a hook was it.
        if cause == PushCause::Unclear && hooks == Hooks::Run && self.has_hook("pre-push") {
            cause = PushCause::Hook;
        }
        GitError::PushRefused { remote: Printable::name(remote).into(), cause, text }
    }

    /// Whether git finds a hook of that name, such as `pre-push`.
    pub fn has_hook(&self, name: &str) -> bool {
        let path = self.run_git("find a hook", &["rev-parse", "--git-path", &format!("hooks/{name}")], "");
        path.is_ok_and(|path| self.workdir().join(path.trim_end()).exists())
    }
}

fn check_branch(full_ref: &str) -> Result<(), GitError> {
    check_full_ref(full_ref)?;
    if full_ref.starts_with("refs/heads/") {
        return Ok(());
    }
    let (name, kind) = (Printable::name(full_ref).into(), "branch to push");
    Err(GitError::InvalidRefName { name, kind, reason: "it must be a full name such as `refs/heads/main`" })
}

/// Judges one ref by git's line for it and by what the remote shows.
fn judged(one: &Wanted<'_>, answer: Option<&RefAnswer<'_>>, now: Option<String>, text: &str) -> RefPushed {
    let done = answer.is_some_and(RefAnswer::is_done);
    if now.as_deref() == Some(one.new) {
        // What was there before the push is another run's record. A branch may well be there already.
        let was_so = answer.is_some_and(RefAnswer::was_so);
        let was_anothers = was_so && matches!(one.from, From::Seen(seen) if seen != Some(one.new));
        return if was_anothers { RefPushed::Elsewhere { now } } else { RefPushed::There };
    }
    if done || matches!(one.from, From::Seen(seen) if seen != now.as_deref()) {
        return RefPushed::Elsewhere { now };
    }
    let reason = answer.map_or("", |answer| answer.reason);
    let mut cause = PushCause::of_answer(reason, text);
    // The remote's git tells in its stderr alone which ref was moved in between.
    if cause == PushCause::OtherRef && text.contains(&format!("cannot lock ref '{}'", one.full_ref)) {
        cause = PushCause::Behind;
    }
    RefPushed::Refused { cause, now, text: words(reason, text) }
}

#[cfg(test)]
mod tests;

//! The remote: refs that are moved only from what they were seen to name, all of a push or nothing of it.

use std::collections::BTreeMap;

use relay_git::{GitError, PushCause, RefPushed, ReleasePush, ReleasePushed, RemoteRef, Swap};

use super::world::World;
use crate::release::remote::LOCK_REF;

/// The branch that is released from.
pub(super) const MAIN: &str = "refs/heads/main";

/// The remote's refs.
#[derive(Debug, Default)]
pub(super) struct Remote {
    pub(super) refs: BTreeMap<String, String>,
    /// The branch takes no pushes.
    pub(super) is_protected: bool,
    /// There is none.
    pub(super) is_absent: bool,
    /// The answer to the next call is lost.
    pub(super) loses_next_answer: bool,
    /// The process that holds the lock.
    pub(super) lock_holder: Option<u32>,
}

/// A call that came through, or whose answer is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Clear,
    AnswerLost,
}

fn unreadable() -> GitError {
    GitError::RemoteUnreadable { remote: "origin".to_owned(), cause: PushCause::Unreachable, text: "cut".to_owned() }
}

fn refused(cause: PushCause) -> GitError {
    GitError::PushRefused { remote: "origin".to_owned(), cause, text: "no".to_owned() }
}

impl World {
    /// Whether a computer's call reaches the remote.
    fn way(&mut self, at: usize, error: fn() -> GitError) -> Result<Way, GitError> {
        let now = self.now();
        if self.computers[at].cut_off.iter().any(|(from, to)| (*from..*to).contains(&now)) {
            return Err(error());
        }
        if std::mem::take(&mut self.remote.loses_next_answer) {
            return Ok(Way::AnswerLost);
        }
        if !self.dice.befalls(self.faults.remote) {
            return Ok(Way::Clear);
        }
        if self.dice.befalls(500) { Err(error()) } else { Ok(Way::AnswerLost) }
    }

    /// A call that only reads.
    pub(super) fn reach(&mut self, at: usize) -> Result<(), GitError> {
        match self.way(at, unreadable)? {
            Way::Clear => Ok(()),
            Way::AnswerLost => Err(unreadable()),
        }
    }

    pub(super) fn refs_like(&self, patterns: &[&str]) -> BTreeMap<String, RemoteRef> {
        let matches = |name: &str| {
            patterns.iter().any(|pattern| match pattern.strip_suffix('*') {
                Some(folder) => name.starts_with(folder),
                None => name == *pattern,
            })
        };
        let found = self.remote.refs.iter().filter(|(name, _)| matches(name));
        found.map(|(name, id)| (name.clone(), RemoteRef { object: id.clone(), commit: id.clone() })).collect()
    }

    pub(super) fn swap(
        &mut self,
        (at, process): (usize, u32),
        full_ref: &str,
        expected: Option<&str>,
        new: Option<&str>,
    ) -> Result<Swap, GitError> {
        let way = self.way(at, unreadable)?;
        let now = self.remote.refs.get(full_ref).cloned();
        if now.as_deref() != expected {
            return if way == Way::Clear { Ok(Swap::Lost { now }) } else { Err(unreadable()) };
        }
        match new {
            Some(new) => self.remote.refs.insert(full_ref.to_owned(), new.to_owned()),
            None => self.remote.refs.remove(full_ref),
        };
        if full_ref == LOCK_REF {
            self.remote.lock_holder = new.map(|_| process);
        }
        if way == Way::Clear { Ok(Swap::Done) } else { Err(unreadable()) }
    }

    pub(super) fn push_both(&mut self, at: usize, push: &ReleasePush<'_>) -> Result<ReleasePushed, GitError> {
        let way = self.way(at, || refused(PushCause::Unreachable))?;
        let no = |cause, now: Option<&String>| RefPushed::Refused { cause, now: now.cloned(), text: "no".to_owned() };
        let branch = push.branch.map(|branch| {
            let now = self.remote.refs.get(branch.full_ref);
            if self.remote.is_protected && branch.full_ref == MAIN {
                no(PushCause::Protected, now)
            } else if now.is_some_and(|now| !self.objects.is_ancestor(now, branch.commit)) {
                no(PushCause::Behind, now)
            } else {
                RefPushed::There
            }
        });
        let record = push.record.map(|record| {
            let now = self.remote.refs.get(record.full_ref);
            if now.map(String::as_str) == record.expected {
                RefPushed::There
            } else {
                RefPushed::Elsewhere { now: now.cloned() }
            }
        });
        let mut pushed = ReleasePushed { branch, record };
        if !pushed.is_done() {
            for other in [&mut pushed.branch, &mut pushed.record].into_iter().flatten() {
                if *other == RefPushed::There {
                    *other = no(PushCause::OtherRef, None);
                }
            }
            return Ok(pushed);
        }
        if let Some(branch) = push.branch {
            self.remote.refs.insert(branch.full_ref.to_owned(), branch.commit.to_owned());
            if branch.full_ref == MAIN {
                self.computers[at].tracked = Some(branch.commit.to_owned());
            }
        }
        if let Some(record) = push.record {
            self.remote.refs.insert(record.full_ref.to_owned(), record.new.to_owned());
        }
        if way == Way::Clear { Ok(pushed) } else { Err(unreadable()) }
    }

    /// One push of tags, all or none; within, why it was refused.
    pub(super) fn push_group(
        &mut self,
        at: usize,
        tags: &[(String, String)],
    ) -> Result<Result<(), GitError>, GitError> {
        let way = match self.way(at, || refused(PushCause::Unreachable)) {
            Ok(way) => way,
            Err(error) => return Ok(Err(error)),
        };
        let stands = |(name, commit): &(String, String)| {
            self.remote.refs.get(&format!("refs/tags/{name}")).is_some_and(|there| there != commit)
        };
        if tags.iter().any(stands) {
            return Ok(Err(refused(PushCause::TagExists)));
        }
        if self.terms.tags_per_push.is_some_and(|most| tags.len() > most) {
            self.wrong("tags", format!("{} tags go out in one push", tags.len()));
        }
        for (name, commit) in tags {
            self.judge_tag(name, commit);
            self.remote.refs.insert(format!("refs/tags/{name}"), commit.clone());
        }
        if way == Way::Clear { Ok(Ok(())) } else { Err(unreadable()) }
    }

    pub(super) fn check_push_of(&mut self, at: usize, head: Option<&String>, refs: &[String]) -> Result<(), GitError> {
        if self.way(at, || refused(PushCause::Unreachable))? == Way::AnswerLost {
            return Err(refused(PushCause::Unreachable));
        }
        let moves_main = refs.iter().any(|spec| spec.ends_with(MAIN));
        match (self.remote.refs.get(MAIN), head) {
            (Some(now), Some(head)) if moves_main && !self.objects.is_ancestor(now, head) => {
                Err(refused(PushCause::Behind))
            }
            _ => Ok(()),
        }
    }
}

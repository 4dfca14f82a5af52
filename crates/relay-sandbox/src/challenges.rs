//! What waits for a person in a browser: second factors and web logins.

use std::collections::VecDeque;

use crate::clock::Moment;
use crate::records::PendingChallenge;

/// Challenges and logins kept at once; the oldest go first.
const MAX_WAITING: usize = 1_000;

/// A demand for a second factor.
#[derive(Clone, Debug)]
pub(crate) struct Challenge {
    pub(crate) shown: PendingChallenge,
    /// Whether the code is typed in by hand: the page has to show it, since nobody polls.
    pub(crate) typed: bool,
    pub(crate) outcome: Outcome,
}

/// A web login.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    pub(crate) id: String,
    pub(crate) client: String,
    pub(crate) expires: Moment,
    pub(crate) outcome: Outcome,
}

/// How a wait ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Pending,
    /// With the one-time password or the session token.
    Approved(String),
    Denied,
}

/// All that waits or waited and has not expired.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    challenges: VecDeque<Challenge>,
    logins: VecDeque<Login>,
}

impl Waiting {
    pub(crate) fn open(&mut self, challenge: Challenge) {
        self.forget(challenge.shown.opened);
        if self.challenges.len() >= MAX_WAITING {
            self.challenges.pop_front();
        }
        self.challenges.push_back(challenge);
    }

    pub(crate) fn open_login(&mut self, login: Login, now: Moment) {
        self.forget(now);
        if self.logins.len() >= MAX_WAITING {
            self.logins.pop_front();
        }
        self.logins.push_back(login);
    }

    pub(crate) fn challenge(&mut self, id: &str, now: Moment) -> Option<&mut Challenge> {
        self.challenges.iter_mut().find(|challenge| challenge.shown.id == id && now < challenge.shown.expires)
    }

    pub(crate) fn login(&mut self, id: &str, now: Moment) -> Option<&mut Login> {
        self.logins.iter_mut().find(|login| login.id == id && now < login.expires)
    }

    pub(crate) fn pending(&self, now: Moment) -> Vec<PendingChallenge> {
        let pending = |challenge: &&Challenge| challenge.outcome == Outcome::Pending && now < challenge.shown.expires;
        self.challenges.iter().filter(pending).map(|challenge| challenge.shown.clone()).collect()
    }

    pub(crate) fn pending_logins(&self, now: Moment) -> Vec<String> {
        let pending = |login: &&Login| login.outcome == Outcome::Pending && now < login.expires;
        self.logins.iter().filter(pending).map(|login| login.id.clone()).collect()
    }

    fn forget(&mut self, now: Moment) {
        self.challenges.retain(|challenge| now < challenge.shown.expires);
        self.logins.retain(|login| now < login.expires);
    }
}

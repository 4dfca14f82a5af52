//! What shows that a registry has a version, and what is done where nothing does.
//!
//! That an upload was accepted is the registry's word, and a word can be lost or false: a proxy says 200, a refusal is about
//! a version that was taken back. A version that does not appear in the whole time for visibility is asked for once more, and
//! where nothing shows it the same bytes are sent once more. The answer is the evidence. Other bytes are never sent.

use std::time::Duration;

use relay_config::RouteKind;
use relay_registry::{Refusal, RefusalCode};

use super::protocol::{Effect, Found, PAUSE_MAX, PLAN_READ_FRESH, SETTLE_READS_MAX};
use super::transitions::back_off;
use super::{Machine, Node};
use crate::state::{Evidence, Failure, Parked, State};

/// How far the search for evidence has come. It is gone through once a run ([`super::SENT_AGAIN_MAX`]).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Proof {
    /// Nobody doubts yet.
    #[default]
    NotSought,
    /// The version did not appear in its time: the registry is asked for all that could show it.
    Sought {
        /// How long it did not appear.
        waited: Duration,
    },
    /// Nothing showed it: the same bytes go, or went, once more.
    SentAgain {
        /// How long it did not appear.
        waited: Duration,
    },
}

/// Says whether a refusal means that the registry has this version, or had it.
pub(super) fn says_taken(code: RefusalCode) -> bool {
    matches!(
        code,
        RefusalCode::AlreadyPublished
            | RefusalCode::PreviouslyStaged
            | RefusalCode::AlreadyStaged
            | RefusalCode::RedeployDisabled
            | RefusalCode::HeldByScan
            | RefusalCode::Conflict
    )
}

impl Machine {
    /// A version did not appear in its time.
    pub(super) fn did_not_appear(&mut self, at: usize, waited: Duration, now: Duration, effects: &mut Vec<Effect>) {
        let Some(node) = self.nodes.get_mut(at) else { return };
        if node.proof != Proof::NotSought || node.is_known_to_be_held() {
            node.park_invisible(waited);
            return;
        }
        node.proof = Proof::Sought { waited };
        self.settle(at, now, true, effects);
    }

    /// What the search for evidence found, after the time for visibility or after the bytes were sent once more. `true`: that
    /// was all there is to say.
    pub(super) fn weighed(&mut self, at: usize, found: &Found, now: Duration) -> bool {
        let stopping = self.stopping;
        let Some(node) = self.nodes.get_mut(at) else { return true };
        let answerable = self.terms.second_factors.at(&node.job.registry).can_be_answered(now);
        match (found, node.proof) {
            (Found::TakenBack, _) if node.is_burnt() => {
                let text = node.taken.as_ref().map(|refusal| refusal.text.clone()).unwrap_or_default();
                node.state = State::Failed(Failure::Burnt { text });
            }
            (Found::SameBytes, Proof::Sought { waited }) => {
                node.state = State::Parked(Parked::Visibility {
                    waited_seconds: waited.as_secs(),
                    evidence: Evidence::Document,
                });
            }
            (Found::NotYet | Found::TakenBack, Proof::Sought { waited }) => {
                if stopping {
                    node.state = State::Parked(Parked::Interrupted { in_flight: false, accepted: true });
                } else if node.is_interactive() && !answerable {
                    node.park_invisible(waited);
                } else {
                    node.proof = Proof::SentAgain { waited };
                    node.checked = Some(now);
                    let why = "the registry shows nothing of it; the same bytes are sent once more".to_owned();
                    node.state = State::Waiting { until: now, why };
                }
            }
            (Found::NotYet | Found::TakenBack, Proof::SentAgain { waited }) if node.uncertain.is_none() => {
                node.park_invisible(waited);
            }
            (Found::Unavailable { .. } | Found::Busy { .. }, Proof::Sought { waited })
                if node.settles.saturating_add(1) >= SETTLE_READS_MAX =>
            {
                node.park_invisible(waited);
            }
            (Found::Busy { retry_after: Some(delay), .. }, Proof::Sought { waited }) if *delay > PAUSE_MAX => {
                node.park_invisible(waited);
            }
            _ => return false,
        }
        true
    }

    /// Before the first upload: asks the registry where what the plan read is too old by now. `true`: it is being asked.
    pub(super) fn checks_first(&mut self, at: usize, now: Duration, effects: &mut Vec<Effect>) -> bool {
        let read_age = self.terms.read_age;
        let Some(node) = self.nodes.get_mut(at) else { return false };
        let age = node.checked.map_or(now.saturating_add(read_age), |checked| now.saturating_sub(checked));
        // What is staged no plan has read: it is looked for before each first upload, so that nothing is staged twice.
        let unread = node.job.route == RouteKind::Staged && node.checked.is_none();
        if node.uploads > 0 || (age <= PLAN_READ_FRESH && !unread) {
            return false;
        }
        node.checking = true;
        self.settle(at, now, false, effects);
        true
    }

    /// What was found before the first upload.
    pub(super) fn checked(&mut self, at: usize, found: Found, now: Duration, effects: &mut Vec<Effect>) {
        let Some(node) = self.nodes.get_mut(at) else { return };
        match found {
            Found::SameBytes => {
                node.checking = false;
                node.was_there = true;
                self.accept(at, now, effects);
            }
            Found::OtherBytes { there, ours } => node.state = State::Failed(Failure::OtherBytes { there, ours }),
            Found::Staged { id } => {
                node.checking = false;
                node.state = State::Parked(Parked::Approval { stage: Some(id) });
            }
            Found::NotYet | Found::TakenBack | Found::NotListed => {
                node.checking = false;
                node.checked = Some(now);
                node.state = State::Pending;
            }
            Found::Unavailable { cause } => {
                node.settles += 1;
                if node.settles >= SETTLE_READS_MAX {
                    let why = format!("what it has under this version can't be read, so nothing is sent: {cause}");
                    node.state = State::Parked(Parked::Registry { why, retry_after_seconds: None });
                } else {
                    let when = now + back_off(node.settles);
                    self.settle(at, when, false, effects);
                }
            }
            Found::Busy { retry_after, text } => {
                if let Some(until) = self.busy(at, retry_after, &text, now, effects) {
                    self.settle(at, until, false, effects);
                }
            }
        }
    }
}

impl Node {
    /// Waits for visibility in a later run.
    pub(super) fn park_invisible(&mut self, waited: Duration) {
        let evidence = match &self.taken {
            Some(refusal) => Evidence::Refusal { text: refusal.text.clone() },
            None => Evidence::Answer,
        };
        self.state = State::Parked(Parked::Visibility { waited_seconds: waited.as_secs(), evidence });
    }

    /// Waits for a person; where only evidence was sought with their help, for visibility.
    pub(super) fn park_unanswered(&mut self, why: String) {
        match self.proof {
            Proof::SentAgain { waited } => self.park_invisible(waited),
            _ => self.state = State::Parked(Parked::Person { why }),
        }
    }

    /// The registry has said in this run that it holds the version without showing it.
    fn is_known_to_be_held(&self) -> bool {
        let held = |refusal: &Refusal| {
            matches!(refusal.code, RefusalCode::PreviouslyStaged | RefusalCode::AlreadyStaged | RefusalCode::HeldByScan)
        };
        self.taken.as_ref().is_some_and(held)
    }

    /// The registry refused the number as published before and dates it without showing it, and no upload of ours can still
    /// be on its way: the version was taken back.
    fn is_burnt(&self) -> bool {
        let published = self.taken.as_ref().is_some_and(|refusal| refusal.code == RefusalCode::AlreadyPublished);
        let ours_may_be_on_its_way = self.proof == Proof::NotSought && (!self.was_there || self.job.accepted_before);
        published && !ours_may_be_on_its_way
    }

    /// Something of its upload is under way.
    pub(super) fn is_in_flight(&self) -> bool {
        matches!(self.state, State::Uploading) || (self.checking && matches!(self.state, State::Settling))
    }
}

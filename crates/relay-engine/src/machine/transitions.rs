//! What each input does to the package it is about.

use std::time::Duration;

use relay_config::RouteKind;
use relay_registry::{Refusal, RefusalClass, RefusalCode};
use relay_values::RegistryUrl;

use super::evidence::{Proof, says_taken};
use super::protocol::{
    Answer, BACK_OFF_FIRST, BACK_OFF_MAX, Effect, Found, PAUSE_MAX, PAUSE_UNASKED, PAUSES_PER_PACKAGE_MAX,
    SETTLE_READS_MAX, UPLOADS_PER_PACKAGE_MAX, UploadOutcome, VISIBILITY_POLL_FIRST, VISIBILITY_POLL_MAX,
};
use super::{Machine, Node};
use crate::second_factor::{Carried, Step};
use crate::state::{Failure, How, Parked, State};

impl Machine {
    pub(super) fn upload_ended(&mut self, at: usize, outcome: UploadOutcome, now: Duration, effects: &mut Vec<Effect>) {
        let Some(node) = self.nodes.get_mut(at) else { return };
        match outcome {
            UploadOutcome::Accepted => {
                self.terms.second_factors.at_mut(&node.job.registry).accepted(&mut node.factor);
                node.taken = None;
                self.accept(at, now, effects);
            }
            UploadOutcome::Staged { id } => {
                node.taken = None;
                node.state = State::Parked(Parked::Approval { stage: id });
            }
            UploadOutcome::Challenged { .. } if node.job.route == RouteKind::Staged => {
                // Staging is never challenged (`npm-registry.md`, 7.2), and a route is never changed for a direct upload unasked.
                let cause =
                    "the registry asks for a second factor to stage a version, which npm's never does".to_owned();
                node.state = State::Failed(Failure::Unreachable { cause });
            }
            UploadOutcome::Challenged { web } => self.challenged(at, web, now, effects),
            UploadOutcome::Refused(refusal) if says_taken(refusal.code) => {
                node.was_there = node.uploads <= 1;
                node.uncertain = None;
                node.taken = Some(refusal);
                self.settle(at, now, true, effects);
            }
            UploadOutcome::Refused(refusal) if refusal.code.class() == RefusalClass::Verify => {
                node.uncertain = Some(refusal.text);
                self.settle(at, now, false, effects);
            }
            UploadOutcome::Refused(refusal) if refusal.code == RefusalCode::TrustedPublisherDenied => {
                self.connection_denied(at, refusal);
            }
            UploadOutcome::Refused(refusal) => node.state = State::Failed(Failure::Refused(refusal)),
            UploadOutcome::RateLimited { retry_after, text } => self.paused(at, retry_after, &text, now, effects),
            UploadOutcome::Unknown { cause } => {
                node.uncertain = Some(cause);
                self.settle(at, now, false, effects);
            }
            UploadOutcome::NotSent { cause } => node.try_again(cause, now, effects),
        }
    }

    /// A connection that may not publish directly: what a registry has to say to one package of it, it has to say to all, so that
    /// no other one is sent (`npm-registry.md`, 14).
    fn connection_denied(&mut self, at: usize, refusal: Refusal) {
        let Some(denied) = self.nodes.get(at).map(|node| node.job.clone()) else { return };
        let why = format!(
            "the trusted publisher may not publish directly, as the registry said of `{}`; nothing was sent for this one",
            denied.name
        );
        let same = |node: &&mut Node| node.job.route == RouteKind::Trusted && node.job.registry == denied.registry;
        for node in self.nodes.iter_mut().filter(same) {
            if matches!(node.state, State::Pending | State::Waiting { .. }) {
                node.state = State::Parked(Parked::Registry { why: why.clone(), retry_after_seconds: None });
            }
        }
        if let Some(node) = self.nodes.get_mut(at) {
            node.state = State::Failed(Failure::Refused(refusal));
        }
    }

    pub(super) fn accept(&mut self, at: usize, now: Duration, effects: &mut Vec<Effect>) {
        let Some(node) = self.nodes.get_mut(at) else { return };
        node.state = State::Accepted { since: now };
        self.terms.second_factors.at_mut(&node.job.registry).turned_out_done(&mut node.factor);
        effects.push(Effect::Look { package: node.job.name.clone(), at: now });
    }

    pub(super) fn settle(&mut self, at: usize, when: Duration, thorough: bool, effects: &mut Vec<Effect>) {
        let Some(node) = self.nodes.get_mut(at) else { return };
        node.state = State::Settling;
        effects.push(Effect::Settle { package: node.job.name.clone(), thorough, at: when });
    }

    fn challenged(&mut self, at: usize, web: bool, now: Duration, effects: &mut Vec<Effect>) {
        let Some(node) = self.nodes.get_mut(at) else { return };
        if node.job.route == RouteKind::Token {
            if node.job.can_become_interactive {
                // Stronger, never weaker: the package disallows tokens and a session is at hand. It joins a sitting.
                node.job.route = RouteKind::Interactive;
                node.state = State::Pending;
            } else {
                let (credential, declared) = (node.job.credential.clone(), node.job.bypasses);
                node.state = State::Failed(Failure::TokensDisallowed { credential, declared });
            }
            return;
        }
        if node.job.route == RouteKind::Trusted {
            let cause = "the registry asked for a second factor, and nobody answers for a trusted publisher".to_owned();
            node.state = State::Failed(Failure::Unreachable { cause });
            return;
        }
        node.job.route = RouteKind::Interactive;
        let second_factor = self.terms.second_factors.at_mut(&node.job.registry);
        let step = second_factor.challenged(&mut node.factor, web, now);
        if self.stopping {
            node.state = State::Parked(Parked::Interrupted { in_flight: false, accepted: false });
        } else {
            self.take_step(at, step, effects);
        }
    }

    pub(super) fn answered(&mut self, at: usize, answer: Answer, now: Duration, effects: &mut Vec<Effect>) {
        let Some(node) = self.nodes.get(at) else { return };
        let step = self.terms.second_factors.at_mut(&node.job.registry).answered(answer, now);
        if node.state == State::AwaitingPerson {
            self.take_step(at, step, effects);
        }
    }

    fn take_step(&mut self, at: usize, step: Step, effects: &mut Vec<Effect>) {
        let Some(node) = self.nodes.get_mut(at) else { return };
        match step {
            Step::Send(carried) => self.upload(at, carried, effects),
            Step::GiveUp { why } => node.park_unanswered(why),
            Step::Ask => {
                node.state = State::AwaitingPerson;
                let package = node.job.name.clone();
                let remaining = self.persons_waiting();
                effects.push(Effect::Ask { package, remaining });
            }
        }
    }

    pub(super) fn settled(&mut self, at: usize, found: Found, now: Duration, effects: &mut Vec<Effect>) {
        let Some(node) = self.nodes.get(at) else { return };
        let thorough = node.taken.is_some() || node.proof != Proof::NotSought;
        if node.checking {
            return self.checked(at, found, now, effects);
        }
        if self.weighed(at, &found, now) {
            return;
        }
        let Some(node) = self.nodes.get_mut(at) else { return };
        match found {
            Found::SameBytes => self.accept(at, now, effects),
            Found::Staged { id } => node.state = State::Parked(Parked::Approval { stage: Some(id) }),
            Found::NotListed => match node.uncertain.clone() {
                Some(cause) => node.try_again(cause, now, effects),
                // The registry says that it has it, and who may not list learns no more.
                None => node.state = State::Parked(Parked::Approval { stage: None }),
            },
            Found::OtherBytes { there, ours } => node.state = State::Failed(Failure::OtherBytes { there, ours }),
            // The registry says that the version is taken and does not show it: accepted, not visible yet. Whose bytes
            // they are is told when they can be seen; then other bytes stop the package.
            Found::NotYet | Found::TakenBack => match node.uncertain.clone() {
                Some(cause) => node.try_again(cause, now, effects),
                None => self.accept(at, now, effects),
            },
            Found::Unavailable { cause } => {
                node.settles += 1;
                if node.settles >= SETTLE_READS_MAX {
                    let why = format!("whether the upload arrived is unknown: {cause}");
                    node.state = State::Parked(Parked::Registry { why, retry_after_seconds: None });
                } else {
                    let when = now + back_off(node.settles);
                    self.settle(at, when, thorough, effects);
                }
            }
            Found::Busy { retry_after, text } => {
                if let Some(until) = self.busy(at, retry_after, &text, now, effects) {
                    self.settle(at, until, thorough, effects);
                }
            }
        }
    }

    fn paused(
        &mut self,
        at: usize,
        retry_after: Option<Duration>,
        text: &str,
        now: Duration,
        effects: &mut Vec<Effect>,
    ) {
        let Some(until) = self.busy(at, retry_after, text, now, effects) else { return };
        let Some(node) = self.nodes.get_mut(at) else { return };
        node.uploads = node.uploads.saturating_sub(1);
        node.state = State::Waiting { until, why: "the registry asked for a pause".to_owned() };
    }

    /// Notes that a registry asked for a pause, which counts for all that is sent there. `None`: it is longer than relay waits,
    /// or one too many, and the package is parked.
    pub(super) fn busy(
        &mut self,
        at: usize,
        retry_after: Option<Duration>,
        text: &str,
        now: Duration,
        effects: &mut Vec<Effect>,
    ) -> Option<Duration> {
        let node = self.nodes.get_mut(at)?;
        node.pauses += 1;
        let unasked = || PAUSE_UNASKED.saturating_mul(1 << node.pauses.saturating_sub(1).min(6)).min(PAUSE_MAX);
        let delay = retry_after.unwrap_or_else(unasked);
        let too_often = node.pauses > PAUSES_PER_PACKAGE_MAX;
        let registry = node.job.registry.clone();
        if delay > PAUSE_MAX || too_often {
            node.state =
                State::Parked(Parked::Registry { why: text.to_owned(), retry_after_seconds: Some(delay.as_secs()) });
        }
        self.pause(&registry, delay, text, now, effects).filter(|_| !too_often)
    }

    /// Lets nothing more begin at a registry before the pause is over. One that is longer than relay waits parks all that has
    /// not begun there: `None`.
    fn pause(
        &mut self,
        registry: &RegistryUrl,
        delay: Duration,
        text: &str,
        now: Duration,
        effects: &mut Vec<Effect>,
    ) -> Option<Duration> {
        if delay > PAUSE_MAX {
            let retry_after_seconds = Some(delay.as_secs());
            let waiting = self.nodes.iter_mut().filter(|node| node.job.registry == *registry);
            for node in waiting.filter(|node| matches!(node.state, State::Pending | State::Waiting { .. })) {
                node.state = State::Parked(Parked::Registry { why: text.to_owned(), retry_after_seconds });
            }
            return None;
        }
        let pause = self.paused_until.entry(registry.clone()).or_default();
        *pause = (*pause).max(now + delay.max(Duration::from_millis(200)));
        effects.push(Effect::Wake { at: *pause });
        Some(*pause)
    }

    pub(super) fn looked(&mut self, at: usize, found: Found, now: Duration, effects: &mut Vec<Effect>) {
        let (timeout, stopping) = (self.terms.visibility_timeout, self.stopping);
        let Some(node) = self.nodes.get_mut(at) else { return };
        match (found, &node.state) {
            (Found::SameBytes, state) => {
                let how = if node.uploads == 0 || node.was_there { How::AlreadyThere } else { How::Published };
                // What was there before this run asked for it tells nothing of how long that took.
                node.shown_after = match state {
                    State::Accepted { since } if how == How::Published => Some(now.saturating_sub(*since)),
                    _ => None,
                };
                node.state = State::Live(how);
            }
            (Found::OtherBytes { there, ours }, _) => {
                node.state = State::Failed(Failure::OtherBytes { there, ours });
            }
            (found, State::Accepted { since }) => {
                let waited = now.saturating_sub(*since);
                node.looks += 1;
                if stopping {
                    node.state = State::Parked(Parked::Interrupted { in_flight: false, accepted: true });
                    return;
                }
                if waited >= timeout {
                    // Who could not look has not seen that there is nothing.
                    if matches!(found, Found::NotYet | Found::TakenBack) {
                        self.did_not_appear(at, waited, now, effects);
                    } else {
                        node.park_invisible(waited);
                    }
                    return;
                }
                let mut next = now + look_pause(node.looks).max(Duration::from_millis(50));
                let (package, registry) = (node.job.name.clone(), node.job.registry.clone());
                let end = *since + timeout;
                if let Found::Busy { retry_after, text } = found {
                    let delay = retry_after.unwrap_or(PAUSE_UNASKED);
                    let until = self.pause(&registry, delay, &text, now, effects);
                    next = next.max(until.unwrap_or(end));
                }
                // A pause that the registry asked for is one for looks too.
                let pause = self.paused_until.get(&registry).copied().unwrap_or_default();
                effects.push(Effect::Look { package, at: next.max(pause).min(end.max(now)) });
            }
            _ => {}
        }
    }

    pub(super) fn upload(&mut self, at: usize, carried: Carried, effects: &mut Vec<Effect>) {
        let Some(node) = self.nodes.get_mut(at) else { return };
        node.uploads += 1;
        node.factor.sends(carried);
        node.state = State::Uploading;
        effects.push(Effect::Upload {
            package: node.job.name.clone(),
            attempt: node.uploads,
            with_otp: carried.is_something(),
            interactive: node.is_interactive(),
        });
    }
}

impl Node {
    fn try_again(&mut self, cause: String, now: Duration, effects: &mut Vec<Effect>) {
        if self.uploads >= UPLOADS_PER_PACKAGE_MAX {
            self.state = State::Failed(Failure::Unreachable { cause });
        } else {
            let until = now + back_off(self.uploads);
            self.state = State::Waiting { until, why: cause };
            effects.push(Effect::Wake { at: until });
        }
    }
}

/// Doubled with each try.
pub(crate) fn back_off(tries: u32) -> Duration {
    BACK_OFF_FIRST.saturating_mul(1 << tries.saturating_sub(1).min(6)).min(BACK_OFF_MAX)
}

/// Short pauses at first, for registries that show a version at once; then the pace that the public one bears.
fn look_pause(looks: u32) -> Duration {
    VISIBILITY_POLL_FIRST.saturating_mul(1 << looks.saturating_sub(1).min(8)).min(VISIBILITY_POLL_MAX)
}

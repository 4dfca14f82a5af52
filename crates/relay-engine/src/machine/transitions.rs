//! What each input does to the package it is about.

use std::mem;
use std::time::Duration;

use relay_config::RouteKind;
use relay_registry::RefusalClass;

use super::protocol::{
    Answer, CHALLENGES_PER_PACKAGE_MAX, Effect, Found, KEPT_OTP_AGE_MAX, PAUSE_MAX, PAUSES_PER_PACKAGE_MAX,
    SETTLE_READS_MAX, UPLOADS_PER_PACKAGE_MAX, UploadOutcome, VISIBILITY_POLL_MAX,
};
use super::{Machine, Node};
use crate::state::{Failure, How, Parked, State};

impl Machine {
    pub(super) fn upload_ended(&mut self, at: usize, outcome: UploadOutcome, now: Duration, effects: &mut Vec<Effect>) {
        let Some(node) = self.nodes.get_mut(at) else { return };
        match outcome {
            UploadOutcome::Accepted => {
                if node.sent_kept_otp {
                    self.otp.works_again = Some(true);
                }
                self.accept(at, now, effects);
            }
            UploadOutcome::Challenged { web } => self.challenged(at, web, now, effects),
            UploadOutcome::Refused(refusal) if refusal.code.class() == RefusalClass::Verify => {
                node.was_there = node.uploads <= 1;
                node.uncertain = None;
                self.settle(at, now, effects);
            }
            UploadOutcome::Refused(refusal) => node.state = State::Failed(Failure::Refused(refusal)),
            UploadOutcome::RateLimited { retry_after, text } => self.paused(at, retry_after, text, now, effects),
            UploadOutcome::Unknown { cause } => {
                node.uncertain = Some(cause);
                self.settle(at, now, effects);
            }
            UploadOutcome::NotSent { cause } => node.try_again(cause, now, effects),
        }
    }

    pub(super) fn accept(&mut self, at: usize, now: Duration, effects: &mut Vec<Effect>) {
        let Some(node) = self.nodes.get_mut(at) else { return };
        node.state = State::Accepted { since: now };
        if mem::take(&mut node.typed) {
            self.challenges_answered += 1;
        }
        effects.push(Effect::Look { package: node.job.name.clone(), at: now });
    }

    fn settle(&mut self, at: usize, when: Duration, effects: &mut Vec<Effect>) {
        let Some(node) = self.nodes.get_mut(at) else { return };
        node.state = State::Settling;
        effects.push(Effect::Settle { package: node.job.name.clone(), at: when });
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
        node.job.route = RouteKind::Interactive;
        node.typed = false;
        let refused = node.sent_otp;
        node.web |= web;
        // The answer to a used-up password is a bare text; a request without one opens a page to answer on.
        let reopen = refused && node.web && !web && node.reopened < CHALLENGES_PER_PACKAGE_MAX;
        if refused {
            // A refused password is dead for all (`npm-registry.md`, 3.4: never loop with the same value).
            self.otp.since = None;
        }
        if node.sent_kept_otp {
            self.otp.works_again = Some(false);
        }
        let kept_is_fresh = self.otp.since.is_some_and(|since| now.saturating_sub(since) < KEPT_OTP_AGE_MAX);
        if self.stopping {
            node.state = State::Parked(Parked::Interrupted { in_flight: false, accepted: false });
        } else if kept_is_fresh && self.otp.works_again != Some(false) {
            self.upload(at, true, effects);
        } else if reopen && self.terms.person {
            node.reopened += 1;
            self.upload(at, false, effects);
        } else if !self.terms.person {
            let why = if refused {
                "the one-time password was refused: it is mistyped, used up or too old"
            } else {
                "the registry asks for a second factor and nobody is here to answer"
            };
            node.state = State::Parked(Parked::Person { why: why.to_owned() });
        } else if node.challenges >= CHALLENGES_PER_PACKAGE_MAX {
            let why = format!("the registry refused {CHALLENGES_PER_PACKAGE_MAX} answers");
            node.state = State::Parked(Parked::Person { why });
        } else {
            node.challenges += 1;
            node.state = State::AwaitingPerson;
            let package = node.job.name.clone();
            let remaining = self.persons_waiting();
            effects.push(Effect::Ask { package, remaining });
        }
    }

    pub(super) fn answered(&mut self, at: usize, answer: Answer, now: Duration, effects: &mut Vec<Effect>) {
        match answer {
            Answer::Given => {
                self.challenges_answered += 1;
                self.otp.since = Some(now);
            }
            Answer::Typed => self.otp.since = Some(now),
            Answer::Skipped | Answer::Expired | Answer::Over => {}
        }
        let Some(node) = self.nodes.get_mut(at) else { return };
        if node.state != State::AwaitingPerson {
            return;
        }
        let why = match answer {
            Answer::Given | Answer::Typed => {
                self.upload(at, true, effects);
                // This password was made for this very package: it is not one that served another before.
                if let Some(node) = self.nodes.get_mut(at) {
                    node.sent_kept_otp = false;
                    node.typed = answer == Answer::Typed;
                }
                return;
            }
            Answer::Skipped => "the challenge was skipped",
            Answer::Expired => "nobody answered the challenge in time",
            Answer::Over => "the challenge is over: it was denied, or it expired",
        };
        node.state = State::Parked(Parked::Person { why: why.to_owned() });
    }

    pub(super) fn settled(&mut self, at: usize, found: Found, now: Duration, effects: &mut Vec<Effect>) {
        let Some(node) = self.nodes.get_mut(at) else { return };
        match found {
            Found::SameBytes => self.accept(at, now, effects),
            Found::OtherBytes { there, ours } => node.state = State::Failed(Failure::OtherBytes { there, ours }),
            // The registry says that the version is taken and does not show it: accepted, not visible yet. Whose bytes
            // they are is told when they can be seen; then other bytes stop the package.
            Found::NotYet => match node.uncertain.clone() {
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
                    effects.push(Effect::Settle { package: node.job.name.clone(), at: when });
                }
            }
        }
    }

    fn paused(
        &mut self,
        at: usize,
        retry_after: Option<Duration>,
        text: String,
        now: Duration,
        effects: &mut Vec<Effect>,
    ) {
        let Some(node) = self.nodes.get_mut(at) else { return };
        node.pauses += 1;
        // `npm-registry.md`, 10.1: without a word from the registry, 30 s · 2ⁿ.
        let delay = retry_after
            .unwrap_or_else(|| Duration::from_secs(30).saturating_mul(1 << node.pauses.saturating_sub(1).min(6)));
        if delay > PAUSE_MAX || node.pauses > PAUSES_PER_PACKAGE_MAX {
            node.state = State::Parked(Parked::Registry { why: text, retry_after_seconds: Some(delay.as_secs()) });
            return;
        }
        let until = now + delay.max(Duration::from_millis(200));
        node.uploads = node.uploads.saturating_sub(1);
        node.state = State::Waiting { until, why: "the registry asked for a pause".to_owned() };
        let pause = self.paused_until.entry(node.job.registry.clone()).or_default();
        *pause = (*pause).max(until);
        effects.push(Effect::Wake { at: until });
    }

    pub(super) fn looked(&mut self, at: usize, found: Found, now: Duration, effects: &mut Vec<Effect>) {
        let (timeout, stopping) = (self.terms.visibility_timeout, self.stopping);
        let Some(node) = self.nodes.get_mut(at) else { return };
        match (found, &node.state) {
            (Found::SameBytes, _) => {
                let how = if node.uploads == 0 || node.was_there { How::AlreadyThere } else { How::Published };
                node.state = State::Live(how);
            }
            (Found::OtherBytes { there, ours }, _) => {
                node.state = State::Failed(Failure::OtherBytes { there, ours });
            }
            (Found::NotYet | Found::Unavailable { .. }, State::Accepted { since }) => {
                let waited = now.saturating_sub(*since);
                node.looks += 1;
                if stopping {
                    node.state = State::Parked(Parked::Interrupted { in_flight: false, accepted: true });
                } else if waited >= timeout {
                    node.state = State::Parked(Parked::Visibility { waited_seconds: waited.as_secs() });
                } else {
                    let pause = look_pause(node.looks).min(timeout.saturating_sub(waited));
                    let when = now + pause.max(Duration::from_millis(50));
                    effects.push(Effect::Look { package: node.job.name.clone(), at: when });
                }
            }
            _ => {}
        }
    }

    pub(super) fn upload(&mut self, at: usize, with_otp: bool, effects: &mut Vec<Effect>) {
        let Some(node) = self.nodes.get_mut(at) else { return };
        node.uploads += 1;
        node.sent_otp = with_otp;
        node.sent_kept_otp = with_otp;
        node.state = State::Uploading;
        effects.push(Effect::Upload {
            package: node.job.name.clone(),
            attempt: node.uploads,
            with_otp,
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

/// One second, doubled with each try, one minute at the most.
fn back_off(tries: u32) -> Duration {
    Duration::from_secs(1).saturating_mul(1 << tries.saturating_sub(1).min(6)).min(Duration::from_mins(1))
}

/// Short pauses at first, for registries that show a version at once; then the pace that the public one bears.
fn look_pause(looks: u32) -> Duration {
    Duration::from_millis(100).saturating_mul(1 << looks.saturating_sub(1).min(8)).min(VISIBILITY_POLL_MAX)
}

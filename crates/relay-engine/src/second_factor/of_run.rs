//! The second factor of a whole run, by registry: an answer that was given to one is none of another's, and must not reach it.

use std::collections::BTreeMap;

use relay_registry::{Otp, RegistryUrl};
use tokio::time::Instant;

use super::SecondFactor;

/// What is known of the second factor at each registry of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondFactors {
    /// Of a registry that nothing is known of yet.
    fresh: SecondFactor,
    known: BTreeMap<RegistryUrl, SecondFactor>,
}

/// The second factors of a run with the answers that are kept. The uploads use them, and then the writes after them.
#[derive(Debug, Clone)]
pub struct SecondFactorSession {
    /// What is known.
    pub state: SecondFactors,
    /// What times are counted from.
    pub epoch: Instant,
    /// A password that was given beforehand (`--otp`): whoever gave it named no registry.
    given: Option<Otp>,
    /// The last answer at each registry. Whether it goes along, `state` says.
    answers: BTreeMap<RegistryUrl, Otp>,
}

impl SecondFactors {
    /// A run in which a person can answer or not, with an answer given beforehand (at the time zero) or without.
    pub fn new(person: bool, given: bool) -> Self {
        Self { fresh: SecondFactor::new(person, given), known: BTreeMap::new() }
    }

    /// What is known at a registry.
    pub fn at(&self, registry: &RegistryUrl) -> &SecondFactor {
        self.known.get(registry).unwrap_or(&self.fresh)
    }

    /// The same, to be changed by what happens there.
    pub fn at_mut(&mut self, registry: &RegistryUrl) -> &mut SecondFactor {
        self.known.entry(registry.clone()).or_insert_with(|| self.fresh.clone())
    }

    /// How many challenges a person answered so far, at all of them.
    pub fn answered_count(&self) -> u32 {
        self.known.values().map(SecondFactor::answered_count).sum()
    }
}

impl SecondFactorSession {
    /// A session that begins now.
    #[expect(clippy::disallowed_methods, reason = "the times of one run are counted from here on")]
    pub fn begin(person: bool, otp: Option<Otp>) -> Self {
        Self::new(person, otp, Instant::now())
    }

    /// A session that begins at a time, with an answer given beforehand or without.
    pub fn new(person: bool, otp: Option<Otp>, epoch: Instant) -> Self {
        Self { state: SecondFactors::new(person, otp.is_some()), epoch, given: otp, answers: BTreeMap::new() }
    }

    /// The answer that a write to a registry may carry.
    pub fn otp(&self, registry: &RegistryUrl) -> Option<&Otp> {
        self.answers.get(registry).or(self.given.as_ref())
    }

    /// Keeps an answer for the registry that asked for it.
    pub fn keep(&mut self, registry: &RegistryUrl, otp: Otp) {
        self.answers.insert(registry.clone(), otp);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{Answer, Carried, WriteFactor};
    use super::*;

    fn registry(host: &str) -> RegistryUrl {
        RegistryUrl::parse(&format!("https://{host}.example")).unwrap()
    }

    #[test]
    fn an_answer_given_to_one_registry_is_none_for_another() {
        let (one, other) = (registry("one"), registry("other"));
        let mut session = SecondFactorSession::new(true, None, Instant::now());
        session.state.at_mut(&one).answered(Answer::Given, Duration::ZERO);
        session.keep(&one, Otp::parse("123456").unwrap());
        assert_eq!(session.state.at(&one).at_first(Duration::ZERO), Carried::Kept);
        assert!(session.otp(&one).is_some());
        assert_eq!(session.state.at(&other).at_first(Duration::ZERO), Carried::Nothing);
        assert!(session.otp(&other).is_none());
        assert_eq!(session.state.answered_count(), 1);
    }

    #[test]
    fn what_is_refused_at_one_registry_is_still_good_at_another() {
        let (one, other) = (registry("one"), registry("other"));
        let mut state = SecondFactors::new(false, true);
        let mut write = WriteFactor::default();
        write.sends(state.at(&one).at_first(Duration::ZERO));
        state.at_mut(&one).challenged(&mut write, false, Duration::ZERO);
        assert!(!state.at(&one).can_be_answered(Duration::ZERO));
        assert!(state.at(&other).can_be_answered(Duration::ZERO), "it was given for the run and not used there");
    }
}

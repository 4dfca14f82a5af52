//! A challenge brought to a person: shown and polled for, or a code asked for. The same for every kind of write.
#![expect(clippy::disallowed_methods, reason = "polling waits, by the clock that tests move")]

use std::time::Duration;

use relay_registry::{Challenge, Otp, WebChallenge};
use relay_values::RegistryUrl;
use tokio::time::Instant;
use url::Url;

use crate::event::Fact;
use crate::registry_calls::Polled;
use crate::registry_change::{ChangeKey, RegistryChange};
use crate::second_factor::Answer;

/// How long a web challenge is polled (`npm-registry.md`, 3.2: pnpm's budget).
pub const CHALLENGE_BUDGET: Duration = Duration::from_mins(5);
/// The shortest time between two polls of a web challenge.
pub const CHALLENGE_POLL_MIN: Duration = Duration::from_secs(1);
/// The longest time between two polls, whatever the registry asks for.
pub const CHALLENGE_POLL_MAX: Duration = Duration::from_secs(30);

/// A challenge as a person meets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChallengeNotice {
    /// The write that is challenged.
    pub of: ChangeKey,
    /// The registry that asks.
    pub registry: RegistryUrl,
    /// Where the person answers; `None`: a code must be typed.
    pub url: Option<Url>,
    /// What the registry says beside, if anything.
    pub message: Option<String>,
    /// How many writes still need a person after this one.
    pub remaining: usize,
}

/// The person at the terminal, or whoever stands in for them.
pub trait Person: Sync {
    /// Shows where a web challenge is answered. Returns at once; the driver polls for the answer.
    fn show(&self, notice: &ChallengeNotice);
    /// Asks for a one-time password.
    fn ask_code(&self, notice: &ChallengeNotice) -> impl Future<Output = Code> + Send;
}

/// What came of asking for a one-time password.
#[derive(Debug, Clone)]
pub enum Code {
    /// It was typed.
    Typed(Otp),
    /// The write is skipped.
    Skipped,
    /// The whole run is to stop, as with an interrupt from elsewhere.
    Interrupted,
}

/// What came of bringing a challenge to a person.
pub(crate) enum Brought {
    /// An answer or none, with the one-time password where there is one.
    Answer(Answer, Option<Otp>),
    /// The whole run is to stop.
    Interrupted,
}

impl ChallengeNotice {
    /// What a person is told of a write's challenge. Without one, a code is asked for.
    pub(crate) fn new(of: ChangeKey, registry: &RegistryUrl, challenge: Option<&Challenge>, remaining: usize) -> Self {
        let (url, message) = match challenge {
            Some(Challenge::Web(web)) => (Some(web.auth_url.clone()), None),
            Some(Challenge::Otp { message, notice }) => (None, notice.clone().or_else(|| Some(message.clone()))),
            None => (None, None),
        };
        Self { of, registry: registry.clone(), url, message, remaining }
    }

    /// The event of it.
    pub(crate) fn opened(&self) -> Fact {
        Fact::ChallengeOpened {
            package: self.of.package.clone(),
            change: beside_uploads(&self.of.change),
            url: self.url.as_ref().map(Url::to_string),
            remaining: self.remaining,
        }
    }
}

/// What an event says of a challenged write: of an upload nothing, since the package's state tells.
pub(crate) fn beside_uploads(change: &RegistryChange) -> Option<RegistryChange> {
    (!matches!(change, RegistryChange::Publish { .. })).then(|| change.clone())
}

/// Brings a challenge to a person and waits for what comes of it. `poll` asks once whether a web challenge was answered.
pub(crate) async fn bring<'c, P, F>(
    person: &P,
    notice: &ChallengeNotice,
    challenge: Option<&'c Challenge>,
    poll: impl Fn(&'c WebChallenge) -> F + Send,
) -> Brought
where
    P: Person,
    F: Future<Output = Polled> + Send,
{
    if let Some(Challenge::Web(web)) = challenge {
        person.show(notice);
        return match poll_until_answered(move || poll(web)).await {
            Ok(otp) => Brought::Answer(Answer::Given, Some(otp)),
            Err(answer) => Brought::Answer(answer, None),
        };
    }
    match person.ask_code(notice).await {
        Code::Typed(otp) => Brought::Answer(Answer::Typed, Some(otp)),
        Code::Skipped => Brought::Answer(Answer::Skipped, None),
        Code::Interrupted => Brought::Interrupted,
    }
}

/// The password that the registry gives for an answer; without one, how the challenge ended.
async fn poll_until_answered<F: Future<Output = Polled> + Send>(poll: impl Fn() -> F + Send) -> Result<Otp, Answer> {
    let end = Instant::now() + CHALLENGE_BUDGET;
    while Instant::now() < end {
        let pause = match poll().await {
            Polled::Done(otp) => return Ok(otp),
            Polled::Gone => return Err(Answer::Over),
            Polled::Pending { retry_after } => retry_after.unwrap_or(CHALLENGE_POLL_MIN),
            Polled::Failed => CHALLENGE_POLL_MIN,
        };
        tokio::time::sleep(pause.clamp(CHALLENGE_POLL_MIN, CHALLENGE_POLL_MAX)).await;
    }
    Err(Answer::Expired)
}

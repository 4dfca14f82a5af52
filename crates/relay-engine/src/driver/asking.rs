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
pub(crate) async fn poll_until_answered<F: Future<Output = Polled> + Send>(
    poll: impl Fn() -> F + Send,
) -> Result<Otp, Answer> {
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

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Mutex;

    use super::*;
    use crate::fixture::{name, registry};

    /// Polls until these answers are used up, and then for as long as it takes; gives what came of it and when each poll was.
    async fn polled(answers: Vec<Polled>) -> (Result<Otp, Answer>, Vec<Duration>) {
        let begun = Instant::now();
        let (answers, times) = (Mutex::new(VecDeque::from(answers)), Mutex::new(Vec::new()));
        let answered = poll_until_answered(|| {
            times.lock().unwrap().push(begun.elapsed());
            let answer = answers.lock().unwrap().pop_front();
            std::future::ready(answer.unwrap_or(Polled::Pending { retry_after: None }))
        });
        let answered = answered.await;
        (answered, times.into_inner().unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_is_polled_at_the_registrys_pace_within_bounds_and_given_up_in_its_time() {
        let code = || Otp::parse("123456").unwrap();
        let after = |pause| Polled::Pending { retry_after: Some(pause) };
        let (answered, times) =
            polled(vec![after(Duration::ZERO), after(Duration::from_hours(9)), Polled::Done(code())]).await;
        assert!(answered.is_ok());
        assert_eq!(times, [Duration::ZERO, CHALLENGE_POLL_MIN, CHALLENGE_POLL_MIN + CHALLENGE_POLL_MAX]);
        let (answered, times) = polled(vec![Polled::Failed, Polled::Gone]).await;
        assert!(matches!(answered, Err(Answer::Over)), "a poll that fails is tried again, a page that is gone is over");
        assert_eq!(times.len(), 2);
        let (answered, times) = polled(vec![]).await;
        assert!(matches!(answered, Err(Answer::Expired)));
        assert!(times.iter().all(|at| *at < CHALLENGE_BUDGET), "{times:?}");
    }

    #[test]
    fn a_person_is_shown_the_page_or_told_what_the_registry_says_beside_the_code() {
        let key =
            || ChangeKey { package: name("a"), change: RegistryChange::Publish { version: "1.0.0".parse().unwrap() } };
        let url = || Url::parse("http://registry.example/auth/1").unwrap();
        let web = Challenge::Web(WebChallenge { auth_url: url(), done_url: url() });
        let code =
            |notice: Option<&str>| Challenge::Otp { message: "a code".to_owned(), notice: notice.map(str::to_owned) };
        for (challenge, shown, message) in [
            (Some(web), Some(url()), None),
            (Some(code(None)), None, Some("a code")),
            (Some(code(Some("use your key"))), None, Some("use your key")),
            (None, None, None),
        ] {
            let notice = ChallengeNotice::new(key(), &registry(), challenge.as_ref(), 2);
            assert_eq!((&notice.url, notice.message.as_deref()), (&shown, message));
            let Fact::ChallengeOpened { change, url, remaining, .. } = notice.opened() else { panic!() };
            assert_eq!(
                (change, url, remaining),
                (None, shown.map(|url| url.to_string()), 2),
                "of an upload its state tells"
            );
        }
        let tag = ChangeKey { package: name("a"), change: RegistryChange::RemoveTag { tag: "next".parse().unwrap() } };
        let Fact::ChallengeOpened { change, .. } = ChallengeNotice::new(tag.clone(), &registry(), None, 0).opened()
        else {
            panic!()
        };
        assert_eq!(change, Some(tag.change));
    }
}

//! A write about an account, which no package is part of: tokens, the second factor. It goes with the run's second factor as
//! writes about packages do, so that one answer serves all that it can.

use std::future::Future;

use relay_registry::{Challenge, Otp, Refusal, RegistryClient, RegistryUrl, WriteError};
use relay_registry::{Credential, NpmCommand, Url, WebChallenge};

use super::login::Typed;
use crate::driver::poll_until_answered;
use crate::registry_calls::Polled;
use crate::second_factor::{Answer, SecondFactorSession, Step, WriteFactor};

/// How often one write is sent in all: once for each way in which the second factor can be answered, and some to spare.
const SENDINGS_MAX: usize = 12;

/// Who answers a second factor.
pub trait FactorPerson: Sync {
    /// Shows the page of a challenge. Returns at once.
    fn show_challenge(&self, what: &str, page: &Url);
    /// Asks for a one-time password, with what the registry said of it.
    fn type_code(&self, what: &str, message: &str) -> impl Future<Output = Typed<Otp>> + Send;
}

/// The registry's side of a challenge.
pub trait ChallengeCalls: Sync {
    /// Looks once whether a challenge of this command was answered.
    fn poll_challenge(
        &self,
        registry: &RegistryUrl,
        challenge: &WebChallenge,
        command: NpmCommand,
        credential: &Credential,
    ) -> impl Future<Output = Polled> + Send;
}

impl ChallengeCalls for RegistryClient {
    async fn poll_challenge(
        &self,
        registry: &RegistryUrl,
        challenge: &WebChallenge,
        command: NpmCommand,
        credential: &Credential,
    ) -> Polled {
        self.poll_done(registry, challenge, command, credential).await.into()
    }
}

/// One write.
#[derive(Debug, Clone, Copy)]
pub struct GuardedWrite<'a> {
    /// What it does, for the person, such as "revoke the token `ci`".
    pub what: &'a str,
    /// Where.
    pub registry: &'a RegistryUrl,
    /// By whose session.
    pub credential: &'a Credential,
    /// Which npm command it stands in for.
    pub command: NpmCommand,
}

/// Why a write about an account was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GuardedFailure {
    /// The registry said no.
    #[error("{0}")]
    Refused(Refusal),
    /// It wants a pause.
    #[error("the registry asks for a pause: {0}")]
    Paused(Refusal),
    /// Whether it was done is not known.
    #[error("whether it was done is not known: {0}")]
    Unknown(String),
    /// Nothing was sent.
    #[error("{0}")]
    NotSent(String),
    /// The second factor was not answered.
    #[error("{0}")]
    Unanswered(String),
    /// The person asked to stop.
    #[error("interrupted at the question for a one-time password")]
    Interrupted,
}

/// Sends a write until it is taken or can't be. `send` sends it once, with an answer to a challenge or without.
///
/// # Errors
/// [`GuardedFailure`].
pub async fn guarded<T>(
    write: GuardedWrite<'_>,
    session: &mut SecondFactorSession,
    person: &impl FactorPerson,
    calls: &impl ChallengeCalls,
    mut send: impl AsyncFnMut(Option<&Otp>) -> Result<T, WriteError>,
) -> Result<T, GuardedFailure> {
    let registry = write.registry;
    let mut factor = WriteFactor::default();
    let mut carried = session.state.at(registry).at_first(session.epoch.elapsed());
    for _ in 0..SENDINGS_MAX {
        factor.sends(carried);
        let otp = session.otp(registry).filter(|_| carried.is_something()).cloned();
        let challenge = match send(otp.as_ref()).await {
            Ok(done) => {
                session.state.at_mut(registry).accepted(&mut factor);
                return Ok(done);
            }
            Err(WriteError::Challenge(challenge)) => challenge,
            Err(WriteError::Refused(refusal)) => return Err(GuardedFailure::Refused(refusal)),
            Err(WriteError::RateLimited { refusal, .. }) => return Err(GuardedFailure::Paused(refusal)),
            Err(WriteError::OutcomeUnknown { cause }) => return Err(GuardedFailure::Unknown(cause)),
            Err(WriteError::NotSent { cause }) => return Err(GuardedFailure::NotSent(cause)),
        };
        let web = matches!(challenge, Challenge::Web(_));
        let now = session.epoch.elapsed();
        let mut step = session.state.at_mut(registry).challenged(&mut factor, web, now);
        if step == Step::Ask {
            let (answer, otp) = ask(write, &challenge, person, calls).await?;
            if let Some(otp) = otp {
                session.keep(registry, otp);
            }
            let now = session.epoch.elapsed();
            step = session.state.at_mut(registry).answered(answer, now);
        }
        carried = match step {
            Step::Send(carried) => carried,
            Step::GiveUp { why } => return Err(GuardedFailure::Unanswered(why)),
            Step::Ask => return Err(GuardedFailure::Unanswered("the registry asks again and again".to_owned())),
        };
    }
    Err(GuardedFailure::Unanswered(format!("the registry challenged it {SENDINGS_MAX} times")))
}

async fn ask(
    write: GuardedWrite<'_>,
    challenge: &Challenge,
    person: &impl FactorPerson,
    calls: &impl ChallengeCalls,
) -> Result<(Answer, Option<Otp>), GuardedFailure> {
    match challenge {
        Challenge::Web(web) => {
            person.show_challenge(write.what, &web.auth_url);
            let poll = || calls.poll_challenge(write.registry, web, write.command, write.credential);
            Ok(match poll_until_answered(poll).await {
                Ok(otp) => (Answer::Given, Some(otp)),
                Err(answer) => (answer, None),
            })
        }
        Challenge::Otp { message, notice } => {
            match person.type_code(write.what, notice.as_ref().unwrap_or(message)).await {
                Typed::Given(otp) => Ok((Answer::Typed, Some(otp))),
                Typed::Skipped => Ok((Answer::Skipped, None)),
                Typed::Interrupted => Err(GuardedFailure::Interrupted),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use relay_values::CredentialId;
    use tokio::time::Instant;

    use super::*;

    /// A person who types the same code, and a registry whose pages are answered at the first look; with what both were asked.
    #[derive(Default)]
    struct World {
        asked: Mutex<Vec<String>>,
        stops: bool,
    }

    impl FactorPerson for World {
        fn show_challenge(&self, what: &str, _: &Url) {
            self.asked.lock().unwrap().push(format!("page: {what}"));
        }

        async fn type_code(&self, what: &str, message: &str) -> Typed<Otp> {
            self.asked.lock().unwrap().push(format!("{message}: {what}"));
            if self.stops { Typed::Interrupted } else { Typed::Given(Otp::parse("123456").unwrap()) }
        }
    }

    impl ChallengeCalls for World {
        async fn poll_challenge(&self, _: &RegistryUrl, _: &WebChallenge, _: NpmCommand, _: &Credential) -> Polled {
            Polled::Done(Otp::parse("1234567890123456").unwrap())
        }
    }

    fn typed_challenge() -> WriteError {
        WriteError::Challenge(Challenge::Otp { message: "a code".to_owned(), notice: None })
    }

    /// Sends so many writes to a registry that takes each with an answer; gives what was asked and how often was sent.
    async fn sent(world: &World, writes: usize, challenge: fn() -> WriteError) -> (Result<(), GuardedFailure>, usize) {
        let registry = RegistryUrl::parse("https://registry.example").unwrap();
        let credential = Credential::new_bearer("t".into(), CredentialId::made(registry.clone(), "a test"));
        let mut session = SecondFactorSession::new(true, None, Instant::now());
        let mut sendings = 0;
        for _ in 0..writes {
            let write = GuardedWrite {
                what: "revoke `ci`",
                registry: &registry,
                credential: &credential,
                command: NpmCommand::Token,
            };
            let done = guarded(write, &mut session, world, world, async |otp: Option<&Otp>| {
                sendings += 1;
                if otp.is_some() { Ok(()) } else { Err(challenge()) }
            });
            if let Err(failure) = done.await {
                return (Err(failure), sendings);
            }
        }
        (Ok(()), sendings)
    }

    #[tokio::test]
    async fn one_answer_serves_all_writes_of_a_run_that_it_can() {
        let world = World::default();
        let (done, sendings) = sent(&world, 3, typed_challenge).await;
        assert_eq!((done, sendings), (Ok(()), 4));
        assert_eq!(*world.asked.lock().unwrap(), ["a code: revoke `ci`"]);
        let world = World::default();
        let page = || {
            let url = || Url::parse("https://registry.example/x").unwrap();
            WriteError::Challenge(Challenge::Web(WebChallenge { auth_url: url(), done_url: url() }))
        };
        let (done, sendings) = sent(&world, 2, page).await;
        assert_eq!((done, sendings), (Ok(()), 3));
        assert_eq!(*world.asked.lock().unwrap(), ["page: revoke `ci`"]);
    }

    #[tokio::test]
    async fn ctrl_c_is_told_apart_and_each_no_is_an_end() {
        let (done, sendings) = sent(&World { stops: true, ..World::default() }, 1, typed_challenge).await;
        assert_eq!((done, sendings), (Err(GuardedFailure::Interrupted), 1));
        let (done, sendings) =
            sent(&World::default(), 1, || WriteError::OutcomeUnknown { cause: "cut".to_owned() }).await;
        assert_eq!((done, sendings), (Err(GuardedFailure::Unknown("cut".to_owned())), 1), "never sent a second time");
    }
}

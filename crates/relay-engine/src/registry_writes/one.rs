//! The way of one write: read, send, and what each answer leads to. All retries are bounded.
#![expect(clippy::disallowed_methods, reason = "a row of writes waits between its tries, by the clock that tests move")]

use std::time::Duration;

use relay_registry::{Challenge, Credential, Refusal, RefusalClass, RefusalCode};

use super::{PlannedWrite, RegistryWrites, Row, Standing, WriteFailure, WriteOutcome, WriteSent};
use crate::driver::{Brought, ChallengeNotice, DriverError, Person, SETTLE_AFTER_INTERRUPT, beside_uploads, bring};
use crate::event::Fact;
use crate::machine::{
    PAUSE_MAX, PAUSE_UNASKED, PAUSES_PER_PACKAGE_MAX, SETTLE_READS_MAX, UPLOADS_PER_PACKAGE_MAX, back_off,
};
use crate::second_factor::{Carried, Step, WriteFactor};
use crate::state::Parked;

/// What one write has met so far.
#[derive(Default)]
pub(super) struct Met {
    sent: u32,
    pauses: u32,
    factor: WriteFactor,
    /// It goes with the credential by which a person answers.
    interactive: bool,
}

/// What is done after a request.
enum Next {
    Send(Carried),
    End(WriteOutcome),
    /// It goes on with a person's credential.
    Person,
}

/// How far a write came.
pub(super) enum Came {
    /// It has come to its end, after it was sent so often.
    ToAnEnd(WriteOutcome, u32),
    /// A person has to answer for it, though that was not expected: it goes on when it is its turn to be asked.
    ToAPerson(Met),
}

impl Met {
    /// What nobody has sent yet.
    pub(super) fn nothing(needs_person: bool) -> Self {
        Self { interactive: needs_person, ..Self::default() }
    }
}

impl<R: RegistryWrites, P: Person> Row<'_, '_, R, P> {
    /// Carries one write out, or goes on with it. `remaining`: how many need a person after it.
    pub(super) async fn one(
        &mut self,
        write: &PlannedWrite,
        remaining: usize,
        mut met: Met,
    ) -> Result<Came, DriverError> {
        if met.sent == 0
            && let Some(outcome) = self.before(write, &mut met).await?
        {
            return Ok(Came::ToAnEnd(outcome, 0));
        }
        let mut carried = if met.interactive {
            self.session.state.at(&write.registry).at_first(self.now())
        } else {
            Carried::Nothing
        };
        loop {
            match self.send(write, remaining, carried, &mut met).await? {
                Next::Send(next) => carried = next,
                Next::End(outcome) => return Ok(Came::ToAnEnd(outcome, met.sent)),
                Next::Person => return Ok(Came::ToAPerson(Met { interactive: true, ..met })),
            }
        }
    }

    /// What keeps a write from being sent at all, if anything does.
    async fn before(&mut self, write: &PlannedWrite, met: &mut Met) -> Result<Option<WriteOutcome>, DriverError> {
        if self.interrupted() {
            return Ok(Some(interrupted(false)));
        }
        if let Some(parked) = self.shared.pauses.closed(&write.registry) {
            return Ok(Some(WriteOutcome::Parked(parked)));
        }
        let standing = match self.read(write, met).await? {
            Ok(standing) => standing,
            Err(outcome) => return Ok(Some(outcome)),
        };
        Ok(match standing {
            Standing::Done => Some(WriteOutcome::AlreadySo),
            Standing::Impossible { why } => Some(WriteOutcome::Failed(WriteFailure::Impossible { why })),
            _ if met.interactive && !self.session.state.at(&write.registry).can_be_answered(self.now()) => {
                let why = "a person must answer a second factor, and nobody is here to do so".to_owned();
                Some(WriteOutcome::Parked(Parked::Person { why }))
            }
            _ => None,
        })
    }

    /// Reads how the registry stands, with a few tries. `Ok(Err(_))`: it can't be told, and that is the end of this write.
    async fn read(
        &mut self,
        write: &PlannedWrite,
        met: &mut Met,
    ) -> Result<Result<Standing, WriteOutcome>, DriverError> {
        let credential = write.authority.reading_credential().await;
        for tried in 1..=SETTLE_READS_MAX {
            if self.unless_stopped(self.shared.pauses.over(&write.registry)).await.is_none() {
                return Ok(Err(interrupted(met.sent > 0)));
            }
            let registry = self.context.registry;
            let reading = registry.standing(write, credential.as_ref());
            let Some(standing) = self.unless_stopped(reading).await else {
                return Ok(Err(interrupted(met.sent > 0)));
            };
            match standing {
                Standing::Unavailable { cause } if tried == SETTLE_READS_MAX => {
                    let why = format!("what it has can't be read: {cause}");
                    return Ok(Err(WriteOutcome::Parked(Parked::Registry { why, retry_after_seconds: None })));
                }
                Standing::Unavailable { cause } => {
                    if let Some(outcome) = self.wait(write, back_off(tried), &cause, met).await? {
                        return Ok(Err(outcome));
                    }
                }
                Standing::Busy { retry_after, text } => {
                    if let Some(outcome) = self.busy(write, retry_after, &text, met)? {
                        return Ok(Err(outcome));
                    }
                }
                standing => return Ok(Ok(standing)),
            }
        }
        let why = "the registry asked for pauses whenever it was read".to_owned();
        Ok(Err(WriteOutcome::Parked(Parked::Registry { why, retry_after_seconds: None })))
    }

    /// Sends a write once and weighs the answer.
    async fn send(
        &mut self,
        write: &PlannedWrite,
        remaining: usize,
        carried: Carried,
        met: &mut Met,
    ) -> Result<Next, DriverError> {
        let Some(_turn) = self.unless_stopped(self.shared.pauses.turn(&write.registry)).await else {
            return Ok(Next::End(interrupted(false)));
        };
        if self.interrupted() {
            return Ok(Next::End(interrupted(false)));
        }
        let credential = match write.authority.credential(met.interactive).await {
            Ok(credential) => credential,
            Err(error) => {
                let why = error.to_string();
                return Ok(Next::End(WriteOutcome::Failed(WriteFailure::NotAuthorised { why })));
            }
        };
        met.sent += 1;
        self.record(write, met.sent)?;
        // Asked when nothing is left to be done before: the process may have been stopped since it was asked last.
        if let Some(lock) = self.context.lock {
            lock.check().await?;
        }
        met.factor.sends(carried);
        let Some(sent) = self.in_flight(write, credential.as_ref(), carried).await else {
            return Ok(Next::End(interrupted(true)));
        };
        Ok(match sent {
            WriteSent::Accepted => {
                let answered = self.session.state.answered_count();
                self.session.state.at_mut(&write.registry).accepted(&mut met.factor);
                self.tell_answered(write, answered)?;
                Next::End(WriteOutcome::Done)
            }
            WriteSent::Challenged(challenge) => {
                self.challenged(write, remaining, credential.as_ref(), &challenge, met).await?
            }
            WriteSent::Impossible { why } => Next::End(WriteOutcome::Failed(WriteFailure::Impossible { why })),
            WriteSent::Refused(refusal) => self.refused(write, refusal, met).await?,
            WriteSent::RateLimited { retry_after, text } => {
                met.sent -= 1;
                match self.busy(write, retry_after, &text, met)? {
                    Some(outcome) => Next::End(outcome),
                    None => Next::Send(self.session.state.at(&write.registry).still(carried, self.now())),
                }
            }
            WriteSent::NotSent { cause } => self.again(write, cause, carried, met).await?,
            WriteSent::Unknown { cause } => self.settle(write, cause, met).await?,
        })
    }

    /// The registry asks for a second factor.
    async fn challenged(
        &mut self,
        write: &PlannedWrite,
        remaining: usize,
        credential: Option<&Credential>,
        challenge: &Challenge,
        met: &mut Met,
    ) -> Result<Next, DriverError> {
        if !met.interactive {
            // Stronger, never weaker: where a person's credential is at hand, it takes over.
            if write.authority.answered_with.is_none() {
                let credential = credential.map_or_else(|| "nobody".to_owned(), |one| one.id().to_string());
                return Ok(Next::End(WriteOutcome::Failed(WriteFailure::TokensDisallowed { credential })));
            }
            return Ok(Next::Person);
        }
        let web = matches!(challenge, Challenge::Web(_));
        let now = self.now();
        let mut step = self.session.state.at_mut(&write.registry).challenged(&mut met.factor, web, now);
        if self.interrupted() {
            return Ok(Next::End(interrupted(false)));
        }
        if step == Step::Ask {
            let notice = ChallengeNotice::new(write.key(), &write.registry, Some(challenge), remaining);
            self.context.events.emit(notice.opened())?;
            let (registry, person) = (self.context.registry, self.context.person);
            let poll = |web| registry.poll_write(write, web, credential);
            let brought = self.unless_stopped(bring(person, &notice, Some(challenge), poll)).await;
            let Some(Brought::Answer(answer, otp)) = brought else {
                self.shared.stops.stop();
                return Ok(Next::End(interrupted(false)));
            };
            if let Some(otp) = otp {
                self.session.keep(&write.registry, otp);
            }
            let answered = self.session.state.answered_count();
            let now = self.now();
            step = self.session.state.at_mut(&write.registry).answered(answer, now);
            self.tell_answered(write, answered)?;
        }
        Ok(match step {
            Step::Send(carried) => Next::Send(carried),
            Step::GiveUp { why } => Next::End(WriteOutcome::Parked(Parked::Person { why })),
            Step::Ask => Next::End(interrupted(false)),
        })
    }

    /// The registry said no. Where it may be about what is so already, or about a document that somebody else has changed
    /// meanwhile, it is read again.
    async fn refused(&mut self, write: &PlannedWrite, refusal: Refusal, met: &mut Met) -> Result<Next, DriverError> {
        let failed = |refusal| Next::End(WriteOutcome::Failed(WriteFailure::Refused(refusal)));
        let unsure = refusal.code.class() == RefusalClass::Verify || refusal.status == 404;
        if !unsure {
            return Ok(failed(refusal));
        }
        match self.read(write, met).await? {
            Ok(Standing::Done) => Ok(self.turned_out_done(write, met)?),
            Ok(Standing::Open) if refusal.code == RefusalCode::Conflict => {
                self.again(write, refusal.to_string(), Carried::Nothing, met).await
            }
            Ok(_) => Ok(failed(refusal)),
            Err(outcome) => Ok(Next::End(outcome)),
        }
    }

    /// An answer was lost: what the registry has decides.
    async fn settle(&mut self, write: &PlannedWrite, cause: String, met: &mut Met) -> Result<Next, DriverError> {
        self.context.events.emit(Fact::WriteSettling {
            package: write.package.clone(),
            change: write.change.clone(),
            why: cause.clone(),
        })?;
        match self.read(write, met).await? {
            Ok(Standing::Done) => self.turned_out_done(write, met),
            Ok(Standing::Impossible { why }) => Ok(Next::End(WriteOutcome::Failed(WriteFailure::Impossible { why }))),
            Ok(_) => self.again(write, cause, Carried::Nothing, met).await,
            Err(outcome) => Ok(Next::End(outcome)),
        }
    }

    fn turned_out_done(&mut self, write: &PlannedWrite, met: &mut Met) -> Result<Next, DriverError> {
        let answered = self.session.state.answered_count();
        self.session.state.at_mut(&write.registry).turned_out_done(&mut met.factor);
        self.tell_answered(write, answered)?;
        Ok(Next::End(WriteOutcome::Done))
    }

    /// Once more after a pause, or the end where that was the last try.
    async fn again(
        &mut self,
        write: &PlannedWrite,
        cause: String,
        carried: Carried,
        met: &mut Met,
    ) -> Result<Next, DriverError> {
        if met.sent >= UPLOADS_PER_PACKAGE_MAX {
            return Ok(Next::End(WriteOutcome::Failed(WriteFailure::Unreachable { cause })));
        }
        Ok(match self.wait(write, back_off(met.sent), &cause, met).await? {
            Some(outcome) => Next::End(outcome),
            None => Next::Send(self.session.state.at(&write.registry).still(carried, self.now())),
        })
    }

    /// A registry asks for a pause. `Some`: it is longer than relay waits, or one too many.
    fn busy(
        &mut self,
        write: &PlannedWrite,
        retry_after: Option<Duration>,
        text: &str,
        met: &mut Met,
    ) -> Result<Option<WriteOutcome>, DriverError> {
        met.pauses += 1;
        let unasked = PAUSE_UNASKED.saturating_mul(1 << met.pauses.saturating_sub(1).min(6)).min(PAUSE_MAX);
        let delay = retry_after.unwrap_or(unasked);
        if delay > PAUSE_MAX || met.pauses > PAUSES_PER_PACKAGE_MAX {
            let parked = Parked::Registry { why: text.to_owned(), retry_after_seconds: Some(delay.as_secs()) };
            if delay > PAUSE_MAX {
                self.shared.pauses.close(&write.registry, parked.clone());
            }
            return Ok(Some(WriteOutcome::Parked(parked)));
        }
        self.shared.pauses.note(&write.registry, delay);
        self.tell_waiting(write, delay, "the registry asked for a pause")?;
        Ok(None)
    }

    /// Waits between two tries. `Some`: somebody asked to stop.
    async fn wait(
        &mut self,
        write: &PlannedWrite,
        delay: Duration,
        why: &str,
        met: &Met,
    ) -> Result<Option<WriteOutcome>, DriverError> {
        self.tell_waiting(write, delay, why)?;
        let slept = self.unless_stopped(tokio::time::sleep(delay)).await;
        Ok(slept.is_none().then(|| interrupted(met.sent > 0)))
    }

    /// Waits for a request in flight: after an interruption for some time, after a second one not at all.
    async fn in_flight(
        &mut self,
        write: &PlannedWrite,
        credential: Option<&Credential>,
        carried: Carried,
    ) -> Option<WriteSent> {
        let registry = self.context.registry;
        let otp = self.session.otp(&write.registry).filter(|_| carried.is_something()).cloned();
        let mut sending = Box::pin(registry.write_once(write, credential, otp.as_ref()));
        if let Some(sent) = self.unless_stopped(&mut sending).await {
            return Some(sent);
        }
        let settled = tokio::time::timeout(SETTLE_AFTER_INTERRUPT, sending);
        self.unless_stopped(settled).await?.ok()
    }

    /// Waits for something unless somebody asks to stop.
    async fn unless_stopped<T>(&mut self, future: impl Future<Output = T>) -> Option<T> {
        self.shared.stops.unless_stopped(&mut self.heard, future).await
    }

    /// Says whether somebody has asked to stop.
    fn interrupted(&self) -> bool {
        self.shared.stops.count() > 0
    }

    /// The time since the run's second factor began.
    fn now(&self) -> Duration {
        self.session.epoch.elapsed()
    }

    /// Puts on record what is about to be sent.
    fn record(&self, write: &PlannedWrite, attempt: u32) -> Result<(), DriverError> {
        self.context.events.emit(Fact::WriteStarted {
            package: write.package.clone(),
            registry: write.registry.clone(),
            change: write.change.clone(),
            attempt,
        })?;
        Ok(self.context.events.make_durable()?)
    }

    fn tell_waiting(&self, write: &PlannedWrite, delay: Duration, why: &str) -> Result<(), DriverError> {
        let millis = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        let (package, change) = (write.package.clone(), write.change.clone());
        Ok(self.context.events.emit(Fact::WriteWaiting { package, change, why: why.to_owned(), millis })?)
    }

    fn tell_answered(&self, write: &PlannedWrite, before: u32) -> Result<(), DriverError> {
        if self.session.state.answered_count() > before {
            let change = beside_uploads(&write.change);
            self.context.events.emit(Fact::ChallengeAnswered { package: write.package.clone(), change })?;
        }
        Ok(())
    }
}

fn interrupted(in_flight: bool) -> WriteOutcome {
    WriteOutcome::Parked(Parked::Interrupted { in_flight, accepted: false })
}

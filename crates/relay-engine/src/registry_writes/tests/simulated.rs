//! A registry that takes writes after 50 ms, asks for second factors, and gives the trouble that it is told to give; and who
//! watches.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use relay_registry::{Challenge, Credential, Otp, Refusal, RefusalCode, Url, WebChallenge};

use crate::driver::{ChallengeNotice, Code, Person};
use crate::registry_calls::Polled;
use crate::registry_change::ChangeKey;
use crate::registry_writes::{PlannedWrite, RegistryWrites, Standing, WriteSent};

/// How the simulated registry takes answers to its challenges.
#[derive(Clone, Copy, Default, PartialEq)]
pub(super) enum Factor {
    /// It asks nobody.
    #[default]
    None,
    /// Each answer serves one write.
    Once,
    /// Each answer serves several.
    Several,
}

/// What the registry does with a write, instead of taking it.
pub(super) enum Trouble {
    LostBefore,
    LostAfter,
    NotSent,
    Limited(Option<Duration>),
    Refused(RefusalCode),
    Hangs,
}

#[derive(Default)]
pub(super) struct Simulated {
    pub(super) factor: Factor,
    pub(super) trouble: Mutex<VecDeque<Trouble>>,
    /// How the next readings end, before they tell the truth.
    pub(super) readings: Mutex<VecDeque<Standing>>,
    pub(super) is_so: Mutex<Vec<ChangeKey>>,
    /// The writes as they came, and whether they carried an answer.
    pub(super) sent: Mutex<Vec<(String, bool)>>,
    pub(super) taken: Mutex<Vec<ChangeKey>>,
    pub(super) issued: Mutex<u32>,
    pub(super) used: Mutex<Vec<u32>>,
    /// Writes in flight, the most that were so at once, and the most since a pause was asked for.
    pub(super) in_flight: Mutex<usize>,
    pub(super) at_most: Mutex<usize>,
    pub(super) at_most_lately: Mutex<usize>,
}

/// A write that is in flight until this is dropped.
struct InFlight<'a>(&'a Simulated);

impl<'a> InFlight<'a> {
    fn begin(registry: &'a Simulated) -> Self {
        let mut in_flight = registry.in_flight.lock().unwrap();
        *in_flight += 1;
        for most in [&registry.at_most, &registry.at_most_lately] {
            let mut most = most.lock().unwrap();
            *most = (*most).max(*in_flight);
        }
        Self(registry)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        *self.0.in_flight.lock().unwrap() -= 1;
    }
}

impl Simulated {
    pub(super) fn with(trouble: impl IntoIterator<Item = Trouble>) -> Self {
        Self { trouble: Mutex::new(trouble.into_iter().collect()), ..Self::default() }
    }

    pub(super) fn take(&self, write: &PlannedWrite) {
        self.taken.lock().unwrap().push(write.key());
        self.is_so.lock().unwrap().push(write.key());
    }

    /// Whether an answer is right. Each can be used once, or until it is too old.
    pub(super) fn accepts(&self, otp: Option<&Otp>) -> bool {
        if otp.is_none() {
            return self.factor == Factor::None;
        }
        // Who keeps one answer keeps the last one.
        let last = *self.issued.lock().unwrap();
        let mut used = self.used.lock().unwrap();
        let fresh = !used.contains(&last);
        used.push(last);
        fresh || self.factor == Factor::Several
    }

    pub(super) fn count(&self) -> usize {
        self.sent.lock().unwrap().len()
    }
}

impl RegistryWrites for Simulated {
    async fn standing(&self, write: &PlannedWrite, _by: Option<&Credential>) -> Standing {
        tokio::time::sleep(Duration::from_millis(50)).await;
        if let Some(standing) = self.readings.lock().unwrap().pop_front() {
            return standing;
        }
        if self.is_so.lock().unwrap().contains(&write.key()) { Standing::Done } else { Standing::Open }
    }

    async fn write_once(&self, write: &PlannedWrite, by: Option<&Credential>, otp: Option<&Otp>) -> WriteSent {
        assert!(by.is_some(), "each write goes by somebody's right");
        self.sent.lock().unwrap().push((write.key().to_string(), otp.is_some()));
        let _in_flight = InFlight::begin(self);
        tokio::time::sleep(Duration::from_millis(50)).await;
        let trouble = self.trouble.lock().unwrap().pop_front();
        match trouble {
            Some(Trouble::Hangs) => {
                std::future::pending::<()>().await;
            }
            Some(Trouble::LostBefore) => return WriteSent::Unknown { cause: "reset".into() },
            Some(Trouble::LostAfter) => {
                self.take(write);
                return WriteSent::Unknown { cause: "reset".into() };
            }
            Some(Trouble::NotSent) => return WriteSent::NotSent { cause: "refused".into() },
            Some(Trouble::Limited(retry_after)) => {
                *self.at_most_lately.lock().unwrap() = 0;
                return WriteSent::RateLimited { retry_after, text: "slow".into() };
            }
            Some(Trouble::Refused(code)) => {
                return WriteSent::Refused(Refusal { code, status: 403, text: "no".into(), package: None });
            }
            None => {}
        }
        if !self.accepts(otp) {
            let url = |path: &str| Url::parse(&format!("http://registry.example/{path}")).unwrap();
            // A refused answer is answered by a bare text.
            return WriteSent::Challenged(match otp {
                None => Challenge::Web(WebChallenge { auth_url: url("auth"), done_url: url("done") }),
                Some(_) => Challenge::Otp { message: "used up".into(), notice: None },
            });
        }
        self.take(write);
        WriteSent::Accepted
    }

    async fn poll_write(&self, _: &PlannedWrite, _: &WebChallenge, _: Option<&Credential>) -> Polled {
        let mut issued = self.issued.lock().unwrap();
        *issued += 1;
        Polled::Done(Otp::parse(&format!("{issued:016}")).unwrap())
    }
}

#[derive(Default)]
pub(super) struct Watcher(pub(super) Mutex<Vec<ChallengeNotice>>);

impl Person for Watcher {
    fn show(&self, notice: &ChallengeNotice) {
        self.0.lock().unwrap().push(notice.clone());
    }

    async fn ask_code(&self, _: &ChallengeNotice) -> Code {
        Code::Skipped
    }
}

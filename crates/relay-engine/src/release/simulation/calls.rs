//! How a process speaks with the registry, and the person at its terminal.

use std::time::Duration;

use relay_registry::{Challenge, Otp, WebChallenge};
use tokio::time::sleep;
use url::Url;

use super::registry::{Came, Factor, Put, Read};
use super::world::{Process, World, look};
use crate::driver::{ChallengeNotice, Code, Person};
use crate::machine::Found;
use crate::machine::UploadOutcome;
use crate::prepared_upload::PreparedUpload;
use crate::registry_calls::{Polled, RegistryCalls, Sent};

/// A process's connection to the registry.
pub(super) struct Connection(pub(super) Process);

/// An upload that has left; where its sender goes, it may arrive all the same.
struct OnItsWay<'p> {
    process: &'p Process,
    put: Option<Put>,
}

impl Drop for OnItsWay<'_> {
    fn drop(&mut self) {
        let Some(put) = self.put.take() else { return };
        let mut world = look(&self.process.world);
        if world.dice.befalls(600) {
            let at = world.now() + world.dice.between(0..90_000);
            world.registry.lets_arrive_later(at, put);
        }
    }
}

fn put_of(upload: &PreparedUpload, factor: Option<Factor>) -> Put {
    Put {
        name: upload.name.clone(),
        version: upload.version.clone(),
        integrity: upload.integrity.clone(),
        tag: upload.tag.to_string(),
        git_head: upload.git_head.clone(),
        factor,
    }
}

impl RegistryCalls for Connection {
    async fn send(&self, upload: &PreparedUpload, otp: Option<&Otp>, interactive: bool) -> Sent {
        // The driver sends the last one that it was given.
        let factor = otp.map(|_| look(&self.0.world).computers[self.0.at].factor);
        let put = put_of(upload, factor);
        let left = self.0.effect(format_args!("upload {}@{}", put.name, put.version), |world, at| {
            world.judge_upload(at, self.0.id, &put, interactive);
            (!world.dice.befalls(world.faults.upload / 4)).then(|| world.dice.between(20..3_000))
        });
        let Some(Some(way)) = left else {
            return Sent::Ended(UploadOutcome::NotSent { cause: "connection refused".to_owned() });
        };
        let mut on_its_way = OnItsWay { process: &self.0, put: Some(put) };
        sleep(way).await;
        let came = match on_its_way.put.take() {
            Some(put) => {
                let mut world = look(&self.0.world);
                let came = world.arrive(&put);
                if came.says_taken() {
                    world.terms.said_taken.insert((put.name, put.version));
                }
                came
            }
            None => Came::Challenge,
        };
        sleep(Duration::from_millis(20)).await;
        let web =
            self.0.effect(format_args!("answer {came:?}"), |world, _| world.dice.befalls(500)).unwrap_or_default();
        match came {
            Came::Outcome(outcome) => Sent::Ended(outcome),
            Came::Challenge if web => {
                let url = |page: &str| Url::parse(&format!("http://registry.example/{page}")).expect("an address");
                Sent::Challenged(Challenge::Web(WebChallenge { auth_url: url("auth"), done_url: url("done") }))
            }
            Came::Challenge => Sent::Challenged(Challenge::Otp { message: "a code".to_owned(), notice: None }),
        }
    }

    async fn find(&self, upload: &PreparedUpload, thorough: bool) -> Found {
        self.read(upload, if thorough { Read::Thorough } else { Read::Document }).await
    }

    async fn look(&self, upload: &PreparedUpload) -> Found {
        self.read(upload, Read::Installable).await
    }

    async fn poll(&self, _upload: &PreparedUpload, challenge: &WebChallenge) -> Polled {
        self.poll_any(challenge).await
    }
}

impl Connection {
    /// Asks whether a challenge of any write was answered.
    pub(super) async fn poll_any(&self, _challenge: &WebChallenge) -> Polled {
        sleep(Duration::from_millis(30)).await;
        let brought = self.0.effect("poll", |world, at| {
            if world.dice.befalls(world.faults.person) {
                return if world.dice.befalls(500) { Polled::Gone } else { Polled::Failed };
            }
            if world.dice.befalls(700) {
                return Polled::Pending { retry_after: None };
            }
            Polled::Done(world.make_factor(at, true))
        });
        brought.unwrap_or(Polled::Failed)
    }

    async fn read(&self, upload: &PreparedUpload, read: Read) -> Found {
        sleep(Duration::from_millis(30)).await;
        let put = put_of(upload, None);
        let found =
            self.0.effect(format_args!("read {}@{}", put.name, put.version), |world, _| world.shown(&put, read));
        found.unwrap_or(Found::Unavailable { cause: "over".to_owned() })
    }
}

impl World {
    /// A new second factor in the hands of a computer's process.
    fn make_factor(&mut self, at: usize, is_right: bool) -> Otp {
        let number = self.next_number();
        self.computers[at].factor = Factor { number, is_right };
        Otp::parse("a-code-of-16-chr").expect("a code")
    }
}

/// The person at a process's terminal.
pub(super) struct Somebody(pub(super) Process);

impl Person for Somebody {
    fn show(&self, _notice: &ChallengeNotice) {}

    async fn ask_code(&self, _notice: &ChallengeNotice) -> Code {
        let wait = look(&self.0.world).dice.between(2_000..60_000);
        sleep(wait).await;
        let typed = self.0.effect("type", |world, at| {
            if world.dice.befalls(world.faults.person) {
                return match world.dice.number(0..4) {
                    0 => Code::Skipped,
                    1 => Code::Interrupted,
                    _ => Code::Typed(world.make_factor(at, false)),
                };
            }
            Code::Typed(world.make_factor(at, true))
        });
        typed.unwrap_or(Code::Skipped)
    }
}

//! The second factor of a run: for any write to a registry, whether it goes with the answer that is kept or without, whether
//! a person is asked, a new page opened, the answer dropped, or the write given up. No clock, no network, no secret.
//!
//! One [`SecondFactor`] serves all that a run writes to one registry, uploads and the writes after them alike, so that one answer
//! goes on serving there; those of all registries are [`SecondFactors`]. What one write has met is its own ([`WriteFactor`]): a
//! package can have several writes. The answers themselves are with the driver ([`SecondFactorSession`]).
//!
//! npm's registry announces nothing (`npm-registry.md`, 3.4): whether one answer serves several writes is seen, not known. So
//! while none is kept a first try goes without; one that is kept goes along with the first try of the next write, which would
//! otherwise be sent twice, a whole tarball maybe; and from then on what was seen counts.

mod of_run;

use std::time::Duration;

pub use of_run::{SecondFactorSession, SecondFactors};

/// How often a person is asked for one write.
pub const CHALLENGES_PER_WRITE_MAX: u32 = 3;
/// How long an answer is tried again for the next write (`npm-registry.md`, 3.4).
pub const KEPT_OTP_AGE_MAX: Duration = Duration::from_mins(5);

/// What is known of the second factor at one registry in one run. Times are counted from the same start for all of its users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondFactor {
    person: bool,
    /// Since when an answer is kept that nobody refused.
    kept_since: Option<Duration>,
    /// The last answer came from a page.
    from_page: bool,
    /// Whether the registry takes one answer for several writes; `None`: not seen yet.
    works_again: Option<bool>,
    answered: u32,
}

/// What one write has met.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WriteFactor {
    carried: Carried,
    /// A challenge of it was to be answered in the browser.
    web: bool,
    asked: u32,
    /// How often it was sent without an answer only to open a new page.
    reopened: u32,
}

/// What a write carries along.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Carried {
    /// No answer.
    #[default]
    Nothing,
    /// The kept answer, which was given to another challenge or beforehand.
    Kept,
    /// An answer to this very write's challenge.
    Own {
        /// It was typed, and whether it is a right one the registry has not said.
        typed: bool,
    },
}

/// A person's answer to a challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The registry took the answer and gave a one-time password for it; the driver keeps it.
    Given,
    /// A person typed a one-time password, which the registry has not seen yet; the driver keeps it.
    Typed,
    /// The person skips this write.
    Skipped,
    /// Nobody answered in time.
    Expired,
    /// The registry says that the challenge is over. Whether it was denied or expired, the wire does not tell.
    Over,
}

/// What is done next with a challenged write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// It is sent again.
    Send(Carried),
    /// The challenge is brought to a person.
    Ask,
    /// Nobody can answer it in this run.
    GiveUp {
        /// Why, as half a sentence.
        why: String,
    },
}

impl SecondFactor {
    /// A run in which a person can answer or not, with an answer given beforehand (at the time zero) or without.
    pub fn new(person: bool, given: bool) -> Self {
        let kept_since = given.then_some(Duration::ZERO);
        Self { person, kept_since, from_page: false, works_again: None, answered: 0 }
    }

    /// Says whether a challenge could be answered now: a person is here, or an answer is kept.
    pub fn can_be_answered(&self, now: Duration) -> bool {
        self.person || self.is_kept(now)
    }

    /// Says whether a person can answer.
    pub fn has_person(&self) -> bool {
        self.person
    }

    /// How many challenges a person answered so far. A code that was typed counts when the registry has taken it.
    pub fn answered_count(&self) -> u32 {
        self.answered
    }

    /// What the first try of a write carries that will be challenged: an answer that is kept goes along at once, unless one was
    /// seen to serve a single write.
    pub fn at_first(&self, now: Duration) -> Carried {
        if self.works_again != Some(false) && self.is_kept(now) { Carried::Kept } else { Carried::Nothing }
    }

    /// What a write carries that goes out when its turn has come: what it carried before, where nobody refused that, else as
    /// [`Self::at_first`].
    pub fn in_turn(&self, write: &WriteFactor, now: Duration) -> Carried {
        if write.carried.is_something() { self.still(write.carried, now) } else { self.at_first(now) }
    }

    /// What a write carries that is sent again though nobody refused what it carried: an answer that is still fresh.
    pub fn still(&self, carried: Carried, now: Duration) -> Carried {
        if self.is_kept(now) { carried } else { Carried::Nothing }
    }

    /// A write was challenged. What it carried was refused by that.
    pub fn challenged(&mut self, write: &mut WriteFactor, web: bool, now: Duration) -> Step {
        let carried = std::mem::take(&mut write.carried);
        let refused = carried != Carried::Nothing;
        write.web |= web;
        if refused {
            // A refused answer is dead for all (`npm-registry.md`, 3.4: never loop with the same value).
            self.kept_since = None;
        }
        if carried == Carried::Kept {
            self.works_again = Some(false);
        }
        // The answer to a used-up password is a bare text; a request without one opens a page to answer on.
        let has_pages = write.web || (carried == Carried::Kept && self.from_page);
        let reopen = refused && has_pages && !web && write.reopened < CHALLENGES_PER_WRITE_MAX;
        if self.is_kept(now) && self.works_again != Some(false) {
            Step::Send(Carried::Kept)
        } else if reopen && self.person {
            write.reopened += 1;
            Step::Send(Carried::Nothing)
        } else if !self.person {
            let why = if refused {
                "the one-time password was refused: it is mistyped, used up or too old"
            } else {
                "the registry asks for a second factor and nobody is here to answer"
            };
            Step::GiveUp { why: why.to_owned() }
        } else if write.asked >= CHALLENGES_PER_WRITE_MAX {
            Step::GiveUp { why: format!("the registry refused {CHALLENGES_PER_WRITE_MAX} answers") }
        } else {
            write.asked += 1;
            Step::Ask
        }
    }

    /// A person answered a write's challenge, or not.
    pub fn answered(&mut self, answer: Answer, now: Duration) -> Step {
        let why = match answer {
            Answer::Given => {
                self.answered += 1;
                self.kept_since = Some(now);
                self.from_page = true;
                return Step::Send(Carried::Own { typed: false });
            }
            Answer::Typed => {
                self.kept_since = Some(now);
                self.from_page = false;
                return Step::Send(Carried::Own { typed: true });
            }
            Answer::Skipped => "the challenge was skipped",
            Answer::Expired => "nobody answered the challenge in time",
            Answer::Over => "the challenge is over: it was denied, or it expired",
        };
        Step::GiveUp { why: why.to_owned() }
    }

    /// The registry took a write as it was sent.
    pub fn accepted(&mut self, write: &mut WriteFactor) {
        if write.carried == Carried::Kept {
            self.works_again = Some(true);
        }
        self.turned_out_done(write);
    }

    /// What a write wanted turned out to be so, though its answer did not say it.
    pub fn turned_out_done(&mut self, write: &mut WriteFactor) {
        if std::mem::take(&mut write.carried) == (Carried::Own { typed: true }) {
            self.answered += 1;
        }
    }

    fn is_kept(&self, now: Duration) -> bool {
        self.kept_since.is_some_and(|since| now.saturating_sub(since) < KEPT_OTP_AGE_MAX)
    }
}

impl WriteFactor {
    /// The write is sent.
    pub fn sends(&mut self, carried: Carried) {
        self.carried = carried;
    }
}

impl Carried {
    /// Says whether an answer goes along.
    pub fn is_something(self) -> bool {
        self != Self::Nothing
    }
}

#[cfg(test)]
mod tests;

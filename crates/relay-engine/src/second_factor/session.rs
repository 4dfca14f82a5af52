//! What passes from one part of a run to the next: what is known of the second factor, the answer, and when time began.

use relay_registry::Otp;
use tokio::time::Instant;

use super::SecondFactor;

/// The second factor of a run with the answer that is kept. The uploads use it, and then the writes after them.
#[derive(Debug, Clone)]
pub struct SecondFactorSession {
    /// What is known.
    pub state: SecondFactor,
    /// The last answer. Whether it goes along, `state` says.
    pub otp: Option<Otp>,
    /// What the times of `state` are counted from.
    pub epoch: Instant,
}

impl SecondFactorSession {
    /// A session that begins now.
    #[expect(clippy::disallowed_methods, reason = "the times of one run are counted from here on")]
    pub fn begin(person: bool, otp: Option<Otp>) -> Self {
        Self::new(person, otp, Instant::now())
    }

    /// A session that begins at a time, with an answer given beforehand or without.
    pub fn new(person: bool, otp: Option<Otp>, epoch: Instant) -> Self {
        Self { state: SecondFactor::new(person, otp.is_some()), otp, epoch }
    }
}

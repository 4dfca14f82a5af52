//! What happens in a sandbox, told as it happens, so that a terminal can print it.

use std::fmt;
use std::sync::Arc;

use crate::records::{CommittedUpload, PendingChallenge};
use crate::stages::StagedUpload;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SandboxEvent {
    /// A request was answered, or its connection cut (`status` is `None`).
    Answered {
        /// The method.
        method: String,
        /// The path and query, secrets replaced.
        path: String,
        /// The status of the answer.
        status: Option<u16>,
        /// The credential it showed, described.
        credential: Option<String>,
    },
    /// A second factor is due.
    ChallengeOpened(PendingChallenge),
    /// A person approved it, or `Sandbox::approve_challenge` did.
    ChallengeApproved {
        /// The challenge's id.
        id: String,
        /// Whose it was.
        account: String,
        /// Whether the account skips challenges for the next five minutes.
        skip_window: bool,
    },
    /// A person said no.
    ChallengeDenied {
        /// The challenge's id.
        id: String,
        /// Whose it was.
        account: String,
    },
    /// A web login waits for a person to choose an account.
    LoginOpened {
        /// The login's id, for `Sandbox::approve_login`.
        id: String,
        /// The page.
        login_url: String,
    },
    /// An account got a session token.
    LoggedIn {
        /// Its name.
        account: String,
    },
    /// An account's second factor was turned on or off.
    SecondFactorChanged {
        /// Its name.
        account: String,
        /// Whether it has one.
        on: bool,
    },
    /// A version was staged and waits for a yes.
    Staged(StagedUpload),
    /// A staged version was rejected, and is gone.
    StageRejected(StagedUpload),
    /// A version was accepted.
    Published(CommittedUpload),
    /// A dist-tag was set, or removed when `version` is `None`.
    TagChanged {
        /// The package.
        package: String,
        /// The tag.
        tag: String,
        /// Its new version.
        version: Option<String>,
    },
    /// Versions were deprecated, undeprecated or taken back, or owners changed.
    Revised {
        /// The package.
        package: String,
        /// What was done, in words.
        what: String,
    },
    /// Trusted publishers of a package were added or removed.
    TrustChanged {
        /// The package.
        package: String,
        /// How many it has now.
        count: usize,
    },
    /// A granular token was created.
    TokenCreated {
        /// Whose.
        account: String,
        /// Its name.
        name: String,
    },
    /// A fault was played.
    FaultPlayed {
        /// Which, in words.
        what: String,
    },
}

/// A callback that is told each event, after the state has been changed and outside any lock.
#[derive(Clone)]
pub struct EventSink(Arc<dyn Fn(&SandboxEvent) + Send + Sync>);

impl EventSink {
    /// Wraps a callback.
    pub fn new(callback: impl Fn(&SandboxEvent) + Send + Sync + 'static) -> Self {
        Self(Arc::new(callback))
    }

    pub(crate) fn tell(&self, event: &SandboxEvent) {
        (self.0)(event);
    }
}

impl fmt::Debug for EventSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventSink")
    }
}

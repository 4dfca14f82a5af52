//! The states of one package on its way out, and what ends its journey.
//!
//! Pure data. States are read by people (the report), by the journal and by the machine.

use std::time::Duration;

use relay_registry::{Refusal, StageId};
use relay_workspace::PackageName;
use serde::{Deserialize, Serialize};

/// Where one package is.
#[derive(Debug, Clone, PartialEq)]
pub enum State {
    /// Its dependencies are not there yet, or its turn has not come.
    Pending,
    /// The upload is under way.
    Uploading,
    /// The answer of an upload was lost or ambiguous: the registry is being asked what it has.
    Settling,
    /// The registry asked for a second factor; a person is answering.
    AwaitingPerson,
    /// The next try comes later.
    Waiting {
        /// When, counted from the start of the run.
        until: Duration,
        /// Why, as half a sentence.
        why: String,
    },
    /// The registry took the upload; it can't be installed yet.
    Accepted {
        /// Since when, counted from the start of the run.
        since: Duration,
    },
    /// It can be installed.
    Live(How),
    /// Neither done nor failed: waits for something outside this run.
    Parked(Parked),
    /// Waits because a dependency failed, is parked or is held itself.
    Held {
        /// The package at which the chain is broken.
        by: PackageName,
    },
    /// It can't be published in this run.
    Failed(Failure),
}

/// How a live version came to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// This run uploaded it.
    Published,
    /// The same bytes were there already.
    AlreadyThere,
}

/// What a parked package waits for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "waits_for", rename_all = "kebab-case")]
pub enum Parked {
    /// A person who answers the second factor.
    Person {
        /// Why nobody answered.
        why: String,
    },
    /// A person who approves what was staged: it is uploaded, and published by `relay approve`.
    Approval {
        /// The stage's id; `None` where the registry said that it has it, and this credential may not list what is staged.
        stage: Option<StageId>,
    },
    /// The registry's visibility: the upload was accepted but can't be installed yet.
    Visibility {
        /// How long relay waited, in seconds.
        waited_seconds: u64,
        /// What shows that the registry has it.
        #[serde(default)]
        evidence: Evidence,
    },
    /// The registry's pace: it asked to come back later.
    Registry {
        /// What it said.
        why: String,
        /// How long it asked to wait, in seconds, where it said so.
        retry_after_seconds: Option<u64>,
    },
    /// The run was interrupted.
    Interrupted {
        /// Whether an upload's answer was still outstanding.
        in_flight: bool,
        /// Whether the registry had taken the upload, and only did not show it yet.
        #[serde(default)]
        accepted: bool,
    },
}

/// What shows that a registry has a version which it does not let be installed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum Evidence {
    /// It said so when the upload was sent, and nothing since.
    #[default]
    Answer,
    /// It refused the same bytes once more, since it has that version.
    Refusal {
        /// What it said.
        text: String,
    },
    /// It shows the version's document, but not all that an installer needs.
    Document,
}

/// Why a package can't be published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "failure", rename_all = "kebab-case")]
pub enum Failure {
    /// The registry said no.
    Refused(Refusal),
    /// Another tarball stands under the same version.
    OtherBytes {
        /// The integrity of what the registry has.
        there: String,
        /// The integrity of what relay would have sent.
        ours: String,
    },
    /// The registry challenged a token that was meant to bypass the second factor.
    TokensDisallowed {
        /// Where the token came from.
        credential: String,
        /// Whether somebody declared that it bypasses 2FA. If nobody did, it may be the token that is at fault.
        #[serde(default)]
        declared: bool,
    },
    /// The version was published once and taken back: its number can never be used again.
    Burnt {
        /// What the registry said to the upload.
        text: String,
    },
    /// The registry couldn't be reached or never gave a clear answer.
    Unreachable {
        /// What went wrong.
        cause: String,
    },
}

impl State {
    /// Says whether nothing more happens to the package in this run.
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Live(_) | Self::Parked(_) | Self::Held { .. } | Self::Failed(_))
    }

    /// Says whether dependents can no longer count on the package in this run.
    pub fn breaks_the_chain(&self) -> bool {
        matches!(self, Self::Parked(_) | Self::Held { .. } | Self::Failed(_))
    }

    /// The state's name in logs and reports.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Uploading => "uploading",
            Self::Settling => "settling",
            Self::AwaitingPerson => "awaiting-person",
            Self::Waiting { .. } => "waiting",
            Self::Accepted { .. } => "accepted",
            Self::Live(_) => "live",
            Self::Parked(_) => "parked",
            Self::Held { .. } => "held",
            Self::Failed(_) => "failed",
        }
    }
}

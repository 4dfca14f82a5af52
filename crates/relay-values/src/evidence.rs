//! What a published version shows of how it was published, by which installers rank it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How strongly a version proves where it comes from, weakest first: the ranking by which pnpm's `trustPolicy: no-downgrade`
/// refuses a version that shows less than an earlier one (`news-2026.md`, F1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// Nothing: whoever had a token or a session published it.
    #[default]
    None,
    /// A provenance statement (`dist.attestations.provenance`).
    Provenance,
    /// A trusted publisher (`_npmUser.trustedPublisher`) and a provenance statement. One without the other counts less.
    Trusted,
    /// It was staged, and a person approved it (`_npmUser.approver`).
    Staged,
}

impl Evidence {
    /// The word in a plan.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Provenance => "provenance",
            Self::Trusted => "trusted",
            Self::Staged => "staged",
        }
    }

    /// What a person reads, as a noun phrase.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::None => "no evidence",
            Self::Provenance => "a provenance statement",
            Self::Trusted => "a trusted publisher with provenance",
            Self::Staged => "a person's approval of a staged version",
        }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

//! What tests and the terminal read back: committed uploads, requests, open challenges, connections.

use crate::clock::Moment;
use crate::credentials::CredentialUsed;

/// An upload that was committed. The list of these is the oracle of tests: it is written where the version is stored and
/// nowhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommittedUpload {
    /// Counts commits from 1.
    pub sequence: u64,
    /// The package's name.
    pub package: String,
    /// The version that was stored.
    pub version: String,
    /// Its `sha512-…` integrity.
    pub integrity: String,
    /// The credential that the upload was authorised by.
    pub credential: CredentialUsed,
    /// The account behind it.
    pub account: String,
    /// Who approved it, when it was staged; the one-time password is theirs.
    pub approver: Option<String>,
    /// Whether a one-time password was part of it.
    pub otp: bool,
    /// Whether the account's "skip for five minutes" window stood in for one.
    pub window: bool,
    /// The dist-tag of the upload.
    pub tag: String,
    /// When.
    pub at: Moment,
}

/// A request that came in. Secrets are replaced by what they stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedRequest {
    /// Counts requests from 1, in the order in which they were taken up.
    pub sequence: u64,
    /// The method.
    pub method: String,
    /// The path and query as sent, not decoded.
    pub path: String,
    /// Header names in lower case with their values.
    pub headers: Vec<(String, String)>,
    /// Bytes of the body.
    pub body_length: u64,
    /// The status that was answered; `None` while the answer is being made and when the connection was cut instead.
    pub status: Option<u16>,
    /// When it was taken up.
    pub at: Moment,
}

impl RecordedRequest {
    /// The value of a header, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A challenge that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingChallenge {
    /// Its id, for `Sandbox::approve_challenge`.
    pub id: String,
    /// Whose second factor is asked for.
    pub account: String,
    /// The page with the button.
    pub auth_url: String,
    /// What is about to be done, such as `publish`.
    pub action: String,
    /// `name@version` of what it is about; empty when it is about the account.
    pub packages: Vec<String>,
    /// The client's `user-agent`.
    pub client: String,
    /// When it was opened.
    pub opened: Moment,
    /// When it ends by itself.
    pub expires: Moment,
}

/// Connections, for the bound that benchmarks and clients are measured against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnectionCounts {
    /// Open at this moment.
    pub open: usize,
    /// The most that were ever open at once.
    pub peak: usize,
    /// All that were ever accepted.
    pub total: usize,
}

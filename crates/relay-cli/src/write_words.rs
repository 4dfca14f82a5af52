//! What became of a write beside the uploads, in words.

use relay_engine::registry_writes::{WriteFailure, WriteOutcome};
use relay_engine::state::Failure;

use crate::summary::{World, explain_failure, explain_parked};

/// What became of a write, as half a sentence, and what helps.
pub(crate) fn explain_outcome(outcome: &WriteOutcome) -> (String, Vec<String>) {
    match outcome {
        WriteOutcome::Done => ("done".to_owned(), Vec::new()),
        WriteOutcome::AlreadySo => ("is so already".to_owned(), Vec::new()),
        WriteOutcome::Parked(parked) => explain_parked(parked, World::Real),
        WriteOutcome::Held { by } => (format!("is held: it comes after {by}, which is not done"), Vec::new()),
        WriteOutcome::Failed(failure) => explain_write_failure(failure),
    }
}

fn explain_write_failure(failure: &WriteFailure) -> (String, Vec<String>) {
    match failure {
        WriteFailure::Refused(refusal) => explain_failure(&Failure::Refused(refusal.clone())),
        WriteFailure::TokensDisallowed { credential } => (
            format!("the registry asks for a second factor, and the only credential at hand is a token ({credential})"),
            vec!["log in as a person: `npm login --registry=<url>`, then run relay again in a terminal".to_owned()],
        ),
        WriteFailure::Impossible { why } | WriteFailure::NotAuthorised { why } => (why.clone(), Vec::new()),
        WriteFailure::Unreachable { cause } => {
            (format!("the registry gave no clear answer: {cause}"), vec!["run the same command again".to_owned()])
        }
    }
}

/// The sign before a line about a write.
pub(crate) fn sign(outcome: &WriteOutcome) -> &'static str {
    match outcome {
        WriteOutcome::Done | WriteOutcome::AlreadySo => "✓",
        WriteOutcome::Parked(_) | WriteOutcome::Held { .. } => "…",
        WriteOutcome::Failed(_) => "✗",
    }
}

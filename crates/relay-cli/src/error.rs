//! The one error type of the command line: what happened, why, what to do next, and what kind of ending it is.
//!
//! The libraries below have an enum for each stage; [`conversion`] makes them into a [`CliError`] with a stable code and a
//! hint. Rendering is by hand and narrow, so that it reads the same in a terminal, in a CI log and in a test:
//!
//! ```text
//! error: two packages are called `@acme/core`
//!   cause: …
//!   help: …
//! ```

mod conversion;
pub(crate) mod engine;
mod release;

use std::fmt;

use crate::exit::Exit;

/// The longest chain of causes that is followed. Chains are two or three long; a circular one would never end.
const CAUSES_MAX: usize = 16;

/// What kind of ending an error is; decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    /// The command line is wrong.
    Usage,
    /// Something that the person can put right: a file, a setting, a credential, the network.
    User,
    /// Waits for a person, a time or the registry.
    Parked,
    /// A person pressed Ctrl-C.
    Interrupted,
    /// relay is wrong: an invariant does not hold.
    Internal,
}

/// What is told to a person when a command does not end well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CliError {
    kind: ErrorKind,
    code: Option<&'static str>,
    message: String,
    causes: Vec<String>,
    hints: Vec<String>,
}

impl ErrorKind {
    /// The exit that belongs to the kind.
    pub(crate) fn exit(self) -> Exit {
        match self {
            Self::Usage => Exit::Usage,
            Self::User | Self::Internal => Exit::Failed,
            Self::Parked => Exit::Parked,
            Self::Interrupted => Exit::Interrupted,
        }
    }
}

impl CliError {
    /// An error of a kind with its message: lower-case start, no final period for one sentence.
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, code: None, message: message.into(), causes: Vec::new(), hints: Vec::new() }
    }

    /// The command line is wrong.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, message)
    }

    /// Something that the person can put right.
    pub(crate) fn user(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::User, message)
    }

    /// An invariant of relay's own does not hold.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message).hint("this is a bug in relay: report it with the command and this text")
    }

    /// Takes a library's error as it stands: its text is the message, its sources are the causes.
    pub(crate) fn of(kind: ErrorKind, error: &dyn std::error::Error) -> Self {
        let mut result = Self::new(kind, error.to_string());
        result.causes_of(error);
        result
    }

    /// Names the error with a stable, dotted code such as `relay::workspace::duplicate_name`.
    pub(crate) fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// Adds a reason.
    pub(crate) fn cause(mut self, cause: impl Into<String>) -> Self {
        self.causes.push(cause.into());
        self
    }

    /// Adds what can be done next; what has been said already is not said again.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        let hint = hint.into();
        if !self.hints.contains(&hint) {
            self.hints.push(hint);
        }
        self
    }

    /// Says in front what relay was about to do; what was the message becomes the first cause.
    pub(crate) fn context(mut self, message: impl Into<String>) -> Self {
        let inner = std::mem::replace(&mut self.message, message.into());
        self.causes.insert(0, inner);
        self
    }

    /// The kind.
    pub(crate) fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The message without causes and hints.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The reasons, outermost first.
    pub(crate) fn causes(&self) -> &[String] {
        &self.causes
    }

    /// What can be done next.
    pub(crate) fn hints(&self) -> &[String] {
        &self.hints
    }

    /// The stable code, where there is one.
    pub(crate) fn code_name(&self) -> Option<&'static str> {
        self.code
    }

    /// Follows the sources, leaving out those whose text the level above has already said.
    fn causes_of(&mut self, error: &dyn std::error::Error) {
        let mut above = self.message.clone();
        let mut source = error.source();
        for _ in 0..CAUSES_MAX {
            let Some(error) = source else { return };
            let text = error.to_string();
            if !above.contains(&text) {
                self.causes.push(text.clone());
            }
            above = text;
            source = error.source();
        }
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CliError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] Inner);

    #[derive(Debug, thiserror::Error)]
    #[error("inner: {0}")]
    struct Inner(#[source] std::io::Error);

    #[test]
    fn causes_are_told_once() {
        let error = Outer(Inner(std::io::Error::other("disk full")));
        let error = CliError::of(ErrorKind::User, &error);
        assert_eq!((error.message(), error.causes()), ("outer", ["inner: disk full".to_owned()].as_slice()));
    }

    #[test]
    fn context_pushes_the_message_down() {
        let error = CliError::user("it is not there").context("`a` can't be packed");
        assert_eq!(
            (error.message(), error.causes()),
            ("`a` can't be packed", ["it is not there".to_owned()].as_slice())
        );
    }
}

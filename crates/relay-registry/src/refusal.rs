//! A registry's no: which one it is, whether trying again can help, what it teaches, and how it is explained to people.
//!
//! One table (`npm-registry.md`, 10.3) serves both readers: [`classify`] for answers on the wire and [`explain`] for
//! text that a person pastes. To add a refusal: add its code in `refusal/code.rs` and its row in `refusal/table/`.

mod classify;
mod code;
mod explain;
mod table;

use std::fmt;

use relay_workspace::PackageName;
use serde::{Deserialize, Serialize};

pub use classify::{DEAD_CREDENTIAL_NOTICE, RefusalFacts, classify};
pub use code::{RefusalClass, RefusalCode};
pub use explain::explain;

/// A refusal as it is remembered, shown and written into journals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Which refusal it is.
    pub code: RefusalCode,
    /// The answer's status.
    pub status: u16,
    /// What the registry said: cleaned of control characters and cut.
    pub text: String,
    /// The package that was refused, where one was.
    pub package: Option<PackageName>,
}

/// What a refusal means and what helps, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The refusal's code.
    pub code: &'static str,
    /// What happened, in half a sentence.
    pub title: &'static str,
    /// The causes, the likeliest first.
    pub causes: &'static [&'static str],
    /// What to do, the best first.
    pub fixes: &'static [&'static str],
    /// The texts by which people meet it.
    pub says: &'static [&'static str],
}

impl Refusal {
    /// The same answer to a request that carried no credential: that is then what was missing.
    pub(crate) fn of_an_anonymous_request(self) -> Self {
        let code = match self.code {
            RefusalCode::Unauthorized
            | RefusalCode::WrongAuthScheme
            | RefusalCode::Forbidden
            | RefusalCode::MaskedForbidden => RefusalCode::NeedAuth,
            code => code,
        };
        Self { code, ..self }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let explanation = self.code.explanation();
        if let Some(package) = &self.package {
            write!(f, "`{package}`: ")?;
        }
        write!(f, "{} ({}", explanation.title, self.status)?;
        if self.text.is_empty() { f.write_str(")") } else { write!(f, ": {})", self.text) }
    }
}

#[cfg(test)]
mod tests;

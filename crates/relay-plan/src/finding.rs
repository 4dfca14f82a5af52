//! What preflight complains about.

use relay_workspace::PackageName;
use serde::{Deserialize, Serialize};

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing may be published before it is put right.
    Error,
    /// It is not in the way.
    Warning,
}

/// One complaint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How much it weighs.
    pub severity: Severity,
    /// The package that it is about; `None`: the whole release.
    pub package: Option<PackageName>,
    /// What is wrong: one sentence without a final period, which does not name the package.
    pub text: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Severity {
    /// The word in a plan.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

impl Finding {
    /// An error about one package.
    pub fn error(package: &PackageName, text: impl Into<String>, help: impl Into<String>) -> Self {
        Self { severity: Severity::Error, package: Some(package.clone()), text: text.into(), help: Some(help.into()) }
    }

    /// A warning about one package.
    pub(crate) fn warning(package: &PackageName, text: impl Into<String>, help: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(package, text, help) }
    }
}

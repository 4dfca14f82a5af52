//! The errors of the crates below, made into what a person is told: code, kind, hint.

use relay_config::ConfigError;
use relay_workspace::{InvalidName, ManifestError};

use crate::error::{CliError, ErrorKind};

impl From<ConfigError> for CliError {
    fn from(error: ConfigError) -> Self {
        Self::of(ErrorKind::User, &error).code("relay::config::invalid")
    }
}

impl From<ManifestError> for CliError {
    fn from(error: ManifestError) -> Self {
        let code = match &error {
            ManifestError::Syntax { .. } => "relay::workspace::broken_manifest",
            ManifestError::NotAnObject { .. } | ManifestError::FieldType { .. } => "relay::workspace::odd_manifest",
        };
        Self::of(ErrorKind::User, &error).code(code)
    }
}

impl From<InvalidName> for CliError {
    fn from(error: InvalidName) -> Self {
        Self::of(ErrorKind::User, &error).code("relay::workspace::invalid_name")
    }
}

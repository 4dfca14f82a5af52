//! Staged versions: uploaded, with a number of their own, waiting for a person's yes. `npm-registry.md`, section 7.

use crate::clock::Moment;
use crate::credentials::CredentialUsed;
use crate::document::Upload;

/// A staged version as the registry keeps it.
pub(crate) struct Stage {
    /// A UUID.
    pub(crate) id: String,
    pub(crate) upload: Upload,
    /// The account that staged it.
    pub(crate) actor: String,
    /// The credential it staged with.
    pub(crate) used: CredentialUsed,
    pub(crate) created: Moment,
}

impl Stage {
    /// What tests and the terminal read.
    pub(crate) fn shown(&self) -> StagedUpload {
        StagedUpload {
            id: self.id.clone(),
            package: self.upload.name.clone(),
            version: self.upload.version.to_string(),
            tag: self.upload.tag.clone(),
            integrity: self.upload.integrity.clone(),
            credential: self.used,
            account: self.actor.clone(),
            at: self.created,
        }
    }
}

/// A version that was staged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StagedUpload {
    /// The stage's id, a UUID.
    pub id: String,
    /// The package's name.
    pub package: String,
    /// The version.
    pub version: String,
    /// The dist-tag, fixed from here on.
    pub tag: String,
    /// Its `sha512-…` integrity.
    pub integrity: String,
    /// The credential that staged it.
    pub credential: CredentialUsed,
    /// The account behind it.
    pub account: String,
    /// When.
    pub at: Moment,
}

/// Tells whether a text has the form of a UUID.
pub(crate) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.char_indices().all(|(at, character)| match at {
            8 | 13 | 18 | 23 => character == '-',
            _ => character.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_uuids() {
        assert!(is_uuid("0f3cbd1e-9f0a-4a55-8e7d-0a8a0a0f2b11"));
        for other in ["", "stage-1", "0f3cbd1e-9f0a-4a55-8e7d-0a8a0a0f2b1", "0f3cbd1e59f0a-4a55-8e7d-0a8a0a0f2b11"] {
            assert!(!is_uuid(other), "{other}");
        }
    }
}

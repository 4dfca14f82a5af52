//! What a run is about to upload, as it is told.

use relay_values::RegistryUrl;
use relay_workspace::{Integrity, PackageName, Version};
use serde::{Deserialize, Serialize};

use crate::promotion::RecordedPromotion;

/// A version whose bytes are fixed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreparedVersion {
    /// The package.
    pub package: PackageName,
    /// The version.
    pub version: Version,
    /// The registry that it goes to.
    pub registry: RegistryUrl,
    /// The integrity of the bytes.
    pub integrity: Integrity,
    /// How it is promoted, where it goes out under a side tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promotion: Option<RecordedPromotion>,
}

//! Which package manager a repository uses.

use serde::{Deserialize, Serialize};

/// The package managers that relay knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PackageManager {
    /// npm: `package-lock.json`.
    Npm,
    /// pnpm: `pnpm-lock.yaml`.
    Pnpm,
    /// yarn, classic or berry: `yarn.lock`.
    Yarn,
    /// bun: `bun.lock` or `bun.lockb`.
    Bun,
}

impl PackageManager {
    /// The program's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Npm => "npm",
            Self::Pnpm => "pnpm",
            Self::Yarn => "yarn",
            Self::Bun => "bun",
        }
    }
}

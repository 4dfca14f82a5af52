//! Publishing access that was learnt from refusals, remembered between runs in relay's state folder.
//!
//! The registry never tells the setting (`npm-registry.md`, section 5), only refuses. What a refusal taught is kept, so
//! that the next plan knows beforehand. A declared policy always wins over it.

use std::collections::BTreeMap;

use camino::Utf8Path;
use relay_config::PublishingAccess;
use relay_values::RegistryUrl;
use relay_workspace::PackageName;
use serde::{Deserialize, Serialize};

/// The file's name inside relay's state folder.
pub const LEARNT_FILE_NAME: &str = "learnt.json";
/// The largest file that is read back, in bytes.
const LEARNT_SIZE_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// What was learnt, by registry and package.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Learnt {
    access: BTreeMap<RegistryUrl, BTreeMap<PackageName, PublishingAccess>>,
}

impl Learnt {
    /// Reads what is remembered; a missing or broken file tells nothing.
    pub fn read(folder: &Utf8Path) -> Self {
        let path = folder.join(LEARNT_FILE_NAME);
        match std::fs::metadata(&path) {
            Ok(data) if data.len() <= LEARNT_SIZE_BYTES_MAX => {}
            _ => return Self::default(),
        }
        std::fs::read_to_string(path).ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    }

    /// Writes what is remembered.
    ///
    /// # Errors
    /// The file's path and what the system says.
    pub fn write(&self, folder: &Utf8Path) -> Result<(), relay_workspace::WriteError> {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        relay_workspace::write_privately(&folder.join(LEARNT_FILE_NAME), text.as_bytes())
    }

    /// What is remembered of one package.
    pub fn access(&self, registry: &RegistryUrl, name: &PackageName) -> Option<PublishingAccess> {
        self.access.get(registry)?.get(name).copied()
    }

    /// Remembers what a refusal taught; says whether that is new.
    pub fn learn(&mut self, registry: &RegistryUrl, name: &PackageName, access: PublishingAccess) -> bool {
        self.access.entry(registry.clone()).or_default().insert(name.clone(), access) != Some(access)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_learnt_is_known_in_the_next_run() {
        let guard = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(guard.path()).unwrap();
        let name = PackageName::parse("@acme/core").unwrap();
        let [registry, elsewhere] =
            ["http://registry.example/", "http://elsewhere.example/"].map(|url| url.parse().unwrap());
        let mut learnt = Learnt::read(folder);
        assert!(learnt.learn(&registry, &name, PublishingAccess::Publish));
        assert!(!learnt.learn(&registry, &name, PublishingAccess::Publish));
        std::fs::write(folder.join(LEARNT_FILE_NAME), "{}").unwrap();
        learnt.write(folder).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(folder.join(LEARNT_FILE_NAME)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        let learnt = Learnt::read(folder);
        assert_eq!(learnt.access(&registry, &name), Some(PublishingAccess::Publish));
        assert_eq!(learnt.access(&elsewhere, &name), None);
    }

    #[test]
    fn a_broken_file_teaches_nothing() {
        let guard = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(guard.path()).unwrap();
        std::fs::write(folder.join(LEARNT_FILE_NAME), "{\"access\":").unwrap();
        assert_eq!(Learnt::read(folder), Learnt::default());
    }
}

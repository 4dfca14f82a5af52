//! `.changeset/ledger.yaml`: the change files that pnpm has applied already.
//!
//! pnpm reads the change files of changesets and leaves them where they are after a release; its ledger says for each
//! version of a package which files it has used up (seen in pnpm 12.21):
//!
//! ```yaml
//! "@acme/core@1.1.0":
//!   dir: packages/core
//!   intents:
//!     - brave-cats-run
//! ```
//!
//! One file can be used up for some of its packages and not for others.

use std::collections::{BTreeMap, BTreeSet};

use relay_values::Printable;
use serde_json::Value;

use crate::change_file::ChangeFile;

/// The file's path relative to the workspace root.
pub const PNPM_LEDGER_FILE: &str = ".changeset/ledger.yaml";

/// How much of a reader's complaint is shown, in characters.
const PROBLEM_CHARS_MAX: usize = 200;

/// Which change files are applied, and to which packages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PnpmLedger {
    /// Ids of change files, by the package's name.
    by_name: BTreeMap<String, BTreeSet<String>>,
    /// Ids of change files, by the package's folder, which outlives a change of its name.
    by_folder: BTreeMap<String, BTreeSet<String>>,
}

/// A ledger that pnpm would refuse too.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "it is no list of versions with the change files that each of them used up ({problem}), so that it can't be told \
     what is released already; restore it from git"
)]
pub struct PnpmLedgerError {
    /// What the parser says.
    pub problem: String,
}

impl PnpmLedger {
    /// Parses the file.
    ///
    /// # Errors
    /// [`PnpmLedgerError`].
    pub fn parse(text: &str) -> Result<Self, PnpmLedgerError> {
        let refused =
            |problem: String| PnpmLedgerError { problem: Printable::words(&problem, PROBLEM_CHARS_MAX).into() };
        let read: Option<BTreeMap<String, Value>> =
            serde_saphyr::from_str(text).map_err(|error| refused(error.without_snippet().to_string()))?;
        let mut ledger = Self::default();
        for (key, entry) in read.unwrap_or_default() {
            ledger.take(&key, &entry).ok_or_else(|| refused(format!("`{key}` is in no known form")))?;
        }
        Ok(ledger)
    }

    fn take(&mut self, key: &str, entry: &Value) -> Option<()> {
        let ids = |list: &Value| -> Option<BTreeSet<String>> {
            list.as_array()?.iter().map(|id| id.as_str().map(str::to_owned)).collect()
        };
        let (applied, folder) = match entry {
            Value::Array(_) => (ids(entry)?, None),
            Value::Object(fields) => {
                let Some(list) = fields.get("intents") else {
                    // The other way round: a change file with the folders that it was applied to.
                    for folder in fields.iter().filter(|(_, version)| version.is_string()).map(|(folder, _)| folder) {
                        self.by_folder.entry(folder.clone()).or_default().insert(key.to_owned());
                    }
                    return Some(());
                };
                (ids(list)?, fields.get("dir").and_then(Value::as_str))
            }
            _ => return None,
        };
        let name = key.rsplit_once('@').map(|(name, _)| name).filter(|name| !name.is_empty())?;
        if let Some(folder) = folder {
            self.by_folder.entry(folder.to_owned()).or_default().extend(applied.iter().cloned());
        }
        self.by_name.entry(name.to_owned()).or_default().extend(applied);
        Some(())
    }

    /// What is left of a change file: without the packages that it was applied to; `None` where it was applied to all.
    /// `folder_of` tells a package's folder.
    pub fn pending<'a>(&self, mut file: ChangeFile, folder_of: impl Fn(&str) -> Option<&'a str>) -> Option<ChangeFile> {
        let named = !file.releases.is_empty();
        let holds = |ids: Option<&BTreeSet<String>>| ids.is_some_and(|ids| ids.contains(&file.id));
        let applied = |name: &str| {
            holds(self.by_name.get(name)) || folder_of(name).is_some_and(|folder| holds(self.by_folder.get(folder)))
        };
        let left: Vec<_> = file.releases.iter().filter(|(name, _)| !applied(name)).cloned().collect();
        file.releases = left;
        (!named || !file.releases.is_empty()).then_some(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(ledger: &str, file: &str) -> Option<Vec<String>> {
        let ledger = PnpmLedger::parse(ledger).unwrap();
        let file = ChangeFile::parse("one", file).unwrap();
        let folder = |name: &str| if name == "@acme/new" { Some("packages/old") } else { None };
        ledger.pending(file, folder).map(|file| file.releases.into_iter().map(|(name, _)| name).collect())
    }

    const FILE: &str = "---\n\"@acme/core\": minor\n\"@acme/new\": patch\n---\n\nMore\n";

    #[test]
    fn what_pnpm_has_applied_is_not_applied_again() {
        let both = "\"@acme/core@1.1.0\":\n  dir: packages/core\n  intents:\n    - one\n\"@acme/new@1.0.1\":\n  intents: [one, two]\n";
        assert_eq!(left(both, FILE), None);
        let one = "\"@acme/core@1.1.0\":\n  - one\n";
        assert_eq!(left(one, FILE), Some(vec!["@acme/new".to_owned()]));
        let other = "\"@acme/core@1.1.0\":\n  - two\n";
        assert_eq!(left(other, FILE).map(|left| left.len()), Some(2));
    }

    #[test]
    fn a_folder_outlives_a_name() {
        let renamed = "\"@acme/old@1.0.1\":\n  dir: packages/old\n  intents: [one]\n";
        assert_eq!(left(renamed, FILE), Some(vec!["@acme/core".to_owned()]));
        assert_eq!(left("one:\n  packages/old: 1.0.1\n", FILE), Some(vec!["@acme/core".to_owned()]));
    }

    #[test]
    fn an_empty_ledger_says_nothing_and_a_broken_one_is_refused() {
        assert_eq!(left("# none yet\n", FILE).map(|left| left.len()), Some(2));
        assert_eq!(left("", "---\n---\n"), Some(Vec::new()));
        for broken in ["- one\n", "\"@acme/core@1.1.0\": 3\n", "a: [\n", "\"@acme/core@1.1.0\":\n  intents: one\n"] {
            assert!(PnpmLedger::parse(broken).is_err(), "{broken}");
        }
    }
}

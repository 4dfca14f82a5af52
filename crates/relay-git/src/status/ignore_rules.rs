//! Which untracked files git ignores: the rules of `.gitignore` files, of the clone and of the person.

use std::path::Path;
use std::sync::Arc;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// The rules that hold in a folder: its own and, below them, those of the folders above.
#[derive(Debug, Clone, Default)]
pub(super) struct IgnoreRules {
    latest: Option<Arc<Level>>,
}

#[derive(Debug)]
struct Level {
    rules: Gitignore,
    above: Option<Arc<Level>>,
}

impl IgnoreRules {
    /// Adds the rules of a file, which go before those that are there; a file that isn't there has none.
    #[must_use]
    pub(super) fn with(self, folder: &Path, file: &Path, ignore_case: bool) -> Self {
        let mut builder = GitignoreBuilder::new(folder);
        // Whether paths match in spite of their case; it fails for no value.
        let _ = builder.case_insensitive(ignore_case);
        // What can't be read has no rules; git too passes over a line that is no pattern.
        let _ = builder.add(file);
        match builder.build() {
            Ok(rules) if !rules.is_empty() => Self { latest: Some(Arc::new(Level { rules, above: self.latest })) },
            _ => self,
        }
    }

    /// Whether a path is ignored, given that the folder it is in is not.
    pub(super) fn ignore(&self, path: &Path, is_folder: bool) -> bool {
        let mut level = self.latest.as_ref();
        while let Some(here) = level {
            match here.rules.matched(path, is_folder) {
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
                Match::None => level = here.above.as_ref(),
            }
        }
        false
    }
}

//! What a script may reach: on Linux, Landlock keeps it to the repository, the system and the folders of known tools.
//!
//! A process can only fence itself in, so that relay starts its own program, which does that ([`enter`]) and then becomes the
//! shell. Which places are open is worked out beforehand ([`Fence::raise`]) and handed over through standard input. All that the
//! script starts is behind the same fence. What no fence of this kind holds back is in `docs/SECURITY.md`.

mod denial;
mod enforce;
mod places;

use std::collections::BTreeMap;
use std::ffi::OsString;

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

pub use denial::Denied;
pub use enforce::{EnterError, Support, enter, support};

/// The word by which relay's program knows that it is to fence itself in: its first argument; the command line is the second.
pub const FENCED_WORD: &str = "__fenced-script";

/// What may be done somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reach {
    /// Files may be read and run.
    Read,
    /// Anything.
    Write,
}

/// A file, or a folder with all that is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Absolute, with no links in it.
    pub path: Utf8PathBuf,
    /// What may be done there.
    pub reach: Reach,
}

/// What is to be open.
#[derive(Debug, Clone)]
pub struct FenceRequest<'a> {
    /// relay's own program.
    pub program: Utf8PathBuf,
    /// Folders of the repository: the workspace's root first, then its working tree and its git directories.
    pub repository: &'a [Utf8PathBuf],
    /// Folders that git reads objects from beside its own.
    pub borrowed: &'a [Utf8PathBuf],
    /// The environment that scripts start from: it says where home, programs and tools' folders are.
    pub environment: &'a BTreeMap<OsString, OsString>,
    /// Files with the person's or the machine's settings, which stay shut wherever they are.
    pub shut: &'a [Utf8PathBuf],
    /// `[scripts] read`: absolute, or below the home folder as `~/...`.
    pub read: &'a [String],
    /// `[scripts] write`: likewise.
    pub write: &'a [String],
    /// Whether TCP is open.
    pub network: bool,
}

/// The fence around the scripts of one run.
#[derive(Debug)]
pub struct Fence {
    program: Utf8PathBuf,
    home: Option<Utf8PathBuf>,
    open: Open,
    environment: BTreeMap<OsString, OsString>,
    gaps: Vec<String>,
    /// A temporary folder of the scripts' own, where the usual one holds the home folder. It goes with the fence.
    _temporary: Option<tempfile::TempDir>,
}

/// What is open, as it is handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Open {
    places: Vec<Place>,
    network: bool,
}

impl Fence {
    /// Works out what is open. Nothing is fenced in by that.
    ///
    /// # Errors
    /// The system's, where scripts need a temporary folder of their own and it can't be made.
    pub fn raise(request: &FenceRequest) -> std::io::Result<Self> {
        let found = places::find(request)?;
        Ok(Self {
            program: request.program.clone(),
            home: found.home,
            open: Open { places: found.places, network: request.network },
            environment: found.environment,
            gaps: found.gaps,
            _temporary: found.temporary,
        })
    }

    /// What this fence can't keep shut, each as a sentence.
    pub fn gaps(&self) -> &[String] {
        &self.gaps
    }

    /// Whether something may be done at a path.
    pub fn allows(&self, path: &Utf8Path, reach: Reach) -> bool {
        self.open.places.iter().any(|place| place.reach >= reach && path.starts_with(&place.path))
    }

    /// relay's own program.
    pub(super) fn program(&self) -> &Utf8Path {
        &self.program
    }

    /// Variables that scripts need behind the fence.
    pub(super) fn environment(&self) -> &BTreeMap<OsString, OsString> {
        &self.environment
    }

    /// What is handed over to [`enter`].
    pub(super) fn handed_over(&self) -> Vec<u8> {
        // A struct of texts and words always has a JSON text.
        serde_json::to_vec(&self.open).unwrap_or_default()
    }

    /// What a script that failed wanted and may not have, if its output tells.
    pub(super) fn denied(&self, output: &str, folder: &Utf8Path) -> Option<Denied> {
        denial::find(self, output, folder)
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests;

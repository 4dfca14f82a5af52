//! Finds in a script's output what it wanted and may not have. Programs tell a denial in their own ways; all that are seen here
//! name the path on the same line.

use std::fmt;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use super::{Fence, Reach};

/// What a script wanted and may not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denied {
    /// A file or folder.
    Path {
        /// It, with `~` for the home folder.
        path: String,
        /// What was to be done with it.
        reach: Reach,
    },
    /// A connection.
    Network,
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path { path, reach: Reach::Read } => write!(
                f,
                "it may not read `{path}`, since scripts reach the repository, the system and the folders of known tools only; \
                 if it has to, say `read = [\"{path}\"]` under `[scripts]` in relay.toml"
            ),
            Self::Path { path, reach: Reach::Write } => write!(
                f,
                "it may not write `{path}`, since scripts write in the repository, temporary folders and caches only; if it has \
                 to, say `write = [\"{path}\"]` under `[scripts]` in relay.toml, or its folder where it isn't there yet"
            ),
            Self::Network => f.write_str("`network = false` under `[scripts]` in relay.toml keeps it from TCP"),
        }
    }
}

/// How programs say it: node, the shells and their tools; Python and Rust programs say the same words.
const WORDS: [&str; 2] = ["eacces", "permission denied"];

/// Calls that node names when a connection is denied, and words of other programs.
const NETWORK_WORDS: [&str; 4] = ["connect", "listen", "bind", "socket"];

pub(super) fn find(fence: &Fence, output: &str, folder: &Utf8Path) -> Option<Denied> {
    let lines = output.lines().filter(|line| {
        let line = line.to_lowercase();
        WORDS.iter().any(|word| line.contains(word))
    });
    let mut network = false;
    for line in lines {
        for path in paths(line) {
            let path = plain(&folder.join(path));
            if fence.allows(&path, Reach::Write) {
                continue;
            }
            // What isn't there can't be read, which would be told in other words: it was to be made.
            let made = fence.allows(&path, Reach::Read) || wants_to_write(line) || !path.exists();
            let reach = if made { Reach::Write } else { Reach::Read };
            return Some(Denied::Path { path: shown(fence, &path), reach });
        }
        let lower = line.to_lowercase();
        network |= NETWORK_WORDS.iter().any(|word| lower.contains(word));
    }
    (network && !fence.open.network).then_some(Denied::Network)
}

fn wants_to_write(line: &str) -> bool {
    ["cannot create", "mkdir", "cannot touch", "unlink", "rename", "cannot remove", "copyfile"]
        .iter()
        .any(|word| line.contains(word))
}

/// What looks like a path in a line: what stands in quotes, else what stands between colons, whole or its last word.
fn paths(line: &str) -> Vec<&str> {
    let quoted = ['\'', '"', '`', '‘'].into_iter().flat_map(|quote| {
        let end = if quote == '‘' { '’' } else { quote };
        let inside = line.split(quote).skip(1).filter_map(move |rest| rest.split(end).next());
        inside.collect::<Vec<_>>()
    });
    let between = line.split(':').flat_map(|part| [part.trim(), part.trim().rsplit(' ').next().unwrap_or_default()]);
    let mut found: Vec<&str> = quoted.chain(between).filter(|text| is_path(text)).collect();
    found.dedup();
    found
}

fn is_path(text: &str) -> bool {
    let text = text.trim();
    ["/", "./", "../"].iter().any(|start| text.starts_with(start)) && text.len() > 1
}

/// The path without `.` and `..`, and without links as far as it is there.
fn plain(path: &Utf8Path) -> Utf8PathBuf {
    let mut plain = Utf8PathBuf::new();
    for part in path.components() {
        match part {
            Utf8Component::ParentDir => {
                plain.pop();
            }
            Utf8Component::CurDir => {}
            part => plain.push(part),
        }
    }
    let there = plain.ancestors().find_map(|above| Some((above, above.canonicalize_utf8().ok()?)));
    match there {
        Some((above, real)) if above != plain => {
            plain.strip_prefix(above).map_or_else(|_| plain.clone(), |below| real.join(below))
        }
        Some((_, real)) => real,
        None => plain,
    }
}

fn shown(fence: &Fence, path: &Utf8Path) -> String {
    let below = fence.home.as_ref().and_then(|home| path.strip_prefix(home).ok());
    match below {
        Some(below) if !below.as_str().is_empty() => format!("~/{below}"),
        _ => path.to_string(),
    }
}

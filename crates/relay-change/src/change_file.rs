//! Change files: `.changeset/*.md`, the intent to release some packages, with a text for their changelogs.
//!
//! The form is that of changesets 3 (its package `@changesets/parse`): a front matter of YAML between two lines `---`,
//! package names on the left, bumps on the right, Markdown below. What stands before the front matter is not looked at,
//! and an empty front matter is a change that releases nothing. Which files of the folder are change files (not
//! `README.md`, not `config.json`) is the caller's business.

use std::fmt;

use relay_values::Printable;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use crate::bump::Bump;

#[cfg(test)]
mod tests;

/// The largest change file that relay reads, in bytes. Real ones stay below 20 kB.
pub const CHANGE_FILE_SIZE_BYTES_MAX: usize = 1024 * 1024;

/// The longest excerpt in a message, in characters.
const EXCERPT_CHARS_MAX: usize = 100;

/// A change file as a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeFile {
    /// The file's name without `.md`.
    pub id: String,
    /// The packages and how much each of them moves, in the file's order. Names are as written.
    pub releases: Vec<(String, Bump)>,
    /// The Markdown below the front matter, without the white space around it.
    pub summary: String,
}

/// A change file that can't be read as one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeFileError {
    /// There is nothing in it.
    #[error("{file} is empty; write a front matter with package names and bumps into it, or delete it")]
    Empty {
        /// The file.
        file: String,
    },
    /// Something other than a file stands in its place.
    #[error("{file} {problem}; put a change file there, or remove it")]
    NotAFile {
        /// The file.
        file: String,
        /// What is there, as the end of a sentence.
        problem: &'static str,
    },
    /// It is larger than relay reads.
    #[error("{file} has {size_bytes} bytes, more than the {CHANGE_FILE_SIZE_BYTES_MAX} that a change file may have")]
    TooLarge {
        /// The file.
        file: String,
        /// Its size.
        size_bytes: usize,
    },
    /// No pair of `---` lines.
    #[error(
        "{file}:{line}: a change file starts with package names and bumps between two lines `---`\n  {excerpt}\n  write it as\n  ---\n  \"package-name\": patch\n  ---"
    )]
    NoFrontMatter {
        /// The file.
        file: String,
        /// The first line with text on it, from 1.
        line: usize,
        /// That line.
        excerpt: String,
    },
    /// The front matter is no map of names to bumps.
    #[error("{file}:{line}:{column}: {problem}\n  {excerpt}")]
    Yaml {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What the parser says.
        problem: String,
        /// The line's text.
        excerpt: String,
    },
    /// A word that is no bump.
    #[error(
        "{file}:{line}: `{word}` is no bump for `{package}`; write `major`, `minor`, `patch` or `none`\n  {excerpt}"
    )]
    UnknownBump {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The package.
        package: String,
        /// The word as written.
        word: String,
        /// The line's text.
        excerpt: String,
    },
    /// A release without a name.
    #[error("{file}:{line}: a package name must not be empty\n  {excerpt}")]
    EmptyName {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The line's text.
        excerpt: String,
    },
}

/// The parts of a change file's text, found but not yet read.
struct Parts<'a> {
    /// What stands between the two `---`.
    front: &'a str,
    /// The number of lines above `front`'s first.
    lines_above: usize,
    summary: &'a str,
}

/// The front matter in the file's order. YAML maps have none, but a changelog's reader would see it shuffled.
struct Releases(Vec<(String, String)>);

impl ChangeFile {
    /// Parses a change file. `id` is the file's name without `.md`.
    ///
    /// # Errors
    /// [`ChangeFileError`] names the file, the line and what stands there.
    pub fn parse(id: &str, text: &str) -> Result<Self, ChangeFileError> {
        let file = file_name(id);
        if text.len() > CHANGE_FILE_SIZE_BYTES_MAX {
            return Err(ChangeFileError::TooLarge { file, size_bytes: text.len() });
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.trim().is_empty() {
            return Err(ChangeFileError::Empty { file });
        }
        let Some(parts) = split(text) else {
            let line = text.lines().take_while(|line| line.trim().is_empty()).count() + 1;
            return Err(ChangeFileError::NoFrontMatter { file, line, excerpt: excerpt(text, line) });
        };
        let releases = read_front_matter(&file, text, &parts)?;
        Ok(Self { id: id.to_owned(), releases, summary: parts.summary.trim().to_owned() })
    }

    /// The error about something in the place of a change file that is no file; `problem` ends the sentence.
    pub fn not_a_file(id: &str, problem: &'static str) -> ChangeFileError {
        ChangeFileError::NotAFile { file: file_name(id), problem }
    }

    /// The file's path relative to the workspace root, as messages name it.
    pub fn file_name(&self) -> String {
        file_name(&self.id)
    }

    /// The bump that the file asks of a package; a package named twice gets the higher one.
    pub fn bump_of(&self, package: &str) -> Option<Bump> {
        self.releases.iter().filter(|(name, _)| name == package).map(|(_, bump)| *bump).max()
    }
}

pub(crate) fn file_name(id: &str) -> String {
    format!(".changeset/{}.md", Printable::whole(id))
}

/// Finds the first `---`, and after it the first `---` that stands alone at the start of a line. White space is allowed
/// in front of both.
fn split(text: &str) -> Option<Parts<'_>> {
    const FENCE: &str = "---";
    let open = text.find(FENCE)? + FENCE.len();
    let body = text.get(open..)?;
    for (at, _) in body.match_indices(FENCE) {
        let before = body.get(..at)?;
        let front = before.trim_end();
        let gap = before.get(front.len()..)?;
        let after = body.get(at + FENCE.len()..)?;
        let rest_of_line = after.split('\n').next().unwrap_or_default();
        if gap.contains('\n') && rest_of_line.trim().is_empty() {
            let lines_above = text.get(..open)?.matches('\n').count();
            return Some(Parts { front, lines_above, summary: after });
        }
    }
    None
}

/// The parser's complaint, in the words of whoever wrote the file, and without its own place, which counts from the front
/// matter and not from the file.
fn without_place(problem: &str) -> String {
    let end = problem.rfind(" at line ").unwrap_or(problem.len());
    match problem.get(..end).unwrap_or(problem) {
        "expected mapping start" => "expected package names and bumps, such as `\"package-name\": patch`".to_owned(),
        problem
            if problem == "expected string scalar" || problem.starts_with("cannot deserialize null into string") =>
        {
            "expected a bump: `major`, `minor`, `patch` or `none`".to_owned()
        }
        problem => problem.to_owned(),
    }
}

fn read_front_matter(file: &str, text: &str, parts: &Parts<'_>) -> Result<Vec<(String, Bump)>, ChangeFileError> {
    let blank = parts.front.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'));
    if blank {
        return Ok(Vec::new());
    }
    let parsed: Option<Releases> = serde_saphyr::from_str(parts.front).map_err(|error| {
        let error = error.without_snippet();
        let place = error.location();
        let number = |wide: u64| usize::try_from(wide).unwrap_or(usize::MAX);
        let line = parts.lines_above + place.as_ref().map_or(1, |place| number(place.line()));
        ChangeFileError::Yaml {
            file: file.to_owned(),
            line,
            column: place.as_ref().map_or(1, |place| number(place.column())),
            problem: without_place(&one_line(&error.to_string())),
            excerpt: excerpt(text, line),
        }
    })?;
    let mut releases = Vec::new();
    for (package, word) in parsed.map(|releases| releases.0).unwrap_or_default() {
        match Bump::from_word(&word) {
            Some(bump) if !package.trim().is_empty() => releases.push((package, bump)),
            bump => return Err(refusal(file, text, parts, &package, &word, bump)),
        }
    }
    Ok(releases)
}

fn refusal(
    file: &str,
    text: &str,
    parts: &Parts<'_>,
    package: &str,
    word: &str,
    bump: Option<Bump>,
) -> ChangeFileError {
    let names_it = |line: &str| !line.trim().is_empty() && line.contains(package);
    let line = parts.lines_above + parts.front.lines().position(names_it).unwrap_or(0) + 1;
    let (file, excerpt) = (file.to_owned(), excerpt(text, line));
    match bump {
        Some(_) => ChangeFileError::EmptyName { file, line, excerpt },
        None => ChangeFileError::UnknownBump { file, line, package: one_line(package), word: one_line(word), excerpt },
    }
}

fn excerpt(text: &str, line: usize) -> String {
    Printable::excerpt(text, line).into()
}

fn one_line(text: &str) -> String {
    Printable::words(text, EXCERPT_CHARS_MAX).into()
}

impl<'de> Deserialize<'de> for Releases {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Releases;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("package names and bumps, such as `\"package-name\": patch`")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Releases, A::Error> {
                let mut releases = Vec::new();
                while let Some(release) = map.next_entry()? {
                    releases.push(release);
                }
                Ok(Releases(releases))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

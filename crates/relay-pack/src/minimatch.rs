//! npm's pattern language: minimatch 10 with the options that npm's packer sets (`matchBase`, `dot`, `flipNegate`,
//! `nocase`), for the POSIX platform.
//!
//! It is neither git's language nor a shell's: case is ignored, a pattern without a slash is held against the last name
//! of a path, a leading `!` only marks the pattern as negated (the caller says what that means), braces and extglobs
//! work. Facts read in npm 11.19's copy (minimatch 10.2.5, brace-expansion 5); the tests ask that very copy.
//!
//! - [`Glob`]: the same language as glob speaks it, with case and from a root
//! - `braces`: `{a,b}` and `{1..3}`
//! - `syntax`: extglobs of one name as a tree, and `class`: `[...]`
//! - `regular`: what a name's pattern means, and how it is matched in bounded time
//! - `segment`: one name's pattern with shortcuts for the usual forms
//! - `walk`: the names of a path against the parts of a pattern, with `**` and partial matches

mod braces;
mod class;
mod glob;
mod regular;
mod segment;
mod syntax;
mod walk;

pub use glob::Glob;
use relay_values::Printable;
use segment::{Case, Segment};

/// The longest pattern that minimatch takes, in UTF-16 units.
pub const PATTERN_LENGTH_UNITS_MAX: usize = 64 * 1024;

/// How deep braces and extglobs of one pattern may nest. minimatch has no such limit but overflows its stack instead.
pub const PATTERN_DEPTH_MAX: usize = 200;

/// A pattern that minimatch can't compile either: npm fails on it, so relay refuses it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the pattern `{pattern}` can't be used: {reason}")]
pub struct InvalidPattern {
    /// The pattern, cut to a printable length.
    pub pattern: String,
    /// Why.
    pub reason: &'static str,
}

/// A compiled pattern.
#[derive(Debug, Clone)]
pub struct Pattern {
    negated: bool,
    empty: bool,
    alternatives: Vec<Alternative>,
    short: bool,
    base_only: bool,
    /// A part without wildcards, where there is one: a whole path that matches has a name for it.
    needed: Option<Needed>,
}

/// A part without wildcards.
#[derive(Debug, Clone)]
struct Needed {
    part: Segment,
    /// Its length in bytes, and its first byte in lower case: most names differ in one of them.
    length: usize,
    first: u8,
}

/// One result of brace expansion: a pattern per path segment.
#[derive(Debug, Clone)]
struct Alternative {
    segments: Vec<Segment>,
    has_globstar: bool,
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// [`InvalidPattern`] when it is too long, nests too deep, or makes a regular expression that JavaScript refuses.
    pub fn parse(text: &str) -> Result<Self, InvalidPattern> {
        let invalid = |reason| InvalidPattern { pattern: Printable::name(text).into(), reason };
        if text.encode_utf16().count() > PATTERN_LENGTH_UNITS_MAX {
            return Err(invalid("it is longer than 65,536 characters"));
        }
        let nothing = Self {
            negated: false,
            empty: false,
            alternatives: Vec::new(),
            short: false,
            base_only: false,
            needed: None,
        };
        if text.starts_with('#') {
            return Ok(nothing);
        }
        if text.is_empty() {
            return Ok(Self { empty: true, ..nothing });
        }
        let rest = text.trim_start_matches('!');
        let negated = (text.len() - rest.len()) % 2 == 1;
        let parts: Vec<Vec<String>> = braces::expand(rest).map_err(invalid)?.iter().map(|one| split(one)).collect();
        let short = parts.iter().any(|names| match names.last() {
            Some(last) => names.len() <= if last.is_empty() { 2 } else { 1 },
            None => true,
        });
        let mut alternatives = Vec::with_capacity(parts.len());
        for names in &parts {
            let segments: Vec<Segment> = names
                .iter()
                .map(|name| Segment::parse(name, Case::Ignored))
                .collect::<Result<_, _>>()
                .map_err(invalid)?;
            let has_globstar = segments.iter().any(|segment| matches!(segment, Segment::Globstar));
            alternatives.push(Alternative { segments, has_globstar });
        }
        let base_only = !alternatives.is_empty() && alternatives.iter().all(|one| one.segments.len() == 1);
        let needed = match alternatives.as_slice() {
            [only] => only.segments.iter().find_map(Needed::of),
            _ => None,
        };
        Ok(Self { negated, empty: false, alternatives, short, base_only, needed })
    }

    /// Says whether the pattern starts with an odd number of `!`. Matching itself is not turned round by it.
    pub fn is_negated(&self) -> bool {
        self.negated
    }

    /// Says whether some alternative has a single name (a slash at its end not counted): the walk then also tries it
    /// against a folder's own name.
    pub fn is_short(&self) -> bool {
        self.short
    }

    /// Says whether only the last name of a path matters, so that all spellings of one path give one answer.
    pub fn is_base_only(&self) -> bool {
        self.base_only
    }

    /// Says that no whole path of these names can match, however they are put together: a quick look that spares the real one
    /// nearly always. Says nothing about partial matches.
    pub fn is_out_of_reach(&self, names: &[&str]) -> bool {
        self.needed.as_ref().is_some_and(|needed| !names.iter().any(|name| needed.is(name)))
    }

    /// Says whether the pattern matches a path. With `partial`, a path that ends before the pattern does also matches,
    /// as far as it goes.
    pub fn matches(&self, path: &str, partial: bool) -> bool {
        if path == "/" && partial && !self.empty && !self.alternatives.is_empty() {
            return true;
        }
        let names: Vec<&str> = names(path).collect();
        if self.empty {
            return path.is_empty();
        }
        self.matches_names(&names, partial)
    }

    /// [`Pattern::matches`] for a path that is split already: a leading slash is an empty first name, a trailing slash
    /// an empty last one.
    pub fn matches_names(&self, names: &[&str], partial: bool) -> bool {
        if self.empty {
            return names == [""];
        }
        let base = [names.iter().rev().find(|name| !name.is_empty()).copied().unwrap_or_default()];
        self.alternatives.iter().any(|one| {
            let names = if one.segments.len() == 1 { base.as_slice() } else { names };
            one.matches(names, partial)
        })
    }
}

impl Needed {
    fn of(part: &Segment) -> Option<Self> {
        let text = part.literal()?;
        let first = text.bytes().next()?.to_ascii_lowercase();
        Some(Self { part: part.clone(), length: text.len(), first })
    }

    fn is(&self, name: &str) -> bool {
        name.len() == self.length
            && name.as_bytes().first().map(u8::to_ascii_lowercase) == Some(self.first)
            && self.part.matches(name)
    }
}

impl Alternative {
    fn matches(&self, names: &[&str], partial: bool) -> bool {
        if self.has_globstar {
            walk::with_globstar(names, &self.segments, partial)
        } else {
            walk::plain(names, &self.segments, partial)
        }
    }
}

/// Splits at slashes, runs of which count as one.
fn names(path: &str) -> impl Iterator<Item = &str> {
    let last = path.split('/').count() - 1;
    path.split('/')
        .enumerate()
        .filter(move |(index, name)| *index == 0 || *index == last || !name.is_empty())
        .map(|(_, name)| name)
}

/// Splits a pattern at its slashes, drops repeated `**`, and resolves `name/..`.
fn split(pattern: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for name in names(pattern) {
        let last = parts.last().map(String::as_str);
        if name == "**" && last == Some("**") {
            continue;
        }
        if name == ".." && last.is_some_and(|last| !matches!(last, "" | ".." | "." | "**")) {
            parts.pop();
            continue;
        }
        parts.push(name.to_owned());
    }
    if parts.is_empty() {
        parts.push(String::new());
    }
    parts
}

#[cfg(test)]
mod tests;

//! One commit message: its header, its notes of breaking changes, and the lines of a squashed branch in its body.
//!
//! The grammar is that of Conventional Commits 1.0, read leniently where people and forges write it leniently: any case,
//! an empty scope, spaces around scope and colon, `feature` for `feat`, a full-width colon. A note of a breaking change
//! counts at the start of any line, as in lerna's parser, and not only as a footer: what is overlooked here goes out as a
//! patch and breaks whoever installs it.

use crate::bump::Bump;

/// The longest message that is read, in bytes; what follows is not looked at.
const MESSAGE_SIZE_BYTES_MAX: usize = 256 * 1024;

/// The longest note that is carried into changelogs, in characters.
const NOTE_CHARS_MAX: usize = 2_000;

/// The most lines of a squashed branch that are looked at.
const SQUASHED_LINES_MAX: usize = 1_000;

/// Types that ask for no release, as the presets in use know them. Any other one is not understood.
const SILENT_TYPES: [&str; 19] = [
    "bench", "build", "chore", "chores", "ci", "deps", "doc", "docs", "example", "examples", "merge", "refactor",
    "release", "style", "test", "tests", "types", "typo", "wip",
];

/// A header in the form `type(scope)!: description`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header<'a> {
    /// In lower case.
    pub(super) kind: String,
    pub(super) scope: Option<&'a str>,
    /// `!` in front of the colon.
    pub(super) breaks: bool,
    pub(super) description: &'a str,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message<'a> {
    pub(super) first: &'a str,
    pub(super) body: &'a str,
    /// `None`: the first line is prose.
    pub(super) header: Option<Header<'a>>,
}

impl<'a> Message<'a> {
    pub(super) fn parse(message: &'a str) -> Self {
        let message = bounded(message);
        let first = first_line(message);
        let body = message.trim_start().get(first.len()..).unwrap_or_default();
        Self { first, body, header: Header::parse(first) }
    }

    /// What the message asks for by itself; `None` where it is in no form that says anything.
    pub(super) fn bump(&self) -> Option<Bump> {
        if is_mechanical(self.first) || self.header.as_ref().is_some_and(Header::is_release) {
            return Some(Bump::None);
        }
        if breaking_notes(self.body).next().is_some() {
            return Some(Bump::Major);
        }
        self.header.as_ref()?.bump()
    }

    /// The lines of a squashed branch that ask for a release.
    pub(super) fn squashed(&self) -> Vec<(Header<'a>, Bump)> {
        if is_mechanical(self.first) || self.header.as_ref().is_some_and(Header::is_release) {
            return Vec::new();
        }
        let line = |line: &'a str| {
            let header = Header::parse(without_bullet(line))?;
            let bump = header.bump().filter(|bump| *bump > Bump::None)?;
            Some((header, bump))
        };
        self.body.lines().take(SQUASHED_LINES_MAX).filter_map(line).collect()
    }
}

impl<'a> Header<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let line = line.trim();
        let end = line.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'))?;
        let (kind, mut rest) = line.split_at_checked(end)?;
        if !kind.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return None;
        }
        let mut header = Self { kind: kind.to_ascii_lowercase(), scope: None, breaks: false, description: "" };
        loop {
            rest = rest.trim_start();
            if let Some(after) = rest.strip_prefix('!') {
                header.breaks = true;
                rest = after;
            } else if let Some((scope, after)) = parenthesised(rest) {
                header.scope = header.scope.or(Some(scope.trim()));
                rest = after;
            } else {
                let description = rest.strip_prefix(':').or_else(|| rest.strip_prefix('：'))?;
                header.description = description.trim();
                return Some(header);
            }
        }
    }

    /// What the header asks for; `None` where the type is none that is known.
    fn bump(&self) -> Option<Bump> {
        match self.kind.as_str() {
            _ if self.breaks => Some(Bump::Major),
            "feat" | "feature" => Some(Bump::Minor),
            "fix" | "perf" | "revert" => Some(Bump::Patch),
            kind => SILENT_TYPES.contains(&kind).then_some(Bump::None),
        }
    }

    /// `chore(release): …`, `release: …`, `chore: release 1.2.0`: their bodies often quote the notes of what they release.
    fn is_release(&self) -> bool {
        if self.breaks {
            return false;
        }
        let of_release_type = is_release_word(&self.kind);
        let chore = matches!(self.kind.as_str(), "chore" | "build" | "ci");
        of_release_type || chore && (self.scope.is_some_and(is_release_word) || is_release_sentence(self.description))
    }
}

/// Messages that git and forges write, and those of commits that were meant to be folded into others.
fn is_mechanical(first: &str) -> bool {
    ["Merge ", "fixup!", "squash!", "amend!"].iter().any(|start| first.starts_with(start))
}

/// Says whether a first line in prose is one that release tools write: `v1.2.3`, `Publish`, `Version Packages (#3)`.
pub(super) fn is_release_subject(first: &str) -> bool {
    let version = first.strip_prefix(['v', 'V']).unwrap_or(first).starts_with(|c: char| c.is_ascii_digit());
    let words = first.to_ascii_lowercase();
    version
        || is_mechanical(first)
        || is_release_sentence(first)
        || ["version packages", "versioning packages", "initial commit"].iter().any(|start| words.starts_with(start))
}

/// `release`, `release 1.2.0`, `publish packages`, and not `release memory sooner`.
fn is_release_sentence(text: &str) -> bool {
    let about_release = |word: &str| {
        let plain = word.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_ascii_lowercase();
        word.contains(|c: char| c.is_ascii_digit())
            || ["", "all", "main", "master", "new", "next", "package", "packages", "version", "versions"]
                .contains(&plain.as_str())
    };
    let is_version = |word: &str| {
        let word = word.rsplit(['@', 'v', '[', '(']).next().unwrap_or_default();
        word.split_once('.').is_some_and(|(major, rest)| {
            let digit = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
            digit(major) && digit(rest)
        })
    };
    let mut words = text.split_whitespace();
    let begins = words.next().is_some_and(|word| is_release_word(word.trim_end_matches(':')));
    begins && (words.clone().any(is_version) || words.all(about_release))
}

fn is_release_word(text: &str) -> bool {
    ["release", "releases", "releasing", "publish"].iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// `(scope)` and what follows it. A scope may hold brackets itself.
fn parenthesised(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            // The first character closed nothing: there is no bracket at all.
            return if at == 0 { None } else { Some((text.get(1..at)?, text.get(at + 1..)?)) };
        }
    }
    None
}

/// The texts of the notes of breaking changes in a body. A note that says there is none is none.
pub(super) fn breaking_notes(body: &str) -> impl Iterator<Item = String> {
    let mut lines = body.lines().peekable();
    std::iter::from_fn(move || {
        loop {
            let start = note_start(lines.next()?);
            let Some(start) = start else { continue };
            let mut note: Vec<&str> = Vec::from_iter((!start.is_empty()).then_some(start));
            // A note without a text on its line has it below: in a paragraph, or in a list.
            if note.is_empty() {
                while lines.next_if(|line| line.trim().is_empty()).is_some() {}
            }
            let goes_on = |line: &&str| !line.trim().is_empty() && !is_trailer(line) && note_start(line).is_none();
            while let Some(line) = lines.next_if(goes_on) {
                note.push(line.trim_end());
            }
            let text: String = note.join("\n").trim().chars().take(NOTE_CHARS_MAX).collect();
            let none = text.trim_end_matches('.').to_ascii_lowercase();
            if !["none", "no", "n/a", "nothing"].contains(&none.as_str()) {
                return Some(text);
            }
        }
    })
}

/// What follows `BREAKING CHANGE:` at the start of a line, behind a bullet or marks of Markdown; in any case with a colon,
/// and without one in capitals, as lerna's parser has it.
fn note_start(line: &str) -> Option<&str> {
    const WORD: &str = "breaking";
    let line = without_bullet(line).trim_start_matches(['*', '_', '#', '|', ' ', '\u{26a0}', '\u{fe0f}']);
    let head = line.get(..WORD.len()).filter(|head| head.eq_ignore_ascii_case(WORD))?;
    let after = line.get(WORD.len()..)?;
    let gap = after.len() - after.trim_start_matches([' ', '-', '_', '\u{a0}']).len();
    let word = after.get(gap..)?;
    let length = ["changes", "change"]
        .into_iter()
        .find(|name| word.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)))?
        .len();
    let (name, rest) = word.split_at_checked(length)?;
    let unmarked = rest.trim_start_matches(['*', '_']).trim_start();
    let unscoped = parenthesised(unmarked).map_or(unmarked, |(_, after)| after.trim_start());
    if let Some(text) = unscoped.strip_prefix([':', '：']).or_else(|| unscoped.strip_prefix("!:")) {
        return (gap > 0).then(|| text.trim_start_matches(['*', '_']).trim());
    }
    let shouted = gap > 0 && !format!("{head}{name}").contains(|c: char| c.is_ascii_lowercase());
    (shouted && (rest.is_empty() || rest.starts_with(char::is_whitespace))).then(|| rest.trim())
}

/// `Signed-off-by: …`, `Refs #12`: a footer of another kind ends a note.
fn is_trailer(line: &str) -> bool {
    let end = line.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).unwrap_or(line.len());
    let (token, rest) = line.split_at_checked(end).unwrap_or_default();
    let word = token.starts_with(|c: char| c.is_ascii_uppercase());
    word && (rest.starts_with(" #") || rest.starts_with(": ") && (token.contains('-') || is_reference(token)))
}

fn is_reference(token: &str) -> bool {
    ["closes", "fixes", "ref", "refs", "resolves", "see"].iter().any(|word| token.eq_ignore_ascii_case(word))
}

/// A line without `* `, `- `, `1. ` and the like in front.
fn without_bullet(line: &str) -> &str {
    let line = line.trim_start();
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let numbered = line.get(digits..).filter(|_| digits > 0).and_then(|rest| rest.strip_prefix(['.', ')']));
    let bulleted = line.strip_prefix(['*', '-', '+', '•', '–']);
    match numbered.or(bulleted) {
        Some(rest) if rest.starts_with(char::is_whitespace) => rest.trim_start(),
        _ => line,
    }
}

pub(super) fn bounded(message: &str) -> &str {
    let end = (0..=MESSAGE_SIZE_BYTES_MAX.min(message.len())).rev().find(|end| message.is_char_boundary(*end));
    end.and_then(|end| message.get(..end)).unwrap_or_default()
}

pub(super) fn first_line(message: &str) -> &str {
    message.trim_start().lines().next().unwrap_or_default().trim_end()
}

//! The pattern of one name of a path: `**`, a plain name, one of the usual wildcards with a shortcut, or an expression.
//!
//! The shortcuts are minimatch's own and decide more than speed: `*.j\s` holds the literal text behind the star.

use super::regular::{Expression, Folding};
use super::syntax;

/// A compiled pattern for one name.
#[derive(Debug, Clone)]
pub(super) enum Segment {
    /// `**`.
    Globstar,
    /// A text without letters, so that case doesn't matter.
    Exact(String),
    /// A text of ASCII characters, case ignored.
    AsciiText(String),
    /// `*` or a run of it.
    AnyName,
    /// `*` and a text, which is kept in lower case.
    EndsWith(String),
    /// `?`s: the length in UTF-16 units of the whole pattern, and the lower-case text behind them.
    LongAs(usize, String),
    /// `*.*`.
    HasDot,
    /// `.*`.
    StartsWithDot,
    /// Anything else.
    Expression(Box<Expression>),
}

impl Segment {
    /// Compiles the pattern of one name.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        if text == "**" {
            return Ok(Self::Globstar);
        }
        if text.is_empty() {
            return Ok(Self::Exact(String::new()));
        }
        // The long way is taken first: it refuses what JavaScript refuses, shortcut or not.
        let parsed = syntax::parse(text)?;
        let has_letters = text.to_uppercase() != text.to_lowercase();
        if !parsed.magic && !has_letters {
            return Ok(Self::Exact(parsed.literal()));
        }
        let folding = if parsed.whole_characters { Folding::Characters } else { Folding::Units };
        let expression = Expression::compile(&parsed.tokens, folding)?;
        if let Some(shortcut) = Self::shortcut(text) {
            return Ok(shortcut);
        }
        if let (false, Some(ascii)) = (parsed.magic, parsed.ascii_text()) {
            return Ok(Self::AsciiText(ascii));
        }
        Ok(Self::Expression(Box::new(expression)))
    }

    fn shortcut(text: &str) -> Option<Self> {
        let is_plain = |rest: &str| !rest.contains(['+', '@', '!', '?', '*', '[', '(']);
        let behind_stars = text.trim_start_matches('*');
        if behind_stars.len() < text.len() {
            if behind_stars.is_empty() {
                return Some(Self::AnyName);
            }
            if is_plain(behind_stars) {
                return Some(Self::EndsWith(behind_stars.to_lowercase()));
            }
            let dot_and_stars = behind_stars.strip_prefix('.').is_some_and(|rest| rest.chars().all(|c| c == '*'));
            return dot_and_stars.then_some(Self::HasDot);
        }
        let behind_marks = text.trim_start_matches('?');
        if behind_marks.len() < text.len() {
            let length = text.encode_utf16().count();
            return is_plain(behind_marks).then(|| Self::LongAs(length, behind_marks.to_lowercase()));
        }
        let dot_star = text.strip_prefix('.').is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c == '*'));
        dot_star.then_some(Self::StartsWithDot)
    }

    /// Says whether a name matches.
    pub(super) fn matches(&self, name: &str) -> bool {
        match self {
            Self::Globstar => false,
            Self::Exact(text) => name == text,
            Self::AsciiText(text) => name.eq_ignore_ascii_case(text),
            Self::AnyName => !name.is_empty() && !is_traversal(name),
            Self::EndsWith(text) => ends_with(name, text),
            Self::LongAs(length, text) => {
                !is_traversal(name) && ends_with(name, text) && name.encode_utf16().count() == *length
            }
            Self::HasDot => !is_traversal(name) && name.contains('.'),
            Self::StartsWithDot => !is_traversal(name) && name.starts_with('.'),
            Self::Expression(expression) => expression.matches(name),
        }
    }
}

fn is_traversal(name: &str) -> bool {
    name == "." || name == ".."
}

fn ends_with(name: &str, lower: &str) -> bool {
    if name.is_ascii() && lower.is_ascii() {
        let start = name.len().checked_sub(lower.len());
        return start.and_then(|start| name.get(start..)).is_some_and(|end| end.eq_ignore_ascii_case(lower));
    }
    name.to_lowercase().ends_with(lower)
}

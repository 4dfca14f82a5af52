//! The pattern of one name of a path: `**`, a plain name, one of the usual wildcards with a shortcut, or an expression.
//!
//! The shortcuts are minimatch's own and decide more than speed: `*.j\s` holds the literal text behind the star.

use super::regular::{Expression, Folding};
use super::syntax;

/// Whether the case of letters counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    /// It doesn't.
    Ignored,
    /// It does.
    Kept,
}

/// A compiled pattern for one name.
#[derive(Debug, Clone)]
pub(super) enum Segment {
    /// `**`.
    Globstar,
    /// A text without letters, or one whose case counts.
    Exact(String),
    /// A text of ASCII characters, case ignored.
    AsciiText(String),
    /// `*` or a run of it.
    AnyName,
    /// `*` and a text, which is in lower case where case is ignored.
    EndsWith(String, Case),
    /// `?`s: the length in UTF-16 units of the whole pattern, and the text behind them as in `EndsWith`.
    LongAs(usize, String, Case),
    /// `*.*`.
    HasDot,
    /// `.*`.
    StartsWithDot,
    /// Anything else.
    Expression(Box<Expression>),
}

impl Segment {
    /// Compiles the pattern of one name.
    pub(super) fn parse(text: &str, case: Case) -> Result<Self, &'static str> {
        if text == "**" {
            return Ok(Self::Globstar);
        }
        if text.is_empty() {
            return Ok(Self::Exact(String::new()));
        }
        // The long way is taken first: it refuses what JavaScript refuses, shortcut or not.
        let parsed = syntax::parse(text)?;
        let has_letters = case == Case::Ignored && text.to_uppercase() != text.to_lowercase();
        if !parsed.magic && !has_letters {
            return Ok(Self::Exact(parsed.literal()));
        }
        let folding = Folding { whole_characters: parsed.whole_characters, case };
        let expression = Expression::compile(&parsed.tokens, folding)?;
        if let Some(shortcut) = Self::shortcut(text, case) {
            return Ok(shortcut);
        }
        if let (false, Some(ascii)) = (parsed.magic, parsed.ascii_text()) {
            return Ok(Self::AsciiText(ascii));
        }
        Ok(Self::Expression(Box::new(expression)))
    }

    fn shortcut(text: &str, case: Case) -> Option<Self> {
        let lower = |text: &str| if case == Case::Kept { text.to_owned() } else { text.to_lowercase() };
        let is_plain = |rest: &str| !rest.contains(['+', '@', '!', '?', '*', '[', '(']);
        let behind_stars = text.trim_start_matches('*');
        if behind_stars.len() < text.len() {
            if behind_stars.is_empty() {
                return Some(Self::AnyName);
            }
            if is_plain(behind_stars) {
                return Some(Self::EndsWith(lower(behind_stars), case));
            }
            let dot_and_stars = behind_stars.strip_prefix('.').is_some_and(|rest| rest.chars().all(|c| c == '*'));
            return dot_and_stars.then_some(Self::HasDot);
        }
        let behind_marks = text.trim_start_matches('?');
        if behind_marks.len() < text.len() {
            let length = text.encode_utf16().count();
            return is_plain(behind_marks).then(|| Self::LongAs(length, lower(behind_marks), case));
        }
        let dot_star = text.strip_prefix('.').is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c == '*'));
        dot_star.then_some(Self::StartsWithDot)
    }

    /// Says whether it has no wildcard.
    pub(super) fn is_literal(&self) -> bool {
        self.literal().is_some()
    }

    /// The text that it stands for, where it has no wildcard. Names that match have its length, and but for the case of ASCII
    /// letters its bytes.
    pub(super) fn literal(&self) -> Option<&str> {
        match self {
            Self::Exact(text) | Self::AsciiText(text) => Some(text),
            _ => None,
        }
    }

    /// Says whether a name matches.
    pub(super) fn matches(&self, name: &str) -> bool {
        match self {
            Self::Globstar => false,
            Self::Exact(text) => name == text,
            Self::AsciiText(text) => name.eq_ignore_ascii_case(text),
            Self::AnyName => !name.is_empty() && !is_traversal(name),
            Self::EndsWith(text, case) => ends_with(name, text, *case),
            Self::LongAs(length, text, case) => {
                !is_traversal(name) && ends_with(name, text, *case) && name.encode_utf16().count() == *length
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

fn ends_with(name: &str, lower: &str, case: Case) -> bool {
    if case == Case::Kept {
        return name.ends_with(lower);
    }
    if name.is_ascii() && lower.is_ascii() {
        let start = name.len().checked_sub(lower.len());
        return start.and_then(|start| name.get(start..)).is_some_and(|end| end.eq_ignore_ascii_case(lower));
    }
    name.to_lowercase().ends_with(lower)
}

//! Text without extglobs: wildcards, classes, escapes.

use super::super::class::{self, ClassParse};
use super::super::regular::{Repeat, Token};
use super::Parsed;

/// A character of text that goes into the expression as it is.
pub(super) fn raw_token(unit: u16) -> Token {
    match u8::try_from(unit) {
        Ok(b'(') => Token::Open,
        Ok(b')') => Token::Close,
        Ok(b'|') => Token::Or,
        Ok(b'?') => Token::Repeat(Repeat::Optional),
        Ok(b'*') => Token::Repeat(Repeat::Any),
        Ok(b'+') => Token::Repeat(Repeat::Some),
        _ => Token::Unit { unit, only_loose: false },
    }
}

/// Says whether the expression could match `.` or `..` by a wildcard.
pub(super) fn may_be_traversal(tokens: &[Token]) -> bool {
    let is_wild = |token: Option<&Token>| match token {
        Some(Token::Any | Token::Star | Token::StarSome) => true,
        Some(Token::Class(class)) => !class.is_combined(),
        _ => false,
    };
    let is_dot = |index: usize| matches!(tokens.get(index), Some(Token::Unit { unit: 0x2e, .. }));
    is_wild(tokens.first())
        || (is_dot(0) && is_wild(tokens.get(1)))
        || (is_dot(0) && is_dot(1) && is_wild(tokens.get(2)))
}

/// The expression of text that has no extglobs.
pub(super) fn read_text(text: &[u16], not_empty: bool) -> Parsed {
    let star = u16::from(b'*');
    let only_stars = !text.is_empty() && text.iter().all(|unit| *unit == star);
    let mut parsed = Parsed { tokens: Vec::new(), magic: false, whole_characters: false };
    let mut escaping = false;
    let mut in_star = false;
    let mut index = 0;
    while let Some(unit) = text.get(index).copied() {
        index += 1;
        if escaping {
            escaping = false;
            parsed.tokens.push(match u8::try_from(unit) {
                Ok(b'|') => Token::Or,
                other => Token::Unit { unit, only_loose: other == Ok(b'!') },
            });
            continue;
        }
        if unit == star {
            if !in_star {
                in_star = true;
                parsed.tokens.push(if not_empty && only_stars { Token::StarSome } else { Token::Star });
                parsed.magic = true;
            }
            continue;
        }
        in_star = false;
        match u8::try_from(unit) {
            Ok(b'\\') if index < text.len() => {
                escaping = true;
                continue;
            }
            Ok(b'[') => {
                let rest = text.get(index - 1..).unwrap_or_default();
                match class::parse(rest) {
                    ClassParse::Class(class, length, whole_characters) => {
                        parsed.tokens.push(Token::Class(class));
                        parsed.whole_characters |= whole_characters;
                        parsed.magic = true;
                        index += length - 1;
                        continue;
                    }
                    ClassParse::Single(unit, length) => {
                        parsed.tokens.push(Token::Unit { unit, only_loose: is_escaped_loosely(unit) });
                        index += length - 1;
                        continue;
                    }
                    ClassParse::Impossible => {
                        parsed.tokens.push(Token::Never);
                        parsed.magic = true;
                        index = text.len();
                        continue;
                    }
                    ClassParse::None => {}
                }
            }
            Ok(b'?') => {
                parsed.tokens.push(Token::Any);
                parsed.magic = true;
                continue;
            }
            _ => {}
        }
        parsed.tokens.push(Token::Unit { unit, only_loose: is_escaped_loosely(unit) });
    }
    parsed
}

/// Characters that minimatch escapes though JavaScript takes the escape only in its loose mode.
fn is_escaped_loosely(unit: u16) -> bool {
    let c = char::from_u32(u32::from(unit));
    c.is_some_and(|c| matches!(c, '-' | ',' | '#' | '\u{feff}') || (c.is_whitespace() && c != '\u{85}'))
}

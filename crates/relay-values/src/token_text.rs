//! Texts that stand where a token should be and can't be one.

/// Why a text is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoToken {
    /// Nothing but white space.
    Empty,
    /// A `${VARIABLE}` that nobody has replaced.
    Unexpanded,
    /// What `actions/setup-node` exports where no token was given: `XXXXX-XXXXX-XXXXX-XXXXX`.
    Placeholder,
}

/// Says why a text can't be a token; `None` where it can.
pub fn no_token(text: &str) -> Option<NoToken> {
    let text = text.trim();
    if text.is_empty() {
        Some(NoToken::Empty)
    } else if text.contains("${") {
        Some(NoToken::Unexpanded)
    } else if text.bytes().all(|byte| matches!(byte, b'X' | b'-')) {
        Some(NoToken::Placeholder)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_no_tokens() {
        for (text, expected) in [
            ("", Some(NoToken::Empty)),
            (" \n", Some(NoToken::Empty)),
            ("${NPM_TOKEN}", Some(NoToken::Unexpanded)),
            ("npm_${NPM_TOKEN}", Some(NoToken::Unexpanded)),
            ("XXXXX-XXXXX-XXXXX-XXXXX", Some(NoToken::Placeholder)),
            ("XXXXXX-XXXXX", Some(NoToken::Placeholder)),
            (" XXXXX ", Some(NoToken::Placeholder)),
            ("npm_XXXXX", None),
            ("xxxxx-xxxxx", None),
            ("X1", None),
        ] {
            assert_eq!(no_token(text), expected, "{text:?}");
        }
    }
}

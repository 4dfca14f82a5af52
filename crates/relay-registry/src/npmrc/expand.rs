//! `${VAR}` in settings, by npm's rules (`npm-registry.md`, 12.4): an unset variable stays as text, an unset `${VAR?}`
//! becomes nothing, and an odd number of backslashes in front escapes it.

use std::collections::BTreeMap;

/// A text with its variables replaced.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Expanded {
    pub(crate) text: String,
    /// Variables that were replaced by their value.
    pub(crate) used: Vec<String>,
    /// Variables that are not set and still stand in the text.
    pub(crate) unset: Vec<String>,
    /// Variables that are not set and were replaced by nothing.
    pub(crate) emptied: Vec<String>,
}

/// Replaces the variables of a text, once: values are not expanded again.
pub(crate) fn expand(text: &str, environment: &BTreeMap<String, String>) -> Expanded {
    expand_by(text, |name| environment.get(name).map(String::as_str))
}

/// The same by what tells a variable's value.
pub(super) fn expand_by<'a>(text: &str, value_of: impl Fn(&str) -> Option<&'a str>) -> Expanded {
    let mut expanded = Expanded::default();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, from) = rest.split_at(at);
        let Some((name, optional, after)) = variable(from) else {
            expanded.text.push_str(before);
            expanded.text.push_str("${");
            rest = from.strip_prefix("${").unwrap_or_default();
            continue;
        };
        let plain = before.trim_end_matches('\\');
        let backslashes = before.len() - plain.len();
        expanded.text.push_str(plain);
        expanded.text.extend(std::iter::repeat_n('\\', backslashes / 2));
        let whole = from.strip_suffix(after).unwrap_or(from);
        if backslashes % 2 == 1 {
            expanded.text.push_str(whole);
        } else {
            match value_of(name) {
                Some(value) => {
                    expanded.text.push_str(value);
                    expanded.used.push(name.to_owned());
                }
                None if optional => expanded.emptied.push(name.to_owned()),
                None => {
                    expanded.text.push_str(whole);
                    expanded.unset.push(name.to_owned());
                }
            }
        }
        rest = after;
    }
    expanded.text.push_str(rest);
    expanded
}

/// Reads `${NAME}` or `${NAME?}` at the start of a text.
fn variable(text: &str) -> Option<(&str, bool, &str)> {
    let inner = text.strip_prefix("${")?;
    let end = inner.find(['$', '{', '}', '?'])?;
    let (name, after) = inner.split_at(end);
    let (optional, after) = match after.strip_prefix('?') {
        Some(after) => (true, after),
        None => (false, after),
    };
    let after = after.strip_prefix('}')?;
    (!name.is_empty()).then_some((name, optional, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(text: &str) -> Expanded {
        let environment = [("A", "1"), ("EMPTY", ""), ("B", "${A}")];
        expand(text, &environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into())
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(expanded(text).text, expected);
    }

    #[test]
    fn follows_npm() {
        check("x${A}y${A}", "x1y1");
        check("${EMPTY}", "");
        check("${B}", "${A}");
        check("${NO}", "${NO}");
        check("a${NO?}b", "ab");
        check("${A?}", "1");
        check("\\${A}", "${A}");
        check("\\\\${A}", "\\1");
        check("\\\\\\${A}", "\\${A}");
        check("${}", "${}");
        check("${A", "${A");
        check("$${A}", "$1");
        check("${${A}}", "${1}");
        check("${A}${", "1${");
        check("$A", "$A");
    }

    #[test]
    fn says_which_variables_it_met() {
        let found = expanded("${A}-${NO}-${MAYBE?}-\\${SAFE}");
        assert_eq!(
            (found.used, found.unset, found.emptied),
            (vec!["A".into()], vec!["NO".into()], vec!["MAYBE".into()])
        );
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text: String) {
            expanded(&text);
        }
    }
}

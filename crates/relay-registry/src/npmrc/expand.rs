//! `${VAR}` in settings, by npm's rules (`npm-registry.md`, 12.4): an unset variable stays as text, an unset `${VAR?}`
//! becomes nothing, and an odd number of backslashes in front escapes it.
//!
//! pnpm reads fallbacks besides, seen with 12.21: `${VAR-text}` is the text where the variable is not set, `${VAR:-text}`
//! also where it is empty. To npm `VAR-text` is a name like any other.

use std::collections::BTreeMap;

use relay_workspace::PackageManager;

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

/// What a variable comes to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Lookup<'a> {
    /// It is set to this.
    Set(&'a str),
    /// It is not set.
    Unset,
    /// It may not be expanded here, and nothing else stands in for it: it is told among the unset ones.
    Refused,
}

/// Which forms of a variable are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Forms {
    /// npm's.
    #[default]
    Npm,
    /// npm's, and fallbacks.
    Pnpm,
}

impl Forms {
    /// Those that a repository's manager reads.
    pub(crate) fn of(manager: Option<PackageManager>) -> Self {
        if manager == Some(PackageManager::Pnpm) { Self::Pnpm } else { Self::Npm }
    }
}

/// Replaces the variables of a text, once: values are not expanded again.
pub(crate) fn expand(text: &str, forms: Forms, environment: &BTreeMap<String, String>) -> Expanded {
    expand_by(text, forms, |name| environment.get(name).map_or(Lookup::Unset, |value| Lookup::Set(value)))
}

/// The variables that a text has, whatever they hold.
pub(super) fn variables_of(text: &str, forms: Forms) -> Vec<String> {
    let expanded = expand_by(text, forms, |_| Lookup::Refused);
    [expanded.unset, expanded.emptied].concat()
}

/// The same by what tells a variable's value.
pub(super) fn expand_by<'a>(text: &str, forms: Forms, value_of: impl Fn(&str) -> Lookup<'a>) -> Expanded {
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
            let (name, fallback) = match forms {
                Forms::Pnpm => with_fallback(name),
                Forms::Npm => (name, None),
            };
            let value = value_of(name);
            match (value, fallback) {
                (Lookup::Set(""), Some(Fallback { text, when_empty: true }))
                | (Lookup::Unset, Some(Fallback { text, .. })) => {
                    expanded.text.push_str(text);
                }
                (Lookup::Set(value), _) => {
                    expanded.text.push_str(value);
                    expanded.used.push(name.to_owned());
                }
                (Lookup::Unset | Lookup::Refused, None) if optional => expanded.emptied.push(name.to_owned()),
                (Lookup::Unset | Lookup::Refused, _) => {
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

/// What stands in for a variable.
struct Fallback<'a> {
    text: &'a str,
    /// Also for one that is set to nothing.
    when_empty: bool,
}

/// Reads `NAME-text` and `NAME:-text`.
fn with_fallback(inner: &str) -> (&str, Option<Fallback<'_>>) {
    let Some((name, text)) = inner.split_once('-') else { return (inner, None) };
    match name.strip_suffix(':') {
        Some(name) => (name, Some(Fallback { text, when_empty: true })),
        None => (name, Some(Fallback { text, when_empty: false })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded_by(forms: Forms, text: &str) -> Expanded {
        let environment = [("A", "1"), ("EMPTY", ""), ("B", "${A}")];
        expand(text, forms, &environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into())
    }

    fn expanded(text: &str) -> Expanded {
        expanded_by(Forms::Npm, text)
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
    fn fallbacks_are_pnpms_alone() {
        for (text, of_pnpm) in [
            ("${NO-all}", "all"),
            ("${NO:-all}", "all"),
            ("${NO-}", ""),
            ("${NO:-}", ""),
            ("${EMPTY-all}", ""),
            ("${EMPTY:-all}", "all"),
            ("${A-all}", "1"),
            ("${A:-all}", "1"),
            ("${NO-a-b}", "a-b"),
            ("${NO:-a:-b}", "a:-b"),
            ("\\${NO-all}", "${NO-all}"),
            ("${NO-a}${NO-b}", "ab"),
            ("${-all}", "all"),
        ] {
            assert_eq!(expanded_by(Forms::Pnpm, text).text, of_pnpm, "{text}");
            assert_eq!(expanded(text).text, text.trim_start_matches('\\'), "{text}");
        }
        assert_eq!(expanded_by(Forms::Pnpm, "${A-x}${NO-${A}}").used, ["A", "A"]);
    }

    #[test]
    fn nothing_stands_in_for_a_variable_that_may_not_be_expanded() {
        let refused = expand_by("${SECRET-x}/${SECRET:-x}", Forms::Pnpm, |_| Lookup::Refused);
        assert_eq!((refused.text.as_str(), refused.unset.len()), ("${SECRET-x}/${SECRET:-x}", 2));
        assert_eq!(variables_of("${A-x}${B?}${C}", Forms::Pnpm), ["A", "C", "B"]);
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
            expanded_by(Forms::Pnpm, &text);
        }
    }
}

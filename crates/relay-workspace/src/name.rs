//! Package names, as the npm client and the registry accept them.
//!
//! Source of the rules: `validate-npm-package-name` as used by npm 11 and 12. Two strictnesses exist there: what may be
//! installed ("valid for old packages") and what may be published anew. [`PackageName::parse`] is the first;
//! [`PackageName::refusal_for_new_package`] is the second.

use std::fmt;

use relay_values::Printable;
use serde::{Deserialize, Serialize};

/// The longest name that npm accepts for a new package, in characters.
pub const NAME_LENGTH_CHARS_MAX: usize = 214;

/// Names that npm never accepts, whatever their spelling otherwise.
const RESERVED: [&str; 2] = ["node_modules", "favicon.ico"];

/// A package name: `name` or `@scope/name`.
///
/// ```
/// # use relay_workspace::PackageName;
/// let name = PackageName::parse("@acme/core")?;
/// assert_eq!(name.scope(), Some("@acme"));
/// assert_eq!(name.unscoped(), "core");
/// # Ok::<(), relay_workspace::InvalidName>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PackageName(String);

/// A text that is no package name, with the rule it breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is not a package name npm accepts: {rule}")]
pub struct InvalidName {
    /// The text, cut to a printable length.
    pub name: String,
    /// The broken rule, as half a sentence.
    pub rule: &'static str,
}

impl PackageName {
    /// Parses a name by the rules for packages that exist already (capitals and `~'!()*` are allowed).
    ///
    /// # Errors
    /// [`InvalidName`] names the first rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        match broken_rule(text) {
            None => Ok(Self(text.to_owned())),
            Some(rule) => Err(InvalidName { name: Printable::name(text).into(), rule }),
        }
    }

    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The scope with its `@`, if there is one.
    pub fn scope(&self) -> Option<&str> {
        self.0.starts_with('@').then(|| self.0.split_once('/').map(|(scope, _)| scope)).flatten()
    }

    /// The name without its scope.
    pub fn unscoped(&self) -> &str {
        match self.scope() {
            Some(scope) => &self.0[scope.len() + 1..],
            None => &self.0,
        }
    }

    /// Says why the registry would refuse this name for a package that does not exist yet, or `None` where it would not.
    pub fn refusal_for_new_package(&self) -> Option<&'static str> {
        if self.0.chars().count() > NAME_LENGTH_CHARS_MAX {
            Some("a new package's name has at most 214 characters")
        } else if self.0.chars().any(char::is_uppercase) {
            Some("a new package's name has no capital letters")
        } else if self.unscoped().contains(['~', '\'', '!', '(', ')', '*']) {
            Some("a new package's name has none of the characters ~'!()*")
        } else {
            None
        }
    }
}

fn broken_rule(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        return Some("it is empty");
    }
    if text.trim() != text {
        return Some("it starts or ends with white space");
    }
    if text.starts_with('.') {
        return Some("it starts with a dot");
    }
    if text.starts_with('_') {
        return Some("it starts with an underscore");
    }
    if text.starts_with('-') {
        return Some("it starts with a hyphen");
    }
    if RESERVED.contains(&text.to_lowercase().as_str()) {
        return Some("the name is reserved");
    }
    let (scope, base) = match text.strip_prefix('@') {
        Some(rest) => match rest.split_once('/') {
            Some((scope, base)) => (Some(scope), base),
            None => return Some("a scope must be followed by `/` and a name"),
        },
        None => (None, text),
    };
    if base.is_empty() || scope.is_some_and(str::is_empty) {
        return Some("scope and name must not be empty");
    }
    if base.starts_with('.') {
        return Some("the name after the scope starts with a dot");
    }
    if !base.chars().all(url_friendly) || !scope.is_none_or(|s| s.chars().all(url_friendly)) {
        return Some("it has characters that would have to be escaped in a URL");
    }
    None
}

/// The characters that `encodeURIComponent` leaves alone.
fn url_friendly(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_.!~*'()".contains(c)
}

impl fmt::Display for PackageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for PackageName {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        Self::parse(&text)
    }
}

impl From<PackageName> for String {
    fn from(name: PackageName) -> Self {
        name.0
    }
}

impl std::str::FromStr for PackageName {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(text: &str, rule: &str) {
        let error = PackageName::parse(text).expect_err("must be refused");
        assert!(error.rule.contains(rule), "{text}: {}", error.rule);
    }

    #[test]
    fn splits_scope_and_name() {
        let name = PackageName::parse("@acme/core").unwrap();
        assert_eq!((name.scope(), name.unscoped()), (Some("@acme"), "core"));
        let name = PackageName::parse("left-pad").unwrap();
        assert_eq!((name.scope(), name.unscoped()), (None, "left-pad"));
    }

    #[test]
    fn refuses_what_npm_refuses() {
        refused("", "empty");
        refused(".hidden", "dot");
        refused("_x", "underscore");
        refused("--upload-pack=x", "hyphen");
        refused(" a", "white space");
        refused("node_modules", "reserved");
        refused("@acme", "followed by");
        refused("@acme/", "not be empty");
        refused("@/x", "not be empty");
        refused("a/b", "escaped");
        refused("a b", "escaped");
        refused("../x", "dot");
        refused("@a/../x", "dot");
        refused("ü", "escaped");
    }

    #[test]
    fn capitals_are_readable_but_not_publishable_anew() {
        let name = PackageName::parse("JSONStream").unwrap();
        assert!(name.refusal_for_new_package().is_some());
        assert!(PackageName::parse("jsonstream").unwrap().refusal_for_new_package().is_none());
    }
}

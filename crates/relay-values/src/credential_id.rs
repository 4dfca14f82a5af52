//! Which credential is meant: a value that a plan may hold and compare, since the secret is not in it.
//!
//! The words that people read are made of it and never stand in for it: two credentials may be described alike and differ.

use std::fmt;

use crate::printable::Printable;
use crate::registry_url::RegistryUrl;

/// One credential of one registry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CredentialId {
    /// The registry that it is for.
    pub registry: RegistryUrl,
    /// Where its text stands.
    pub origin: CredentialOrigin,
}

/// Where a credential's text stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CredentialOrigin {
    /// In an environment variable.
    Variable(String),
    /// In npm's configuration.
    Setting {
        /// The key and the file or variable that sets it, such as "`//host/:_authToken` in `.npmrc`".
        place: String,
        /// The environment variables that its text was made of.
        variables: Vec<String>,
    },
    /// Nobody wrote it down: it was made for this run, as a rehearsal's are.
    Made(String),
}

impl CredentialId {
    /// The credential of a registry that an environment variable holds.
    pub fn of_variable(registry: RegistryUrl, name: impl Into<String>) -> Self {
        Self { registry, origin: CredentialOrigin::Variable(name.into()) }
    }

    /// A credential that was made for this run, with what to call it.
    pub fn made(registry: RegistryUrl, words: impl Into<String>) -> Self {
        Self { registry, origin: CredentialOrigin::Made(words.into()) }
    }
}

impl CredentialOrigin {
    /// The environment variables that the text was taken from.
    pub fn variables(&self) -> &[String] {
        match self {
            Self::Variable(name) => std::slice::from_ref(name),
            Self::Setting { variables, .. } => variables,
            Self::Made(_) => &[],
        }
    }
}

impl fmt::Display for CredentialOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(f, "environment variable `{name}`"),
            Self::Setting { place, variables } if variables.is_empty() => f.write_str(place),
            Self::Setting { place, variables } => {
                let names: Vec<_> = variables.iter().map(|name| format!("`{}`", Printable::name(name))).collect();
                write!(f, "{place} ({})", names.join(", "))
            }
            Self::Made(words) => f.write_str(words),
        }
    }
}

/// Where it comes from, for people.
impl fmt::Display for CredentialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.origin.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_told_apart_by_registry_and_place_and_described_by_place() {
        let [here, there] = ["https://registry.example/", "https://other.example/"].map(str::parse::<RegistryUrl>);
        let (here, there) = (here.unwrap(), there.unwrap());
        let one = CredentialId::of_variable(here.clone(), "NPM_TOKEN");
        assert_eq!(one.to_string(), "environment variable `NPM_TOKEN`");
        assert_ne!(one, CredentialId::of_variable(there, "NPM_TOKEN"));
        let setting = CredentialOrigin::Setting {
            place: "`//registry.example/:_authToken` in `.npmrc`".to_owned(),
            variables: vec!["NPM_TOKEN".to_owned()],
        };
        assert_eq!(setting.to_string(), "`//registry.example/:_authToken` in `.npmrc` (`NPM_TOKEN`)");
        assert_eq!(setting.variables(), one.origin.variables());
        assert_ne!(one, CredentialId { registry: here, origin: setting });
    }
}

//! What makes npm's settings unusable, in words for people.

use camino::Utf8PathBuf;
use relay_values::Printable;

use super::NPMRC_SIZE_BYTES_MAX;
use crate::manager_settings::ManagerSettingsError;
use crate::url::{InvalidRegistryUrl, RegistryUrl};

/// A registry with the setting that names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedRegistry {
    /// Where it is named, for people.
    pub place: String,
    /// The registry.
    pub url: RegistryUrl,
}

/// Settings that can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NpmConfigError {
    /// A credential that names no registry. npm refuses such a file too.
    #[error("`{key}` in `{path}` is bound to no registry, which npm refuses; {fix}")]
    UnscopedAuth {
        /// The file.
        path: Utf8PathBuf,
        /// The key.
        key: String,
        /// What to write instead.
        fix: String,
    },
    /// A registry's address that can't be used.
    #[error("{place}: {source}")]
    InvalidRegistry {
        /// Where it stands, for people.
        place: String,
        /// What is wrong with it.
        source: InvalidRegistryUrl,
    },
    /// A registry's address that names an unset variable.
    #[error("{place}: the variable `{}` is not set", Printable::name(variable))]
    UnsetVariable {
        /// Where it stands.
        place: String,
        /// The variable.
        variable: String,
    },
    /// A registry's address that would carry a secret to whoever answers there.
    #[error(
        "{place}: the variable `{name}` holds a credential, which must not become a part of an address; write it as \
         `//host/:_authToken=${{{name}}}`",
        name = Printable::name(variable)
    )]
    SecretInAddress {
        /// Where it stands.
        place: String,
        /// The variable.
        variable: String,
    },
    /// A manager's own file that can't be used.
    #[error(transparent)]
    Manager(#[from] ManagerSettingsError),
    /// Two settings that name different registries for the same packages.
    #[error(
        "{} says `{}` and {} says `{}`, so that it is not clear where {packages} would go; let both say the same, or remove \
         one of them",
        .first.place,
        .first.url,
        .second.place,
        .second.url
    )]
    Disagreement {
        /// The packages, in words.
        packages: String,
        /// One of them.
        first: Box<NamedRegistry>,
        /// The other.
        second: Box<NamedRegistry>,
    },
    /// yarn installs a scope from one registry and would publish it to another that nobody named for publishing.
    #[error(
        "{} says `{}`, from where yarn installs, and nothing says where {packages} are published: yarn would send them to \
         `{to}`; write `npmPublishRegistry` beside it",
        .from.place,
        .from.url
    )]
    OnlyInstalledFrom {
        /// The packages, in words.
        packages: String,
        /// The registry that the scope is installed from.
        from: Box<NamedRegistry>,
        /// The registry that yarn would publish to.
        to: Box<RegistryUrl>,
    },
    /// A file that is larger than any real one.
    #[error("`{path}` is larger than {NPMRC_SIZE_BYTES_MAX} bytes, which no `.npmrc` is")]
    FileTooLarge {
        /// The file.
        path: Utf8PathBuf,
    },
}

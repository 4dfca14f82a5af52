//! By whose right a package is written to, and the credential for it, given out at its turn.
//!
//! A plan says an [`Authorisation`]; the credential itself is asked for when a write begins, not before. What is known
//! beforehand is in [`KnownCredentials`]; a source that has to ask somebody for each package is another
//! [`CredentialSource`].

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use relay_plan::Authorisation;
use relay_registry::{Credential, ExchangeError, IdentitySource, RegistryClient, RegistryUrl};
use relay_values::CredentialId;
use relay_workspace::PackageName;

use crate::session::{KnownCredential, Session};

/// Gives a package's credential out when a write of it begins.
pub trait CredentialSource: Send + Sync {
    /// The credential of one package; `None`: it is written to without one.
    ///
    /// # Errors
    /// [`NotAuthorised`]: nothing can be sent for this package.
    fn credential<'a>(
        &'a self,
        package: &'a PackageName,
        by: &'a Authorisation,
    ) -> BoxFuture<'a, Result<Option<Credential>, NotAuthorised>>;
}

/// There is no credential for a write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAuthorised {
    /// The credential that was planned with can't be found any more.
    #[error(
        "the credential for `{package}` from {credential}, with which it was planned, is gone; run the command again"
    )]
    Gone {
        /// The package.
        package: PackageName,
        /// Where the credential came from.
        credential: String,
    },
    /// No token was minted.
    #[error("the registry gave no token for `{package}`: {cause}")]
    NotMinted {
        /// The package.
        package: PackageName,
        /// Why.
        cause: String,
    },
    /// A token would have to be minted.
    #[error("a token for `{package}` would have to be minted, and nothing here can mint one")]
    NoMint {
        /// The package.
        package: PackageName,
    },
}

/// The credentials that were found before the run, by package, best first, and what mints others.
#[derive(Clone, Default)]
pub struct KnownCredentials {
    known: BTreeMap<PackageName, Vec<KnownCredential>>,
    mint: Option<(Mint, BTreeMap<PackageName, RegistryUrl>)>,
}

/// Mints a token for one package of those that trust the job that this is, at its turn (`npm-registry.md`, 6.3).
#[derive(Clone)]
pub struct Mint {
    client: RegistryClient,
    source: IdentitySource,
}

impl Mint {
    /// What a run can mint with; `None`: it is no job with an identity.
    pub fn of(session: &Session) -> Option<Self> {
        let source = IdentitySource::of(&session.environment)?.ok()?;
        Some(Self { client: session.client.clone(), source })
    }

    /// A token for a package, by a fresh identity: an ID token lives for minutes, and a release may last longer.
    async fn token(&self, registry: &RegistryUrl, package: &PackageName) -> Result<Credential, NotAuthorised> {
        let failed =
            |error: ExchangeError| NotAuthorised::NotMinted { package: package.clone(), cause: error.to_string() };
        let id_token = self.client.id_token(&self.source, registry).await.map_err(failed)?;
        self.client.exchange(registry, package, &id_token).await.map_err(failed)
    }
}

/// By whose right one package is written to.
#[derive(Clone)]
pub struct PackageAuthority {
    /// The package.
    pub package: PackageName,
    /// By whose right.
    pub by: Authorisation,
    /// With which credential a person answers a challenge, where it is another one.
    pub answered_with: Option<CredentialId>,
    /// Who gives the credential out.
    pub source: Arc<dyn CredentialSource>,
}

impl KnownCredentials {
    /// What was found.
    pub fn new(known: BTreeMap<PackageName, Vec<KnownCredential>>) -> Self {
        Self { known, mint: None }
    }

    /// The same, able to mint tokens for packages of these registries.
    #[must_use]
    pub fn minting(self, mint: Option<Mint>, registries: BTreeMap<PackageName, RegistryUrl>) -> Self {
        Self { mint: mint.map(|mint| (mint, registries)), ..self }
    }

    /// The credentials of a package, best first.
    pub fn of(&self, package: &PackageName) -> &[KnownCredential] {
        self.known.get(package).map(Vec::as_slice).unwrap_or_default()
    }

    /// One of a package's credentials, by its id.
    ///
    /// # Errors
    /// [`NotAuthorised::Gone`].
    pub fn find(&self, package: &PackageName, id: &CredentialId) -> Result<&KnownCredential, NotAuthorised> {
        let gone = || NotAuthorised::Gone { package: package.clone(), credential: id.to_string() };
        self.of(package).iter().find(|known| known.fact.id == *id).ok_or_else(gone)
    }
}

impl CredentialSource for KnownCredentials {
    fn credential<'a>(
        &'a self,
        package: &'a PackageName,
        by: &'a Authorisation,
    ) -> BoxFuture<'a, Result<Option<Credential>, NotAuthorised>> {
        Box::pin(async move {
            match by {
                Authorisation::Credential(id) => Ok(Some(self.find(package, id)?.credential.clone())),
                Authorisation::Minted => {
                    let mint = self.mint.as_ref().and_then(|(mint, all)| Some((mint, all.get(package)?)));
                    let (mint, registry) = mint.ok_or_else(|| NotAuthorised::NoMint { package: package.clone() })?;
                    mint.token(registry, package).await.map(Some)
                }
                Authorisation::Nobody => Ok(None),
            }
        })
    }
}

impl PackageAuthority {
    /// The credential for a write that begins now: the planned one, or the one with which a person answers.
    ///
    /// # Errors
    /// [`NotAuthorised`].
    pub async fn credential(&self, interactive: bool) -> Result<Option<Credential>, NotAuthorised> {
        match self.answered_with.as_ref().filter(|_| interactive) {
            Some(id) => self.source.credential(&self.package, &Authorisation::Credential(id.clone())).await,
            None => self.source.credential(&self.package, &self.by).await,
        }
    }

    /// The credential for reading what was written, where one is at hand without asking for another: who reads needs none of
    /// its own.
    pub async fn reading_credential(&self) -> Option<Credential> {
        match &self.by {
            Authorisation::Credential(_) => self.credential(false).await.ok().flatten(),
            Authorisation::Minted | Authorisation::Nobody => None,
        }
    }
}

impl fmt::Debug for PackageAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PackageAuthority")
            .field("package", &self.package)
            .field("by", &self.by)
            .field("answered_with", &self.answered_with)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use relay_config::CredentialKind;
    use relay_plan::CredentialFact;

    use super::*;

    fn known(origin: &str) -> KnownCredential {
        let registry = RegistryUrl::parse("https://registry.example/").unwrap();
        let id = CredentialId::made(registry, origin);
        let credential = Credential::new_bearer(format!("secret of {origin}").into(), id.clone());
        KnownCredential {
            fact: CredentialFact { id, kind: CredentialKind::Session, expires: None, challenged_on: None },
            credential,
        }
    }

    fn authority(by: Authorisation, answered_with: Option<CredentialId>) -> PackageAuthority {
        let package = PackageName::parse("a").unwrap();
        let source = KnownCredentials::new(BTreeMap::from([(package.clone(), vec![known("token"), known("session")])]));
        PackageAuthority { package, by, answered_with, source: Arc::new(source) }
    }

    async fn origin(authority: &PackageAuthority, interactive: bool) -> Result<Option<CredentialId>, NotAuthorised> {
        Ok(authority.credential(interactive).await?.map(|credential| credential.id().clone()))
    }

    #[tokio::test]
    async fn each_write_gets_the_credential_of_its_authorisation_at_its_turn() {
        let (token, session) = (known("token").fact.id, known("session").fact.id);
        let both = authority(Authorisation::Credential(token.clone()), Some(session.clone()));
        assert_eq!(origin(&both, false).await, Ok(Some(token.clone())));
        assert_eq!(origin(&both, true).await, Ok(Some(session)));
        let alone = authority(Authorisation::Credential(token.clone()), None);
        assert_eq!(origin(&alone, true).await, Ok(Some(token)));
        assert_eq!(origin(&authority(Authorisation::Nobody, None), true).await, Ok(None));
    }

    #[tokio::test]
    async fn what_is_gone_or_would_have_to_be_minted_is_told_and_nothing_stands_in_for_it() {
        let gone = authority(Authorisation::Credential(known("elsewhere").fact.id), None);
        assert!(origin(&gone, false).await.unwrap_err().to_string().contains("elsewhere"));
        let minted = authority(Authorisation::Minted, None);
        assert!(matches!(origin(&minted, false).await, Err(NotAuthorised::NoMint { .. })));
        assert!(minted.reading_credential().await.is_none());
    }
}

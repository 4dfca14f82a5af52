//! What a run may use: the registry's configuration and client, credentials, a person, and the flags of the command.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use relay_config::{Access, Config, CredentialDeclaration, CredentialKind, NamePatterns, RegistryRules};
use relay_plan::CredentialFact;
use relay_registry::{Credential, NpmConfig, Otp, RegistryClient, RegistryUrl, default_registry};
use relay_values::{CUSTOMARY_TOKEN_VARIABLES, CredentialId, DistTag, no_token};
use relay_workspace::PackageName;
use secrecy::SecretString;

use crate::account::sessions::Sessions;

/// Everything that a run is given from outside.
pub struct Session {
    /// `.npmrc` files and `npm_config_*`, resolved.
    pub npm: NpmConfig,
    /// The client of all registries.
    pub client: RegistryClient,
    /// The environment, for declared tokens.
    pub environment: BTreeMap<String, SecretString>,
    /// A digest of how registries are reached: proxies and certificate authorities. See [`crate::agreed_settings::digest`].
    pub way: String,
    /// Why credentials are withheld from this run, for people; `None` where they are not.
    pub withheld_because: Option<String>,
    /// Whether a person can answer challenges now.
    pub person: bool,
    /// A one-time password given beforehand.
    pub otp: Option<Otp>,
    /// Whether no registry may be asked.
    pub offline: bool,
    /// `--tag`.
    pub tag: Option<DistTag>,
    /// `--access`.
    pub access: Option<Access>,
    /// `--promote-last`.
    pub promote_last: bool,
    /// `--filter`: the packages that take part; `None`: all.
    pub selected: Option<BTreeSet<PackageName>>,
    /// Registries that others stand in for: a rehearsal's sandboxes.
    pub stand_ins: BTreeMap<RegistryUrl, StandIn>,
    /// Whether cycles through runtime dependencies are allowed.
    pub allow_cycles: bool,
    /// The sessions that relay began for the person.
    pub begun: Sessions,
    /// `--graduate`: the packages whose prereleases are to be finished.
    pub graduate: NamePatterns,
    /// The present time.
    pub now: Timestamp,
}

/// A registry that stands in for another one in a rehearsal.
#[derive(Clone)]
pub struct StandIn {
    /// Where it is.
    pub url: RegistryUrl,
    /// Whose rules it follows.
    pub rules: RegistryRules,
    /// Its credentials, best first.
    pub credentials: Vec<(CredentialKind, Credential)>,
}

/// A credential with what is known of it.
#[derive(Clone)]
pub struct KnownCredential {
    /// What kind it is.
    pub fact: CredentialFact,
    /// The credential itself.
    pub credential: Credential,
}

impl Session {
    /// Today, in UTC.
    pub fn today(&self) -> jiff::civil::Date {
        self.now.to_zoned(TimeZone::UTC).date()
    }

    /// The registry that is really talked to, and whose rules it follows.
    pub fn destination(&self, registry: &RegistryUrl, config: &Config) -> (RegistryUrl, RegistryRules) {
        if let Some(stand_in) = self.stand_ins.get(registry) {
            return (stand_in.url.clone(), stand_in.rules);
        }
        let declared = config.registry.iter().find(|settings| settings.url == *registry).map(|settings| settings.rules);
        let rules = declared
            .unwrap_or_else(|| if *registry == default_registry() { RegistryRules::Npm } else { RegistryRules::Plain });
        (registry.clone(), rules)
    }

    /// The credentials that cover a package on its registry, best first: those that `relay.toml` declares for this registry,
    /// what `.npmrc` has, those that `relay.toml` declares without a registry, then the customary variables.
    pub fn credentials(&self, name: &PackageName, registry: &RegistryUrl, config: &Config) -> Vec<KnownCredential> {
        if let Some(stand_in) = self.stand_ins.get(registry) {
            return stand_in
                .credentials
                .iter()
                .map(|(kind, credential)| known(*kind, None, credential.clone()))
                .collect();
        }
        let withheld = self.npm.is_withheld();
        let declared: Vec<&CredentialDeclaration> =
            config.credential.iter().filter(|declaration| self.covers(declaration, name, registry)).collect();
        let of_npmrc = self.npm.credential_for(registry);
        // The same token, declared and written down: it is one.
        let variables = of_npmrc.as_ref().map(|credential| credential.id().origin.variables()).unwrap_or_default();
        let is_of_npmrc =
            |declaration: &CredentialDeclaration| declaration.env.as_ref().is_some_and(|env| variables.contains(env));
        let by_variable = |declaration: &&CredentialDeclaration| {
            let variable = declaration.env.as_ref().filter(|_| !is_of_npmrc(declaration))?;
            let credential = self.credential_of(variable, registry)?;
            Some(known(declaration.kind, declaration.expires.map(|date| date.0), credential))
        };
        let mut found: Vec<KnownCredential> = Vec::new();
        // One variable holds one token: what the first declaration that covers the package says, counts.
        let add = |found: &mut Vec<KnownCredential>, declarations: &mut dyn Iterator<Item = KnownCredential>| {
            for one in declarations {
                if !found.iter().any(|known| known.fact.id == one.fact.id) {
                    found.push(one);
                }
            }
        };
        let with_registry = declared.iter().filter(|declaration| declaration.registry.is_some());
        add(&mut found, &mut with_registry.filter_map(by_variable));
        if let Some(credential) = of_npmrc.clone() {
            let about = declared.iter().find(|declaration| is_of_npmrc(declaration));
            let about = about.or_else(|| declared.iter().find(|declaration| declaration.env.is_none()));
            found.push(match about {
                Some(about) => known(about.kind, about.expires.map(|date| date.0), credential),
                None => self.undeclared(credential),
            });
        }
        // A token that is written down for a host goes before those that are only for the person's registry.
        let without_registry = declared.iter().filter(|declaration| declaration.registry.is_none());
        add(&mut found, &mut without_registry.filter_map(by_variable));
        if found.is_empty() && self.may_get_customary_tokens(name, registry) {
            let declared = |variable: &str| config.credential.iter().any(|one| one.env.as_deref() == Some(variable));
            let mut customary = CUSTOMARY_TOKEN_VARIABLES.iter().filter(|variable| !declared(variable));
            let credential = customary.find_map(|variable| self.credential_of(variable, registry));
            found.extend(credential.map(|credential| self.undeclared(credential)));
        }
        if found.is_empty() && withheld {
            let id = CredentialId::made(registry.clone(), "the settings of whoever publishes");
            let credential = Credential::withheld(id);
            found.push(known(CredentialKind::Unknown, None, credential));
        }
        found
    }

    /// A credential that nobody declares: relay knows the sessions that it began itself, and the tokens of which the account's
    /// list has told (`relay auth token list`).
    fn undeclared(&self, credential: Credential) -> KnownCredential {
        let (kind, expires) = if self.begun.since(&credential).is_some() {
            (CredentialKind::Session, None)
        } else {
            match self.begun.token(&credential) {
                Some(told) => (told.kind, told.expires),
                None => (CredentialKind::Unknown, None),
            }
        };
        known(kind, expires, credential)
    }

    /// The credential that a variable holds; where credentials are withheld, that it may hold one is enough.
    fn credential_of(&self, variable: &str, registry: &RegistryUrl) -> Option<Credential> {
        let id = CredentialId::of_variable(registry.clone(), variable);
        if self.npm.is_withheld() {
            return Some(Credential::withheld(id));
        }
        Some(Credential::new_bearer(self.variable(variable)?, id))
    }

    /// What stands in the way of a credential, for messages.
    pub fn credential_problems(&self, name: &PackageName, registry: &RegistryUrl, config: &Config) -> Vec<String> {
        let mut problems = self.npm.problems_for(registry);
        let declared = config.credential.iter().filter(|declaration| self.covers(declaration, name, registry));
        for declaration in declared.filter(|_| !self.npm.is_withheld()) {
            if let Some(variable) = &declaration.env
                && self.variable(variable).is_none()
            {
                problems.push(format!("the environment variable `{variable}` that `relay.toml` names is not set"));
            }
        }
        problems
    }

    /// Says whether a token whose registry nobody states may go to a package's registry: it belongs to npm's own registry or
    /// to one that the person's settings name, where these or npm's rules for the checkout lead the package there. Neither a
    /// manifest nor a file of the checkout draws it to another host.
    fn may_get_customary_tokens(&self, name: &PackageName, registry: &RegistryUrl) -> bool {
        let is_configured = || self.npm.registry_for(name, None).is_ok_and(|choice| choice.url == *registry);
        self.npm.is_named_by_person(registry) && (*registry == self.npm.default_of_person() || is_configured())
    }

    fn covers(&self, declaration: &CredentialDeclaration, name: &PackageName, registry: &RegistryUrl) -> bool {
        let package = declaration.packages.is_empty() || declaration.packages.matches(name);
        let place = match &declaration.registry {
            Some(declared) => declared == registry,
            // Without a variable it is about the token of `.npmrc`, which is bound to its host already.
            None => declaration.env.is_none() || *registry == self.npm.default_of_person(),
        };
        package && place
    }

    fn variable(&self, variable: &str) -> Option<SecretString> {
        use secrecy::ExposeSecret;
        let token = self.environment.get(variable)?;
        let text = token.expose_secret().trim();
        no_token(text).is_none().then(|| SecretString::from(text.to_owned()))
    }
}

fn known(kind: CredentialKind, expires: Option<jiff::civil::Date>, credential: Credential) -> KnownCredential {
    let fact = CredentialFact { id: credential.id().clone(), kind, expires, challenged_on: None };
    KnownCredential { fact, credential }
}

#[cfg(test)]
mod tests;

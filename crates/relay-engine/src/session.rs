//! What a run may use: the registry's configuration and client, credentials, a person, and the flags of the command.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use relay_config::{Access, Config, CredentialDeclaration, CredentialKind, NamePatterns, RegistryRules};
use relay_plan::CredentialFact;
use relay_registry::{Credential, NpmConfig, Otp, RegistryClient, RegistryUrl, default_registry};
use relay_values::{CredentialId, DistTag};
use relay_workspace::PackageName;
use secrecy::SecretString;

/// Environment variables that hold a token by custom. They mean nothing to npm by themselves; relay takes them for the
/// workspace's registry when no configuration names a credential for it.
pub const CUSTOMARY_TOKEN_VARIABLES: [&str; 2] = ["NPM_TOKEN", "NODE_AUTH_TOKEN"];

/// Everything that a run is given from outside.
pub struct Session {
    /// `.npmrc` files and `npm_config_*`, resolved.
    pub npm: NpmConfig,
    /// The client of all registries.
    pub client: RegistryClient,
    /// The environment, for declared tokens.
    pub environment: BTreeMap<String, SecretString>,
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
    /// `--filter`: the packages that take part; `None`: all.
    pub selected: Option<BTreeSet<PackageName>>,
    /// Registries that others stand in for: a rehearsal's sandboxes.
    pub stand_ins: BTreeMap<RegistryUrl, StandIn>,
    /// Whether cycles through runtime dependencies are allowed.
    pub allow_cycles: bool,
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

    /// The credentials that cover a package on its registry, best first: declared ones in the order of `relay.toml`, then
    /// what `.npmrc` has, then the customary variables.
    pub fn credentials(&self, name: &PackageName, registry: &RegistryUrl, config: &Config) -> Vec<KnownCredential> {
        if let Some(stand_in) = self.stand_ins.get(registry) {
            return stand_in
                .credentials
                .iter()
                .map(|(kind, credential)| known(*kind, None, credential.clone()))
                .collect();
        }
        let mut found = Vec::new();
        let mut from_npmrc = None;
        let at_home = self.is_at_home(name, registry);
        for declaration in config.credential.iter().filter(|declaration| covers(declaration, name, registry, at_home)) {
            match &declaration.env {
                Some(variable) => {
                    if let Some(token) = self.variable(variable) {
                        let id = CredentialId::of_variable(registry.clone(), variable);
                        // One variable holds one token: what the first declaration that covers the package says, counts.
                        if !found.iter().any(|known: &KnownCredential| known.fact.id == id) {
                            let credential = Credential::new_bearer(token, id);
                            found.push(known(declaration.kind, declaration.expires.map(|date| date.0), credential));
                        }
                    }
                }
                None => from_npmrc = from_npmrc.or(Some(declaration)),
            }
        }
        if let Some(credential) = self.npm.credential_for(registry) {
            let kind = from_npmrc.map_or(CredentialKind::Unknown, |declaration| declaration.kind);
            let expires = from_npmrc.and_then(|declaration| declaration.expires).map(|date| date.0);
            found.push(known(kind, expires, credential));
        }
        if found.is_empty() && at_home {
            for variable in CUSTOMARY_TOKEN_VARIABLES {
                let declared = config.credential.iter().any(|declaration| declaration.env.as_deref() == Some(variable));
                if !declared && let Some(token) = self.variable(variable) {
                    let credential =
                        Credential::new_bearer(token, CredentialId::of_variable(registry.clone(), variable));
                    found.push(known(CredentialKind::Unknown, None, credential));
                    break;
                }
            }
        }
        found
    }

    /// What stands in the way of a credential, for messages.
    pub fn credential_problems(&self, name: &PackageName, registry: &RegistryUrl, config: &Config) -> Vec<String> {
        let mut problems = self.npm.problems_for(registry);
        let at_home = self.is_at_home(name, registry);
        for declaration in config.credential.iter().filter(|declaration| covers(declaration, name, registry, at_home)) {
            if let Some(variable) = &declaration.env
                && self.variable(variable).is_none()
            {
                problems.push(format!("the environment variable `{variable}` that `relay.toml` names is not set"));
            }
        }
        problems
    }

    /// Says whether the registry is the one that npm's configuration names for the package. A token whose registry nobody
    /// states belongs there and nowhere else: a manifest's `publishConfig.registry` must not draw it to another host.
    fn is_at_home(&self, name: &PackageName, registry: &RegistryUrl) -> bool {
        self.npm.registry_for(name, None).is_ok_and(|choice| choice.url == *registry)
    }

    fn variable(&self, variable: &str) -> Option<SecretString> {
        use secrecy::ExposeSecret;
        let token = self.environment.get(variable)?;
        let text = token.expose_secret().trim();
        let usable = !text.is_empty() && !text.contains("${") && !text.chars().all(|c| c == 'X' || c == '-');
        usable.then(|| SecretString::from(text.to_owned()))
    }
}

fn covers(declaration: &CredentialDeclaration, name: &PackageName, registry: &RegistryUrl, at_home: bool) -> bool {
    let package = declaration.packages.is_empty() || declaration.packages.matches(name);
    let place =
        declaration.registry.as_ref().map_or(at_home || declaration.env.is_none(), |declared| declared == registry);
    package && place
}

fn known(kind: CredentialKind, expires: Option<jiff::civil::Date>, credential: Credential) -> KnownCredential {
    KnownCredential { fact: CredentialFact { id: credential.id().clone(), kind, expires }, credential }
}

#[cfg(test)]
mod tests {
    use relay_config::{AccessSource, PublishingAccess, RouteKind};
    use relay_plan::{RouteQuestion, route};
    use relay_registry::{ClientOptions, ConfigSources, NpmrcFile};

    use super::*;

    /// A session with the token `A` in the environment and, for the default registry, in an `.npmrc`.
    fn session() -> Session {
        let registry = default_registry();
        let user =
            NpmrcFile { path: ".npmrc".into(), text: format!("{}:_authToken=from-npmrc\n", registry.config_key()) };
        let sources = ConfigSources { user: Some(user), ..ConfigSources::default() };
        Session {
            npm: NpmConfig::resolve(&sources).unwrap(),
            client: RegistryClient::new(ClientOptions::default()).unwrap(),
            environment: BTreeMap::from([("A".to_owned(), SecretString::from("token-a"))]),
            person: true,
            otp: None,
            offline: true,
            tag: None,
            graduate: relay_config::NamePatterns::default(),
            access: None,
            selected: None,
            stand_ins: BTreeMap::new(),
            allow_cycles: false,
            now: Timestamp::UNIX_EPOCH,
        }
    }

    /// The kind of the credential with which a package's route is planned, and that of the one that is sent for its id.
    fn planned_and_sent(config: &Config, access: PublishingAccess) -> Option<(CredentialKind, CredentialKind)> {
        let session = session();
        let name = PackageName::parse("@acme/core").unwrap();
        let known = session.credentials(&name, &default_registry(), config);
        let facts: Vec<CredentialFact> = known.iter().map(|known| known.fact.clone()).collect();
        let chosen = route(&RouteQuestion {
            rules: RegistryRules::Npm,
            publishing_access: access,
            source: AccessSource::Declared,
            allowed: None,
            credentials: &facts,
            credential_problems: &[],
            terminal: true,
            otp_given: false,
            package_exists: Some(true),
            today: session.today(),
            registry: &default_registry(),
            name: &name,
        });
        if chosen.kind == RouteKind::Blocked {
            return None;
        }
        let with_id: Vec<_> = known.iter().filter(|known| Some(&known.fact.id) == chosen.credential.as_ref()).collect();
        assert_eq!(with_id.len(), 1, "an id stands for one credential");
        let fits = |fact: &&CredentialFact| match chosen.kind {
            RouteKind::Token => fact.kind == CredentialKind::GranularBypass,
            _ if access == PublishingAccess::Publish => {
                matches!(fact.kind, CredentialKind::Session | CredentialKind::Unknown)
            }
            _ => matches!(fact.kind, CredentialKind::Session | CredentialKind::Granular | CredentialKind::Unknown),
        };
        let planned = facts.iter().find(fits).map(|fact| fact.kind)?;
        Some((planned, with_id[0].fact.kind))
    }

    #[test]
    fn what_is_planned_is_what_is_sent() {
        let kinds = ["granular-bypass", "granular", "session"];
        let packages = ["\"*\"", "\"@acme/*\"", "\"@acme/core\"", "\"other\""];
        for first in kinds {
            for second in kinds {
                for (one, two) in packages.iter().flat_map(|one| packages.iter().map(move |two| (one, two))) {
                    let text = format!(
                        "[[credential]]\nenv = \"A\"\nkind = \"{first}\"\npackages = [{one}]\n\
                         [[credential]]\nenv = \"A\"\nkind = \"{second}\"\npackages = [{two}]\n"
                    );
                    let Ok(config) = Config::parse("relay.toml", &text) else {
                        assert_eq!(one, two, "only what can't be told apart is refused");
                        continue;
                    };
                    for access in [PublishingAccess::Automation, PublishingAccess::Publish] {
                        if let Some((planned, sent)) = planned_and_sent(&config, access) {
                            assert_eq!(planned, sent, "{text}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn of_two_declarations_of_a_variable_the_first_that_covers_the_package_counts() {
        let text = "[[credential]]\nenv = \"A\"\nkind = \"granular\"\npackages = [\"@acme/*\"]\n\
                    [[credential]]\nenv = \"A\"\nkind = \"granular-bypass\"\n";
        let config = Config::parse("relay.toml", text).unwrap();
        let of_variable = |name: &str| {
            let known = session().credentials(&PackageName::parse(name).unwrap(), &default_registry(), &config);
            let id = CredentialId::of_variable(default_registry(), "A");
            known.into_iter().filter(|known| known.fact.id == id).map(|known| known.fact.kind).collect::<Vec<_>>()
        };
        assert_eq!(of_variable("@acme/core"), [CredentialKind::Granular]);
        assert_eq!(of_variable("other"), [CredentialKind::GranularBypass]);
    }
}

//! What was agreed on about the way of each package, so that it still holds after the scripts of the repository ran.
//!
//! While they run no credential is in memory, so that settings and secrets are read anew afterwards, and a script may have
//! written them in between. What the new reading gives must be what was planned: the registry of each package and whose word
//! that is, the credentials, proxies and certificate authorities. Of secrets only digests are kept, salted anew in each
//! process.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use relay_plan::ReleasePlan;
use relay_registry::{RegistryUrl, fresh_salt};
use relay_values::CredentialId;
use relay_workspace::PackageName;

use crate::project::Project;
use crate::session::Session;

/// The settings by which a plan was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgreedSettings {
    packages: BTreeMap<PackageName, Way>,
    /// As [`Session::way`].
    way: String,
}

/// Where one package goes, and with what.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Way {
    registry: Result<(RegistryUrl, Option<String>), String>,
    /// The credentials, best first, each with the digest of its secret.
    credentials: Vec<(CredentialId, String)>,
}

impl AgreedSettings {
    /// The settings of the packages of a plan, as a session has them.
    pub fn of(project: &Project, session: &Session, plan: &ReleasePlan) -> Self {
        let mut packages = BTreeMap::new();
        for planned in &plan.packages {
            let name = &planned.name;
            let manifest = project.workspace.package(name).map(|package| &package.manifest);
            let choice = session.npm.registry_for(name, manifest.and_then(|all| all.fields().get("publishConfig")));
            let known = session.credentials(name, &planned.registry, &project.config);
            let of_secret = |credential: &relay_registry::Credential| credential.fingerprint(salt());
            let way = Way {
                registry: choice.map(|choice| (choice.url, choice.place)).map_err(|error| error.to_string()),
                credentials: known.iter().map(|known| (known.fact.id.clone(), of_secret(&known.credential))).collect(),
            };
            packages.insert(name.clone(), way);
        }
        Self { packages, way: session.way.clone() }
    }

    /// How other settings differ from these, in sentences without a final period; empty: not at all.
    pub fn differences(&self, now: &Self) -> Vec<String> {
        let mut differences = Vec::new();
        for (name, agreed) in &self.packages {
            let Some(present) = now.packages.get(name) else { continue };
            match (&agreed.registry, &present.registry) {
                (agreed, present) if agreed == present => {}
                (Ok(agreed), Ok(present)) => differences.push(format!(
                    "`{name}` was to go to {}, and would go to {} now",
                    destination(agreed),
                    destination(present)
                )),
                (_, Err(problem)) => differences.push(format!("where `{name}` goes can't be told any more: {problem}")),
                (Err(_), Ok(present)) => differences.push(format!("`{name}` would go to {} now", destination(present))),
            }
            differences.extend(credentials_differ(name, &agreed.credentials, &present.credentials));
        }
        if self.way != now.way {
            differences.push(
                "how registries are reached is not what it was: a proxy (`proxy`, `https-proxy`, `noproxy`) or the certificate \
                 authorities (`ca`, `cafile`, `strict-ssl`) of `.npmrc`, or the file that `cafile` names"
                    .to_owned(),
            );
        }
        differences
    }
}

fn destination((url, place): &(RegistryUrl, Option<String>)) -> String {
    match place {
        Some(place) => format!("`{url}` by {place}"),
        None => format!("`{url}`, the default"),
    }
}

fn credentials_differ(
    name: &PackageName,
    agreed: &[(CredentialId, String)],
    present: &[(CredentialId, String)],
) -> Option<String> {
    let ids = |all: &[(CredentialId, String)]| match all {
        [] => "none".to_owned(),
        all => all.iter().map(|(id, _)| id.to_string()).collect::<Vec<_>>().join(", "),
    };
    if agreed == present {
        return None;
    }
    let (then, now) = (ids(agreed), ids(present));
    let other = agreed.iter().zip(present).find(|(agreed, present)| agreed.1 != present.1);
    Some(match other {
        Some(((id, _), _)) if then == now => format!("the credential for `{name}` from {id} is another one now"),
        _ => format!("the credential for `{name}` was to be from {then}, and would be from {now} now"),
    })
}

/// A digest of settings that may be secret, comparable within this process alone.
pub fn digest<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut all = salt().as_bytes().to_vec();
    for part in parts {
        all.extend_from_slice(&part.len().to_le_bytes());
        all.extend_from_slice(part);
    }
    relay_plan::digest(&all)
}

fn salt() -> &'static str {
    static SALT: OnceLock<String> = OnceLock::new();
    SALT.get_or_init(fresh_salt)
}

#[cfg(test)]
mod tests {
    use relay_config::RouteKind;
    use relay_registry::{ConfigSources, NpmrcFile};

    use super::*;
    use crate::fixture::{Repo, TWO, plan, session, session_of};

    const HERE: &str = "registry=http://registry.example/\n//registry.example/:_authToken=one\n";

    /// How what these settings give differs from what [`HERE`] gave.
    fn differences(now: &Session) -> Vec<String> {
        let project = Repo::of(&TWO).project();
        let plan = plan(&[("a", "1.0.0", RouteKind::Token)]);
        let agreed = AgreedSettings::of(&project, &session(HERE), &plan);
        agreed.differences(&AgreedSettings::of(&project, now, &plan))
    }

    #[test]
    fn the_same_settings_read_again_differ_in_nothing() {
        assert_eq!(differences(&session(HERE)), Vec::<String>::new());
        assert_eq!(
            differences(&session(&format!("# said anew\n{HERE}@other:registry=http://other.example/\n"))),
            [""; 0]
        );
    }

    #[test]
    fn whatever_leads_a_package_elsewhere_or_sends_another_secret_is_a_difference() {
        let other = "registry=http://other.example/\n//registry.example/:_authToken=one\n";
        let person = NpmrcFile { path: "user".into(), text: HERE.to_owned() };
        let of_person = session_of(&ConfigSources { user: Some(person), ..ConfigSources::default() });
        let by_proxy = Session { way: "another proxy".to_owned(), ..session(HERE) };
        for (why, now, words) in [
            (
                "another registry",
                session(other),
                vec!["was to go to `http://registry.example/` by", "`http://other.example/`"],
            ),
            (
                "another secret at the same place",
                session(&HERE.replace("=one", "=two")),
                vec!["the credential for `a`", "is another one now"],
            ),
            ("no secret", session("registry=http://registry.example/\n"), vec!["would be from none now"]),
            ("another file's word", of_person, vec!["in `user`", "was to be from"]),
            ("another way", by_proxy, vec!["how registries are reached"]),
        ] {
            let told = differences(&now).join("; ");
            assert!(words.iter().all(|words| told.contains(words)), "{why}: {told}");
            assert!(!told.contains("two"), "no secret is told: {told}");
        }
    }

    #[test]
    fn parts_that_are_cut_elsewhere_have_another_digest() {
        let of = |parts: &[&str]| digest(parts.iter().map(|part| part.as_bytes()));
        assert_eq!(of(&["proxy", "ca"]), of(&["proxy", "ca"]));
        assert_ne!(of(&["proxy", "ca"]), of(&["prox", "yca"]));
        assert_ne!(of(&["a", ""]), of(&["a"]));
    }
}

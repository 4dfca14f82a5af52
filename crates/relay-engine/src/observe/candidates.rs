//! Which packages may be published: where each goes, and the credentials at hand for it.

use std::collections::{BTreeMap, BTreeSet};

use relay_change::PlannedBump;
use relay_config::RegistryRules;
use relay_plan::{SkipReason, SkippedObservation};
use relay_registry::RegistryUrl;
use relay_workspace::{PackageName, Version, WorkspacePackage};

use super::ObserveError;
use crate::project::Project;
use crate::session::{KnownCredential, Session};

/// A package that may be published, with all that decides where it goes and by whose leave.
pub(super) struct Candidate<'a> {
    pub(super) package: &'a WorkspacePackage,
    pub(super) version: &'a Version,
    pub(super) next: &'a Version,
    /// The versions that relay sent before.
    pub(super) recorded: Option<&'a BTreeSet<Version>>,
    pub(super) registry: RegistryUrl,
    pub(super) registry_source: Option<String>,
    pub(super) destination: RegistryUrl,
    pub(super) rules: RegistryRules,
    pub(super) credentials: Vec<KnownCredential>,
}

/// The candidates, and why the other packages are none.
pub(super) fn candidates<'a>(
    project: &'a Project,
    session: &Session,
    (planned, recorded): (&BTreeMap<&PackageName, &'a PlannedBump>, &'a BTreeMap<PackageName, BTreeSet<Version>>),
    warnings: &mut Vec<String>,
) -> Result<(Vec<Candidate<'a>>, Vec<SkippedObservation>), ObserveError> {
    let mut candidates = Vec::new();
    let mut skipped = Vec::new();
    let mut seen_warnings = BTreeSet::new();
    for package in &project.workspace.packages {
        let name = &package.name;
        let reason = match &package.version {
            _ if package.private => Some(SkipReason::Private),
            None => Some(SkipReason::NoVersion),
            _ if project.config.release.ignore.matches(name) => Some(SkipReason::Ignored),
            _ if session.selected.as_ref().is_some_and(|selected| !selected.contains(name)) => {
                Some(SkipReason::NotSelected)
            }
            Some(_) => None,
        };
        if let Some(reason) = reason {
            skipped.push(SkippedObservation { name: name.clone(), reason });
            continue;
        }
        let Some(version) = &package.version else { continue };
        let choice = session.npm.registry_for(name, package.manifest.fields().get("publishConfig"))?;
        let place = choice.place.as_ref().filter(|_| choice.is_of_manager);
        let of_manager = place.map(|place| format!("the registry `{}` is from {place}", choice.url));
        for told in choice.warning.into_iter().chain(of_manager) {
            if seen_warnings.insert(told.clone()) {
                warnings.push(told);
            }
        }
        if let Some(address) = session.npm.address_made_of_variables(name)
            && seen_warnings.insert(address.clone())
        {
            warnings.push(address);
        }
        let (destination, rules) = session.destination(&choice.url, &project.config);
        let credentials = session.credentials(name, &choice.url, &project.config);
        let next = planned.get(name).map_or(version, |bump| &bump.next);
        let (registry, registry_source) = (choice.url, choice.place);
        let recorded = recorded.get(name);
        let candidate =
            Candidate { package, version, next, recorded, registry, registry_source, destination, rules, credentials };
        candidates.push(candidate);
    }
    Ok((candidates, skipped))
}

#[cfg(test)]
pub(super) mod tests {
    use relay_config::CredentialKind;
    use relay_plan::CredentialFact;
    use relay_registry::Credential;
    use relay_values::CredentialId;

    use super::*;
    use crate::fixture::{Repo, name, registry, session};

    pub(in crate::observe) fn known(origin: &str) -> KnownCredential {
        let id = CredentialId::made(registry(), origin);
        let credential = Credential::new_bearer(origin.to_owned().into(), id.clone());
        let fact = CredentialFact { id, kind: CredentialKind::Session, expires: None, challenged_on: None };
        KnownCredential { fact, credential }
    }

    /// The package `a` with credentials from these places.
    pub(in crate::observe) fn candidate<'a>(
        project: &'a Project,
        origins: &[&str],
        rules: RegistryRules,
    ) -> Candidate<'a> {
        let package = &project.workspace.packages[0];
        let version = package.version.as_ref().unwrap();
        Candidate {
            package,
            version,
            next: version,
            recorded: None,
            registry: registry(),
            registry_source: None,
            destination: registry(),
            rules,
            credentials: origins.iter().map(|origin| known(origin)).collect(),
        }
    }

    const FILES: [(&str, &str); 7] = [
        ("package.json", r#"{"name":"root","private":true,"workspaces":["packages/*"]}"#),
        ("relay.toml", "[release]\nignore = [\"ignored\"]\n"),
        ("packages/a/package.json", r#"{"name":"a","version":"1.0.0"}"#),
        ("packages/i/package.json", r#"{"name":"ignored","version":"1.0.0"}"#),
        ("packages/n/package.json", r#"{"name":"no-version"}"#),
        ("packages/o/package.json", r#"{"name":"other","version":"1.0.0"}"#),
        ("packages/p/package.json", r#"{"name":"private","version":"1.0.0","private":true}"#),
    ];

    #[test]
    fn who_takes_no_part_is_told_with_the_reason() {
        let project = Repo::of(&FILES).project();
        let mut session = session("registry=http://registry.example/\n");
        session.selected = Some(["a", "ignored", "private", "no-version"].map(name).into());
        let (planned, recorded) = (BTreeMap::new(), BTreeMap::new());
        let mut warnings = Vec::new();
        let (taking_part, skipped) = candidates(&project, &session, (&planned, &recorded), &mut warnings).unwrap();
        let [one] = taking_part.as_slice() else { panic!("{}", taking_part.len()) };
        assert_eq!((&one.package.name, &one.registry, one.next), (&name("a"), &registry(), one.version));
        let reasons: BTreeMap<_, _> = skipped.into_iter().map(|one| (one.name.to_string(), one.reason)).collect();
        let expected = [
            ("ignored", SkipReason::Ignored),
            ("no-version", SkipReason::NoVersion),
            ("other", SkipReason::NotSelected),
            ("private", SkipReason::Private),
        ];
        assert_eq!(reasons, expected.map(|(name, reason)| (name.to_owned(), reason)).into());
    }

    #[test]
    fn each_package_goes_where_its_scope_or_manifest_says() {
        let project = Repo::of(&[
            FILES[0],
            ("packages/a/package.json", r#"{"name":"@acme/a","version":"1.0.0"}"#),
            (
                "packages/b/package.json",
                r#"{"name":"b","version":"1.0.0","publishConfig":{"registry":"http://own.example/"}}"#,
            ),
        ])
        .project();
        let session = session("registry=http://registry.example/\n@acme:registry=http://acme.example/\n");
        let (planned, recorded) = (BTreeMap::new(), BTreeMap::new());
        let (found, _) = candidates(&project, &session, (&planned, &recorded), &mut Vec::new()).unwrap();
        let places: Vec<_> = found.iter().map(|one| (one.package.name.as_str(), one.registry.as_str())).collect();
        assert_eq!(places, [("@acme/a", "http://acme.example/"), ("b", "http://own.example/")]);
        assert!(found.iter().all(|one| one.registry == one.destination && one.registry_source.is_some()));
    }
}

//! By whose right dist-tags are written: as the package was uploaded in this run; of what an earlier run has uploaded, by the
//! route that an upload would take now.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use relay_config::{AccessSource, CredentialKind, PublishingAccess, RegistryRules, RouteKind};
use relay_plan::{CredentialFact, Route, RouteQuestion, TrustedFact, route};
use relay_workspace::PackageName;

use super::Versioned;
use crate::authority::{KnownCredentials, PackageAuthority};
use crate::prepared_upload::PreparedUpload;
use crate::promotion::Candidate;
use crate::report::RunReport;
use crate::session::{KnownCredential, Session};
use crate::undo::facts::direct_routes;

/// By whose right the dist-tags of one package are written.
#[derive(Clone)]
pub(super) struct TagAuthority {
    /// By whose right.
    pub(super) authority: PackageAuthority,
    /// Whether a person is expected to be asked.
    pub(super) needs_person: bool,
}

/// The authority of each candidate's package; why there is none, where there is none.
pub(super) fn tag_authorities(
    of: &Versioned<'_>,
    candidates: &[Candidate],
    uploads: &BTreeMap<PackageName, PreparedUpload>,
    session: &Session,
    report: &RunReport,
) -> BTreeMap<PackageName, Result<TagAuthority, String>> {
    // A token's route may have become interactive on the way.
    let by_person: BTreeSet<&PackageName> =
        report.packages.iter().filter(|one| one.route == RouteKind::Interactive).map(|one| &one.name).collect();
    let found = |one: &Candidate| match uploads.get(&one.name) {
        Some(upload) => {
            Ok(TagAuthority { authority: upload.authority.clone(), needs_person: by_person.contains(&one.name) })
        }
        None => as_for_an_upload(of, one, session),
    };
    candidates.iter().map(|one| (one.name.clone(), found(one))).collect()
}

fn as_for_an_upload(of: &Versioned<'_>, one: &Candidate, session: &Session) -> Result<TagAuthority, String> {
    let (config, learnt) = (&of.run.project.config, &of.run.learnt);
    let Candidate { name, registry, .. } = one;
    let known = session.credentials(name, registry, config);
    let facts: Vec<CredentialFact> = known
        .iter()
        .map(|known| CredentialFact {
            challenged_on: learnt.challenged_on(registry, name, &known.credential),
            ..known.fact.clone()
        })
        .collect();
    let remembered = learnt.access(registry, name);
    let declared = config.declared_access(name).map(|access| (access, AccessSource::Declared));
    let access = declared.or(remembered.map(|(access, _)| (access, AccessSource::Learnt)));
    // Who knows the publishing access knows more of the registry than what is assumed of it.
    let rules = match access {
        Some((PublishingAccess::Automation | PublishingAccess::Publish, _)) => RegistryRules::Npm,
        _ => session.destination(registry, config).1,
    };
    let assumed = match rules {
        RegistryRules::Npm => PublishingAccess::Automation,
        RegistryRules::Plain => PublishingAccess::None,
    };
    let (publishing_access, source) = access.unwrap_or((assumed, AccessSource::Default));
    let allowed = direct_routes(config, name);
    let route = route(&RouteQuestion {
        rules,
        publishing_access,
        source,
        lesson: remembered.filter(|_| declared.is_none()).and_then(|(_, lesson)| lesson),
        allowed: allowed.as_deref(),
        credentials: &facts,
        credential_problems: &session.credential_problems(name, registry, config),
        // A trusted publisher's token publishes, and does nothing else for certain (`npm-registry.md`, 6.6).
        trusted: &TrustedFact::NotAsked,
        terminal: session.person,
        otp_given: session.otp.is_some(),
        package_exists: Some(true),
        ever_staged: false,
        today: session.today(),
        registry,
        name,
    });
    if route.kind == RouteKind::Blocked {
        return Err(route.reason);
    }
    let answered_with = answering(&route, &known).map(|known| known.fact.id.clone());
    let source = Arc::new(KnownCredentials::new([(name.clone(), known)].into()));
    let needs_person = route.kind == RouteKind::Interactive;
    let authority = PackageAuthority { package: name.clone(), by: route.authorisation, answered_with, source };
    Ok(TagAuthority { authority, needs_person })
}

/// The credential with which a person answers a challenge: that of an interactive route, else a session.
fn answering<'a>(route: &Route, known: &'a [KnownCredential]) -> Option<&'a KnownCredential> {
    match route.kind {
        RouteKind::Interactive | RouteKind::Plain => {
            known.iter().find(|known| Some(&known.fact.id) == route.authorisation.credential())
        }
        _ => known.iter().find(|known| known.fact.kind == CredentialKind::Session),
    }
}

//! What registries have of packages that are taken back, and by whose right they are changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::future::join;
use futures_util::stream;
use relay_config::{AccessSource, Config, CredentialKind, PublishingAccess, RegistryRules, RouteKind};
use relay_plan::{Authorisation, CredentialFact, RouteQuestion, TrustedFact, route};
use relay_registry::{NpmCommand, RegistryUrl, WholePackument};
use relay_values::DistTag;
use relay_workspace::{PackageName, Version, published_version};

use super::UndoError;
use super::plan::UndoneVersion;
use super::planning::{PackageFacts, Surroundings};
use super::targets::NamedBefore;
use crate::authority::{KnownCredentials, PackageAuthority};
use crate::learnt::Learnt;
use crate::observe::rules;
use crate::project::{CHANGE_FILE_FOLDER, Project};
use crate::session::Session;

/// By whose right a package is changed.
#[derive(Debug, Clone)]
pub struct Leave {
    /// The registry that is really talked to.
    pub destination: RegistryUrl,
    /// Whose rules it follows.
    pub rules: RegistryRules,
    /// By whose right.
    pub authority: PackageAuthority,
    /// Whether its writes may ask for a second factor.
    pub needs_person: bool,
    /// Why nothing can be written to it, where nothing can.
    pub blocked: Option<String>,
}

/// The routes that a policy allows a package, for writes that are no upload: where `staged` is all that it allows, a person answers
/// for them, as for the approval.
pub(crate) fn direct_routes(config: &Config, name: &PackageName) -> Option<Vec<RouteKind>> {
    let allowed = config.allowed_routes(name)?;
    let mut direct: Vec<RouteKind> = allowed.iter().copied().filter(|kind| *kind != RouteKind::Staged).collect();
    if direct.len() < allowed.len() && !direct.contains(&RouteKind::Interactive) {
        direct.push(RouteKind::Interactive);
    }
    Some(direct)
}

/// Finds by whose right a package is changed: the same answer as for its next upload.
pub fn leave(
    project: &Project,
    session: &Session,
    learnt: &Learnt,
    name: &PackageName,
    registry: &RegistryUrl,
) -> Leave {
    let (destination, of_registry) = session.destination(registry, &project.config);
    let known = session.credentials(name, registry, &project.config);
    let declared = project.config.declared_access(name).map(|access| (access, AccessSource::Declared));
    let remembered = learnt.access(registry, name);
    let lesson = remembered.filter(|_| declared.is_none()).and_then(|(_, lesson)| lesson);
    let access = declared.or(remembered.map(|(access, _)| (access, AccessSource::Learnt)));
    let rules = rules(of_registry, access.map(|(access, _)| access));
    let (publishing_access, source) = access.unwrap_or(match rules {
        RegistryRules::Npm => (PublishingAccess::Automation, AccessSource::Default),
        RegistryRules::Plain => (PublishingAccess::None, AccessSource::Default),
    });
    let facts: Vec<CredentialFact> = known
        .iter()
        .map(|known| CredentialFact {
            challenged_on: learnt.challenged_on(registry, name, &known.credential),
            ..known.fact.clone()
        })
        .collect();
    let allowed = direct_routes(&project.config, name);
    let answer = route(&RouteQuestion {
        rules,
        publishing_access,
        source,
        lesson,
        allowed: allowed.as_deref(),
        credentials: &facts,
        credential_problems: &session.credential_problems(name, registry, &project.config),
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
    let used = answer.authorisation.credential().cloned();
    let answered_with = match answer.kind {
        RouteKind::Interactive | RouteKind::Plain => used,
        _ => facts.iter().find(|fact| fact.kind == CredentialKind::Session).map(|fact| fact.id.clone()),
    };
    let blocked = (answer.authorisation == Authorisation::Nobody).then(|| match &answer.fix {
        Some(fix) => format!("{}; {fix}", answer.reason),
        None => answer.reason.clone(),
    });
    let source = Arc::new(KnownCredentials::new(BTreeMap::from([(name.clone(), known)])));
    let authority = PackageAuthority { package: name.clone(), by: answer.authorisation, answered_with, source };
    Leave { destination, rules, authority, needs_person: answer.kind.needs_person(), blocked }
}

/// Reads what the registries have, of dependents before what they depend on.
///
/// # Errors
/// [`UndoError::Read`]; [`UndoError::NotThere`] for a version that was named and never was there.
pub async fn read(
    project: &Project,
    session: &Session,
    learnt: &Learnt,
    versions: &[UndoneVersion],
    named: bool,
) -> Result<Vec<PackageFacts>, UndoError> {
    let mut by_package: BTreeMap<(&RegistryUrl, &PackageName), BTreeSet<Version>> = BTreeMap::new();
    for one in versions {
        by_package.entry((&one.registry, &one.name)).or_default().insert(one.version.clone());
    }
    let reads = by_package.into_iter().map(|((registry, name), undone)| async move {
        let leave = leave(project, session, learnt, name, registry);
        let credential = leave.authority.reading_credential().await.filter(|one| !one.is_withheld());
        let (client, credential) = (&session.client, credential.as_ref());
        let (document, tags) = join(
            client.whole_packument(&leave.destination, name, NpmCommand::DistTag, credential),
            client.dist_tags(&leave.destination, name, credential),
        )
        .await;
        let failed = |error| UndoError::Read(Box::new(error));
        let (document, tags) = (document.map_err(failed)?, tags.map_err(failed)?.unwrap_or_default());
        facts(name, registry, &leave, (document.as_ref(), tags), undone, named)
    });
    let mut all: Vec<PackageFacts> = Vec::new();
    let mut reads = stream::iter(reads).buffer_unordered(project.config.publish.concurrency.max(1));
    while let Some(read) = reads.next().await {
        all.push(read?);
    }
    let order: BTreeMap<PackageName, usize> =
        project.graph.order().into_iter().enumerate().map(|(at, name)| (name, at)).collect();
    all.sort_by(|a, b| order.get(&b.name).cmp(&order.get(&a.name)).then_with(|| a.name.cmp(&b.name)));
    Ok(all)
}

/// What one registry has of one package. A tag can name a version that the registry does not show yet (`npm-registry.md`,
/// 1.7): that is one of those that are out.
fn facts(
    name: &PackageName,
    registry: &RegistryUrl,
    leave: &Leave,
    (document, tags): (Option<&WholePackument>, BTreeMap<String, String>),
    undone: BTreeSet<Version>,
    named: bool,
) -> Result<PackageFacts, UndoError> {
    let versions = document.map(WholePackument::versions).unwrap_or_default();
    let published = |version: &Version| document.and_then(|document| document.published(version));
    let tags: BTreeMap<DistTag, Version> = tags
        .into_iter()
        .filter_map(|(tag, named)| Some((DistTag::parse(&tag).ok()?, published_version(&named)?)))
        .collect();
    let is_named = |version: &Version| tags.values().any(|named| named == version);
    let was_there = |version: &Version| versions.contains(version) || published(version).is_some() || is_named(version);
    if let Some(version) = undone.iter().find(|version| named && !was_there(version)) {
        return Err(UndoError::NotThere { name: name.clone(), version: version.clone() });
    }
    let deprecated = versions.iter().filter_map(|one| Some((one.clone(), document?.deprecation(one)?.to_owned())));
    let deprecated = deprecated.collect();
    let (undone, unseen): (BTreeSet<Version>, BTreeSet<Version>) = undone.into_iter().partition(|one| was_there(one));
    let gone = undone.iter().filter(|one| !versions.contains(one) && published(one).is_some()).cloned().collect();
    Ok(PackageFacts {
        name: name.clone(),
        registry: registry.clone(),
        rules: leave.rules,
        deprecated,
        gone,
        unseen,
        tags,
        before: BTreeMap::new(),
        published: undone.iter().filter_map(|version| Some((version.clone(), published(version)?))).collect(),
        undone,
        versions,
        needs_person: leave.needs_person,
        blocked: leave.blocked.clone(),
    })
}

/// Adds what dist-tags named before they were moved, as far as it is known.
pub fn add_named_before(all: &mut [PackageFacts], known: &NamedBefore) {
    for facts in all {
        let of_it =
            known.iter().filter(|(((registry, name, _), _), _)| (registry, name) == (&facts.registry, &facts.name));
        facts.before =
            of_it.map(|(((.., version), tag), from)| ((tag.clone(), version.clone()), from.clone())).collect();
    }
}

/// The packages around those that are taken back.
pub fn surroundings(project: &Project, session: &Session) -> Surroundings {
    let published = project.workspace.packages.iter().filter(|package| project.is_published(package));
    let members: BTreeSet<PackageName> = published.map(|package| package.name.clone()).collect();
    let above = |name: &PackageName| -> BTreeSet<PackageName> {
        let edges = project.graph.edges_to(name).filter(|edge| edge.orders && members.contains(&edge.from));
        edges.map(|edge| edge.from.clone()).collect()
    };
    Surroundings {
        dependents: members.iter().map(|name| (name.clone(), above(name))).collect(),
        change_files: project.change_files.iter().map(|file| format!("{}.md", file.id)).collect(),
        members,
        now: session.now,
    }
}

/// Where change files are, for messages.
pub fn change_file_path(file: &str) -> String {
    format!("{CHANGE_FILE_FOLDER}/{file}")
}

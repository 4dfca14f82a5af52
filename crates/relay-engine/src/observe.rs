//! Gathers what a plan is made from: bumps, the registry's state, credentials. Reads only.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join;
use relay_change::{BumpPlan, ChangeInputs, PackageCommit, PlannedBump, plan_bumps};
use relay_config::{Access, PublishingAccess, RegistryRules};
use relay_plan::{
    CredentialFact, Observations, PackageObservation, Planned, PublishedState, ReleasePlan, SkipReason,
    SkippedObservation, plan,
};
use relay_registry::{ReadError, RegistryUrl};
use relay_values::{CredentialId, DistTag};
use relay_workspace::{Integrity, PackageName, Version, WorkspacePackage};

use crate::learnt::Learnt;
use crate::left_out::LeftOut;
use crate::project::{Project, ProjectError};
use crate::publish_settings::{PublishSettings, TagSetting};
use crate::session::{KnownCredential, Session};

mod changes;
mod cut_off;
mod dead_credentials;
mod notices;
mod other_tools;
mod packing;
mod registries;
mod siblings;
mod yarn_files;

use changes::{graduates, uncounted_commits};
use cut_off::{named, refuse_cut_off};
use dead_credentials::dead_credentials;
use notices::{hidden_packages, idle_settings, of_changesets, of_other_tools, withheld, without_effect};
pub use registries::PLAN_READS_IN_FLIGHT;
use registries::{Known, new_install_script, read_registries, read_siblings};

/// What a run is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// Versions are made from what changed, then published.
    Release,
    /// What the manifests say and the registry lacks is published.
    Publish,
}

/// A plan with what is needed to carry it out.
pub struct Observed {
    /// The plan.
    pub plan: ReleasePlan,
    /// The credential with which each package's route was planned.
    pub chosen: BTreeMap<PackageName, CredentialId>,
    /// The versions to be made.
    pub bumps: BumpPlan,
    /// The credentials of each planned package, best first, in the order of the plan's facts.
    pub credentials: BTreeMap<PackageName, Vec<KnownCredential>>,
    /// The registry that is really talked to, by package.
    pub destinations: BTreeMap<PackageName, (RegistryUrl, RegistryRules)>,
    /// Packages whose present version the registry shows already.
    pub live: Vec<LiveVersion>,
    /// The version before the planned one where it runs no script at installation and the gate wants that to stay so.
    pub scriptless_before: BTreeMap<PackageName, Version>,
    /// What was odd and not in the way.
    pub warnings: Vec<String>,
    /// What is good to know of how the plan was made.
    pub notes: Vec<String>,
    /// How many requests the registries got.
    pub requests: usize,
}

/// A package's present version that the registry shows already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveVersion {
    /// The package.
    pub name: PackageName,
    /// Its present version.
    pub version: Version,
    /// The registry that was asked.
    pub registry: RegistryUrl,
    /// The integrity of what stands there, where the registry tells it.
    pub integrity: Option<Integrity>,
}

/// What stops a plan from being made.
#[derive(Debug, thiserror::Error)]
pub enum ObserveError {
    /// The repository can't be read.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// The history can't be read.
    #[error(transparent)]
    Git(#[from] relay_git::GitError),
    /// The history is cut off before the last release of these packages.
    #[error(
        "the history of this clone is cut off before the last release of {}, so which commits came since can't be told, and \
         a version that is guessed could be too low",
        named(packages)
    )]
    CutOff {
        /// The packages, in the order of the workspace.
        packages: Vec<PackageName>,
        /// The command that fetches the rest; `None` where the clone isn't shallow but has grafts or replaced commits.
        command: Option<String>,
    },
    /// A sparse checkout leaves packages out.
    #[error(
        "this sparse checkout leaves out packages of the workspace, or files of them: {}; what depends on what, and what \
         belongs into tarballs, can't be told",
        left_out.folders()
    )]
    LeftOut {
        /// Which.
        left_out: LeftOut,
    },
    /// The versions can't be made.
    #[error(transparent)]
    Change(#[from] relay_change::ChangeError),
    /// npm's configuration can't be used.
    #[error(transparent)]
    Npm(#[from] relay_registry::NpmConfigError),
    /// The plan can't be made.
    #[error(transparent)]
    Plan(#[from] relay_plan::PlanError),
    /// A registry can't be read.
    #[error("{source}")]
    Read {
        /// The package.
        package: PackageName,
        /// What went wrong.
        source: Box<ReadError>,
    },
}

struct Candidate<'a> {
    package: &'a WorkspacePackage,
    version: &'a Version,
    next: &'a Version,
    registry: RegistryUrl,
    destination: RegistryUrl,
    rules: RegistryRules,
    credentials: Vec<KnownCredential>,
}

/// Reads everything and makes the plan.
///
/// # Errors
/// [`ObserveError`] names the file or package.
pub async fn observe(
    project: &Project,
    session: &Session,
    learnt: &Learnt,
    intent: Intent,
) -> Result<Observed, ObserveError> {
    if let Some(repository) = &project.repository {
        let left_out = LeftOut::find(&project.workspace, repository, &project.prefix)?;
        if !left_out.is_empty() {
            return Err(ObserveError::LeftOut { left_out });
        }
    }
    let mut warnings = session.npm.warnings().to_vec();
    warnings.extend(without_effect(project).map(str::to_owned));
    warnings.extend(idle_settings(project, session));
    warnings.extend(withheld(session));
    let npm_settings = PublishSettings::of(&session.npm, &project.workspace);
    warnings.extend_from_slice(&npm_settings.warnings);
    let bumps = match intent {
        Intent::Release => {
            warnings.extend(of_other_tools(project).into_iter().map(str::to_owned));
            warnings.extend(other_tools::unread(project));
            make_bumps(project, session, &mut warnings)?
        }
        Intent::Publish => {
            warnings.extend(project.broken_change_files.iter().map(|error| {
                format!(
                    "a change file is broken, which the next release will refuse and publishing does not need: {error}"
                )
            }));
            BumpPlan::default()
        }
    };
    let planned: BTreeMap<_, _> = bumps.bumps.iter().map(|bump| (&bump.name, bump)).collect();
    let (candidates, mut skipped) = candidates(project, session, &planned, &mut warnings)?;
    let (published, dead) =
        join(read_registries(&candidates, session, &project.config.gate), dead_credentials(&candidates, session)).await;
    let mut published = published?;
    let mut requests = published.values().map(|known| known.requests).sum::<usize>() + dead.asked;

    let mut apart = siblings::findings(&session.npm, &project.workspace.packages);
    let mut packages = Vec::new();
    let mut credentials = BTreeMap::new();
    let mut destinations = BTreeMap::new();
    let mut live = Vec::new();
    let mut scriptless_before = BTreeMap::new();
    let mut left_out = BTreeMap::new();
    let mut not_shown: BTreeMap<RegistryUrl, Vec<PackageName>> = BTreeMap::new();
    for mut candidate in candidates {
        let refused = candidate.refuse(&dead, &mut warnings);
        let name = &candidate.package.name;
        let Known { state, scriptless_before: before, integrity, hidden, maintainers, .. } =
            published.remove(name).unwrap_or_default();
        if hidden {
            not_shown.entry(candidate.destination.clone()).or_default().push(name.clone());
        }
        let bump = planned.get(name);
        if let PublishedState::Present { versions, .. } = &state
            && versions.contains(candidate.version)
        {
            live.push(LiveVersion {
                name: name.clone(),
                version: candidate.version.clone(),
                registry: candidate.destination.clone(),
                integrity,
            });
        }
        let missing = match &state {
            // Whoever publishes must hear of it; a look at what changed need not list all that only some may see.
            PublishedState::Unknown if hidden => intent == Intent::Publish || !session.npm.is_withheld(),
            PublishedState::Unknown => session.offline && intent == Intent::Publish,
            PublishedState::Absent => true,
            PublishedState::Present { next_is_there, .. } => !next_is_there,
        };
        if bump.is_none() && !missing {
            let reason = match intent {
                Intent::Release => SkipReason::NotChanged,
                Intent::Publish => SkipReason::AlreadyPublished,
            };
            skipped.push(SkippedObservation { name: name.clone(), reason });
            left_out.insert(name.clone(), state);
            continue;
        }
        let mut package =
            observation(project, session, learnt, &candidate, state, bump.copied(), npm_settings.tag.as_ref());
        package.credential_problems.extend(refused);
        package.remarks.extend(candidate.stranger(&maintainers, &dead));
        package.new_install_script = new_install_script(&project.workspace, candidate.package, before.as_ref());
        package.packing = packing::findings(project, candidate.package, &package.next);
        package.packing.extend(apart.remove(name).map(|finding| siblings::weighed(finding, &package.published)));
        packages.push(package);
        scriptless_before.extend(before.map(|before| (name.clone(), before)));
        credentials.insert(name.clone(), candidate.credentials);
        destinations.insert(name.clone(), (candidate.destination, candidate.rules));
    }
    let unread = unread_siblings(project, &packages, &left_out);
    if !session.offline && !unread.is_empty() {
        requests += unread.len();
        left_out.extend(read_siblings(&unread, project, session).await);
    }
    let head = match &project.repository {
        Some(repository) => repository.head()?.commit,
        None => None,
    };
    let ahead = project.graph.anticipating(|name| planned.get(name).map(|bump| &bump.next));
    let observations = Observations {
        created: session.now,
        head,
        offline: session.offline,
        terminal: session.person,
        otp_given: session.otp.is_some(),
        graph: ahead.as_ref().unwrap_or(&project.graph),
        packages,
        skipped,
        left_out,
        inputs: inputs(project),
        allow_cycles: session.allow_cycles || project.config.publish.allow_cycles,
    };
    let Planned { plan, credentials: chosen } = plan(&observations)?;
    warnings.extend(not_shown.iter().map(|(registry, names)| hidden_packages(registry, names)));
    let notes = if intent == Intent::Release { of_changesets(project).into_iter().collect() } else { Vec::new() };
    // Last, since there may be many and only some are shown.
    warnings.extend_from_slice(&project.workspace.warnings);
    Ok(Observed { plan, chosen, bumps, credentials, destinations, live, scriptless_before, warnings, notes, requests })
}

/// Packages of the workspace that nobody looked up, and that a package to publish needs in a version that the workspace
/// hasn't.
fn unread_siblings<'a>(
    project: &'a Project,
    packages: &[PackageObservation],
    left_out: &BTreeMap<PackageName, PublishedState>,
) -> BTreeSet<&'a PackageName> {
    let planned: BTreeSet<&PackageName> = packages.iter().map(|package| &package.name).collect();
    let needed = project.graph.out_of_range().iter().filter(|dependency| planned.contains(&dependency.package));
    needed
        .map(|dependency| &dependency.sibling)
        .filter(|name| !planned.contains(name) && !left_out.contains_key(name))
        .collect()
}

fn make_bumps(project: &Project, session: &Session, warnings: &mut Vec<String>) -> Result<BumpPlan, ObserveError> {
    let mut settings = project.change_settings();
    settings.graduate = graduates(project, &settings, &session.graduate)?;
    if settings.use_change_files
        && let Some(error) = project.broken_change_files.first()
    {
        return Err(ProjectError::ChangeFile(error.clone()).into());
    }
    let mut commits: BTreeMap<PackageName, Vec<PackageCommit>> = BTreeMap::new();
    if settings.use_commits {
        match &project.repository {
            Some(repository) if repository.head()?.commit.is_none() => {
                warnings.push("the git repository has no commit yet: only change files tell what changed".to_owned());
            }
            Some(repository) => {
                let history = repository.history(&project.history_queries())?;
                refuse_cut_off(project, repository, &history)?;
                for package in &history.packages {
                    // Without any sign of an earlier release, the package's version is its first one, not a bump of it.
                    if package.base.is_none() {
                        continue;
                    }
                    let Ok(name) = PackageName::parse(&package.name) else { continue };
                    if package.uncommitted_bump {
                        warnings.push(format!(
                            "`{name}` has a version that is not committed yet, so that its commits are taken for released by \
                             that version; commit it, or take it back"
                        ));
                        continue;
                    }
                    let of_package = package.commits.iter().filter_map(|at| history.commits.get(*at));
                    commits.insert(
                        name,
                        of_package
                            .map(|commit| PackageCommit { id: commit.id.clone(), message: commit.message.clone() })
                            .collect(),
                    );
                }
            }
            None => warnings.push("this is no git repository: only change files tell what changed".to_owned()),
        }
    }
    let inputs = ChangeInputs {
        workspace: &project.workspace,
        graph: &project.graph,
        change_files: &project.change_files,
        commits: &commits,
        settings: &settings,
    };
    let bumps = plan_bumps(&inputs)?;
    warnings.extend(uncounted_commits(&commits, &settings));
    Ok(bumps)
}

fn candidates<'a>(
    project: &'a Project,
    session: &Session,
    planned: &BTreeMap<&PackageName, &'a PlannedBump>,
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
        let of_manager = choice.manager_place.map(|place| format!("the registry `{}` is from {place}", choice.url));
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
        candidates.push(Candidate { package, version, next, registry: choice.url, destination, rules, credentials });
    }
    Ok((candidates, skipped))
}

/// Whose rules count for a package. Who declares or was taught its publishing access knows more of the registry than what is
/// assumed of it, and the stronger word counts (invariant I6).
fn rules(of_registry: RegistryRules, access: Option<PublishingAccess>) -> RegistryRules {
    match access {
        Some(PublishingAccess::Automation | PublishingAccess::Publish) => RegistryRules::Npm,
        Some(PublishingAccess::None) | None => of_registry,
    }
}

fn observation(
    project: &Project,
    session: &Session,
    learnt: &Learnt,
    candidate: &Candidate<'_>,
    published: PublishedState,
    bump: Option<&PlannedBump>,
    npm_tag: Option<&TagSetting>,
) -> PackageObservation {
    let package = candidate.package;
    let name = &package.name;
    let declared = project.config.declared_access(name).map(|access| (access, relay_config::AccessSource::Declared));
    let remembered =
        learnt.access(&candidate.registry, name).map(|access| (access, relay_config::AccessSource::Learnt));
    let known_access = declared.or(remembered);
    let text = |key: &str| package.manifest.publish_config(key).and_then(|value| value.as_str()).map(str::to_owned);
    // In the prerelease mode of changesets versions go out under its tag.
    let pre = project.changesets.as_ref().and_then(|config| config.pre.as_ref());
    let pre_tag = pre.filter(|pre| pre.mode == relay_change::PreMode::Pre).map(|pre| pre.tag.clone());
    let by_npm = |by_variable: bool| {
        npm_tag.filter(|setting| setting.by_variable == by_variable).map(|setting| setting.tag.clone())
    };
    let (tag, refused_tag) = match session.tag.clone() {
        Some(tag) => (Some(tag), None),
        None => match text("tag").or(pre_tag).or_else(|| by_npm(true)).map(|text| DistTag::parse(&text)) {
            Some(Ok(tag)) => (Some(tag), None),
            Some(Err(refused)) => (None, Some(refused)),
            None => match project.config.publish.tag.clone() {
                Some(tag) => (Some(tag), None),
                None => match by_npm(false).map(|text| DistTag::parse(&text)) {
                    Some(Ok(tag)) => (Some(tag), None),
                    Some(Err(refused)) => (None, Some(refused)),
                    None => (None, None),
                },
            },
        },
    };
    let access = session
        .access
        .or_else(|| text("access").and_then(|word| access_of(&word)))
        .or_else(|| session.npm.get("access").and_then(access_of))
        .or(project.config.publish.access)
        .or_else(|| project.changesets.as_ref().map(changesets_access));
    let (next, level, causes) = match bump {
        Some(bump) => (bump.next.clone(), bump.bump, bump.causes.clone()),
        None => (candidate.version.clone(), relay_change::Bump::None, vec![relay_change::ReleaseCause::Unpublished]),
    };
    PackageObservation {
        name: name.clone(),
        path: package.path.to_string(),
        current: candidate.version.clone(),
        next,
        bump: level,
        causes,
        registry: candidate.registry.clone(),
        rules: rules(candidate.rules, known_access.map(|(access, _)| access)),
        tag,
        refused_tag,
        tag_by_flag: session.tag.is_some(),
        access,
        published,
        publishing_access: known_access,
        allowed_routes: project.config.allowed_routes(name).map(<[_]>::to_vec),
        credentials: candidate
            .credentials
            .iter()
            .map(|known| CredentialFact {
                challenged_on: learnt.challenged_on(&candidate.registry, name, &known.credential),
                ..known.fact.clone()
            })
            .collect(),
        credential_problems: session.credential_problems(name, &candidate.registry, &project.config),
        scripts_after_upload: relay_pack::lifecycle::after_upload()
            .iter()
            .filter(|event| package.manifest.script(event).is_some())
            .map(|event| (*event).to_owned())
            .collect(),
        new_install_script: None,
        remarks: Vec::new(),
        packing: Vec::new(),
        tarball: None,
    }
}

fn changesets_access(config: &relay_change::ChangesetsConfig) -> Access {
    match config.access {
        relay_change::ChangesetsAccess::Public => Access::Public,
        relay_change::ChangesetsAccess::Restricted => Access::Restricted,
    }
}

fn access_of(word: &str) -> Option<Access> {
    match word {
        "public" => Some(Access::Public),
        "restricted" | "private" => Some(Access::Restricted),
        _ => None,
    }
}

/// What the plan's fingerprint covers beside the head commit: manifests, change files, settings.
fn inputs(project: &Project) -> BTreeMap<String, String> {
    let mut inputs = BTreeMap::new();
    for package in &project.workspace.packages {
        inputs.insert(format!("manifest of {}", package.name), relay_plan::digest(package.manifest.text().as_bytes()));
    }
    for file in &project.change_files {
        let mut releases: Vec<_> = file.releases.iter().collect();
        releases.sort();
        inputs.insert(format!("change file {}", file.id), relay_plan::digest_of(&(&file.id, releases, &file.summary)));
    }
    inputs.insert("relay.toml".to_owned(), relay_plan::digest_of(&project.config));
    inputs
}

#[cfg(test)]
mod tests {
    use relay_config::Config;

    fn fingerprint(settings: &str) -> String {
        relay_plan::digest_of(&Config::parse("relay.toml", settings).unwrap())
    }

    #[test]
    fn equal_settings_have_one_fingerprint_however_they_are_written() {
        let settings = "[release]\nmode = \"fixed\"\nchanges = [\"changesets\", \"conventional-commits\"]\n\
                        [publish]\nvisibility-timeout = \"2m\"\n\
                        [[registry]]\nurl = \"https://registry.example\"\nrules = \"npm\"\n\
                        [gate]\nmax-size = \"5MB\"\nforbid = [\"secret\", \"protocol-leak\"]\n\
                        [[credential]]\nenv = \"A\"\nkind = \"session\"\nexpires = 2027-02-01\n";
        let otherwise = "# what we mean\ngate = { forbid = [\"protocol-leak\", \"secret\", \"secret\"], max-size = '5000kB' }\n\
                         [[credential]]\nexpires = \"2027-02-01\" # soon\nkind = \"session\"\nenv = 'A'\n\
                         [[registry]]\nrules = \"npm\"\nurl = \"HTTPS://registry.example/\"\n\n\
                         [publish]\nconcurrency = 8\nvisibility-timeout = \"120s\"\n\
                         [release]\nchanges = [\"conventional-commits\", \"changesets\"]\nmode = \"fixed\"\n";
        assert_eq!(fingerprint(settings), fingerprint(otherwise));
        assert_eq!(fingerprint(""), fingerprint("[release]\nmode = \"independent\"\n[publish]\n[gate]\n"));
    }

    #[test]
    fn every_change_of_meaning_has_another_fingerprint() {
        let credential = "[[credential]]\nenv = \"A\"\nkind = \"session\"\n";
        let settings = [
            String::new(),
            "[release]\nmode = \"fixed\"\n".to_owned(),
            "[release]\nchanges = []\n".to_owned(),
            "[release]\nchanges = [\"changesets\"]\n".to_owned(),
            "[release]\nignore = [\"a\", \"!b\"]\n".to_owned(),
            "[release]\nignore = [\"!b\", \"a\"]\n".to_owned(),
            "[release]\nbranch = \"a\"\n".to_owned(),
            "[publish]\ntag = \"a\"\n".to_owned(),
            "[publish]\naccess = \"public\"\n".to_owned(),
            "[publish]\nvisibility-timeout = \"3m\"\n".to_owned(),
            "[publish]\nconcurrency = 3\n".to_owned(),
            "[gate]\nforbid = []\n".to_owned(),
            "[gate]\nmax-size = \"3MB\"\n".to_owned(),
            "[[registry]]\nurl = \"https://a.example/\"\nrules = \"npm\"\n".to_owned(),
            "[[registry]]\nurl = \"https://a.example/\"\nrules = \"plain\"\n".to_owned(),
            credential.to_owned(),
            format!("{credential}registry = \"https://a.example/\"\n"),
            format!("{credential}packages = [\"a\"]\n"),
            format!("{credential}expires = 2027-02-01\n"),
            format!("{credential}expires = 2027-02-02\n"),
            "[[policy]]\npackages = [\"a\"]\nroutes = [\"token\", \"interactive\"]\n".to_owned(),
            "[[policy]]\npackages = [\"a\"]\nroutes = [\"interactive\", \"token\"]\n".to_owned(),
            "[[group]]\npackages = [\"a\"]\nkind = \"fixed\"\n".to_owned(),
            "[[group]]\npackages = [\"a\"]\nkind = \"linked\"\n".to_owned(),
        ];
        let distinct: std::collections::BTreeSet<_> = settings.iter().map(|settings| fingerprint(settings)).collect();
        assert_eq!(distinct.len(), settings.len());
    }
}

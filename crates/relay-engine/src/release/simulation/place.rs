//! What a release's steps read and write beside git: the project as the clone has it, the plan's observation, the version step.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use camino::Utf8Path;
use futures_util::future::{BoxFuture, LocalBoxFuture};
use relay_change::{Bump, BumpPlan, PlannedBump, ReleaseCause};
use relay_config::{AccessSource, Config, PublishingAccess, RegistryRules};
use relay_graph::DependencyGraph;
use relay_plan::{CredentialFact, Observations, PackageObservation, Planned, PublishedState, TrustedFact, plan};
use relay_registry::{ReadError, RegistryUrl};
use relay_workspace::{Manifest, PackageManager, PackageName, Version, Workspace, WorkspacePackage, WriteError};
use tokio::time::sleep;

use super::git::{SimulatedGit, WORKDIR};
use super::given::package;
use super::objects::{Commit, Tree};
use super::remote::MAIN;
use super::run::Command;
use super::world::{Process, World, look};
use crate::conventions::PackChoices;
use crate::event::{Emitter, Fact, SharedClock};
use crate::journal::PastUploads;
use crate::learnt::Learnt;
use crate::observe::{Intent, LiveVersion, ObserveError, Observed, RecordedVersions};
use crate::project::Project;
use crate::release::ReleaseError;
use crate::release::remote_lock::Beside;
use crate::release::resumed::Resumed;
use crate::release::versioned::VersionStep;
use crate::release::workplace::Workplace;
use crate::session::Session;
use crate::state_folder::{Holder, RunLock, StateFolderError};

/// The packages of a world, each with those that it depends on.
pub(super) type Packages = BTreeMap<PackageName, BTreeSet<PackageName>>;

/// The registry of all worlds.
pub(super) fn registry() -> RegistryUrl {
    RegistryUrl::parse("http://registry.example/").expect("an address")
}

/// The place that one process works in.
pub(super) struct Place(pub(super) Process);

pub(super) fn on_this_thread(keeping: BoxFuture<'static, ()>) {
    drop(tokio::task::spawn_local(keeping));
}

impl Workplace for Place {
    fn past_uploads(&self) -> PastUploads {
        let mut world = look(&self.0.world);
        match PastUploads::replay(world.computers[self.0.at].disk.journal.as_slice()) {
            Ok(past_uploads) => past_uploads,
            Err(line) => {
                world.wrong("journal", format!("its own records can't follow on each other: {line}"));
                PastUploads::default()
            }
        }
    }

    fn take_lock(&self, holder: &Holder) -> Result<RunLock, StateFolderError> {
        let before =
            self.0.effect("lock the clone", |world, at| world.computers[at].disk.holder.replace(holder.clone()));
        Ok(RunLock::simulated(before.flatten()))
    }

    fn note_git_writes(&self, _: &Holder, _: &SharedClock, _: Vec<String>) -> Result<(), ReleaseError> {
        Ok(())
    }

    fn forget_git_writes(&self) {}

    fn keep_learnt(&self, learnt: &Learnt) -> Result<(), WriteError> {
        self.0.effect("keep what was learnt", |world, at| world.computers[at].disk.learnt = learnt.clone());
        Ok(())
    }

    fn observe<'a>(
        &'a self,
        project: &'a Project,
        session: &'a Session,
        _learnt: &'a Learnt,
        recorded: &'a RecordedVersions,
        intent: Intent,
    ) -> LocalBoxFuture<'a, Result<Observed, ObserveError>> {
        Box::pin(async move {
            sleep(Duration::from_millis(50)).await;
            let seen = self.0.effect("observe", |world, _| {
                if world.dice.befalls(world.faults.read / 4) {
                    return None;
                }
                let names: Vec<PackageName> = world.packages.keys().cloned().collect();
                Some(names.into_iter().map(|name| (name.clone(), world.versions_of(&name))).collect::<Shown>())
            });
            let unread = || ObserveError::Read {
                package: project.workspace.packages[0].name.clone(),
                registry: registry(),
                source: Box::new(ReadError::Transport { what: "a package".to_owned(), cause: "cut".to_owned() }),
            };
            let shown = seen.flatten().ok_or_else(unread)?;
            Ok(self.observation(project, session, recorded, &shown, intent)?)
        })
    }

    fn git_head<'a>(
        &'a self,
        _project: &'a Project,
        _session: &'a Session,
        live: &'a LiveVersion,
    ) -> LocalBoxFuture<'a, Option<String>> {
        let told = self.0.effect("ask for a commit", |world, _| {
            let stored = world.registry.get(&live.name, &live.version);
            stored.and_then(|stored| stored.git_head.clone()).filter(|_| !world.dice.befalls(world.faults.read))
        });
        Box::pin(std::future::ready(told.flatten()))
    }

    fn write_versions(
        &self,
        project: &Project,
        bumps: &BumpPlan,
        _message: Option<&str>,
        events: &Emitter,
    ) -> Result<VersionStep, ReleaseError> {
        let mut commit = self.version_commit(bumps);
        commit.seconds = events.now().as_second();
        let files = bumps.bumps.len();
        self.0.effect("write versions", |world, at| world.computers[at].uncommitted = Some(commit));
        events.emit(Fact::VersionsWritten { packages: project.workspace.packages.len(), files })?;
        let made = self.0.effect("commit", World::finish_version_step).flatten();
        if let Some(commit) = &made {
            events.emit(Fact::Committed { commit: commit.clone() })?;
        }
        Ok(VersionStep { written: true, commit: made, notes: Vec::new() })
    }

    fn beside(&self) -> Beside {
        on_this_thread
    }
}

/// What the registry shows of each package.
type Shown = BTreeMap<PackageName, Vec<(Version, relay_workspace::Integrity)>>;

impl World {
    /// Makes the commit of a version step whose files are written.
    pub(super) fn finish_version_step(&mut self, at: usize) -> Option<String> {
        let commit = self.computers[at].uncommitted.take()?;
        let id = self.objects.add(commit);
        let computer = &mut self.computers[at];
        computer.has.insert(id.clone());
        computer.refs.insert(MAIN.to_owned(), id.clone());
        Some(id)
    }

    /// What is checked out on a computer.
    pub(super) fn checked_out(&self, at: usize) -> &Tree {
        let head = self.computers[at].refs.get(MAIN).and_then(|id| self.objects.tree(id));
        head.expect("a clone has its branch")
    }
}

/// The next version of a package.
pub(super) fn next(version: &Version) -> Version {
    Version::new(version.major, version.minor + 1, 0)
}

impl Place {
    fn version_commit(&self, bumps: &BumpPlan) -> Commit {
        let world = look(&self.0.world);
        let mut tree = world.checked_out(self.0.at).clone();
        tree.has_change_file = false;
        for bump in &bumps.bumps {
            tree.versions.insert(bump.name.clone(), bump.next.clone());
        }
        let parents = world.computers[self.0.at].refs.get(MAIN).cloned().into_iter().collect();
        Commit { parents, tree, document: None, seconds: 0, message: "release".to_owned() }
    }

    /// Whether `relay resume` finds a run here, which it then asks for as it was asked for. Where it finds none it publishes, which
    /// a person who means a release does not let it do.
    pub(super) fn has_something_to_resume(&self, command: &Command) -> bool {
        let project = self.project(&command.config);
        let Some(found) = Resumed::among(&self.past_uploads(), &project, command.pushes) else {
            return command.intent == Intent::Publish;
        };
        let asked = &found.options;
        if asked.releases != (command.intent == Intent::Release) || asked.no_push == command.asks_to_push() {
            look(&self.0.world).wrong("L1", format!("the run that is gone on with is said to have been {asked:?}"));
        }
        true
    }

    /// The project as the clone has it.
    pub(super) fn project(&self, config: &Config) -> Project {
        let world = look(&self.0.world);
        let tree = world.checked_out(self.0.at);
        let root = Utf8Path::new(WORKDIR);
        let packages = world.packages.iter().map(|(name, below)| {
            let version = tree.versions.get(name).cloned().unwrap_or_else(|| Version::new(1, 0, 0));
            package(name, &version, below)
        });
        let root_manifest = r#"{"name":"root","private":true,"workspaces":["packages/*"]}"#.to_owned();
        let workspace = Workspace {
            root: root.to_owned(),
            manager: PackageManager::Npm,
            root_manifest: Manifest::parse(&root.join("package.json"), root_manifest).expect("a manifest"),
            packages: packages.collect(),
            catalogs: BTreeMap::new(),
            warnings: Vec::new(),
        };
        Project {
            graph: DependencyGraph::build(&workspace),
            workspace,
            config: config.clone(),
            configured: true,
            packing: PackChoices::default(),
            repository: None,
            prefix: String::new(),
            change_files: Vec::new(),
            broken_change_files: Vec::new(),
            changesets: None,
            changesets_source: String::new(),
            has_pnpm_ledger: false,
            simulated_git: Some(Box::new(SimulatedGit(self.0.clone()))),
        }
    }

    fn bumps(&self, project: &Project, intent: Intent) -> BumpPlan {
        let waits = intent == Intent::Release && look(&self.0.world).checked_out(self.0.at).has_change_file;
        let packages = project.workspace.packages.iter().filter(|_| waits);
        let bumps = packages.filter_map(|package| {
            let current = package.version.clone()?;
            let cause = ReleaseCause::ChangeFile { id: "change".to_owned(), text: "a change".to_owned() };
            let next = next(&current);
            Some(PlannedBump { name: package.name.clone(), next, current, bump: Bump::Minor, causes: vec![cause] })
        });
        BumpPlan { bumps: bumps.collect(), ..BumpPlan::default() }
    }

    fn observation(
        &self,
        project: &Project,
        session: &Session,
        recorded: &RecordedVersions,
        shown: &Shown,
        intent: Intent,
    ) -> Result<Observed, relay_plan::PlanError> {
        let bumps = self.bumps(project, intent);
        let next: BTreeMap<_, _> = bumps.bumps.iter().map(|bump| (&bump.name, &bump.next)).collect();
        let (mut packages, mut live) = (Vec::new(), Vec::new());
        let (mut credentials, mut destinations) = (BTreeMap::new(), BTreeMap::new());
        for package in &project.workspace.packages {
            let (Some(version), Some(there)) = (&package.version, shown.get(&package.name)) else { continue };
            let asked_for = |one: &Version| {
                one == version || recorded.by_package.get(&package.name).is_some_and(|recorded| recorded.contains(one))
            };
            live.extend(there.iter().filter(|(one, _)| asked_for(one)).map(|(one, integrity)| LiveVersion {
                name: package.name.clone(),
                is_present: one == version,
                version: one.clone(),
                registry: registry(),
                integrity: Some(integrity.clone()),
                named_by: BTreeSet::new(),
            }));
            let next = next.get(&package.name).copied();
            if next.is_none() && there.iter().any(|(one, _)| one == version) {
                continue;
            }
            let known = session.credentials(&package.name, &registry(), &project.config);
            let facts = known.iter().map(|known| known.fact.clone()).collect();
            packages.push(self.package(package, next.unwrap_or(version), there, facts));
            credentials.insert(package.name.clone(), known);
            destinations.insert(package.name.clone(), session.destination(&registry(), &project.config));
        }
        let ahead = project.graph.anticipating(|name| next.get(name).copied());
        let head = look(&self.0.world).computers[self.0.at].refs.get(MAIN).cloned();
        let side_tag = recorded.side_tag(&live, &packages);
        let observations = Observations {
            created: session.now,
            head,
            offline: false,
            terminal: session.person,
            otp_given: false,
            graph: ahead.as_ref().unwrap_or(&project.graph),
            packages,
            versioned: Vec::new(),
            findings: Vec::new(),
            skipped: Vec::new(),
            left_out: BTreeMap::new(),
            inputs: BTreeMap::new(),
            allow_cycles: false,
            wait_for: project.config.publish.wait_for,
            build: None,
            promote_last: project.config.publish.promote_last || side_tag.is_some(),
            side_tag,
            delays: BTreeMap::new(),
        };
        let Planned { plan, authorisations } = plan(&observations)?;
        drop(next);
        Ok(Observed {
            mint: None,
            plan,
            authorisations,
            bumps,
            change_findings: Vec::new(),
            credentials,
            destinations,
            live,
            before: BTreeMap::new(),
            evidence: Vec::new(),
            warnings: Vec::new(),
            notes: Vec::new(),
            requests: 0,
        })
    }

    fn package(
        &self,
        package: &WorkspacePackage,
        next: &Version,
        there: &[(Version, relay_workspace::Integrity)],
        credentials: Vec<CredentialFact>,
    ) -> PackageObservation {
        let needs_person = look(&self.0.world).registry.interactive.contains(&package.name);
        let access = if needs_person { PublishingAccess::Publish } else { PublishingAccess::Automation };
        let versions: BTreeSet<Version> = there.iter().map(|(version, _)| version.clone()).collect();
        let published = if versions.is_empty() {
            PublishedState::Absent
        } else {
            PublishedState::Present {
                latest: versions.last().cloned(),
                deprecated: BTreeSet::new(),
                tags: look(&self.0.world).registry.tags_of(&package.name),
                next_is_there: versions.contains(next),
                versions,
            }
        };
        PackageObservation {
            name: package.name.clone(),
            path: package.path.to_string(),
            current: package.version.clone().unwrap_or_else(|| next.clone()),
            next: next.clone(),
            bump: Bump::None,
            causes: vec![ReleaseCause::Unpublished],
            registry: registry(),
            registry_source: None,
            rules: RegistryRules::Npm,
            tag: None,
            refused_tag: None,
            tag_by_flag: false,
            access: None,
            published,
            publishing_access: Some((access, AccessSource::Declared)),
            learnt_from: None,
            allowed_routes: None,
            credentials,
            credential_problems: Vec::new(),
            trusted: TrustedFact::NotAsked,
            scripts_that_publish: Vec::new(),
            strongest_evidence: None,
            provenance: false,
            trust_downgrade_because: None,
            new_install_script: None,
            remarks: Vec::new(),
            packing: Vec::new(),
            tarball: None,
        }
    }
}

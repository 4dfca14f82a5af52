//! Small worlds to plan: a graph, and an observation for each package.

use std::collections::{BTreeMap, BTreeSet};

use relay_change::{Bump, ReleaseCause};
use relay_config::{AccessSource, CredentialKind, PublishingAccess, RegistryRules, WaitFor};
use relay_graph::{DependencyGraph, Edge, GraphPackage};
use relay_plan::{
    CredentialFact, Finding, Observations, PackageObservation, PlanError, PublishedState, Reason, ReleasePlan,
    SeenDelay, SkipReason, SkippedObservation, TarballFact, TrustedFact, VersionedPackage, plan,
};
use relay_values::{CredentialId, CredentialOrigin, DistTag, RegistryUrl};
use relay_workspace::{DependencyKind, Integrity, PackageName, Shasum};
use semver::Version;

pub(crate) const REGISTRY: &str = "https://registry.example/";

/// A world that grows package by package. It panics with a plain sentence where a test asks for what can't be.
#[derive(Debug, Clone, Default)]
pub(crate) struct World {
    pub(crate) packages: Vec<GraphPackage>,
    pub(crate) edges: Vec<Edge>,
    pub(crate) released: Vec<PackageObservation>,
    pub(crate) versioned: Vec<VersionedPackage>,
    pub(crate) change_findings: Vec<Finding>,
    pub(crate) skipped: Vec<SkippedObservation>,
    pub(crate) left_out: BTreeMap<PackageName, PublishedState>,
    pub(crate) inputs: BTreeMap<String, String>,
    pub(crate) head: Option<String>,
    pub(crate) offline: bool,
    pub(crate) terminal: bool,
    pub(crate) allow_cycles: bool,
    pub(crate) wait_for: WaitFor,
    pub(crate) build: Option<String>,
    pub(crate) promote_last: bool,
    pub(crate) side_tag: Option<DistTag>,
    pub(crate) delays: BTreeMap<RegistryUrl, SeenDelay>,
}

pub(crate) fn name(text: &str) -> PackageName {
    PackageName::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn registry(text: &str) -> RegistryUrl {
    RegistryUrl::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn tag(text: &str) -> DistTag {
    DistTag::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn version(text: &str) -> Version {
    Version::parse(text).unwrap_or_else(|error| panic!("`{text}` is no version: {error}"))
}

pub(crate) fn credential(kind: CredentialKind) -> CredentialFact {
    let origin = match kind {
        CredentialKind::Session => {
            CredentialOrigin::Setting { place: "`.npmrc` of the home folder".to_owned(), variables: Vec::new() }
        }
        _ => CredentialOrigin::Variable("NPM_TOKEN".to_owned()),
    };
    CredentialFact {
        id: CredentialId { registry: registry(REGISTRY), origin },
        kind,
        expires: None,
        challenged_on: None,
    }
}

pub(crate) fn present(latest: &str) -> PublishedState {
    let latest = version(latest);
    PublishedState::Present {
        versions: BTreeSet::from([latest.clone()]),
        deprecated: BTreeSet::new(),
        latest: Some(latest.clone()),
        tags: [(DistTag::latest(), latest)].into(),
        next_is_there: false,
    }
}

pub(crate) fn tarball(content: char) -> TarballFact {
    TarballFact {
        integrity: Integrity::parse(&format!("sha512-{}==", content.to_string().repeat(86))).expect("it is a digest"),
        shasum: Shasum::parse(&content.to_string().repeat(40)).expect("a hex digit makes a digest"),
        size: 8_123,
        unpacked: 31_201,
        files: 14,
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self { head: Some("3f9c0de".repeat(6)), terminal: true, ..Self::default() }
    }

    /// A package of the workspace that is not released.
    pub(crate) fn package(mut self, text: &str) -> Self {
        self.packages.push(GraphPackage {
            name: name(text),
            path: format!("packages/{}", name(text).unscoped()),
            version: Some(version("1.2.3")),
            private: false,
        });
        self
    }

    /// A package of the workspace that goes from 1.2.3 to 1.3.0 on npm's rules, by a token that bypasses 2FA.
    pub(crate) fn release(self, text: &str) -> Self {
        self.release_with(text, |_| {})
    }

    /// As [`World::release`], with differences.
    pub(crate) fn release_with(self, text: &str, change: impl FnOnce(&mut PackageObservation)) -> Self {
        let mut world = self.package(text);
        let mut observation = PackageObservation {
            name: name(text),
            path: format!("packages/{}", name(text).unscoped()),
            current: version("1.2.3"),
            next: version("1.3.0"),
            bump: Bump::Minor,
            causes: vec![ReleaseCause::Commit { id: "3f9c0de".to_owned(), text: "feat: learn a trick".to_owned() }],
            registry: registry(REGISTRY),
            registry_source: Some("`registry` in `.npmrc`".to_owned()),
            rules: RegistryRules::Npm,
            tag: None,
            refused_tag: None,
            tag_by_flag: false,
            access: None,
            published: present("1.2.3"),
            publishing_access: None,
            learnt_from: None,
            allowed_routes: None,
            credentials: vec![credential(CredentialKind::GranularBypass)],
            credential_problems: Vec::new(),
            trusted: TrustedFact::NotAsked,
            scripts_that_publish: Vec::new(),
            packing: Vec::new(),
            strongest_evidence: None,
            provenance: false,
            trust_downgrade_because: None,
            new_install_script: None,
            remarks: Vec::new(),
            tarball: None,
        };
        change(&mut observation);
        world.released.push(observation);
        world
    }

    /// As [`World::release`], by a person.
    pub(crate) fn release_by_person(self, text: &str) -> Self {
        self.release_with(text, by_person)
    }

    /// A private package of the workspace that goes from 1.2.3 to this version.
    pub(crate) fn version_alone(self, text: &str, next: &str) -> Self {
        let mut world = self.skip(text, SkipReason::Private);
        world.versioned.push(VersionedPackage {
            name: name(text),
            path: format!("packages/{}", name(text).unscoped()),
            current: version("1.2.3"),
            next: version(next),
            bump: Bump::Patch,
            reasons: vec![Reason::from(&ReleaseCause::Commit {
                id: "3f9c0de".to_owned(),
                text: "fix: a step".to_owned(),
            })],
        });
        world
    }

    pub(crate) fn skip(mut self, text: &str, reason: SkipReason) -> Self {
        self = self.package(text);
        if let Some(package) = self.packages.last_mut() {
            package.private = reason == SkipReason::Private;
            if reason == SkipReason::NoVersion {
                package.version = None;
            }
        }
        self.skipped.push(SkippedObservation { name: name(text), reason });
        self
    }

    /// `from` has `to` in its `dependencies`.
    pub(crate) fn needs(self, from: &str, to: &str) -> Self {
        self.depends(from, to, DependencyKind::Prod)
    }

    pub(crate) fn depends(mut self, from: &str, to: &str, kind: DependencyKind) -> Self {
        let range = "workspace:^".to_owned();
        let orders = kind != DependencyKind::Dev;
        self.edges.push(Edge { from: name(from), to: name(to), kind, range, orders, bundled: false });
        self
    }

    pub(crate) fn graph(&self) -> DependencyGraph {
        DependencyGraph::from_parts(self.packages.clone(), self.edges.clone())
    }

    pub(crate) fn try_plan(&self) -> Result<ReleasePlan, PlanError> {
        self.plan_over(&self.graph())
    }

    pub(crate) fn plan_over(&self, graph: &DependencyGraph) -> Result<ReleasePlan, PlanError> {
        plan(&Observations {
            created: "2026-11-24T09:00:00Z".parse().expect("it is a moment"),
            head: self.head.clone(),
            offline: self.offline,
            terminal: self.terminal,
            otp_given: false,
            graph,
            packages: self.released.clone(),
            versioned: self.versioned.clone(),
            findings: self.change_findings.clone(),
            skipped: self.skipped.clone(),
            left_out: self.left_out.clone(),
            inputs: self.inputs.clone(),
            allow_cycles: self.allow_cycles,
            wait_for: self.wait_for,
            build: self.build.clone(),
            promote_last: self.promote_last,
            side_tag: self.side_tag.clone(),
            delays: self.delays.clone(),
        })
        .map(|planned| planned.plan)
    }

    pub(crate) fn plan(&self) -> ReleasePlan {
        self.try_plan().unwrap_or_else(|error| panic!("{error}"))
    }

    /// The findings about packages, as text, without those about the whole plan.
    pub(crate) fn findings(&self) -> Vec<String> {
        let plan = self.plan();
        let about =
            plan.findings.iter().filter_map(|finding| finding.package.as_ref().map(|package| (finding, package)));
        about.map(|(finding, package)| format!("{} {package}: {}", finding.severity.as_str(), finding.text)).collect()
    }
}

pub(crate) fn by_person(observation: &mut PackageObservation) {
    observation.publishing_access = Some((PublishingAccess::Publish, AccessSource::Declared));
    observation.credentials = vec![credential(CredentialKind::Session)];
}

/// A workspace with something of everything: three waves, two packages by a person, one on another registry, one new,
/// private, unchanged and ignored ones.
pub(crate) fn acme() -> World {
    let mut world = World::new()
        .release("@acme/log")
        .release_by_person("@acme/core")
        .release_with("@acme/ui", |ui| {
            by_person(ui);
            ui.causes = vec![ReleaseCause::Dependency {
                name: name("@acme/core"),
                from: version("1.2.3"),
                to: version("1.3.0"),
                range: "~1.2.0".to_owned(),
            }];
            ui.next = version("1.2.4");
            ui.bump = Bump::Patch;
        })
        .release_with("@acme/cli", |cli| {
            cli.causes.push(ReleaseCause::ChangeFile {
                id: "brave-cats".to_owned(),
                text: "Ask before it deletes".to_owned(),
            });
            cli.next = version("2.0.0");
            cli.bump = Bump::Major;
        })
        .release_with("@acme/new", |new| {
            new.published = PublishedState::Absent;
            new.next = version("1.2.3");
            new.bump = Bump::None;
            new.causes = vec![ReleaseCause::Unpublished];
            new.tarball = Some(tarball('a'));
        })
        .release_with("@acme/internal", |internal| {
            internal.registry = registry("https://packages.registry.example/npm/");
            internal.rules = RegistryRules::Plain;
        })
        .skip("@acme/site", SkipReason::Private)
        .version_alone("@acme/docs", "1.2.4")
        .skip("@acme/old", SkipReason::NotChanged)
        .skip("@acme/lab", SkipReason::Ignored)
        .needs("@acme/core", "@acme/log")
        .needs("@acme/ui", "@acme/core")
        .needs("@acme/cli", "@acme/log")
        .needs("@acme/site", "@acme/ui")
        .needs("@acme/core", "@acme/old")
        .depends("@acme/log", "@acme/ui", DependencyKind::Dev);
    world.inputs.insert("manifest of @acme/core".to_owned(), "sha256-1".to_owned());
    world.inputs.insert("relay.toml".to_owned(), "sha256-2".to_owned());
    world
}

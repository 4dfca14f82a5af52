//! What was found out of the packages, and which of them are to be published.

use std::collections::BTreeMap;

use relay_change::PlannedBump;
use relay_config::RegistryRules;
use relay_plan::{PackageObservation, PublishedState, SkipReason, SkippedObservation};
use relay_registry::RegistryUrl;
use relay_workspace::PackageName;

use super::candidates::Candidate;
use super::registries::{Known, new_install_script};
use super::{Intent, LiveVersion, packing};
use crate::learnt::Learnt;
use crate::project::Project;
use crate::publish_settings::TagSetting;
use crate::published_before::PublishedBefore;
use crate::session::{KnownCredential, Session};

/// The run that is planned: what it is about, and what counts for all its packages.
pub(super) struct Run<'a> {
    pub(super) project: &'a Project,
    pub(super) session: &'a Session,
    pub(super) learnt: &'a Learnt,
    pub(super) intent: Intent,
    /// The versions to be made, by package.
    pub(super) planned: &'a BTreeMap<&'a PackageName, &'a PlannedBump>,
    /// The dist-tag of npm's settings.
    pub(super) npm_tag: Option<&'a TagSetting>,
}

/// The packages by what is to be done with them.
#[derive(Default)]
pub(super) struct Gathered {
    /// Those to be published.
    pub(super) packages: Vec<PackageObservation>,
    /// The others, with the reason.
    pub(super) skipped: Vec<SkippedObservation>,
    /// What the registry has of those others that were looked up.
    pub(super) left_out: BTreeMap<PackageName, PublishedState>,
    /// The credentials of each package to be published, best first.
    pub(super) credentials: BTreeMap<PackageName, Vec<KnownCredential>>,
    /// The registry that is really talked to, by package.
    pub(super) destinations: BTreeMap<PackageName, (RegistryUrl, RegistryRules)>,
    /// Packages whose present version the registry shows already.
    pub(super) live: Vec<LiveVersion>,
    /// The version before the planned one, of those that have one.
    pub(super) before: BTreeMap<PackageName, PublishedBefore>,
    /// Packages that a registry shows to nobody without a credential.
    pub(super) not_shown: BTreeMap<RegistryUrl, Vec<PackageName>>,
}

impl Gathered {
    /// Takes a package in with what its registry has of it; gives its observation where it is to be published.
    pub(super) fn add(
        &mut self,
        run: &Run<'_>,
        candidate: Candidate<'_>,
        known: Known,
    ) -> Option<&mut PackageObservation> {
        let name = &candidate.package.name;
        let Known { state, before, there, hidden, .. } = known;
        if hidden {
            self.not_shown.entry(candidate.destination.clone()).or_default().push(name.clone());
        }
        self.live.extend(there.into_iter().map(|(version, integrity)| LiveVersion {
            name: name.clone(),
            is_present: version == *candidate.version,
            version,
            registry: candidate.destination.clone(),
            integrity,
        }));
        if !run.planned.contains_key(name) && !run.is_missing(&state, hidden) {
            let reason = match run.intent {
                Intent::Release => SkipReason::NotChanged,
                Intent::Publish => SkipReason::AlreadyPublished,
            };
            self.skipped.push(SkippedObservation { name: name.clone(), reason });
            self.left_out.insert(name.clone(), state);
            return None;
        }
        let mut package = run.observation(&candidate, state);
        package.new_install_script =
            new_install_script(&run.project.workspace, candidate.package, before.as_ref(), &run.project.config.gate);
        package.packing = packing::findings(run.project, candidate.package, &package.next);
        self.before.extend(before.map(|before| (name.clone(), before)));
        self.destinations.insert(name.clone(), (candidate.destination, candidate.rules));
        self.credentials.insert(name.clone(), candidate.credentials);
        self.packages.push(package);
        self.packages.last_mut()
    }
}

impl Run<'_> {
    /// Whether the registry lacks the version, or may lack it, so that it is to be published without any change.
    fn is_missing(&self, state: &PublishedState, hidden: bool) -> bool {
        match state {
            // Whoever publishes must hear of it; a look at what changed need not list all that only some may see.
            PublishedState::Unknown if hidden => self.intent == Intent::Publish || !self.session.npm.is_withheld(),
            PublishedState::Unknown => self.session.offline && self.intent == Intent::Publish,
            PublishedState::Absent => true,
            PublishedState::Present { next_is_there, .. } => !next_is_there,
        }
    }
}

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
use crate::learnt::{Learnt, SeenEvidence};
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
    /// What versions show of how they were published, of the packages to be published that were read whole.
    pub(super) evidence: BTreeMap<PackageName, SeenEvidence>,
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
        let Known { state, before, there, hidden, evidence, .. } = known;
        if hidden {
            self.not_shown.entry(candidate.destination.clone()).or_default().push(name.clone());
        }
        let tags = if let PublishedState::Present { tags, .. } = &state { tags.clone() } else { BTreeMap::new() };
        self.live.extend(there.into_iter().map(|(version, integrity)| LiveVersion {
            name: name.clone(),
            is_present: version == *candidate.version,
            named_by: tags.iter().filter(|(_, named)| **named == version).map(|(tag, _)| tag.clone()).collect(),
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
        self.evidence.extend(evidence.map(|evidence| (name.clone(), evidence)));
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

#[cfg(test)]
mod tests {
    use super::super::candidates::tests::candidate;
    use super::*;
    use crate::fixture::{Repo, TWO, name, registry, session};

    fn present(next_is_there: bool) -> PublishedState {
        PublishedState::Present {
            versions: [].into(),
            deprecated: [].into(),
            latest: None,
            tags: [].into(),
            next_is_there,
        }
    }

    fn run<'a>(project: &'a Project, session: &'a Session, learnt: &'a Learnt, intent: Intent) -> Run<'a> {
        static NONE: BTreeMap<&PackageName, &PlannedBump> = BTreeMap::new();
        Run { project, session, learnt, intent, planned: &NONE, npm_tag: None }
    }

    #[test]
    fn only_what_the_registry_is_known_to_have_is_left_out_of_a_publish() {
        let project = Repo::of(&TWO).project();
        let (asking, offline) = (Session { offline: false, ..session("") }, session(""));
        let withheld =
            crate::fixture::session_of(&relay_registry::ConfigSources { withhold: true, ..Default::default() });
        let withheld = Session { offline: false, ..withheld };
        let learnt = Learnt::default();
        for (why, state, hidden, session, publish, release) in [
            ("it is there", present(true), false, &asking, false, false),
            ("another version is", present(false), false, &asking, true, true),
            ("a new package", PublishedState::Absent, false, &asking, true, true),
            ("nobody was asked", PublishedState::Unknown, false, &offline, true, false),
            ("not shown to strangers", PublishedState::Unknown, true, &asking, true, true),
            ("and nothing may be sent by this run", PublishedState::Unknown, true, &withheld, true, false),
        ] {
            for (intent, expected) in [(Intent::Publish, publish), (Intent::Release, release)] {
                let run = run(&project, session, &learnt, intent);
                assert_eq!(run.is_missing(&state, hidden), expected, "{why}: {intent:?}");
            }
        }
    }

    #[test]
    fn what_is_left_out_keeps_what_was_read_of_it_and_what_goes_out_all_that_sends_it() {
        let project = Repo::of(&TWO).project();
        let (session, learnt) = (session(""), Learnt::default());
        let version = project.workspace.packages[0].version.clone().unwrap();
        let known = |next_is_there| Known {
            state: present(next_is_there),
            there: vec![(version.clone(), None), ("0.9.0".parse().unwrap(), None)],
            ..Known::default()
        };
        let run = run(&project, &session, &learnt, Intent::Release);
        let mut out = Gathered::default();
        assert!(out.add(&run, candidate(&project, &["token"], RegistryRules::Npm), known(true)).is_none());
        let skipped = SkippedObservation { name: name("a"), reason: SkipReason::NotChanged };
        assert_eq!((out.skipped, out.left_out), (vec![skipped], [(name("a"), present(true))].into()));
        assert!(out.packages.is_empty() && out.credentials.is_empty() && out.destinations.is_empty());

        let mut out = Gathered::default();
        let package = out.add(&run, candidate(&project, &["token"], RegistryRules::Npm), known(false)).unwrap();
        assert_eq!((&package.name, &package.next), (&name("a"), &version));
        let live: Vec<_> = out.live.iter().map(|live| (live.version.to_string(), live.is_present)).collect();
        assert_eq!(live, [("1.0.0".to_owned(), true), ("0.9.0".to_owned(), false)], "both are remembered");
        assert_eq!(out.credentials[&name("a")].len(), 1);
        assert_eq!(out.destinations, [(name("a"), (registry(), RegistryRules::Npm))].into());
    }
}

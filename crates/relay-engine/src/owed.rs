//! What earlier runs left undone: tags of versions that became live after the run had ended, pushes that were refused or never
//! tried, and dist-tags that are still to move.

use std::collections::{BTreeMap, BTreeSet};

use relay_git::GitError;
use relay_workspace::{PackageName, Version};

use crate::journal::PastUploads;
use crate::observe::LiveVersion;
use crate::project::Project;
use crate::promotion::Candidate;
use crate::release::remote::RemoteState;
use crate::release::sent::{SentBefore, Verdict};

/// What the finish may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FinishOptions {
    /// Whether tags are made.
    pub tags: bool,
    /// Whether tags are pushed.
    pub push: bool,
    /// Whether the branch is pushed with them: only a release has made a commit of its own there.
    pub branch: bool,
}

/// A tag that an earlier run should have made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwedTag {
    /// The tag.
    pub name: String,
    /// The commit that the version was released from.
    pub commit: String,
    /// The versions that must be promoted before it is made.
    pub waits_for: Vec<(PackageName, Version)>,
}

/// What earlier runs owe.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwedWork {
    /// Tags that are still to be made.
    pub to_make: Vec<OwedTag>,
    /// The tags to push, those among them.
    pub tags: BTreeSet<String>,
    /// Whether the branch is to be pushed: it has a version commit that the remote lacks.
    pub branch: bool,
    /// Versions that are live under a side tag, dependencies first.
    pub promotions: Vec<Candidate>,
    /// Versions of the workspace that belong to a promotion and are not live: without them it is not whole.
    pub absent: BTreeSet<(PackageName, Version)>,
}

impl OwedWork {
    /// Finds what is owed: tags of versions that relay uploaded, by whatever machine, and that are live; and pushes that did not
    /// go through. What the remote shows counts, where there is one to push to. Nothing is written.
    ///
    /// # Errors
    /// [`GitError`] where tags or the history can't be read.
    pub fn find(
        project: &Project,
        live: &[LiveVersion],
        sent: &SentBefore,
        journal: &PastUploads,
        (remote, options): (Option<&RemoteState>, FinishOptions),
    ) -> Result<Self, GitError> {
        let (promotions, absent) = promotions(project, live, sent);
        let mut owed = Self { promotions, absent, ..Self::default() };
        let Some(repository) = project.git() else { return Ok(owed) };
        let lacks = |tag: &str| remote.is_some_and(|remote| !remote.tags.contains_key(tag));
        for (live, tag) in wanted_tags(project, live, sent) {
            let name = tag.name.clone();
            // What a run was told not to push stays here.
            let stays = journal.stays_here(&live.key());
            if repository.tag_commit(&name)?.is_some() {
                if lacks(&name) && !stays {
                    owed.tags.insert(name);
                }
            } else if options.tags && remote.is_none_or(|remote| !remote.tags.contains_key(&name)) {
                if remote.is_some() && !stays {
                    owed.tags.insert(name.clone());
                }
                owed.to_make.push(tag);
            }
        }
        let Some(remote) = remote else { return Ok(owed) };
        for tag in journal.unpushed_tags() {
            if repository.tag_commit(tag)?.is_some() && lacks(tag) {
                owed.tags.insert(tag.to_owned());
            }
        }
        if let Some(commit) = journal.unpushed_commit() {
            owed.branch = repository.is_unpushed(commit, &remote.name)?;
        }
        Ok(owed)
    }

    /// Says whether the remote is owed something.
    pub fn wants_push(&self) -> bool {
        self.branch || !self.tags.is_empty()
    }

    /// Says whether nothing is owed.
    pub fn is_empty(&self) -> bool {
        self.to_make.is_empty() && !self.wants_push() && self.promotions.is_empty()
    }
}

/// The versions that are live and still to be promoted, dependencies first, and the workspace's own that belong to a promotion and
/// are not live.
fn promotions(
    project: &Project,
    live: &[LiveVersion],
    sent: &SentBefore,
) -> (Vec<Candidate>, BTreeSet<(PackageName, Version)>) {
    let pending = sent.pending();
    if pending.is_empty() {
        return (Vec::new(), BTreeSet::new());
    }
    let keys: BTreeSet<_> = live.iter().map(LiveVersion::key).collect();
    let is_present = |name: &PackageName, version: &Version| {
        project.workspace.package(name).is_some_and(|package| package.version.as_ref() == Some(version))
    };
    let absent = pending.keys().filter(|key| !keys.contains(*key));
    let absent = absent.filter(|(_, name, version)| is_present(name, version));
    let absent = absent.map(|(_, name, version)| (name.clone(), version.clone())).collect();
    let places: BTreeMap<PackageName, usize> = project.graph.order().into_iter().zip(0..).collect();
    let mut promotions: Vec<Candidate> = pending
        .iter()
        .filter(|(key, _)| keys.contains(*key))
        .map(|((registry, name, version), promotion)| Candidate {
            registry: registry.clone(),
            name: name.clone(),
            version: version.clone(),
            promotion: promotion.clone(),
            sent_now: false,
        })
        .collect();
    promotions.sort_by_key(|one| places.get(&one.name).copied());
    (promotions, absent)
}

/// The tags of versions that are live and relay's own, each with the commit that the version was released from.
fn wanted_tags<'l>(project: &Project, live: &'l [LiveVersion], sent: &SentBefore) -> Vec<(&'l LiveVersion, OwedTag)> {
    let mut wanted: Vec<(&LiveVersion, OwedTag)> = Vec::new();
    let present = live.iter().filter(|live| live.is_present).count();
    // One tag for the whole release says that the whole release is out.
    let publishable = project.workspace.packages.iter().filter(|package| package.is_publishable()).count();
    if project.has_one_tag() && present < publishable {
        return wanted;
    }
    for one in live.iter().filter(|live| live.is_present || !project.has_one_tag()) {
        let Verdict::Ours { commit } = sent.judge(one) else { continue };
        let name = project.tag_name(&one.name, &one.version);
        let waits_for = sent.pending().contains_key(&one.key()).then(|| (one.name.clone(), one.version.clone()));
        match wanted.iter_mut().find(|(_, other)| other.name == name) {
            Some((_, other)) => other.waits_for.extend(waits_for),
            None => wanted.push((one, OwedTag { name, commit, waits_for: waits_for.into_iter().collect() })),
        }
    }
    wanted
}

#[cfg(test)]
mod tests {
    use relay_config::RouteKind;
    use relay_git::RemoteRef;
    use relay_workspace::{Integrity, Version};

    use super::*;
    use crate::event::{Event, Fact};
    use crate::fixture::{Repo, TWO, name, registry};

    const ALL: FinishOptions = FinishOptions { tags: true, push: true, branch: true };

    fn integrity() -> Integrity {
        Integrity::parse("sha512-abc=").unwrap()
    }

    fn live(package: &str, is_present: bool) -> LiveVersion {
        LiveVersion {
            name: name(package),
            version: Version::new(1, 0, 0),
            is_present,
            registry: registry(),
            integrity: Some(integrity()),
            named_by: BTreeSet::new(),
        }
    }

    /// The journal of a run that sent both packages from `commit`, and tells `more`.
    fn journal(commit: &str, push: bool, more: Vec<Fact>) -> PastUploads {
        let sent = |package: &str| Fact::UploadStarted {
            package: name(package),
            version: Version::new(1, 0, 0),
            registry: registry(),
            integrity: integrity(),
            route: RouteKind::Token,
            attempt: 1,
            size: 3,
            head: Some(commit.to_owned()),
        };
        let started = Fact::RunStarted {
            command: "publish".to_owned(),
            plan: "p".to_owned(),
            packages: vec![name("a"), name("b")],
            push,
            options: None,
        };
        let mut journal = PastUploads::default();
        for fact in [started, sent("a"), sent("b")].into_iter().chain(more) {
            journal.apply(&Event { at: jiff::Timestamp::UNIX_EPOCH, fact }).unwrap();
        }
        journal
    }

    fn remote(tags: &[&str]) -> RemoteState {
        let there = |tag: &&str| ((*tag).to_owned(), RemoteRef { object: "1".repeat(40), commit: "1".repeat(40) });
        RemoteState { name: "origin".to_owned(), tags: tags.iter().map(there).collect(), ..RemoteState::default() }
    }

    fn names(work: &OwedWork) -> (Vec<&str>, Vec<&str>) {
        (work.to_make.iter().map(|tag| tag.name.as_str()).collect(), work.tags.iter().map(String::as_str).collect())
    }

    #[test]
    fn tags_are_owed_of_what_relay_sent_and_is_live_as_far_as_they_are_not_there() {
        let repo = Repo::committed(&TWO);
        let commit = repo.git(&["rev-parse", "HEAD"]);
        repo.git(&["tag", "b@1.0.0"]);
        let project = repo.project();
        let pushing = journal(&commit, true, Vec::new());
        let staying = journal(&commit, false, Vec::new());
        let both = [live("a", true), live("b", true)];
        let tagless = FinishOptions { tags: false, ..ALL };
        for (why, journal, live, remote, options, to_make, to_push) in [
            (
                "one to make, both to push",
                &pushing,
                both.as_slice(),
                Some(remote(&[])),
                ALL,
                vec!["a@1.0.0"],
                vec!["a@1.0.0", "b@1.0.0"],
            ),
            ("no remote", &pushing, &both, None, ALL, vec!["a@1.0.0"], vec![]),
            ("the remote has them", &pushing, &both, Some(remote(&["a@1.0.0", "b@1.0.0"])), ALL, vec![], vec![]),
            ("a run that was not to push", &staying, &both, Some(remote(&[])), ALL, vec!["a@1.0.0"], vec![]),
            ("no tags are wanted", &pushing, &both, Some(remote(&[])), tagless, vec![], vec!["b@1.0.0"]),
            ("only one is live", &pushing, &both[1..], Some(remote(&[])), ALL, vec![], vec!["b@1.0.0"]),
        ] {
            let sent = SentBefore::of(journal, None);
            let work = OwedWork::find(&project, live, &sent, journal, (remote.as_ref(), options)).unwrap();
            assert_eq!(names(&work), (to_make.clone(), to_push), "{why}");
            assert!(work.to_make.iter().all(|tag| tag.commit == commit), "{why}");
        }
        let nobodys = SentBefore::default();
        let none = PastUploads::default();
        let work = OwedWork::find(&project, &both, &nobodys, &none, (Some(&remote(&[])), ALL)).unwrap();
        assert!(work.is_empty(), "what relay did not send owes nothing");
    }

    #[test]
    fn one_tag_for_all_is_owed_only_when_all_of_it_is_out() {
        let fixed = [TWO.as_slice(), &[("relay.toml", "[release]\nmode = \"fixed\"\n")]].concat();
        let repo = Repo::committed(&fixed);
        let project = repo.project();
        let journal = journal(&repo.git(&["rev-parse", "HEAD"]), true, Vec::new());
        let sent = SentBefore::of(&journal, None);
        let found = |live: &[LiveVersion]| OwedWork::find(&project, live, &sent, &journal, (None, ALL)).unwrap();
        assert!(found(&[live("a", true)]).is_empty());
        assert!(found(&[live("a", true), live("b", false)]).is_empty(), "an earlier version of it is another release");
        assert_eq!(names(&found(&[live("a", true), live("b", true)])).0, ["v1.0.0"]);
    }

    #[test]
    fn pushes_that_did_not_go_through_are_owed_until_the_remote_has_them() {
        let repo = Repo::committed(&TWO);
        repo.with_remote();
        let commit = repo.commit("release");
        repo.git(&["tag", "v9"]);
        let project = repo.project();
        let committed = Fact::Committed { commit: commit.clone() };
        let tagged = Fact::Tagged { package: None, tag: "v9".to_owned() };
        let gone = Fact::Tagged { package: None, tag: "gone".to_owned() };
        let facts = vec![committed, tagged, gone];
        let found = |journal: &PastUploads, remote: &RemoteState| {
            let sent = SentBefore::default();
            OwedWork::find(&project, &[], &sent, journal, (Some(remote), ALL)).unwrap()
        };
        let work = found(&journal(&commit, true, facts.clone()), &remote(&[]));
        assert!(work.branch && work.wants_push());
        assert_eq!(names(&work), (vec![], vec!["v9"]), "a tag that is gone is owed by nobody");
        repo.git(&["push", "-q", "origin", "main"]);
        let work = found(&journal(&commit, true, facts.clone()), &remote(&["v9"]));
        assert!(work.is_empty(), "{work:?}");
        assert!(found(&journal(&commit, false, facts), &remote(&[])).is_empty(), "it was not to push");
    }
}

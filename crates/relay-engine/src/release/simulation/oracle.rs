//! What must hold, whatever relay does and says: the invariants of relay's design, judged by the registry's own log, the
//! remote's refs and what the disk has kept.

use std::collections::{BTreeMap, BTreeSet};

use relay_workspace::{PackageName, Version};

use super::objects::bytes_of;
use super::registry::Put;
use super::remote::MAIN;
use super::world::World;
use crate::driver::DriverError;
use crate::publish::PublishRunError;
use crate::release::record::{RECORD_FILE, RECORD_REF, ReleaseRecord};
use crate::release::{Finished, ReleaseError};
use crate::report::{Ending, Outcome};

/// More uploads of one version than these are no end of trying.
const UPLOADS_OF_ONE_MAX: u32 = 80;

/// What the world's settings promise.
#[derive(Debug, Default)]
pub(super) struct Terms {
    /// Whether runs push: then lock and record are on the remote.
    pub(super) pushes: bool,
    /// Whether dependents wait until their dependencies can be installed.
    pub(super) waits_until_visible: bool,
    /// Whether dist-tags move when all is out.
    pub(super) promotes_last: bool,
    /// How many tags start workflows in one push.
    pub(super) tags_per_push: Option<usize>,
    /// Versions of strangers that a person has taken for good.
    pub(super) accepted: BTreeSet<(PackageName, Version)>,
    /// Versions that the registry said it took.
    pub(super) said_taken: BTreeSet<(PackageName, Version)>,
    /// The record that was read last, by its object.
    record: Option<(String, Vec<Recorded>)>,
}

/// A version in the record: its bytes, and the commits that they are of.
type Recorded = (PackageName, Version, Vec<(String, String)>);

impl World {
    /// Before an upload leaves: whether it may.
    pub(super) fn judge_upload(&mut self, at: usize, process: u32, put: &Put, interactive: bool) {
        let Put { name, version, integrity, git_head, .. } = put;
        let what = format!("{name}@{version} by process {process}");
        let count = self.registry.sent.entry((name.clone(), version.clone())).or_default();
        *count += 1;
        if *count > UPLOADS_OF_ONE_MAX {
            self.wrong("L3", format!("{what} is sent without an end"));
        }
        let tree = git_head.as_ref().and_then(|head| self.objects.tree(head)).cloned().unwrap_or_default();
        if *integrity != bytes_of(name, version) || tree.versions.get(name) != Some(version) {
            self.wrong("I2", format!("{what} is not what its commit says"));
        }
        if self.registry.interactive.contains(name) && !interactive {
            self.wrong("I6", format!("{what} is sent with a token, and disallows tokens"));
        }
        if !self.computers[at].disk.has_kept(integrity.as_str()) {
            self.wrong("I17", format!("{what} leaves before its intent is on the disk"));
        }
        self.judge_dependencies(name, &tree.versions, &what);
        if self.terms.pushes {
            self.judge_ground(process, put, &what);
        }
    }

    /// Its dependencies are there to the configured degree, and nobody else's.
    fn judge_dependencies(&mut self, name: &PackageName, versions: &BTreeMap<PackageName, Version>, what: &str) {
        let now = self.now();
        for below in self.packages.get(name).cloned().unwrap_or_default() {
            let Some(version) = versions.get(&below) else { continue };
            let key = (below.clone(), version.clone());
            let stored = self.registry.stored.get(&key).cloned();
            let is_there = match &stored {
                Some(stored) => !self.terms.waits_until_visible || stored.is_visible(now),
                None => !self.terms.waits_until_visible && self.terms.said_taken.contains(&key),
            };
            if !is_there {
                self.wrong("I4", format!("{what} leaves before {below}@{version} is there"));
            }
            // Who sends on a registry's word alone sees whose bytes they are only later.
            let is_strangers = stored.is_some_and(|stored| stored.is_strangers) && self.terms.waits_until_visible;
            if is_strangers && self.terms.pushes && !self.terms.accepted.contains(&key) {
                self.wrong("I3", format!("{what} is put on others' bytes of {below}@{version}"));
            }
        }
    }

    /// The lock is this process's, and on the remote is all that another clone needs to finish.
    fn judge_ground(&mut self, process: u32, put: &Put, what: &str) {
        self.judge_holder(process, what);
        let head = put.git_head.clone().unwrap_or_default();
        let branches = self.remote.refs.iter().filter(|(name, _)| name.starts_with("refs/heads/"));
        if !branches.map(|(_, id)| id).any(|id| self.objects.is_ancestor(&head, id)) {
            self.wrong("I17", format!("{what} leaves before its commit is on the remote"));
        }
        let bytes = (put.integrity.to_string(), head);
        let is_recorded = self
            .recorded()
            .iter()
            .any(|(name, version, all)| (name, version) == (&put.name, &put.version) && all.contains(&bytes));
        if !is_recorded {
            self.wrong("I17", format!("{what} leaves before the remote has a record of it"));
        }
    }

    /// Whoever writes to the registry holds the lock of the remote (I13).
    pub(super) fn judge_holder(&mut self, process: u32, what: &str) {
        let holder = self.remote.lock_holder;
        if self.terms.pushes && holder != Some(process) {
            self.wrong("I13", format!("{what} leaves while the lock of the remote is with {holder:?}"));
        }
    }

    /// What the record on the remote tells.
    fn recorded(&mut self) -> &[Recorded] {
        let id = self.remote.refs.get(RECORD_REF).cloned().unwrap_or_default();
        if self.terms.record.as_ref().is_none_or(|(known, _)| *known != id) {
            let document = self.objects.get(&id).and_then(|commit| commit.document.as_ref());
            let bytes = document.filter(|(name, _)| name == RECORD_FILE).map(|(_, bytes)| bytes.as_slice());
            let record = bytes.and_then(|bytes| ReleaseRecord::parse(bytes).ok());
            let versions = record.into_iter().flat_map(|record| record.versions).map(|one| {
                let bytes = one.bytes.into_iter().map(|bytes| (bytes.integrity.to_string(), bytes.commit));
                (one.name, one.version, bytes.collect())
            });
            self.terms.record = Some((id, versions.collect()));
        }
        self.terms.record.as_ref().map(|(_, recorded)| recorded.as_slice()).unwrap_or_default()
    }

    /// A tag is for what is live and relay's own, on a commit that has that version (I10).
    pub(super) fn judge_tag(&mut self, tag: &str, commit: &str) {
        let Some((name, version)) = parsed(tag) else {
            return self.wrong("I10", format!("the tag {tag} names no version"));
        };
        let key = (name.clone(), version.clone());
        let now = self.now();
        let stored = self.registry.stored.get(&key).cloned();
        match stored {
            None => self.wrong("I10", format!("the tag {tag} is for what nobody published")),
            Some(stored) if !stored.is_visible(now) => {
                self.wrong("I10", format!("the tag {tag} is for what is not live"));
            }
            Some(stored) if stored.is_strangers && !self.terms.accepted.contains(&key) => {
                self.wrong("I3", format!("the tag {tag} is for others' bytes"));
            }
            Some(stored) if stored.is_old => self.wrong("I10", format!("the tag {tag} is for what relay never sent")),
            Some(_) => {}
        }
        if self.objects.tree(commit).and_then(|tree| tree.versions.get(&name)) != Some(&version) {
            self.wrong("I10", format!("the tag {tag} is on {commit}, which has another version"));
        }
    }

    /// What a run says of itself is so (L5).
    pub(super) fn judge_report(&mut self, at: usize, finished: &Finished) {
        let now = self.now();
        let report = &finished.report;
        let is_done = report.ending() == Ending::Done;
        for package in &report.packages {
            let is_live = matches!(package.outcome, Outcome::Live { .. });
            let (name, version) = (&package.name, &package.version);
            if is_live && !self.registry.is_visible(name, version, now) {
                self.wrong("L5", format!("{name}@{version} is said to be live, and can't be installed"));
            }
            let tag = format!("{name}@{version}");
            let has_tag = self.has_tag(at, &tag);
            if is_done && (!is_live || !has_tag) {
                self.wrong(
                    "L5",
                    format!("the run says that all is done, and {tag} is live: {is_live}, tagged: {has_tag}"),
                );
            }
        }
        if report.pushed_to.is_some() && report.problems.is_empty() {
            for tag in report.tags.iter().chain(&report.made_up) {
                if !self.remote.refs.contains_key(&format!("refs/tags/{tag}")) {
                    self.wrong("L5", format!("{tag} is said to be pushed, and the remote lacks it"));
                }
            }
        }
    }

    /// What stops a run is never relay's own fault (L2).
    pub(super) fn judge_stop(&mut self, process: u32, error: &ReleaseError) {
        if let ReleaseError::Publish(PublishRunError::Driver(
            fault @ (DriverError::Stalled(_) | DriverError::Illegal(_)),
        )) = error
        {
            self.wrong("L2", format!("process {process}: {fault}"));
        }
    }

    fn has_tag(&self, at: usize, tag: &str) -> bool {
        let refs = if self.terms.pushes { &self.remote.refs } else { &self.computers[at].refs };
        refs.contains_key(&format!("refs/tags/{tag}"))
    }

    /// In the end: everything is out that can be, nothing else, and all of it is tagged (I5, I10, I17, L1).
    pub(super) fn judge_end(&mut self, at: usize) {
        let tree = self.checked_out(at).clone();
        if tree.has_change_file {
            self.wrong("L1", "the change file still waits".to_owned());
        }
        let branch = self.remote.refs.get(MAIN).and_then(|id| self.objects.tree(id));
        if self.terms.pushes && branch.is_some_and(|there| there.versions != tree.versions) {
            self.wrong("L1", "the remote's branch has other versions than the clone".to_owned());
        }
        let held = self.held(&tree.versions);
        let now = self.now();
        for (name, version) in &tree.versions {
            let stored = self.registry.get(name, version).cloned();
            let tag = format!("{name}@{version}");
            let has_tag = self.has_tag(at, &tag);
            let accepted = self.terms.accepted.contains(&(name.clone(), version.clone()));
            match stored {
                None if held.contains(name) => {}
                None => self.wrong("L1", format!("{tag} was never published")),
                Some(stored) if stored.is_old => {}
                Some(stored) if stored.is_strangers && !accepted => {}
                Some(_) if self.terms.waits_until_visible && self.lacks_what_it_needs(name, &tree.versions) => {
                    self.wrong("I5", format!("{tag} is out, and what it needs is not"));
                }
                Some(stored) if !stored.is_visible(now) => self.wrong("L1", format!("{tag} is not shown in the end")),
                Some(stored) if !has_tag && !self.is_known(name, version, stored.git_head.as_deref()) => {}
                // What is not whole is not promoted, and what is not promoted has no tag.
                Some(_) if !has_tag && self.terms.promotes_last && !held.is_empty() => {}
                Some(_) if !has_tag => self.wrong("I10", format!("{tag} is live and has no tag in the end")),
                Some(_) => {}
            }
        }
        // Without a remote, a lost journal is all that told of a promotion.
        if self.terms.promotes_last && self.terms.pushes && held.is_empty() {
            self.judge_dist_tags(&tree.versions);
        }
        let twice = self.registry.log.iter().collect::<BTreeSet<_>>().len() != self.registry.log.len();
        if twice {
            self.wrong("I1", format!("a version was committed twice: {:?}", self.registry.log));
        }
    }

    /// A dist-tag names what can be installed, with all that it needs, and never goes back (I8).
    pub(super) fn judge_tag_move(&mut self, name: &PackageName, tag: &str, version: &Version) {
        let now = self.now();
        let what = format!("`{tag}` of {name} is moved to {version}");
        if !self.registry.is_visible(name, version, now) {
            self.wrong("L1", format!("{what}, which can't be installed"));
        }
        let before = self.registry.tags.get(name).and_then(|tags| tags.get(tag));
        if before.is_some_and(|before| before > version) {
            self.wrong("I8", format!("{what}, from {before:?}"));
        }
    }

    /// In the end the dist-tags are those that a release without side tags leaves.
    fn judge_dist_tags(&mut self, versions: &BTreeMap<PackageName, Version>) {
        for (name, version) in versions {
            let tags = self.registry.tags.get(name).cloned().unwrap_or_default();
            let is_wanted = |(tag, named): (&String, &Version)| tag == "latest" && named == version;
            if tags.len() != 1 || !tags.iter().all(is_wanted) {
                self.wrong("L1", format!("the dist-tags of {name} are {tags:?} in the end, and not {version} alone"));
            }
        }
    }

    /// Whether whoever comes knows a version that is live for relay's own: by the record on the remote, or, where there is
    /// none, by the commit that its publisher named, where that gave the version.
    fn is_known(&self, name: &PackageName, version: &Version, git_head: Option<&str>) -> bool {
        let gave = |head| self.objects.gave_version(head, name, &version.to_string());
        self.terms.pushes || git_head.is_some_and(gave)
    }

    /// Whether something that a package depends on was never published, or is a stranger's. What it needs through others may
    /// have turned out so only when it was on its way.
    fn lacks_what_it_needs(&self, name: &PackageName, versions: &BTreeMap<PackageName, Version>) -> bool {
        let below = self.packages.get(name).into_iter().flatten();
        below.filter_map(|below| versions.get_key_value(below)).any(|(below, version)| {
            let accepted = self.terms.accepted.contains(&(below.clone(), version.clone()));
            self.registry.get(below, version).is_none_or(|stored| stored.is_strangers && !accepted)
        })
    }

    /// The packages that can't be published, and those that need them: what is refused, and what strangers took.
    fn held(&self, versions: &BTreeMap<PackageName, Version>) -> BTreeSet<PackageName> {
        let is_strangers = |name: &&PackageName| {
            let Some(version) = versions.get(*name) else { return false };
            let is_accepted = self.terms.accepted.contains(&((*name).clone(), version.clone()));
            !is_accepted && self.registry.get(name, version).is_some_and(|stored| stored.is_strangers)
        };
        let is_out = |name: &PackageName| versions.get(name).is_some_and(|one| self.registry.get(name, one).is_some());
        let is_burnt = |name: &PackageName| {
            versions.get(name).is_some_and(|version| self.registry.burnt.contains(&(name.clone(), version.clone())))
        };
        let is_refused =
            |name: &&PackageName| (self.registry.forbidden.contains(*name) || is_burnt(name)) && !is_out(name);
        let mut held = self.standing_on(self.packages.keys().filter(is_strangers), |_| true);
        // What is out already holds nobody, whatever it needs.
        held.extend(self.standing_on(self.packages.keys().filter(is_refused), |name| !is_out(name)));
        held
    }

    /// Packages and those that need them, through those that `counts` says.
    fn standing_on<'n>(
        &self,
        roots: impl Iterator<Item = &'n PackageName>,
        counts: impl Fn(&PackageName) -> bool,
    ) -> BTreeSet<PackageName> {
        let mut held: BTreeSet<PackageName> = roots.cloned().collect();
        loop {
            let stands = |(name, below): &(&PackageName, &BTreeSet<PackageName>)| {
                !held.contains(*name) && counts(name) && !below.is_disjoint(&held)
            };
            let more: Vec<PackageName> = self.packages.iter().filter(stands).map(|(name, _)| name.clone()).collect();
            if more.is_empty() {
                return held;
            }
            held.extend(more);
        }
    }
}

fn parsed(tag: &str) -> Option<(PackageName, Version)> {
    let (name, version) = tag.rsplit_once('@')?;
    Some((PackageName::parse(name).ok()?, Version::parse(version).ok()?))
}

//! What the records of a journal come to: one function takes them, one after the other.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;

use jiff::Timestamp;
use relay_registry::StageId;
use relay_values::RegistryUrl;
use relay_workspace::{Integrity, PackageName, Version};

use crate::event::{Event, Fact, PreparedVersion};
use crate::promotion::RecordedPromotion;
use crate::release::record::{RecordedBytes, VersionKey};
use crate::run_options::RunOptions;
use crate::run_state::{IllegalEvent, PackageState, RunState};
use crate::state::{Failure, Parked};

/// What an old journal tells: uploads that a registry accepted.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PastUploads {
    /// The run that is read.
    run: RunState,
    accepted: BTreeMap<(RegistryUrl, PackageName, Version), Integrity>,
    /// What was sent, and neither shown nor refused as far as any run has seen.
    not_shown: BTreeMap<VersionKey, NotShown>,
    /// What was staged and waits for an approval as far as any run has seen, with the stage's id where it is known.
    staged: BTreeMap<VersionKey, Option<StageId>>,
    last_run: Option<LastRun>,
    /// What was sent or about to be, and from which commit, the last bytes last.
    sent: BTreeMap<VersionKey, Vec<RecordedBytes>>,
    /// What was sent under a side tag, or was about to be, and not promoted as far as any run of this clone has seen.
    promotions: BTreeMap<VersionKey, RecordedPromotion>,
    /// All that was to be promoted, done or not, as it was first told: what a dist-tag named before, only that tells.
    promoted_from: BTreeMap<VersionKey, RecordedPromotion>,
    /// The versions whose last upload was of a run that was told not to push.
    unpushed_by_wish: BTreeSet<VersionKey>,
    /// The plans of runs that got as far as acting, by their ids, with the version commit that was made.
    begun: BTreeMap<String, Option<String>>,
    /// What registries took, by the plans of the runs that sent it; the last of them.
    taken: BTreeMap<String, BTreeSet<VersionKey>>,
    last_taken: Option<String>,
    /// The plan of the run that is read.
    plan: String,
    /// Whether the run that is read was to push.
    pushes: bool,
    unpushed_commit: Option<String>,
    unpushed_tags: BTreeSet<String>,
}

/// An upload of which no run has seen what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotShown {
    /// When the registry said that it took it, or else when it was sent.
    pub since: Timestamp,
    /// Whether the registry said that it took it; else its answer never came.
    pub is_accepted: bool,
}

/// The last run of a clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastRun {
    /// The command.
    pub command: String,
    /// When it began.
    pub at: Timestamp,
    /// What it was asked for.
    pub options: RunOptions,
    /// Whether it ended, and left nothing unfinished.
    pub is_finished: bool,
}

/// The line at which a journal ends, since it can't stand there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenLine {
    /// Its number, from 1.
    pub number: usize,
    /// Why it can't stand there.
    pub why: String,
}

impl std::fmt::Display for BrokenLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.number, self.why)
    }
}

impl PastUploads {
    /// Reads a journal. A line that a crash cut off is passed over: another run begins after it, or nothing follows.
    ///
    /// # Errors
    /// The first line that can't stand where it does.
    pub fn replay(journal: impl BufRead) -> Result<Self, BrokenLine> {
        let mut past_uploads = Self::default();
        let mut torn: Option<BrokenLine> = None;
        for (at, line) in journal.split(b'\n').map_while(Result::ok).enumerate() {
            if line.is_empty() {
                continue;
            }
            let broken = |why: String| BrokenLine { number: at + 1, why };
            let event = match serde_json::from_slice::<Event>(&line) {
                Ok(event) => event,
                // What was cut off is no JSON: a record that is whole and unknown was written by something else.
                Err(error) if serde_json::from_slice::<serde_json::Value>(&line).is_ok() => {
                    return Err(broken(format!("it is no record that this relay knows: {error}")));
                }
                Err(error) => {
                    torn.get_or_insert_with(|| broken(format!("it can't be read: {error}")));
                    continue;
                }
            };
            if let Some(torn) = torn.take().filter(|_| !matches!(event.fact, Fact::RunStarted { .. })) {
                return Err(torn);
            }
            past_uploads.apply(&event).map_err(|error| broken(error.to_string()))?;
        }
        Ok(past_uploads)
    }

    /// Takes the next record.
    ///
    /// # Errors
    /// [`IllegalEvent`] where it can't follow on the ones before; nothing has changed then.
    pub fn apply(&mut self, event: &Event) -> Result<(), IllegalEvent> {
        self.refuse_accepted_unsent(&event.fact)?;
        self.run.apply(&event.fact)?;
        match &event.fact {
            Fact::RunStarted { command, plan, push, options, .. } => {
                let of_command = || RunOptions { releases: command == "release", ..RunOptions::default() };
                let options = options.clone().unwrap_or_else(of_command);
                self.last_run = Some(LastRun { command: command.clone(), at: event.at, options, is_finished: false });
                self.begun.entry(plan.clone()).or_default();
                self.plan.clone_from(plan);
                self.pushes = *push;
            }
            Fact::RunEnded { failed, held, parked, .. } => {
                if let Some(run) = &mut self.last_run {
                    let promoted = self.promotions.is_empty();
                    run.is_finished = promoted && [failed, held, parked].into_iter().all(|count| *count == 0);
                }
            }
            Fact::UploadsPrepared { head, versions } => {
                for PreparedVersion { package, version, registry, integrity, promotion } in versions {
                    let key = (registry.clone(), package.clone(), version.clone());
                    match promotion {
                        Some(promotion) => {
                            self.promoted_from.entry(key.clone()).or_insert_with(|| promotion.clone());
                            self.promotions.insert(key.clone(), promotion.clone());
                        }
                        None => drop(self.promotions.remove(&key)),
                    }
                    if let Some(head) = head {
                        self.sent_from(key, integrity.clone(), head.clone());
                    }
                }
            }
            // With it those of the same package that it supersedes.
            Fact::Promoted { package, version, registry } => self.promotions.retain(|(to, name, other), _| {
                (to, name) != (registry, package) || other.cmp_precedence(version) == Ordering::Greater
            }),
            Fact::UploadStarted { package, version, registry, integrity, head, .. } => {
                let key = (registry.clone(), package.clone(), version.clone());
                let sent = NotShown { since: event.at, is_accepted: false };
                self.not_shown.entry(key.clone()).or_insert(sent);
                if let Some(head) = head {
                    self.sent_from(key, integrity.clone(), head.clone());
                }
            }
            Fact::Accepted { package, version, registry, integrity } => {
                let key = (registry.clone(), package.clone(), version.clone());
                let known =
                    self.not_shown.entry(key.clone()).or_insert(NotShown { since: event.at, is_accepted: true });
                if !known.is_accepted {
                    *known = NotShown { since: event.at, is_accepted: true };
                }
                self.taken.entry(self.plan.clone()).or_default().insert(key.clone());
                self.last_taken = Some(self.plan.clone());
                self.accepted.insert(key, integrity.clone());
            }
            Fact::PublishedAccepted { package, version, registry, integrity, commit } => {
                let key = (registry.clone(), package.clone(), version.clone());
                let (integrity, commit) = (integrity.clone(), commit.clone());
                self.remember(key, RecordedBytes { integrity, commit, accepted: true });
            }
            Fact::Live { package, version, .. }
            | Fact::Parked { package, version, .. }
            | Fact::Failed { package, version, .. } => {
                self.became(&event.fact, package, version);
            }
            Fact::Committed { commit } => {
                if self.pushes {
                    self.unpushed_commit = Some(commit.clone());
                }
                self.begun.insert(self.plan.clone(), Some(commit.clone()));
            }
            Fact::Tagged { tag, .. } if self.pushes => {
                self.unpushed_tags.insert(tag.clone());
            }
            Fact::Pushed { refs, .. } => {
                if refs.iter().any(|spec| spec.contains("refs/heads/")) {
                    self.unpushed_commit = None;
                }
                self.unpushed_tags.retain(|tag| !refs.contains(&format!("refs/tags/{tag}")));
            }
            _ => {}
        }
        Ok(())
    }

    /// What never began to be sent or looked for in a run is accepted only where an earlier run had these bytes accepted.
    fn refuse_accepted_unsent(&self, fact: &Fact) -> Result<(), IllegalEvent> {
        let Fact::Accepted { package, version, registry, integrity } = fact else { return Ok(()) };
        let pending = self.run.package(package).is_some_and(PackageState::is_pending);
        if pending && !self.was_accepted(registry, package, version, integrity) {
            return Err(IllegalEvent::NeverSent { package: package.clone() });
        }
        Ok(())
    }

    /// What an end of a package's way says of what is waited for.
    fn became(&mut self, fact: &Fact, package: &PackageName, version: &Version) {
        let is_it = |key: &VersionKey| (&key.1, &key.2) == (package, version);
        match fact {
            Fact::Live { .. } => {
                self.not_shown.retain(|key, _| !is_it(key));
                self.staged.retain(|key, _| !is_it(key));
            }
            // The registry has shown that what it took is gone for good.
            Fact::Failed { failure: Failure::Burnt { .. }, .. } => {
                self.not_shown.retain(|key, _| !is_it(key));
                self.accepted.retain(|key, _| !is_it(key));
            }
            // Whoever was not let in sent nothing that is there now.
            Fact::Parked { parked: Parked::Approval { stage }, .. } => {
                for (key, _) in self.not_shown.extract_if(.., |key, _| is_it(key)) {
                    self.staged.insert(key, stage.clone());
                }
            }
            Fact::Failed { .. } | Fact::Parked { parked: Parked::Person { .. } | Parked::Registry { .. }, .. } => {
                self.not_shown.retain(|key, known| known.is_accepted || !is_it(key));
            }
            _ => {}
        }
    }

    fn sent_from(&mut self, key: VersionKey, integrity: Integrity, commit: String) {
        if self.pushes {
            self.unpushed_by_wish.remove(&key);
        } else {
            self.unpushed_by_wish.insert(key.clone());
        }
        self.remember(key, RecordedBytes { integrity, commit, accepted: false });
    }

    fn remember(&mut self, key: VersionKey, bytes: RecordedBytes) {
        let known = self.sent.entry(key).or_default();
        known.retain(|other| other.integrity != bytes.integrity);
        known.push(bytes);
    }

    /// What was staged and waits for an approval as far as any run of this clone has seen, with the stage's id where it is known.
    pub fn staged(&self) -> impl Iterator<Item = (&VersionKey, Option<&StageId>)> {
        self.staged.iter().map(|(key, id)| (key, id.as_ref()))
    }

    /// Says whether a version was sent by a run that was told not to push.
    pub fn stays_here(&self, key: &VersionKey) -> bool {
        self.unpushed_by_wish.contains(key)
    }

    /// The versions of which a registry said that it took them.
    pub fn accepted(&self) -> impl Iterator<Item = &VersionKey> {
        self.accepted.keys()
    }

    /// What was sent of each version, or was about to be, the last bytes last.
    pub fn sent(&self) -> impl Iterator<Item = (&VersionKey, &[RecordedBytes])> {
        self.sent.iter().map(|(key, bytes)| (key, bytes.as_slice()))
    }

    /// What was sent under a side tag, or was about to be, and not promoted as far as any run of this clone has seen.
    pub fn pending_promotions(&self) -> impl Iterator<Item = (&VersionKey, &RecordedPromotion)> {
        self.promotions.iter()
    }

    /// How versions were to be promoted, whether that is done or not.
    pub fn all_promotions(&self) -> impl Iterator<Item = (&VersionKey, &RecordedPromotion)> {
        self.promoted_from.iter()
    }

    /// What was sent, and neither shown nor refused as far as any run has seen.
    pub fn not_shown(&self) -> impl Iterator<Item = (&VersionKey, NotShown)> {
        self.not_shown.iter().map(|(key, known)| (key, *known))
    }

    /// The last run of this clone where it did not end, or left something unfinished.
    pub fn unfinished_run(&self) -> Option<&LastRun> {
        self.last_run.as_ref().filter(|run| !run.is_finished)
    }

    /// What registries took of a plan, by the plan's id or by its beginning; of the last one where none is named. With the
    /// plan's id.
    pub fn taken(&self, plan: Option<&str>) -> Option<(&str, &BTreeSet<VersionKey>)> {
        let mut found = match plan.or(self.last_taken.as_deref()) {
            Some(plan) => self.taken.iter().filter(|(id, _)| id.starts_with(plan)).collect::<Vec<_>>(),
            None => Vec::new(),
        };
        let one = found.pop()?;
        found.is_empty().then_some((one.0.as_str(), one.1))
    }

    /// Says whether it tells nothing at all.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Says whether a run of this plan, by its id, has got as far as acting.
    pub fn has_begun(&self, plan: &str) -> bool {
        self.begun.contains_key(plan)
    }

    /// The version commit that a run of this plan made.
    pub fn version_commit(&self, plan: &str) -> Option<&str> {
        self.begun.get(plan)?.as_deref()
    }

    /// The last version commit that was to be pushed and, as far as relay knows, was not.
    pub fn unpushed_commit(&self) -> Option<&str> {
        self.unpushed_commit.as_deref()
    }

    /// The tags that were to be pushed and, as far as relay knows, were not.
    pub fn unpushed_tags(&self) -> impl Iterator<Item = &str> {
        self.unpushed_tags.iter().map(String::as_str)
    }

    /// Says whether a registry accepted exactly these bytes in an earlier run.
    pub fn was_accepted(
        &self,
        registry: &RegistryUrl,
        package: &PackageName,
        version: &Version,
        integrity: &Integrity,
    ) -> bool {
        self.accepted.get(&(registry.clone(), package.clone(), version.clone())) == Some(integrity)
    }
}

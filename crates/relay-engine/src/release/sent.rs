//! What relay has sent before, as the journal of this clone and the release record of the remote tell it; and what that says
//! of a version that is live.

use std::collections::{BTreeMap, BTreeSet};

use relay_workspace::Integrity;

use super::ForeignVersion;
use super::record::{RecordedBytes, RecordedVersion, ReleaseRecord, VersionKey};
use crate::journal::PastUploads;
use crate::observe::{LiveVersion, RecordedVersions};
use crate::promotion::RecordedPromotion;

/// Everything that was sent, by version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SentBefore {
    by_version: BTreeMap<VersionKey, Vec<RecordedBytes>>,
    /// Those of which a registry said that it took them.
    accepted: BTreeSet<VersionKey>,
    /// Those that went out under a side tag, or were about to, and are not known to be promoted.
    pending: BTreeMap<VersionKey, RecordedPromotion>,
}

/// What stands under a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// relay knows nothing of it: it was there, or somebody else published it before relay meant to.
    Unknown,
    /// What relay sent, or what a person accepted: its tag belongs on this commit.
    Ours {
        /// The commit.
        commit: String,
    },
    /// Other bytes than relay sent or was about to send (invariant I3).
    Foreign {
        /// The integrity of what stands there.
        there: Integrity,
        /// That of what relay made last.
        ours: Integrity,
    },
}

impl SentBefore {
    /// Puts together what the journal and the record tell.
    pub fn of(journal: &PastUploads, record: Option<&ReleaseRecord>) -> Self {
        let mut by_version: BTreeMap<VersionKey, Vec<RecordedBytes>> = BTreeMap::new();
        for version in record.iter().flat_map(|record| &record.versions) {
            by_version.entry(version.key()).or_default().extend_from_slice(&version.bytes);
        }
        for (key, bytes) in journal.sent() {
            let known = by_version.entry(key.clone()).or_default();
            for one in bytes {
                known.retain(|known| known.integrity != one.integrity);
                known.push(one.clone());
            }
        }
        let pending = pending(journal, record);
        Self { by_version, accepted: journal.accepted().cloned().collect(), pending }
    }

    /// The versions that it tells of.
    pub fn versions(&self) -> RecordedVersions {
        let mut versions = RecordedVersions { pending: self.pending.clone(), ..RecordedVersions::default() };
        for (_, name, version) in self.by_version.keys() {
            versions.by_package.entry(name.clone()).or_default().insert(version.clone());
        }
        versions
    }

    /// What went out under a side tag, or was about to, and is not known to be promoted.
    pub fn pending(&self) -> &BTreeMap<VersionKey, RecordedPromotion> {
        &self.pending
    }

    /// Takes what stands under these versions for good.
    pub fn accept(&mut self, versions: &[ForeignVersion]) {
        for ForeignVersion { live, there, .. } in versions {
            let Some(sent) = self.by_version.get_mut(&live.key()) else { continue };
            let Some(last) = sent.last() else { continue };
            sent.push(RecordedBytes { integrity: there.clone(), commit: last.commit.clone(), accepted: true });
        }
    }

    /// Adds what was found out of a version.
    pub fn remember(&mut self, key: VersionKey, bytes: Option<RecordedBytes>) {
        self.by_version.entry(key).or_default().extend(bytes);
    }

    /// All that was sent, or was about to be.
    pub fn keys(&self) -> impl Iterator<Item = &VersionKey> {
        self.by_version.keys()
    }

    /// What was sent of a version, the last bytes last.
    pub fn bytes_of(&self, key: &VersionKey) -> &[RecordedBytes] {
        self.by_version.get(key).map(Vec::as_slice).unwrap_or_default()
    }

    /// What stands under a version that is live.
    pub fn judge(&self, live: &LiveVersion) -> Verdict {
        let key = live.key();
        let Some(sent) = self.by_version.get(&key) else { return Verdict::Unknown };
        let Some(last) = sent.last() else { return Verdict::Unknown };
        let Some(there) = &live.integrity else {
            // A registry that tells no digest is believed where it said itself that it took ours.
            return if self.accepted.contains(&key) {
                Verdict::Ours { commit: last.commit.clone() }
            } else {
                Verdict::Unknown
            };
        };
        match sent.iter().rev().find(|bytes| bytes.integrity == *there) {
            Some(bytes) => Verdict::Ours { commit: bytes.commit.clone() },
            None => Verdict::Foreign { there: there.clone(), ours: last.integrity.clone() },
        }
    }
}

/// The promotions that are not done. Whoever goes on with a release finishes the record: where that tells of a version, the journal
/// of this clone is not asked.
fn pending(journal: &PastUploads, record: Option<&ReleaseRecord>) -> BTreeMap<VersionKey, RecordedPromotion> {
    let of_record = record.map(|record| record.versions.as_slice()).unwrap_or_default();
    let known: BTreeSet<VersionKey> = of_record.iter().map(RecordedVersion::key).collect();
    let of_journal = journal.pending_promotions().filter(|(key, _)| !known.contains(*key));
    let mut pending: BTreeMap<_, _> = of_journal.map(|(key, promotion)| (key.clone(), promotion.clone())).collect();
    for one in of_record.iter().filter(|one| one.waits_for_promotion()) {
        pending.extend(one.promotion.clone().map(|promotion| (one.key(), promotion)));
    }
    pending
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Event, Fact, PreparedVersion};
    use relay_workspace::{PackageName, Version};

    const FIRST: &str = "1111111111111111111111111111111111111111";
    const SECOND: &str = "2222222222222222222222222222222222222222";

    fn live(integrity: Option<&str>) -> LiveVersion {
        LiveVersion {
            name: PackageName::parse("a").unwrap(),
            version: Version::new(1, 0, 0),
            is_present: true,
            registry: "http://registry.example/".parse().unwrap(),
            integrity: integrity.map(|text| Integrity::parse(text).unwrap()),
            named_by: BTreeSet::new(),
        }
    }

    fn sent(integrity: &str, commit: &str) -> Fact {
        let LiveVersion { name, version, registry, .. } = live(None);
        Fact::UploadStarted {
            package: name,
            version,
            registry,
            integrity: Integrity::parse(integrity).unwrap(),
            route: relay_config::RouteKind::Token,
            attempt: 1,
            size: 3,
            head: Some(commit.to_owned()),
        }
    }

    fn before(facts: Vec<Fact>) -> SentBefore {
        SentBefore::of(&journal(facts), None)
    }

    fn journal(facts: Vec<Fact>) -> PastUploads {
        let mut journal = PastUploads::default();
        for fact in facts {
            // In one run the bytes of a version are always the same.
            let begins = matches!(fact, Fact::UploadStarted { .. } | Fact::UploadsPrepared { .. });
            let begun = begins.then(|| Fact::RunStarted {
                command: "publish".to_owned(),
                plan: "p".to_owned(),
                packages: vec![live(None).name],
                push: true,
                options: None,
            });
            for fact in begun.into_iter().chain([fact]) {
                journal.apply(&Event { at: jiff::Timestamp::UNIX_EPOCH, fact }).unwrap();
            }
        }
        journal
    }

    #[test]
    fn what_is_promoted_by_the_record_waits_no_more_whatever_the_journal_says() {
        let LiveVersion { name, version, registry, .. } = live(None);
        let tag = |text: &str| text.parse().unwrap();
        let promotion =
            Some(RecordedPromotion { tag: tag("latest"), side_tag: tag("relay-1"), from: None, done: false });
        let integrity = Integrity::parse("sha512-aa==").unwrap();
        let (package, of, to) = (name.clone(), version.clone(), registry.clone());
        let prepared = PreparedVersion {
            package: package.clone(),
            version: of.clone(),
            registry: to.clone(),
            integrity,
            promotion: promotion.clone(),
        };
        let prepared = Fact::UploadsPrepared { head: None, versions: vec![prepared] };
        let promoted = Fact::Promoted { package, version: of, registry: to };
        let begun = journal(vec![prepared.clone()]);
        let waiting = |record: Option<&ReleaseRecord>| SentBefore::of(&begun, record).pending().len();
        assert_eq!(waiting(None), 1);
        let one =
            RecordedVersion { name, version, registry, git_tag: None, earlier: false, promotion, bytes: Vec::new() };
        let mut record = ReleaseRecord {
            schema: super::super::record::RECORD_SCHEMA.to_owned(),
            plan: String::new(),
            command: String::new(),
            begun: jiff::Timestamp::UNIX_EPOCH,
            options: crate::run_options::RunOptions::default(),
            versions: vec![one],
        };
        assert_eq!(waiting(Some(&record)), 1);
        record = record.with_promoted(&[record.versions[0].key()].into()).unwrap();
        assert_eq!(waiting(Some(&record)), 0);
        assert_eq!(before(vec![prepared, promoted]).pending().len(), 0);
    }

    #[test]
    fn bytes_that_relay_sent_in_any_run_are_its_own() {
        let before = before(vec![sent("sha512-aa==", FIRST), sent("sha512-bb==", SECOND)]);
        let ours = |commit: &str| Verdict::Ours { commit: commit.to_owned() };
        assert_eq!(before.judge(&live(Some("sha512-aa=="))), ours(FIRST));
        assert_eq!(before.judge(&live(Some("sha512-bb=="))), ours(SECOND));
        assert_eq!(before.judge(&live(None)), Verdict::Unknown);
        let foreign = before.judge(&live(Some("sha512-cc==")));
        assert!(matches!(foreign, Verdict::Foreign { ours, .. } if ours.as_str() == "sha512-bb=="));
        assert_eq!(SentBefore::default().judge(&live(Some("sha512-aa=="))), Verdict::Unknown);
    }

    #[test]
    fn a_registry_without_digests_is_believed_where_it_took_the_upload() {
        let LiveVersion { name, version, registry, .. } = live(None);
        let integrity = Integrity::parse("sha512-aa==").unwrap();
        let accepted = Fact::Accepted { package: name, version, registry, integrity };
        let before = before(vec![sent("sha512-aa==", FIRST), accepted]);
        assert_eq!(before.judge(&live(None)), Verdict::Ours { commit: FIRST.to_owned() });
    }

    #[test]
    fn what_a_person_took_for_good_is_as_good_as_ones_own() {
        let LiveVersion { name, version, registry, .. } = live(None);
        let integrity = Integrity::parse("sha512-cc==").unwrap();
        let taken = Fact::PublishedAccepted { package: name, version, registry, integrity, commit: FIRST.to_owned() };
        let before = before(vec![sent("sha512-aa==", FIRST), taken]);
        assert_eq!(before.judge(&live(Some("sha512-cc=="))), Verdict::Ours { commit: FIRST.to_owned() });
    }
}

//! The release record: what a release is about to upload, written to the remote before its first upload, beside the lock. From
//! it any clone tells which live versions are relay's own, which commit their tags belong on, and whose bytes stand under a
//! version (invariants I3, I10, I17).
//!
//! It is a file in a commit that the ref [`RECORD_REF`] names, and that commit comes after the one that is released, so that
//! whoever has the record can have the release as well.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use relay_values::{Printable, RegistryUrl};
use relay_workspace::{Integrity, PackageName, Version};
use serde::{Deserialize, Serialize};

use crate::promotion::RecordedPromotion;
use crate::run_options::RunOptions;

/// The ref on the remote.
pub const RECORD_REF: &str = "refs/relay/release";
/// The file in the commit that the ref names.
pub const RECORD_FILE: &str = "release.json";
/// The form of the file.
pub const RECORD_SCHEMA: &str = "relay.release/1";
/// The most versions that a record keeps; the oldest go first.
pub const RECORDED_VERSIONS_MAX: usize = 20_000;

/// A record as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseRecord {
    /// Always [`RECORD_SCHEMA`].
    pub schema: String,
    /// The id of the plan that is carried out.
    pub plan: String,
    /// The command that carries it out, such as `release`.
    pub command: String,
    /// When it began to.
    pub begun: Timestamp,
    /// What it was asked for.
    #[serde(default)]
    pub options: RunOptions,
    /// The versions: those of this release, and of earlier ones those that are not finished.
    pub versions: Vec<RecordedVersion>,
}

/// One version that was, or was about to be, uploaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedVersion {
    /// The package.
    pub name: PackageName,
    /// The version.
    pub version: Version,
    /// The registry that it goes to.
    pub registry: RegistryUrl,
    /// The git tag that it gets when it is live; `None` where no tags are wanted.
    pub git_tag: Option<String>,
    /// Whether it is of an earlier release than the one that the record was written for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub earlier: bool,
    /// How it is promoted, where it went out under a side tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promotion: Option<RecordedPromotion>,
    /// The bytes that were sent or were to be, the last ones last. More than one where a run was given up and the next one made
    /// other bytes of the same version.
    pub bytes: Vec<RecordedBytes>,
}

/// Bytes that may stand under a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedBytes {
    /// The tarball's integrity.
    pub integrity: Integrity,
    /// The commit that it was made from.
    pub commit: String,
    /// Whether they are somebody else's, and a person took them for good (`--accept-published`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub accepted: bool,
}

/// The run that a record is of.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// The plan's id.
    pub plan: &'a str,
    /// The command.
    pub command: &'a str,
    /// When it began.
    pub begun: Timestamp,
    /// What it was asked for.
    pub options: &'a RunOptions,
}

/// What tells one version from another.
pub type VersionKey = (RegistryUrl, PackageName, Version);

/// A record that can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// It was written by a later relay.
    #[error("it has the form `{0}`, which this relay does not know; use the relay that wrote it, or a later one")]
    UnknownForm(String),
    /// It is none.
    #[error("it can't be read: {0}")]
    Unreadable(String),
}

impl ReleaseRecord {
    /// Reads a record.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, RecordError> {
        #[derive(Deserialize)]
        struct Form {
            schema: String,
        }
        let unreadable = |error: serde_json::Error| RecordError::Unreadable(Printable::line(&error.to_string()).into());
        let form: Form = serde_json::from_slice(bytes).map_err(unreadable)?;
        if form.schema != RECORD_SCHEMA {
            return Err(RecordError::UnknownForm(Printable::name(&form.schema).into()));
        }
        serde_json::from_slice(bytes).map_err(unreadable)
    }

    /// The record as it is written.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a record is always representable as JSON");
        text.push('\n');
        text
    }

    /// What follows on `before` when a run is about to upload `versions`. Kept are versions of which more may be wanted: those
    /// that `is_finished` does not say are, and the last one of each package, whose bytes the next run compares.
    #[must_use]
    pub fn following(
        before: Option<&Self>,
        about: About<'_>,
        versions: Vec<RecordedVersion>,
        is_finished: impl Fn(&RecordedVersion) -> bool,
    ) -> Self {
        let mut all: BTreeMap<VersionKey, RecordedVersion> = BTreeMap::new();
        let old = before.map(|record| record.versions.as_slice()).unwrap_or_default();
        let renewed: BTreeSet<_> = versions.iter().map(|one| (&one.registry, &one.name)).collect();
        let is_kept = |one: &&RecordedVersion| !is_finished(one) || !renewed.contains(&(&one.registry, &one.name));
        for one in old.iter().filter(is_kept) {
            all.insert(one.key(), RecordedVersion { earlier: true, ..one.clone() });
        }
        for one in versions {
            let known = all.entry(one.key()).or_insert_with(|| RecordedVersion { bytes: Vec::new(), ..one.clone() });
            known.git_tag.clone_from(&one.git_tag);
            known.earlier = false;
            known.promotion.clone_from(&one.promotion);
            for bytes in one.bytes {
                known.bytes.retain(|other| other.integrity != bytes.integrity);
                known.bytes.push(bytes);
            }
        }
        let mut versions: Vec<_> = all.into_values().collect();
        let surplus = versions.len().saturating_sub(RECORDED_VERSIONS_MAX);
        versions.drain(..surplus);
        let About { plan, command, begun, options } = about;
        Self {
            schema: RECORD_SCHEMA.to_owned(),
            plan: plan.to_owned(),
            command: command.to_owned(),
            begun,
            options: options.shared(),
            versions,
        }
    }

    /// Whether some of its versions have not got their tags yet, in git or on the registry: the release is not finished.
    pub fn is_unfinished(&self, has_tag: impl Fn(&str) -> bool) -> bool {
        self.versions.iter().filter_map(|one| one.git_tag.as_deref()).any(|tag| !has_tag(tag))
            || self.versions.iter().any(RecordedVersion::waits_for_promotion)
    }

    /// The record with these versions promoted, and with them those that they supersede; `None` where it says so already.
    #[must_use]
    pub fn with_promoted(&self, done: &BTreeSet<VersionKey>) -> Option<Self> {
        let mut record = self.clone();
        for one in record.versions.iter_mut().filter(|one| one.waits_for_promotion()) {
            let is_done = done.contains(&one.key());
            let is_superseded = || {
                let mut of_package =
                    done.iter().filter(|(registry, name, _)| (registry, name) == (&one.registry, &one.name));
                of_package.any(|(.., version)| version.cmp_precedence(&one.version) == Ordering::Greater)
            };
            if is_done || is_superseded() {
                one.promotion.iter_mut().for_each(|promotion| promotion.done = true);
            }
        }
        (record != *self).then_some(record)
    }

    /// Says whether it tells all of these versions with these bytes already, as the last ones.
    pub fn tells(&self, versions: &[RecordedVersion]) -> bool {
        let known: BTreeMap<_, _> = self.versions.iter().map(|one| (one.key(), one)).collect();
        versions.iter().all(|one| {
            known.get(&one.key()).is_some_and(|known| {
                (&known.git_tag, &known.promotion) == (&one.git_tag, &one.promotion)
                    && known.bytes.ends_with(&one.bytes)
            })
        })
    }
}

impl RecordedVersion {
    /// Whether its dist-tag is still to be moved.
    pub fn waits_for_promotion(&self) -> bool {
        self.promotion.as_ref().is_some_and(|promotion| !promotion.done)
    }

    /// What tells it from others.
    pub fn key(&self) -> VersionKey {
        (self.registry.clone(), self.name.clone(), self.version.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(name: &str, version: &str, bytes: &[(&str, &str)]) -> RecordedVersion {
        RecordedVersion {
            name: PackageName::parse(name).unwrap(),
            version: Version::parse(version).unwrap(),
            registry: "http://registry.example/".parse().unwrap(),
            git_tag: Some(format!("{name}@{version}")),
            earlier: false,
            promotion: None,
            bytes: bytes
                .iter()
                .map(|(integrity, commit)| RecordedBytes {
                    integrity: Integrity::parse(&format!("sha512-{integrity}")).unwrap(),
                    commit: (*commit).to_owned(),
                    accepted: false,
                })
                .collect(),
        }
    }

    fn record(before: Option<&ReleaseRecord>, versions: Vec<RecordedVersion>, finished: &[&str]) -> ReleaseRecord {
        let begun = "2026-11-24T09:00:00Z".parse().unwrap();
        let options = RunOptions { releases: true, plan_file: Some("plan.json".into()), ..RunOptions::default() };
        let about = About { plan: "p", command: "release", begun, options: &options };
        ReleaseRecord::following(before, about, versions, |one| {
            one.git_tag.as_deref().is_some_and(|tag| finished.contains(&tag))
        })
    }

    fn tags(record: &ReleaseRecord) -> Vec<&str> {
        record.versions.iter().filter_map(|one| one.git_tag.as_deref()).collect()
    }

    #[test]
    fn what_is_not_finished_stays_and_the_last_version_of_each_package_as_well() {
        let first =
            record(None, vec![version("a", "1.0.0", &[("aa==", "c1")]), version("b", "1.0.0", &[("bb==", "c1")])], &[]);
        assert_eq!(ReleaseRecord::parse(first.to_json().as_bytes()).unwrap(), first);
        let second = record(Some(&first), vec![version("a", "1.1.0", &[("cc==", "c2")])], &["a@1.0.0", "b@1.0.0"]);
        assert_eq!(tags(&second), ["a@1.1.0", "b@1.0.0"]);
        let unfinished = record(Some(&first), vec![version("a", "1.1.0", &[("cc==", "c2")])], &["b@1.0.0"]);
        assert_eq!(tags(&unfinished), ["a@1.0.0", "a@1.1.0", "b@1.0.0"]);
        let of_this = unfinished.versions.iter().filter(|one| !one.earlier).filter_map(|one| one.git_tag.as_deref());
        assert_eq!(of_this.collect::<Vec<_>>(), ["a@1.1.0"], "what is kept of earlier releases is told apart");
    }

    #[test]
    fn other_bytes_of_a_version_stand_beside_the_first_ones() {
        let first = record(None, vec![version("a", "1.0.0", &[("aa==", "c1")])], &[]);
        let again = version("a", "1.0.0", &[("bb==", "c2")]);
        assert!(!first.tells(std::slice::from_ref(&again)));
        let second = record(Some(&first), vec![again.clone()], &[]);
        let bytes: Vec<_> = second.versions[0].bytes.iter().map(|one| one.commit.as_str()).collect();
        assert_eq!(bytes, ["c1", "c2"]);
        assert!(second.tells(&[again]));
        let third = record(Some(&second), vec![version("a", "1.0.0", &[("aa==", "c1")])], &[]);
        assert_eq!(third.versions[0].bytes.last().unwrap().commit, "c1");
        assert_eq!(third.versions[0].bytes.len(), 2);
    }

    #[test]
    fn a_version_waits_for_its_promotion_until_that_is_done() {
        let promoted = |name: &str, number: &str| {
            let tag = |text: &str| text.parse().unwrap();
            let promotion = RecordedPromotion { tag: tag("latest"), side_tag: tag("relay-1"), from: None, done: false };
            RecordedVersion { promotion: Some(promotion), ..version(name, number, &[("aa==", "c1")]) }
        };
        let all = vec![promoted("a", "1.0.0"), promoted("a", "1.1.0"), promoted("b", "1.0.0")];
        let record = record(None, all, &[]);
        assert_eq!(ReleaseRecord::parse(record.to_json().as_bytes()).unwrap(), record);
        assert!(record.is_unfinished(|_| true), "all have their git tags");
        let key = |at: usize| record.versions[at].key();
        let waiting = |record: &ReleaseRecord| -> Vec<String> {
            let waiting = record.versions.iter().filter(|one| one.waits_for_promotion());
            waiting.map(|one| format!("{}@{}", one.name, one.version)).collect()
        };
        let later = record.with_promoted(&BTreeSet::from([key(1)])).unwrap();
        assert_eq!(waiting(&later), ["b@1.0.0"], "1.0.0 of the same package goes with 1.1.0");
        let last = later.with_promoted(&BTreeSet::from([key(2)])).unwrap();
        assert!(!last.is_unfinished(|_| true));
        assert_eq!(last.with_promoted(&BTreeSet::from([key(2)])), None, "it says so already");
    }

    #[test]
    fn a_record_of_an_earlier_relay_knows_no_promotion() {
        let text = r#"{"schema":"relay.release/1","plan":"p","command":"release","begun":"2026-11-24T09:00:00Z","versions":
            [{"name":"a","version":"1.0.0","registry":"http://registry.example/","git_tag":null,"bytes":[]}]}"#;
        let record = ReleaseRecord::parse(text.as_bytes()).unwrap();
        assert_eq!(record.versions[0].promotion, None);
        assert!(!record.is_unfinished(|_| true));
    }

    #[test]
    fn what_is_no_record_or_a_later_one_is_told_apart() {
        assert!(matches!(ReleaseRecord::parse(b"{}"), Err(RecordError::Unreadable(_))));
        let hidden = ReleaseRecord::parse("{\"schema\":\"relay\u{202e}\"}".as_bytes()).unwrap_err().to_string();
        assert!(hidden.starts_with("it has the form `relay\u{fffd}`"), "{hidden}");
        let later = br#"{"schema":"relay.release/2","all":"new"}"#;
        assert!(
            matches!(ReleaseRecord::parse(later), Err(RecordError::UnknownForm(form)) if form == "relay.release/2")
        );
    }

    proptest::proptest! {
        #[test]
        fn a_record_is_read_back_as_it_was_written_and_no_bytes_make_reading_it_panic(
            text in proptest::prelude::any::<String>(),
            versions in proptest::collection::vec((0_u64..3, proptest::prelude::any::<bool>()), 0..4),
            at in proptest::prelude::any::<proptest::sample::Index>(),
            byte in proptest::prelude::any::<u8>(),
        ) {
            let versions = versions.into_iter().map(|(number, earlier)| RecordedVersion {
                earlier,
                git_tag: earlier.then(|| text.clone()),
                ..version("a", &format!("1.0.{number}"), &[("one", &text)])
            });
            let record = ReleaseRecord {
                schema: RECORD_SCHEMA.to_owned(),
                plan: text.clone(),
                command: text.clone(),
                begun: Timestamp::UNIX_EPOCH,
                options: RunOptions { filter: vec![text.clone()], ..RunOptions::default() },
                versions: versions.collect(),
            };
            let mut written = record.to_json().into_bytes();
            proptest::prop_assert_eq!(ReleaseRecord::parse(&written), Ok(record));
            let place = at.index(written.len());
            written[place] = byte;
            let _ = ReleaseRecord::parse(&written);
            let _ = ReleaseRecord::parse(&written[..place]);
            let _ = ReleaseRecord::parse(text.as_bytes());
        }
    }
}

//! What registries taught, remembered between runs in relay's state folder: publishing access, learnt from refusals, and how
//! long they take to show a version.
//!
//! The registry never tells the setting (`npm-registry.md`, section 5), only refuses. What a refusal taught is kept, so
//! that the next plan knows beforehand. A declared policy always wins over it.
//!
//! A challenge tells of the package only where the token is known to bypass 2FA elsewhere; else it tells of this token at this
//! package, which is remembered by a salted hash.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use camino::Utf8Path;
use jiff::civil::Date;
use relay_config::PublishingAccess;
use relay_plan::{Lesson, SeenDelay, StrongestEvidence, digest_of};
use relay_registry::struck_out::strike;
use relay_registry::{Credential, fresh_salt};
use relay_values::RegistryUrl;
use relay_workspace::{PackageName, Version, read_regular_text};
use serde::{Deserialize, Serialize};

use crate::observe::EvidenceRead;

/// The file's name inside relay's state folder.
pub const LEARNT_FILE_NAME: &str = "learnt.json";
/// The largest file that is read back, in bytes.
const LEARNT_SIZE_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// What was learnt, by registry and package.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Learnt {
    access: BTreeMap<RegistryUrl, BTreeMap<PackageName, Taught>>,
    /// What the fingerprints below are made with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    salt: Option<String>,
    /// Tokens that met a challenge, by registry, package and fingerprint.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    challenged: BTreeMap<RegistryUrl, BTreeMap<PackageName, BTreeMap<String, Challenged>>>,
    /// How versions were published, by registry and package.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    evidence: BTreeMap<RegistryUrl, BTreeMap<PackageName, SeenEvidence>>,
    /// How long registries took to show what they had taken, in milliseconds: one median a release, the last one last.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    delays_ms: BTreeMap<RegistryUrl, Vec<u64>>,
}

/// What the versions of a package show of how they were published, as far as it counts beside a next one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenEvidence {
    /// The digest of the versions that were looked at.
    versions: String,
    /// The strongest evidence of those that are no prereleases; `None`: they show nothing.
    stable: Option<StrongestEvidence>,
    /// The strongest evidence of all of them.
    any: Option<StrongestEvidence>,
}

impl SeenEvidence {
    /// What was seen of some versions: the strongest evidence of those that are no prereleases, and of all.
    pub fn new(
        versions: &BTreeSet<Version>,
        stable: Option<StrongestEvidence>,
        any: Option<StrongestEvidence>,
    ) -> Self {
        Self { versions: digest_of(versions), stable, any }
    }

    /// The strongest evidence that counts beside a next version.
    pub fn beside(&self, next: &Version) -> Option<&StrongestEvidence> {
        if next.pre.is_empty() { self.stable.as_ref() } else { self.any.as_ref() }
    }
}

/// A publishing access, with what taught it. Earlier versions of relay kept the access alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Taught {
    /// The access alone.
    Alone(PublishingAccess),
    /// With the refusal.
    By {
        access: PublishingAccess,
        #[serde(flatten)]
        lesson: Lesson,
    },
}

/// When a token met a challenge that it was to bypass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Challenged {
    on: Date,
    /// Where the token was from, for people.
    source: String,
}

/// The most tokens that are remembered of one package; the oldest is forgotten first.
const TOKENS_MAX: usize = 16;
/// In how many releases it is remembered how long a registry took; the oldest is forgotten first.
const DELAYS_MAX: usize = 15;

impl Learnt {
    /// Reads what is remembered; a missing or broken file tells nothing.
    pub fn read(folder: &Utf8Path) -> Self {
        let text = read_regular_text(&folder.join(LEARNT_FILE_NAME), LEARNT_SIZE_BYTES_MAX).ok().flatten();
        text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    }

    /// Writes what is remembered.
    ///
    /// # Errors
    /// The file's path and what the system says.
    pub fn write(&self, folder: &Utf8Path) -> Result<(), relay_workspace::WriteError> {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        relay_workspace::write_privately(&folder.join(LEARNT_FILE_NAME), strike(&text).as_bytes())
    }

    /// What is remembered of one package, and the refusal that taught it.
    pub fn access(&self, registry: &RegistryUrl, name: &PackageName) -> Option<(PublishingAccess, Option<&Lesson>)> {
        match self.access.get(registry)?.get(name)? {
            Taught::Alone(access) => Some((*access, None)),
            Taught::By { access, lesson } => Some((*access, Some(lesson))),
        }
    }

    /// What is remembered of how a package's versions were published, where it was seen of just these versions: what a version
    /// shows doesn't change any more.
    pub fn evidence(
        &self,
        registry: &RegistryUrl,
        name: &PackageName,
        versions: &BTreeSet<Version>,
    ) -> Option<&SeenEvidence> {
        let seen = self.evidence.get(registry)?.get(name)?;
        (seen.versions == digest_of(versions)).then_some(seen)
    }

    /// Remembers how versions were published.
    pub fn learn_evidence(&mut self, read: &[EvidenceRead]) {
        for EvidenceRead { registry, name, seen } in read {
            self.evidence.entry(registry.clone()).or_default().insert(name.clone(), seen.clone());
        }
    }

    /// When this very token met a challenge at a package, tried as one that bypasses 2FA.
    pub fn challenged_on(&self, registry: &RegistryUrl, name: &PackageName, credential: &Credential) -> Option<Date> {
        let tokens = self.challenged.get(registry)?.get(name)?;
        Some(tokens.get(&credential.fingerprint(self.salt.as_deref()?))?.on)
    }

    /// Remembers that this very token met a challenge at a package.
    pub fn learn_challenge(&mut self, registry: &RegistryUrl, name: &PackageName, credential: &Credential, on: Date) {
        let salt = self.salt.get_or_insert_with(fresh_salt);
        let fingerprint = credential.fingerprint(salt);
        let source = credential.id().to_string();
        let tokens = self.challenged.entry(registry.clone()).or_default().entry(name.clone()).or_default();
        tokens.insert(fingerprint, Challenged { on, source });
        while tokens.len() > TOKENS_MAX {
            let oldest = tokens.iter().min_by_key(|(_, met)| met.on).map(|(fingerprint, _)| fingerprint.clone());
            tokens.retain(|fingerprint, _| Some(fingerprint) != oldest.as_ref());
        }
    }

    /// Forgets a challenge: the token has published the package since.
    pub fn forget_challenge(&mut self, registry: &RegistryUrl, name: &PackageName, credential: &Credential) {
        let Some(salt) = &self.salt else { return };
        let fingerprint = credential.fingerprint(salt);
        let Some(packages) = self.challenged.get_mut(registry) else { return };
        if let Some(tokens) = packages.get_mut(name) {
            tokens.remove(&fingerprint);
        }
        packages.retain(|_, tokens| !tokens.is_empty());
    }

    /// Remembers how long registries took, in one release, to show what they had taken.
    pub fn learn_delays<'d>(&mut self, seen: impl IntoIterator<Item = (&'d RegistryUrl, Duration)>) {
        let mut of_release: BTreeMap<&RegistryUrl, Vec<u64>> = BTreeMap::new();
        for (registry, delay) in seen {
            let millis = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
            of_release.entry(registry).or_default().push(millis);
        }
        for (registry, delays) in of_release {
            let known = self.delays_ms.entry(registry.clone()).or_default();
            known.extend(median(delays));
            let surplus = known.len().saturating_sub(DELAYS_MAX);
            known.drain(..surplus);
        }
    }

    /// How long each registry usually takes to show a version: the median of the last releases, which a slow day or two don't
    /// move.
    pub fn delays(&self) -> BTreeMap<RegistryUrl, SeenDelay> {
        let usual = |(registry, known): (&RegistryUrl, &Vec<u64>)| {
            let usual = Duration::from_millis(median(known.clone())?);
            Some((registry.clone(), SeenDelay { usual, releases: known.len() }))
        };
        self.delays_ms.iter().filter_map(usual).collect()
    }

    /// Remembers what a refusal taught; says whether that is new.
    pub fn learn(
        &mut self,
        registry: &RegistryUrl,
        name: &PackageName,
        access: PublishingAccess,
        lesson: Lesson,
    ) -> bool {
        let known = self.access(registry, name).map(|(access, _)| access);
        self.access.entry(registry.clone()).or_default().insert(name.clone(), Taught::By { access, lesson });
        known != Some(access)
    }
}

/// The median, of an even number the higher one of the two in the middle; `None` of nothing.
fn median(mut values: Vec<u64>) -> Option<u64> {
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use relay_values::CredentialId;

    use super::*;

    #[test]
    fn what_was_learnt_is_known_in_the_next_run() {
        let guard = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(guard.path()).unwrap();
        let name = PackageName::parse("@acme/core").unwrap();
        let [registry, elsewhere] =
            ["http://registry.example/", "http://elsewhere.example/"].map(|url| url.parse().unwrap());
        let mut learnt = Learnt::read(folder);
        let lesson = Lesson { on: jiff::civil::date(2026, 11, 29), credential: "environment variable `X`".to_owned() };
        assert!(learnt.learn(&registry, &name, PublishingAccess::Publish, lesson.clone()));
        assert!(!learnt.learn(&registry, &name, PublishingAccess::Publish, lesson.clone()));
        std::fs::write(folder.join(LEARNT_FILE_NAME), "{}").unwrap();
        learnt.write(folder).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(folder.join(LEARNT_FILE_NAME)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        let learnt = Learnt::read(folder);
        assert_eq!(learnt.access(&registry, &name), Some((PublishingAccess::Publish, Some(&lesson))));
        assert_eq!(learnt.access(&elsewhere, &name), None);
    }

    #[test]
    fn what_an_earlier_relay_learnt_still_counts() {
        let guard = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(guard.path()).unwrap();
        let text = "{\"access\":{\"http://registry.example/\":{\"@acme/core\":\"publish\"}}}";
        std::fs::write(folder.join(LEARNT_FILE_NAME), text).unwrap();
        let (registry, name) = ("http://registry.example/".parse().unwrap(), PackageName::parse("@acme/core").unwrap());
        assert_eq!(Learnt::read(folder).access(&registry, &name), Some((PublishingAccess::Publish, None)));
    }

    #[test]
    fn a_challenge_is_about_one_token_at_one_package() {
        let registry = RegistryUrl::parse("http://registry.example/").unwrap();
        let token = |text: &str| Credential::new_bearer(text.into(), CredentialId::of_variable(registry.clone(), "X"));
        let (core, other) = (PackageName::parse("@acme/core").unwrap(), PackageName::parse("other").unwrap());
        let day = jiff::civil::date(2026, 11, 29);
        let mut learnt = Learnt::default();
        assert_eq!(learnt.challenged_on(&registry, &core, &token("npm_one")), None);
        learnt.learn_challenge(&registry, &core, &token("npm_one"), day);
        let kept = serde_json::to_string(&learnt).unwrap();
        assert!(!kept.contains("npm_one"), "{kept}");
        let mut learnt: Learnt = serde_json::from_str(&kept).unwrap();
        assert_eq!(learnt.challenged_on(&registry, &core, &token("npm_one")), Some(day));
        assert_eq!(learnt.challenged_on(&registry, &core, &token("npm_two")), None);
        assert_eq!(learnt.challenged_on(&registry, &other, &token("npm_one")), None);
        assert_eq!(learnt.access(&registry, &core), None, "nothing is said of the package");
        learnt.forget_challenge(&registry, &core, &token("npm_one"));
        assert_eq!(learnt.challenged_on(&registry, &core, &token("npm_one")), None);
        for number in 0..40 {
            learnt.learn_challenge(&registry, &core, &token(&format!("npm_{number}")), day);
        }
        assert_eq!(learnt.challenged[&registry][&core].len(), TOKENS_MAX);
    }

    #[test]
    fn how_long_a_registry_takes_is_the_median_of_its_last_releases() {
        let [npm, own] = ["http://registry.example/", "http://own.example/"].map(|url| url.parse().unwrap());
        let minutes = Duration::from_mins;
        let mut learnt = Learnt::default();
        assert_eq!(learnt.delays(), BTreeMap::new());
        learnt.learn_delays([(&npm, minutes(4)), (&npm, minutes(5)), (&own, minutes(0)), (&npm, minutes(55))]);
        let usual = |learnt: &Learnt, of: &RegistryUrl| learnt.delays().get(of).copied();
        assert_eq!(usual(&learnt, &npm), Some(SeenDelay { usual: minutes(5), releases: 1 }));
        assert_eq!(usual(&learnt, &own), Some(SeenDelay { usual: minutes(0), releases: 1 }));
        for _ in 0..3 {
            learnt.learn_delays([(&npm, minutes(7))]);
        }
        learnt.learn_delays([(&npm, minutes(600))]);
        assert_eq!(usual(&learnt, &npm), Some(SeenDelay { usual: minutes(7), releases: 5 }));
        for _ in 0..40 {
            learnt.learn_delays([(&npm, minutes(2))]);
        }
        assert_eq!(usual(&learnt, &npm), Some(SeenDelay { usual: minutes(2), releases: DELAYS_MAX }));
        let kept: Learnt = serde_json::from_str(&serde_json::to_string(&learnt).unwrap()).unwrap();
        assert_eq!(kept, learnt);
    }

    #[test]
    fn evidence_is_remembered_of_just_the_versions_that_were_seen() {
        let registry: RegistryUrl = "http://registry.example/".parse().unwrap();
        let name = PackageName::parse("core").unwrap();
        let versions = |texts: &[&str]| texts.iter().map(|text| Version::parse(text).unwrap()).collect::<BTreeSet<_>>();
        let of = |version: &str| StrongestEvidence {
            evidence: relay_values::Evidence::Staged,
            version: Version::parse(version).unwrap(),
            on: Some(jiff::civil::date(2026, 11, 2)),
        };
        let (all, more) = (versions(&["1.0.0", "1.1.0-rc.0"]), versions(&["1.0.0", "1.1.0-rc.0", "1.1.0"]));
        let seen = SeenEvidence::new(&all, None, Some(of("1.1.0-rc.0")));
        let mut learnt = Learnt::default();
        learnt.learn_evidence(&[EvidenceRead { registry: registry.clone(), name: name.clone(), seen: seen.clone() }]);
        let learnt: Learnt = serde_json::from_str(&serde_json::to_string(&learnt).unwrap()).unwrap();
        assert_eq!(learnt.evidence(&registry, &name, &all), Some(&seen));
        assert_eq!(learnt.evidence(&registry, &name, &more), None, "another version may show more");
        assert_eq!(learnt.evidence(&"http://other.example/".parse().unwrap(), &name, &all), None);
        let beside = |next: &str| seen.beside(&Version::parse(next).unwrap()).map(|found| found.version.to_string());
        assert_eq!(beside("1.1.0"), None, "prereleases don't count beside a release");
        assert_eq!(beside("1.1.0-rc.1").as_deref(), Some("1.1.0-rc.0"));
    }

    #[test]
    fn a_broken_file_teaches_nothing() {
        let guard = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(guard.path()).unwrap();
        std::fs::write(folder.join(LEARNT_FILE_NAME), "{\"access\":").unwrap();
        assert_eq!(Learnt::read(folder), Learnt::default());
    }
}

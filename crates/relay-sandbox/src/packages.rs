//! Packages and their versions, and what of them can be seen at a moment.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use semver::Version;
use serde_json::{Map, Value};
use sha1::{Digest, Sha1};

use crate::access::SandboxAccess;
use crate::clock::Moment;
use crate::options::VisibilityDelay;

/// Earlier values kept for each dist-tag, so that a tag shows its last visible version.
const MAX_TAG_HISTORY: usize = 64;

/// A package.
pub(crate) struct Package {
    pub(crate) name: String,
    /// In the order in which they were accepted.
    pub(crate) versions: Vec<StoredVersion>,
    /// The values each tag had, the current one last.
    tags: BTreeMap<String, Vec<Version>>,
    pub(crate) maintainers: BTreeSet<String>,
    pub(crate) access: SandboxAccess,
    /// Whether only maintainers may read it.
    pub(crate) restricted: bool,
    pub(crate) created: Moment,
    pub(crate) modified: Moment,
    revision: u64,
    /// Version numbers that were taken back and can never be used again, and when each was accepted.
    pub(crate) burnt: BTreeMap<Version, Moment>,
    /// When the last version was taken back.
    pub(crate) removed: Option<Moment>,
}

/// An accepted version.
pub(crate) struct StoredVersion {
    pub(crate) version: Version,
    /// The manifest as uploaded, `dist` with the digests that were checked.
    pub(crate) manifest: Map<String, Value>,
    pub(crate) tarball: Bytes,
    pub(crate) integrity: String,
    pub(crate) shasum: String,
    pub(crate) accepted: Moment,
    /// Whether it stays invisible until it is let go.
    pub(crate) held: bool,
    /// Whether it was there from the start and so was never invisible.
    pub(crate) seeded: bool,
    pub(crate) deprecated: Option<String>,
    pub(crate) publisher: String,
    /// What the packument shows of how it was published.
    pub(crate) evidence: VersionEvidence,
}

/// What a packument shows of how a version was published, beside its publisher.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VersionEvidence {
    /// `_npmUser.approver`: who approved it after it was staged.
    pub approver: Option<String>,
    /// `_npmUser.trustedPublisher.id`: the kind of CI that published it by OIDC, such as `github`.
    pub trusted_publisher: Option<String>,
    /// `dist.attestations.provenance`: a provenance statement is there.
    pub provenance: bool,
}

/// The documents an installer reads, each of which may lag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    VersionDocument,
    Packument,
    Tarball,
}

/// When something is looked at, and how far views lag.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Viewpoint {
    pub(crate) now: Moment,
    pub(crate) delay: VisibilityDelay,
}

impl StoredVersion {
    pub(crate) fn visible(&self, view: View, at: Viewpoint) -> bool {
        let delay = match view {
            View::VersionDocument => at.delay.version_document,
            View::Packument => at.delay.packument,
            View::Tarball => at.delay.tarball,
        };
        self.seeded || (!self.held && at.now >= self.accepted.plus(delay))
    }

    /// `<basename>-<version>.tgz`, the last segment of the canonical tarball path.
    pub(crate) fn tarball_file(&self, package: &str) -> String {
        format!("{}-{}.tgz", base_name(package), self.version)
    }
}

impl Package {
    pub(crate) fn new(name: &str, owner: &str, access: SandboxAccess, now: Moment) -> Self {
        Self {
            name: name.to_owned(),
            versions: Vec::new(),
            tags: BTreeMap::new(),
            maintainers: BTreeSet::from([owner.to_owned()]),
            access,
            restricted: false,
            created: now,
            modified: now,
            revision: 0,
            burnt: BTreeMap::new(),
            removed: None,
        }
    }

    pub(crate) fn version(&self, version: &Version) -> Option<&StoredVersion> {
        self.versions.iter().find(|stored| stored.version == *version)
    }

    pub(crate) fn seen(&self, view: View, at: Viewpoint) -> impl Iterator<Item = &StoredVersion> {
        self.versions.iter().filter(move |stored| stored.visible(view, at))
    }

    /// The tags as written, also to versions that cannot be seen yet.
    pub(crate) fn tags(&self) -> BTreeMap<String, String> {
        let current = self.tags.iter().filter_map(|(tag, values)| Some((tag.clone(), values.last()?.to_string())));
        current.collect()
    }

    /// The tags as the packument shows them: each at its last visible version.
    pub(crate) fn visible_tags(&self, at: Viewpoint) -> BTreeMap<String, String> {
        let visible = |value: &&Version| self.version(value).is_some_and(|stored| stored.visible(View::Packument, at));
        let shown = |(tag, values): (&String, &Vec<Version>)| {
            Some((tag.clone(), values.iter().rev().find(visible)?.to_string()))
        };
        self.tags.iter().filter_map(shown).collect()
    }

    pub(crate) fn set_tag(&mut self, tag: &str, version: Version) {
        let values = self.tags.entry(tag.to_owned()).or_default();
        if values.len() >= MAX_TAG_HISTORY {
            values.remove(0);
        }
        values.push(version);
    }

    pub(crate) fn remove_tag(&mut self, tag: &str) -> bool {
        self.tags.remove(tag).is_some()
    }

    /// Takes versions back: their numbers are burnt, tags fall back or go.
    pub(crate) fn take_back(&mut self, versions: &[Version], now: Moment) {
        let (gone, kept) = self.versions.drain(..).partition(|stored| versions.contains(&stored.version));
        self.versions = kept;
        let gone: Vec<StoredVersion> = gone;
        self.burnt.extend(gone.into_iter().map(|stored| (stored.version, stored.accepted)));
        for values in self.tags.values_mut() {
            values.retain(|value| !versions.contains(value));
        }
        self.tags.retain(|_, values| !values.is_empty());
        if !self.tags.contains_key("latest")
            && let Some(highest) = self.versions.iter().map(|stored| stored.version.clone()).max()
        {
            self.set_tag("latest", highest);
        }
        if self.versions.is_empty() {
            self.removed = Some(now);
        }
        self.touch(now);
    }

    /// Notes that the packument has changed.
    pub(crate) fn touch(&mut self, now: Moment) {
        self.revision += 1;
        self.modified = now;
    }

    /// The packument's `_rev`.
    pub(crate) fn revision(&self) -> String {
        let digest: [u8; 20] = Sha1::digest(format!("{} {}", self.name, self.revision)).into();
        format!("{}-{}", self.revision, hex(&digest).get(..32).unwrap_or_default())
    }
}

/// The name without its scope.
pub(crate) fn base_name(package: &str) -> &str {
    package.rsplit('/').next().unwrap_or(package)
}

/// The scope with its `@`.
pub(crate) fn scope(package: &str) -> Option<&str> {
    package.split_once('/').map(|(scope, _)| scope).filter(|scope| scope.starts_with('@'))
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0x0f)]).collect()
}

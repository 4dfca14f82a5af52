//! The sections of `relay.toml`: each key with its meaning, and what counts where it isn't set.

use std::collections::BTreeSet;
use std::time::Duration;

use relay_values::{DistTag, RegistryUrl};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::pattern::NamePatterns;
use crate::quantity::{DurationText, ExpiryDate};
use crate::words::{
    Access, ChangeSource, CredentialKind, NpmRules, PublishingAccess, RegistryRules, ReleaseMode, RouteKind, WaitFor,
    ZeroMajor,
};

/// `[release]`: how versions are made.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ReleaseSettings {
    /// Independent or fixed.
    pub mode: ReleaseMode,
    /// Where changes are read from; the highest bump wins. `None`: change files alone where the repo is set up for
    /// changesets, else change files and commits.
    #[serde(serialize_with = "any_order_if_said")]
    pub changes: Option<Vec<ChangeSource>>,
    /// The branch that releases are made from; `None`: any.
    pub branch: Option<String>,
    /// The commit's first line.
    pub commit_message: String,
    /// Whether ranges that still accept the new version are rewritten too.
    pub update_ranges: UpdateRanges,
    /// What commits move below 1.0.0.
    pub zero_major: ZeroMajor,
    /// Whether the lines of a squashed branch in a commit's body count.
    pub squash_bodies: bool,
    /// Whether changelogs are written.
    pub changelog: bool,
    /// Whether private packages get versions.
    pub version_private: bool,
    /// Names that never take part in a release.
    pub ignore: NamePatterns,
    /// The command line that builds the repository after the version step and before packing.
    #[serde(deserialize_with = "not_blank")]
    pub build: Option<String>,
}

/// `[[registry]]`: the rules of one registry.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RegistrySettings {
    /// Its base URL, with or without a final slash.
    pub url: RegistryUrl,
    /// Whose rules it follows.
    pub rules: RegistryRules,
}

/// When a dependent's range is rewritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum UpdateRanges {
    /// Only when the new version leaves the range.
    #[default]
    OutOfRange,
    /// Always.
    Always,
}

/// `[[group]]`: packages whose versions move together.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct GroupSettings {
    /// The members.
    pub packages: NamePatterns,
    /// Fixed: all members get a release as soon as one does. Linked: only those released share a version.
    pub kind: GroupKind,
}

/// The two kinds of release group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum GroupKind {
    /// All members move as one.
    Fixed,
    /// Released members share a version.
    Linked,
}

/// `[[policy]]`: what is known or wanted of some packages' publishing access.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Policy {
    /// Whom it is about.
    pub packages: NamePatterns,
    /// Their publishing access.
    #[serde(default)]
    pub publishing_access: Option<PublishingAccess>,
    /// The routes that may be taken, best first; a closed list.
    #[serde(default, deserialize_with = "routes")]
    pub routes: Option<Vec<RouteKind>>,
    /// Why a version may show less evidence than an earlier one, so that some users can't install it; `None`: it may not.
    #[serde(default, deserialize_with = "reason")]
    pub allow_trust_downgrade: Option<String>,
}

/// `[[credential]]`: a token in the environment, and what kind it is.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CredentialDeclaration {
    /// The environment variable that holds it; `None`: the one from `.npmrc`.
    #[serde(default)]
    pub env: Option<String>,
    /// What kind of token it is.
    pub kind: CredentialKind,
    /// The packages it was made for; empty: all.
    #[serde(default)]
    pub packages: NamePatterns,
    /// The registry it belongs to; `None`: the one that npm's configuration (not the manifest) names for the package.
    #[serde(default)]
    pub registry: Option<RegistryUrl>,
    /// The day it dies.
    #[serde(default)]
    pub expires: Option<ExpiryDate>,
}

/// `[publish]`: how uploads are carried out.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct PublishSettings {
    /// Uploads and reads in flight at once.
    #[serde(deserialize_with = "at_least_one")]
    pub concurrency: usize,
    /// When dependents may be sent.
    pub wait_for: WaitFor,
    /// Whether everything goes out under a side tag, and gets its dist-tags when the whole set can be installed.
    pub promote_last: bool,
    /// How long a version may stay invisible before it is parked.
    pub visibility_timeout: DurationText,
    /// Whether provenance is wanted. `None`: where it can be made.
    pub provenance: Option<bool>,
    /// The dist-tag, where neither flag nor manifest says one.
    pub tag: Option<DistTag>,
    /// The access of new scoped packages, where the manifest doesn't say.
    pub access: Option<Access>,
    /// Whether a cycle through runtime dependencies is allowed.
    pub allow_cycles: bool,
}

/// `[pack]`: how tarballs are made.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct PackSettings {
    /// Whose rules say what a tarball holds; `None`: those of the package manager that the workspace has.
    pub like: Option<NpmRules>,
}

/// `[git]`: commits, tags and the lock on the remote.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct GitSettings {
    /// How long the lock on the remote counts without being renewed: after that another run may take it over.
    #[serde(deserialize_with = "at_least_a_second")]
    pub lock_lasts: DurationText,
    /// How many tags go out in one push; `None`: as many as start workflows where the repository has one that listens to tags,
    /// else all.
    #[serde(deserialize_with = "at_least_one_if_said")]
    pub tags_per_push: Option<usize>,
    /// Whether the clone's pre-push hook runs.
    pub hooks: bool,
    /// Whether the lock and the release record are kept on the remote.
    pub remote_lock: bool,
}

/// `[scripts]`: what scripts of the repository may reach.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ScriptSettings {
    /// Whether they are kept to the repository, the system and known tools where the kernel can do that.
    pub fence: bool,
    /// Whether they may use TCP.
    pub network: bool,
    /// What they may read besides.
    pub read: Vec<OutsidePath>,
    /// Where they may write besides.
    pub write: Vec<OutsidePath>,
}

/// A place outside of the repository: absolute, or below the home folder as `~/...`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String")]
pub struct OutsidePath(String);

impl OutsidePath {
    /// The path as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for OutsidePath {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let below = text.strip_prefix("~/").or_else(|| text.strip_prefix('/'));
        match below {
            Some(below) if !below.split('/').any(|part| part == "..") => Ok(Self(text)),
            _ => Err(format!(
                "`{text}` is not a place outside of the repository, such as `~/.config/tool` or `/srv/data`"
            )),
        }
    }
}

impl Default for ScriptSettings {
    fn default() -> Self {
        Self { fence: true, network: true, read: Vec::new(), write: Vec::new() }
    }
}

impl Default for GitSettings {
    fn default() -> Self {
        Self { lock_lasts: DurationText(Duration::from_mins(2)), tags_per_push: None, hooks: true, remote_lock: true }
    }
}

impl Default for ReleaseSettings {
    fn default() -> Self {
        Self {
            mode: ReleaseMode::Independent,
            changes: None,
            branch: None,
            commit_message: "chore(release): publish".to_owned(),
            update_ranges: UpdateRanges::OutOfRange,
            zero_major: ZeroMajor::default(),
            squash_bodies: false,
            changelog: true,
            version_private: false,
            ignore: NamePatterns::default(),
            build: None,
        }
    }
}

impl Default for PublishSettings {
    fn default() -> Self {
        Self {
            concurrency: 8,
            wait_for: WaitFor::Visible,
            promote_last: false,
            visibility_timeout: DurationText(Duration::from_mins(20)),
            provenance: None,
            tag: None,
            access: None,
            allow_cycles: false,
        }
    }
}

/// A policy's routes, each of them one that can be chosen, so that a complaint points at the wrong one.
fn routes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<RouteKind>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(try_from = "RouteKind")]
    struct Choosable(RouteKind);
    impl TryFrom<RouteKind> for Choosable {
        type Error = &'static str;
        fn try_from(route: RouteKind) -> Result<Self, Self::Error> {
            match route {
                RouteKind::Blocked => Err("`blocked` is a result, not a route that can be chosen"),
                route => Ok(Self(route)),
            }
        }
    }
    let routes = Option::<Vec<Choosable>>::deserialize(deserializer)?;
    Ok(routes.map(|routes| routes.into_iter().map(|route| route.0).collect()))
}

/// Writes a list whose order and repetitions mean nothing, so that equal settings are written alike.
pub(crate) fn any_order<S: Serializer, T: Serialize + Ord>(list: &[T], serializer: S) -> Result<S::Ok, S::Error> {
    list.iter().collect::<BTreeSet<_>>().serialize(serializer)
}

#[expect(clippy::ref_option, reason = "serde hands the field over as it is")]
fn any_order_if_said<S: Serializer, T: Serialize + Ord>(
    list: &Option<Vec<T>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    list.as_ref().map(|list| list.iter().collect::<BTreeSet<_>>()).serialize(serializer)
}

fn at_least_a_second<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DurationText, D::Error> {
    let lasts = DurationText::deserialize(deserializer)?;
    if lasts.0 < Duration::from_secs(1) {
        return Err(serde::de::Error::custom("expected a time of at least one second, such as \"2m\""));
    }
    Ok(lasts)
}

fn reason<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let reason = String::deserialize(deserializer)?;
    if reason.trim().is_empty() {
        return Err(serde::de::Error::custom("expected a reason, which stands in the plan and in the report"));
    }
    Ok(Some(reason))
}

fn not_blank<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let command = String::deserialize(deserializer)?;
    if command.trim().is_empty() {
        return Err(serde::de::Error::custom("expected a command line, such as \"pnpm -r build\""));
    }
    Ok(Some(command))
}

fn at_least_one_if_said<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    at_least_one(deserializer).map(Some)
}

fn at_least_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    match usize::deserialize(deserializer)? {
        0 => Err(serde::de::Error::custom("expected a whole number of at least 1, found the number 0")),
        number => Ok(number),
    }
}

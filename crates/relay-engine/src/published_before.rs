//! The version before each package that goes out: what the registry's answer for the plan tells of it, and what was in its
//! tarball, which the gate compares the new one with.
//!
//! Tarballs are fetched in the background while other things are done, and only for packages that are about to be published. What
//! can't be fetched, in its time and its size, is told and stops nothing. No credential is held once [`Comparison::rest`] or
//! [`Comparison::end`] has returned (invariant S3).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use relay_config::{FindingName, GateRules, Level};
use relay_pack::gate::{Before, Listing};
use relay_registry::{Credential, PublishedVersion, RegistryClient, Url};
use relay_workspace::{Integrity, PackageName, Shasum, Version};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::observe::Observed;
use crate::project::Project;
use crate::session::Session;

/// The largest tarball that is fetched to compare with, in bytes.
pub const COMPARED_TARBALL_BYTES_MAX: usize = 16 * 1024 * 1024;
/// How many are fetched at once.
pub const COMPARISONS_IN_FLIGHT: usize = 32;
/// How long all of them together may take; what has not come by then is not compared.
pub const COMPARISON_TIME_MAX: Duration = Duration::from_secs(20);
/// How much of them is held at once, in kilobytes, by the sizes that the registry states.
const HELD_KILOBYTES_MAX: usize = 128 * 1024;

/// What needs the tarball of the version before.
const BY_TARBALL: [FindingName; 4] =
    [FindingName::VanishedFiles, FindingName::NewFiles, FindingName::NewSourceMap, FindingName::NewInstallScript];

/// The version before, as the registry's answer has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedBefore {
    /// The version.
    pub version: Version,
    /// Whether installing it runs a script, where the answer tells.
    pub runs_at_installation: Option<bool>,
    tarball: Option<Url>,
    integrity: Option<Integrity>,
    shasum: Option<Shasum>,
    unpacked: Option<u64>,
    file_count: Option<u64>,
}

impl PublishedBefore {
    /// What the registry says of a version.
    pub(crate) fn of(version: &PublishedVersion) -> Self {
        Self {
            version: version.version.clone(),
            runs_at_installation: Some(version.has_install_script),
            tarball: version.tarball.clone(),
            integrity: version.integrity.clone(),
            shasum: version.shasum.clone(),
            unpacked: version.unpacked_size,
            file_count: version.file_count,
        }
    }

    /// What the gate compares with, without the tarball.
    fn told(&self) -> Before {
        Before {
            version: self.version.clone(),
            runs_at_installation: self.runs_at_installation,
            unpacked: self.unpacked,
            file_count: self.file_count,
            listing: None,
        }
    }
}

/// What a comparison needs, and why it can't be had where it can't.
#[derive(Debug, Default)]
pub struct Compared {
    /// The versions before, with what was in their tarballs where that was found out.
    pub before: BTreeMap<PackageName, Before>,
    /// Those whose tarballs were wanted and could not be looked into, with the reason.
    pub failed: BTreeMap<PackageName, String>,
}

/// Fetching under way. Dropped, it stops.
#[derive(Debug, Default)]
pub struct Comparison {
    told: BTreeMap<PackageName, Before>,
    results: Results,
    wanted: Vec<PackageName>,
    fetching: Option<Fetching>,
}

/// The task that fetches. Dropped, it ends.
#[derive(Debug)]
struct Fetching(JoinHandle<()>);

/// What came of each, for all that fetch.
type Results = Arc<Mutex<BTreeMap<PackageName, Result<Listing, String>>>>;

struct Wanted {
    name: PackageName,
    before: PublishedBefore,
    credential: Option<Credential>,
}

impl Comparison {
    /// Begins to fetch the tarballs of the versions before the planned ones, where the gate has a use for them. Needs a runtime.
    pub fn begin(project: &Project, session: &Session, observed: &Observed) -> Self {
        let gate = &project.config.gate;
        let planned = || observed.plan.packages.iter().map(|planned| &planned.name);
        let known = || planned().filter_map(|name| Some((name, observed.before.get(name)?)));
        let told = known().map(|(name, before)| (name.clone(), before.told())).collect();
        if !gate.compare || session.offline {
            return Self { told, ..Self::default() };
        }
        let credential = |name| {
            let all = observed.credentials.get(name)?;
            all.first().map(|known| known.credential.clone()).filter(|credential| !credential.is_withheld())
        };
        let wanted: Vec<Wanted> = known()
            .filter(|(name, _)| is_of_use(&gate.rules_for(name)))
            .map(|(name, before)| Wanted { name: name.clone(), before: before.clone(), credential: credential(name) })
            .collect();
        if wanted.is_empty() {
            return Self { told, ..Self::default() };
        }
        let results = Results::default();
        let names = wanted.iter().map(|one| one.name.clone()).collect();
        let fetching = tokio::spawn(fetch_all(session.client.clone(), wanted, Arc::clone(&results)));
        Self { told, results, wanted: names, fetching: Some(Fetching(fetching)) }
    }

    /// Waits until nothing is fetched any more, so that no credential is in memory for it.
    pub async fn rest(&mut self) {
        if let Some(mut fetching) = self.fetching.take() {
            // A fetch that panicked has brought nothing, which is told.
            let _ = (&mut fetching.0).await;
        }
    }

    /// Waits until nothing is fetched any more, and gives what was found out.
    pub async fn end(mut self) -> Compared {
        self.rest().await;
        let mut results = std::mem::take(&mut *self.results.lock().unwrap_or_else(PoisonError::into_inner));
        let mut compared = Compared { before: std::mem::take(&mut self.told), failed: BTreeMap::new() };
        for name in &self.wanted {
            match results.remove(name) {
                Some(Ok(listing)) => {
                    if let Some(before) = compared.before.get_mut(name) {
                        before.listing = Some(listing);
                    }
                }
                Some(Err(problem)) => drop(compared.failed.insert(name.clone(), problem)),
                None => {
                    let seconds = COMPARISON_TIME_MAX.as_secs();
                    compared.failed.insert(name.clone(), format!("it did not come within {seconds} seconds"));
                }
            }
        }
        compared
    }
}

impl Drop for Fetching {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Says whether a finding that needs the tarball counts.
fn is_of_use(rules: &GateRules) -> bool {
    BY_TARBALL.iter().any(|name| rules.level(*name) != Level::Off)
}

#[expect(clippy::disallowed_methods, reason = "what takes too long is given up")]
async fn fetch_all(client: RegistryClient, wanted: Vec<Wanted>, results: Results) {
    let held = Arc::new(Semaphore::new(HELD_KILOBYTES_MAX));
    let fetches = stream::iter(wanted.into_iter().map(|one| {
        let (client, held, results) = (client.clone(), Arc::clone(&held), Arc::clone(&results));
        async move {
            let listing = fetch(&client, &one, &held).await;
            results.lock().unwrap_or_else(PoisonError::into_inner).insert(one.name, listing);
        }
    }));
    let all = fetches.buffer_unordered(COMPARISONS_IN_FLIGHT).for_each(|()| std::future::ready(()));
    tokio::select! {
        () = all => {}
        () = tokio::time::sleep(COMPARISON_TIME_MAX) => {}
    }
}

async fn fetch(client: &RegistryClient, wanted: &Wanted, held: &Semaphore) -> Result<Listing, String> {
    let Wanted { name, before, credential } = wanted;
    let url = before.tarball.as_ref().ok_or("the registry names no address of it")?;
    let most = COMPARED_TARBALL_BYTES_MAX;
    let size = before.unpacked.and_then(|size| usize::try_from(size).ok()).map_or(most, |size| size.min(most));
    let kilobytes = u32::try_from(size / 1024 + 1).unwrap_or(u32::MAX);
    let _held = held.acquire_many(kilobytes).await.map_err(|error| error.to_string())?;
    let fetched = client.tarball(name, url, credential.as_ref(), most).await.map_err(|error| error.to_string())?;
    let tarball = fetched.ok_or("the registry does not have it any more")?;
    let (integrity, shasum) = (before.integrity.clone(), before.shasum.clone());
    let listing = tokio::task::spawn_blocking(move || {
        Listing::of_published(&tarball, integrity.as_ref(), shasum.as_ref()).map_err(|error| error.to_string())
    });
    listing.await.map_err(|error| error.to_string())?
}

#[cfg(test)]
mod tests {
    use relay_registry::Packument;
    use serde_json::json;

    use super::*;
    use crate::fixture::loopback::{LoopbackRegistry, json as answer};
    use crate::fixture::{Repo, TWO, name, session};
    use crate::learnt::Learnt;
    use crate::observe::{Intent, RecordedVersions, observe};
    use crate::tarball_preview::VersionedWorkspace;

    /// `a@0.9.0` at a registry with this tarball, and what comparing `a@1.0.0` with it gives.
    async fn compared(settings: &str, tarball: Tarball) -> (Compared, Vec<String>) {
        let repo = Repo::of(&[TWO.as_slice(), &[("relay.toml", settings), ("packages/a/old.js", "1\n")]].concat());
        let project = repo.project();
        let package = project.workspace.package(&name("a")).unwrap();
        let workspace = VersionedWorkspace::of(&project, &relay_change::BumpPlan::default()).unwrap();
        let (bytes, integrity) = workspace
            .pack(&[package], |_, made| (made.bytes.clone(), made.integrity.to_string()))
            .remove(&name("a"))
            .unwrap()
            .unwrap();
        let registry = LoopbackRegistry::answering_at(|url| {
            let mut dist = json!({ "tarball": format!("{url}a.tgz"), "integrity": integrity, "fileCount": 7 });
            match tarball {
                Tarball::Stated | Tarball::Gone => {}
                Tarball::OfOtherBytes => dist["integrity"] = "sha512-other".into(),
                Tarball::Nowhere => drop(dist.as_object_mut().unwrap().remove("tarball")),
            }
            let version = json!({ "name": "a", "version": "0.9.0", "dist": dist });
            let mut answers = vec![answer("/a", 200, json!({ "name": "a", "versions": { "0.9.0": version } }))];
            if !matches!(tarball, Tarball::Gone) {
                answers.push(("/a.tgz".to_owned(), 200, bytes));
            }
            answers
        });
        let registry = registry.await;
        let session =
            Session { offline: false, selected: Some([name("a")].into()), ..session(&registry.npmrc_with_token()) };
        let (learnt, recorded) = (Learnt::default(), RecordedVersions::default());
        let observed = observe(&project, &session, &learnt, &recorded, Intent::Publish).await.unwrap();
        let compared = Comparison::begin(&project, &session, &observed).end().await;
        (compared, registry.paths())
    }

    /// What the registry has of the tarball.
    enum Tarball {
        Stated,
        OfOtherBytes,
        Gone,
        Nowhere,
    }

    #[tokio::test]
    async fn what_was_in_the_version_before_is_known_where_its_bytes_are_those_that_are_stated() {
        let (compared, _) = compared("", Tarball::Stated).await;
        let before = &compared.before[&name("a")];
        assert_eq!((before.version.clone(), before.file_count), (Version::new(0, 9, 0), Some(7)));
        assert!(before.listing.is_some());
        assert!(compared.failed.is_empty(), "{:?}", compared.failed);
    }

    #[tokio::test]
    async fn what_cannot_be_compared_is_told_and_what_the_registry_said_of_it_counts_all_the_same() {
        for (tarball, words) in [
            (Tarball::OfOtherBytes, ""),
            (Tarball::Gone, "does not have it any more"),
            (Tarball::Nowhere, "names no address"),
        ] {
            let (compared, _) = compared("", tarball).await;
            let before = &compared.before[&name("a")];
            assert!(before.listing.is_none() && before.file_count == Some(7));
            assert!(compared.failed[&name("a")].contains(words), "{:?}", compared.failed);
        }
    }

    #[tokio::test]
    async fn nothing_is_fetched_that_no_finding_needs() {
        let off = "[[gate.allow]]\nfindings = [\"vanished-files\", \"new-files\", \"new-source-map\", \"new-install-script\"]\nreason = \"x\"\n";
        for settings in ["[gate]\ncompare = false\n", off] {
            let (compared, paths) = compared(settings, Tarball::Stated).await;
            assert!(!paths.contains(&"/a.tgz".to_owned()), "{settings}: {paths:?}");
            assert!(compared.failed.is_empty() && compared.before.contains_key(&name("a")));
        }
    }

    #[test]
    fn what_an_answer_does_not_tell_is_not_made_up() {
        let body = br#"{"name":"a","versions":{"1.0.0":{"name":"a","version":"1.0.0"}}}"#;
        let packument = Packument::parse(&name("a"), body).unwrap();
        let told = PublishedBefore::of(packument.versions.values().next().unwrap()).told();
        assert_eq!((told.unpacked, told.file_count, told.listing.is_some()), (None, None, false));
    }
}

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

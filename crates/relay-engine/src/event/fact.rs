//! What can happen in a run: all that journal, log and display are ever told.

use relay_config::RouteKind;
use relay_values::{DistTag, RegistryUrl};
use relay_workspace::{Integrity, PackageName, Version};
use serde::{Deserialize, Serialize};

use super::PreparedVersion;
use crate::registry_change::RegistryChange;
use crate::registry_writes::WriteOutcome;
use crate::run_options::RunOptions;
use crate::state::{Failure, How, Parked};

/// What can happen in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case", rename_all_fields = "snake_case")]
pub enum Fact {
    /// A run began.
    RunStarted {
        /// The command.
        command: String,
        /// The plan's id.
        plan: String,
        /// The packages that are to go out.
        packages: Vec<PackageName>,
        /// Whether what it commits and tags is to be pushed.
        #[serde(default)]
        push: bool,
        /// What it was asked for.
        #[serde(default)]
        options: Option<RunOptions>,
    },
    /// A part of the run began.
    PhaseStarted {
        /// Which.
        phase: Phase,
    },
    /// Versions, ranges and changelogs were written.
    VersionsWritten {
        /// How many packages got a new version.
        packages: usize,
        /// How many files were written.
        files: usize,
    },
    /// A commit was made.
    Committed {
        /// Its id.
        commit: String,
    },
    /// The repository's build began.
    BuildStarted {
        /// The command line.
        command: String,
    },
    /// The repository's build ended well.
    Built {
        /// How long it took, in milliseconds.
        millis: u64,
    },
    /// A lifecycle script ended well.
    ScriptRan {
        /// The package.
        package: PackageName,
        /// The script.
        script: String,
        /// How long it took, in milliseconds.
        millis: u64,
    },
    /// A tarball was made; from here on its bytes are fixed.
    Packed {
        /// The package.
        package: PackageName,
        /// The version inside.
        version: Version,
        /// The tarball's integrity.
        integrity: Integrity,
        /// Its size in bytes.
        size: u64,
        /// The number of files in it.
        files: usize,
    },
    /// All that is to be uploaded is fixed: which bytes, from which commit. In the journal this is the intent before the
    /// effect, as the release record is on the remote; it is on the disk before the first upload.
    UploadsPrepared {
        /// The commit that the release is made from.
        head: Option<String>,
        /// What is to be uploaded.
        versions: Vec<PreparedVersion>,
    },
    /// An upload is about to begin.
    UploadStarted {
        /// The package.
        package: PackageName,
        /// The version.
        version: Version,
        /// The registry.
        registry: RegistryUrl,
        /// The integrity of the bytes.
        integrity: Integrity,
        /// How it is authorised.
        route: RouteKind,
        /// The try, from 1.
        attempt: u32,
        /// The size in bytes.
        size: u64,
        /// The commit that the release is made from.
        #[serde(default)]
        head: Option<String>,
    },
    /// The registry took the upload.
    Accepted {
        /// The package.
        package: PackageName,
        /// The version.
        version: Version,
        /// The registry.
        registry: RegistryUrl,
        /// The integrity of the bytes.
        integrity: Integrity,
    },
    /// A person took bytes that somebody else published for good.
    PublishedAccepted {
        /// The package.
        package: PackageName,
        /// The version.
        version: Version,
        /// The registry.
        registry: RegistryUrl,
        /// The integrity of what stands there.
        integrity: Integrity,
        /// The commit that its tag goes on.
        commit: String,
    },
    /// The answer of an upload was lost or ambiguous; the registry is asked what it has.
    Settling {
        /// The package.
        package: PackageName,
        /// Why.
        why: String,
    },
    /// A person is asked to answer a second factor.
    ChallengeOpened {
        /// The package.
        package: PackageName,
        /// What is to be changed, where it is no upload.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        change: Option<RegistryChange>,
        /// Where the person answers, for a web challenge.
        url: Option<String>,
        /// How many writes need a person after this one.
        remaining: usize,
    },
    /// The second factor was answered, and the registry took the answer.
    ChallengeAnswered {
        /// The package.
        package: PackageName,
        /// What is to be changed, where it is no upload.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        change: Option<RegistryChange>,
    },
    /// A write beside the uploads is about to be sent. In the journal this is the intent before the effect.
    WriteStarted {
        /// The package.
        package: PackageName,
        /// The registry.
        registry: RegistryUrl,
        /// What is to be changed.
        change: RegistryChange,
        /// The try, from 1.
        attempt: u32,
    },
    /// The next try of a write beside the uploads comes later.
    WriteWaiting {
        /// The package.
        package: PackageName,
        /// What is to be changed.
        change: RegistryChange,
        /// Why.
        why: String,
        /// In how many milliseconds.
        millis: u64,
    },
    /// The answer of a write beside the uploads was lost or ambiguous; the registry is read.
    WriteSettling {
        /// The package.
        package: PackageName,
        /// What was to be changed.
        change: RegistryChange,
        /// Why.
        why: String,
    },
    /// A write beside the uploads came to its end.
    WriteEnded {
        /// The package.
        package: PackageName,
        /// The registry.
        registry: RegistryUrl,
        /// What was to be changed.
        change: RegistryChange,
        /// What became of it.
        outcome: WriteOutcome,
    },
    /// A package turned out to disallow tokens; a person will publish it.
    RouteChanged {
        /// The package.
        package: PackageName,
        /// The route from here on.
        route: RouteKind,
        /// Why.
        why: String,
    },
    /// The next try comes later.
    Waiting {
        /// The package.
        package: PackageName,
        /// Why.
        why: String,
        /// In how many milliseconds.
        millis: u64,
    },
    /// The version can be installed.
    Live {
        /// The package.
        package: PackageName,
        /// The version.
        version: Version,
        /// The registry.
        registry: RegistryUrl,
        /// Published by this run, or there already.
        how: How,
    },
    /// The package waits for something outside this run.
    Parked {
        /// The package.
        package: PackageName,
        /// The version.
        version: Version,
        /// What it waits for.
        parked: Parked,
    },
    /// The package waits because a dependency did not get out.
    Held {
        /// The package.
        package: PackageName,
        /// The dependency at which the chain is broken.
        by: PackageName,
    },
    /// The package can't be published in this run.
    Failed {
        /// The package.
        package: PackageName,
        /// The version.
        version: Version,
        /// Why.
        failure: Failure,
    },
    /// A dist-tag names a higher version, which somebody has published meanwhile, and was left alone.
    TagLeft {
        /// The package.
        package: PackageName,
        /// The version that it was to name.
        version: Version,
        /// The registry.
        registry: RegistryUrl,
        /// The dist-tag.
        tag: DistTag,
        /// What it names.
        there: Version,
    },
    /// A version's dist-tag is where it belongs, and its side tag is gone.
    Promoted {
        /// The package.
        package: PackageName,
        /// The version.
        version: Version,
        /// The registry.
        registry: RegistryUrl,
    },
    /// A tag was made.
    Tagged {
        /// The package; `None` for a tag of the whole release.
        package: Option<PackageName>,
        /// The tag.
        tag: String,
    },
    /// Commits and tags were pushed.
    Pushed {
        /// The remote's name.
        remote: String,
        /// The refs that the remote took.
        #[serde(default)]
        refs: Vec<String>,
    },
    /// A run ended.
    RunEnded {
        /// Packages that can be installed.
        live: usize,
        /// Packages that failed.
        failed: usize,
        /// Packages held back.
        held: usize,
        /// Packages parked.
        parked: usize,
    },
}

/// The parts of a run, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Reading repository and registry.
    Observe,
    /// Writing versions, ranges, changelogs.
    Version,
    /// Running scripts and making tarballs.
    Pack,
    /// Uploading, waiting for visibility.
    Publish,
    /// Moving dist-tags.
    Promote,
    /// Tags and pushes.
    Finish,
}

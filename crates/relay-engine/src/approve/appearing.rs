//! The wait between an approval and the moment at which the version can be installed (`npm-registry.md`, 1.7).
#![expect(clippy::disallowed_methods, reason = "it waits, by the clock that tests move")]

use std::time::Duration;

use relay_registry::{Credential, PackumentAnswer, PackumentForm, RegistryClient, RegistryUrl};
use relay_workspace::{PackageName, Version};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::machine::{VISIBILITY_POLL_FIRST, VISIBILITY_POLL_MAX};

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Appeared {
    /// It can be installed.
    Visible,
    /// Not in its time.
    NotInTime,
    /// Somebody asked to stop.
    Interrupted,
}

/// Waits until a version can be installed: its packument has it, and its tarball is there.
pub(super) async fn wait_until_visible(
    (client, credential): (&RegistryClient, Option<&Credential>),
    registry: &RegistryUrl,
    (name, version): (&PackageName, &Version),
    timeout: Duration,
    interrupts: &mut mpsc::Receiver<()>,
) -> Appeared {
    let end = Instant::now() + timeout;
    let mut pause = VISIBILITY_POLL_FIRST;
    loop {
        if is_visible(client, credential, registry, name, version).await {
            return Appeared::Visible;
        }
        if Instant::now() >= end {
            return Appeared::NotInTime;
        }
        let wake = (Instant::now() + pause).min(end);
        tokio::select! {
            biased;
            Some(()) = interrupts.recv() => return Appeared::Interrupted,
            () = tokio::time::sleep_until(wake) => {}
        }
        pause = pause.saturating_mul(2).min(VISIBILITY_POLL_MAX);
    }
}

/// One look. What can't be read is not seen.
async fn is_visible(
    client: &RegistryClient,
    credential: Option<&Credential>,
    registry: &RegistryUrl,
    name: &PackageName,
    version: &Version,
) -> bool {
    let answer = client.packument_past_caches(registry, name, credential, PackumentForm::Abbreviated).await;
    let Ok(PackumentAnswer::Found { packument }) = answer else { return false };
    let Some(tarball) = packument.versions.get(version).map(|one| one.tarball.clone()) else { return false };
    match tarball {
        Some(tarball) => client.tarball_available(registry, &tarball, credential).await.unwrap_or(false),
        None => true,
    }
}

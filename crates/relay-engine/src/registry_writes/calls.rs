//! The registry as a write needs it: what it has, one request, one look at a challenge. The real one speaks HTTP.

use std::time::Duration;

use relay_registry::{
    Challenge, Credential, NpmCommand, Otp, ReadError, Refusal, RegistryClient, WebChallenge, WriteError, WriteRequest,
};
use relay_values::DistTag;
use relay_workspace::Version;

use super::PlannedWrite;
use crate::registry_calls::Polled;
use crate::registry_change::RegistryChange;

/// How a registry stands to what a write wants.
#[derive(Debug, Clone, PartialEq)]
pub enum Standing {
    /// It is so.
    Done,
    /// It is not so, and can be made so.
    Open,
    /// It is not so and can't be.
    Impossible {
        /// Why, as half a sentence.
        why: String,
    },
    /// It can't be told now; another time it may.
    Unavailable {
        /// What went wrong.
        cause: String,
    },
    /// It may not be asked now: the registry wants a pause.
    Busy {
        /// How long, where it says so.
        retry_after: Option<Duration>,
        /// What it said.
        text: String,
    },
}

/// How a request ended.
#[derive(Debug)]
pub enum WriteSent {
    /// The registry took it.
    Accepted,
    /// It asks for a second factor.
    Challenged(Challenge),
    /// It said no.
    Refused(Refusal),
    /// It asks for patience.
    RateLimited {
        /// How long it asks to wait.
        retry_after: Option<Duration>,
        /// What it said.
        text: String,
    },
    /// The answer was lost; the registry may have taken it.
    Unknown {
        /// What went wrong.
        cause: String,
    },
    /// It failed before anything was sent.
    NotSent {
        /// What went wrong.
        cause: String,
    },
    /// What the registry has does not allow it.
    Impossible {
        /// Why, as half a sentence.
        why: String,
    },
}

/// The registry's side of writes beside uploads. Credentials are given out by the caller, at the write's turn.
pub trait RegistryWrites: Sync {
    /// Reads how the registry stands to what a write wants, past all caches.
    fn standing(&self, write: &PlannedWrite, by: Option<&Credential>) -> impl Future<Output = Standing> + Send;
    /// Sends a write once. What has to be read for it is read.
    fn write_once(
        &self,
        write: &PlannedWrite,
        by: Option<&Credential>,
        otp: Option<&Otp>,
    ) -> impl Future<Output = WriteSent> + Send;
    /// Asks whether a web challenge of a write has been answered.
    fn poll_write(
        &self,
        write: &PlannedWrite,
        challenge: &WebChallenge,
        by: Option<&Credential>,
    ) -> impl Future<Output = Polled> + Send;
}

impl RegistryWrites for RegistryClient {
    async fn standing(&self, write: &PlannedWrite, by: Option<&Credential>) -> Standing {
        standing(self, write, by).await.unwrap_or_else(unread)
    }

    async fn write_once(&self, write: &PlannedWrite, by: Option<&Credential>, otp: Option<&Otp>) -> WriteSent {
        let (registry, package) = (&write.registry, &write.package);
        let request = match &write.change {
            RegistryChange::Publish { .. } => {
                return WriteSent::Impossible { why: "an upload is no such write".into() };
            }
            RegistryChange::SetTag { tag, version } => WriteRequest::set_dist_tag(registry, package, tag, version),
            RegistryChange::RemoveTag { tag } => WriteRequest::remove_dist_tag(registry, package, tag),
            RegistryChange::Deprecate { versions, message } => {
                let document = match self.whole_packument(registry, package, NpmCommand::Deprecate, by).await {
                    Ok(Some(document)) => document,
                    Ok(None) => return WriteSent::Impossible { why: no_package() },
                    Err(error) => return unread_before(error),
                };
                WriteRequest::deprecate(registry, package, &document, versions, message)
            }
            RegistryChange::ApproveStage { stage, .. } => WriteRequest::approve_stage(registry, package, stage),
            RegistryChange::RejectStage { stage, .. } => WriteRequest::reject_stage(registry, package, stage),
            RegistryChange::Unpublish { version } => return unpublish(self, write, version, by, otp).await,
        };
        sent(self.write(&request.by(by, otp)).await)
    }

    async fn poll_write(&self, write: &PlannedWrite, challenge: &WebChallenge, by: Option<&Credential>) -> Polled {
        let Some(credential) = by else { return Polled::Gone };
        self.poll_done(&write.registry, challenge, command(&write.change), credential).await.into()
    }
}

/// The npm command that a change stands in for.
fn command(change: &RegistryChange) -> NpmCommand {
    match change {
        RegistryChange::Publish { .. } => NpmCommand::Publish,
        RegistryChange::SetTag { .. } | RegistryChange::RemoveTag { .. } => NpmCommand::DistTag,
        RegistryChange::Deprecate { .. } => NpmCommand::Deprecate,
        RegistryChange::Unpublish { .. } => NpmCommand::Unpublish,
        RegistryChange::ApproveStage { .. } | RegistryChange::RejectStage { .. } => NpmCommand::Stage,
    }
}

fn no_package() -> String {
    "the registry shows no such package to this credential".to_owned()
}

async fn standing(
    client: &RegistryClient,
    write: &PlannedWrite,
    by: Option<&Credential>,
) -> Result<Standing, ReadError> {
    let (registry, package) = (&write.registry, &write.package);
    let is = |done: bool| if done { Standing::Done } else { Standing::Open };
    Ok(match &write.change {
        RegistryChange::Publish { .. } => Standing::Impossible { why: "an upload is no such write".into() },
        RegistryChange::SetTag { tag, version } => match client.dist_tags(registry, package, by).await? {
            None => Standing::Impossible { why: no_package() },
            Some(tags) => match tags.get(tag.as_str()) {
                Some(now) if *now == version.to_string() => Standing::Done,
                now => moved(tag, now, write.expects.as_ref()),
            },
        },
        RegistryChange::RemoveTag { tag } => {
            let tags = client.dist_tags(registry, package, by).await?.unwrap_or_default();
            match tags.get(tag.as_str()) {
                None => Standing::Done,
                now => moved(tag, now, write.expects.as_ref()),
            }
        }
        RegistryChange::Deprecate { versions, message } => {
            let Some(document) = client.whole_packument(registry, package, NpmCommand::Deprecate, by).await? else {
                return Ok(Standing::Impossible { why: no_package() });
            };
            if let Some(version) = versions.iter().find(|version| !document.has(version)) {
                let why = format!("the registry does not show {version}, and only what it shows can be deprecated");
                return Ok(Standing::Impossible { why });
            }
            is(versions.iter().all(|version| document.deprecation(version).unwrap_or_default() == message))
        }
        // A stage that is gone was approved or rejected: which, the registry tells by showing the version, or not.
        RegistryChange::ApproveStage { stage, .. } => is(client.staged_version(registry, stage, by).await?.is_none()),
        RegistryChange::RejectStage { version, stage } => {
            if client.staged_version(registry, stage, by).await?.is_some() {
                return Ok(Standing::Open);
            }
            if client.version_document(registry, package, version, by).await?.is_some() {
                let why = format!("{version} was approved meanwhile, and what is published can't be rejected");
                return Ok(Standing::Impossible { why });
            }
            Standing::Done
        }
        RegistryChange::Unpublish { version } => {
            let Some(document) = client.whole_packument(registry, package, NpmCommand::Unpublish, by).await? else {
                return Ok(Standing::Done);
            };
            if document.has(version) {
                return Ok(Standing::Open);
            }
            let tarball = registry.below(&document.tarball_path(registry, version));
            is(!client.tarball_available(registry, &tarball, by).await?)
        }
    })
}

/// Whether a tag may be moved that names this version now.
fn moved(tag: &DistTag, now: Option<&String>, expected: Option<&Version>) -> Standing {
    match expected {
        Some(expected) if now != Some(&expected.to_string()) => {
            let now = now.map_or_else(|| "is gone".to_owned(), |now| format!("names {now}"));
            Standing::Impossible {
                why: format!("`{tag}` {now} by now, and not {expected}: somebody else has moved it"),
            }
        }
        _ => Standing::Open,
    }
}

/// The two halves of npm's unpublish. After a challenge or a lost answer in the second, it goes on there.
async fn unpublish(
    client: &RegistryClient,
    write: &PlannedWrite,
    version: &Version,
    by: Option<&Credential>,
    otp: Option<&Otp>,
) -> WriteSent {
    let (registry, package) = (&write.registry, &write.package);
    let read = async || client.whole_packument(registry, package, NpmCommand::Unpublish, by).await;
    let mut document = match read().await {
        Ok(Some(document)) => document,
        Ok(None) => return WriteSent::Accepted,
        Err(error) => return unread_before(error),
    };
    let tarball = document.tarball_path(registry, version);
    if document.has(version) {
        let request = match WriteRequest::unpublish(registry, package, &document, version) {
            Ok(request) => request,
            Err(why) => return WriteSent::Impossible { why: why.to_string() },
        };
        if let Err(error) = client.write(&request.by(by, otp)).await {
            return sent(Err(error));
        }
        document = match read().await {
            Ok(Some(document)) => document,
            Ok(None) => return WriteSent::Accepted,
            Err(error) => return WriteSent::Unknown { cause: error.to_string() },
        };
    }
    let request = match WriteRequest::remove_tarball(registry, package, &document, &tarball) {
        Ok(request) => request,
        Err(why) => return WriteSent::Impossible { why: why.to_string() },
    };
    match client.write(&request.by(by, otp)).await {
        // Some registries let the tarball go with its version.
        Err(WriteError::Refused(refusal)) if refusal.status == 404 => WriteSent::Accepted,
        result => sent(result),
    }
}

fn sent(result: Result<relay_registry::Accepted, WriteError>) -> WriteSent {
    match result {
        // A proxy may have said so; that npm's own answers have words makes it worth a look.
        Ok(accepted) if accepted.without_words => {
            WriteSent::Unknown { cause: format!("the registry answered {} without a word", accepted.status) }
        }
        Ok(_) => WriteSent::Accepted,
        Err(WriteError::Challenge(challenge)) => WriteSent::Challenged(challenge),
        Err(WriteError::Refused(refusal)) => WriteSent::Refused(refusal),
        Err(WriteError::RateLimited { retry_after, refusal }) => {
            WriteSent::RateLimited { retry_after, text: refusal.text }
        }
        Err(WriteError::OutcomeUnknown { cause }) => WriteSent::Unknown { cause },
        Err(WriteError::NotSent { cause }) => WriteSent::NotSent { cause },
    }
}

fn unread(error: ReadError) -> Standing {
    match error {
        ReadError::RateLimited { retry_after, refusal, .. } => Standing::Busy { retry_after, text: refusal.text },
        ReadError::Transport { .. } | ReadError::Outage { .. } => Standing::Unavailable { cause: error.to_string() },
        error => Standing::Impossible { why: error.to_string() },
    }
}

/// A write that has to read first, and could not.
fn unread_before(error: ReadError) -> WriteSent {
    match unread(error) {
        Standing::Busy { retry_after, text } => WriteSent::RateLimited { retry_after, text },
        Standing::Impossible { why } => WriteSent::Impossible { why },
        Standing::Unavailable { cause } => WriteSent::NotSent { cause },
        Standing::Done | Standing::Open => WriteSent::NotSent { cause: "the registry could not be read".to_owned() },
    }
}

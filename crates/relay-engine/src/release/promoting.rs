//! Moves dist-tags to versions that went out under a side tag, dependencies first, and then takes the side tags away.
//!
//! Each step reads the dist-tags first and does what is left to do (`promotion.rs` decides), so that a run that was killed
//! anywhere comes to the same end the next time.

use std::collections::BTreeSet;

use relay_registry::{Credential, ReadError, RegistryClient, RegistryUrl};
use relay_workspace::{PackageName, Version};

use crate::event::{Emitter, Fact, NotRecorded};
use crate::promotion::{Candidate, DistTags, TagMove, superseded};
use crate::registry_change::RegistryChange;
use crate::report::{PromotionOutcome, PromotionReport};

/// What came of one write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TagWritten {
    /// It is so.
    Done,
    /// The registry refuses it, or can't be reached.
    Failed {
        /// Why.
        why: String,
    },
    /// It waits for a person or the registry.
    Parked {
        /// Why, as half a sentence.
        why: String,
    },
    /// The run was interrupted.
    Interrupted,
}

/// A registry whose dist-tags can be read.
pub(super) trait TagReads: Sync {
    /// Reads a package's dist-tags, past all caches; none where the registry shows no such package.
    ///
    /// # Errors
    /// [`ReadError`].
    fn dist_tags_of(
        &self,
        registry: &RegistryUrl,
        name: &PackageName,
        by: Option<&Credential>,
    ) -> impl Future<Output = Result<DistTags, ReadError>> + Send;
}

impl TagReads for RegistryClient {
    async fn dist_tags_of(
        &self,
        registry: &RegistryUrl,
        name: &PackageName,
        by: Option<&Credential>,
    ) -> Result<DistTags, ReadError> {
        Ok(self.dist_tags(registry, name, by).await?.unwrap_or_default())
    }
}

/// What promoting needs of a registry and a person.
pub(super) trait TagCalls {
    /// What stops the whole run.
    type Stop: From<NotRecorded>;
    /// Reads a package's dist-tags, past all caches; why they can't be read, where they can't.
    fn dist_tags(&self, of: &Candidate) -> impl Future<Output = Result<DistTags, String>>;
    /// Sets or removes a dist-tag, where it still names what was seen.
    fn write(
        &mut self,
        of: &Candidate,
        change: RegistryChange,
        seen: Option<Version>,
    ) -> impl Future<Output = Result<TagWritten, Self::Stop>>;
}

/// Promotes the candidates, which come dependencies first. What becomes of each is told and reported.
///
/// # Errors
/// What stops the run: an event can't be recorded, or the lock of the remote is lost.
pub(super) async fn promote<C: TagCalls>(
    calls: &mut C,
    candidates: &[Candidate],
    events: &Emitter,
) -> Result<Vec<PromotionReport>, C::Stop> {
    let superseded = superseded(candidates);
    let mut reports: Vec<PromotionReport> = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        let interrupted = reports.last().is_some_and(|report| report.outcome == PromotionOutcome::Interrupted);
        let outcome = if interrupted {
            PromotionOutcome::Interrupted
        } else {
            move_tag(calls, candidate, superseded.contains(&candidate.key()), events).await?
        };
        reports.push(report(candidate, outcome));
    }
    // Side tags go last: as long as they are there, they tell that something is left to do.
    for (candidate, report) in candidates.iter().zip(&mut reports).filter(|(_, report)| report.is_settled()) {
        report.side_tag_left = remove_side_tag(calls, candidate).await?;
        if report.is_done() {
            let Candidate { registry, name, version, .. } = candidate.clone();
            events.emit(Fact::Promoted { package: name, version, registry })?;
        }
    }
    Ok(reports)
}

/// The reports of candidates of which none is moved, since not all of the set is out.
pub(super) fn all_wait(candidates: &[Candidate]) -> Vec<PromotionReport> {
    candidates.iter().map(|candidate| report(candidate, PromotionOutcome::Waits)).collect()
}

/// The versions whose dist-tags are not where they belong yet.
pub(super) fn unpromoted(reports: &[PromotionReport]) -> BTreeSet<(PackageName, Version)> {
    let unsettled = reports.iter().filter(|report| !report.is_settled());
    unsettled.map(|report| (report.name.clone(), report.version.clone())).collect()
}

fn report(candidate: &Candidate, outcome: PromotionOutcome) -> PromotionReport {
    let Candidate { registry, name, version, promotion, .. } = candidate.clone();
    PromotionReport {
        name,
        version,
        registry,
        tag: promotion.tag,
        side_tag: promotion.side_tag,
        outcome,
        side_tag_left: None,
    }
}

async fn move_tag<C: TagCalls>(
    calls: &mut C,
    candidate: &Candidate,
    superseded: bool,
    events: &Emitter,
) -> Result<PromotionOutcome, C::Stop> {
    let Candidate { registry, name: package, version, promotion, .. } = candidate;
    let tags = match calls.dist_tags(candidate).await {
        Ok(tags) => tags,
        Err(why) => return Ok(PromotionOutcome::Failed { why }),
    };
    Ok(match candidate.judge(&tags, superseded) {
        TagMove::There => PromotionOutcome::There,
        TagMove::Superseded => PromotionOutcome::Superseded,
        TagMove::Settled { there } => PromotionOutcome::Settled { there },
        TagMove::Higher { there } => {
            events.emit(Fact::TagLeft {
                package: package.clone(),
                version: version.clone(),
                registry: registry.clone(),
                tag: promotion.tag.clone(),
                there: there.clone(),
            })?;
            PromotionOutcome::Left { there }
        }
        TagMove::Move { from } => {
            let change = RegistryChange::SetTag { tag: promotion.tag.clone(), version: version.clone() };
            let seen = from.as_deref().and_then(|from| Version::parse(from).ok());
            match calls.write(candidate, change, seen).await? {
                TagWritten::Done => PromotionOutcome::Moved { from },
                TagWritten::Failed { why } => PromotionOutcome::Failed { why },
                TagWritten::Parked { why } => PromotionOutcome::Parked { why },
                TagWritten::Interrupted => PromotionOutcome::Interrupted,
            }
        }
    })
}

/// Takes the side tag away where it still names the version. Gives why it can't, if it can't.
async fn remove_side_tag<C: TagCalls>(calls: &mut C, candidate: &Candidate) -> Result<Option<String>, C::Stop> {
    match calls.dist_tags(candidate).await {
        Ok(tags) if !candidate.has_side_tag(&tags) => return Ok(None),
        Ok(_) => {}
        Err(why) => return Ok(Some(why)),
    }
    let change = RegistryChange::RemoveTag { tag: candidate.promotion.side_tag.clone() };
    Ok(match calls.write(candidate, change, Some(candidate.version.clone())).await? {
        TagWritten::Done => None,
        TagWritten::Failed { why } | TagWritten::Parked { why } => Some(why),
        TagWritten::Interrupted => Some("the run was interrupted".to_owned()),
    })
}

#[cfg(test)]
mod tests;

//! Moves dist-tags to versions that went out under a side tag, wave by wave, dependencies first, and then takes the side tags
//! away. What no package of the same wave waits for is done at once.
//!
//! Each step reads the dist-tags first and does what is left to do (`promotion.rs` decides), so that a run that was killed
//! anywhere comes to the same end the next time.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, stream};
use relay_registry::{Credential, ReadError, RegistryClient, RegistryUrl};
use relay_workspace::{PackageName, Version};

use crate::event::{Emitter, Fact, NotRecorded};
use crate::promotion::{Candidate, DistTags, TagMove, superseded};
use crate::registry_change::RegistryChange;
use crate::release::record::VersionKey;
use crate::report::{PromotionOutcome, PromotionReport, SideTagLeft};

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

/// One dist-tag that is to be set or removed, where it still names what was seen.
pub(super) struct TagWrite<'a> {
    /// Whose.
    pub(super) of: &'a Candidate,
    /// What is to be so.
    pub(super) change: RegistryChange,
    /// What it names.
    pub(super) seen: Option<Version>,
}

/// What promoting needs of a registry and a person.
pub(super) trait TagCalls {
    /// What stops the whole run.
    type Stop: From<NotRecorded>;
    /// Reads a package's dist-tags, past all caches; why they can't be read, where they can't.
    fn dist_tags(&self, of: &Candidate) -> impl Future<Output = Result<DistTags, String>>;
    /// Carries writes out at once, each of another package. What became of them comes in their order.
    fn write(&mut self, all: Vec<TagWrite<'_>>) -> impl Future<Output = Result<Vec<TagWritten>, Self::Stop>>;
    /// How many requests may be under way at once.
    fn at_once(&self) -> usize;
}

/// The candidates wave by wave: those of a wave wait for none of the same wave, and no package is in one twice, since a registry
/// keeps all dist-tags of a package in one place.
pub(super) fn in_waves(candidates: &[Candidate], waves: &[Vec<PackageName>]) -> Vec<Vec<Candidate>> {
    let places: BTreeMap<&PackageName, usize> =
        waves.iter().zip(0..).flat_map(|(wave, at)| wave.iter().map(move |name| (name, at))).collect();
    let mut by_wave: BTreeMap<Option<usize>, Vec<&Candidate>> = BTreeMap::new();
    for one in candidates {
        by_wave.entry(places.get(&one.name).copied()).or_default().push(one);
    }
    let cloned = |wave: Vec<&Candidate>| wave.into_iter().cloned().collect();
    by_wave.into_values().flat_map(|wave| apart(wave, |one| one)).map(cloned).collect()
}

/// Groups in which no package is twice.
fn apart<T>(all: Vec<T>, of: impl Fn(&T) -> &Candidate) -> Vec<Vec<T>> {
    let mut times: BTreeMap<(RegistryUrl, PackageName), usize> = BTreeMap::new();
    let mut groups: Vec<Vec<T>> = Vec::new();
    for one in all {
        let candidate = of(&one);
        let time = times.entry((candidate.registry.clone(), candidate.name.clone())).or_default();
        match groups.get_mut(*time) {
            Some(group) => group.push(one),
            None => groups.push(vec![one]),
        }
        *time += 1;
    }
    groups
}

/// Promotes the candidates of each wave at once, one wave after the other. What becomes of each is told and reported.
///
/// # Errors
/// What stops the run: an event can't be recorded, or the lock of the remote is lost.
pub(super) async fn promote<C: TagCalls>(
    calls: &mut C,
    waves: &[Vec<Candidate>],
    events: &Emitter,
) -> Result<Vec<PromotionReport>, C::Stop> {
    let all: Vec<Candidate> = waves.iter().flatten().cloned().collect();
    let superseded = superseded(&all);
    let mut reports: Vec<PromotionReport> = Vec::with_capacity(all.len());
    for wave in waves {
        let interrupted = reports.iter().any(|report| report.outcome == PromotionOutcome::Interrupted);
        let outcomes = if interrupted {
            vec![PromotionOutcome::Interrupted; wave.len()]
        } else {
            move_tags(calls, wave, &superseded, events).await?
        };
        reports.extend(wave.iter().zip(outcomes).map(|(candidate, outcome)| report(candidate, outcome)));
    }
    // Side tags go last: as long as they are there, they tell that something is left to do. They go in no order.
    // After an interruption nothing more is sent.
    let mut interrupted = reports.iter().any(|report| report.outcome == PromotionOutcome::Interrupted);
    let settled = all.iter().zip(&mut reports).filter(|(_, report)| report.is_settled()).collect();
    for group in apart(settled, |(candidate, _)| candidate) {
        let of: Vec<&Candidate> = group.iter().map(|(candidate, _)| *candidate).collect();
        let left = if interrupted {
            group.iter().map(|(_, report)| still_there(report)).collect()
        } else {
            remove_side_tags(calls, &of).await?
        };
        interrupted |= left.contains(&Some(SideTagLeft::Interrupted));
        for ((candidate, report), left) in group.into_iter().zip(left) {
            report.side_tag_left = left;
            if report.is_done() {
                let Candidate { registry, name, version, .. } = candidate.clone();
                events.emit(Fact::Promoted { package: name, version, registry })?;
            }
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

/// Reads the dist-tags of all, and moves those that are to be moved.
async fn move_tags<C: TagCalls>(
    calls: &mut C,
    wave: &[Candidate],
    superseded: &BTreeSet<VersionKey>,
    events: &Emitter,
) -> Result<Vec<PromotionOutcome>, C::Stop> {
    let mut outcomes = Vec::with_capacity(wave.len());
    let (mut moved, mut writes) = (Vec::new(), Vec::new());
    for (candidate, tags) in wave.iter().zip(read(calls, wave.iter()).await) {
        let judged = match tags {
            Ok(tags) => judged(candidate, &tags, superseded.contains(&candidate.key()), events)?,
            Err(why) => Judged::Is(PromotionOutcome::Failed { why }),
        };
        match judged {
            Judged::Is(outcome) => outcomes.push(outcome),
            Judged::Moves { from } => {
                let change =
                    RegistryChange::SetTag { tag: candidate.promotion.tag.clone(), version: candidate.version.clone() };
                let seen = from.as_deref().and_then(|from| Version::parse(from).ok());
                moved.push((outcomes.len(), from));
                writes.push(TagWrite { of: candidate, change, seen });
                // Until it is told otherwise.
                outcomes.push(PromotionOutcome::Interrupted);
            }
        }
    }
    for ((at, from), written) in moved.into_iter().zip(calls.write(writes).await?) {
        let outcome = match written {
            TagWritten::Done => PromotionOutcome::Moved { from },
            TagWritten::Failed { why } => PromotionOutcome::Failed { why },
            TagWritten::Parked { why } => PromotionOutcome::Parked { why },
            TagWritten::Interrupted => PromotionOutcome::Interrupted,
        };
        if let Some(place) = outcomes.get_mut(at) {
            *place = outcome;
        }
    }
    Ok(outcomes)
}

/// The dist-tags of several packages, read at once, in their order.
async fn read<'c, C: TagCalls>(calls: &C, of: impl Iterator<Item = &'c Candidate>) -> Vec<Result<DistTags, String>> {
    stream::iter(of).map(|one| calls.dist_tags(one)).buffered(calls.at_once().max(1)).collect().await
}

/// What becomes of a dist-tag.
enum Judged {
    Is(PromotionOutcome),
    Moves { from: Option<String> },
}

fn judged(candidate: &Candidate, tags: &DistTags, superseded: bool, events: &Emitter) -> Result<Judged, NotRecorded> {
    Ok(Judged::Is(match candidate.judge(tags, superseded) {
        TagMove::There => PromotionOutcome::There,
        TagMove::Superseded => PromotionOutcome::Superseded,
        TagMove::Settled { there } => PromotionOutcome::Settled { there },
        TagMove::Higher { there } => {
            let Candidate { registry, name: package, version, promotion, .. } = candidate.clone();
            events.emit(Fact::TagLeft { package, version, registry, tag: promotion.tag, there: there.clone() })?;
            PromotionOutcome::Left { there }
        }
        TagMove::Move { from } => return Ok(Judged::Moves { from }),
    }))
}

/// Takes the side tags away where they still name the versions. Gives why one can't go, for each that can't.
async fn remove_side_tags<C: TagCalls>(calls: &mut C, of: &[&Candidate]) -> Result<Vec<Option<SideTagLeft>>, C::Stop> {
    let mut left = Vec::with_capacity(of.len());
    let (mut removed, mut writes) = (Vec::new(), Vec::new());
    for (candidate, tags) in of.iter().zip(read(calls, of.iter().copied()).await) {
        if tags.as_ref().is_ok_and(|tags| candidate.has_side_tag(tags)) {
            let change = RegistryChange::RemoveTag { tag: candidate.promotion.side_tag.clone() };
            removed.push(left.len());
            writes.push(TagWrite { of: candidate, change, seen: Some(candidate.version.clone()) });
        }
        left.push(tags.err().map(|why| SideTagLeft::Unremoved { why }));
    }
    for (at, written) in removed.into_iter().zip(calls.write(writes).await?) {
        let why = match written {
            TagWritten::Done => None,
            TagWritten::Failed { why } | TagWritten::Parked { why } => Some(SideTagLeft::Unremoved { why }),
            TagWritten::Interrupted => Some(SideTagLeft::Interrupted),
        };
        if let Some(place) = left.get_mut(at) {
            *place = why;
        }
    }
    Ok(left)
}

/// What is said of the side tag of a version when the run was interrupted before it was looked at.
fn still_there(report: &PromotionReport) -> Option<SideTagLeft> {
    let has_gone = matches!(report.outcome, PromotionOutcome::Settled { .. });
    (!has_gone).then_some(SideTagLeft::Interrupted)
}

#[cfg(test)]
mod tests;

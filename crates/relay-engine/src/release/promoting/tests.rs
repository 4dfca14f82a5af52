//! Promotions against a registry in memory, stopped at each write and gone on with.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use jiff::Timestamp;
use relay_values::DistTag;

use super::*;
use crate::event::Clock;
use crate::promotion::RecordedPromotion;
use crate::report::{Ending, RunReport};

struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
}

/// A registry that keeps dist-tags, and answers some writes otherwise than by taking them.
#[derive(Default)]
struct Registry {
    tags: BTreeMap<PackageName, DistTags>,
    /// What was written, in order.
    written: Vec<String>,
    /// Answers by the number of the write, from 0; whether the write is kept all the same.
    answers: BTreeMap<usize, (TagWritten, bool)>,
    /// The run is killed before this write.
    dies_at: Option<usize>,
    sent: usize,
    /// How many writes were asked for at once each time.
    rounds: Vec<usize>,
    reading: AtomicUsize,
    read_at_most: AtomicUsize,
}

#[derive(Debug, PartialEq, Eq)]
struct Killed;

impl From<NotRecorded> for Killed {
    fn from(_: NotRecorded) -> Self {
        Self
    }
}

impl TagCalls for Registry {
    type Stop = Killed;

    async fn dist_tags(&self, of: &Candidate) -> Result<DistTags, String> {
        let under_way = self.reading.fetch_add(1, SeqCst) + 1;
        self.read_at_most.fetch_max(under_way, SeqCst);
        tokio::task::yield_now().await;
        self.reading.fetch_sub(1, SeqCst);
        Ok(self.tags.get(&of.name).cloned().unwrap_or_default())
    }

    async fn write(&mut self, all: Vec<TagWrite<'_>>) -> Result<Vec<TagWritten>, Killed> {
        let of: BTreeSet<&PackageName> = all.iter().map(|write| &write.of.name).collect();
        assert_eq!(of.len(), all.len(), "no package twice at once");
        let mut answers = Vec::new();
        for write in all {
            answers.push(self.take(write)?);
        }
        self.rounds.push(answers.len());
        Ok(answers)
    }

    fn at_once(&self) -> usize {
        AT_ONCE
    }
}

/// How much is read at once in these tests.
const AT_ONCE: usize = 2;

impl Registry {
    fn take(&mut self, TagWrite { of, change, seen }: TagWrite<'_>) -> Result<TagWritten, Killed> {
        assert!(seen.is_some(), "all tags of these tests name a version");
        if self.dies_at == Some(self.sent) {
            return Err(Killed);
        }
        let (answer, kept) = self.answers.get(&self.sent).cloned().unwrap_or((TagWritten::Done, true));
        self.sent += 1;
        if kept {
            self.written.push(format!("{} ({change})", of.name));
            let tags = self.tags.entry(of.name.clone()).or_default();
            match change {
                RegistryChange::SetTag { tag, version } => drop(tags.insert(tag.to_string(), version.to_string())),
                RegistryChange::RemoveTag { tag } => drop(tags.remove(tag.as_str())),
                other => panic!("{other} is no tag"),
            }
        }
        Ok(answer)
    }
}

fn name(text: &str) -> PackageName {
    PackageName::parse(text).unwrap()
}

fn candidates(sent_now: bool) -> Vec<Candidate> {
    ["core", "middle", "top"]
        .into_iter()
        .map(|text| Candidate {
            registry: "http://registry.example/".parse().unwrap(),
            name: name(text),
            version: Version::new(1, 1, 0),
            promotion: RecordedPromotion {
                tag: DistTag::latest(),
                side_tag: DistTag::parse("relay-1").unwrap(),
                from: Some(Version::new(1, 0, 0)),
                done: false,
            },
            sent_now,
        })
        .collect()
}

/// A registry in which all are out under the side tag.
fn registry() -> Registry {
    let tags = [("latest", "1.0.0"), ("relay-1", "1.1.0")].map(|(tag, version)| (tag.to_owned(), version.to_owned()));
    let of = |one: Candidate| (one.name, tags.clone().into());
    Registry { tags: candidates(true).into_iter().map(of).collect(), ..Registry::default() }
}

async fn run(registry: &mut Registry, sent_now: bool) -> Result<Vec<PromotionReport>, Killed> {
    run_in(registry, &chain(), sent_now).await
}

/// `middle` waits for `core`, and `top` for `middle`.
fn chain() -> Vec<Vec<PackageName>> {
    ["core", "middle", "top"].map(|text| vec![name(text)]).into()
}

async fn run_in(
    registry: &mut Registry,
    waves: &[Vec<PackageName>],
    sent_now: bool,
) -> Result<Vec<PromotionReport>, Killed> {
    let waves = in_waves(&candidates(sent_now), waves);
    promote(registry, &waves, &Emitter::new(Arc::new(StoppedClock))).await
}

fn outcomes(reports: &[PromotionReport]) -> Vec<PromotionOutcome> {
    reports.iter().map(|report| report.outcome.clone()).collect()
}

fn moved() -> PromotionOutcome {
    PromotionOutcome::Moved { from: Some("1.0.0".to_owned()) }
}

#[tokio::test]
async fn tags_move_dependencies_first_and_side_tags_go_last() {
    let mut registry = registry();
    let reports = run(&mut registry, true).await.unwrap();
    assert_eq!(outcomes(&reports), [moved(), moved(), moved()]);
    assert!(reports.iter().all(PromotionReport::is_done));
    let expected = [
        "core (let `latest` name 1.1.0)",
        "middle (let `latest` name 1.1.0)",
        "top (let `latest` name 1.1.0)",
        "core (remove the dist-tag `relay-1`)",
        "middle (remove the dist-tag `relay-1`)",
        "top (remove the dist-tag `relay-1`)",
    ];
    assert_eq!(registry.written, expected);
    let end = DistTags::from([("latest".to_owned(), "1.1.0".to_owned())]);
    assert!(registry.tags.values().all(|tags| *tags == end), "as a release without side tags leaves them");
}

#[tokio::test]
async fn a_wave_moves_at_once_and_what_waits_for_it_only_afterwards() {
    let waves = [vec![name("core")], vec![name("middle"), name("top")]];
    let mut registry = registry();
    let reports = run_in(&mut registry, &waves, true).await.unwrap();
    assert_eq!(outcomes(&reports), [moved(), moved(), moved()]);
    assert_eq!(registry.rounds, [1, 2, 3], "the first wave, the second one, and all side tags");
    assert_eq!(registry.read_at_most.into_inner(), AT_ONCE, "as many as allowed");

    let stop = TagWritten::Interrupted;
    let mut stopped = Registry { answers: BTreeMap::from([(0, (stop, false))]), ..self::registry() };
    let reports = run_in(&mut stopped, &waves, true).await.unwrap();
    assert_eq!(outcomes(&reports), vec![PromotionOutcome::Interrupted; 3]);
    assert_eq!(stopped.sent, 1, "nothing of the second wave is sent");
}

#[test]
fn two_versions_of_a_package_never_move_at_once_and_an_unknown_package_moves_first() {
    let mut all = candidates(false);
    let mut other = all[2].clone();
    other.version = Version::new(2, 0, 0);
    all.push(other);
    let waves = in_waves(&all, &[vec![name("core"), name("top")]]);
    let seen: Vec<Vec<String>> =
        waves.iter().map(|wave| wave.iter().map(|one| format!("{}@{}", one.name, one.version)).collect()).collect();
    assert_eq!(seen, [vec!["middle@1.1.0"], vec!["core@1.1.0", "top@1.1.0"], vec!["top@2.0.0"]]);
}

#[tokio::test]
async fn a_run_that_is_killed_before_any_write_is_finished_by_the_next() {
    let mut undisturbed = registry();
    run(&mut undisturbed, true).await.unwrap();
    for dies_at in 0..6 {
        let mut registry = Registry { dies_at: Some(dies_at), ..registry() };
        assert_eq!(run(&mut registry, true).await, Err(Killed));
        registry.dies_at = None;
        let reports = run(&mut registry, false).await.unwrap();
        assert!(reports.iter().all(PromotionReport::is_done), "{dies_at}: {reports:?}");
        assert_eq!(registry.tags, undisturbed.tags, "{dies_at}");
        assert_eq!(registry.written, undisturbed.written, "{dies_at}: each once, in order");
        let again = run(&mut registry, false).await.unwrap();
        assert_eq!(registry.sent, 6, "then nothing is left to do");
        assert!(again.iter().all(PromotionReport::is_done));
    }
}

#[tokio::test]
async fn what_somebody_published_meanwhile_is_left_alone_and_loses_only_its_side_tag() {
    let mut registry = registry();
    registry.tags.get_mut(&name("middle")).unwrap().insert("latest".to_owned(), "2.0.0".to_owned());
    let reports = run(&mut registry, true).await.unwrap();
    assert_eq!(outcomes(&reports), [moved(), PromotionOutcome::Left { there: Version::new(2, 0, 0) }, moved()]);
    assert!(reports.iter().all(PromotionReport::is_done));
    assert_eq!(registry.tags[&name("middle")], DistTags::from([("latest".to_owned(), "2.0.0".to_owned())]));
}

#[tokio::test]
async fn a_refusal_stops_its_package_and_an_interruption_all_that_come_after() {
    let no = TagWritten::Failed { why: "no".to_owned() };
    let mut refusing = Registry { answers: BTreeMap::from([(1, (no, false))]), ..registry() };
    let reports = run(&mut refusing, true).await.unwrap();
    assert_eq!(outcomes(&reports), [moved(), PromotionOutcome::Failed { why: "no".to_owned() }, moved()]);
    assert_eq!(unpromoted(&reports).into_iter().map(|(name, _)| name).collect::<Vec<_>>(), [name("middle")]);

    let stop = TagWritten::Interrupted;
    let mut stopped = Registry { answers: BTreeMap::from([(1, (stop, false))]), ..registry() };
    let reports = run(&mut stopped, true).await.unwrap();
    assert_eq!(outcomes(&reports), [moved(), PromotionOutcome::Interrupted, PromotionOutcome::Interrupted]);
    assert_eq!(stopped.sent, 2, "nothing more is sent, not even to take a side tag away");
    assert_eq!(reports[0].side_tag_left, Some(SideTagLeft::Interrupted));
}

#[tokio::test]
async fn an_interruption_while_side_tags_go_ends_the_run_as_interrupted() {
    let stop = TagWritten::Interrupted;
    let mut registry = Registry { answers: BTreeMap::from([(4, (stop, false))]), ..registry() };
    let reports = run(&mut registry, true).await.unwrap();
    let left: Vec<_> = reports.iter().map(|report| report.side_tag_left.clone()).collect();
    assert_eq!(left, [None, Some(SideTagLeft::Interrupted), None]);
    let report = RunReport { promotion: reports, ..RunReport::new() };
    assert_eq!(report.ending(), Ending::Interrupted);
    let reports = run(&mut registry, false).await.unwrap();
    assert!(reports.iter().all(PromotionReport::is_done), "{reports:?}");
}

#[tokio::test]
async fn a_side_tag_that_can_t_go_is_told_and_tried_by_the_next_run() {
    let no = TagWritten::Failed { why: "no".to_owned() };
    let mut registry = Registry { answers: BTreeMap::from([(4, (no, false))]), ..registry() };
    let reports = run(&mut registry, true).await.unwrap();
    assert_eq!(reports[1].side_tag_left, Some(SideTagLeft::Unremoved { why: "no".to_owned() }));
    assert!(reports[1].is_settled() && !reports[1].is_done());
    let reports = run(&mut registry, false).await.unwrap();
    assert_eq!(outcomes(&reports)[1], PromotionOutcome::There);
    assert!(reports.iter().all(PromotionReport::is_done));
}

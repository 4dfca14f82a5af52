//! One walk over the history for all packages: from the head to their last releases.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use git2::{Odb, Oid};

use super::area::{Area, Areas};
use super::commit_graph::CommitGraph;
use super::commit_object::{self, CommitObject};
use super::grafts::Grafts;
use super::manifest::{Got, Versions};
use super::moves::Trail;
use super::tree_store::{Objects, TreeStore};
use super::tree_workers::{Answer, JOB_COMMITS, Question, SharedReads, TreeWorkers, Versioned, Wanted};
use super::walk::Walk;
use super::{Commit, History, HistoryQuery, PackageHistory};
use crate::error::GitError;
use crate::packs::Packs;

/// What is asked, and where it is read.
pub(super) struct Search<'a> {
    pub(super) git_dir: &'a Path,
    pub(super) head: Oid,
    pub(super) packs: &'a Packs,
    pub(super) odb: &'a Odb<'a>,
    pub(super) queries: &'a [HistoryQuery],
    /// For each query the commit and the name of its tag.
    pub(super) tagged: &'a [Option<(Oid, String)>],
    /// Where a shallow clone ends.
    pub(super) cuts: &'a HashSet<Oid>,
    pub(super) grafts: &'a Grafts,
    /// The object store whose commit-graph file may be used.
    pub(super) commit_graph: Option<&'a Path>,
}

/// What one walk found.
pub(super) struct Found {
    pub(super) history: History,
    /// One for each query.
    pub(super) bases: Vec<Option<FoundBase>>,
    /// For each query: one of its commits may have moved the package.
    pub(super) wide: Vec<bool>,
}

/// Where a package's last release was found.
#[derive(Debug, Clone)]
pub(super) struct FoundBase {
    pub(super) commit: Oid,
    /// Without a tag: how the manifest got its version there.
    pub(super) got: Option<Got>,
}

/// The versions whose commits are looked for.
struct Sought {
    /// By area.
    wanted: Vec<Vec<Wanted>>,
    /// For each query without a tag the key of its version, and the version.
    of_query: Vec<Option<(usize, String)>>,
    count: usize,
}

impl<'a> Search<'a> {
    /// Walks once. The trails tell where packages were before their folders were moved.
    pub(super) fn run(&self, trails: &[Trail]) -> Result<Found, GitError> {
        let Self { queries, tagged, .. } = *self;
        let eras = trails.iter().flat_map(|trail| trail.eras.as_slice());
        let paths = queries.iter().map(|query| query.path.as_str()).chain(eras.map(|era| era.folder.as_str()));
        let (areas, all) = Areas::new(paths);
        let (area_of, mut rest) = all.split_at_checked(queries.len()).unwrap_or((all.as_slice(), &[]));
        let era_areas: Vec<&[Area]> = trails
            .iter()
            .map(|trail| {
                let (own, later) = rest.split_at_checked(trail.eras.len()).unwrap_or((rest, &[]));
                rest = later;
                own
            })
            .collect();
        let sought = self.sought(&areas, area_of, trails, &era_areas)?;

        let tags: HashSet<Oid> = tagged.iter().flatten().map(|(commit, _)| *commit).collect();
        let moves = trails.iter().map(|trail| trail.eras.len()).sum::<usize>();
        let mut walk =
            Walk::new(self.objects(), self.head, (self.cuts, self.grafts), tags.len() + sought.count + 2 * moves)?;
        walk.use_graph(self.commit_graph.and_then(CommitGraph::open));
        let mut marks: HashMap<Oid, usize> = HashMap::new();
        for (commit, _) in tagged.iter().flatten() {
            if !marks.contains_key(commit) {
                marks.insert(*commit, walk.add_base(*commit)?);
            }
        }
        // Before each move: what is reachable from the parents of the commit that made it.
        let mut before: Vec<Vec<usize>> = Vec::with_capacity(trails.len());
        // And up to it: what the folder was to the package around it only after that.
        let mut left: Vec<Vec<usize>> = Vec::with_capacity(trails.len());
        for trail in trails {
            before.push(trail.eras.iter().map(|era| walk.add_mark(&era.parents)).collect::<Result<_, _>>()?);
            left.push(trail.eras.iter().map(|era| walk.add_mark(&[era.commit])).collect::<Result<_, _>>()?);
        }

        let without_base = |index: usize| {
            tagged.get(index).is_some_and(Option::is_none) && sought.of_query.get(index).is_none_or(Option::is_none)
        };
        let open_forever = (0..queries.len()).any(without_base);
        let ground = SharedReads { git_dir: self.git_dir, packs: self.packs, areas: &areas, wanted: &sought.wanted };
        let mut run = Run { open_forever, unfound: sought.count, touched: Vec::new(), found: HashMap::new() };
        run.all(&mut walk, &ground, self.odb)?;

        let found_of = |index: usize| run.found.get(&sought.of_query.get(index)?.as_ref()?.0);
        let base_of = |index: usize| -> Option<(FoundBase, Option<usize>)> {
            if let Some(Some((commit, _))) = tagged.get(index) {
                return Some((FoundBase { commit: *commit, got: None }, marks.get(commit).copied()));
            }
            let Base { commit, mark, got } = found_of(index)?;
            Some((FoundBase { commit: *commit, got: Some(got.clone()) }, Some(*mark)))
        };
        let mark_of = |index: usize| base_of(index).and_then(|(_, mark)| mark);
        let bases: Vec<Option<FoundBase>> =
            (0..queries.len()).map(|index| base_of(index).map(|(base, _)| base)).collect();

        let mut claims_on: Vec<Vec<Claim>> = vec![Vec::new(); areas.len()];
        let mut claim = |area: Option<&Area>, claim: Claim| {
            if let Some(list) = area.and_then(|area| claims_on.get_mut(*area)) {
                list.push(claim);
            }
        };
        for query in 0..queries.len() {
            let base = mark_of(query);
            let moved = before.get(query).map_or(&[][..], Vec::as_slice);
            claim(area_of.get(query), Claim { query, base, within: None, outside: moved.first().copied() });
            let eras = trails.get(query).map_or(&[][..], |trail| trail.eras.as_slice()).iter().zip(moved).enumerate();
            for (number, (era, mark)) in eras {
                let area = era_areas.get(query).and_then(|areas| areas.get(number));
                let outside = moved.get(number + 1).copied();
                claim(area, Claim { query, base, within: era.shared.then_some(*mark), outside });
                if let Some(around) = era.inside {
                    let outside = left.get(query).and_then(|marks| marks.get(number)).copied();
                    claim(area, Claim { query: around, base: mark_of(around), within: None, outside });
                }
            }
        }

        let cuts = walk.cuts_passed();
        let packages = queries.iter().zip(&bases).enumerate().map(|(index, (query, base))| PackageHistory {
            name: query.name.clone(),
            base: base.as_ref().map(|base| super::Base {
                commit: base.commit.to_string(),
                tag: tagged.get(index).and_then(Option::as_ref).map(|(_, tag)| tag.clone()),
            }),
            commits: Vec::new(),
            // A tag of the version on disk says that the version is out.
            uncommitted_bump: base.as_ref().is_none_or(|base| base.got.is_some())
                && sought
                    .of_query
                    .get(index)
                    .and_then(Option::as_ref)
                    .map(|(_, version)| version)
                    .is_some_and(|version| Some(version) != query.version.as_ref()),
            cut_off: cuts.iter().any(|place| walk.counts(*place, mark_of(index))),
        });
        let history = History { commits: Vec::new(), packages: packages.collect(), walked: walk.order.len() };
        let mut found = Found { history, bases, wide: vec![false; queries.len()] };
        collect(&mut found, &mut walk, &run.touched, &claims_on)?;
        Ok(found)
    }

    pub(super) fn objects(&self) -> Objects<'a> {
        Objects::new(self.packs, self.odb)
    }

    /// A commit as it counts.
    pub(super) fn commit(&self, objects: &mut Objects<'_>, id: Oid) -> Result<CommitObject, GitError> {
        self.grafts.read_commit(id, |id| {
            let object = objects.read(id, "read a commit")?;
            let commit = commit_object::parse(&object.data);
            commit.ok_or_else(|| GitError::BrokenObject { id: id.to_string(), reason: "it should be a commit" })
        })
    }

    /// For each package without a tag the version whose commit is wanted, where the package was at first.
    fn sought(
        &self,
        areas: &Areas,
        area_of: &[Area],
        trails: &[Trail],
        era_areas: &[&[Area]],
    ) -> Result<Sought, GitError> {
        let mut wanted: Vec<Vec<Wanted>> = (0..areas.len()).map(|_| Vec::new()).collect();
        let mut of_query = Vec::with_capacity(self.queries.len());
        let mut count = 0;
        let mut versions = Versions::default();
        let mut objects = self.objects();
        let head = self.commit(&mut objects, self.head)?;
        let mut store = TreeStore::new(objects);
        for (index, (query, area)) in self.queries.iter().zip(area_of).enumerate() {
            if self.tagged.get(index).is_some_and(Option::is_some) || query.version.is_none() {
                of_query.push(None);
                continue;
            }
            // The version on disk may be a bump that isn't committed; then the last release is that of the head's version.
            let Some(version) = versions.at(&mut store, head.tree, areas.path(*area))? else {
                of_query.push(None);
                continue;
            };
            let eras = trails.get(index).map_or(&[][..], |trail| trail.eras.as_slice());
            // Where other packages had the folder too, the name tells whose manifest it was.
            let name = eras.last().filter(|era| era.shared).map(|_| query.name.clone());
            let at_first = era_areas.get(index).and_then(|areas| areas.last()).unwrap_or(area);
            let Some(list) = wanted.get_mut(*at_first) else { continue };
            let known = list.iter().find(|wanted| wanted.version == version && wanted.name == name);
            let key = known.map_or(count, |wanted| wanted.key);
            if key == count {
                list.push(Wanted { key, version: version.clone(), name, found: AtomicBool::new(false) });
                count += 1;
            }
            of_query.push(Some((key, version)));
        }
        Ok(Sought { wanted, of_query, count })
    }
}

/// What a walk gathers.
struct Run {
    /// Some package has no base at all, so the walk goes on to the first commit.
    open_forever: bool,
    /// So many packages' versions are still looked for.
    unfound: usize,
    /// The commits that touch any package.
    touched: Vec<Touched>,
    /// Per version that was found, by its key: the commit, its mark, and whether the package is new in its folder there.
    found: HashMap<usize, Base>,
}

/// A commit that touches packages.
struct Touched {
    place: usize,
    areas: Vec<Area>,
    wide: bool,
}

/// A commit in which a manifest got its version.
#[derive(Debug, Clone)]
struct Base {
    commit: Oid,
    mark: usize,
    got: Got,
}

impl Run {
    fn all<'r>(&mut self, walk: &mut Walk<'r>, ground: &SharedReads<'_>, odb: &'r Odb<'r>) -> Result<(), GitError> {
        std::thread::scope(|scope| {
            let mut tree_workers = TreeWorkers::new(scope, ground, odb);
            let mut job = Vec::new();
            walk.set_open_end(self.open_forever || self.unfound > 0);
            while let Some(place) = walk.pass_next()? {
                ask(walk, &mut job, place);
                if job.len() == JOB_COMMITS {
                    tree_workers.ask(std::mem::take(&mut job));
                    // Without a version to look for, nothing of the walk depends on the answers.
                    let in_flight = if self.unfound > 0 { tree_workers.comfortable() } else { usize::MAX };
                    self.absorb(walk, &mut tree_workers, ground, in_flight)?;
                }
            }
            tree_workers.ask(std::mem::take(&mut job));
            self.absorb(walk, &mut tree_workers, ground, 0)?;
            // A mark that came late, because a clock was wrong, may have made a passed commit count.
            for place in walk.order.clone() {
                ask(walk, &mut job, place);
            }
            if !job.is_empty() {
                tree_workers.ask(job);
                self.absorb(walk, &mut tree_workers, ground, 0)?;
            }
            Ok(())
        })
    }

    fn absorb(
        &mut self,
        walk: &mut Walk<'_>,
        tree_workers: &mut TreeWorkers<'_, '_, '_>,
        ground: &SharedReads<'_>,
        in_flight: usize,
    ) -> Result<(), GitError> {
        while let Some(answers) = tree_workers.take(in_flight) {
            for answer in answers? {
                self.note(walk, ground, answer)?;
            }
            walk.set_open_end(self.open_forever || self.unfound > 0);
        }
        Ok(())
    }

    fn note(&mut self, walk: &mut Walk<'_>, ground: &SharedReads<'_>, answer: Answer) -> Result<(), GitError> {
        for Versioned { key, area, got } in answer.versioned {
            if self.found.contains_key(&key) {
                continue;
            }
            let Some(commit) = walk.visits.get(answer.place).map(|visit| visit.id) else { continue };
            let mark = walk.add_base(commit)?;
            self.found.insert(key, Base { commit, mark, got });
            self.unfound = self.unfound.saturating_sub(1);
            let wanted = ground.wanted.get(area).and_then(|list| list.iter().find(|wanted| wanted.key == key));
            if let Some(wanted) = wanted {
                wanted.found.store(true, Ordering::Relaxed);
            }
        }
        if !answer.touched.is_empty() {
            self.touched.push(Touched { place: answer.place, areas: answer.touched, wide: answer.wide });
        }
        Ok(())
    }
}

/// Adds a commit to the job when its changes may count and were not asked for.
fn ask(walk: &mut Walk<'_>, job: &mut Vec<Question>, place: usize) {
    if !walk.is_needed(place) {
        return;
    }
    let Some((tree, parents)) = walk.trees(place) else { return };
    if let Some(visit) = walk.visits.get_mut(place).filter(|visit| !visit.asked) {
        visit.asked = true;
        job.push(Question { place, tree, parents });
    }
}

/// For which commits a folder counts for a package.
#[derive(Debug, Clone, Copy)]
struct Claim {
    query: usize,
    base: Option<usize>,
    /// Only before the commit that moved the package out of the folder.
    within: Option<usize>,
    /// Not before the commit that moved the package into the folder.
    outside: Option<usize>,
}

impl Claim {
    fn holds(&self, walk: &Walk<'_>, place: usize) -> bool {
        walk.counts(place, self.base)
            && self.within.is_none_or(|mark| walk.has_mark(place, mark))
            && self.outside.is_none_or(|mark| !walk.has_mark(place, mark))
    }
}

/// Puts the commits that count into the history, in the order of the walk.
fn collect(
    found: &mut Found,
    walk: &mut Walk<'_>,
    touched: &[Touched],
    claims_on: &[Vec<Claim>],
) -> Result<(), GitError> {
    let mut by_place: Vec<Option<&Touched>> = vec![None; walk.visits.len()];
    for touched in touched {
        if let Some(slot) = by_place.get_mut(touched.place) {
            *slot = Some(touched);
        }
    }
    let history = &mut found.history;
    for place in walk.children_first() {
        let Some(Some(Touched { areas, wide, .. })) = by_place.get(place) else { continue };
        let mut index = None;
        for claim in areas.iter().filter_map(|area| claims_on.get(*area)).flatten() {
            if !claim.holds(walk, place) {
                continue;
            }
            let index = if let Some(index) = index {
                index
            } else {
                let Some(visit) = walk.visits.get(place) else { continue };
                let id = visit.id;
                let (message, time_seconds) = walk.message(id)?;
                history.commits.push(Commit { id: id.to_string(), message, time_seconds });
                *index.insert(history.commits.len() - 1)
            };
            // A commit may touch both the folder of now and that of before.
            if let Some(package) = history.packages.get_mut(claim.query).filter(|p| p.commits.last() != Some(&index)) {
                package.commits.push(index);
            }
            if let Some(slot) = found.wide.get_mut(claim.query) {
                *slot |= *wide;
            }
        }
    }
    Ok(())
}

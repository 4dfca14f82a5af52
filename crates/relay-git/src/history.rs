//! Which commits changed which package since its last release: one walk over the history for all packages, by comparing the
//! ids of trees.
//!
//! - `walk`: the commits, newest first, and what they are ancestors of (`paint`: sets of marks)
//! - `tree_workers`: compares trees on several threads; `touch`: which packages a commit changes (`area`, `tree`,
//!   `tree_store`)
//! - `manifest`: in which commit a manifest got its version
//!
//! The commits themselves come from the commit-graph file where there is one (`commit_graph`), else from the objects
//! (`commit_object`). Replacement refs and grafts are not looked at.

mod area;
mod commit_graph;
mod commit_object;
mod manifest;
mod mark_sets;
mod touch;
mod tree;
mod tree_store;
mod tree_workers;
mod walk;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};

use git2::{Odb, Oid};

use self::area::{Area, Areas};
use self::commit_graph::CommitGraph;
use self::manifest::Versions;
use self::tree_store::{Objects, TreeStore};
use self::tree_workers::{Answer, JOB_COMMITS, Question, SharedReads, TreeWorkers, Wanted};
use self::walk::Walk;
use crate::error::GitError;
use crate::packs::Packs;
use crate::repository::Repository;

/// Messages are cut here; changelogs need the first paragraphs and the footers.
pub(super) const MESSAGE_BYTES_MAX: usize = 64 << 10;

/// A package whose history is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryQuery {
    /// The package's name, handed through.
    pub name: String,
    /// The package's folder, relative to the repository, with `/`; empty for the repository's root.
    pub path: String,
    /// The version in the manifest on disk, if it has one.
    pub version: Option<String>,
    /// Names of tags that the present version may have, best first: `["@a/x@1.2.0", "v1.2.0"]`.
    pub tags: Vec<String>,
}

/// A commit that counts for some package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The full id.
    pub id: String,
    /// The whole message, without blank lines around it, at most 64 kB of it.
    pub message: String,
    /// The committer's time, in seconds since 1970.
    pub time_seconds: i64,
}

/// Where a package's last release is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// The commit.
    pub commit: String,
    /// The tag that names it; `None` when it is the commit in which the manifest got its version.
    pub tag: Option<String>,
}

/// The commits of one package since its last release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageHistory {
    /// The package's name, as in the query.
    pub name: String,
    /// Its last release; `None` when none was found, so that all commits count.
    pub base: Option<Base>,
    /// Indices into [`History::commits`], newest first.
    pub commits: Vec<usize>,
    /// The version on disk is another than that in the head commit, and has no tag: somebody has bumped it and not committed
    /// that yet.
    pub uncommitted_bump: bool,
    /// The clone's history is cut off (`git clone --depth`, a graft) before the package's last release: there may be commits
    /// since then that the clone lacks, and a base that it doesn't show.
    pub cut_off: bool,
}

/// The commits of all packages since their last releases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// Each commit that counts for some package, children before parents, otherwise by time, newest first.
    pub commits: Vec<Commit>,
    /// One for each query, in the same order.
    pub packages: Vec<PackageHistory>,
    /// How many commits were walked.
    pub walked: usize,
}

impl Repository {
    /// Finds the commits of each package since its last release, in one walk.
    ///
    /// The base of a package is the commit of the first of its `tags` that exists; else the commit in which its
    /// `package.json` got the version that it has in the head commit. A commit counts for a package when it is reachable from
    /// the head and not from the base, and the package's folder in it differs from that of every parent. What lies in the
    /// folder of a package inside the package's folder counts for the inner one only.
    pub fn history(&self, queries: &[HistoryQuery]) -> Result<History, GitError> {
        let head = self.head_id()?;
        let odb = self.git.odb().map_err(GitError::doing("open the object store"))?;
        let (areas, area_of) = Areas::new(queries.iter().map(|query| query.path.as_str()));
        let tagged = self.tagged_bases(queries)?;
        let store = self.git.commondir().join("objects");
        let packs = Packs::open(&store);
        let objects = || Objects::new(&packs, &odb);
        let wanted = wanted_versions(objects(), head, queries, &tagged, (&areas, &area_of))?;

        let tags: HashSet<Oid> = tagged.iter().flatten().map(|(commit, _)| *commit).collect();
        let untagged = wanted.iter().flatten().count();
        let mut walk = Walk::new(objects(), head, self.cuts()?, tags.len() + untagged)?;
        if self.git.config().and_then(|config| config.get_bool("core.commitGraph")).unwrap_or(true) {
            walk.use_graph(CommitGraph::open(&store));
        }
        let mut marks: HashMap<Oid, usize> = HashMap::new();
        for (commit, _) in tagged.iter().flatten() {
            if !marks.contains_key(commit) {
                marks.insert(*commit, walk.add_base(*commit)?);
            }
        }

        let without_base = |index: usize, area: &Area| {
            tagged.get(index).is_some_and(Option::is_none) && wanted.get(*area).is_some_and(Option::is_none)
        };
        let open_forever = area_of.iter().enumerate().any(|(index, area)| without_base(index, area));
        let ground = SharedReads { git_dir: self.git.path(), packs: &packs, areas: &areas, wanted: &wanted };
        let mut run = Run { open_forever, unfound: untagged, touched: Vec::new(), found: HashMap::new() };
        run.all(&mut walk, &ground, &odb)?;

        let bases: Vec<Option<(Oid, Option<String>)>> = tagged
            .into_iter()
            .zip(&area_of)
            .map(|(tagged, area)| match tagged {
                Some((commit, tag)) => Some((commit, Some(tag))),
                None => run.found.get(area).map(|(commit, _)| (*commit, None)),
            })
            .collect();
        let mark_of = |index: usize| -> Option<usize> {
            match bases.get(index)? {
                Some((commit, Some(_))) => marks.get(commit).copied(),
                Some((_, None)) => run.found.get(area_of.get(index)?).map(|(_, mark)| *mark),
                None => None,
            }
        };
        let mut queries_of: Vec<Vec<(usize, Option<usize>)>> = vec![Vec::new(); areas.len()];
        for (index, area) in area_of.iter().enumerate() {
            if let Some(list) = queries_of.get_mut(*area) {
                list.push((index, mark_of(index)));
            }
        }
        let in_head = |area: Area| wanted.get(area).and_then(Option::as_ref).map(|wanted| &wanted.version);
        let packages = queries.iter().zip(&bases).zip(&area_of).map(|((query, base), area)| PackageHistory {
            name: query.name.clone(),
            base: base.as_ref().map(|(commit, tag)| Base { commit: commit.to_string(), tag: tag.clone() }),
            commits: Vec::new(),
            // A tag of the version on disk says that the version is out.
            uncommitted_bump: base.as_ref().is_none_or(|(_, tag)| tag.is_none())
                && in_head(*area).is_some_and(|version| Some(version) != query.version.as_ref()),
            cut_off: false,
        });
        let mut history = History { commits: Vec::new(), packages: packages.collect(), walked: walk.order.len() };
        let cuts = walk.cuts_passed();
        for (index, package) in history.packages.iter_mut().enumerate() {
            package.cut_off = cuts.iter().any(|place| walk.counts(*place, mark_of(index)));
        }
        collect(history, &mut walk, &run.touched, &queries_of)
    }

    /// The commits at which a shallow clone ends.
    fn cuts(&self) -> Result<HashSet<Oid>, GitError> {
        if !self.git.is_shallow() {
            return Ok(HashSet::new());
        }
        let path = self.git.commondir().join("shallow");
        let text = std::fs::read_to_string(&path).map_err(|source| GitError::Disk {
            doing: "read where the shallow clone ends",
            path: path.to_string_lossy().into_owned().into(),
            source,
        })?;
        Ok(text.lines().filter_map(|line| Oid::from_str(line.trim()).ok()).collect())
    }

    /// For each query the commit and the name of the first of its tags that exists.
    fn tagged_bases(&self, queries: &[HistoryQuery]) -> Result<Vec<Option<(Oid, String)>>, GitError> {
        let names: HashSet<&str> = queries.iter().flat_map(|query| query.tags.iter().map(String::as_str)).collect();
        let commits = self.tag_commits(&names)?;
        let first = |query: &HistoryQuery| {
            query.tags.iter().find_map(|tag| commits.get(tag.as_str()).map(|commit| (*commit, tag.clone())))
        };
        Ok(queries.iter().map(first).collect())
    }
}

/// For each area without a tag the version whose commit is wanted.
fn wanted_versions(
    mut objects: Objects<'_>,
    head: Oid,
    queries: &[HistoryQuery],
    tagged: &[Option<(Oid, String)>],
    (areas, area_of): (&Areas, &[Area]),
) -> Result<Vec<Option<Wanted>>, GitError> {
    let mut wanted: Vec<Option<Wanted>> = (0..areas.len()).map(|_| None).collect();
    let mut versions = Versions::default();
    let object = objects.read(head, "read the head commit")?;
    let Some(commit) = commit_object::parse(&object.data) else {
        return Err(GitError::BrokenObject { id: head.to_string(), reason: "it should be a commit" });
    };
    let mut store = TreeStore::new(objects);
    for ((query, area), tagged) in queries.iter().zip(area_of).zip(tagged) {
        let Some(slot) = wanted.get_mut(*area).filter(|slot| slot.is_none()) else { continue };
        if tagged.is_some() || query.version.is_none() {
            continue;
        }
        // The version on disk may be a bump that isn't committed; then the last release is that of the head's version.
        let version = versions.at(&mut store, commit.tree, areas.path(*area))?;
        *slot = version.map(|version| Wanted { version, found: AtomicBool::new(false) });
    }
    Ok(wanted)
}

/// What a walk gathers.
struct Run {
    /// Some package has no base at all, so the walk goes on to the first commit.
    open_forever: bool,
    /// So many packages' versions are still looked for.
    unfound: usize,
    /// Per commit that touches any package: its place and the packages.
    touched: Vec<(usize, Vec<Area>)>,
    /// Per package whose version was found: the commit and its mark.
    found: HashMap<Area, (Oid, usize)>,
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
        for area in answer.versioned {
            if self.found.contains_key(&area) {
                continue;
            }
            let Some(id) = walk.visits.get(answer.place).map(|visit| visit.id) else { continue };
            let mark = walk.add_base(id)?;
            self.found.insert(area, (id, mark));
            self.unfound = self.unfound.saturating_sub(1);
            if let Some(Some(wanted)) = ground.wanted.get(area) {
                wanted.found.store(true, Ordering::Relaxed);
            }
        }
        if !answer.touched.is_empty() {
            self.touched.push((answer.place, answer.touched));
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

/// Puts the commits that count into the history, in the order of the walk.
fn collect(
    mut history: History,
    walk: &mut Walk<'_>,
    touched: &[(usize, Vec<Area>)],
    queries_of: &[Vec<(usize, Option<usize>)>],
) -> Result<History, GitError> {
    let mut areas_of: Vec<&[Area]> = vec![&[]; walk.visits.len()];
    for (place, areas) in touched {
        if let Some(slot) = areas_of.get_mut(*place) {
            *slot = areas;
        }
    }
    for place in walk.children_first() {
        let areas = areas_of.get(place).copied().unwrap_or_default();
        let mut index = None;
        for (query, base) in areas.iter().filter_map(|area| queries_of.get(*area)).flatten() {
            if !walk.counts(place, *base) {
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
            if let Some(package) = history.packages.get_mut(*query) {
                package.commits.push(index);
            }
        }
    }
    Ok(history)
}

#[cfg(test)]
mod tests;

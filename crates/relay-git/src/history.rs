//! Which commits changed which package since its last release: one walk over the history for all packages, by comparing the
//! ids of trees.
//!
//! - `search`: one walk, from the head to the last releases; `moves`: packages whose folder was moved since then, after which
//!   the walk is made again with the folders of before
//! - `walk`: the commits, newest first, and what they are ancestors of (`paint`: sets of marks)
//! - `tree_workers`: compares trees on several threads; `touch`: which packages a commit changes (`area`, `tree`,
//!   `tree_store`)
//! - `manifest`: in which commit a manifest got its version
//!
//! The commits themselves come from the commit-graph file where there is one (`commit_graph`), else from the objects
//! (`commit_object`). Replacement refs and grafts count as in git (`grafts`); what they cut off is cut off.

mod area;
mod commit_graph;
mod commit_object;
mod grafts;
mod manifest;
mod mark_sets;
mod moves;
mod search;
mod touch;
mod tree;
mod tree_store;
mod tree_workers;
mod walk;

use std::collections::HashSet;

use git2::Oid;

use self::grafts::Grafts;
use self::moves::Trail;
use self::search::Search;
use crate::error::GitError;
use crate::packs::Packs;
use crate::repository::Repository;

/// Messages are cut here; changelogs need the first paragraphs and the footers.
pub(super) const MESSAGE_BYTES_MAX: usize = 64 << 10;
/// So many moves of one package's folder are followed since its last release.
const MOVES_MAX: usize = 8;

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
    /// folder of a package inside the package's folder counts for the inner one only. Where the folder was moved since the
    /// base, or on the disk alone, the one that had a manifest of the same name before counts up to the move.
    pub fn history(&self, queries: &[HistoryQuery]) -> Result<History, GitError> {
        let odb = self.git.odb().map_err(GitError::doing("open the object store"))?;
        let store = self.git.commondir().join("objects");
        let packs = Packs::open(&store).with_promisor(self.promisor());
        let grafts = Grafts::read(self)?;
        let before_moves;
        let mut search = Search {
            git_dir: self.git.path(),
            head: self.head_id()?,
            packs: &packs,
            odb: &odb,
            queries,
            tagged: &self.tagged_bases(queries)?,
            cuts: &self.cuts()?,
            // git doesn't use its commit-graph file either where it doesn't tell the truth.
            commit_graph: (grafts.is_empty() && self.flag("core.commitGraph").unwrap_or(true))
                .then_some(store.as_path()),
            grafts: &grafts,
        };
        if let Some(queries) = search.before_uncommitted_moves()? {
            before_moves = queries;
            search.queries = &before_moves;
        }
        let mut trails = vec![Trail::default(); queries.len()];
        let mut found = search.run(&trails)?;
        for _ in 0..MOVES_MAX {
            if !search.follow_moves(&found, &mut trails)? {
                break;
            }
            found = search.run(&trails)?;
        }
        Ok(found.history)
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

#[cfg(test)]
mod tests;

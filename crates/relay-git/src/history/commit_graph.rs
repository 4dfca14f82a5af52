//! git's commit-graph file: tree, parents and time of the commits that were there when it was written (by `git gc` and
//! maintenance), without reading a commit. Format: git's `gitformat-commit-graph`, version 1.
//!
//! A graph in several files, or one of another version, is not read; the walk then reads the commits.

use std::ops::Range;
use std::path::Path;

use git2::Oid;

use super::commit_object::CommitObject;

/// Larger files (of about a million commits) are not read.
const FILE_BYTES_MAX: u64 = 64 << 20;
const ID_BYTES: usize = 20;
/// Tree, two parents, generation and time.
const COMMIT_BYTES: usize = ID_BYTES + 4 + 4 + 8;
/// No parent.
const NONE: u32 = 0x7000_0000;
/// The second parent is a place in the list of further parents; in that list, the last of a commit.
const FLAG: u32 = 0x8000_0000;
/// A merge of more is left to the commit itself.
const FURTHER_PARENTS_MAX: usize = 1_000;

/// The file in memory.
pub(super) struct CommitGraph {
    data: Vec<u8>,
    count: usize,
    fanout: usize,
    ids: usize,
    commits: usize,
    further_parents: Range<usize>,
}

impl CommitGraph {
    /// Reads the graph of an object store; `None` where there is none that can be read.
    pub(super) fn open(objects: &Path) -> Option<Self> {
        let path = objects.join("info/commit-graph");
        if path.metadata().ok()?.len() > FILE_BYTES_MAX {
            return None;
        }
        Self::parse(std::fs::read(path).ok()?)
    }

    fn parse(data: Vec<u8>) -> Option<Self> {
        const HEADER_BYTES: usize = 8;
        const CHUNK_LINE_BYTES: usize = 12;
        // Version 1, ids of 20 bytes; the number of chunks is free, and there is no graph below this one.
        let [b'C', b'G', b'P', b'H', 1, 1, chunks, 0] = *data.first_chunk::<HEADER_BYTES>()? else { return None };
        let mut found: [Option<Range<usize>>; 4] = [None, None, None, None];
        for chunk in 0..usize::from(chunks) {
            let line = HEADER_BYTES + chunk * CHUNK_LINE_BYTES;
            let range = offset(&data, line + 4)?..offset(&data, line + CHUNK_LINE_BYTES + 4)?;
            data.get(range.clone())?;
            let slot = match data.get(line..line + 4)? {
                b"OIDF" => 0,
                b"OIDL" => 1,
                b"CDAT" => 2,
                b"EDGE" => 3,
                _ => continue,
            };
            *found.get_mut(slot)? = Some(range);
        }
        let [Some(fanout), Some(ids), Some(commits), further_parents] = found else { return None };
        let count = usize::try_from(number(&data, fanout.start + 255 * 4)?).ok()?;
        let fits = fanout.len() == 256 * 4
            && ids.len() == count.checked_mul(ID_BYTES)?
            && commits.len() == count.checked_mul(COMMIT_BYTES)?;
        fits.then_some(Self {
            count,
            fanout: fanout.start,
            ids: ids.start,
            commits: commits.start,
            further_parents: further_parents.unwrap_or(0..0),
            data,
        })
    }

    /// What the graph knows of a commit.
    pub(super) fn commit(&self, id: Oid) -> Option<CommitObject> {
        const TIME_BITS: u64 = (1 << 34) - 1;
        let at = self.commits + self.find(id.as_bytes())? * COMMIT_BYTES;
        let tree = Oid::from_bytes(self.data.get(at..at + ID_BYTES)?).ok()?;
        let mut parents = Vec::with_capacity(2);
        let (first, second) = (number(&self.data, at + ID_BYTES)?, number(&self.data, at + ID_BYTES + 4)?);
        if first != NONE {
            parents.push(self.id(first)?);
        }
        if second & FLAG != 0 {
            self.add_further_parents(second & !FLAG, &mut parents)?;
        } else if second != NONE {
            parents.push(self.id(second)?);
        }
        let time: [u8; 8] = self.data.get(at + ID_BYTES + 8..at + COMMIT_BYTES)?.try_into().ok()?;
        Some(CommitObject { tree, parents, time: i64::try_from(u64::from_be_bytes(time) & TIME_BITS).ok()? })
    }

    fn add_further_parents(&self, first: u32, parents: &mut Vec<Oid>) -> Option<()> {
        let list = self.data.get(self.further_parents.clone())?;
        let first = usize::try_from(first).ok()?;
        for place in first..first + FURTHER_PARENTS_MAX {
            let parent = number(list, place * 4)?;
            parents.push(self.id(parent & !FLAG)?);
            if parent & FLAG != 0 {
                return Some(());
            }
        }
        None
    }

    fn id(&self, place: u32) -> Option<Oid> {
        let place = usize::try_from(place).ok().filter(|place| *place < self.count)?;
        let at = self.ids + place * ID_BYTES;
        Oid::from_bytes(self.data.get(at..at + ID_BYTES)?).ok()
    }

    fn find(&self, id: &[u8]) -> Option<usize> {
        let bucket = usize::from(*id.first()?);
        let bound = |bucket: usize| usize::try_from(number(&self.data, self.fanout + bucket * 4)?).ok();
        let mut low = bucket.checked_sub(1).map_or(Some(0), bound)?;
        let mut high = bound(bucket)?.min(self.count);
        while low < high {
            let middle = low + (high - low) / 2;
            let at = self.ids + middle * ID_BYTES;
            match self.data.get(at..at + ID_BYTES)?.cmp(id) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Some(middle),
            }
        }
        None
    }
}

fn number(data: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(data.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn offset(data: &[u8], at: usize) -> Option<usize> {
    let bytes: [u8; 8] = data.get(at..at.checked_add(8)?)?.try_into().ok()?;
    usize::try_from(u64::from_be_bytes(bytes)).ok()
}

#[cfg(test)]
mod tests {
    use super::super::commit_object;
    use super::*;
    use crate::testing::TestRepo;

    /// A history with a merge of two and one of four parents.
    fn world() -> TestRepo {
        let repo = TestRepo::new();
        repo.write("x", "start").commit("start");
        for branch in ["a", "b", "c", "d"] {
            repo.git(&["checkout", "-q", "-b", branch, "main"]);
            repo.write(branch, "1").commit(branch);
        }
        for (from, into) in [("main", &["a"][..]), ("a", &["b", "c", "d"])] {
            repo.git(&["checkout", "-q", "-B", "merged", from]);
            let who = ["-c", "user.name=A", "-c", "user.email=a@x", "merge", "-q", "--no-ff", "-m", "merge"];
            repo.git(&[&who[..], into].concat());
            repo.git(&["branch", "-f", &format!("keep-{}", into.len())]);
        }
        repo.git(&["commit-graph", "write", "--reachable"]);
        repo
    }

    #[test]
    fn knows_the_same_as_the_commits() {
        let repo = world();
        let odb = repo.relay.git.odb().unwrap();
        let graph = CommitGraph::open(repo.root.join(".git/objects").as_std_path()).unwrap();
        let ids = repo.git(&["rev-list", "--all"]);
        let mut most_parents = 0;
        for id in ids.lines().map(|id| Oid::from_str(id).unwrap()) {
            let commit = graph.commit(id).unwrap();
            assert_eq!(Some(&commit), commit_object::parse(odb.read(id).unwrap().data()).as_ref());
            most_parents = most_parents.max(commit.parents.len());
        }
        assert_eq!(most_parents, 4);
        assert_eq!(graph.commit(Oid::ZERO_SHA1), None);
    }

    #[test]
    fn a_file_that_is_cut_off_or_foreign_is_not_read() {
        let repo = world();
        let data = std::fs::read(repo.root.join(".git/objects/info/commit-graph")).unwrap();
        for length in 0..data.len().min(1_200) {
            assert!(CommitGraph::parse(data[..length].to_vec()).is_none(), "{length}");
        }
        for (at, byte) in [(4, 2), (5, 2), (7, 1)] {
            let mut other = data.clone();
            other[at] = byte;
            assert!(CommitGraph::parse(other).is_none());
        }
    }
}

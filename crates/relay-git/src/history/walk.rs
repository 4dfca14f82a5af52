//! The walk over commits, newest first, that learns for each commit whether the head and which bases it is an ancestor of.
//!
//! Marks flow from a commit to its parents: one mark for the head, one for each base. A commit counts for a package when it has
//! the head's mark and not that of the package's base. The walk ends when each commit that still waits has the marks of all
//! bases, or not the head's. Commits come in the order of their times, as in git; where a clock was wrong and a commit gets a
//! mark after it was passed, the mark is handed on again to all that was passed below it.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use git2::{ObjectType, Oid};

use super::commit_graph::CommitGraph;
use super::commit_object::{self, CommitObject};
use super::grafts::Grafts;
use super::mark_sets::{Marks, Palette};
use super::tree_store::Objects;
use crate::error::GitError;

/// The head's mark; the bases' follow.
pub(super) const HEAD_MARK: usize = 0;
/// So many commits are walked after the walk could end, for clocks that were wrong. git itself takes 5.
const OVERTIME_COMMITS: u32 = 256;

/// A commit of the walk.
pub(super) struct Visit {
    pub(super) id: Oid,
    pub(super) tree: Oid,
    pub(super) time: i64,
    /// Places of the parents in the walk's list, once the commit was passed.
    pub(super) parents: Vec<usize>,
    marks: Marks,
    parent_ids: Vec<Oid>,
    passed: bool,
    /// The history ends here, in a shallow clone or by a graft, so that what this commit changed is unknown.
    pub(super) cut: bool,
    /// Its changes were asked for.
    pub(super) asked: bool,
}

/// The state of the walk.
pub(super) struct Walk<'r> {
    objects: Objects<'r>,
    graph: Option<CommitGraph>,
    cuts: &'r HashSet<Oid>,
    grafts: &'r Grafts,
    marks_given: usize,
    pub(super) visits: Vec<Visit>,
    places: HashMap<Oid, usize>,
    queue: BinaryHeap<(i64, Reverse<usize>)>,
    palette: Palette,
    bases: Marks,
    base_marks: HashMap<usize, usize>,
    /// Packages whose base isn't known keep the walk going.
    open_end: bool,
    waiting_unsettled: usize,
    /// What `waiting_unsettled` says may be wrong, because the bases changed.
    recount: bool,
    oldest_needed: i64,
    overtime: u32,
    pub(super) order: Vec<usize>,
    pub(super) out_of_order: bool,
}

impl<'r> Walk<'r> {
    /// Starts at `head`. `marks_max` is the most bases and other marks there can be; `cuts` are the commits at which a shallow
    /// clone ends.
    pub(super) fn new(
        objects: Objects<'r>,
        head: Oid,
        (cuts, grafts): (&'r HashSet<Oid>, &'r Grafts),
        marks_max: usize,
    ) -> Result<Self, GitError> {
        let mut walk = Self {
            objects,
            graph: None,
            cuts,
            grafts,
            marks_given: HEAD_MARK,
            visits: Vec::new(),
            places: HashMap::new(),
            queue: BinaryHeap::new(),
            palette: Palette::new(marks_max + 1),
            bases: Marks::NONE,
            base_marks: HashMap::new(),
            open_end: false,
            waiting_unsettled: 0,
            recount: true,
            oldest_needed: i64::MAX,
            overtime: 0,
            order: Vec::new(),
            out_of_order: false,
        };
        let place = walk.place(head)?;
        let mark = walk.palette.single(HEAD_MARK);
        walk.paint(place, mark);
        Ok(walk)
    }

    /// Lets the walk take what a commit-graph file knows, instead of reading commits.
    pub(super) fn use_graph(&mut self, graph: Option<CommitGraph>) {
        self.graph = graph;
    }

    /// Makes a commit a base; gives its mark.
    pub(super) fn add_base(&mut self, id: Oid) -> Result<usize, GitError> {
        let place = self.place(id)?;
        if let Some(known) = self.base_marks.get(&place) {
            return Ok(*known);
        }
        let mark = self.next_mark();
        self.base_marks.insert(place, mark);
        let set = self.palette.single(mark);
        self.bases = self.palette.union(self.bases, set);
        self.paint(place, set);
        self.recount = true;
        Ok(mark)
    }

    /// Marks commits and their ancestors without making bases of them; gives the mark.
    pub(super) fn add_mark(&mut self, ids: &[Oid]) -> Result<usize, GitError> {
        let mark = self.next_mark();
        let set = self.palette.single(mark);
        for id in ids {
            let place = self.place(*id)?;
            self.paint(place, set);
        }
        Ok(mark)
    }

    /// Whether a commit has a mark.
    pub(super) fn has_mark(&self, place: usize, mark: usize) -> bool {
        self.visits.get(place).is_some_and(|visit| self.palette.has(visit.marks, mark))
    }

    fn next_mark(&mut self) -> usize {
        self.marks_given += 1;
        self.marks_given
    }

    /// Says whether there are packages without a known base, for which every commit counts.
    pub(super) fn set_open_end(&mut self, open_end: bool) {
        if self.open_end != open_end {
            self.open_end = open_end;
            self.recount = true;
        }
    }

    /// Passes the next commit; `None` at the end of the walk.
    pub(super) fn pass_next(&mut self) -> Result<Option<usize>, GitError> {
        if std::mem::take(&mut self.recount) {
            self.count_unsettled();
        }
        if self.waiting_unsettled == 0 {
            if self.queue.peek().is_none_or(|(time, _)| *time < self.oldest_needed) {
                self.overtime += 1;
            }
            if self.overtime > OVERTIME_COMMITS {
                return Ok(None);
            }
        } else {
            self.overtime = 0;
        }
        let Some((_, Reverse(place))) = self.queue.pop() else { return Ok(None) };
        let Some(visit) = self.visits.get_mut(place) else { return Ok(None) };
        visit.passed = true;
        let (marks, time, parent_ids) = (visit.marks, visit.time, std::mem::take(&mut visit.parent_ids));
        if !self.settled(marks) {
            self.waiting_unsettled = self.waiting_unsettled.saturating_sub(1);
            self.oldest_needed = self.oldest_needed.min(time);
        }
        let mut parents = Vec::with_capacity(parent_ids.len());
        for id in parent_ids {
            let parent = self.place(id)?;
            parents.push(parent);
            self.out_of_order |= self.visits.get(parent).is_some_and(|parent| parent.passed);
            self.paint(parent, marks);
        }
        if let Some(visit) = self.visits.get_mut(place) {
            visit.parents = parents;
        }
        self.order.push(place);
        Ok(Some(place))
    }

    /// Whether the changes of a commit may count for some package.
    pub(super) fn is_needed(&self, place: usize) -> bool {
        self.visits.get(place).is_some_and(|visit| !visit.cut && !self.settled(visit.marks))
    }

    /// Whether a commit is reachable from the head and not from a base.
    pub(super) fn counts(&self, place: usize, base: Option<usize>) -> bool {
        let Some(visit) = self.visits.get(place) else { return false };
        self.palette.has(visit.marks, HEAD_MARK) && !base.is_some_and(|mark| self.palette.has(visit.marks, mark))
    }

    /// Where the history of the clone ends, of what was passed.
    pub(super) fn cuts_passed(&self) -> Vec<usize> {
        let is_cut = |place: &usize| self.visits.get(*place).is_some_and(|visit| visit.cut);
        self.order.iter().copied().filter(is_cut).collect()
    }

    /// The trees of a commit and of its parents.
    pub(super) fn trees(&self, place: usize) -> Option<(Oid, Vec<Oid>)> {
        let visit = self.visits.get(place)?;
        let parents = visit.parents.iter().filter_map(|parent| Some(self.visits.get(*parent)?.tree)).collect();
        Some((visit.tree, parents))
    }

    /// The message of a commit, and its time as the commit has it.
    pub(super) fn message(&mut self, id: Oid) -> Result<(String, i64), GitError> {
        let object = self.objects.read(self.grafts.object(id), "read a commit's message")?;
        Ok((commit_object::message(&object.data), commit_object::parse(&object.data).map_or(0, |commit| commit.time)))
    }

    /// All passed commits, children before parents, otherwise by time.
    pub(super) fn children_first(&self) -> Vec<usize> {
        if !self.out_of_order {
            return self.order.clone();
        }
        let mut children = vec![0_usize; self.visits.len()];
        for visit in &self.visits {
            for parent in &visit.parents {
                if let Some(count) = children.get_mut(*parent) {
                    *count += 1;
                }
            }
        }
        let passed = |place: usize| self.visits.get(place).filter(|visit| visit.passed);
        let mut ready: BinaryHeap<(i64, Reverse<usize>)> = (0..self.visits.len())
            .filter(|place| children.get(*place) == Some(&0))
            .filter_map(|place| Some((passed(place)?.time, Reverse(place))))
            .collect();
        let mut order = Vec::with_capacity(self.order.len());
        while let Some((_, Reverse(place))) = ready.pop() {
            order.push(place);
            for parent in passed(place).map_or(&[][..], |visit| &visit.parents) {
                let Some(count) = children.get_mut(*parent) else { continue };
                *count -= 1;
                if *count == 0
                    && let Some(visit) = passed(*parent)
                {
                    ready.push((visit.time, Reverse(*parent)));
                }
            }
        }
        order
    }

    /// A commit's place in the list; reads it and lets it wait when it is new.
    fn place(&mut self, id: Oid) -> Result<usize, GitError> {
        if let Some(place) = self.places.get(&id) {
            return Ok(*place);
        }
        let mut header = match self.graph.as_ref().and_then(|graph| graph.commit(id)) {
            Some(header) => header,
            None => self.read(id)?,
        };
        // git notes the first commit of all as a cut too, where the depth just reaches it.
        let shallow = self.cuts.contains(&id) && !header.parents.is_empty();
        let mut cut = shallow;
        if !shallow && self.grafts.concerns(id) {
            let real = std::mem::take(&mut header.parents);
            let grafts = self.grafts;
            header = grafts.read_commit(id, |id| self.read(id))?;
            cut = real.iter().any(|parent| !header.parents.contains(parent));
        }
        let place = self.visits.len();
        self.visits.push(Visit {
            id,
            tree: header.tree,
            time: header.time,
            parents: Vec::new(),
            marks: Marks::NONE,
            parent_ids: if shallow { Vec::new() } else { header.parents },
            passed: false,
            cut,
            asked: false,
        });
        self.places.insert(id, place);
        self.queue.push((header.time, Reverse(place)));
        Ok(place)
    }

    fn read(&mut self, id: Oid) -> Result<CommitObject, GitError> {
        let object = self.objects.read(id, "walk the history")?;
        let header = if object.kind == ObjectType::Commit { commit_object::parse(&object.data) } else { None };
        header.ok_or_else(|| GitError::BrokenObject { id: id.to_string(), reason: "it should be a commit" })
    }

    /// Adds marks to a commit and to everything that was passed below it.
    fn paint(&mut self, place: usize, marks: Marks) {
        let mut pending = vec![place];
        while let Some(place) = pending.pop() {
            let Some(visit) = self.visits.get(place) else { continue };
            let before = visit.marks;
            let after = self.palette.union(before, marks);
            if after == before {
                continue;
            }
            let waits = !visit.passed;
            if waits {
                // New commits have no marks, are settled by that, and are counted here when they stop being so.
                match (self.settled(before), self.settled(after)) {
                    (true, false) => self.waiting_unsettled += 1,
                    (false, true) => self.waiting_unsettled = self.waiting_unsettled.saturating_sub(1),
                    _ => {}
                }
            }
            if let Some(visit) = self.visits.get_mut(place) {
                visit.marks = after;
                if !waits {
                    pending.extend_from_slice(&visit.parents);
                }
            }
        }
    }

    fn settled(&self, marks: Marks) -> bool {
        !self.palette.has(marks, HEAD_MARK) || (!self.open_end && self.palette.has_all(marks, self.bases))
    }

    fn count_unsettled(&mut self) {
        let waiting = self.queue.iter().filter_map(|(_, Reverse(place))| self.visits.get(*place));
        self.waiting_unsettled = waiting.filter(|visit| !self.settled(visit.marks)).count();
    }
}

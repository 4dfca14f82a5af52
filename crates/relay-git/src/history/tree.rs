//! A tree object as git stores it, and what differs between two of them.
//!
//! A folder of a thousand packages is a tree of 40 kB, and nearly all of it is the same in the next commit. So two trees are
//! compared as bytes first, unless the pack has told already: what is the same at the start and at the end is skipped without
//! looking at entries, and where entries begin is carried over from one tree to the other.

use std::cell::OnceCell;
use std::cmp::Ordering;
use std::rc::Rc;

use git2::Oid;

use crate::packs::Kin;

/// Bytes compared at once; large enough for the comparison to be one of memory blocks.
const BLOCK_BYTES: usize = 256;
/// The length of a raw id in a tree.
const ID_BYTES: usize = 20;

/// A tree object.
pub(super) struct Tree {
    data: Rc<Vec<u8>>,
    kin: Option<Kin>,
    /// Where the entries begin, and the end as the last element.
    offsets: OnceCell<Rc<Vec<usize>>>,
}

/// One line of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry<'t> {
    pub(super) name: &'t [u8],
    mode: &'t [u8],
    raw_id: &'t [u8],
}

/// A tree is not as git writes it.
#[derive(Debug)]
pub(super) struct BrokenTree;

impl Entry<'_> {
    /// Whether it is a folder.
    pub(super) fn is_tree(&self) -> bool {
        matches!(self.mode, b"40000" | b"040000")
    }

    /// The id when it is a folder.
    pub(super) fn tree_id(&self) -> Option<Oid> {
        if self.is_tree() { self.id() } else { None }
    }

    /// The id when it is a file (or a symlink).
    pub(super) fn file_id(&self) -> Option<Oid> {
        if self.mode.starts_with(b"10") { self.id() } else { None }
    }

    fn id(&self) -> Option<Oid> {
        Oid::from_bytes(self.raw_id).ok()
    }
}

impl Tree {
    pub(super) fn new(data: Rc<Vec<u8>>, kin: Option<Kin>) -> Self {
        Self { data, kin, offsets: OnceCell::new() }
    }

    pub(super) fn bytes(&self) -> usize {
        self.data.len()
    }

    /// Finds an entry by name; git sorts folders as if their names ended with a slash.
    pub(super) fn find(&self, name: &[u8], is_tree: bool) -> Result<Option<Entry<'_>>, BrokenTree> {
        let offsets = self.offsets()?;
        let (mut low, mut high) = (0, offsets.len() - 1);
        while low < high {
            let middle = low + (high - low) / 2;
            let entry = self.entry(offsets, middle).ok_or(BrokenTree)?;
            match order(entry.name, entry.is_tree(), name, is_tree) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => return Ok(Some(entry)),
            }
        }
        Ok(None)
    }

    fn offsets(&self) -> Result<&Rc<Vec<usize>>, BrokenTree> {
        if let Some(offsets) = self.offsets.get() {
            return Ok(offsets);
        }
        let parsed = parse_offsets(&self.data).ok_or(BrokenTree)?;
        Ok(self.offsets.get_or_init(|| Rc::new(parsed)))
    }

    fn entry(&self, offsets: &[usize], index: usize) -> Option<Entry<'_>> {
        let line = self.data.get(*offsets.get(index)?..*offsets.get(index + 1)?)?;
        let (head, raw_id) = line.split_at_checked(line.len().checked_sub(ID_BYTES)?)?;
        let space = head.iter().position(|byte| *byte == b' ')?;
        let (mode, name) = (head.get(..space)?, head.get(space + 1..head.len().checked_sub(1)?)?);
        Some(Entry { name, mode, raw_id })
    }
}

/// Calls `found` for each name whose entry differs, with the entries of both sides. A name that changed between file and
/// folder is called for twice.
pub(super) fn differences<'t>(
    old: Option<&'t Tree>,
    new: Option<&'t Tree>,
    mut found: impl FnMut(Option<Entry<'t>>, Option<Entry<'t>>),
) -> Result<(), BrokenTree> {
    let (old, new) = match (old, new) {
        (None, None) => return Ok(()),
        (Some(tree), None) | (None, Some(tree)) => {
            let is_new = new.is_some();
            let offsets = tree.offsets()?;
            for index in 0..offsets.len() - 1 {
                let entry = Some(tree.entry(offsets, index).ok_or(BrokenTree)?);
                if is_new { found(None, entry) } else { found(entry, None) }
            }
            return Ok(());
        }
        (Some(old), Some(new)) => (old, new),
    };
    let same = Same::of(old, new);
    carry_offsets(old, new, same)?;
    let (old_offsets, new_offsets) = (old.offsets()?, new.offsets()?);
    let window = same.window(old_offsets, new_offsets);
    let (mut at_old, mut at_new) = (window.start, window.start);
    while at_old < window.old_end || at_new < window.new_end {
        let a = (at_old < window.old_end).then(|| old.entry(old_offsets, at_old).ok_or(BrokenTree)).transpose()?;
        let b = (at_new < window.new_end).then(|| new.entry(new_offsets, at_new).ok_or(BrokenTree)).transpose()?;
        let side = match (&a, &b) {
            (Some(a), Some(b)) => order(a.name, a.is_tree(), b.name, b.is_tree()),
            (Some(_), None) => Ordering::Less,
            (None, _) => Ordering::Greater,
        };
        match side {
            Ordering::Less => {
                found(a, None);
                at_old += 1;
            }
            Ordering::Greater => {
                found(None, b);
                at_new += 1;
            }
            Ordering::Equal => {
                if a != b {
                    found(a, b);
                }
                at_old += 1;
                at_new += 1;
            }
        }
    }
    Ok(())
}

/// How many bytes two trees share at the start and, behind that, at the end.
#[derive(Debug, Clone, Copy)]
struct Same {
    start: usize,
    end: usize,
    old_len: usize,
    new_len: usize,
}

/// The bytes from a place on.
fn tail(data: &[u8], start: usize) -> &[u8] {
    data.get(start..).unwrap_or_default()
}

/// The bytes without so many at the end.
fn head(data: &[u8], end: usize) -> &[u8] {
    data.get(..data.len().saturating_sub(end)).unwrap_or_default()
}

/// The entries that may differ, as indices into the offsets.
struct Window {
    start: usize,
    old_end: usize,
    new_end: usize,
}

impl Same {
    fn of(old: &Tree, new: &Tree) -> Self {
        let (start, end) = match (&old.kin, &new.kin) {
            (Some(kin), _) if kin.is_of(&new.data) => (kin.same_start, kin.same_end),
            (_, Some(kin)) if kin.is_of(&old.data) => (kin.same_start, kin.same_end),
            (Some(a), Some(b)) if a.is_sibling(b) => (a.same_start.min(b.same_start), a.same_end.min(b.same_end)),
            _ => (0, 0),
        };
        Self::compared(&old.data, &new.data, start, end)
    }

    /// Compares what lies between the bytes that are known to be the same.
    fn compared(old: &[u8], new: &[u8], start: usize, end: usize) -> Self {
        let shorter = old.len().min(new.len());
        let start = start.min(shorter);
        let blocks = tail(old, start).chunks_exact(BLOCK_BYTES).zip(tail(new, start).chunks_exact(BLOCK_BYTES));
        let start = start + blocks.take_while(|(a, b)| a == b).count() * BLOCK_BYTES;
        let start = start + tail(old, start).iter().zip(tail(new, start)).take_while(|(a, b)| a == b).count();
        let (old_rest, new_rest) = (tail(old, start), tail(new, start));
        let end = end.min(shorter - start);
        let blocks = head(old_rest, end).rchunks_exact(BLOCK_BYTES).zip(head(new_rest, end).rchunks_exact(BLOCK_BYTES));
        let end = end + blocks.take_while(|(a, b)| a == b).count() * BLOCK_BYTES;
        let bytes = head(old_rest, end).iter().rev().zip(head(new_rest, end).iter().rev());
        let end = end + bytes.take_while(|(a, b)| a == b).count();
        Self { start, end, old_len: old.len(), new_len: new.len() }
    }

    /// The index of the last entry that begins within the shared start.
    fn first(&self, offsets: &[usize]) -> usize {
        offsets.partition_point(|offset| *offset <= self.start).saturating_sub(1)
    }

    fn window(&self, old: &[usize], new: &[usize]) -> Window {
        let start = self.first(old);
        let (mut old_end, mut new_end) = (old.len().saturating_sub(1), new.len().saturating_sub(1));
        // Step back over entries that begin at the same place in the shared end.
        let (old_bound, new_bound) = (self.old_len - self.end, self.new_len - self.end);
        let in_end = old.partition_point(|offset| *offset < old_bound).max(start);
        let shared = old_end.saturating_sub(in_end);
        let new_in_end = new.partition_point(|offset| *offset < new_bound).max(start);
        let new_shared = new_end.saturating_sub(new_in_end);
        // The same bytes up to the end may still be cut into entries differently only where the first of them begins, so the
        // places are compared.
        let mut skip = shared.min(new_shared);
        while skip > 0 {
            let place = |offsets: &[usize], len: usize, end: usize| offsets.get(end - skip).map(|offset| len - offset);
            if place(old, self.old_len, old_end) == place(new, self.new_len, new_end) {
                break;
            }
            skip -= 1;
        }
        old_end -= skip;
        new_end -= skip;
        Window { start, old_end, new_end }
    }
}

/// Finds the entries of the tree that has none yet from those of the other.
fn carry_offsets(old: &Tree, new: &Tree, same: Same) -> Result<(), BrokenTree> {
    let (from, to) = match (old.offsets.get(), new.offsets.get()) {
        (Some(_), Some(_)) => return Ok(()),
        (None, Some(offsets)) => (offsets, old),
        (Some(offsets), None) => (offsets, new),
        (None, None) => (old.offsets()?, new),
    };
    let data = &to.data;
    let from_len = *from.last().ok_or(BrokenTree)?;
    let first = same.first(from);
    if data.len() == from_len && cut_alike(data, from, first, from_len - same.end) {
        to.offsets.get_or_init(|| Rc::clone(from));
        return Ok(());
    }
    let mut offsets = Vec::with_capacity(from.len() + 1);
    offsets.extend_from_slice(from.get(..=first).ok_or(BrokenTree)?);
    let mut at = *offsets.last().ok_or(BrokenTree)?;
    while at < data.len() {
        let left = data.len() - at;
        if left <= same.end
            && let Some(twin) = from_len.checked_sub(left)
            && let Ok(index) = from.binary_search(&twin)
        {
            let rest = from.get(index + 1..).ok_or(BrokenTree)?;
            offsets.extend(rest.iter().map(|offset| offset - twin + at));
            break;
        }
        at = next_entry(data, at).ok_or(BrokenTree)?;
        offsets.push(at);
    }
    to.offsets.get_or_init(|| Rc::new(offsets));
    Ok(())
}

/// Whether the entries from the given one up to the shared end begin where those of the other tree do.
fn cut_alike(data: &[u8], from: &[usize], first: usize, shared_end: usize) -> bool {
    let mut offsets = from.iter().skip(first);
    let mut at = offsets.next().copied();
    while let Some(begin) = at.filter(|at| *at < shared_end) {
        at = next_entry(data, begin);
        if at != offsets.next().copied() {
            return false;
        }
    }
    at.is_some()
}

fn parse_offsets(data: &[u8]) -> Option<Vec<usize>> {
    const ENTRY_BYTES_GUESS: usize = 40;
    let mut offsets = Vec::with_capacity(data.len() / ENTRY_BYTES_GUESS + 2);
    let mut at = 0;
    offsets.push(at);
    while at < data.len() {
        at = next_entry(data, at)?;
        offsets.push(at);
    }
    Some(offsets)
}

/// Where the entry behind that at `at` begins. An entry is `<mode> <name>\0<raw id>`.
fn next_entry(data: &[u8], at: usize) -> Option<usize> {
    let end = data.get(at..)?.iter().position(|byte| *byte == 0)?;
    let next = at + end + 1 + ID_BYTES;
    (next <= data.len()).then_some(next)
}

fn order(a: &[u8], a_is_tree: bool, b: &[u8], b_is_tree: bool) -> Ordering {
    let shared = a.len().min(b.len());
    let (a_head, a_rest) = a.split_at(shared);
    let (b_head, b_rest) = b.split_at(shared);
    let slash = |rest: &[u8], is_tree: bool| rest.first().copied().or(is_tree.then_some(b'/'));
    a_head.cmp(b_head).then_with(|| slash(a_rest, a_is_tree).cmp(&slash(b_rest, b_is_tree)))
}

#[cfg(test)]
mod tests;

//! git's index, as far as a status needs it: what each tracked file looked like when it was last compared, and the tree that
//! the index stands for. Format: git's `gitformat-index`, versions 2 to 4.

use std::ops::Range;

use git2::Oid;

/// An index that this reader can't read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unread {
    /// It is broken, or of another version.
    Unknown,
    /// It is split or sparse, which libgit2 doesn't know either.
    Special,
}

/// The index.
#[derive(Debug, Default)]
pub(super) struct IndexFile {
    paths: Vec<u8>,
    pub(super) entries: Vec<IndexEntry>,
    /// The tree of all entries, when nothing was staged since it was noted.
    pub(super) tree: Option<Oid>,
}

/// A tracked file.
#[derive(Debug)]
pub(super) struct IndexEntry {
    path: Range<usize>,
    pub(super) stat: Stat,
    pub(super) mode: u32,
    /// One side of a conflict.
    pub(super) conflict: bool,
    pub(super) assume_valid: bool,
    pub(super) skip_worktree: bool,
    pub(super) intent_to_add: bool,
}

/// What the file system said of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) changed: Time,
    pub(super) modified: Time,
    pub(super) inode: u32,
    pub(super) user: u32,
    pub(super) group: u32,
    pub(super) size: u32,
}

/// Seconds and nanoseconds, as cut to 32 bits in the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Time {
    pub(super) seconds: u32,
    pub(super) nanoseconds: u32,
}

impl IndexFile {
    /// Reads the bytes of an index.
    pub(super) fn parse(data: &[u8]) -> Result<Self, Unread> {
        let mut special = false;
        let index = Self::read(data, &mut special);
        if special { Err(Unread::Special) } else { index.ok_or(Unread::Unknown) }
    }

    fn read(data: &[u8], special: &mut bool) -> Option<Self> {
        const CHECKSUM_BYTES: usize = 20;
        let data = data.get(..data.len().checked_sub(CHECKSUM_BYTES)?)?;
        let mut reader = Reader { data, at: 0 };
        if reader.take(4)? != b"DIRC" {
            return None;
        }
        let version = reader.number()?;
        if !(2..=4).contains(&version) {
            return None;
        }
        let mut index = Self::default();
        for _ in 0..reader.number()? {
            let entry = reader.entry(version, &mut index)?;
            index.entries.push(entry);
        }
        while reader.at < data.len() {
            let name = reader.take(4)?;
            let size = usize::try_from(reader.number()?).ok()?;
            let content = reader.take(size)?;
            match name {
                b"TREE" => index.tree = root_tree(content),
                // Those with a small first letter can't be passed over.
                [first, ..] if first.is_ascii_uppercase() => {}
                _ => *special = true,
            }
        }
        Some(index)
    }

    pub(super) fn path(&self, entry: &IndexEntry) -> &[u8] {
        self.paths.get(entry.path.clone()).unwrap_or_default()
    }
}

/// The id of the root in the extension `TREE`, which begins with it; none when something was staged since.
fn root_tree(content: &[u8]) -> Option<Oid> {
    let rest = content.strip_prefix(b"\0")?;
    let line_end = rest.iter().position(|byte| *byte == b'\n')?;
    if rest.starts_with(b"-") {
        return None;
    }
    Oid::from_bytes(rest.get(line_end + 1..line_end + 21)?).ok()
}

struct Reader<'d> {
    data: &'d [u8],
    at: usize,
}

impl<'d> Reader<'d> {
    fn take(&mut self, count: usize) -> Option<&'d [u8]> {
        let taken = self.data.get(self.at..self.at.checked_add(count)?)?;
        self.at += count;
        Some(taken)
    }

    fn number(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    fn short(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    fn time(&mut self) -> Option<Time> {
        Some(Time { seconds: self.number()?, nanoseconds: self.number()? })
    }

    fn entry(&mut self, version: u32, index: &mut IndexFile) -> Option<IndexEntry> {
        const ID_BYTES: usize = 20;
        const EXTENDED: u16 = 0x4000;
        let begin = self.at;
        let (changed, modified) = (self.time()?, self.time()?);
        let _device = self.number()?;
        let inode = self.number()?;
        let mode = self.number()?;
        let (user, group, size) = (self.number()?, self.number()?, self.number()?);
        self.take(ID_BYTES)?;
        let flags = self.short()?;
        let more = if flags & EXTENDED != 0 { self.short()? } else { 0 };
        let path = if version == 4 { self.shortened_path(index)? } else { self.padded_path(begin, index)? };
        Some(IndexEntry {
            path,
            stat: Stat { changed, modified, inode, user, group, size },
            mode,
            conflict: flags & 0x3000 != 0,
            assume_valid: flags & 0x8000 != 0,
            skip_worktree: more & 0x4000 != 0,
            intent_to_add: more & 0x2000 != 0,
        })
    }

    /// A path that ends with one to eight zeros, so that the entry's length is a multiple of eight.
    fn padded_path(&mut self, begin: usize, index: &mut IndexFile) -> Option<Range<usize>> {
        let path = self.until_zero()?;
        let length = self.at - begin;
        self.take(length.next_multiple_of(8) - length)?;
        let start = index.paths.len();
        index.paths.extend_from_slice(path);
        Some(start..index.paths.len())
    }

    /// A path told as how much of the one before is to be cut off, and what follows.
    fn shortened_path(&mut self, index: &mut IndexFile) -> Option<Range<usize>> {
        let mut byte = *self.take(1)?.first()?;
        let mut cut = usize::from(byte & 0x7F);
        while byte & 0x80 != 0 {
            byte = *self.take(1)?.first()?;
            cut = cut.checked_add(1)?.checked_mul(0x80)?.checked_add(usize::from(byte & 0x7F))?;
        }
        let end = self.until_zero()?;
        let before = index.entries.last().map_or(0..0, |entry| entry.path.clone());
        let kept = before.start..before.end.checked_sub(cut).filter(|end| *end >= before.start)?;
        let start = index.paths.len();
        index.paths.extend_from_within(kept);
        index.paths.extend_from_slice(end);
        Some(start..index.paths.len())
    }

    fn until_zero(&mut self) -> Option<&'d [u8]> {
        let length = self.data.get(self.at..)?.iter().position(|byte| *byte == 0)?;
        let path = self.take(length)?;
        self.at += 1;
        Some(path)
    }
}

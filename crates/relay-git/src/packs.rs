//! Reads objects out of git's packs, for the walk over the history, which reads tens of thousands of commits and trees.
//!
//! libgit2 takes a lock of the whole process for each object, applies most deltas twice, and so gets slower with a second
//! thread; here threads share the indexes and nothing else, and a folder's tree is made from its neighbour's with one copy.
//! Whatever is not as expected (a loose object, another version of the format, a broken file) is answered with `None` and left
//! to libgit2, which also has the words for what is wrong.
//!
//! Format: git's `gitformat-pack`.

mod delta;
mod index;

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::rc::{Rc, Weak};

use flate2::{Decompress, FlushDecompress, Status};
use git2::{ObjectType, Oid};

use self::delta::Applied;
use self::index::PackIndex;
use crate::promisor::Promisor;

/// Larger indexes (some two million objects) are left to libgit2, which maps them into memory.
const INDEX_BYTES_MAX: u64 = 64 << 20;
/// A clone with more packs needs `git gc`, and looking into each of them takes as long as libgit2 does.
const PACKS_MAX: usize = 64;
/// git's own limit for alternates of alternates.
const ALTERNATES_DEPTH_MAX: usize = 5;
/// Packs are read in overlapping windows: one begins every half.
const WINDOW_BYTES: usize = 64 << 10;
/// Windows kept by a reader.
const WINDOWS_MAX: usize = 12;
/// Larger objects are left to libgit2.
const OBJECT_BYTES_MAX: usize = 32 << 20;
/// git makes chains of 50 and refuses to make ones longer than 4095.
const CHAIN_MAX: usize = 4095;
/// A reader keeps at most twice as much of what it read, in a young and an old half.
const HALF_BYTES_MAX: usize = 1 << 20;
/// Buffers kept for reuse: allocating large ones anew costs more than filling them.
const SPARES_MAX: usize = 16;

/// The packs of a repository.
pub(crate) struct Packs {
    packs: Vec<Pack>,
    /// Who has what a partial clone lacks.
    promisor: Option<Promisor>,
}

struct Pack {
    index: PackIndex,
    file: File,
}

impl Packs {
    /// Opens all packs of an object store and of its alternates that can be read.
    pub(crate) fn open(objects: &Path) -> Self {
        let mut packs = Vec::new();
        let mut folders = vec![objects.to_path_buf()];
        for _ in 0..ALTERNATES_DEPTH_MAX {
            let mut next = Vec::new();
            for folder in folders {
                packs.extend(index_files(&folder).iter().filter_map(|index| Pack::open(index)));
                let alternates = std::fs::read_to_string(folder.join("info/alternates")).unwrap_or_default();
                next.extend(alternates.lines().map(PathBuf::from).filter(|path| path.is_absolute()));
            }
            folders = next;
        }
        if packs.len() > PACKS_MAX {
            packs.clear();
        }
        Self { packs, promisor: None }
    }

    /// With the remote of a partial clone.
    pub(crate) fn with_promisor(self, promisor: Option<Promisor>) -> Self {
        Self { promisor, ..self }
    }

    /// The remote of a partial clone.
    pub(crate) fn promisor(&self) -> Option<&Promisor> {
        self.promisor.as_ref()
    }
}

fn index_files(objects: &Path) -> Vec<PathBuf> {
    let Ok(entries) = objects.join("pack").read_dir() else { return Vec::new() };
    let paths = entries.flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|end| end == "idx")).collect();
    files.sort();
    files
}

impl Pack {
    fn open(index: &Path) -> Option<Self> {
        if index.metadata().ok()?.len() > INDEX_BYTES_MAX {
            return None;
        }
        let file = File::open(index.with_extension("pack")).ok()?;
        Some(Self { index: PackIndex::new(std::fs::read(index).ok()?)?, file })
    }
}

/// An object's kind and content.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    pub(crate) kind: ObjectType,
    pub(crate) data: Rc<Vec<u8>>,
    /// The object whose neighbour it is in the pack.
    pub(crate) kin: Option<Kin>,
}

/// What an object shares with another one, known without comparing them.
#[derive(Debug, Clone)]
pub(crate) struct Kin {
    base: Weak<Vec<u8>>,
    /// So many bytes are the same at the start, at least.
    pub(crate) same_start: usize,
    /// And so many at the end.
    pub(crate) same_end: usize,
}

impl Kin {
    /// Whether these are the bytes of the other object.
    pub(crate) fn is_of(&self, data: &Rc<Vec<u8>>) -> bool {
        std::ptr::eq(self.base.as_ptr(), Rc::as_ptr(data))
    }

    /// Whether two objects share bytes with the same third one.
    pub(crate) fn is_sibling(&self, other: &Self) -> bool {
        Weak::ptr_eq(&self.base, &other.base)
    }
}

/// Where an object is: the pack's number and the place in it.
type Place = (usize, u64);

/// How an object is kept in a pack.
enum Kept {
    Whole(ObjectType, Rc<Vec<u8>>),
    Delta(Place, Vec<u8>),
}

/// One thread's view of the packs.
pub(crate) struct PackReader<'p> {
    packs: &'p Packs,
    /// The pack that had the last object: most likely it has the next.
    latest: usize,
    windows: HashMap<Place, Rc<Vec<u8>>>,
    young: HashMap<Place, Object>,
    old: HashMap<Place, Object>,
    young_bytes: usize,
    /// Buffers of objects that were dropped, for new ones.
    spare: Vec<Vec<u8>>,
    inflate: Decompress,
}

impl<'p> PackReader<'p> {
    pub(crate) fn new(packs: &'p Packs) -> Self {
        Self {
            packs,
            latest: 0,
            windows: HashMap::new(),
            young: HashMap::new(),
            old: HashMap::new(),
            young_bytes: 0,
            spare: Vec::new(),
            inflate: Decompress::new(true),
        }
    }

    /// Reads an object; `None` when that is better left to libgit2.
    pub(crate) fn read(&mut self, id: Oid) -> Option<Object> {
        let place = self.find(id)?;
        let mut chain: Vec<(Place, Vec<u8>)> = Vec::new();
        let mut at = place;
        let mut object = loop {
            if let Some(known) = self.known(at) {
                break known;
            }
            match self.kept(at)? {
                Kept::Whole(kind, data) => {
                    let object = Object { kind, data, kin: None };
                    // Commits are seldom bases, and each is read once.
                    if kind != ObjectType::Commit || !chain.is_empty() {
                        self.keep(at, object.clone());
                    }
                    break object;
                }
                Kept::Delta(base, delta) => {
                    chain.push((at, delta));
                    at = base;
                }
            }
            if chain.len() > CHAIN_MAX {
                return None;
            }
        };
        while let Some((at, delta)) = chain.pop() {
            let Applied { data, same_start, same_end } =
                delta::apply(&object.data, &delta, OBJECT_BYTES_MAX, self.spare.pop())?;
            let kin = Kin { base: Rc::downgrade(&object.data), same_start, same_end };
            object = Object { kind: object.kind, data: Rc::new(data), kin: Some(kin) };
            if object.kind != ObjectType::Commit || !chain.is_empty() {
                self.keep(at, object.clone());
            }
        }
        Some(object)
    }

    fn find(&mut self, id: Oid) -> Option<Place> {
        let id = id.as_bytes();
        let packs = &self.packs.packs;
        let latest = packs.get(self.latest).and_then(|pack| pack.index.offset(id));
        if let Some(offset) = latest {
            return Some((self.latest, offset));
        }
        let others = packs.iter().enumerate().filter(|(number, _)| *number != self.latest);
        let found = others.into_iter().find_map(|(number, pack)| Some((number, pack.index.offset(id)?)))?;
        self.latest = found.0;
        Some(found)
    }

    fn known(&mut self, place: Place) -> Option<Object> {
        if let Some(known) = self.young.get(&place) {
            return Some(known.clone());
        }
        let known = self.old.remove(&place)?;
        self.keep(place, known.clone());
        Some(known)
    }

    fn keep(&mut self, place: Place, object: Object) {
        if self.young_bytes > HALF_BYTES_MAX {
            let dropped = std::mem::replace(&mut self.old, std::mem::take(&mut self.young));
            let buffers = dropped.into_values().filter_map(|object| Rc::try_unwrap(object.data).ok());
            self.spare.extend(buffers.take(SPARES_MAX.saturating_sub(self.spare.len())));
            self.young_bytes = 0;
        }
        self.young_bytes += object.data.len();
        self.young.insert(place, object);
    }

    /// Reads one entry of a pack: a header of kind and size, for a delta its base, and the compressed content.
    fn kept(&mut self, (pack, offset): Place) -> Option<Kept> {
        let (window, start) = self.window(pack, offset)?;
        let head = window.get(start..)?;
        let (&first, mut rest) = head.split_first()?;
        let mut size = usize::from(first & 0x0F);
        let (mut shift, mut byte) = (4_u32, first);
        while byte & 0x80 != 0 {
            let (&next, after) = rest.split_first()?;
            size |= usize::from(next & 0x7F).checked_shl(shift)?;
            (byte, rest, shift) = (next, after, shift + 7);
            if shift > 56 {
                return None;
            }
        }
        if size > OBJECT_BYTES_MAX {
            return None;
        }
        let kind = match (first >> 4) & 0x07 {
            1 => ObjectType::Commit,
            2 => ObjectType::Tree,
            3 => ObjectType::Blob,
            4 => ObjectType::Tag,
            6 => {
                let (back, after) = back_reference(rest)?;
                let base = (pack, offset.checked_sub(back).filter(|_| back > 0)?);
                let content_at = offset + u64::try_from(head.len() - after.len()).ok()?;
                return Some(Kept::Delta(base, self.inflate(after, (pack, content_at), size)?));
            }
            7 => {
                let (id, after) = rest.split_at_checked(20)?;
                let base = (pack, self.packs.packs.get(pack)?.index.offset(id)?);
                let content_at = offset + u64::try_from(head.len() - after.len()).ok()?;
                return Some(Kept::Delta(base, self.inflate(after, (pack, content_at), size)?));
            }
            _ => return None,
        };
        let content_at = offset + u64::try_from(head.len() - rest.len()).ok()?;
        Some(Kept::Whole(kind, Rc::new(self.inflate(rest, (pack, content_at), size)?)))
    }

    /// Inflates `size` bytes from the start of `compressed`, which may be cut off; then the rest is read from the pack.
    fn inflate(&mut self, compressed: &[u8], (pack, at): Place, size: usize) -> Option<Vec<u8>> {
        // Room for one byte more, so that the end of the stream is seen.
        let mut content = Vec::with_capacity(size + 1);
        self.inflate.reset(true);
        let mut status = self.inflate.decompress_vec(compressed, &mut content, FlushDecompress::None).ok()?;
        while status != Status::StreamEnd {
            let read = self.inflate.total_in();
            let more = read_at(&self.packs.packs.get(pack)?.file, at.checked_add(read)?)?;
            status = self.inflate.decompress_vec(&more, &mut content, FlushDecompress::None).ok()?;
            if self.inflate.total_in() == read {
                return None;
            }
        }
        (content.len() == size).then_some(content)
    }

    /// The window in which an entry begins, with at least half a window of the pack behind it, and the entry's place in it.
    fn window(&mut self, pack: usize, offset: u64) -> Option<(Rc<Vec<u8>>, usize)> {
        let step = u64::try_from(WINDOW_BYTES / 2).ok()?;
        let begin = offset - offset % step;
        let start = usize::try_from(offset - begin).ok()?;
        if let Some(window) = self.windows.get(&(pack, begin)) {
            return Some((Rc::clone(window), start));
        }
        let window = Rc::new(read_at(&self.packs.packs.get(pack)?.file, begin)?);
        if self.windows.len() >= WINDOWS_MAX {
            self.windows.clear();
        }
        self.windows.insert((pack, begin), Rc::clone(&window));
        Some((window, start))
    }
}

/// How far back the base of a delta is: seven bits a byte, highest first, each further byte counting from one.
fn back_reference(data: &[u8]) -> Option<(u64, &[u8])> {
    let (&byte, mut rest) = data.split_first()?;
    let mut value = u64::from(byte & 0x7F);
    let mut more = byte & 0x80 != 0;
    while more {
        let (&byte, after) = rest.split_first()?;
        value = value.checked_add(1)?.checked_mul(0x80)?.checked_add(u64::from(byte & 0x7F))?;
        more = byte & 0x80 != 0;
        rest = after;
    }
    Some((value, rest))
}

/// Reads a window of a file, less at its end; nothing there is `None`.
fn read_at(file: &File, offset: u64) -> Option<Vec<u8>> {
    let mut window = vec![0; WINDOW_BYTES];
    let mut filled = 0;
    while filled < window.len() {
        let at = offset.checked_add(u64::try_from(filled).ok()?)?;
        match read_some(file, window.get_mut(filled..)?, at) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
    window.truncate(filled);
    (filled > 0).then_some(window)
}

#[cfg(unix)]
fn read_some(file: &File, buffer: &mut [u8], offset: u64) -> std::io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_some(file: &File, buffer: &mut [u8], offset: u64) -> std::io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}

#[cfg(test)]
mod tests;

//! The index of a pack: where in the pack an object begins. Format: git's `gitformat-pack`, version 2.

const MAGIC: [u8; 8] = [0xFF, b't', b'O', b'c', 0, 0, 0, 2];
const FANOUT_AT: usize = 8;
const IDS_AT: usize = FANOUT_AT + 256 * 4;
const ID_BYTES: usize = 20;

/// An index in memory.
pub(super) struct PackIndex {
    data: Vec<u8>,
    count: usize,
}

impl PackIndex {
    /// Takes the bytes of an index file; `None` for another version, or one that is cut off.
    pub(super) fn new(data: Vec<u8>) -> Option<Self> {
        if !data.starts_with(&MAGIC) {
            return None;
        }
        let count = number(&data, FANOUT_AT + 255 * 4)?;
        // Ids, checksums and offsets of all objects, and two checksums of the files.
        let least = count.checked_mul(ID_BYTES + 4 + 4)?.checked_add(IDS_AT + 2 * ID_BYTES)?;
        (data.len() >= least).then_some(Self { data, count })
    }

    /// The place of an object in the pack.
    pub(super) fn offset(&self, id: &[u8]) -> Option<u64> {
        let bucket = usize::from(*id.first()?);
        let mut low = match bucket.checked_sub(1) {
            Some(before) => number(&self.data, FANOUT_AT + before * 4)?,
            None => 0,
        };
        let mut high = number(&self.data, FANOUT_AT + bucket * 4)?.min(self.count);
        while low < high {
            let middle = low + (high - low) / 2;
            let at = IDS_AT + middle * ID_BYTES;
            match self.data.get(at..at + ID_BYTES)?.cmp(id) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return self.offset_of(middle),
            }
        }
        None
    }

    fn offset_of(&self, place: usize) -> Option<u64> {
        const LARGE: usize = 1 << 31;
        let offsets_at = IDS_AT + self.count * (ID_BYTES + 4);
        let small = number(&self.data, offsets_at + place * 4)?;
        if small < LARGE {
            return u64::try_from(small).ok();
        }
        let at = offsets_at + self.count * 4 + (small - LARGE) * 8;
        Some(u64::from_be_bytes(self.data.get(at..at.checked_add(8)?)?.try_into().ok()?))
    }
}

fn number(data: &[u8], at: usize) -> Option<usize> {
    let bytes: [u8; 4] = data.get(at..at.checked_add(4)?)?.try_into().ok()?;
    usize::try_from(u32::from_be_bytes(bytes)).ok()
}

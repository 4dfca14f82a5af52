//! Deltas: an object told as copies from another one and new bytes. Format: git's `gitformat-pack`.

/// What a copy without a length copies.
const WHOLE_BLOCK: usize = 0x1_0000;

/// An object made from its base.
pub(super) struct Applied {
    pub(super) data: Vec<u8>,
    /// So many bytes are the same as in the base at the start, at least.
    pub(super) same_start: usize,
    /// And so many at the end.
    pub(super) same_end: usize,
}

/// Makes the object that the delta tells from its base, in a used buffer if there is one; `None` when the delta is broken or
/// larger than allowed.
pub(super) fn apply(base: &[u8], delta: &[u8], bytes_max: usize, buffer: Option<Vec<u8>>) -> Option<Applied> {
    let (base_size, rest) = size(delta)?;
    let (result_size, mut rest) = size(rest)?;
    if base_size != base.len() || result_size > bytes_max {
        return None;
    }
    let mut result = buffer.unwrap_or_default();
    result.clear();
    result.reserve(result_size);
    let mut same_start = 0;
    // Where the latest run of copies that lie behind each other in the base and in the result begins and ends in the base.
    let mut run: Option<(usize, usize)> = None;
    while let Some((&instruction, after)) = rest.split_first() {
        rest = after;
        if instruction & 0x80 == 0 {
            // New bytes, as many as the instruction says.
            let (new, after) = rest.split_at_checked(usize::from(instruction))?;
            if new.is_empty() {
                return None;
            }
            result.extend_from_slice(new);
            run = None;
            rest = after;
        } else {
            let (offset, after) = sparse_number(rest, instruction & 0x0F, 4)?;
            let (length, after) = sparse_number(after, (instruction >> 4) & 0x07, 3)?;
            let length = if length == 0 { WHOLE_BLOCK } else { length };
            let end = offset.checked_add(length)?;
            if offset == same_start && result.len() == same_start {
                same_start = end;
            }
            run = match run {
                Some((begin, latest)) if latest == offset => Some((begin, end)),
                _ => Some((offset, end)),
            };
            result.extend_from_slice(base.get(offset..end)?);
            rest = after;
        }
        if result.len() > result_size {
            return None;
        }
    }
    let same_end = run.filter(|(_, end)| *end == base.len()).map_or(0, |(begin, end)| end - begin);
    (result.len() == result_size).then_some(Applied { data: result, same_start, same_end })
}

/// A size of seven bits a byte, lowest first.
fn size(data: &[u8]) -> Option<(usize, &[u8])> {
    let mut value: usize = 0;
    let mut shift = 0_u32;
    let mut rest = data;
    loop {
        let (&byte, after) = rest.split_first()?;
        rest = after;
        value |= usize::from(byte & 0x7F).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some((value, rest));
        }
        shift += 7;
        if shift > 56 {
            return None;
        }
    }
}

/// A number of which only those bytes are there whose bit in `present` is set, lowest first.
fn sparse_number(data: &[u8], present: u8, bytes: u32) -> Option<(usize, &[u8])> {
    let mut value = 0;
    let mut rest = data;
    for place in 0..bytes {
        if present & (1 << place) != 0 {
            let (&byte, after) = rest.split_first()?;
            value |= usize::from(byte) << (8 * place);
            rest = after;
        }
    }
    Some((value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(delta: &[u8], result: Option<&[u8]>) {
        let applied = apply(b"0123456789", delta, 100, None);
        assert_eq!(applied.as_ref().map(|applied| applied.data.as_slice()), result, "{delta:?}");
    }

    #[test]
    fn tells_what_is_the_same_at_both_ends() {
        let same = |delta: &[u8]| {
            apply(b"0123456789", delta, 100, None).map(|applied| (applied.same_start, applied.same_end)).unwrap()
        };
        assert_eq!(same(&[10, 10, 0x90, 3, 1, b'x', 0x91, 4, 6]), (3, 6));
        assert_eq!(same(&[10, 10, 0x90, 3, 0x91, 3, 2, 0x91, 5, 5]), (10, 10));
        assert_eq!(same(&[10, 4, 0x91, 2, 3, 1, b'x']), (0, 0));
        assert_eq!(same(&[10, 6, 0x91, 5, 3, 0x91, 5, 3]), (0, 0));
    }

    #[test]
    fn copies_and_inserts() {
        check(&[10, 5, 0x91, 2, 3, 2, b'x', b'y'], Some(b"234xy"));
        check(&[10, 10, 0x90, 10], Some(b"0123456789"));
    }

    #[test]
    fn refuses_what_git_would_not_write() {
        for delta in [
            &[][..],
            &[10],
            &[9, 5, 0x91, 2, 3, 2, b'x', b'y'],
            &[10, 4, 0x91, 2, 3, 2, b'x', b'y'],
            &[10, 6, 0x91, 2, 3, 2, b'x', b'y'],
            &[10, 5, 0x91, 8, 3, 2, b'x', b'y'],
            &[10, 5, 0x91, 2, 3, 2, b'x'],
            &[10, 1, 0],
            &[10, 101, 0x90, 101],
            &[0xFF; 20],
        ] {
            check(delta, None);
        }
    }
}

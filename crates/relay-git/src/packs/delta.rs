//! Deltas: an object told as copies from another one and new bytes. Format: git's `gitformat-pack`.

/// What a copy without a length copies.
const WHOLE_BLOCK: usize = 0x1_0000;

/// Makes the object that the delta tells from its base; `None` when the delta is broken or larger than allowed.
pub(super) fn apply(base: &[u8], delta: &[u8], bytes_max: usize) -> Option<Vec<u8>> {
    let (base_size, rest) = size(delta)?;
    let (result_size, mut rest) = size(rest)?;
    if base_size != base.len() || result_size > bytes_max {
        return None;
    }
    let mut result = Vec::with_capacity(result_size);
    while let Some((&instruction, after)) = rest.split_first() {
        rest = after;
        if instruction & 0x80 == 0 {
            // New bytes, as many as the instruction says.
            let (new, after) = rest.split_at_checked(usize::from(instruction))?;
            if new.is_empty() {
                return None;
            }
            result.extend_from_slice(new);
            rest = after;
        } else {
            let (offset, after) = sparse_number(rest, instruction & 0x0F, 4)?;
            let (length, after) = sparse_number(after, (instruction >> 4) & 0x07, 3)?;
            let length = if length == 0 { WHOLE_BLOCK } else { length };
            result.extend_from_slice(base.get(offset..offset.checked_add(length)?)?);
            rest = after;
        }
        if result.len() > result_size {
            return None;
        }
    }
    (result.len() == result_size).then_some(result)
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
        assert_eq!(apply(b"0123456789", delta, 100).as_deref(), result, "{delta:?}");
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

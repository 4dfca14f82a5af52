//! The tar that node-tar writes in its portable mode, as npm calls it: fixed time, no owner, `package/` in front.
//!
//! - `header`: one 512-byte block
//! - `pax`: what doesn't fit into it
//! - `sink`: compression and digests, in the same pass

mod header;
mod pax;
mod sink;

use std::io::{self, Write};

pub(crate) use sink::Sink;

/// The size of a block in bytes.
pub(crate) const BLOCK_BYTES: usize = 512;

/// The time of every entry: 26 October 1985, 08:15 UTC, in seconds. It is in the eighties for the sake of zip.
pub(crate) const ENTRY_TIME_SECONDS: u64 = 499_162_500;

/// What a tarball's entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EntryKind<'a> {
    /// A file with so many bytes.
    File(u64),
    /// Another name of an entry before it, given by its path in the tar.
    Link(&'a str),
}

/// Writes the blocks before an entry's content: a pax header where one is needed, and the header.
pub(crate) fn write_header(out: &mut impl Write, path: &str, mode: u32, kind: EntryKind) -> io::Result<()> {
    let (size, type_flag, link) = match kind {
        EntryKind::File(size) => (size, b'0', None),
        EntryKind::Link(link) => (0, b'1', Some(link)),
    };
    let header = header::Header { path, mode, size, type_flag, link };
    let encoded = header.encode();
    if encoded.needs_pax {
        out.write_all(&pax::encode(path, link, size))?;
    }
    out.write_all(&encoded.block)
}

/// Writes the zeros that fill an entry's last block.
pub(crate) fn write_padding(out: &mut impl Write, size: u64) -> io::Result<()> {
    let used = usize::try_from(size % 512).unwrap_or(0);
    if used > 0 {
        out.write_all(&[0; BLOCK_BYTES][used..])?;
    }
    Ok(())
}

/// Writes the two zero blocks at the end.
pub(crate) fn write_end(out: &mut impl Write) -> io::Result<()> {
    out.write_all(&[0; 2 * BLOCK_BYTES])
}

/// The mode that goes into the tar: readable and writable by its owner, writable by nobody else.
pub(crate) fn portable_mode(mode: u32) -> u32 {
    (mode & 0o7777 | 0o600) & !0o22
}

/// An entry's path in the tar, from its path in the package.
pub(crate) fn entry_path(path: &str) -> String {
    format!("package/{}", strip_root(path))
}

/// Takes off what Windows would read as the root of a path, as node-tar does on every system: `c:x` is `x`.
fn strip_root(path: &str) -> &str {
    let mut path = path;
    loop {
        let mut chars = path.chars();
        let stripped = match (chars.next(), chars.next()) {
            (Some('/' | '\\'), _) => path.get(1..),
            (Some(drive), Some(':')) if drive.is_ascii_alphabetic() => path.get(2..),
            _ => None,
        };
        match stripped {
            Some(rest) => path = rest,
            None => return path,
        }
    }
}

/// The first `most` UTF-16 units of a text, as JavaScript's `slice` gives them and UTF-8 then holds them.
fn first_units(text: &str, most: usize) -> String {
    let units: Vec<u16> = text.encode_utf16().take(most).collect();
    String::from_utf16_lossy(&units)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_made_portable() {
        for (mode, expected) in [(0o100_644, 0o644), (0o100_775, 0o755), (0o100_000, 0o600), (0o100_666, 0o644)] {
            assert_eq!(portable_mode(mode), expected, "{mode:o}");
        }
    }

    #[test]
    fn roots_of_windows_are_taken_off() {
        assert_eq!(entry_path("c:x.js"), "package/x.js");
        assert_eq!(entry_path("c:d:\\x"), "package/x");
        assert_eq!(entry_path("a/c:x"), "package/a/c:x");
    }

    #[test]
    fn content_is_padded_to_whole_blocks() {
        for (size, expected) in [(0_u64, 0_usize), (1, 511), (512, 0), (513, 511)] {
            let mut out = Vec::new();
            write_padding(&mut out, size).unwrap();
            assert_eq!(out.len(), expected, "{size}");
        }
    }
}

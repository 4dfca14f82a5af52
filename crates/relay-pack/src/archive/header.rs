//! One header block in the ustar format.

use super::{BLOCK_BYTES, ENTRY_TIME_SECONDS, first_units};

const NAME_BYTES: usize = 100;
const PREFIX_BYTES: usize = 155;

/// What a header says.
pub(super) struct Header<'a> {
    pub(super) path: &'a str,
    pub(super) mode: u32,
    pub(super) size: u64,
    pub(super) type_flag: u8,
    pub(super) link: Option<&'a str>,
}

/// A header block, and whether some value didn't fit into it.
pub(super) struct Encoded {
    pub(super) block: [u8; BLOCK_BYTES],
    pub(super) needs_pax: bool,
}

impl Header<'_> {
    /// Encodes the block.
    pub(super) fn encode(&self) -> Encoded {
        let mut block = Block { bytes: [0; BLOCK_BYTES], needs_pax: false };
        let split = split_path(self.path);
        block.needs_pax = split.cut;
        block.text(0, NAME_BYTES, &split.name);
        block.number(100, 8, u64::from(self.mode));
        block.number(124, 12, self.size);
        block.number(136, 12, ENTRY_TIME_SECONDS);
        block.put(156, &[self.type_flag]);
        if let Some(link) = self.link {
            block.text(157, NAME_BYTES, link);
        }
        block.put(257, b"ustar\x0000");
        block.number(329, 8, 0);
        block.number(337, 8, 0);
        block.text(345, PREFIX_BYTES, &split.prefix);
        // The checksum counts its own field as spaces.
        let sum = 8 * 0x20 + block.bytes.iter().copied().map(u64::from).sum::<u64>();
        block.number(148, 8, sum);
        Encoded { block: block.bytes, needs_pax: block.needs_pax }
    }
}

struct Block {
    bytes: [u8; BLOCK_BYTES],
    needs_pax: bool,
}

impl Block {
    fn put(&mut self, offset: usize, bytes: &[u8]) {
        for (slot, byte) in self.bytes.iter_mut().skip(offset).zip(bytes) {
            *slot = *byte;
        }
    }

    /// Writes as many whole characters as fit; text that is too long or not ASCII needs a pax header.
    fn text(&mut self, offset: usize, size: usize, text: &str) {
        self.needs_pax |= !text.is_ascii() || text.len() > size;
        let fitting = text.floor_char_boundary(size);
        self.put(offset, text.get(..fitting).unwrap_or_default().as_bytes());
    }

    /// Writes an octal number with a space and a zero byte behind it, or with only the zero byte where it is that long;
    /// what is longer still is written in binary and needs a pax header.
    fn number(&mut self, offset: usize, size: usize, number: u64) {
        let digits = format!("{number:o}");
        let text = match size - 1 {
            room if digits.len() > room => {
                self.needs_pax = true;
                let mut binary = vec![0_u8; size.saturating_sub(8)];
                binary.extend(number.to_be_bytes());
                if let Some(first) = binary.first_mut() {
                    *first = 0x80;
                }
                return self.put(offset, &binary);
            }
            room if digits.len() == room => format!("{digits}\0"),
            room => format!("{digits:0>width$} \0", width = room - 1),
        };
        self.put(offset, text.as_bytes());
    }
}

struct SplitPath {
    name: String,
    prefix: String,
    cut: bool,
}

/// Splits a path into name and prefix at a slash, so that both fit; a path that can't be split is cut.
fn split_path(path: &str) -> SplitPath {
    if path.len() < NAME_BYTES {
        return SplitPath { name: path.to_owned(), prefix: String::new(), cut: false };
    }
    let mut slash = path.rfind('/');
    while let Some(at) = slash {
        let (prefix, name) = (path.get(..at).unwrap_or_default(), path.get(at + 1..).unwrap_or_default());
        if prefix.len() <= PREFIX_BYTES {
            return if name.len() <= NAME_BYTES {
                SplitPath { name: name.to_owned(), prefix: prefix.to_owned(), cut: false }
            } else {
                SplitPath { name: first_units(name, NAME_BYTES - 1), prefix: prefix.to_owned(), cut: true }
            };
        }
        slash = prefix.rfind('/');
    }
    SplitPath { name: first_units(path, NAME_BYTES - 1), prefix: String::new(), cut: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(block: &[u8; BLOCK_BYTES], offset: usize, size: usize) -> String {
        String::from_utf8(block[offset..offset + size].to_vec()).unwrap()
    }

    #[test]
    fn numbers_are_octal_with_a_space_behind() {
        let header = Header { path: "package/a", mode: 0o644, size: 7, type_flag: b'0', link: None };
        let encoded = header.encode();
        assert!(!encoded.needs_pax);
        assert_eq!(field(&encoded.block, 100, 8), "000644 \0");
        assert_eq!(field(&encoded.block, 124, 12), "0000000007 \0");
        assert_eq!(field(&encoded.block, 136, 12), "3560116604 \0");
        assert_eq!(field(&encoded.block, 329, 8), "000000 \0");
    }

    #[test]
    fn sizes_beyond_eleven_digits_need_pax() {
        let header = Header { path: "package/a", mode: 0o644, size: 1 << 33, type_flag: b'0', link: None };
        let encoded = header.encode();
        assert!(encoded.needs_pax);
        assert_eq!(encoded.block[124..136], [0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0]);
        let largest = Header { size: (1 << 33) - 1, ..header };
        assert_eq!(field(&largest.encode().block, 124, 12), "77777777777\0");
    }

    #[test]
    fn long_paths_are_split_at_a_slash() {
        let path = format!("package/{}/{}", "d".repeat(60), "e".repeat(60));
        let split = split_path(&path);
        assert_eq!((split.name.len(), split.prefix.len(), split.cut), (60, 68, false));
        assert!(split_path(&format!("package/{}", "n".repeat(120))).cut);
    }
}

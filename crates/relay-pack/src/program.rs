//! What a file's first bytes say of it: a script with an interpreter, or a program in machine code.

/// A file that is meant to be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// It begins with `#!`.
    Script,
    /// An ELF program or shared library.
    Elf,
    /// A Mach-O program.
    MachO,
    /// A program for Windows.
    Pe,
}

impl Program {
    /// The kind in words, with its article.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Script => "a script with `#!`",
            Self::Elf => "an ELF program",
            Self::MachO => "a Mach-O program",
            Self::Pe => "a Windows program",
        }
    }
}

/// How many architectures a universal Mach-O file has at the most. A Java class begins with the same bytes, and goes on with
/// its version, from 45.
const ARCHITECTURES_MAX: u32 = 20;

/// Looks at the beginning of a file.
pub(crate) fn of(head: &[u8]) -> Option<Program> {
    let word = |at: usize| head.get(at..at + 4).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
    match word(0) {
        Some([b'#', b'!', ..]) => Some(Program::Script),
        // Executable, or position-independent executable and shared library; object files are neither.
        Some([0x7f, b'E', b'L', b'F']) => matches!(elf_type(head), Some(2 | 3)).then_some(Program::Elf),
        Some([0xcf | 0xce, 0xfa, 0xed, 0xfe]) => {
            (word(12).map(u32::from_le_bytes) == Some(2)).then_some(Program::MachO)
        }
        Some([0xca, 0xfe, 0xba, 0xbe]) => {
            word(4).map(u32::from_be_bytes).is_some_and(|count| count < ARCHITECTURES_MAX).then_some(Program::MachO)
        }
        Some([b'M', b'Z', ..]) => is_pe(head).then_some(Program::Pe),
        _ => None,
    }
}

fn elf_type(head: &[u8]) -> Option<u16> {
    let bytes = <[u8; 2]>::try_from(head.get(16..18)?).ok()?;
    let big_endian = head.get(5) == Some(&2);
    Some(if big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
}

/// The header of a program for Windows stands where the one for DOS says; it also tells libraries from programs.
fn is_pe(head: &[u8]) -> bool {
    const LIBRARY: u16 = 0x2000;
    let Some(at) = head.get(0x3c..0x40).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok()) else { return false };
    let Ok(at) = usize::try_from(u32::from_le_bytes(at)) else { return false };
    let Some(header) = at.checked_add(24).and_then(|end| head.get(at..end)) else { return false };
    let traits = header.get(22..24).and_then(|bytes| <[u8; 2]>::try_from(bytes).ok()).map(u16::from_le_bytes);
    header.starts_with(b"PE\0\0") && traits.is_some_and(|traits| traits & LIBRARY == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(mut bytes: Vec<u8>, offset: usize, value: &[u8]) -> Vec<u8> {
        bytes.resize(bytes.len().max(offset + value.len()), 0);
        bytes[offset..offset + value.len()].copy_from_slice(value);
        bytes
    }

    #[test]
    fn programs_are_known_by_their_beginning() {
        let elf = |kind: u8| at(b"\x7fELF\x02\x01\x01".to_vec(), 16, &[kind, 0]);
        assert_eq!((of(&elf(2)), of(&elf(3)), of(&elf(1))), (Some(Program::Elf), Some(Program::Elf), None));
        let mach = |kind: u8| at(vec![0xcf, 0xfa, 0xed, 0xfe], 12, &[kind, 0, 0, 0]);
        assert_eq!((of(&mach(2)), of(&mach(6))), (Some(Program::MachO), None));
        assert_eq!(of(&[0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 2]), Some(Program::MachO));
        assert_eq!(of(&[0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 52]), None, "a Java class");
        let pe = |traits: u16| {
            let head = at(at(b"MZ".to_vec(), 0x3c, &[0x80, 0, 0, 0]), 0x80, b"PE\0\0");
            at(head, 0x80 + 22, &traits.to_le_bytes())
        };
        assert_eq!((of(&pe(0x22)), of(&pe(0x2022)), of(b"MZ")), (Some(Program::Pe), None, None));
        assert_eq!((of(b"#!/bin/sh\n"), of(b"#"), of(b"")), (Some(Program::Script), None, None));
    }
}

//! The pax header that precedes an entry with values that its own header can't hold.

use super::header::Header;
use super::{BLOCK_BYTES, ENTRY_TIME_SECONDS, first_units};

/// Encodes the header and its body, padded to whole blocks.
pub(super) fn encode(path: &str, link: Option<&str>, size: u64) -> Vec<u8> {
    let mut body = record("path", path);
    if let Some(link) = link {
        body.push_str(&record("linkpath", link));
    }
    body.push_str(&record("mtime", &ENTRY_TIME_SECONDS.to_string()));
    body.push_str(&record("size", &size.to_string()));
    let base = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let header = Header {
        path: &first_units(&format!("PaxHeader/{base}"), 99),
        mode: 0o644,
        size: u64::try_from(body.len()).unwrap_or(u64::MAX),
        type_flag: b'x',
        link: None,
    };
    let mut blocks = header.encode().block.to_vec();
    blocks.extend_from_slice(body.as_bytes());
    blocks.resize(blocks.len().next_multiple_of(BLOCK_BYTES), 0);
    blocks
}

/// One record: its own length in decimal, a space, `key=value`, a line end.
fn record(key: &str, value: &str) -> String {
    let rest = format!(" {key}={value}\n");
    let mut length = rest.len();
    // The length counts its own digits, of which the second round can add one more.
    for _ in 0..3 {
        length = rest.len() + length.to_string().len();
    }
    format!("{length}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_counts_its_own_length() {
        assert_eq!(record("size", "1"), "9 size=1\n");
        for length in [1, 80, 90, 91, 92, 93, 94, 95, 980, 990, 991, 992, 993] {
            let text = record("path", &"x".repeat(length));
            assert!(text.starts_with(&format!("{} ", text.len())), "{length}");
        }
    }
}

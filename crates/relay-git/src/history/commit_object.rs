//! A commit object as git stores it: the lines that the walk needs, and the message.

use git2::Oid;

use super::MESSAGE_BYTES_MAX;

/// What the walk needs of a commit.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CommitObject {
    pub(super) tree: Oid,
    pub(super) parents: Vec<Oid>,
    /// The committer's time in seconds since 1970; 0 where it can't be read, as git has it.
    pub(super) time: i64,
}

/// Reads the header; `None` when git would not have written it.
pub(super) fn parse(data: &[u8]) -> Option<CommitObject> {
    let (tree, mut rest) = id_line(data, b"tree ")?;
    let mut parents = Vec::new();
    while let Some((parent, after)) = id_line(rest, b"parent ") {
        parents.push(parent);
        rest = after;
    }
    let time = rest
        .split(|byte| *byte == b'\n')
        .take_while(|line| !line.is_empty())
        .find(|line| line.starts_with(b"committer "))
        .and_then(seconds)
        .unwrap_or(0);
    Some(CommitObject { tree, parents, time })
}

/// The message as text, without the blank lines around it, bounded.
pub(super) fn message(data: &[u8]) -> String {
    let start = data.windows(2).position(|pair| pair == b"\n\n").map_or(data.len(), |at| at + 2);
    let body = data.get(start..).unwrap_or_default();
    let body = body.get(..MESSAGE_BYTES_MAX).unwrap_or(body);
    String::from_utf8_lossy(body).trim_start_matches('\n').trim_end().to_owned()
}

fn id_line<'d>(data: &'d [u8], key: &[u8]) -> Option<(Oid, &'d [u8])> {
    let rest = data.strip_prefix(key)?;
    let (hex, rest) = rest.split_at_checked(40)?;
    let mut id = [0_u8; 20];
    for (byte, pair) in id.iter_mut().zip(hex.chunks_exact(2)) {
        let [high, low] = *pair else { return None };
        *byte = (nibble(high)? << 4) | nibble(low)?;
    }
    Some((Oid::from_bytes(&id).ok()?, rest.strip_prefix(b"\n")?))
}

fn nibble(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

/// The time of a line `committer Name <mail> 1700000000 +0100`.
fn seconds(line: &[u8]) -> Option<i64> {
    let after_mail = line.iter().rposition(|byte| *byte == b'>')? + 1;
    let text = std::str::from_utf8(line.get(after_mail..)?).ok()?;
    text.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

    #[test]
    fn reads_tree_parents_time_and_message() {
        let text = format!(
            "tree {TREE}\nparent {TREE}\nparent {TREE}\nauthor A <a@x> 5 +0000\ncommitter B > C <b@x> 1700000000 -0330\n\
             gpgsig x\n y\n\nfeat: one\n\nbody\n\n"
        );
        let commit = parse(text.as_bytes()).unwrap();
        assert_eq!(commit.tree.to_string(), TREE);
        assert_eq!((commit.parents.len(), commit.time), (2, 1_700_000_000));
        assert_eq!(message(text.as_bytes()), "feat: one\n\nbody");
    }

    #[test]
    fn takes_a_broken_time_for_the_epoch_and_refuses_a_broken_tree() {
        assert_eq!(parse(format!("tree {TREE}\ncommitter nobody\n\nx").as_bytes()).unwrap().time, 0);
        for text in ["", "tree abc\n", "parent x", &format!("tree {}\n", TREE.to_uppercase())] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn bounds_the_message_and_survives_other_encodings() {
        let mut data = format!("tree {TREE}\n\n").into_bytes();
        data.extend(std::iter::repeat_n(0xE9, MESSAGE_BYTES_MAX * 2));
        assert!(message(&data).len() <= MESSAGE_BYTES_MAX * 3);
    }
}

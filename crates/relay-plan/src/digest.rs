//! The digest that names plans and inputs.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// The sha256 of some bytes as `sha256-` and 64 lower-case hex digits. It can stand in a file name.
pub fn digest(bytes: &[u8]) -> String {
    let mut text = String::from("sha256-");
    for byte in Sha256::digest(bytes) {
        // Writing to a `String` can't fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_sha256_in_hex() {
        assert_eq!(digest(b""), "sha256-e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}

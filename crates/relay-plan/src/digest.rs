//! The digest that names plans and inputs.

use std::fmt::Write as _;

use serde::Serialize;
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

/// The digest of what a value means: its JSON with all keys sorted, so that neither the order of fields nor the names of types
/// in this program change it.
pub fn digest_of(value: &impl Serialize) -> String {
    let mut value = serde_json::to_value(value).expect("settings and inputs are plain data with texts for keys");
    value.sort_all_objects();
    digest(value.to_string().as_bytes())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_have_no_order_and_lists_have_one() {
        let of = |value: serde_json::Value| digest_of(&value);
        assert_eq!(of(json!({"a": 1, "b": {"c": 2, "d": [1, 2]}})), of(json!({"b": {"d": [1, 2], "c": 2}, "a": 1})));
        assert_ne!(of(json!([1, 2])), of(json!([2, 1])));
        assert_ne!(of(json!({"a": null})), of(json!({})));
    }

    #[test]
    fn is_sha256_in_hex() {
        assert_eq!(digest(b""), "sha256-e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}

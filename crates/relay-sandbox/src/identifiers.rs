//! Everything the sandbox makes up by chance: ids, tokens, one-time passwords. Seedable, so that a run can be repeated.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// Characters after `npm_` in a token; the npm client recognises (and masks) tokens of this length.
const TOKEN_CHARACTERS: usize = 36;
const ALPHANUMERIC: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// The sandbox's source of chance.
pub(crate) struct Identifiers {
    rng: StdRng,
}

impl Identifiers {
    pub(crate) fn new(seed: Option<u64>) -> Self {
        let rng = seed.map_or_else(StdRng::from_os_rng, StdRng::seed_from_u64);
        Self { rng }
    }

    /// A random (version 4) UUID in its usual spelling.
    pub(crate) fn uuid(&mut self) -> String {
        let bits: u128 = self.rng.random();
        let bits = (bits & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
        let hex = format!("{bits:032x}");
        let mut uuid = String::with_capacity(36);
        for (index, digit) in hex.chars().enumerate() {
            if matches!(index, 8 | 12 | 16 | 20) {
                uuid.push('-');
            }
            uuid.push(digit);
        }
        uuid
    }

    /// A token of npm's form.
    pub(crate) fn token(&mut self) -> String {
        let mut token = String::from("npm_");
        for _ in 0..TOKEN_CHARACTERS {
            let index = self.rng.random_range(0..ALPHANUMERIC.len());
            token.push(char::from(ALPHANUMERIC.get(index).copied().unwrap_or(b'0')));
        }
        token
    }

    /// A one-time password of so many decimal digits.
    pub(crate) fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'0' + self.rng.random_range(0..10_u8))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_run() {
        let (mut one, mut other) = (Identifiers::new(Some(7)), Identifiers::new(Some(7)));
        assert_eq!((one.uuid(), one.token(), one.digits(16)), (other.uuid(), other.token(), other.digits(16)));
    }

    #[test]
    fn ids_have_npms_forms() {
        let mut ids = Identifiers::new(None);
        let uuid = ids.uuid();
        assert_eq!(uuid.len(), 36);
        assert_eq!(uuid.chars().nth(14), Some('4'));
        assert!(matches!(uuid.chars().nth(19), Some('8' | '9' | 'a' | 'b')), "{uuid}");
        let token = ids.token();
        assert!(token.starts_with("npm_") && token.len() == 40, "{token}");
        assert!(ids.digits(16).chars().all(|digit| digit.is_ascii_digit()));
    }
}

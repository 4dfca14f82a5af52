//! Time-based one-time passwords (RFC 6238 over RFC 4226 and RFC 2104), with SHA-1 as authenticator apps use it.

use sha1::{Digest, Sha1};

/// Seconds one code is the current one.
pub(crate) const STEP_SECONDS: u64 = 30;
/// Codes this many steps before or after the current one are accepted too, for clocks that differ.
const TOLERATED_STEPS: u64 = 1;
/// Digits of the codes that npm asks for.
const CODE_DIGITS: u32 = 6;
/// Block size of SHA-1 in bytes.
const BLOCK_BYTES: usize = 64;

/// The code that is valid at `unix_seconds`.
pub(crate) fn current_code(secret: &str, unix_seconds: u64) -> String {
    code(&secret_bytes(secret), unix_seconds / STEP_SECONDS, CODE_DIGITS)
}

/// Tells whether `candidate` is the code of this step or of a tolerated neighbour.
pub(crate) fn accepts(secret: &str, candidate: &str, unix_seconds: u64) -> bool {
    let key = secret_bytes(secret);
    let step = unix_seconds / STEP_SECONDS;
    (step.saturating_sub(TOLERATED_STEPS)..=step.saturating_add(TOLERATED_STEPS))
        .any(|step| code(&key, step, CODE_DIGITS) == candidate)
}

fn code(key: &[u8], counter: u64, digits: u32) -> String {
    let mac = hmac_sha1(key, &counter.to_be_bytes());
    // RFC 4226, 5.3: the low four bits of the last byte choose where the 31-bit number starts.
    let offset = usize::from(mac.last().copied().unwrap_or_default() & 0x0f);
    let number = mac.iter().skip(offset).take(4).fold(0_u32, |number, byte| (number << 8) | u32::from(*byte));
    let code = (number & 0x7fff_ffff) % 10_u32.pow(digits);
    let width = usize::try_from(digits).unwrap_or_default();
    format!("{code:0width$}")
}

fn hmac_sha1(key: &[u8], message: &[u8]) -> [u8; 20] {
    let mut block = [0_u8; BLOCK_BYTES];
    let digest: [u8; 20];
    let key = if key.len() > BLOCK_BYTES {
        digest = Sha1::digest(key).into();
        &digest
    } else {
        key
    };
    for (slot, byte) in block.iter_mut().zip(key) {
        *slot = *byte;
    }
    let inner = Sha1::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(message).finalize();
    Sha1::new().chain_update(block.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().into()
}

/// A secret is base32 as authenticator apps show it; any other text stands for its own bytes.
fn secret_bytes(secret: &str) -> Vec<u8> {
    base32(secret).unwrap_or_else(|| secret.as_bytes().to_vec())
}

fn base32(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut buffer, mut bits) = (0_u16, 0_u32);
    for character in text.chars().filter(|character| !matches!(character, ' ' | '-' | '=')) {
        let value = match character.to_ascii_uppercase() {
            letter @ 'A'..='Z' => u16::try_from(u32::from(letter) - u32::from('A')).ok()?,
            digit @ '2'..='7' => u16::try_from(u32::from(digit) - u32::from('2')).ok()? + 26,
            _ => return None,
        };
        buffer = ((buffer << 5) | value) & 0x0fff;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((buffer >> bits) & 0xff).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, the SHA-1 column.
    #[test]
    fn agrees_with_the_vectors_of_rfc_6238() {
        let vectors = [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ];
        for (seconds, expected) in vectors {
            assert_eq!(code(b"12345678901234567890", seconds / STEP_SECONDS, 8), expected, "at {seconds}");
        }
    }

    /// RFC 2202: keys shorter and longer than a block.
    #[test]
    fn agrees_with_the_vectors_of_rfc_2202() {
        let hex = |mac: [u8; 20]| crate::packages::hex(&mac);
        assert_eq!(
            hex(hmac_sha1(b"Jefe", b"what do ya want for nothing?")),
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"
        );
        assert_eq!(
            hex(hmac_sha1(&[0xaa; 80], b"Test Using Larger Than Block-Size Key - Hash Key First")),
            "aa4ae5e15272d00e95705637ce8a3b55ed402112"
        );
    }

    #[test]
    fn reads_base32_secrets_as_apps_show_them() {
        assert_eq!(base32("GEZD GNBV-gy3tqojq").as_deref(), Some(b"1234567890".as_slice()));
        assert_eq!(base32("not base32!"), None);
        let now = 1_700_000_000;
        assert_eq!(current_code("GEZDGNBVGY3TQOJQ", now), current_code("1234567890", now));
    }

    #[test]
    fn accepts_the_neighbouring_steps_only() {
        let now = 1_700_000_010;
        let code = current_code("JBSWY3DPEHPK3PXP", now);
        assert!(accepts("JBSWY3DPEHPK3PXP", &code, now + STEP_SECONDS));
        assert!(accepts("JBSWY3DPEHPK3PXP", &code, now - STEP_SECONDS));
        assert!(!accepts("JBSWY3DPEHPK3PXP", &code, now + 3 * STEP_SECONDS));
        assert!(!accepts("JBSWY3DPEHPK3PXP", "", now));
    }
}

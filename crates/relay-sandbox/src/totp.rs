//! Time-based one-time passwords (RFC 6238) as authenticator apps make them: six digits, SHA-1, a new one each 30 seconds.

use totp_rs::{Algorithm, Builder, Secret, Totp};

/// Seconds one code is the current one.
const STEP_SECONDS: u64 = 30;
/// Codes this many steps before or after the current one are accepted too, for clocks that differ.
const TOLERATED_STEPS: u16 = 1;
/// Digits of the codes that npm asks for.
const CODE_DIGITS: u8 = 6;

/// The code that is valid at `unix_seconds`.
pub(crate) fn current_code(secret: &str, unix_seconds: u64) -> String {
    totp(secret, CODE_DIGITS).generate(unix_seconds).to_string()
}

/// Tells whether `candidate` is the code of this step or of a tolerated neighbour.
pub(crate) fn accepts(secret: &str, candidate: &str, unix_seconds: u64) -> bool {
    totp(secret, CODE_DIGITS).check(candidate, unix_seconds).is_some()
}

/// "Noncompliant" allows for secrets shorter than the RFC's 128 bits: the usual example of authenticator apps has 80.
fn totp(secret: &str, digits: u8) -> Totp {
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(digits)
        .with_skew(TOLERATED_STEPS)
        .with_step_duration(STEP_SECONDS)
        .with_secret(secret_of(secret))
        .build_noncompliant()
}

/// A secret is base32 as authenticator apps show it; any other text stands for its own bytes.
fn secret_of(text: &str) -> Secret {
    let bare: String = text.chars().filter(|character| !matches!(character, ' ' | '-' | '=')).collect();
    Secret::try_from_base32(bare.to_ascii_uppercase()).unwrap_or_else(|_| Secret::new(text.as_bytes().into()))
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
        // Eight digits and a `0` do not make base32 of it: the text stands for its bytes.
        for (seconds, expected) in vectors {
            assert_eq!(totp("12345678901234567890", 8).generate(seconds).to_string(), expected, "at {seconds}");
        }
    }

    #[test]
    fn reads_base32_secrets_as_apps_show_them() {
        assert_eq!(secret_of("GEZD GNBV-gy3tqojq==").as_bytes(), b"1234567890");
        assert_eq!(secret_of("not base32!").as_bytes(), b"not base32!");
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

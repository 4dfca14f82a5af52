//! As much of a certificate (RFC 5280, in DER) as is needed to judge one that is trusted by name: who made it, for whom, and
//! when it is good. Reading is strict and never goes beyond the bytes.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rustls::client::verify_server_name;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::ParsedCertificate;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT_ID: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const VERSION: u8 = 0xa0;
/// `commonName`, 2.5.4.3.
const COMMON_NAME: [u8; 3] = [0x55, 0x04, 0x03];
/// `subjectAltName`, 2.5.29.17, as an element.
const OTHER_NAMES: [u8; 5] = [OBJECT_ID, 3, 0x55, 0x1d, 0x11];

/// The parts that count.
pub(super) struct Certificate<'a> {
    issuer: &'a [u8],
    subject: &'a [u8],
    /// In seconds since 1970.
    not_before: i64,
    not_after: i64,
    has_other_names: bool,
}

impl<'a> Certificate<'a> {
    /// Reads a certificate; `None` where it is none.
    pub(super) fn parse(der: &'a [u8]) -> Option<Self> {
        let (body, _) = element(der, SEQUENCE)?;
        let (fields, _) = element(body, SEQUENCE)?;
        let rest = element(fields, VERSION).map_or(fields, |(_, rest)| rest);
        let (_serial, rest) = any_element(rest)?;
        let (_algorithm, rest) = element(rest, SEQUENCE)?;
        let (issuer, rest) = element(rest, SEQUENCE)?;
        let (validity, rest) = element(rest, SEQUENCE)?;
        let (subject, rest) = element(rest, SEQUENCE)?;
        let (not_before, after) = time(validity)?;
        let (not_after, _) = time(after)?;
        let has_other_names = rest.windows(OTHER_NAMES.len()).any(|window| window == OTHER_NAMES);
        Some(Self { issuer, subject, not_before, not_after, has_other_names })
    }

    /// Says whether it names itself as its maker.
    pub(super) fn is_self_signed(&self) -> bool {
        self.issuer == self.subject
    }

    /// Says whether it is good at a time, in seconds since 1970.
    pub(super) fn is_valid_at(&self, seconds: u64) -> bool {
        i64::try_from(seconds).is_ok_and(|now| self.not_before <= now && now <= self.not_after)
    }

    /// Says whether it is for a server of this name. As Node does it, the subject's common name counts where there are no
    /// other names, and never for an address.
    pub(super) fn is_for(&self, whole: &CertificateDer<'_>, name: &ServerName<'_>) -> bool {
        if self.has_other_names {
            return ParsedCertificate::try_from(whole).is_ok_and(|parsed| verify_server_name(&parsed, name).is_ok());
        }
        let ServerName::DnsName(wanted) = name else { return false };
        let wanted = wanted.as_ref().trim_end_matches('.');
        self.common_name().is_some_and(|own| {
            own.eq_ignore_ascii_case(wanted)
                || own.strip_prefix("*.").is_some_and(|parent| {
                    wanted.split_once('.').is_some_and(|(_, above)| above.eq_ignore_ascii_case(parent))
                })
        })
    }

    fn common_name(&self) -> Option<&'a str> {
        let mut rest = self.subject;
        let mut found = None;
        while let Some((set, after)) = element(rest, SET) {
            let named = element(set, SEQUENCE).and_then(|(pair, _)| element(pair, OBJECT_ID));
            if let Some((id, value)) = named
                && id == COMMON_NAME
            {
                found = any_element(value).and_then(|(text, _)| std::str::from_utf8(text).ok());
            }
            rest = after;
        }
        found
    }
}

/// The content of the element in front, if it has this tag, and what follows it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    (bytes.first() == Some(&tag)).then(|| any_element(bytes)).flatten()
}

fn any_element(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        // A length of up to four bytes follows.
        0x81..=0x84 => {
            let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (length.iter().try_fold(0_usize, |sum, byte| sum.checked_mul(256)?.checked_add(usize::from(*byte)))?, rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

/// A time in seconds since 1970, and what follows it.
fn time(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let tag = *bytes.first()?;
    let (text, rest) = any_element(bytes)?;
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let text = match tag {
        // RFC 5280, 4.1.2.5.1: two digits stand for 1950 to 2049.
        UTC_TIME => format!("{}{text}", if text.get(..2)? < "50" { "20" } else { "19" }),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let moment = DateTime::strptime("%Y%m%d%H%M%S", text).ok()?;
    Some((moment.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second(), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_both_forms() {
        let at = |tag: u8, text: &str| {
            let mut bytes = vec![tag, u8::try_from(text.len()).unwrap()];
            bytes.extend_from_slice(text.as_bytes());
            time(&bytes).map(|(seconds, _)| seconds)
        };
        assert_eq!(at(UTC_TIME, "700101000000Z"), Some(0));
        assert_eq!(at(UTC_TIME, "491231235959Z"), Some(2_524_607_999));
        assert_eq!(at(UTC_TIME, "500101000000Z"), Some(-631_152_000));
        assert_eq!(at(GENERALIZED_TIME, "20500101000000Z"), Some(2_524_608_000));
        for wrong in ["", "Z", "7001010000Z", "700101000000+0100", "701301000000Z"] {
            assert_eq!(at(UTC_TIME, wrong), None, "{wrong}");
        }
    }

    #[test]
    fn lengths_never_lead_beyond_the_bytes() {
        assert_eq!(any_element(&[4, 1, 7, 8]), Some((&[7][..], &[8][..])));
        assert_eq!(any_element(&[4, 0x81, 1, 7]), Some((&[7][..], &[][..])));
        for broken in [&[][..], &[4], &[4, 2, 1], &[4, 0x84, 255, 255, 255, 255], &[4, 0x85, 0, 0, 0, 0, 0], &[4, 0x80]]
        {
            assert_eq!(any_element(broken), None, "{broken:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            drop(Certificate::parse(&bytes).map(|certificate| certificate.common_name().map(str::to_owned)));
        }
    }
}

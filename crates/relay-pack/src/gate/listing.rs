//! What is kept of a published tarball, to compare another one with it. It comes from outside: what is read has bounds.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use relay_workspace::{Integrity, Shasum};
use serde_json::{Map, Value};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::install_script::install_events;
use super::{each_file, source_maps};

/// A tarball is read up to this size, unpacked, in bytes.
pub const LISTED_UNPACKED_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// No more files of a tarball are listed.
pub const LISTED_FILES_MAX: usize = 100_000;

/// Why a published tarball is not compared with.
#[derive(Debug, thiserror::Error)]
pub enum ListingError {
    /// Nobody says which bytes it should have.
    #[error("the registry states no digest of it")]
    NoDigest,
    /// It is not what the registry says.
    #[error("its bytes are not those of the digest that the registry states")]
    OtherBytes,
    /// It can't be read.
    #[error("it can't be read: {0}")]
    Unreadable(#[from] io::Error),
}

/// What was in a tarball.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listing {
    /// Its files with their sizes, in bytes.
    files: BTreeMap<String, u64>,
    /// The files with source maps that carry sources.
    maps: BTreeSet<String>,
    install_events: Vec<&'static str>,
}

impl Listing {
    /// Reads a tarball.
    ///
    /// # Errors
    /// What the archive's reader says, or that it has too many files, or no manifest.
    pub fn read(tarball: &[u8]) -> io::Result<Self> {
        let mut listing = Self::default();
        let mut manifest: Option<Map<String, Value>> = None;
        each_file(tarball, LISTED_UNPACKED_BYTES_MAX, |path, content| {
            if listing.files.len() > LISTED_FILES_MAX {
                return;
            }
            if path == "package.json" {
                let text = String::from_utf8_lossy(content);
                manifest = serde_json::from_str(text.trim_start_matches('\u{feff}')).ok();
            }
            if source_maps::carries_sources(path, content) {
                listing.maps.insert(path.to_owned());
            }
            listing.files.insert(path.to_owned(), u64::try_from(content.len()).unwrap_or(u64::MAX));
        })?;
        if listing.files.len() > LISTED_FILES_MAX {
            return Err(io::Error::other(format!("it has more than {LISTED_FILES_MAX} files")));
        }
        let manifest = manifest.ok_or_else(|| io::Error::other("it has no package.json that can be read"))?;
        let root_files = listing.files.keys().filter(|path| !path.contains('/')).cloned();
        listing.install_events = install_events(&manifest, root_files);
        Ok(listing)
    }

    /// Reads a tarball that was published, once it is shown to be the one that the registry means.
    ///
    /// # Errors
    /// [`ListingError`].
    pub fn of_published(
        tarball: &[u8],
        integrity: Option<&Integrity>,
        shasum: Option<&Shasum>,
    ) -> Result<Self, ListingError> {
        let as_stated = match (integrity, shasum) {
            (Some(integrity), _) => has_digest(tarball, integrity),
            (None, Some(shasum)) => hex(&Sha1::digest(tarball)) == shasum.as_str(),
            (None, None) => return Err(ListingError::NoDigest),
        };
        if as_stated { Ok(Self::read(tarball)?) } else { Err(ListingError::OtherBytes) }
    }

    /// Its files with their sizes, in bytes.
    pub(super) fn files(&self) -> &BTreeMap<String, u64> {
        &self.files
    }

    /// Says whether one of its source maps carries sources.
    pub(super) fn has_maps_with_sources(&self) -> bool {
        !self.maps.is_empty()
    }

    /// The events at which it runs a script wherever it is installed.
    pub(super) fn install_events(&self) -> &[&'static str] {
        &self.install_events
    }

    /// The size of its files together, in bytes.
    pub(super) fn unpacked(&self) -> u64 {
        self.files.values().fold(0, |sum, size| sum.saturating_add(*size))
    }
}

/// Says whether a tarball has the digest that an integrity states.
pub fn has_digest(tarball: &[u8], integrity: &Integrity) -> bool {
    let Some((algorithm, stated)) = integrity.as_str().split_once('-') else { return false };
    let digest = match algorithm {
        "sha512" => STANDARD.encode(Sha512::digest(tarball)),
        "sha384" => STANDARD.encode(Sha384::digest(tarball)),
        "sha256" => STANDARD.encode(Sha256::digest(tarball)),
        "sha1" => STANDARD.encode(Sha1::digest(tarball)),
        _ => return false,
    };
    digest == stated
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Digests of no bytes at all, as every tool for them prints them.
    const NOTHING: [&str; 2] = [
        "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==",
        "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
    ];

    #[test]
    fn only_the_bytes_that_the_registry_means_are_looked_into() {
        let shasum = Shasum::parse("da39a3ee5e6b4b0d3255bfef95601890afd80709").unwrap();
        for stated in NOTHING {
            let integrity = Integrity::parse(stated).unwrap();
            let of = |bytes: &[u8]| Listing::of_published(bytes, Some(&integrity), Some(&shasum)).unwrap_err();
            assert!(matches!(of(b""), ListingError::Unreadable(_)), "{stated}: it is the one, and none");
            assert!(matches!(of(b"x"), ListingError::OtherBytes), "{stated}");
        }
        assert!(matches!(Listing::of_published(b"", None, Some(&shasum)), Err(ListingError::Unreadable(_))));
        assert!(matches!(Listing::of_published(b"x", None, Some(&shasum)), Err(ListingError::OtherBytes)));
        assert!(matches!(Listing::of_published(b"", None, None), Err(ListingError::NoDigest)));
    }
}

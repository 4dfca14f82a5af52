//! Tarballs: what is packed from a folder, and what is read back from bytes that somebody else may have made.
//!
//! Inputs are texts, so that a corpus can be read: a line `= TYPE SIZE PATH` begins an entry, the lines below it are what is in
//! it. `SIZE` is what the header says; `.` stands for the size that it has.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use camino::{Utf8Path, Utf8PathBuf};
use relay_config::GateSettings;
use relay_pack::gate::{Before, Listing, inspect};
use relay_pack::{PackRequest, Tarball};
use relay_registry::{DocumentInput, publish_document};
use relay_values::{DistTag, RegistryUrl};
use relay_workspace::{Integrity, PackageName, Shasum, Version};
use serde_json::Value;
use sha1::Digest as _;

use crate::invariants::is_printable;
use crate::text;

/// The most entries of one input.
const ENTRIES_MAX: usize = 32;
/// The size of a block of a tar, in bytes.
const BLOCK_BYTES: usize = 512;

/// One entry as it is described.
struct Entry<'a> {
    kind: u8,
    size: Option<u64>,
    path: &'a str,
    content: String,
}

fn entries(text: &str) -> Vec<Entry<'_>> {
    let mut entries: Vec<Entry<'_>> = Vec::new();
    for line in text.lines() {
        if let Some(head) = line.strip_prefix("= ") {
            let mut parts = head.splitn(3, ' ');
            let kind = parts.next().and_then(|kind| kind.bytes().next()).unwrap_or(b'0');
            let size = parts.next().and_then(|size| size.parse().ok());
            entries.push(Entry { kind, size, path: parts.next().unwrap_or_default(), content: String::new() });
        } else if let Some(entry) = entries.last_mut() {
            entry.content.push_str(line);
            entry.content.push('\n');
        }
    }
    entries.truncate(ENTRIES_MAX);
    entries
}

/// A tar from somewhere: the gate looks into it, as into that of the version before, and the document of a publish is made of it.
pub fn tar(input: &[u8]) {
    let Some(text) = text(input) else { return };
    let mut bytes = Vec::new();
    for entry in entries(text) {
        bytes.extend_from_slice(header(&entry).as_bytes());
        bytes.extend_from_slice(entry.content.as_bytes());
        bytes.resize(bytes.len().next_multiple_of(BLOCK_BYTES), 0);
    }
    bytes.resize(bytes.len() + 2 * BLOCK_BYTES, 0);
    let tarball = tarball(gzipped(&bytes));
    let rules = GateSettings::default().rules_for(&PackageName::parse("@acme/core").expect("a name"));
    let before = Before {
        version: Version::new(0, 1, 0),
        runs_at_installation: Some(false),
        unpacked: Some(1),
        file_count: Some(1),
        listing: Listing::read(&tarball.bytes).ok(),
    };
    for finding in inspect(&tarball, &rules, Some(&before)) {
        is_printable(&finding.text);
        is_printable(&finding.help);
    }
    let registry: RegistryUrl = "http://registry.example/".parse().expect("an address");
    let document = publish_document(&DocumentInput {
        registry: &registry,
        manifest: &tarball.manifest,
        readme: None,
        tarball: &tarball.bytes,
        integrity: &tarball.integrity,
        shasum: &tarball.shasum,
        tag: &DistTag::latest(),
        access: None,
        git_head: None,
    });
    match document {
        Ok(document) => assert!(serde_json::from_slice::<Value>(&document).is_ok()),
        Err(error) => is_printable(&error),
    }
}

fn header(entry: &Entry<'_>) -> ::tar::Header {
    let mut header = ::tar::Header::new_ustar();
    let old = header.as_old_mut();
    // Straight into its place: a path that nobody would write is what this is about.
    for (to, from) in old.name.iter_mut().zip(entry.path.bytes()) {
        *to = from;
    }
    header.set_entry_type(::tar::EntryType::new(entry.kind));
    header.set_size(entry.size.unwrap_or(entry.content.len() as u64));
    header.set_mode(0o644);
    header.set_cksum();
    header
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory takes all")
}

/// The bytes with their digests, as of a package that builds by node-gyp and has its authors in a file.
fn tarball(bytes: Vec<u8>) -> Tarball {
    let (integrity, shasum) = digests(&bytes);
    let manifest = serde_json::json!({"name": "@acme/core", "version": "1.0.0", "directories": {"bin": "bin"}});
    let Value::Object(manifest) = manifest else { unreachable!("it is an object") };
    Tarball {
        file_name: "acme-core-1.0.0.tgz".to_owned(),
        name: "@acme/core".to_owned(),
        version: "1.0.0".to_owned(),
        unpacked: 0,
        files: Vec::new(),
        readme: None,
        integrity,
        shasum,
        manifest,
        bytes,
    }
}

/// A folder with files is packed; what goes in is what is read back.
#[expect(clippy::disallowed_methods, reason = "a folder of its own is written to, to be packed")]
pub fn pack(input: &[u8]) {
    let Some(text) = text(input) else { return };
    let guard = tempfile::tempdir().expect("a folder");
    let Some(folder) = Utf8Path::from_path(guard.path()) else { return };
    for entry in entries(text) {
        let Some(path) = inside(entry.path) else { continue };
        let path = folder.join(path);
        let Some(parent) = path.parent() else { continue };
        // Where a file stands in the way of a folder, or the other way round, the first one stays.
        if std::fs::create_dir_all(parent).is_ok() && !path.is_dir() {
            let _ = std::fs::write(&path, &entry.content);
        }
    }
    let tarball = match relay_pack::pack(&PackRequest::of(folder)) {
        Ok(tarball) => tarball,
        Err(error) => return is_printable(&error.to_string().replace(folder.as_str(), "")),
    };
    assert_eq!((tarball.integrity.clone(), tarball.shasum.clone()), digests(&tarball.bytes));
    let again = relay_pack::pack(&PackRequest::of(folder)).expect("what was packed can be packed");
    assert_eq!(tarball.bytes, again.bytes, "the same files make the same bytes");
    let mut archive = ::tar::Archive::new(flate2::read::GzDecoder::new(tarball.bytes.as_slice()));
    let mut read_back = Vec::new();
    for entry in archive.entries().expect("a tar") {
        let entry = entry.expect("an entry");
        let path = String::from_utf8(entry.path_bytes().into_owned()).expect("a path");
        let path = path.strip_prefix("package/").expect("all is below `package`").to_owned();
        assert!(inside(&path).is_some(), "{path} leads out of the package");
        read_back.push((path, entry.size()));
    }
    let packed: Vec<_> = tarball.files.iter().map(|file| (file.path.clone(), file.size)).collect();
    assert_eq!(packed, read_back);
    inspect(&tarball, &GateSettings::default().rules_for(&PackageName::parse("a").expect("a name")), None);
    Listing::read(&tarball.bytes).expect("what was packed can be listed");
}

fn digests(bytes: &[u8]) -> (Integrity, Shasum) {
    let integrity = format!("sha512-{}", STANDARD.encode(sha2::Sha512::digest(bytes)));
    let shasum: Vec<String> = sha1::Sha1::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    (Integrity::parse(&integrity).expect("a digest"), Shasum::parse(&shasum.concat()).expect("a digest"))
}

/// The path, where it stays below the folder.
fn inside(path: &str) -> Option<Utf8PathBuf> {
    let plain = !path.is_empty() && !path.contains(['\0', '\\']);
    let names_only = path.split('/').all(|name| !matches!(name, "" | "." | "..") && name.len() <= 100);
    (plain && names_only && path.len() <= 400).then(|| Utf8PathBuf::from(path))
}

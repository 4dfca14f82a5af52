//! What the fuzzer runs (`fuzz/`), and the tests of its corpora with it: one function a boundary at which relay reads what
//! others wrote. Each takes any bytes, calls what relay really calls there, and checks what must hold of every input: no
//! panic, texts fit for a terminal, what is written is read back as the same, and an edit changes nothing but its place.
//!
//! - [`manifests`]: manifests, lock files, `pnpm-workspace.yaml`; [`changes`]: change files, changelogs, settings of changesets
//! - [`settings`]: `.npmrc`, the managers' own settings, `relay.toml`; [`words`]: names, ranges, addresses, patterns
//! - [`registry`]: packuments and the answers to a write
//! - [`records`]: journal, lock document, release record, plan file; [`tarballs`]: what is packed, and what is read back
#![forbid(unsafe_code)]

pub mod changes;
pub mod invariants;
pub mod manifests;
pub mod records;
pub mod registry;
pub mod settings;
pub mod tarballs;
pub mod words;

/// The most bytes of an input that are looked at. Faults of parsers show in short texts.
pub const INPUT_BYTES_MAX: usize = 64 * 1024;

/// A target: it takes any bytes, and panics where an invariant does not hold.
pub type Target = fn(&[u8]);

/// All targets by their names, which are those of the binaries in `fuzz/fuzz_targets` and of the folders in `fuzz/corpus`.
pub const TARGETS: [(&str, Target); 18] = [
    ("answer", registry::answer),
    ("change_file", changes::change_file),
    ("changelog", changes::changelog),
    ("journal", records::journal),
    ("lock", records::lock),
    ("lockfile", manifests::lockfile),
    ("manager_settings", settings::manager_settings),
    ("manifest", manifests::manifest),
    ("npmrc", settings::npmrc),
    ("pack", tarballs::pack),
    ("packument", registry::packument),
    ("pattern", words::pattern),
    ("plan_file", records::plan_file),
    ("record", records::record),
    ("relay_toml", settings::relay_toml),
    ("tar", tarballs::tar),
    ("words", words::words),
    ("workspace_yaml", manifests::workspace_yaml),
];

/// Runs a target on an input, as the fuzzer and the tests do.
pub fn run(target: Target, input: &[u8]) {
    if input.len() <= INPUT_BYTES_MAX {
        target(input);
    }
}

/// The input as text; other bytes are no concern of those that read text.
fn text(input: &[u8]) -> Option<&str> {
    std::str::from_utf8(input).ok()
}

//! `relay_fuzz_targets::manifests::lockfile`.
#![no_main]

use relay_fuzz_targets::{manifests, run};

libfuzzer_sys::fuzz_target!(|input: &[u8]| run(manifests::lockfile, input));

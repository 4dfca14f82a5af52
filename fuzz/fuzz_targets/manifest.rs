//! `relay_fuzz_targets::manifests::manifest`.
#![no_main]

use relay_fuzz_targets::{manifests, run};

libfuzzer_sys::fuzz_target!(|input: &[u8]| run(manifests::manifest, input));

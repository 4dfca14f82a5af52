//! `relay_fuzz_targets::manifests::workspace_yaml`.
#![no_main]

use relay_fuzz_targets::{manifests, run};

libfuzzer_sys::fuzz_target!(|input: &[u8]| run(manifests::workspace_yaml, input));

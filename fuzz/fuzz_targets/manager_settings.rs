//! `relay_fuzz_targets::settings::manager_settings`.
#![no_main]

use relay_fuzz_targets::{run, settings};

libfuzzer_sys::fuzz_target!(|input: &[u8]| run(settings::manager_settings, input));

//! `relay_fuzz_targets::settings::relay_toml`.
#![no_main]

use relay_fuzz_targets::{run, settings};

libfuzzer_sys::fuzz_target!(|input: &[u8]| run(settings::relay_toml, input));

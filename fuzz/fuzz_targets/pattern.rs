//! `relay_fuzz_targets::words::pattern`.
#![no_main]

use relay_fuzz_targets::{run, words};

libfuzzer_sys::fuzz_target!(|input: &[u8]| run(words::pattern, input));

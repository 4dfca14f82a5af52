//! `relay_fuzz_targets::words::words`.
#![no_main]

use relay_fuzz_targets::{run, words};

libfuzzer_sys::fuzz_target!(|input: &[u8]| run(words::words, input));

//! `relay_fuzz_targets::changes::changelog`.
#![no_main]

use relay_fuzz_targets::{changes, run};

libfuzzer_sys::fuzz_target!(|input: &[u8]| run(changes::changelog, input));

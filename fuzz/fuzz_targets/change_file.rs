//! `relay_fuzz_targets::changes::change_file`.
#![no_main]

use relay_fuzz_targets::{changes, run};

libfuzzer_sys::fuzz_target!(|input: &[u8]| run(changes::change_file, input));

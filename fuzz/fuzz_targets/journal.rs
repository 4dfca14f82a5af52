//! `relay_fuzz_targets::records::journal`.
#![no_main]

use relay_fuzz_targets::{records, run};

libfuzzer_sys::fuzz_target!(|input: &[u8]| run(records::journal, input));

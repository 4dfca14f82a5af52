//! `relay_fuzz_targets::registry::packument`.
#![no_main]

use relay_fuzz_targets::{registry, run};

libfuzzer_sys::fuzz_target!(|input: &[u8]| run(registry::packument, input));

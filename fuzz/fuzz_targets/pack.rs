//! `relay_fuzz_targets::tarballs::pack`.
#![no_main]

use relay_fuzz_targets::{run, tarballs};

libfuzzer_sys::fuzz_target!(|input: &[u8]| run(tarballs::pack, input));

//! The npm registry's wire protocol: configuration, reading, publishing, two-factor, refusals
#![forbid(unsafe_code)]

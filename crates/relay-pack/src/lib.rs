//! A package folder to the tarball npm would make, byte for byte
#![forbid(unsafe_code)]

pub mod minimatch;

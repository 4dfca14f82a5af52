//! A registry on loopback that enforces npm's publishing access
#![forbid(unsafe_code)]

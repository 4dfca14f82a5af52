//! Routes, waves and sittings: observations in, a release plan out. Pure
#![forbid(unsafe_code)]

//! History since the last release, commits and tags
#![forbid(unsafe_code)]

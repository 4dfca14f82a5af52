//! What changed and by how much: change files and commits to bumps, ranges and changelogs
#![forbid(unsafe_code)]

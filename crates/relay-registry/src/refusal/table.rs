//! The table of refusals as data (`npm-registry.md`, 10.3). Sources of the texts are named there, row by row.
//!
//! Fragments are lower case. A row with no statuses is never an answer of a registry: it is met in npm's own output.
//! The order of rows is the order in which all of them are listed, and in which rows of one code are.

mod advice;
mod credentials;
mod limits;
mod local;
mod names;
mod provenance;
mod trust;
mod two_factor;
mod versions;

use relay_config::PublishingAccess;

use super::Explanation;
use super::code::{RefusalClass, RefusalCode};

/// One refusal with everything that is known about it.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) code: RefusalCode,
    pub(super) class: RefusalClass,
    pub(super) teaches: Option<PublishingAccess>,
    /// The codes that npm prints with it.
    pub(super) npm_codes: &'static [&'static str],
    /// The statuses with which a registry says it.
    pub(super) statuses: &'static [u16],
    /// Alternatives; each is a set of fragments that must all be there.
    pub(super) patterns: &'static [&'static [&'static str]],
    pub(super) explanation: Explanation,
}

const TABLES: [&[Row]; 8] = [
    credentials::ROWS,
    two_factor::ROWS,
    trust::ROWS,
    versions::ROWS,
    names::ROWS,
    provenance::ROWS,
    limits::ROWS,
    local::ROWS,
];

/// All rows in the table's order.
pub(super) fn rows() -> impl Iterator<Item = &'static Row> {
    TABLES.into_iter().flatten()
}

/// A code's row.
pub(super) fn row(code: RefusalCode) -> &'static Row {
    rows().find(|row| row.code == code).expect("every code has a row, which a test holds")
}

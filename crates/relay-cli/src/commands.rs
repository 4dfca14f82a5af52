//! The commands: each reads its arguments, calls the crates below and prints through the [`Ui`](crate::ui::Ui).

pub(crate) mod approve;
pub(crate) mod auth;
pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod graph;
pub(crate) mod man;
pub(crate) mod pack;
pub(crate) mod plan;
pub(crate) mod rehearse;
pub(crate) mod release;
pub(crate) mod sandbox;
pub(crate) mod status;
pub(crate) mod undo;
pub(crate) mod unlock;
pub(crate) mod version;

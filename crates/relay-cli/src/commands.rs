//! The commands: each reads its arguments, calls the crates below and prints through the [`Ui`](crate::ui::Ui).

pub(crate) mod completions;
pub(crate) mod man;
pub(crate) mod sandbox;

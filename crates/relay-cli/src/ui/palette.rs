//! The few styles that relay uses, by what they mean. Without colour each of them is empty, and the text says all.

use anstyle::{AnsiColor, Style};

/// Styles by meaning. Used inside format strings: `{style}text{style:#}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Palette {
    /// The label of an error, a failed package.
    pub(crate) error: Style,
    /// The label of a warning, something that is parked or held.
    pub(crate) warning: Style,
    /// The label of a hint, something to type.
    pub(crate) hint: Style,
    /// What is done.
    pub(crate) done: Style,
    /// Headings, names that the eye looks for.
    pub(crate) strong: Style,
    /// What may be skipped.
    pub(crate) dim: Style,
}

impl Palette {
    /// The styles, or none at all.
    pub(crate) fn new(colour: bool) -> Self {
        if !colour {
            return Self::default();
        }
        Self {
            error: Style::new().bold().fg_color(Some(AnsiColor::Red.into())),
            warning: Style::new().bold().fg_color(Some(AnsiColor::Yellow.into())),
            hint: Style::new().bold().fg_color(Some(AnsiColor::Cyan.into())),
            done: Style::new().fg_color(Some(AnsiColor::Green.into())),
            strong: Style::new().bold(),
            dim: Style::new().dimmed(),
        }
    }
}

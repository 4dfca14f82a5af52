//! The plan for people: for a terminal and for a pull request.
//!
//! Texts from outside (commit messages, tags, addresses) reach neither raw: control characters are replaced, and in
//! Markdown nothing of them is markup or calls anybody.
//!
//! - `printable`: foreign text made safe, its width, wrapping
//! - `groups`: what is said once for several packages
//! - `costs`: what waiting costs
//! - `promotion`: dist-tags that move at the end
//! - `terminal` and `table`: [`render_text`]
//! - `markdown`: [`render_markdown`]

mod costs;
mod groups;
mod markdown;
mod printable;
mod promotion;
mod table;
mod terminal;

pub use groups::{FindingGroup, grouped, groups_of};
pub use markdown::render_markdown;
pub(crate) use printable::{counted, escaped, one_line, quoted};
pub use terminal::render_text;

/// A text from outside as Markdown: on one line, without any markup but its own code spans, calling nobody by `@name`.
pub fn markdown_text(text: &str) -> String {
    escaped(text)
}

/// The columns that a text has where nobody says how many.
pub const TEXT_WIDTH_COLUMNS_DEFAULT: usize = 100;

/// The fewest columns that a text is laid out for.
pub const TEXT_WIDTH_COLUMNS_MIN: usize = 40;

/// How a text looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextStyle {
    /// How many columns a line may take; less than [`TEXT_WIDTH_COLUMNS_MIN`] counts as that.
    pub width: usize,
    /// Whether colours are used. The sense is the same without.
    pub colour: bool,
    /// Whether the table keeps to the width too, by cutting causes. A log or a file takes them whole.
    pub cuts: bool,
}

impl Default for TextStyle {
    fn default() -> Self {
        Self { width: TEXT_WIDTH_COLUMNS_DEFAULT, colour: false, cuts: true }
    }
}

//! A value of another kind than is expected: told with its place, as broken JSON is.

use std::fmt;

use camino::{Utf8Path, Utf8PathBuf};
use jsonc_parser::ParseOptions;
use relay_values::Printable;
use serde_json::Value;

use crate::json::{Place, place_of};

/// A value of a JSON file that is of another kind than is expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongKind {
    /// The file.
    pub path: Utf8PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// The keys that lead to the value, with dots; empty for the top of the file.
    pub field: String,
    /// What is expected, with its article.
    pub expected: &'static str,
    /// What is there, with its article.
    pub found: &'static str,
    /// The line's text, cut to a printable length.
    pub excerpt: String,
}

impl fmt::Display for WrongKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, column, field, expected, found, excerpt } = self;
        let field =
            if field.is_empty() { "the top of the file".to_owned() } else { format!("`{}`", Printable::name(field)) };
        write!(f, "{path}:{line}:{column}: {field} must be {expected}, and is {found}\n  {excerpt}")
    }
}

/// A value of a file, to be judged.
#[derive(Clone, Copy)]
pub(crate) struct FieldOf<'a> {
    /// The file.
    pub(crate) path: &'a Utf8Path,
    /// Its text, which parses.
    pub(crate) text: &'a str,
    pub(crate) options: &'a ParseOptions,
    /// The keys that lead to the value; none for the whole.
    pub(crate) keys: &'a [&'a str],
}

impl FieldOf<'_> {
    /// What is wrong with a value that is none of what is expected.
    #[expect(clippy::unnecessary_box_returns, reason = "the error enums hold it in a box, so that results stay small")]
    pub(crate) fn must_be(self, expected: &'static str, found: &'static str) -> Box<WrongKind> {
        let Place { line, column, excerpt } = place_of(self.text, self.options, self.keys);
        let (path, field) = (self.path.to_owned(), self.keys.join("."));
        Box::new(WrongKind { path, line, column, field, expected, found, excerpt })
    }
}

/// What a value is, as a noun with its article.
pub(crate) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "`null`",
        Value::Bool(true) => "`true`",
        Value::Bool(false) => "`false`",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

//! A file whose text can't be parsed: where, and what the parser says.

use camino::{Utf8Path, Utf8PathBuf};
use relay_values::Printable;

/// A file whose text can't be parsed.
#[derive(Debug, thiserror::Error)]
#[error("{path}:{line}:{column}: {problem}\n  {excerpt}")]
pub struct SyntaxError {
    /// The file.
    pub path: Utf8PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// What the parser says.
    pub problem: String,
    /// The line's text, cut to a printable length.
    pub excerpt: String,
}

impl SyntaxError {
    /// What is wrong with a file that should be JSON.
    pub(crate) fn of_json(path: &Utf8Path, json: &str, error: &serde_json::Error) -> Self {
        let (line, column, problem) = syntax_problem(error, json);
        let excerpt = Printable::excerpt(json, line).into();
        Self { path: path.to_owned(), line, column, problem, excerpt }
    }
}

/// The parser's complaint, with line and column from 1 apart from it.
fn syntax_problem(error: &serde_json::Error, json: &str) -> (usize, usize, String) {
    if json.trim().is_empty() {
        return (1, 1, "the file is empty, where a JSON object is expected".to_owned());
    }
    let text = error.to_string();
    let problem = text.rfind(" at line ").and_then(|index| text.get(..index)).unwrap_or(&text);
    (error.line().max(1), error.column().max(1), problem.to_owned())
}

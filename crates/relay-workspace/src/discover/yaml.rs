//! Reading YAML settings within a budget: an alias that multiplies itself must cost nothing.

use camino::Utf8Path;
use relay_values::Printable;
use serde::de::DeserializeOwned;

use super::error::DiscoverError;
use crate::syntax::SyntaxError;

/// How many parser events a settings file may cause. Real ones stay below 10,000; catalogs are what grows.
const EVENTS_MAX: usize = 400_000;

/// How many aliases (`*x`) a settings file may use.
const ALIASES_MAX: usize = 1_000;

/// How deep a settings file may be nested.
const DEPTH_MAX: usize = 64;

/// Reads a YAML document; an empty file is `None`.
///
/// `secret` keeps the file's own text out of the error.
pub(super) fn read<T: DeserializeOwned>(path: &Utf8Path, text: &str, secret: bool) -> Result<Option<T>, DiscoverError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: EVENTS_MAX,
            max_nodes: EVENTS_MAX,
            max_aliases: ALIASES_MAX,
            max_anchors: ALIASES_MAX,
            max_depth: DEPTH_MAX,
        },
    };
    serde_saphyr::from_str_with_options::<Option<T>>(text, options).map_err(|error| {
        let location = error.location();
        let position = |number: Option<u64>| number.and_then(|number| usize::try_from(number).ok()).unwrap_or(1).max(1);
        let line = position(location.map(|location| location.line()));
        let (problem, excerpt) = if secret {
            ("the YAML can't be read".to_owned(), "(not shown: this file may hold secrets)".to_owned())
        } else {
            (problem(&error), Printable::excerpt(text, line).into())
        };
        let column = position(location.map(|location| location.column()));
        DiscoverError::Syntax(Box::new(SyntaxError { path: path.to_owned(), line, column, problem, excerpt }))
    })
}

/// Reads a YAML document of a settings file as a value; an empty file is `null`.
///
/// # Errors
/// The line, from 1, at which it can't be read. Nothing of the text is repeated, since it may hold secrets.
pub fn read_yaml(text: &str) -> Result<serde_json::Value, usize> {
    match read(Utf8Path::new(""), text, true) {
        Ok(value) => Ok(value.unwrap_or_default()),
        Err(DiscoverError::Syntax(error)) => Err(error.line),
        Err(_) => Err(1),
    }
}

/// The parser's complaint without the position and the piece of source that it draws, in the words of whoever wrote the file.
fn problem(error: &serde_saphyr::Error) -> String {
    let text = error.without_snippet().to_string();
    let text = text.lines().next().unwrap_or_default();
    let text = match text.rfind(" at line ") {
        Some(index) => &text[..index],
        None => text,
    };
    let text = text.strip_prefix("error: ").unwrap_or(text);
    match text {
        "expected sequence start" => "expected a list: lines that begin with `- `, or `[...]`".to_owned(),
        "expected mapping start" => "expected keys with values, such as `packages: [...]`".to_owned(),
        "expected string scalar" => "expected a text".to_owned(),
        _ if text.starts_with("cannot deserialize null into string") => "expected a text, found nothing".to_owned(),
        _ => Printable::name(text).into(),
    }
}

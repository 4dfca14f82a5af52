//! JSON texts whose values are replaced in place: everything else stays as it is, byte for byte.
//!
//! The text is parsed for the places of its values, and new values are spliced in there. Nothing is printed anew, so
//! that indent, line breaks, key order, escapes and a byte order mark can't be disturbed.

use std::collections::BTreeMap;

use jsonc_parser::ast::{Object, ObjectProp, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use relay_values::Printable;

use crate::edit::EditError;

/// JSON as npm reads it: all of the parser's leniencies are off.
pub(crate) fn strict() -> ParseOptions {
    ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

/// JSON with comments and trailing commas, as rush and bun read it.
pub(crate) fn with_comments() -> ParseOptions {
    ParseOptions { allow_comments: true, allow_trailing_commas: true, ..strict() }
}

/// A JSON text with an object at its top, and the replacements wanted so far.
pub(crate) struct JsonText<'a> {
    /// The text, its byte order mark included.
    text: &'a str,
    top: Object<'a>,
    /// Start and end of a value, and what comes there.
    replacements: BTreeMap<(usize, usize), String>,
}

/// How the byte order mark looks, which the parser doesn't take.
const MARK: char = '\u{feff}';

impl<'a> JsonText<'a> {
    /// Parses a text.
    pub(crate) fn parse(text: &'a str, options: &ParseOptions) -> Result<Self, EditError> {
        let json = text.strip_prefix(MARK).unwrap_or(text);
        let parsed = parse_to_ast(json, &CollectOptions::default(), options).map_err(|error| EditError::Syntax {
            line: error.line_display(),
            column: error.column_display(),
            problem: lower_start(&error.kind().to_string()),
            excerpt: Printable::excerpt(json, error.line_display()).into(),
        })?;
        match parsed.value {
            Some(Value::Object(top)) => Ok(Self { text, top, replacements: BTreeMap::new() }),
            _ => Err(EditError::NotAnObject),
        }
    }

    /// The object at the top.
    pub(crate) fn top(&self) -> &Object<'a> {
        &self.top
    }

    /// The object at a path of keys.
    pub(crate) fn object(&self, keys: &[&str]) -> Option<&Object<'a>> {
        keys.iter().try_fold(&self.top, |object, key| object_at(object, key))
    }

    /// The text at a path of keys.
    pub(crate) fn string(&self, keys: &[&str]) -> Option<&str> {
        let (last, before) = keys.split_last()?;
        string_at(self.object(before)?, last)
    }

    /// Puts a new text in the place of the value at a path of keys; says whether there is a text there.
    pub(crate) fn set_string(&mut self, keys: &[&str], new: &str) -> bool {
        let Some((last, before)) = keys.split_last() else { return false };
        let Some(Value::StringLit(old)) = self.object(before).and_then(|object| value_at(object, last)) else {
            return false;
        };
        let place = (old.start(), old.end());
        if old.value == new {
            self.replacements.remove(&place);
        } else {
            self.replacements.insert(place, serde_json::Value::from(new).to_string());
        }
        true
    }

    /// The text with its replacements, or `None` where there are none.
    pub(crate) fn finish(self) -> Option<String> {
        if self.replacements.is_empty() {
            return None;
        }
        let shift = if self.text.starts_with(MARK) { MARK.len_utf8() } else { 0 };
        Some(splice(
            self.text,
            self.replacements.into_iter().map(|((start, end), new)| ((start + shift, end + shift), new)),
        ))
    }
}

/// The text with some stretches replaced; these must be sorted and apart from each other.
pub(crate) fn splice(text: &str, replacements: impl Iterator<Item = ((usize, usize), String)>) -> String {
    let mut spliced = String::with_capacity(text.len());
    let mut done = 0;
    for ((start, end), new) in replacements {
        spliced.push_str(text.get(done..start).unwrap_or_default());
        spliced.push_str(&new);
        done = end;
    }
    spliced.push_str(text.get(done..).unwrap_or_default());
    spliced
}

/// The value of a key. Where a key stands twice, the last counts, as for every JavaScript program.
pub(crate) fn value_at<'o, 'a>(object: &'o Object<'a>, key: &str) -> Option<&'o Value<'a>> {
    object.properties.iter().rfind(|property| key_of(property) == key).map(|property| &property.value)
}

/// The object under a key.
pub(crate) fn object_at<'o, 'a>(object: &'o Object<'a>, key: &str) -> Option<&'o Object<'a>> {
    match value_at(object, key) {
        Some(Value::Object(object)) => Some(object),
        _ => None,
    }
}

/// The text under a key.
pub(crate) fn string_at<'o>(object: &'o Object<'_>, key: &str) -> Option<&'o str> {
    match value_at(object, key) {
        Some(Value::StringLit(text)) => Some(&text.value),
        _ => None,
    }
}

/// A property's key.
pub(crate) fn key_of<'o>(property: &'o ObjectProp<'_>) -> &'o str {
    property.name.as_str()
}

/// Where a value stands, for messages.
pub(crate) struct Place {
    /// The line, from 1.
    pub(crate) line: usize,
    /// The column, from 1.
    pub(crate) column: usize,
    /// The line's text, cut to a printable length.
    pub(crate) excerpt: String,
}

/// The place of the value at a path of keys, in which a number counts the values of a list; of the nearest one around it
/// where there is none. The text is one that parses.
pub(crate) fn place_of(text: &str, options: &ParseOptions, path: &[&str]) -> Place {
    let json = text.strip_prefix(MARK).unwrap_or(text);
    let parsed = parse_to_ast(json, &CollectOptions::default(), options).ok().and_then(|parsed| parsed.value);
    let mut start = parsed.as_ref().map_or(0, Ranged::start);
    let mut value = parsed.as_ref();
    for step in path {
        value = match value {
            Some(Value::Object(object)) => value_at(object, step),
            Some(Value::Array(list)) => step.parse().ok().and_then(|index: usize| list.elements.get(index)),
            _ => None,
        };
        start = value.map_or(start, Ranged::start);
    }
    let before = json.get(..start).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Place { line, column, excerpt: Printable::excerpt(json, line).into() }
}

/// A parser's sentence with a small letter in front, as messages have it.
pub(crate) fn lower_start(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_ascii_lowercase().to_string() + chars.as_str()).unwrap_or_default()
}

//! Small pieces of wording that all commands share: sizes, spans, plurals, columns, and text that came from outside.

use std::fmt::Write as _;
use std::time::Duration;

use relay_values::{Printable, escaped_json, width_of};
use serde::Serialize;

use crate::error::CliError;

/// A text from outside that can't move the cursor, set a title, or turn what stands beside it. Line breaks and tabs stay.
pub(crate) fn clean(text: &str) -> String {
    Printable::lines(text).into()
}

/// `1 package`, `2 packages`; the noun's plural takes an `s` (or `es` after a hiss).
pub(crate) fn plural(count: usize, noun: &str) -> String {
    let ending = match () {
        () if count == 1 => "",
        () if noun.ends_with('s') || noun.ends_with('h') => "es",
        () => "s",
    };
    format!("{count} {noun}{ending}")
}

/// A size for people, in powers of ten as npm writes it: `812 B`, `31.2 kB`, `4.7 MB`.
pub(crate) fn human_size(bytes: u64) -> String {
    let tenths = |unit: u64| {
        let tenths = bytes.saturating_mul(10).saturating_add(unit / 2) / unit;
        format!("{}.{}", tenths / 10, tenths % 10)
    };
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..999_950 => format!("{} kB", tenths(1_000)),
        999_950..999_950_000 => format!("{} MB", tenths(1_000_000)),
        _ => format!("{} GB", tenths(1_000_000_000)),
    }
}

/// A span for people: `0.4 s`, `12 s`, `3 min 5 s`, `1 h 2 min`.
pub(crate) fn human_span(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0..10 if span.subsec_millis() < 100 && seconds > 0 => format!("{seconds} s"),
        0..10 => format!("{}.{} s", seconds, span.subsec_millis() / 100),
        10..60 => format!("{seconds} s"),
        60..3_600 if seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// How many rows a line takes on a terminal of so many columns; at least one.
pub(crate) fn rows_of(line: &str, columns: usize) -> usize {
    width_of(line).div_ceil(columns.max(1)).max(1)
}

/// Rows with their cells in columns, two spaces apart, nothing at the ends of lines.
pub(crate) fn columns(rows: &[Vec<String>]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| width_of(cell)).max();
    let widths: Vec<usize> = (0..count).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            // Writing to a String never fails.
            let _infallible = write!(line, "{cell}{}  ", " ".repeat(width.saturating_sub(width_of(cell))));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// A text broken at spaces into lines no wider than `width`; `first` stands before the first line and `rest` before the
/// others. What stands in back quotes is not broken, so that a command can be copied; it gets a line of its own where it is
/// wider by itself, as does a word.
pub(crate) fn wrapped(text: &str, width: usize, first: &str, rest: &str) -> String {
    let mut lines = String::new();
    let mut line = first.to_owned();
    let mut empty = true;
    for word in unbroken(text) {
        if !empty && width_of(&line) + 1 + width_of(&word) > width {
            lines.push_str(&line);
            lines.push('\n');
            rest.clone_into(&mut line);
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(&word);
        empty = false;
    }
    lines.push_str(line.trim_end());
    lines.push('\n');
    lines
}

/// The parts between which a text may be broken.
fn unbroken(text: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut span: Vec<&str> = Vec::new();
    let mut open = false;
    for word in text.split_whitespace() {
        span.push(word);
        open ^= word.matches('`').count() % 2 == 1;
        if !open {
            parts.push(span.join(" "));
            span.clear();
        }
    }
    // A back quote that nothing closes begins no code.
    parts.extend(span.into_iter().map(str::to_owned));
    parts
}

/// A value as the JSON that relay prints: two spaces, a line break at the end.
pub(crate) fn json(value: &impl Serialize) -> Result<String, CliError> {
    let text = serde_json::to_string_pretty(value).map_err(|error| CliError::internal(error.to_string()))?;
    Ok(format!("{}\n", escaped_json(&text)))
}

/// A value as one line of JSON.
pub(crate) fn json_line(value: &impl Serialize) -> Result<String, CliError> {
    let text = serde_json::to_string(value).map_err(|error| CliError::internal(error.to_string()))?;
    Ok(format!("{}\n", escaped_json(&text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_like_npm_s() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (31_249, "31.2 kB"),
            (999_949, "999.9 kB"),
            (999_950, "1.0 MB"),
            (4_700_000, "4.7 MB"),
            (2_000_000_000, "2.0 GB"),
        ] {
            assert_eq!(human_size(bytes), text);
        }
    }

    #[test]
    fn spans_use_two_units_at_most() {
        for (millis, text) in [
            (449, "0.4 s"),
            (3_000, "3 s"),
            (3_500, "3.5 s"),
            (12_900, "12 s"),
            (120_000, "2 min"),
            (185_000, "3 min 5 s"),
            (3_720_000, "1 h 2 min"),
        ] {
            assert_eq!(human_span(Duration::from_millis(millis)), text);
        }
    }

    #[test]
    fn numbers_agree_with_nouns() {
        assert_eq!(plural(1, "package"), "1 package");
        assert_eq!(plural(0, "package"), "0 packages");
        assert_eq!(plural(2, "match"), "2 matches");
    }

    #[test]
    fn long_texts_break_at_spaces() {
        assert_eq!(wrapped("one two three", 9, "- ", "  "), "- one two\n  three\n");
        assert_eq!(wrapped("incomprehensible", 5, "- ", "  "), "- incomprehensible\n");
        assert_eq!(wrapped("", 5, "- ", "  "), "-\n");
        assert_eq!(wrapped("run `npm login now`, then go", 14, "- ", "  "), "- run\n  `npm login now`,\n  then go\n");
        assert_eq!(wrapped("a ` b c", 5, "- ", "  "), "- a `\n  b c\n");
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(
            columns(&[vec!["日本".to_owned(), "1".to_owned()], vec!["abcd".to_owned(), "2".to_owned()]]),
            "日本  1\nabcd  2\n"
        );
        assert_eq!(wrapped("日本 語", 6, "- ", "  "), "- 日本\n  語\n");
    }

    #[test]
    fn columns_line_up_without_trailing_space() {
        let rows = [vec!["a".to_owned(), "1".to_owned()], vec!["long".to_owned(), String::new()]];
        assert_eq!(columns(&rows), "a     1\nlong\n");
    }
}

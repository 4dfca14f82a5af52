//! From pasted text to explanations: a person copies what npm printed, with prefixes, colours and line ends.

use super::Explanation;
use super::classify::Fit;
use super::code::RefusalCode;
use super::table::{Row, rows};
use crate::shown_text::without_escapes;

/// The longest pasted text that is looked at, in bytes. A whole npm log is smaller.
const PASTED_BYTES_MAX: usize = 256 * 1024;

/// Finds what a pasted error means, the best fit first. Text that fits nothing gives nothing; empty text gives all.
///
/// Words decide where there are any; a code alone (`E403`, `EOTP`, `403`, `masked-forbidden`) gives every row that
/// it can stand for.
pub fn explain(text: &str) -> Vec<&'static Explanation> {
    let text = normalised(text);
    if text.is_empty() {
        return rows().map(|row| &row.explanation).collect();
    }
    let mut fits: Vec<(Fit, &Row)> = rows().filter_map(|row| row.fit(&text).map(|fit| (fit, row))).collect();
    if fits.is_empty() {
        let mut named: Vec<&Row> = rows().filter(|row| named_by(row, &text)).collect();
        named.sort_by_key(|row| !row.stands_for_a_status());
        return named.into_iter().map(|row| &row.explanation).collect();
    }
    // `403 Forbidden - PUT …` stands before words that say why; that no reason was given is then not true.
    if fits.iter().any(|(_, row)| row.statuses.contains(&403) && !row.stands_for_a_status()) {
        fits.retain(|(_, row)| row.code != RefusalCode::Forbidden);
    }
    fits.sort_by_key(|(fit, _)| std::cmp::Reverse(*fit));
    fits.into_iter().map(|(_, row)| &row.explanation).collect()
}

/// One lower-case line without escapes and without npm's prefixes.
fn normalised(text: &str) -> String {
    let end = (0..=text.len().min(PASTED_BYTES_MAX)).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    let text = without_escapes(text.get(..end).unwrap_or_default()).to_lowercase();
    let lines = text.lines().flat_map(|line| line.split('\r')).map(|line| {
        let line = line.trim();
        ["npm error", "npm err!", "npm notice", "lerna err!"]
            .iter()
            .find_map(|prefix| line.strip_prefix(prefix))
            .unwrap_or(line)
            .trim()
    });
    lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

fn named_by(row: &Row, text: &str) -> bool {
    if text == row.explanation.code {
        return true;
    }
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).any(|word| {
        row.npm_codes.iter().any(|code| {
            code.eq_ignore_ascii_case(word)
                || (word == text && code.strip_prefix('E').is_some_and(|digits| digits == word))
        })
    })
}

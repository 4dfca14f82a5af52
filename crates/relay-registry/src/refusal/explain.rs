//! From pasted text to explanations: a person copies what npm printed, with prefixes, colours and line ends.

use relay_values::Printable;

use super::Explanation;
use super::classify::Fit;
use super::code::RefusalCode;
use super::table::{Row, rows};

/// The longest pasted text that is looked at, in bytes. A whole npm log is smaller.
const PASTED_BYTES_MAX: usize = 256 * 1024;

/// How many fronts of a line are taken off: those of a CI's log, a client and its frame.
const FRONTS_MAX: usize = 4;

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
    let text = Printable::speech(text.get(..end).unwrap_or_default()).as_str().to_lowercase();
    let lines = text.lines().map(without_front);
    lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

/// A line without what clients and CI logs put before each of theirs, so that a sentence can be read across lines.
fn without_front(line: &str) -> &str {
    let mut rest = line.trim();
    // A log in a log has a front before its front; each pass takes one, and there are no more kinds than this.
    for _ in 0..FRONTS_MAX {
        let Some(shorter) = without_one_front(rest) else { break };
        rest = shorter.trim_start();
    }
    rest
}

fn without_one_front(line: &str) -> Option<&str> {
    const FRONTS: [&str; 12] = [
        "npm error",
        "npm err!",
        "npm notice",
        "npm warn",
        "npm verbose",
        "npm http",
        "lerna err!",
        "##[error]",
        // The frame that pnpm draws around an error.
        "×",
        "│",
        "╰─▶",
        "├─▶",
    ];
    if let Some(rest) = FRONTS.iter().find_map(|front| line.strip_prefix(front)) {
        return Some(rest);
    }
    let (first, rest) = line.split_once(' ')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // GitHub's time, npm's own log (`12 error code E403`), yarn's codes (`➤ YN0035: …`).
    let time = first.len() > 20 && first.ends_with('z') && first.starts_with("20") && first.contains('t');
    let level = |rest: &str| {
        ["error ", "verbose ", "warn ", "notice ", "http ", "silly "].iter().any(|level| rest.starts_with(level))
    };
    if time {
        Some(rest)
    } else if digits(first) && level(rest) {
        rest.split_once(' ').map(|(_, rest)| rest)
    } else if first == "➤" {
        rest.split_once(':').filter(|(code, _)| code.strip_prefix("yn").is_some_and(digits)).map(|(_, rest)| rest)
    } else {
        None
    }
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

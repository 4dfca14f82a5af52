//! Text from files made safe to print: no manifest, pattern or folder name may drive a terminal.

/// How much of a foreign text a message shows, in characters.
const SHOWN_CHARS_MAX: usize = 120;

/// The text with control characters and marks of writing direction replaced, cut to a length that fits a message.
pub(crate) fn printable(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut shown: String =
        text.chars().take(SHOWN_CHARS_MAX).map(|c| if c.is_control() || turns(c) { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(SHOWN_CHARS_MAX).is_some() {
        shown.push('…');
    }
    shown
}

/// The text of a line (from 1), without its indent, safe to print.
pub(crate) fn excerpt(text: &str, line: usize) -> String {
    printable(text.lines().nth(line.saturating_sub(1)).unwrap_or_default().trim())
}

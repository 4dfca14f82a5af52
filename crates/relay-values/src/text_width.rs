//! How wide text is on a terminal: East Asian characters, emoji and marks counted as terminals draw them.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The columns that a text takes on a terminal. It is one line, without escape sequences and tabs, which would be counted as
/// what they are not.
pub fn width_of(text: &str) -> usize {
    text.width()
}

/// The columns that a character takes by itself.
pub fn width_of_char(c: char) -> usize {
    c.width().unwrap_or(0)
}

/// A text cut to a width in columns, with an ellipsis where something is missing.
pub fn cut_to_width(text: &str, width: usize) -> String {
    if width_of(text) <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    for c in text.chars() {
        kept.push(c);
        if width_of(&kept) + 1 > width {
            kept.pop();
            break;
        }
    }
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(width_of("日本"), 4);
        // Korean, full width, an emoji of several characters, a mark on its letter, one that has no width of its own.
        for (text, width) in
            [("한국", 4), ("ＡＢ", 4), ("👩\u{200d}💻", 2), ("e\u{301}", 1), ("❤\u{fe0f}", 2), ("ノ", 2), ("ﾉ", 1)]
        {
            assert_eq!(width_of(text), width, "{text}");
        }
    }

    #[test]
    fn what_is_cut_keeps_to_its_width() {
        assert_eq!(cut_to_width("日本語", 6), "日本語");
        assert_eq!(cut_to_width("日本語", 5), "日本…");
        assert_eq!(cut_to_width("plain", 5), "plain");
        assert_eq!(cut_to_width("two words", 5), "two…");
        assert_eq!(cut_to_width("👩\u{200d}💻👩\u{200d}💻👩\u{200d}💻", 5), "👩\u{200d}💻👩\u{200d}💻…");
    }
}

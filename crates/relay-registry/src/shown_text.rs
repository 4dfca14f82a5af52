//! Texts of a registry, made fit to be shown: no control characters, no terminal escapes, a bounded length.
//!
//! Whatever a registry says ends up in a terminal, a log or a report, so it passes through here first.

/// The longest text of a registry that is kept, in characters.
pub const TEXT_CHARS_MAX: usize = 600;

/// One line: escapes and control characters removed, white space runs made one space, cut at `chars_max`.
pub fn clean_line(text: &str, chars_max: usize) -> String {
    let mut line = String::new();
    let mut length = 0_usize;
    let text = without_escapes(text);
    // Before it is cut: half a secret would not be recognised later.
    for word in crate::struck_out::strike_all(&text).split_whitespace() {
        if length > 0 {
            line.push(' ');
            length += 1;
        }
        for c in word.chars() {
            if length >= chars_max {
                line.push('…');
                return line;
            }
            line.push(c);
            length += 1;
        }
    }
    line
}

/// Removes terminal escape sequences and control characters other than line breaks and tabs.
pub(crate) fn without_escapes(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => skip_escape(&mut chars),
            '\u{9b}' => skip_until_final(&mut chars),
            '\n' | '\r' | '\t' => clean.push(c),
            c if c.is_control() || is_invisible(c) => {}
            c => clean.push(c),
        }
    }
    clean
}

/// Characters that reorder or hide text without being control characters.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn skip_escape(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match chars.next() {
        Some('[') => skip_until_final(chars),
        Some(']' | 'P' | 'X' | '^' | '_') => {
            // A string sequence ends with BEL or with ESC \.
            while let Some(c) = chars.next() {
                if c == '\u{7}' {
                    break;
                }
                if c == '\u{1b}' {
                    chars.next_if_eq(&'\\');
                    break;
                }
            }
        }
        _ => {}
    }
}

fn skip_until_final(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    for c in chars.by_ref() {
        if ('\u{40}'..='\u{7e}').contains(&c) {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(clean_line(text, 20), expected);
    }

    #[test]
    fn keeps_the_words_alone() {
        check("a\u{1b}[31mred\u{1b}[0m b", "ared b");
        check("x\u{1b}]0;title\u{7}y", "xy");
        check("x\u{1b}]8;;http://h\u{1b}\\y", "xy");
        check("a\r\n\tb\u{0}\u{8}", "a b");
        check("\u{202e}abc\u{200b}", "abc");
        check("\u{9b}2Jx", "x");
        check("\u{1b}", "");
    }

    #[test]
    fn is_cut_where_it_is_too_long() {
        check(&"x".repeat(30), &format!("{}…", "x".repeat(20)));
        check(&"x".repeat(20), &"x".repeat(20));
    }
}

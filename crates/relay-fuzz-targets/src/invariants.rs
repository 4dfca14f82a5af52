//! What must hold of whatever relay makes of an input.

use std::fmt::Display;

/// The longest message about one input, in characters. What a message repeats of an input is cut.
const MESSAGE_CHARS_MAX: usize = 16 * 1024;

/// A message is fit for a terminal, and does not grow with what it is about.
pub fn is_printable(message: &impl Display) {
    let text = message.to_string();
    let hidden = text.chars().find(|c| !matches!(c, '\n' | '\t') && relay_values::printable::is_hidden(*c));
    assert_eq!(hidden, None, "a message has a character that a terminal takes for something else: {text:?}");
    assert!(text.chars().count() <= MESSAGE_CHARS_MAX, "a message of {} characters", text.len());
}

/// `after` is `before` with one piece replaced, and that piece has at most `most` bytes.
pub fn one_place_changed(before: &str, after: &str, most: usize) {
    let same = |pair: &(u8, u8)| pair.0 == pair.1;
    let front = before.bytes().zip(after.bytes()).take_while(same).count();
    let rest = before.len().min(after.len()) - front;
    let back = before.bytes().rev().zip(after.bytes().rev()).take(rest).take_while(same).count();
    let changed = before.len() - front - back;
    assert!(
        changed <= most,
        "{changed} bytes changed where at most {most} may\n--- before\n{before}\n--- after\n{after}"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_told_from_two() {
        one_place_changed("a: 1\nb: 2\n", "a: 1\nb: 33\n", 1);
        one_place_changed("aa", "aa", 0);
        one_place_changed("aa", "aaa", 0);
        let two = std::panic::catch_unwind(|| one_place_changed("a: 1\nb: 2\n", "a: 3\nb: 4\n", 1));
        assert!(two.is_err());
    }

    #[test]
    fn what_a_terminal_would_obey_is_found() {
        is_printable(&"two\nlines");
        for bad in ["\u{1b}[31m", "\u{202e}", "a\rb"] {
            assert!(std::panic::catch_unwind(|| is_printable(&bad)).is_err(), "{bad:?}");
        }
        let long = "x".repeat(MESSAGE_CHARS_MAX + 1);
        assert!(std::panic::catch_unwind(move || is_printable(&long)).is_err());
    }
}

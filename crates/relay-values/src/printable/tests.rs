//! What is left of texts that others wrote.

use proptest::prelude::*;

use super::*;

#[track_caller]
fn said(text: &str, expected: &str) {
    assert_eq!(Printable::words(text, 20).as_str(), expected);
}

#[test]
fn of_what_is_said_the_words_alone_are_kept() {
    said("a\u{1b}[31mred\u{1b}[0m b", "ared b");
    said("x\u{1b}]0;title\u{7}y", "xy");
    said("x\u{1b}]8;;http://h\u{1b}\\y", "xy");
    said("a\r\n\tb\u{0}\u{8}", "a b");
    said("\u{202e}abc\u{200b}", "abc");
    said("\u{9b}2Jx", "x");
    said("a\u{2028}b", "a b");
    said("\u{1b}", "");
    said(&"x".repeat(30), &format!("{}…", "x".repeat(20)));
    said(&"x".repeat(20), &"x".repeat(20));
    assert_eq!(Printable::speech("a\u{1b}[1mb\r\nc\td\u{7}\re").as_str(), "ab\nc\td\ne");
}

#[test]
fn in_names_what_is_hidden_is_marked() {
    let name = |text: &str| String::from(Printable::name(text));
    assert_eq!(name("a\u{1b}[2Jb"), "a\u{fffd}[2Jb");
    assert_eq!(name("a\nb\tc d  e"), "a\u{fffd}b\u{fffd}c d  e");
    for hidden in [
        '\u{0}',
        '\u{7f}',
        '\u{85}',
        '\u{9b}',
        '\u{ad}',
        '\u{61c}',
        '\u{200b}',
        '\u{200d}',
        '\u{200e}',
        '\u{200f}',
        '\u{2028}',
        '\u{202a}',
        '\u{202b}',
        '\u{202c}',
        '\u{202d}',
        '\u{202e}',
        '\u{2060}',
        '\u{2066}',
        '\u{2067}',
        '\u{2068}',
        '\u{2069}',
        '\u{feff}',
        '\u{3164}',
        '\u{e0041}',
        '\u{e0100}',
    ] {
        assert_eq!(name(&format!("a{hidden}b")), "a\u{fffd}b", "{:x}", u32::from(hidden));
    }
    assert_eq!(name(&"é".repeat(200)), format!("{}…", "é".repeat(NAME_CHARS_MAX)));
    assert_eq!(Printable::whole(&"é".repeat(200)).as_str().chars().count(), 200);
    assert_eq!(Printable::cut("abc", 2).to_string(), "ab…");
}

#[test]
fn what_is_written_in_any_script_stays() {
    for text in [
        "naïve",
        "日本語",
        "עברית",
        "العربية",
        "می\u{200c}خواهم",
        "👩\u{200d}💻",
        "❤\u{fe0f}",
        "क्\u{200d}ष",
        "a\u{301}",
    ] {
        assert_eq!(Printable::name(text).as_str(), text);
        assert_eq!(Printable::words(text, 20).as_str(), text);
    }
}

#[test]
fn colours_stay_in_what_was_laid_out_and_nothing_else() {
    let styled = |text: &str| String::from(Printable::styled(text));
    assert_eq!(styled("\u{1b}[1;31mred\u{1b}[0m\n\tb"), "\u{1b}[1;31mred\u{1b}[0m\n\tb");
    assert_eq!(styled("\u{1b}[2Jx\u{1b}]0;t\u{7}\u{1b}"), "\u{fffd}[2Jx\u{fffd}]0;t\u{fffd}\u{fffd}");
    assert_eq!(styled("a\u{202e}\u{1b}[mb\r"), "a\u{fffd}\u{1b}[mb\u{fffd}");
}

#[test]
fn json_keeps_its_values() {
    let value = "a\u{202e}b\u{e0041}\u{1b}é\u{feff}👩";
    let json = serde_json::to_string(value).unwrap();
    let escaped = escaped_json(&json);
    assert_eq!(escaped, "\"a\\u202eb\\udb40\\udc41\\u001bé\\ufeff👩\"");
    assert_eq!(serde_json::from_str::<String>(&escaped).unwrap(), value);
}

#[test]
fn a_line_has_single_spaces_and_lines_keep_their_breaks() {
    assert_eq!(Printable::line(" a\u{1b}[31m\r\nb\u{202e}c ").as_str(), "a\u{fffd}[31m b\u{fffd}c");
    assert_eq!(Printable::line("as it is").as_str(), "as it is");
    assert_eq!(Printable::lines("a\tb\nc\rd\u{202e}").as_str(), "a\tb\nc\u{fffd}d\u{fffd}");
    assert_eq!(Printable::excerpt("a\n  b\u{7}  \nc", 2).as_str(), "b\u{fffd}");
    assert_eq!(Printable::excerpt("a", 9).as_str(), "");
    assert_eq!(format!("{:<4}|", Printable::name("ab")), "ab  |");
}

proptest! {
    #[test]
    fn nothing_dangerous_gets_through(text in "(\\PC|\\p{C}|[\u{200b}-\u{200f}\u{202a}-\u{202e}\u{1b}\n a]){0,40}") {
        for shown in [Printable::name(&text), Printable::whole(&text), Printable::line(&text), Printable::words(&text, 30)] {
            let allowed = |c| matches!(c, '\u{200c}' | '\u{200d}');
            let through = shown.as_str().chars().any(|c| is_hidden(c) && !allowed(c));
            prop_assert!(!through);
        }
        for shown in [Printable::lines(&text), Printable::speech(&text)] {
            let allowed = |c| matches!(c, '\n' | '\t' | '\u{200c}' | '\u{200d}');
            let through = shown.as_str().chars().any(|c| is_hidden(c) && !allowed(c));
            prop_assert!(!through);
        }
    }
}

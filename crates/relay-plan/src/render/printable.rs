//! Foreign text made safe and wrapped.

use relay_values::{Printable, width_of, width_of_char};

/// How much of a foreign text is quoted inside a sentence, in characters.
const QUOTED_CHARS_MAX: usize = 120;

/// A foreign text as code inside a sentence: one line, nothing hidden, no back quotes, bounded.
pub(crate) fn quoted(text: &str) -> String {
    format!("`{}`", Printable::cut(&one_line(text).replace('`', "'"), QUOTED_CHARS_MAX))
}

/// A text on one line with nothing hidden in it.
pub(crate) fn one_line(text: &str) -> String {
    Printable::line(text).into()
}

/// A text as Markdown without any markup but its own code spans, and without calling anybody by `@name`.
pub(crate) fn escaped(text: &str) -> String {
    let line = one_line(text);
    let parts: Vec<&str> = line.split('`').collect();
    // An odd number of back quotes closes no span, and runs of them pair up by their length: then none is taken for one.
    let has_spans = parts.len() % 2 == 1 && !line.contains("``");
    let mut markdown = String::with_capacity(line.len());
    for (index, part) in parts.iter().enumerate() {
        let in_span = has_spans && index % 2 == 1;
        if index > 0 {
            markdown.push_str(if has_spans { "`" } else { "\\`" });
        }
        for c in part.chars() {
            match c {
                // A table ends a cell at a bar even inside a span.
                '|' => markdown.push_str("\\|"),
                _ if in_span => markdown.push(c),
                '@' => markdown.push_str("@&#8203;"),
                '<' => markdown.push_str("&lt;"),
                '>' => markdown.push_str("&gt;"),
                '&' => markdown.push_str("&amp;"),
                '\\' | '*' | '_' | '[' | ']' | '!' | '~' => markdown.extend(['\\', c]),
                _ => markdown.push(c),
            }
        }
    }
    markdown
}

/// A number with its noun, which takes an `s` for anything but one.
pub(crate) fn counted(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// A text broken into lines of at most `width` columns, at spaces where that is possible. What stands in back quotes is
/// kept on one line where it fits, so that a command can be copied.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in unbroken(text, width) {
        let needed = width_of(&word);
        if used > 0 && used + 1 + needed <= width {
            line.push(' ');
            line.push_str(&word);
            used += 1 + needed;
            continue;
        }
        if used > 0 {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        for c in word.chars() {
            if used > 0 && used + width_of_char(c) > width {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push(c);
            used += width_of_char(c);
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// The parts of a text between which a line may be broken: words, and code spans that fit into a line.
fn unbroken(text: &str, width: usize) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut span: Vec<&str> = Vec::new();
    let mut open = false;
    for word in text.split(' ') {
        span.push(word);
        open ^= word.matches('`').count() % 2 == 1;
        let span_columns: usize = span.iter().map(|word| width_of(word) + 1).sum();
        if span_columns > width + 1 {
            parts.extend(span.drain(..).map(str::to_owned));
        } else if !open {
            parts.push(span.join(" "));
            span.clear();
        }
    }
    parts.extend(span.into_iter().map(str::to_owned));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_foreign_steers_a_terminal() {
        assert_eq!(one_line("a\u{1b}[31m\r\nb\u{202e}c"), "a\u{fffd}[31m b\u{fffd}c");
        assert_eq!(quoted("x`y\n"), "`x'y`");
    }

    #[test]
    fn nothing_foreign_is_markup_or_calls_anybody() {
        assert_eq!(escaped("fix: <b>|*x*| thanks @someone"), "fix: &lt;b&gt;\\|\\*x\\*\\| thanks @&#8203;someone");
        assert_eq!(escaped("`@acme/core` goes"), "`@acme/core` goes");
        assert_eq!(escaped("a ` b @c"), "a \\` b @&#8203;c");
        assert_eq!(escaped("[x](y)"), "\\[x\\](y)");
        assert_eq!(escaped("``a`b``<i>`c"), "\\`\\`a\\`b\\`\\`&lt;i&gt;\\`c");
    }

    #[test]
    fn wraps_at_spaces_and_breaks_what_has_none() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
        assert_eq!(wrapped("", 3), Vec::<String>::new());
    }

    #[test]
    fn keeps_code_on_one_line_where_it_fits() {
        assert_eq!(wrapped("run `npm login` again", 12), ["run", "`npm login`", "again"]);
        assert_eq!(wrapped("run `npm login`, then go", 12), ["run", "`npm login`,", "then go"]);
        assert_eq!(wrapped("run `npm login` again", 8), ["run `npm", "login`", "again"]);
        assert_eq!(wrapped("a ` b c", 5), ["a ` b", "c"]);
    }
}

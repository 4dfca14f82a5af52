//! The block style of YAML that pnpm and yarn write and most people too, line by line: `key: value`, nested by indent.
//!
//! Editing by lines leaves everything else untouched by construction, and costs no tree of a file of some megabytes. What
//! is not of this style (flow collections, block texts, anchors) is passed over; whoever needs it there finds nothing
//! and must refuse.

use serde_json::Value;

/// One `key:` or `key: value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// The key without its quotes.
    pub(crate) key: String,
    /// Where the key stands in the text, its quotes included.
    pub(crate) key_at: (usize, usize),
    /// The value without its quotes; `None` where the line has none, or one of another style.
    pub(crate) value: Option<String>,
    /// Where the value stands in the text, its quotes included.
    pub(crate) value_at: (usize, usize),
}

/// Calls a visitor for each line with the lines that enclose it, outermost first and itself last.
pub(crate) fn visit(text: &str, mut visitor: impl FnMut(&[Line])) {
    let mut open: Vec<Line> = Vec::new();
    let mut indents: Vec<usize> = Vec::new();
    let mut start = 0;
    for whole in text.split_inclusive('\n') {
        let line = whole.trim_end_matches(['\n', '\r']);
        let indent = line.len() - line.trim_start_matches(' ').len();
        if let Some(parsed) = parse(line, indent, start) {
            while indents.last().is_some_and(|outer| *outer >= indent) {
                indents.pop();
                open.pop();
            }
            indents.push(indent);
            open.push(parsed);
            visitor(&open);
        } else if line == "---" || line == "..." {
            indents.clear();
            open.clear();
        }
        start += whole.len();
    }
}

/// Reads a line that starts at a byte of the text.
fn parse(line: &str, indent: usize, start: usize) -> Option<Line> {
    let content = line.get(indent..)?;
    let (key, key_length) = match content.chars().next()? {
        quote @ ('\'' | '"') => {
            let length = quoted_length(content, quote)?;
            (unquoted(content.get(..length)?)?, length)
        }
        '#' | '-' | '?' | '{' | '[' | '&' | '*' | '!' | '|' | '>' | '%' | '@' | '`' | '\t' => return None,
        _ => {
            let length = content.find(": ").or_else(|| content.strip_suffix(':').map(str::len))?;
            (content.get(..length)?.to_owned(), length)
        }
    };
    let behind = content.get(key_length..)?.strip_prefix(':')?;
    if !behind.is_empty() && !behind.starts_with(' ') {
        return None;
    }
    let raw = without_comment(behind.trim());
    let value_start = start + indent + key_length + 1 + (behind.len() - behind.trim_start().len());
    let value = unquoted(raw);
    Some(Line {
        key,
        key_at: (start + indent, start + indent + key_length),
        value,
        value_at: (value_start, value_start + raw.len()),
    })
}

/// A value without the comment behind it.
fn without_comment(raw: &str) -> &str {
    let length = match raw.chars().next() {
        Some(quote @ ('\'' | '"')) => quoted_length(raw, quote),
        Some('#') => Some(0),
        _ => raw.find(" #").or_else(|| raw.find("\t#")),
    };
    let Some((value, rest)) = length.and_then(|length| raw.split_at_checked(length)) else { return raw };
    // Only white space stands between a value and its comment.
    let comment = rest.trim_start();
    if comment.is_empty() || (comment.starts_with('#') && (rest != comment || value.is_empty())) {
        value.trim_end()
    } else {
        raw
    }
}

/// The length of a quoted text at the start of another, both quotes included.
fn quoted_length(text: &str, quote: char) -> Option<usize> {
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((index, c)) = chars.next() {
        if c == '\\' && quote == '"' {
            chars.next();
        } else if c == quote {
            // In single quotes a doubled one is one of the text.
            if quote == '\'' && chars.next_if(|(_, next)| *next == '\'').is_some() {
                continue;
            }
            return Some(index + 1);
        }
    }
    None
}

/// A scalar without its quotes; `None` for what is none, or is written in a style that these files don't have.
fn unquoted(raw: &str) -> Option<String> {
    match raw.chars().next()? {
        '\'' => (quoted_length(raw, '\'')? == raw.len())
            .then(|| raw.get(1..raw.len() - 1).map(|text| text.replace("''", "'")))?,
        // YAML's escapes in double quotes are those of JSON and some more, which these files don't have.
        '"' => serde_json::from_str::<String>(raw).ok(),
        '{' | '[' | '&' | '*' | '!' | '|' | '>' | '#' | '%' | '@' | '`' => None,
        _ => Some(raw.to_owned()),
    }
}

/// A scalar in the quotes that another one has, so that an edited value looks as its author wrote it.
pub(crate) fn quoted_like(raw: &str, text: &str) -> String {
    match raw.chars().next() {
        Some('\'') => format!("'{}'", text.replace('\'', "''")),
        Some('"') => Value::from(text).to_string(),
        _ => pnpm_scalar(text),
    }
}

/// A scalar as pnpm writes it: plain where YAML reads it back as the same text, else in single quotes.
pub(crate) fn pnpm_scalar(text: &str) -> String {
    let plain_first = |c: char| c.is_ascii_alphanumeric() || "^~<./".contains(c);
    let plain = |c: char| c.is_ascii_alphanumeric() || "^~<>=./@:*+|_- ".contains(c);
    let is_plain = text.starts_with(plain_first)
        && text.chars().all(plain)
        && !text.ends_with([':', ' '])
        && !text.contains(": ")
        && text.replace('_', "").parse::<f64>().is_err()
        && !["~", "null", "true", "false", "y", "yes", "n", "no", "on", "off", ".inf", ".nan"]
            .contains(&text.to_ascii_lowercase().as_str())
        && !(text.starts_with('0') && text.chars().all(|c| c.is_ascii_alphanumeric()));
    if is_plain { text.to_owned() } else { format!("'{}'", text.replace('\'', "''")) }
}

/// A scalar as yarn writes it: plain where its own reader takes it for a text, else in double quotes.
pub(crate) fn yarn_scalar(text: &str) -> String {
    let is_plain = text.chars().next().is_some_and(|c| !"-?:,][{}#&*!|>'\"%@` \t\r\n".contains(c))
        && !text.ends_with([' ', '\t'])
        && !text.contains([',', ']', '[', '{', '}', ':', '#', '\r', '\n'])
        && !["true", "false", "null"].contains(&text);
    if is_plain { text.to_owned() } else { Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Option<(&str, Option<&str>, &str)>) {
        let indent = line.len() - line.trim_start_matches(' ').len();
        let seen = parse(line, indent, 0);
        let seen = seen.as_ref().map(|found| {
            let (start, end) = found.value_at;
            (found.key.as_str(), found.value.as_deref(), line.get(start..end).unwrap())
        });
        assert_eq!(seen, expected, "{line}");
    }

    #[test]
    fn a_line_is_a_key_with_its_value_and_perhaps_a_comment() {
        check("  a: ^1.0.0", Some(("a", Some("^1.0.0"), "^1.0.0")));
        check("a: ^1 # why", Some(("a", Some("^1"), "^1")));
        check("a: '^1 # no'  # why", Some(("a", Some("^1 # no"), "'^1 # no'")));
        check("\"@s/a\": \"1\"#x", Some(("@s/a", None, "\"1\"#x")));
        check("a: 1#x", Some(("a", Some("1#x"), "1#x")));
        check("a: # only a comment", Some(("a", None, "")));
        check("a:", Some(("a", None, "")));
        check("a: &x 1", Some(("a", None, "&x 1")));
        check("a: {b: 1}", Some(("a", None, "{b: 1}")));
        check("- a", None);
        check("# a: b", None);
    }

    #[test]
    fn an_edited_value_keeps_its_quotes() {
        assert_eq!(quoted_like("'^1'", "^2"), "'^2'");
        assert_eq!(quoted_like("\"^1\"", "^2"), "\"^2\"");
        assert_eq!(quoted_like("^1", "^2"), "^2");
        assert_eq!(quoted_like("^1", ">=2"), "'>=2'");
    }
}

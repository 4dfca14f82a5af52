//! The block style of YAML that pnpm and yarn write, line by line: `key: value`, nested by indent.
//!
//! Editing by lines leaves everything else untouched by construction, and costs no tree of a file of some megabytes. What
//! is not of this style (flow collections, block texts, anchors) is passed over; whoever needs it there finds nothing
//! and must refuse.

use serde_json::Value;

/// One `key:` or `key: value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// The key without its quotes.
    pub(super) key: String,
    /// Where the key stands in the text, its quotes included.
    pub(super) key_at: (usize, usize),
    /// The value without its quotes; `None` where the line has none, or one of another style.
    pub(super) value: Option<String>,
    /// Where the value stands in the text, its quotes included.
    pub(super) value_at: (usize, usize),
}

/// Calls a visitor for each line with the lines that enclose it, outermost first and itself last.
pub(super) fn visit(text: &str, mut visitor: impl FnMut(&[Line])) {
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
    let raw = behind.trim();
    if !behind.is_empty() && !behind.starts_with(' ') {
        return None;
    }
    let value_start = start + indent + key_length + 1 + (behind.len() - behind.trim_start().len());
    let value = unquoted(raw);
    Some(Line {
        key,
        key_at: (start + indent, start + indent + key_length),
        value,
        value_at: (value_start, value_start + raw.len()),
    })
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
        _ if raw.contains(" #") => None,
        _ => Some(raw.to_owned()),
    }
}

/// A scalar as pnpm writes it: plain where YAML reads it back as the same text, else in single quotes.
pub(super) fn pnpm_scalar(text: &str) -> String {
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
pub(super) fn yarn_scalar(text: &str) -> String {
    let is_plain = text.chars().next().is_some_and(|c| !"-?:,][{}#&*!|>'\"%@` \t\r\n".contains(c))
        && !text.ends_with([' ', '\t'])
        && !text.contains([',', ']', '[', '{', '}', ':', '#', '\r', '\n'])
        && !["true", "false", "null"].contains(&text);
    if is_plain { text.to_owned() } else { Value::from(text).to_string() }
}

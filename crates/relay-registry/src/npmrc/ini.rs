//! The grammar of `.npmrc`: that of npm's `ini` 5, for the lines above the first section.
//!
//! Lines under a `[section]` become nested objects in npm, which no setting is: they are reported as unread.

/// What a file holds.
#[derive(Default)]
pub(super) struct Parsed {
    /// Keys and values in the file's order. Of a key given twice the last one counts.
    pub(super) entries: Vec<(String, String)>,
    /// The numbers of lines, from 1, that say nothing to npm.
    pub(super) unread_lines: Vec<usize>,
}

/// Reads a file's text. Nothing is an error, as in npm.
pub(super) fn parse(text: &str) -> Parsed {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut parsed = Parsed::default();
    let mut in_section = false;
    for (index, line) in text.split('\n').flat_map(|line| line.split('\r')).enumerate() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with([';', '#']) {
            continue;
        }
        if is_section(line) {
            in_section = true;
            parsed.unread_lines.push(index + 1);
            continue;
        }
        let (key, value) = match line.split_once('=') {
            Some((key, value)) => (key, unquoted(value)),
            None => (line, "true".to_owned()),
        };
        let key = unquoted(key);
        // A list (`key[]=`) and a key of nothing are no setting that is read here.
        if in_section || key.is_empty() || key.starts_with('[') {
            parsed.unread_lines.push(index + 1);
        } else if !key.ends_with("[]") {
            let value = if value == "null" { String::new() } else { value };
            parsed.entries.push((key, value));
        }
    }
    parsed
}

/// Says whether a line begins a section, whose lines npm reads as one object.
pub(super) fn is_section(line: &str) -> bool {
    let line = line.trim_end();
    line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).is_some_and(|name| !name.contains(']'))
}

/// Takes quotes off, or unescapes and cuts a comment off.
fn unquoted(text: &str) -> String {
    let text = text.trim();
    let quoted_by = |quote: char| text.starts_with(quote) && text.ends_with(quote);
    if quoted_by('"') || quoted_by('\'') {
        let inner = if quoted_by('\'') { text.get(1..text.len() - 1).unwrap_or_default() } else { text };
        return match serde_json::from_str::<serde_json::Value>(inner) {
            Ok(serde_json::Value::String(text)) => text,
            Ok(value) => value.to_string(),
            Err(_) => inner.to_owned(),
        };
    }
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            ';' | '#' => break,
            '\\' => match chars.next() {
                Some(escaped @ ('\\' | ';' | '#')) => plain.push(escaped),
                Some(other) => plain.extend(['\\', other]),
                None => plain.push('\\'),
            },
            c => plain.push(c),
        }
    }
    plain.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str)]) {
        let entries = parse(text).entries;
        let entries: Vec<_> = entries.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(entries, expected);
    }

    #[test]
    fn reads_keys_values_comments_and_quotes() {
        check("a=b\r\n c = d e ; comment\n# x\n;y\n\n", &[("a", "b"), ("c", "d e")]);
        check("a=\"q # ; \\u0041\"\nb='single'\nc='\"x\"'", &[("a", "q # ; A"), ("b", "single"), ("c", "x")]);
        check("a=x\\;y\\#z\\\\w\\n", &[("a", "x;y#z\\w\\n")]);
        check("flag\nb=true\nc=null\nd=", &[("flag", "true"), ("b", "true"), ("c", ""), ("d", "")]);
        check("//h/:_authToken=12345", &[("//h/:_authToken", "12345")]);
        check("a=b=c", &[("a", "b=c")]);
        check("\u{feff}a=b", &[("a", "b")]);
        check("a='\nb=\"", &[("a", ""), ("b", "\"")]);
        check("ca[]=x\nca[]=y", &[]);
    }

    #[test]
    fn sections_and_broken_lines_are_reported_by_number() {
        let parsed = parse("a=b\n[bad\n[section]\nc=d\n");
        assert_eq!(parsed.unread_lines, [2, 3, 4]);
        assert_eq!(parsed.entries.len(), 1);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text: String) {
            parse(&text);
        }
    }
}

//! A manifest without one of its fields, written as npm writes it again: with the indent and the line ends that it had.

use serde::Serialize as _;
use serde_json::ser::{PrettyFormatter, Serializer};
use serde_json::{Map, Value};

/// The text of `manifest` without `field`.
pub(super) fn without(manifest: &Map<String, Value>, text: &str, field: &str) -> String {
    let mut fields = manifest.clone();
    fields.shift_remove(field);
    let (line_end, indent) = layout(text);
    let written = match indent {
        "" => serde_json::to_string(&fields).unwrap_or_default(),
        indent => {
            let mut bytes = Vec::new();
            let mut serializer =
                Serializer::with_formatter(&mut bytes, PrettyFormatter::with_indent(indent.as_bytes()));
            // A map with text keys can always be written.
            let _written = fields.serialize(&mut serializer);
            String::from_utf8(bytes).unwrap_or_default()
        }
    };
    format!("{written}\n").replace('\n', line_end)
}

/// Line end and indent, as `json-parse-even-better-errors` finds them: what stands before the first key; two spaces where the
/// object begins without a line end.
fn layout(text: &str) -> (&str, &str) {
    let rest = text.trim_start_matches('\u{feff}').trim_start();
    let rest = rest.strip_prefix(['{', '[']).unwrap_or(rest);
    let line_end = if rest.starts_with("\r\n") { "\r\n" } else { "\n" };
    let behind = rest.trim_start_matches(['\r', '\n']);
    let indent = behind.len() - behind.trim_start_matches([' ', '\t']).len();
    match behind.get(..indent) {
        Some(indent) if behind.len() < rest.len() && !indent.is_empty() => (line_end, indent),
        _ => ("\n", "  "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_stays() {
        let check = |text: &str, expected: &str| {
            let manifest = serde_json::from_str(text).unwrap();
            assert_eq!(without(&manifest, text, "x"), expected, "{text:?}");
        };
        check("{\n\t\"a\": 1,\n\t\"x\": {}\n}", "{\n\t\"a\": 1\n}\n");
        check("{\r\n   \"x\": 1,\r\n   \"a\": []\r\n}\r\n", "{\r\n   \"a\": []\r\n}\r\n");
        check("{\"x\":1,\"a\":1}", "{\n  \"a\": 1\n}\n");
    }
}

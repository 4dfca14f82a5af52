//! Source maps that carry the text of the sources (`sourcesContent`), beside a file or at its end.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use relay_config::FindingName;

use super::{Findings, files_shown};

const KEY: &[u8] = b"\"sourcesContent\"";
const INLINE: &[u8] = b"sourceMappingURL=data:application/json";
const BASE64: &[u8] = b";base64,";

/// What helps where maps are not to show sources.
pub(super) const HELP: &str =
    "build them without `sourcesContent`, or leave them out with `\"!**/*.map\"` in `files` of package.json";

/// Maps that carry sources, for whoever wants to know of them all.
pub(super) fn check(maps: &[String], findings: &mut Findings<'_>) {
    let kept: Vec<&String> = maps.iter().filter(|map| findings.keeps(FindingName::SourceMap, map)).collect();
    if !kept.is_empty() {
        let text = format!("source maps carry the sources' text: {}", files_shown(&kept));
        findings.add(FindingName::SourceMap, None, text, HELP);
    }
}

/// Says whether a file is, or ends with, a source map with the text of at least one source.
pub(super) fn carries_sources(path: &str, content: &[u8]) -> bool {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension {
        "map" => has_sources(content),
        "js" | "mjs" | "cjs" | "css" => inline_map(content).is_some_and(|map| has_sources(&map)),
        _ => false,
    }
}

/// The map on a file's last line, where one is written there as data.
fn inline_map(content: &[u8]) -> Option<Vec<u8>> {
    let content = content.trim_ascii_end();
    let line = content.rsplit(|byte| *byte == b'\n').next()?;
    // Only a comment of its own counts: a bundler's own source text has the words too.
    if !line.starts_with(b"//#") && !line.starts_with(b"/*#") {
        return None;
    }
    let data = after(after(line, INLINE)?, BASE64)?;
    let end = data.iter().position(|byte| !is_base64(*byte)).unwrap_or(data.len());
    STANDARD.decode(data.get(..end)?).ok()
}

fn after<'a>(text: &'a [u8], part: &[u8]) -> Option<&'a [u8]> {
    let at = text.windows(part.len()).position(|window| window == part)?;
    text.get(at + part.len()..)
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

/// Says whether a `sourcesContent` has a text in it. Its entries may all be `null`, or empty.
fn has_sources(map: &[u8]) -> bool {
    let mut rest = map;
    while let Some(behind) = after(rest, KEY) {
        rest = behind;
        let Some(mut list) = behind.trim_ascii_start().strip_prefix(b":").map(<[u8]>::trim_ascii_start) else {
            continue;
        };
        let Some(entries) = list.strip_prefix(b"[") else { continue };
        list = entries.trim_ascii_start();
        loop {
            let empty = list.strip_prefix(b"null").or_else(|| list.strip_prefix(b"\"\""));
            let Some(next) = empty.map(<[u8]>::trim_ascii_start) else { break };
            list = next.strip_prefix(b",").unwrap_or(next).trim_ascii_start();
        }
        if list.starts_with(b"\"") {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, content: &str, expected: bool) {
        assert_eq!(carries_sources(path, content.as_bytes()), expected, "{path}: {content}");
    }

    #[test]
    fn maps_with_the_text_of_a_source_are_known() {
        check("a.js.map", r#"{"version":3,"sources":["a.ts"],"sourcesContent":["let a"],"mappings":""}"#, true);
        check("a.js.map", "{\"sourcesContent\" : [\n null, \"\",\n \"let a\"]}", true);
        check("a.js.map", r#"{"sections":[{"map":{"sourcesContent":[null]}},{"map":{"sourcesContent":["x"]}}]}"#, true);
        check("a.js.map", r#"{"sourcesContent":[null,null],"mappings":""}"#, false);
        check("a.js.map", r#"{"sourcesContent":[],"names":["sourcesContent"]}"#, false);
        check("a.js.map", r#"{"version":3,"sources":["a.ts"]}"#, false);
        check("a.json", r#"{"sourcesContent":["let a"]}"#, false);
    }

    #[test]
    fn maps_at_the_end_of_a_file_are_known() {
        let inline =
            |map: &str| format!("sourceMappingURL=data:application/json;charset=utf-8;base64,{}", STANDARD.encode(map));
        let with = inline(r#"{"sourcesContent":["let a"]}"#);
        check("a.js", &format!("let a\n//# {with}\n"), true);
        check("a.css", &format!("a {{}}\n/*# {with} */\n"), true);
        check("a.js", &format!("let a\n//# {}", inline(r#"{"sources":["a"]}"#)), false);
        check("a.js", &format!("const text = '//# {with}'"), false);
        check("a.js", "//# sourceMappingURL=a.js.map", false);
        check("a.md", &format!("//# {with}"), false);
    }
}

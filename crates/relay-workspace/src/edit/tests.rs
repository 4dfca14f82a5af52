//! Manifests before and after.

use proptest::prelude::{Just, Strategy, any, prop, prop_assert_eq, prop_oneof, proptest};
use serde_json::Value;

use super::{EditError, ManifestEdit, RangeEdit, edit_manifest};
use crate::dependency::DependencyKind;

fn edit(version: &str, ranges: &[(DependencyKind, &str, &str)]) -> ManifestEdit {
    let ranges =
        ranges.iter().map(|(kind, name, to)| RangeEdit { kind: *kind, name: (*name).into(), to: (*to).into() });
    ManifestEdit { version: version.parse().ok(), ranges: ranges.collect() }
}

#[track_caller]
fn check(before: &str, change: &ManifestEdit, after: &str) {
    assert_eq!(edit_manifest(before, change).unwrap(), after);
}

#[test]
fn only_the_values_change() {
    let before = "\u{feff}{\r\n\t\"name\" : \"ü\",\r\n\t \"version\":\"1.0.0\" ,\r\n\"x\": 1.0, \"dependencies\": {\"@s/b\" :\"^1\"}\r\n}";
    let after = "\u{feff}{\r\n\t\"name\" : \"ü\",\r\n\t \"version\":\"1.1.0\" ,\r\n\"x\": 1.0, \"dependencies\": {\"@s/b\" :\"^2\"}\r\n}";
    check(before, &edit("1.1.0", &[(DependencyKind::Prod, "@s/b", "^2")]), after);
}

#[test]
fn the_same_name_is_changed_in_the_wanted_map_only() {
    let before = r#"{"devDependencies":{"b":"^1"},"peerDependencies":{"b":"^1"},"nested":{"version":"1","dependencies":{"b":"^1"}}}"#;
    let after = r#"{"devDependencies":{"b":"^1"},"peerDependencies":{"b":"^2 || \"^3\""},"nested":{"version":"1","dependencies":{"b":"^1"}}}"#;
    check(before, &edit("", &[(DependencyKind::Peer, "b", "^2 || \"^3\"")]), after);
}

#[test]
fn nothing_to_change_gives_the_same_text() {
    let text = "{ \"version\": \"1\\u002e0.0\" }\n";
    check(text, &edit("1.0.0", &[]), text);
    check(text, &edit("", &[]), text);
}

#[test]
fn of_a_doubled_key_the_last_counts() {
    check(r#"{"version":"0.0.1","version":"1.0.0"}"#, &edit("2.0.0", &[]), r#"{"version":"0.0.1","version":"2.0.0"}"#);
}

#[test]
fn what_is_not_there_can_not_be_changed() {
    let missing = edit_manifest("{}", &edit("1.0.0", &[])).unwrap_err();
    assert_eq!(missing, EditError::NoVersion);
    let missing = edit_manifest(r#"{"dependencies":{}}"#, &edit("", &[(DependencyKind::Prod, "b", "1")])).unwrap_err();
    assert!(missing.to_string().starts_with("`dependencies` has no `b` to change"), "{missing}");
}

#[test]
fn what_npm_can_not_read_is_refused() {
    for text in ["{ 'version': '1.0.0' }", "{ \"version\": \"1.0.0\", }", "{ // x\n}", "{ version: \"1\" }", "[]", ""] {
        assert!(edit_manifest(text, &edit("", &[])).is_err(), "{text}");
    }
    let error = edit_manifest("{\n  \"a\": 1,\n}", &edit("", &[])).unwrap_err();
    assert!(error.to_string().starts_with("line 2, column"), "{error}");
}

/// A manifest printed in one of many ways, with the same content.
fn printed(value: &Value, style: Style, depth: usize) -> String {
    let pad = |depth: usize| format!("{}{}", style.newline, style.indent.repeat(depth));
    match value {
        Value::Object(map) if !map.is_empty() => {
            let entries = map.iter().map(|(key, value)| {
                let key = Value::from(key.as_str());
                format!("{}{key}{}:{}{}", pad(depth + 1), style.before, style.after, printed(value, style, depth + 1))
            });
            format!("{{{}{}}}", entries.collect::<Vec<_>>().join(","), pad(depth))
        }
        other => other.to_string(),
    }
}

#[derive(Debug, Clone, Copy)]
struct Style {
    newline: &'static str,
    indent: &'static str,
    before: &'static str,
    after: &'static str,
}

fn style() -> impl Strategy<Value = Style> {
    let newline = prop_oneof![Just("\n"), Just("\r\n"), Just("")];
    let indent = prop_oneof![Just("  "), Just("\t"), Just(""), Just("   ")];
    let space = || prop_oneof![Just(""), Just(" "), Just("\t ")];
    (newline, indent, space(), space()).prop_map(|(newline, indent, before, after)| Style {
        newline,
        indent,
        before,
        after,
    })
}

fn manifest() -> impl Strategy<Value = Value> {
    let name = prop_oneof![Just("a"), Just("@s/b"), Just("c\"d"), Just("ü"), Just("version"), Just("dependencies")];
    let text = prop_oneof![any::<String>(), Just("^1.0.0".to_owned()), Just("\u{1f980}\\\"".to_owned())];
    let map = prop::collection::vec((name, text.clone()), 0..4).prop_map(|entries| {
        Value::Object(entries.into_iter().map(|(key, text)| (key.to_owned(), Value::from(text))).collect())
    });
    let key = prop_oneof![
        Just("name"),
        Just("version"),
        Just("dependencies"),
        Just("devDependencies"),
        Just("peerDependencies"),
        Just("x"),
    ];
    let field = key.prop_flat_map(move |key| {
        let value =
            if key.ends_with("ependencies") { map.clone().boxed() } else { text.clone().prop_map(Value::from).boxed() };
        (Just(key.to_owned()), value)
    });
    prop::collection::vec(field, 0..7).prop_map(|fields| Value::Object(fields.into_iter().collect()))
}

proptest! {
    #[test]
    fn an_edit_equals_printing_the_changed_manifest(
        manifest in manifest(), style in style(), mark in any::<bool>(), new in any::<String>(), major in any::<u8>(),
    ) {
        let mark = if mark { "\u{feff}" } else { "" };
        let before = format!("{mark}{}\n", printed(&manifest, style, 0));
        let mut wanted = manifest.clone();
        let mut change = ManifestEdit::default();
        if manifest.get("version").is_some() {
            let version = format!("{major}.2.3");
            change.version = version.parse().ok();
            wanted["version"] = Value::from(version);
        }
        for kind in DependencyKind::ALL {
            let names = manifest.get(kind.manifest_key()).and_then(Value::as_object).into_iter().flat_map(|map| map.keys());
            // Every second one is changed.
            for name in names.step_by(2) {
                change.ranges.push(RangeEdit { kind, name: name.clone(), to: new.clone() });
                wanted[kind.manifest_key()][name] = Value::from(new.as_str());
            }
        }
        let after = edit_manifest(&before, &change).expect("all that changes is there");
        prop_assert_eq!(after, format!("{mark}{}\n", printed(&wanted, style, 0)));
    }
}

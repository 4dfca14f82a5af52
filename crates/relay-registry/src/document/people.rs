//! People in a manifest: `Name <mail> (address)` as text or as an object, both become an object.

use serde_json::{Map, Value};

/// A person as npm writes it: the text's parts that are there.
pub(super) fn person(value: &Value) -> Value {
    let text = match value {
        Value::String(text) => text.clone(),
        other => as_text(other),
    };
    let mut person = Map::new();
    let name = text.split(['(', '<']).next().unwrap_or_default().trim();
    if !name.is_empty() {
        person.insert("name".into(), name.into());
    }
    if let Some(mail) = enclosed(&text, '<', '>') {
        person.insert("email".into(), mail.into());
    }
    if let Some(address) = enclosed(&text, '(', ')') {
        person.insert("url".into(), address.into());
    }
    person.into()
}

fn as_text(value: &Value) -> String {
    let field = |names: [&str; 2]| {
        let found =
            names.iter().find_map(|name| value.get(*name).and_then(Value::as_str).filter(|text| !text.is_empty()));
        found.map(str::to_owned)
    };
    let mut text = value.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    if let Some(mail) = field(["email", "mail"]) {
        text.extend([" <", &mail, ">"]);
    }
    if let Some(address) = field(["url", "web"]) {
        text.extend([" (", &address, ")"]);
    }
    text
}

/// The first text between two marks that has neither of them inside and is not empty.
fn enclosed(text: &str, open: char, close: char) -> Option<&str> {
    text.match_indices(open).find_map(|(at, _)| {
        let inside = text.get(at + open.len_utf8()..)?;
        let end = inside.find([open, close])?;
        (end > 0 && inside.get(end..)?.starts_with(close)).then(|| inside.get(..end))?
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(value: &Value, expected: &Value) {
        assert_eq!(person(value), *expected);
    }

    #[test]
    fn texts_and_objects_become_objects() {
        check(
            &json!("A B <a@b.example> (http://c.example)"),
            &json!({"name":"A B","email":"a@b.example","url":"http://c.example"}),
        );
        check(&json!("A"), &json!({"name":"A"}));
        check(&json!("<a@b.example>"), &json!({"email":"a@b.example"}));
        check(&json!({"name":"A","mail":"m","web":"w"}), &json!({"name":"A","email":"m","url":"w"}));
        check(&json!({"name":"A (x)"}), &json!({"name":"A","url":"x"}));
        check(&json!(""), &json!({}));
        check(&json!(7), &json!({}));
        check(&json!("A <<b>"), &json!({"name":"A","email":"b"}));
        check(&json!("A ()"), &json!({"name":"A"}));
    }
}

//! `docs/plan.schema.json` describes what is written: every field, and nothing else.

use relay_plan::StrongestEvidence;
use relay_values::Evidence;
use serde_json::{Value, json};

use crate::world::{World, acme};

const SCHEMA: &str = include_str!("../../../../docs/plan.schema.json");

fn schema() -> Value {
    serde_json::from_str(SCHEMA).expect("docs/plan.schema.json is JSON")
}

/// The complaints about a value, by JSON pointer. Knows the keywords that the schema uses and refuses any other one, so
/// that no rule is passed over. With `strict`, fields that the schema does not describe are complaints.
fn complaints(root: &Value, rule: &Value, value: &Value, at: &str, strict: bool) -> Vec<String> {
    let mut found = Vec::new();
    for (keyword, operand) in rule.as_object().expect("a schema is an object") {
        match keyword.as_str() {
            "$ref" => {
                let path =
                    operand.as_str().and_then(|text| text.strip_prefix('#')).expect("a reference within the file");
                let target = root.pointer(path).unwrap_or_else(|| panic!("`{path}` is not in the schema"));
                found.extend(complaints(root, target, value, at, strict));
            }
            "type" => {
                let allowed: Vec<&str> = match operand {
                    Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
                    one => one.as_str().into_iter().collect(),
                };
                if !allowed.contains(&type_of(value)) {
                    found.push(format!("{at}: is {}, not {}", type_of(value), allowed.join(" or ")));
                }
            }
            "const" if operand != value => found.push(format!("{at}: is not {operand}")),
            "enum" if !operand.as_array().expect("a list").contains(value) => {
                found.push(format!("{at}: {value} is not listed"));
            }
            "$schema" | "$defs" | "title" | "description" | "const" | "enum" => {}
            "minimum" => {
                if value.as_u64().is_some_and(|number| number < operand.as_u64().expect("a number")) {
                    found.push(format!("{at}: is below {operand}"));
                }
            }
            "pattern" => {
                let prefix = operand.as_str().and_then(|text| text.strip_prefix('^')).expect("a prefix");
                if value.as_str().is_some_and(|text| !text.starts_with(prefix)) {
                    found.push(format!("{at}: does not begin with `{prefix}`"));
                }
            }
            "required" => {
                let Some(fields) = value.as_object() else { continue };
                let wanted = operand.as_array().expect("a list").iter().filter_map(Value::as_str);
                found.extend(
                    wanted.filter(|field| !fields.contains_key(*field)).map(|field| format!("{at}: no {field}")),
                );
            }
            "properties" => {
                for (field, below) in value.as_object().into_iter().flatten() {
                    match operand.get(field) {
                        Some(rule) => found.extend(complaints(root, rule, below, &format!("{at}/{field}"), strict)),
                        None if strict => found.push(format!("{at}: {field} is not described")),
                        None => {}
                    }
                }
            }
            "additionalProperties" => {
                for (field, below) in value.as_object().into_iter().flatten() {
                    found.extend(complaints(root, operand, below, &format!("{at}/{field}"), strict));
                }
            }
            "items" => {
                for (index, below) in value.as_array().into_iter().flatten().enumerate() {
                    found.extend(complaints(root, operand, below, &format!("{at}/{index}"), strict));
                }
            }
            other => panic!("the schema uses `{other}`, which this test does not know"),
        }
    }
    found
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_u64() || number.is_i64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn check(value: &Value, strict: bool) -> Vec<String> {
    let schema = schema();
    complaints(&schema, &schema, value, "", strict)
}

#[test]
fn the_schema_describes_every_field_that_is_written() {
    for world in [
        World::new(),
        acme(),
        World { head: None, offline: true, ..acme() },
        acme().release_with("shown", |package| {
            package.strongest_evidence =
                Some(StrongestEvidence { evidence: Evidence::Staged, version: package.current.clone(), on: None });
            package.trust_downgrade_because = Some("it is meant".to_owned());
        }),
        World { promote_last: true, build: Some("make".to_owned()), ..acme() },
    ] {
        let value = serde_json::to_value(world.plan()).unwrap();
        assert_eq!(check(&value, true), [""; 0]);
    }
}

#[test]
fn the_schema_describes_nothing_that_is_not_written() {
    fn described(root: &Value, rule: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
        let rule = match rule.get("$ref").and_then(Value::as_str) {
            Some(path) => root.pointer(path.trim_start_matches('#')).unwrap(),
            None => rule,
        };
        for (field, below) in rule.get("properties").and_then(Value::as_object).into_iter().flatten() {
            match value.get(field) {
                Some(value) => described(root, below, value, &format!("{at}/{field}"), found),
                // A field that is null here, such as a tarball, has its own fields elsewhere.
                None if !value.is_null() => found.push(format!("{at}/{field}")),
                None => {}
            }
        }
        if let (Some(items), Some(values)) = (rule.get("items"), value.as_array()) {
            for value in values {
                described(root, items, value, &format!("{at}[]"), found);
            }
        }
    }
    let (schema, value) = (schema(), serde_json::to_value(World { promote_last: true, ..acme() }.plan()).unwrap());
    let mut found = Vec::new();
    described(&schema, &schema, &value, "", &mut found);
    assert_eq!(found, [""; 0]);
}

#[track_caller]
fn spoiled(plan: &Value, pointer: &str, value: Value, expected: &str) {
    let mut plan = plan.clone();
    *plan.pointer_mut(pointer).expect("the plan has the field") = value;
    assert_eq!(check(&plan, false), [expected]);
}

#[test]
fn the_schema_finds_mistakes_and_tolerates_new_fields() {
    let plan = serde_json::to_value(acme().plan()).unwrap();
    spoiled(&plan, "/schema", json!("relay.plan/2"), "/schema: is not \"relay.plan/1\"");
    spoiled(&plan, "/packages/0/wave", json!(0), "/packages/0/wave: is below 1");
    spoiled(&plan, "/packages/0/route/kind", json!("magic"), "/packages/0/route/kind: \"magic\" is not listed");
    spoiled(&plan, "/humans/challenges", json!("two"), "/humans/challenges: is string, not integer");
    spoiled(&plan, "/fingerprint", json!({"head": null}), "/fingerprint: no inputs");
    let mut newer = plan.clone();
    newer["packages"][0]["moon"] = json!(true);
    assert_eq!(check(&newer, false), [""; 0]);
    assert_eq!(check(&newer, true), ["/packages/0: moon is not described"]);
}

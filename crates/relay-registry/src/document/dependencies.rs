//! Dependency maps and scripts of a manifest, as npm tidies them.

use serde_json::{Map, Value};

use super::entry_points::is_truthy;
use super::hosted::Hosted;

/// Removes what is no specifier, and writes addresses of known git hosts in their one form.
pub(super) fn normalise_dependencies(manifest: &mut Map<String, Value>) {
    for kind in ["dependencies", "devDependencies"] {
        match manifest.get_mut(kind) {
            None => {}
            Some(Value::Object(map)) => {
                map.retain(|_, specifier| specifier.is_string());
                for specifier in map.values_mut() {
                    if let Some(hosted) = specifier.as_str().and_then(Hosted::parse) {
                        *specifier = hosted.to_string().into();
                    }
                }
            }
            Some(_) => {
                manifest.shift_remove(kind);
            }
        }
    }
}

/// `bundleDependencies` as a list, under its one name, with each of its members a dependency.
pub(super) fn normalise_bundled(manifest: &mut Map<String, Value>) {
    const KEY: &str = "bundleDependencies";
    let misspelt = manifest.shift_remove("bundledDependencies");
    if !manifest.contains_key(KEY)
        && let Some(value) = misspelt
    {
        manifest.insert(KEY.into(), value);
    }
    let names: Vec<Value> = match manifest.get(KEY) {
        None => return,
        Some(Value::Bool(true)) => {
            let dependencies = manifest.get("dependencies").and_then(Value::as_object);
            dependencies.map(|map| map.keys().map(|name| name.as_str().into()).collect()).unwrap_or_default()
        }
        Some(Value::Bool(false)) => Vec::new(),
        Some(Value::Array(names)) => names.clone(),
        Some(Value::Object(map)) => map.keys().map(|name| name.as_str().into()).collect(),
        Some(_) => {
            manifest.shift_remove(KEY);
            return;
        }
    };
    let names: Vec<Value> =
        names.into_iter().filter(|name| name.as_str().is_some_and(|name| !name.is_empty())).collect();
    if !names.is_empty() {
        if !is_truthy(manifest.get("dependencies")) {
            manifest.insert("dependencies".into(), Map::new().into());
        }
        if let Some(dependencies) = manifest.get_mut("dependencies").and_then(Value::as_object_mut) {
            for name in names.iter().filter_map(Value::as_str) {
                dependencies.entry(name).or_insert_with(|| "*".into());
            }
        }
    }
    manifest.insert(KEY.into(), names.into());
}

/// Removes scripts that are no command lines, and the needless path to `node_modules/.bin` before a command.
pub(super) fn normalise_scripts(manifest: &mut Map<String, Value>) {
    match manifest.get_mut("scripts") {
        None | Some(Value::Null | Value::Array(_)) => {}
        Some(Value::Object(scripts)) => {
            scripts.retain(|_, command| command.is_string());
            for command in scripts.values_mut() {
                if let Some(bare) = command.as_str().and_then(without_bin_path) {
                    *command = bare.into();
                }
            }
        }
        Some(_) => {
            manifest.shift_remove("scripts");
        }
    }
}

/// A script for an event, unless there is one; with the map of scripts made where it is missing.
pub(super) fn add_script(manifest: &mut Map<String, Value>, event: &str, command: &str) {
    if !is_truthy(manifest.get("scripts")) {
        manifest.insert("scripts".into(), Map::new().into());
    }
    if let Some(scripts) = manifest.get_mut("scripts").and_then(Value::as_object_mut) {
        scripts.insert(event.into(), command.into());
    }
}

/// Whether there is a command for an event.
pub(super) fn has_script(manifest: &Map<String, Value>, event: &str) -> bool {
    is_truthy(manifest.get("scripts").and_then(|scripts| scripts.get(event)))
}

fn without_bin_path(command: &str) -> Option<String> {
    let slash = ['/', '\\'];
    let rest = command.strip_prefix('.').and_then(|rest| rest.strip_prefix(slash)).unwrap_or(command);
    let rest = rest.strip_prefix("node_modules")?.strip_prefix(slash)?;
    // npm's pattern allows any one character before `bin`.
    let mut chars = rest.chars();
    chars.next()?;
    chars.as_str().strip_prefix("bin")?.strip_prefix(slash).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn applied(step: fn(&mut Map<String, Value>), manifest: Value) -> Value {
        let Value::Object(mut manifest) = manifest else { panic!("an object") };
        step(&mut manifest);
        manifest.into()
    }

    #[test]
    fn git_hosts_have_one_form_and_ranges_stay() {
        let before =
            json!({"dependencies":{"a":"^1","b":"o/r","c":"npm:x@^1","d":7,"e":"workspace:*"},"devDependencies":7});
        let after = json!({"dependencies":{"a":"^1","b":"github:o/r","c":"npm:x@^1","e":"workspace:*"}});
        assert_eq!(applied(normalise_dependencies, before), after);
    }

    #[test]
    fn bundled_dependencies_are_a_list_of_dependencies() {
        let bundled = |manifest| applied(normalise_bundled, manifest);
        assert_eq!(
            bundled(json!({"bundledDependencies":["a",1,""],"dependencies":{"b":"1"}})),
            json!({"dependencies":{"b":"1","a":"*"},"bundleDependencies":["a"]})
        );
        assert_eq!(
            bundled(json!({"bundleDependencies":true,"dependencies":{"b":"1"}})),
            json!({"dependencies":{"b":"1"},"bundleDependencies":["b"]})
        );
        assert_eq!(bundled(json!({"bundleDependencies":false})), json!({"bundleDependencies":[]}));
        assert_eq!(bundled(json!({"bundleDependencies":"x"})), json!({}));
    }

    #[test]
    fn scripts_are_command_lines() {
        let scripts = |manifest| applied(normalise_scripts, manifest);
        assert_eq!(
            scripts(json!({"scripts":{"a":"./node_modules/.bin/tsc -p","b":7,"c":"node_modules/.bin/x","d":"y"}})),
            json!({"scripts":{"a":"tsc -p","c":"x","d":"y"}})
        );
        assert_eq!(scripts(json!({"scripts":"x"})), json!({}));
    }
}

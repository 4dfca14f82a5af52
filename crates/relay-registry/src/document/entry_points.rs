//! `bin`, `man` and what is found beside `main`: paths of a manifest made plain and kept inside the package.

use serde_json::{Map, Value};

use super::contents::Contents;

/// `bin` as an object of plain names and paths, or gone.
pub(super) fn normalise_bin(manifest: &mut Map<String, Value>) {
    let name = manifest.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let bins = match manifest.get("bin") {
        Some(Value::String(path)) if !path.is_empty() && !name.is_empty() => {
            Map::from_iter([(name, Value::String(path.clone()))])
        }
        Some(Value::Array(paths)) => {
            paths.iter().filter_map(Value::as_str).map(|path| (base_name(path).to_owned(), path.into())).collect()
        }
        Some(Value::Object(bins)) => bins.clone(),
        None => return,
        Some(_) => Map::new(),
    };
    let mut plain = bins.clone();
    for (key, value) in &bins {
        // An earlier rename may have taken this key's place.
        let target = plain.get(key).or(Some(value)).and_then(Value::as_str).map(plain_path).unwrap_or_default();
        let base = base_name(&plain_path(key)).to_owned();
        if base.is_empty() || target.is_empty() {
            plain.shift_remove(key);
            continue;
        }
        if base != *key {
            plain.shift_remove(key);
        }
        plain.insert(base, target.into());
    }
    if plain.is_empty() {
        manifest.shift_remove("bin");
    } else {
        manifest.insert("bin".into(), plain.into());
    }
}

/// `directories.bin` becomes `bin`: everything in that folder, by its base name.
pub(super) fn expand_bin_folder(manifest: &mut Map<String, Value>, contents: &Contents) {
    if is_truthy(manifest.get("bin")) {
        return normalise_bin(manifest);
    }
    let Some(folder) = directory(manifest, "bin") else { return normalise_bin(manifest) };
    let folder = plain_path(&folder);
    let inside = contents.below(&folder);
    let bins: Map<String, Value> = inside
        .iter()
        .map(|path| (base_name(path).to_owned(), format!("{folder}/{}", plain_path(path)).into()))
        .collect();
    manifest.insert("bin".into(), bins.into());
}

/// `man` as a list of plain paths; from `directories.man` where it is not given.
pub(super) fn normalise_man(manifest: &mut Map<String, Value>, contents: &Contents) {
    if !is_truthy(manifest.get("man"))
        && let Some(folder) = directory(manifest, "man")
    {
        let folder = plain_path(&folder);
        let folder = folder.trim_end_matches('/');
        let pages =
            contents.below(folder).into_iter().filter(|path| is_page(path) && contents.has(&joined(folder, path)));
        let pages: Vec<Value> = pages.map(|path| joined(folder, &path).into()).collect();
        manifest.insert("man".into(), pages.into());
    }
    let pages: Vec<Value> = match manifest.get("man") {
        None => return,
        Some(Value::Array(pages)) => {
            pages.iter().filter_map(Value::as_str).map(|page| plain_path(page).into()).collect()
        }
        Some(Value::String(page)) if !page.is_empty() => vec![plain_path(page).into()],
        Some(_) => Vec::new(),
    };
    if pages.is_empty() {
        manifest.shift_remove("man");
    } else {
        manifest.insert("man".into(), pages.into());
    }
}

/// `types`, where a declaration file lies beside the main file and nothing names one.
pub(super) fn fill_types(manifest: &mut Map<String, Value>, contents: &Contents) {
    if manifest.contains_key("types") || manifest.contains_key("typings") {
        return;
    }
    let main = match manifest.get("main") {
        Some(Value::String(main)) if !main.is_empty() => main.as_str(),
        None | Some(Value::Null | Value::Bool(false) | Value::String(_)) => "index.js",
        Some(_) => return,
    };
    let base = base_name(main);
    let stem = match base.rfind('.') {
        Some(at) if at > 0 => base.get(..at).unwrap_or(base),
        _ => base,
    };
    let folder = main.trim_end_matches('/').rsplit_once('/').map_or(".", |(folder, _)| folder);
    let declaration = format!("{}.d.ts", normalised_path(&format!("{folder}/{stem}")));
    if contents.has(&declaration) {
        manifest.insert("types".into(), format!("./{declaration}").into());
    }
}

fn directory(manifest: &Map<String, Value>, kind: &str) -> Option<String> {
    manifest.get("directories")?.get(kind)?.as_str().filter(|folder| !folder.is_empty()).map(str::to_owned)
}

fn joined(folder: &str, path: &str) -> String {
    if folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") }
}

/// A manual page ends in a dot and its section.
fn is_page(path: &str) -> bool {
    let mut end = path.bytes().rev();
    end.next().is_some_and(|byte| byte.is_ascii_digit()) && end.next() == Some(b'.')
}

/// What JavaScript takes for true.
pub(super) fn is_truthy(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => false,
        Some(Value::Bool(value)) => *value,
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Number(number)) => number.as_f64() != Some(0.0),
        Some(Value::Array(_) | Value::Object(_)) => true,
    }
}

/// A path with `/`, from the package's root, that never leaves it. A final `/` stays.
fn plain_path(path: &str) -> String {
    let slashed = path.replace(['\\', ':'], "/");
    let plain = normalised_path(&format!("/{slashed}"));
    if slashed.ends_with('/') && !plain.is_empty() { format!("{plain}/") } else { plain }
}

/// Resolves `.` and `..`; leading `..` of a rooted path are dropped, and so is the root.
fn normalised_path(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn base_name(path: &str) -> &str {
    let path = path.trim_end_matches('/');
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn bin(manifest: Value, expected: &Value) {
        let Value::Object(mut manifest) = manifest else { panic!("an object") };
        normalise_bin(&mut manifest);
        assert_eq!(manifest.get("bin").cloned().unwrap_or(Value::Null), *expected);
    }

    #[test]
    fn bin_is_an_object_of_plain_paths() {
        bin(json!({"name":"@a/x","bin":"./cli.js"}), &json!({"x":"cli.js"}));
        bin(json!({"name":"x","bin":["./a/b.js"]}), &json!({"b.js":"a/b.js"}));
        bin(json!({"name":"x","bin":{"../../evil":"../../etc/passwd"}}), &json!({"evil":"etc/passwd"}));
        bin(json!({"name":"x","bin":{"a":1,"b":"","c":"c.js"}}), &json!({"c":"c.js"}));
        bin(json!({"name":"x","bin":{}}), &Value::Null);
        bin(json!({"name":"x","bin":""}), &Value::Null);
        bin(json!({"name":"x","bin":true}), &Value::Null);
        bin(json!({"name":"x","bin":{"a":"C:\\x.js"}}), &json!({"a":"C/x.js"}));
    }

    #[test]
    fn a_bin_folder_is_expanded() {
        let contents = Contents::of(&["cmd/a.js", "cmd/sub/b.js", "cmd/.hidden", "c.js"], None);
        let mut manifest = Map::from_iter([("directories".to_owned(), json!({"bin":"./cmd"}))]);
        expand_bin_folder(&mut manifest, &contents);
        assert_eq!(manifest["bin"], json!({"a.js":"cmd/a.js","sub":"cmd/sub","b.js":"cmd/sub/b.js"}));
    }

    #[test]
    fn man_is_a_list_of_plain_paths() {
        let contents = Contents::of(&["man/x.1", "man/y.txt", "man/deep/z.7"], None);
        let man = |manifest: Value| {
            let Value::Object(mut manifest) = manifest else { panic!("an object") };
            normalise_man(&mut manifest, &contents);
            manifest.get("man").cloned().unwrap_or(Value::Null)
        };
        assert_eq!(man(json!({"man":"./a.1"})), json!(["a.1"]));
        assert_eq!(man(json!({"man":["../b.1",7]})), json!(["b.1"]));
        assert_eq!(man(json!({"man":[]})), Value::Null);
        assert_eq!(man(json!({"directories":{"man":"man"}})), json!(["man/deep/z.7", "man/x.1"]));
    }

    #[test]
    fn types_are_found_beside_the_main_file() {
        let contents = Contents::of(&["index.d.ts", "lib/x.d.ts"], None);
        let types = |manifest: Value| {
            let Value::Object(mut manifest) = manifest else { panic!("an object") };
            fill_types(&mut manifest, &contents);
            manifest.get("types").cloned().unwrap_or(Value::Null)
        };
        assert_eq!(types(json!({})), json!("./index.d.ts"));
        assert_eq!(types(json!({"main":"./lib/x.cjs"})), json!("./lib/x.d.ts"));
        assert_eq!(types(json!({"main":"lib"})), Value::Null);
        assert_eq!(types(json!({"typings":"t.d.ts"})), Value::Null);
        assert_eq!(types(json!({"main":7})), Value::Null);
    }
}

//! A manifest as npm publishes it: the steps that `npm publish` applies, in its order.

use serde_json::{Map, Value, json};
use url::Url;

use super::contents::Contents;
use super::dependencies::{add_script, has_script, normalise_bundled, normalise_dependencies, normalise_scripts};
use super::entry_points::{expand_bin_folder, fill_types, is_truthy, normalise_bin, normalise_man};
use super::hosted::Hosted;
use super::people::person;

/// What npm writes where there is no readme.
const NO_README: &str = "ERROR: No README data found!";

/// What a manifest is completed with.
#[derive(Debug, Clone, Copy)]
pub(super) struct ManifestCompletion<'a> {
    /// The readme's file name and text.
    pub(super) readme: Option<(&'a str, &'a str)>,
    /// The commit.
    pub(super) git_head: Option<&'a str>,
    /// The package's files.
    pub(super) contents: &'a Contents,
}

/// Applies npm's steps `fix` and `prepare`. Name, version, `_id` and `dist` are the caller's.
pub(super) fn normalised(manifest: &Map<String, Value>, around: &ManifestCompletion<'_>) -> Map<String, Value> {
    let mut manifest = manifest.clone();
    manifest.retain(|key, _| !key.starts_with('_'));
    manifest.shift_remove("patchedDependencies");
    if let Some(Value::String(name)) = manifest.get_mut("name") {
        *name = name.trim().to_owned();
    }
    normalise_bin(&mut manifest);
    normalise_bundled(&mut manifest);
    normalise_scripts(&mut manifest);
    normalise_repository(&mut manifest);
    normalise_dependencies(&mut manifest);
    complete(&mut manifest, around);
    tidy_texts(&mut manifest);
    tidy_lists(&mut manifest);
    normalise_bugs(&mut manifest);
    normalise_homepage(&mut manifest);
    tidy_people(&mut manifest);
    manifest
}

/// What npm adds from the package's files.
fn complete(manifest: &mut Map<String, Value>, around: &ManifestCompletion<'_>) {
    let contents = around.contents;
    let builds = has_script(manifest, "install") || has_script(manifest, "preinstall");
    if !builds && manifest.get("gypfile") != Some(&Value::Bool(false)) && contents.has_gyp_file() {
        add_script(manifest, "install", "node-gyp rebuild");
        manifest.insert("gypfile".into(), true.into());
    }
    if !has_script(manifest, "start") && contents.has("server.js") {
        add_script(manifest, "start", "node server.js");
    }
    if !is_truthy(manifest.get("contributors"))
        && let Some(authors) = contents.authors()
    {
        let lines = authors.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let lines: Vec<Value> = lines.map(Into::into).collect();
        manifest.insert("contributors".into(), lines.into());
    }
    if !is_truthy(manifest.get("readme")) {
        if let Some((file, text)) = around.readme {
            manifest.insert("readme".into(), text.into());
            manifest.insert("readmeFilename".into(), file.into());
        }
        if !is_truthy(manifest.get("readme")) {
            manifest.insert("readme".into(), NO_README.into());
        }
    }
    normalise_man(manifest, contents);
    expand_bin_folder(manifest, contents);
    if !is_truthy(manifest.get("gitHead"))
        && let Some(commit) = around.git_head
    {
        manifest.insert("gitHead".into(), commit.into());
    }
    fill_types(manifest, contents);
}

/// `repository` as an object with the one address that npm publishes.
fn normalise_repository(manifest: &mut Map<String, Value>) {
    if let Some(first) = manifest.get("repositories").filter(|all| is_truthy(Some(*all))).map(|all| all.get(0).cloned())
    {
        match first {
            Some(first) => manifest.insert("repository".into(), first),
            None => manifest.shift_remove("repository"),
        };
    }
    if let Some(Value::String(text)) = manifest.get("repository")
        && !text.is_empty()
    {
        let repository = json!({ "type": "git", "url": text });
        manifest.insert("repository".into(), repository);
    }
    let url = manifest.get_mut("repository").and_then(|repository| repository.get_mut("url"));
    if let Some(url) = url
        && let Some(hosted) = url.as_str().and_then(Hosted::parse)
    {
        *url = hosted.repository_url().into();
    }
}

fn tidy_texts(manifest: &mut Map<String, Value>) {
    let description = manifest.get("description");
    if is_truthy(description) && !description.is_some_and(Value::is_string) {
        manifest.shift_remove("description");
    }
    if !is_truthy(manifest.get("description"))
        && let Some(readme) = manifest.get("readme").and_then(Value::as_str).filter(|text| *text != NO_README)
    {
        let description = first_paragraph(readme);
        manifest.insert("description".into(), description.into());
    }
    if is_truthy(manifest.get("modules")) {
        manifest.shift_remove("modules");
    }
}

/// A readme's first block of text that is no heading, as one line.
fn first_paragraph(readme: &str) -> String {
    let lines = readme.trim().lines().skip_while(|line| {
        let line = line.trim();
        line.is_empty() || line.starts_with('#')
    });
    let mut block = Vec::new();
    for line in lines {
        if !block.is_empty() && line.trim().is_empty() {
            break;
        }
        block.push(line);
    }
    block.join(" ").trim().to_owned()
}

fn tidy_lists(manifest: &mut Map<String, Value>) {
    if let Some(Value::String(text)) = manifest.get("keywords") {
        let words: Vec<Value> = split_keywords(text).into_iter().map(Into::into).collect();
        manifest.insert("keywords".into(), words.into());
    }
    for field in ["files", "keywords"] {
        let is_there = is_truthy(manifest.get(field));
        match manifest.get_mut(field) {
            Some(Value::Array(items)) => items.retain(|item| item.as_str().is_some_and(|text| !text.is_empty())),
            Some(_) if is_there => {
                manifest.shift_remove(field);
            }
            _ => {}
        }
    }
}

/// Splits at commas that are followed by white space.
fn split_keywords(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut rest = text;
    while let Some(at) = rest.find(',') {
        let (before, after) = rest.split_at(at);
        let after = after.trim_start_matches(',');
        let commas = rest.len() - at - after.len();
        let trimmed = after.trim_start();
        let last = words.last_mut().expect("the list starts with one word");
        last.push_str(before);
        // Of several commas in a row only the last one separates.
        let separates = trimmed.len() < after.len();
        last.push_str(&",".repeat(if separates { commas - 1 } else { commas }));
        if separates {
            words.push(String::new());
        }
        rest = if separates { trimmed } else { after };
    }
    words.last_mut().expect("the list starts with one word").push_str(rest);
    words
}

/// `bugs` as an object of address and e-mail; made of the repository where it is missing.
fn normalise_bugs(manifest: &mut Map<String, Value>) {
    if !is_truthy(manifest.get("bugs")) {
        if let Some(url) = hosted_repository(manifest).and_then(|hosted| hosted.bugs()) {
            manifest.insert("bugs".into(), json!({ "url": url }));
        }
        return;
    }
    let mut bugs = Map::new();
    match manifest.get("bugs") {
        Some(Value::String(text)) if is_mail(text) => {
            bugs.insert("email".into(), text.as_str().into());
        }
        Some(Value::String(text)) if Url::parse(text).is_ok() => {
            bugs.insert("url".into(), text.as_str().into());
        }
        Some(Value::Object(given)) => {
            // The last of the misnamed fields takes the address's place.
            let url = given.iter().rev().find(|(key, _)| matches!(key.as_str(), "web" | "name")).map(|(_, url)| url);
            if let Some(url) = url.or(given.get("url")).and_then(Value::as_str).filter(|url| Url::parse(url).is_ok()) {
                bugs.insert("url".into(), url.into());
            }
            if let Some(mail) = given.get("email").and_then(Value::as_str).filter(|mail| is_mail(mail)) {
                bugs.insert("email".into(), mail.into());
            }
        }
        _ => {}
    }
    if bugs.is_empty() {
        manifest.shift_remove("bugs");
    } else {
        manifest.insert("bugs".into(), bugs.into());
    }
}

fn normalise_homepage(manifest: &mut Map<String, Value>) {
    if !is_truthy(manifest.get("homepage"))
        && let Some(hosted) = hosted_repository(manifest)
    {
        manifest.insert("homepage".into(), hosted.docs().into());
    }
    match manifest.get("homepage") {
        Some(Value::String(text)) if !text.is_empty() && Url::parse(text).is_err() => {
            let address = format!("http://{text}");
            manifest.insert("homepage".into(), address.into());
        }
        Some(Value::String(_)) | None => {}
        other if is_truthy(other) => {
            manifest.shift_remove("homepage");
        }
        Some(_) => {}
    }
}

fn tidy_people(manifest: &mut Map<String, Value>) {
    if is_truthy(manifest.get("author"))
        && let Some(author) = manifest.get_mut("author")
    {
        *author = person(author);
    }
    for field in ["maintainers", "contributors"] {
        if let Some(Value::Array(people)) = manifest.get_mut(field) {
            for one in people {
                *one = person(one);
            }
        }
    }
}

fn hosted_repository(manifest: &Map<String, Value>) -> Option<Hosted> {
    Hosted::parse(manifest.get("repository")?.get("url")?.as_str()?)
}

fn is_mail(text: &str) -> bool {
    text.find('@').is_some_and(|at| text.rfind('.').is_some_and(|dot| at < dot))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn published(manifest: Value, readme: Option<&str>) -> Map<String, Value> {
        let Value::Object(manifest) = manifest else { panic!("an object") };
        let contents = Contents::of(&["binding.gyp", "server.js"], Some("# us\nA <a@b.example>\n\nB"));
        let readme = readme.map(|text| ("README.md", text));
        normalised(&manifest, &ManifestCompletion { readme, git_head: Some("abc"), contents: &contents })
    }

    #[test]
    fn is_completed_from_the_packages_files() {
        let manifest = published(json!({"name":"a","_hidden":1}), Some("# A\n\nFirst\nblock.\n\nSecond."));
        assert_eq!(manifest["scripts"], json!({"install":"node-gyp rebuild","start":"node server.js"}));
        assert_eq!(manifest["gypfile"], json!(true));
        assert_eq!(manifest["contributors"], json!([{"name":"A","email":"a@b.example"},{"name":"B"}]));
        assert_eq!(manifest["description"], json!("First block."));
        assert_eq!(manifest["readmeFilename"], json!("README.md"));
        assert_eq!(manifest["gitHead"], json!("abc"));
        assert!(!manifest.contains_key("_hidden"));
    }

    #[test]
    fn a_missing_readme_has_its_own_text() {
        let manifest = published(json!({"name":"a"}), None);
        assert_eq!(manifest["readme"], json!(NO_README));
        assert!(!manifest.contains_key("description") && !manifest.contains_key("readmeFilename"));
    }

    #[test]
    fn a_known_repository_gives_pages() {
        let manifest = published(json!({"name":"a","repository":"acme/mono"}), None);
        assert_eq!(manifest["repository"], json!({"type":"git","url":"git+https://github.com/acme/mono.git"}));
        assert_eq!(manifest["bugs"], json!({"url":"https://github.com/acme/mono/issues"}));
        assert_eq!(manifest["homepage"], json!("https://github.com/acme/mono#readme"));
        let unknown = published(json!({"name":"a","repository":{"url":"https://git.example/x"}}), None);
        assert_eq!(unknown["repository"], json!({"url":"https://git.example/x"}));
        assert!(!unknown.contains_key("bugs") && !unknown.contains_key("homepage"));
    }

    #[test]
    fn keywords_are_split_at_commas_with_space() {
        assert_eq!(split_keywords("a, b,c,  d"), ["a", "b,c", "d"]);
        assert_eq!(split_keywords("a,, b"), ["a,", "b"]);
        assert_eq!(split_keywords(""), [""]);
    }
}

//! The publish document against the one that the real npm sends, and the headers that it sends with it.

use std::fs;
use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use camino::Utf8Path;
use relay_config::Access;
use relay_registry::{DocumentInput, publish_document};
use relay_values::DistTag;
use relay_workspace::{Integrity, Shasum};
use serde_json::{Map, Value, json};

use crate::recorder::{Asked, CANARY, Recorder, reply};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// Packages that between them use every rule of the normalisation: manifest and files.
fn packages() -> Vec<(Value, Vec<(&'static str, &'static str)>)> {
    vec![
        (json!({"name":"minimal","version":"1.0.0"}), vec![]),
        (
            json!({"name":"@s/texts","version":"v1.2.3","description":"d","license":"MIT","bin":"./cli.js",
                "repository":"acme/mono","author":"A B <a@b.example> (http://c.example)","keywords":"a, b,c",
                "contributors":["C <c@d.example>",{"name":"D","mail":"d@e.example","web":"http://d.example"}],
                "maintainers":["E"],"bugs":"https://bugs.example/x","homepage":"pages.example/x",
                "funding":"https://fund.example","man":"./man/x.1","engines":{"node":">=1"},"_private":1,
                "files":["cli.js","man",""],"publishConfig":{"access":"public"}}),
            vec![("README.md", "# Title\n\nFirst line\nsecond line.\n\nMore."), ("cli.js", ""), ("man/x.1", "")],
        ),
        (
            json!({"name":"objects","version":"2.0.0","repository":{"type":"git","url":"git@github.com:acme/mono.git",
                "directory":"packages/objects"},"bugs":{"web":"https://bugs.example","email":"b@c.example"},
                "bin":{"../../evil":"../../cli.js","ok":"./cli.js","bad":7},"keywords":["a",7,""],
                "dependencies":{"a":"^1","b":"acme/mono","c":"git+ssh://git@github.com/acme/mono.git#v1"},
                "devDependencies":{"d":"github:acme/mono#main"},"optionalDependencies":{"e":"acme/mono"},
                "peerDependencies":{"f":">=1"},"bundleDependencies":[],"scripts":{"test":"./node_modules/.bin/x -y"},
                "author":{"name":"A","url":"http://a.example"},"readme":"given here"}),
            vec![("README.md", "other"), ("cli.js", "")],
        ),
        (
            json!({"name":"files","version":"0.1.0-rc.1","main":"./lib/main.js","directories":{"bin":"cmd"},
                "publishConfig":{"tag":"next"},"repository":"gitlab:g/s/p","description":7}),
            vec![
                ("README.md", ""),
                ("AUTHORS", "# people\nA <a@b.example>\n\nB\n"),
                ("server.js", ""),
                ("binding.gyp", "{}"),
                ("lib/main.js", ""),
                ("lib/main.d.ts", ""),
                ("cmd/one.js", ""),
                ("cmd/two.js", ""),
            ],
        ),
        (
            json!({"name":"@s/odd","version":"1.0.0+build.7","repository":{"url":"http://github.com/acme/mono"},
                "bugs":"no address","homepage":7,"author":7,"gypfile":false,"types":"./t.d.ts",
                "scripts":{"a":7,"start":"x"},"bin":["./cmd/one.js"],"directories":{"man":"man"},"modules":{"x":1},
                "bundledDependencies":["z"],"dependencies":{"y":"1"},"license":"nonsense"}),
            vec![
                ("README", "plain words"),
                ("binding.gyp", "{}"),
                ("server.js", ""),
                ("index.d.ts", ""),
                ("cmd/one.js", ""),
                ("man/b.1", ""),
                ("man/deep/c.7", ""),
                ("node_modules/z/package.json", r#"{"name":"z","version":"1.0.0"}"#),
            ],
        ),
        (
            json!({"name":"gist","version":"1.0.0","repository":"gist:11081aaa281","private":false,
                "dist":{"old":1},"contributors":[],"bin":{},"files":"cli.js"}),
            vec![("readme.markdown", "lower case\n")],
        ),
    ]
}

fn write_workspace(root: &Utf8Path) {
    let write = |path: &str, text: &str| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("package.json", r#"{"name":"root","private":true,"workspaces":["packages/*"]}"#);
    write(".git/HEAD", COMMIT);
    for (index, (manifest, files)) in packages().into_iter().enumerate() {
        write(&format!("packages/p{index}/package.json"), &serde_json::to_string_pretty(&manifest).unwrap());
        for (file, text) in files {
            write(&format!("packages/p{index}/{file}"), text);
        }
    }
}

/// Runs the real `npm publish` over the workspace and gives back its uploads.
async fn uploads_of_npm(root: &Utf8Path, recorder: &Recorder) -> Vec<Asked> {
    let home = root.parent().unwrap().join("home");
    fs::create_dir_all(&home).unwrap();
    let token = format!("{}:_authToken={CANARY}\n", recorder.registry.config_key());
    fs::write(home.join(".npmrc"), token).unwrap();
    let output = tokio::process::Command::new("npm")
        .args(["publish", "--workspaces", "--ignore-scripts", "--no-update-notifier", "--registry"])
        .arg(recorder.registry.as_str())
        .current_dir(root)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", &home)
        .output()
        .await
        .unwrap_or_else(|error| panic!("`npm` is needed for this test and could not be run: {error}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    recorder.asked().into_iter().filter(|asked| asked.method == "PUT").collect()
}

fn read_tarball(tarball: &[u8]) -> (Map<String, Value>, Option<(String, String)>) {
    let (mut manifest, mut readme) = (Map::new(), None);
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(tarball));
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().to_str().unwrap().to_owned();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        let path = path.strip_prefix("package/").unwrap();
        if path == "package.json" {
            manifest = serde_json::from_str(&text).unwrap();
        } else if path.to_lowercase().starts_with("readme") {
            readme = Some((path.to_owned(), text));
        }
    }
    (manifest, readme)
}

/// The document that relay makes of the same tarball.
fn document_of_relay(recorder: &Recorder, npm: &Value) -> Value {
    let version = npm["versions"].as_object().unwrap().values().next().unwrap();
    let attachment = npm["_attachments"].as_object().unwrap().values().next().unwrap();
    let tarball = STANDARD.decode(attachment["data"].as_str().unwrap()).unwrap();
    let (manifest, readme) = read_tarball(&tarball);
    let published =
        |key: &str| manifest.get("publishConfig").and_then(|config| config.get(key)).and_then(Value::as_str);
    let document = publish_document(&DocumentInput {
        registry: &recorder.registry,
        manifest: &manifest,
        readme: readme.as_ref().map(|(file, text)| (file.as_str(), text.as_str())),
        tarball: &tarball,
        integrity: &Integrity::parse(version["dist"]["integrity"].as_str().unwrap()).unwrap(),
        shasum: &Shasum::parse(version["dist"]["shasum"].as_str().unwrap()).unwrap(),
        tag: &DistTag::parse(published("tag").unwrap_or("latest")).unwrap(),
        access: published("access").map(|_| Access::Public),
        git_head: Some(COMMIT),
    })
    .unwrap();
    serde_json::from_slice(&document).unwrap()
}

/// npm's document without what relay leaves out on purpose.
fn without_versions_of_tools(mut npm: Value) -> Value {
    for version in npm["versions"].as_object_mut().unwrap().values_mut() {
        let version = version.as_object_mut().unwrap();
        assert!(version.shift_remove("_nodeVersion").is_some());
        assert!(version.shift_remove("_npmVersion").is_some());
    }
    npm
}

#[tokio::test]
async fn the_document_is_the_one_that_the_real_npm_sends() {
    let folder = tempfile::tempdir().unwrap();
    let root = Utf8Path::from_path(folder.path()).unwrap().join("workspace");
    write_workspace(&root);
    let recorder = Recorder::start(|asked, _| {
        if asked.method == "PUT" { reply(200, r#"{"success":true}"#) } else { reply(404, r#"{"error":"Not found"}"#) }
    })
    .await;
    let uploads = uploads_of_npm(&root, &recorder).await;
    assert_eq!(uploads.len(), packages().len());
    for upload in uploads {
        assert_eq!(upload.header("npm-command"), Some("publish"));
        assert_eq!(upload.header("npm-auth-type"), Some("web"));
        assert_eq!(upload.header("content-type"), Some("application/json"));
        assert_eq!(upload.header("authorization"), Some(format!("Bearer {CANARY}").as_str()));
        let npm: Value = serde_json::from_slice(&upload.body).unwrap();
        let relay = document_of_relay(&recorder, &npm);
        assert_eq!(upload.path, format!("/{}", npm["name"].as_str().unwrap().replacen('/', "%2f", 1)));
        assert_same(&without_versions_of_tools(npm), &relay, "");
    }
}

/// Compares and names the first path that differs.
#[track_caller]
fn assert_same(npm: &Value, relay: &Value, path: &str) {
    if let (Value::Object(a), Value::Object(b)) = (npm, relay) {
        let mut keys: Vec<_> = a.keys().chain(b.keys()).collect();
        keys.sort();
        keys.dedup();
        for key in keys {
            let at = |map: &Map<String, Value>| map.get(key).cloned().unwrap_or_else(|| "(missing)".into());
            assert_same(&at(a), &at(b), &format!("{path}/{key}"));
        }
    } else {
        assert_eq!(npm, relay, "{path}: npm left, relay right");
    }
}

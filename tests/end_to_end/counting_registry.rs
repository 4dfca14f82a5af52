//! A registry on loopback that knows the packuments it is given, takes every upload, and keeps what reaches it.
//!
//! For tests of what must not be sent, and where: the sandbox enforces npm's rules, this one merely counts.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

use serde_json::{Value, json};

use crate::unfinished::PATIENCE;

/// The largest body that is read, in bytes.
const BODY_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// One request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Path and query, as on the wire.
    pub(crate) path: String,
    /// All headers, their names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

#[derive(Default)]
struct Shared {
    asked: Vec<Asked>,
    packuments: BTreeMap<String, Value>,
    tarballs: BTreeMap<String, Vec<u8>>,
    told: BTreeMap<(String, String), (u16, String)>,
    account: Option<String>,
    /// Requests that are answered when all of them are there.
    gathering: BTreeSet<(String, String)>,
}

/// What it knows, and word of each request that comes.
#[derive(Default)]
struct Desk {
    shared: Mutex<Shared>,
    came: Condvar,
}

/// The running registry; its address is known only once it runs.
pub(crate) struct CountingRegistry {
    url: String,
    desk: Arc<Desk>,
}

impl CountingRegistry {
    /// Starts one without packages, on a free port.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let url = format!("http://{}/", listener.local_addr().expect("an address"));
        let desk = Arc::new(Desk::default());
        desk.shared.lock().expect("no panic").account = Some("dev".to_owned());
        let (of_server, address) = (Arc::clone(&desk), url.clone());
        // Ends with the test's process; each connection carries one request.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (desk, address) = (Arc::clone(&of_server), address.clone());
                std::thread::spawn(move || serve(&stream, &desk, &address));
            }
        });
        Self { url, desk }
    }

    /// Its address, with a final slash.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The key of its credentials in `.npmrc`: `//127.0.0.1:PORT/`.
    pub(crate) fn config_key(&self) -> &str {
        self.url.trim_start_matches("http:")
    }

    /// Lets it know a package with these versions, the last one `latest`. Their digests are nobody's.
    pub(crate) fn has(&self, name: &str, versions: &[&str]) {
        let all: serde_json::Map<String, Value> = versions
            .iter()
            .map(|version| {
                let dist = json!({
                    "integrity": format!("sha512-{}==", "A".repeat(86)),
                    "tarball": format!("{}{name}/-/{}-{version}.tgz", self.url, unscoped(name)),
                });
                ((*version).to_owned(), json!({ "name": name, "version": version, "dist": dist }))
            })
            .collect();
        let latest = versions.last().expect("a version");
        let packument = json!({ "name": name, "dist-tags": { "latest": latest }, "versions": all });
        self.shared().packuments.insert(name.to_owned(), packument);
    }

    /// Answers no request of these, each a method and a path (decoded, without `/` in front), before all of them have come; whoever
    /// sends one after the other is refused in the end.
    pub(crate) fn gathers(&self, requests: &[(&str, &str)]) {
        let all = requests.iter().map(|(method, path)| ((*method).to_owned(), (*path).to_owned()));
        self.shared().gathering.extend(all);
    }

    /// Changes a packument that it has.
    pub(crate) fn change(&self, name: &str, change: impl FnOnce(&mut Value)) {
        change(self.shared().packuments.get_mut(name).expect("a package"));
    }

    /// Answers requests for a path (decoded, without `/` in front, without query) with this, whatever it knows.
    pub(crate) fn tells(&self, method: &str, path: &str, status: u16, body: &str) {
        let key = (method.to_owned(), path.to_owned());
        self.shared().told.insert(key, (status, body.to_owned()));
    }

    /// Whom a credential belongs to, as `whoami` says; at first `dev`.
    pub(crate) fn account(&self, name: &str) {
        self.shared().account = Some(name.to_owned());
    }

    /// All that reached it, in order.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.shared().asked.clone()
    }

    /// The versions that were uploaded, each as `name@version`, in order.
    pub(crate) fn uploads(&self) -> Vec<String> {
        self.documents().iter().map(|(id, _)| id.clone()).collect()
    }

    /// The documents that were uploaded, with the `name@version` of each.
    pub(crate) fn documents(&self) -> Vec<(String, Value)> {
        let puts = self.asked().into_iter().filter(|asked| asked.method == "PUT");
        puts.filter_map(|asked| {
            let document: Value = serde_json::from_slice(&asked.body).ok()?;
            let version = document["versions"].as_object()?.keys().next()?.clone();
            Some((format!("{}@{version}", document["name"].as_str()?), document))
        })
        .collect()
    }

    /// The requests that carry a text anywhere: path, header or body.
    pub(crate) fn asked_with(&self, text: &str) -> Vec<Asked> {
        let carries = |asked: &Asked| {
            asked.path.contains(text)
                || asked.headers.values().any(|value| value.contains(text))
                || String::from_utf8_lossy(&asked.body).contains(text)
        };
        self.asked().into_iter().filter(carries).collect()
    }
}

impl CountingRegistry {
    fn shared(&self) -> std::sync::MutexGuard<'_, Shared> {
        self.desk.shared.lock().expect("no panic")
    }
}

impl Asked {
    /// Its path, decoded, without `/` in front and without query.
    pub(crate) fn place(&self) -> String {
        let path = self.path.split('?').next().unwrap_or_default().trim_start_matches('/');
        path.replace("%2f", "/").replace("%2F", "/").replace("%40", "@")
    }
}

fn unscoped(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

fn serve(stream: &TcpStream, desk: &Desk, address: &str) {
    let Some(asked) = read(stream) else { return };
    let (status, kind, body) = if gathered(&asked, desk) {
        answer(&asked, &mut desk.shared.lock().expect("no panic"), address)
    } else {
        (403, "application/json", b"{\"error\":\"the others have not come\"}".to_vec())
    };
    let head = format!(
        "HTTP/1.1 {status} Answer\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let mut stream = stream;
    // Whoever asked may be gone; that is the test's to judge.
    let _gone = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
}

/// Notes a request, and waits for those that are answered together with it. Whether they came.
fn gathered(asked: &Asked, desk: &Desk) -> bool {
    let mut shared = desk.shared.lock().expect("no panic");
    shared.asked.push(asked.clone());
    desk.came.notify_all();
    let has_come = |shared: &Shared, of: &(String, String)| {
        shared.asked.iter().any(|one| one.method == of.0 && one.place() == of.1)
    };
    if !shared.gathering.contains(&(asked.method.clone(), asked.place())) {
        return true;
    }
    let some_lack = |shared: &mut Shared| !shared.gathering.iter().all(|of| has_come(shared, of));
    let (_shared, waited) = desk.came.wait_timeout_while(shared, PATIENCE, some_lack).expect("no panic");
    !waited.timed_out()
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let length: u64 = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = Vec::new();
    reader.take(length.min(BODY_BYTES_MAX)).read_to_end(&mut body).ok()?;
    Some(Asked { method, path, headers, body })
}

fn answer(asked: &Asked, shared: &mut Shared, address: &str) -> (u16, &'static str, Vec<u8>) {
    const JSON: &str = "application/json";
    let path = asked.place();
    let text = |status: u16, value: &Value| (status, JSON, value.to_string().into_bytes());
    if let Some((status, body)) = shared.told.get(&(asked.method.clone(), path.clone())) {
        return (*status, JSON, body.clone().into_bytes());
    }
    if let Some((name, tag)) = dist_tags_path(&path) {
        let tags = shared.packuments.get_mut(name).map(|packument| &mut packument["dist-tags"]);
        return match (tags, tag, asked.method.as_str()) {
            (Some(tags), None, "GET") => text(200, tags),
            (Some(tags), Some(tag), "PUT") => {
                tags[tag] = serde_json::from_slice(&asked.body).unwrap_or_default();
                text(201, &json!({ "ok": true }))
            }
            (Some(Value::Object(tags)), Some(tag), "DELETE") => {
                tags.remove(tag);
                text(200, &json!({ "ok": true }))
            }
            _ => text(404, &json!({ "error": "not_found" })),
        };
    }
    if asked.method == "PUT" {
        return match serde_json::from_slice::<Value>(&asked.body) {
            Ok(document) if document["versions"].is_object() => {
                keep(shared, &document, address);
                text(201, &json!({ "ok": true }))
            }
            _ => text(200, &json!({})),
        };
    }
    if path == "-/whoami" {
        return match (&shared.account, asked.headers.get("authorization")) {
            (Some(account), Some(_)) => text(200, &json!({ "username": account })),
            _ => text(401, &json!({})),
        };
    }
    if let Some(tarball) = shared.tarballs.get(&path) {
        return (200, "application/octet-stream", tarball.clone());
    }
    match shared.packuments.get(&path) {
        Some(packument) => text(200, packument),
        None => text(404, &json!({ "error": "not_found" })),
    }
}

/// The package of a path of dist-tags, and the one that it names.
fn dist_tags_path(path: &str) -> Option<(&str, Option<&str>)> {
    let (name, tag) = path.strip_prefix("-/package/")?.split_once("/dist-tags")?;
    Some((name, tag.strip_prefix('/')))
}

/// Takes an upload: from here on it is there to be read.
fn keep(shared: &mut Shared, document: &Value, address: &str) {
    use base64::Engine as _;
    let name = document["name"].as_str().unwrap_or_default().to_owned();
    let versions = document["versions"].as_object().cloned().unwrap_or_default();
    let Some((version, mut manifest)) = versions.into_iter().next() else { return };
    let path = format!("{name}/-/{}-{version}.tgz", unscoped(&name));
    let data = document["_attachments"].as_object().and_then(|all| all.values().next()?["data"].as_str());
    let bytes = data.and_then(|data| base64::engine::general_purpose::STANDARD.decode(data).ok()).unwrap_or_default();
    shared.tarballs.insert(path.clone(), bytes);
    manifest["dist"]["tarball"] = format!("{address}{path}").into();
    let packument = shared
        .packuments
        .entry(name.clone())
        .or_insert_with(|| json!({ "name": name, "dist-tags": {}, "versions": {} }));
    packument["versions"][&version] = manifest;
    if let Some(tags) = document["dist-tags"].as_object() {
        for (tag, version) in tags {
            packument["dist-tags"][tag] = version.clone();
        }
    }
}

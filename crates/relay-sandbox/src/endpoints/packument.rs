//! Reading: packuments (full and abbreviated), version documents, tarballs. `npm-registry.md`, section 1.

use serde_json::{Map, Value, json};
use sha1::{Digest, Sha1};

use crate::answer::Answer;
use crate::credentials::present;
use crate::exchange::Incoming;
use crate::packages::{Package, StoredVersion, View, Viewpoint, hex};
use crate::refusals::Refusal;
use crate::state::State;

/// The media type of the abbreviated form.
const ABBREVIATED: &str = "application/vnd.npm.install-v1+json";
/// What the public registry says about packuments.
const CACHE_CONTROL: &str = "public, max-age=300";
/// Fields of a manifest that the abbreviated form keeps.
const INSTALL_FIELDS: [&str; 20] = [
    "name",
    "version",
    "deprecated",
    "dependencies",
    "optionalDependencies",
    "devDependencies",
    "bundleDependencies",
    "bundledDependencies",
    "peerDependencies",
    "peerDependenciesMeta",
    "acceptDependencies",
    "bin",
    "directories",
    "engines",
    "funding",
    "os",
    "cpu",
    "libc",
    "dist",
    "_hasShrinkwrap",
];
/// Fields that the top of a full packument takes from the version `latest` points at.
const TOP_FIELDS: [&str; 8] =
    ["description", "homepage", "keywords", "repository", "author", "bugs", "license", "contributors"];

pub(super) fn packument(state: &mut State, request: &Incoming, package: &str) -> Answer {
    let url = format!("{}?{}", request.path, request.query);
    if state.absent_by_cache(&url) {
        return Refusal::NotFound.into();
    }
    let at = state.viewpoint();
    let base = tarball_base(state, request);
    let abbreviated = request.header("accept").is_some_and(|accept| accept.contains(ABBREVIATED));
    let shown = readable(state, request, package).and_then(|it| document(it, at, &base, abbreviated));
    // Of a package that is gone npm's client reads when that was in the full form; what the short one is then, is not known.
    let gone = || state.packages.get(package).filter(|_| !abbreviated).and_then(unpublished);
    let Some(document) = shown.or_else(gone) else {
        state.cache_absence(&url);
        return Refusal::NotFound.into();
    };
    let content_type = if abbreviated { ABBREVIATED } else { "application/json" };
    let body = document.to_string();
    let digest: [u8; 20] = Sha1::digest(&body).into();
    let etag = format!("\"{}\"", hex(&digest));
    let known = request.header("if-none-match").is_some_and(|known| known == "*" || known.contains(&etag));
    let answer = if known { Answer::empty(304) } else { Answer::bytes(200, content_type, bytes::Bytes::from(body)) };
    answer.with("etag", &etag).with("cache-control", CACHE_CONTROL).with("vary", "accept")
}

pub(super) fn version(state: &State, request: &Incoming, package: &str, version: &str) -> Answer {
    let at = state.viewpoint();
    let found = readable(state, request, package).and_then(|package| {
        let wanted = package.visible_tags(at).remove(version).unwrap_or_else(|| version.to_owned());
        let stored = package.seen(View::VersionDocument, at).find(|stored| stored.version.to_string() == wanted)?;
        Some(Value::Object(version_document(package, stored, &tarball_base(state, request))))
    });
    found.map_or_else(|| Refusal::NotFound.into(), |document| Answer::json(200, &document))
}

pub(super) fn tarball(state: &State, request: &Incoming, package: &str, file: &str) -> Answer {
    let at = state.viewpoint();
    let found = readable(state, request, package)
        .and_then(|package| package.seen(View::Tarball, at).find(|stored| stored.tarball_file(&package.name) == file));
    found.map_or_else(
        || Refusal::NotFound.into(),
        |stored| Answer::bytes(200, "application/octet-stream", stored.tarball.clone()),
    )
}

/// A package, if this request may read it.
pub(super) fn readable<'a>(state: &'a State, request: &Incoming, package: &str) -> Option<&'a Package> {
    let package = state.live_package(package)?;
    let maintained = || {
        let presented = present(state, request.authorization());
        let may = |grant: &crate::tokens::Grant| grant.covers(&package.name);
        presented.identity().is_some_and(|identity| {
            package.maintainers.contains(&identity.account) && identity.grant.as_ref().is_none_or(may)
        })
    };
    (!package.restricted || maintained()).then_some(package)
}

/// What `dist.tarball` begins with.
fn tarball_base(state: &State, request: &Incoming) -> String {
    state.options.tarball_base.clone().unwrap_or_else(|| request.base.clone())
}

/// The packument as it is seen now; `None` while nothing of it is.
fn document(package: &Package, at: Viewpoint, base: &str, abbreviated: bool) -> Option<Value> {
    let mut versions = Map::new();
    for stored in package.seen(View::Packument, at) {
        let full = version_document(package, stored, base);
        let shown = if abbreviated { install_form(&full) } else { full };
        versions.insert(stored.version.to_string(), Value::Object(shown));
    }
    if versions.is_empty() {
        return None;
    }
    let tags = package.visible_tags(at);
    if abbreviated {
        return Some(json!({
            "name": package.name,
            "modified": package.modified.to_string(),
            "dist-tags": tags,
            "versions": versions,
        }));
    }
    let mut time = Map::new();
    time.insert("created".into(), json!(package.created.to_string()));
    time.insert("modified".into(), json!(package.modified.to_string()));
    for stored in package.seen(View::Packument, at) {
        time.insert(stored.version.to_string(), json!(stored.accepted.to_string()));
    }
    time.extend(dates_of_burnt(package));
    let latest = tags
        .get("latest")
        .and_then(|latest| package.seen(View::Packument, at).find(|it| it.version.to_string() == *latest));
    let mut document = Map::new();
    document.insert("_id".into(), json!(package.name));
    document.insert("_rev".into(), json!(package.revision()));
    document.insert("name".into(), json!(package.name));
    document.insert("dist-tags".into(), json!(tags));
    document.insert("versions".into(), Value::Object(versions));
    document.insert("time".into(), Value::Object(time));
    document.insert("maintainers".into(), maintainers(package));
    if let Some(latest) = latest {
        let top = TOP_FIELDS.iter().copied().chain(["readme", "readmeFilename"]);
        for field in top.filter(|field| latest.manifest.contains_key(*field)) {
            document.insert(field.to_owned(), latest.manifest.get(field).cloned().unwrap_or_default());
        }
    }
    Some(Value::Object(document))
}

/// The dates of versions that were taken back stay (`npm view <name> time`).
fn dates_of_burnt(package: &Package) -> impl Iterator<Item = (String, Value)> {
    package.burnt.iter().map(|(version, accepted)| (version.to_string(), json!(accepted.to_string())))
}

/// What is left of a package all of whose versions were taken back.
fn unpublished(package: &Package) -> Option<Value> {
    let removed = package.removed.filter(|_| package.versions.is_empty() && !package.restricted)?;
    let mut time: Map<String, Value> = dates_of_burnt(package).collect();
    time.insert("created".into(), json!(package.created.to_string()));
    time.insert("modified".into(), json!(package.modified.to_string()));
    let versions: Vec<String> = package.burnt.keys().map(ToString::to_string).collect();
    time.insert("unpublished".into(), json!({ "time": removed.to_string(), "versions": versions }));
    Some(json!({ "_id": package.name, "_rev": package.revision(), "name": package.name, "time": time }))
}

/// One version's document: the manifest as uploaded, and what the registry adds.
fn version_document(package: &Package, stored: &StoredVersion, base: &str) -> Map<String, Value> {
    let mut document = stored.manifest.clone();
    document.remove("readme");
    document.remove("readmeFilename");
    let tarball = format!("{base}{}/-/{}", package.name, stored.tarball_file(&package.name));
    let mut dist = match document.remove("dist") {
        Some(Value::Object(dist)) => dist,
        _ => Map::new(),
    };
    dist.insert("integrity".into(), json!(stored.integrity));
    dist.insert("shasum".into(), json!(stored.shasum));
    dist.insert("tarball".into(), json!(tarball));
    document.insert("_id".into(), json!(format!("{}@{}", package.name, stored.version)));
    if stored.evidence.provenance {
        let url = format!("{base}-/npm/v1/attestations/{}@{}", package.name, stored.version);
        let provenance = json!({ "predicateType": "https://slsa.dev/provenance/v1" });
        dist.insert("attestations".into(), json!({ "url": url, "provenance": provenance }));
    }
    document.insert("dist".into(), Value::Object(dist));
    document.insert("_npmUser".into(), publisher(stored));
    document.insert("maintainers".into(), maintainers(package));
    document.insert("_hasShrinkwrap".into(), json!(false));
    document.remove("deprecated");
    if let Some(text) = &stored.deprecated {
        document.insert("deprecated".into(), json!(text));
    }
    document
}

fn install_form(full: &Map<String, Value>) -> Map<String, Value> {
    let kept = |field: &&str| full.get(*field).map(|value| ((*field).to_owned(), value.clone()));
    let mut document: Map<String, Value> = INSTALL_FIELDS.iter().filter_map(kept).collect();
    let script = |name: &&str| {
        let command = full.get("scripts").and_then(|scripts| scripts.get(*name)).and_then(Value::as_str);
        command.is_some_and(|command| !command.is_empty())
    };
    if ["preinstall", "install", "postinstall"].iter().any(script) {
        document.insert("hasInstallScript".into(), json!(true));
    }
    document
}

fn maintainers(package: &Package) -> Value {
    package.maintainers.iter().map(|name| person(name)).collect()
}

/// Who published a version, and by which right.
fn publisher(stored: &StoredVersion) -> Value {
    let mut user = person(&stored.publisher);
    if let Some(fields) = user.as_object_mut() {
        if let Some(approver) = &stored.evidence.approver {
            fields.insert("approver".into(), person(approver));
        }
        if let Some(id) = &stored.evidence.trusted_publisher {
            fields.insert("trustedPublisher".into(), json!({ "id": id, "oidcConfigId": "oidc:sandbox" }));
        }
    }
    user
}

pub(super) fn person(name: &str) -> Value {
    json!({ "name": name, "email": format!("{name}@relay.invalid") })
}

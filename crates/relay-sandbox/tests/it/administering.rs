//! Tokens, profile, publishing access, owners, unpublishing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use relay_sandbox::{SandboxAccess, TokenKind};
use serde_json::json;

use crate::npm::Npm;
use crate::world::{MAINTAINER, NEWCOMER, PASSWORD, manifest, sandbox, seeded};

#[tokio::test]
async fn tokens_are_created_listed_used_and_revoked() {
    let sandbox = sandbox().await;
    let npm = Npm::new(sandbox.url());
    npm.use_token(&sandbox.create_token(MAINTAINER, TokenKind::Session));
    let wanted = [
        "token",
        "create",
        "--name=ci",
        "--password",
        PASSWORD,
        "--packages-all",
        "--packages-and-scopes-permission=read-write",
        "--bypass-2fa",
        "--expires=30",
    ];
    npm.npm(&wanted).await.failed_with(&["code EOTP"]);
    let otp = sandbox.current_otp(MAINTAINER).expect("an app");
    let created = npm.npm(&[wanted.as_slice(), &["--otp", &otp]].concat()).await;
    created.succeeded();
    // Only the plain form shows the token; in its JSON npm blots it out.
    let value = created.stdout.trim().strip_prefix("Created token ").map(str::to_owned);
    let listed = npm.npm(&["token", "list", "--json"]).await.json();
    let listed = listed.as_array().expect("a list");
    assert_eq!(listed.len(), 2, "the session and the new one");
    let token = listed.iter().find(|token| token["name"] == "ci").expect("the new one");
    assert_eq!(token["bypass_2fa"], true);
    assert_eq!(token["scopes"], json!([{ "type": "package", "name": null }]));
    assert!(token["token"].as_str().expect("text").contains("..."));
    npm.npm(&["token", "list"]).await.succeeded().printed("name ci created");

    let value = value.unwrap_or_else(|| panic!("no token in {}", created.stdout));
    let machine = Npm::new(sandbox.url());
    machine.use_token(&value);
    machine.run(&machine.package(&manifest("one", "1.0.0")), &["publish"]).await.succeeded();
    machine
        .npm(&["token", "list"])
        .await
        .failed_with(&["code E401", "npm tokens that bypass 2FA are being restricted"]);

    // The key is a UUID, which npm blots out as well; the short id is what it takes.
    let id = token["id"].as_str().expect("an id");
    npm.npm(&["token", "revoke", id, "--otp", &otp]).await.succeeded().printed("Removed 1 token");
    machine.npm(&["whoami"]).await.failed_with(&["code E401"]);
}

#[tokio::test]
async fn tokens_that_npm_would_not_create() {
    let sandbox = sandbox().await;
    let npm = Npm::new(sandbox.url());
    npm.use_token(&sandbox.create_token(NEWCOMER, TokenKind::Session));
    let create = async |more: &[&str], says: &str| {
        let arguments = [&["token", "create", "--password", PASSWORD], more].concat();
        npm.npm(&arguments).await.failed_with(&["code E400", says]);
    };
    let write = "--packages-and-scopes-permission=read-write";
    create(&["--name= ", "--packages-all"], "Token name is required").await;
    create(&["--name=ci"], "You must have at least one package / scope or organization added to this token.").await;
    create(&["--name=ci", "--orgs=acme", write], "You must select at least one package or scope").await;
    create(&["--name=ci", "--packages=one", write, "--expires=91"], "cannot have expiration longer than 90 days").await;
}

#[tokio::test]
async fn many_tokens_come_in_pages() {
    let sandbox = sandbox().await;
    let npm = Npm::new(sandbox.url());
    for _ in 0..24 {
        sandbox.create_token(MAINTAINER, TokenKind::granular());
    }
    npm.use_token(&sandbox.create_token(MAINTAINER, TokenKind::Session));
    assert_eq!(npm.npm(&["token", "list", "--json"]).await.json().as_array().expect("a list").len(), 25);
    let pages = sandbox.requests().iter().filter(|request| request.path.contains("/-/npm/v1/tokens")).count();
    assert_eq!(pages, 3);
}

#[tokio::test]
async fn publishing_access_is_set_by_npm_and_challenged() {
    let sandbox = sandbox().await;
    sandbox.seed_package(seeded("@relay-test/one", "1.0.0", MAINTAINER));
    let npm = Npm::new(sandbox.url());
    npm.use_token(&sandbox.create_token(MAINTAINER, TokenKind::Session));
    let set = |level: &str| format!("mfa={level}");
    npm.npm(&["access", "set", &set("publish"), "@relay-test/one"]).await.failed_with(&["code EOTP"]);
    assert_eq!(sandbox.publishing_access("@relay-test/one"), SandboxAccess::Automation);
    let levels =
        [("publish", SandboxAccess::Publish), ("none", SandboxAccess::None), ("automation", SandboxAccess::Automation)];
    for (level, expected) in levels {
        let otp = sandbox.current_otp(MAINTAINER).expect("an app");
        npm.npm(&["access", "set", &set(level), "@relay-test/one", "--otp", &otp]).await.succeeded();
        assert_eq!(sandbox.publishing_access("@relay-test/one"), expected);
    }
    npm.use_token(&sandbox.create_token(MAINTAINER, TokenKind::bypass()));
    npm.npm(&["access", "set", &set("none"), "@relay-test/one"]).await.failed_with(&["code E401"]);
}

#[tokio::test]
async fn access_and_owners_are_shown_and_changed() {
    let sandbox = sandbox().await;
    sandbox.seed_package(seeded("@relay-test/one", "1.0.0", MAINTAINER));
    let npm = Npm::new(sandbox.url());
    npm.use_token(&sandbox.create_token(MAINTAINER, TokenKind::Session));
    let otp = sandbox.current_otp(MAINTAINER).expect("an app");
    npm.npm(&["access", "get", "status", "@relay-test/one"]).await.succeeded().printed("@relay-test/one: public");
    npm.npm(&["access", "list", "collaborators", "@relay-test/one"])
        .await
        .succeeded()
        .printed("maintainer: read-write");
    npm.npm(&["access", "list", "packages", MAINTAINER]).await.succeeded().printed("@relay-test/one: read-write");
    npm.npm(&["owner", "ls", "@relay-test/one"]).await.succeeded().printed("maintainer <maintainer@relay.invalid>");
    npm.npm(&["owner", "add", NEWCOMER, "@relay-test/one", "--otp", &otp]).await.succeeded();
    npm.npm(&["access", "list", "collaborators", "@relay-test/one"]).await.succeeded().printed("newcomer: read-write");

    npm.npm(&["access", "set", "status=private", "@relay-test/one", "--otp", &otp])
        .await
        .succeeded()
        .printed("private");
    let stranger = Npm::new(sandbox.url());
    stranger.npm(&["view", "@relay-test/one"]).await.failed_with(&["code E404"]);
    npm.npm(&["view", "@relay-test/one", "version"]).await.succeeded().printed("1.0.0");
}

#[tokio::test]
async fn the_profile_tells_about_the_second_factor() {
    let sandbox = sandbox().await;
    let npm = Npm::new(sandbox.url());
    npm.use_token(&sandbox.create_token(MAINTAINER, TokenKind::Session));
    npm.npm(&["profile", "get"]).await.succeeded().printed("two-factor auth: auth-and-writes");
    let profile = npm.npm(&["profile", "get", "--json"]).await.json();
    assert_eq!(
        (profile["name"].as_str(), profile["tfa"]["mode"].as_str()),
        (Some(MAINTAINER), Some("auth-and-writes"))
    );
    npm.use_token(&sandbox.create_token(NEWCOMER, TokenKind::Session));
    npm.npm(&["profile", "get"]).await.succeeded().printed("two-factor auth: disabled");
    npm.use_token(&sandbox.create_token(MAINTAINER, TokenKind::granular()));
    npm.npm(&["profile", "get"]).await.failed_with(&["code E403"]);
}

#[tokio::test]
async fn a_version_is_taken_back_and_its_number_is_burnt() {
    let sandbox = sandbox().await;
    let npm = Npm::new(sandbox.url());
    npm.use_token(&sandbox.create_token(MAINTAINER, TokenKind::bypass()));
    sandbox.seed_package(seeded("one", "1.0.0", MAINTAINER));
    let folder = npm.package(&manifest("one", "1.1.0"));
    npm.run(&folder, &["publish"]).await.succeeded();
    npm.npm(&["unpublish", "one@1.1.0"]).await.succeeded().printed("- one@1.1.0");
    assert_eq!(sandbox.dist_tags("one").get("latest").map(String::as_str), Some("1.0.0"));
    npm.run(&folder, &["publish", "--prefer-online"])
        .await
        .failed_with(&["code E403", "Cannot publish over previously published version \"1.1.0\"."]);
    let time = npm.npm(&["view", "one", "time", "--json", "--prefer-online"]).await.json();
    assert!(time["1.1.0"].is_string() && time["1.0.0"].is_string(), "the date of what was taken back stays: {time}");

    npm.npm(&["unpublish", "one", "--force"]).await.succeeded();
    npm.npm(&["view", "one", "--prefer-online"]).await.failed_with(&["code E404", "Unpublished on"]);
    npm.run(&npm.package(&manifest("one", "2.0.0")), &["publish"])
        .await
        .failed_with(&["code E403", "one cannot be republished until 24 hours have passed."]);
}

#[tokio::test]
async fn a_version_that_others_need_stays() {
    let sandbox = sandbox().await;
    sandbox.seed_package(seeded("low", "1.0.0", MAINTAINER));
    let mut top = seeded("top", "1.0.0", MAINTAINER);
    top.manifest["dependencies"] = json!({ "low": "^1.0.0" });
    sandbox.seed_package(top);
    let npm = Npm::new(sandbox.url());
    npm.use_token(&sandbox.create_token(MAINTAINER, TokenKind::bypass()));
    npm.npm(&["unpublish", "low", "--force"]).await.failed_with(&[
        "code E405",
        "You can no longer unpublish this package.",
        "has dependent packages in the registry",
    ]);
}

#[tokio::test]
async fn a_token_for_other_networks_is_refused() {
    let sandbox = sandbox().await;
    let npm = Npm::new(sandbox.url());
    npm.use_token(&sandbox.create_token(NEWCOMER, TokenKind::Session));
    let wanted = ["token", "create", "--name=ci", "--password", PASSWORD, "--packages-all", "--cidr=10.0.0.0/8"];
    let created = npm.npm(&wanted).await;
    let token = created.succeeded().stdout.lines().next().and_then(|line| line.strip_prefix("Created token "));
    npm.use_token(token.expect("a token"));
    npm.npm(&["whoami"]).await.failed_with(&["code EAUTHIP", "Login is not allowed from your IP address"]);
}

#[tokio::test]
async fn name_and_password_stand_for_a_person() {
    let sandbox = sandbox().await;
    sandbox.seed_package(seeded("one", "1.0.0", MAINTAINER));
    let npm = Npm::new(sandbox.url());
    let basic = STANDARD.encode(format!("{MAINTAINER}:{PASSWORD}"));
    npm.write("../.npmrc", &format!("{}:_auth={basic}\n", sandbox.url().trim_start_matches("http:")));
    npm.npm(&["whoami"]).await.succeeded().printed(MAINTAINER);
    npm.npm(&["dist-tag", "add", "one@1.0.0", "stable"]).await.failed_with(&["code EOTP"]);
    let otp = sandbox.current_otp(MAINTAINER).expect("an app");
    npm.npm(&["dist-tag", "add", "one@1.0.0", "stable", "--otp", &otp]).await.succeeded();
    let shown = format!("{:?}", sandbox.requests());
    assert!(shown.contains("Basic <password of maintainer>") && !shown.contains(&basic));
}

//! What can't be used is told with its place and the way out, and without its value.

use super::*;

#[track_caller]
fn problem(world: World, expected: &str) {
    let config = world.resolve();
    let at = registry("https://h.example/p/");
    assert!(config.credential_for(&at).is_none());
    let problems = config.problems_for(&at);
    assert!(problems.iter().any(|problem| problem == expected), "{problems:#?}");
    assert!(!format!("{problems:?}").contains(CANARY));
}

#[test]
fn what_can_be_no_token_counts_as_none_and_is_told() {
    let key = "`//h.example/:_authToken` in `.npmrc`";
    let npmrc = || World::default().project("//h.example/:_authToken=${NPM_TOKEN}");
    problem(npmrc(), &format!("`${{NPM_TOKEN}}` in {key} is not set"));
    problem(npmrc().variable("NPM_TOKEN", ""), &format!("`NPM_TOKEN`, used by {key}, is empty"));
    let placeholder = npmrc().variable("NPM_TOKEN", "XXXXX-XXXXX-XXXXX-XXXXX");
    problem(placeholder, &format!("`NPM_TOKEN`, used by {key}, holds a placeholder and no token"));
    let optional = World::default().project("//h.example/:_authToken=${NPM_TOKEN?}");
    problem(optional, &format!("`${{NPM_TOKEN?}}` in {key} is not set, so that no credential is sent"));
    for (form, words) in [("", ""), ("?", ", so that no credential is sent")] {
        let hidden = World::default().project(&format!("//h.example/:_authToken=${{N\u{202e}M{form}}}"));
        problem(hidden, &format!("`${{N\u{fffd}M{form}}}` in {key} is not set{words}"));
    }
    let hidden = || World::default().project("//h.example/:_authToken=${N\u{202e}M}");
    problem(hidden().variable("N\u{202e}M", ""), &format!("`N\u{fffd}M`, used by {key}, is empty"));
    let escaped = World::default().project("//h.example/:_authToken=\\${NPM_TOKEN}");
    problem(escaped, &format!("{key} still holds a `${{…}}` and is not sent"));
}

#[test]
fn half_a_pair_and_a_wrong_encoding_are_told() {
    let npmrc = |text: &str| World::default().project(text);
    problem(npmrc("//h.example/p/:username=me"), "`//h.example/p/:username` in `.npmrc` has no `_password` beside it");
    problem(npmrc("//h.example/:_password=cHc="), "`//h.example/:_password` in `.npmrc` has no `username` beside it");
    problem(
        npmrc("//h.example/:username=me\n//h.example/:_password=***"),
        "`//h.example/:_password` in `.npmrc` is not base64; npm wants the password encoded so",
    );
    problem(
        npmrc("//h.example/:certfile=a.pem\n//h.example/:keyfile=b.pem"),
        "`//h.example/:certfile` in `.npmrc` is a kind of credential that relay does not use",
    );
}

#[test]
fn a_token_that_nothing_uses_and_one_beside_the_registry_are_told() {
    problem(
        World::default().variable("NPM_TOKEN", CANARY),
        "`NPM_TOKEN` is set, and nothing in `.npmrc` uses it: write `//h.example/p/:_authToken=${NPM_TOKEN}`",
    );
    problem(
        World::default().project(&format!("//h.example/q/:_authToken={CANARY}")),
        "`//h.example/q/:_authToken` in `.npmrc` does not cover `https://h.example/p/`",
    );
}

#[track_caller]
fn refused(text: &str, fix: &str) {
    let error = World::default().user(text).error();
    assert!(error.contains("in `home/.npmrc` is bound to no registry, which npm refuses"), "{error}");
    assert!(error.ends_with(fix), "{error}");
    assert!(!error.contains(CANARY));
}

#[test]
fn credentials_that_name_no_registry_are_refused_with_the_fix() {
    refused(
        &format!("registry=https://h.example/p\n_authToken={CANARY}"),
        "write `//h.example/p/:_authToken=…` instead",
    );
    refused("registry=https://h.example\n_auth=dTpw", "write `//h.example/:_auth=…` instead");
    refused("username=me", "delete the line");
    refused("_authtoken=x", "delete the line");
    let fine = World::default().user("_authToken=\nemail=me@h.example").resolve();
    assert!(fine.warnings().is_empty());
}

#[test]
fn lines_that_npm_does_not_read_are_told() {
    let config = World::default().project("[bad\na=b").resolve();
    assert_eq!(config.warnings(), ["`.npmrc`, line 1: npm does not read this line"]);
    assert_eq!(config.get("a"), Some("b"));
}

//! What each manager's file says, as npm's settings: the forms that the managers showed to follow.

use std::collections::BTreeMap;

use relay_workspace::PackageManager::{self, Bun, Npm, Pnpm, Yarn};
use secrecy::ExposeSecret;

use super::{ManagerFile, ManagerSettings, ManagerSettingsError};
use crate::npmrc::NpmrcFile;

fn environment() -> BTreeMap<String, String> {
    [("MYT", "secret"), ("EMPTY", ""), ("HOST", "h.example")].map(|(name, value)| (name.into(), value.into())).into()
}

fn read_as(
    manager: PackageManager,
    text: &str,
    of_checkout: bool,
    withheld: bool,
) -> Result<ManagerSettings, ManagerSettingsError> {
    let file = NpmrcFile { path: "FILE".into(), text: text.to_owned() };
    ManagerFile { manager, file, of_checkout }.read(&environment(), withheld)
}

fn shown(found: &ManagerSettings) -> Vec<String> {
    found.settings.iter().map(|one| format!("{}={}", one.key, one.value.expose_secret())).collect()
}

#[track_caller]
fn check(manager: PackageManager, text: &str, expected: &[&str]) {
    assert_eq!(shown(&read_as(manager, text, true, false).unwrap()), expected, "{text}");
}

#[track_caller]
fn refused(manager: PackageManager, text: &str, expected: &str) {
    let error = read_as(manager, text, true, false).unwrap_err().to_string();
    assert_eq!(error, expected, "{text}");
}

#[test]
fn pnpm_has_registries_by_scope_or_by_address() {
    let expected = ["@corp:registry=https://b.example/", "registry=https://c.example/"];
    check(Pnpm, "registries:\n  '@corp': https://b.example/\n  default: https://c.example/\n", &expected);
    let by_address =
        "registries:\n  https://b.example/: { scopes: ['@corp'] }\n  https://c.example/: { scopes: ['@'] }\n";
    check(Pnpm, by_address, &expected);
    check(Pnpm, "registry: https://c.example/\n", &expected[1..]);
    check(Pnpm, "registries: { corp: https://b.example/ }\nnamedRegistries: { work: https://b.example/ }\n", &[]);
    check(Pnpm, "registries: { 'https://b.example/': { serverType: artifactory } }\n", &[]);
    check(Pnpm, "packages: ['a']\n", &[]);
    check(Pnpm, "", &[]);
}

#[test]
fn what_pnpm_refuses_is_refused() {
    let wrong = |name: &str, expected: &str| format!("`{name}` in `FILE` must be {expected}; pnpm refuses it as well");
    let map = "a map such as `{ scopes: [\"@scope\"] }`";
    refused(Pnpm, "registries: { 'https://b.example/': ['@corp'] }", &wrong("registries.https://b.example/", map));
    refused(Pnpm, "registries: { 'https://b.example/': '@corp' }", &wrong("registries.https://b.example/", map));
    let list = wrong("registries.https://b.example/.scopes", "a list of scopes");
    refused(Pnpm, "registries: { 'https://b.example/': { scopes: '@corp' } }", &list);
    refused(Pnpm, "registries: [1]", &wrong("registries", "a map of scopes or addresses"));
    let variable = "registries: { '@corp': 'https://${HOST}/' }";
    refused(Pnpm, variable, &wrong("registries.@corp", "an address without variables"));
    let at_home = read_as(Pnpm, variable, false, false).unwrap();
    assert_eq!(shown(&at_home), ["@corp:registry=https://${HOST}/"], "the person's own file may have them");
    refused(Pnpm, "a: [\n", "`FILE` can't be read: line 1 is no YAML; correct it, as pnpm refuses it too");
}

#[test]
fn bun_has_addresses_and_tables() {
    check(
        Bun,
        "[install]\nregistry = \"https://c.example\"\n[install.scopes]\ncorp = \"https://b.example/\"\n\"@other\" = \"https://d.example/\"\n",
        &["registry=https://c.example", "@other:registry=https://d.example/", "@corp:registry=https://b.example/"],
    );
    check(
        Bun,
        "[install.scopes]\ncorp = { url = \"https://b.example/p/\", token = \"$MYT\" }\n",
        &["@corp:registry=https://b.example/p/", "//b.example/p/:_authToken=${MYT}"],
    );
    // bun expands no `${…}`: it is text, and must not become npm's variable.
    check(
        Bun,
        "[install.scopes]\ncorp = { url = \"https://b.example/\", token = \"${MYT}\" }\n",
        &["@corp:registry=https://b.example/", "//b.example/:_authToken=\\${MYT}"],
    );
    let pair = ["@corp:registry=https://b.example/", "//b.example/:_auth=dTpw"];
    check(
        Bun,
        "[install.scopes]\ncorp = { url = \"https://b.example/\", username = \"u\", password = \"p\" }\n",
        &pair,
    );
    check(Bun, "[install.scopes]\ncorp = \"https://u:p@b.example/\"\n", &pair);
    check(
        Bun,
        "[install.scopes]\ncorp = { url = \"https://b.example/\", username = \"u\", password = \"$MYT\" }\n",
        &["@corp:registry=https://b.example/", "//b.example/:_auth=dTpzZWNyZXQ="],
    );
    check(Bun, "[install]\nregistry = \"$URL\"\n", &["registry=${URL}"]);
    check(Bun, "[test]\nroot = \".\"\n", &[]);
}

#[test]
fn what_bun_can_not_read_is_refused_without_its_text() {
    let kind = "`install.scopes.corp` in `FILE` must be an address, or a table with `url`; bun refuses it as well";
    refused(Bun, "[install.scopes]\ncorp = 1\n", kind);
    refused(Bun, "[install.scopes]\ncorp = { token = \"tok-1\" }\n", kind);
    refused(
        Bun,
        "[install]\nx = \"tok-1\n",
        "`FILE` can't be read: line 2 is no TOML; correct it, as bun refuses it too",
    );
}

#[test]
fn yarn_publishes_where_its_publish_registries_say() {
    check(Yarn, "npmRegistryServer: https://a.example\n", &["registry=https://a.example"]);
    check(
        Yarn,
        "npmRegistryServer: https://a.example\nnpmPublishRegistry: https://b.example\n",
        &["registry=https://b.example"],
    );
    check(
        Yarn,
        "npmScopes: { corp: { npmPublishRegistry: https://b.example } }\n",
        &["@corp:registry=https://b.example"],
    );
    let text = "npmScopes: { corp: { npmRegistryServer: https://b.example } }\n";
    let found = read_as(Yarn, text, true, false).unwrap();
    assert!(found.settings.is_empty());
    let from = found.installed_from.get("@corp:registry").unwrap();
    assert_eq!(from.place, "`npmScopes.corp.npmRegistryServer` in `FILE`");
    check(Yarn, "nodeLinker: node-modules\n", &[]);
}

#[test]
fn yarns_credentials_are_bound_to_their_registry() {
    check(
        Yarn,
        "npmAuthToken: top\nnpmPublishRegistry: https://a.example\nnpmRegistries:\n  //c.example/: { npmAuthToken: tc }\n  \
         http://d.example:8080: { npmAuthIdent: 'u:p' }\nnpmScopes:\n  corp: { npmPublishRegistry: https://b.example, \
         npmAuthToken: '${MYT}' }\n",
        &[
            "registry=https://a.example",
            "//c.example/:_authToken=tc",
            "//d.example:8080/:_auth=dTpw",
            "//a.example/:_authToken=top",
            "@corp:registry=https://b.example",
            "//b.example/:_authToken=${MYT}",
        ],
    );
    // A token at the top without a registry there is bound to none here.
    let found = read_as(Yarn, "npmAuthToken: top\n", false, false).unwrap();
    assert!(found.settings.is_empty());
    assert_eq!(found.loose[0].place, "`npmAuthToken` in `FILE`");
    check(
        Yarn,
        "npmRegistryServer: https://a.example\nnpmAuthIdent: dTpw\n",
        &["registry=https://a.example", "//a.example/:_auth=dTpw"],
    );
}

#[test]
fn yarns_variables_may_have_defaults() {
    for (text, expected) in [
        ("${MYT}", "${MYT}"),
        ("${MYT-x}", "${MYT}"),
        ("${NO-x}", "x"),
        ("${NO:-https://x.example}", "https://x.example"),
        ("${EMPTY:-x}", "x"),
        ("${EMPTY-x}", "${EMPTY}"),
        ("https://${HOST:-x}/${NO-y}/z", "https://${HOST}/y/z"),
        ("${NO", "${NO"),
    ] {
        check(Yarn, &format!("npmRegistryServer: '{text}'\n"), &[&format!("registry={expected}")]);
    }
}

#[test]
fn no_secret_is_expanded_where_credentials_are_withheld() {
    let text = "[install.scopes]\ncorp = { url = \"https://b.example/\", username = \"u\", password = \"$MYT\" }\n";
    let found = read_as(Bun, text, true, true).unwrap();
    assert_eq!(shown(&found), ["@corp:registry=https://b.example/", "//b.example/:_auth=u:${MYT}"]);
    assert!(!format!("{found:?}").contains("u:"), "values are shown to nobody");
}

#[test]
fn npm_has_no_file_of_its_own_here() {
    check(Npm, "registry=https://a.example", &[]);
}

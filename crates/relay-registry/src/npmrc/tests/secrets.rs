//! Secrets stay where they belong, and credentials that are withheld go nowhere.

use super::*;

#[test]
fn a_credential_in_the_checkouts_file_is_told_by_its_place_and_the_persons_is_not() {
    let text = format!("//registry.example/:_authToken={CANARY}\n//other.example/:_authToken=${{TOKEN}}\n");
    let told = World::default().project(&text).user(&text).resolve();
    assert_eq!(told.given_away(), ["`//registry.example/:_authToken` in `.npmrc`"]);
    assert!(World::default().user(&text).global(&text).resolve().given_away().is_empty());
    assert_eq!(World::default().project(&text).withhold().resolve().given_away().len(), 1);
    let variable = World::default().variable("npm_config_//registry.example/:_authToken", CANARY).resolve();
    assert!(variable.given_away().is_empty());
}

#[test]
fn secrets_are_given_out_by_no_getter_and_shown_by_no_debug() {
    let sources = World::default()
        .user(&format!(
            "//h.example/:_authToken={CANARY}\notp={CANARY}\nhttps-proxy=http://u:{CANARY}@p.example\nkey={CANARY}"
        ))
        .project(&format!("//i.example/:_auth={CANARY}"))
        .variable("NPM_TOKEN", CANARY)
        .0;
    let config = NpmConfig::resolve(&sources).unwrap();
    let credential = config.credential_for(&registry("https://h.example"));
    let shown = format!("{sources:?} {config:?} {config:#?} {credential:?} {:?} {:?}", config.otp(), config.network());
    assert!(!shown.contains(CANARY), "{shown}");
    for key in ["//h.example/:_authToken", "otp", "https-proxy", "key", "//i.example/:_auth"] {
        assert_eq!(config.get(key), None, "{key}");
    }
}

#[test]
fn a_secret_is_no_part_of_an_address_by_its_name_or_by_its_value() {
    let world = || {
        World::default()
            .secret("DEPLOY_KEY", CANARY)
            .variable("INNOCENT", &format!("x{CANARY}"))
            .variable("ALSO_WRITTEN", "npm_writtenWRITTEN01")
            .variable("CI_PROJECT_ID", "42")
            .user("//h.example/:_authToken=npm_writtenWRITTEN01")
    };
    let name = PackageName::parse("@s/x").unwrap();
    for (settings, variable) in [
        ("registry=http://h.example/${DEPLOY_KEY}/", "DEPLOY_KEY"),
        ("@s:registry=http://${DEPLOY_KEY}.h.example/", "DEPLOY_KEY"),
        ("registry=http://h.example/${INNOCENT}", "INNOCENT"),
        ("registry=http://h.example/${ALSO_WRITTEN?}/", "ALSO_WRITTEN"),
    ] {
        for withheld in [false, true] {
            let world = if withheld { world().withhold() } else { world() };
            let error = world.project(settings).resolve().registry_for(&name, None).unwrap_err();
            assert!(
                matches!(&error, NpmConfigError::SecretInAddress { variable: named, .. } if named == variable),
                "{error}"
            );
            assert!(!error.to_string().contains("canary") && !error.to_string().contains("written"), "{error}");
        }
    }
    let config = world().project("registry=http://h.example/${CI_PROJECT_ID}/npm/").resolve();
    assert_eq!(config.registry_for(&name, None).unwrap().url.as_str(), "http://h.example/42/npm/");
    assert_eq!(
        config.address_made_of_variables(&name).as_deref(),
        Some("`registry` in `.npmrc` is made of `CI_PROJECT_ID` and gives `http://h.example/42/npm/`")
    );
    assert_eq!(
        world().user("registry=http://h.example/${CI_PROJECT_ID}").resolve().address_made_of_variables(&name),
        None
    );
}

#[test]
fn a_proxy_s_password_may_be_a_secret_and_its_address_not() {
    let proxy = |text: &str, withheld: bool| {
        let world = World::default().secret("PASS", CANARY).user(&format!("https-proxy={text}"));
        let config = if withheld { world.withhold() } else { world }.resolve();
        (config.network().proxy.map(|proxy| proxy.expose_secret().to_owned()), config.warnings().join("\n"))
    };
    assert_eq!(proxy("http://me:${PASS}@p.example:1", false).0.unwrap(), format!("http://me:{CANARY}@p.example:1"));
    for (text, withheld) in [("http://${PASS}.p.example:1", false), ("http://me:${PASS}@p.example:1", true)] {
        let (proxy, warnings) = proxy(text, withheld);
        assert!(proxy.is_none() && warnings.contains("`PASS` holds a credential"), "{text}: {warnings}");
    }
    assert_eq!(proxy("http://p.example:1", true).0.as_deref(), Some("http://p.example:1"));
}

#[test]
fn a_credential_that_is_withheld_is_known_of_and_sent_nowhere() {
    for settings in [
        "//h.example/:_authToken=${TOKEN}",
        "//h.example/:_authToken=npm_literal0123456789",
        "//h.example/:_auth=dXNlcjpwYXNz",
        "//h.example/:username=me\n//h.example/:_password=cGFzcw==",
    ] {
        let world = || World::default().secret("TOKEN", CANARY).user(settings);
        assert_ne!(sent(&world().resolve(), "http://h.example", "http://h.example/x"), "not there", "{settings}");
        let withheld = world().withhold().resolve();
        assert_eq!(sent(&withheld, "http://h.example", "http://h.example/x"), "not there", "{settings}");
        assert!(withheld.credential_for(&registry("http://h.example")).unwrap().is_withheld());
        assert!(withheld.problems_for(&registry("http://h.example")).is_empty());
        assert_eq!(sent(&withheld, "http://other.example", "http://other.example/x"), "-");
    }
    assert!(World::default().user("otp=123456").withhold().resolve().otp().is_none());
}

//! Settings of several layers, as people have them.

mod complaints;
mod secrets;

use super::*;
use crate::credential::AuthScheme;

const CANARY: &str = "npm_canaryCANARY0123456789";

#[derive(Default)]
struct World(ConfigSources);

impl World {
    fn project(mut self, text: &str) -> Self {
        self.0.project = Some(NpmrcFile { path: ".npmrc".into(), text: text.into() });
        self
    }
    fn user(mut self, text: &str) -> Self {
        self.0.user = Some(NpmrcFile { path: "home/.npmrc".into(), text: text.into() });
        self
    }
    fn global(mut self, text: &str) -> Self {
        self.0.global = Some(NpmrcFile { path: "etc/npmrc".into(), text: text.into() });
        self
    }
    fn variable(mut self, name: &str, value: &str) -> Self {
        self.0.environment.insert(name.into(), value.into());
        self
    }
    fn secret(mut self, name: &str, value: &str) -> Self {
        self.0.secret_variables.insert(name.into());
        self.variable(name, value)
    }
    fn withhold(mut self) -> Self {
        self.0.withhold = true;
        self
    }
    fn flag(mut self, registry: &str) -> Self {
        self.0.registry_flag = Some(registry.into());
        self
    }
    fn resolve(self) -> NpmConfig {
        NpmConfig::resolve(&self.0).unwrap()
    }
    fn error(self) -> String {
        NpmConfig::resolve(&self.0).unwrap_err().to_string()
    }
}

fn registry(text: &str) -> RegistryUrl {
    RegistryUrl::parse(text).unwrap()
}

fn chosen(config: &NpmConfig, name: &str, publish_config: &str) -> (String, Option<String>) {
    let publish_config: Value = serde_json::from_str(publish_config).unwrap();
    let choice = config.registry_for(&PackageName::parse(name).unwrap(), Some(&publish_config)).unwrap();
    (choice.url.to_string(), choice.warning)
}

/// The header a credential would send to an address, or a dash.
fn sent(config: &NpmConfig, to: &str, url: &str) -> String {
    let Some(credential) = config.credential_for(&registry(to)) else { return "-".into() };
    let url = ::url::Url::parse(url).unwrap();
    let header = credential.authorization_for(&url).unwrap();
    header.map_or_else(|| "not there".into(), |value| value.to_str().unwrap().to_owned())
}

#[test]
fn stronger_layers_win() {
    let world = || World::default().global("registry=http://g.example\ntag=g").user("registry=http://u.example");
    assert_eq!(chosen(&world().resolve(), "a", "{}").0, "http://u.example/");
    assert_eq!(world().resolve().get("tag"), Some("g"));
    let world = || world().project("registry=http://p.example");
    assert_eq!(chosen(&world().resolve(), "a", "{}").0, "http://p.example/");
    let world = || world().variable("NPM_CONFIG_REGISTRY", "http://e.example");
    assert_eq!(chosen(&world().resolve(), "a", "{}").0, "http://e.example/");
    assert_eq!(chosen(&world().resolve(), "a", r#"{"registry":"http://m.example"}"#).0, "http://m.example/");
    let flagged = world().flag("http://f.example").resolve();
    assert_eq!(chosen(&flagged, "a", r#"{"registry":"http://m.example"}"#), ("http://f.example/".into(), None));
}

#[test]
fn nothing_configured_means_the_default() {
    let config = World::default().project("registry=").resolve();
    assert_eq!(chosen(&config, "a", "{}").0, default_registry().as_str());
    assert!(config.credential_for(&default_registry()).is_none());
}

#[test]
fn a_scope_has_its_own_registry_which_beats_the_manifest_with_a_warning() {
    let config = World::default().project("@acme:registry=http://s.example\nregistry=http://r.example").resolve();
    assert_eq!(chosen(&config, "@acme/x", "{}"), ("http://s.example/".into(), None));
    assert_eq!(chosen(&config, "@other/x", "{}").0, "http://r.example/");
    let (url, warning) = chosen(&config, "@acme/x", r#"{"registry":"http://m.example"}"#);
    assert_eq!(url, "http://s.example/");
    assert!(warning.unwrap().contains("has no effect for `@acme/x`"));
    assert_eq!(chosen(&config, "@acme/x", r#"{"registry":"http://s.example"}"#).1, None);
    let overridden = chosen(&config, "@acme/x", r#"{"@acme:registry":"http://m.example"}"#);
    assert_eq!(overridden, ("http://m.example/".into(), None));
}

#[test]
fn the_flag_beats_a_scope_and_says_that_npm_does_not() {
    let config = World::default().project("@acme:registry=http://s.example").flag("http://f.example").resolve();
    let (url, warning) = chosen(&config, "@acme/x", "{}");
    assert_eq!(url, "http://f.example/");
    assert!(warning.unwrap().contains("npm would use `http://s.example/`"));
    let config = World::default().project("@acme:registry=nonsense").flag("http://f.example").resolve();
    assert_eq!(chosen(&config, "@acme/x", r#"{"registry":"nonsense"}"#), ("http://f.example/".into(), None));
}

#[test]
fn the_scope_setting_lends_its_registry_to_unscoped_packages() {
    let config = World::default().project("scope=acme\n@acme:registry=http://s.example").resolve();
    assert_eq!(chosen(&config, "x", "{}").0, "http://s.example/");
}

#[test]
fn a_useless_registry_is_named_with_its_place() {
    let config = World::default().project("registry=nonsense\n@v:registry=http://${NO}/").resolve();
    let error = |name: &str| config.registry_for(&PackageName::parse(name).unwrap(), None).unwrap_err().to_string();
    assert!(error("a").starts_with("`registry` in `.npmrc`: `nonsense` is not a registry address"), "{}", error("a"));
    assert_eq!(error("@v/a"), "`@v:registry` in `.npmrc`: the variable `NO` is not set");
    assert!(World::default().flag("x").error().starts_with("`--registry`: "));
    let config = World::default().project("@v:registry=http://${N\u{202e}O\u{1b}[2J}/").resolve();
    let error = config.registry_for(&PackageName::parse("@v/a").unwrap(), None).unwrap_err();
    assert_eq!(error.to_string(), "`@v:registry` in `.npmrc`: the variable `N\u{fffd}O\u{fffd}[2J` is not set");
}

#[test]
fn the_nearest_credential_counts_and_covers_what_its_key_covers() {
    let config = World::default()
        .user("//h.example/:_authToken=host\n//h.example/a/:_authToken=a\n//h.example/a/b/:_authToken=ab")
        .resolve();
    assert_eq!(sent(&config, "https://h.example/a/b/", "https://h.example/a/b/x"), "Bearer ab");
    assert_eq!(sent(&config, "https://h.example/a/c/", "https://h.example/a/c/x"), "Bearer a");
    assert_eq!(sent(&config, "https://h.example/z/", "https://h.example/z/x"), "Bearer host");
    assert_eq!(sent(&config, "https://h.example/z/", "https://h.example/other"), "Bearer host");
    assert_eq!(sent(&config, "https://h.example/a/b/", "https://h.example/z"), "not there");
    assert_eq!(sent(&config, "https://h.example/z/", "http://h.example/z/x"), "not there");
    assert_eq!(sent(&config, "https://h.example:8443/", "https://h.example:8443/x"), "-");
    assert_eq!(sent(&config, "https://other.example/", "https://other.example/x"), "-");
}

#[test]
fn a_key_without_its_last_slash_is_found_as_requests_find_it() {
    let config = World::default().user("//h.example:_authToken=t\n//h.example/a:_authToken=a").resolve();
    assert_eq!(sent(&config, "https://h.example/", "https://h.example/x"), "Bearer t");
    assert_eq!(sent(&config, "https://h.example/a/", "https://h.example/a/x"), "Bearer a");
    assert_eq!(sent(&config, "https://h.example/ab/", "https://h.example/ab/x"), "Bearer t");
}

#[test]
fn kinds_of_credentials_have_an_order() {
    let all =
        "//h.example/:_authToken=t\n//h.example/:_auth=dTpw\n//h.example/:username=me\n//h.example/:_password=cHc=";
    let without = |lines: usize| {
        let text = all.lines().skip(lines).collect::<Vec<_>>().join("\n");
        sent(&World::default().user(&text).resolve(), "http://h.example/", "http://h.example/x")
    };
    assert_eq!(without(0), "Bearer t");
    assert_eq!(without(1), "Basic dTpw");
    assert_eq!(without(2), "Basic bWU6cHc=");
    assert_eq!(without(3), "-");
    let config = World::default().user(all).resolve();
    assert_eq!(config.credential_for(&registry("http://h.example")).unwrap().scheme(), AuthScheme::Bearer);
}

#[test]
fn a_token_comes_from_a_variable_and_its_name_is_kept() {
    let config =
        World::default().project("//h.example/:_authToken=${NPM_TOKEN}").variable("NPM_TOKEN", CANARY).resolve();
    let credential = config.credential_for(&registry("https://h.example")).unwrap();
    assert_eq!(credential.id().origin.variables(), ["NPM_TOKEN"]);
    assert_eq!(credential.id().to_string(), "`//h.example/:_authToken` in `.npmrc` (`NPM_TOKEN`)");
    assert_eq!(config.problems_for(&registry("https://h.example")), Vec::<String>::new());
}

#[test]
fn a_token_in_the_environment_is_found_by_its_literal_key() {
    let config = World::default().variable("npm_config_//h.example/:_authToken", CANARY).resolve();
    assert_eq!(sent(&config, "https://h.example", "https://h.example/x"), format!("Bearer {CANARY}"));
}

#[test]
fn settings_of_the_environment_are_normalised_and_empty_ones_ignored() {
    let config = World::default()
        .user("fetch-retries=1\notp=000000")
        .variable("NPM_CONFIG_FETCH_RETRIES", "7")
        .variable("npm_config_tag", "")
        .variable("npm_config_otp", "123456")
        .variable("npm_config__authToken", CANARY)
        .resolve();
    assert_eq!(config.get("fetch-retries"), Some("7"));
    assert_eq!(config.get("tag"), None);
    assert!(config.otp().is_some() && !config.auth_type_web());
    assert_eq!(config.warnings().len(), 1);
}

#[test]
fn the_way_to_a_registry_is_read_as_npm_reads_it() {
    let network = World::default()
        .user("proxy=http://p.example:1\nhttps-proxy=http://q.example:2\nnoproxy=a.example,b.example\nca=\"A\\nB\"\nstrict-ssl=false")
        .resolve();
    assert_eq!(
        network.warnings(),
        [
            "`strict-ssl` in `home/.npmrc` has no effect: relay checks every certificate; name the authority of your registry by \
          `cafile`"
        ]
    );
    let network = network.network();
    assert_eq!(network.proxy.unwrap().expose_secret(), "http://q.example:2");
    assert_eq!(network.no_proxy.as_deref(), Some("a.example,b.example"));
    assert_eq!(network.authorities.as_deref(), Some("A\nB"));
    let network = World::default().user("https-proxy=null\nproxy=p.example:1").resolve().network();
    assert_eq!(network.proxy.unwrap().expose_secret(), "p.example:1");
    assert!(World::default().user("proxy=false").resolve().network().proxy.is_none());
}

#[test]
fn whose_word_a_registry_is_decides_where_tokens_of_no_registry_go() {
    let (mine, theirs) = (registry("http://mine.example"), registry("http://theirs.example"));
    let by_checkout = || World::default().project("registry=http://theirs.example\n@s:registry=http://theirs.example");
    let config = by_checkout().resolve();
    assert!(config.is_named_by_person(&default_registry()) && !config.is_named_by_person(&theirs));
    assert_eq!(config.default_of_person(), default_registry());
    for world in [
        by_checkout().user("registry=http://mine.example"),
        by_checkout().global("registry=http://mine.example/"),
        by_checkout().variable("npm_config_registry", "http://mine.example"),
        by_checkout().flag("http://mine.example"),
    ] {
        let config = world.resolve();
        assert!(config.is_named_by_person(&mine) && !config.is_named_by_person(&theirs));
        assert_eq!(config.default_of_person(), mine);
    }
    let config = by_checkout().user("@s:registry=http://mine.example").resolve();
    assert!(config.is_named_by_person(&mine));
    assert_eq!(config.default_of_person(), default_registry(), "a scope's registry is not the person's default");
    // What a runner read in the checkout, or makes up, is nobody's word; the person's own variable goes through npm unchanged.
    let run_by = |agent: &str, value: &str| {
        let world = by_checkout().variable("npm_lifecycle_event", "release").variable("npm_config_user_agent", agent);
        world.variable("npm_config_registry", value).resolve()
    };
    assert!(!run_by("pnpm/10.34.9 npm/?", "http://theirs.example").is_named_by_person(&theirs));
    assert!(!run_by("npm/11.21.2 node/v24.21.0", "http://theirs.example/").is_named_by_person(&theirs));
    assert!(run_by("npm/11.21.2 node/v24.21.0", "http://mine.example/").is_named_by_person(&mine));
    let yarn = run_by("yarn/1.22.22 npm/?", "http://yarns-own.example");
    assert_eq!(yarn.registry(), theirs, "what yarn puts there is not followed");
}

#[test]
fn node_s_own_variables_about_trust_are_read_and_none_leaves_a_certificate_unchecked() {
    let network = |name: &str, value: &str| World::default().variable(name, value).resolve().network();
    assert_eq!(network("NODE_EXTRA_CA_CERTS", "/ca.pem").extra_authorities_file.as_deref(), Some("/ca.pem"));
    assert_eq!(network("NODE_EXTRA_CA_CERTS", "").extra_authorities_file, None);
    let off = network("NODE_TLS_REJECT_UNAUTHORIZED", "0").unchecked_by;
    assert_eq!(off.as_deref(), Some("`NODE_TLS_REJECT_UNAUTHORIZED` in the environment"));
    assert_eq!(network("NODE_TLS_REJECT_UNAUTHORIZED", "1").unchecked_by, None);
    let off = World::default().user("strict-ssl=false").resolve().network().unchecked_by;
    assert_eq!(off.as_deref(), Some("`strict-ssl` in `home/.npmrc`"));
}

#[test]
fn a_credential_that_one_file_has_twice_differently_is_a_contradiction_and_layers_are_none() {
    let of = |world: World| NpmConfig::resolve(&world.0).unwrap().contradictions().to_vec();
    let line = |token: &str| format!("//registry.example/:_authToken={token}\n");
    let (one, two) = (line("npm_one"), line("npm_two"));
    assert_eq!(of(World::default().project(&format!("{one}{one}"))), [""; 0]);
    assert_eq!(of(World::default().user(&one).project(&two)), [""; 0], "the checkout's word goes before");
    let told = of(World::default().project(&format!("{one}{two}")));
    assert!(told.len() == 1 && told[0].contains("stands there twice") && !told[0].contains("npm_"), "{told:?}");
}

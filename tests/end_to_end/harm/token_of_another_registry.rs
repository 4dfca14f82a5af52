//! A credential that is declared without a registry, and packages that go elsewhere.

use super::npm_workspaces;
use crate::counting_registry::CountingRegistry;

const DECLARED: &str = "[[credential]]\nenv = \"NPM_TOKEN\"\nkind = \"granular-bypass\"\n";

#[test]
fn a_credential_without_a_registry_goes_to_the_persons_registry_alone() {
    let (default, private) = (CountingRegistry::start(), CountingRegistry::start());
    let mut world = npm_workspaces(&[("@priv/x", "\"version\":\"1.0.0\""), ("y", "\"version\":\"1.0.0\"")]);
    let home = format!(
        "registry={}\n@priv:registry={}\n{}:_authToken=tok-of-b\n",
        default.url(),
        private.url(),
        private.config_key()
    );
    std::fs::write(world.beside("home").join(".npmrc"), home).expect("an .npmrc");
    world.write("relay.toml", DECLARED);
    world.commit("init");
    world.set("NPM_TOKEN", "npm_SECRETofA0123456789");
    world.relay(&["plan"]).ended_with(0);
    world.relay(&["publish", "--yes", "--no-push"]).ended_with(0);
    assert!(private.asked_with("SECRETofA").is_empty(), "{:?}", private.asked_with("SECRETofA"));
    assert!(default.asked_with("tok-of-b").is_empty());
    assert_eq!((default.uploads(), private.uploads()), (vec!["y@1.0.0".into()], vec!["@priv/x@1.0.0".into()]));
    let sent = |registry: &CountingRegistry| {
        let puts = registry.asked().into_iter().filter(|asked| asked.method == "PUT");
        puts.map(|asked| asked.headers["authorization"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(sent(&private), ["Bearer tok-of-b"]);
    assert_eq!(sent(&default), ["Bearer npm_SECRETofA0123456789"]);
}

#[test]
fn a_token_that_is_written_for_the_host_wins_over_one_that_is_declared_without_it() {
    let registry = CountingRegistry::start();
    let mut world = npm_workspaces(&[("y", "\"version\":\"1.0.0\"")]);
    let home = format!("registry={}\n{}:_authToken=tok-of-host\n", registry.url(), registry.config_key());
    std::fs::write(world.beside("home").join(".npmrc"), home).expect("an .npmrc");
    world.write("relay.toml", DECLARED);
    world.commit("init");
    world.set("NPM_TOKEN", "npm_SECRETofA0123456789");
    world.relay(&["publish", "--yes", "--no-push"]).ended_with(0);
    let puts: Vec<_> = registry.asked().into_iter().filter(|asked| asked.method == "PUT").collect();
    assert_eq!(puts[0].headers["authorization"], "Bearer tok-of-host");
}

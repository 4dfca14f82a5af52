//! What yarn 4.18.1, bun 1.4.5 and pnpm 12.21 did when they published on 2026-11-29 to registries on loopback, with the same
//! settings: where the package went, and with which credential.

use relay_workspace::PackageManager::{self, Bun, Pnpm, Yarn};
use relay_workspace::PackageName;

use super::ManagerFile;
use crate::credential::Credential;
use crate::npmrc::{ConfigSources, NpmConfig, NpmrcFile};
use crate::url::{RegistryUrl, default_registry};

const A: &str = "http://a.example/";
const B: &str = "http://b.example/";
/// Where paths of the person begin.
const HOME: &str = "~";

/// Settings of a repository; in all texts A, B and C in front of `/` stand for registries, `A//` for the key of A's
/// credentials.
#[derive(Default)]
struct Settings {
    manager: Option<PackageManager>,
    sources: ConfigSources,
}

impl Settings {
    fn of(manager: PackageManager) -> Self {
        let sources = ConfigSources { manager_of_repository: Some(manager), ..ConfigSources::default() };
        Self { manager: Some(manager), sources }
    }

    /// A file of the manager, the weakest first; one at `~` is the person's.
    fn file(mut self, path: &str, text: &str) -> Self {
        let file = NpmrcFile { path: path.into(), text: filled(text) };
        let manager = self.manager.unwrap();
        self.sources.manager.push(ManagerFile { manager, file, of_checkout: !path.starts_with(HOME) });
        self
    }

    fn npmrc(mut self, text: &str) -> Self {
        self.sources.project = Some(NpmrcFile { path: ".npmrc".into(), text: filled(text) });
        self
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.sources.environment.insert(name.to_owned(), filled(value));
        self
    }

    fn resolved(&self) -> NpmConfig {
        NpmConfig::resolve(&self.sources).unwrap()
    }

    /// Where a package goes, and what is sent there.
    fn goes(&self, package: &str) -> (RegistryUrl, Option<String>) {
        let config = self.resolved();
        let choice = config.registry_for(&PackageName::parse(package).unwrap(), None);
        let url = choice.unwrap_or_else(|error| panic!("{error}")).url;
        let header = |credential: Credential| {
            let header = credential.authorization_for(url.as_url()).unwrap()?;
            Some(header.to_str().unwrap().to_owned())
        };
        let sent = config.credential_for(&url).and_then(header);
        (url, sent)
    }

    #[track_caller]
    fn sends(self, package: &str, registry: &str, credential: Option<&str>) -> Self {
        let (url, sent) = self.goes(package);
        assert_eq!((url.as_str(), sent.as_deref()), (registry, credential));
        self
    }
}

fn filled(text: &str) -> String {
    text.replace("A/", A).replace("B/", B).replace("KEY-a", "//a.example/").replace("KEY-b", "//b.example/")
}

fn yarn(text: &str) -> Settings {
    Settings::of(Yarn).file(".yarnrc.yml", text)
}

fn bun(text: &str) -> Settings {
    Settings::of(Bun).file("bunfig.toml", text)
}

#[test]
fn yarn_takes_variables_before_files() {
    let both =
        |settings: Settings| settings.variable("YARN_NPM_REGISTRY_SERVER", "A/").variable("YARN_NPM_AUTH_TOKEN", "t");
    both(yarn("")).sends("@corp/a", A, Some("Bearer t"));
    both(yarn("npmRegistryServer: B/\n")).sends("a", A, Some("Bearer t"));
    yarn("npmPublishRegistry: B/\nnpmAuthToken: ft\n")
        .variable("YARN_NPM_PUBLISH_REGISTRY", "A/")
        .variable("YARN_NPM_AUTH_TOKEN", "t")
        .sends("a", A, Some("Bearer t"));
    Settings::of(Yarn).variable("yarn_npm_registry_server", "A/").variable("yarn_npm_auth_ident", "u:p").sends(
        "a",
        A,
        Some("Basic dTpw"),
    );
}

#[test]
fn yarns_stronger_settings_stay_stronger_than_a_variable() {
    yarn("npmPublishRegistry: B/\nnpmAuthToken: ft\n").variable("YARN_NPM_REGISTRY_SERVER", "A/").sends(
        "@corp/a",
        B,
        Some("Bearer ft"),
    );
    yarn("npmScopes: { corp: { npmPublishRegistry: B/, npmAuthToken: st } }\n")
        .variable("YARN_NPM_PUBLISH_REGISTRY", "A/")
        .variable("YARN_NPM_AUTH_TOKEN", "t")
        .sends("@corp/a", B, Some("Bearer st"))
        .sends("b", A, Some("Bearer t"));
}

#[test]
fn yarns_files_are_one() {
    let home = "~/.yarnrc.yml";
    let of = |at_home: &str, text: &str| Settings::of(Yarn).file(home, at_home).file(".yarnrc.yml", text);
    of("npmPublishRegistry: B/\n", "npmRegistryServer: A/\nnpmAuthToken: ft\n").sends("a", B, Some("Bearer ft"));
    of("npmRegistryServer: B/\nnpmAuthToken: ht\n", "npmRegistryServer: A/\nnpmAuthToken: ft\n").sends(
        "a",
        A,
        Some("Bearer ft"),
    );
    of("npmScopes: { corp: { npmPublishRegistry: B/, npmAuthToken: hst } }\n", "npmPublishRegistry: A/\n")
        .sends("@corp/a", B, Some("Bearer hst"))
        .sends("a", A, None);
    Settings::of(Yarn)
        .file(home, "npmRegistryServer: B/\nnpmAuthToken: ht\n")
        .file("~/projects/.yarnrc.yml", "npmRegistryServer: A/\nnpmAuthToken: pt\n")
        .file(".yarnrc.yml", "nodeLinker: pnp\n")
        .sends("a", A, Some("Bearer pt"));
}

/// Where relay differs from yarn and bun on purpose: both send the person's credential where the checkout says.
#[test]
fn a_loose_credential_of_the_person_does_not_follow_the_checkout() {
    let at_home = Settings::of(Yarn).file("~/.yarnrc.yml", "npmAuthToken: ht\n");
    let scope = Settings::of(Yarn)
        .file("~/.yarnrc.yml", "npmScopes: { corp: { npmAuthToken: ht } }\n")
        .file(".yarnrc.yml", "npmScopes: { corp: { npmPublishRegistry: A/ } }\n")
        .sends("@corp/a", A, None);
    assert!(scope.resolved().warnings()[0].contains("`npmScopes.corp.npmAuthToken` in `~/.yarnrc.yml`"));
    for lured in [
        at_home.file(".yarnrc.yml", "npmRegistryServer: A/\n"),
        yarn("npmRegistryServer: A/\n").variable("YARN_NPM_AUTH_TOKEN", "t"),
        bun("[install]\nregistry = \"A/\"\n").variable("BUN_CONFIG_TOKEN", "t"),
        Settings::of(Bun).npmrc("registry=A/\n").variable("BUN_CONFIG_TOKEN", "t"),
    ] {
        let lured = lured.sends("a", A, None);
        let warnings = lured.resolved().warnings().join("\n");
        assert!(warnings.contains("is not sent to `http://a.example/`, which the checkout names"), "{warnings}");
        assert!(lured.resolved().credential_for(&default_registry()).is_some(), "it belongs to npm's default");
    }
}

#[test]
fn bun_takes_variables_before_files() {
    let both = |settings: Settings| settings.variable("BUN_CONFIG_REGISTRY", "A/").variable("BUN_CONFIG_TOKEN", "t");
    let table = "[install]\nregistry = { url = \"B/\", token = \"bt\" }\n";
    both(bun("")).sends("@corp/a", A, Some("Bearer t"));
    both(bun(table)).sends("b", A, Some("Bearer t"));
    both(bun("").npmrc("registry=B/\nKEY-b:_authToken=nt\n")).sends("b", A, Some("Bearer t"));
    both(bun("[install.scopes]\ncorp = { url = \"B/\", token = \"st\" }\n")).sends("@corp/a", B, Some("Bearer st"));
    both(bun("[install.scopes]\ncorp = \"B/\"\n")).sends("@corp/a", B, None);
    bun(table).variable("BUN_CONFIG_REGISTRY", "A/").sends("b", A, None);
    bun(table).variable("BUN_CONFIG_REGISTRY", "").sends("b", B, Some("Bearer bt"));
    bun(table).variable("bun_config_registry", "A/").sends("b", B, Some("Bearer bt"));
    bun("").npmrc("registry=B/\nKEY-a:_authToken=nt\n").variable("BUN_CONFIG_REGISTRY", "A/").sends(
        "b",
        A,
        Some("Bearer nt"),
    );
    bun("").variable("BUN_CONFIG_REGISTRY", "http://u:p@a.example/").sends("b", A, Some("Basic dTpw"));
    both(bun("")).variable("npm_config_registry", "B/").sends("b", A, Some("Bearer t"));
    let at_home = Settings::of(Bun).file("~/.bunfig.toml", table).file("bunfig.toml", "");
    at_home.variable("BUN_CONFIG_TOKEN", "t").sends("b", B, Some("Bearer t"));
}

#[test]
fn pnpms_variable_goes_before_its_files() {
    let tokens = "KEY-a:_authToken=ta\nKEY-b:_authToken=tb\n";
    for name in ["pnpm_config_registry", "PNPM_CONFIG_REGISTRY"] {
        let settings = Settings::of(Pnpm).file("pnpm-workspace.yaml", "registries: { default: B/ }\n").npmrc(tokens);
        settings.variable(name, "A/").sends("b", A, Some("Bearer ta"));
    }
}

#[test]
fn what_a_file_of_the_checkout_put_into_the_environment_is_the_checkouts_word() {
    for (manager, name) in [
        (Yarn, "YARN_NPM_PUBLISH_REGISTRY"),
        (Bun, "BUN_CONFIG_REGISTRY"),
        (Pnpm, "pnpm_config_registry"),
        (Bun, "npm_config_registry"),
    ] {
        let registry = RegistryUrl::parse(A).unwrap();
        let by_person = Settings::of(manager).variable(name, "A/").sends("a", A, None);
        assert!(by_person.resolved().is_named_by_person(&registry), "{name}");
        for text in
            [format!("{name}={A}\n"), format!("X=1\n export {name} = \"{A}\"\n"), format!("{name}=${{OTHER}}\n")]
        {
            let mut lured = Settings::of(manager).variable(name, "A/");
            lured.sources.environment_files.push(text.clone());
            let lured = lured.sends("a", A, None);
            assert!(!lured.resolved().is_named_by_person(&registry), "{text}");
        }
        let mut other = Settings::of(manager).variable(name, "A/");
        other.sources.environment_files.push(format!("{name}_2={A}\n{name}={B}\n"));
        assert!(other.resolved().is_named_by_person(&registry), "it says another one");
    }
}

#[test]
fn pnpm_reads_fallbacks_in_npmrc_and_the_others_do_not() {
    let text = "registry=http://${TEAM-a}.example/\n";
    Settings::of(Pnpm).npmrc(text).sends("a", A, None);
    Settings::of(Pnpm).npmrc(text).variable("TEAM", "b").sends("a", B, None);
    let of_bun = Settings::of(Bun).npmrc(text).resolved();
    let refused = of_bun.registry_for(&PackageName::parse("a").unwrap(), None).unwrap_err();
    assert!(refused.to_string().contains("`TEAM-a` is not set"), "{refused}");
    let mut secret = Settings::of(Pnpm).npmrc("registry=http://${TEAM-a}.example/\n").variable("TEAM", "hush");
    secret.sources.secret_variables.insert("TEAM".to_owned());
    let refused = secret.resolved().registry_for(&PackageName::parse("a").unwrap(), None).unwrap_err();
    assert!(refused.to_string().contains("`TEAM` holds a credential"), "nothing stands in for it: {refused}");
}

#[test]
fn a_token_that_a_managers_file_in_the_checkout_has_as_it_is_is_told() {
    let told = |settings: Settings| settings.resolved().given_away().len();
    assert_eq!(told(yarn("npmRegistryServer: A/\nnpmAuthToken: literal\n")), 1);
    assert_eq!(told(yarn("npmRegistries:\n  A/:\n    npmAuthToken: literal\n")), 1);
    assert_eq!(told(yarn("npmRegistryServer: A/\nnpmAuthToken: '${TOKEN:-}'\n").variable("TOKEN", "t")), 0);
    assert_eq!(told(bun("[install.scopes]\ncorp = { url = \"A/\", token = \"literal\" }\n")), 1);
    assert_eq!(told(bun("[install.scopes]\ncorp = { url = \"A/\", token = \"$TOKEN\" }\n")), 0);
    assert_eq!(told(Settings::of(Yarn).file("~/.yarnrc.yml", "npmRegistryServer: A/\nnpmAuthToken: literal\n")), 0);
}

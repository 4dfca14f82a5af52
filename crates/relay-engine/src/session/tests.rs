//! Which credentials a package has, in which order, and that none goes where nobody meant it to.

use relay_config::{AccessSource, PublishingAccess, RouteKind};
use relay_plan::{RouteQuestion, TrustedFact, route};
use relay_registry::{ConfigSources, NpmrcFile};

use super::*;
use crate::fixture::{name, session_of};

const ELSEWHERE: &str = "http://registry.example/";

fn url(text: &str) -> RegistryUrl {
    text.parse().unwrap()
}

fn npmrc(text: impl Into<String>) -> NpmrcFile {
    NpmrcFile { path: ".npmrc".into(), text: text.into() }
}

/// Settings of the person alone.
fn of_person(text: impl Into<String>) -> ConfigSources {
    ConfigSources { user: Some(npmrc(text)), ..ConfigSources::default() }
}

/// A session with these variables, which `.npmrc` may name as well.
fn with_variables(mut sources: ConfigSources, variables: &[(&str, &str)]) -> Session {
    let all = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    sources.environment.extend(all);
    let mut session = session_of(&sources);
    let secrets = sources.environment.iter();
    session.environment = secrets.map(|(name, value)| (name.clone(), SecretString::from(value.as_str()))).collect();
    session
}

/// A session with the token `A` in the environment and, for the default registry, in the person's `.npmrc`.
fn session() -> Session {
    with_variables(
        of_person(format!("{}:_authToken=from-npmrc\n", default_registry().config_key())),
        &[("A", "token-a")],
    )
}

fn config(text: &str) -> Config {
    Config::parse("relay.toml", text).unwrap()
}

/// Where the credentials of a package come from, best first. All belong to the registry that is asked about.
fn origins(session: &Session, package: &str, registry: &RegistryUrl, config: &Config) -> Vec<String> {
    let known = session.credentials(&name(package), registry, config);
    assert!(known.iter().all(|known| known.fact.id.registry == *registry && known.fact.id == *known.credential.id()));
    let distinct: BTreeSet<_> = known.iter().map(|known| known.fact.id.clone()).collect();
    assert_eq!(distinct.len(), known.len(), "each is there once");
    known.iter().map(|known| known.fact.id.to_string()).collect()
}

fn variable(name: &str) -> String {
    format!("environment variable `{name}`")
}

/// The kind of the credential with which a package's route is planned, and that of the one that is sent for its id.
fn planned_and_sent(config: &Config, access: PublishingAccess) -> Option<(CredentialKind, CredentialKind)> {
    let session = session();
    let name = name("@acme/core");
    let known = session.credentials(&name, &default_registry(), config);
    let facts: Vec<CredentialFact> = known.iter().map(|known| known.fact.clone()).collect();
    let chosen = route(&RouteQuestion {
        rules: RegistryRules::Npm,
        publishing_access: access,
        source: AccessSource::Declared,
        lesson: None,
        allowed: None,
        credentials: &facts,
        credential_problems: &[],
        trusted: &TrustedFact::NotAsked,
        terminal: true,
        otp_given: false,
        package_exists: Some(true),
        ever_staged: false,
        today: session.today(),
        registry: &default_registry(),
        name: &name,
    });
    if chosen.kind == RouteKind::Blocked {
        return None;
    }
    let with_id: Vec<_> =
        known.iter().filter(|known| Some(&known.fact.id) == chosen.authorisation.credential()).collect();
    assert_eq!(with_id.len(), 1, "an id stands for one credential");
    let fits = |fact: &&CredentialFact| match chosen.kind {
        RouteKind::Token => fact.kind == CredentialKind::GranularBypass,
        _ if access == PublishingAccess::Publish => {
            matches!(fact.kind, CredentialKind::Session | CredentialKind::Unknown)
        }
        _ => matches!(fact.kind, CredentialKind::Session | CredentialKind::Granular | CredentialKind::Unknown),
    };
    let planned = facts.iter().find(fits).map(|fact| fact.kind)?;
    Some((planned, with_id[0].fact.kind))
}

#[test]
fn what_is_planned_is_what_is_sent() {
    let kinds = ["granular-bypass", "granular", "session"];
    let packages = ["\"*\"", "\"@acme/*\"", "\"@acme/core\"", "\"other\""];
    for first in kinds {
        for second in kinds {
            for (one, two) in packages.iter().flat_map(|one| packages.iter().map(move |two| (one, two))) {
                let text = format!(
                    "[[credential]]\nenv = \"A\"\nkind = \"{first}\"\npackages = [{one}]\n\
                     [[credential]]\nenv = \"A\"\nkind = \"{second}\"\npackages = [{two}]\n"
                );
                let Ok(config) = Config::parse("relay.toml", &text) else {
                    assert_eq!(one, two, "only what can't be told apart is refused");
                    continue;
                };
                for access in [PublishingAccess::Automation, PublishingAccess::Publish] {
                    if let Some((planned, sent)) = planned_and_sent(&config, access) {
                        assert_eq!(planned, sent, "{text}");
                    }
                }
            }
        }
    }
}

#[test]
fn of_two_declarations_of_a_variable_the_first_that_covers_the_package_counts() {
    let config = config(
        "[[credential]]\nenv = \"A\"\nkind = \"granular\"\npackages = [\"@acme/*\"]\n\
         [[credential]]\nenv = \"A\"\nkind = \"granular-bypass\"\n",
    );
    let of_variable = |package: &str| {
        let known = session().credentials(&name(package), &default_registry(), &config);
        let id = CredentialId::of_variable(default_registry(), "A");
        known.into_iter().filter(|known| known.fact.id == id).map(|known| known.fact.kind).collect::<Vec<_>>()
    };
    assert_eq!(of_variable("@acme/core"), [CredentialKind::Granular]);
    assert_eq!(of_variable("other"), [CredentialKind::GranularBypass]);
}

#[test]
fn what_is_bound_to_the_registry_goes_before_what_is_for_any() {
    let registry = default_registry();
    let text = format!(
        "[[credential]]\nenv = \"ANY\"\nkind = \"granular\"\n\
         [[credential]]\nenv = \"HERE\"\nkind = \"granular\"\nregistry = \"{registry}\"\n\
         [[credential]]\nenv = \"THERE\"\nkind = \"granular\"\nregistry = \"{ELSEWHERE}\"\n"
    );
    let person = of_person(format!("{}:_authToken=from-npmrc\n", registry.config_key()));
    let variables = [("ANY", "1"), ("HERE", "2"), ("THERE", "3"), ("NPM_TOKEN", "4")];
    let session = with_variables(person, &variables);
    let found = origins(&session, "a", &registry, &config(&text));
    let [first, second, third] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((first, third), (&variable("HERE"), &variable("ANY")));
    assert!(second.contains(":_authToken` in "), "{second}");
    assert_eq!(origins(&session, "a", &url(ELSEWHERE), &config(&text)), [variable("THERE")]);
}

#[test]
fn a_token_that_npmrc_takes_from_a_variable_is_one_credential_and_what_is_declared_of_it_counts() {
    let key = default_registry().config_key();
    let by_variable = "[[credential]]\nenv = \"A\"\nkind = \"granular-bypass\"\nexpires = 2027-02-01\n";
    let by_nothing = "[[credential]]\nkind = \"session\"\n";
    let expires = Some("2027-02-01".parse().unwrap());
    for (npmrc, declared, expected) in [
        ("${A}", by_variable, (CredentialKind::GranularBypass, expires)),
        ("${A}", by_nothing, (CredentialKind::Session, None)),
        ("literal", by_nothing, (CredentialKind::Session, None)),
        ("literal", "", (CredentialKind::Unknown, None)),
    ] {
        let session = with_variables(of_person(format!("{key}:_authToken={npmrc}\n")), &[("A", "token-a")]);
        let known = session.credentials(&name("a"), &default_registry(), &config(declared));
        let [one] = known.as_slice() else { panic!("{npmrc} {declared}: {}", known.len()) };
        assert_eq!((one.fact.kind, one.fact.expires), expected, "{npmrc} {declared}");
    }
}

#[test]
fn a_token_of_no_stated_registry_goes_where_the_person_says_and_never_where_the_checkout_leads() {
    let declared = "[[credential]]\nenv = \"MINE\"\nkind = \"granular\"\n";
    let line = format!("registry={ELSEWHERE}\n");
    let scope = format!("@acme:registry={ELSEWHERE}\n");
    let of_checkout = |text: &str| ConfigSources { project: Some(npmrc(text)), ..ConfigSources::default() };
    let (npm, declares, none) = (default_registry(), variable("MINE"), Vec::<String>::new());
    let customary = variable("NPM_TOKEN");
    for (why, sources, package, registry, with_declaration, without) in [
        ("npm's own", of_person(""), "a", &npm, vec![declares.clone()], vec![customary.clone()]),
        (
            "the person's",
            of_person(line.as_str()),
            "a",
            &url(ELSEWHERE),
            vec![declares.clone()],
            vec![customary.clone()],
        ),
        ("no longer npm's", of_person(line.as_str()), "a", &npm, none.clone(), none.clone()),
        ("the checkout's", of_checkout(&line), "a", &url(ELSEWHERE), none.clone(), none.clone()),
        (
            "the person's scope",
            of_person(scope.as_str()),
            "@acme/a",
            &url(ELSEWHERE),
            none.clone(),
            vec![customary.clone()],
        ),
        ("another scope", of_person(scope.as_str()), "@other/a", &url(ELSEWHERE), none.clone(), none.clone()),
        ("the checkout's scope", of_checkout(&scope), "@acme/a", &url(ELSEWHERE), none.clone(), none.clone()),
    ] {
        let session = with_variables(sources, &[("NPM_TOKEN", "1"), ("MINE", "2")]);
        assert_eq!(
            origins(&session, package, registry, &config(declared)).first(),
            with_declaration.first().or(without.first()),
            "{why}"
        );
        assert_eq!(origins(&session, package, registry, &Config::default()), without, "{why}");
    }
}

#[test]
fn a_customary_variable_that_is_declared_is_for_its_packages_alone() {
    let session = with_variables(of_person(""), &[("NPM_TOKEN", "1"), ("NODE_AUTH_TOKEN", "2")]);
    let config = config("[[credential]]\nenv = \"NPM_TOKEN\"\nkind = \"granular\"\npackages = [\"mine\"]\n");
    assert_eq!(origins(&session, "mine", &default_registry(), &config), [variable("NPM_TOKEN")]);
    assert_eq!(origins(&session, "other", &default_registry(), &config), [variable("NODE_AUTH_TOKEN")]);
}

#[test]
fn a_text_that_is_no_token_is_none_and_is_told() {
    let config = config("[[credential]]\nenv = \"MINE\"\nkind = \"granular\"\npackages = [\"a\"]\n");
    for (text, is_token) in [("", false), ("  \n", false), ("${MINE}", false), ("XXXXX-XXXXX", false), (" 1\n", true)] {
        let session = with_variables(of_person(""), &[("MINE", text)]);
        assert_eq!(!origins(&session, "a", &default_registry(), &config).is_empty(), is_token, "{text:?}");
        let problems = session.credential_problems(&name("a"), &default_registry(), &config);
        assert_eq!(problems.iter().any(|problem| problem.contains("`MINE`")), !is_token, "{text:?}: {problems:?}");
        let of_other = session.credential_problems(&name("other"), &default_registry(), &config);
        assert_eq!(of_other, Vec::<String>::new(), "it is not for that one");
    }
}

#[test]
fn where_credentials_are_withheld_the_plan_knows_whose_they_would_be_and_none_can_be_sent() {
    let sources = ConfigSources { withhold: true, ..of_person("") };
    let session = with_variables(sources, &[("MINE", "2")]);
    let declared = config("[[credential]]\nenv = \"THEIRS\"\nkind = \"granular-bypass\"\n");
    for (config, origin) in [(declared, variable("THEIRS")), (Config::default(), variable("NPM_TOKEN"))] {
        let known = session.credentials(&name("a"), &default_registry(), &config);
        let [one] = known.as_slice() else { panic!("{}", known.len()) };
        assert_eq!(one.fact.id.to_string(), origin);
        assert!(one.credential.is_withheld());
        assert_eq!(session.credential_problems(&name("a"), &default_registry(), &config), Vec::<String>::new());
    }
    let known = session.credentials(&name("a"), &url(ELSEWHERE), &Config::default());
    assert!(known.len() == 1 && known[0].credential.is_withheld(), "whoever publishes has one of their own");
}

#[test]
fn a_registry_follows_the_rules_that_are_declared_and_only_npms_own_follows_npms_unasked() {
    let session = session();
    let declared = format!("[[registry]]\nurl = \"{ELSEWHERE}\"\nrules = \"npm\"\n");
    let of_npm = format!("[[registry]]\nurl = \"{}\"\nrules = \"plain\"\n", default_registry());
    for (registry, text, rules) in [
        (default_registry(), "", RegistryRules::Npm),
        (url(ELSEWHERE), "", RegistryRules::Plain),
        (url(ELSEWHERE), declared.as_str(), RegistryRules::Npm),
        (default_registry(), declared.as_str(), RegistryRules::Npm),
        (default_registry(), of_npm.as_str(), RegistryRules::Plain),
    ] {
        assert_eq!(session.destination(&registry, &config(text)), (registry.clone(), rules), "{registry} {text}");
    }
}

#[test]
fn in_a_rehearsal_the_sandbox_is_talked_to_and_nothing_of_the_persons_is_sent() {
    let mut session =
        with_variables(of_person(format!("{}:_authToken=x\n", default_registry().config_key())), &[("NPM_TOKEN", "1")]);
    let made = CredentialId::made(default_registry(), "the rehearsal");
    let stand_in = StandIn {
        url: url("http://127.0.0.1:4873/"),
        rules: RegistryRules::Plain,
        credentials: vec![(CredentialKind::Session, Credential::new_bearer("s".to_owned().into(), made))],
    };
    session.stand_ins.insert(default_registry(), stand_in);
    assert_eq!(
        session.destination(&default_registry(), &Config::default()),
        (url("http://127.0.0.1:4873/"), RegistryRules::Plain)
    );
    assert_eq!(origins(&session, "a", &default_registry(), &Config::default()), ["the rehearsal"]);
    session.stand_ins.get_mut(&default_registry()).unwrap().credentials.clear();
    assert_eq!(origins(&session, "a", &default_registry(), &Config::default()), Vec::<String>::new());
}

#[test]
fn a_session_that_relay_began_is_known_as_one_without_being_declared() {
    let kinds = |session: &Session, declared: &str| -> Vec<CredentialKind> {
        let known = session.credentials(&name("a"), &default_registry(), &config(declared));
        known.iter().map(|known| known.fact.kind).collect()
    };
    let mut session = session();
    assert_eq!(kinds(&session, ""), [CredentialKind::Unknown]);
    let credential = session.npm.credential_for(&default_registry()).unwrap();
    session.begun.remember(&credential, Timestamp::UNIX_EPOCH, None);
    assert_eq!(kinds(&session, ""), [CredentialKind::Session]);
    let declared = "[[credential]]\nkind = \"granular\"\n";
    assert_eq!(kinds(&session, declared), [CredentialKind::Granular], "what is declared counts");
}

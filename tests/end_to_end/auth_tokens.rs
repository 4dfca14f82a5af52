//! Granular tokens: what relay makes is npm's too, and the reverse. The secret is shown once, and only where it was asked for.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use relay_sandbox::{SandboxAccess, SandboxOptions, SandboxRules, SecondFactor, TokenKind};
use serde_json::Value;

use crate::sandbox::{ACCOUNT, Registry};
use crate::terminal::{in_terminal, read_until};
use crate::world::{Ran, World, pinned_node, tools};

const PASSWORD: &str = "correct horse";

/// Runs relay with the account's password on stdin and a code of its app beforehand.
fn with_password(registry: &Registry, world: &World, arguments: &[&str]) -> Ran {
    with(registry, world, PASSWORD, arguments)
}

fn with(registry: &Registry, world: &World, password: &str, arguments: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_relay"));
    command.args(arguments).current_dir(world.repo());
    let command = world.prepare(&mut command).env("npm_config_otp", code(registry));
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("relay starts");
    // One that asks for nothing has closed its end, maybe.
    let _ = child.stdin.take().expect("its stdin").write_all(format!("{password}\n").as_bytes());
    world.ended(child)
}

fn code(registry: &Registry) -> String {
    registry.sandbox.current_otp(ACCOUNT).expect("an app")
}

fn npm(world: &World, arguments: &[&str]) -> Ran {
    let client = tools().join("node_modules/npm/bin/npm-cli.js");
    world.run(Command::new(pinned_node()).arg(client).args(arguments).current_dir(world.repo()))
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The tokens that relay lists, by name.
fn listed(world: &World) -> Vec<Value> {
    let list = json(&world.relay(&["auth", "token", "list", "--json"]).ended_with(0).stdout);
    list["tokens"].as_array().expect("tokens").clone()
}

fn named<'t>(tokens: &'t [Value], name: &str) -> Option<&'t Value> {
    tokens.iter().find(|token| token["name"] == name)
}

/// How many requests of a method there were to a path.
fn asked(registry: &Registry, method: &str, path: &str) -> usize {
    registry.sandbox.requests().iter().filter(|one| one.method == method && one.path.starts_with(path)).count()
}

#[test]
fn a_token_that_relay_makes_publishes_by_npm_and_npm_lists_and_revokes_it() {
    let registry = Registry::with_codes();
    let world = registry.reef(SandboxAccess::Automation);
    world.commit("feat: reef");
    let wanted = [
        "auth",
        "token",
        "create",
        "ci",
        "--workspace",
        "--permission",
        "write",
        "--bypass-2fa",
        "--expires",
        "30",
        "--description",
        "of the pipeline",
        "--cidr",
        "127.0.0.0/8",
        "--print",
        "--password-stdin",
    ];
    let made = with_password(&registry, &world, &wanted).ended_with(0);
    let secret = made.stdout.trim().strip_prefix("NPM_TOKEN_CI=").expect("the secret").to_owned();
    assert!(!made.stderr.contains(&secret), "{}", made.stderr);
    assert!(made.stderr.contains("packages = [\"coral\", \"pearl\"]"), "{}", made.stderr);
    assert!(made.stderr.contains("January 2027"), "{}", made.stderr);

    let machine = World::empty();
    let key = registry.url().trim_start_matches("http:").to_owned();
    std::fs::write(
        machine.beside("home").join(".npmrc"),
        format!("registry={}\n{key}:_authToken={secret}\n", registry.url()),
    )
    .expect("an .npmrc");
    machine.write("package.json", "{\"name\":\"coral\",\"version\":\"1.0.0\",\"license\":\"MIT\"}\n");
    npm(&machine, &["publish"]).ended_with(0);
    assert_eq!(registry.committed(), ["coral@1.0.0"]);
    machine.write("package.json", "{\"name\":\"kelp\",\"version\":\"1.0.0\",\"license\":\"MIT\"}\n");
    npm(&machine, &["publish"]).ended_with(1);

    let list = json(&npm(&world, &["token", "list", "--json"]).ended_with(0).stdout);
    let token = list.as_array().and_then(|tokens| named(tokens, "ci")).expect("npm lists it").clone();
    assert_eq!((token["bypass_2fa"].as_bool(), token["description"].as_str()), (Some(true), Some("of the pipeline")));
    assert_eq!(token["cidr_whitelist"], serde_json::json!(["127.0.0.0/8"]));
    npm(&world, &["token", "revoke", token["id"].as_str().expect("an id"), "--otp", &code(&registry)]).ended_with(0);
    assert_eq!(named(&listed(&world), "ci"), None);
}

#[test]
fn a_token_that_npm_makes_relay_lists_and_revokes() {
    let registry = Registry::with_codes();
    let world = registry.reef(SandboxAccess::Automation);
    world.commit("feat: reef");
    let otp = code(&registry);
    let create = |name: &str, more: &[&str]| {
        let name = format!("--name={name}");
        let fixed = ["token", "create", &name, "--password", PASSWORD, "--otp", &otp];
        npm(&world, &[&fixed, more].concat()).ended_with(0);
    };
    create("by-npm", &["--packages=coral", "--packages-and-scopes-permission=read-write-stage-only", "--expires=5"]);
    create("reader", &["--scopes=@acme", "--packages-and-scopes-permission=read-only"]);
    let tokens = listed(&world);
    let token = named(&tokens, "by-npm").expect("relay lists it");
    assert_eq!((token["kind"].as_str(), token["stage_only"].as_bool()), (Some("granular-stage"), Some(true)));
    assert_eq!(token["covers"], serde_json::json!([{ "kind": "package", "name": "coral" }]));
    assert!(token["warnings"][0].as_str().is_some_and(|text| text.contains("in 5 days")), "{token}");
    let reader = named(&tokens, "reader").expect("relay lists it");
    assert_eq!((reader["kind"].as_str(), reader["read_only"].as_bool()), (Some("granular"), Some(true)));

    let key: String = token["key"].as_str().expect("a key").chars().take(8).collect();
    // Nobody is there to say yes, and what several fit is revoked by nobody.
    world.relay(&["auth", "token", "revoke", &key]).ended_with(4);
    let ran = with_password(&registry, &world, &["auth", "token", "revoke", "", "--yes"]).ended_with(1);
    assert!(ran.stderr.contains("no token of the key"), "{}", ran.stderr);
    assert_eq!(asked(&registry, "DELETE", "/-/npm/v1/tokens"), 0);
    with_password(&registry, &world, &["auth", "token", "revoke", &key, "reader", "--yes"]).ended_with(0);
    let list = npm(&world, &["token", "list"]).ended_with(0).stdout;
    assert!(!list.contains("by-npm") && !list.contains("reader"), "{list}");
    let session = listed(&world).iter().find(|one| one["kind"] == "session").expect("the session")["key"].clone();
    let ran = world.relay(&["auth", "token", "revoke", session.as_str().expect("a key"), "--yes"]).ended_with(64);
    assert!(ran.stderr.contains("auth logout"), "{}", ran.stderr);
}

#[test]
fn more_packages_than_a_token_may_name_are_split_and_the_lines_are_ones_that_relay_reads() {
    let registry = Registry::with_codes();
    let world = registry.reef(SandboxAccess::Automation);
    for number in 0..58 {
        let manifest = format!("{{\"name\":\"k{number}\",\"version\":\"1.0.0\",\"license\":\"MIT\"}}\n");
        world.write(&format!("packages/k{number}/package.json"), &manifest);
    }
    world.commit("feat: kelp");
    let wanted =
        ["auth", "token", "create", "ci", "--workspace", "--permission", "stage-only", "--json", "--password-stdin"];
    let made = with_password(&registry, &world, &wanted).ended_with(0);
    let document = json(&made.stdout);
    let tokens = document["tokens"].as_array().expect("tokens");
    let sizes: Vec<usize> = tokens.iter().map(|token| token["packages"].as_array().expect("names").len()).collect();
    assert_eq!(sizes, [30, 30]);
    assert_eq!(asked(&registry, "POST", "/-/npm/v1/tokens"), 2, "one code serves both");
    let start = made.stderr.find("[[credential]]").expect("lines for relay.toml");
    let lines = made.stderr[start..].lines().map(str::trim_start).collect::<Vec<_>>().join("\n");
    assert_eq!(lines.matches("[[credential]]").count(), 2, "{lines}");
    world.append("relay.toml", &format!("\n{lines}"));
    world.relay(&["plan", "--offline"]).ended_with(0);
}

#[test]
fn at_a_terminal_the_password_is_asked_for_and_the_page_answered_and_the_secret_shown() {
    let registry = Registry::with_pages();
    let world = registry.reef(SandboxAccess::Automation);
    world.commit("feat: reef");
    let mut child = in_terminal(&world, "auth token create reader --packages-all --no-browser");
    let mut output = child.stdout.take().expect("its output");
    let mut keys = child.stdin.take().expect("its keys");
    let mut screen = read_until(&mut output, "Password of `captain`");
    keys.write_all(format!("{PASSWORD}\r").as_bytes()).expect("keys");
    let challenge = registry.runtime.block_on(registry.sandbox.next_challenge());
    assert!(registry.sandbox.approve_challenge(&challenge.id));
    output.read_to_end(&mut screen).expect("the rest of the screen");
    let screen = String::from_utf8_lossy(&screen);
    assert_eq!(child.wait().expect("an end").code(), Some(0), "{screen}");
    assert!(screen.contains("NPM_TOKEN_READER=npm_") && !screen.contains(PASSWORD), "{screen}");
    assert!(screen.contains("create the token `reader`"), "{screen}");

    let mut child = in_terminal(&world, "auth token create other --packages-all");
    let mut output = child.stdout.take().expect("its output");
    read_until(&mut output, "Password of");
    child.stdin.take().expect("its keys").write_all(b"\x03").expect("a key");
    output.read_to_end(&mut Vec::new()).expect("the rest");
    assert_eq!(child.wait().expect("an end").code(), Some(130));
    assert_eq!(named(&listed(&world), "other"), None);
}

#[test]
fn what_can_not_be_is_said_before_anything_is_made() {
    let registry = Registry::with_codes();
    let world = registry.reef(SandboxAccess::Automation);
    world.commit("feat: reef");
    let create = ["auth", "token", "create", "ci", "--packages-all"];
    let ran = world.relay(&create).ended_with(64);
    assert!(ran.stderr.contains("stdout is no terminal"), "{}", ran.stderr);
    assert_eq!(registry.sandbox.requests().len(), 0);
    let ran = world.relay(&[&create[..], &["--print"]].concat()).ended_with(4);
    assert!(ran.stderr.contains("--password-stdin"), "{}", ran.stderr);
    assert_eq!(asked(&registry, "POST", "/"), 0);
    let wrong = [&create[..], &["--print", "--password-stdin"]].concat();
    let ran = with(&registry, &world, "wrong", &wrong).ended_with(1);
    assert!(ran.stderr.contains("check the password"), "{}", ran.stderr);
    assert_eq!(named(&listed(&world), "ci"), None);

    let plain =
        Registry::start(SandboxOptions { rules: SandboxRules::Plain, ..SandboxOptions::default() }, SecondFactor::None);
    let world = plain.reef(SandboxAccess::None);
    world.commit("feat: reef");
    let ran = world.relay(&["auth", "token", "list"]);
    // It has no profiles, so that its token counts as none of a session; nobody is there to log in by name.
    let ran = ran.ended_with(4);
    assert!(ran.stderr.contains("was not given"), "{}", ran.stderr);
}

#[test]
fn a_token_here_is_found_in_the_list_and_its_kind_is_known_to_the_plan_from_then_on() {
    let registry = Registry::with_codes();
    let world = registry.reef(SandboxAccess::Automation);
    world.write("relay.toml", &format!("[[registry]]\nurl = \"{}\"\nrules = \"npm\"\n", registry.url()));
    world.commit("feat: reef");
    registry.sandbox.create_token(ACCOUNT, TokenKind::granular());
    let tokens = listed(&world);
    let here: Vec<(&str, &str)> =
        tokens.iter().filter_map(|token| Some((token["kind"].as_str()?, token["here"][0].as_str()?))).collect();
    assert_eq!(here.len(), 2, "{tokens:?}");
    assert!(here.contains(&("granular-bypass", "environment variable `NPM_TOKEN`")), "{here:?}");

    // The same token in `.npmrc`: what the list told of it counts, though nothing declares it.
    let key = registry.url().trim_start_matches("http:").to_owned();
    let npmrc = world.beside("home").join(".npmrc");
    std::fs::write(&npmrc, format!("registry={}\n{key}:_authToken=${{NPM_TOKEN}}\n", registry.url()))
        .expect("an .npmrc");
    let plan = world.relay(&["plan", "--format", "json"]).ended_with(0).stdout;
    let plan = json(&plan);
    let route = &plan["packages"][0]["route"];
    assert!(route["reason"].as_str().is_some_and(|reason| reason.ends_with("bypasses 2FA")), "{route}");
    std::fs::remove_file(world.beside("home").join(".local/state/relay/sessions.json")).expect("what the list told");
    let plan = json(&world.relay(&["plan", "--format", "json"]).stdout);
    let route = &plan["packages"][0]["route"];
    assert!(!route["reason"].as_str().is_some_and(|reason| reason.ends_with("bypasses 2FA")), "{route}");
}

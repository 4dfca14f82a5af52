//! An account: logging in and out, who one is, the second factor. Sessions are relay's and npm's alike.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};

use relay_sandbox::{NewAccount, SandboxOptions, SandboxRules, SecondFactor};

use crate::sandbox::{ACCOUNT, Registry};
use crate::terminal::{in_terminal, read_until};
use crate::world::{Ran, World, pinned_node, tools};

/// An account that has no second factor yet.
const NEWCOMER: &str = "newcomer";

/// A registry with an account that has no second factor.
fn with_a_newcomer() -> Registry {
    let registry = Registry::with_pages();
    let (name, password) = (NEWCOMER.to_owned(), "p".to_owned());
    registry.sandbox.add_account(NewAccount { name, password, second_factor: SecondFactor::None });
    registry
}

/// A package of nobody's yet, and a person whose `.npmrc` names the registry and holds no credential.
fn visitor(registry: &Registry) -> World {
    let world = World::empty();
    world.write("package.json", "{\"name\":\"pearl\",\"version\":\"1.0.0\",\"license\":\"MIT\"}\n");
    world.write("relay.toml", &format!("[[registry]]\nurl = \"{}\"\nrules = \"npm\"\n", registry.url()));
    std::fs::write(npmrc(&world), format!("; mine\nregistry={}\n", registry.url())).expect("an .npmrc");
    world.commit("feat: pearl");
    world
}

fn npmrc(world: &World) -> std::path::PathBuf {
    world.beside("home").join(".npmrc")
}

fn settings(world: &World) -> String {
    std::fs::read_to_string(npmrc(world)).expect("an .npmrc")
}

/// The session token that the person's `.npmrc` holds.
fn kept(world: &World) -> Option<String> {
    settings(world).lines().find_map(|line| Some(line.split_once(":_authToken=")?.1.to_owned()))
}

/// Completes a web login that relay waits for, and then waits for relay.
fn completed_as(registry: &Registry, child: Child, account: &str) -> Ran {
    let id = registry.runtime.block_on(registry.sandbox.next_login());
    assert!(registry.sandbox.approve_login(&id, account));
    ended(child)
}

fn ended(child: Child) -> Ran {
    Ran::from(child.wait_with_output().expect("an end"))
}

fn npm(world: &World, arguments: &[&str]) -> Ran {
    let client = tools().join("node_modules/npm/bin/npm-cli.js");
    world.run(Command::new(pinned_node()).arg(client).args(arguments).current_dir(world.repo()))
}

#[test]
fn a_session_that_relay_begins_is_npms_too_and_ends_with_a_logout() {
    let registry = Registry::with_pages();
    let mut world = visitor(&registry);
    world.relay(&["auth", "status"]).ended_with(1);

    let ran = completed_as(&registry, world.start(&["auth", "login"]), ACCOUNT).ended_with(0);
    assert!(ran.stderr.contains("/login/cli/"), "the address is printed without a terminal too: {}", ran.stderr);
    assert!(ran.stderr.contains("Logged in as `captain`") && ran.stderr.contains("`~/.npmrc`"), "{}", ran.stderr);
    assert!(settings(&world).starts_with("; mine\n"), "{}", settings(&world));
    let token = kept(&world).expect("a token");
    world.guard(&token);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(npmrc(&world)).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    assert_eq!(npm(&world, &["whoami"]).ended_with(0).stdout.trim(), ACCOUNT);

    let status = world.relay(&["auth", "status", "--json"]).ended_with(0);
    let status: serde_json::Value = serde_json::from_str(&status.stdout).expect("JSON");
    let here = &status["registries"][0];
    assert_eq!((here["state"].as_str(), here["account"].as_str()), (Some("session"), Some(ACCOUNT)), "{status}");
    assert_eq!(here["two_factor"], "login-and-writes");
    assert!(here["ends"].is_string(), "relay began it and knows since when it lasts: {status}");

    world.relay(&["auth", "logout"]).ended_with(0);
    assert_eq!(kept(&world), None);
    assert_eq!(settings(&world), format!("; mine\nregistry={}\n", registry.url()));
    // The registry has forgotten it as well.
    std::fs::write(
        npmrc(&world),
        format!("registry={0}\n{1}:_authToken=${{SESSION}}\n", registry.url(), key(&registry)),
    )
    .expect("an .npmrc");
    world.set("SESSION", &token);
    world.relay(&["auth", "status"]).ended_with(1);
    npm(&world, &["whoami"]).ended_with(1);
}

fn key(registry: &Registry) -> String {
    registry.url().trim_start_matches("http:").to_owned()
}

#[test]
fn a_session_that_npm_begins_is_relays_too() {
    let registry = Registry::with_pages();
    let world = visitor(&registry);
    let client = tools().join("node_modules/npm/bin/npm-cli.js");
    let mut login = Command::new(pinned_node());
    let login = world.prepare(login.arg(client).arg("login").current_dir(world.repo()));
    let login = login.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("npm starts");
    completed_as(&registry, login, ACCOUNT).ended_with(0);
    let ran = world.relay(&["auth", "status"]).ended_with(0);
    assert!(ran.stdout.contains("logged in by a session") && ran.stdout.contains(ACCOUNT), "{}", ran.stdout);
    assert!(ran.stdout.contains("begun by another program"), "{}", ran.stdout);
    world.relay(&["auth", "logout"]).ended_with(0);
    npm(&world, &["whoami"]).ended_with(1);
}

#[test]
fn a_login_that_is_denied_or_for_nobody_leaves_everything_as_it_was() {
    let registry = Registry::with_pages();
    let world = visitor(&registry);
    let before = settings(&world);
    let child = world.start(&["auth", "login"]);
    let id = registry.runtime.block_on(registry.sandbox.next_login());
    assert!(registry.sandbox.deny_login(&id));
    let ran = ended(child).ended_with(4);
    assert!(ran.stderr.contains("is over: it was denied in the browser"), "{}", ran.stderr);
    // Ctrl-C while it waits.
    let child = world.start(&["auth", "login"]);
    registry.runtime.block_on(registry.sandbox.next_login());
    world.interrupt(child).ended_with(130);
    assert_eq!(settings(&world), before);
}

#[test]
fn where_there_is_no_web_login_a_terminal_is_asked_for_name_and_password() {
    let options = SandboxOptions { rules: SandboxRules::Plain, ..SandboxOptions::default() };
    let registry = Registry::start(options, SecondFactor::None);
    let world = visitor(&registry);
    let ran = world.relay(&["auth", "login"]).ended_with(4);
    assert!(ran.stderr.contains("a name with its password was not given"), "{}", ran.stderr);
    let mut child = in_terminal(&world, "auth login");
    let mut keys = child.stdin.take().expect("its keys");
    let mut output = child.stdout.take().expect("its output");
    // Whoever types before the question sees it twice.
    let mut screen = read_until(&mut output, "Your name at");
    keys.write_all(b"captain\r").expect("keys");
    screen.extend(read_until(&mut output, "Password:"));
    keys.write_all(b"correct horse\r").expect("keys");
    output.read_to_end(&mut screen).expect("the rest of the screen");
    let screen = String::from_utf8_lossy(&screen);
    assert_eq!(child.wait().expect("an end").code(), Some(0), "{screen}");
    assert!(screen.contains("Logged in as `captain`") && !screen.contains("correct horse"), "{screen}");
    assert_eq!(npm(&world, &["whoami"]).ended_with(0).stdout.trim(), ACCOUNT);
}

/// The story that relay is for, with two commands: an account without a second factor, and a package that needs one.
#[test]
fn an_account_without_a_second_factor_gets_one_and_publishes() {
    let registry = with_a_newcomer();
    let world = visitor(&registry);

    // Turned on with relay: it logs in first, and waits until the page has it.
    let child = world.start(&["auth", "2fa"]);
    let id = registry.runtime.block_on(registry.sandbox.next_login());
    assert!(registry.sandbox.approve_login(&id, NEWCOMER));
    let ran = {
        // What relay waits for is seen when it has read the account once.
        registry.runtime.block_on(registry.sandbox.answered(|request| request.path.ends_with("/-/npm/v1/user")));
        assert!(registry.sandbox.set_second_factor(NEWCOMER, SecondFactor::Web));
        ended(child).ended_with(0)
    };
    assert!(ran.stderr.contains(&format!("settings/{NEWCOMER}/tfa")), "{}", ran.stderr);
    assert!(ran.stderr.contains("is on") && ran.stderr.contains("recovery codes"), "{}", ran.stderr);

    let child = in_terminal(&world, "publish --yes --no-browser");
    let challenge = registry.runtime.block_on(registry.sandbox.next_challenge());
    assert!(registry.sandbox.approve_challenge(&challenge.id));
    let output = child.wait_with_output().expect("an end");
    let screen = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{screen}");
    assert!(screen.contains("has a session"), "relay knows what it began itself: {screen}");
    assert_eq!(registry.committed(), ["pearl@1.0.0"]);
}

#[test]
fn an_account_without_a_second_factor_is_told_before_anything_is_sent() {
    let registry = with_a_newcomer();
    let world = visitor(&registry);
    completed_as(&registry, world.start(&["auth", "login"]), NEWCOMER).ended_with(0);
    let ran = world.relay(&["publish", "--yes"]).ended_with(1);
    assert!(ran.stderr.contains("`newcomer`") && ran.stderr.contains("has no second factor"), "{}", ran.stderr);
    assert!(ran.stderr.contains("`relay auth 2fa --registry"), "{}", ran.stderr);
    assert!(registry.sandbox.requests().iter().all(|request| request.method != "PUT"));
}

#[cfg(unix)]
#[test]
fn where_a_session_can_not_be_kept_no_login_begins() {
    let registry = Registry::with_pages();
    let world = visitor(&registry);
    // A link to nowhere is no file that can be written, whoever one is.
    std::fs::remove_file(npmrc(&world)).expect("gone");
    std::os::unix::fs::symlink(world.beside("home").join("nowhere"), npmrc(&world)).expect("a link");
    let ran = world.relay(&["auth", "login", "--registry", &registry.url()]).ended_with(1);
    assert!(ran.stderr.contains("can't be written") && ran.stderr.contains("npm_config_userconfig"), "{}", ran.stderr);
    assert_eq!(registry.sandbox.requests().len(), 0);
}

#[test]
fn a_status_needs_no_home() {
    let registry = Registry::with_pages();
    let world = visitor(&registry);
    let mut command = Command::new(env!("CARGO_BIN_EXE_relay"));
    let command = world.prepare(command.args(["auth", "status", "--registry", &registry.url()]));
    let output = command.env_remove("HOME").current_dir(world.repo()).output().expect("relay runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("not logged in"), "{said}");
}

#[test]
fn how_long_a_session_lasts_is_said_where_npms_rules_count() {
    let registry = Registry::with_pages();
    let world = visitor(&registry);
    std::fs::write(
        npmrc(&world),
        format!("registry={0}\n{1}:_authToken={2}\n", registry.url(), key(&registry), registry.session),
    )
    .expect("an .npmrc");
    let ran = world.relay(&["auth", "status"]).ended_with(0);
    assert!(ran.stdout.contains("it lasts 2 h"), "{}", ran.stdout);
    world.write("relay.toml", "");
    let ran = world.relay(&["auth", "status"]).ended_with(0);
    assert!(ran.stdout.contains("logged in by a session") && !ran.stdout.contains("lasts"), "{}", ran.stdout);
}

#[test]
fn ctrl_c_at_the_question_for_a_name_is_an_interruption() {
    let options = SandboxOptions { rules: SandboxRules::Plain, ..SandboxOptions::default() };
    let registry = Registry::start(options, SecondFactor::None);
    let world = visitor(&registry);
    for question in ["Your name at", "Password:"] {
        let mut child = in_terminal(&world, "auth login");
        let mut keys = child.stdin.take().expect("its keys");
        let mut output = child.stdout.take().expect("its output");
        let mut screen = read_until(&mut output, "Your name at");
        if question == "Password:" {
            keys.write_all(b"captain\r").expect("keys");
            screen.extend(read_until(&mut output, question));
        }
        keys.write_all(b"\x03").expect("a key");
        output.read_to_end(&mut screen).expect("the rest of the screen");
        let screen = String::from_utf8_lossy(&screen);
        assert_eq!(child.wait().expect("an end").code(), Some(130), "{screen}");
    }
}

#[test]
fn a_session_that_is_used_beside_a_token_is_ended_afterwards() {
    let registry = Registry::with_pages();
    let world = visitor(&registry);
    let text = format!("registry={0}\n{1}:_authToken={2}\n", registry.url(), key(&registry), registry.bypass);
    std::fs::write(npmrc(&world), &text).expect("an .npmrc");
    let ran = completed_as(&registry, world.start(&["auth", "2fa"]), ACCOUNT).ended_with(0);
    assert!(ran.stderr.contains("ended afterwards"), "{}", ran.stderr);
    assert_eq!(settings(&world), text, "the token stays");
    let requests = registry.sandbox.requests();
    let ended = requests.last().expect("requests");
    assert_eq!((ended.method.as_str(), ended.path.starts_with("/-/user/token/")), ("DELETE", true), "{}", ended.path);
}

//! `relay auth token create`.

use std::fmt::Write as _;
use std::io::Read as _;

use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use relay_engine::account::guarded::{GuardedWrite, guarded};
use relay_engine::second_factor::SecondFactorSession;
use relay_registry::struck_out;
use relay_registry::{CreatedToken, NpmCommand, RegistryUrl, TokenWish, default_registry};
use relay_workspace::PackageName;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;

use super::super::account::Account;
use super::super::person::AtTerminal;
use super::super::session::AccountSession;
use super::wish::{kind, variable, wishes};
use super::{BYPASS_ENDS, BYPASS_WAY_OUT, explain, today};
use crate::cli::auth::token::CreateArgs;
use crate::context::Context;
use crate::error::{CliError, ErrorKind};
use crate::exit::Exit;
use crate::stop::StopRequests;
use crate::ui::{json_line, plural};

/// The longest password that is read from stdin, in bytes.
const PASSWORD_BYTES_MAX: u64 = 4096;

/// The document `relay.token-created/1`.
#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    registry: &'a RegistryUrl,
    tokens: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    key: &'a str,
    name: &'a str,
    variable: &'a str,
    kind: relay_config::CredentialKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<Date>,
    packages: &'a [String],
    scopes: &'a [String],
    token: &'a str,
}

/// A token that was made, and what belongs to it.
struct Made {
    wish: TokenWish,
    variable: String,
    expires: Option<Date>,
    token: CreatedToken,
}

/// Runs the command.
pub(super) async fn run(context: &Context, args: &CreateArgs) -> Result<Exit, CliError> {
    let ui = &context.ui;
    let account = Account::open(context, args.place.registry.as_deref())?;
    let registry = account.registry("token create NAME")?;
    let today = today();
    let workspace = if args.workspace { published(&account, &registry)? } else { Vec::new() };
    let wishes = wishes(args, &workspace, today)?;
    // What can't be shown is not made: nobody could ever use it.
    if !(args.print || args.json || ui.settings().data_terminal) {
        return Err(CliError::usage("stdout is no terminal, and the secret is shown there once")
            .hint("say `--print` to have it there all the same, as `VARIABLE=SECRET`, or `--json`")
            .code("relay::auth::no_place_for_secret"));
    }
    if wishes.len() > 1 {
        ui.status(format!(
            "A token names at most {} packages and scopes: this makes {}",
            relay_registry::TOKEN_PACKAGES_MAX,
            plural(wishes.len(), "token")
        ));
    }
    if wishes.iter().any(|wish| wish.bypass && wish.permission == relay_registry::TokenPermission::Write) {
        ui.warning(BYPASS_ENDS);
        ui.hint(BYPASS_WAY_OUT);
    }
    let session = AccountSession::open(context, &account, &registry, !args.place.no_browser).await?;
    let (made, failure) = match password(context, args, &session.profile.name, &registry).await {
        Ok(password) => make(context, args, &account, &session, &registry, &wishes, &password, today).await,
        Err(error) => (Vec::new(), Some(error)),
    };
    session.close(context, &account).await;
    tell(context, args, &registry, &made)?;
    match failure {
        None => Ok(Exit::Done),
        Some(error) if made.is_empty() => Err(error),
        Some(error) => {
            ui.error(&error.hint(format!(
                "{} of {} were made and are shown above; run the command again for the rest, with a name of its own",
                made.len(),
                wishes.len()
            )));
            Ok(Exit::Partial)
        }
    }
}

/// The packages of the workspace that are published at a registry.
fn published(account: &Account, registry: &RegistryUrl) -> Result<Vec<PackageName>, CliError> {
    let workspace = account.workspace.as_ref().ok_or_else(|| {
        CliError::usage("`--workspace`: there is no workspace here").hint("go into one, or say `--cwd DIR`")
    })?;
    let mut names = Vec::new();
    for package in workspace.packages.iter().filter(|package| !package.private) {
        let in_manifest = package.manifest.fields().get("publishConfig");
        let choice = account.npm.registry_for(&package.name, in_manifest).map_err(crate::error::engine::npm)?;
        if choice.url == *registry {
            names.push(package.name.clone());
        }
    }
    if names.is_empty() {
        return Err(CliError::user(format!("no package of the workspace is published at {registry}"))
            .hint("say `--registry URL`, or name packages by `--package`"));
    }
    Ok(names)
}

/// The account's password, which npm's registry wants for each token beside the second factor.
async fn password(
    context: &Context,
    args: &CreateArgs,
    name: &str,
    registry: &RegistryUrl,
) -> Result<SecretString, CliError> {
    let (ui, from_stdin) = (context.ui.clone(), args.password_stdin);
    let question = format!("Password of `{name}` at {registry}:");
    let asked = tokio::task::spawn_blocking(move || {
        if from_stdin {
            let mut text = String::new();
            let read = std::io::stdin().take(PASSWORD_BYTES_MAX).read_to_string(&mut text);
            let text = SecretString::from(text.trim_end_matches(['\r', '\n']).to_owned());
            return read.map(|_| Some(text)).map_err(|error| {
                CliError::of(ErrorKind::User, &error).context("the password can't be read from stdin")
            });
        }
        ui.ask_secret(&question)
    });
    let given = asked.await.map_err(|error| CliError::internal(error.to_string()))?;
    let given = given.map_err(|error| match error.kind() {
        ErrorKind::Parked => {
            CliError::new(ErrorKind::Parked, "the registry wants the account's password for a new token")
                .hint("run the command in a terminal, or say `--password-stdin`")
                .code("relay::auth::no_password")
        }
        _ => error,
    })?;
    given.filter(|password| !password.expose_secret().is_empty()).ok_or_else(|| {
        CliError::new(ErrorKind::Parked, "no password was given, and without it no token is made")
            .code("relay::auth::no_password")
    })
}

/// Makes the tokens one after the other, in one sitting; those before a failure are there.
#[expect(clippy::too_many_arguments, reason = "what the command has read so far")]
async fn make(
    context: &Context,
    args: &CreateArgs,
    account: &Account,
    session: &AccountSession,
    registry: &RegistryUrl,
    wishes: &[TokenWish],
    password: &SecretString,
    today: Date,
) -> (Vec<Made>, Option<CliError>) {
    let ui = &context.ui;
    let person = AtTerminal { ui: ui.clone(), registry: registry.clone(), browser: !args.place.no_browser };
    let mut factor = SecondFactorSession::begin(true, account.npm.otp());
    let mut made = Vec::new();
    let stop = match StopRequests::listen() {
        Ok(stop) => stop,
        Err(error) => return (made, Some(error)),
    };
    for (at, wish) in wishes.iter().enumerate() {
        let what = format!("create the token `{}`", wish.name);
        let write = GuardedWrite { what: &what, registry, credential: &session.credential, command: NpmCommand::Token };
        let client = &account.client;
        let sending = guarded(write, &mut factor, &person, client, async |otp| {
            client.create_token(registry, &session.credential, wish, password, otp).await
        });
        let token = match stop.or(sending).await {
            Ok(Ok(token)) => token,
            Ok(Err(failure)) => return (made, Some(explain(&failure, registry, &what))),
            Err(stopped) => return (made, Some(stopped)),
        };
        let number = (wishes.len() > 1).then_some(at + 1);
        let told = token.entry.expires.map(|end| end.to_zoned(TimeZone::UTC).date());
        let counted = || wish.days.and_then(|days| today.checked_add(i64::from(days).days()).ok());
        made.push(Made {
            variable: variable(args.env.as_deref(), wish, number),
            expires: told.or_else(counted),
            wish: wish.clone(),
            token,
        });
    }
    (made, None)
}

/// Shows the secrets, this once, and what belongs into `relay.toml`.
fn tell(context: &Context, args: &CreateArgs, registry: &RegistryUrl, made: &[Made]) -> Result<(), CliError> {
    if made.is_empty() {
        return Ok(());
    }
    let ui = &context.ui;
    if args.json {
        let tokens = made.iter().map(|one| Entry {
            key: &one.token.entry.key,
            name: &one.wish.name,
            variable: &one.variable,
            kind: kind(&one.wish),
            expires: one.expires,
            packages: &one.wish.packages,
            scopes: &one.wish.scopes,
            token: one.token.secret.expose_secret(),
        });
        ui.json(&json_line(&Document { schema: "relay.token-created/1", registry, tokens: tokens.collect() })?);
    } else {
        for one in made {
            ui.data(format!("{}={}", one.variable, one.token.secret.expose_secret()));
        }
    }
    // From here on they are said nowhere any more.
    for one in made {
        struck_out::know(&one.token.secret);
    }
    let names: Vec<String> = made.iter().map(|one| format!("`{}`", one.wish.name)).collect();
    ui.status(format!(
        "Created {} at {registry}: {}; the secret is not shown again",
        plural(made.len(), "token"),
        names.join(", ")
    ));
    let mut lines = String::new();
    for one in made {
        lines.push_str(&toml_lines(one, registry));
    }
    ui.status(format!("What belongs into `relay.toml`, with the variable set where relay publishes:\n\n{lines}"));
    Ok(())
}

/// The lines of `relay.toml` that declare a token.
fn toml_lines(made: &Made, registry: &RegistryUrl) -> String {
    let quoted = |names: &mut dyn Iterator<Item = String>| {
        names.map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
    };
    let mut text = format!("[[credential]]\nenv = \"{}\"\nkind = \"{}\"\n", made.variable, kind(&made.wish).as_str());
    // Writing to a String never fails.
    if !made.wish.packages_all {
        let scopes = made.wish.scopes.iter().map(|scope| format!("{scope}/*"));
        let names = quoted(&mut made.wish.packages.iter().cloned().chain(scopes));
        let _infallible = writeln!(text, "packages = [{names}]");
    }
    if let Some(expires) = made.expires {
        let _infallible = writeln!(text, "expires = {expires}");
    }
    if *registry != default_registry() {
        let _infallible = writeln!(text, "registry = \"{registry}\"");
    }
    text.push('\n');
    text
}

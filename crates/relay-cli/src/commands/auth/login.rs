//! `relay auth login`.

use std::sync::Arc;

use relay_engine::account::login::{LoggedIn, LoginFailure, LoginWish, log_in};
use relay_engine::account::sessions::SESSION_LIFETIME;
use relay_engine::event::Clock as _;
use relay_registry::npmrc::keeping;
use relay_registry::{Credential, NpmConfig, Refusal, RegistryUrl};
use relay_values::CredentialId;
use secrecy::{ExposeSecret as _, SecretString};

use super::account::Account;
use super::person::AtTerminal;
use crate::cli::auth::LoginArgs;
use crate::context::Context;
use crate::error::{CliError, ErrorKind};
use crate::exit::Exit;
use crate::stop::StopRequests;
use crate::ui::human_span;
use crate::wall_clock::WallClock;

/// A scope as npm has it: `@` and what a name may have.
const SCOPE_RULE: &str = "a scope is `@` and a name, such as `@acme`";

/// Runs the command.
pub(super) async fn run(context: &Context, args: &LoginArgs) -> Result<Exit, CliError> {
    let scope = args.scope.as_deref().map(scope_of).transpose()?;
    let account = Account::open(context, args.registry.as_deref())?;
    let registry = account.registry("login")?;
    account.check_writable()?;
    let session = begin(context, &account, &registry, Wishes { web: !args.legacy, browser: !args.no_browser }).await?;
    keep_or_end(context, &account, &session, scope.as_deref()).await?;
    let profile = account.client.profile(&registry, &session.credential).await.ok().flatten();
    let who = match &profile {
        Some(profile) => Some(profile.name.clone()),
        // Registries other than npm's have no profiles.
        None => account.client.whoami(&registry, &session.credential).await.ok().flatten(),
    };
    let ui = &context.ui;
    let who = who.map_or_else(String::new, |name| format!(" as `{name}`"));
    ui.status(format!("Logged in{who} at {registry}; the session is kept in `{}`", account.file_shown()));
    let npm = account.settings(context)?;
    warn_of_another(context, &npm, &session);
    if let Some(profile) = profile.filter(|_| account.follows_npm(&registry)) {
        ui.status(format!(
            "npm's sessions last {}; `relay auth status` tells how much is left",
            human_span(SESSION_LIFETIME)
        ));
        if !profile.two_factor.is_on() {
            ui.warning("the account has no second factor, and npm publishes nothing for it so");
            ui.hint("turn it on: `relay auth 2fa`");
        }
    }
    Ok(Exit::Done)
}

/// How a login is wanted.
#[derive(Clone, Copy)]
pub(super) struct Wishes {
    /// In the browser where the registry offers it.
    pub(super) web: bool,
    /// relay opens it.
    pub(super) browser: bool,
}

/// A session that was begun just now.
pub(super) struct NewSession {
    /// By which it is used.
    pub(super) credential: Credential,
    /// Its token.
    pub(super) token: SecretString,
    /// The registry's web site, where the login showed it.
    pub(super) website: Option<String>,
}

/// Logs in; nothing is kept yet.
pub(super) async fn begin(
    context: &Context,
    account: &Account,
    registry: &RegistryUrl,
    wishes: Wishes,
) -> Result<NewSession, CliError> {
    if !account.npm.is_named_by_person(registry) {
        context.ui.warning(format!(
            "{registry} is named by files of this checkout, and not by your own settings: log in there only if you know it"
        ));
    }
    let person = AtTerminal { ui: context.ui.clone(), registry: registry.clone(), browser: wishes.browser };
    let credential = account.npm.credential_for(registry).filter(|credential| !credential.is_withheld());
    let web = wishes.web && account.npm.get("auth-type") != Some("legacy");
    let wish = LoginWish { registry, credential: credential.as_ref(), web, clock: Arc::new(WallClock) };
    let stop = StopRequests::listen()?;
    let LoggedIn { token, website } =
        stop.or(log_in(&wish, &account.client, &person)).await?.map_err(|failure| explain(&failure))?;
    let id = CredentialId::made(registry.clone(), "the login just now");
    Ok(NewSession { credential: Credential::new_bearer(token.clone(), id), token, website })
}

/// Keeps a session where npm keeps it, and remembers since when it lasts.
fn keep(context: &Context, account: &Account, session: &NewSession, scope: Option<&str>) -> Result<(), CliError> {
    let registry = session.credential.registry();
    let text = account.text()?;
    let mut text = keeping::with_token(text.expose_secret(), registry, &session.token);
    if let Some(scope) = scope {
        text = SecretString::from(keeping::with_scope(text.expose_secret(), scope, registry));
    }
    account.write(&text)?;
    let mut sessions = account.sessions();
    sessions.remember(&session.credential, WallClock.now(), session.website.clone());
    if let Err(error) = account.remember(&sessions) {
        context.ui.warning(format!("relay can't remember since when the session lasts: {error}"));
    }
    Ok(())
}

/// Keeps a session; one that can't be kept is ended at the registry, so that none lives on that nobody has.
pub(super) async fn keep_or_end(
    context: &Context,
    account: &Account,
    session: &NewSession,
    scope: Option<&str>,
) -> Result<(), CliError> {
    let Err(error) = keep(context, account, session, scope) else { return Ok(()) };
    let registry = session.credential.registry();
    let ended = account.client.log_out(registry, &session.credential).await;
    let error = error.context(format!("you were logged in at {registry}, and the session could not be kept"));
    Err(if matches!(ended, Ok(true)) {
        error.hint("the session was ended at the registry again; log in once the file can be written")
    } else {
        error.hint("the session could not be ended either: revoke it on the registry's web site, under access tokens")
    })
}

/// Ends a session that is kept nowhere. Where that can't be done it ends by itself, which is said.
pub(super) async fn end(context: &Context, account: &Account, credential: &Credential) {
    let registry = credential.registry();
    if !matches!(account.client.log_out(registry, credential).await, Ok(true)) {
        context.ui.warning(format!(
            "the session that was used just now could not be ended at {registry}; revoke it on the web site, or let it expire"
        ));
    }
}

/// Another setting may go before the one that was written.
fn warn_of_another(context: &Context, npm: &NpmConfig, session: &NewSession) {
    let in_force = npm.credential_for(session.credential.registry());
    if let Some(other) = in_force.filter(|other| !other.is_same(&session.credential)) {
        context
            .ui
            .warning(format!("the credential from {} goes before this session and is used in its place", other.id()));
        context.ui.hint("remove it there to use the session");
    }
}

fn scope_of(text: &str) -> Result<String, CliError> {
    let name = text.strip_prefix('@').unwrap_or(text);
    let fits = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte));
    if fits { Ok(format!("@{name}")) } else { Err(CliError::usage(format!("`--scope`: {SCOPE_RULE}"))) }
}

/// A failed login as a person is told of it.
pub(super) fn explain(failure: &LoginFailure) -> CliError {
    match failure {
        LoginFailure::Registry { error: relay_registry::LoginError::Refused(refusal), .. } => refused(failure, refusal),
        LoginFailure::Registry { .. } => CliError::of(ErrorKind::User, failure)
            .hint("check the registry's address, the network and its settings in `.npmrc`")
            .code("relay::auth::failed"),
        LoginFailure::Expired { .. } | LoginFailure::Over { .. } | LoginFailure::Skipped { .. } => {
            CliError::of(ErrorKind::Parked, failure)
                .hint("run `relay auth login` again; a registry without a login page needs a terminal")
                .code("relay::auth::nobody_there")
        }
        LoginFailure::Interrupted { .. } => CliError::of(ErrorKind::Interrupted, failure).code("relay::interrupted"),
        LoginFailure::CodesRefused { .. } => CliError::of(ErrorKind::User, failure)
            .hint("wait for a fresh code; check the clock of the machine that shows it")
            .code("relay::auth::codes_refused"),
    }
}

fn refused(failure: &LoginFailure, refusal: &Refusal) -> CliError {
    let error = CliError::of(ErrorKind::User, failure).code("relay::auth::refused");
    match refusal.status {
        401 | 403 => error.hint("check name and password; passwords that a browser keeps are those of the web site"),
        429 => error.hint("the registry asks for a pause: wait some minutes, then try once"),
        _ => error.hint("check the registry's address: `relay auth login --registry URL`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_taken_with_and_without_its_sign() {
        assert_eq!(scope_of("@acme").unwrap(), "@acme");
        assert_eq!(scope_of("acme").unwrap(), "@acme");
        for wrong in ["", "@", "@a/b", "a b", "@a=b", "@a\n"] {
            assert!(scope_of(wrong).is_err(), "{wrong}");
        }
    }
}

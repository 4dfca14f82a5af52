//! `relay auth token`: what its commands share.

mod create;
mod list;
mod revoke;
mod wish;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use relay_config::CredentialKind;
use relay_engine::account::guarded::GuardedFailure;
use relay_engine::event::Clock as _;
use relay_registry::{Credential, RegistryUrl, TokenEntry, TokenList};

use super::account::Account;
use super::session::{AccountSession, unreadable};
use crate::cli::auth::token::{TokenArgs, TokenCommand};
use crate::context::Context;
use crate::error::{CliError, ErrorKind};
use crate::exit::Exit;
use crate::wall_clock::WallClock;

/// From how many days before its end a token is warned of.
const WARNING_DAYS: i32 = 14;

/// What is said of each token that bypasses the second factor while it publishes.
pub(super) const BYPASS_ENDS: &str =
    "npm ends direct publishing by tokens that bypass the second factor in January 2027";
/// The way out of it.
pub(super) const BYPASS_WAY_OUT: &str = "the way out: a trusted publisher in CI, or `relay auth token create NAME \
     --workspace --permission stage-only` with a person who approves";

/// Runs the command.
pub(super) async fn run(context: &Context, args: &TokenArgs) -> Result<Exit, CliError> {
    match &args.command {
        TokenCommand::Create(args) => create::run(context, args).await,
        TokenCommand::List(args) => list::run(context, args).await,
        TokenCommand::Revoke(args) => revoke::run(context, args).await,
    }
}

/// Today, in UTC.
fn today() -> Date {
    WallClock.now().to_zoned(TimeZone::UTC).date()
}

/// How many days a day is away; below zero it is past.
fn days_until(day: Date, today: Date) -> i32 {
    today.until(day).map_or(0, |span| span.get_days())
}

/// What kind a listed token is, in the words of `relay.toml`. A session reaches everything and names nothing.
fn kind_of(entry: &TokenEntry) -> CredentialKind {
    match entry {
        TokenEntry { stage_only: true, .. } => CredentialKind::GranularStage,
        TokenEntry { bypass: true, .. } => CredentialKind::GranularBypass,
        TokenEntry { name: None, .. } => CredentialKind::Session,
        _ => CredentialKind::Granular,
    }
}

/// What one is called to people: its name, else its key.
fn called(entry: &TokenEntry) -> String {
    match &entry.name {
        Some(name) => format!("`{name}` ({})", entry.key),
        None => format!("`{}`", entry.key),
    }
}

/// The list of a session's tokens.
async fn listed(
    account: &Account,
    session: &AccountSession,
    registry: &RegistryUrl,
) -> Result<Vec<TokenEntry>, CliError> {
    match account.client.tokens(registry, &session.credential).await.map_err(|error| unreadable(&error))? {
        TokenList::Listed(tokens) => Ok(tokens),
        TokenList::NeedsSession => Err(CliError::user(format!("{registry} shows no tokens to this session"))
            .hint(format!(
                "log in anew: `relay auth logout --registry {registry}`, `relay auth login --registry {registry}`"
            ))
            .code("relay::auth::no_session")),
        TokenList::NotOffered => Err(not_offered(registry)),
    }
}

/// A registry without granular tokens.
fn not_offered(registry: &RegistryUrl) -> CliError {
    CliError::user(format!("{registry} offers no tokens to manage: granular tokens are npm's"))
        .hint("make one on the registry's web site, and name its variable in a `[[credential]]` of `relay.toml`")
        .code("relay::auth::tokens_not_offered")
}

/// A write about a token that was not done.
fn explain(failure: &GuardedFailure, registry: &RegistryUrl, what: &str) -> CliError {
    let error = |kind| CliError::of(kind, failure).context(format!("could not {what} at {registry}"));
    match failure {
        GuardedFailure::Refused(refusal) if matches!(refusal.status, 404 | 405 | 501) => not_offered(registry),
        GuardedFailure::Refused(refusal) => {
            let error = error(ErrorKind::User).code("relay::auth::refused");
            match refusal.status {
                401 | 403 => error.hint("check the password; the session must be the account's own, and not a token"),
                400 => error.hint("correct what the registry names, and run the command again"),
                _ => error,
            }
        }
        GuardedFailure::Paused(_) => {
            error(ErrorKind::Parked).hint("wait some minutes, then run the command again").code("relay::auth::paused")
        }
        GuardedFailure::Unknown(_) => error(ErrorKind::User)
            .hint("`relay auth token list` shows whether it was done; revoke a token there whose secret nobody has")
            .code("relay::auth::unknown"),
        GuardedFailure::NotSent(_) => error(ErrorKind::User)
            .hint("check the network and the registry's address, and try again")
            .code("relay::auth::not_sent"),
        GuardedFailure::Unanswered(_) => error(ErrorKind::Parked)
            .hint("run the command again and answer the second factor; `relay auth 2fa` tells whether there is one")
            .code("relay::auth::unanswered"),
        GuardedFailure::Interrupted => error(ErrorKind::Interrupted).code("relay::interrupted"),
    }
}

/// Which of the credentials here a listed token is.
fn here<'c>(entry: &TokenEntry, credentials: &'c [Credential]) -> Vec<&'c Credential> {
    credentials.iter().filter(|credential| entry.is_of(credential)).collect()
}

//! `relay auth status`.

use jiff::{SignedDuration, Timestamp};
use relay_engine::account::sessions::{SESSION_LIFETIME, Sessions};
use relay_engine::event::Clock as _;
use relay_registry::{RegistryUrl, TwoFactor};
use serde::Serialize;

use super::account::Account;
use crate::cli::auth::StatusArgs;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::ui::{columns, human_span, json_line};
use crate::wall_clock::WallClock;

/// The document `relay.auth-status/1`.
#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    registries: &'a [Standing],
}

/// How a person stands at one registry.
#[derive(Serialize)]
struct Standing {
    registry: RegistryUrl,
    state: State,
    /// Where the credential comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    credential: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    two_factor: Option<&'static str>,
    /// Since when the session lasts, where relay began it.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ends: Option<Timestamp>,
    /// Whether npm's word on how long a session lasts counts here.
    #[serde(skip)]
    lasts_two_hours: bool,
    /// What is in the way, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    /// By a session: the registry shows it the profile.
    Session,
    /// By a token of another kind, or at a registry without profiles.
    Token,
    /// The registry does not know the credential.
    Dead,
    /// There is no credential.
    NotLoggedIn,
    /// The registry can't be asked.
    Unknown,
}

/// Runs the command.
pub(super) async fn run(context: &Context, args: &StatusArgs) -> Result<Exit, CliError> {
    let account = Account::open(context, args.registry.as_deref())?;
    let sessions = account.sessions();
    let mut standings = Vec::new();
    for registry in account.registries()? {
        standings.push(look(&account, &sessions, registry).await);
    }
    let ui = &context.ui;
    if args.json {
        ui.json(&json_line(&Document { schema: "relay.auth-status/1", registries: &standings })?);
    } else {
        let now = WallClock.now();
        let texts: Vec<String> = standings.iter().map(|standing| render(standing, now)).collect();
        ui.data(texts.join("\n"));
        for standing in &standings {
            match standing.state {
                State::NotLoggedIn | State::Dead => {
                    ui.hint(format!("log in: `relay auth login --registry {}`", standing.registry));
                }
                State::Session if standing.two_factor == Some("off") => {
                    ui.hint(format!("turn the second factor on: `relay auth 2fa --registry {}`", standing.registry));
                }
                _ => {}
            }
        }
    }
    let all = standings.iter().all(|standing| matches!(standing.state, State::Session | State::Token));
    Ok(if all { Exit::Done } else { Exit::Failed })
}

async fn look(account: &Account, sessions: &Sessions, registry: RegistryUrl) -> Standing {
    let mut standing = Standing {
        state: State::NotLoggedIn,
        credential: None,
        account: None,
        two_factor: None,
        since: None,
        ends: None,
        lasts_two_hours: false,
        problems: account.npm.problems_for(&registry),
        registry,
    };
    let Some(credential) = account.npm.credential_for(&standing.registry) else { return standing };
    standing.credential = Some(credential.id().to_string());
    let (client, registry) = (&account.client, &standing.registry);
    let (who, profile) = tokio::join!(client.whoami(registry, &credential), client.profile(registry, &credential));
    match who {
        Ok(Some(name)) => {
            standing.state = State::Token;
            standing.account = Some(name);
        }
        Ok(None) => standing.state = State::Dead,
        Err(error) => {
            standing.state = State::Unknown;
            standing.problems.push(error.to_string());
        }
    }
    if let Ok(Some(profile)) = profile {
        standing.state = State::Session;
        standing.account = Some(profile.name);
        standing.two_factor = Some(match profile.two_factor {
            TwoFactor::Off => "off",
            TwoFactor::Pending => "pending",
            TwoFactor::LoginOnly => "login-only",
            TwoFactor::LoginAndWrites => "login-and-writes",
        });
    }
    standing.lasts_two_hours = standing.state == State::Session && account.follows_npm(registry);
    if !standing.lasts_two_hours {
        // How long others' sessions last, nobody has said.
        return standing;
    }
    standing.since = sessions.since(&credential);
    let lifetime = SignedDuration::try_from(SESSION_LIFETIME).unwrap_or_default();
    standing.ends = standing.since.and_then(|since| since.checked_add(lifetime).ok());
    standing
}

fn render(standing: &Standing, now: Timestamp) -> String {
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut row = |name: &str, value: String| rows.push(vec![format!("  {name}"), value]);
    let state = match standing.state {
        State::Session => "logged in by a session",
        State::Token => "known by a token",
        State::Dead => "the registry does not know the credential: it expired or was revoked",
        State::NotLoggedIn => "not logged in",
        State::Unknown => "not known: the registry can't be asked",
    };
    row("state", state.to_owned());
    if let Some(name) = &standing.account {
        row("account", name.clone());
    }
    if let Some(credential) = &standing.credential {
        row("credential", credential.clone());
    }
    if let Some(ends) = standing.ends {
        row("session", until(ends, now));
    } else if standing.lasts_two_hours {
        row("session", format!("begun by another program: it lasts {} from then", human_span(SESSION_LIFETIME)));
    }
    match standing.two_factor {
        Some("off" | "pending") => row("second factor", "off: npm publishes nothing for this account".to_owned()),
        Some("login-only") => row("second factor", "on, for logins; npm asks for it at publishing too".to_owned()),
        Some(_) => row("second factor", "on".to_owned()),
        None => {}
    }
    for problem in &standing.problems {
        row("problem", problem.clone());
    }
    format!("{}\n{}", standing.registry, columns(&rows))
}

fn until(ends: Timestamp, now: Timestamp) -> String {
    let at = ends.strftime("%H:%M UTC");
    match std::time::Duration::try_from(ends.duration_since(now)) {
        Ok(left) if !left.is_zero() => format!("ends at {at}, in {}", human_span(left)),
        _ => format!("ended at {at}, two hours after it began"),
    }
}

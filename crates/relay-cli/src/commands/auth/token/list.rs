//! `relay auth token list`.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use relay_config::CredentialKind;
use relay_engine::account::sessions::ToldToken;
use relay_registry::{Credential, RegistryUrl, TokenEntry};
use serde::Serialize;

use super::super::account::Account;
use super::super::session::AccountSession;
use super::{BYPASS_ENDS, BYPASS_WAY_OUT, WARNING_DAYS, called, days_until, here, kind_of, listed, today};
use crate::cli::auth::token::ListArgs;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::ui::{columns, json_line, plural};

/// How many characters of a key are shown at least.
const KEY_CHARS_MIN: usize = 6;
/// How many of the names that a token reaches are shown.
const NAMES_SHOWN: usize = 3;

/// The document `relay.tokens/1`.
#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    registry: &'a RegistryUrl,
    account: &'a str,
    tokens: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    key: &'a str,
    token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    kind: CredentialKind,
    read_only: bool,
    bypass_2fa: bool,
    stage_only: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    accessed: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<Timestamp>,
    revoked: bool,
    cidr: &'a [String],
    covers: Vec<Cover<'a>>,
    /// Which of the credentials here it is.
    here: Vec<String>,
    /// What is to be heeded about it.
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct Cover<'a> {
    kind: &'a str,
    name: Option<&'a str>,
}

/// Runs the command.
pub(super) async fn run(context: &Context, args: &ListArgs) -> Result<Exit, CliError> {
    let account = Account::open(context, args.place.registry.as_deref())?;
    let registry = account.registry("token list")?;
    let session = AccountSession::open(context, &account, &registry, !args.place.no_browser).await?;
    let tokens = listed(&account, &session, &registry).await;
    let name = session.profile.name.clone();
    session.close(context, &account).await;
    let tokens = tokens?;
    let (today, ui) = (today(), &context.ui);
    let at_hand = account.at_hand(&registry);
    remember(context, &account, &tokens, &at_hand, today);
    if args.json {
        let tokens = tokens.iter().map(|one| entry(one, &at_hand, today));
        let document =
            Document { schema: "relay.tokens/1", registry: &registry, account: &name, tokens: tokens.collect() };
        ui.json(&json_line(&document)?);
        return Ok(Exit::Done);
    }
    if tokens.is_empty() {
        ui.status(format!("`{name}` has no tokens at {registry}"));
        return Ok(Exit::Done);
    }
    ui.data(table(&tokens, &at_hand, today));
    let mut bypass = false;
    for one in &tokens {
        for warning in warnings(one, today) {
            bypass |= warning == BYPASS_ENDS;
            ui.warning(format!("the token {}: {warning}", called(one)));
        }
    }
    if bypass {
        ui.hint(BYPASS_WAY_OUT);
    }
    for credential in at_hand.iter().filter(|credential| !tokens.iter().any(|one| one.is_of(credential))) {
        ui.status(format!(
            "The credential from {} is none of these: it is another account's, or it ended or was revoked",
            credential.id()
        ));
    }
    Ok(Exit::Done)
}

/// What the list tells of the tokens here, for the plans to come. Only what is told of one token alone is remembered.
fn remember(context: &Context, account: &Account, tokens: &[TokenEntry], at_hand: &[Credential], today: Date) {
    let mut sessions = account.sessions();
    let mut changed = false;
    for credential in at_hand {
        let mut matching = tokens.iter().filter(|entry| entry.is_of(credential));
        let (Some(entry), None) = (matching.next(), matching.next()) else { continue };
        if entry.name.is_none() {
            continue;
        }
        let expires = entry.expires.map(day_of);
        sessions.remember_token(credential, ToldToken { kind: kind_of(entry), expires, on: today });
        changed = true;
    }
    if changed && let Err(error) = account.remember(&sessions) {
        context.ui.warning(format!("relay can't remember what the list tells of the tokens here: {error}"));
    }
}

fn day_of(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

fn entry<'a>(one: &'a TokenEntry, at_hand: &[Credential], today: Date) -> Entry<'a> {
    Entry {
        key: &one.key,
        token: &one.shown,
        name: one.name.as_deref(),
        description: one.description.as_deref(),
        kind: kind_of(one),
        read_only: one.read_only,
        bypass_2fa: one.bypass,
        stage_only: one.stage_only,
        created: one.created,
        accessed: one.accessed,
        expires: one.expires,
        revoked: one.revoked,
        cidr: &one.cidr,
        covers: one.covers.iter().map(|cover| Cover { kind: &cover.kind, name: cover.name.as_deref() }).collect(),
        here: here(one, at_hand).iter().map(|credential| credential.id().to_string()).collect(),
        warnings: warnings(one, today),
    }
}

/// What is to be heeded about a token. A session ends within hours, which needs no warning.
fn warnings(one: &TokenEntry, today: Date) -> Vec<String> {
    let mut warnings = Vec::new();
    if kind_of(one) == CredentialKind::Session {
        return warnings;
    }
    if one.revoked {
        warnings.push("it was revoked".to_owned());
        return warnings;
    }
    if let Some(day) = one.expires.map(day_of) {
        match days_until(day, today) {
            left if left < 0 => warnings.push(format!("it expired on {day}")),
            0 => warnings.push(format!("it expires today, {day}")),
            left if left <= WARNING_DAYS => {
                let days = plural(usize::try_from(left).unwrap_or_default(), "day");
                warnings.push(format!("it expires on {day}, in {days}: make its successor, then revoke it"));
            }
            _ => {}
        }
    }
    if one.bypass && !one.read_only && !one.stage_only {
        warnings.push(BYPASS_ENDS.to_owned());
    }
    warnings
}

fn table(tokens: &[TokenEntry], at_hand: &[Credential], today: Date) -> String {
    let heading = ["KEY", "NAME", "KIND", "MAY", "REACHES", "ENDS", "USED", "HERE"];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    let width = key_width(tokens);
    for one in tokens {
        let ends = one.expires.map(day_of).map_or_else(
            || "never".to_owned(),
            |day| if days_until(day, today) < 0 { format!("{day} (over)") } else { day.to_string() },
        );
        let may = match one {
            TokenEntry { read_only: true, .. } => "read",
            TokenEntry { stage_only: true, .. } => "stage",
            _ => "write",
        };
        let from: Vec<String> = here(one, at_hand).iter().map(|credential| credential.id().to_string()).collect();
        rows.push(vec![
            one.key.chars().take(width).collect(),
            one.name.clone().unwrap_or_else(|| "-".to_owned()),
            kind_of(one).as_str().to_owned(),
            may.to_owned(),
            reaches(one),
            if one.revoked { "revoked".to_owned() } else { ends },
            one.accessed.map_or_else(|| "-".to_owned(), |at| day_of(at).to_string()),
            from.join(", "),
        ]);
    }
    columns(&rows)
}

/// How much of the keys tells them apart.
fn key_width(tokens: &[TokenEntry]) -> usize {
    let longest = tokens.iter().map(|one| one.key.chars().count()).max().unwrap_or(KEY_CHARS_MIN);
    (KEY_CHARS_MIN..longest)
        .find(|width| {
            let cut: BTreeSet<String> = tokens.iter().map(|one| one.key.chars().take(*width).collect()).collect();
            cut.len() == tokens.len()
        })
        .unwrap_or(longest)
}

fn reaches(one: &TokenEntry) -> String {
    if one.covers.is_empty() {
        return if one.name.is_none() { "all of the account".to_owned() } else { "nothing".to_owned() };
    }
    let names = one.covers.iter().map(|cover| match (&cover.name, cover.kind.as_str()) {
        (None, kind) => format!("all {kind}s"),
        (Some(name), "org") => format!("org {name}"),
        (Some(name), _) => name.clone(),
    });
    let shown: Vec<String> = names.take(NAMES_SHOWN).collect();
    match one.covers.len().saturating_sub(NAMES_SHOWN) {
        0 => shown.join(", "),
        more => format!("{}, {more} more", shown.join(", ")),
    }
}

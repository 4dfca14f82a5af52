//! Tokens: list, create, revoke. `npm-registry.md`, section 4.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::access::Action;
use crate::answer::Answer;
use crate::authorise::{Intent, authorise};
use crate::clock::Moment;
use crate::events::SandboxEvent;
use crate::exchange::Incoming;
use crate::options::SandboxRules;
use crate::refusals::Refusal;
use crate::state::State;
use crate::tokens::{Token, TokenKind, parse_network};

const DEFAULT_PAGE: usize = 10;
const MAX_PAGE: usize = 100;
/// Packages and scopes a token may name.
const MAX_PACKAGES: usize = 50;
/// Tokens an account may have.
const MAX_TOKENS: usize = 1_000;
const WRITE_DAYS_DEFAULT: u32 = 7;
const WRITE_DAYS_MAX: u32 = 90;
const READ_DAYS_DEFAULT: u32 = 30;
const PERMISSIONS: [&str; 4] = ["read-only", "read-write", "read-write-stage-only", "no-access"];

/// `GET /-/npm/v1/tokens`.
pub(super) fn list(state: &mut State, request: &Incoming) -> Answer {
    let account = match authorised(state, request, Action::ReadOwn, "list the tokens") {
        Ok(account) => account,
        Err(answer) => return answer,
    };
    let number = |name: &str| request.parameter(name).and_then(|value| value.parse::<usize>().ok());
    let page = number("page").unwrap_or_default();
    let size = number("perPage").unwrap_or(DEFAULT_PAGE).clamp(1, MAX_PAGE);
    let now = state.clock.now();
    let mut tokens: Vec<&Token> =
        state.tokens.values().filter(|token| token.account == account && token.alive(now)).collect();
    tokens.sort_by_key(|token| (token.created, &token.key));
    let total = tokens.len();
    let start = page.saturating_mul(size);
    let objects: Vec<Value> = tokens.into_iter().skip(start).take(size).map(shown).collect();
    let mut urls = json!({});
    if start.saturating_add(size) < total {
        urls = json!({ "next": format!("{}-/npm/v1/tokens?page={}&perPage={size}", request.base, page + 1) });
    }
    Answer::json(200, &json!({ "objects": objects, "total": total, "urls": urls }))
}

/// `DELETE /-/npm/v1/tokens/token/KEY`, by key or by the token itself.
pub(super) fn revoke(state: &mut State, request: &Incoming, key: &str) -> Answer {
    let account = match authorised(state, request, Action::Administer, "revoke a token") {
        Ok(account) => account,
        Err(answer) => return answer,
    };
    let mine = |token: &&mut Token| token.account == account && !token.revoked;
    match state.tokens.values_mut().filter(mine).find(|token| token.key == key || token.value == key) {
        Some(token) => {
            token.revoked = true;
            Answer::empty(204)
        }
        None => Refusal::NotFound.into(),
    }
}

/// The body as npm sends it, with the other names its OpenAPI has.
#[derive(Deserialize)]
struct NewToken {
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
    #[serde(default, alias = "token_description")]
    description: Option<String>,
    #[serde(default)]
    packages: Vec<String>,
    #[serde(default)]
    packages_all: bool,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    orgs: Vec<String>,
    #[serde(default)]
    packages_and_scopes_permission: Option<String>,
    #[serde(default)]
    orgs_permission: Option<String>,
    #[serde(default)]
    expires: Option<Value>,
    #[serde(default, alias = "cidr")]
    cidr_whitelist: Vec<String>,
    #[serde(default)]
    bypass_2fa: bool,
}

/// `POST /-/npm/v1/tokens`.
pub(super) fn create(state: &mut State, request: &Incoming) -> Answer {
    let account = match authorised(state, request, Action::Administer, "create a token") {
        Ok(account) => account,
        Err(answer) => return answer,
    };
    let wanted: NewToken = match request.json() {
        Ok(wanted) => wanted,
        Err(answer) => return answer,
    };
    if state.accounts.get(&account).is_none_or(|known| known.password != wanted.password) {
        return Refusal::Unauthorized.into();
    }
    let now = state.clock.now();
    if state.tokens.values().filter(|token| token.account == account && token.alive(now)).count() >= MAX_TOKENS {
        return Refusal::Malformed("You have reached the maximum number of tokens".into()).into();
    }
    let lifetime = match check(&wanted, now) {
        Ok(lifetime) => lifetime,
        Err(text) => return Refusal::Malformed(text).into(),
    };
    let permission = wanted.packages_and_scopes_permission.as_deref().unwrap_or("no-access");
    let all = wanted.packages_all || wanted.packages.iter().any(|package| package == "*");
    let packages = wanted.packages.iter().chain(&wanted.scopes).cloned().collect();
    let kind = TokenKind::Granular {
        bypass: wanted.bypass_2fa,
        stage_only: permission == "read-write-stage-only",
        read_only: matches!(permission, "read-only" | "no-access"),
        packages: (!all).then_some(packages),
        expires_in: Some(lifetime),
    };
    let value = state.create_token(&account, kind);
    state.tell(SandboxEvent::TokenCreated { account, name: wanted.name.clone() });
    let Some(token) = state.tokens.get_mut(&value) else { return Refusal::NotFound.into() };
    token.name = Some(wanted.name);
    token.description = wanted.description;
    token.orgs = wanted.orgs;
    token.cidr = wanted.cidr_whitelist;
    let mut body = shown(token);
    if let Value::Object(fields) = &mut body {
        // The only time the whole token is shown.
        fields.insert("token".into(), json!(value));
    }
    Answer::json(201, &body)
}

/// Checks a wanted token and yields its life; the texts are npm's where they are documented (4.4).
fn check(wanted: &NewToken, now: Moment) -> Result<Duration, String> {
    if wanted.name.trim().is_empty() {
        return Err("Token name is required".into());
    }
    let permission = wanted.packages_and_scopes_permission.as_deref();
    if let Some(unknown) = permission.filter(|permission| !PERMISSIONS.contains(permission)) {
        let all = PERMISSIONS.join(", ");
        return Err(format!("Invalid packages_and_scopes_permission. Must be one of: {all} (not {unknown})"));
    }
    let orgs_permission = wanted.orgs_permission.as_deref();
    if orgs_permission.is_some_and(|permission| !matches!(permission, "read-only" | "read-write" | "no-access")) {
        return Err("Invalid orgs_permission. Must be one of: read-only, read-write, no-access".into());
    }
    let names_some = wanted.packages_all || !wanted.packages.is_empty() || !wanted.scopes.is_empty();
    if !names_some && wanted.orgs.is_empty() {
        return Err("You must have at least one package / scope or organization added to this token.".into());
    }
    let grants = permission.is_some_and(|permission| permission != "no-access");
    if grants && !names_some {
        return Err(
            "You must select at least one package or scope if granting package/scopes permissions to this token."
                .into(),
        );
    }
    if wanted.packages.len() + wanted.scopes.len() > MAX_PACKAGES || wanted.orgs.len() > MAX_PACKAGES {
        return Err(format!("A token can name at most {MAX_PACKAGES} packages and scopes, and {MAX_PACKAGES} orgs"));
    }
    if let Some(bad) = wanted.cidr_whitelist.iter().find(|network| parse_network(network).is_none()) {
        return Err(format!("CIDR whitelist contains invalid CIDR entry: {bad}"));
    }
    let writes = permission.is_some_and(|permission| permission.starts_with("read-write"))
        || orgs_permission == Some("read-write");
    lifetime(wanted.expires.as_ref(), writes, now)
}

fn lifetime(expires: Option<&Value>, writes: bool, now: Moment) -> Result<Duration, String> {
    const DAY: Duration = Duration::from_hours(24);
    let invalid = || "Invalid expiration".to_owned();
    let life = match expires {
        None | Some(Value::Null) => DAY * if writes { WRITE_DAYS_DEFAULT } else { READ_DAYS_DEFAULT },
        Some(Value::Number(days)) => {
            let days = days.as_u64().and_then(|days| u32::try_from(days).ok()).filter(|days| *days > 0);
            DAY.checked_mul(days.ok_or_else(invalid)?).ok_or_else(invalid)?
        }
        Some(Value::String(date)) => {
            let end = date.parse::<jiff::Timestamp>().map_err(|_| invalid())?.as_millisecond();
            let end = Moment::from_unix_millis(u64::try_from(end).map_err(|_| invalid())?);
            Some(end.since(now)).filter(|life| !life.is_zero()).ok_or_else(invalid)?
        }
        Some(_) => return Err(invalid()),
    };
    if writes && life > DAY * WRITE_DAYS_MAX {
        return Err(format!("Read-write tokens cannot have expiration longer than {WRITE_DAYS_MAX} days"));
    }
    Ok(life)
}

/// A token as lists show it (4.3).
fn shown(token: &Token) -> Value {
    let grant = token.grant.clone().unwrap_or_default();
    let action = if grant.read_only { "read" } else { "write" };
    let scope = |name: Option<&str>| {
        let kind =
            if name.is_some_and(|name| name.starts_with('@') && !name.contains('/')) { "scope" } else { "package" };
        json!({ "type": kind, "name": name })
    };
    let mut scopes: Vec<Value> = match &grant.packages {
        None => vec![scope(None)],
        Some(packages) => packages.iter().map(|name| scope(Some(name))).collect(),
    };
    scopes.extend(token.orgs.iter().map(|org| json!({ "type": "org", "name": org })));
    let mut shown = json!({
        "key": token.key,
        "token": token.redacted(),
        "name": token.name,
        "description": token.description,
        "expiry": token.expires.map(|expires| expires.to_string()),
        "readonly": grant.read_only,
        "bypass_2fa": grant.bypass,
        "cidr": if token.cidr.is_empty() { Value::Null } else { json!(token.cidr) },
        "cidr_whitelist": if token.cidr.is_empty() { Value::Null } else { json!(token.cidr) },
        "revoked": null,
        "created": token.created.to_string(),
        "updated": token.created.to_string(),
        "accessed": token.accessed.map(|accessed| accessed.to_string()),
        "permissions": [{ "name": "package", "action": action }],
        "scopes": scopes,
    });
    if grant.stage_only
        && let Value::Object(fields) = &mut shown
    {
        // As users have seen it stored (`npm-registry.md`, 4.3); whether npm's list shows it is not known.
        fields.insert("publish_policy".into(), json!("stage_only"));
    }
    shown
}

fn authorised(state: &mut State, request: &Incoming, action: Action, words: &str) -> Result<String, Answer> {
    if state.options.rules == SandboxRules::Plain {
        return Err(Refusal::NotFound.into());
    }
    let granted = authorise(state, request, Intent { action, words, package: None, version: None })?;
    Ok(granted.identity.account)
}

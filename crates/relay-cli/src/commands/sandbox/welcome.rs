//! What `relay sandbox` says first: address, accounts, tokens, and commands to copy.

use relay_sandbox::Sandbox;
use serde::Serialize;

use super::residents::{Proof, ReadyKind, Residents};
use crate::cli::sandbox::{RulesArg, SandboxArgs};
use crate::ui::{Palette, columns, human_span};

/// The document `relay.sandbox/1`.
#[derive(Serialize)]
pub(super) struct Document<'a> {
    schema: &'static str,
    url: &'a str,
    rules: &'static str,
    accounts: Vec<AccountEntry<'a>>,
    tokens: Vec<TokenEntry<'a>>,
}

#[derive(Serialize)]
struct AccountEntry<'a> {
    name: &'a str,
    password: &'a str,
    second_factor: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    totp_secret: Option<&'a str>,
}

#[derive(Serialize)]
struct TokenEntry<'a> {
    account: &'a str,
    kind: &'static str,
    token: &'a str,
}

/// For programs.
pub(super) fn document<'a>(sandbox: &'a Sandbox, rules: RulesArg, residents: &'a Residents) -> Document<'a> {
    let accounts = residents.accounts.iter().map(|account| AccountEntry {
        name: account.name,
        password: &account.password,
        second_factor: account.proof.as_str(),
        totp_secret: account.proof.secret(),
    });
    let tokens = residents.tokens.iter().map(|token| TokenEntry {
        account: token.account,
        kind: token.kind.as_str(),
        token: &token.value,
    });
    Document {
        schema: "relay.sandbox/1",
        url: sandbox.url(),
        rules: rules_word(rules),
        accounts: accounts.collect(),
        tokens: tokens.collect(),
    }
}

/// For people.
pub(super) fn text(sandbox: &Sandbox, args: &SandboxArgs, residents: &Residents, palette: &Palette) -> String {
    let strong = palette.strong;
    let url = sandbox.url();
    let npmrc_key = format!("{}:_authToken", url.strip_prefix("http:").unwrap_or(url));
    let session = residents.token(ReadyKind::Session);
    let rules = if args.rules == RulesArg::Npm { "npm's rules" } else { "plain rules" };
    let delay = match args.delay {
        delay if delay.is_zero() => String::new(),
        delay => format!(", each version is visible {} after it was accepted", human_span(delay)),
    };
    let accounts: Vec<Vec<String>> = residents
        .accounts
        .iter()
        .map(|one| vec![format!("  {}", one.name), format!("password {}", one.password), second_factor(sandbox, one)])
        .collect();
    let tokens: Vec<Vec<String>> = residents
        .tokens
        .iter()
        .map(|one| vec![format!("  {}", one.account), one.kind.as_str().to_owned(), one.value.clone()])
        .collect();
    let (accounts, tokens) = (columns(&accounts), columns(&tokens));
    let (publish, settings, notes) = to_try(args.rules, url);
    format!(
        "{strong}Sandbox registry at {url}{strong:#}\n\
         {rules}{delay}; in memory, for this machine only\n\n\
         {strong}Accounts{strong:#}\n{accounts}\n\
         {strong}Tokens{strong:#}\n{tokens}\n\
         {strong}Try it{strong:#}: in the folder of a package, write into `.npmrc`\n\n\
         \x20 registry={url}\n\
         \x20 {npmrc_key}={session}\n\n\
         {settings}and run\n\n\
         \x20 npm whoami\n\
         \x20 npm publish{publish}\n\
         \x20 npm view NAME\n\
         \x20 relay publish\n\n\
         {notes}\
         Ctrl-C stops it. What reaches it:\n"
    )
}

/// What `npm publish` does there, what relay has to be told first, and what else is worth trying.
fn to_try(rules: RulesArg, url: &str) -> (&'static str, String, &'static str) {
    match rules {
        RulesArg::Plain => ("", String::new(), ""),
        RulesArg::Npm => (
            "      asks for the second factor: npm prints an address, its page has a button",
            format!(
                "into `relay.toml` (without it relay takes this for a registry that asks for no second factor)\n\n\
                 \x20 [[registry]]\n\x20 url = \"{url}\"\n\x20 rules = \"npm\"\n\n"
            ),
            "With the granular-bypass token in its place nobody is asked, until `npm access set mfa=publish NAME`\n\
             forbids tokens for a package.\n\n",
        ),
    }
}

fn second_factor(sandbox: &Sandbox, account: &super::residents::Resident) -> String {
    match account.proof {
        Proof::Nothing => format!("second factor: none; {}settings/{}/tfa turns one on", sandbox.url(), account.name),
        Proof::Browser => "second factor: a button on a page in the browser".to_owned(),
        Proof::Codes { secret } => {
            let code = sandbox.current_otp(account.name).map(|code| format!(", now {code}")).unwrap_or_default();
            format!("second factor: codes from the secret {secret}{code}")
        }
    }
}

fn rules_word(rules: RulesArg) -> &'static str {
    match rules {
        RulesArg::Npm => "npm",
        RulesArg::Plain => "plain",
    }
}

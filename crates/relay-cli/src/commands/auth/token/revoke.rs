//! `relay auth token revoke`.

use relay_engine::account::guarded::{GuardedWrite, guarded};
use relay_engine::second_factor::SecondFactorSession;
use relay_registry::{NpmCommand, RegistryUrl, TokenEntry};

use super::super::account::Account;
use super::super::person::AtTerminal;
use super::super::session::AccountSession;
use super::{called, explain, here, kind_of, listed};
use crate::cli::auth::token::RevokeArgs;
use crate::context::Context;
use crate::error::{CliError, ErrorKind};
use crate::exit::Exit;
use crate::stop::StopRequests;
use crate::ui::plural;

/// Runs the command.
pub(super) async fn run(context: &Context, args: &RevokeArgs) -> Result<Exit, CliError> {
    let account = Account::open(context, args.place.registry.as_deref())?;
    let registry = account.registry("token revoke KEY")?;
    let session = AccountSession::open(context, &account, &registry, !args.place.no_browser).await?;
    let done = revoke(context, args, &account, &session, &registry).await;
    session.close(context, &account).await;
    done
}

async fn revoke(
    context: &Context,
    args: &RevokeArgs,
    account: &Account,
    session: &AccountSession,
    registry: &RegistryUrl,
) -> Result<Exit, CliError> {
    let ui = &context.ui;
    let tokens = listed(account, session, registry).await?;
    let meant = meant(&tokens, &args.keys)?;
    let at_hand = account.at_hand(registry);
    for one in &meant {
        for credential in here(one, &at_hand) {
            ui.warning(format!("{} is the credential from {}", called(one), credential.id()));
        }
    }
    if meant.iter().any(|one| one.is_of(&session.credential)) {
        return Err(CliError::usage("one of these is the session by which relay does this")
            .hint(format!("end it by `relay auth logout --registry {registry}`"))
            .code("relay::auth::own_session"));
    }
    if !args.yes {
        let list: Vec<String> =
            meant.iter().map(|one| format!("{} [{}]", called(one), kind_of(one).as_str())).collect();
        let question = format!("Revoke {}: {}?", plural(meant.len(), "token"), list.join(", "));
        let asking = ui.clone();
        let yes = tokio::task::spawn_blocking(move || asking.confirm(&question)).await;
        if !yes.map_err(|error| CliError::internal(error.to_string()))?? {
            ui.status("Nothing was revoked");
            return Ok(Exit::Done);
        }
    }
    let person = AtTerminal { ui: ui.clone(), registry: registry.clone(), browser: !args.place.no_browser };
    let mut factor = SecondFactorSession::begin(true, account.npm.otp());
    let stop = StopRequests::listen()?;
    for (at, one) in meant.iter().enumerate() {
        let what = format!("revoke the token {}", called(one));
        let write = GuardedWrite { what: &what, registry, credential: &session.credential, command: NpmCommand::Token };
        let client = &account.client;
        let sending = guarded(write, &mut factor, &person, client, async |otp| {
            client.revoke_token(registry, &session.credential, &one.key, otp).await
        });
        match stop.or(sending).await {
            Ok(Ok(true)) => ui.status(format!("Revoked {}", called(one))),
            Ok(Ok(false)) => ui.status(format!("{} was gone already", called(one))),
            Ok(Err(failure)) => {
                let error = explain(&failure, registry, &what);
                return rest(context, error, at, meant.len());
            }
            Err(stopped) => return rest(context, stopped, at, meant.len()),
        }
    }
    Ok(Exit::Done)
}

/// A failure after some are revoked: the same command goes on.
fn rest(context: &Context, error: CliError, done: usize, all: usize) -> Result<Exit, CliError> {
    if done == 0 || error.kind() == ErrorKind::Interrupted {
        return Err(error);
    }
    context.ui.error(&error.hint(format!("{done} of {all} were revoked; name the others again")));
    Ok(Exit::Partial)
}

/// The tokens that are meant: each by its key, the beginning of one, or its exact name.
fn meant<'t>(tokens: &'t [TokenEntry], keys: &[String]) -> Result<Vec<&'t TokenEntry>, CliError> {
    let mut meant: Vec<&TokenEntry> = Vec::new();
    for key in keys {
        let exact: Vec<&TokenEntry> = tokens.iter().filter(|one| one.key == *key).collect();
        let by_key: Vec<&TokenEntry> =
            tokens.iter().filter(|one| !key.is_empty() && one.key.starts_with(key.as_str())).collect();
        let by_name: Vec<&TokenEntry> = tokens.iter().filter(|one| one.name.as_deref() == Some(key.as_str())).collect();
        let mut found = if exact.is_empty() { [by_key, by_name].concat() } else { exact };
        found.dedup_by(|one, other| one.key == other.key);
        match found.as_slice() {
            [] => {
                return Err(CliError::user(format!("there is no token of the key or name `{key}`"))
                    .hint("`relay auth token list` shows them")
                    .code("relay::auth::unknown_token"));
            }
            [one] if meant.iter().any(|known| known.key == one.key) => {}
            [one] => meant.push(one),
            several => {
                let list: Vec<String> = several.iter().map(|one| called(one)).collect();
                return Err(CliError::user(format!(
                    "`{key}` fits {}: {}",
                    plural(several.len(), "token"),
                    list.join(", ")
                ))
                .hint("nothing was revoked; say more of the key")
                .code("relay::auth::ambiguous_token"));
            }
        }
    }
    Ok(meant)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(key: &str, name: &str) -> TokenEntry {
        TokenEntry {
            key: key.to_owned(),
            shown: String::new(),
            name: Some(name.to_owned()),
            description: None,
            created: None,
            accessed: None,
            expires: None,
            read_only: false,
            bypass: false,
            stage_only: false,
            revoked: false,
            cidr: Vec::new(),
            covers: Vec::new(),
        }
    }

    #[test]
    fn a_token_is_meant_by_its_key_its_beginning_or_its_name_and_never_by_what_fits_two() {
        let tokens =
            [token("abc1", "ci"), token("abc2", "other"), token("abc", "x"), token("f0", "abc1x"), token("f1", "ci")];
        let found = |keys: &[&str]| {
            let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
            meant(&tokens, &keys).map(|found| found.iter().map(|one| one.key.clone()).collect::<Vec<_>>())
        };
        assert_eq!(found(&["abc1"]).unwrap(), ["abc1"]);
        assert_eq!(found(&["abc"]).unwrap(), ["abc"], "a whole key is no beginning");
        assert_eq!(found(&["other", "abc2"]).unwrap(), ["abc2"], "named twice, revoked once");
        assert_eq!(found(&["abc1x"]).unwrap(), ["f0"]);
        for ambiguous in ["ab", "ci", "f"] {
            assert!(found(&[ambiguous]).unwrap_err().message().contains("fits"), "{ambiguous}");
        }
        for none in ["", "zz"] {
            assert!(found(&[none]).unwrap_err().message().contains("no token"), "{none}");
        }
    }
}

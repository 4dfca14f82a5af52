//! `relay auth logout`.

use relay_registry::npmrc::keeping;
use secrecy::ExposeSecret as _;

use super::account::Account;
use crate::cli::auth::LogoutArgs;
use crate::context::Context;
use crate::error::{CliError, ErrorKind};
use crate::exit::Exit;

/// Runs the command: the registry first, so that a token that is forgotten here is dead there.
pub(super) async fn run(context: &Context, args: &LogoutArgs) -> Result<Exit, CliError> {
    let account = Account::open(context, args.registry.as_deref())?;
    let registry = account.registry("logout")?;
    let ui = &context.ui;
    let shown = account.file_shown();
    let text = account.text()?;
    let Some(without) = keeping::without_credentials(text.expose_secret(), &registry) else {
        let elsewhere = account.npm.credential_for(&registry);
        ui.status(format!("`{shown}` has no credential of {registry}: nothing to do"));
        if let Some(other) = elsewhere {
            ui.hint(format!("the one from {} stays: remove it there", other.id()));
        }
        return Ok(Exit::Done);
    };
    // Before the registry ends the session: a line that can't be taken out would stay with a dead token.
    account.check_writable()?;
    let ended = match account.own_credential(&registry)? {
        Some(credential) => account.client.log_out(&registry, &credential).await.map_err(|error| {
            CliError::of(ErrorKind::User, &error)
                .context(format!("the session at {registry} could not be ended; it stays in `{shown}`"))
                .hint("try again, or take its line out of the file and revoke the token on the registry's web site")
                .code("relay::auth::logout")
        })?,
        None => false,
    };
    account.write(&without)?;
    ui.status(if ended {
        format!("Logged out at {registry}, and the session is gone from `{shown}`")
    } else {
        format!(
            "The credential of {registry} is gone from `{shown}`; the registry did not know it as a session any more"
        )
    });
    Ok(Exit::Done)
}

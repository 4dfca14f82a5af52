//! A session for what only sessions may do: the one at hand, else a new one.

use relay_registry::{Credential, Profile, ReadError, RegistryUrl};

use super::account::Account;
use super::login::{Wishes, begin, end, keep_or_end};
use crate::context::Context;
use crate::error::{CliError, ErrorKind};

/// A session and the account that it belongs to.
pub(super) struct AccountSession {
    /// By which it is used.
    pub(super) credential: Credential,
    /// The account.
    pub(super) profile: Profile,
    /// It is kept nowhere, and ended when the command has come to its end.
    passing: bool,
}

impl AccountSession {
    /// Takes the session at hand, or logs in. A token that works stays where it is: the session beside it is kept nowhere.
    pub(super) async fn open(
        context: &Context,
        account: &Account,
        registry: &RegistryUrl,
        browser: bool,
    ) -> Result<Self, CliError> {
        let ui = &context.ui;
        let at_hand = account.npm.credential_for(registry).filter(|credential| !credential.is_withheld());
        let mut passing = false;
        if let Some(credential) = at_hand {
            let profile = account.client.profile(registry, &credential).await.map_err(|error| unreadable(&error))?;
            if let Some(profile) = profile {
                return Ok(Self { credential, profile, passing: false });
            }
            passing = account.client.whoami(registry, &credential).await.map_err(|error| unreadable(&error))?.is_some();
            ui.status(if passing {
                format!("The credential from {} is a token, and only a session may do this", credential.id())
            } else {
                format!("The credential from {} is not known at {registry} any more", credential.id())
            });
        } else {
            ui.status(format!("You are not logged in at {registry}"));
        }
        if !passing {
            account.check_writable()?;
        }
        let session = begin(context, account, registry, Wishes { web: true, browser }).await?;
        let profile = account.client.profile(registry, &session.credential).await;
        let profile = match profile {
            Ok(Some(profile)) => profile,
            Ok(None) => {
                end(context, account, &session.credential).await;
                return Err(CliError::user(format!(
                    "{registry} shows no account to the session that was begun just now"
                ))
                .hint("registries other than npm's have no accounts that relay knows of")
                .code("relay::auth::no_profiles"));
            }
            Err(error) => {
                end(context, account, &session.credential).await;
                return Err(unreadable(&error));
            }
        };
        if passing {
            ui.status("This session is used now, kept nowhere and ended afterwards; the token stays where it is");
        } else {
            keep_or_end(context, account, &session, None).await?;
            ui.status(format!("Logged in as `{}`; the session is kept in `{}`", profile.name, account.file_shown()));
        }
        Ok(Self { credential: session.credential, profile, passing })
    }

    /// Ends it where it is kept nowhere.
    pub(super) async fn close(self, context: &Context, account: &Account) {
        if self.passing {
            end(context, account, &self.credential).await;
        }
    }
}

/// An account that can't be read.
pub(super) fn unreadable(error: &ReadError) -> CliError {
    CliError::of(ErrorKind::User, error)
        .context("the account can't be read")
        .hint("check the network and the registry's address, and try again")
        .code("relay::auth::unreadable")
}

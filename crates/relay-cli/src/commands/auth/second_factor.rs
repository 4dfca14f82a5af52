//! `relay auth 2fa`.

use relay_engine::account::second_factor_setup::{SETUP_BUDGET, Setup, wait_until_on};
use relay_registry::{Credential, LoginStart, Profile, RegistryUrl, TwoFactor, Url};

use super::account::Account;
use super::person::AtTerminal;
use super::session::AccountSession;
use crate::cli::auth::SecondFactorArgs;
use crate::context::Context;
use crate::error::{CliError, ErrorKind};
use crate::exit::Exit;
use crate::stop::StopRequests;
use crate::ui::{Ui, human_span};

/// Runs the command.
pub(super) async fn run(context: &Context, args: &SecondFactorArgs) -> Result<Exit, CliError> {
    let account = Account::open(context, args.registry.as_deref())?;
    let registry = account.registry("2fa")?;
    let session = AccountSession::open(context, &account, &registry, !args.no_browser).await?;
    let done = turn_on(context, args, &account, &session.credential, session.profile.clone()).await;
    session.close(context, &account).await;
    done
}

async fn turn_on(
    context: &Context,
    args: &SecondFactorArgs,
    account: &Account,
    credential: &Credential,
    profile: Profile,
) -> Result<Exit, CliError> {
    let (ui, registry) = (&context.ui, credential.registry());
    if profile.two_factor.is_on() {
        tell_it_is_on(ui, &profile);
        return Ok(Exit::Done);
    }
    ui.status(match profile.two_factor {
        TwoFactor::Pending => {
            format!("The second factor of `{}` was begun and never confirmed, which counts as none", profile.name)
        }
        _ => format!("`{}` has no second factor: npm publishes nothing for it", profile.name),
    });
    let person = AtTerminal { ui: ui.clone(), registry: registry.clone(), browser: !args.no_browser };
    match settings_page(account, registry, credential, &profile.name).await {
        Some(page) => person.show_page("Add a security key or passkey on this page; relay waits for it:", &page),
        None => ui.status(
            "Add a security key or passkey on the registry's web site, in your account's settings under two-factor \
             authentication; relay waits for it",
        ),
    }
    let stop = StopRequests::listen()?;
    let waited = crate::flow::patiently(ui, wait_until_on(registry, credential, &account.client));
    match stop.or(waited).await? {
        Setup::On(profile) => {
            tell_it_is_on(ui, &profile);
            Ok(Exit::Done)
        }
        Setup::StillOff => Err(CliError::new(
            ErrorKind::Parked,
            format!("the second factor of `{}` is still off after {}", profile.name, human_span(SETUP_BUDGET)),
        )
        .hint("turn it on there, and run `relay auth 2fa` again to see that it is")
        .code("relay::auth::two_factor_off")),
        Setup::SessionEnded => Err(CliError::new(
            ErrorKind::Parked,
            format!("the session at {registry} ended while relay waited, so that it can't see what you set up"),
        )
        .hint("run `relay auth 2fa` again: it logs you in first")
        .code("relay::auth::session_ended")),
    }
}

fn tell_it_is_on(ui: &Ui, profile: &Profile) {
    ui.status(format!("The second factor of `{}` is on", profile.name));
    ui.hint("keep the recovery codes that the web site shows once where you find them without this machine");
}

/// The page of an account's settings, on the registry's own web site: where that is, a login shows.
async fn settings_page(account: &Account, registry: &RegistryUrl, credential: &Credential, name: &str) -> Option<Url> {
    let known = account.sessions().website(registry).map(str::to_owned);
    let website = match known {
        Some(website) => website,
        // A login that nobody completes is dropped by the registry.
        None => match account.client.begin_web_login(registry, Some(credential)).await.ok()? {
            LoginStart::Web(login) => login.website(),
            LoginStart::NotOffered => return None,
        },
    };
    let mut page = Url::parse(&website).ok()?;
    page.path_segments_mut().ok()?.clear().push("settings").push(name).push("tfa");
    Some(page)
}

//! `relay auth 2fa`.

use relay_engine::account::second_factor_setup::{SETUP_BUDGET, Setup, wait_until_on};
use relay_registry::{Credential, LoginStart, Profile, ReadError, RegistryUrl, TwoFactor, Url};

use super::account::Account;
use super::login::{Wishes, begin, end, keep_or_end};
use super::person::AtTerminal;
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
    let (credential, profile, passing) = session(context, &account, &registry, !args.no_browser).await?;
    let done = turn_on(context, args, &account, &credential, profile).await;
    if passing {
        end(context, &account, &credential).await;
    }
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

/// A session that may read the account: the one at hand, else a new one; and whether it is kept nowhere, so that whoever is
/// done with it ends it.
async fn session(
    context: &Context,
    account: &Account,
    registry: &RegistryUrl,
    browser: bool,
) -> Result<(Credential, Profile, bool), CliError> {
    let ui = &context.ui;
    let at_hand = account.npm.credential_for(registry).filter(|credential| !credential.is_withheld());
    let mut is_a_living_token = false;
    if let Some(credential) = at_hand {
        if let Some(profile) =
            account.client.profile(registry, &credential).await.map_err(|error| unreadable(&error))?
        {
            return Ok((credential, profile, false));
        }
        is_a_living_token =
            account.client.whoami(registry, &credential).await.map_err(|error| unreadable(&error))?.is_some();
        ui.status(if is_a_living_token {
            format!("The credential from {} is a token, and only a session may read the account", credential.id())
        } else {
            format!("The credential from {} is not known at {registry} any more", credential.id())
        });
    } else {
        ui.status(format!("You are not logged in at {registry}"));
    }
    if !is_a_living_token {
        account.check_writable()?;
    }
    let session = begin(context, account, registry, Wishes { web: true, browser }).await?;
    let profile = account.client.profile(registry, &session.credential).await.map_err(|error| unreadable(&error))?;
    let profile = profile.ok_or_else(|| {
        CliError::user(format!("{registry} shows no account, so that its second factor can't be seen"))
            .hint("registries other than npm's have none that relay knows of")
            .code("relay::auth::no_profiles")
    })?;
    if is_a_living_token {
        // A token that works stays: npm's own login would put the session in its place.
        ui.status("This session is used now, kept nowhere and ended afterwards; the token stays where it is");
    } else {
        keep_or_end(context, account, &session, None).await?;
        ui.status(format!("Logged in as `{}`; the session is kept in `{}`", profile.name, account.file_shown()));
    }
    Ok((session.credential, profile, is_a_living_token))
}

fn unreadable(error: &ReadError) -> CliError {
    CliError::of(ErrorKind::User, error)
        .context("the account can't be read")
        .hint("check the network and the registry's address, and try again")
        .code("relay::auth::unreadable")
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

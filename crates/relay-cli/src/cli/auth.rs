//! `relay auth`: its arguments and its help.

pub(crate) mod token;

use clap::{Args, Subcommand};

const LONG_ABOUT: &str = "\
Log in at a registry, see who one is there, turn the second factor on

npm's registry publishes nothing for an account without a second factor, and a session of `npm login` lasts two hours. \
These commands do what is needed before a release: each says which registry it is about, and changes nothing else. Outside \
a workspace the registry is that of `.npmrc`; in one it is that of its packages.";

const LOGIN_ABOUT: &str = "\
Log in and keep the session where npm keeps it

Opens the registry's page in the browser, prints its address (and a QR code on a terminal), and waits up to ten minutes \
until the login is completed there; without a terminal too. A registry that has no such page is asked by name and password. \
The session is kept in `~/.npmrc`, as `npm login` keeps it, so that npm and relay both use it; all other lines stay as they \
are.

Exit codes: 0 logged in; 1 the registry said no; 4 nobody completed the login, or it was denied in the browser.";

const STATUS_ABOUT: &str = "\
Show who one is at each registry, until when, and whether the second factor is on

Since when a session lasts, no registry tells: it is known of those that relay began. Exit codes: 0 logged in at each \
registry; 1 not.";

const TWO_FACTOR_ABOUT: &str = "\
Turn the account's second factor on

Shows whether the account has one; where it hasn't, opens the page on which it is turned on and waits up to fifteen minutes \
until it is. npm offers security keys and passkeys there; apps that show codes work where they were set up before. If you \
are not logged in, this logs you in first.

Exit codes: 0 it is on; 1 the account can't be read; 4 it is still off.";

const EXAMPLES: &str = "\
Examples:
  relay auth login                    at the registry of the packages here
  relay auth login --registry URL     at another one
  relay auth status                   who, where, how much longer
  relay auth 2fa                      is the second factor on? if not, turns it on with you
  relay auth token list               the account's tokens, and what ends soon
  relay auth logout                   ends the session at the registry and forgets it here";

/// Log in at a registry, see who one is there, turn the second factor on
#[derive(Debug, Args)]
#[command(long_about = LONG_ABOUT, after_long_help = EXAMPLES)]
pub(crate) struct AuthArgs {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: AuthCommand,
}

/// What is done about an account.
#[derive(Debug, Subcommand)]
pub(crate) enum AuthCommand {
    Login(LoginArgs),
    Status(StatusArgs),
    Logout(LogoutArgs),
    #[command(name = "2fa")]
    SecondFactor(SecondFactorArgs),
    Token(token::TokenArgs),
}

/// Log in and keep the session where npm keeps it
#[derive(Debug, Args)]
#[command(long_about = LOGIN_ABOUT)]
pub(crate) struct LoginArgs {
    /// Log in at this registry [default: that of the packages here, else that of `.npmrc`]
    #[arg(long, value_name = "URL")]
    pub(crate) registry: Option<String>,

    /// Say in `~/.npmrc` that this scope's packages are at the registry
    #[arg(long, value_name = "@SCOPE")]
    pub(crate) scope: Option<String>,

    /// Ask for name and password rather than open a page
    #[arg(long)]
    pub(crate) legacy: bool,

    /// Print the page's address and open no browser
    #[arg(long)]
    pub(crate) no_browser: bool,
}

/// Show who one is at each registry, until when, and whether the second factor is on
#[derive(Debug, Args)]
#[command(long_about = STATUS_ABOUT)]
pub(crate) struct StatusArgs {
    /// Only this registry [default: those of the packages here, else that of `.npmrc`]
    #[arg(long, value_name = "URL")]
    pub(crate) registry: Option<String>,

    /// Print the status as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// End the session at the registry and forget it here
#[derive(Debug, Args)]
pub(crate) struct LogoutArgs {
    /// At this registry [default: that of the packages here, else that of `.npmrc`]
    #[arg(long, value_name = "URL")]
    pub(crate) registry: Option<String>,
}

/// Turn the account's second factor on
#[derive(Debug, Args)]
#[command(long_about = TWO_FACTOR_ABOUT)]
pub(crate) struct SecondFactorArgs {
    /// At this registry [default: that of the packages here, else that of `.npmrc`]
    #[arg(long, value_name = "URL")]
    pub(crate) registry: Option<String>,

    /// Print the pages' addresses and open no browser
    #[arg(long)]
    pub(crate) no_browser: bool,
}

//! `relay auth`: an account at a registry.

mod account;
mod login;
mod logout;
mod person;
mod second_factor;
mod session;
mod status;
mod token;

use crate::cli::auth::{AuthArgs, AuthCommand};
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;

/// Runs the command.
pub(crate) async fn run(context: &Context, args: &AuthArgs) -> Result<Exit, CliError> {
    match &args.command {
        AuthCommand::Login(args) => login::run(context, args).await,
        AuthCommand::Status(args) => status::run(context, args).await,
        AuthCommand::Logout(args) => logout::run(context, args).await,
        AuthCommand::SecondFactor(args) => second_factor::run(context, args).await,
        AuthCommand::Token(args) => token::run(context, args).await,
    }
}

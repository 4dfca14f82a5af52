//! The command line as types: what was typed, not yet what it means.
//!
//! Each command has a file with its arguments and its help. Only commands that work are variants of [`Command`].

pub(crate) mod approve;
pub(crate) mod auth;
pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod graph;
pub(crate) mod man;
pub(crate) mod pack;
pub(crate) mod plan;
pub(crate) mod publish;
pub(crate) mod rehearse;
pub(crate) mod release;
pub(crate) mod sandbox;
pub(crate) mod shared;
pub(crate) mod start;
pub(crate) mod status;
pub(crate) mod undo;
pub(crate) mod unlock;
pub(crate) mod version;

use camino::Utf8PathBuf;
use clap::{ArgAction, Args, Parser, Subcommand};

use crate::ui::UiFlags;

const ABOUT: &str = "Release the packages of a JavaScript monorepo: in the right order, each by the right route";

const LONG_ABOUT: &str = "\
Release the packages of a JavaScript monorepo: in the right order, each by the right route

relay reads an npm, pnpm, yarn or bun workspace as it is, with or without a `relay.toml`. It treats the right to \
publish as data: before the first byte leaves, it knows for each package what is published, in which order, with which \
credential, and which person is needed how often.";

const AFTER_LONG_HELP: &str = "\
Exit codes:
  0    the registry agrees with the plan, or there was nothing to do
  1    error, nothing of it ambiguous
  2    only with --detailed-exitcode: the plan is not empty
  3    partial: some packages are published, some failed or are held
  4    parked: waits for a person, a time or the registry
  64   wrong usage
  130  interrupted, parked cleanly

stdout carries what was asked for (a plan, a graph, JSON); stderr carries progress and messages.";

/// The `relay` command line.
#[derive(Debug, Parser)]
#[command(
    name = "relay",
    bin_name = "relay",
    version,
    about = ABOUT,
    long_about = LONG_ABOUT,
    after_long_help = AFTER_LONG_HELP,
    disable_help_subcommand = false,
    infer_subcommands = false,
    max_term_width = 100
)]
pub(crate) struct Cli {
    /// Flags that every command has.
    #[command(flatten, next_help_heading = "Global options")]
    pub(crate) global: GlobalFlags,

    /// What to do; without it relay says where to start.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// Flags that every command has.
#[derive(Debug, Clone, Args)]
pub(crate) struct GlobalFlags {
    /// Run as if started in DIR
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) cwd: Option<Utf8PathBuf>,

    /// Print only what was asked for, warnings and errors
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,

    /// Print details too
    #[arg(long, short, global = true, action = ArgAction::SetTrue, conflicts_with = "quiet")]
    pub(crate) verbose: bool,

    /// Print without colour (also: `NO_COLOR=1`)
    #[arg(long, global = true)]
    pub(crate) no_color: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Rehearse(rehearse::RehearseArgs),
    Plan(plan::PlanArgs),
    Status(status::StatusArgs),
    Doctor(doctor::DoctorArgs),
    Release(release::ReleaseArgs),
    Publish(publish::PublishArgs),
    Resume(publish::ResumeArgs),
    Approve(approve::ApproveArgs),
    Undo(undo::UndoArgs),
    Unlock(unlock::UnlockArgs),
    Auth(auth::AuthArgs),
    Version(version::VersionArgs),
    Graph(graph::GraphArgs),
    Pack(pack::PackArgs),
    Sandbox(sandbox::SandboxArgs),
    Explain(explain::ExplainArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

impl GlobalFlags {
    /// The flags that are about output.
    pub(crate) fn ui(&self) -> UiFlags {
        UiFlags { quiet: self.quiet, verbose: self.verbose, no_color: self.no_color }
    }
}

#[cfg(test)]
mod tests;

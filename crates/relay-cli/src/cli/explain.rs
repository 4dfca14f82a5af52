//! `relay explain`: its arguments and its help.

use clap::{Args, ValueEnum};

const LONG_ABOUT: &str = "\
Explain what a registry refusal means and what to do

Takes the output of npm, pnpm, yarn or relay, or a code such as E403, EOTP or ENEEDAUTH, and says which refusal it is, \
what its usual causes are and what to do about each. Without a text at the command line it reads stdin; without \
anything it lists all refusals it knows.

Works offline, from the same table from which a release reads the registry's answers. What you paste is sent nowhere.";

const EXAMPLES: &str = "\
Examples:
  relay explain EOTP                      the refusals that npm gives this code
  relay explain otp-required              one of them in full
  npm publish 2>&1 | relay explain        whatever npm has printed
  relay explain                           all refusals that relay knows";

/// Explain what a registry refusal means and what to do
#[derive(Debug, Args)]
#[command(long_about = LONG_ABOUT, after_long_help = EXAMPLES)]
pub(crate) struct ExplainArgs {
    /// The refusal: a code, a message, pasted output [default: stdin]
    #[arg(value_name = "TEXT", num_args = 0..)]
    pub(crate) text: Vec<String>,

    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: ExplainFormat,

    /// The same as `--format json`
    #[arg(long, conflicts_with = "format")]
    pub(crate) json: bool,
}

/// How an explanation is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExplainFormat {
    /// For people
    Text,
    /// The document `relay.explain/1`
    Json,
}

impl ExplainArgs {
    /// The format that was asked for, by either flag.
    pub(crate) fn format(&self) -> ExplainFormat {
        if self.json { ExplainFormat::Json } else { self.format }
    }
}

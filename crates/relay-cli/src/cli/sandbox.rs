//! `relay sandbox`: its arguments and its help.

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::shared::span;

const LONG_ABOUT: &str = "\
Run a registry on this machine that enforces npm's rules

Starts a registry on 127.0.0.1 that behaves like npm where publishing is concerned: accounts, two-factor challenges by \
code and in the browser, session and granular tokens, publishing access for each package, and npm's own refusals. It \
prints its address, accounts and tokens that are ready for use, and commands to try; then it logs each request until \
Ctrl-C.

Everything lives in memory and is gone at the end. It listens on the loopback address only, forwards nothing to any \
other registry, and touches neither your `.npmrc` nor your npm login.";

const EXAMPLES: &str = "\
Examples:
  relay sandbox                        npm's rules on a free port
  relay sandbox --port 4873            on a port of your choice
  relay sandbox --delay 8s             versions are visible 8 seconds after they were accepted
  relay sandbox --rules plain          a registry that asks for no second factor";

/// Run a registry on this machine that enforces npm's rules
#[derive(Debug, Args)]
#[command(long_about = LONG_ABOUT, after_long_help = EXAMPLES)]
pub(crate) struct SandboxArgs {
    /// Listen on this port [default: a free one]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub(crate) port: u16,

    /// Show a version only this long after it was accepted (500ms, 8s, 2m)
    #[arg(long, value_name = "SPAN", value_parser = span, default_value = "0")]
    pub(crate) delay: Duration,

    /// Whose rules to follow
    #[arg(long, value_name = "RULES", default_value = "npm")]
    pub(crate) rules: RulesArg,

    /// Print address, accounts and tokens as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Whose rules the sandbox follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RulesArg {
    /// npm's: publishing access, two-factor challenges, kinds of token
    Npm,
    /// Any valid credential may publish
    Plain,
}

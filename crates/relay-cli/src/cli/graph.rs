//! `relay graph`: its arguments and its help.

use clap::{Args, ValueEnum};

use super::shared::SelectionFlags;

const LONG_ABOUT: &str = "\
Show the dependency graph in publish order

Lists the packages of the workspace, dependencies first, each with the packages of the workspace that it depends on. \
Only edges that decide the publish order hold a package back: runtime dependencies (prod, peer, optional) whose range \
accepts the version in the workspace, or that use the `workspace:` protocol. devDependencies are shown and never hold \
anything back.

Cycles are shown. A cycle through runtime dependencies has no publish order: `relay plan` refuses it unless \
`--allow-cycles` is given. Cycles that need a devDependency or a peerDependency are ordinary and in \
nobody's way: the peer edge gives way in the order.

Reads manifests only: no git, no registry, nothing is written. Oddities of the workspace are warnings on stderr; the \
exit code is 0 all the same.";

const EXAMPLES: &str = "\
Examples:
  relay graph                                   the publish order as text
  relay graph --filter '@acme/core...'          one package and what it depends on
  relay graph --format mermaid                  a diagram for a README or a pull request
  relay graph --format dot | dot -Tsvg > g.svg  a picture, by Graphviz
  relay graph --json | jq -r '.order[]'         the names, dependencies first";

/// Show the dependency graph in publish order
#[derive(Debug, Args)]
#[command(long_about = LONG_ABOUT, after_long_help = EXAMPLES)]
pub(crate) struct GraphArgs {
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: GraphFormat,

    /// The same as `--format json`
    #[arg(long, conflicts_with = "format")]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) selection: SelectionFlags,
}

/// How a graph is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum GraphFormat {
    /// Lines for people
    Text,
    /// The document `relay.graph/1`
    Json,
    /// Graphviz
    Dot,
    /// Mermaid, as GitHub and GitLab draw it
    Mermaid,
}

impl GraphArgs {
    /// The format that was asked for, by either flag.
    pub(crate) fn format(&self) -> GraphFormat {
        if self.json { GraphFormat::Json } else { self.format }
    }
}

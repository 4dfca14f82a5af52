//! `relay auth token`: its arguments and its help.

use clap::{Args, Subcommand, ValueEnum};

const LONG_ABOUT: &str = "\
Create, list and revoke granular access tokens

Tokens are for machines: a person publishes with the session of `relay auth login`. npm's registry lets a session alone do \
this, and asks for the second factor; where you are not logged in, this logs you in first.";

const CREATE_ABOUT: &str = "\
Create a granular access token

Says what it reaches (packages, scopes, organisations), what it may do, and how long it lives; the registry asks for the \
account's password and the second factor. The secret is shown once, on stdout, as `VARIABLE=SECRET`, where stdout is a \
terminal or `--print` is given; the lines of `relay.toml` that belong to it go to stderr.

npm lets a token name at most 50 packages and scopes. With more (`--workspace` names all packages of the workspace that are \
published) several tokens are made, with numbers behind the name. An organisation gives no right to publish its packages: \
name them, or their scope.

A token that bypasses the second factor (`--bypass-2fa`) publishes without anybody, until npm ends that in January 2027; one \
that may only stage (`--permission stage-only`) stays, and a person approves what it staged.

Exit codes: 0 made; 1 the registry said no; 3 some of several were made; 4 nobody answered the second factor.";

const LIST_ABOUT: &str = "\
List the account's tokens

Shows what each may do, when it ends, and which of the tokens here it is (from `.npmrc`, a variable or a `[[credential]]` of \
`relay.toml`), as far as its first and last characters tell. What the list tells of a token here, relay remembers for its \
plans. Warns of what ends within 14 days and of tokens that bypass the second factor, which npm ends in January 2027.

Exit codes: 0 listed; 1 the list can't be read.";

const REVOKE_ABOUT: &str = "\
Revoke tokens

Takes the key of a token or its beginning, as `relay auth token list` shows it, or its exact name. What fits several tokens is \
refused, and nothing is revoked.

Exit codes: 0 revoked; 1 there is no such token or the registry said no; 4 nobody answered the second factor.";

const CREATE_EXAMPLES: &str = "\
Examples:
  relay auth token create ci --workspace --permission stage-only
  relay auth token create ci --package @acme/core --permission write --bypass-2fa --expires 30
  relay auth token create reader --scope @acme --permission read --cidr 10.0.0.0/8
  relay auth token create ci --workspace --print --password-stdin <FILE";

/// Create, list and revoke granular access tokens
#[derive(Debug, Args)]
#[command(long_about = LONG_ABOUT)]
pub(crate) struct TokenArgs {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: TokenCommand,
}

/// What is done about tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    Create(CreateArgs),
    List(ListArgs),
    Revoke(RevokeArgs),
}

/// What a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PermissionArg {
    /// Read.
    Read,
    /// Read and publish.
    Write,
    /// Read and stage versions, which a person approves.
    StageOnly,
}

/// What a token may do with an organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OrgPermissionArg {
    /// Read.
    Read,
    /// Change its settings and teams.
    Write,
}

/// Which registry, and how a person answers.
#[derive(Debug, Clone, Args)]
pub(crate) struct TokenPlace {
    /// At this registry [default: that of the packages here, else that of `.npmrc`]
    #[arg(long, value_name = "URL")]
    pub(crate) registry: Option<String>,

    /// Print the pages' addresses and open no browser
    #[arg(long)]
    pub(crate) no_browser: bool,
}

/// Create a granular access token
#[derive(Debug, Args)]
#[command(long_about = CREATE_ABOUT, after_long_help = CREATE_EXAMPLES)]
pub(crate) struct CreateArgs {
    /// What it is called; the account's list shows it
    #[arg(value_name = "NAME")]
    pub(crate) name: String,

    /// A text beside the name
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,

    /// It reaches this package (repeatable, or with commas)
    #[arg(long = "package", value_name = "NAME", value_delimiter = ',')]
    pub(crate) packages: Vec<String>,

    /// It reaches all packages of the account, those to come too
    #[arg(long, conflicts_with_all = ["packages", "workspace"])]
    pub(crate) packages_all: bool,

    /// It reaches all packages of the workspace that are published, and no others
    #[arg(long)]
    pub(crate) workspace: bool,

    /// It reaches this scope's packages (repeatable, or with commas)
    #[arg(long = "scope", value_name = "@SCOPE", value_delimiter = ',')]
    pub(crate) scopes: Vec<String>,

    /// It reaches this organisation (repeatable, or with commas); that alone gives no right to publish
    #[arg(long = "org", value_name = "ORG", value_delimiter = ',')]
    pub(crate) orgs: Vec<String>,

    /// What it may do with packages and scopes [default: read]
    #[arg(long, value_name = "PERMISSION")]
    pub(crate) permission: Option<PermissionArg>,

    /// What it may do with organisations [default: read]
    #[arg(long, value_name = "PERMISSION", requires = "orgs")]
    pub(crate) org_permission: Option<OrgPermissionArg>,

    /// Let it publish without the second factor (npm ends that in January 2027)
    #[arg(long = "bypass-2fa")]
    pub(crate) bypass_two_factor: bool,

    /// How long it lives: a number of days or its last day as 2027-01-31 [default: the registry's, 7 days for one that writes]
    #[arg(long, value_name = "DAYS|DATE")]
    pub(crate) expires: Option<String>,

    /// It may come from this IPv4 network only (repeatable, or with commas)
    #[arg(long, value_name = "NETWORK", value_delimiter = ',')]
    pub(crate) cidr: Vec<String>,

    /// The variable that is to hold it, in what is printed [default: made of the name]
    #[arg(long, value_name = "VARIABLE")]
    pub(crate) env: Option<String>,

    /// Print the secret though stdout is no terminal
    #[arg(long)]
    pub(crate) print: bool,

    /// Read the account's password from stdin
    #[arg(long)]
    pub(crate) password_stdin: bool,

    /// Print what was made as JSON, with the secret
    #[arg(long)]
    pub(crate) json: bool,

    /// Where, and how a person answers.
    #[command(flatten)]
    pub(crate) place: TokenPlace,
}

/// List the account's tokens
#[derive(Debug, Args)]
#[command(long_about = LIST_ABOUT)]
pub(crate) struct ListArgs {
    /// Print the list as JSON
    #[arg(long)]
    pub(crate) json: bool,

    /// Where, and how a person answers.
    #[command(flatten)]
    pub(crate) place: TokenPlace,
}

/// Revoke tokens
#[derive(Debug, Args)]
#[command(long_about = REVOKE_ABOUT)]
pub(crate) struct RevokeArgs {
    /// Their keys, beginnings of keys, or exact names
    #[arg(value_name = "KEY", required = true)]
    pub(crate) keys: Vec<String>,

    /// Revoke them without asking
    #[arg(long, short)]
    pub(crate) yes: bool,

    /// Where, and how a person answers.
    #[command(flatten)]
    pub(crate) place: TokenPlace,
}

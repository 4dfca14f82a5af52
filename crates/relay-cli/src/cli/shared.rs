//! Groups of flags that several commands share. Each command takes only the groups that mean something for it.

use camino::Utf8PathBuf;
use clap::{Args, ValueEnum};
use relay_values::DistTag;
use relay_workspace::{PackageName, Version};
use secrecy::SecretString;

/// The most uploads and reads in flight that may be asked for; registries throttle long before.
pub(crate) const CONCURRENCY_MAX: i64 = 64;

/// Which packages.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct SelectionFlags {
    /// Take only these packages (pnpm's grammar, repeatable)
    ///
    /// `NAME` with `*` anywhere, `./FOLDER` or `{FOLDER}` with globs, `NAME...` with its dependencies, `...NAME` with its
    /// dependents, `NAME^...` and `...^NAME` without the package itself, `!NAME` to leave out. A name without its scope
    /// is enough where only one package has it.
    #[arg(long = "filter", short = 'F', value_name = "SELECTOR", allow_hyphen_values = false)]
    pub(crate) filter: Vec<String>,
}

/// Which registry, and how to speak to it.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct RegistryFlags {
    /// Use this registry for all packages, whatever `.npmrc` and `publishConfig` say
    #[arg(long, value_name = "URL")]
    pub(crate) registry: Option<String>,

    /// Have at most N uploads in flight [default: 8, or `relay.toml`]
    #[arg(long, value_name = "N", value_parser = concurrency)]
    pub(crate) concurrency: Option<usize>,

    /// In CI for a pull request: use credentials although the change may say where they go
    ///
    /// There, what only reads (`plan`, `--dry-run`) uses no credential and expands no secret of `.npmrc`: the files are
    /// not the person's own. What a registry then doesn't show is not known, rather than new.
    #[arg(long)]
    pub(crate) with_credentials: bool,
}

/// How versions are made.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct VersionFlags {
    /// Finish prereleases, so that 2.0.0-rc.3 becomes 2.0.0: all, or those of the packages named
    ///
    /// Without it a prerelease is followed by the next one. NAMES are patterns as in `relay.toml`, with commas between
    /// them. A release group graduates as one.
    #[arg(
        long,
        value_name = "NAMES",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "*",
        value_delimiter = ','
    )]
    pub(crate) graduate: Vec<String>,
}

/// How versions are published.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct UploadFlags {
    /// Publish under this dist-tag [default: `latest`, or what manifest and `relay.toml` say]
    #[arg(long, value_name = "TAG")]
    pub(crate) tag: Option<DistTag>,

    /// Who may read packages that are new
    #[arg(long, value_name = "ACCESS")]
    pub(crate) access: Option<AccessArg>,

    /// Send all under a side tag, wait once until all can be installed, then move the dist-tags
    ///
    /// Instead of waiting at each level of the dependencies until npm shows a version. What is installed without naming a
    /// version stays the old set until the new one is whole. If a part fails, no tag moves until it is out too.
    #[arg(long)]
    pub(crate) promote_last: bool,

    /// Publish with a signed statement of where the tarball was built
    #[arg(long, hide = true)]
    pub(crate) provenance: bool,

    /// Run no lifecycle scripts (prepublishOnly, prepack, prepare, postpack, publish, postpublish)
    #[arg(long)]
    pub(crate) ignore_scripts: bool,

    /// Go on although packages depend on each other in a circle; they are published one right after the other
    #[arg(long)]
    pub(crate) allow_cycles: bool,
}

/// How a person takes part.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct PersonFlags {
    /// Do not ask before acting
    #[arg(long, short)]
    pub(crate) yes: bool,

    /// Print the address of a 2FA challenge instead of opening a browser
    #[arg(long)]
    pub(crate) no_browser: bool,
}

/// What is done about a clone that lacks history.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct HistoryFlags {
    /// In a shallow clone, fetch the rest of the history and the tags first (`git fetch --unshallow --tags`)
    #[arg(long)]
    pub(crate) unshallow: bool,
}

/// What git gets to see.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct GitFlags {
    /// Make no git tags
    #[arg(long)]
    pub(crate) no_git_tag: bool,

    /// Push neither commits nor tags
    #[arg(long)]
    pub(crate) no_push: bool,

    /// Keep neither lock nor release record on the remote, where it refuses refs under refs/relay
    #[arg(long)]
    pub(crate) no_remote_lock: bool,

    /// Take a version for good that somebody else published with other bytes, so that its dependents go out
    #[arg(long, value_name = "NAME@VERSION", value_parser = name_at_version)]
    pub(crate) accept_published: Vec<(PackageName, Version)>,
}

/// What is written besides the messages.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ReportFlags {
    /// Print the report as JSON to stdout
    #[arg(long)]
    pub(crate) json: bool,

    /// Write each event as a line of JSON to FILE
    #[arg(long, value_name = "FILE")]
    pub(crate) log_file: Option<Utf8PathBuf>,
}

/// A one-time code.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct OtpFlags {
    /// Answer 2FA challenges with this one-time code as long as the registry takes it
    #[arg(long, value_name = "CODE", value_parser = secret)]
    pub(crate) otp: Option<SecretString>,
}

/// What `release`, `publish` and `resume` have in common, in the order of their help.
#[derive(Debug, Clone, Args)]
pub(crate) struct RunFlags {
    #[command(flatten)]
    pub(crate) person: PersonFlags,

    #[command(flatten)]
    pub(crate) otp: OtpFlags,

    #[command(flatten)]
    pub(crate) selection: SelectionFlags,

    #[command(flatten)]
    pub(crate) registry: RegistryFlags,

    #[command(flatten)]
    pub(crate) upload: UploadFlags,

    #[command(flatten)]
    pub(crate) git: GitFlags,

    #[command(flatten)]
    pub(crate) report: ReportFlags,
}

/// npm's two words for who may read a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AccessArg {
    /// Everybody
    Public,
    /// Those who are granted access
    Restricted,
}

impl From<AccessArg> for relay_config::Access {
    fn from(access: AccessArg) -> Self {
        match access {
            AccessArg::Public => Self::Public,
            AccessArg::Restricted => Self::Restricted,
        }
    }
}

impl From<relay_config::Access> for AccessArg {
    fn from(access: relay_config::Access) -> Self {
        match access {
            relay_config::Access::Public => Self::Public,
            relay_config::Access::Restricted => Self::Restricted,
        }
    }
}

/// A count between 1 and [`CONCURRENCY_MAX`].
pub(crate) fn concurrency(text: &str) -> Result<usize, String> {
    let range = 1..=CONCURRENCY_MAX;
    match text.parse::<i64>() {
        Ok(count) if range.contains(&count) => usize::try_from(count).map_err(|error| error.to_string()),
        _ => Err(format!("a whole number from 1 to {CONCURRENCY_MAX} is needed")),
    }
}

/// A package and a version, such as `@acme/core@1.2.3`.
pub(super) fn name_at_version(text: &str) -> Result<(PackageName, Version), String> {
    let whole = "write it as NAME@VERSION, such as `@acme/core@1.2.3`";
    let (name, version) = text.rsplit_once('@').filter(|(name, _)| !name.is_empty()).ok_or(whole)?;
    let name = PackageName::parse(name).map_err(|error| error.to_string())?;
    let version = Version::parse(version).map_err(|error| format!("`{version}` is no version: {error}; {whole}"))?;
    Ok((name, version))
}

/// Takes a secret; it is never printed again, also not in a complaint about it.
fn secret(text: &str) -> Result<SecretString, String> {
    if text.trim().is_empty() {
        return Err("the code is empty".to_owned());
    }
    Ok(SecretString::from(text.trim().to_owned()))
}

/// A span such as `500ms`, `4s`, `2m`.
pub(crate) fn span(text: &str) -> Result<std::time::Duration, String> {
    if text == "0" {
        return Ok(std::time::Duration::ZERO);
    }
    relay_config::DurationText::try_from(text.to_owned()).map(|span| span.0)
}

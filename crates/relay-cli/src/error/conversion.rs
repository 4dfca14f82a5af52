//! The errors of the crates below, made into what a person is told: code, kind, hint.

use relay_config::ConfigError;
use relay_pack::lifecycle::ScriptError;
use relay_pack::lifecycle::build::BuildError;
use relay_pack::{ManifestRewriteError, PackError};
use relay_sandbox::SandboxError;
use relay_workspace::{DiscoverError, InvalidName, ManifestError};

use crate::error::{CliError, ErrorKind};
use crate::ui::human_span;

/// What to do about a file with a mistake at a line and column.
const AT_THIS_PLACE: &str = "correct the file at this place, then run the command again";

impl From<ConfigError> for CliError {
    fn from(error: ConfigError) -> Self {
        Self::of(ErrorKind::User, &error)
            .hint("correct the file, or remove it: without it every command works on defaults")
            .code("relay::config::invalid")
    }
}

impl From<ManifestError> for CliError {
    fn from(error: ManifestError) -> Self {
        Self::of(ErrorKind::User, &error).code(manifest_code(&error)).hint(AT_THIS_PLACE)
    }
}

impl From<DiscoverError> for CliError {
    fn from(error: DiscoverError) -> Self {
        discover(&error)
    }
}

/// The packages of the repository can't be told.
pub(super) fn discover(error: &DiscoverError) -> CliError {
    let code = match error {
        DiscoverError::Start { .. } => "relay::workspace::start",
        DiscoverError::NothingFound { .. } => "relay::workspace::nothing_found",
        DiscoverError::Unreadable { .. }
        | DiscoverError::NotAFile { .. }
        | DiscoverError::DanglingLink { .. }
        | DiscoverError::NotUtf8 { .. } => "relay::workspace::unreadable",
        DiscoverError::TooLarge { .. }
        | DiscoverError::TooManyFolders { .. }
        | DiscoverError::TooDeep { .. }
        | DiscoverError::TooManyPackages { .. } => "relay::workspace::too_large",
        DiscoverError::Manifest(error) => manifest_code(error),
        DiscoverError::Syntax(_) | DiscoverError::Field(_) => "relay::workspace::broken_definition",
        DiscoverError::Pattern { .. } => "relay::workspace::invalid_pattern",
        DiscoverError::Outside { .. } | DiscoverError::LinkOutside { .. } => "relay::workspace::outside",
        DiscoverError::Name { .. } => "relay::workspace::invalid_name",
        DiscoverError::Version { .. } | DiscoverError::Spelling { .. } => "relay::workspace::invalid_version",
        DiscoverError::DuplicateName { .. } => "relay::workspace::duplicate_name",
    };
    let result = CliError::of(ErrorKind::User, error).code(code);
    match error {
        DiscoverError::Manifest(_) | DiscoverError::Syntax(_) | DiscoverError::Field(_) => result.hint(AT_THIS_PLACE),
        _ => result,
    }
}

fn manifest_code(error: &ManifestError) -> &'static str {
    match error {
        ManifestError::Syntax(_) => "relay::workspace::broken_manifest",
        ManifestError::WrongKind(_) => "relay::workspace::odd_manifest",
    }
}

impl From<InvalidName> for CliError {
    fn from(error: InvalidName) -> Self {
        Self::of(ErrorKind::User, &error).code("relay::workspace::invalid_name")
    }
}

impl From<PackError> for CliError {
    fn from(error: PackError) -> Self {
        let code = match &error {
            PackError::Unreadable { .. } => "relay::pack::unreadable",
            PackError::NoManifest { .. } => "relay::pack::no_manifest",
            PackError::BrokenManifest { .. } => "relay::pack::broken_manifest",
            PackError::Field { .. } => "relay::pack::odd_manifest",
            PackError::Pattern { .. } => "relay::pack::invalid_pattern",
            PackError::NameNotUnicode { .. } => "relay::pack::name_not_unicode",
            PackError::BundledMissing { .. } => "relay::pack::bundled_missing",
            PackError::NpmsDiffer { .. } => "relay::pack::npms_differ",
            PackError::BundledOutside { .. } => "relay::pack::bundled_outside",
            PackError::BundledOverridden { .. } | PackError::DependencyOverridden { .. } => "relay::pack::overrides",
            PackError::Changed { .. } => "relay::pack::changed_meanwhile",
            PackError::TooLarge { .. } => "relay::pack::too_large",
        };
        Self::of(ErrorKind::User, &error).code(code)
    }
}

impl From<ManifestRewriteError> for CliError {
    fn from(error: ManifestRewriteError) -> Self {
        let code = match &error {
            ManifestRewriteError::UnknownPackage { .. } => "relay::pack::unknown_package",
            ManifestRewriteError::NoVersion { .. } => "relay::pack::dependency_without_version",
            ManifestRewriteError::OutOfRange { .. } => "relay::pack::dependency_out_of_range",
            ManifestRewriteError::NoCatalogEntry { .. } => "relay::pack::no_catalog_entry",
            ManifestRewriteError::CatalogEntryProtocol { .. } => "relay::pack::catalog_entry_protocol",
            ManifestRewriteError::PublishName { .. } => "relay::pack::publish_name",
            ManifestRewriteError::Directory { .. } => "relay::pack::publish_directory",
            ManifestRewriteError::Unreadable { .. } => "relay::pack::unreadable",
            ManifestRewriteError::Manifest(_) => "relay::workspace::broken_manifest",
        };
        Self::of(ErrorKind::User, &error).code(code)
    }
}

impl From<BuildError> for CliError {
    fn from(error: BuildError) -> Self {
        let (message, output) = match &error {
            BuildError::Interrupted { .. } => return Self::new(ErrorKind::Interrupted, error.to_string()),
            BuildError::Failed { command, code, output, .. } => {
                let ending = code.map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"));
                (format!("the build `{command}` ended with {ending}"), output.clone())
            }
            BuildError::TimedOut { command, timeout, output } => {
                (format!("the build `{command}` took longer than {}", human_span(*timeout)), output.clone())
            }
            BuildError::NotStarted { command, source } => {
                (format!("the build `{command}` can't be started"), source.to_string())
            }
        };
        let result = Self::user(message).code("relay::pack::build");
        let result = if output.trim().is_empty() { result } else { result.cause(output.trim_end()) };
        let result = match error {
            BuildError::Failed { denied: Some(denied), .. } => result.hint(denied.to_string()),
            BuildError::Failed { folder, .. } => result.hint(format!("run it in `{folder}` to see more")),
            _ => result,
        };
        result
            .hint("it is `build` under `[release]` in relay.toml, and runs without credentials")
            .hint("`--ignore-scripts` leaves it out, if everything is built already")
    }
}

impl From<ScriptError> for CliError {
    fn from(error: ScriptError) -> Self {
        let (message, output) = match &error {
            ScriptError::Interrupted { .. } => return Self::new(ErrorKind::Interrupted, error.to_string()),
            ScriptError::Failed { script, code, output, .. } => {
                let ending = code.map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"));
                (format!("{script} ended with {ending}: `{}`", script.command), output.clone())
            }
            ScriptError::TimedOut { script, timeout, output } => {
                let timeout = human_span(*timeout);
                (format!("{script} took longer than {timeout}: `{}`", script.command), output.clone())
            }
            ScriptError::NotStarted { script, source } => (format!("{script} can't be started"), source.to_string()),
        };
        let result = Self::user(message).code("relay::pack::script");
        let result = if output.trim().is_empty() { result } else { result.cause(output.trim_end()) };
        let skip = "`--ignore-scripts` leaves all scripts out, if none is needed";
        match error {
            ScriptError::Failed { denied: Some(denied), .. } => result.hint(denied.to_string()),
            ScriptError::Failed { script, .. } => {
                result.hint(format!("run it in `{}` to see more", script.folder)).hint(skip)
            }
            _ => result.hint(skip),
        }
    }
}

impl From<SandboxError> for CliError {
    fn from(error: SandboxError) -> Self {
        Self::of(ErrorKind::User, &error).code("relay::sandbox::listen")
    }
}

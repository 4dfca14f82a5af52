//! A session as the engine takes it, made of the person's settings: `.npmrc` files, environment, state folder. Read here and nowhere else.

mod manager_files;

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use relay_config::{Access, NamePatterns};
use relay_engine::account::sessions::Sessions;
use relay_engine::agreed_settings;
use relay_engine::event::Clock as _;
use relay_engine::observe::PLAN_READS_IN_FLIGHT;
use relay_engine::project::Project;
use relay_engine::publish_settings::PublishSettings;
use relay_engine::pull_request::{RunFacts, sign_of_pull_request};
use relay_engine::session::Session;
use relay_engine::state_folder::Holder;
use relay_registry::{
    ClientError, ClientOptions, ConfigSources, NetworkSettings, NpmConfig, NpmrcFile, Otp, RegistryClient,
};
use relay_values::DistTag;
use relay_values::is_credential_name;
use relay_workspace::{Workspace, read_regular_file, read_regular_text};
use secrecy::{ExposeSecret as _, SecretString};

use crate::error::engine as explain;
use crate::error::{CliError, ErrorKind};
use crate::vault::Vault;
use crate::wall_clock::WallClock;

pub(crate) use manager_files::{of_person as manager_file_of_person, yarn_file_name};

/// The largest `.npmrc` that is read, in bytes.
pub(crate) const NPMRC_SIZE_BYTES_MAX: u64 = 1024 * 1024;

const CAFILE_HINT: &str = "correct or remove `cafile` in `.npmrc`, or `NODE_EXTRA_CA_CERTS` in the environment";
/// The largest `cafile` that is read, in bytes: all authorities of a system take a quarter of a megabyte.
const CAFILE_SIZE_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// Connections for what is about an account: a few requests.
const ACCOUNT_CONNECTIONS: usize = 4;

/// The largest document of a CI's event that is read, in bytes.
const EVENT_SIZE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// The flags of the command line that a session is made from.
#[derive(Clone, Default)]
pub(crate) struct SessionFlags {
    /// `--registry`.
    pub(crate) registry: Option<String>,
    /// `--otp`.
    pub(crate) otp: Option<SecretString>,
    /// `--offline`.
    pub(crate) offline: bool,
    /// `--tag`.
    pub(crate) tag: Option<DistTag>,
    /// `--access`.
    pub(crate) access: Option<Access>,
    /// `--promote-last`.
    pub(crate) promote_last: bool,
    /// `--filter`.
    pub(crate) filter: Vec<String>,
    /// The current folder, relative to the workspace root.
    pub(crate) here: Utf8PathBuf,
    /// `--allow-cycles`.
    pub(crate) allow_cycles: bool,
    /// `--graduate`.
    pub(crate) graduate: Vec<String>,
    /// Whether the command only reads.
    pub(crate) reads_only: bool,
    /// `--with-credentials`.
    pub(crate) with_credentials: bool,
    /// Whether a person can answer challenges.
    pub(crate) person: bool,
    /// The environment, with the credentials that were taken out of it.
    pub(crate) vault: Vault,
}

/// Reads `.npmrc` files and environment and makes a session of them.
pub(crate) fn session(project: &Project, flags: &SessionFlags) -> Result<Session, CliError> {
    let environment = flags.vault.environment();
    let sign = if flags.reads_only && !flags.with_credentials { pull_request(project, &environment) } else { None };
    let mut sources = sources(&project.workspace, &project.prefix, &environment, flags.registry.clone())?;
    sources.withhold = sign.is_some();
    let npm = NpmConfig::resolve(&sources).map_err(explain::npm)?;
    let begun = Sessions::read(&person_state_folder(&environment));
    let session = build(project, flags, npm, environment)?;
    Ok(Session {
        begun,
        withheld_because: sign.map(|sign| format!("this runs for a pull request ({sign})")),
        ..session
    })
}

/// npm's own settings about a publish, as the repository's manager heeds them.
///
/// Files that can't be used are complained about by those who need a registry, and say nothing here.
pub(crate) fn publish_settings(workspace: &Workspace, vault: &Vault) -> PublishSettings {
    let sources = sources(workspace, "", &vault.environment(), None).ok();
    let npm = sources.and_then(|sources| NpmConfig::resolve(&sources).ok());
    npm.map(|npm| PublishSettings::of(&npm, workspace)).unwrap_or_default()
}

/// By which sign a CI runs this for a change that is only proposed.
fn pull_request(project: &Project, environment: &BTreeMap<String, String>) -> Option<String> {
    let path = environment.get("GITHUB_EVENT_PATH").filter(|path| !path.is_empty());
    let event = path.and_then(|path| read_regular_text(Utf8Path::new(path), EVENT_SIZE_BYTES_MAX).ok().flatten());
    let event = event.and_then(|text| serde_json::from_str(&text).ok());
    let workspace = environment.get("GITHUB_WORKSPACE").and_then(|path| Utf8Path::new(path).canonicalize_utf8().ok());
    let elsewhere = workspace.as_deref() != Some(&*project.workspace.root);
    sign_of_pull_request(environment, RunFacts { event: event.as_ref(), elsewhere })
}

/// Who this run is, for other runs that it keeps away.
pub(crate) fn holder(command: &str) -> Holder {
    #[cfg(unix)]
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    #[cfg(not(unix))]
    let host = "this machine".to_owned();
    Holder { command: command.to_owned(), pid: std::process::id(), host, since: WallClock.now() }
}

/// A session for a rehearsal: the registry of each package is found as always, but no file and no variable of the person's
/// own can lend it a credential.
pub(crate) fn rehearsal_session(project: &Project, flags: &SessionFlags) -> Result<Session, CliError> {
    let project_file = read_npmrc(&project.workspace.root.join(".npmrc"), None)?;
    let sources = ConfigSources {
        project: project_file,
        registry_flag: flags.registry.clone(),
        manager_of_repository: Some(project.workspace.manager),
        manager: manager_files::read(&project.workspace, &project.prefix, None)?,
        ..ConfigSources::default()
    };
    let npm = NpmConfig::resolve(&sources).map_err(explain::npm)?;
    build(project, flags, npm, BTreeMap::new())
}

fn build(
    project: &Project,
    flags: &SessionFlags,
    npm: NpmConfig,
    environment: BTreeMap<String, String>,
) -> Result<Session, CliError> {
    let otp = match flags.otp.as_ref().or(flags.vault.otp()) {
        Some(code) => Some(Otp::parse(code.expose_secret()).map_err(|error| CliError::of(ErrorKind::Usage, &error))?),
        None => npm.otp(),
    };
    let connections = project.config.publish.concurrency.max(PLAN_READS_IN_FLIGHT);
    let (client, way) = client(&project.workspace.root, &npm, &environment, connections)?;
    if !flags.offline {
        // Meanwhile the repository is read.
        let (client, registry) = (client.clone(), npm.registry());
        std::thread::spawn(move || client.prepare(&registry));
    }
    let selected = if flags.filter.is_empty() {
        None
    } else {
        Some(crate::filter::select(&flags.filter, &project.workspace, &project.graph, &flags.here)?)
    };
    Ok(Session {
        npm,
        client,
        way,
        withheld_because: None,
        begun: Sessions::default(),
        environment: environment.into_iter().map(|(name, value)| (name, SecretString::from(value))).collect(),
        person: flags.person,
        otp,
        offline: flags.offline,
        tag: flags.tag.clone(),
        access: flags.access,
        promote_last: flags.promote_last,
        selected,
        stand_ins: BTreeMap::new(),
        allow_cycles: flags.allow_cycles,
        graduate: NamePatterns::new(flags.graduate.clone()),
        now: WallClock.now(),
    })
}

/// A client as the settings want it, and a digest of how it reaches registries. `root`: what paths of `.npmrc` are relative to.
fn client(
    root: &Utf8Path,
    npm: &NpmConfig,
    environment: &BTreeMap<String, String>,
    connections: usize,
) -> Result<(RegistryClient, String), CliError> {
    let network = npm.network();
    let mut authorities = certificate_authorities(root, npm, home_folder(environment).as_deref())?.unwrap_or_default();
    authorities.extend(network.authorities.iter().flat_map(|pem| format!("\n{pem}").into_bytes()));
    if let Some(path) = &network.extra_authorities_file {
        authorities.extend(extra_authorities(Utf8Path::new(path))?);
    }
    let way = way(&network, &authorities);
    let options = ClientOptions {
        user_agent: user_agent(),
        connections_per_host: connections,
        auth_type_web: npm.auth_type_web(),
        certificate_authorities: (!authorities.is_empty()).then(|| authorities.into()),
        unchecked_by: network.unchecked_by,
        proxy: network.proxy,
        no_proxy: network.no_proxy,
        ..ClientOptions::default()
    };
    let client = RegistryClient::new(options).map_err(|error| {
        let told = CliError::of(ErrorKind::User, &error);
        match error {
            ClientError::Proxy { .. } => told
                .hint("correct or remove `https-proxy` or `proxy` in `.npmrc`: `http://HOST:PORT`")
                .code("relay::npmrc::proxy"),
            _ => told.hint(CAFILE_HINT).code("relay::npmrc::cafile"),
        }
    })?;
    Ok((client, way))
}

/// A digest of how registries are reached.
fn way(network: &NetworkSettings, authorities: &[u8]) -> String {
    let proxy = network.proxy.as_ref().map_or("", |proxy| proxy.expose_secret());
    let (hosts, unchecked) = (network.no_proxy.as_deref(), network.unchecked_by.as_deref());
    let parts = [proxy, hosts.unwrap_or_default(), unchecked.unwrap_or_default()].map(str::as_bytes);
    agreed_settings::digest(parts.into_iter().chain([authorities]))
}

/// What npm's `cafile` names, if it is set: from the workspace's root on, or with `~/` from the home folder, as npm reads paths.
fn certificate_authorities(
    root: &Utf8Path,
    npm: &NpmConfig,
    home: Option<&Utf8Path>,
) -> Result<Option<Vec<u8>>, CliError> {
    let Some(path) = npm.get("cafile") else { return Ok(None) };
    let unreadable = |cause: String| {
        CliError::user(format!("the certificate authorities `{path}` can't be read"))
            .cause(cause)
            .hint(CAFILE_HINT)
            .code("relay::npmrc::cafile")
    };
    let place = match (path.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => root.join(path),
    };
    match read_regular_file(&place, CAFILE_SIZE_BYTES_MAX) {
        Ok(Some(pem)) => Ok(Some(pem)),
        Ok(None) => Err(unreadable("there is no such file".to_owned())),
        Err(error) => Err(unreadable(error.to_string())),
    }
}

/// What the person's node trusts besides; as in node, a file that isn't there adds nothing.
fn extra_authorities(path: &Utf8Path) -> Result<Vec<u8>, CliError> {
    let pem = read_regular_file(path, CAFILE_SIZE_BYTES_MAX).map_err(|error| {
        CliError::user(format!("the certificate authorities `{path}` can't be read"))
            .cause(error.to_string())
            .hint(CAFILE_HINT)
            .code("relay::npmrc::cafile")
    })?;
    Ok(pem.map_or_else(Vec::new, |pem| [b"\n", pem.as_slice()].concat()))
}

fn user_agent() -> String {
    let (version, os, arch) = (env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH);
    format!("relay/{version} {os} {arch}")
}

fn sources(
    workspace: &Workspace,
    prefix: &str,
    environment: &BTreeMap<String, String>,
    registry_flag: Option<String>,
) -> Result<ConfigSources, CliError> {
    Ok(ConfigSources {
        project: read_npmrc(&workspace.root.join(".npmrc"), None)?,
        manager_of_repository: Some(workspace.manager),
        manager: manager_files::read(workspace, prefix, Some(environment))?,
        environment_files: manager_files::environment_files(&workspace.root),
        ..person_sources(environment, registry_flag)?
    })
}

/// Says whether a variable's name is that of a secret. Much of what AWS and Azure set is none, such as a region or an account,
/// which addresses of registries are made of.
fn holds_a_secret(name: &str) -> bool {
    let upper = name.to_uppercase();
    let own = ["AWS_", "AZURE_"].iter().find_map(|prefix| upper.strip_prefix(prefix)).unwrap_or(&upper);
    is_credential_name(own)
}

/// Where the person's own `.npmrc` is, whether it is there or not.
pub(crate) fn user_npmrc(environment: &BTreeMap<String, String>) -> Option<Utf8PathBuf> {
    npm_path(environment, "npm_config_userconfig").or_else(|| home_folder(environment).map(|home| home.join(".npmrc")))
}

/// Where the machine's `.npmrc` is, if that is said.
pub(crate) fn global_npmrc(environment: &BTreeMap<String, String>) -> Option<Utf8PathBuf> {
    npm_path(environment, "npm_config_globalconfig")
}

fn npm_path(environment: &BTreeMap<String, String>, name: &str) -> Option<Utf8PathBuf> {
    let found = environment.iter().find(|(key, value)| key.eq_ignore_ascii_case(name) && !value.is_empty());
    found.map(|(_, value)| Utf8PathBuf::from(value))
}

/// Reads an `.npmrc`. Plans name it as credentials' place and are shown to others, so that it gets no absolute path: the
/// project's is `.npmrc`, the person's is `~/.npmrc`.
fn read_npmrc(path: &Utf8Path, home: Option<&Utf8Path>) -> Result<Option<NpmrcFile>, CliError> {
    let unreadable = |cause: String| {
        CliError::user(format!("the npm configuration `{path}` can't be read"))
            .cause(cause)
            .hint("make it a file that you may read, or remove it")
            .code("relay::npmrc::unreadable")
    };
    let text = read_regular_text(path, NPMRC_SIZE_BYTES_MAX).map_err(|error| unreadable(error.to_string()))?;
    let Some(text) = text else { return Ok(None) };
    let shown = match home {
        None => Utf8PathBuf::from(".npmrc"),
        Some(home) => path.strip_prefix(home).map_or_else(|_| path.to_owned(), |below| Utf8Path::new("~").join(below)),
    };
    Ok(Some(NpmrcFile { path: shown, text }))
}

/// The person's home folder.
pub(crate) fn home_folder(environment: &BTreeMap<String, String>) -> Option<Utf8PathBuf> {
    ["HOME", "USERPROFILE"]
        .iter()
        .find_map(|name| environment.get(*name))
        .filter(|path| !path.is_empty())
        .map(Utf8PathBuf::from)
}

/// Where relay keeps its state: in the git directory; without git, in the person's state folder.
pub(crate) fn state_folder(project: &Project) -> Utf8PathBuf {
    if let Some(repository) = &project.repository {
        return repository.git_dir().join(relay_engine::state_folder::STATE_FOLDER_NAME);
    }
    let environment = Vault::default().environment();
    let base = person_state_folder(&environment);
    let digest = relay_plan::digest(project.workspace.root.as_str().as_bytes());
    let name: String = digest.chars().filter(char::is_ascii_alphanumeric).take(24).collect();
    base.join(name)
}

/// Where relay keeps what belongs to a person and not to a clone.
pub(crate) fn person_state_folder(environment: &BTreeMap<String, String>) -> Utf8PathBuf {
    environment
        .get("XDG_STATE_HOME")
        .filter(|path| !path.is_empty())
        .map(Utf8PathBuf::from)
        .or_else(|| home_folder(environment).map(|home| home.join(".local/state")))
        .unwrap_or_else(|| Utf8PathBuf::from(".relay"))
        .join("relay")
}

/// npm's settings for what is about an account, in a workspace or outside one. `root`: the workspace's, or the current folder.
pub(crate) fn account_settings(
    root: &Utf8Path,
    workspace: Option<&Workspace>,
    environment: &BTreeMap<String, String>,
    registry_flag: Option<String>,
) -> Result<NpmConfig, CliError> {
    let sources = match workspace {
        Some(workspace) => sources(workspace, "", environment, registry_flag)?,
        None => ConfigSources {
            project: read_npmrc(&root.join(".npmrc"), None)?,
            ..person_sources(environment, registry_flag)?
        },
    };
    NpmConfig::resolve(&sources).map_err(explain::npm)
}

/// A client for what is about an account.
pub(crate) fn account_client(
    root: &Utf8Path,
    npm: &NpmConfig,
    environment: &BTreeMap<String, String>,
) -> Result<RegistryClient, CliError> {
    Ok(client(root, npm, environment, ACCOUNT_CONNECTIONS)?.0)
}

/// What one `.npmrc` of the person's says by itself.
pub(crate) fn own_settings(
    shown: &str,
    text: &SecretString,
    environment: &BTreeMap<String, String>,
) -> Result<NpmConfig, CliError> {
    let file = NpmrcFile { path: Utf8PathBuf::from(shown), text: text.expose_secret().to_owned() };
    let variables = environment.iter().filter(|(name, _)| !name.to_lowercase().starts_with("npm_config_"));
    let sources = ConfigSources {
        user: Some(file),
        environment: variables.map(|(name, value)| (name.clone(), value.clone())).collect(),
        ..ConfigSources::default()
    };
    NpmConfig::resolve(&sources).map_err(explain::npm)
}

/// The person's own sources of settings, without those of a checkout.
fn person_sources(
    environment: &BTreeMap<String, String>,
    registry_flag: Option<String>,
) -> Result<ConfigSources, CliError> {
    let home = home_folder(environment);
    let read = |path: Option<Utf8PathBuf>| path.as_deref().map(|path| read_npmrc(path, home.as_deref())).transpose();
    Ok(ConfigSources {
        user: read(user_npmrc(environment))?.flatten(),
        global: read(global_npmrc(environment))?.flatten(),
        secret_variables: environment.keys().filter(|name| holds_a_secret(name)).cloned().collect(),
        environment: environment.clone(),
        registry_flag,
        ..ConfigSources::default()
    })
}

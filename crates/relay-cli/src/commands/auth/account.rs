//! What the commands about an account share: npm's settings, a client, the registries that are meant, and the person's own
//! files.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use relay_config::{Config, RegistryRules};
use relay_engine::account::sessions::Sessions;
use relay_registry::{Credential, NpmConfig, RegistryClient, RegistryUrl, default_registry};
use relay_values::{CUSTOMARY_TOKEN_VARIABLES, CredentialId, no_token};
use relay_workspace::{Workspace, check_writable, read_regular_text, write_privately};
use secrecy::{ExposeSecret as _, SecretString};

use crate::context::Context;
use crate::error::CliError;
use crate::error::engine as explain;
use crate::session_setup::{self, NPMRC_SIZE_BYTES_MAX};
use crate::workspace::read_config;

/// An account's surroundings.
pub(super) struct Account {
    /// npm's settings.
    pub(super) npm: NpmConfig,
    /// Speaks with registries.
    pub(super) client: RegistryClient,
    /// The settings of the workspace around; the defaults without one, and where they can't be read.
    pub(super) config: Config,
    /// The person's `.npmrc`, whether it is there or not. `None`: there is no home folder.
    file: Option<Utf8PathBuf>,
    /// The folder of the person's that sessions are remembered in.
    state: Utf8PathBuf,
    environment: BTreeMap<String, String>,
    pub(super) workspace: Option<Workspace>,
    registry: Option<String>,
}

impl Account {
    /// Reads the settings, with `--registry` as given.
    pub(super) fn open(context: &Context, registry: Option<&str>) -> Result<Self, CliError> {
        let environment = context.vault.environment();
        // An account needs no workspace; one that can't be read is the business of the commands that need it.
        let workspace = Workspace::discover(&context.cwd).ok();
        let registry = registry.map(str::to_owned);
        let root = workspace.as_ref().map_or(&*context.cwd, |workspace| &*workspace.root);
        let npm = session_setup::account_settings(root, workspace.as_ref(), &environment, registry.clone())?;
        let client = session_setup::account_client(root, &npm, &environment)?;
        context.ui.warnings(npm.warnings());
        let file = session_setup::user_npmrc(&environment);
        let state = session_setup::person_state_folder(&environment);
        let config = workspace.as_ref().and_then(|workspace| read_config(&workspace.root).ok()).unwrap_or_default();
        Ok(Self { npm, client, config, file, state, environment, workspace, registry })
    }

    /// The registries that are meant: that of the flag, else those of the packages here, else that of the settings.
    pub(super) fn registries(&self) -> Result<Vec<RegistryUrl>, CliError> {
        if self.registry.is_some() {
            return Ok(vec![self.npm.registry()]);
        }
        let mut registries = BTreeSet::new();
        for package in self.workspace.iter().flat_map(|workspace| &workspace.packages) {
            if package.private {
                continue;
            }
            let in_manifest = package.manifest.fields().get("publishConfig");
            let choice = self.npm.registry_for(&package.name, in_manifest).map_err(explain::npm)?;
            registries.insert(choice.url);
        }
        if registries.is_empty() {
            registries.insert(self.npm.registry());
        }
        Ok(registries.into_iter().collect())
    }

    /// The one registry that is meant.
    pub(super) fn registry(&self, command: &str) -> Result<RegistryUrl, CliError> {
        let registries = self.registries()?;
        match registries.as_slice() {
            [one] => Ok(one.clone()),
            many => Err(many.iter().fold(
                CliError::usage("the packages here go to several registries, and this is done at one at a time")
                    .code("relay::auth::several_registries"),
                |error, one| error.hint(format!("`relay auth {command} --registry {one}`")),
            )),
        }
    }

    /// Says whether a registry follows npm's rules: it is npm's own, or `relay.toml` says so.
    pub(super) fn follows_npm(&self, registry: &RegistryUrl) -> bool {
        let declared = self.config.registry.iter().find(|settings| settings.url == *registry);
        declared.map_or_else(|| *registry == default_registry(), |settings| settings.rules == RegistryRules::Npm)
    }

    /// The person's `.npmrc`.
    fn file(&self) -> Result<&Utf8Path, CliError> {
        self.file.as_deref().ok_or_else(|| {
            CliError::user("there is no home folder, so that a session has no place to be kept")
                .hint("set `HOME`, or say where your `.npmrc` is: `npm_config_userconfig=FILE`")
                .code("relay::auth::no_home")
        })
    }

    /// Makes sure that the person's `.npmrc` can be written, before something is begun that has to be kept there.
    pub(super) fn check_writable(&self) -> Result<(), CliError> {
        self.text()?;
        let file = self.file()?;
        make_folder_of(file)?;
        check_writable(file).map_err(|error| unwritable(&error))
    }

    /// The credentials for a registry that are here: that of `.npmrc`, those of the variables that `relay.toml` declares for it,
    /// and the customary variables.
    pub(super) fn at_hand(&self, registry: &RegistryUrl) -> Vec<Credential> {
        let mut found: Vec<Credential> =
            self.npm.credential_for(registry).filter(|credential| !credential.is_withheld()).into_iter().collect();
        let of_person = *registry == self.npm.default_of_person();
        let declared =
            self.config.credential.iter().filter(|one| one.registry.as_ref().map_or(of_person, |at| at == registry));
        let declared = declared.filter_map(|one| one.env.as_deref());
        let customary = CUSTOMARY_TOKEN_VARIABLES.into_iter().filter(|_| of_person);
        for variable in declared.chain(customary) {
            let value = self.environment.get(variable).filter(|value| no_token(value).is_none());
            let Some(value) = value else { continue };
            let id = CredentialId::of_variable(registry.clone(), variable);
            let credential = Credential::new_bearer(SecretString::from(value.clone()), id);
            if !found.iter().any(|known| known.is_same(&credential)) {
                found.push(credential);
            }
        }
        found
    }

    /// Writes what relay remembers of sessions and tokens.
    pub(super) fn remember(&self, sessions: &Sessions) -> Result<(), String> {
        std::fs::create_dir_all(&self.state).map_err(|error| error.to_string())?;
        sessions.write(&self.state).map_err(|error| error.to_string())
    }

    /// What relay remembers of sessions.
    pub(super) fn sessions(&self) -> Sessions {
        Sessions::read(&self.state)
    }

    /// The text of the person's `.npmrc`; empty where there is none.
    pub(super) fn text(&self) -> Result<SecretString, CliError> {
        let file = self.file()?;
        let unreadable = |cause: String| {
            CliError::user(format!("your npm configuration `{file}` can't be read"))
                .cause(cause)
                .hint("make it a file that you may read, or remove it")
                .code("relay::npmrc::unreadable")
        };
        let text = read_regular_text(file, NPMRC_SIZE_BYTES_MAX).map_err(|error| unreadable(error.to_string()))?;
        Ok(SecretString::from(text.unwrap_or_default()))
    }

    /// Puts another text in its place, in one step, readable by the person alone.
    pub(super) fn write(&self, text: &SecretString) -> Result<(), CliError> {
        let file = self.file()?;
        make_folder_of(file)?;
        write_privately(file, text.expose_secret().as_bytes()).map_err(|error| unwritable(&error))
    }

    /// How the person's `.npmrc` is called to them.
    pub(super) fn file_shown(&self) -> String {
        let home = session_setup::home_folder(&self.environment);
        let Some(file) = &self.file else { return "~/.npmrc".to_owned() };
        let below = home.as_deref().and_then(|home| file.strip_prefix(home).ok());
        below.map_or_else(|| file.to_string(), |below| Utf8Path::new("~").join(below).to_string())
    }

    /// The settings as they are once the person's `.npmrc` was written.
    pub(super) fn settings(&self, context: &Context) -> Result<NpmConfig, CliError> {
        let workspace = self.workspace.as_ref();
        let root = workspace.map_or(&*context.cwd, |workspace| &*workspace.root);
        session_setup::account_settings(root, workspace, &self.environment, self.registry.clone())
    }

    /// The credential of a registry that the person's own `.npmrc` holds.
    pub(super) fn own_credential(&self, registry: &RegistryUrl) -> Result<Option<Credential>, CliError> {
        let text = self.text()?;
        let npm = session_setup::own_settings(&self.file_shown(), &text, &self.environment)?;
        Ok(npm.credential_for(registry))
    }
}

fn make_folder_of(file: &Utf8Path) -> Result<(), CliError> {
    let Some(folder) = file.parent().filter(|folder| !folder.as_str().is_empty()) else { return Ok(()) };
    std::fs::create_dir_all(folder).map_err(|error| {
        CliError::user(format!("the folder `{folder}` can't be made"))
            .cause(error.to_string())
            .code("relay::npmrc::unwritable")
    })
}

fn unwritable(error: &relay_workspace::WriteError) -> CliError {
    CliError::user(error.to_string())
        .hint("make your `.npmrc` a file that you may write, or name another: `npm_config_userconfig=FILE`")
        .code("relay::npmrc::unwritable")
}

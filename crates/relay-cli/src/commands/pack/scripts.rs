//! Lifecycle scripts around packing: one package after the other, dependencies first, since a build may need the output
//! of another. The environment they get holds no credentials.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use relay_config::{Config, ScriptSettings};
use relay_git::Repository;
use relay_pack::lifecycle::fence::Fence;
use relay_pack::lifecycle::{self, Occasion, SCRIPT_TIMEOUT, ScriptRequest};
use relay_workspace::{PackageName, Workspace};

use crate::error::CliError;
use crate::fence;
use crate::stop;
use crate::ui::{Ui, clean};

/// The scripts of one run of `relay pack`.
pub(super) struct Scripts<'a> {
    ui: &'a Ui,
    workspace: &'a Workspace,
    ignored: bool,
    environment: BTreeMap<OsString, OsString>,
    credential_names: Vec<String>,
    prepared: Vec<PackageName>,
    have_run: bool,
    wanted: ScriptSettings,
    /// What they may reach; worked out before the first one.
    fence: Option<Arc<Fence>>,
    /// Becomes true when somebody asks to stop; scripts have no terminal of their own that would tell them.
    stop: Option<Arc<AtomicBool>>,
}

impl<'a> Scripts<'a> {
    /// Takes the environment of the process; the variables that `relay.toml` names as credentials are never handed on.
    #[expect(clippy::disallowed_methods, reason = "a script gets the environment that the command has")]
    pub(super) fn new(ui: &'a Ui, workspace: &'a Workspace, config: &Config, ignored: bool) -> Self {
        Self {
            ui,
            workspace,
            ignored,
            environment: env::vars_os().collect(),
            credential_names: config.declared_variables(),
            prepared: Vec::new(),
            have_run: false,
            wanted: config.scripts.clone(),
            fence: None,
            stop: None,
        }
    }

    /// Runs what comes before the tarball; stops at the first script that fails.
    pub(super) fn run_before(&mut self, names: &[PackageName]) -> Result<(), CliError> {
        for name in names {
            for event in lifecycle::before_tarball(Occasion::Pack) {
                self.run(name, event, true)?;
            }
            self.prepared.push(name.clone());
        }
        Ok(())
    }

    /// Runs what comes after the tarball, for all packages whose scripts before it have run; the first failure is told
    /// when all have had their turn.
    pub(super) fn run_after(&mut self) -> Result<(), CliError> {
        let mut result = Ok(());
        for name in std::mem::take(&mut self.prepared) {
            for event in lifecycle::after_tarball() {
                // They tidy up, also after an interruption.
                result = result.and(self.run(&name, event, false));
            }
        }
        result
    }

    /// Ends the command where somebody has asked for that since the first script began.
    pub(super) fn check_stop(&self) -> Result<(), CliError> {
        match &self.stop {
            Some(stop) if stop.load(Ordering::Relaxed) => Err(stop::stopped()),
            _ => Ok(()),
        }
    }

    /// Says whether any script has run, so that files may have changed.
    pub(super) fn have_run(&self) -> bool {
        self.have_run
    }

    fn run(&mut self, name: &PackageName, event: &str, may_stop: bool) -> Result<(), CliError> {
        let Some(package) = self.workspace.package(name).filter(|_| !self.ignored) else { return Ok(()) };
        let Some(command) = package.manifest.script(event).filter(|command| !command.trim().is_empty()) else {
            return Ok(());
        };
        if !self.have_run {
            let repository = Repository::discover(&self.workspace.root).ok();
            let (root, environment) = (&self.workspace.root, &self.environment);
            self.fence = fence::raise(self.ui, root, repository.as_ref(), &self.wanted, environment)?;
        }
        self.have_run = true;
        let stop = Arc::clone(self.stop.get_or_insert_with(stop::flag_in_background));
        self.ui.status(format!("running `{event}` of `{name}`"));
        let outcome = lifecycle::run(&ScriptRequest {
            folder: &self.workspace.folder(package),
            event,
            command,
            package: &package.name,
            version: package.version.as_ref(),
            manifest: package.manifest.fields(),
            occasion: Occasion::Pack,
            manager: self.workspace.manager,
            root: &self.workspace.root,
            environment: &self.environment,
            credential_names: &self.credential_names,
            extra_environment: &BTreeMap::new(),
            timeout: SCRIPT_TIMEOUT,
            stop: may_stop.then_some(&stop),
            fence: self.fence.as_deref(),
        })?;
        if !outcome.output.trim().is_empty() {
            self.ui.detail(clean(outcome.output.trim_end()));
        }
        Ok(())
    }
}

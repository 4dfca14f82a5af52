//! Makes the tarballs: lifecycle scripts first, then packing side by side ([`freeze`]), then the gate ([`pass_gate`]). From here
//! on bytes are fixed.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use camino::Utf8PathBuf;
use relay_config::{GateSettings, Level};
use relay_pack::gate::{self, Before, Finding};
use relay_pack::lifecycle::build::{BUILD_TIMEOUT, BuildError, BuildRequest, run_build};
use relay_pack::lifecycle::fence::Fence;
use relay_pack::lifecycle::{self, Occasion, ScriptError, ScriptRequest};
use relay_pack::{
    Conventions, ManifestRewriteError, Overlay, PackError, PackRequest, Tarball, pack, published_manifest,
};
use relay_plan::ReleasePlan;
use relay_workspace::{DiscoverError, PackageName, Workspace, WorkspacePackage};

use crate::conventions::{PackChoices, conventions_of};
use crate::event::{Emitter, Fact, NotRecorded};
use crate::project::Project;

mod identity;
mod obstacle;

use identity::Expected;
pub use identity::Mislabelled;
pub use obstacle::{PackingObstacle, packing_obstacle};

/// What stops the packing. Nothing has been sent then.
#[derive(Debug, thiserror::Error)]
pub enum FreezeError {
    /// The build of the repository failed.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A lifecycle script failed.
    #[error(transparent)]
    Script(#[from] ScriptError),
    /// A tarball can't be made.
    #[error("`{package}` can't be packed: {source}")]
    Pack {
        /// The package.
        package: PackageName,
        /// Why.
        source: Box<PackError>,
    },
    /// A manifest can't be made ready for publishing.
    #[error(transparent)]
    Manifest(#[from] Box<ManifestRewriteError>),
    /// Tarballs hold another name or version than they are to be published under.
    #[error("{}", identity::in_words(.0))]
    Mislabelled(Vec<Mislabelled>),
    /// The workspace can't be read again after the scripts.
    #[error("the workspace can't be read any more after the scripts have run: {0}")]
    Workspace(#[from] Box<DiscoverError>),
    /// An event can't be recorded.
    #[error(transparent)]
    NotRecorded(#[from] NotRecorded),
    /// The gate stops tarballs. All that it found is here, what is not in the way too.
    #[error("the gate stops tarballs")]
    Gate(GateFindings),
}

/// What the gate found, by package; those without findings are left out.
pub type GateFindings = BTreeMap<PackageName, Vec<Finding>>;

/// How tarballs are made.
#[derive(Debug, Clone, Default)]
pub struct FreezeOptions {
    /// Whether lifecycle scripts are left out.
    pub ignore_scripts: bool,
    /// The environment that scripts start from; it is scrubbed.
    pub environment: BTreeMap<OsString, OsString>,
    /// Environment variables that hold declared credentials; scripts never see them.
    pub secret_variables: Vec<String>,
    /// Becomes true when scripts are to be ended: somebody asked to stop.
    pub stop: Arc<AtomicBool>,
    /// What scripts may reach; `None`: what the person may.
    pub fence: Option<Arc<Fence>>,
    /// Tarballs that were made already, of files that cannot have changed since ([`crate::packing_ahead`]).
    pub packed_ahead: BTreeMap<PackageName, Arc<Tarball>>,
}

/// Runs the build and the scripts and makes the tarballs of the plan's packages, in its order.
///
/// # Errors
/// [`FreezeError`] at the first script or package that fails; everything that is not what the plan says (invariant I16) at
/// once.
pub fn freeze(
    project: &Project,
    plan: &ReleasePlan,
    options: &FreezeOptions,
    events: &Emitter,
) -> Result<BTreeMap<PackageName, Arc<Tarball>>, FreezeError> {
    let workspace = &project.workspace;
    let packages: Vec<&WorkspacePackage> =
        plan.packages.iter().filter_map(|planned| workspace.package(&planned.name)).collect();
    let mut have_run = build(project, options, events)?;
    if !options.ignore_scripts {
        for package in &packages {
            for event in lifecycle::before_tarball(Occasion::Publish) {
                have_run |= run_script(project, package, event, options, events)?;
            }
        }
    }
    // A script may write any manifest; what is packed is what is there when it has run.
    let again = if have_run { Some(Workspace::discover(&workspace.root).map_err(Box::new)?) } else { None };
    let tarballs = pack_planned(again.as_ref().unwrap_or(workspace), &project.packing, &packages, options)?;
    refuse_mislabelled(workspace, plan, &tarballs, have_run)?;
    if !options.ignore_scripts {
        for package in &packages {
            for event in lifecycle::after_tarball() {
                run_script(project, package, event, options, events)?;
            }
        }
    }
    Ok(tarballs)
}

/// Has the gate look at all tarballs, each beside the version before it; says what it found that is not in the way.
///
/// # Errors
/// [`FreezeError::Gate`] where it stops one of them.
pub fn pass_gate(
    project: &Project,
    plan: &ReleasePlan,
    tarballs: &BTreeMap<PackageName, Arc<Tarball>>,
    before: &BTreeMap<PackageName, Before>,
    events: &Emitter,
) -> Result<GateFindings, FreezeError> {
    let found = findings_of(tarballs, &project.config.gate, before);
    if found.values().flatten().any(|finding| finding.level == Level::Error) {
        return Err(FreezeError::Gate(found));
    }
    for planned in &plan.packages {
        if let Some(tarball) = tarballs.get(&planned.name) {
            events.emit(Fact::Packed {
                package: planned.name.clone(),
                version: planned.next.clone(),
                integrity: tarball.integrity.clone(),
                size: u64::try_from(tarball.bytes.len()).unwrap_or(u64::MAX),
                files: tarball.files.len(),
            })?;
        }
    }
    Ok(found)
}

/// Says whether the repository's build runs before its packages are packed.
pub fn runs_build(project: &Project, ignore_scripts: bool) -> bool {
    project.config.release.build.is_some() && !ignore_scripts
}

/// Builds the repository, where it has a build; says whether it has.
#[expect(clippy::disallowed_methods, reason = "an event tells how long a build took")]
fn build(project: &Project, options: &FreezeOptions, events: &Emitter) -> Result<bool, FreezeError> {
    let Some(command) = project.config.release.build.as_ref().filter(|_| !options.ignore_scripts) else {
        return Ok(false);
    };
    events.emit(Fact::BuildStarted { command: command.clone() })?;
    let begun = std::time::Instant::now();
    run_build(&BuildRequest {
        command,
        root: &project.workspace.root,
        environment: &options.environment,
        credential_names: &options.secret_variables,
        timeout: BUILD_TIMEOUT,
        stop: Some(&options.stop),
        fence: options.fence.as_deref(),
    })?;
    let millis = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    events.emit(Fact::Built { millis })?;
    Ok(true)
}

/// Says whether carrying the plan out runs the build or a script of the repository.
pub fn runs_scripts(project: &Project, plan: &ReleasePlan) -> bool {
    let events = || {
        let before = lifecycle::before_tarball(Occasion::Publish).iter();
        before.chain(lifecycle::after_tarball()).chain(lifecycle::after_upload())
    };
    let mut packages = plan.packages.iter().filter_map(|planned| project.workspace.package(&planned.name));
    (!plan.is_empty() && runs_build(project, false))
        || packages.any(|package| events().any(|event| package.manifest.script(event).is_some()))
}

/// Packs side by side what was not packed ahead. Packages are found again by their folders: a script may have renamed them.
fn pack_planned(
    workspace: &Workspace,
    choices: &PackChoices,
    packages: &[&WorkspacePackage],
    options: &FreezeOptions,
) -> Result<BTreeMap<PackageName, Arc<Tarball>>, FreezeError> {
    use rayon::prelude::*;
    let conventions = conventions_of(workspace, choices);
    packages
        .par_iter()
        .map(|package| {
            if let Some(tarball) = options.packed_ahead.get(&package.name) {
                return Ok((package.name.clone(), Arc::clone(tarball)));
            }
            let now = workspace.packages.iter().find(|other| other.path == package.path).unwrap_or(package);
            let tarball = pack_unchecked(workspace, now, &conventions, None)?;
            Ok((package.name.clone(), Arc::new(tarball)))
        })
        .collect()
}

/// Compares what the tarballs say they are with the plan, before the first upload (invariant I16).
fn refuse_mislabelled(
    workspace: &Workspace,
    plan: &ReleasePlan,
    tarballs: &BTreeMap<PackageName, Arc<Tarball>>,
    after_scripts: bool,
) -> Result<(), FreezeError> {
    let mut wrong = Vec::new();
    for planned in &plan.packages {
        if let (Some(tarball), Some(package)) = (tarballs.get(&planned.name), workspace.package(&planned.name)) {
            let expected = Expected { package, version: &planned.next, after_scripts };
            wrong.extend(identity::check(&expected, tarball));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(FreezeError::Mislabelled(wrong)) }
}

/// What the gate finds in tarballs; they are inspected side by side, on all cores.
fn findings_of(
    tarballs: &BTreeMap<PackageName, Arc<Tarball>>,
    settings: &GateSettings,
    before: &BTreeMap<PackageName, Before>,
) -> GateFindings {
    use rayon::prelude::*;
    tarballs
        .par_iter()
        .map(|(name, tarball)| (name, gate::inspect(tarball, &settings.rules_for(name), before.get(name))))
        .filter(|(_, findings)| !findings.is_empty())
        .map(|(name, findings)| (name.clone(), findings))
        .collect()
}

/// Packs one package; `overlay` has its files as they will be, where they are not on the disk yet.
///
/// # Errors
/// [`FreezeError::Pack`], [`FreezeError::Manifest`], or [`FreezeError::Mislabelled`] where the tarball says that it is another
/// package or version than the workspace says.
pub fn pack_one(
    workspace: &Workspace,
    package: &WorkspacePackage,
    conventions: &Conventions,
    overlay: Option<&Overlay>,
) -> Result<Tarball, FreezeError> {
    let tarball = pack_unchecked(workspace, package, conventions, overlay)?;
    if let Some(version) = &package.version {
        let wrong = identity::check(&Expected { package, version, after_scripts: false }, &tarball);
        if !wrong.is_empty() {
            return Err(FreezeError::Mislabelled(wrong));
        }
    }
    Ok(tarball)
}

fn pack_unchecked(
    workspace: &Workspace,
    package: &WorkspacePackage,
    conventions: &Conventions,
    overlay: Option<&Overlay>,
) -> Result<Tarball, FreezeError> {
    let manifest = published_manifest(package, workspace).map_err(Box::new)?;
    let folder = workspace.folder(package);
    let folder: Utf8PathBuf = match &manifest.directory {
        Some(directory) => folder.join(directory),
        None => folder,
    };
    let request = PackRequest {
        folder: &folder,
        manifest: (manifest.changed || manifest.directory.is_some()).then_some(manifest.text.as_str()),
        conventions,
        overlay,
    };
    pack(&request).map_err(|source| FreezeError::Pack { package: package.name.clone(), source: Box::new(source) })
}

/// Runs one script of a package, if it has it; says whether it has.
#[expect(clippy::disallowed_methods, reason = "an event tells how long a script took")]
pub(crate) fn run_script(
    project: &Project,
    package: &WorkspacePackage,
    event: &str,
    options: &FreezeOptions,
    events: &Emitter,
) -> Result<bool, FreezeError> {
    let Some(command) = package.manifest.script(event) else { return Ok(false) };
    let folder = project.workspace.folder(package);
    let begun = std::time::Instant::now();
    lifecycle::run(&ScriptRequest {
        folder: &folder,
        root: &project.workspace.root,
        event,
        command,
        package: &package.name,
        version: package.version.as_ref(),
        manifest: package.manifest.fields(),
        occasion: Occasion::Publish,
        manager: project.workspace.manager,
        environment: &options.environment,
        credential_names: &options.secret_variables,
        extra_environment: &BTreeMap::new(),
        timeout: lifecycle::SCRIPT_TIMEOUT,
        stop: Some(&options.stop),
        fence: options.fence.as_deref(),
    })?;
    events.emit(Fact::ScriptRan {
        package: package.name.clone(),
        script: event.to_owned(),
        millis: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
    })?;
    Ok(true)
}

#[cfg(test)]
mod tests;

//! Makes the tarballs: lifecycle scripts first, then packing side by side, then the gate. From here on bytes are fixed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use camino::Utf8PathBuf;
use relay_config::{GateRule, GateSettings};
use relay_pack::gate::{self, Finding, GateRules};
use relay_pack::lifecycle::{self, ScriptError, ScriptRequest};
use relay_pack::{ManifestRewriteError, PackError, PackRequest, Surroundings, Tarball, pack, published_manifest};
use relay_workspace::{PackageName, WorkspacePackage};

use crate::event::{Emitter, Fact, NotRecorded};
use crate::project::Project;

/// How long one lifecycle script may run.
pub const SCRIPT_TIME_MAX: Duration = Duration::from_mins(30);
/// The scripts that run before the tarball is made, in order (`packing.md`, "Scripts around it").
pub const SCRIPTS_BEFORE: [&str; 3] = ["prepublishOnly", "prepack", "prepare"];
/// The script that runs after it.
pub const SCRIPT_AFTER: &str = "postpack";

/// What stops the packing. Nothing has been sent then.
#[derive(Debug, thiserror::Error)]
pub enum FreezeError {
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
    /// An event can't be recorded.
    #[error(transparent)]
    NotRecorded(#[from] NotRecorded),
    /// The gate stops tarballs.
    #[error("the gate stops {} of the tarballs", .0.len())]
    Gate(BTreeMap<PackageName, Vec<Finding>>),
}

/// How tarballs are made.
#[derive(Debug, Clone, Default)]
pub struct FreezeOptions {
    /// Whether lifecycle scripts are left out.
    pub ignore_scripts: bool,
    /// Environment variables that hold declared credentials; scripts never see them.
    pub secret_variables: Vec<String>,
}

/// Runs the scripts and makes the tarballs of the named packages, which come in publish order.
///
/// # Errors
/// [`FreezeError`] at the first script or package that fails; all findings of the gate at once.
pub fn freeze(
    project: &Project,
    names: &[PackageName],
    options: &FreezeOptions,
    events: &Emitter,
) -> Result<BTreeMap<PackageName, Arc<Tarball>>, FreezeError> {
    let packages: Vec<&WorkspacePackage> =
        names.iter().filter_map(|name| project.workspace.package(name)).collect();
    if !options.ignore_scripts {
        for package in &packages {
            for event in SCRIPTS_BEFORE {
                run_script(project, package, event, options, events)?;
            }
        }
    }
    let tarballs = pack_all(project, &packages)?;
    if !options.ignore_scripts {
        for package in &packages {
            run_script(project, package, SCRIPT_AFTER, options, events)?;
        }
    }
    let rules = gate_rules(&project.config.gate);
    let mut stopped = BTreeMap::new();
    for (name, tarball) in &tarballs {
        let findings = gate::inspect(tarball, &rules);
        if !findings.is_empty() {
            stopped.insert(name.clone(), findings);
        }
    }
    if !stopped.is_empty() {
        return Err(FreezeError::Gate(stopped));
    }
    for name in names {
        if let (Some(tarball), Some(package)) = (tarballs.get(name), project.workspace.package(name))
            && let Some(version) = &package.version
        {
            events.emit(Fact::Packed {
                package: name.clone(),
                version: version.clone(),
                integrity: tarball.integrity.clone(),
                size: u64::try_from(tarball.bytes.len()).unwrap_or(u64::MAX),
                files: tarball.files.len(),
            })?;
        }
    }
    Ok(tarballs)
}

/// Packs packages side by side, on all cores.
///
/// # Errors
/// [`FreezeError::Pack`] or [`FreezeError::Manifest`] of the first package that can't be packed.
pub fn pack_all(
    project: &Project,
    packages: &[&WorkspacePackage],
) -> Result<BTreeMap<PackageName, Arc<Tarball>>, FreezeError> {
    use rayon::prelude::*;
    let members = project.workspace.packages.iter().map(|package| project.workspace.folder(package)).collect();
    let surroundings = Surroundings { root: project.workspace.root.clone(), members };
    packages
        .par_iter()
        .map(|package| {
            let tarball = pack_one(project, package, &surroundings)?;
            Ok((package.name.clone(), Arc::new(tarball)))
        })
        .collect()
}

fn pack_one(
    project: &Project,
    package: &WorkspacePackage,
    surroundings: &Surroundings,
) -> Result<Tarball, FreezeError> {
    let manifest = published_manifest(package, &project.workspace).map_err(Box::new)?;
    let folder = project.workspace.folder(package);
    let folder: Utf8PathBuf = match &manifest.directory {
        Some(directory) => folder.join(directory),
        None => folder,
    };
    let request = PackRequest {
        folder: &folder,
        manifest: manifest.changed.then_some(manifest.text.as_str()),
        surroundings: Some(surroundings),
    };
    pack(&request).map_err(|source| FreezeError::Pack { package: package.name.clone(), source: Box::new(source) })
}

fn run_script(
    project: &Project,
    package: &WorkspacePackage,
    event: &str,
    options: &FreezeOptions,
    events: &Emitter,
) -> Result<(), FreezeError> {
    let Some(command) = package.manifest.script(event) else { return Ok(()) };
    let folder = project.workspace.folder(package);
    let version = package.version.as_ref().map(ToString::to_string).unwrap_or_default();
    let outcome = lifecycle::run(&ScriptRequest {
        folder: &folder,
        root: &project.workspace.root,
        event,
        command,
        package: package.name.as_str(),
        version: &version,
        manager: project.workspace.manager,
        secret_variables: &options.secret_variables,
        time_max: SCRIPT_TIME_MAX,
    })?;
    events.emit(Fact::ScriptRan {
        package: package.name.clone(),
        script: event.to_owned(),
        millis: u64::try_from(outcome.duration.as_millis()).unwrap_or(u64::MAX),
    })?;
    Ok(())
}

/// The gate's rules as the settings have them.
pub fn gate_rules(settings: &GateSettings) -> GateRules {
    GateRules {
        protocol_leak: settings.forbid.contains(&GateRule::ProtocolLeak),
        secret: settings.forbid.contains(&GateRule::Secret),
        size_bytes_max: settings.max_size.map(|size| size.0),
    }
}

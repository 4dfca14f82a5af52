//! The tarballs that a release will make, made in memory beforehand: no script runs, and nothing is written.
//!
//! Files that the version step will write are laid over the disk, from the same contents that it writes.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use relay_change::BumpPlan;
use relay_pack::gate::{self, Before};
use relay_pack::lifecycle::{self, Occasion};
use relay_pack::{Overlay, Tarball};
use relay_plan::{ReleasePlan, TarballFact};
use relay_workspace::{Manifest, ManifestError, PackageName, Workspace, WorkspacePackage, published_version};

use crate::conventions::{PackChoices, conventions_of};
use crate::freeze::{FreezeError, GateFindings, pack_one, runs_build};
use crate::project::Project;
use crate::versioning::{VersionError, new_contents};

/// Why a tarball is not known before it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unsettled {
    /// The repository is built before it is packed.
    Build,
    /// This lifecycle script runs before it is packed, and may write anything.
    Script(&'static str),
    /// It bundles dependencies, and a bundled package of the workspace may be changed by the version step through its
    /// link in `node_modules`.
    Bundled,
}

/// What stops tarballs from being foreseen.
#[derive(Debug, thiserror::Error)]
pub enum PreviewError {
    /// What the version step would write can't be made.
    #[error(transparent)]
    Version(#[from] VersionError),
    /// A manifest that it would write can't be read back.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}

/// A workspace as the version step will leave it.
pub struct VersionedWorkspace<'a> {
    workspace: std::borrow::Cow<'a, Workspace>,
    overlay: Overlay,
    choices: &'a PackChoices,
}

/// What is known of a plan's tarballs.
#[derive(Debug, Default)]
pub struct KnownTarballs {
    /// The tarballs.
    pub facts: BTreeMap<PackageName, TarballFact>,
    /// What the gate finds in them.
    pub findings: GateFindings,
    /// The packages that can't be packed as they are. What is missing may be what a build still brings.
    pub failed: BTreeMap<PackageName, FreezeError>,
}

/// Says why a package's tarball can't be foreseen, if it can't.
pub fn unsettled(
    project: &Project,
    package: &WorkspacePackage,
    bumps: &BumpPlan,
    ignore_scripts: bool,
) -> Option<Unsettled> {
    if runs_build(project, ignore_scripts) {
        return Some(Unsettled::Build);
    }
    let script = lifecycle::before_tarball(Occasion::Publish)
        .iter()
        .find(|event| !ignore_scripts && package.manifest.script(event).is_some());
    match script {
        Some(event) => Some(Unsettled::Script(event)),
        None => (package.manifest.bundles_something() && !bumps.bumps.is_empty()).then_some(Unsettled::Bundled),
    }
}

/// Packs what can be foreseen of a plan's tarballs, and keeps their digests and what the gate finds beside the versions
/// `before` them.
///
/// # Errors
/// [`PreviewError`] where the version step itself would fail.
pub fn known_tarballs(
    project: &Project,
    plan: &ReleasePlan,
    bumps: &BumpPlan,
    ignore_scripts: bool,
    before: &BTreeMap<PackageName, Before>,
) -> Result<KnownTarballs, PreviewError> {
    let packages: Vec<&WorkspacePackage> = plan
        .packages
        .iter()
        .filter_map(|planned| project.workspace.package(&planned.name))
        .filter(|package| unsettled(project, package, bumps, ignore_scripts).is_none())
        .collect();
    let mut known = KnownTarballs::default();
    let gate = &project.config.gate;
    let look = |name: &PackageName, tarball: &Tarball| {
        let rules = gate.rules_for(name);
        (tarball_fact(tarball), gate::inspect(tarball, &rules, before.get(name)))
    };
    for (name, packed) in VersionedWorkspace::of(project, bumps)?.pack(&packages, look) {
        match packed {
            Ok((fact, findings)) => {
                known.facts.insert(name.clone(), fact);
                if !findings.is_empty() {
                    known.findings.insert(name, findings);
                }
            }
            Err(error) => {
                known.failed.insert(name, error);
            }
        }
    }
    Ok(known)
}

/// A tarball as a plan has it.
pub fn tarball_fact(tarball: &Tarball) -> TarballFact {
    TarballFact {
        integrity: tarball.integrity.clone(),
        shasum: tarball.shasum.clone(),
        size: u64::try_from(tarball.bytes.len()).unwrap_or(u64::MAX),
        unpacked: tarball.unpacked,
        files: tarball.files.len(),
    }
}

impl<'a> VersionedWorkspace<'a> {
    /// Makes it from what the version step would write.
    ///
    /// # Errors
    /// [`PreviewError`] where the version step itself would fail.
    pub fn of(project: &'a Project, bumps: &BumpPlan) -> Result<Self, PreviewError> {
        use std::borrow::Cow;
        if bumps.bumps.is_empty() {
            return Ok(Self {
                workspace: Cow::Borrowed(&project.workspace),
                overlay: Overlay::default(),
                choices: &project.packing,
            });
        }
        let root = &project.workspace.root;
        let mut workspace = project.workspace.clone();
        let mut overlay = Overlay::default();
        for (path, content) in new_contents(project, bumps)?.files {
            let Some(content) = content else {
                overlay.take_away(root.join(&path));
                continue;
            };
            if path.file_name() == Some("package.json") {
                replace_manifest(&mut workspace, &path, &content)?;
            }
            overlay.put(place_of(root, &path), content.into_bytes());
        }
        for rewrite in &bumps.catalogs {
            if let Some(catalog) = workspace.catalogs.get_mut(&rewrite.catalog) {
                catalog.insert(rewrite.dependency.clone(), rewrite.to.clone());
            }
        }
        Ok(Self { workspace: Cow::Owned(workspace), overlay, choices: &project.packing })
    }

    /// Packs packages side by side and keeps what `look` takes of each, so that memory holds only those in flight.
    pub fn pack<T: Send>(
        &self,
        packages: &[&WorkspacePackage],
        look: impl Fn(&PackageName, &Tarball) -> T + Sync,
    ) -> BTreeMap<PackageName, Result<T, FreezeError>> {
        use rayon::prelude::*;
        let conventions = conventions_of(&self.workspace, self.choices);
        packages
            .par_iter()
            .filter_map(|package| {
                let package = self.workspace.package(&package.name)?;
                let packed = pack_one(&self.workspace, package, &conventions, Some(&self.overlay));
                Some((package.name.clone(), packed.map(|tarball| look(&package.name, &tarball))))
            })
            .collect()
    }
}

fn replace_manifest(workspace: &mut Workspace, path: &Utf8Path, content: &str) -> Result<(), ManifestError> {
    let manifest = Manifest::parse(path, content.to_owned())?;
    let folder = path.parent().unwrap_or(Utf8Path::new(""));
    if folder.as_str().is_empty() {
        workspace.root_manifest = manifest.clone();
    }
    if let Some(package) = workspace.packages.iter_mut().find(|package| package.path == folder) {
        package.version = manifest.version().and_then(published_version);
        package.manifest = manifest;
    }
    Ok(())
}

/// Where a write to a path really goes: a link stays, and what it leads to changes.
fn place_of(root: &Utf8Path, path: &Utf8Path) -> Utf8PathBuf {
    let place = root.join(path);
    if place.is_symlink() { place.canonicalize_utf8().unwrap_or(place) } else { place }
}

#[cfg(test)]
mod tests;

//! Packing that begins while the registries are still being asked what they have.
//!
//! Which packages need a tarball is known only then, so what is packed here is a guess, and a package that was not reached or
//! can't be packed is simply packed later, where its error is told. It serves runs in which nothing can change a file between
//! this packing and the upload: no script, no version step, no question to a person.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

use relay_pack::Tarball;
use relay_pack::lifecycle::{self, Occasion};
use relay_workspace::{PackageName, Workspace, WorkspacePackage};

use crate::conventions::{PackChoices, conventions_of};
use crate::freeze::pack_one;

/// The most that is packed ahead, in bytes of tarballs: they are all held in memory.
pub const HEAD_START_BYTES_MAX: usize = 128 * 1024 * 1024;

/// Packing under way. Dropped, it stops after what is in flight.
#[derive(Debug)]
pub struct PackingAhead {
    stop: Arc<AtomicBool>,
    packed: Option<JoinHandle<BTreeMap<PackageName, Arc<Tarball>>>>,
}

impl PackingAhead {
    /// Begins to pack every package that could be published, on threads of its own; not where one of them has scripts that
    /// will run, since a script may change any package's files.
    pub fn begin(workspace: &Workspace, choices: &PackChoices, ignore_scripts: bool) -> Option<Self> {
        if !ignore_scripts && has_scripts(candidates(workspace)) {
            return None;
        }
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let (workspace, choices) = (workspace.clone(), choices.clone());
        let packed =
            std::thread::Builder::new().name("pack-ahead".to_owned()).spawn(move || ahead(&workspace, &choices, &told));
        // Without a thread there is no head start, and all is packed later.
        Some(Self { stop, packed: packed.ok() })
    }

    /// Stops, and hands over what has been packed so far.
    pub fn end(mut self) -> BTreeMap<PackageName, Arc<Tarball>> {
        self.stop.store(true, Ordering::Relaxed);
        self.packed.take().and_then(|thread| thread.join().ok()).unwrap_or_default()
    }
}

impl Drop for PackingAhead {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// Says whether a lifecycle script runs when one of the packages is packed for publishing.
pub fn has_scripts<'a>(packages: impl IntoIterator<Item = &'a WorkspacePackage>) -> bool {
    let events = || lifecycle::before_tarball(Occasion::Publish).iter().chain(lifecycle::after_tarball());
    packages.into_iter().any(|package| events().any(|event| package.manifest.script(event).is_some()))
}

fn candidates(workspace: &Workspace) -> impl Iterator<Item = &WorkspacePackage> {
    workspace.packages.iter().filter(|package| !package.private && package.version.is_some())
}

fn ahead(workspace: &Workspace, choices: &PackChoices, stop: &AtomicBool) -> BTreeMap<PackageName, Arc<Tarball>> {
    use rayon::prelude::*;
    let conventions = conventions_of(workspace, choices);
    let held = AtomicUsize::new(0);
    candidates(workspace)
        .collect::<Vec<_>>()
        .par_iter()
        .filter_map(|package| {
            if stop.load(Ordering::Relaxed) || held.load(Ordering::Relaxed) > HEAD_START_BYTES_MAX {
                return None;
            }
            let tarball = pack_one(workspace, package, &conventions, None).ok()?;
            held.fetch_add(tarball.bytes.len(), Ordering::Relaxed);
            Some((package.name.clone(), Arc::new(tarball)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use camino::Utf8Path;

    use super::*;

    fn workspace(scripts: &str) -> (tempfile::TempDir, Workspace) {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap().canonicalize_utf8().unwrap();
        let write = |path: &str, text: &str| {
            std::fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            std::fs::write(root.join(path), text).unwrap();
        };
        write("package.json", r#"{"private":true,"workspaces":["packages/*"]}"#);
        write("packages/a/package.json", &format!(r#"{{"name":"a","version":"1.0.0","scripts":{{{scripts}}}}}"#));
        write("packages/b/package.json", r#"{"name":"b","version":"1.0.0","dependencies":{"lost":"workspace:*"}}"#);
        write("packages/c/package.json", r#"{"name":"c","version":"1.0.0","private":true}"#);
        let workspace = Workspace::discover(&root).unwrap();
        (folder, workspace)
    }

    #[test]
    fn what_it_hands_over_are_the_tarballs_that_packing_later_makes() {
        let (_folder, workspace) = workspace("");
        let ahead = ahead(&workspace, &PackChoices::default(), &AtomicBool::new(false));
        // `b` can't be packed and `c` is private: both are left to the packing proper.
        assert_eq!(ahead.keys().map(PackageName::as_str).collect::<Vec<_>>(), ["a"]);
        let package = workspace.packages.iter().find(|package| package.name.as_str() == "a").unwrap();
        let later = pack_one(&workspace, package, &conventions_of(&workspace, &PackChoices::default()), None).unwrap();
        assert_eq!(ahead[&package.name].integrity, later.integrity);
    }

    #[test]
    fn nothing_more_is_packed_once_it_is_told_to_stop() {
        let (_folder, workspace) = workspace("");
        assert!(ahead(&workspace, &PackChoices::default(), &AtomicBool::new(true)).is_empty());
    }

    #[test]
    fn only_scripts_that_packing_runs_count() {
        assert!(has_scripts(&workspace(r#""prepack":"true""#).1.packages));
        assert!(has_scripts(&workspace(r#""postpack":"true""#).1.packages));
        assert!(!has_scripts(&workspace(r#""test":"true""#).1.packages));
    }
}

//! Which places are open to scripts.
//!
//! Landlock opens whole folders and can't shut anything inside one again. A folder that holds the home folder, or a file that
//! stays shut, is therefore opened piece by piece around it.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};

use camino::{Utf8Path, Utf8PathBuf};

use super::{FenceRequest, Place, Reach};

mod known;

/// How many entries of folders that are opened piece by piece, or searched for programs, are looked at.
const ENTRIES_MAX: usize = 20_000;

/// The largest file of settings that is looked at, in bytes.
const SETTINGS_BYTES_MAX: u64 = 1024 * 1024;

pub(super) struct Found {
    pub(super) home: Option<Utf8PathBuf>,
    pub(super) places: Vec<Place>,
    pub(super) environment: BTreeMap<OsString, OsString>,
    pub(super) gaps: Vec<String>,
    pub(super) temporary: Option<tempfile::TempDir>,
}

pub(super) fn find(request: &FenceRequest) -> std::io::Result<Found> {
    let variable = |name: &str| {
        let value = request.environment.get(OsStr::new(name))?.to_str()?;
        Some(Utf8PathBuf::from(value)).filter(|path| path.is_absolute())
    };
    let home = variable("HOME").and_then(|home| home.canonicalize_utf8().ok());
    let shut = request.shut.iter().filter_map(|path| path.canonicalize_utf8().ok()).collect();
    let mut finder = Finder { home, shut, places: BTreeMap::new(), entries_left: ENTRIES_MAX };
    let mut gaps = Vec::new();
    finder.open_repository(request, &mut gaps);
    for path in known::SYSTEM {
        finder.open(Utf8Path::new(path), Reach::Read);
    }
    for path in known::DEVICES {
        finder.open(Utf8Path::new(path), Reach::Write);
    }
    for path in known::SHARED_TEMPORARY {
        if let Ok(path) = Utf8Path::new(path).canonicalize_utf8()
            && !finder.is_around_what_stays_shut(&path)
        {
            finder.add(path, Reach::Write);
        }
    }
    let mut environment = BTreeMap::new();
    let temporary = finder.open_temporary(variable("TMPDIR"), &mut environment)?;
    finder.open_tools(&variable, &mut environment);
    finder.open_programs(request.environment.get(OsStr::new("PATH")));
    for (paths, reach) in [(request.read, Reach::Read), (request.write, Reach::Write)] {
        for path in paths {
            // The person's own word opens even what else stays shut.
            if let Some(path) = finder.of_home(path).and_then(|path| path.canonicalize_utf8().ok()) {
                finder.add(path, reach);
            }
        }
    }
    let places = finder.places.into_iter().map(|(path, reach)| Place { path, reach }).collect();
    Ok(Found { home: finder.home, places, environment, gaps, temporary })
}

struct Finder {
    home: Option<Utf8PathBuf>,
    shut: BTreeSet<Utf8PathBuf>,
    places: BTreeMap<Utf8PathBuf, Reach>,
    entries_left: usize,
}

impl Finder {
    /// A path as `relay.toml` has it; `None` where it is in a home folder that nobody knows.
    fn of_home(&self, path: &str) -> Option<Utf8PathBuf> {
        match path.strip_prefix("~/") {
            Some(below) => Some(self.home.as_ref()?.join(below)),
            None => Some(Utf8PathBuf::from(path)),
        }
    }

    fn add(&mut self, path: Utf8PathBuf, reach: Reach) {
        let known = self.places.entry(path).or_insert(reach);
        *known = reach.max(*known);
    }

    fn is_around_what_stays_shut(&self, folder: &Utf8Path) -> bool {
        self.home.iter().chain(&self.shut).any(|shut| shut.starts_with(folder))
    }

    /// Opens a place, but not the home folder and what stays shut. What isn't there is passed over.
    fn open(&mut self, path: &Utf8Path, reach: Reach) {
        let mut shut: Vec<Utf8PathBuf> = self.shut.iter().cloned().collect();
        shut.extend(self.home.clone());
        if let Ok(path) = path.canonicalize_utf8() {
            self.open_around(path, reach, &shut);
        }
    }

    /// Opens a place that is in the home folder by its nature.
    fn open_in_home(&mut self, path: &Utf8Path, reach: Reach) {
        let shut: Vec<Utf8PathBuf> = self.shut.iter().cloned().collect();
        let Ok(path) = path.canonicalize_utf8() else { return };
        // A folder of a tool that is the home folder itself, or around it, is none.
        if !self.home.as_ref().is_some_and(|home| home.starts_with(&path)) {
            self.open_around(path, reach, &shut);
        }
    }

    fn open_around(&mut self, path: Utf8PathBuf, reach: Reach, shut: &[Utf8PathBuf]) {
        if shut.contains(&path) {
            return;
        }
        if !shut.iter().any(|shut| shut.starts_with(&path)) {
            self.add(path, reach);
            return;
        }
        // It goes as deep as a path that stays shut has parts.
        let Ok(entries) = path.read_dir_utf8() else { return };
        for entry in entries.flatten() {
            if self.entries_left == 0 {
                return;
            }
            self.entries_left -= 1;
            // What a link leads to is open where it is open by itself.
            if entry.file_type().is_ok_and(|kind| !kind.is_symlink()) {
                self.open_around(entry.path().to_owned(), reach, shut);
            }
        }
    }

    fn open_repository(&mut self, request: &FenceRequest, gaps: &mut Vec<String>) {
        for (index, path) in request.repository.iter().enumerate() {
            let Ok(path) = path.canonicalize_utf8() else { continue };
            let inside = self.home.iter().chain(&self.shut).find(|shut| shut.starts_with(&path)).cloned();
            match inside {
                None => self.add(path, Reach::Write),
                // Scripts have to make files at the root, which is not to be had without all that is below.
                Some(inside) if index == 0 => {
                    gaps.push(format!(
                        "`{inside}` lies in the repository, all of which scripts may read: move it out, or keep no \
                         credential there"
                    ));
                    self.add(path, Reach::Write);
                }
                // A working tree around the workspace that holds the home folder too.
                Some(_) => self.open(&path, Reach::Read),
            }
        }
        // Programs look for installed modules in all folders above theirs.
        for above in request.repository.first().iter().flat_map(|root| root.ancestors().skip(1)) {
            self.open_in_home(&above.join("node_modules"), Reach::Read);
        }
        for path in request.borrowed {
            self.open(path, Reach::Read);
        }
    }

    /// Opens the folder for temporary files. Where that holds the home folder, scripts get one of their own.
    fn open_temporary(
        &mut self,
        told: Option<Utf8PathBuf>,
        environment: &mut BTreeMap<OsString, OsString>,
    ) -> std::io::Result<Option<tempfile::TempDir>> {
        let folder = told.unwrap_or_else(|| Utf8PathBuf::from("/tmp"));
        let Ok(folder) = folder.canonicalize_utf8() else { return Ok(None) };
        if !self.is_around_what_stays_shut(&folder) {
            self.add(folder, Reach::Write);
            return Ok(None);
        }
        let own = tempfile::Builder::new().prefix("relay-scripts-").tempdir_in(&folder)?;
        if let Some(path) = Utf8Path::from_path(own.path()) {
            self.add(path.to_owned(), Reach::Write);
            for name in ["TMPDIR", "TMP", "TEMP"] {
                environment.insert(name.into(), path.as_str().into());
            }
        }
        Ok(Some(own))
    }

    fn open_tools(
        &mut self,
        variable: &dyn Fn(&str) -> Option<Utf8PathBuf>,
        environment: &mut BTreeMap<OsString, OsString>,
    ) {
        if let Some(home) = self.home.clone() {
            for path in known::TOOLS {
                self.open_in_home(&home.join(path), Reach::Read);
            }
            for path in known::MADE {
                make(&home.join(path));
            }
            for path in known::CACHES {
                self.open_in_home(&home.join(path), Reach::Write);
            }
            self.open_git_settings(&home, environment);
            self.open_manager_settings(&home);
        }
        for (name, below, reach) in known::VARIABLES {
            if let Some(path) = variable(name) {
                if reach == Reach::Write && below.is_empty() {
                    make(&path);
                }
                self.open_in_home(&path.join(below), reach);
            }
        }
    }

    /// git stops at settings that it can't read. They are open where no secret is in them, else git gets none.
    fn open_git_settings(&mut self, home: &Utf8Path, environment: &mut BTreeMap<OsString, OsString>) {
        for path in known::GIT_SETTINGS {
            let path = home.join(path);
            match relay_workspace::read_regular_text(&path, SETTINGS_BYTES_MAX) {
                Ok(None) => {}
                Ok(Some(text)) if !known::has_secret(&text) => self.open_in_home(&path, Reach::Read),
                _ => {
                    environment.insert("GIT_CONFIG_GLOBAL".into(), "/dev/null".into());
                }
            }
        }
    }

    /// Package managers' settings are open where they hold no credential.
    fn open_manager_settings(&mut self, home: &Utf8Path) {
        for path in known::MANAGER_SETTINGS.map(|path| home.join(path)) {
            if let Ok(Some(text)) = relay_workspace::read_regular_text(&path, SETTINGS_BYTES_MAX)
                && !known::may_have_credential(&text)
                && let Ok(path) = path.canonicalize_utf8()
            {
                self.add(path, Reach::Read);
            }
        }
    }

    /// Opens the folders of the search path, with what their programs need: the libraries beside them, and for a link that leads
    /// elsewhere the modules or the folder that it leads to.
    fn open_programs(&mut self, path: Option<&OsString>) {
        let folders = path.into_iter().flat_map(std::env::split_paths);
        let folders: Vec<Utf8PathBuf> = folders
            .filter_map(|folder| Utf8PathBuf::from_path_buf(folder).ok())
            .filter(|folder| folder.is_absolute())
            .filter_map(|folder| folder.canonicalize_utf8().ok())
            .collect();
        for folder in folders {
            self.open_in_home(&folder, Reach::Read);
            self.open_libraries_beside(&folder);
            let Ok(entries) = folder.read_dir_utf8() else { continue };
            for entry in entries.flatten() {
                if self.entries_left == 0 {
                    return;
                }
                self.entries_left -= 1;
                if entry.file_type().is_ok_and(|kind| kind.is_symlink())
                    && let Ok(target) = entry.path().canonicalize_utf8()
                    && !self.places.keys().any(|open| target.starts_with(open))
                {
                    self.open_program(&target);
                }
            }
        }
    }

    fn open_program(&mut self, program: &Utf8Path) {
        let modules = program.ancestors().filter(|folder| folder.file_name() == Some("node_modules")).last();
        match (modules, program.parent()) {
            (Some(modules), _) => self.open_in_home(modules, Reach::Read),
            (None, Some(folder)) if folder.file_name() == Some("bin") => {
                self.open_in_home(folder, Reach::Read);
                self.open_libraries_beside(folder);
            }
            _ => self.open_in_home(program, Reach::Read),
        }
    }

    fn open_libraries_beside(&mut self, folder: &Utf8Path) {
        if let Some(prefix) = folder.parent().filter(|_| folder.file_name() == Some("bin")) {
            for name in ["lib", "libexec", "include", "node_modules"] {
                self.open_in_home(&prefix.join(name), Reach::Read);
            }
        }
    }
}

/// Makes a folder that tools would make: nothing can be opened that isn't there.
fn make(folder: &Utf8Path) {
    // A script that needs it says itself that it isn't there.
    let _ = std::fs::create_dir_all(folder);
}

//! What the disk tells: the workspace, its settings, its repository, its change files. Nothing is written here.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use relay_change::{
    ChangeFile, ChangeFileError, ChangeSettings, ChangesetsConfig, ChangesetsConfigError, ChangesetsGeneration,
    PNPM_LEDGER_FILE, PnpmLedger, PnpmLedgerError, ZeroMajor,
};
use relay_config::{CONFIG_FILE_NAME, ChangeSource, Config, ConfigError, GroupKind, ReleaseMode};
use relay_git::{GitError, HistoryQuery, Hooks, Repository};
use relay_graph::DependencyGraph;
use relay_workspace::{PackageName, Version, Workspace, WorkspacePackage, read_regular_text};

use crate::conventions::PackChoices;
use crate::git_calls::GitCalls;

mod changesets;

/// The folder of change files.
pub const CHANGE_FILE_FOLDER: &str = ".changeset";
/// The largest change file or settings file that is read, in bytes.
pub const SETTINGS_SIZE_BYTES_MAX: u64 = 1024 * 1024;
/// The most change files that are read.
pub const CHANGE_FILES_MAX: usize = 20_000;

/// One repository, as it is on disk.
pub struct Project {
    /// Its packages.
    pub workspace: Workspace,
    /// How they depend on each other.
    pub graph: DependencyGraph,
    /// `relay.toml`, or the defaults.
    pub config: Config,
    /// Whether there is a `relay.toml`.
    pub configured: bool,
    /// How tarballs are made, where the workspace's own files don't say.
    pub packing: PackChoices,
    /// The git repository, where there is one.
    pub repository: Option<Repository>,
    /// The workspace root inside the repository, with `/`; empty where they are the same.
    pub prefix: String,
    /// The change files, sorted by id.
    pub change_files: Vec<ChangeFile>,
    /// What is wrong with those that can't be read as such. It is in the way only of what is made from change files.
    pub broken_change_files: Vec<ChangeFileError>,
    /// `.changeset/config.json`.
    pub changesets: Option<ChangesetsConfig>,
    /// What tells which generation of changesets the repo follows, in words; empty where there is no such file.
    pub changesets_source: String,
    /// Whether there is a ledger of pnpm's.
    pub has_pnpm_ledger: bool,
    /// What stands for git in a simulation.
    #[cfg(test)]
    pub(crate) simulated_git: Option<Box<dyn GitCalls>>,
}

/// How changesets names the tags of a repository. It knows no tag for several packages, and what reads its output looks for
/// the names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangesetsTags {
    bare: bool,
}

impl ChangesetsTags {
    /// The tag of a package's version: `v1.2.3` in a repository that is one package, else `name@1.2.3`.
    pub fn name(self, package: &PackageName, version: &Version) -> String {
        if self.bare { format!("v{version}") } else { format!("{package}@{version}") }
    }
}

/// What stops the reading of a project.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// No workspace, or a broken one.
    #[error(transparent)]
    Workspace(#[from] relay_workspace::DiscoverError),
    /// `relay.toml` can't be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The git repository can't be read.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A change file can't be used.
    #[error(transparent)]
    ChangeFile(#[from] ChangeFileError),
    /// `.changeset/config.json` can't be used.
    #[error(transparent)]
    ChangesetsConfig(#[from] ChangesetsConfigError),
    /// A file can't be read.
    #[error("`{path}` can't be read: {problem}")]
    Unreadable {
        /// The file, relative to the root.
        path: Utf8PathBuf,
        /// What the system says.
        problem: String,
    },
}

impl Project {
    /// Reads the project that `start` lies in.
    ///
    /// # Errors
    /// [`ProjectError`] with the file and the place.
    pub fn open(start: &Utf8Path) -> Result<Self, ProjectError> {
        let workspace = Workspace::discover(start)?;
        let graph = DependencyGraph::build(&workspace);
        let (config, configured) = match read_optional(&workspace.root, Utf8Path::new(CONFIG_FILE_NAME))? {
            Some(text) => (Config::parse(CONFIG_FILE_NAME, &text)?, true),
            None => (Config::default(), false),
        };
        let repository = match Repository::discover(&workspace.root) {
            // Its hooks and helpers are no more trusted with credentials than scripts are.
            Ok(repository) => Some(repository.hiding(config.declared_variables())),
            Err(GitError::NotARepository { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        let prefix = repository.as_ref().map_or_else(String::new, |repository| {
            workspace
                .root
                .strip_prefix(repository.workdir())
                .map(|path| path.as_str().replace('\\', "/"))
                .unwrap_or_default()
        });
        let (changesets, changesets_source) = changesets::read(&workspace)?;
        let mut parsed = read_change_files(&workspace.root, "")?;
        let keeps_used_ones_aside =
            |config: &ChangesetsConfig| config.pre.is_some() && config.generation == ChangesetsGeneration::Three;
        if changesets.as_ref().is_some_and(keeps_used_ones_aside) {
            parsed.extend(read_change_files(&workspace.root, "pre/")?);
        }
        let ledger = read_ledger(&workspace.root)?;
        let has_pnpm_ledger = ledger.is_some();
        let ledger = ledger.unwrap_or_default();
        let mut change_files = Vec::with_capacity(parsed.len());
        let mut broken_change_files = Vec::new();
        for file in parsed {
            match file {
                Ok(file) => change_files.extend(ledger.pending(file, |name| folder_of(&workspace, name))),
                Err(error) => broken_change_files.push(error),
            }
        }
        let packing = PackChoices { like: config.pack.like, user_ignore: None };
        Ok(Self {
            workspace,
            graph,
            config,
            configured,
            packing,
            repository,
            prefix,
            change_files,
            broken_change_files,
            changesets,
            changesets_source,
            has_pnpm_ledger,
            #[cfg(test)]
            simulated_git: None,
        })
    }

    /// Git, where there is a repository.
    pub fn git(&self) -> Option<&dyn GitCalls> {
        #[cfg(test)]
        if let Some(git) = &self.simulated_git {
            return Some(&**git);
        }
        self.repository.as_ref().map(|repository| -> &dyn GitCalls { repository })
    }

    /// Whether the clone's pre-push hook runs.
    pub fn push_hooks(&self) -> Hooks {
        if self.config.git.hooks { Hooks::Run } else { Hooks::Skip }
    }

    /// Whether a package is one that is published.
    pub fn is_published(&self, package: &WorkspacePackage) -> bool {
        !package.private && package.version.is_some() && !self.config.release.ignore.matches(&package.name)
    }

    /// Where changes are read from.
    pub fn change_sources(&self) -> Vec<ChangeSource> {
        match (&self.config.release.changes, self.change_files_alone()) {
            (Some(sources), _) => sources.clone(),
            (None, Some(_)) => vec![ChangeSource::Changesets],
            (None, None) => vec![ChangeSource::Changesets, ChangeSource::ConventionalCommits],
        }
    }

    /// The file that shows that the repo's own tool makes versions of change files alone, so that commits count only where
    /// relay.toml says so.
    pub fn change_files_alone(&self) -> Option<&'static str> {
        match (&self.changesets, self.has_pnpm_ledger) {
            (Some(_), _) => Some(".changeset/config.json"),
            (None, true) => Some(PNPM_LEDGER_FILE),
            (None, false) => None,
        }
    }

    /// The settings of the version step.
    pub fn change_settings(&self) -> ChangeSettings {
        let sources = self.change_sources();
        let release = &self.config.release;
        let names = |patterns: &relay_config::NamePatterns| -> Vec<PackageName> {
            self.workspace.packages.iter().map(|p| &p.name).filter(|name| patterns.matches(name)).cloned().collect()
        };
        let groups = |kind: GroupKind| {
            self.config.group.iter().filter(|group| group.kind == kind).map(|group| names(&group.packages)).collect()
        };
        ChangeSettings {
            mode_fixed: release.mode == ReleaseMode::Fixed,
            fixed: groups(GroupKind::Fixed),
            linked: groups(GroupKind::Linked),
            ignore: names(&release.ignore),
            version_private: release.version_private,
            use_change_files: sources.contains(&ChangeSource::Changesets),
            use_commits: sources.contains(&ChangeSource::ConventionalCommits),
            always_update_ranges: release.update_ranges == relay_config::UpdateRanges::Always,
            zero_major: match release.zero_major {
                relay_config::ZeroMajor::Minor => ZeroMajor::Minor,
                relay_config::ZeroMajor::Shift => ZeroMajor::Shift,
                relay_config::ZeroMajor::Major => ZeroMajor::Major,
            },
            squash_bodies: release.squash_bodies,
            changesets: self.changesets.clone(),
            ..ChangeSettings::default()
        }
    }

    /// Says whether changelogs are written: neither relay.toml nor the configuration of changesets forbids them.
    pub fn writes_changelogs(&self) -> bool {
        self.config.release.changelog && self.changesets.as_ref().is_none_or(|config| config.changelog.is_some())
    }

    /// The private packages whose versions get tags, with these.
    pub fn tagged_private_packages(&self) -> impl Iterator<Item = (&PackageName, &Version)> {
        let config = self.changesets.as_ref().filter(|config| config.private_packages.tag);
        let packages = config.map(|_| self.workspace.packages.iter()).into_iter().flatten();
        packages
            .filter(|package| package.private && !self.config.release.ignore.matches(&package.name))
            .filter_map(|package| Some((&package.name, package.version.as_ref()?)))
    }

    /// A path of the workspace as the repository names it.
    pub fn in_repository(&self, path: &Utf8Path) -> Utf8PathBuf {
        if self.prefix.is_empty() { path.to_owned() } else { Utf8Path::new(&self.prefix).join(path) }
    }

    /// The questions to the history: since when, for each package that can get a version.
    pub fn history_queries(&self) -> Vec<HistoryQuery> {
        let private = match &self.changesets {
            Some(config) => config.private_packages.version,
            None => self.config.release.version_private,
        };
        self.workspace
            .packages
            .iter()
            .filter(|package| package.is_publishable() || private)
            .map(|package| HistoryQuery {
                name: package.name.to_string(),
                path: self.in_repository(&package.path).to_string(),
                // As it is written there, since the history has nothing else to compare.
                version: package.version.as_ref().and_then(|_| package.manifest.version()).map(str::to_owned),
                tags: package.version.as_ref().map(|version| self.tag_candidates(package, version)).unwrap_or_default(),
            })
            .collect()
    }

    /// The tag that a release of the package gets.
    pub fn tag_name(&self, name: &PackageName, version: &Version) -> String {
        if self.has_one_tag() { format!("v{version}") } else { format!("{name}@{version}") }
    }

    /// Says whether one tag stands for the whole release: in fixed mode, and where the repository is one package and no
    /// workspace, as changesets tags it too.
    pub fn has_one_tag(&self) -> bool {
        self.config.release.mode == ReleaseMode::Fixed || self.is_one_package()
    }

    /// Says whether the repository is one package and no workspace.
    fn is_one_package(&self) -> bool {
        matches!(self.workspace.packages.as_slice(), [only] if only.path.as_str().is_empty())
    }

    /// How changesets names tags here.
    pub fn changesets_tags(&self) -> ChangesetsTags {
        ChangesetsTags { bare: self.is_one_package() }
    }

    /// Says whether a bare `v1.2.3` can only mean one package or all of them.
    fn bare_tags_count(&self) -> bool {
        self.has_one_tag() || self.workspace.packages.iter().filter(|package| package.is_publishable()).count() == 1
    }

    /// Says whether a tag is of a form that relay reads as a release of this version.
    pub fn reads_tag(&self, tag: &str, version: &Version) -> bool {
        self.workspace.packages.iter().any(|package| self.tag_candidates(package, version).iter().any(|one| one == tag))
    }

    /// Tags that may stand for the package's present version, best first: relay's own, then those of other tools.
    fn tag_candidates(&self, package: &WorkspacePackage, version: &Version) -> Vec<String> {
        let mut tags = vec![self.tag_name(&package.name, version)];
        // Where the manifest has build metadata, other tools may have written it into the tag.
        let written = package.manifest.version().filter(|text| *text != version.to_string());
        for version in [version.to_string()].into_iter().chain(written.map(str::to_owned)) {
            let bare = self.bare_tags_count().then(|| format!("v{version}"));
            let named = [format!("{}@{version}", package.name), format!("{}-v{version}", package.name.unscoped())];
            for tag in named.into_iter().chain(bare) {
                if !tags.contains(&tag) {
                    tags.push(tag);
                }
            }
        }
        tags
    }
}

fn read_ledger(root: &Utf8Path) -> Result<Option<PnpmLedger>, ProjectError> {
    let path = Utf8Path::new(PNPM_LEDGER_FILE);
    let Some(text) = read_optional(root, path)? else { return Ok(None) };
    let unreadable =
        |problem: PnpmLedgerError| ProjectError::Unreadable { path: path.to_owned(), problem: problem.to_string() };
    PnpmLedger::parse(&text).map(Some).map_err(unreadable)
}

fn folder_of<'a>(workspace: &'a Workspace, name: &str) -> Option<&'a str> {
    workspace.package(&PackageName::parse(name).ok()?).map(|package| package.path.as_str())
}

/// The change files in the folder, or in the one below it where the prerelease mode keeps them.
fn read_change_files(root: &Utf8Path, below: &str) -> Result<Vec<Result<ChangeFile, ChangeFileError>>, ProjectError> {
    let folder = &Utf8Path::new(CHANGE_FILE_FOLDER).join(below.trim_end_matches('/'));
    let unreadable =
        |error: std::io::Error| ProjectError::Unreadable { path: folder.clone(), problem: error.to_string() };
    let entries = match std::fs::read_dir(root.join(folder)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let mut ids = BTreeMap::new();
    for entry in entries.take(CHANGE_FILES_MAX) {
        let entry = entry.map_err(unreadable)?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let is_change_file = Utf8Path::new(&name).extension() == Some("md")
            && !name.starts_with('.')
            && !name.eq_ignore_ascii_case("readme.md");
        if is_change_file {
            ids.insert(format!("{below}{}", name.trim_end_matches(".md")), name);
        }
    }
    let mut files = Vec::with_capacity(ids.len());
    for (id, file) in ids {
        if let Some(problem) = no_file(root, &folder.join(&file)) {
            files.push(Err(ChangeFile::not_a_file(&id, problem)));
        } else if let Some(text) = read_optional(root, &folder.join(file))? {
            files.push(ChangeFile::parse(&id, &text));
        }
    }
    Ok(files)
}

/// What is wrong with a path at which a file should be; a link to one below the root is as good.
fn no_file(root: &Utf8Path, path: &Utf8Path) -> Option<&'static str> {
    match root.join(path).canonicalize_utf8() {
        Ok(target) if !target.starts_with(root) => Some("is a link that leads out of the workspace"),
        Ok(target) if target.is_dir() => Some("is a folder"),
        Ok(target) if !target.is_file() => Some("is not a regular file"),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Some("is a link that leads nowhere"),
        // Reading it tells what the system says.
        Ok(_) | Err(_) => None,
    }
}

fn read_optional(root: &Utf8Path, path: &Utf8Path) -> Result<Option<String>, ProjectError> {
    read_regular_text(&root.join(path), SETTINGS_SIZE_BYTES_MAX)
        .map_err(|error| ProjectError::Unreadable { path: path.to_owned(), problem: error.to_string() })
}

#[cfg(test)]
mod tests;

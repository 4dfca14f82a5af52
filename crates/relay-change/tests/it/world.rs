//! Small workspaces in memory and on disk, with what is needed to plan their bumps.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use relay_change::{BumpPlan, ChangeError, ChangeFile, ChangeInputs, ChangeSettings, PackageCommit, plan_bumps};
use relay_graph::DependencyGraph;
use relay_workspace::{Catalogs, DependencyKind, Manifest, PackageManager, PackageName, Workspace, WorkspacePackage};
use serde_json::{Map, Value, json};

/// A workspace that is being built, with its change files, commits and settings.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) manager: PackageManager,
    /// Manifests by folder, relative to the root.
    pub(crate) manifests: BTreeMap<String, Map<String, Value>>,
    pub(crate) root_manifest: Map<String, Value>,
    pub(crate) catalogs: Catalogs,
    /// Texts of change files by id.
    pub(crate) change_files: BTreeMap<String, String>,
    pub(crate) commits: BTreeMap<PackageName, Vec<PackageCommit>>,
    pub(crate) settings: ChangeSettings,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            manager: PackageManager::Pnpm,
            manifests: BTreeMap::new(),
            root_manifest: Map::from_iter([("private".to_owned(), json!(true))]),
            catalogs: Catalogs::new(),
            change_files: BTreeMap::new(),
            commits: BTreeMap::new(),
            settings: ChangeSettings { use_change_files: true, use_commits: true, ..ChangeSettings::default() },
        }
    }

    pub(crate) fn package(mut self, name: &str, version: &str) -> Self {
        let manifest = Map::from_iter([("name".to_owned(), json!(name)), ("version".to_owned(), json!(version))]);
        self.manifests.insert(folder(name), manifest);
        self
    }

    pub(crate) fn field(mut self, of: &str, key: &str, value: Value) -> Self {
        self.manifests.get_mut(&folder(of)).expect("the package is there").insert(key.to_owned(), value);
        self
    }

    pub(crate) fn dependency(mut self, of: &str, kind: DependencyKind, on: &str, specifier: &str) -> Self {
        let manifest = self.manifests.get_mut(&folder(of)).expect("the package is there");
        add_dependency(manifest, kind, on, specifier);
        self
    }

    pub(crate) fn root_dependency(mut self, kind: DependencyKind, on: &str, specifier: &str) -> Self {
        add_dependency(&mut self.root_manifest, kind, on, specifier);
        self
    }

    /// Adds a change file for one package.
    pub(crate) fn change(self, package: &str, bump: &str) -> Self {
        let id = format!("change-{}", self.change_files.len());
        self.change_file(&id, &format!("---\n\"{package}\": {bump}\n---\n\nA change of {package}\n"))
    }

    pub(crate) fn change_file(mut self, id: &str, text: &str) -> Self {
        self.change_files.insert(id.to_owned(), text.to_owned());
        self
    }

    pub(crate) fn commit(mut self, package: &str, message: &str) -> Self {
        let commits = self.commits.entry(name(package)).or_default();
        commits.push(PackageCommit { id: format!("{:040x}", 0xabc_0000 + commits.len()), message: message.to_owned() });
        self
    }

    pub(crate) fn settings(mut self, change: impl FnOnce(&mut ChangeSettings)) -> Self {
        change(&mut self.settings);
        self
    }

    pub(crate) fn workspace(&self) -> Workspace {
        let mut packages: Vec<WorkspacePackage> = self
            .manifests
            .iter()
            .map(|(path, fields)| {
                let path = Utf8PathBuf::from(path);
                let manifest = manifest(&path, fields);
                WorkspacePackage {
                    name: name(manifest.name().expect("packages have names")),
                    version: manifest.version().and_then(|version| version.parse().ok()),
                    private: manifest.is_private(),
                    path,
                    manifest,
                }
            })
            .collect();
        packages.sort_by(|a, b| a.name.cmp(&b.name));
        Workspace {
            root: Utf8PathBuf::from("/workspace"),
            manager: self.manager,
            root_manifest: manifest(Utf8Path::new(""), &self.root_manifest),
            packages,
            catalogs: self.catalogs.clone(),
            warnings: Vec::new(),
        }
    }

    pub(crate) fn parsed_change_files(&self) -> Vec<ChangeFile> {
        self.change_files.iter().map(|(id, text)| ChangeFile::parse(id, text).expect("a good change file")).collect()
    }

    pub(crate) fn plan(&self) -> Result<BumpPlan, ChangeError> {
        self.plan_with(&self.parsed_change_files())
    }

    pub(crate) fn plan_with(&self, change_files: &[ChangeFile]) -> Result<BumpPlan, ChangeError> {
        let workspace = self.workspace();
        let graph = DependencyGraph::build(&workspace);
        plan_bumps(&ChangeInputs {
            workspace: &workspace,
            graph: &graph,
            change_files,
            commits: &self.commits,
            settings: &self.settings,
        })
    }
}

pub(crate) fn name(text: &str) -> PackageName {
    PackageName::parse(text).expect("a good name")
}

pub(crate) fn folder(name: &str) -> String {
    format!("packages/{}", name.rsplit('/').next().unwrap_or(name))
}

pub(crate) fn add_dependency(manifest: &mut Map<String, Value>, kind: DependencyKind, on: &str, specifier: &str) {
    let map = manifest.entry(kind.manifest_key()).or_insert_with(|| json!({}));
    map.as_object_mut().expect("a dependency map is an object").insert(on.to_owned(), json!(specifier));
}

fn manifest(folder: &Utf8Path, fields: &Map<String, Value>) -> Manifest {
    let text = serde_json::to_string_pretty(fields).expect("JSON values can be written");
    Manifest::parse(&folder.join("package.json"), text).expect("a good manifest")
}

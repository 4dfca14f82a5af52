//! What the files of a root folder say about the workspace: its patterns, its catalogs, and whose rules count.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use relay_values::Printable;
use serde::Deserialize;
use serde_json::Value;

use super::error::DiscoverError;
use super::file::{FileAt, SETTINGS_SIZE_BYTES_MAX};
use super::rush::{self, RushProjects};
use super::selection::{Reading, Selection};
use super::yaml;
use crate::json::strict;
use crate::manager::PackageManager;
use crate::manifest::{MANIFEST_SIZE_BYTES_MAX, Manifest};
use crate::syntax::SyntaxError;
use crate::workspace::Catalogs;
use crate::wrong_kind::{FieldOf, WrongKind, kind_of};

/// Which tool's file makes the folder a root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// `pnpm-workspace.yaml`.
    Pnpm,
    /// `workspaces` in `package.json`: npm, yarn, bun.
    Manifest,
    /// `packages` in `lerna.json`.
    Lerna,
    /// `rush.json`.
    Rush,
    /// A `package.json` that is no workspace.
    Lone,
}

/// A root folder with what its files say.
#[derive(Debug)]
pub(super) struct Definition {
    pub(super) origin: Origin,
    /// The root's absolute, canonical path.
    pub(super) root: Utf8PathBuf,
    /// The root's manifest, if it has one.
    pub(super) manifest: Option<Manifest>,
    pub(super) selection: Selection,
    pub(super) catalogs: Catalogs,
    /// Folders of packages that the tool itself never publishes.
    pub(super) unpublished: BTreeSet<Utf8PathBuf>,
    /// The package manager that the tool's own file names.
    pub(super) manager: Option<PackageManager>,
    pub(super) warnings: Vec<String>,
}

/// The part of `pnpm-workspace.yaml` (and of yarn's `.yarnrc.yml`) that relay reads.
#[derive(Debug, Default, Deserialize)]
struct WorkspaceSettings {
    packages: Option<Vec<String>>,
    catalog: Option<BTreeMap<String, String>>,
    catalogs: Option<BTreeMap<String, BTreeMap<String, String>>>,
}

/// Reads what a folder says about a workspace; `None` where it has none of the files.
///
/// A `package.json` without workspaces gives [`Origin::Lone`]. `shown` is how errors call the folder: empty where their
/// paths shall be relative to it.
pub(super) fn read(root: &Utf8Path, shown: &Utf8Path) -> Result<Option<Definition>, DiscoverError> {
    let pnpm = text(root, "pnpm-workspace.yaml")?;
    let manifest_at = FileAt { root, path: Utf8Path::new("package.json"), limit_bytes: MANIFEST_SIZE_BYTES_MAX };
    let manifest = match manifest_at.read()? {
        Some(text) => {
            // The path in errors tells the folder; the value's own is relative to the root like all others.
            Manifest::parse(&shown.join("package.json"), text.clone())?;
            Some(Manifest::parse(Utf8Path::new("package.json"), text)?)
        }
        None => None,
    };
    let other = pnpm.as_ref().and_then(|_| super::manager::other_than_pnpm(root, manifest.as_ref()));
    let pnpm = pnpm.filter(|_| other.is_none());
    let rush = if pnpm.is_some() { None } else { text(root, "rush.json")? };
    let mut definition = Definition {
        origin: Origin::Lone,
        root: root.to_owned(),
        manifest,
        selection: Selection::parse(Utf8Path::new("package.json"), &[], Reading::Lerna)?,
        catalogs: Catalogs::new(),
        unpublished: BTreeSet::new(),
        manager: None,
        warnings: other.iter().map(set_aside).collect(),
    };
    if let Some(text) = pnpm {
        definition.read_pnpm(&text)?;
        return Ok(Some(definition));
    }
    if definition.read_manifest()? {
        return Ok(Some(definition));
    }
    if let Some(text) = rush {
        definition.read_rush(&text)?;
        return Ok(Some(definition));
    }
    if definition.manifest.is_none() {
        return Ok(None);
    }
    if let Some(text) = text(root, "lerna.json")? {
        definition.read_lerna(&text)?;
    }
    Ok(Some(definition))
}

impl Definition {
    /// Reads the catalogs of a manager that keeps them elsewhere than pnpm, each from where the manager itself reads them.
    pub(super) fn read_catalogs(&mut self, manager: PackageManager) -> Result<(), DiscoverError> {
        match manager {
            // They stand beside the packages and are read with them.
            PackageManager::Pnpm => {}
            PackageManager::Yarn => {
                let path = Utf8Path::new(manager.catalog_file_name());
                if let Some(text) = text(&self.root, path.as_str())? {
                    let settings = yaml::read::<WorkspaceSettings>(path, &text, true)?.unwrap_or_default();
                    self.add_catalogs(settings.catalog, settings.catalogs);
                }
            }
            PackageManager::Npm | PackageManager::Bun => {
                let fields = self.manifest.as_ref().map(Manifest::fields);
                let workspaces = fields.and_then(|fields| fields.get("workspaces")).and_then(Value::as_object);
                let has = |object: &&serde_json::Map<String, Value>| {
                    object.contains_key("catalog") || object.contains_key("catalogs")
                };
                if let Some(place) = workspaces.filter(has).or(fields) {
                    let (catalog, named) = (strings(place.get("catalog")), named_strings(place.get("catalogs")));
                    self.add_catalogs(catalog, named);
                }
            }
        }
        Ok(())
    }

    fn read_pnpm(&mut self, text: &str) -> Result<(), DiscoverError> {
        let file = Utf8Path::new("pnpm-workspace.yaml");
        let settings = yaml::read::<WorkspaceSettings>(file, text, false)?.unwrap_or_default();
        self.origin = Origin::Pnpm;
        self.add_catalogs(settings.catalog, settings.catalogs);
        match settings.packages {
            Some(patterns) => self.selection = Selection::parse(file, &patterns, Reading::Pnpm)?,
            // The file may hold settings alone. pnpm then sees the root package only; where the manifest has workspaces
            // of its own, they are what the repository means.
            None => {
                if !self.read_manifest()? {
                    self.selection = Selection::parse(file, &[], Reading::Pnpm)?;
                }
            }
        }
        Ok(())
    }

    /// Reads `workspaces` of the manifest; says whether there is such a field.
    fn read_manifest(&mut self) -> Result<bool, DiscoverError> {
        let Some(manifest) = &self.manifest else { return Ok(false) };
        let file = Utf8Path::new("package.json");
        let options = strict();
        let at = |keys| FieldOf { path: file, text: manifest.text(), options: &options, keys };
        let workspaces = manifest.fields().get("workspaces");
        let (keys, patterns): (&[&str], _) = match workspaces {
            None | Some(Value::Null) => return Ok(false),
            Some(Value::Array(patterns)) => (&["workspaces"], Some(patterns)),
            Some(Value::Object(object)) => match object.get("packages") {
                // `{ "nohoist": […] }` or bun's catalogs alone make no workspace.
                None | Some(Value::Null) => (&["workspaces", "packages"], None),
                Some(Value::Array(patterns)) => (&["workspaces", "packages"], Some(patterns)),
                Some(other) => {
                    return Err(DiscoverError::Field(
                        at(&["workspaces", "packages"]).must_be("an array of patterns", kind_of(other)),
                    ));
                }
            },
            Some(other) => {
                let expected = "an array of patterns, or an object with `packages`";
                return Err(DiscoverError::Field(at(&["workspaces"]).must_be(expected, kind_of(other))));
            }
        };
        let texts = patterns.map(|patterns| texts(patterns, at(keys))).transpose().map_err(DiscoverError::Field)?;
        let Some(texts) = texts else { return Ok(false) };
        let reading = match super::manager::detect(&self.root, self.manifest.as_ref(), None) {
            PackageManager::Npm => Reading::Npm,
            PackageManager::Pnpm => Reading::Pnpm,
            PackageManager::Yarn => Reading::Yarn,
            PackageManager::Bun => Reading::Bun,
        };
        self.selection = Selection::parse(file, &texts, reading)?;
        if self.origin == Origin::Lone {
            self.origin = Origin::Manifest;
        }
        Ok(true)
    }

    fn read_lerna(&mut self, text: &str) -> Result<(), DiscoverError> {
        let file = Utf8Path::new("lerna.json");
        let json = text.strip_prefix('\u{feff}').unwrap_or(text);
        let settings: Value = serde_json::from_str(json)
            .map_err(|error| DiscoverError::Syntax(Box::new(SyntaxError::of_json(file, json, &error))))?;
        let options = strict();
        let at = |keys| FieldOf { path: file, text: json, options: &options, keys };
        if !settings.is_object() {
            return Err(DiscoverError::Field(at(&[]).must_be("a JSON object", kind_of(&settings))));
        }
        let patterns = match settings.get("packages") {
            // lerna's own default.
            None | Some(Value::Null) => vec!["packages/*".to_owned()],
            Some(Value::Array(patterns)) => texts(patterns, at(&["packages"])).map_err(DiscoverError::Field)?,
            Some(other) => {
                return Err(DiscoverError::Field(at(&["packages"]).must_be("an array of patterns", kind_of(other))));
            }
        };
        let client = settings.get("npmClient").and_then(Value::as_str);
        self.selection = Selection::parse(file, &patterns, Reading::Lerna)?;
        self.manager = client.and_then(super::manager::named);
        self.origin = Origin::Lerna;
        Ok(())
    }

    fn read_rush(&mut self, text: &str) -> Result<(), DiscoverError> {
        let RushProjects { folders, unpublished, manager } = rush::read(Utf8Path::new("rush.json"), text)?;
        self.selection = Selection::folders(Utf8Path::new("rush.json"), &folders)?;
        self.unpublished = unpublished;
        self.manager = manager;
        self.origin = Origin::Rush;
        Ok(())
    }

    fn add_catalogs(
        &mut self,
        catalog: Option<BTreeMap<String, String>>,
        named: Option<BTreeMap<String, BTreeMap<String, String>>>,
    ) {
        let default = catalog.map(|entries| (None, entries));
        let named = named.unwrap_or_default().into_iter();
        // `catalogs.default` is another spelling of `catalog`.
        let named = named.map(|(name, entries)| ((name != "default").then_some(name), entries));
        for (name, entries) in default.into_iter().chain(named) {
            let catalog = self.catalogs.entry(name.clone()).or_default();
            for (package, range) in entries {
                let earlier = catalog.entry(package.clone()).or_insert_with(|| range.clone());
                if *earlier != range {
                    let name = name.as_deref().unwrap_or("default");
                    self.warnings.push(format!(
                        "the catalog `{}` has two ranges for `{}`; `{}` is taken",
                        Printable::name(name),
                        Printable::name(&package),
                        Printable::name(earlier),
                    ));
                }
            }
        }
    }
}

/// `pnpm-workspace.yaml` means nothing to other managers.
fn set_aside(other: &super::manager::Other) -> String {
    let manager = other.manager.as_str();
    let why = if other.declared { "package.json names it as the package manager" } else { "its lock file is there" };
    format!(
        "`pnpm-workspace.yaml` is left aside, because this is a repository of {manager} ({why}), which reads `workspaces` \
         of package.json alone; remove the file, or name pnpm in `packageManager`"
    )
}

fn text(root: &Utf8Path, path: &str) -> Result<Option<String>, DiscoverError> {
    FileAt { root, path: Utf8Path::new(path), limit_bytes: SETTINGS_SIZE_BYTES_MAX }.read()
}

/// The patterns of a list.
fn texts(patterns: &[Value], list: FieldOf<'_>) -> Result<Vec<String>, Box<WrongKind>> {
    let text = |(index, pattern): (usize, &Value)| match pattern {
        Value::String(text) => Ok(text.clone()),
        other => {
            let index = index.to_string();
            let keys = [list.keys, &[index.as_str()]].concat();
            Err(FieldOf { keys: &keys, ..list }.must_be("a string", kind_of(other)))
        }
    };
    patterns.iter().enumerate().map(text).collect()
}

/// The entries of a map of texts; others are left out, as bun leaves them.
fn strings(value: Option<&Value>) -> Option<BTreeMap<String, String>> {
    let entries = value?.as_object()?.iter();
    Some(entries.filter_map(|(key, text)| Some((key.clone(), text.as_str()?.to_owned()))).collect())
}

fn named_strings(value: Option<&Value>) -> Option<BTreeMap<String, BTreeMap<String, String>>> {
    let entries = value?.as_object()?.iter();
    Some(entries.filter_map(|(key, map)| Some((key.clone(), strings(Some(map))?))).collect())
}

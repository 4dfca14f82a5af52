//! What a process is given from outside: a credential of each kind, packages with their manifests, tarballs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use camino::Utf8Path;
use relay_config::{CredentialKind, NamePatterns, RegistryRules};
use relay_pack::{PackRequest, Tarball, pack};
use relay_plan::ReleasePlan;
use relay_registry::{ClientOptions, ConfigSources, Credential, NpmConfig, RegistryClient};
use relay_values::CredentialId;
use relay_workspace::{Manifest, PackageManager, PackageName, Shasum, Version, Workspace, WorkspacePackage};

use super::objects::bytes_of;
use super::place::registry;
use crate::conventions::{PackChoices, conventions_of};
use crate::session::{Session, StandIn};

/// A package of the workspace, with those that it depends on.
pub(super) fn package(name: &PackageName, version: &Version, below: &BTreeSet<PackageName>) -> WorkspacePackage {
    let path = format!("packages/{name}");
    let ranges: Vec<String> = below.iter().map(|below| format!("\"{below}\":\"^1.0.0\"")).collect();
    let text = format!(r#"{{"name":"{name}","version":"{version}","dependencies":{{{}}}}}"#, ranges.join(","));
    let manifest = Manifest::parse(Utf8Path::new(&path), text).expect("a manifest");
    WorkspacePackage { name: name.clone(), path: path.into(), version: Some(version.clone()), private: false, manifest }
}

/// A tarball that the gate can read; what stands under a version is told by its digest alone.
fn any_tarball() -> Tarball {
    let folder = tempfile::tempdir().expect("a folder");
    let path = Utf8Path::from_path(folder.path()).expect("a path");
    let manifest = r#"{"name":"any","version":"1.0.0"}"#;
    std::fs::write(path.join("package.json"), manifest).expect("a manifest");
    let workspace = Workspace {
        root: path.to_owned(),
        manager: PackageManager::Npm,
        root_manifest: Manifest::parse(&path.join("package.json"), manifest.to_owned()).expect("a manifest"),
        packages: Vec::new(),
        catalogs: BTreeMap::new(),
        warnings: Vec::new(),
    };
    let conventions = conventions_of(&workspace, &PackChoices::default());
    let request = PackRequest { folder: path, manifest: None, conventions: &conventions, overlay: None };
    pack(&request).expect("a tarball")
}

/// The tarballs of a plan's packages.
pub(super) fn tarballs(plan: &ReleasePlan) -> BTreeMap<PackageName, Arc<Tarball>> {
    static ANY: LazyLock<Tarball> = LazyLock::new(any_tarball);
    let tarball = |name: &PackageName, version: &Version| Tarball {
        file_name: format!("{name}-{version}.tgz"),
        name: name.to_string(),
        version: version.to_string(),
        bytes: ANY.bytes.clone(),
        integrity: bytes_of(name, version),
        shasum: Shasum::parse(&"ab".repeat(20)).expect("a digest"),
        unpacked: ANY.unpacked,
        files: Vec::new(),
        manifest: serde_json::Map::new(),
        readme: None,
    };
    let planned = plan.packages.iter();
    planned.map(|planned| (planned.name.clone(), Arc::new(tarball(&planned.name, &planned.next)))).collect()
}

/// What a process is given: a token that bypasses the second factor, and a person's session.
pub(super) fn session(now: jiff::Timestamp) -> Session {
    static CLIENT: LazyLock<RegistryClient> =
        LazyLock::new(|| RegistryClient::new(ClientOptions::default()).expect("a client"));
    static NPM: LazyLock<NpmConfig> =
        LazyLock::new(|| NpmConfig::resolve(&ConfigSources::default()).expect("settings"));
    let credential = |words: &str| {
        Credential::new_bearer(format!("simulated-{words}").into(), CredentialId::made(registry(), words))
    };
    let credentials =
        vec![(CredentialKind::GranularBypass, credential("token")), (CredentialKind::Session, credential("session"))];
    let stand_in = StandIn { url: registry(), rules: RegistryRules::Npm, credentials };
    Session {
        promote_last: false,
        npm: NPM.clone(),
        client: CLIENT.clone(),
        environment: BTreeMap::new(),
        way: String::new(),
        withheld_because: None,
        person: true,
        otp: None,
        offline: false,
        tag: None,
        access: None,
        selected: None,
        stand_ins: BTreeMap::from([(registry(), stand_in)]),
        allow_cycles: false,
        begun: crate::account::sessions::Sessions::default(),
        graduate: NamePatterns::default(),
        now,
    }
}

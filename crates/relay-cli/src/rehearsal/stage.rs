//! The sandbox registries of a rehearsal: one for each registry that the packages go to, filled with what is live.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;
use relay_config::{CredentialKind, PublishingAccess, RegistryRules};
use relay_engine::conventions::conventions_of;
use relay_engine::freeze::pack_one;
use relay_engine::project::Project;
use relay_engine::session::StandIn;
use relay_pack::{PackRequest, Tarball};
use relay_registry::{Credential, NpmConfig, RegistryUrl, default_registry};
use relay_sandbox::{
    NewAccount, Sandbox, SandboxAccess, SandboxOptions, SandboxRules, SecondFactor, SeedPackage, TokenKind,
    VisibilityDelay,
};
use relay_values::CredentialId;
use relay_workspace::{PackageName, WorkspacePackage};
use secrecy::SecretString;

use crate::error::engine as explain;
use crate::error::{CliError, ErrorKind};

/// The account that publishes in a rehearsal.
pub(crate) const ACCOUNT: &str = "captain";

/// The registries of a rehearsal.
pub(crate) struct Stage {
    /// The sandboxes, by the registry that each stands in for.
    pub(crate) sandboxes: BTreeMap<RegistryUrl, Sandbox>,
    /// What the engine must know of them.
    pub(crate) stand_ins: BTreeMap<RegistryUrl, StandIn>,
    /// How many versions were live at the start.
    pub(crate) seeded: usize,
}

impl Stage {
    /// Starts the sandboxes and fills them.
    pub(crate) async fn build(
        project: &Project,
        npm: &NpmConfig,
        tags: &BTreeSet<String>,
        delay: VisibilityDelay,
    ) -> Result<Self, CliError> {
        let mut stage = Self { sandboxes: BTreeMap::new(), stand_ins: BTreeMap::new(), seeded: 0 };
        let publishable: Vec<&WorkspacePackage> =
            project.workspace.packages.iter().filter(|package| package.is_publishable()).collect();
        let mut registries: BTreeMap<RegistryUrl, Vec<&WorkspacePackage>> = BTreeMap::new();
        for package in &publishable {
            let choice = npm
                .registry_for(&package.name, package.manifest.fields().get("publishConfig"))
                .map_err(explain::npm)?;
            registries.entry(choice.url).or_default().push(package);
        }
        let main = npm_ruled(project, &registries);
        let live: Vec<&WorkspacePackage> =
            publishable.iter().copied().filter(|package| is_live(project, package, tags)).collect();
        let tarballs = live_tarballs(project, &live)?;
        for (registry, packages) in registries {
            let rules = if main.contains(&registry) { RegistryRules::Npm } else { RegistryRules::Plain };
            let sandbox = start(rules, &delay).await?;
            for package in packages {
                if rules == RegistryRules::Npm {
                    let access = project.config.declared_access(&package.name).unwrap_or(PublishingAccess::Automation);
                    sandbox.set_publishing_access(package.name.as_str(), sandbox_access(access));
                }
                let Some(tarball) = tarballs.get(&package.name) else { continue };
                sandbox
                    .try_seed_package(SeedPackage {
                        manifest: serde_json::Value::Object(tarball.manifest.clone()),
                        tarball: tarball.bytes.clone(),
                        owner: ACCOUNT.to_owned(),
                        tag: None,
                    })
                    .map_err(|error| CliError::of(ErrorKind::Internal, &error))?;
                stage.seeded += 1;
            }
            let url = RegistryUrl::parse(sandbox.url()).map_err(|error| CliError::of(ErrorKind::Internal, &error))?;
            let credentials = credentials(&sandbox, rules, &url);
            stage.stand_ins.insert(registry.clone(), StandIn { url, rules, credentials });
            stage.sandboxes.insert(registry, sandbox);
        }
        Ok(stage)
    }

    /// Stops the sandboxes.
    pub(crate) async fn stop(self) {
        for sandbox in self.sandboxes.into_values() {
            sandbox.stop().await;
        }
    }
}

/// npm's rules hold where the address says so, or `relay.toml`, or where most packages go: that one stands in for npm's own.
fn npm_ruled(project: &Project, registries: &BTreeMap<RegistryUrl, Vec<&WorkspacePackage>>) -> BTreeSet<RegistryUrl> {
    let mut ruled: BTreeSet<RegistryUrl> = project
        .config
        .registry
        .iter()
        .filter(|settings| settings.rules == RegistryRules::Npm)
        .map(|settings| settings.url.clone())
        .collect();
    ruled.insert(default_registry());
    if !registries.keys().any(|registry| ruled.contains(registry))
        && let Some((registry, _)) = registries.iter().max_by_key(|(_, packages)| packages.len())
    {
        ruled.insert(registry.clone());
    }
    ruled
}

/// The tarballs of what is live. A package that can't be packed as it is, such as one that is not built and perhaps not released
/// this time either, is there with its manifest alone.
fn live_tarballs(project: &Project, live: &[&WorkspacePackage]) -> Result<BTreeMap<PackageName, Tarball>, CliError> {
    use rayon::prelude::*;
    let workspace = &project.workspace;
    let conventions = conventions_of(workspace, &project.packing);
    live.par_iter()
        .map(|package| {
            let tarball = pack_one(workspace, package, &conventions, None).or_else(|_| manifest_alone(package))?;
            Ok((package.name.clone(), tarball))
        })
        .collect()
}

#[expect(clippy::disallowed_methods, reason = "the folder is relay's own, and goes at the end")]
fn manifest_alone(package: &WorkspacePackage) -> Result<Tarball, CliError> {
    let failed = |error: std::io::Error| CliError::of(ErrorKind::User, &error);
    let folder = tempfile::tempdir().map_err(failed)?;
    let path = Utf8Path::from_path(folder.path()).ok_or_else(|| CliError::user("the temporary folder is not UTF-8"))?;
    let manifest = serde_json::json!({ "name": package.name, "version": package.version });
    std::fs::write(path.join("package.json"), manifest.to_string()).map_err(failed)?;
    let request = PackRequest::of(path);
    relay_pack::pack(&request).map_err(CliError::from)
}

/// A version is taken for live when its tag is there. In a repository without any such tag all present versions are, if there
/// are change files, which say what comes after them; if there are none, everything is still to be published.
fn is_live(project: &Project, package: &WorkspacePackage, tags: &BTreeSet<String>) -> bool {
    let tag_of =
        |package: &WorkspacePackage| package.version.as_ref().map(|version| project.tag_name(&package.name, version));
    let any_tag = project.workspace.packages.iter().filter_map(tag_of).any(|tag| tags.contains(&tag));
    let first_release = tags.is_empty() && project.change_files.is_empty();
    (!any_tag && !first_release) || tag_of(package).is_some_and(|tag| tags.contains(&tag))
}

async fn start(rules: RegistryRules, delay: &VisibilityDelay) -> Result<Sandbox, CliError> {
    let rules = match rules {
        RegistryRules::Npm => SandboxRules::Npm,
        RegistryRules::Plain => SandboxRules::Plain,
    };
    let options = SandboxOptions { rules, visibility: *delay, ..SandboxOptions::default() };
    let sandbox = Sandbox::start(options)
        .await
        .map_err(|error| CliError::of(ErrorKind::User, &error).context("the sandbox registry can't be started"))?;
    sandbox.add_account(NewAccount {
        name: ACCOUNT.to_owned(),
        password: "rehearsal".to_owned(),
        second_factor: SecondFactor::Web,
    });
    Ok(sandbox)
}

fn credentials(sandbox: &Sandbox, rules: RegistryRules, url: &RegistryUrl) -> Vec<(CredentialKind, Credential)> {
    let credential = |token: String, words: &str| {
        Credential::new_bearer(SecretString::from(token), CredentialId::made(url.clone(), words))
    };
    match rules {
        RegistryRules::Npm => {
            let bypass = TokenKind::Granular {
                bypass: true,
                stage_only: false,
                packages: None,
                read_only: false,
                expires_in: None,
            };
            vec![
                (
                    CredentialKind::GranularBypass,
                    credential(sandbox.create_token(ACCOUNT, bypass), "the rehearsal's settings"),
                ),
                (
                    CredentialKind::Session,
                    credential(sandbox.create_token(ACCOUNT, TokenKind::Session), "the rehearsal's login"),
                ),
            ]
        }
        RegistryRules::Plain => vec![(
            CredentialKind::Unknown,
            credential(sandbox.create_token(ACCOUNT, TokenKind::Session), "the rehearsal's settings for this registry"),
        )],
    }
}

fn sandbox_access(access: PublishingAccess) -> SandboxAccess {
    match access {
        PublishingAccess::None => SandboxAccess::None,
        PublishingAccess::Automation => SandboxAccess::Automation,
        PublishingAccess::Publish => SandboxAccess::Publish,
    }
}

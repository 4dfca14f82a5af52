//! The sandbox registry for tests, and what relay must know to publish there.

use std::process::Command;

use relay_sandbox::{
    CommittedUpload, NewAccount, Sandbox, SandboxAccess, SandboxOptions, SecondFactor, SeedPackage, TokenKind,
};
use tokio::runtime::Runtime;

use crate::world::World;

/// The account that publishes.
pub(crate) const ACCOUNT: &str = "captain";

/// A running sandbox with an account, a bypass token and a session.
pub(crate) struct Registry {
    pub(crate) runtime: Runtime,
    pub(crate) sandbox: Sandbox,
    pub(crate) bypass: String,
    pub(crate) session: String,
}

impl Registry {
    /// Starts one in which challenges are answered by a typed code.
    pub(crate) fn with_codes() -> Self {
        Self::start(SandboxOptions::default(), SecondFactor::Totp { secret: "relay-end-to-end-test".to_owned() })
    }

    /// Starts one in which challenges are answered in the browser.
    pub(crate) fn with_pages() -> Self {
        Self::start(SandboxOptions::default(), SecondFactor::Web)
    }

    /// Starts one with options.
    pub(crate) fn start(options: SandboxOptions, second_factor: SecondFactor) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
        let sandbox = runtime.block_on(Sandbox::start(options)).expect("a sandbox");
        sandbox.add_account(NewAccount {
            name: ACCOUNT.to_owned(),
            password: "correct horse".to_owned(),
            second_factor,
        });
        let bypass = sandbox.create_token(ACCOUNT, TokenKind::bypass());
        let session = sandbox.create_token(ACCOUNT, TokenKind::Session);
        Self { runtime, sandbox, bypass, session }
    }

    /// The registry's address.
    pub(crate) fn url(&self) -> String {
        self.sandbox.url().to_owned()
    }

    /// Writes the person's `.npmrc` and `relay.toml` so that the world's repository publishes here: the session in that `.npmrc`, the bypass
    /// token in the environment.
    pub(crate) fn adopt(&self, world: &mut World) {
        let url = self.url();
        let key = url.trim_start_matches("http:");
        let settings = format!("registry={url}\n{key}:_authToken=${{SESSION_TOKEN}}\n");
        std::fs::write(world.beside("home").join(".npmrc"), settings).expect("an .npmrc");
        world.append(
            "relay.toml",
            &format!(
                "\n[[registry]]\nurl = \"{url}\"\nrules = \"npm\"\n\n[[credential]]\nkind = \"session\"\n\
                 packages = [\"*\"]\n"
            ),
        );
        world.guard(&self.session);
        world.guard(&self.bypass);
        world.set("SESSION_TOKEN", &self.session);
        world.set("NPM_TOKEN", &self.bypass);
    }

    /// A repository of two packages that goes here, neither of them published yet, and who may publish them. Not committed.
    pub(crate) fn reef(&self, access: SandboxAccess) -> World {
        let mut world = World::empty();
        world.write("package.json", "{\"name\":\"reef\",\"private\":true,\"workspaces\":[\"packages/*\"]}\n");
        for package in ["coral", "pearl"] {
            let manifest = format!("{{\"name\":\"{package}\",\"version\":\"1.0.0\",\"license\":\"MIT\"}}\n");
            world.write(&format!("packages/{package}/package.json"), &manifest);
            world.write(&format!("packages/{package}/index.js"), "exports.there = true;\n");
            self.access(package, access);
        }
        self.adopt(&mut world);
        world
    }

    /// Makes the repository's present versions live, as if they had been published long ago.
    pub(crate) fn seed(&self, world: &World) {
        let folder = world.beside("live");
        world.relay(&["pack", "--ignore-scripts", "--out", folder.to_str().expect("a path")]).ended_with(0);
        for entry in std::fs::read_dir(&folder).expect("tarballs") {
            let path = entry.expect("a tarball").path();
            let ran = world.run(Command::new("tar").arg("-xzOf").arg(&path).arg("package/package.json"));
            let manifest: serde_json::Value = serde_json::from_str(&ran.stdout).expect("a manifest");
            world.git(&[
                "tag",
                &format!(
                    "{}@{}",
                    manifest["name"].as_str().expect("a name"),
                    manifest["version"].as_str().expect("a version")
                ),
            ]);
            self.sandbox.seed_package(SeedPackage {
                manifest,
                tarball: std::fs::read(&path).expect("a tarball"),
                owner: ACCOUNT.to_owned(),
                tag: None,
            });
        }
    }

    /// Sets who may publish a package.
    pub(crate) fn access(&self, package: &str, access: SandboxAccess) {
        self.sandbox.set_publishing_access(package, access);
    }

    /// What the registry committed, in order: the oracle.
    pub(crate) fn commits(&self) -> Vec<CommittedUpload> {
        self.sandbox.commits()
    }

    /// The names that were committed, in order.
    pub(crate) fn committed(&self) -> Vec<String> {
        self.commits().into_iter().map(|commit| format!("{}@{}", commit.package, commit.version)).collect()
    }

    /// How many uploads were tried: writes that are no dist-tags.
    pub(crate) fn puts_of_uploads(&self) -> usize {
        let requests = self.sandbox.requests();
        requests.iter().filter(|request| request.method == "PUT" && !request.path.contains("/dist-tags/")).count()
    }

    /// How many uploads were tried.
    pub(crate) fn puts(&self) -> usize {
        self.sandbox.requests().iter().filter(|request| request.method == "PUT").count()
    }
}

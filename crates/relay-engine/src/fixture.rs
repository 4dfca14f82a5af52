//! Repositories on the disk, plans and sessions for unit tests. No network beyond loopback, and nothing of the person's
//! settings.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::{Arc, Mutex};

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;
use relay_config::{NamePatterns, RouteKind};
use relay_plan::ReleasePlan;
use relay_registry::{ClientOptions, ConfigSources, NpmConfig, NpmrcFile, RegistryClient};
use relay_values::RegistryUrl;
use relay_workspace::PackageName;
use serde_json::json;

use crate::event::{Clock, Emitter, Event, Fact, Subscriber};
use crate::project::Project;
use crate::session::Session;
use crate::state_folder::RunLock;

pub(crate) mod loopback;

pub(crate) fn name(text: &str) -> PackageName {
    PackageName::parse(text).unwrap()
}

pub(crate) fn registry() -> RegistryUrl {
    "http://registry.example/".parse().unwrap()
}

/// A folder with files, and a git repository where one is asked for.
pub(crate) struct Repo {
    guard: tempfile::TempDir,
    pub(crate) root: Utf8PathBuf,
}

/// A workspace of `a`, and of `b` that depends on it.
pub(crate) const TWO: [(&str, &str); 3] = [
    ("package.json", r#"{"name":"root","private":true,"workspaces":["packages/*"]}"#),
    ("packages/a/package.json", r#"{"name":"a","version":"1.0.0"}"#),
    ("packages/b/package.json", r#"{"name":"b","version":"1.0.0","dependencies":{"a":"^1.0.0"}}"#),
];

impl Repo {
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let guard = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(guard.path()).unwrap().canonicalize_utf8().unwrap().join("repo");
        let repo = Self { guard, root };
        for (path, text) in files {
            repo.write(path, text);
        }
        repo
    }

    /// The same, with one commit of all that is there.
    pub(crate) fn committed(files: &[(&str, &str)]) -> Self {
        let repo = Self::of(files);
        repo.git(&["init", "-q", "-b", "main"]);
        for (key, value) in
            [("user.name", "Maintainer"), ("user.email", "maintainer@acme.example"), ("commit.gpgsign", "false")]
        {
            repo.git(&["config", key, value]);
        }
        repo.commit("feat: begin");
        repo
    }

    pub(crate) fn write(&self, path: &str, text: &str) -> &Self {
        let path = self.root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(&self.root)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("LC_ALL", "C")
            .output()
            .unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// Commits everything and gives the commit.
    pub(crate) fn commit(&self, message: &str) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Gives it an empty remote `origin`, which has the branch.
    pub(crate) fn with_remote(&self) -> Utf8PathBuf {
        let remote = Utf8Path::from_path(self.guard.path()).unwrap().join("remote.git");
        self.git(&["init", "-q", "--bare", remote.as_str()]);
        self.git(&["remote", "add", "origin", remote.as_str()]);
        self.git(&["push", "-q", "origin", "main"]);
        remote
    }

    /// Another clone of the remote, without the objects that no branch of it has.
    pub(crate) fn fresh_clone(&self) -> Self {
        let other = Self::committed(&TWO);
        other.git(&["remote", "add", "origin", &self.git(&["remote", "get-url", "origin"])]);
        other.git(&["fetch", "-q", "origin", "main"]);
        other.git(&["reset", "-q", "--hard", "FETCH_HEAD"]);
        other
    }

    pub(crate) fn project(&self) -> Project {
        Project::open(&self.root).unwrap()
    }
}

/// Waits until nobody holds the lock of a state folder: a git that another test is just starting has a copy of all open files
/// until it has become git.
pub(crate) fn until_free(state: &Utf8Path) {
    while RunLock::refuse_if_busy(state).is_err() {
        std::thread::yield_now();
    }
}

/// A session with the settings of an `.npmrc` of the checkout, which may not ask anybody.
pub(crate) fn session(npmrc: &str) -> Session {
    let project = NpmrcFile { path: ".npmrc".into(), text: npmrc.to_owned() };
    session_of(&ConfigSources { project: Some(project), ..ConfigSources::default() })
}

/// A session with these settings of npm, which may not ask anybody.
pub(crate) fn session_of(sources: &ConfigSources) -> Session {
    Session {
        promote_last: false,
        npm: NpmConfig::resolve(sources).unwrap(),
        client: RegistryClient::new(ClientOptions::default()).unwrap(),
        environment: BTreeMap::new(),
        way: String::new(),
        withheld_because: None,
        person: false,
        otp: None,
        offline: true,
        tag: None,
        begun: crate::account::sessions::Sessions::default(),
        graduate: NamePatterns::default(),
        access: None,
        selected: None,
        stand_ins: BTreeMap::new(),
        allow_cycles: false,
        now: Timestamp::UNIX_EPOCH,
    }
}

/// A plan that publishes these packages of `packages/`, each in the next wave.
pub(crate) fn plan(packages: &[(&str, &str, RouteKind)]) -> ReleasePlan {
    let planned = |(at, (name, version, route)): (usize, &(&str, &str, RouteKind))| {
        json!({
            "name": name, "path": format!("packages/{name}"), "current": version, "next": version, "bump": "none",
            "reasons": [], "registry": registry(), "registry_source": null, "tag": "latest", "access": null,
            "publishing_access": "automation", "publishing_access_source": "default", "publishing_access_lesson": null,
            "route": { "kind": route, "reason": "it is a test", "fix": null, "credential": null },
            "depends_on": packages[..at].iter().map(|(below, ..)| below).collect::<Vec<_>>(),
            "wave": at + 1, "sitting": null, "tarball": null,
        })
    };
    let text = json!({
        "schema": "relay.plan/1", "id": "plan", "created": "2026-11-24T09:00:00Z", "offline": false,
        "fingerprint": { "head": null, "inputs": "sha256-x", "parts": {} },
        "humans": { "sittings": 0, "challenges": 0, "packages": [] }, "waiting": null,
        "packages": packages.iter().enumerate().map(planned).collect::<Vec<_>>(),
        "waves": packages.iter().map(|(name, ..)| [name]).collect::<Vec<_>>(),
        "versioned": [], "skipped": [], "findings": [],
    });
    ReleasePlan::from_json(&text.to_string()).unwrap()
}

/// Keeps what a stream tells.
#[derive(Default)]
pub(crate) struct Told(Mutex<Vec<Fact>>);

impl Subscriber for Told {
    fn event(&self, event: &Event) -> Result<(), String> {
        self.0.lock().unwrap().push(event.fact.clone());
        Ok(())
    }
}

impl Told {
    /// A stream, and what it tells.
    pub(crate) fn stream() -> (Emitter, Arc<Self>) {
        let told = Arc::new(Self::default());
        let mut events = Emitter::new(Arc::new(StoppedClock));
        events.subscribe(Arc::clone(&told) as Arc<dyn Subscriber>);
        (events, told)
    }

    pub(crate) fn facts(&self) -> Vec<Fact> {
        self.0.lock().unwrap().clone()
    }
}

/// A clock that stands.
pub(crate) struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
}

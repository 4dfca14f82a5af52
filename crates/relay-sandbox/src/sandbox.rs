//! The sandbox as its users hold it: start, set up, look at, stop.

use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::access::SandboxAccess;
use crate::accounts::{NewAccount, SecondFactor};
use crate::clock::Moment;
use crate::document::{Upload, digests, valid_name, valid_tag};
use crate::endpoints;
use crate::faults::Fault;
use crate::listener::{BoundedListener, Counters, Cutter};
use crate::options::SandboxOptions;
use crate::packages::VersionEvidence;
use crate::records::{CommittedUpload, ConnectionCounts, PendingChallenge, RecordedRequest};
use crate::server;
use crate::stages::StagedUpload;
use crate::state::{Job, Shared, State};
use crate::tokens::TokenKind;
use crate::totp;
use crate::trusted::{IdentityProvider, NewTrustConfig, TrustConfig};

/// How long `stop` waits for requests in flight.
const STOP_WAIT: Duration = Duration::from_secs(2);

/// A running registry on 127.0.0.1. It ends when it is dropped.
pub struct Sandbox {
    url: String,
    shared: Arc<Shared>,
    counters: Arc<Counters>,
    stopping: watch::Sender<bool>,
    server: Option<JoinHandle<()>>,
}

/// Why a sandbox could not start.
#[derive(Debug, Error)]
pub enum SandboxError {
    /// The port is taken or not allowed.
    #[error("cannot listen on port {port} of 127.0.0.1; choose another port, or 0 for any free one")]
    Listen {
        /// The port asked for.
        port: u16,
        /// The system's reason.
        source: io::Error,
    },
}

/// A package that is there from the start, visible and without a commit in the log.
#[derive(Clone, Debug)]
pub struct SeedPackage {
    /// Its `package.json`.
    pub manifest: Value,
    /// Its tarball.
    pub tarball: Vec<u8>,
    /// The account that owns it.
    pub owner: String,
    /// The dist-tag; `latest` when `None`.
    pub tag: Option<String>,
}

/// Why a package cannot be seeded.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum SeedError {
    /// The manifest has no usable name.
    #[error("the manifest's `name` is missing or not one a registry takes")]
    Name,
    /// The manifest has no usable version.
    #[error("the `version` of `{package}` is missing or not a semantic version")]
    Version {
        /// The package.
        package: String,
    },
    /// The tag is not one.
    #[error("`{tag}`, the dist-tag of `{package}`, is not one a registry takes")]
    Tag {
        /// The package.
        package: String,
        /// The tag.
        tag: String,
    },
    /// The version is there already.
    #[error("`{package}` has a version {version} already")]
    Duplicate {
        /// The package.
        package: String,
        /// The version.
        version: String,
    },
}

/// What a job's environment says about identity tokens.
#[derive(Clone)]
pub struct IdentityJob {
    /// `ACTIONS_ID_TOKEN_REQUEST_URL`; it has a query.
    pub request_url: String,
    /// `ACTIONS_ID_TOKEN_REQUEST_TOKEN`, a secret.
    pub request_token: String,
}

impl Sandbox {
    /// Starts a sandbox on the current tokio runtime.
    pub async fn start(options: SandboxOptions) -> Result<Self, SandboxError> {
        let port = options.port;
        let listen = |source| SandboxError::Listen { port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let counters = Arc::new(Counters::default());
        let listener = BoundedListener::new(listener, options.max_connections, Arc::clone(&counters));
        let shared = Arc::new(Shared::new(State::new(options)));
        let url = format!("http://{address}{}", shared.prefix());
        let stopping = watch::Sender::new(false);
        let mut stopped = stopping.subscribe();
        let service = server::router(Arc::clone(&shared)).into_make_service_with_connect_info::<Cutter>();
        let server = tokio::spawn(async move {
            let end = async move {
                // An error means that the handle is gone, which ends the server as well.
                let _ = stopped.wait_for(|stop| *stop).await;
            };
            if let Err(error) = axum::serve(listener, service).with_graceful_shutdown(end).await {
                tracing::error!(%error, "the sandbox's server ended");
            }
        });
        Ok(Self { url, shared, counters, stopping, server: Some(server) })
    }

    /// The base URL, `http://127.0.0.1:PORT/` and the path prefix if there is one; it ends with a slash.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Stops the sandbox; requests in flight get a moment to end.
    pub async fn stop(mut self) {
        self.stopping.send_replace(true);
        if let Some(server) = self.server.take() {
            let abort = server.abort_handle();
            if tokio::time::timeout(STOP_WAIT, server).await.is_err() {
                abort.abort();
            }
        }
    }

    /// Adds an account, or replaces the one of that name.
    pub fn add_account(&self, account: NewAccount) {
        self.shared.with(|state| state.add_account(account));
    }

    /// Gives a scope (`@name`) to accounts: nobody else can create packages in it. Other scopes are open to all.
    pub fn add_scope(&self, scope: &str, members: &[&str]) {
        let members = members.iter().map(|member| (*member).to_owned()).collect();
        self.shared.with(|state| state.scopes.insert(scope.to_owned(), members));
    }

    /// Creates a token; an account that is not there yet is added without a second factor.
    pub fn create_token(&self, account: &str, kind: TokenKind) -> String {
        self.shared.with(|state| state.create_token(account, kind))
    }

    /// Adds trusted publishers to a package, in the form that npm's endpoint takes (`npm-registry.md`, 6.5), also before its first
    /// version. `false`: one of them is none.
    pub fn trust(&self, package: &str, configs: Value) -> bool {
        let Ok(wanted) = serde_json::from_value::<Vec<NewTrustConfig>>(configs) else { return false };
        self.shared.with(|state| {
            let wanted: Option<Vec<_>> = wanted.into_iter().map(|config| config.checked(state.ids.uuid())).collect();
            let Some(wanted) = wanted else { return false };
            state.trust.entry(package.to_owned()).or_default().extend(wanted);
            true
        })
    }

    /// The trusted publishers of a package, as npm's endpoint shows them.
    pub fn trusted(&self, package: &str) -> Vec<Value> {
        self.shared.with(|state| state.trust.get(package).into_iter().flatten().map(TrustConfig::shown).collect())
    }

    /// Starts a job in CI that may ask for identity tokens with these claims, as one of GitHub Actions with `id-token: write`.
    pub fn start_job(&self, provider: IdentityProvider, claims: Map<String, Value>) -> IdentityJob {
        let request_token = self.shared.with(|state| {
            let request_token = state.ids.token();
            state.jobs.insert(request_token.clone(), Job { provider, claims });
            request_token
        });
        let origin = self.url.strip_suffix(self.shared.prefix()).unwrap_or(&self.url);
        IdentityJob { request_url: format!("{origin}/-/identity/token?api-version=2.0"), request_token }
    }

    /// An identity token for an audience, as GitLab and `CircleCI` hand one to their jobs.
    pub fn id_token(&self, provider: IdentityProvider, audience: &str, claims: Map<String, Value>) -> String {
        self.shared.with(|state| state.id_token(provider, audience, claims))
    }

    /// Revokes a token; `false` when there is none.
    pub fn revoke_token(&self, token: &str) -> bool {
        self.shared.with(|state| state.tokens.get_mut(token).map(|token| token.revoked = true).is_some())
    }

    /// Sets a package's publishing access, also before its first version.
    pub fn set_publishing_access(&self, package: &str, access: SandboxAccess) {
        self.shared.with(|state| {
            state.declared_access.insert(package.to_owned(), access);
            if let Some(package) = state.packages.get_mut(package) {
                package.access = access;
            }
        });
    }

    /// A package's publishing access.
    pub fn publishing_access(&self, package: &str) -> SandboxAccess {
        self.shared.with(|state| state.access_of(package))
    }

    /// Puts a version there as if it had always been: live, visible, not in the commit log.
    ///
    /// # Panics
    ///
    /// When the manifest cannot be seeded; [`Sandbox::try_seed_package`] says why instead.
    pub fn seed_package(&self, package: SeedPackage) {
        if let Err(error) = self.try_seed_package(package) {
            panic!("cannot seed the package: {error}");
        }
    }

    /// Puts a version there as if it had always been: live, visible, not in the commit log.
    pub fn try_seed_package(&self, package: SeedPackage) -> Result<(), SeedError> {
        let SeedPackage { manifest, tarball, owner, tag } = package;
        let Value::Object(manifest) = manifest else { return Err(SeedError::Name) };
        let text = |field: &str| manifest.get(field).and_then(Value::as_str).map(str::to_owned);
        let name = text("name").filter(|name| valid_name(name)).ok_or(SeedError::Name)?;
        let version = text("version").and_then(|version| semver::Version::parse(&version).ok());
        let version = version.ok_or_else(|| SeedError::Version { package: name.clone() })?;
        let tag = tag.unwrap_or_else(|| "latest".into());
        if !valid_tag(&tag) {
            return Err(SeedError::Tag { package: name, tag });
        }
        let (integrity, shasum) = digests(&tarball);
        let upload = Upload { name, version, tag, access: None, manifest, tarball: tarball.into(), integrity, shasum };
        self.shared.with(|state| {
            if state.packages.get(&upload.name).is_some_and(|known| known.version(&upload.version).is_some()) {
                let (package, version) = (upload.name, upload.version.to_string());
                return Err(SeedError::Duplicate { package, version });
            }
            if !state.accounts.contains_key(&owner) {
                let (name, password) = (owner.clone(), state.ids.token());
                state.add_account(NewAccount { name, password, second_factor: SecondFactor::None });
            }
            endpoints::commit(state, upload, &owner, true);
            Ok(())
        })
    }

    /// Says how a version was published, as its packument shows it. `false`: it is not there.
    pub fn set_evidence(&self, package: &str, version: &str, evidence: VersionEvidence) -> bool {
        self.shared.with(|state| {
            let package = state.packages.get_mut(package);
            let mut versions = package.into_iter().flat_map(|package| package.versions.iter_mut());
            let Some(stored) = versions.find(|stored| stored.version.to_string() == version) else { return false };
            stored.evidence = evidence;
            true
        })
    }

    /// Takes a version back, as its owner does with `npm unpublish`: its number is burnt. `false`: it is not there.
    pub fn take_back(&self, package: &str, version: &str) -> bool {
        self.shared.with(|state| {
            let now = state.clock.now();
            let Some(package) = state.packages.get_mut(package) else { return false };
            let found = package.versions.iter().find(|stored| stored.version.to_string() == version);
            let Some(version) = found.map(|stored| stored.version.clone()) else { return false };
            package.take_back(&[version], now);
            true
        })
    }

    /// Adds a fault; faults are played in the order in which they were added.
    pub fn add_fault(&self, fault: Fault) {
        self.shared.with(|state| state.faults.add(fault));
    }

    /// Forgets all faults that were not played yet.
    pub fn clear_faults(&self) {
        self.shared.with(|state| state.faults.clear());
    }

    /// Keeps versions of a package that are accepted from now on invisible until it is released.
    pub fn hold(&self, package: &str) {
        self.shared.with(|state| state.held.insert(package.to_owned()));
    }

    /// Lets the held versions of a package be seen after the usual delay, counted from now.
    pub fn release(&self, package: &str) {
        self.shared.with(|state| {
            let now = state.clock.now();
            state.held.remove(package);
            if let Some(package) = state.packages.get_mut(package) {
                for stored in package.versions.iter_mut().filter(|stored| stored.held) {
                    stored.held = false;
                    stored.accepted = now;
                }
                package.touch(now);
            }
        });
    }

    /// Moves the sandbox's clock forward.
    pub fn advance(&self, span: Duration) {
        self.shared.with(|state| state.clock.advance(span));
    }

    /// The sandbox's time.
    pub fn now(&self) -> Moment {
        self.shared.with(|state| state.clock.now())
    }

    /// The uploads that were committed, in order. The oracle of tests.
    pub fn commits(&self) -> Vec<CommittedUpload> {
        self.shared.with(|state| state.commits.clone())
    }

    /// The versions that are staged and wait for a yes, in the order in which they came.
    pub fn staged(&self) -> Vec<StagedUpload> {
        self.shared.with(|state| state.stages.iter().map(crate::stages::Stage::shown).collect())
    }

    /// All that was ever staged, in order; what was approved or rejected since is in it.
    pub fn staged_log(&self) -> Vec<StagedUpload> {
        self.shared.with(|state| state.staged_log.clone())
    }

    /// Puts other bytes under a stage, as a registry that was broken into might. `false`: there is no such stage.
    pub fn swap_staged_bytes(&self, id: &str, tarball: Vec<u8>) -> bool {
        let (integrity, shasum) = digests(&tarball);
        self.shared.with(|state| {
            let Some(stage) = state.stages.iter_mut().find(|stage| stage.id == id) else { return false };
            stage.upload.tarball = tarball.into();
            stage.upload.integrity = integrity;
            stage.upload.shasum = shasum;
            true
        })
    }

    /// The requests that came in, in order.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.shared.with(|state| state.requests())
    }

    /// Forgets the requests that came in so far.
    pub fn forget_requests(&self) {
        self.shared.with(State::forget_requests);
    }

    /// Connections, for measuring against a bound.
    pub fn connections(&self) -> ConnectionCounts {
        self.counters.read()
    }

    /// The challenges that wait for a person.
    pub fn pending_challenges(&self) -> Vec<PendingChallenge> {
        self.shared.with(|state| state.waiting.pending(state.clock.now()))
    }

    /// Waits until a challenge waits for a person, and hands back the oldest. A challenge whose client has gone away waits
    /// as well, until it expires: deny it when that is in the way.
    pub async fn next_challenge(&self) -> PendingChallenge {
        self.shared.wait_for(|state| state.waiting.pending(state.clock.now()).into_iter().next()).await
    }

    /// Does what the page's "Approve" does; `false` when no such challenge waits.
    pub fn approve_challenge(&self, id: &str) -> bool {
        self.shared.with(|state| endpoints::approve_challenge(state, id, false))
    }

    /// As [`Sandbox::approve_challenge`], with the box "skip for the next 5 minutes" ticked.
    pub fn approve_challenge_and_skip(&self, id: &str) -> bool {
        self.shared.with(|state| endpoints::approve_challenge(state, id, true))
    }

    /// Does what the page's "Deny" does; `false` when no such challenge waits.
    pub fn deny_challenge(&self, id: &str) -> bool {
        self.shared.with(|state| endpoints::deny_challenge(state, id))
    }

    /// The ids of web logins that wait for a person.
    pub fn pending_logins(&self) -> Vec<String> {
        self.shared.with(|state| state.waiting.pending_logins(state.clock.now()))
    }

    /// Waits until a web login waits for a person, and hands back its id.
    pub async fn next_login(&self) -> String {
        self.shared.wait_for(|state| state.waiting.pending_logins(state.clock.now()).into_iter().next()).await
    }

    /// Does what the login page's button does; `false` when no such login waits or there is no such account.
    pub fn approve_login(&self, id: &str, account: &str) -> bool {
        self.shared.with(|state| endpoints::approve_login(state, id, account))
    }

    /// Does what the login page's "Cancel" does; `false` when no such login waits.
    pub fn deny_login(&self, id: &str) -> bool {
        self.shared.with(|state| endpoints::deny_login(state, id))
    }

    /// Waits until a request of a kind was answered, and hands the first back.
    pub async fn answered(&self, wanted: impl Fn(&RecordedRequest) -> bool) -> RecordedRequest {
        let is_it = |request: &&RecordedRequest| request.status.is_some() && wanted(request);
        self.shared.wait_for(|state| state.requests().into_iter().find(|request| is_it(&request))).await
    }

    /// Does what the account's settings page does; `false` when there is no such account.
    pub fn set_second_factor(&self, account: &str, second_factor: SecondFactor) -> bool {
        self.shared.with(|state| endpoints::set_second_factor(state, account, second_factor))
    }

    /// A package's dist-tags as written, also to versions that cannot be seen yet.
    pub fn dist_tags(&self, package: &str) -> BTreeMap<String, String> {
        self.shared.with(|state| state.live_package(package).map(crate::packages::Package::tags).unwrap_or_default())
    }

    /// The message by which a version is deprecated.
    pub fn deprecation(&self, package: &str, version: &str) -> Option<String> {
        self.shared.with(|state| {
            let versions = &state.live_package(package)?.versions;
            versions.iter().find(|stored| stored.version.to_string() == version)?.deprecated.clone()
        })
    }

    /// The code of an account's authenticator app that is valid now.
    pub fn current_otp(&self, account: &str) -> Option<String> {
        self.shared.with(|state| match &state.accounts.get(account)?.second_factor {
            SecondFactor::Totp { secret } => Some(totp::current_code(secret, state.clock.now().unix_seconds())),
            SecondFactor::None | SecondFactor::Web => None,
        })
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stopping.send_replace(true);
    }
}

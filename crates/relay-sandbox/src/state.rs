//! Everything a sandbox knows, behind one mutex that is never held across an `await`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::watch;

use crate::access::SandboxAccess;
use crate::accounts::{Account, NewAccount, SecondFactor};
use crate::challenges::Waiting;
use crate::clock::{Clock, Moment};
use crate::events::SandboxEvent;
use crate::faults::FaultQueue;
use crate::identifiers::Identifiers;
use crate::options::{SESSION_LIFETIME, SandboxOptions};
use crate::packages::{Package, Viewpoint};
use crate::records::{CommittedUpload, RecordedRequest};
use crate::stages::{Stage, StagedUpload};
use crate::tokens::{Grant, NewToken, Token, TokenKind};
use crate::trusted::{IdToken, IdentityProvider, TrustConfig, write_token};

/// Requests kept for reading back; the oldest go first.
const MAX_RECORDED_REQUESTS: usize = 100_000;
/// Missing packuments remembered by the negative cache.
const MAX_CACHED_ABSENCES: usize = 10_000;

/// Life of an identity token, as GitHub's is.
const ID_TOKEN_LIFETIME: Duration = Duration::from_mins(5);

/// A job in CI.
#[derive(Clone)]
pub(crate) struct Job {
    pub(crate) provider: IdentityProvider,
    pub(crate) claims: Map<String, Value>,
}

/// What the registry knows.
pub(crate) struct State {
    pub(crate) options: SandboxOptions,
    pub(crate) clock: Clock,
    pub(crate) ids: Identifiers,
    pub(crate) accounts: BTreeMap<String, Account>,
    pub(crate) tokens: BTreeMap<String, Token>,
    pub(crate) packages: BTreeMap<String, Package>,
    /// Publishing access that was set before the package existed.
    pub(crate) declared_access: BTreeMap<String, SandboxAccess>,
    /// Scopes that belong to somebody, with their members.
    pub(crate) scopes: BTreeMap<String, BTreeSet<String>>,
    /// Packages whose next versions stay invisible until they are let go.
    pub(crate) held: BTreeSet<String>,
    /// The trusted publishers of each package.
    pub(crate) trust: BTreeMap<String, Vec<TrustConfig>>,
    /// Identity tokens that are out, by their text.
    pub(crate) id_tokens: BTreeMap<String, IdToken>,
    /// Jobs that may ask for identity tokens, by the token with which they ask.
    pub(crate) jobs: BTreeMap<String, Job>,
    pub(crate) waiting: Waiting,
    pub(crate) faults: FaultQueue,
    pub(crate) commits: Vec<CommittedUpload>,
    /// Staged versions that wait, in the order in which they came.
    pub(crate) stages: Vec<Stage>,
    /// All that was ever staged, in order.
    pub(crate) staged_log: Vec<StagedUpload>,
    /// When each account published, for the rate.
    pub(crate) publishes: BTreeMap<String, Vec<Moment>>,
    requests: VecDeque<RecordedRequest>,
    request_count: u64,
    absences: BTreeMap<String, Moment>,
    outbox: Vec<SandboxEvent>,
}

impl State {
    pub(crate) fn new(options: SandboxOptions) -> Self {
        Self {
            clock: Clock::new(options.clock_runs),
            ids: Identifiers::new(options.seed),
            options,
            accounts: BTreeMap::new(),
            tokens: BTreeMap::new(),
            packages: BTreeMap::new(),
            declared_access: BTreeMap::new(),
            scopes: BTreeMap::new(),
            held: BTreeSet::new(),
            trust: BTreeMap::new(),
            id_tokens: BTreeMap::new(),
            jobs: BTreeMap::new(),
            waiting: Waiting::default(),
            faults: FaultQueue::default(),
            commits: Vec::new(),
            stages: Vec::new(),
            staged_log: Vec::new(),
            publishes: BTreeMap::new(),
            requests: VecDeque::new(),
            request_count: 0,
            absences: BTreeMap::new(),
            outbox: Vec::new(),
        }
    }

    pub(crate) fn viewpoint(&self) -> Viewpoint {
        Viewpoint { now: self.clock.now(), delay: self.options.visibility }
    }

    pub(crate) fn tell(&mut self, event: SandboxEvent) {
        self.outbox.push(event);
    }

    /// Adds an account; one of the same name is replaced.
    pub(crate) fn add_account(&mut self, account: NewAccount) {
        let account = Account::new(account, self.clock.now());
        self.accounts.insert(account.name.clone(), account);
    }

    /// Creates a token; an account that is not there yet is added without a second factor.
    pub(crate) fn create_token(&mut self, account: &str, kind: TokenKind) -> String {
        if !self.accounts.contains_key(account) {
            let password = self.ids.token();
            self.add_account(NewAccount { name: account.into(), password, second_factor: SecondFactor::None });
        }
        // A granular token has a name always: npm's registry makes none without. A session has none.
        let name = match &kind {
            TokenKind::Session => None,
            TokenKind::Granular { bypass: true, .. } => Some("granular-bypass".to_owned()),
            TokenKind::Granular { stage_only: true, .. } => Some("granular-stage".to_owned()),
            TokenKind::Granular { .. } => Some("granular".to_owned()),
        };
        let (grant, lifetime) = match kind {
            TokenKind::Session => (None, Some(SESSION_LIFETIME)),
            TokenKind::Granular { bypass, stage_only, packages, read_only, expires_in } => {
                (Some(Grant { bypass, stage_only, read_only, packages, trusted: None }), expires_in)
            }
        };
        let value = self.insert_token(NewToken { account: account.into(), grant, lifetime });
        if let Some(token) = self.tokens.get_mut(&value) {
            token.name = name;
        }
        value
    }

    /// Makes a token and hands back its value.
    pub(crate) fn insert_token(&mut self, NewToken { account, grant, lifetime }: NewToken) -> String {
        let now = self.clock.now();
        let value = self.ids.token();
        let token = Token {
            value: value.clone(),
            key: self.ids.uuid(),
            account,
            name: None,
            description: None,
            grant,
            orgs: Vec::new(),
            created: now,
            accessed: None,
            expires: lifetime.map(|lifetime| now.plus(lifetime)),
            revoked: false,
            cidr: Vec::new(),
        };
        self.tokens.insert(value.clone(), token);
        value
    }

    /// Makes an identity token, as the service that runs a job does.
    pub(crate) fn id_token(
        &mut self,
        provider: IdentityProvider,
        audience: &str,
        claims: Map<String, Value>,
    ) -> String {
        let now = self.clock.now();
        let expires = now.plus(ID_TOKEN_LIFETIME);
        let mut payload = claims.clone();
        payload.insert("aud".into(), audience.into());
        payload.insert("iat".into(), now.unix_seconds().into());
        payload.insert("exp".into(), expires.unix_seconds().into());
        let signature = self.ids.uuid();
        let value = write_token(&payload, &signature);
        self.id_tokens.retain(|_, token| now < token.expires);
        let token = IdToken { provider, audience: audience.to_owned(), claims, expires };
        self.id_tokens.insert(value.clone(), token);
        value
    }

    /// Whether an `authorization` header has an identity token of the sandbox, or the right of a job to ask for one.
    pub(crate) fn knows_identity(&self, authorization: &str) -> bool {
        let value = authorization.split_once(' ').map_or("", |(_, value)| value.trim());
        self.id_tokens.contains_key(value) || self.jobs.contains_key(value)
    }

    /// Whether an account may write a package, or create it.
    pub(crate) fn writable_by(&self, package: &str, account: &str) -> bool {
        if let Some(package) = self.live_package(package) {
            return package.maintainers.contains(account);
        }
        let scope = crate::packages::scope(package);
        scope.and_then(|scope| self.scopes.get(scope)).is_none_or(|members| members.contains(account))
    }

    /// The stage of a version, if it waits for a yes.
    pub(crate) fn staged_version(&self, package: &str, version: &semver::Version) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.upload.name == package && stage.upload.version == *version)
    }

    /// A package that has versions.
    pub(crate) fn live_package(&self, package: &str) -> Option<&Package> {
        self.packages.get(package).filter(|package| !package.versions.is_empty())
    }

    /// Publishing access as set, or npm's default.
    pub(crate) fn access_of(&self, package: &str) -> SandboxAccess {
        let known = self.live_package(package).map(|package| package.access);
        known.or_else(|| self.declared_access.get(package).copied()).unwrap_or_default()
    }

    /// Notes a request that was taken up and hands back its number.
    pub(crate) fn record(&mut self, mut request: RecordedRequest) -> u64 {
        self.request_count += 1;
        request.sequence = self.request_count;
        if self.requests.len() >= MAX_RECORDED_REQUESTS {
            self.requests.pop_front();
        }
        self.requests.push_back(request);
        self.request_count
    }

    /// Notes how a request ended.
    pub(crate) fn settle(&mut self, sequence: u64, body_length: u64, status: Option<u16>) {
        let first = self.requests.front().map_or(0, |request| request.sequence);
        let index = sequence.checked_sub(first).and_then(|index| usize::try_from(index).ok());
        if let Some(request) = index.and_then(|index| self.requests.get_mut(index)) {
            request.body_length = body_length;
            request.status = status;
        }
    }

    pub(crate) fn requests(&self) -> Vec<RecordedRequest> {
        self.requests.iter().cloned().collect()
    }

    pub(crate) fn forget_requests(&mut self) {
        self.requests.clear();
    }

    /// Whether the negative cache still answers 404 for a URL.
    pub(crate) fn absent_by_cache(&self, url: &str) -> bool {
        self.absences.get(url).is_some_and(|until| self.clock.now() < *until)
    }

    /// Lets the negative cache answer 404 for a URL for its time.
    pub(crate) fn cache_absence(&mut self, url: &str) {
        let now = self.clock.now();
        if !self.options.negative_cache.is_zero() {
            self.absences.retain(|_, until| now < *until);
            if self.absences.len() < MAX_CACHED_ABSENCES {
                self.absences.insert(url.to_owned(), now.plus(self.options.negative_cache));
            }
        }
    }
}

/// The state, shared between the server and the handle.
pub(crate) struct Shared {
    state: Mutex<State>,
    /// The path the registry lives below; begins and ends with a slash.
    prefix: String,
    /// Counts events that a waiting test may be interested in.
    turns: watch::Sender<u64>,
}

impl Shared {
    pub(crate) fn new(state: State) -> Self {
        let prefix = state.options.path_prefix.as_deref().unwrap_or_default().trim_matches('/');
        let prefix = if prefix.is_empty() { "/".to_owned() } else { format!("/{prefix}/") };
        Self { state: Mutex::new(state), prefix, turns: watch::Sender::new(0) }
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Runs a closure on the state, then tells the events it left behind, outside the lock.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        let (result, events, sink) = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let result = work(&mut state);
            (result, std::mem::take(&mut state.outbox), state.options.events.clone())
        };
        if !events.is_empty() {
            self.turns.send_modify(|turns| *turns = turns.wrapping_add(1));
            if let Some(sink) = sink {
                for event in &events {
                    sink.tell(event);
                }
            }
        }
        result
    }

    /// Waits until a look at the state finds something.
    pub(crate) async fn wait_for<T>(&self, look: impl Fn(&State) -> Option<T>) -> T {
        let mut turns = self.turns.subscribe();
        loop {
            if let Some(found) = self.with(|state| look(state)) {
                return found;
            }
            if turns.changed().await.is_err() {
                // The sender lives as long as `self`, so this cannot be reached; waiting for ever is the honest answer.
                std::future::pending::<()>().await;
            }
        }
    }
}

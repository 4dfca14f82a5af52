//! The one part that sends: reads with a few tries, writes exactly once.
//!
//! What is sent is built by `crate::headers` and [`crate::document`], what comes back is read by the pure parts; here
//! are order, limits and the mapping of broken connections. Redirects are followed for reads only, at most
//! [`REDIRECTS_MAX`], and never with a credential.

mod account;
mod account_writes;
mod connection;
mod fetch;
mod identity;
mod pause;
mod reads;
mod reads_for_writes;
mod stages;
mod trouble;
mod trust;

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use relay_workspace::PackageName;
use reqwest::Method;
use secrecy::SecretString;

use crate::answer::Answer;
use crate::challenge::Challenge;
use crate::headers::{RequestHeaders, request_headers};
use crate::login::is_at;
use crate::publish::PublishRequest;
use crate::refusal::{Refusal, RefusalCode};
use crate::url::{RegistryUrl, host_and_port};
use crate::write::{Accepted, WriteError, WriteMethod, WriteRequest, read_write_answer};

pub use account::NameAndPassword;
pub use connection::ClientError;
use connection::{Connections, Failure, Request};
pub use identity::ExchangeError;
pub use pause::{PAUSE_KEPT_MAX, PAUSE_WAITED_MAX};

/// The largest packument that is read, in bytes. The largest real ones are around 30 MB in full form.
pub const PACKUMENT_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The largest other answer that is read, in bytes.
pub const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// The largest answer to a poll that is read, in bytes.
pub const POLL_ANSWER_BYTES_MAX: usize = 64 * 1024;
/// How many redirects of one read are followed.
pub const REDIRECTS_MAX: usize = 5;

/// How a client behaves.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// The header `user-agent`.
    pub user_agent: String,
    /// How long one request may take, the upload included.
    pub request_timeout: Duration,
    /// How long one read may take. Documents are small beside uploads, and a registry that hangs should be known of soon.
    pub read_timeout: Duration,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// Whether browser challenges are wanted (`npm-auth-type: web`). With a code given up front npm says `legacy`.
    pub auth_type_web: bool,
    /// How many idle connections to one host are kept.
    pub connections_per_host: usize,
    /// How reads are tried again.
    pub retry: ReadRetry,
    /// More certificate authorities to trust, as PEM text (npm's `cafile`).
    pub certificate_authorities: Option<Bytes>,
    /// The setting by which somebody wants certificates left unchecked, for the error about one that is not trusted: it is
    /// not followed.
    pub unchecked_by: Option<String>,
    /// The proxy for all that is not this machine, where it is not left to the environment. It may hold a password.
    pub proxy: Option<SecretString>,
    /// Hosts that this proxy is not for, separated by commas; else those of the variable `NO_PROXY`.
    pub no_proxy: Option<String>,
}

/// How reads are tried again after passing trouble. Writes never are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadRetry {
    /// How often a read is tried in all, at least once.
    pub tries: u32,
    /// The wait before the second try; it doubles from there, plus up to half of itself at random.
    pub first_wait: Duration,
    /// The longest `retry-after` that a read waits for by itself; a longer one is the caller's.
    pub retry_after_max: Duration,
}

impl Default for ReadRetry {
    fn default() -> Self {
        Self { tries: 3, first_wait: Duration::from_millis(400), retry_after_max: PAUSE_WAITED_MAX }
    }
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            user_agent: format!(
                "relay/{} ({}; {})",
                env!("CARGO_PKG_VERSION"),
                std::env::consts::OS,
                std::env::consts::ARCH
            ),
            // npm's `fetch-timeout`.
            request_timeout: Duration::from_mins(5),
            read_timeout: Duration::from_mins(1),
            connect_timeout: Duration::from_secs(30),
            auth_type_web: true,
            connections_per_host: 16,
            retry: ReadRetry::default(),
            certificate_authorities: None,
            unchecked_by: None,
            proxy: None,
            no_proxy: None,
        }
    }
}

/// Speaks with registries. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct RegistryClient {
    options: ClientOptions,
    connections: Connections,
}

impl fmt::Debug for RegistryClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegistryClient").field("user_agent", &self.options.user_agent).finish_non_exhaustive()
    }
}

/// The refusal that stands for a host that asked for a pause: nothing was sent.
fn paused_refusal(package: Option<&PackageName>, host: &str) -> Refusal {
    Refusal {
        code: RefusalCode::RateLimit,
        status: 429,
        text: format!("`{host}` asked for a pause that is not over"),
        package: package.cloned(),
    }
}

impl RegistryClient {
    /// Prepares connections. Nothing is sent, and nothing is read from the system before the first request.
    ///
    /// # Errors
    /// [`ClientError`] when the certificate authorities are no PEM text.
    pub fn new(options: ClientOptions) -> Result<Self, ClientError> {
        let connections = Connections::new(&options)?;
        Ok(Self { options, connections })
    }

    /// Sets up TLS for a registry ahead of the first request, which takes a while. Nothing is sent.
    pub fn prepare(&self, registry: &RegistryUrl) {
        self.connections.prepare(registry.as_url());
    }

    /// The same client with another answer to "are browser challenges wanted". Connections stay shared.
    #[must_use]
    pub fn with_auth_type_web(mut self, web: bool) -> Self {
        self.options.auth_type_web = web;
        self
    }

    /// Uploads a package: sends **once**, whatever happens.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub async fn publish(&self, request: &PublishRequest<'_>) -> Result<Accepted, WriteError> {
        self.write(&request.into()).await
    }

    /// Carries out a write: sends **once**, whatever happens.
    ///
    /// # Errors
    /// [`WriteError`] says whether nothing was sent, the registry asked or refused, or the outcome is unknown.
    pub async fn write(&self, request: &WriteRequest<'_>) -> Result<Accepted, WriteError> {
        let url = request.registry.below(&request.path);
        let host = host_and_port(&url);
        if let Some(credential) = request.credential
            && !credential.scope().covers(&url)
        {
            return Err(WriteError::NotSent {
                cause: format!(
                    "the credential from {} belongs to `{}` and is not sent to `{host}`",
                    credential.id(),
                    credential.scope()
                ),
            });
        }
        let wishes = RequestHeaders {
            json_body: request.body.is_some(),
            otp: request.otp,
            command: request.command,
            ..RequestHeaders::default()
        };
        let headers = request_headers(&self.options, &url, request.credential, wishes)
            .map_err(|error| WriteError::NotSent { cause: error.to_string() })?;
        let method = match request.method {
            WriteMethod::Post => Method::POST,
            WriteMethod::Put => Method::PUT,
            WriteMethod::Delete => Method::DELETE,
        };
        let bytes = request.body.as_ref().map_or(0, Bytes::len);
        tracing::debug!(package = %request.package, host, command = request.command.as_str(), bytes, "write");
        let write = Request { method, url, headers, body: request.body.clone(), timeout: None };
        let answer = match self.connections.send(write, ANSWER_BYTES_MAX).await {
            Ok(answer) => answer,
            Err(Failure::NotSent { cause }) => return Err(WriteError::NotSent { cause }),
            Err(Failure::Paused { left }) => {
                let refusal = paused_refusal(Some(request.package), &host);
                return Err(WriteError::RateLimited { retry_after: Some(left), refusal });
            }
            Err(Failure::Broken { cause }) => return Err(WriteError::OutcomeUnknown { cause }),
            Err(Failure::Body { status, cause, .. }) if (200..=299).contains(&status) => {
                // A proxy's page has that status too.
                let cause = format!("`{host}` answered {status} and its words can't be read: {}", cause.as_str());
                return Err(WriteError::OutcomeUnknown { cause });
            }
            Err(Failure::Body { status, cause, headers }) => {
                // The no came, only its words did not: the status is enough to tell what kind it is.
                tracing::debug!(package = %request.package, status, cause = cause.as_str(), "the answer was cut off");
                Answer { status, headers, body: Bytes::new(), without_credential: false }
            }
        };
        read_write_answer(request.package, &host, &answer).map_err(|error| match error {
            // Whoever answers the poll is believed to be the registry, and the code it gives is sent with the next try.
            WriteError::Challenge(Challenge::Web(web)) if !is_at(request.registry, &web.done_url) => {
                WriteError::Refused(Refusal {
                    code: RefusalCode::UnreadableChallenge,
                    status: answer.status,
                    text: format!(
                        "the second factor is to be fetched from `{}`, which is not this registry",
                        host_and_port(&web.done_url)
                    ),
                    package: Some(request.package.clone()),
                })
            }
            WriteError::Refused(refusal) if request.credential.is_none() => {
                WriteError::Refused(refusal.of_an_anonymous_request())
            }
            error => error,
        })
    }
}

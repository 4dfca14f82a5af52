//! Connections: TLS set up once, one request out, one bounded answer in. Nothing is repeated here.

use std::sync::{Arc, Once, OnceLock};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use reqwest::Method;
use reqwest::header::{CONTENT_LENGTH, HeaderMap};
use rustls::pki_types::CertificateDer;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::ClientOptions;
use super::pause::Pauses;
use super::trouble::{cause_for_people, was_not_sent};
use super::trust;
use crate::answer::Answer;
use crate::retry_after;
use crate::url::host_and_port;

/// Up to this size, in bytes, reading an answer that nobody needs costs less than a new connection.
const DRAINED_BYTES_MAX: usize = 64 * 1024;

/// A client that can't be set up.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// TLS can't be set up.
    #[error("could not set up TLS: {cause}; check the machine's certificates")]
    Tls {
        /// What the TLS library says.
        cause: String,
    },
    /// The proxy's address can't be used. It is not repeated: it may hold a password.
    #[error("the proxy that `.npmrc` names can't be used: {cause}")]
    Proxy {
        /// What is wrong with it.
        cause: String,
    },
    /// The certificate authorities are no PEM text.
    #[error("could not read the certificate authorities (`cafile`): {cause}")]
    CertificateAuthorities {
        /// What is wrong with them.
        cause: String,
    },
}

/// One request, ready to go.
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Bytes>,
    /// Where it is another than that of all requests.
    pub(super) timeout: Option<Duration>,
}

/// A request that brought no whole answer. It has no `Debug`: an answer's headers are nobody's to read.
pub(super) enum Failure {
    /// Nothing reached the registry.
    NotSent {
        /// For people, with the host and the next step.
        cause: String,
    },
    /// The host asked for a pause, of which so much is left: nothing was sent.
    Paused { left: Duration },
    /// The connection broke after the request began.
    Broken {
        /// For people, with the host.
        cause: String,
    },
    /// The head of the answer came, the body did not, or was too large.
    Body {
        status: u16,
        headers: HeaderMap,
        /// For people.
        cause: BodyTrouble,
    },
}

/// Why a body was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum BodyTrouble {
    TooLarge,
    Broken(String),
}

impl Failure {
    /// What happened, without a word of the answer.
    pub(super) fn cause(&self) -> &str {
        match self {
            Self::NotSent { cause } | Self::Broken { cause } => cause,
            Self::Body { cause, .. } => cause.as_str(),
            Self::Paused { .. } => "the host asked for a pause that is not over",
        }
    }
}

impl BodyTrouble {
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::TooLarge => "the answer is too large",
            Self::Broken(cause) => cause,
        }
    }
}

/// Three pools: a proxy is for the outside, never for this machine's own loopback, and plain HTTP on loopback needs nobody's
/// certificate. Each is made when it is first needed, since setting up TLS reads all the certificates of the system.
#[derive(Clone)]
pub(super) struct Connections {
    pauses: Pauses,
    settings: Arc<PoolSettings>,
    outside: Arc<OnceLock<Result<reqwest::Client, ClientError>>>,
    loopback: Arc<OnceLock<Result<reqwest::Client, ClientError>>>,
    plain_loopback: Arc<OnceLock<Result<reqwest::Client, ClientError>>>,
}

struct PoolSettings {
    request_timeout: Duration,
    connect_timeout: Duration,
    connections_per_host: usize,
    authorities: Vec<CertificateDer<'static>>,
    proxy: Option<reqwest::Proxy>,
    unchecked_by: Option<String>,
}

impl Connections {
    pub(super) fn new(options: &ClientOptions) -> Result<Self, ClientError> {
        let authorities = match &options.certificate_authorities {
            None => Vec::new(),
            Some(pem) => trust::certificates(pem).map_err(|cause| ClientError::CertificateAuthorities { cause })?,
        };
        let proxy = options.proxy.as_ref().map(|address| proxy(address, options.no_proxy.as_deref())).transpose()?;
        let settings = PoolSettings {
            request_timeout: options.request_timeout,
            connect_timeout: options.connect_timeout,
            connections_per_host: options.connections_per_host,
            authorities,
            proxy,
            unchecked_by: options.unchecked_by.clone(),
        };
        Ok(Self {
            pauses: Pauses::default(),
            settings: Arc::new(settings),
            outside: Arc::default(),
            loopback: Arc::default(),
            plain_loopback: Arc::default(),
        })
    }

    /// Makes ready what requests to this address need.
    pub(super) fn prepare(&self, url: &Url) {
        // Whatever is wrong is told by the first request.
        let _ = self.pool(url);
    }

    fn pool(&self, url: &Url) -> Result<&reqwest::Client, &ClientError> {
        let direct = || reqwest::Client::builder().no_proxy();
        let made = match (is_loopback(url), url.scheme()) {
            // No redirect is followed, so that this never comes to speak TLS; if it did, it would trust nobody.
            (true, "http") => {
                self.plain_loopback.get_or_init(|| self.settings.build(direct().tls_certs_only(Vec::new())))
            }
            (true, _) => self.loopback.get_or_init(|| self.settings.build(self.settings.trusting(direct())?)),
            (false, _) => self.outside.get_or_init(|| {
                let builder = self.settings.trusting(reqwest::Client::builder())?;
                self.settings.build(match &self.settings.proxy {
                    Some(proxy) => builder.proxy(proxy.clone()),
                    None => builder,
                })
            }),
        };
        made.as_ref()
    }

    /// Sends one request once and reads its answer up to `bytes_max`.
    pub(super) async fn send(&self, request: Request, bytes_max: usize) -> Result<Answer, Failure> {
        let host = host_and_port(&request.url);
        let (status, headers, mut body) = self.begin(request).await?;
        let mut bytes = BytesMut::new();
        while let Some(chunk) = body.next().await {
            let trouble = match chunk {
                Ok(chunk) if bytes.len() + chunk.len() <= bytes_max => {
                    bytes.extend_from_slice(&chunk);
                    continue;
                }
                Ok(_) => BodyTrouble::TooLarge,
                Err(error) => BodyTrouble::Broken(cause_for_people(&host, &error, None)),
            };
            return Err(Failure::Body { status, headers, cause: trouble });
        }
        Ok(Answer { status, headers, body: bytes.freeze(), without_credential: false })
    }

    /// Sends one request once and reads the head and the first bytes of its answer. A small rest is read to its end, so
    /// that the connection serves again; a large one is dropped with its connection.
    pub(super) async fn peek(&self, request: Request) -> Result<Answer, Failure> {
        let host = host_and_port(&request.url);
        let (status, headers, mut body) = self.begin(request).await?;
        let first = match body.next().await {
            Some(Ok(chunk)) => chunk.slice(..chunk.len().min(super::ANSWER_BYTES_MAX)),
            Some(Err(error)) => {
                let cause = BodyTrouble::Broken(cause_for_people(&host, &error, None));
                return Err(Failure::Body { status, headers, cause });
            }
            None => Bytes::new(),
        };
        let whole = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        if whole.is_some_and(|whole| whole <= DRAINED_BYTES_MAX) {
            let mut read = first.len();
            while let Some(Ok(chunk)) = body.next().await {
                read += chunk.len();
                if read > DRAINED_BYTES_MAX {
                    break;
                }
            }
        }
        Ok(Answer { status, headers, body: first, without_credential: false })
    }

    async fn begin(
        &self,
        request: Request,
    ) -> Result<(u16, HeaderMap, impl futures_util::Stream<Item = reqwest::Result<Bytes>> + Unpin + use<>), Failure>
    {
        let host = host_and_port(&request.url);
        let client = self.pool(&request.url).map_err(|error| Failure::NotSent { cause: error.to_string() })?;
        self.pauses.wait(&host).await.map_err(|left| Failure::Paused { left })?;
        let mut outgoing = client.request(request.method, request.url).headers(request.headers);
        if let Some(timeout) = request.timeout {
            outgoing = outgoing.timeout(timeout);
        }
        if let Some(body) = request.body {
            outgoing = outgoing.body(body);
        }
        let response = outgoing.send().await.map_err(|error| {
            let cause = cause_for_people(&host, &error, self.settings.unchecked_by.as_deref());
            if was_not_sent(&error) { Failure::NotSent { cause } } else { Failure::Broken { cause } }
        })?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        if status == 429
            && let Some(asked) = retry_after::of(&headers)
        {
            self.pauses.note(&host, asked);
        }
        Ok((status, headers, Box::pin(response.bytes_stream())))
    }
}

impl PoolSettings {
    /// Trusts the system's certificate authorities and those of the settings.
    fn trusting(&self, builder: reqwest::ClientBuilder) -> Result<reqwest::ClientBuilder, ClientError> {
        if self.authorities.is_empty() {
            return Ok(builder);
        }
        install_crypto_provider();
        let config = trust::tls_with(&self.authorities).map_err(|cause| ClientError::Tls { cause })?;
        Ok(builder.tls_backend_preconfigured(config))
    }

    fn build(&self, builder: reqwest::ClientBuilder) -> Result<reqwest::Client, ClientError> {
        install_crypto_provider();
        builder
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .timeout(self.request_timeout)
            .connect_timeout(self.connect_timeout)
            .pool_max_idle_per_host(self.connections_per_host)
            .build()
            .map_err(|error| ClientError::Tls { cause: root_cause(&error) })
    }
}

/// A proxy for every address but the listed ones. A host alone is taken for an address of HTTP, as npm does.
fn proxy(address: &SecretString, no_proxy: Option<&str>) -> Result<reqwest::Proxy, ClientError> {
    let unusable = |cause: &str| ClientError::Proxy { cause: cause.to_owned() };
    let text = address.expose_secret();
    let url = if text.contains("://") { Url::parse(text) } else { Url::parse(&format!("http://{text}")) };
    let url = url.map_err(|error| unusable(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(unusable(&format!("it is neither `http:` nor `https:`, but `{}:`", url.scheme())));
    }
    let proxy = reqwest::Proxy::all(url).map_err(|_| unusable("it is no address"))?;
    let exceptions = no_proxy.map_or_else(reqwest::NoProxy::from_env, reqwest::NoProxy::from_string);
    Ok(proxy.no_proxy(exceptions))
}

/// Makes ring the provider of TLS, unless the program chose one already.
fn install_crypto_provider() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        // An error means that another one is installed, which serves as well.
        drop(rustls::crypto::ring::default_provider().install_default());
    });
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

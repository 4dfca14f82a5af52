//! Trusted publishing: the job's ID token, and its exchange for a token of one package (`npm-registry.md`, 6.2 and 6.3).

use relay_values::CredentialId;
use relay_workspace::PackageName;
use reqwest::Method;
use secrecy::SecretString;
use serde_json::Value;
use url::Url;

use super::connection::{Failure, Request};
use super::fetch::jittered;
use super::{ANSWER_BYTES_MAX, RegistryClient, paused_refusal};
use crate::answer::Answer;
use crate::credential::Credential;
use crate::headers::{RequestHeaders, request_headers};
use crate::identity::{IdToken, IdentitySource, Way, audience};
use crate::refusal::{Refusal, RefusalCode, RefusalFacts, classify};
use crate::url::{RegistryUrl, escaped_name, host_and_port};
use crate::write::NpmCommand;

/// How often an exchange is tried in all. It changes nothing at the registry, so that trying again does no harm.
const EXCHANGE_TRIES: u32 = 3;

/// No token was minted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    /// The job's service gave no ID token.
    #[error("{cause}")]
    NoIdToken {
        /// Why, with its host.
        cause: String,
    },
    /// The registry said no.
    #[error("{refusal}")]
    Refused {
        /// Its no.
        refusal: Box<Refusal>,
        /// What of the ID token it compared, as `name: value`.
        claims: Vec<String>,
    },
    /// The registry has no such request.
    #[error("`{host}` does not offer trusted publishing")]
    NotOffered {
        /// The host.
        host: String,
    },
    /// The registry was not heard, or not understood.
    #[error("{cause}")]
    Unreachable {
        /// Why, with its host.
        cause: String,
    },
}

impl RegistryClient {
    /// Gets an ID token for a registry.
    ///
    /// # Errors
    /// [`ExchangeError::NoIdToken`].
    pub async fn id_token(&self, source: &IdentitySource, registry: &RegistryUrl) -> Result<IdToken, ExchangeError> {
        let (url, right) = match &source.way {
            Way::AtHand(token) => return Ok(IdToken::new(source.service, token.clone())),
            Way::Asked { url, right } => (url, right),
        };
        let mut url = (**url).clone();
        url.query_pairs_mut().append_pair("audience", &audience(registry));
        let host = host_and_port(&url);
        let no = |why: String| ExchangeError::NoIdToken { cause: format!("`{host}` gave no ID token: {why}") };
        let wishes = RequestHeaders { accept: Some("application/json"), fresh: true, ..RequestHeaders::default() };
        let answer = self.ask_for_token((Method::GET, url, right.as_ref()), wishes).await.map_err(no)?;
        let value = answer.json().and_then(|body| Some(body.get("value")?.as_str()?.to_owned()));
        match value.filter(|value| answer.status == 200 && !value.is_empty()) {
            Some(value) => Ok(IdToken::new(source.service, SecretString::from(value))),
            None => Err(no(format!("it answered {} without one", answer.status))),
        }
    }

    /// Exchanges an ID token for a token with which one package can be published, for about an hour. Nothing changes at the
    /// registry.
    ///
    /// # Errors
    /// [`ExchangeError`].
    #[expect(clippy::disallowed_methods, reason = "an exchange that failed in passing is tried again after a pause")]
    pub async fn exchange(
        &self,
        registry: &RegistryUrl,
        name: &PackageName,
        id_token: &IdToken,
    ) -> Result<Credential, ExchangeError> {
        let unreachable = |cause: String| ExchangeError::Unreachable { cause };
        // At the origin, whatever the registry's path is (`npm-registry.md`, 0.2).
        let origin = RegistryUrl::parse(&registry.origin()).map_err(|error| unreachable(error.to_string()))?;
        let url = origin.below(&format!("-/npm/v1/oidc/token/exchange/package/{}", escaped_name(name)));
        let host = host_and_port(&url);
        let credential = id_token.credential(origin);
        let mut tries = 0;
        let answer = loop {
            tries += 1;
            let request = (Method::POST, url.clone(), &credential);
            let answer = self.ask_for_token(request, RequestHeaders::default()).await;
            let passing = answer.as_ref().map_or(true, |answer| answer.status >= 500 && answer.status != 501);
            if !passing || tries >= EXCHANGE_TRIES {
                break answer.map_err(unreachable)?;
            }
            tokio::time::sleep(jittered(self.options.retry.first_wait)).await;
        };
        let refused = |refusal: Refusal| ExchangeError::Refused {
            refusal: Box::new(refusal),
            claims: id_token.compared_claims(),
        };
        // The words alone decide: an ID token is no credential of the registry, so that a notice about a dead one says nothing.
        let refusal = || {
            let text = answer.text();
            let code = classify(RefusalFacts { status: answer.status, text: &text, notice: None });
            Refusal { code, status: answer.status, text, package: Some(name.clone()) }
        };
        match answer.status {
            200 | 201 => {
                let body = answer.json();
                let token = body.as_ref().and_then(|body| body.get("token")).and_then(Value::as_str);
                let token = token.filter(|token| !token.is_empty()).ok_or_else(|| {
                    unreachable(format!("`{host}` answered {} to an exchange and gave no token", answer.status))
                })?;
                let id = CredentialId::made(registry.clone(), "the trusted publisher's exchange");
                Ok(Credential::new_bearer(token.to_owned().into(), id))
            }
            // npm's own 404 says so in its words; any other one is a registry without this request.
            404 if refusal().code != RefusalCode::NoTrustedPublisher => Err(ExchangeError::NotOffered { host }),
            405 | 501 => Err(ExchangeError::NotOffered { host }),
            500.. => Err(unreachable(format!("`{host}` answered {} to an exchange", answer.status))),
            _ => Err(refused(refusal())),
        }
    }

    /// Sends one request without a body, and hands its answer on; else says what happened, with the host.
    async fn ask_for_token(
        &self,
        (method, url, credential): (Method, Url, &Credential),
        wishes: RequestHeaders<'_>,
    ) -> Result<Answer, String> {
        let host = host_and_port(&url);
        let wishes = RequestHeaders { command: NpmCommand::Publish, ..wishes };
        let headers =
            request_headers(&self.options, &url, Some(credential), wishes).map_err(|error| error.to_string())?;
        let timeout = Some(self.options.read_timeout);
        let request = Request { method, url, headers, body: None, timeout };
        match self.connections.send(request, ANSWER_BYTES_MAX).await {
            Ok(answer) => Ok(answer),
            Err(Failure::Paused { .. }) => Err(paused_refusal(None, &host).text),
            Err(failure) => Err(failure.cause().to_owned()),
        }
    }
}

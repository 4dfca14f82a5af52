//! What an account's tokens are managed by (`npm-registry.md`, 4.3 to 4.5). Each is sent once; the registry asks
//! for a second factor as it does at writes about packages.

use bytes::Bytes;
use reqwest::Method;
use secrecy::SecretString;
use serde_json::Value;
use url::Url;

use super::connection::{BodyTrouble, Failure, Request};
use super::{ANSWER_BYTES_MAX, RegistryClient, paused_refusal};
use crate::answer::Answer;
use crate::challenge::{Challenge, Demand, read_unauthorized};
use crate::credential::{Credential, Otp};
use crate::headers::{RequestHeaders, request_headers};
use crate::login::is_at;
use crate::read::ReadError;
use crate::refusal::{Refusal, RefusalCode};
use crate::struck_out;
use crate::tokens::{CreatedToken, TokenEntry, TokenList, TokenWish};
use crate::url::{RegistryUrl, encode_component, host_and_port};
use crate::write::{NpmCommand, WriteError, refusal_of};

/// The most pages of a list that are followed: an account has at most 1000 tokens, ten a page.
const TOKEN_PAGES_MAX: usize = 200;

/// One request.
struct AccountWrite<'a> {
    method: Method,
    path: String,
    command: NpmCommand,
    body: Option<Value>,
    credential: &'a Credential,
    otp: Option<&'a Otp>,
}

impl RegistryClient {
    /// Reads the tokens of a session's account, all pages of them.
    ///
    /// # Errors
    /// [`ReadError`]; that the registry has no list, or shows it to sessions alone, is [`TokenList`].
    pub async fn tokens(&self, registry: &RegistryUrl, credential: &Credential) -> Result<TokenList, ReadError> {
        let what = format!("the tokens at `{}`", registry.host());
        let mut url = registry.below("-/npm/v1/tokens");
        let mut tokens = Vec::new();
        for _ in 0..TOKEN_PAGES_MAX {
            let wishes = RequestHeaders { fresh: true, command: NpmCommand::Token, ..RequestHeaders::default() };
            let answer = self.get(&url, self.read(&what, Some(credential), wishes)).await?;
            match answer.status {
                200 => {}
                401 | 403 => return Ok(TokenList::NeedsSession),
                404 | 405 | 501 => return Ok(TokenList::NotOffered),
                _ => return Err(ReadError::of_status(&what, &host_and_port(&url), None, &answer)),
            }
            let body = answer.json();
            let objects = body.as_ref().and_then(|body| body.get("objects")).and_then(Value::as_array);
            let objects = objects.ok_or_else(|| ReadError::unparsed(&what, &url, "list of tokens", &answer))?;
            tokens.extend(objects.iter().filter_map(TokenEntry::read));
            let next = body.as_ref().and_then(|body| body.get("urls")?.get("next")?.as_str());
            match next.and_then(|next| url.join(next).ok()).filter(|next| is_at(registry, next) && *next != url) {
                Some(next) => url = next,
                None => break,
            }
        }
        Ok(TokenList::Listed(tokens))
    }

    /// Makes a token. Sent once.
    ///
    /// # Errors
    /// [`WriteError`]; of an unknown outcome the list tells whether it was made, and its secret is lost.
    pub async fn create_token(
        &self,
        registry: &RegistryUrl,
        credential: &Credential,
        wish: &TokenWish,
        password: &SecretString,
        otp: Option<&Otp>,
    ) -> Result<CreatedToken, WriteError> {
        struck_out::know(password);
        let write = AccountWrite {
            method: Method::POST,
            path: "-/npm/v1/tokens".to_owned(),
            command: NpmCommand::Token,
            body: Some(wish.body(password)),
            credential,
            otp,
        };
        let answer = self.write_of_account(registry, write).await?;
        let made = answer.json().and_then(|body| CreatedToken::read(&body));
        made.ok_or_else(|| WriteError::OutcomeUnknown {
            cause: format!(
                "`{}` answered {} without a token; the list of tokens tells whether one was made",
                registry.host(),
                answer.status
            ),
        })
    }

    /// Revokes a token by its key. `false`: the registry does not know it. Sent once.
    ///
    /// # Errors
    /// [`WriteError`].
    pub async fn revoke_token(
        &self,
        registry: &RegistryUrl,
        credential: &Credential,
        key: &str,
        otp: Option<&Otp>,
    ) -> Result<bool, WriteError> {
        let write = AccountWrite {
            method: Method::DELETE,
            path: format!("-/npm/v1/tokens/token/{}", encode_component(key)),
            command: NpmCommand::Token,
            body: None,
            credential,
            otp,
        };
        match self.write_of_account(registry, write).await {
            Ok(_) => Ok(true),
            Err(WriteError::Refused(refusal)) if refusal.status == 404 => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Sends a write about an account once. Any success is one; what it says is the caller's.
    async fn write_of_account(&self, registry: &RegistryUrl, write: AccountWrite<'_>) -> Result<Answer, WriteError> {
        let url: Url = registry.below(&write.path);
        let host = host_and_port(&url);
        if !write.credential.scope().covers(&url) {
            return Err(WriteError::NotSent {
                cause: format!("the credential from {} is not sent to `{host}`", write.credential.id()),
            });
        }
        let wishes = RequestHeaders {
            json_body: write.body.is_some(),
            otp: write.otp,
            command: write.command,
            ..RequestHeaders::default()
        };
        let headers = request_headers(&self.options, &url, Some(write.credential), wishes)
            .map_err(|error| WriteError::NotSent { cause: error.to_string() })?;
        let body = write.body.map(|body| Bytes::from(body.to_string()));
        let request = Request { method: write.method, url, headers, body, timeout: Some(self.options.read_timeout) };
        let answer = match self.connections.send(request, ANSWER_BYTES_MAX).await {
            Ok(answer) => answer,
            Err(Failure::NotSent { cause }) => return Err(WriteError::NotSent { cause }),
            Err(Failure::Paused { left }) => {
                return Err(WriteError::RateLimited { retry_after: Some(left), refusal: paused_refusal(None, &host) });
            }
            Err(Failure::Body { cause: BodyTrouble::TooLarge, .. }) => {
                return Err(WriteError::OutcomeUnknown {
                    cause: format!("`{host}` answered more than {ANSWER_BYTES_MAX} bytes"),
                });
            }
            Err(failure) => return Err(WriteError::OutcomeUnknown { cause: failure.cause().to_owned() }),
        };
        read_account_answer(registry, &host, answer)
    }
}

#[expect(clippy::result_large_err, reason = "one write, one error: its size costs nothing beside the request")]
fn read_account_answer(registry: &RegistryUrl, host: &str, answer: Answer) -> Result<Answer, WriteError> {
    if (200..=299).contains(&answer.status) {
        if answer.is_html() {
            let words = answer.first_words();
            let cause = format!("`{host}` answered {} with HTML (first words: `{words}`)", answer.status);
            return Err(WriteError::OutcomeUnknown { cause });
        }
        return Ok(answer);
    }
    let refusal = refusal_of(None, &answer);
    let unreadable = |text: Option<String>| {
        let text = text.unwrap_or_else(|| refusal.text.clone());
        WriteError::Refused(Refusal { code: RefusalCode::UnreadableChallenge, text, ..refusal.clone() })
    };
    if answer.status == 401 && refusal.code != RefusalCode::DeadCredential {
        match read_unauthorized(&answer) {
            // Whoever answers the poll is believed to be the registry.
            Demand::SecondFactor(Challenge::Web(web)) if !is_at(registry, &web.done_url) => {
                let foreign = host_and_port(&web.done_url);
                return Err(unreadable(Some(format!(
                    "the second factor is to be fetched from `{foreign}`, which is not this registry"
                ))));
            }
            Demand::SecondFactor(challenge) => return Err(WriteError::Challenge(challenge)),
            Demand::Unreadable => return Err(unreadable(None)),
            Demand::OtherAddress | Demand::Nothing => {}
        }
    }
    Err(match answer.status {
        429 => WriteError::RateLimited { retry_after: answer.retry_after(), refusal },
        408 | 500 | 502.. => {
            WriteError::OutcomeUnknown { cause: format!("`{host}` answered {}: {}", answer.status, refusal.text) }
        }
        _ => WriteError::Refused(refusal),
    })
}

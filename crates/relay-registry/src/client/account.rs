//! An account's own requests: log in, log out, who one is (`npm-registry.md`, 3.5, 3.6, 4.2).

use bytes::Bytes;
use jiff::Timestamp;
use reqwest::Method;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::connection::{BodyTrouble, Failure, Request};
use super::{ANSWER_BYTES_MAX, POLL_ANSWER_BYTES_MAX, RegistryClient, paused_refusal};
use crate::answer::Answer;
use crate::credential::{Credential, Otp};
use crate::headers::{RequestHeaders, request_headers};
use crate::login::{
    LoginError, LoginPoll, LoginStart, NameLogin, WebLogin, name_login_body, name_login_path, read_login_poll,
    read_login_start, read_name_login,
};
use crate::profile::Profile;
use crate::read::ReadError;
use crate::struck_out;
use crate::url::{RegistryUrl, encode_component, host_and_port};
use crate::write::{NpmCommand, refusal_of};

/// A name and a password that log in.
pub struct NameAndPassword<'a> {
    /// The account's name.
    pub name: &'a str,
    /// Its password.
    pub password: &'a SecretString,
    /// Now, as RFC 3339: npm sends it along.
    pub date: &'a str,
}

impl RegistryClient {
    /// Asks for a login in the browser. Sent once. As npm does, a credential that is there already goes along.
    ///
    /// # Errors
    /// [`LoginError`]; a registry without such a login is [`LoginStart::NotOffered`] and no error.
    pub async fn begin_web_login(
        &self,
        registry: &RegistryUrl,
        credential: Option<&Credential>,
    ) -> Result<LoginStart, LoginError> {
        let url = registry.below("-/v1/login");
        let wishes = RequestHeaders { json_body: true, command: NpmCommand::Login, ..RequestHeaders::default() };
        let body = Some(Bytes::from_static(b"{}"));
        let answer = self.ask((Method::POST, url, credential), wishes, body, ANSWER_BYTES_MAX).await?;
        read_login_start(registry, &answer)
    }

    /// Looks once whether a web login is done. Passing trouble counts as pending; the caller has the budget.
    ///
    /// # Errors
    /// [`LoginError::Unexpected`] when the registry says done and gives no token.
    pub async fn poll_login(&self, registry: &RegistryUrl, login: &WebLogin) -> Result<LoginPoll, LoginError> {
        let wishes = RequestHeaders { fresh: true, command: NpmCommand::Login, ..RequestHeaders::default() };
        let request = (Method::GET, login.done_url.clone(), None);
        match self.ask(request, wishes, None, POLL_ANSWER_BYTES_MAX).await {
            Ok(answer) => read_login_poll(registry, &answer),
            Err(LoginError::Unreachable { cause }) => {
                tracing::debug!(cause, "the look at the login brought no answer");
                Ok(LoginPoll::Pending { retry_after: None })
            }
            Err(LoginError::Refused(_)) => Ok(LoginPoll::Pending { retry_after: None }),
            Err(error) => Err(error),
        }
    }

    /// Logs in by name and password, with the answer to a challenge if one was met. Sent once.
    ///
    /// # Errors
    /// [`LoginError`].
    pub async fn log_in_by_name(
        &self,
        registry: &RegistryUrl,
        who: &NameAndPassword<'_>,
        otp: Option<&Otp>,
    ) -> Result<NameLogin, LoginError> {
        struck_out::know(who.password);
        let url = registry.below(&name_login_path(who.name));
        let wishes = RequestHeaders {
            json_body: true,
            command: NpmCommand::Login,
            otp,
            logs_in: true,
            ..RequestHeaders::default()
        };
        let body = name_login_body(who.name, who.password, who.date).to_string();
        let answer = self.ask((Method::PUT, url, None), wishes, Some(body.into()), ANSWER_BYTES_MAX).await?;
        read_name_login(registry, &answer)
    }

    /// Ends a session at the registry. `false`: it does not know the token, has no such request, or the credential is no
    /// token.
    ///
    /// # Errors
    /// [`LoginError`].
    pub async fn log_out(&self, registry: &RegistryUrl, credential: &Credential) -> Result<bool, LoginError> {
        let Some(token) = credential.token() else { return Ok(false) };
        let url = registry.below(&format!("-/user/token/{}", encode_component(token.expose_secret())));
        let wishes = RequestHeaders { command: NpmCommand::Logout, ..RequestHeaders::default() };
        let answer = self.ask((Method::DELETE, url, Some(credential)), wishes, None, ANSWER_BYTES_MAX).await?;
        match answer.status {
            200..=299 => Ok(true),
            401 | 404 | 405 => Ok(false),
            _ => Err(LoginError::Refused(refusal_of(None, &answer))),
        }
    }

    /// Asks a registry for nothing (`npm ping`), and reads the time that its answer states. `None`: it states none.
    ///
    /// # Errors
    /// [`ReadError`] where nobody answers. Any answer will do: many registries know no such question.
    pub async fn time_of(&self, registry: &RegistryUrl) -> Result<Option<Timestamp>, ReadError> {
        let what = format!("the time of `{}`", registry.host());
        let wishes = RequestHeaders { fresh: true, ..RequestHeaders::default() };
        let answer = self.get(&registry.below("-/ping"), self.read(&what, None, wishes).once()).await?;
        let time = answer.header("date").and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
        Ok(time.map(|time| time.timestamp()))
    }

    /// Reads the account of a session. `None`: the registry has no profiles, or shows it to sessions alone and this is a
    /// token of another kind.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn profile(&self, registry: &RegistryUrl, credential: &Credential) -> Result<Option<Profile>, ReadError> {
        let what = format!("the profile at `{}`", registry.host());
        let url = registry.below("-/npm/v1/user");
        let wishes = RequestHeaders { fresh: true, command: NpmCommand::Profile, ..RequestHeaders::default() };
        let answer = self.get(&url, self.read(&what, Some(credential), wishes)).await?;
        match answer.status {
            200 => {
                let profile = answer.json().and_then(|body| Profile::read(&body));
                profile.map(Some).ok_or_else(|| ReadError::unparsed(&what, &url, "profile", &answer))
            }
            401 | 403 | 404 | 405 | 501 => Ok(None),
            _ => Err(ReadError::of_status(&what, &host_and_port(&url), None, &answer)),
        }
    }

    /// Sends one request about an account once, and reads its answer.
    async fn ask(
        &self,
        (method, url, credential): (Method, Url, Option<&Credential>),
        wishes: RequestHeaders<'_>,
        body: Option<Bytes>,
        bytes_max: usize,
    ) -> Result<Answer, LoginError> {
        let host = host_and_port(&url);
        let headers = request_headers(&self.options, &url, credential, wishes)
            .map_err(|error| LoginError::Unreachable { cause: error.to_string() })?;
        let timeout = Some(self.options.read_timeout);
        match self.connections.send(Request { method, url, headers, body, timeout }, bytes_max).await {
            Ok(answer) => Ok(answer),
            Err(Failure::Paused { .. }) => Err(LoginError::Refused(paused_refusal(None, &host))),
            Err(Failure::Body { cause: BodyTrouble::TooLarge, .. }) => {
                Err(LoginError::Unexpected { host, problem: format!("more than {bytes_max} bytes") })
            }
            Err(failure) => Err(LoginError::Unreachable { cause: failure.cause().to_owned() }),
        }
    }
}

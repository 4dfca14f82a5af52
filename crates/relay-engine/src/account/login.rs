//! A login: in the browser where the registry offers that, else by name and password (`npm-registry.md`, 3.5 and 3.6).
#![expect(clippy::disallowed_methods, reason = "polling waits, by the clock that tests move")]

use std::future::Future;
use std::time::Duration;

use relay_registry::{
    Challenge, Credential, LoginError, LoginPoll, LoginStart, NameAndPassword, NameLogin, Otp, RegistryClient, WebLogin,
};
use relay_values::RegistryUrl;
use secrecy::SecretString;
use tokio::time::Instant;
use url::Url;

use crate::driver::{CHALLENGE_POLL_MAX, CHALLENGE_POLL_MIN};
use crate::event::SharedClock;

/// How long a web login is polled. npm has no bound; a person who has to find a security key needs minutes.
pub const LOGIN_BUDGET: Duration = Duration::from_mins(10);
/// How often a code is asked for in one login.
pub const CODES_PER_LOGIN_MAX: u32 = 3;

/// The registry's side of a login.
pub trait LoginCalls: Sync {
    /// Asks for a login in the browser.
    fn begin(
        &self,
        registry: &RegistryUrl,
        credential: Option<&Credential>,
    ) -> impl Future<Output = Result<LoginStart, LoginError>> + Send;
    /// Looks once whether it is done.
    fn poll(
        &self,
        registry: &RegistryUrl,
        login: &WebLogin,
    ) -> impl Future<Output = Result<LoginPoll, LoginError>> + Send;
    /// Logs in by name and password.
    fn by_name(
        &self,
        registry: &RegistryUrl,
        who: &NameAndPassword<'_>,
        otp: Option<&Otp>,
    ) -> impl Future<Output = Result<NameLogin, LoginError>> + Send;
}

/// What a person does at a question.
#[derive(Debug, Clone)]
pub enum Typed<T> {
    /// It is answered.
    Given(T),
    /// The person goes past it, or nobody is there.
    Skipped,
    /// The whole command is to stop: Ctrl-C.
    Interrupted,
}

/// The person who logs in.
pub trait LoginPerson: Sync {
    /// Shows the page of a web login. Returns at once.
    fn show(&self, page: &Url);
    /// Asks for name and password.
    fn name_and_password(&self) -> impl Future<Output = Typed<(String, SecretString)>> + Send;
    /// Asks for a one-time password, with what the registry said of it.
    fn code(&self, message: &str) -> impl Future<Output = Typed<Otp>> + Send;
}

impl<T> Typed<T> {
    /// The answer; else how the login ends for want of it. `what`: what was asked for.
    #[expect(clippy::result_large_err, reason = "one login, one error: its size costs nothing beside the requests")]
    fn or_failure(self, registry: &RegistryUrl, what: &'static str) -> Result<T, LoginFailure> {
        match self {
            Self::Given(answer) => Ok(answer),
            Self::Skipped => Err(LoginFailure::Skipped { registry: registry.clone(), what }),
            Self::Interrupted => Err(LoginFailure::Interrupted { registry: registry.clone() }),
        }
    }
}

/// What is wanted.
#[derive(Clone)]
pub struct LoginWish<'a> {
    /// Where.
    pub registry: &'a RegistryUrl,
    /// A credential that is there already, which npm sends along.
    pub credential: Option<&'a Credential>,
    /// Whether the browser is tried first.
    pub web: bool,
    /// The present time, which the older login names.
    pub clock: SharedClock,
}

/// A session that a login brought.
#[derive(Clone)]
pub struct LoggedIn {
    /// Its token.
    pub token: SecretString,
    /// The registry's web site, where a web login showed it: scheme, host and port.
    pub website: Option<String>,
}

/// Why there is no session.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoginFailure {
    /// The registry failed or said no.
    #[error("could not log in at `{registry}`: {error}")]
    Registry {
        /// Where.
        registry: RegistryUrl,
        /// What happened.
        error: LoginError,
    },
    /// Nobody completed the login in time.
    #[error("nobody completed the login at `{registry}` within {} minutes", LOGIN_BUDGET.as_secs() / 60)]
    Expired {
        /// Where.
        registry: RegistryUrl,
    },
    /// The login is over: it was denied, or the registry dropped it.
    #[error("the login at `{registry}` is over: it was denied in the browser, or it expired there")]
    Over {
        /// Where.
        registry: RegistryUrl,
    },
    /// The person went past a question, or nobody was there to answer it.
    #[error("the login at `{registry}` was not completed: {what} was not given")]
    Skipped {
        /// Where.
        registry: RegistryUrl,
        /// What was asked for.
        what: &'static str,
    },
    /// The person asked to stop.
    #[error("the login at `{registry}` was interrupted at a question; nothing was kept")]
    Interrupted {
        /// Where.
        registry: RegistryUrl,
    },
    /// The registry refused each code.
    #[error("`{registry}` refused {CODES_PER_LOGIN_MAX} one-time passwords")]
    CodesRefused {
        /// Where.
        registry: RegistryUrl,
    },
}

impl LoginCalls for RegistryClient {
    async fn begin(&self, registry: &RegistryUrl, credential: Option<&Credential>) -> Result<LoginStart, LoginError> {
        self.begin_web_login(registry, credential).await
    }

    async fn poll(&self, registry: &RegistryUrl, login: &WebLogin) -> Result<LoginPoll, LoginError> {
        self.poll_login(registry, login).await
    }

    async fn by_name(
        &self,
        registry: &RegistryUrl,
        who: &NameAndPassword<'_>,
        otp: Option<&Otp>,
    ) -> Result<NameLogin, LoginError> {
        // With `web` a registry would answer a challenge that only a session can poll.
        self.clone().with_auth_type_web(false).log_in_by_name(registry, who, otp).await
    }
}

/// Logs in.
///
/// # Errors
/// [`LoginFailure`].
pub async fn log_in(
    wish: &LoginWish<'_>,
    calls: &impl LoginCalls,
    person: &impl LoginPerson,
) -> Result<LoggedIn, LoginFailure> {
    let failed = |error| LoginFailure::Registry { registry: wish.registry.clone(), error };
    if wish.web
        && let LoginStart::Web(login) = calls.begin(wish.registry, wish.credential).await.map_err(failed)?
    {
        person.show(&login.login_url);
        let token = until_done(wish.registry, &login, calls).await?;
        return Ok(LoggedIn { token, website: Some(login.website()) });
    }
    let token = by_name(wish, calls, person).await?;
    Ok(LoggedIn { token, website: None })
}

async fn until_done(
    registry: &RegistryUrl,
    login: &WebLogin,
    calls: &impl LoginCalls,
) -> Result<SecretString, LoginFailure> {
    let end = Instant::now() + LOGIN_BUDGET;
    while Instant::now() < end {
        let poll = calls.poll(registry, login).await;
        let wait = match poll.map_err(|error| LoginFailure::Registry { registry: registry.clone(), error })? {
            LoginPoll::Done(token) => return Ok(token),
            LoginPoll::Gone => return Err(LoginFailure::Over { registry: registry.clone() }),
            LoginPoll::Pending { retry_after } => retry_after.unwrap_or(CHALLENGE_POLL_MIN),
        };
        tokio::time::sleep(wait.clamp(CHALLENGE_POLL_MIN, CHALLENGE_POLL_MAX)).await;
    }
    Err(LoginFailure::Expired { registry: registry.clone() })
}

async fn by_name(
    wish: &LoginWish<'_>,
    calls: &impl LoginCalls,
    person: &impl LoginPerson,
) -> Result<SecretString, LoginFailure> {
    let registry = wish.registry;
    let (name, password) = person.name_and_password().await.or_failure(registry, "a name with its password")?;
    let date = wish.clock.now().to_string();
    let who = NameAndPassword { name: &name, password: &password, date: &date };
    let mut otp = None;
    for _ in 0..=CODES_PER_LOGIN_MAX {
        let answer = calls.by_name(registry, &who, otp.as_ref()).await;
        match answer.map_err(|error| LoginFailure::Registry { registry: registry.clone(), error })? {
            NameLogin::Done(token) => return Ok(token),
            NameLogin::Challenged(challenge) => {
                let message = match &challenge {
                    Challenge::Otp { message, notice } => notice.as_ref().unwrap_or(message).clone(),
                    Challenge::Web(_) => "the registry asks for a second factor".to_owned(),
                };
                otp = Some(person.code(&message).await.or_failure(registry, "a one-time password")?);
            }
        }
    }
    Err(LoginFailure::CodesRefused { registry: registry.clone() })
}

#[cfg(test)]
mod tests;

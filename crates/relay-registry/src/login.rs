//! Logging in as values: the web login, and the older one by name and password (`npm-registry.md`, 3.5 and 3.6).
//!
//! A web login has a page for the person and an address that is polled for the session token. The second one is never shown,
//! and it is asked only where it belongs to the registry: whoever answers there is believed to be the registry.

use std::fmt;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use url::Url;

use crate::answer::Answer;
use crate::challenge::{Challenge, Demand, checked_web_url, read_unauthorized};
use crate::refusal::Refusal;
use crate::struck_out;
use crate::url::{DisplayUrl, RegistryUrl, default_registry, encode_component, host_and_port};
use crate::write::refusal_of;

/// The longest session token that is taken, in bytes; npm's have 40, other registries' are signed texts of about 1,000.
const TOKEN_BYTES_MAX: usize = 16 * 1024;

/// A login that a person completes in the browser.
#[derive(Clone, PartialEq, Eq)]
pub struct WebLogin {
    /// The page for the person.
    pub login_url: Url,
    /// The address that yields the session token to whoever polls it.
    pub(crate) done_url: Url,
}

/// What the question for a web login brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginStart {
    /// It waits for a person.
    Web(WebLogin),
    /// The registry has no such login; most but npm's have the older one.
    NotOffered,
}

/// What one poll of a web login brought.
#[derive(Debug, Clone)]
pub enum LoginPoll {
    /// Nobody has completed it yet, or the registry had a passing trouble.
    Pending {
        /// How long the registry wants us to wait.
        retry_after: Option<Duration>,
    },
    /// It is done: the session token.
    Done(SecretString),
    /// The login is over without a token: it was denied, or it expired.
    Gone,
}

/// What a login by name and password brought.
#[derive(Debug, Clone)]
pub enum NameLogin {
    /// It is done: the session token.
    Done(SecretString),
    /// The registry asks for a second factor.
    Challenged(Challenge),
}

/// A login that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// The registry can't be reached, or keeps failing.
    #[error("{cause}")]
    Unreachable {
        /// Why, with the host and the next step.
        cause: String,
    },
    /// The registry gives an address that nobody should open.
    #[error("`{host}` answered the login with an address that is not used: {why}")]
    UnusablePage {
        /// Who answered.
        host: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The registry gives an address to poll that is another server's.
    #[error("`{host}` wants the login to be fetched from `{foreign}`, which is not that registry")]
    ForeignDone {
        /// Who answered.
        host: String,
        /// Where it points.
        foreign: String,
    },
    /// The answer is no answer to a login.
    #[error("`{host}` answered the login with {problem}")]
    Unexpected {
        /// Who answered.
        host: String,
        /// What it was instead.
        problem: String,
    },
    /// The registry said no.
    #[error("{}", said_no(.0))]
    Refused(Refusal),
}

impl WebLogin {
    /// A login as a test of its users needs it.
    #[doc(hidden)]
    pub fn for_tests(login_url: Url, done_url: Url) -> Self {
        Self { login_url, done_url }
    }

    /// The registry's web site, where accounts are kept: scheme, host and port of the page.
    pub fn website(&self) -> String {
        self.login_url.origin().ascii_serialization()
    }
}

impl fmt::Debug for WebLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebLogin")
            .field("login_url", &DisplayUrl::new(&self.login_url))
            .field("done_url", &DisplayUrl::new(&self.done_url))
            .finish()
    }
}

/// The path of the older login, below the registry's address.
pub(crate) fn name_login_path(name: &str) -> String {
    format!("-/user/org.couchdb.user:{}", encode_component(name))
}

/// The body of the older login, as npm sends it. `date`: RFC 3339.
pub(crate) fn name_login_body(name: &str, password: &SecretString, date: &str) -> Value {
    json!({
        "_id": format!("org.couchdb.user:{name}"),
        "name": name,
        "password": password.expose_secret(),
        "type": "user",
        "roles": [],
        "date": date,
    })
}

/// Reads the answer to the question for a web login. Like npm, takes each 4xx but a pause, and a 500, for a registry that has
/// none.
pub(crate) fn read_login_start(registry: &RegistryUrl, answer: &Answer) -> Result<LoginStart, LoginError> {
    let host = host_and_port(registry.as_url());
    match answer.status {
        200..=299 => {}
        429 => return Err(LoginError::Refused(refusal_of(None, answer))),
        400..=500 => return Ok(LoginStart::NotOffered),
        status => return Err(unanswered(&host, status)),
    }
    let body = answer.json();
    let address = |field: &str| body.as_ref()?.get(field)?.as_str().map(str::to_owned);
    let (Some(login), Some(done)) = (address("loginUrl"), address("doneUrl")) else {
        return Err(LoginError::Unexpected { host, problem: answer.instead_of("answer to a login") });
    };
    let (login_url, done) = match (checked_web_url(&login), checked_web_url(&done)) {
        (Ok(login_url), Ok(done)) => (login_url, done),
        (Err(why), _) | (_, Err(why)) => return Err(LoginError::UnusablePage { host, why }),
    };
    let foreign = host_and_port(&done);
    let done_url = done_at(registry, done).ok_or(LoginError::ForeignDone { host, foreign })?;
    Ok(LoginStart::Web(WebLogin { login_url, done_url }))
}

/// The address to poll, if it is the registry's. One that names npm's public registry while another stands before it (a
/// proxy) is asked at that other one, as npm does for a login.
fn done_at(registry: &RegistryUrl, done: Url) -> Option<Url> {
    if is_at(registry, &done) {
        return Some(done);
    }
    let canonical = default_registry();
    if canonical.is_default() && is_at(&canonical, &done) {
        let mut here = registry.below(done.path().trim_start_matches('/'));
        here.set_query(done.query());
        return Some(here);
    }
    None
}

/// Says whether an address is on a registry's own server: same scheme, host and port.
pub(crate) fn is_at(registry: &RegistryUrl, url: &Url) -> bool {
    url.origin().ascii_serialization() == registry.origin()
}

/// Reads the answer to one poll.
pub(crate) fn read_login_poll(registry: &RegistryUrl, answer: &Answer) -> Result<LoginPoll, LoginError> {
    match answer.status {
        200 => {
            let token = answer.json().and_then(|body| token_of(&body));
            token.map(LoginPoll::Done).ok_or_else(|| LoginError::Unexpected {
                host: host_and_port(registry.as_url()),
                problem: "a success that has no token".to_owned(),
            })
        }
        404 | 410 => Ok(LoginPoll::Gone),
        202 | 400..=599 => Ok(LoginPoll::Pending { retry_after: answer.retry_after() }),
        status => Err(LoginError::Unexpected {
            host: host_and_port(registry.as_url()),
            problem: format!("status {status} instead of a token"),
        }),
    }
}

/// Reads the answer to a login by name and password.
pub(crate) fn read_name_login(registry: &RegistryUrl, answer: &Answer) -> Result<NameLogin, LoginError> {
    let host = host_and_port(registry.as_url());
    match answer.status {
        200..=299 => {
            let token = answer.json().and_then(|body| token_of(&body));
            token.map(NameLogin::Done).ok_or_else(|| LoginError::Unexpected {
                host,
                problem: "a success that has no token: it may want user and password in each request (`_auth`)"
                    .to_owned(),
            })
        }
        401 => match read_unauthorized(answer) {
            Demand::SecondFactor(challenge) => Ok(NameLogin::Challenged(challenge)),
            Demand::Unreadable | Demand::OtherAddress | Demand::Nothing => {
                Err(LoginError::Refused(refusal_of(None, answer)))
            }
        },
        status @ (300..=399 | 500..) => Err(unanswered(&host, status)),
        _ => Err(LoginError::Refused(refusal_of(None, answer))),
    }
}

/// A no in the registry's own words: what a refusal's code explains is about uploads.
fn said_no(refusal: &Refusal) -> String {
    match refusal.text.as_str() {
        "" => format!("the registry refused it with status {}", refusal.status),
        text => format!("the registry refused it with status {}: {text}", refusal.status),
    }
}

fn unanswered(host: &str, status: u16) -> LoginError {
    if (300..=399).contains(&status) {
        let problem = format!("a redirect ({status}), which is not followed: the registry's address may be incomplete");
        return LoginError::Unexpected { host: host.to_owned(), problem };
    }
    LoginError::Unreachable { cause: format!("`{host}` answered {status}; try again later") }
}

/// The token of an answer, where it can stand in a header and is the same once it was read back from a line of `.npmrc`.
fn token_of(body: &Value) -> Option<SecretString> {
    let text = body.get("token")?.as_str()?;
    // `${NAME}` in a settings file is a variable of the person's, which the next request would send to whoever chose the name;
    // the others are quotes, escapes and comments there.
    let stands = |byte: u8| byte.is_ascii_graphic() && !b"$;#\"'\\`".contains(&byte);
    let fits = !text.is_empty() && text.len() <= TOKEN_BYTES_MAX && text.bytes().all(stands);
    if !fits {
        return None;
    }
    let token = SecretString::from(text);
    struck_out::know(&token);
    Some(token)
}

#[cfg(test)]
mod tests;

//! One read: tried a few times for passing trouble, and along its redirects by hand, since the credential is for the first
//! address alone.

use std::time::Duration;

use reqwest::Method;
use url::Url;

use super::connection::{BodyTrouble, Failure, Request};
use super::{ANSWER_BYTES_MAX, REDIRECTS_MAX, RegistryClient, paused_refusal};
use crate::answer::Answer;
use crate::credential::Credential;
use crate::headers::{RequestHeaders, request_headers};
use crate::read::ReadError;
use crate::url::host_and_port;

/// One read, as its callers describe it.
#[derive(Clone, Copy)]
pub(super) struct Read<'a> {
    /// What is read, as a noun phrase.
    what: &'a str,
    credential: Option<&'a Credential>,
    wishes: RequestHeaders<'a>,
    bytes_max: usize,
    /// Only the first bytes of the answer are wanted.
    first_bytes_only: bool,
    tries: u32,
}

impl Read<'_> {
    /// The same read with another bound of its answer, in bytes.
    pub(super) fn up_to(self, bytes_max: usize) -> Self {
        Self { bytes_max, ..self }
    }

    /// The same read, tried once.
    pub(super) fn once(self) -> Self {
        Self { tries: 1, ..self }
    }

    /// The same read of no more than the answer's first bytes.
    pub(super) fn first_bytes(self) -> Self {
        Self { first_bytes_only: true, ..self }
    }
}

impl RegistryClient {
    pub(super) fn read<'a>(
        &self,
        what: &'a str,
        credential: Option<&'a Credential>,
        wishes: RequestHeaders<'a>,
    ) -> Read<'a> {
        Read {
            what,
            credential,
            wishes,
            bytes_max: ANSWER_BYTES_MAX,
            first_bytes_only: false,
            tries: self.options.retry.tries.max(1),
        }
    }

    /// Reads an address, with a few tries for passing trouble.
    #[expect(clippy::disallowed_methods, reason = "a read that failed in passing is tried again after a pause")]
    pub(super) async fn get(&self, url: &Url, read: Read<'_>) -> Result<Answer, ReadError> {
        let mut wait = self.options.retry.first_wait;
        let mut tried = 1;
        loop {
            let result = self.get_once(url, read).await;
            let last = tried >= read.tries;
            let pause = match &result {
                Ok(answer) if is_passing(answer.status) => match answer.retry_after() {
                    Some(asked) if asked > self.options.retry.retry_after_max => return result,
                    asked => asked.unwrap_or_default().max(wait),
                },
                Err(ReadError::Transport { .. }) => wait,
                _ => return result,
            };
            if last {
                return result;
            }
            tracing::debug!(what = read.what, tried, "read again");
            tokio::time::sleep(jittered(pause)).await;
            wait = wait.saturating_mul(2);
            tried += 1;
        }
    }

    /// Reads an address once, along its redirects. The credential is for the first address alone.
    async fn get_once(&self, url: &Url, read: Read<'_>) -> Result<Answer, ReadError> {
        let what = || read.what.to_owned();
        let mut url = url.clone();
        let mut credential = read.credential;
        for _ in 0..=REDIRECTS_MAX {
            let headers = request_headers(&self.options, &url, credential, read.wishes)?;
            let timeout = Some(self.options.read_timeout);
            let request = Request { method: Method::GET, url: url.clone(), headers, body: None, timeout };
            let sent = if read.first_bytes_only {
                self.connections.peek(request).await
            } else {
                self.connections.send(request, read.bytes_max).await
            };
            let answer = sent.map_err(|failure| match failure {
                Failure::Body { cause: BodyTrouble::TooLarge, .. } => {
                    ReadError::TooLarge { what: what(), host: host_and_port(&url), limit_bytes: read.bytes_max }
                }
                Failure::Paused { left } => ReadError::RateLimited {
                    what: what(),
                    retry_after: Some(left),
                    refusal: paused_refusal(None, &host_and_port(&url)),
                },
                Failure::NotSent { cause }
                | Failure::Broken { cause }
                | Failure::Body { cause: BodyTrouble::Broken(cause), .. } => {
                    ReadError::Transport { what: what(), cause }
                }
            })?;
            let without_credential = credential.is_none();
            if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
                // Who was sent no credential has nothing to say about it.
                if without_credential && read.credential.is_some() && matches!(answer.status, 401 | 403) {
                    let problem = format!(
                        "it is redirected to `{}`, where the credential is not sent along, and which refuses without one ({})",
                        host_and_port(&url),
                        answer.status
                    );
                    return Err(ReadError::Redirect { what: what(), problem });
                }
                return Ok(Answer { without_credential, ..answer });
            }
            url = redirect_target(&url, answer.header("location"))
                .map_err(|problem| ReadError::Redirect { what: what(), problem })?;
            credential = None;
        }
        Err(ReadError::Redirect {
            what: what(),
            problem: format!("`{}` is the end of more than {REDIRECTS_MAX} redirects", host_and_port(&url)),
        })
    }
}

/// Where a redirect leads: http(s) only, and never from https down to http.
fn redirect_target(from: &Url, location: Option<&str>) -> Result<Url, String> {
    let host = host_and_port(from);
    let location = location.ok_or_else(|| format!("`{host}` redirects without saying where to"))?;
    let target = from.join(location).map_err(|_| format!("`{host}` redirects to what is no address"))?;
    if !matches!(target.scheme(), "http" | "https") || target.host_str().is_none() {
        return Err(format!("`{host}` redirects to an address that is not http or https"));
    }
    if from.scheme() == "https" && target.scheme() == "http" {
        return Err(format!("`{host}` redirects from https to http"));
    }
    Ok(target)
}

fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 420 | 429 | 500..)
}

/// Up to half as long again, so that many clients don't come back in step.
pub(super) fn jittered(wait: Duration) -> Duration {
    wait.saturating_add(wait.mul_f64(rand::random::<f64>() / 2.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_lead_to_http_and_never_down() {
        let from = Url::parse("https://registry.example/a/b").unwrap();
        let target = |location| redirect_target(&from, Some(location));
        assert_eq!(target("../c").unwrap().as_str(), "https://registry.example/c");
        assert_eq!(target("https://cdn.example/x").unwrap().as_str(), "https://cdn.example/x");
        assert!(target("http://registry.example/a").unwrap_err().contains("https to http"));
        assert!(target("file:///etc/passwd").unwrap_err().contains("not http"));
        assert!(redirect_target(&from, None).unwrap_err().contains("without saying"));
    }

    #[test]
    fn jitter_adds_at_most_half() {
        for _ in 0..100 {
            let wait = jittered(Duration::from_millis(100));
            assert!((100..=150).contains(&wait.as_millis()));
        }
    }
}

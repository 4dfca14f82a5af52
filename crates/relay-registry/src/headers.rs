//! The headers of a request (`npm-registry.md`, 0.3), as a pure function of what is asked and by whom.

use reqwest::header::{
    ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, USER_AGENT,
};
use url::Url;

use crate::client::ClientOptions;
use crate::credential::{Credential, Otp, UnusableCredential};
use crate::write::NpmCommand;

const NPM_AUTH_TYPE: HeaderName = HeaderName::from_static("npm-auth-type");
const NPM_COMMAND: HeaderName = HeaderName::from_static("npm-command");
const NPM_OTP: HeaderName = HeaderName::from_static("npm-otp");

/// What a request needs beside what every request has.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RequestHeaders<'a> {
    /// `accept`; `*/*` where nothing is wished.
    pub(crate) accept: Option<&'static str>,
    /// Caches on the way must ask the registry.
    pub(crate) fresh: bool,
    /// The body is JSON.
    pub(crate) json_body: bool,
    /// The npm command that the request stands in for.
    pub(crate) command: NpmCommand,
    /// The answer to a challenge.
    pub(crate) otp: Option<&'a Otp>,
    /// The credential is in the body: a name and a password that log in. The code goes with them.
    pub(crate) logs_in: bool,
}

/// Builds the headers. The credential comes along only where the address is its own.
pub(crate) fn request_headers(
    options: &ClientOptions,
    url: &Url,
    credential: Option<&Credential>,
    wishes: RequestHeaders<'_>,
) -> Result<HeaderMap, UnusableCredential> {
    let mut headers = HeaderMap::new();
    if let Ok(agent) = HeaderValue::from_str(&options.user_agent) {
        headers.insert(USER_AGENT, agent);
    }
    headers.insert(NPM_AUTH_TYPE, HeaderValue::from_static(if options.auth_type_web { "web" } else { "legacy" }));
    headers.insert(NPM_COMMAND, HeaderValue::from_static(wishes.command.as_str()));
    headers.insert(ACCEPT, HeaderValue::from_static(wishes.accept.unwrap_or("*/*")));
    if wishes.fresh {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }
    if wishes.json_body {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    let authorization = credential.map(|credential| credential.authorization_for(url)).transpose()?.flatten();
    if let Some(authorization) = authorization {
        headers.insert(AUTHORIZATION, authorization);
    }
    // A code without its credential answers nothing and must not travel alone to a foreign address.
    if let Some(otp) = wishes.otp
        && (wishes.logs_in || headers.contains_key(AUTHORIZATION))
    {
        headers.insert(NPM_OTP, otp.header());
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use relay_values::CredentialId;

    use crate::url::RegistryUrl;

    fn headers(url: &str, wishes: RequestHeaders<'_>) -> Vec<String> {
        let registry = RegistryUrl::parse("https://registry.example/npm/").unwrap();
        let credential = Credential::new_bearer("tok".into(), CredentialId::made(registry, "a test"));
        let options = ClientOptions { user_agent: "relay/0".into(), ..ClientOptions::default() };
        let map = request_headers(&options, &Url::parse(url).unwrap(), Some(&credential), wishes).unwrap();
        let mut lines: Vec<_> =
            map.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        lines.sort();
        lines
    }

    #[test]
    fn an_upload_says_who_sends_what_in_which_command() {
        let otp = Otp::parse("123456").unwrap();
        let wishes = RequestHeaders { json_body: true, otp: Some(&otp), ..RequestHeaders::default() };
        assert_eq!(
            headers("https://registry.example/npm/x", wishes),
            [
                "accept: */*",
                "authorization: Bearer tok",
                "content-type: application/json",
                "npm-auth-type: web",
                "npm-command: publish",
                "npm-otp: 123456",
                "user-agent: relay/0"
            ]
        );
    }

    #[test]
    fn neither_credential_nor_code_go_to_another_address() {
        let otp = Otp::parse("123456").unwrap();
        let lines =
            headers("https://evil.example/npm/x", RequestHeaders { otp: Some(&otp), ..RequestHeaders::default() });
        assert!(!lines.iter().any(|line| line.contains("tok") || line.contains("123456")), "{lines:?}");
    }

    #[test]
    fn a_poll_asks_past_caches() {
        let wishes = RequestHeaders { fresh: true, ..RequestHeaders::default() };
        let lines = headers("https://registry.example/npm/x", wishes);
        assert!(lines.contains(&"cache-control: no-cache".to_owned()));
    }
}

//! The identity of a job in CI: its ID token, and what of it a registry compares (`npm-registry.md`, 6.1, 6.2 and 6.4).
//!
//! The tokens are secrets: the one that a job asks with goes to its own service alone, the ID token to the registry's origin
//! alone. What is shown of an ID token are the few claims that a registry compares, and nothing else.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use relay_values::{CredentialId, Printable, no_token};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use url::Url;

use crate::credential::Credential;
use crate::struck_out;
use crate::url::RegistryUrl;

/// The longest claim that is shown, in characters.
const CLAIM_CHARS_MAX: usize = 200;

/// A service whose jobs npm's registry can trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CiService {
    /// GitHub Actions.
    GitHub,
    /// GitLab CI/CD.
    GitLab,
    /// `CircleCI`.
    CircleCi,
}

impl CiService {
    /// Its name, for people.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::GitHub => "GitHub Actions",
            Self::GitLab => "GitLab CI/CD",
            Self::CircleCi => "CircleCI",
        }
    }

    /// The service whose job has this environment, as npm's client tells it.
    pub fn of(environment: &BTreeMap<String, SecretString>) -> Option<Self> {
        let set = |name: &str| environment.get(name).is_some_and(|value| !value.expose_secret().is_empty());
        [("GITHUB_ACTIONS", Self::GitHub), ("GITLAB_CI", Self::GitLab), ("CIRCLECI", Self::CircleCi)]
            .into_iter()
            .find_map(|(name, service)| set(name).then_some(service))
    }

    /// What gives a job of this service an ID token.
    fn how_to_get_one(self) -> &'static str {
        match self {
            Self::GitHub => {
                "the job has no ID token: add `permissions: { id-token: write, contents: read }` to it, and to the calling job of \
                 a reusable workflow"
            }
            Self::GitLab => {
                "the job has no ID token: add `id_tokens: { NPM_ID_TOKEN: { aud: \"npm:<host of the registry>\" } }` to it"
            }
            Self::CircleCi => {
                "the job has no ID token: export `NPM_ID_TOKEN` from `circleci run oidc get --claims '{\"aud\":\"npm:<host of the \
                 registry>\"}'`"
            }
        }
    }

    /// The claims that are compared, in the order in which they are shown.
    fn compared(self) -> &'static [&'static str] {
        match self {
            Self::GitHub => &[
                "aud",
                "repository",
                "workflow_ref",
                "job_workflow_ref",
                "environment",
                "event_name",
                "runner_environment",
                "repository_visibility",
            ],
            Self::GitLab => &["aud", "project_path", "ci_config_ref_uri", "environment", "project_visibility"],
            Self::CircleCi => &[
                "aud",
                "oidc.circleci.com/org-id",
                "oidc.circleci.com/project-id",
                "oidc.circleci.com/pipeline-definition-id",
                "oidc.circleci.com/vcs-origin",
                "oidc.circleci.com/context-ids",
            ],
        }
    }
}

/// Where a job gets its ID tokens.
#[derive(Clone)]
pub struct IdentitySource {
    /// The job's service.
    pub service: CiService,
    pub(crate) way: Way,
}

/// How an ID token is got.
#[derive(Clone)]
pub(crate) enum Way {
    /// It is at hand, in `NPM_ID_TOKEN`.
    AtHand(SecretString),
    /// A service is asked, by the job's right.
    Asked {
        /// `ACTIONS_ID_TOKEN_REQUEST_URL`, which has a query.
        url: Box<Url>,
        /// `ACTIONS_ID_TOKEN_REQUEST_TOKEN`, for that host alone.
        right: Box<Credential>,
    },
}

/// A job in CI that has no identity, although its service gives one to jobs that ask.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct NoIdentity {
    /// Why, and what to change in the job.
    pub why: String,
}

impl IdentitySource {
    /// Where the job with this environment gets ID tokens. `None`: it is no job of a service that npm's registry can trust.
    ///
    /// # Errors
    /// [`NoIdentity`]: it is one, and gets none.
    pub fn of(environment: &BTreeMap<String, SecretString>) -> Option<Result<Self, NoIdentity>> {
        let service = CiService::of(environment)?;
        let text = |name: &str| {
            let value = environment.get(name)?;
            no_token(value.expose_secret().trim()).is_none().then(|| SecretString::from(value.expose_secret().trim()))
        };
        if let Some(token) = text("NPM_ID_TOKEN") {
            struck_out::know(&token);
            return Some(Ok(Self { service, way: Way::AtHand(token) }));
        }
        let without = || NoIdentity { why: service.how_to_get_one().to_owned() };
        let (CiService::GitHub, Some(url), Some(right)) =
            (service, text("ACTIONS_ID_TOKEN_REQUEST_URL"), text("ACTIONS_ID_TOKEN_REQUEST_TOKEN"))
        else {
            return Some(Err(without()));
        };
        struck_out::know(&right);
        let unusable = || NoIdentity {
            why: "`ACTIONS_ID_TOKEN_REQUEST_URL` is no address that the job's right may be sent to".to_owned(),
        };
        Some(
            Url::parse(url.expose_secret())
                .ok()
                .and_then(|url| asked(url, right))
                .ok_or_else(unusable)
                .map(|way| Self { service, way }),
        )
    }
}

/// The right to ask belongs to that host alone, and goes to it only where nobody can listen.
fn asked(url: Url, right: SecretString) -> Option<Way> {
    let loopback = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    if !(url.scheme() == "https" || url.scheme() == "http" && loopback) {
        return None;
    }
    let host = RegistryUrl::parse(&url.origin().ascii_serialization()).ok()?;
    let right = Credential::new_bearer(right, CredentialId::made(host, "the job's right to ask for ID tokens"));
    Some(Way::Asked { url: Box::new(url), right: Box::new(right) })
}

impl fmt::Debug for IdentitySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentitySource").field("service", &self.service).finish_non_exhaustive()
    }
}

/// An ID token for one registry. It lives for minutes, and is never kept.
#[derive(Clone)]
pub struct IdToken {
    service: CiService,
    secret: SecretString,
}

impl IdToken {
    pub(crate) fn new(service: CiService, secret: SecretString) -> Self {
        struck_out::know(&secret);
        Self { service, secret }
    }

    /// The ID token as the credential of an exchange: it goes to the registry's origin alone.
    pub(crate) fn credential(&self, origin: RegistryUrl) -> Credential {
        Credential::new_bearer(self.secret.clone(), CredentialId::made(origin, "the job's ID token"))
    }

    /// What of it a registry compares, as `name: value`. Nothing else of an ID token is ever shown.
    pub fn compared_claims(&self) -> Vec<String> {
        let payload = self.secret.expose_secret().split('.').nth(1).unwrap_or_default();
        let bytes = URL_SAFE_NO_PAD.decode(payload).or_else(|_| URL_SAFE.decode(payload)).unwrap_or_default();
        let claims: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let shown = |name: &&str| {
            let claim = claims.get(*name).filter(|claim| !claim.is_null())?;
            let text = claim.as_str().map_or_else(|| claim.to_string(), str::to_owned);
            Some(format!("{name}: {}", Printable::words(&text, CLAIM_CHARS_MAX)))
        };
        self.service.compared().iter().filter_map(shown).collect()
    }
}

impl fmt::Debug for IdToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdToken(hidden)")
    }
}

/// The audience that a registry wants: `npm:` and its host without a port (`npm-registry.md`, 6.2).
pub fn audience(registry: &RegistryUrl) -> String {
    format!("npm:{}", registry.as_url().host_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(variables: &[(&str, &str)]) -> Option<Result<IdentitySource, NoIdentity>> {
        let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), SecretString::from(*value)));
        IdentitySource::of(&environment.collect())
    }

    const URL: (&str, &str) = ("ACTIONS_ID_TOKEN_REQUEST_URL", "https://ci.example/token?api-version=2.0");
    const RIGHT: (&str, &str) = ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "canary-right");

    #[test]
    fn a_job_is_known_by_its_service_and_what_it_may_ask() {
        assert!(source(&[URL, RIGHT, ("NPM_ID_TOKEN", "canary")]).is_none(), "a person's machine is no job");
        assert!(source(&[("GITHUB_ACTIONS", "true"), URL, RIGHT]).unwrap().is_ok());
        for (variable, service) in
            [("GITHUB_ACTIONS", CiService::GitHub), ("GITLAB_CI", CiService::GitLab), ("CIRCLECI", CiService::CircleCi)]
        {
            let with = source(&[(variable, "true"), ("NPM_ID_TOKEN", "canary")]).unwrap().unwrap();
            assert_eq!(with.service, service);
            assert!(matches!(with.way, Way::AtHand(_)) && !format!("{with:?}").contains("canary"));
            let without = source(&[(variable, "true"), ("NPM_ID_TOKEN", "${NOT_SET}")]).unwrap().unwrap_err();
            assert!(without.why.starts_with("the job has no ID token: "), "{without}");
        }
        let github = [("GITHUB_ACTIONS", "true")];
        let without_right = source(&[github[0], URL]).unwrap().unwrap_err();
        assert!(without_right.why.contains("id-token: write"), "{without_right}");
    }

    #[test]
    fn the_right_to_ask_goes_nowhere_in_the_clear() {
        for (address, usable) in [
            ("http://127.0.0.1:1/token?a=b", true),
            ("http://ci.example/token", false),
            ("file:///etc/passwd", false),
            ("nonsense", false),
        ] {
            let asked = source(&[("GITHUB_ACTIONS", "true"), (URL.0, address), RIGHT]).unwrap();
            assert_eq!(asked.is_ok(), usable, "{address}");
        }
    }

    #[test]
    fn of_a_token_the_compared_claims_are_shown_and_nothing_else() {
        let payload = r#"{"aud":"npm:registry.example","sub":"secret subject","repository":"acme/re\u001bpo","actor":"somebody",
            "workflow_ref":"acme/repo/.github/workflows/publish.yml@refs/heads/main","environment":null}"#;
        let token = IdToken::new(CiService::GitHub, format!("h.{}.s", URL_SAFE_NO_PAD.encode(payload)).into());
        let claims = token.compared_claims();
        assert_eq!(claims.len(), 3, "{claims:?}");
        assert_eq!(claims[0], "aud: npm:registry.example");
        assert!(!claims.join(" ").contains("secret") && !claims.join(" ").contains('\u{1b}'));
        assert!(IdToken::new(CiService::GitLab, "no token".into()).compared_claims().is_empty());
        assert_eq!(audience(&RegistryUrl::parse("http://127.0.0.1:4873/npm/").unwrap()), "npm:127.0.0.1");
    }
}

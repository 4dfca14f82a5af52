//! Trusted publishers: what a package trusts, what an identity token says, and whether the two match.
//!
//! Pure functions; sources: `npm-registry.md`, 6.3 and 6.5. Each identity provider has its own claims, and the registry compares
//! only those that a configuration names.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::clock::Moment;

/// A service whose jobs can be trusted to publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IdentityProvider {
    /// GitHub Actions.
    GitHub,
    /// GitLab CI/CD.
    GitLab,
    /// `CircleCI`.
    CircleCi,
}

impl IdentityProvider {
    /// The word that a configuration's `type` has.
    pub const fn word(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::GitLab => "gitlab",
            Self::CircleCi => "circleci",
        }
    }

    /// The name under which the registry shows a version's publisher.
    pub(crate) const fn publisher(self) -> &'static str {
        match self {
            Self::GitHub => "GitHub Actions",
            Self::GitLab => "GitLab CI/CD",
            Self::CircleCi => "CircleCI",
        }
    }
}

/// What a trusted publisher may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Permission {
    /// Publish directly.
    CreatePackage,
    /// Stage a version.
    CreateStagedPackage,
}

/// One trusted publisher of a package.
#[derive(Clone, Debug)]
pub(crate) struct TrustConfig {
    pub(crate) id: String,
    pub(crate) provider: IdentityProvider,
    pub(crate) claims: Map<String, Value>,
    pub(crate) permissions: BTreeSet<Permission>,
}

/// A configuration as clients send it.
#[derive(Deserialize)]
pub(crate) struct NewTrustConfig {
    #[serde(rename = "type")]
    provider: IdentityProvider,
    claims: Map<String, Value>,
    #[serde(default)]
    permissions: Option<BTreeSet<Permission>>,
}

/// What an exchanged token stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TrustedGrant {
    pub(crate) provider: IdentityProvider,
    /// The id of the configuration that matched.
    pub(crate) config: String,
    pub(crate) direct: bool,
    pub(crate) staged: bool,
}

/// An identity token that the sandbox's own issuer made.
#[derive(Clone, Debug)]
pub(crate) struct IdToken {
    pub(crate) provider: IdentityProvider,
    pub(crate) audience: String,
    pub(crate) claims: Map<String, Value>,
    pub(crate) expires: Moment,
}

impl NewTrustConfig {
    /// The configuration under an id; `None` where a claim is missing or has another form, or where nothing is permitted.
    ///
    /// Without `permissions` it may only stage, as npm's connections do by default since September 2026 (`npm-registry.md`, 0.1).
    pub(crate) fn checked(self, id: String) -> Option<TrustConfig> {
        let Self { provider, claims, permissions } = self;
        let permissions = permissions.unwrap_or_else(|| std::iter::once(Permission::CreateStagedPackage).collect());
        let text = |name: &str| claims.get(name).and_then(Value::as_str).is_some_and(|value| !value.is_empty());
        let file = |name: &str| match claims.get(name) {
            Some(Value::String(exact)) => !exact.is_empty(),
            Some(Value::Object(fields)) => {
                let file = fields.get("file").and_then(Value::as_str).unwrap_or_default();
                // All is case-sensitive here.
                matches!(file.rsplit_once('.'), Some((_, "yml" | "yaml")))
            }
            _ => false,
        };
        let complete = match provider {
            IdentityProvider::GitHub => text("repository") && file("workflow_ref"),
            IdentityProvider::GitLab => text("project_path") && file("ci_config_ref_uri"),
            IdentityProvider::CircleCi => CIRCLECI_CLAIMS.into_iter().all(text),
        };
        let known: Vec<&str> = match provider {
            IdentityProvider::GitHub => vec!["repository", "workflow_ref", "environment"],
            IdentityProvider::GitLab => vec!["project_path", "ci_config_ref_uri", "environment"],
            IdentityProvider::CircleCi => CIRCLECI_CLAIMS.into_iter().chain([CIRCLECI_CONTEXTS]).collect(),
        };
        let only_known = claims.keys().all(|name| known.contains(&name.as_str()));
        (complete && only_known && !permissions.is_empty()).then_some(TrustConfig { id, provider, claims, permissions })
    }
}

/// The claims of `CircleCI` that a configuration has to name.
const CIRCLECI_CLAIMS: [&str; 4] = [
    "oidc.circleci.com/org-id",
    "oidc.circleci.com/project-id",
    "oidc.circleci.com/pipeline-definition-id",
    "oidc.circleci.com/vcs-origin",
];
/// The one that it may.
const CIRCLECI_CONTEXTS: &str = "oidc.circleci.com/context-ids";

impl TrustConfig {
    /// Whether a token is one that this configuration trusts. All values are compared as they are written.
    pub(crate) fn matches(&self, token: &IdToken) -> bool {
        self.provider == token.provider
            && self.claims.iter().all(|(name, wanted)| {
                let Some(claim) = token.claims.get(name) else { return false };
                match (wanted, claim) {
                    (Value::Object(fields), Value::String(reference)) => {
                        fields.get("file").and_then(Value::as_str) == file_of(reference)
                    }
                    (Value::Array(wanted), Value::Array(claimed)) => wanted.iter().all(|one| claimed.contains(one)),
                    (wanted, claim) => wanted == claim,
                }
            })
    }

    /// As the registry's answers show it.
    pub(crate) fn shown(&self) -> Value {
        json!({
            "id": self.id, "type": self.provider, "claims": self.claims, "permissions": self.permissions,
        })
    }

    pub(crate) fn grant(&self) -> TrustedGrant {
        TrustedGrant {
            provider: self.provider,
            config: self.id.clone(),
            direct: self.permissions.contains(&Permission::CreatePackage),
            staged: self.permissions.contains(&Permission::CreateStagedPackage),
        }
    }
}

/// The file of a reference to a pipeline's definition: `o/r/.github/workflows/FILE@REF` of GitHub, `HOST/GROUP/PROJECT//FILE@REF`
/// of GitLab.
fn file_of(reference: &str) -> Option<&str> {
    let (path, _) = reference.split_once('@')?;
    path.split_once("/.github/workflows/").or_else(|| path.split_once("//")).map(|(_, file)| file)
}

/// Whether a text has the form of a signed token: three parts, the first two of them JSON objects.
pub(crate) fn has_token_form(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    let object = |part: &&str| {
        let bytes = URL_SAFE_NO_PAD.decode(part).ok();
        bytes.is_some_and(|bytes| serde_json::from_slice::<Map<String, Value>>(&bytes).is_ok())
    };
    matches!(parts.as_slice(), [head, payload, signature] if object(head) && object(payload) && !signature.is_empty())
}

/// Writes a token. The signature is a random text that only its issuer knows, who is in the same process as the registry.
pub(crate) fn write_token(payload: &Map<String, Value>, signature: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let head = json!({ "alg": "RS256", "typ": "JWT", "kid": "sandbox" });
    let signature = URL_SAFE_NO_PAD.encode(signature);
    format!("{}.{}.{signature}", part(&head), part(&Value::Object(payload.clone())))
}

#[cfg(test)]
mod tests;

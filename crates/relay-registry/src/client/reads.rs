//! What is read: packument, version document, tarball, the answer to a challenge, account.

use std::collections::BTreeMap;

use bytes::Bytes;
use relay_values::Printable;
use relay_workspace::{PackageName, Version};
use reqwest::Method;
use url::Url;

use super::connection::{BodyTrouble, Failure, Request};
use super::{PACKUMENT_BYTES_MAX, POLL_ANSWER_BYTES_MAX, RegistryClient};
use crate::challenge::{PollAnswer, WebChallenge, read_poll};
use crate::credential::Credential;
use crate::headers::{RequestHeaders, request_headers};
use crate::packument::{ACCEPT_ABBREVIATED, ACCEPT_FULL, Packument, PackumentAnswer, PackumentForm, PublishedVersion};
use crate::read::ReadError;
use crate::refusal::RefusalCode;
use crate::url::{RegistryUrl, host_and_port, package_url, version_url};
use crate::write::{NpmCommand, refusal_of};

impl RegistryClient {
    /// Reads a package's packument.
    ///
    /// # Errors
    /// [`ReadError`]; an unknown package is [`PackumentAnswer::NotFound`] and no error.
    pub async fn packument(
        &self,
        registry: &RegistryUrl,
        name: &PackageName,
        credential: Option<&Credential>,
        form: PackumentForm,
    ) -> Result<PackumentAnswer, ReadError> {
        self.read_packument(registry, name, credential, form, RequestHeaders::default()).await
    }

    /// Reads a packument past all caches on the way, for whoever waits for a version to appear in it.
    ///
    /// # Errors
    /// As [`RegistryClient::packument`].
    pub async fn packument_past_caches(
        &self,
        registry: &RegistryUrl,
        name: &PackageName,
        credential: Option<&Credential>,
        form: PackumentForm,
    ) -> Result<PackumentAnswer, ReadError> {
        let wishes = RequestHeaders { fresh: true, ..RequestHeaders::default() };
        self.read_packument(registry, name, credential, form, wishes).await
    }

    async fn read_packument(
        &self,
        registry: &RegistryUrl,
        name: &PackageName,
        credential: Option<&Credential>,
        form: PackumentForm,
        wishes: RequestHeaders<'_>,
    ) -> Result<PackumentAnswer, ReadError> {
        let what = format!("the packument of `{name}`");
        let accept = match form {
            PackumentForm::Abbreviated => ACCEPT_ABBREVIATED,
            PackumentForm::Full => ACCEPT_FULL,
        };
        let wishes = RequestHeaders { accept: Some(accept), ..wishes };
        let read = self.read(&what, credential, wishes).up_to(PACKUMENT_BYTES_MAX);
        let url = package_url(registry, name);
        let answer = self.get(&url, read).await?;
        match answer.status {
            404 => {
                Ok(PackumentAnswer::NotFound { notice: answer.notice(), without_credential: answer.without_credential })
            }
            200 => {
                let packument = Packument::parse(name, &answer.body)
                    .map_err(|not| ReadError::another(not, &what, &url, "packument", &answer))?;
                Ok(PackumentAnswer::Found { packument })
            }
            _ => Err(ReadError::of_status(&what, &host_and_port(&url), Some(name), &answer)
                .unless_credential(credential, registry)),
        }
    }

    /// Reads one version's document past all caches. `None`: the registry does not show that version.
    ///
    /// Some registries have no such document and answer 404 for ever; their packument tells.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn version_document(
        &self,
        registry: &RegistryUrl,
        name: &PackageName,
        version: &Version,
        credential: Option<&Credential>,
    ) -> Result<Option<PublishedVersion>, ReadError> {
        let what = format!("`{name}@{version}`");
        let mut url = version_url(registry, name, version);
        url.query_pairs_mut().append_pair("relay", &format!("{:016x}", rand::random::<u64>()));
        let wishes = RequestHeaders { accept: Some(ACCEPT_FULL), fresh: true, ..RequestHeaders::default() };
        let answer = self.get(&url, self.read(&what, credential, wishes)).await?;
        match answer.status {
            200 => {
                let document = PublishedVersion::parse(name, &answer.body)
                    .map_err(|not| ReadError::another(not, &what, &url, "version document", &answer))?;
                if same_version(&document.version, version) {
                    return Ok(Some(document));
                }
                let problem = format!("`{}` answered with version `{}`", host_and_port(&url), document.version);
                Err(ReadError::Unexpected { what, problem })
            }
            404 | 405 => Ok(None),
            _ => Err(ReadError::of_status(&what, &host_and_port(&url), Some(name), &answer)
                .unless_credential(credential, registry)),
        }
    }

    /// Says whether a tarball can be fetched. The body is dropped after its first bytes. The credential goes along only
    /// where the address is its own.
    ///
    /// # Errors
    /// [`ReadError`]; a 404 is `false` and no error.
    pub async fn tarball_available(
        &self,
        registry: &RegistryUrl,
        tarball: &Url,
        credential: Option<&Credential>,
    ) -> Result<bool, ReadError> {
        let what = format!("a tarball of `{}`", registry.host());
        let wishes = RequestHeaders { fresh: true, ..RequestHeaders::default() };
        let read = self.read(&what, credential, wishes).first_bytes();
        let answer = self.get(tarball, read).await?;
        match answer.status {
            // A page of words with status 200 is no tarball.
            200 | 206 => Ok(!answer.body.is_empty() && !answer.is_html()),
            404 | 410 => Ok(false),
            _ => Err(ReadError::of_status(&what, &host_and_port(tarball), None, &answer)),
        }
    }

    /// Fetches the tarball of a published package, once and no more than so many bytes of it. `None`: it is not there. The
    /// credential goes along only where the address is its own.
    ///
    /// # Errors
    /// [`ReadError`]. Whether the bytes are those that the registry states is the caller's to look at.
    pub async fn tarball(
        &self,
        name: &PackageName,
        tarball: &Url,
        credential: Option<&Credential>,
        bytes_max: usize,
    ) -> Result<Option<Bytes>, ReadError> {
        let what = format!("the tarball of `{name}`");
        let read = self.read(&what, credential, RequestHeaders::default());
        let answer = self.get(tarball, read.up_to(bytes_max).once()).await?;
        match answer.status {
            200 => Ok(Some(answer.body)),
            404 | 410 => Ok(None),
            _ => Err(ReadError::of_status(&what, &host_and_port(tarball), Some(name), &answer)),
        }
    }

    /// Polls the web challenge of a write once, in the name of that write's command as npm does (`npm-registry.md`, 3.2).
    /// Passing trouble counts as pending; the caller has the budget.
    ///
    /// # Errors
    /// [`ReadError::PollWithoutToken`] when the registry says done and gives no code.
    pub async fn poll_done(
        &self,
        registry: &RegistryUrl,
        challenge: &WebChallenge,
        command: NpmCommand,
        credential: &Credential,
    ) -> Result<PollAnswer, ReadError> {
        let what = format!("the answer to the challenge of `{}`", registry.host());
        let wishes = RequestHeaders { fresh: true, command, ..RequestHeaders::default() };
        let headers = request_headers(&self.options, &challenge.done_url, Some(credential), wishes)?;
        let timeout = Some(self.options.read_timeout);
        let request = Request { method: Method::GET, url: challenge.done_url.clone(), headers, body: None, timeout };
        match self.connections.send(request, POLL_ANSWER_BYTES_MAX).await {
            Ok(answer) => read_poll(&answer).ok_or(ReadError::PollWithoutToken { status: answer.status }),
            Err(Failure::Body { cause: BodyTrouble::TooLarge, .. }) => Err(ReadError::TooLarge {
                what,
                host: host_and_port(&challenge.done_url),
                limit_bytes: POLL_ANSWER_BYTES_MAX,
            }),
            Err(failure) => {
                tracing::debug!(cause = failure.cause(), "the poll brought no answer");
                let retry_after = if let Failure::Paused { left } = failure { Some(left) } else { None };
                Ok(PollAnswer::Pending { retry_after })
            }
        }
    }

    /// Asks whose the credential is. `None`: the registry does not know it.
    ///
    /// # Errors
    /// [`ReadError`]; a registry without this question gives `Refused`, one that names nobody `Unexpected`.
    pub async fn whoami(&self, registry: &RegistryUrl, credential: &Credential) -> Result<Option<String>, ReadError> {
        let what = format!("the account at `{}`", registry.host());
        let url = registry.below("-/whoami");
        let answer = self.get(&url, self.read(&what, Some(credential), RequestHeaders::default())).await?;
        match answer.status {
            200 => {
                let body = answer.json().ok_or_else(|| ReadError::unparsed(&what, &url, "account", &answer))?;
                let name = body.get("username").and_then(serde_json::Value::as_str);
                let name = name.map(|name| String::from(Printable::words(name, 120))).filter(|name| !name.is_empty());
                // Some registries answer so to everybody.
                name.map(Some).ok_or(ReadError::Unexpected { what, problem: "the answer names nobody".to_owned() })
            }
            401 => Ok(None),
            _ if refusal_of(None, &answer).code == RefusalCode::DeadCredential => Ok(None),
            _ => Err(ReadError::of_status(&what, &host_and_port(&url), None, &answer)),
        }
    }

    /// Asks which packages an account may read or write, by one question for all of them: `npm access list packages` asks so.
    /// Maps each package to whether it may be written. `None`: the registry does not tell, as many don't.
    pub async fn packages_of(
        &self,
        registry: &RegistryUrl,
        account: &str,
        credential: &Credential,
    ) -> Option<BTreeMap<String, bool>> {
        let what = format!("the packages of `{account}` at `{}`", registry.host());
        let mut url = registry.below("-/user");
        url.path_segments_mut().ok()?.push(account).push("package");
        let read = self.read(&what, Some(credential), RequestHeaders::default());
        let answer = self.get(&url, read.up_to(PACKUMENT_BYTES_MAX).once()).await.ok()?;
        if answer.status != 200 {
            return None;
        }
        let body = answer.json()?;
        let permission = |permission: &serde_json::Value| match permission.as_str()? {
            "write" | "read-write" => Some(true),
            "read" | "read-only" => Some(false),
            _ => None,
        };
        // Registries that know no such question answer with other objects, or with an empty one.
        let packages: Option<BTreeMap<_, _>> =
            body.as_object()?.iter().map(|(name, value)| Some((name.clone(), permission(value)?))).collect();
        packages.filter(|packages| !packages.is_empty())
    }
}

/// A registry drops build metadata, so that it does not count here.
fn same_version(a: &Version, b: &Version) -> bool {
    (a.major, a.minor, a.patch, &a.pre) == (b.major, b.minor, b.patch, &b.pre)
}

//! What is read of staged versions (`npm-registry.md`, 7.1).

use bytes::Bytes;
use relay_workspace::PackageName;
use serde_json::Value;

use super::RegistryClient;
use crate::credential::Credential;
use crate::headers::RequestHeaders;
use crate::read::ReadError;
use crate::stage::{STAGE_PAGES_MAX, STAGES_PER_PAGE, StageId, StagedVersion, stage_path};
use crate::url::{RegistryUrl, host_and_port};
use crate::write::NpmCommand;

impl RegistryClient {
    /// Reads what is staged, newest first: of one package, or all that the credential may see. `None`: the registry does not
    /// offer staging.
    ///
    /// # Errors
    /// [`ReadError`]; a trusted publisher's token may not list and gets `Refused`.
    pub async fn staged_versions(
        &self,
        registry: &RegistryUrl,
        package: Option<&PackageName>,
        credential: Option<&Credential>,
    ) -> Result<Option<Vec<StagedVersion>>, ReadError> {
        let what = package.map_or_else(
            || format!("the staged versions at `{}`", registry.host()),
            |package| format!("the staged versions of `{package}`"),
        );
        let mut staged = Vec::new();
        let mut seen = 0_usize;
        for page in 0..STAGE_PAGES_MAX {
            let mut url = registry.below("-/stage");
            url.query_pairs_mut()
                .append_pair("page", &page.to_string())
                .append_pair("perPage", &STAGES_PER_PAGE.to_string())
                .extend_pairs(package.map(|package| ("package", package.as_str())));
            let answer = self.get(&url, self.read(&what, credential, wishes())).await?;
            match answer.status {
                200 => {}
                404 | 405 | 501 => return Ok(None),
                _ => {
                    return Err(ReadError::of_status(&what, &host_and_port(&url), package, &answer)
                        .unless_credential(credential, registry));
                }
            }
            let body = answer.json();
            let items = body.as_ref().and_then(|body| body.get("items")).and_then(Value::as_array);
            let Some(items) = items else {
                return Err(ReadError::unparsed(&what, &url, "list of staged versions", &answer));
            };
            seen = seen.saturating_add(items.len());
            let of_package = |one: &StagedVersion| package.is_none_or(|package| one.package == *package);
            staged.extend(items.iter().filter_map(StagedVersion::read).filter(of_package));
            let total = body.as_ref().and_then(|body| body.get("total")).and_then(Value::as_u64);
            let all = total.and_then(|total| usize::try_from(total).ok()).is_some_and(|total| seen >= total);
            if all || items.len() < STAGES_PER_PAGE {
                break;
            }
        }
        Ok(Some(staged))
    }

    /// Reads one staged version. `None`: it is not there (any more), or the credential may not see it.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn staged_version(
        &self,
        registry: &RegistryUrl,
        id: &StageId,
        credential: Option<&Credential>,
    ) -> Result<Option<StagedVersion>, ReadError> {
        let what = format!("the staged version {id}");
        let url = registry.below(&stage_path(id));
        let answer = self.get(&url, self.read(&what, credential, wishes())).await?;
        match answer.status {
            200 => {
                let item = answer.json().and_then(|body| StagedVersion::read(&body));
                item.map(Some).ok_or_else(|| ReadError::unparsed(&what, &url, "staged version", &answer))
            }
            404 => Ok(None),
            _ => Err(ReadError::of_status(&what, &host_and_port(&url), None, &answer)
                .unless_credential(credential, registry)),
        }
    }

    /// Downloads the tarball of a staged version, no more than so many bytes of it. `None`: it is not there (any more).
    ///
    /// # Errors
    /// [`ReadError`]. Whether the bytes are those that were meant is the caller's to look at.
    pub async fn staged_tarball(
        &self,
        registry: &RegistryUrl,
        id: &StageId,
        credential: Option<&Credential>,
        bytes_max: usize,
    ) -> Result<Option<Bytes>, ReadError> {
        let what = format!("the tarball of the staged version {id}");
        let url = registry.below(&format!("{}/tarball", stage_path(id)));
        let answer = self.get(&url, self.read(&what, credential, wishes()).up_to(bytes_max)).await?;
        match answer.status {
            200 => Ok(Some(answer.body)),
            404 | 410 => Ok(None),
            _ => Err(ReadError::of_status(&what, &host_and_port(&url), None, &answer)
                .unless_credential(credential, registry)),
        }
    }
}

fn wishes() -> RequestHeaders<'static> {
    RequestHeaders { fresh: true, command: NpmCommand::Stage, ..RequestHeaders::default() }
}

//! What is read before a write beside an upload, and to learn what came of one (`npm-registry.md`, 9).

use std::collections::BTreeMap;

use relay_workspace::PackageName;
use serde_json::Value;

use super::{PACKUMENT_BYTES_MAX, RegistryClient};
use crate::credential::Credential;
use crate::headers::RequestHeaders;
use crate::packument::WholePackument;
use crate::read::ReadError;
use crate::url::{RegistryUrl, escaped_name, host_and_port, package_url};
use crate::write::NpmCommand;

impl RegistryClient {
    /// Reads a package's dist-tags, past all caches: each tag and the version that it names, as written. `None`: there is no
    /// such package, or none that this credential may see.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn dist_tags(
        &self,
        registry: &RegistryUrl,
        name: &PackageName,
        credential: Option<&Credential>,
    ) -> Result<Option<BTreeMap<String, String>>, ReadError> {
        let what = format!("the dist-tags of `{name}`");
        let url = registry.below(&format!("-/package/{}/dist-tags", escaped_name(name)));
        let wishes = RequestHeaders { fresh: true, command: NpmCommand::DistTag, ..RequestHeaders::default() };
        let answer = self.get(&url, self.read(&what, credential, wishes)).await?;
        match answer.status {
            200 => {
                let tags = answer.json().and_then(|body| match body {
                    Value::Object(tags) => Some(tags),
                    _ => None,
                });
                let tags = tags.ok_or_else(|| ReadError::unparsed(&what, &url, "list of dist-tags", &answer))?;
                // CouchDB's own fields begin so (npm drops `_etag`), and no dist-tag of a real package does.
                let tags = tags.into_iter().filter(|(tag, _)| !tag.starts_with('_'));
                Ok(Some(tags.filter_map(|(tag, version)| Some((tag, version.as_str()?.to_owned()))).collect()))
            }
            404 => Ok(None),
            _ => Err(ReadError::of_status(&what, &host_and_port(&url), Some(name), &answer)
                .unless_credential(credential, registry)),
        }
    }

    /// Reads a package's whole packument as npm does before it changes it and puts it back. `None`: there is no such package,
    /// or none that this credential may see.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn whole_packument(
        &self,
        registry: &RegistryUrl,
        name: &PackageName,
        command: NpmCommand,
        credential: Option<&Credential>,
    ) -> Result<Option<WholePackument>, ReadError> {
        let what = format!("the packument of `{name}`");
        let mut url = package_url(registry, name);
        url.set_query(Some("write=true"));
        let wishes = RequestHeaders { fresh: true, command, ..RequestHeaders::default() };
        let read = self.read(&what, credential, wishes).up_to(PACKUMENT_BYTES_MAX);
        let answer = self.get(&url, read).await?;
        match answer.status {
            200 => WholePackument::parse(name, &answer.body)
                .map(Some)
                .map_err(|not| ReadError::another(not, &what, &url, "packument", &answer)),
            404 => Ok(None),
            _ => Err(ReadError::of_status(&what, &host_and_port(&url), Some(name), &answer)
                .unless_credential(credential, registry)),
        }
    }
}

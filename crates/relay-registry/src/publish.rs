//! One upload as a write.

use bytes::Bytes;
use relay_workspace::PackageName;

use crate::credential::{Credential, Otp};
use crate::url::{RegistryUrl, escaped_name};
use crate::write::{NpmCommand, WriteMethod, WriteRequest};

/// One upload.
#[derive(Debug, Clone, Copy)]
pub struct PublishRequest<'a> {
    /// Where to.
    pub registry: &'a RegistryUrl,
    /// Which package.
    pub name: &'a PackageName,
    /// The body, from [`crate::publish_document`]. Cheap to clone, so that a challenged upload can be sent again.
    pub document: &'a Bytes,
    /// By whose right. `None` sends the upload without one, which some registries take.
    pub credential: Option<&'a Credential>,
    /// The answer to a challenge, if one was met. A first try goes without.
    pub otp: Option<&'a Otp>,
}

impl<'a> From<&PublishRequest<'a>> for WriteRequest<'a> {
    fn from(upload: &PublishRequest<'a>) -> Self {
        Self {
            registry: upload.registry,
            package: upload.name,
            command: NpmCommand::Publish,
            method: WriteMethod::Put,
            path: escaped_name(upload.name),
            body: Some(upload.document.clone()),
            credential: upload.credential,
            otp: upload.otp,
        }
    }
}

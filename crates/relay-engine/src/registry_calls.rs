//! The registry as the driver needs it: four calls. The real one speaks HTTP (`relay-registry`); tests have a simulated one.

use std::future::Future;
use std::time::Duration;

use relay_config::{RegistryRules, RouteKind};
use relay_registry::{
    Accepted, Challenge, Credential, DocumentInput, NpmCommand, Otp, PackumentAnswer, PackumentForm, PollAnswer,
    PublishRequest, PublishedVersion, ReadError, RegistryClient, WebChallenge, WriteError, WriteRequest,
    publish_document,
};

use crate::machine::{Found, UploadOutcome};
use crate::prepared_upload::PreparedUpload;

/// How an upload ended, with the challenge if there was one.
#[derive(Debug)]
pub enum Sent {
    /// It ended for good or for now.
    Ended(UploadOutcome),
    /// The registry asks for a second factor.
    Challenged(Challenge),
}

/// What a look at a web challenge brought.
#[derive(Debug)]
pub enum Polled {
    /// Nobody has answered yet.
    Pending {
        /// How long the registry asks to wait.
        retry_after: Option<Duration>,
    },
    /// A person answered.
    Done(Otp),
    /// The challenge is over without an answer.
    Gone,
    /// The look failed; another may not.
    Failed,
}

impl From<Result<PollAnswer, ReadError>> for Polled {
    fn from(answer: Result<PollAnswer, ReadError>) -> Self {
        match answer {
            Ok(PollAnswer::Pending { retry_after }) => Self::Pending { retry_after },
            Ok(PollAnswer::Done(otp)) => Self::Done(otp),
            Ok(PollAnswer::Gone) => Self::Gone,
            Err(_) => Self::Failed,
        }
    }
}

/// The registry's side of a release.
pub trait RegistryCalls: Sync {
    /// Sends a package once.
    fn send(
        &self,
        prepared_upload: &PreparedUpload,
        otp: Option<&Otp>,
        interactive: bool,
    ) -> impl Future<Output = Sent> + Send;
    /// Asks what the registry has under the version, whether or not it can be installed yet. `thorough`: where its document is
    /// not there, the whole packument is asked too, which has the dates of what was taken back.
    fn find(&self, prepared_upload: &PreparedUpload, thorough: bool) -> impl Future<Output = Found> + Send;
    /// Asks for what an installer needs: the packument with the version, and where it may come later the tarball.
    fn look(&self, prepared_upload: &PreparedUpload) -> impl Future<Output = Found> + Send;
    /// Asks whether a web challenge has been answered.
    fn poll(&self, prepared_upload: &PreparedUpload, challenge: &WebChallenge) -> impl Future<Output = Polled> + Send;
}

impl RegistryCalls for RegistryClient {
    async fn send(&self, prepared_upload: &PreparedUpload, otp: Option<&Otp>, interactive: bool) -> Sent {
        let input = DocumentInput {
            registry: &prepared_upload.registry,
            manifest: &prepared_upload.tarball.manifest,
            readme: prepared_upload.tarball.readme.as_ref().map(|(file, text)| (file.as_str(), text.as_str())),
            tarball: &prepared_upload.tarball.bytes,
            integrity: &prepared_upload.integrity,
            shasum: &prepared_upload.shasum,
            tag: &prepared_upload.tag,
            access: prepared_upload.access,
            git_head: prepared_upload.git_head.as_deref(),
        };
        let document = match publish_document(&input) {
            Ok(document) => document,
            Err(error) => return Sent::Ended(UploadOutcome::NotSent { cause: error.to_string() }),
        };
        let credential = match prepared_upload.authority.credential(interactive).await {
            Ok(credential) => credential,
            Err(error) => return Sent::Ended(UploadOutcome::NotSent { cause: error.to_string() }),
        };
        if prepared_upload.route == RouteKind::Staged {
            let request = WriteRequest::stage(&prepared_upload.registry, &prepared_upload.name, document);
            return ended(self.write(&request.by(credential.as_ref(), otp)).await, true);
        }
        let request = PublishRequest {
            registry: &prepared_upload.registry,
            name: &prepared_upload.name,
            document: &document,
            credential: credential.as_ref(),
            otp,
        };
        ended(self.publish(&request).await, false)
    }

    async fn find(&self, prepared_upload: &PreparedUpload, thorough: bool) -> Found {
        let PreparedUpload { registry, name, version, rules, .. } = prepared_upload;
        let credential = prepared_upload.authority.reading_credential().await;
        let credential = credential.as_ref();
        let mut listed = true;
        if prepared_upload.route == RouteKind::Staged {
            match find_staged(self, prepared_upload, credential).await {
                Found::NotYet => {}
                Found::NotListed => listed = false,
                found => return found,
            }
        }
        let absent = if listed { Found::NotYet } else { Found::NotListed };
        match self.version_document(registry, name, version, credential).await {
            Ok(Some(version)) => return compare(&version, prepared_upload),
            // Some registries have no such documents. npm's has, and each read of a packument that is not there yet may keep
            // its caches from showing it for minutes (`npm-registry.md`, 1.5).
            Ok(None) if thorough || *rules == RegistryRules::Plain => {}
            Ok(None) => return absent,
            Err(error) => return unread(error),
        }
        let form = if thorough { PackumentForm::Full } else { PackumentForm::Abbreviated };
        match self.packument_past_caches(registry, name, credential, form).await {
            Ok(PackumentAnswer::Found { packument }) => match packument.versions.get(version) {
                Some(version) => compare(version, prepared_upload),
                None if packument.taken_back.contains(version) => Found::TakenBack,
                None => absent,
            },
            Ok(PackumentAnswer::NotFound { .. }) => absent,
            Err(error) => unread(error),
        }
    }

    async fn look(&self, prepared_upload: &PreparedUpload) -> Found {
        let credential = prepared_upload.authority.reading_credential().await;
        let credential = credential.as_ref();
        let answer = self.packument_past_caches(
            &prepared_upload.registry,
            &prepared_upload.name,
            credential,
            PackumentForm::Abbreviated,
        );
        let packument = match answer.await {
            Ok(PackumentAnswer::Found { packument, .. }) => packument,
            Ok(_) => return Found::NotYet,
            Err(error) => return unread(error),
        };
        let Some(version) = packument.versions.get(&prepared_upload.version) else { return Found::NotYet };
        let found = compare(version, prepared_upload);
        let (Found::SameBytes, Some(tarball)) = (&found, &version.tarball) else { return found };
        if !tarball_comes_later(prepared_upload.rules) {
            return found;
        }
        match self.tarball_available(&prepared_upload.registry, tarball, credential).await {
            Ok(true) => Found::SameBytes,
            Ok(false) => Found::NotYet,
            Err(error) => unread(error),
        }
    }

    async fn poll(&self, prepared_upload: &PreparedUpload, challenge: &WebChallenge) -> Polled {
        let Ok(Some(credential)) = prepared_upload.authority.credential(true).await else { return Polled::Gone };
        self.poll_done(&prepared_upload.registry, challenge, NpmCommand::Publish, &credential).await.into()
    }
}

/// How an upload ended, or a staging.
fn ended(answer: Result<Accepted, WriteError>, stages: bool) -> Sent {
    match answer {
        Ok(accepted) if stages => Sent::Ended(UploadOutcome::Staged { id: accepted.stage }),
        Ok(_) => Sent::Ended(UploadOutcome::Accepted),
        Err(WriteError::Challenge(challenge)) => Sent::Challenged(challenge),
        Err(WriteError::Refused(refusal)) => Sent::Ended(UploadOutcome::Refused(refusal)),
        Err(WriteError::RateLimited { retry_after, refusal }) => {
            Sent::Ended(UploadOutcome::RateLimited { retry_after, text: refusal.text })
        }
        Err(WriteError::OutcomeUnknown { cause }) => Sent::Ended(UploadOutcome::Unknown { cause }),
        Err(WriteError::NotSent { cause }) => Sent::Ended(UploadOutcome::NotSent { cause }),
    }
}

/// Whether the version is staged, and with which bytes: what is listed has no more than their shasum (`npm-registry.md`, 7.1).
async fn find_staged(
    client: &RegistryClient,
    prepared_upload: &PreparedUpload,
    credential: Option<&Credential>,
) -> Found {
    let PreparedUpload { registry, name, version, .. } = prepared_upload;
    // A trusted publisher's token may not list (`npm-registry.md`, 4.7), and none is minted to read.
    if credential.is_none() {
        return Found::NotListed;
    }
    match client.staged_versions(registry, Some(name), credential).await {
        Ok(Some(staged)) => {
            let Some(stage) = staged.into_iter().find(|one| one.version.cmp_precedence(version).is_eq()) else {
                return Found::NotYet;
            };
            match stage.shasum {
                Some(shasum) if shasum == prepared_upload.shasum => Found::Staged { id: stage.id },
                Some(shasum) => Found::OtherBytes {
                    there: format!("{shasum} (staged as {})", stage.id),
                    ours: prepared_upload.shasum.to_string(),
                },
                None => Found::Unavailable {
                    cause: format!("the registry states no shasum of the staged version {}", stage.id),
                },
            }
        }
        // Whether it stages at all, the upload itself tells.
        Ok(None) => Found::NotYet,
        Err(ReadError::Refused { .. }) => Found::NotListed,
        Err(error) => unread(error),
    }
}

/// Whether a registry may show a version minutes before its tarball, as npm's does (`npm-registry.md`, 1.3). One without npm's
/// scan writes both with the upload, and is not asked for more than the version.
fn tarball_comes_later(rules: RegistryRules) -> bool {
    match rules {
        RegistryRules::Npm => true,
        RegistryRules::Plain => false,
    }
}

fn unread(error: ReadError) -> Found {
    match error {
        ReadError::RateLimited { retry_after, refusal, .. } => Found::Busy { retry_after, text: refusal.text },
        error => Found::Unavailable { cause: error.to_string() },
    }
}

/// Compares digests, never addresses: registries rewrite `dist.tarball` (`npm-registry.md`, 11).
fn compare(there: &PublishedVersion, prepared_upload: &PreparedUpload) -> Found {
    match (&there.integrity, &there.shasum) {
        (Some(integrity), _) if *integrity == prepared_upload.integrity => Found::SameBytes,
        // A registry that states a weaker digest is judged by the shasum.
        (Some(integrity), Some(shasum))
            if !integrity.as_str().starts_with("sha512-") && *shasum == prepared_upload.shasum =>
        {
            Found::SameBytes
        }
        (None, Some(shasum)) if *shasum == prepared_upload.shasum => Found::SameBytes,
        (Some(integrity), _) => {
            Found::OtherBytes { there: integrity.to_string(), ours: prepared_upload.integrity.to_string() }
        }
        (None, Some(shasum)) => {
            Found::OtherBytes { there: shasum.to_string(), ours: prepared_upload.shasum.to_string() }
        }
        (None, None) => Found::Unavailable { cause: "the registry states no digest of the version".to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use relay_workspace::{Integrity, Shasum};

    use super::*;
    use crate::driver::tests::prepared_upload;

    /// What stands under the version, by the digests that the registry states; ours are `sha512-abc=` and `abab…`.
    fn there(integrity: Option<&str>, shasum: Option<&str>) -> Found {
        let upload = prepared_upload("a", RouteKind::Token);
        let version = PublishedVersion {
            version: upload.version.clone(),
            integrity: integrity.map(|text| Integrity::parse(text).unwrap()),
            shasum: shasum.map(|pair| Shasum::parse(&pair.repeat(20)).unwrap()),
            tarball: None,
            deprecated: false,
            git_head: None,
            has_install_script: false,
            unpacked_size: None,
            file_count: None,
            evidence: relay_values::Evidence::None,
            published: None,
        };
        compare(&version, &upload)
    }

    #[test]
    fn the_strongest_digest_that_both_have_decides() {
        assert_eq!(there(Some("sha512-abc="), Some("cd")), Found::SameBytes);
        assert!(matches!(there(Some("sha512-xyz="), Some("ab")), Found::OtherBytes { .. }));
        assert_eq!(there(Some("sha1-abc="), Some("ab")), Found::SameBytes);
        assert!(matches!(there(Some("sha1-abc="), Some("cd")), Found::OtherBytes { .. }));
        assert_eq!(there(None, Some("ab")), Found::SameBytes);
        let other = Found::OtherBytes { there: "cd".repeat(20), ours: "ab".repeat(20) };
        assert_eq!(there(None, Some("cd")), other);
        assert!(matches!(there(None, None), Found::Unavailable { .. }), "nothing stated is nothing shown");
    }
}

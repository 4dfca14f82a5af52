//! npm's refusals: status, text, and the headers that belong to them.
//!
//! The texts are facts of the public registry, gathered in `npm-registry.md` (sections 3.1, 4.4, 6.5 and table 10.3);
//! the comments name its rows.

/// A registry's no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Row 3: no credential at all.
    Unauthorized,
    /// Row 20 for reads of one's own account: the token is dead.
    DeadCredential,
    /// Rows 19 and 20: a write with a dead token, masked as a missing package.
    DeadCredentialMasked,
    /// Row 19: the account has no right to this package, which the answer does not admit.
    Masked,
    /// Row 53: the scope belongs to others.
    ScopeNotFound,
    /// Row 9.
    InvalidOtp,
    /// Row 48.
    TooManyWrongCodes,
    /// Row 10.
    WrongNetwork,
    /// Row 11.
    TokensCannotAdminister,
    /// Row 12.
    SecondFactorOrBypassRequired,
    /// Row 13.
    EnableSecondFactor,
    /// Row 15.
    CredentialNotEnough,
    /// Row 16.
    StageRequired,
    /// A trusted publisher whose connection doesn't permit this (`npm-registry.md`, 6.3).
    OidcDenied,
    /// The next six: `npm-registry.md`, 6.5.
    TrustForbidden,
    TrustPackageNotFound,
    InvalidTrustConfig,
    TrustConfigExists,
    TrustConfigId,
    NoSuchTrustConfig,
    /// Row 26: the version exists and can be seen.
    VersionPublished(String),
    /// Row 26 in its other wording: the number was used and taken back.
    VersionBurnt(String),
    /// Row 27: the version was accepted and cannot be seen yet.
    VersionStaged(String),
    /// Row 28: the number is staged or published already.
    VersionTakenForStage(String),
    /// A staged version's number was published before the approval.
    StagePublishedMeanwhile(String),
    /// Row 31: only what exists can be staged.
    NothingToStageFor,
    /// Row 29: the revision that a write was made from is not the current one.
    Conflict,
    /// Row 32.
    PaymentRequired,
    /// Row 33.
    RepublishTooEarly(String),
    /// Row 46.
    RateLimited {
        retry_after: Option<u32>,
    },
    /// Row 49.
    TooLarge,
    /// Row 55.
    CannotUnpublish,
    /// Any 400 with its text.
    Malformed(String),
    /// A plain 404.
    NotFound,
    /// Other registries: no credential.
    PlainUnauthorized(String),
    /// Other registries: the version exists.
    PlainConflict,
}

impl Refusal {
    pub(crate) fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) | Self::InvalidTrustConfig | Self::TrustConfigId => 400,
            Self::Unauthorized
            | Self::DeadCredential
            | Self::InvalidOtp
            | Self::WrongNetwork
            | Self::TokensCannotAdminister
            | Self::PlainUnauthorized(_) => 401,
            Self::PaymentRequired => 402,
            Self::SecondFactorOrBypassRequired
            | Self::EnableSecondFactor
            | Self::CredentialNotEnough
            | Self::StageRequired
            | Self::OidcDenied
            | Self::TrustForbidden
            | Self::VersionPublished(_)
            | Self::VersionBurnt(_)
            | Self::RepublishTooEarly(_) => 403,
            Self::DeadCredentialMasked
            | Self::Masked
            | Self::ScopeNotFound
            | Self::NotFound
            | Self::NothingToStageFor
            | Self::TrustPackageNotFound
            | Self::NoSuchTrustConfig => 404,
            Self::CannotUnpublish => 405,
            Self::VersionStaged(_)
            | Self::VersionTakenForStage(_)
            | Self::StagePublishedMeanwhile(_)
            | Self::TrustConfigExists
            | Self::Conflict
            | Self::PlainConflict => 409,
            Self::TooLarge => 413,
            Self::TooManyWrongCodes | Self::RateLimited { .. } => 429,
        }
    }

    /// The text of the body's `error`.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Unauthorized | Self::DeadCredential => "Unauthorized".into(),
            Self::DeadCredentialMasked | Self::Masked | Self::NotFound => "Not found".into(),
            Self::ScopeNotFound => "Scope not found".into(),
            Self::InvalidOtp => "invalid OTP".into(),
            Self::TooManyWrongCodes => "Could not authenticate".into(),
            Self::WrongNetwork => "Login is not allowed from your IP address".into(),
            Self::TokensCannotAdminister => {
                "npm tokens that bypass 2FA are being restricted from administrative actions. Log in and use two-factor \
                 authentication for this operation."
                    .into()
            }
            Self::SecondFactorOrBypassRequired => "Two-factor authentication or granular access token with bypass 2fa \
                 enabled is required to publish packages."
                .into(),
            Self::EnableSecondFactor => "Please enable 2fa for your account".into(),
            Self::CredentialNotEnough => "You may not perform that action with these credentials.".into(),
            Self::StageRequired => {
                "E_STAGE_REQUIRED: this token can only stage versions. Run `npm stage publish` instead.".into()
            }
            Self::OidcDenied => "OIDC permission denied for this action".into(),
            Self::TrustForbidden => {
                "Insufficient permissions to access trusted publisher configurations for this package".into()
            }
            Self::TrustPackageNotFound => "Package not found".into(),
            Self::InvalidTrustConfig => "Invalid trusted publisher configuration".into(),
            Self::TrustConfigExists => {
                "trusted publisher config already exists for the package. Please delete and re-create.".into()
            }
            Self::TrustConfigId => "Invalid trusted publisher config id format".into(),
            Self::NoSuchTrustConfig => "Trusted publisher configuration not found for the package".into(),
            Self::VersionPublished(version) => {
                format!("You cannot publish over the previously published versions: {version}.")
            }
            Self::VersionTakenForStage(version) => format!("Cannot stage previously published version \"{version}\""),
            Self::NothingToStageFor => "The specified package does not exist.".into(),
            Self::VersionBurnt(version) | Self::StagePublishedMeanwhile(version) => format!("Cannot publish over previously published version \"{version}\"."),
            Self::VersionStaged(version) => format!("Cannot publish over previously staged version \"{version}\"."),
            Self::Conflict => "Failed to save packument. A common cause is if you try to publish a new package before \
                 the previous package has been fully processed."
                .into(),
            Self::PaymentRequired => "You must sign up for private packages".into(),
            Self::RepublishTooEarly(name) => format!("{name} cannot be republished until 24 hours have passed."),
            Self::RateLimited { .. } => "Could not publish, as user undefined: rate limited exceeded".into(),
            Self::TooLarge => "Payload Too Large".into(),
            Self::CannotUnpublish => {
                "You can no longer unpublish this package. Failed criteria: has dependent packages in the registry"
                    .into()
            }
            Self::Malformed(text) | Self::PlainUnauthorized(text) => text.clone(),
            Self::PlainConflict => "this package is already present".into(),
        }
    }

    /// Headers beside the body.
    pub(crate) fn headers(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::DeadCredential | Self::DeadCredentialMasked => vec![("npm-notice", DEAD_CREDENTIAL_NOTICE.into())],
            Self::InvalidOtp => vec![("www-authenticate", "OTP".into())],
            Self::WrongNetwork => vec![("www-authenticate", "ipaddress".into())],
            Self::RateLimited { retry_after: Some(seconds) } => vec![("retry-after", seconds.to_string())],
            _ => Vec::new(),
        }
    }
}

/// Comes with any 404 when the credential is dead (npm-registry.md, 1.5).
pub(crate) const DEAD_CREDENTIAL_NOTICE: &str = "Access token expired or revoked. Please try logging in again.";
/// The error of a challenge for clients that cannot do the web one (3.1).
pub(crate) const LEGACY_CHALLENGE: &str =
    "You must provide a one-time pass. Upgrade your client to npm@latest in order to use 2FA.";
/// Comes with an accepted upload that cannot be seen yet (1.7).
pub(crate) const PROCESSING_NOTICE: &str =
    "Your package is being processed and may take a few minutes to become available.";

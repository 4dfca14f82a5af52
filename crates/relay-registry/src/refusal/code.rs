//! The refusals by name, and what kind of trouble each is.

use std::fmt;

use relay_config::PublishingAccess;
use serde::{Deserialize, Serialize};

use super::Explanation;
use super::table::row;

/// What kind of trouble a refusal is, and so what can help (`npm-registry.md`, 10.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RefusalClass {
    /// Passes by itself: wait, then send again.
    Transient,
    /// The outcome is unknown: compare digests with the registry, then accept or send again.
    Verify,
    /// A person must answer a 2FA challenge.
    Human,
    /// The credential is wrong or has too few rights: another one for this package, or stop.
    Credential,
    /// A setting or rule of the registry: this package stops, others go on.
    Policy,
    /// The package's content or the local configuration is wrong: fix it here.
    Content,
}

macro_rules! refusal_codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $text:literal,)+) => {
        /// Which refusal it is; one for each row of the table in `npm-registry.md`, 10.3.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(from = "String", into = "String")]
        #[non_exhaustive]
        pub enum RefusalCode {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl RefusalCode {
            /// Every code, in the table's order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The code as journals, JSON and `relay explain` write it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }
    };
}

refusal_codes! {
    /// No usable credential for the registry.
    NeedAuth = "need-auth",
    /// A credential key in `.npmrc` that names no registry.
    UnscopedAuth = "unscoped-auth",
    /// The registry does not know the credential.
    Unauthorized = "unauthorized",
    /// The registry wants another kind of credential.
    WrongAuthScheme = "wrong-auth-scheme",
    /// Login from this address is not allowed.
    AddressNotAllowed = "address-not-allowed",
    /// The token expired or was revoked.
    DeadCredential = "dead-credential",
    /// A CI placeholder stands where the token should be.
    PlaceholderToken = "placeholder-token",
    /// A valid credential without the right for this action.
    CredentialLacksRight = "credential-lacks-right",
    /// The account is no writer of the package.
    InsufficientPermissions = "insufficient-permissions",
    /// The name belongs to others.
    NotYourPackage = "not-your-package",
    /// The scope's organisation does not exist, or the account is no member.
    ScopeNotFound = "scope-not-found",
    /// A 404 on an upload: a 403 in disguise.
    MaskedForbidden = "masked-forbidden",
    /// A 403 without a reason.
    Forbidden = "forbidden",
    /// Granular tokens may not administer.
    TokenCannotAdminister = "token-cannot-administer",
    /// A dist-tag was refused after the publish itself went through.
    DistTagRefused = "dist-tag-refused",

    /// A one-time password is asked for.
    OtpRequired = "otp-required",
    /// A 2FA challenge to be answered in the browser.
    WebChallenge = "web-challenge",
    /// The registry takes the client for too old for 2FA.
    OldClient = "old-client",
    /// A code was sent by e-mail.
    EmailOtp = "email-otp",
    /// The one-time password was wrong.
    WrongOtp = "wrong-otp",
    /// 2FA or a token with bypass is required, and neither was there.
    TwoFactorOrBypass = "two-factor-or-bypass",
    /// The package accepts no tokens, and one was used.
    TokensDisallowed = "tokens-disallowed",
    /// The account must have 2FA.
    EnableTwoFactor = "enable-two-factor",

    /// The token may only stage.
    StageRequired = "stage-required",
    /// The trusted publisher's connection does not allow this action.
    TrustedPublisherDenied = "trusted-publisher-denied",
    /// No trusted publisher fits, or the package does not exist yet.
    NoTrustedPublisher = "no-trusted-publisher",
    /// The ID token was refused.
    IdTokenRefused = "id-token-refused",
    /// The workflow may not ask for an ID token.
    IdTokenPermission = "id-token-permission",
    /// There is a trusted publisher already.
    TrustExists = "trust-exists",
    /// The registry does not take the trusted publisher's settings.
    TrustInvalid = "trust-invalid",
    /// There is no such trusted publisher.
    TrustNotFound = "trust-not-found",
    /// `npm trust` has no `--otp`.
    TrustOtpFlag = "trust-otp-flag",
    /// Staging needs a package that exists.
    StageNeedsPackage = "stage-needs-package",

    /// The version exists.
    AlreadyPublished = "already-published",
    /// The version was accepted or staged before.
    PreviouslyStaged = "previously-staged",
    /// The version is staged or published already.
    AlreadyStaged = "already-staged",
    /// The registry was still busy with the package.
    PackumentBusy = "packument-busy",
    /// A conflict inside the registry.
    Conflict = "conflict",
    /// The registry's repository does not allow a version twice.
    RedeployDisabled = "redeploy-disabled",
    /// The name is blocked for a day after an unpublish.
    RecentlyUnpublished = "recently-unpublished",
    /// The version can't be unpublished.
    CannotUnpublish = "cannot-unpublish",

    /// The name is too much like another.
    NameTooSimilar = "name-too-similar",
    /// The name looks like spam to the registry.
    NameSpam = "name-spam",
    /// The content was refused.
    UnacceptableContent = "unacceptable-content",
    /// Accepted, and still invisible.
    HeldByScan = "held-by-scan",
    /// A private package without a plan for private packages.
    PaymentRequired = "payment-required",

    /// The manifest's repository is not the one of the provenance.
    ProvenanceRepository = "provenance-repository",
    /// Provenance from a self-hosted runner.
    ProvenanceSelfHosted = "provenance-self-hosted",
    /// Provenance from a private repository.
    ProvenancePrivateSource = "provenance-private-source",
    /// Provenance without a git ref.
    ProvenanceMissingRef = "provenance-missing-ref",
    /// The provenance was refused for another reason.
    ProvenanceRefused = "provenance-refused",
    /// The transparency log has the entry already.
    TransparencyLogConflict = "transparency-log-conflict",
    /// Provenance is not possible at this CI.
    ProvenanceUnsupported = "provenance-unsupported",
    /// Provenance of a new package needs `access: public`.
    ProvenanceNeedsPublic = "provenance-needs-public",

    /// Too many uploads by this account.
    PublishRateLimit = "publish-rate-limit",
    /// Too many wrong one-time passwords.
    TooManyWrongCodes = "too-many-wrong-codes",
    /// Too many requests.
    RateLimit = "rate-limit",
    /// The upload is too large.
    TooLarge = "too-large",
    /// The registry failed, or the connection broke.
    Outage = "outage",
    /// The registry could not be reached.
    Unreachable = "unreachable",
    /// The registry's TLS certificate is not trusted.
    UntrustedCertificate = "untrusted-certificate",
    /// The registry redirects the upload.
    Redirected = "redirected",
    /// A challenge that can't be followed.
    UnreadableChallenge = "unreadable-challenge",
    /// The registry does not offer this.
    NotOffered = "not-offered",

    /// The package is private.
    PrivatePackage = "private-package",
    /// Restricted access without a scope.
    UnscopedRestricted = "unscoped-restricted",
    /// The version is no semver.
    InvalidVersion = "invalid-version",
    /// The dist-tag breaks npm's rules.
    TagRule = "tag-rule",
    /// `packageExtensions` in a published manifest.
    PackageExtensions = "package-extensions",
    /// The wished token would live too long.
    TokenTooLong = "token-too-long",
    /// GitHub Packages does not allow the write.
    GithubPackagesDenied = "github-packages-denied",
    /// A version shows less of how it was published than an earlier one, and the installer minds.
    TrustDowngrade = "trust-downgrade",
    /// The installer wants versions to be older.
    TooYoung = "too-young",
    /// The registry takes the document for malformed.
    BadRequest = "bad-request",
    /// A refusal that is in no row.
    Unrecognised = "unrecognised",
}

impl RefusalCode {
    /// What kind of trouble it is.
    pub fn class(self) -> RefusalClass {
        row(self).class
    }

    /// The publishing access that the refusal gives away. A challenge alone teaches nothing: only who knows that the
    /// credential bypasses 2FA can conclude from it that the package disallows tokens.
    pub fn teaches(self) -> Option<PublishingAccess> {
        row(self).teaches
    }

    /// What it means and what helps.
    pub fn explanation(self) -> &'static Explanation {
        &row(self).explanation
    }
}

impl fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<String> for RefusalCode {
    /// A code that a newer relay wrote is unrecognised, not an error: journals stay readable.
    fn from(text: String) -> Self {
        Self::ALL.iter().copied().find(|code| code.as_str() == text).unwrap_or(Self::Unrecognised)
    }
}

impl From<RefusalCode> for String {
    fn from(code: RefusalCode) -> Self {
        code.as_str().to_owned()
    }
}

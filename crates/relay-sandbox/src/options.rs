//! Rules and knobs of a sandbox. The defaults are npm's rules, without delays and without faults.

use std::time::Duration;

use crate::events::EventSink;

/// How a sandbox behaves.
#[derive(Clone, Debug)]
pub struct SandboxOptions {
    /// Port on 127.0.0.1; 0 takes any free one.
    pub port: u16,
    /// Whose rules are enforced.
    pub rules: SandboxRules,
    /// How long an accepted version stays invisible.
    pub visibility: VisibilityDelay,
    /// Seeds ids, tokens and one-time passwords, so that a run can be repeated.
    pub seed: Option<u64>,
    /// Holds every answer back this long, as a far-away registry does.
    pub latency: Duration,
    /// Connections served at once; further ones wait. `None` sets no bound.
    pub max_connections: Option<usize>,
    /// Request bodies above this many bytes get a 413.
    pub max_body_bytes: usize,
    /// Whether the sandbox's clock runs; one that stands still moves only by `Sandbox::advance`.
    pub clock_runs: bool,
    /// Whether a new scoped package without public access gets a 402, as on npm's free plan. Without it such a package
    /// is simply public.
    pub paid_private_packages: bool,
    /// How often a one-time password from a web challenge can be used.
    pub web_otp: WebOtpUse,
    /// What a client that can do web challenges gets for a wrong one-time password.
    pub invalid_otp: InvalidOtpAnswer,
    /// Whether the page offers to skip two-factor authentication for five minutes.
    pub offer_skip_window: bool,
    /// Whether a package with access `publish` refuses granular tokens even with a one-time password.
    pub strict_disallow_tokens: bool,
    /// How long a challenge waits for its answer.
    pub challenge_lifetime: Duration,
    /// Seconds in the `retry-after` of a pending web challenge; `None` leaves the header out.
    pub poll_retry_after: Option<u32>,
    /// Wrong one-time passwords an account may send within five minutes before it is answered 429.
    pub wrong_otp_limit: u32,
    /// Publishes an account may make in a span of time before it is answered 429.
    pub publish_rate: Option<PublishRate>,
    /// Trusted publishers that a package can have: ten at npm since September 2026, one before.
    pub trusted_publishers_max: usize,
    /// Whether listing trusted publishers needs a second factor, as npm's API description has it; users report that it doesn't.
    pub trust_list_challenged: bool,
    /// Whether the token of a trusted publisher may move dist-tags. npm's client tries it; whether npm's registry lets it is not
    /// documented.
    pub trusted_may_tag: bool,
    /// A path before all others, such as `/npm/`: the registry lives below it and is not there elsewhere.
    pub path_prefix: Option<String>,
    /// A base URL that `dist.tarball` points below, in place of the sandbox's own, as registries with a separate download
    /// host do.
    pub tarball_base: Option<String>,
    /// How long a packument that was not there keeps being not there for the same URL, as behind an edge cache.
    pub negative_cache: Duration,
    /// Told about everything that happens.
    pub events: Option<EventSink>,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            port: 0,
            rules: SandboxRules::Npm,
            visibility: VisibilityDelay::default(),
            seed: None,
            latency: Duration::ZERO,
            max_connections: None,
            max_body_bytes: MAX_BODY_BYTES,
            clock_runs: true,
            paid_private_packages: false,
            web_otp: WebOtpUse::Once,
            invalid_otp: InvalidOtpAnswer::Text,
            offer_skip_window: true,
            strict_disallow_tokens: false,
            challenge_lifetime: CHALLENGE_LIFETIME,
            poll_retry_after: Some(1),
            wrong_otp_limit: WRONG_OTP_LIMIT,
            publish_rate: None,
            trusted_publishers_max: TRUSTED_PUBLISHERS_MAX,
            trust_list_challenged: true,
            trusted_may_tag: false,
            path_prefix: None,
            tarball_base: None,
            negative_cache: Duration::ZERO,
            events: None,
        }
    }
}

/// Whose rules a sandbox enforces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SandboxRules {
    /// npm's public registry: two-factor authentication, publishing access, web login.
    #[default]
    Npm,
    /// Any other registry: a valid token may publish, nothing is challenged, there is no web login.
    Plain,
}

/// How long an accepted version stays invisible, for each of the three documents an installer reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VisibilityDelay {
    /// Until `GET /NAME/VERSION` answers.
    pub version_document: Duration,
    /// Until the packument lists the version.
    pub packument: Duration,
    /// Until the tarball can be fetched.
    pub tarball: Duration,
}

impl VisibilityDelay {
    /// The same delay for all three documents.
    pub const fn all(delay: Duration) -> Self {
        Self { version_document: delay, packument: delay, tarball: delay }
    }
}

/// How often a one-time password from a web challenge can be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WebOtpUse {
    /// For one request.
    #[default]
    Once,
    /// For any number of requests within five minutes.
    FiveMinutes,
}

/// What a client that can do web challenges gets for a wrong one-time password. Which of them npm answers is not
/// documented, so a client has to cope with both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InvalidOtpAnswer {
    /// 401 with the text `invalid OTP`.
    #[default]
    Text,
    /// 401 with a new pair of URLs.
    NewChallenge,
}

/// A bound on publishes of one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublishRate {
    /// So many publishes …
    pub publishes: u32,
    /// … within this span.
    pub per: Duration,
    /// Seconds in the `retry-after` of the refusal; `None` leaves the header out.
    pub retry_after: Option<u32>,
}

/// Default bound of a request body: npm's registry is reported to refuse tarballs above 200 MB, which base64 makes 270.
pub const MAX_BODY_BYTES: usize = 280 * 1024 * 1024;
/// Default number of trusted publishers of a package.
pub const TRUSTED_PUBLISHERS_MAX: usize = 10;
/// Default life of a challenge.
pub const CHALLENGE_LIFETIME: Duration = Duration::from_mins(5);
/// Default number of wrong one-time passwords within [`WRONG_OTP_SPAN`].
pub const WRONG_OTP_LIMIT: u32 = 5;
/// Span in which wrong one-time passwords are counted.
pub const WRONG_OTP_SPAN: Duration = Duration::from_mins(5);
/// How long the page's "skip two-factor authentication" and a reusable one-time password last.
pub const SKIP_WINDOW: Duration = Duration::from_mins(5);
/// Life of a session token.
pub const SESSION_LIFETIME: Duration = Duration::from_hours(2);

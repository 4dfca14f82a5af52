//! Refusals that are about amounts, sizes and connections.

use crate::refusal::Explanation;
use crate::refusal::code::{RefusalClass, RefusalCode};

use super::Row;
use super::advice::PUBLISH_AGAIN;

pub(super) const ROWS: &[Row] = &[
    Row {
        code: RefusalCode::RateLimit,
        class: RefusalClass::Transient,
        teaches: None,
        npm_codes: &["E429"],
        statuses: &[429],
        patterns: &[&["429 too many requests"]],
        explanation: Explanation {
            code: "rate-limit",
            title: "too many requests",
            causes: &["the registry's edge slows this address or account down, perhaps for half an hour"],
            fixes: &[
                "wait as long as `retry-after` says; relay does, and `relay publish` again goes on where it stopped",
                "send fewer at once: `relay publish --concurrency 1`, or `concurrency` in `relay.toml`",
            ],
            says: &["429 Too Many Requests - PUT https://registry.example/core"],
        },
    },
    Row {
        code: RefusalCode::PublishRateLimit,
        class: RefusalClass::Transient,
        teaches: None,
        npm_codes: &["E429"],
        statuses: &[429, 403],
        patterns: &[&["rate limited exceeded"], &["could not publish, as user"]],
        explanation: Explanation {
            code: "publish-rate-limit",
            title: "too many uploads by this account",
            causes: &[
                "the registry limits the versions per account and time; \"user undefined\" is a blemish of the text",
            ],
            fixes: &[
                "wait and run `relay publish` again: it goes on where it stopped",
                "spread a large release: `relay publish --filter <package>`",
            ],
            says: &["Could not publish, as user undefined: rate limited exceeded"],
        },
    },
    Row {
        code: RefusalCode::TooManyWrongCodes,
        class: RefusalClass::Transient,
        teaches: None,
        npm_codes: &["E429"],
        statuses: &[429],
        patterns: &[&["could not authenticate"]],
        explanation: Explanation {
            code: "too-many-wrong-codes",
            title: "too many wrong one-time passwords",
            causes: &["codes were tried again and again"],
            fixes: &["stop, wait some minutes, then give one fresh code: `relay publish --otp <code>`"],
            says: &["429 Too Many Requests - PUT https://registry.example/core - Could not authenticate"],
        },
    },
    Row {
        code: RefusalCode::TooLarge,
        class: RefusalClass::Content,
        teaches: None,
        npm_codes: &["E413"],
        statuses: &[413],
        patterns: &[&["413 payload too large"], &["request entity too large"]],
        explanation: Explanation {
            code: "too-large",
            title: "the upload is too large for the registry",
            causes: &[
                "the tarball holds what it should not",
                "a proxy in front limits bodies (nginx: 1 MB; verdaccio: 10 MB by default)",
            ],
            fixes: &[
                "look at what is in the tarball: `relay pack --json`",
                "raise `max_body_size` of the registry or its proxy; an upload is 1.34 times its tarball",
            ],
            says: &["413 Payload Too Large - PUT https://registry.example/core"],
        },
    },
    Row {
        code: RefusalCode::Outage,
        class: RefusalClass::Verify,
        teaches: None,
        npm_codes: &[
            "E500",
            "E502",
            "E503",
            "E504",
            "E520",
            "E524",
            "ECONNRESET",
            "ETIMEDOUT",
            "ERR_SOCKET_TIMEOUT",
            "EPIPE",
        ],
        statuses: &[408, 500, 502, 503, 504, 520, 521, 522, 523, 524],
        patterns: &[
            &["500 internal server error"],
            &["502 bad gateway"],
            &["503 service unavailable"],
            &["504 gateway time"],
            &["socket hang up"],
            &["socket timeout"],
            &["network timeout"],
            &["econnreset"],
            &["etimedout"],
        ],
        explanation: Explanation {
            code: "outage",
            title: "the registry failed or the connection broke; the version may have arrived all the same",
            causes: &["an outage", "an upload that took longer than the time-out"],
            fixes: &[PUBLISH_AGAIN, "see whether the registry answers: `npm ping --registry=<url>`"],
            says: &[
                "503 Service Unavailable - PUT https://registry.example/core",
                "network request to https://registry.example/core failed, reason: socket hang up",
            ],
        },
    },
    Row {
        code: RefusalCode::Unreachable,
        class: RefusalClass::Transient,
        teaches: None,
        npm_codes: &["ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ENETUNREACH", "EHOSTUNREACH"],
        statuses: &[],
        patterns: &[&["enotfound"], &["econnrefused"], &["eai_again"], &["could not connect to"]],
        explanation: Explanation {
            code: "unreachable",
            title: "the registry could not be reached; nothing was sent",
            causes: &["the address is wrong, or nothing listens there", "no network, or a proxy or VPN is needed"],
            fixes: &[
                "see whether the registry answers: `npm ping --registry=<url>`",
                "check the address: `npm config get registry`, `--registry`, `@scope:registry` in `.npmrc`",
                "check network, VPN and the proxy variables (`HTTPS_PROXY`, `NO_PROXY`)",
            ],
            says: &[
                "request to https://registry.example/core failed, reason: getaddrinfo ENOTFOUND registry.example",
                "connect ECONNREFUSED 127.0.0.1:4873",
            ],
        },
    },
    Row {
        code: RefusalCode::UntrustedCertificate,
        class: RefusalClass::Content,
        teaches: None,
        npm_codes: &[
            "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
            "SELF_SIGNED_CERT_IN_CHAIN",
            "DEPTH_ZERO_SELF_SIGNED_CERT",
            "CERT_HAS_EXPIRED",
            "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
        ],
        statuses: &[],
        patterns: &[
            &["unable to get local issuer certificate"],
            &["self-signed certificate"],
            &["self signed certificate"],
            &["certificate has expired"],
            &["invalid peer certificate"],
        ],
        explanation: Explanation {
            code: "untrusted-certificate",
            title: "the registry's TLS certificate is not trusted",
            causes: &[
                "a company's own certificate authority, which this machine does not know",
                "a proxy that opens TLS",
            ],
            fixes: &["give the authority's certificate: `npm config set cafile=<file>`, or install it on the machine"],
            says: &["request to https://registry.example/core failed, reason: unable to get local issuer certificate"],
        },
    },
    Row {
        code: RefusalCode::Redirected,
        class: RefusalClass::Content,
        teaches: None,
        npm_codes: &[],
        statuses: &[301, 302, 303, 307, 308],
        patterns: &[&["redirects the upload"]],
        explanation: Explanation {
            code: "redirected",
            title: "the registry redirects the upload, and credentials never follow a redirect",
            causes: &[
                "the address says `http` and the registry wants `https`",
                "the registry moved, or its path is incomplete",
            ],
            fixes: &["set `registry` to the address that the redirect names: `npm config set registry=<address>`"],
            says: &["the registry redirects the upload"],
        },
    },
    Row {
        code: RefusalCode::UnreadableChallenge,
        class: RefusalClass::Policy,
        teaches: None,
        npm_codes: &[],
        statuses: &[401],
        patterns: &[&["challenge with an address that is not http"]],
        explanation: Explanation {
            code: "unreadable-challenge",
            title: "the registry's 2FA challenge can't be followed",
            causes: &[
                "its addresses are missing or not http(s)",
                "what answers it would be fetched from another server",
            ],
            fixes: &[
                "check that the registry is the one you mean: `npm config get registry`",
                "pass a code: `relay publish --otp <code>`",
            ],
            says: &["the registry sent a challenge with an address that is not http or https"],
        },
    },
    Row {
        code: RefusalCode::NotOffered,
        class: RefusalClass::Policy,
        teaches: None,
        npm_codes: &["E405", "E501"],
        statuses: &[405, 501],
        patterns: &[&["method not allowed"], &["not implemented"]],
        explanation: Explanation {
            code: "not-offered",
            title: "the registry does not offer this",
            causes: &["it is a read-only mirror or proxy, or lacks the feature"],
            fixes: &[
                "publish to the registry behind it: `npm pkg set publishConfig.registry=<address>`, or `relay publish --registry <address>`",
            ],
            says: &["405 Method Not Allowed - PUT https://registry.example/core"],
        },
    },
];

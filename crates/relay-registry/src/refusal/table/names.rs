//! Refusals of names and content.

use crate::refusal::Explanation;
use crate::refusal::code::{RefusalClass, RefusalCode};

use super::Row;

pub(super) const ROWS: &[Row] = &[
    Row {
        code: RefusalCode::NameTooSimilar,
        class: RefusalClass::Policy,
        teaches: None,
        npm_codes: &["E403"],
        statuses: &[400, 403],
        patterns: &[&["package name too similar to existing package"]],
        explanation: Explanation {
            code: "name-too-similar",
            title: "the name is too much like one that exists",
            causes: &[
                "the registry's rule against look-alikes; it is checked at the upload only, so a free name proves nothing",
            ],
            fixes: &[
                "publish it in a scope: `npm pkg set name=@you/name`, then `relay publish --access public`",
                "or ask the registry's support",
            ],
            says: &[
                "Package name too similar to existing package(s) cores; try renaming your package to '@acme/core' and publishing with 'npm publish --access=public' instead",
            ],
        },
    },
    Row {
        code: RefusalCode::NameSpam,
        class: RefusalClass::Policy,
        teaches: None,
        npm_codes: &["E403"],
        statuses: &[400, 403],
        patterns: &[&["package name triggered spam detection"]],
        explanation: Explanation {
            code: "name-spam",
            title: "the registry takes the name for spam",
            causes: &["a filter of names; platform packages (`win32`) have met it"],
            fixes: &[
                "publish it in a scope: `npm pkg set name=@you/name`, then `relay publish --access public`",
                "or ask the registry's support, which can allow it",
            ],
            says: &["Package name triggered spam detection; if you believe this is in error, please contact support"],
        },
    },
    Row {
        code: RefusalCode::UnacceptableContent,
        class: RefusalClass::Policy,
        teaches: None,
        npm_codes: &["E400"],
        statuses: &[400, 403],
        patterns: &[&["this package contains unacceptable content"]],
        explanation: Explanation {
            code: "unacceptable-content",
            title: "the registry refuses the content",
            causes: &["a filter of contents found something"],
            fixes: &["look at what is in the tarball: `relay pack --json`", "ask the registry's support"],
            says: &["This package contains unacceptable content."],
        },
    },
    Row {
        code: RefusalCode::HeldByScan,
        class: RefusalClass::Verify,
        teaches: None,
        npm_codes: &[],
        statuses: &[],
        patterns: &[&["is being processed and may take"], &["being processed", "become available"]],
        explanation: Explanation {
            code: "held-by-scan",
            title: "accepted, and not yet installable",
            causes: &[
                "the registry scans each version for minutes before it shows it",
                "it was held for a look by hand, or is dual-use content that is not declared",
            ],
            fixes: &[
                "wait: `relay publish` again finds out; never upload it twice",
                "after hours: ask the registry's support; declare `contentPolicy.class` where it applies",
            ],
            says: &["Your package is being processed and may take a few minutes to become available."],
        },
    },
    Row {
        code: RefusalCode::PaymentRequired,
        class: RefusalClass::Content,
        teaches: None,
        npm_codes: &["E402"],
        statuses: &[402],
        patterns: &[&["you must sign up for private packages"], &["402 payment required"]],
        explanation: Explanation {
            code: "payment-required",
            title: "a new scoped package is private by default, and the account has no plan for that",
            causes: &["`access` is not set to `public`"],
            fixes: &[
                "make it public: `npm pkg set publishConfig.access=public` in its folder, or `relay publish --access public`",
            ],
            says: &[
                "402 Payment Required - PUT https://registry.example/@acme%2fcore - You must sign up for private packages",
            ],
        },
    },
];

//! Refusals of trusted publishing and staging.

use crate::refusal::Explanation;
use crate::refusal::code::{RefusalClass, RefusalCode};

use super::Row;
use super::advice::{MAKE_A_BYPASS_TOKEN, PUBLISH_THE_FIRST_VERSION, STAGE_IT};

pub(super) const ROWS: &[Row] = &[
    Row {
        code: RefusalCode::StageRequired,
        class: RefusalClass::Credential,
        teaches: None,
        npm_codes: &["E403", "E_STAGE_REQUIRED"],
        statuses: &[401, 403],
        patterns: &[&["e_stage_required"], &["npm stage publish"]],
        explanation: Explanation {
            code: "stage-required",
            title: "the token may stage versions and not publish them",
            causes: &["it is a granular token of the kind \"read and write (stage only)\""],
            fixes: &[
                STAGE_IT,
                "or publish directly with another credential: `npm login --registry=<url>`, then `relay publish` at a terminal",
                MAKE_A_BYPASS_TOKEN,
            ],
            says: &[
                "403 Forbidden - PUT https://registry.example/@acme%2fcore - E_STAGE_REQUIRED: use npm stage publish",
            ],
        },
    },
    Row {
        code: RefusalCode::TrustedPublisherDenied,
        class: RefusalClass::Policy,
        teaches: None,
        npm_codes: &["E403"],
        statuses: &[401, 403],
        patterns: &[&["oidc permission denied for this action"]],
        explanation: Explanation {
            code: "trusted-publisher-denied",
            title: "the trusted publisher is known, and its connection does not allow this",
            causes: &[
                "connections made since September 2026 allow staging only, unless direct publishing was ticked",
                "the package's settings exclude it",
            ],
            fixes: &[
                "see what the connection allows: `npm trust list <package>`",
                "make it anew with direct publishing allowed: `npm trust revoke <package> --id=<trust-id>`, then `npm trust github <package> --file=<workflow.yml> --repo=<owner/repo> --allow-publish`",
                STAGE_IT,
            ],
            says: &[
                "403 Forbidden - PUT https://registry.example/@acme%2fcore - OIDC permission denied for this action",
            ],
        },
    },
    Row {
        code: RefusalCode::NoTrustedPublisher,
        class: RefusalClass::Policy,
        teaches: None,
        npm_codes: &["E404"],
        statuses: &[404],
        patterns: &[&["oidc token exchange error - package not found"], &["token exchange error", "not found"]],
        explanation: Explanation {
            code: "no-trusted-publisher",
            title: "no trusted publisher fits this workflow, or the package does not exist yet",
            causes: &[
                "the package is new: its first version can't come from a trusted publisher",
                "workflow file (`.yml` or `.yaml`), environment, repository or owner differ, if only in case",
                "a reusable workflow: the calling workflow's file is what counts",
                "the repository was made after 15 July 2026 and has immutable subjects (npm/cli#9969)",
            ],
            fixes: &[
                "compare the connection with the workflow letter by letter, since npm does not check it when it is saved: `npm trust list <package>`",
                PUBLISH_THE_FIRST_VERSION,
            ],
            says: &["OIDC token exchange error - package not found"],
        },
    },
    Row {
        code: RefusalCode::IdTokenRefused,
        class: RefusalClass::Credential,
        teaches: None,
        npm_codes: &["E400", "E401"],
        statuses: &[400, 401],
        patterns: &[
            &["oidc token exchange error - unauthorized"],
            &["oidc token exchange error - bad request"],
            &["oidc token exchange error"],
        ],
        explanation: Explanation {
            code: "id-token-refused",
            title: "the registry does not accept the CI's ID token",
            causes: &["the ID token is too old: it lives minutes", "its audience is not `npm:<host of the registry>`"],
            fixes: &[
                "fetch a fresh ID token just before the exchange: `npm publish --loglevel=verbose` in the job shows what the registry says of it",
                "check the audience in the job's settings: `npm:<host of the registry>`",
            ],
            says: &["OIDC token exchange error - unauthorized", "OIDC token exchange error - bad request"],
        },
    },
    Row {
        code: RefusalCode::IdTokenPermission,
        class: RefusalClass::Content,
        teaches: None,
        npm_codes: &["EUSAGE"],
        statuses: &[],
        patterns: &[&["incorrect permissions for id-token"], &["write\" access to the \"id-token\" permission"]],
        explanation: Explanation {
            code: "id-token-permission",
            title: "the workflow may not ask for an ID token",
            causes: &["`permissions: id-token: write` is missing on the job, or on the caller of a reusable workflow"],
            fixes: &["add `permissions: { id-token: write, contents: read }` to the job, and to the calling job"],
            says: &[
                "Skipped because incorrect permissions for id-token within GitHub workflow",
                "Provenance generation in GitHub Actions requires \"write\" access to the \"id-token\" permission",
            ],
        },
    },
    Row {
        code: RefusalCode::TrustExists,
        class: RefusalClass::Policy,
        teaches: None,
        npm_codes: &["E409"],
        statuses: &[409],
        patterns: &[&["trusted publisher config already exists"]],
        explanation: Explanation {
            code: "trust-exists",
            title: "the package has a trusted publisher already",
            causes: &["the same connection exists, or the registry allows one per package"],
            fixes: &[
                "a connection can't be edited: `npm trust list <package>`, `npm trust revoke <package> --id=<trust-id>`, then create the new one: `npm trust github <package> --file=<workflow.yml> --repo=<owner/repo> --allow-publish`",
            ],
            says: &[
                "409 Conflict - trusted publisher config already exists for the package. Please delete and re-create.",
            ],
        },
    },
    Row {
        code: RefusalCode::TrustInvalid,
        class: RefusalClass::Content,
        teaches: None,
        npm_codes: &["E400"],
        statuses: &[400],
        patterns: &[&["invalid trusted publisher config"]],
        explanation: Explanation {
            code: "trust-invalid",
            title: "the registry does not take the trusted publisher's settings",
            causes: &[
                "a field is missing or has another form: a workflow's file is a base name that ends in `.yml` or `.yaml`",
                "the id of the connection is none",
            ],
            fixes: &[
                "look at what is there and at its ids: `npm trust list <package>`",
                "create it anew: `npm trust github <package> --file=<workflow.yml> --repo=<owner/repo> --allow-publish`",
            ],
            says: &["Invalid trusted publisher configuration", "Invalid trusted publisher config id format"],
        },
    },
    Row {
        code: RefusalCode::TrustNotFound,
        class: RefusalClass::Policy,
        teaches: None,
        npm_codes: &["E404"],
        statuses: &[404],
        patterns: &[&["trusted publisher configuration not found"]],
        explanation: Explanation {
            code: "trust-not-found",
            title: "the package has no such trusted publisher",
            causes: &["it was taken out already, or its id belongs to another package"],
            fixes: &["look at what is there: `npm trust list <package>`"],
            says: &["Trusted publisher configuration not found for the package"],
        },
    },
    Row {
        code: RefusalCode::TrustOtpFlag,
        class: RefusalClass::Content,
        teaches: None,
        npm_codes: &["EUSAGE"],
        statuses: &[],
        patterns: &[&["unknown positional argument"]],
        explanation: Explanation {
            code: "trust-otp-flag",
            title: "`npm trust` does not take `--otp`",
            causes: &["npm 12 has no such flag for this command"],
            fixes: &["give the code by the environment: `NPM_CONFIG_OTP=<code> npm trust list <package>`"],
            says: &["Unknown positional argument: 123456"],
        },
    },
    Row {
        code: RefusalCode::StageNeedsPackage,
        class: RefusalClass::Policy,
        teaches: None,
        npm_codes: &["E404"],
        statuses: &[404],
        patterns: &[&["the specified package does not exist"]],
        explanation: Explanation {
            code: "stage-needs-package",
            title: "a version can be staged only for a package that exists",
            causes: &["it would be the first version of a new package"],
            fixes: &[
                "publish the first version directly, at a terminal: `relay publish`; later ones can be staged: `npm stage publish`",
            ],
            says: &["404 Not Found - The specified package does not exist."],
        },
    },
];

//! Refusals that are about versions which are there already. Most of them ask for a look at the registry.

use crate::refusal::Explanation;
use crate::refusal::code::{RefusalClass, RefusalCode};

use super::Row;
use super::advice::PUBLISH_AGAIN;

pub(super) const ROWS: &[Row] = &[
    Row {
        code: RefusalCode::AlreadyPublished,
        class: RefusalClass::Verify,
        teaches: None,
        npm_codes: &["E403", "E400", "E409", "EPUBLISHCONFLICT"],
        statuses: &[400, 403, 409],
        patterns: &[
            &["cannot publish over the previously published versions"],
            &["cannot publish over previously published version"],
            &["cannot publish over existing version"],
            &["this package is already present"],
            &["package already exists"],
            &["cannot modify pre-existing version"],
        ],
        explanation: Explanation {
            code: "already-published",
            title: "the version is in the registry already",
            causes: &[
                "an upload whose answer was lost did land",
                "somebody else released it",
                "the version was unpublished: its number is burnt for ever",
            ],
            fixes: &[
                "run `relay publish` again: same bytes count as done, other bytes stop the package",
                "release the next version: `relay release`; see what is there: `npm view <package> versions`",
            ],
            says: &[
                "You cannot publish over the previously published versions: 1.0.0.",
                "Cannot publish over previously published version \"1.0.0\".",
                "this package is already present",
                "Package already exists",
            ],
        },
    },
    Row {
        code: RefusalCode::PreviouslyStaged,
        class: RefusalClass::Verify,
        teaches: None,
        npm_codes: &["E409"],
        statuses: &[403, 409],
        patterns: &[&["cannot publish over previously staged version"]],
        explanation: Explanation {
            code: "previously-staged",
            title: "the registry holds this version, accepted or staged",
            causes: &["it was accepted a moment ago and is still being scanned", "a staged version waits for approval"],
            fixes: &[
                "wait and run `relay publish` again: it compares the bytes",
                "look for a stage: `npm stage list <package>`; to upload other bytes: `npm stage reject <stage-id>`",
            ],
            says: &[
                "409 Conflict - PUT https://registry.example/core - Cannot publish over previously staged version \"1.0.0\".",
            ],
        },
    },
    Row {
        code: RefusalCode::AlreadyStaged,
        class: RefusalClass::Verify,
        teaches: None,
        npm_codes: &["E409"],
        statuses: &[403, 409],
        patterns: &[&["cannot stage previously published version"]],
        explanation: Explanation {
            code: "already-staged",
            title: "the version is staged or published already",
            causes: &["the text says published, and is also said of a version that is only staged"],
            fixes: &[
                "find the stage and compare its shasum: `npm stage list <package>`, `npm stage view <stage-id>`",
                "to replace it: `npm stage reject <stage-id>`",
            ],
            says: &["409 Conflict - Cannot stage previously published version \"1.0.0\""],
        },
    },
    Row {
        code: RefusalCode::PackumentBusy,
        class: RefusalClass::Verify,
        teaches: None,
        npm_codes: &["E409"],
        statuses: &[403, 409],
        patterns: &[&["failed to save packument"]],
        explanation: Explanation {
            code: "packument-busy",
            title: "the registry was still writing the package's document",
            causes: &[
                "two uploads or tag changes of one package ran at once",
                "the previous upload was not fully processed",
            ],
            fixes: &["wait half a minute and run `relay publish` again: it looks first whether the version arrived"],
            says: &[
                "409 Conflict - PUT https://registry.example/core - Failed to save packument. A common cause is if you try to publish a new package before the previous package has been fully processed.",
            ],
        },
    },
    Row {
        code: RefusalCode::Conflict,
        class: RefusalClass::Verify,
        teaches: None,
        npm_codes: &["E409"],
        statuses: &[409],
        patterns: &[&["409 conflict"]],
        explanation: Explanation {
            code: "conflict",
            title: "a conflict inside the registry; the version may have arrived all the same",
            causes: &[
                "a race inside the registry was lost (npm/cli#7376: refused in the same second in which it was published)",
            ],
            fixes: &[PUBLISH_AGAIN],
            says: &["409 Conflict - PUT https://registry.example/core"],
        },
    },
    Row {
        code: RefusalCode::RedeployDisabled,
        class: RefusalClass::Verify,
        teaches: None,
        npm_codes: &["E400"],
        statuses: &[400, 403, 409],
        patterns: &[&["does not allow updating assets"], &["redeploy"]],
        explanation: Explanation {
            code: "redeploy-disabled",
            title: "the repository takes each version once",
            causes: &["the version is there, and the repository's write policy is \"allow once\""],
            fixes: &[
                "run `relay publish` again: same bytes count as done",
                "release the next version: `relay release`",
            ],
            says: &["Repository does not allow updating assets: npm-hosted"],
        },
    },
    Row {
        code: RefusalCode::RecentlyUnpublished,
        class: RefusalClass::Policy,
        teaches: None,
        npm_codes: &["E403"],
        statuses: &[400, 403],
        patterns: &[&["cannot be republished until 24 hours have passed"]],
        explanation: Explanation {
            code: "recently-unpublished",
            title: "the name rests for 24 hours after all its versions were unpublished",
            causes: &["the last version of the package was unpublished less than a day ago"],
            fixes: &[
                "wait until the day is over, then run `relay publish` again; the old version numbers stay burnt: `npm view <package> time` shows them",
            ],
            says: &[
                "403 Forbidden - PUT https://registry.example/core - core cannot be republished until 24 hours have passed.",
            ],
        },
    },
    Row {
        code: RefusalCode::CannotUnpublish,
        class: RefusalClass::Policy,
        teaches: None,
        npm_codes: &["E405"],
        statuses: &[405, 403],
        patterns: &[&["can no longer unpublish this package"]],
        explanation: Explanation {
            code: "cannot-unpublish",
            title: "the version can't be taken back",
            causes: &[
                "other packages depend on it (those of the same monorepo count), it is older than 72 hours, or it is downloaded too often",
            ],
            fixes: &[
                "deprecate it: `npm deprecate <package>@<version> <text>`",
                "release a fixed version: `relay release`",
            ],
            says: &[
                "405 Method Not Allowed - You can no longer unpublish this package. Failed criteria: has dependent packages in the registry",
            ],
        },
    },
];

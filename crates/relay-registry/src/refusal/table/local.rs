//! Refusals that come before any request, by npm itself, and the rows for what fits nowhere else.

use crate::refusal::Explanation;
use crate::refusal::code::{RefusalClass, RefusalCode};

use super::Row;
use super::advice::TRUST_THE_WORKFLOW;

pub(super) const ROWS: &[Row] = &[
    Row {
        code: RefusalCode::PrivatePackage,
        class: RefusalClass::Content,
        teaches: None,
        npm_codes: &["EPRIVATE"],
        statuses: &[],
        patterns: &[&["this package has been marked as private"]],
        explanation: Explanation {
            code: "private-package",
            title: "the package is private",
            causes: &["`\"private\": true` in its package.json"],
            fixes: &[
                "nothing, if it is meant: relay skips private packages",
                "else: `npm pkg delete private` in its folder",
            ],
            says: &["This package has been marked as private"],
        },
    },
    Row {
        code: RefusalCode::UnscopedRestricted,
        class: RefusalClass::Content,
        teaches: None,
        npm_codes: &["EUNSCOPED"],
        statuses: &[],
        patterns: &[&["can't restrict access to unscoped packages"]],
        explanation: Explanation {
            code: "unscoped-restricted",
            title: "only scoped packages can be restricted",
            causes: &["`access` is `restricted` and the name has no scope"],
            fixes: &[
                "remove it: `npm pkg delete publishConfig.access` in its folder, or pass `--access public`",
                "or give the package a scope",
            ],
            says: &["Can't restrict access to unscoped packages."],
        },
    },
    Row {
        code: RefusalCode::InvalidVersion,
        class: RefusalClass::Content,
        teaches: None,
        npm_codes: &["EBADSEMVER"],
        statuses: &[],
        patterns: &[&["invalid semver:"], &["invalid version:"]],
        explanation: Explanation {
            code: "invalid-version",
            title: "the version is no semantic version",
            causes: &["`version` in package.json is misspelt"],
            fixes: &["write it as `1.2.3` or `1.2.3-beta.1`: `npm pkg set version=<version>` in its folder"],
            says: &["invalid semver: 1.0"],
        },
    },
    Row {
        code: RefusalCode::TagRule,
        class: RefusalClass::Content,
        teaches: None,
        npm_codes: &[],
        statuses: &[],
        patterns: &[
            &["tag name must not be a valid semver range"],
            &["you must specify a tag using --tag when publishing a prerelease"],
            &["cannot implicitly apply the \"latest\" tag"],
        ],
        explanation: Explanation {
            code: "tag-rule",
            title: "the dist-tag breaks a rule",
            causes: &[
                "a tag must not look like a version range",
                "a prerelease needs a tag of its own",
                "`latest` would move to a lower version than it has",
            ],
            fixes: &[
                "give a tag: `relay publish --tag next`, or `npm pkg set publishConfig.tag=next` in its folder",
                "see which tags there are: `npm dist-tag ls <package>`",
            ],
            says: &[
                "Tag name must not be a valid SemVer range: 1.x",
                "You must specify a tag using --tag when publishing a prerelease version.",
                "Cannot implicitly apply the \"latest\" tag because previously published version 2.0.0 is higher than the new version 1.0.1.",
            ],
        },
    },
    Row {
        code: RefusalCode::PackageExtensions,
        class: RefusalClass::Content,
        teaches: None,
        npm_codes: &["EPACKAGEEXTENSIONS"],
        statuses: &[],
        patterns: &[&["packageextensions is only honored at the project root"]],
        explanation: Explanation {
            code: "package-extensions",
            title: "`packageExtensions` must not be published",
            causes: &["the field counts in the root package.json only"],
            fixes: &["move it to the root's package.json: `npm pkg delete packageExtensions` in its folder"],
            says: &["packageExtensions is only honored at the project root and must not be published."],
        },
    },
    Row {
        code: RefusalCode::TokenTooLong,
        class: RefusalClass::Content,
        teaches: None,
        npm_codes: &["E400"],
        statuses: &[400],
        patterns: &[&["read-write tokens cannot have expiration longer than 90 days"]],
        explanation: Explanation {
            code: "token-too-long",
            title: "a token that may write lives 90 days at most",
            causes: &["a longer lifetime was asked for"],
            fixes: &[
                "ask for 90 days or less: `npm token create --name=relay --packages=<package> --packages-and-scopes-permission=read-write --bypass-2fa --expires=90`",
                TRUST_THE_WORKFLOW,
            ],
            says: &["Read-write tokens cannot have expiration longer than 90 days"],
        },
    },
    Row {
        code: RefusalCode::GithubPackagesDenied,
        class: RefusalClass::Credential,
        teaches: None,
        npm_codes: &["E403"],
        statuses: &[401, 403],
        patterns: &[&["permission_denied"], &["write_package"]],
        explanation: Explanation {
            code: "github-packages-denied",
            title: "GitHub Packages does not allow the write",
            causes: &[
                "the token lacks `write:packages`, or the job `permissions: packages: write`",
                "`repository` in package.json does not name the repository",
            ],
            fixes: &[
                "give the job `permissions: packages: write`, or the token `write:packages`",
                "name the repository: `npm pkg set repository.url=git+<address of the repository>` in its folder",
            ],
            says: &[
                "403 Forbidden - PUT https://registry.example/@acme%2fcore - Permission permission_denied: write_package",
            ],
        },
    },
    Row {
        code: RefusalCode::BadRequest,
        class: RefusalClass::Content,
        teaches: None,
        npm_codes: &["E400"],
        statuses: &[400],
        patterns: &[&["400 bad request"]],
        explanation: Explanation {
            code: "bad-request",
            title: "the registry takes the upload for malformed",
            causes: &["a name, version or field that this registry does not accept"],
            fixes: &[
                "read the registry's text; it names the field",
                "see what npm says of it: `npm publish --dry-run`; and what is packed: `relay pack --json`",
            ],
            says: &["400 Bad Request - PUT https://registry.example/core"],
        },
    },
    Row {
        code: RefusalCode::TrustDowngrade,
        class: RefusalClass::Policy,
        teaches: None,
        npm_codes: &["ERR_PNPM_TRUST_DOWNGRADE"],
        statuses: &[],
        patterns: &[&["trust downgrade for"], &["trust_downgrade"]],
        explanation: Explanation {
            code: "trust-downgrade",
            title: "pnpm does not install a version that shows less of how it was published than an earlier one",
            causes: &[
                "`trustPolicy: no-downgrade` is set, and an earlier version was staged and approved, or published by a trusted publisher with provenance, and this one was not",
            ],
            fixes: &[
                "publish the next version as the earlier one was, by staging or in CI; `relay plan` stops what would be less",
                "whoever installs it can name it: `trustPolicyExclude: [\"<package>@<version>\"]` in pnpm-workspace.yaml",
            ],
            says: &[
                "High-risk trust downgrade for \"core@1.0.1\" (possible package takeover)",
                "ERR_PNPM_TRUST_DOWNGRADE",
            ],
        },
    },
    Row {
        code: RefusalCode::TooYoung,
        class: RefusalClass::Policy,
        teaches: None,
        npm_codes: &["ERR_PNPM_MINIMUM_RELEASE_AGE_VIOLATION"],
        statuses: &[],
        patterns: &[&["minimum_release_age_violation"], &["minimumreleaseage"]],
        explanation: Explanation {
            code: "too-young",
            title: "pnpm does not install a version that is younger than `minimumReleaseAge`",
            causes: &["pnpm 11 and later wait for a day, also with a frozen lockfile"],
            fixes: &[
                "leave your own packages out: `minimumReleaseAgeExclude: [\"@scope/*\"]` in pnpm-workspace.yaml; `relay doctor` looks for it",
            ],
            says: &["ERR_PNPM_MINIMUM_RELEASE_AGE_VIOLATION"],
        },
    },
    Row {
        code: RefusalCode::Unrecognised,
        class: RefusalClass::Policy,
        teaches: None,
        npm_codes: &[],
        statuses: &[],
        patterns: &[],
        explanation: Explanation {
            code: "unrecognised",
            title: "the registry refused in a way that relay does not know",
            causes: &["a registry with rules of its own"],
            fixes: &[
                "see who you are there and whether you may write: `npm whoami --registry=<url>`, `npm access list collaborators <package>`",
                "see which settings count: `npm config list`; whether the registry answers: `npm ping --registry=<url>`",
                "have everything told: `npm publish --loglevel=verbose`, or `RELAY_LOG=debug relay publish`",
                "report it with the registry's text, so that the next one gets an explanation",
            ],
            says: &[],
        },
    },
];

//! Refusals that are about who asks: credentials that are missing, dead, foreign or too weak.

use crate::refusal::Explanation;
use crate::refusal::code::{RefusalClass, RefusalCode};

use super::Row;
use super::advice::{CLASSIC_TOKENS_ENDED, LOG_IN, LOOK_AT_THE_ACCESS, MAKE_A_BYPASS_TOKEN, SEE_WHO_IS_LOGGED_IN};

pub(super) const ROWS: &[Row] = &[
    Row {
        code: RefusalCode::NeedAuth,
        class: RefusalClass::Credential,
        teaches: None,
        npm_codes: &["ENEEDAUTH"],
        statuses: &[],
        patterns: &[
            &["requires you to be logged in"],
            &["no authentication configured for request"],
            &["missing authentication (run"],
        ],
        explanation: Explanation {
            code: "need-auth",
            title: "there is no usable credential for the registry",
            causes: &[
                "no credential key in `.npmrc` names exactly this registry",
                "the variable that the key refers to is empty or unset in this shell or CI job",
                "the exchange of the CI's ID token failed without a word (trusted publishing)",
            ],
            fixes: &[
                LOG_IN,
                "or write `//host/path/:_authToken=${NPM_TOKEN}` into `.npmrc`, with the slash before the colon, and set the variable",
                "see which keys count: `npm config list`; in CI, print the exchange's error: `npm publish --loglevel=verbose`",
            ],
            says: &[
                "This command requires you to be logged in to https://registry.example/",
                "No authentication configured for request",
                "missing authentication (run `bunx npm login`)",
            ],
        },
    },
    Row {
        code: RefusalCode::UnscopedAuth,
        class: RefusalClass::Content,
        teaches: None,
        npm_codes: &["ERR_INVALID_AUTH"],
        statuses: &[],
        patterns: &[&["invalid auth configuration found"], &["must be renamed to", "_auth"]],
        explanation: Explanation {
            code: "unscoped-auth",
            title: "a credential in `.npmrc` names no registry, and npm refuses such keys",
            causes: &["`_authToken`, `_auth`, `username` or `_password` stand without `//host/:` before them"],
            fixes: &["let npm rename the key: `npm config fix`", "or rename it yourself: `//host/:_authToken=…`"],
            says: &[
                "Invalid auth configuration found: `_authToken` must be renamed to `//registry.example/:_authToken` in user config",
            ],
        },
    },
    Row {
        code: RefusalCode::Unauthorized,
        class: RefusalClass::Credential,
        teaches: None,
        npm_codes: &["E401"],
        statuses: &[401],
        patterns: &[&["401 unauthorized"], &["response code: 401", "request method: put"]],
        explanation: Explanation {
            code: "unauthorized",
            title: "the registry does not accept the credential",
            causes: &[
                "the token expired or was revoked: write tokens live 90 days at most, sessions 2 hours",
                CLASSIC_TOKENS_ENDED,
                "the token belongs to another registry",
                "no token was sent, because no key in `.npmrc` covers this address",
            ],
            fixes: &[
                LOG_IN,
                MAKE_A_BYPASS_TOKEN,
                "see which tokens live: `npm token list`; the key in `.npmrc` must have the registry's host, port and path: `npm config list`",
            ],
            says: &["401 Unauthorized - PUT https://registry.example/@acme%2fcore - Unauthorized"],
        },
    },
    Row {
        code: RefusalCode::WrongAuthScheme,
        class: RefusalClass::Credential,
        teaches: None,
        npm_codes: &["E401"],
        statuses: &[401],
        patterns: &[&["unable to authenticate, need:"], &["unable to authenticate"]],
        explanation: Explanation {
            code: "wrong-auth-scheme",
            title: "the registry wants another kind of credential",
            causes: &["the registry takes user and password (`Basic`) where a token was sent, or the reverse"],
            fixes: &[
                "give user and password: `npm config set //host/:_auth=<base64 of user:password>`, as the registry's manual says",
                "or, where the registry takes tokens: `npm login --registry=<url>`",
            ],
            says: &["Unable to authenticate, need: BASIC realm=\"Artifactory\""],
        },
    },
    Row {
        code: RefusalCode::AddressNotAllowed,
        class: RefusalClass::Credential,
        teaches: None,
        npm_codes: &["EAUTHIP"],
        statuses: &[401, 403],
        patterns: &[&["not allowed from your ip address"]],
        explanation: Explanation {
            code: "address-not-allowed",
            title: "the token or account may not be used from this address",
            causes: &["the token is limited to a range of addresses (CIDR), and this machine is outside"],
            fixes: &[
                "run it from an allowed network; `npm token list` shows each token's range",
                "or make a token with another range: `npm token create --name=relay --packages=<package> --packages-and-scopes-permission=read-write --cidr=<range> --bypass-2fa --expires=90`",
            ],
            says: &["Login is not allowed from your IP address"],
        },
    },
    Row {
        code: RefusalCode::DeadCredential,
        class: RefusalClass::Credential,
        teaches: None,
        npm_codes: &["E404"],
        statuses: &[401, 403, 404],
        patterns: &[&["access token expired or revoked"], &["token expired or revoked"]],
        explanation: Explanation {
            code: "dead-credential",
            title: "the token is dead: expired or revoked",
            causes: &[
                "its lifetime is over (90 days at most for write tokens, 2 hours for a session)",
                CLASSIC_TOKENS_ENDED,
                "the placeholder of `actions/setup-node` was sent instead of a token",
            ],
            fixes: &[
                LOG_IN,
                MAKE_A_BYPASS_TOKEN,
                "better for CI: a trusted publisher, which needs no stored token: `npm trust github <package> --file=<workflow.yml> --repo=<owner/repo> --allow-publish`",
            ],
            says: &["Access token expired or revoked. Please try logging in again."],
        },
    },
    Row {
        code: RefusalCode::PlaceholderToken,
        class: RefusalClass::Credential,
        teaches: None,
        npm_codes: &["E404"],
        statuses: &[],
        patterns: &[&["xxxxx-xxxxx"], &["_authtoken=${"], &["bearer ${"]],
        explanation: Explanation {
            code: "placeholder-token",
            title: "a placeholder was taken for a token",
            causes: &[
                "`actions/setup-node` with `registry-url` exports `NODE_AUTH_TOKEN=XXXXX-XXXXX-XXXXX-XXXXX` when no token is given",
                "a variable in `.npmrc` is unset, so its name itself was sent as the token",
            ],
            fixes: &[
                "set the variable in the job's `env`, and look: `npm whoami --registry=<url>`",
                "with a trusted publisher: unset `NODE_AUTH_TOKEN` and drop `registry-url`",
            ],
            says: &["NODE_AUTH_TOKEN: XXXXX-XXXXX-XXXXX-XXXXX", "//registry.example/:_authToken=${NPM_TOKEN}"],
        },
    },
    Row {
        code: RefusalCode::CredentialLacksRight,
        class: RefusalClass::Credential,
        teaches: None,
        npm_codes: &["E403"],
        statuses: &[401, 403],
        patterns: &[&["you may not perform that action with these credentials"]],
        explanation: Explanation {
            code: "credential-lacks-right",
            title: "the credential is valid, and may not do this",
            causes: &[
                "the token is read-only or may only stage",
                "the token's list of packages lacks this one",
                "a token limited to packages can't create a new name",
            ],
            fixes: &[
                "make a token whose list has this package: `npm token create --name=relay --packages=<package> --packages-and-scopes-permission=read-write --bypass-2fa --expires=90`; a new name needs its scope (`--scopes=<scope>`) or `--packages-all`",
                "or publish this version as a person: `npm login --registry=<url>`, then `relay publish` at a terminal",
                "several tokens: one `[[credential]]` each in `relay.toml`, with its `packages`; `npm token list` shows those that live",
            ],
            says: &[
                "403 Forbidden - PUT https://registry.example/@acme%2fcore - You may not perform that action with these credentials.",
            ],
        },
    },
    Row {
        code: RefusalCode::InsufficientPermissions,
        class: RefusalClass::Credential,
        teaches: None,
        npm_codes: &["E403"],
        statuses: &[401, 403],
        patterns: &[&["insufficient permissions to access"]],
        explanation: Explanation {
            code: "insufficient-permissions",
            title: "the account may not write this package",
            causes: &["the account is no maintainer of the package, or its team has read access only"],
            fixes: &[
                "let an owner grant it: `npm owner add <user> <package>`, or its team: `npm access grant read-write <scope:team> <package>`",
                "see who may write it: `npm access list collaborators <package>`; and who you are: `npm whoami --registry=<url>`",
            ],
            says: &[
                "Insufficient permissions to access this resource",
                "Insufficient permissions to access trusted publisher configurations for this package",
            ],
        },
    },
    Row {
        code: RefusalCode::NotYourPackage,
        class: RefusalClass::Credential,
        teaches: None,
        npm_codes: &["E403"],
        statuses: &[401, 403],
        patterns: &[&["you do not have permission to publish"]],
        explanation: Explanation {
            code: "not-your-package",
            title: "the name belongs to somebody else",
            causes: &[
                "the package exists and the account is no maintainer",
                "another account is logged in than you think",
            ],
            fixes: &[
                SEE_WHO_IS_LOGGED_IN,
                "let an owner add you: `npm owner add <user> <package>`; `npm owner ls <package>` names the owners",
                "or rename the package, best into a scope of your own",
            ],
            says: &["You do not have permission to publish \"core\". Are you logged in as the correct user?"],
        },
    },
    Row {
        code: RefusalCode::ScopeNotFound,
        class: RefusalClass::Credential,
        teaches: None,
        npm_codes: &["E404"],
        statuses: &[404],
        patterns: &[&["scope not found"]],
        explanation: Explanation {
            code: "scope-not-found",
            title: "the scope does not exist, or the account is no member of it",
            causes: &[
                "the organisation or user of that name does not exist",
                "the account is no member of the organisation",
            ],
            fixes: &[
                "see what the account belongs to: `npm org ls <scope>`, as whom: `npm whoami --registry=<url>`",
                "create the organisation on the web site (your account's menu, Add an Organization), or be invited: `npm org set <scope> <user> developer`",
                "check the scope's spelling in package.json",
            ],
            says: &["404 Not Found - PUT https://registry.example/@acme%2fcore - Scope not found"],
        },
    },
    Row {
        code: RefusalCode::MaskedForbidden,
        class: RefusalClass::Credential,
        teaches: None,
        npm_codes: &["E404"],
        statuses: &[404],
        patterns: &[
            &["could not be found or you do not have permission to access it"],
            &["404 not found - put"],
            &["is not in this registry"],
            &["does not exist in this registry"],
            &["failed to publish package", "404 not found"],
            &["response code: 404", "request method: put"],
        ],
        explanation: Explanation {
            code: "masked-forbidden",
            title: "a 404 on an upload: the registry hides that the credential may not write here",
            causes: &[
                "the token expired or was revoked; classic tokens all ended in December 2025",
                "the account may not write the package, or left the organisation",
                "another account's token was sent",
                "no trusted publisher fitted, and what was left had no rights",
            ],
            fixes: &[
                "see whether the token lives: `npm whoami --registry=<url>`; if not: `npm login --registry=<url>`, or a new token: `npm token create`",
                "see whether the account may write: `npm access list collaborators <package>`; an owner can add it: `npm owner add <user> <package>`",
                "with a trusted publisher: `npm trust list <package>`, and compare repository, workflow file and environment letter by letter",
            ],
            says: &[
                "404 Not Found - PUT https://registry.example/@acme%2fcore - Not found",
                "The requested resource '@acme/core@1.0.0' could not be found or you do not have permission to access it.",
                "'@acme/core@1.0.0' is not in this registry.",
                "Failed to publish package @acme/core@1.0.0 (status 404 Not Found): {\"error\":\"Not found\"}",
            ],
        },
    },
    Row {
        code: RefusalCode::Forbidden,
        class: RefusalClass::Credential,
        teaches: None,
        npm_codes: &["E403"],
        statuses: &[403],
        patterns: &[
            &["403 forbidden - put"],
            &["failed to publish package", "403 forbidden"],
            &["response code: 403", "request method: put"],
        ],
        explanation: Explanation {
            code: "forbidden",
            title: "the registry refuses and gives no reason",
            causes: &[
                "after a good exchange of the CI's ID token: the connection allows staging only (the default since September 2026)",
                "the account or token has too few rights for the package",
            ],
            fixes: &[
                "try as a person: `npm login --registry=<url>`, then `relay publish` at a terminal",
                "with a trusted publisher: see what its connection allows: `npm trust list <package>`; direct publishing needs `--allow-publish`, else stage: `npm stage publish`",
                LOOK_AT_THE_ACCESS,
            ],
            says: &["403 Forbidden - PUT https://registry.example/@acme%2fcore"],
        },
    },
    Row {
        code: RefusalCode::TokenCannotAdminister,
        class: RefusalClass::Credential,
        teaches: None,
        npm_codes: &["E401", "E403"],
        statuses: &[401, 403],
        patterns: &[&["tokens that bypass 2fa are being restricted"]],
        explanation: Explanation {
            code: "token-cannot-administer",
            title: "no granular token may change accounts, access, trust or tokens",
            causes: &[
                "since July 2026 these need a session and a person; the text speaks of bypass, and means every granular token",
            ],
            fixes: &["log in as a person, then run it again and answer the challenge: `npm login --registry=<url>`"],
            says: &["npm tokens that bypass 2FA are being restricted from account changes"],
        },
    },
    Row {
        code: RefusalCode::DistTagRefused,
        class: RefusalClass::Credential,
        teaches: None,
        npm_codes: &[],
        statuses: &[],
        patterns: &[&["/dist-tags/"], &["npm dist-tag"]],
        explanation: Explanation {
            code: "dist-tag-refused",
            title: "the dist-tag was refused; the publish itself is not concerned",
            causes: &["the short-lived token of a trusted publisher is not known to be good for dist-tags"],
            fixes: &[
                "give the tag with the publish itself: `relay publish --tag <tag>`",
                "or move it as a person: `npm login --registry=<url>`, then `npm dist-tag add <package>@<version> <tag>`",
            ],
            says: &["401 Unauthorized - PUT https://registry.example/-/package/@acme%2fcore/dist-tags/latest"],
        },
    },
];

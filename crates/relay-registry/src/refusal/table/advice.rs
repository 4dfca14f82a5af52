//! Sentences that help with several refusals, each with its command. The commands are npm 12's, which a test asks.
//!
//! `<url>`, `<package>`, `<version>` and `<tag>` stand for those of the upload that was refused, and are filled in where one
//! was. The web site is named in words: its address depends on the registry.

/// A cause: what became of the tokens that older guides still tell of (`npm-registry.md`, 0.1).
pub(super) const CLASSIC_TOKENS_ENDED: &str = "it is a classic token: all of these ended in December 2025";

pub(super) const LOG_IN: &str = "log in: `npm login --registry=<url>`";

pub(super) const SEE_WHO_IS_LOGGED_IN: &str = "see who is logged in: `npm whoami --registry=<url>`";

pub(super) const PUBLISH_AS_A_PERSON: &str = "publish it as a person: `npm login --registry=<url>`, then `relay publish` at a terminal, and answer the challenge";

/// The announced end is `npm token create`'s own warning.
pub(super) const MAKE_A_BYPASS_TOKEN: &str = "make a granular token that bypasses 2FA: `npm token create --name=relay \
     --packages=<package> --packages-and-scopes-permission=read-write --bypass-2fa --expires=90`; npm has announced January \
     2027 as the end of publishing directly with such tokens, which then may only stage versions for approval";

/// npm's command sets up an authenticator app, of which the registry offers no new ones (`npm-registry.md`, 0.1).
pub(super) const TURN_ON_TWO_FACTOR: &str = "turn on 2FA on the web site with a security key or passkey: your account's \
     menu, Account, Two-Factor Authentication, mode \"authorization and writes\"; with an authenticator app that the account \
     has already: `npm profile enable-2fa auth-and-writes` (`npm profile get` shows the mode)";

pub(super) const ALLOW_TOKENS_AGAIN: &str = "or let an owner allow tokens again: `npm access set mfa=automation <package>`, \
     or on the web site the package's page, Settings, Publishing access (the path /package/<package>/access); `npm access set \
     mfa=publish <package>` disallows them again";

pub(super) const LOOK_AT_THE_ACCESS: &str = "see who may write it: `npm access list collaborators <package>`; whether tokens \
     may, only the web site shows: the package's page, Settings, Publishing access (the path /package/<package>/access)";

pub(super) const TRUST_THE_WORKFLOW: &str = "for CI, a trusted publisher needs no stored token: `npm trust github <package> \
     --file=<workflow.yml> --repo=<owner/repo> --allow-publish`";

pub(super) const STAGE_IT: &str = "stage the version: `npm stage publish`; a person approves it: `npm stage list <package>`, \
     then `npm stage approve <stage-id>`";

pub(super) const PUBLISH_THE_FIRST_VERSION: &str = "publish the first version by hand (`npm login --registry=<url>`, then \
     `relay publish` at a terminal), then add the connection: `npm trust github <package> --file=<workflow.yml> \
     --repo=<owner/repo> --allow-publish`";

pub(super) const PUBLISH_AGAIN: &str = "run `relay publish` again: it looks first, and sends only what is missing";

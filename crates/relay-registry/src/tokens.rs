//! An account's tokens as values: what a list shows of them, and what a new one is to be (`npm-registry.md`, 4.3 to 4.5).

use jiff::Timestamp;
use relay_values::Printable;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value, json};

use crate::credential::Credential;

/// The most packages and scopes that one token may name (`npm-registry.md`, 4.4).
pub const TOKEN_PACKAGES_MAX: usize = 50;
/// The most organisations that one token may name.
pub const TOKEN_ORGS_MAX: usize = 50;
/// The longest life of a token that may write, in days.
pub const WRITE_TOKEN_DAYS_MAX: u32 = 90;
/// How long a token that may write lives where nothing is said, in days.
pub const WRITE_TOKEN_DAYS_DEFAULT: u32 = 7;
/// How long one that only reads lives where nothing is said, in days.
pub const READ_TOKEN_DAYS_DEFAULT: u32 = 30;

/// The most of a name that is shown, in characters.
const TEXT_CHARS_MAX: usize = 200;
/// The most names that are kept of one token.
const NAMES_MAX: usize = 1_000;
/// The fewest characters of a token that its shown form must have, so that it tells one token from others.
const SHOWN_CHARS_MIN: usize = 8;

/// A token as a list shows it; its secret is not in there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenEntry {
    /// What it is revoked by.
    pub key: String,
    /// Its first and last characters, such as `npm_aBcD...7890`.
    pub shown: String,
    /// What its owner called it. A session may have no name.
    pub name: Option<String>,
    /// What its owner wrote beside it.
    pub description: Option<String>,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// When it was used last.
    pub accessed: Option<Timestamp>,
    /// When it ends.
    pub expires: Option<Timestamp>,
    /// Whether it only reads.
    pub read_only: bool,
    /// Whether it bypasses the second factor.
    pub bypass: bool,
    /// Whether it may only stage versions.
    pub stage_only: bool,
    /// Whether it was revoked.
    pub revoked: bool,
    /// The networks that it may come from; none: any.
    pub cidr: Vec<String>,
    /// What it reaches. Empty: the registry does not say, as for a session.
    pub covers: Vec<TokenCover>,
}

/// One thing that a token reaches.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TokenCover {
    /// `package`, `scope` or `org`.
    pub kind: String,
    /// Which; `None`: all of the kind.
    pub name: Option<String>,
}

/// What the question for an account's tokens brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenList {
    /// All of them.
    Listed(Vec<TokenEntry>),
    /// The registry shows them to sessions alone, and this is none or a dead one.
    NeedsSession,
    /// The registry has no such list.
    NotOffered,
}

/// What a token may do with packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenPermission {
    /// Read them.
    Read,
    /// Read and publish them.
    Write,
    /// Read them and stage versions, which a person approves.
    StageOnly,
    /// Nothing.
    NoAccess,
}

/// A token that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenWish {
    /// What it is called.
    pub name: String,
    /// A text beside it.
    pub description: Option<String>,
    /// The packages it reaches.
    pub packages: Vec<String>,
    /// It reaches all packages.
    pub packages_all: bool,
    /// The scopes it reaches, with their `@`.
    pub scopes: Vec<String>,
    /// The organisations it reaches.
    pub orgs: Vec<String>,
    /// What it may do with packages and scopes.
    pub permission: TokenPermission,
    /// What it may do with organisations.
    pub orgs_permission: TokenPermission,
    /// Its life, in days; `None`: the registry's own.
    pub days: Option<u32>,
    /// The networks it may come from.
    pub cidr: Vec<String>,
    /// It bypasses the second factor.
    pub bypass: bool,
}

/// A token that was made just now. Its secret is shown this once, and nowhere known yet as one to be struck out.
#[derive(Debug, Clone)]
pub struct CreatedToken {
    /// The secret.
    pub secret: SecretString,
    /// What a list shows of it.
    pub entry: TokenEntry,
}

impl TokenPermission {
    /// As npm's registry writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read-only",
            Self::Write => "read-write",
            Self::StageOnly => "read-write-stage-only",
            Self::NoAccess => "no-access",
        }
    }

    /// Says whether something can be changed by it.
    pub fn writes(self) -> bool {
        matches!(self, Self::Write | Self::StageOnly)
    }
}

impl TokenEntry {
    /// Reads one of a list. `None`: it has no key, by which alone something can be done about it.
    pub(crate) fn read(object: &Value) -> Option<Self> {
        let text = |field: &str| words(object.get(field)?);
        let flag = |field: &str| object.get(field) == Some(&Value::Bool(true));
        let date = |field: &str| object.get(field)?.as_str()?.parse::<Timestamp>().ok();
        let list = |field: &str| object.get(field).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let cidr = list("cidr").iter().chain(list("cidr_whitelist")).filter_map(words);
        let mut cidr: Vec<String> = cidr.take(NAMES_MAX).collect();
        cidr.sort();
        cidr.dedup();
        let cover = |scope: &Value| {
            Some(TokenCover { kind: words(scope.get("type")?)?, name: scope.get("name").and_then(words) })
        };
        // How a stage-only token shows itself is not documented (`npm-registry.md`, 4.3): what has been seen of it counts.
        let stage_only = object.get("publish_policy").and_then(Value::as_str) == Some("stage_only")
            || list("permissions")
                .iter()
                .any(|one| one.get("action").and_then(Value::as_str).is_some_and(|action| action.contains("stage")));
        Some(Self {
            key: text("key").filter(|key| !key.is_empty())?,
            shown: text("token").unwrap_or_default(),
            name: text("name").filter(|name| !name.is_empty()),
            description: text("description").filter(|text| !text.is_empty()),
            created: date("created"),
            accessed: date("accessed"),
            expires: date("expiry").or_else(|| date("expires")),
            read_only: flag("readonly"),
            bypass: flag("bypass_2fa"),
            stage_only,
            revoked: !matches!(object.get("revoked"), None | Some(Value::Null | Value::Bool(false))),
            cidr,
            covers: list("scopes").iter().filter_map(cover).take(NAMES_MAX).collect(),
        })
    }

    /// Says whether this is the token of a credential, as far as its first and last characters tell (`npm-registry.md`, 4.6).
    pub fn is_of(&self, credential: &Credential) -> bool {
        let Some((head, tail)) = self.shown.split_once("...").or_else(|| self.shown.split_once('…')) else {
            return false;
        };
        credential.token().is_some_and(|token| {
            let token = token.expose_secret();
            let shown = head.len() + tail.len();
            shown >= SHOWN_CHARS_MIN && token.len() > shown && token.starts_with(head) && token.ends_with(tail)
        })
    }
}

impl TokenWish {
    /// The body, as npm sends it (`npm-registry.md`, 4.4). It holds the password.
    pub(crate) fn body(&self, password: &SecretString) -> Value {
        let mut body = Map::new();
        let mut set = |field: &str, value: Value| body.insert(field.to_owned(), value);
        set("name", json!(self.name));
        set("password", json!(password.expose_secret()));
        if let Some(description) = &self.description {
            set("description", json!(description));
        }
        for (field, names) in [("packages", &self.packages), ("scopes", &self.scopes), ("orgs", &self.orgs)] {
            if !names.is_empty() {
                set(field, json!(names));
            }
        }
        if self.packages_all {
            set("packages_all", json!(true));
        }
        if self.permission != TokenPermission::NoAccess {
            set("packages_and_scopes_permission", json!(self.permission.as_str()));
        }
        if self.orgs_permission != TokenPermission::NoAccess {
            set("orgs_permission", json!(self.orgs_permission.as_str()));
        }
        if let Some(days) = self.days {
            set("expires", json!(days));
        }
        if !self.cidr.is_empty() {
            set("cidr_whitelist", json!(self.cidr));
        }
        if self.bypass {
            set("bypass_2fa", json!(true));
        }
        Value::Object(body)
    }
}

impl CreatedToken {
    /// Reads the answer to a creation. `None`: it has no token.
    pub(crate) fn read(body: &Value) -> Option<Self> {
        let secret = body.get("token")?.as_str().filter(|token| !token.is_empty())?;
        let secret = SecretString::from(secret);
        // The secret stands where a list has the shown form.
        let mut entry = body.clone();
        if let Value::Object(fields) = &mut entry {
            fields.insert("token".to_owned(), Value::String(String::new()));
        }
        Some(Self { secret, entry: TokenEntry::read(&entry)? })
    }
}

fn words(value: &Value) -> Option<String> {
    Some(String::from(Printable::words(value.as_str()?, TEXT_CHARS_MAX)))
}

#[cfg(test)]
mod tests {
    use relay_values::CredentialId;

    use super::*;
    use crate::url::RegistryUrl;

    fn wish() -> TokenWish {
        TokenWish {
            name: "ci".to_owned(),
            description: None,
            packages: vec!["@acme/core".to_owned()],
            packages_all: false,
            scopes: Vec::new(),
            orgs: Vec::new(),
            permission: TokenPermission::StageOnly,
            orgs_permission: TokenPermission::NoAccess,
            days: None,
            cidr: Vec::new(),
            bypass: false,
        }
    }

    #[test]
    fn a_wish_is_sent_as_npm_sends_it_and_leaves_out_what_is_not_said() {
        let body = wish().body(&"p".into());
        let expected = json!({ "name": "ci", "password": "p", "packages": ["@acme/core"],
            "packages_and_scopes_permission": "read-write-stage-only" });
        assert_eq!(body, expected);
        let whole = TokenWish {
            description: Some("d".to_owned()),
            packages_all: true,
            scopes: vec!["@s".to_owned()],
            orgs: vec!["s".to_owned()],
            orgs_permission: TokenPermission::Read,
            days: Some(30),
            cidr: vec!["10.0.0.0/8".to_owned()],
            bypass: true,
            permission: TokenPermission::Write,
            ..wish()
        };
        let expected = json!({ "name": "ci", "password": "p", "description": "d", "packages": ["@acme/core"],
            "packages_all": true, "scopes": ["@s"], "orgs": ["s"], "packages_and_scopes_permission": "read-write",
            "orgs_permission": "read-only", "expires": 30, "cidr_whitelist": ["10.0.0.0/8"], "bypass_2fa": true });
        assert_eq!(whole.body(&"p".into()), expected);
    }

    #[test]
    fn a_listed_token_is_read_leniently() {
        let entry = TokenEntry::read(&json!({ "key": "k", "token": "npm_aBcD...7890", "name": "a\u{1b}[31m",
            "expiry": "2027-01-31T00:00:00.000Z", "readonly": false, "bypass_2fa": true, "cidr": ["10.0.0.0/8"],
            "cidr_whitelist": ["10.0.0.0/8"], "scopes": [{ "type": "package", "name": null }, 7], "revoked": null,
            "publish_policy": "stage_only", "created": "no date" }))
        .unwrap();
        assert!(entry.bypass && entry.stage_only && !entry.revoked && !entry.read_only);
        assert!(!entry.name.unwrap().contains('\u{1b}'));
        assert_eq!(entry.cidr, ["10.0.0.0/8"]);
        assert_eq!(entry.covers, [TokenCover { kind: "package".to_owned(), name: None }]);
        assert_eq!((entry.created, entry.expires), (None, Some("2027-01-31T00:00:00Z".parse().unwrap())));
        for none in [json!({}), json!({ "key": "" }), json!([])] {
            assert_eq!(TokenEntry::read(&none), None);
        }
    }

    #[test]
    fn a_token_is_known_by_its_ends_where_they_tell_enough() {
        let registry = RegistryUrl::parse("https://registry.example").unwrap();
        let credential =
            |token: &str| Credential::new_bearer(token.into(), CredentialId::made(registry.clone(), "a test"));
        let shown = |shown: &str| TokenEntry::read(&json!({ "key": "k", "token": shown })).unwrap();
        let mine = credential("npm_aBcDxxxxxxxx7890");
        assert!(shown("npm_aBcD...7890").is_of(&mine) && shown("npm_aBcD…7890").is_of(&mine));
        for other in ["npm_aBcE...7890", "npm_aBcD...7891", "...7890", "npm_...", "", "npm_aBcDxxxxxxxx7890"] {
            assert!(!shown(other).is_of(&mine), "{other}");
        }
        assert!(!shown("npm_aBcD...D...7890").is_of(&credential("npm_aBcD")));
    }

    #[test]
    fn a_new_token_is_shown_by_nothing_but_its_secret() {
        let made = CreatedToken::read(&json!({ "key": "k", "token": "npm_canary", "name": "ci" })).unwrap();
        assert_eq!(made.secret.expose_secret(), "npm_canary");
        assert!(!format!("{made:?}").contains("canary"), "{made:?}");
        for none in [json!({ "key": "k" }), json!({ "key": "k", "token": "" }), json!({ "token": "npm_x" })] {
            assert!(CreatedToken::read(&none).is_none(), "{none}");
        }
    }
}

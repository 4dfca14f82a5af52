//! What relay remembers of the sessions that it began: since when each lasts, and the web site of its registry. No registry
//! tells either. The token itself is not in here, only what tells it from others, by a salt.
//!
//! It lies in the person's own state folder, since a session belongs to a person and not to a clone.

use std::collections::BTreeMap;
use std::time::Duration;

use camino::Utf8Path;
use jiff::Timestamp;
use jiff::civil::Date;
use relay_config::CredentialKind;
use relay_registry::{Credential, fresh_salt};
use relay_values::RegistryUrl;
use relay_workspace::read_regular_text;
use serde::{Deserialize, Serialize};

/// The file's name inside the person's state folder.
pub const SESSIONS_FILE_NAME: &str = "sessions.json";
/// The largest file that is read back, in bytes.
const SESSIONS_SIZE_BYTES_MAX: u64 = 1024 * 1024;
/// The most tokens that are remembered of one registry; those whose list was read longest ago are forgotten first.
const TOKENS_MAX: usize = 64;
/// How long a session of npm's registry lasts (`npm-registry.md`, 3.5).
pub const SESSION_LIFETIME: Duration = Duration::from_hours(2);

/// What is remembered, one session a registry: a login takes the place of the one before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names are those of the file")]
pub struct Sessions {
    /// What the fingerprints are made with.
    #[serde(default)]
    salt: Option<String>,
    #[serde(default)]
    sessions: BTreeMap<RegistryUrl, Remembered>,
    /// Granular tokens of which a registry's list has told, by fingerprint.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    tokens: BTreeMap<RegistryUrl, BTreeMap<String, ToldToken>>,
}

/// What a registry's list has told of a granular token, which can't be asked itself (`npm-registry.md`, 4.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldToken {
    /// What kind it is.
    pub kind: CredentialKind,
    /// The day it dies, in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Date>,
    /// When the list was read.
    pub on: Date,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Remembered {
    fingerprint: String,
    since: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    website: Option<String>,
}

impl Sessions {
    /// Reads what is remembered; a missing or broken file tells nothing.
    pub fn read(folder: &Utf8Path) -> Self {
        let text = read_regular_text(&folder.join(SESSIONS_FILE_NAME), SESSIONS_SIZE_BYTES_MAX).ok().flatten();
        text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    }

    /// Writes what is remembered, readable by the person alone.
    ///
    /// # Errors
    /// The file's path and what the system says.
    pub fn write(&self, folder: &Utf8Path) -> Result<(), relay_workspace::WriteError> {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        relay_workspace::write_privately(&folder.join(SESSIONS_FILE_NAME), text.as_bytes())
    }

    /// Remembers a session that began at a time.
    pub fn remember(&mut self, credential: &Credential, since: Timestamp, website: Option<String>) {
        let salt = self.salt.get_or_insert_with(fresh_salt);
        let fingerprint = credential.fingerprint(salt);
        let before = self.sessions.get(credential.registry()).and_then(|known| known.website.clone());
        let website = website.or(before);
        self.sessions.insert(credential.registry().clone(), Remembered { fingerprint, since, website });
    }

    /// Since when this very session lasts. `None`: relay did not begin it.
    pub fn since(&self, credential: &Credential) -> Option<Timestamp> {
        let known = self.sessions.get(credential.registry())?;
        (known.fingerprint == credential.fingerprint(self.salt.as_deref()?)).then_some(known.since)
    }

    /// Remembers what a list has told of a token.
    pub fn remember_token(&mut self, credential: &Credential, told: ToldToken) {
        let salt = self.salt.get_or_insert_with(fresh_salt);
        let fingerprint = credential.fingerprint(salt);
        let tokens = self.tokens.entry(credential.registry().clone()).or_default();
        tokens.insert(fingerprint, told);
        while tokens.len() > TOKENS_MAX {
            let oldest = tokens.iter().min_by_key(|(_, told)| told.on).map(|(fingerprint, _)| fingerprint.clone());
            tokens.retain(|fingerprint, _| Some(fingerprint) != oldest.as_ref());
        }
    }

    /// What a list has told of this very token.
    pub fn token(&self, credential: &Credential) -> Option<ToldToken> {
        self.tokens.get(credential.registry())?.get(&credential.fingerprint(self.salt.as_deref()?)).copied()
    }

    /// The web site of a registry, where a login has shown it.
    pub fn website(&self, registry: &RegistryUrl) -> Option<&str> {
        self.sessions.get(registry)?.website.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use relay_values::CredentialId;

    use super::*;

    fn credential(token: &str) -> Credential {
        let registry = RegistryUrl::parse("https://registry.example/").unwrap();
        Credential::new_bearer(token.into(), CredentialId::made(registry, "a test"))
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_session_is_known_by_its_token_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(folder.path()).unwrap();
        let mut sessions = Sessions::read(folder);
        let (old, new) = (credential("npm_old"), credential("npm_new"));
        assert_eq!(sessions.since(&old), None);
        sessions.remember(&old, at("2026-11-29T10:00:00Z"), Some("https://web.example".to_owned()));
        sessions.write(folder).unwrap();
        let mut sessions = Sessions::read(folder);
        assert_eq!(sessions.since(&old), Some(at("2026-11-29T10:00:00Z")));
        assert_eq!(sessions.since(&new), None);
        // A login by name shows no web site; the one that is known stays.
        sessions.remember(&new, at("2026-11-29T12:00:00Z"), None);
        assert_eq!((sessions.since(&old), sessions.since(&new)), (None, Some(at("2026-11-29T12:00:00Z"))));
        assert_eq!(sessions.website(new.registry()), Some("https://web.example"));
    }

    #[test]
    fn what_a_list_has_told_of_a_token_is_known_of_that_token_alone() {
        let told = |day| ToldToken {
            kind: CredentialKind::GranularBypass,
            expires: None,
            on: jiff::civil::date(2026, 11, day),
        };
        let mut sessions = Sessions::default();
        sessions.remember_token(&credential("npm_canary"), told(1));
        let text = serde_json::to_string(&sessions).unwrap();
        assert!(!text.contains("canary"), "{text}");
        let mut sessions: Sessions = serde_json::from_str(&text).unwrap();
        assert_eq!(sessions.token(&credential("npm_canary")), Some(told(1)));
        assert_eq!(sessions.token(&credential("npm_other")), None);
        for number in 0..80 {
            sessions.remember_token(&credential(&format!("npm_{number}")), told(2));
        }
        assert_eq!(sessions.tokens.values().map(BTreeMap::len).sum::<usize>(), TOKENS_MAX);
        assert_eq!(sessions.token(&credential("npm_canary")), None, "the oldest is forgotten first");
    }

    #[test]
    fn neither_the_token_nor_a_broken_file_is_believed() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(folder.path()).unwrap();
        let mut sessions = Sessions::default();
        sessions.remember(&credential("npm_canary"), at("2026-11-29T10:00:00Z"), None);
        sessions.write(folder).unwrap();
        let file = folder.join(SESSIONS_FILE_NAME);
        assert!(!std::fs::read_to_string(&file).unwrap().contains("canary"));
        for broken in ["", "{", "[]", r#"{"sessions":{"no address":{}}}"#] {
            std::fs::write(&file, broken).unwrap();
            assert_eq!(Sessions::read(folder), Sessions::default(), "{broken}");
        }
    }
}

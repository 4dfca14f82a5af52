//! The secrets that this process knows, struck out of every text that leaves it.
//!
//! Secrets are kept apart by their types first; this is the second net, for what comes back: a registry that repeats the
//! header it got, a proxy's page, an address with a password. Whoever reads a secret says so here ([`know`]), and all ways
//! out go through [`strike`]. What a registry or a program says goes through [`strike_all`] before it is cut to a length,
//! since half a secret would not be recognised any more.
//!
//! A register of the whole process is right here: it is one process whose output must not have them, whoever writes it.
//!
//! A secret is looked for as it is, and as it looks in JSON, in an address and in base64. Short ones and plain words (many
//! private registries take the token `fake`) are struck out of foreign text only, and only as whole words: a plan in which a
//! package named `fake` lost its name would be of no use, and nothing would be kept secret by it.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::{PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret as _, SecretString};

use crate::token_text::{NoToken, no_token};

/// What stands where a secret was.
pub const STRUCK_OUT: &str = "***";

/// Shorter texts, in bytes, protect nothing and would be found everywhere.
const SECRET_BYTES_MIN: usize = 4;
/// From this length on, in bytes, a secret is looked for inside words too.
const INSIDE_WORDS_BYTES_MIN: usize = 8;
/// From this length on, in bytes, a text can't stand in a name by chance whatever it is made of.
const DISTINCT_BYTES_MIN: usize = 24;
/// The most forms that are kept. A run knows a handful of secrets.
const FORMS_MAX: usize = 4_096;

static KNOWN: RwLock<Register> = RwLock::new(Register::new());

/// Lets a secret be known. White space around it is no part of it.
pub fn know(secret: &SecretString) {
    // Each package's credential is read anew, and mostly it is the same one.
    let is_known = KNOWN.read().unwrap_or_else(PoisonError::into_inner).has(secret.expose_secret().trim());
    if !is_known {
        change(|known| known.add(secret.expose_secret()));
    }
}

/// Lets a user's password be known, alone and as the pair that a header carries.
pub fn know_pair(user: &str, password: &SecretString) {
    let pair = SecretString::from(format!("{user}:{}", password.expose_secret()));
    if KNOWN.read().unwrap_or_else(PoisonError::into_inner).has(pair.expose_secret().trim()) {
        return;
    }
    change(|known| {
        known.add(password.expose_secret());
        known.add(pair.expose_secret());
    });
}

/// Forgets all secrets, for a time in which none may be in memory.
pub fn forget_all() {
    change(|known| *known = Register::new());
}

/// Says whether a text holds a secret that is known, whatever the secret looks like.
pub fn holds_a_secret(text: &str) -> bool {
    matches!(strike_all(text), Cow::Owned(_))
}

/// A text of relay's own without the secrets that can't be anything else.
pub fn strike(text: &str) -> Cow<'_, str> {
    KNOWN.read().unwrap_or_else(PoisonError::into_inner).strike(text, Net::Distinct)
}

/// A foreign text without any secret.
pub fn strike_all(text: &str) -> Cow<'_, str> {
    KNOWN.read().unwrap_or_else(PoisonError::into_inner).strike(text, Net::All)
}

fn change(change: impl FnOnce(&mut Register)) {
    change(&mut KNOWN.write().unwrap_or_else(PoisonError::into_inner));
}

/// Which forms are looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Net {
    /// Those that stand in no text by chance.
    Distinct,
    All,
}

/// One way in which a secret may be written.
struct Form {
    text: SecretString,
    /// It counts inside words too.
    inside_words: bool,
    /// It can't be a name or a number.
    distinct: bool,
}

struct Register {
    /// The longest first, so that a pair is found before the password in it.
    forms: Vec<Form>,
    /// The places of forms, by the byte that they begin with.
    by_first: [Vec<usize>; 256],
}

impl Register {
    const fn new() -> Self {
        Self { forms: Vec::new(), by_first: [const { Vec::new() }; 256] }
    }

    fn add(&mut self, secret: &str) {
        let secret = secret.trim();
        // A placeholder is no secret, and messages about it name it.
        if secret.len() < SECRET_BYTES_MIN || no_token(secret) == Some(NoToken::Placeholder) {
            return;
        }
        self.add_form(secret);
        for escaped in [in_json(secret), in_address(secret, true), in_address(secret, false)] {
            self.add_form(&escaped);
        }
        for engine in [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD] {
            let encoded = engine.encode(secret);
            self.add_form(&encoded);
            self.add_form(&in_address(&encoded, true));
            self.add_form(&in_address(&encoded, false));
        }
    }

    fn has(&self, text: &str) -> bool {
        let places = text.bytes().next().map_or(&[][..], |first| self.beginning_with(first));
        places.iter().filter_map(|place| self.forms.get(*place)).any(|form| form.text.expose_secret() == text)
    }

    fn add_form(&mut self, text: &str) {
        if self.has(text) || text.len() < SECRET_BYTES_MIN || self.forms.len() >= FORMS_MAX {
            return;
        }
        let at = self.forms.partition_point(|form| form.text.expose_secret().len() >= text.len());
        let form = Form {
            text: text.to_owned().into(),
            inside_words: text.len() >= INSIDE_WORDS_BYTES_MIN,
            distinct: is_distinct(text),
        };
        self.forms.insert(at, form);
        self.by_first = [const { Vec::new() }; 256];
        for (place, form) in self.forms.iter().enumerate() {
            let first = form.text.expose_secret().bytes().next();
            if let Some(places) = first.and_then(|first| self.by_first.get_mut(usize::from(first))) {
                places.push(place);
            }
        }
    }

    /// One pass over the text. Nothing is copied where nothing is found.
    fn strike<'a>(&self, text: &'a str, net: Net) -> Cow<'a, str> {
        if self.forms.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut struck = String::new();
        let mut kept = 0;
        let mut at = 0;
        while let Some(found) =
            text.as_bytes().get(at..).and_then(|rest| rest.iter().position(|byte| self.begins(*byte)))
        {
            at += found;
            match self.found_at(text, at, net) {
                Some(length) => {
                    struck.push_str(text.get(kept..at).unwrap_or_default());
                    struck.push_str(STRUCK_OUT);
                    at += length;
                    kept = at;
                }
                None => at += 1,
            }
        }
        if kept == 0 && struck.is_empty() {
            return Cow::Borrowed(text);
        }
        struck.push_str(text.get(kept..).unwrap_or_default());
        Cow::Owned(struck)
    }

    fn begins(&self, byte: u8) -> bool {
        !self.beginning_with(byte).is_empty()
    }

    fn beginning_with(&self, byte: u8) -> &[usize] {
        self.by_first.get(usize::from(byte)).map_or(&[], Vec::as_slice)
    }

    /// The length of the longest form that stands at this place.
    fn found_at(&self, text: &str, at: usize, net: Net) -> Option<usize> {
        let bytes = text.as_bytes();
        let rest = bytes.get(at..)?;
        let is_word = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80);
        let stands = |form: &&Form| {
            let form_text = form.text.expose_secret();
            (net == Net::All || form.distinct)
                && rest.starts_with(form_text.as_bytes())
                && (form.inside_words
                    || !(is_word(at.checked_sub(1).and_then(|before| bytes.get(before)))
                        || is_word(rest.get(form_text.len()))))
        };
        let places = rest.first().map_or(&[][..], |first| self.beginning_with(*first));
        places
            .iter()
            .filter_map(|place| self.forms.get(*place))
            .find(stands)
            .map(|form| form.text.expose_secret().len())
    }
}

/// Says whether a text is like nothing that names, numbers and words are made of.
fn is_distinct(text: &str) -> bool {
    let has = |class: fn(&u8) -> bool| usize::from(text.as_bytes().iter().any(class));
    let classes = has(u8::is_ascii_lowercase) + has(u8::is_ascii_uppercase) + has(u8::is_ascii_digit);
    text.len() >= DISTINCT_BYTES_MIN || (text.len() >= INSIDE_WORDS_BYTES_MIN && classes > 1)
}

/// As it stands between the quotes of JSON.
fn in_json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned()
}

/// As it stands in an address, with digits of either case.
fn in_address(text: &str, upper: bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            byte if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) => escaped.push(char::from(byte)),
            // Writing to a String never fails.
            byte if upper => drop(write!(escaped, "%{byte:02X}")),
            byte => drop(write!(escaped, "%{byte:02x}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests;

//! Finds tokens and private keys by their form, and leaves alone what only stands for one.
//!
//! A short table on purpose: each form is one that its issuer documents, so that a match is nearly always right.

use super::{Finding, Rule};

/// The kinds of secret that are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretKind {
    /// A token of npm: `npm_` and 36 letters and digits.
    NpmToken,
    /// A token in an `.npmrc` line: `_authToken=…`.
    NpmrcToken,
    /// A token of GitHub: `ghp_`, `gho_`, `ghu_`, `ghs_`, `ghr_` and 36 letters and digits, or `github_pat_…`.
    GithubToken,
    /// An AWS access key id: `AKIA` or `ASIA` and 16 capitals and digits.
    AwsKeyId,
    /// An AWS secret access key behind its variable's name.
    AwsSecretKey,
    /// A private key in PEM form.
    PrivateKey,
}

impl SecretKind {
    /// The kind in words, with its article.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NpmToken => "an npm token",
            Self::NpmrcToken => "a registry token in `.npmrc` form",
            Self::GithubToken => "a GitHub token",
            Self::AwsKeyId => "an AWS access key id",
            Self::AwsSecretKey => "an AWS secret access key",
            Self::PrivateKey => "a private key",
        }
    }
}

/// How many findings one file gives; a file with more has one problem, not many.
const FINDINGS_PER_FILE_MAX: usize = 5;

/// How many different characters a text of 36 or more must have to be a real token. A random one has about 27, and
/// fewer than 15 less often than once in ten million.
const DISTINCT_CHARACTERS_MIN: usize = 15;

/// The same for the 36 characters of a UUID, of which there are 17 kinds: a random one has about 15.
const UUID_DISTINCT_CHARACTERS_MIN: usize = 10;

/// How far behind a key's first line its body may start: encrypted keys have header lines between.
const KEY_HEADER_BYTES_MAX: usize = 400;

/// A text that begins a secret, and what must follow.
struct Form {
    start: &'static [u8],
    kind: SecretKind,
    length: fn(&[u8]) -> Option<usize>,
}

const FORMS: [Form; 17] = [
    Form { start: b"npm_", kind: SecretKind::NpmToken, length: |rest| token(rest, 36, 36, is_alphanumeric) },
    Form { start: b"ghp_", kind: SecretKind::GithubToken, length: github },
    Form { start: b"gho_", kind: SecretKind::GithubToken, length: github },
    Form { start: b"ghu_", kind: SecretKind::GithubToken, length: github },
    Form { start: b"ghs_", kind: SecretKind::GithubToken, length: github },
    Form { start: b"ghr_", kind: SecretKind::GithubToken, length: github },
    Form { start: b"github_pat_", kind: SecretKind::GithubToken, length: |rest| token(rest, 70, 100, is_word) },
    Form { start: b"AKIA", kind: SecretKind::AwsKeyId, length: aws_key_id },
    Form { start: b"ASIA", kind: SecretKind::AwsKeyId, length: aws_key_id },
    Form { start: b"_authToken", kind: SecretKind::NpmrcToken, length: npmrc_token },
    Form { start: b"_auth", kind: SecretKind::NpmrcToken, length: npmrc_login },
    Form { start: b"aws_secret_access_key", kind: SecretKind::AwsSecretKey, length: aws_secret },
    Form { start: b"AWS_SECRET_ACCESS_KEY", kind: SecretKind::AwsSecretKey, length: aws_secret },
    Form { start: b"secretAccessKey", kind: SecretKind::AwsSecretKey, length: aws_secret },
    Form { start: b"SecretAccessKey", kind: SecretKind::AwsSecretKey, length: aws_secret },
    Form { start: b"aws_secret_key", kind: SecretKind::AwsSecretKey, length: aws_secret },
    Form { start: b"-----BEGIN ", kind: SecretKind::PrivateKey, length: private_key },
];

/// The first secret of a text.
pub(crate) fn first_secret(content: &[u8]) -> Option<SecretKind> {
    Matches { content, at: 0 }.next().map(|(kind, _)| kind)
}

/// The findings of a file.
pub(super) fn scan(path: &str, content: &[u8]) -> Vec<Finding> {
    Matches { content, at: 0 }
        .take(FINDINGS_PER_FILE_MAX)
        .map(|(kind, offset)| {
            let before = content.get(..offset).unwrap_or_default();
            let line = before.split(|byte| *byte == b'\n').count();
            Finding {
                rule: Rule::Secret,
                file: path.to_owned(),
                text: format!("line {line} holds {}", kind.as_str()),
                help: format!(
                    "revoke it, then take it out of `{path}` or leave the file out of the package with `files`"
                ),
            }
        })
        .collect()
}

struct Matches<'a> {
    content: &'a [u8],
    at: usize,
}

impl Iterator for Matches<'_> {
    type Item = (SecretKind, usize);

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(rest) = self.content.get(self.at..) {
            // Only these bytes begin any form.
            let ahead =
                rest.iter().position(|byte| matches!(byte, b'n' | b'g' | b'A' | b'_' | b'a' | b'-' | b's' | b'S'))?;
            let offset = self.at + ahead;
            self.at = offset + 1;
            let rest = self.content.get(offset..)?;
            let inside_word =
                offset.checked_sub(1).and_then(|before| self.content.get(before)).is_some_and(|byte| is_word(*byte));
            for form in &FORMS {
                let Some(tail) = rest.strip_prefix(form.start) else { continue };
                // `_authToken` follows a colon or nothing; the others are words of their own.
                if inside_word {
                    continue;
                }
                if let Some(length) = (form.length)(tail) {
                    self.at = offset + form.start.len() + length;
                    return Some((form.kind, offset));
                }
            }
        }
        None
    }
}

fn is_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The length of a token of `least` to `most` characters that ends where its alphabet does and doesn't look made up.
fn token(rest: &[u8], least: usize, most: usize, alphabet: fn(u8) -> bool) -> Option<usize> {
    let length = rest.iter().take_while(|byte| alphabet(**byte)).count();
    let text = rest.get(..length)?;
    ((least..=most).contains(&length) && !is_placeholder(text)).then_some(length)
}

fn github(rest: &[u8]) -> Option<usize> {
    token(rest, 36, 255, is_alphanumeric)
}

fn aws_key_id(rest: &[u8]) -> Option<usize> {
    let length = rest.iter().take_while(|byte| is_word(**byte)).count();
    let text = rest.get(..length)?;
    let fits = length == 16 && text.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let real =
        distinct(text) >= 8 && text.iter().any(u8::is_ascii_digit) && !contains(text, b"EXAMPLE") && !has_run(text);
    (fits && real).then_some(length)
}

fn npmrc_token(rest: &[u8]) -> Option<usize> {
    let value = assigned(rest)?;
    let skipped = rest.len() - value.len();
    let length = value
        .iter()
        .take_while(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'`' | b',' | b';'))
        .count();
    let text = value.get(..length)?;
    if is_uuid(text) {
        return Some(skipped + length);
    }
    let plain = text.iter().all(|byte| is_word(*byte) || matches!(byte, b'-' | b'.' | b'=' | b'/' | b'+'));
    (plain && length >= 24 && text.iter().any(u8::is_ascii_digit) && !is_placeholder(text)).then_some(skipped + length)
}

/// npm's tokens before 2021 are UUIDs, whose few letters a made-up one has too: those that repeat or count are none.
fn is_uuid(text: &[u8]) -> bool {
    let lengths = text.split(|byte| *byte == b'-').map(<[u8]>::len);
    lengths.eq([8, 4, 4, 4, 12])
        && text.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b'-')
        && distinct(text) >= UUID_DISTINCT_CHARACTERS_MIN
        && !has_run(text)
}

/// `_auth=`: name and password, in base64.
fn npmrc_login(rest: &[u8]) -> Option<usize> {
    use base64::Engine as _;
    let value = assigned(rest)?;
    let skipped = rest.len() - value.len();
    let in_login = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'+' | b'=');
    let length = value.iter().take_while(in_login).count();
    let decoded = base64::engine::general_purpose::STANDARD.decode(value.get(..length)?).ok()?;
    let decoded = std::str::from_utf8(&decoded).ok()?;
    let (name, password) = decoded.split_once(':')?;
    let real = !name.is_empty() && name.chars().all(|c| c.is_ascii_graphic()) && password.len() >= 8;
    (real && !is_made_up(password.as_bytes())).then_some(skipped + length)
}

fn aws_secret(rest: &[u8]) -> Option<usize> {
    let value = assigned(rest)?;
    let skipped = rest.len() - value.len();
    let in_key = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'+' | b'=');
    token(value, 40, 40, in_key).map(|length| skipped + length)
}

/// What is behind `=` or `:`, with spaces and a quotation mark around.
fn assigned(rest: &[u8]) -> Option<&[u8]> {
    let skip =
        |text: &[u8], what: &[u8], most: usize| text.iter().take(most).take_while(|byte| what.contains(byte)).count();
    let mut rest = rest.get(skip(rest, b" \"'", 3)..)?;
    if !matches!(rest.first(), Some(b'=' | b':')) {
        return None;
    }
    rest = rest.get(1..)?;
    rest.get(skip(rest, b" \"'", 3)..)
}

fn private_key(rest: &[u8]) -> Option<usize> {
    const END: &[u8] = b"PRIVATE KEY-----";
    let start = rest.get(..60.min(rest.len()))?.windows(END.len()).position(|window| window == END)?;
    let kind = rest.get(..start)?;
    if !kind.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b' ') {
        return None;
    }
    let after = start + END.len();
    let tail = rest.get(after..)?;
    // The body begins on a line of its own; in source text the line end may be written as `\n`.
    let near = tail.get(..tail.len().min(KEY_HEADER_BYTES_MAX))?;
    let in_body = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let lines = near.split(|byte| matches!(byte, b'\n' | b'\r' | b'\\' | b'"' | b'\'' | b' ' | b'`'));
    let has_body = lines.skip(1).any(|line| {
        let line = line.strip_prefix(b"n").filter(|_| contains(near, b"\\n")).unwrap_or(line);
        line.len() >= 32
            && line.iter().all(|byte| in_body(*byte))
            && distinct(line) >= DISTINCT_CHARACTERS_MIN
            && !has_run(line)
    });
    has_body.then_some(after)
}

/// Says whether a text only stands for a token: few different characters, a row of the alphabet, or a telling word.
fn is_placeholder(text: &[u8]) -> bool {
    distinct(text) < DISTINCT_CHARACTERS_MIN || is_made_up(text)
}

fn is_made_up(text: &[u8]) -> bool {
    let lower = text.to_ascii_lowercase();
    let words: [&[u8]; 9] = [
        b"example",
        b"placeholder",
        b"xxxxx",
        b"yourtoken",
        b"your_token",
        b"redacted",
        b"changeme",
        b"dummy",
        b"password",
    ];
    has_run(text) || words.iter().any(|word| contains(&lower, word))
}

fn distinct(text: &[u8]) -> usize {
    let mut seen = [false; 256];
    for byte in text {
        if let Some(slot) = seen.get_mut(usize::from(*byte)) {
            *slot = true;
        }
    }
    seen.iter().filter(|slot| **slot).count()
}

/// Says whether six characters follow each other as in the alphabet or in counting.
fn has_run(text: &[u8]) -> bool {
    text.windows(6).any(|window| window.iter().zip(window.iter().skip(1)).all(|(a, b)| a.checked_add(1) == Some(*b)))
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

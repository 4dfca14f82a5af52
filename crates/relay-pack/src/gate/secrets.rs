//! Finds tokens and private keys by their form, and leaves alone what only stands for one.
//!
//! A short table on purpose: each form is one that its issuer documents, so that a match is nearly always right.

use relay_config::FindingName;
use relay_values::Printable;

use super::Findings;

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
    /// A token of GitLab: `glpat-…`.
    GitlabToken,
    /// A token of Atlassian's, Bitbucket among them: `ATATT3…`, `ATCTT3…`.
    AtlassianToken,
    /// A key of an Azure storage account in a connection string: `AccountKey=` and 64 bytes in base64.
    AzureKey,
    /// A token of `DigitalOcean`: `dop_v1_` and 64 hexadecimal digits.
    DigitalOceanToken,
    /// A token of Slack: `xoxb-…`, `xoxp-…`.
    SlackToken,
    /// A live secret key of Stripe: `sk_live_…`, `rk_live_…`.
    StripeKey,
    /// A token of the Python package index: `pypi-…`.
    PypiToken,
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
            Self::GitlabToken => "a GitLab token",
            Self::AtlassianToken => "an Atlassian token",
            Self::AzureKey => "a key of an Azure storage account",
            Self::DigitalOceanToken => "a DigitalOcean token",
            Self::SlackToken => "a Slack token",
            Self::StripeKey => "a secret key of Stripe",
            Self::PypiToken => "a PyPI token",
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

/// The same for a text of 20 characters or more behind a beginning that nothing else has: a random one has about 17.
const SHORT_DISTINCT_CHARACTERS_MIN: usize = 10;

/// How far behind a key's first line its body may start: encrypted keys have header lines between.
const KEY_HEADER_BYTES_MAX: usize = 400;

/// A text that begins a secret, and what must follow.
struct Form {
    start: &'static [u8],
    kind: SecretKind,
    length: fn(&[u8]) -> Option<usize>,
}

const FORMS: [Form; 28] = [
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
    Form { start: b":_password", kind: SecretKind::NpmrcToken, length: npmrc_password },
    Form { start: b"glpat-", kind: SecretKind::GitlabToken, length: |rest| short(rest, 20, 300) },
    Form { start: b"ATATT3xFfGF0", kind: SecretKind::AtlassianToken, length: |rest| short(rest, 100, 300) },
    Form { start: b"ATCTT3xFfGN0", kind: SecretKind::AtlassianToken, length: |rest| short(rest, 100, 300) },
    Form { start: b"AccountKey", kind: SecretKind::AzureKey, length: azure_key },
    Form { start: b"dop_v1_", kind: SecretKind::DigitalOceanToken, length: |rest| token(rest, 64, 64, is_small_hex) },
    Form { start: b"xoxb-", kind: SecretKind::SlackToken, length: |rest| short(rest, 40, 200) },
    Form { start: b"xoxp-", kind: SecretKind::SlackToken, length: |rest| short(rest, 40, 200) },
    Form { start: b"sk_live_", kind: SecretKind::StripeKey, length: |rest| short(rest, 24, 255) },
    Form { start: b"rk_live_", kind: SecretKind::StripeKey, length: |rest| short(rest, 24, 255) },
    Form { start: b"pypi-AgEIcHlwaS5vcmc", kind: SecretKind::PypiToken, length: |rest| short(rest, 70, 400) },
    Form { start: b"-----BEGIN ", kind: SecretKind::PrivateKey, length: private_key },
];

/// The first secret of a text.
pub(crate) fn first_secret(content: &[u8]) -> Option<SecretKind> {
    Matches { content, at: 0 }.next().map(|(kind, _)| kind)
}

/// Adds what a file holds.
pub(super) fn scan(path: &str, content: &[u8], findings: &mut Findings<'_>) {
    for (kind, offset) in (Matches { content, at: 0 }).take(FINDINGS_PER_FILE_MAX) {
        let before = content.get(..offset).unwrap_or_default();
        let line = before.split(|byte| *byte == b'\n').count();
        let help = format!(
            "revoke it, then take it out of `{}` or leave the file out of the package with `files`",
            Printable::name(path)
        );
        findings.add(FindingName::Secret, Some(path), format!("line {line} holds {}", kind.as_str()), help);
    }
}

struct Matches<'a> {
    content: &'a [u8],
    at: usize,
}

impl Iterator for Matches<'_> {
    type Item = (SecretKind, usize);

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(rest) = self.content.get(self.at..) {
            let ahead = rest.windows(2).position(begins_a_form)?;
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

/// Says whether a form begins with these two bytes.
fn begins_a_form(pair: &[u8]) -> bool {
    matches!(
        pair,
        b"np"
            | b"gh"
            | b"gi"
            | b"gl"
            | b"AK"
            | b"AS"
            | b"_a"
            | b":_"
            | b"aw"
            | b"AW"
            | b"se"
            | b"Se"
            | b"--"
            | b"xo"
            | b"sk"
            | b"rk"
            | b"do"
            | b"Ac"
            | b"AT"
            | b"py"
    )
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

fn is_small_hex(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'a'..=b'f')
}

/// A token of letters, digits, `-`, `_` and `.` behind a beginning that is telling by itself, so that fewer different characters
/// are enough.
fn short(rest: &[u8], least: usize, most: usize) -> Option<usize> {
    let length = rest.iter().take_while(|byte| is_word(**byte) || matches!(byte, b'-' | b'.')).count();
    let text = rest.get(..length)?;
    let text = text.strip_suffix(b".").unwrap_or(text);
    let real =
        (least..=most).contains(&text.len()) && distinct(text) >= SHORT_DISTINCT_CHARACTERS_MIN && !is_made_up(text);
    (real && text.iter().any(u8::is_ascii_digit)).then_some(length)
}

/// `AccountKey=`: 64 bytes in base64.
fn azure_key(rest: &[u8]) -> Option<usize> {
    let value = assigned(rest)?;
    let in_key = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'+' | b'=');
    token(value, 88, 88, in_key)
        .filter(|_| value.get(86..88) == Some(b"=="))
        .map(|length| rest.len() - value.len() + length)
}

/// `:_password=` of an `.npmrc`: a password in base64.
fn npmrc_password(rest: &[u8]) -> Option<usize> {
    use base64::Engine as _;
    let value = assigned(rest)?;
    let in_password = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'+' | b'=');
    let length = value.iter().take_while(in_password).count();
    let decoded = base64::engine::general_purpose::STANDARD.decode(value.get(..length)?).ok()?;
    let real = decoded.len() >= 8 && decoded.iter().all(u8::is_ascii_graphic) && !is_made_up(&decoded);
    real.then_some(rest.len() - value.len() + length)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_looked_for() {
        for form in &FORMS {
            assert!(begins_a_form(&form.start[..2]), "{}", String::from_utf8_lossy(form.start));
        }
    }
}

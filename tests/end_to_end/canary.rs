//! Secrets that were given to a run and must come out of it nowhere: not in its output, and in no file that it leaves (S1, S7).

use std::fmt::Write as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// The forms in which secrets are looked for.
#[derive(Default)]
pub(crate) struct Canaries(Vec<(String, String)>);

impl Canaries {
    /// Looks for these, each as it is, in base64 wherever it stands in what was encoded, and percent-encoded.
    pub(crate) fn of(secrets: &[&str]) -> Self {
        let mut forms = Vec::new();
        for secret in secrets {
            assert!(secret.len() >= 6, "a short secret would be found by chance");
            forms.push((format!("`{secret}`"), (*secret).to_owned()));
            let percent = percent_encoded(secret, |_| false);
            forms.push((format!("`{secret}` percent-encoded"), percent.to_lowercase()));
            forms.push((format!("`{secret}` percent-encoded"), percent));
            let escaped = percent_encoded(secret, |byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte));
            forms.push((format!("`{secret}` percent-encoded where it must be"), escaped));
            // So many characters at the beginning depend on what is before it, and the last one on what is behind.
            for (shift, from) in [(0, 0), (1, 2), (2, 3)] {
                let shifted = [vec![b'x'; shift], secret.as_bytes().to_vec()].concat();
                for encoded in [STANDARD.encode(&shifted), URL_SAFE.encode(&shifted)] {
                    let to = encoded.trim_end_matches('=').len() - 1;
                    forms.push((format!("`{secret}` in base64"), encoded[from..to].to_owned()));
                }
            }
        }
        Self(forms)
    }

    /// Looks for these as well.
    pub(crate) fn add(&mut self, secret: &str) {
        self.0.extend(Self::of(&[secret]).0);
    }

    /// Where one of them is in a text.
    pub(crate) fn seen_in(&self, place: &str, text: &[u8], found: &mut Vec<String>) {
        let text = String::from_utf8_lossy(text);
        let is_part = |at: usize| text.as_bytes().get(at).is_some_and(u8::is_ascii_alphanumeric);
        for (form, needle) in &self.0 {
            let digits = needle.bytes().all(|byte| byte.is_ascii_digit());
            let hit = text.match_indices(needle.as_str()).any(|(at, _)| {
                // Six digits stand in many a digest; a code stands by itself.
                !(digits && (at.checked_sub(1).is_some_and(is_part) || is_part(at + needle.len())))
            });
            if hit {
                found.push(format!("{form} in {place}"));
            }
        }
    }

    /// Where one of them is in the files below a folder.
    pub(crate) fn seen_below(&self, folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let kind = entry.file_type().expect("a kind");
            if kind.is_dir() {
                // What others' programs keep is not relay's to keep clean.
                if entry.file_name() != "node_modules" && entry.file_name() != "npm-cache" {
                    self.seen_below(&path, found);
                }
            } else if kind.is_file() {
                let place = path.display().to_string();
                self.seen_in("a name", place.as_bytes(), found);
                self.seen_in(&place, &std::fs::read(&path).unwrap_or_default(), found);
            }
        }
    }
}

fn percent_encoded(text: &str, is_plain: fn(u8) -> bool) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if is_plain(byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

#[test]
fn a_secret_is_found_in_whatever_form_it_is_written() {
    let secret = "npm_q7Zk/2Lm+X9vBtR4wYh8";
    let canaries = Canaries::of(&[secret, "493817"]);
    let seen = |text: &str| {
        let mut found = Vec::new();
        canaries.seen_in("there", text.as_bytes(), &mut found);
        !found.is_empty()
    };
    assert!(seen(&format!("bearer {secret}!")));
    assert!(seen("npm_q7Zk%2F2Lm%2BX9vBtR4wYh8"));
    for around in ["", "a", "ab", "user:"] {
        assert!(seen(&STANDARD.encode(format!("{around}{secret}{around}"))), "{around}");
        assert!(seen(&URL_SAFE.encode(format!("{around}{secret}"))), "{around}");
        assert!(seen(&STANDARD.encode(format!("{around}493817{around}"))), "{around}");
    }
    assert!(seen("npm-otp: 493817"));
    for harmless in ["sha512-a493817b", "1493817", "npm_q7Zk", "", "bearer ***"] {
        assert!(!seen(harmless), "{harmless}");
    }
}

#[test]
#[should_panic(expected = "`npm_planted` in ")]
fn a_world_in_which_a_secret_was_left_fails_in_the_end() {
    let mut world = crate::world::World::empty();
    world.guard("npm_planted");
    world.write(".git/relay/journal.ndjson", "{\"why\":\"npm_planted\"}\n");
}

#[test]
#[should_panic(expected = "`npm_planted` in stdout")]
fn a_world_in_which_a_secret_is_printed_fails_at_once() {
    let mut world = crate::world::World::empty();
    world.guard("npm_planted");
    world.run(std::process::Command::new("echo").arg("npm_planted"));
}

//! Secrets that were given to a run and must come out of it nowhere: not in its output, and in no file that it leaves (S1, S7).

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

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

    /// Where one of them is in the files below a folder, and in the objects of the git repositories there: these are compressed,
    /// loose or in packs, so that git is asked for each, also for those that no ref leads to.
    pub(crate) fn seen_below(&self, folder: &Path, found: &mut Vec<String>) {
        if folder.join("objects").is_dir() && folder.join("HEAD").is_file() {
            let mut git = Command::new("git");
            git.arg("--git-dir").arg(folder).args(["cat-file", "--batch-all-objects", "--batch", "--unordered"]);
            git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1").stdin(Stdio::null());
            let objects = git.output().expect("git starts");
            let place = format!("the objects of {}", folder.display());
            if !objects.status.success() {
                found.push(format!("{place} can't be read: {}", String::from_utf8_lossy(&objects.stderr)));
            }
            self.seen_in(&place, &objects.stdout, found);
        }
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

/// A world in whose repository and remote a secret is in a commit, and in no file any more.
fn planted_in_a_commit() -> (crate::world::World, String) {
    let world = crate::world::World::empty();
    world.write("README.md", "npm_planted\n");
    world.commit("docs: a secret");
    let remote = crate::owed::with_remote(&world);
    world.write("README.md", "nothing\n");
    world.commit("docs: none");
    (world, remote)
}

fn seen_in_world(world: &crate::world::World) -> Vec<String> {
    let mut found = Vec::new();
    let folder = world.repo();
    Canaries::of(&["npm_planted"]).seen_below(folder.parent().expect("a folder"), &mut found);
    found
}

#[test]
#[should_panic(expected = "`npm_planted` in the objects of ")]
fn a_world_in_whose_commits_a_secret_was_left_fails_in_the_end() {
    planted_in_a_commit().0.guard("npm_planted");
}

#[test]
fn a_secret_is_found_in_loose_objects_in_packs_and_in_what_no_ref_leads_to() {
    let (world, remote) = planted_in_a_commit();
    let places = |found: &[String]| found.iter().filter(|one| one.contains("`npm_planted` in the objects of")).count();
    let found = seen_in_world(&world);
    assert_eq!(places(&found), 2, "loose, here and on the remote: {found:?}");
    assert!(found.iter().all(|one| one.contains(" in the objects of ")), "in no file: {found:?}");
    for folder in [".", &remote] {
        world.git(&["-C", folder, "repack", "-adq"]);
    }
    assert_eq!(places(&seen_in_world(&world)), 2, "in packs");
    world.git(&["checkout", "-q", "--orphan", "other"]);
    world.git(&["commit", "-q", "-m", "docs: another beginning"]);
    world.git(&["branch", "-qD", "main"]);
    world.git(&["reflog", "expire", "--expire=now", "--all"]);
    std::fs::remove_dir_all(&remote).expect("no remote");
    assert_eq!(places(&seen_in_world(&world)), 1, "what nothing leads to");
}

#[test]
#[should_panic(expected = "`npm_planted` in stdout")]
fn a_world_in_which_a_secret_is_printed_fails_at_once() {
    let mut world = crate::world::World::empty();
    world.guard("npm_planted");
    world.run(Command::new("echo").arg("npm_planted"));
}

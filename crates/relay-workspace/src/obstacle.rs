//! What keeps a published specifier from being installed by those who have nothing but the registry.
//!
//! Follows `npm-package-arg` as npm 11.19 has it, and takes part with the specifier where the two could differ: what is
//! told here stops a release, and what npm reads in its loose mode must never do so.

use camino::{Utf8Component, Utf8Path};

use crate::range::Range;
use crate::specifier::Specifier;

/// Why nobody can install a dependency by what the published manifest says of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Obstacle {
    /// A path that leads out of the package.
    Local,
    /// A protocol that npm does not know, with its colon.
    Protocol(String),
    /// `npm:` with a range and no name, which other managers read and npm refuses ("aliases must have a name").
    NoName(String),
    /// Neither a range nor a dist-tag nor an address.
    Unreadable,
}

/// Where npm fetches from: the schemes it knows, and its words for the hosts that it knows.
const PROTOCOLS: [&str; 14] = [
    "git:",
    "git+http:",
    "git+https:",
    "git+rsync:",
    "git+ftp:",
    "git+file:",
    "git+ssh:",
    "http:",
    "https:",
    "github:",
    "gitlab:",
    "bitbucket:",
    "gist:",
    "sourcehut:",
];

/// The hosts at which npm also takes plain `ssh:`.
const SSH_HOSTS: [&str; 5] = ["github.com", "gitlab.com", "bitbucket.org", "gist.github.com", "git.sr.ht"];

impl Obstacle {
    /// What is in the way of a specifier as it stands in a published manifest; `workspace:` and `catalog:` must be resolved
    /// before. `None` where npm can install it, as far as its text tells.
    pub fn of(text: &str) -> Option<Self> {
        let text = text.trim();
        if is_plain(text) {
            return None;
        }
        if let Some(path) = ["file:", "link:", "portal:"].iter().find_map(|protocol| strip_prefix(text, protocol)) {
            let protocol = text.get(..text.len() - path.len()).unwrap_or_default();
            return match (is_inside(path.trim_start_matches("//")), protocol.eq_ignore_ascii_case("file:")) {
                (false, _) => Some(Self::Local),
                (true, true) => None,
                (true, false) => Some(Self::Protocol(protocol.to_owned())),
            };
        }
        if is_path(text) {
            return (!is_inside(text)).then_some(Self::Local);
        }
        if strip_prefix(text, "npm:").is_some() {
            return match Specifier::parse(text) {
                Specifier::Alias { range, .. } => (!is_range_or_tag(&range)).then_some(Self::Unreadable),
                Specifier::Prefixed(range) => Some(Self::NoName(range.as_str().to_owned())),
                _ => Some(Self::Unreadable),
            };
        }
        if let Some(protocol) = protocol(text) {
            let lower = protocol.to_ascii_lowercase();
            let known = PROTOCOLS.contains(&lower.as_str()) || (lower == "ssh:" && is_ssh_host(text));
            return (!known).then(|| Self::Protocol(protocol.to_owned()));
        }
        if text.contains('/') {
            // `user/repo`, or a folder in the package. A scope in front is a package's name at the wrong side.
            return text.starts_with('@').then_some(Self::Unreadable);
        }
        let archive = [".tgz", ".tar.gz", ".tar"].iter().any(|ending| text.to_ascii_lowercase().ends_with(ending));
        // An address for ssh, `git@host:path`, is one of the few that no slash tells.
        let address = text.split_once(':').is_some_and(|(host, _)| SSH_HOSTS.iter().any(|known| host.ends_with(known)));
        (!archive && !address && !is_range_or_tag(text)).then_some(Self::Unreadable)
    }
}

/// Most specifiers are `^` and numbers, or one version: told without parsing.
fn is_plain(text: &str) -> bool {
    let numbers = text.strip_prefix(['^', '~']).unwrap_or(text);
    numbers.starts_with(|first: char| first.is_ascii_digit())
        && numbers.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && numbers.split('.').count() <= 3
}

fn strip_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// What npm takes for a path by its first characters; a letter with a colon is a drive.
fn is_path(text: &str) -> bool {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some('.' | '/'), _) | (Some('~'), Some('/')) => true,
        (Some(drive), Some(':')) => drive.is_ascii_alphabetic(),
        _ => false,
    }
}

/// Says whether a path stays in the package that has it.
fn is_inside(path: &str) -> bool {
    if path.starts_with('~') || path.get(1..2) == Some(":") {
        return false;
    }
    let mut depth = 0_usize;
    for component in Utf8Path::new(path).components() {
        match component {
            Utf8Component::CurDir => {}
            Utf8Component::Normal(_) => depth += 1,
            Utf8Component::ParentDir if depth > 0 => depth -= 1,
            Utf8Component::ParentDir | Utf8Component::RootDir | Utf8Component::Prefix(_) => return false,
        }
    }
    true
}

/// The protocol in front, with its colon: letters, perhaps a word and `+` before them or `://` behind.
fn protocol(text: &str) -> Option<&str> {
    let (word, rest) = text.split_once(':')?;
    let letters = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphabetic());
    let addressed = rest.starts_with("//")
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    (letters(word.strip_prefix("git+").unwrap_or(word)) || addressed).then(|| text.get(..=word.len()))?
}

fn is_ssh_host(text: &str) -> bool {
    let rest = strip_prefix(text, "ssh://").unwrap_or_default();
    let authority = rest.split('/').next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default().split(':').next().unwrap_or_default();
    SSH_HOSTS.contains(&host.to_ascii_lowercase().as_str())
}

/// A tag is whatever JavaScript's `encodeURIComponent` leaves alone.
fn is_range_or_tag(text: &str) -> bool {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte);
    text.bytes().all(unreserved) || Range::parse(text).is_ok() || is_loose_range(text)
}

/// npm's loose mode passes over words that it can't read, as long as an alternative has one that it can.
fn is_loose_range(text: &str) -> bool {
    text.split("||").any(|part| part.trim().is_empty() || part.split_whitespace().any(is_loose_comparator))
}

fn is_loose_comparator(word: &str) -> bool {
    let numbers = word.trim_start_matches(['<', '>', '=', '^', '~', 'v']);
    let core = numbers.split(['-', '+']).next().unwrap_or_default();
    let is_number = |part: &str| matches!(part, "x" | "X" | "*") || part.starts_with(|c: char| c.is_ascii_digit());
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-+*".contains(&byte);
    numbers.starts_with(|first: char| first.is_ascii_digit())
        && core.split('.').count() <= 3
        && core.split('.').all(is_number)
        && numbers.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(expected: Option<&Obstacle>, texts: &[&str]) {
        for text in texts {
            assert_eq!(Obstacle::of(text).as_ref(), expected, "{text}");
        }
    }

    #[test]
    fn what_npm_can_install_has_no_obstacle() {
        let ranges =
            ["", "*", "1", "^1.2.3", "~1", "1.x", "x", ">=1 <2", ">= 1", "1 - 2", "^1 || ^2", "^1, ^2", "=1", "v1"];
        check(None, &ranges);
        check(
            None,
            &["1||foo", ">1 foo", ">=1.2.3beta", "~>1.2", "^1.0.0-beta.1", "1.2.3+b", "^1.x", " ^1.0.0 ", "1 || "],
        );
        check(None, &["latest", "next-1", "1.2.3.4", "a(b", "it's", "-1"]);
        check(
            None,
            &["user/repo", "user/repo#x y", "github:u/r", "gitlab:u/r", "gist:abc", "bitbucket:u/r", "sourcehut:~u/r"],
        );
        check(None, &["git@github.com:u/r.git", "git+ssh://h/o/r.git", "git+ssh://git@h.example:u/r.git", "git://h/x"]);
        check(
            None,
            &["git+http://x/y", "git+https://x/y.git", "git+file:///x", "https://x/y.tgz", "http://x/y", "git:foo"],
        );
        check(None, &["ssh://git@github.com/u/r.git", "git@gist.github.com:abc.git", "HTTPS://x/y.tgz"]);
        check(None, &["npm:a@1", "npm:@s/a", "npm:a", "npm:@s/a@^1 || ^2", "npm:a@next"]);
        check(None, &["file:./vendor/x", "file:vendor/x.tgz", "./vendor/x", "file:a/../b", "a/b/c", "x.tgz"]);
    }

    #[test]
    fn a_path_out_of_the_package_leads_nowhere() {
        let paths = [
            "file:../b",
            "link:../../x",
            "portal:../x",
            "../x",
            "/abs/x",
            "~/x",
            "C:\\x",
            "file:///abs/x",
            "FILE:../b",
        ];
        check(Some(&Obstacle::Local), &paths);
        check(Some(&Obstacle::Local), &["file:~/x", "file:a/../../b", "..", "link:/x"]);
    }

    #[test]
    fn a_protocol_that_npm_does_not_know_is_named() {
        for (text, protocol) in [
            ("foo:bar", "foo:"),
            ("jsr:@s/a@1", "jsr:"),
            ("jsr:^1", "jsr:"),
            ("patch:a@1#x", "patch:"),
            ("link:./x", "link:"),
            ("exec:x", "exec:"),
            ("ftp://x/y", "ftp:"),
            ("s3://b/k", "s3:"),
            ("svn+ssh://x", "svn+ssh:"),
            ("ssh://git@h.example/x", "ssh:"),
            ("git+foo://x", "git+foo:"),
        ] {
            check(Some(&Obstacle::Protocol(protocol.to_owned())), &[text]);
        }
    }

    #[test]
    fn a_range_behind_npm_needs_a_name() {
        check(Some(&Obstacle::NoName("^1.0.0".to_owned())), &["npm:^1.0.0", " npm:^1.0.0"]);
    }

    #[test]
    fn what_is_neither_range_nor_tag_nor_address_is_unreadable() {
        let texts = ["not a range", "a b", "^bad tag", "foo@1", "^x.y", "ümlaut", "a%20b", "$foo", "a|b", "\"^1\""];
        check(Some(&Obstacle::Unreadable), &texts);
        check(
            Some(&Obstacle::Unreadable),
            &["user@host:p", "npm:", "npm:./x", "npm:a b@1", "npm:a@foo:bar", "@s/a", "^1.2.3.4"],
        );
    }
}

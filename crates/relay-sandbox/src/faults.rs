//! Faults that tests ask for: what a registry, a proxy or the network between may do to a request.

use std::time::Duration;

/// A fault: what it hits, what it does, how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The requests it hits.
    pub when: FaultMatch,
    /// What happens to them.
    pub what: FaultKind,
    /// How many it hits before it is used up.
    pub times: u32,
}

/// Which requests a fault hits; what is `None` does not narrow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FaultMatch {
    /// The method, in capitals.
    pub method: Option<String>,
    /// A pattern over the raw path without its query, in which `*` stands for any characters.
    pub path: Option<String>,
    /// The package the request is about, in whatever spelling its path has.
    pub package: Option<String>,
    /// So many matching requests are let through first.
    pub skip: u32,
}

impl FaultMatch {
    /// Uploads of one package.
    pub fn publish_of(package: &str) -> Self {
        Self { method: Some("PUT".into()), package: Some(package.into()), ..Self::default() }
    }

    /// Everything that is asked about a package by one method.
    pub fn of(method: &str, package: &str) -> Self {
        Self { method: Some(method.into()), package: Some(package.into()), ..Self::default() }
    }

    /// Requests whose raw path matches a pattern.
    pub fn path(method: &str, pattern: &str) -> Self {
        Self { method: Some(method.into()), path: Some(pattern.into()), ..Self::default() }
    }

    pub(crate) fn hits(&self, method: &str, path: &str, package: Option<&str>) -> bool {
        self.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && self.path.as_deref().is_none_or(|pattern| matches_pattern(pattern, path))
            && self.package.as_deref().is_none_or(|wanted| package == Some(wanted))
    }
}

/// What happens to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Nothing is done; this is answered.
    Status {
        /// The status.
        code: u16,
        /// The body, sent as JSON unless `headers` say otherwise.
        body: String,
        /// Headers.
        headers: Vec<(String, String)>,
    },
    /// The request takes effect; this is answered instead of the truth.
    StatusAfterCommit {
        /// The status.
        code: u16,
        /// The body, sent as JSON unless `headers` say otherwise.
        body: String,
        /// Headers.
        headers: Vec<(String, String)>,
    },
    /// An HTML page, as edges and proxies answer; nothing is done.
    Html {
        /// The status.
        code: u16,
    },
    /// The connection is cut after so many bytes of the body were read; nothing is done.
    DropDuringUpload {
        /// Bytes of the body.
        after_bytes: usize,
    },
    /// The connection is cut after the whole request was read; nothing is done.
    DropBeforeCommit,
    /// The request takes effect and the connection is cut before the answer.
    DropAfterCommit,
    /// The request takes effect; its answer is cut off after so many bytes of its body.
    Truncate {
        /// Bytes of the body.
        after_bytes: usize,
    },
    /// Nothing is done; a 200 whose body is so long is answered.
    Oversized {
        /// Bytes of the body.
        bytes: u64,
    },
    /// Nothing is done; a 200 with JSON lists so deep in each other is answered.
    Nested {
        /// How deep.
        depth: usize,
    },
    /// Nothing is done; bytes that are no UTF-8 are answered as JSON.
    NotUtf8 {
        /// The status.
        code: u16,
    },
    /// Nothing is done; the request is sent to its own address again.
    RedirectToItself,
    /// Nothing is done; the error repeats the credential and the one-time password of the request, as careless registries do.
    Echo {
        /// The status.
        code: u16,
    },
    /// The answer comes this much later.
    Delay(Duration),
    /// The request takes effect; the body of its answer comes one byte at a time.
    Trickle {
        /// The pause before each byte.
        pause: Duration,
    },
}

impl FaultKind {
    /// A refusal in npm's form: `{"error": text}`.
    pub fn error(code: u16, text: &str) -> Self {
        Self::Status { code, body: serde_json::json!({ "error": text }).to_string(), headers: Vec::new() }
    }

    pub(crate) fn in_words(&self) -> String {
        match self {
            Self::Status { code, .. } => format!("{code} instead of an answer"),
            Self::StatusAfterCommit { code, .. } => format!("{code} after the commit"),
            Self::Html { code } => format!("{code} with an HTML page"),
            Self::DropDuringUpload { after_bytes } => format!("connection cut after {after_bytes} bytes"),
            Self::DropBeforeCommit => "connection cut before the commit".into(),
            Self::DropAfterCommit => "connection cut after the commit".into(),
            Self::Truncate { after_bytes } => format!("answer cut off after {after_bytes} bytes"),
            Self::Oversized { bytes } => format!("answer of {bytes} bytes"),
            Self::Nested { depth } => format!("lists {depth} deep"),
            Self::NotUtf8 { code } => format!("{code} with bytes that are no UTF-8"),
            Self::RedirectToItself => "redirect to the same address".into(),
            Self::Echo { code } => format!("{code} that repeats the credential"),
            Self::Trickle { pause } => format!("one byte every {} ms", pause.as_millis()),
            Self::Delay(span) => format!("answer held back for {} ms", span.as_millis()),
        }
    }
}

/// The faults still to be played, in the order in which they were added.
#[derive(Debug, Default)]
pub(crate) struct FaultQueue {
    waiting: Vec<Fault>,
}

impl FaultQueue {
    pub(crate) fn add(&mut self, fault: Fault) {
        if fault.times > 0 {
            self.waiting.push(fault);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }

    /// Takes the first fault that hits a request.
    pub(crate) fn take(&mut self, method: &str, path: &str, package: Option<&str>) -> Option<FaultKind> {
        let mut hit = None;
        for (index, fault) in self.waiting.iter_mut().enumerate() {
            if !fault.when.hits(method, path, package) {
                continue;
            }
            if fault.when.skip == 0 {
                hit = Some((index, fault));
                break;
            }
            fault.when.skip -= 1;
        }
        let (index, fault) = hit?;
        fault.times -= 1;
        let kind = fault.what.clone();
        if fault.times == 0 {
            self.waiting.remove(index);
        }
        Some(kind)
    }
}

/// `*` stands for any characters, also none; all else for itself.
fn matches_pattern(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, text: &str, expected: bool) {
        assert_eq!(matches_pattern(pattern, text), expected, "`{pattern}` against `{text}`");
    }

    #[test]
    fn patterns_have_stars() {
        check("/-/ping", "/-/ping", true);
        check("/-/ping", "/-/ping2", false);
        check("/*", "/x", true);
        check("*.tgz", "/x/-/x-1.0.0.tgz", true);
        check("/@a%2f*", "/@a%2fx", true);
        check("/x/*/y*z", "/x/1/y2z", true);
        check("/x/*/y*z", "/x/1/yz", true);
        check("/x/*/y*z", "/x/y2z", false);
        check("ab*ba", "aba", false);
    }

    #[test]
    fn a_fault_is_played_as_often_as_it_says_and_skips_what_it_says() {
        let mut queue = FaultQueue::default();
        let when = FaultMatch { skip: 1, ..FaultMatch::publish_of("@a/x") };
        queue.add(Fault { when, what: FaultKind::DropBeforeCommit, times: 2 });
        let mut take = |method: &str, package: &str| queue.take(method, "/@a%2fx", Some(package)).is_some();
        assert!(!take("PUT", "@a/x"));
        assert!(!take("GET", "@a/x"));
        assert!(!take("PUT", "@a/y"));
        assert!(take("PUT", "@a/x"));
        assert!(take("PUT", "@a/x"));
        assert!(!take("PUT", "@a/x"));
    }
}

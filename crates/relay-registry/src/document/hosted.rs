//! Addresses of git hosts that npm knows: GitHub, GitLab, Bitbucket, gists and sourcehut (facts: `hosted-git-info` 9).
//!
//! From one of many spellings to the one that npm publishes, and to the pages for bugs and documentation.

use std::fmt;

use url::Url;

use crate::url::encode_component;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Host {
    Github,
    Bitbucket,
    Gitlab,
    Gist,
    Sourcehut,
}

/// How an address was spelt, which decides how it is written again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spelling {
    Shortcut,
    Https,
    Git,
    Ssh,
}

/// A repository at a known host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hosted {
    host: Host,
    user: Option<String>,
    auth: Option<String>,
    project: String,
    committish: Option<String>,
    spelling: Spelling,
}

impl Host {
    const ALL: [Self; 5] = [Self::Github, Self::Bitbucket, Self::Gitlab, Self::Gist, Self::Sourcehut];

    fn name(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Bitbucket => "bitbucket",
            Self::Gitlab => "gitlab",
            Self::Gist => "gist",
            Self::Sourcehut => "sourcehut",
        }
    }

    fn domain(self) -> &'static str {
        match self {
            Self::Github => "github.com",
            Self::Bitbucket => "bitbucket.org",
            Self::Gitlab => "gitlab.com",
            Self::Gist => "gist.github.com",
            Self::Sourcehut => "git.sr.ht",
        }
    }

    fn speaks(self, scheme: &str) -> bool {
        match self {
            Self::Github => matches!(scheme, "git" | "http" | "git+ssh" | "git+https" | "ssh" | "https"),
            Self::Gist => matches!(scheme, "git" | "git+ssh" | "git+https" | "ssh" | "https"),
            Self::Bitbucket | Self::Gitlab => matches!(scheme, "git+ssh" | "git+https" | "ssh" | "https"),
            Self::Sourcehut => matches!(scheme, "git+ssh" | "https"),
        }
    }

    fn tree(self) -> &'static str {
        if self == Self::Bitbucket { "src" } else { "tree" }
    }
}

impl Hosted {
    /// Reads any spelling of a repository's address; `None` for everything else, version ranges among it.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return None;
        }
        let url = if is_github_shorthand(text) { parse_url(&format!("github:{text}")) } else { parse_url(text) }?;
        if let Some(host) = Host::ALL.into_iter().find(|host| host.name() == url.scheme()) {
            return Self::from_shortcut(host, &url);
        }
        let domain = url.host_str()?;
        let domain = domain.strip_prefix("www.").unwrap_or(domain);
        let host = Host::ALL.into_iter().find(|host| host.domain() == domain)?;
        host.speaks(url.scheme()).then(|| Self::from_address(host, &url))?
    }

    fn from_shortcut(host: Host, url: &Url) -> Option<Self> {
        let path = url.path().strip_prefix('/').unwrap_or(url.path());
        // Credentials in a shortcut are dropped.
        let path = path.split_once('@').map_or(path, |(_, path)| path);
        let (user, project) = match path.rsplit_once('/') {
            Some((user, project)) => (Some(decoded(user)?).filter(|user| !user.is_empty()), project),
            None => (None, path),
        };
        let project = decoded(project)?;
        let committish = url.fragment().map(decoded).map_or(Some(None), |fragment| fragment.map(Some))?;
        Some(Self {
            host,
            user,
            auth: None,
            project: without_git(&project).to_owned(),
            committish,
            spelling: Spelling::Shortcut,
        })
    }

    fn from_address(host: Host, url: &Url) -> Option<Self> {
        let (user, project, committish) = extracted(host, url)?;
        let (spelling, may_have_auth) = match url.scheme() {
            "git" => (Spelling::Git, true),
            "https" | "git+https" => (Spelling::Https, true),
            // npm has no form for plain http and writes ssh instead.
            "http" => (Spelling::Ssh, true),
            _ => (Spelling::Ssh, false),
        };
        let auth = (may_have_auth && (!url.username().is_empty() || url.password().is_some())).then(|| {
            url.password()
                .map_or_else(|| url.username().to_owned(), |password| format!("{}:{password}", url.username()))
        });
        Some(Self {
            host,
            user: user.map(|user| decoded(&user)).map_or(Some(None), |user| user.map(Some))?,
            auth,
            project: decoded(&project)?,
            committish: Some(decoded(&committish)?).filter(|committish| !committish.is_empty()),
            spelling,
        })
    }

    /// The form of a repository's address that npm publishes.
    pub(super) fn repository_url(&self) -> String {
        if self.spelling == Spelling::Shortcut { self.https() } else { self.to_string() }
    }

    /// The page for bugs.
    pub(super) fn bugs(&self) -> Option<String> {
        match self.host {
            Host::Sourcehut => None,
            Host::Gist => Some(format!("https://{}/{}", self.host.domain(), self.project)),
            _ => Some(format!("https://{}/{}/{}/issues", self.host.domain(), self.user(), self.project)),
        }
    }

    /// The page for documentation.
    pub(super) fn docs(&self) -> String {
        let committish = self.committish.as_deref().map(encode_component);
        if self.host == Host::Gist {
            let committish = committish.map(|c| format!("/{c}")).unwrap_or_default();
            return format!("https://{}/{}{committish}", self.host.domain(), self.project);
        }
        let committish = committish.map(|c| format!("/{}/{c}", self.host.tree())).unwrap_or_default();
        format!("https://{}/{}/{}{committish}#readme", self.host.domain(), self.user(), self.project)
    }

    fn https(&self) -> String {
        let domain = self.host.domain();
        match self.host {
            Host::Gist => format!("git+https://{domain}/{}.git{}", self.project, self.hash()),
            Host::Sourcehut => format!("https://{domain}/{}/{}{}", self.user(), self.project, self.hash()),
            _ => format!("git+https://{}{domain}/{}/{}.git{}", self.auth(), self.user(), self.project, self.hash()),
        }
    }

    fn user(&self) -> &str {
        // npm writes the word where a shortcut has no user.
        self.user.as_deref().unwrap_or("null")
    }

    fn auth(&self) -> String {
        self.auth.as_ref().map(|auth| format!("{auth}@")).unwrap_or_default()
    }

    fn hash(&self) -> String {
        self.committish.as_ref().filter(|c| !c.is_empty()).map(|c| format!("#{c}")).unwrap_or_default()
    }
}

impl fmt::Display for Hosted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (domain, project, hash) = (self.host.domain(), &self.project, self.hash());
        match (self.spelling, self.host) {
            (Spelling::Shortcut, Host::Gist) => write!(f, "gist:{project}{hash}"),
            (Spelling::Shortcut, host) => write!(f, "{}:{}/{project}{hash}", host.name(), self.user()),
            (Spelling::Https, _) => f.write_str(&self.https()),
            (Spelling::Git, Host::Gist) => write!(f, "git://{domain}/{project}.git{hash}"),
            (Spelling::Git, _) => write!(f, "git://{}{domain}/{}/{project}.git{hash}", self.auth(), self.user()),
            (Spelling::Ssh, Host::Gist) => write!(f, "git+ssh://git@{domain}/{project}.git{hash}"),
            (Spelling::Ssh, _) => write!(f, "git+ssh://git@{domain}/{}/{project}.git{hash}", self.user()),
        }
    }
}

/// User, project and committish of an address, by each host's own layout of paths.
fn extracted(host: Host, url: &Url) -> Option<(Option<String>, String, String)> {
    let path = url.path().strip_prefix('/').unwrap_or(url.path());
    let fragment = url.fragment().unwrap_or_default().to_owned();
    if host == Host::Gitlab {
        if path.contains("/-/") || path.contains("/archive.tar.gz") {
            return None;
        }
        let (user, project) = path.rsplit_once('/')?;
        let project = without_git(project);
        return (!user.is_empty() && !project.is_empty())
            .then(|| (Some(user.to_owned()), project.to_owned(), fragment));
    }
    let mut parts = path.split('/');
    let user = parts.next().unwrap_or_default();
    let project = parts.next().unwrap_or_default();
    let kind = parts.next().unwrap_or_default();
    let committish = match (host, kind) {
        (Host::Github, "") => fragment,
        (Host::Github, "tree") => parts.next().unwrap_or_default().to_owned(),
        (Host::Github, _) | (Host::Bitbucket, "get") | (Host::Gist, "raw") | (Host::Sourcehut, "archive") => {
            return None;
        }
        _ => fragment,
    };
    if host == Host::Gist && project.is_empty() {
        let project = without_git(user);
        return (!user.is_empty()).then(|| (None, project.to_owned(), committish));
    }
    let project = without_git(project);
    let user_there = !user.is_empty() || host == Host::Gist;
    (user_there && !project.is_empty()).then(|| (Some(user.to_owned()), project.to_owned(), committish))
}

/// `owner/repo`, and none of the other things that have a slash.
fn is_github_shorthand(text: &str) -> bool {
    let (before, has_hash) = match text.split_once('#') {
        Some((before, _)) => (before, true),
        None => (text, false),
    };
    let slashes = before.matches('/').count();
    let first_is_inside = text.find('/').is_some_and(|at| at > 0);
    let _ = has_hash;
    first_is_inside
        && slashes <= 1
        && (slashes == 1 || has_hash)
        && !before.ends_with('/')
        && !before.contains(['@', ':'])
        && !before.contains(char::is_whitespace)
        && !text.starts_with('.')
}

fn parse_url(text: &str) -> Option<Url> {
    let text = with_protocol(text);
    Url::parse(&text).ok().or_else(|| Url::parse(&without_scp_colon(&text)).ok())
}

/// Puts `//` after a scheme that lacks it, and ssh before what has a user in it.
fn with_protocol(text: &str) -> String {
    const KNOWN: [&str; 12] = [
        "git+ssh",
        "ssh",
        "git+https",
        "git",
        "http",
        "https",
        "git+http",
        "github",
        "bitbucket",
        "gitlab",
        "gist",
        "sourcehut",
    ];
    let colon = text.find(':');
    let (scheme, rest) = colon.and_then(|at| Some((text.get(..at)?, text.get(at + 1..)?))).unwrap_or(("", text));
    if (colon.is_some() && KNOWN.contains(&scheme)) || (colon.is_some() && rest.starts_with("//")) {
        return text.to_owned();
    }
    match (text.find('@'), colon) {
        (Some(at), Some(colon)) if at < colon => text.to_owned(),
        (Some(_), _) => format!("git+ssh://{text}"),
        (None, Some(_)) => format!("{scheme}://{rest}"),
        (None, None) => format!("//{text}"),
    }
}

/// `git@host:path` as an address.
fn without_scp_colon(text: &str) -> String {
    let end = text.find('#').unwrap_or(text.len());
    let (before, after) = text.split_at(end);
    let mut before = before.to_owned();
    if let Some(colon) = before.rfind(':')
        && before.rfind('@').is_none_or(|at| colon > at)
    {
        before.replace_range(colon..=colon, "/");
    }
    let fixed = format!("{before}{after}");
    if !before.contains(':') && !fixed.contains("//") { format!("git+ssh://{fixed}") } else { fixed }
}

fn without_git(project: &str) -> &str {
    project.strip_suffix(".git").unwrap_or(project)
}

/// Percent-decoding; `None` for what is no UTF-8 or a broken escape.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        if *byte == b'%' {
            let hex = after.get(..2)?;
            bytes.push(u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()?);
            rest = after.get(2..)?;
        } else {
            bytes.push(*byte);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests;

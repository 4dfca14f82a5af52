//! Paths: what a request is about. A pure function of the raw path, since the same package arrives in four spellings.

/// What a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Home,
    Ping,
    Whoami,
    Profile,
    Search,
    Advisories,
    WebLogin,
    Done,
    LoginPage {
        id: String,
    },
    ChallengePage {
        id: String,
    },
    /// An account's settings of its second factor.
    SecondFactorPage {
        account: String,
    },
    User {
        name: String,
    },
    UserToken {
        token: String,
    },
    /// All staged versions.
    Stages,
    /// Where a version of a package is staged.
    StageOf {
        package: String,
    },
    Stage {
        id: String,
    },
    StageTarball {
        id: String,
    },
    StageApproval {
        id: String,
    },
    /// An account's staged versions, for a person.
    StagedPage {
        account: String,
    },
    Tokens,
    Token {
        key: String,
    },
    DistTags {
        package: String,
    },
    DistTag {
        package: String,
        tag: String,
    },
    Access {
        package: String,
    },
    Visibility {
        package: String,
    },
    Collaborators {
        package: String,
    },
    /// The trusted publishers of a package.
    Trust {
        package: String,
    },
    TrustConfig {
        package: String,
        id: String,
    },
    /// Where an identity token is exchanged for one of the registry's.
    Exchange {
        package: String,
    },
    /// Where a job in CI asks for an identity token; no part of the registry.
    IdentityToken,
    PackagesOf {
        owner: String,
        org: bool,
    },
    Packument {
        package: String,
    },
    Revision {
        package: String,
        revision: String,
    },
    Version {
        package: String,
        version: String,
    },
    Tarball {
        package: String,
        file: String,
    },
    TarballRevision {
        package: String,
        file: String,
        revision: String,
    },
    Unknown,
}

impl Route {
    /// Reads a raw path, without its query.
    pub(crate) fn parse(path: &str) -> Self {
        segments(path).map_or(Self::Unknown, |segments| {
            let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
            parse_segments(&segments)
        })
    }

    /// Reads a path by the registry's base path, which begins and ends with a slash. What belongs to identity tokens is at the
    /// origin, whatever that is (`npm-registry.md`, 0.2).
    pub(crate) fn below(prefix: &str, path: &str) -> Self {
        let at_origin = path.starts_with("/-/npm/v1/oidc/") || path.starts_with("/-/identity/");
        match path.strip_prefix(prefix) {
            _ if at_origin => Self::parse(path),
            Some(below) if prefix == "/" || !below.starts_with("-/npm/v1/oidc/") => Self::parse(below),
            _ => Self::Unknown,
        }
    }

    /// The package a path is about.
    pub(crate) fn package(&self) -> Option<&str> {
        match self {
            Self::DistTags { package }
            | Self::DistTag { package, .. }
            | Self::StageOf { package }
            | Self::Access { package }
            | Self::Visibility { package }
            | Self::Trust { package }
            | Self::TrustConfig { package, .. }
            | Self::Exchange { package }
            | Self::Collaborators { package }
            | Self::Packument { package }
            | Self::Revision { package, .. }
            | Self::Version { package, .. }
            | Self::Tarball { package, .. }
            | Self::TarballRevision { package, .. } => Some(package),
            _ => None,
        }
    }
}

fn parse_segments(segments: &[&str]) -> Route {
    let own = |text: &&str| (*text).to_owned();
    match segments {
        [] => Route::Home,
        ["-", "stage"] => Route::Stages,
        ["-", "stage", "package", package] => Route::StageOf { package: own(package) },
        ["-", "stage", id] => Route::Stage { id: own(id) },
        ["-", "stage", id, "tarball"] => Route::StageTarball { id: own(id) },
        ["-", "stage", id, "approve"] => Route::StageApproval { id: own(id) },
        ["settings", account, "staged"] => Route::StagedPage { account: own(account) },
        ["-", "ping"] => Route::Ping,
        ["-", "whoami"] => Route::Whoami,
        ["-", "npm", "v1", "user"] => Route::Profile,
        ["-", "npm", "v1", "tokens"] => Route::Tokens,
        ["-", "npm", "v1", "tokens", "token", key] => Route::Token { key: own(key) },
        ["-", "npm", "v1", "security", ..] => Route::Advisories,
        ["-", "v1", "search"] => Route::Search,
        ["-", "v1", "login"] => Route::WebLogin,
        ["-", "v1", "done"] => Route::Done,
        ["login", "cli", id] => Route::LoginPage { id: own(id) },
        ["settings", account, "tfa"] => Route::SecondFactorPage { account: own(account) },
        ["auth", "cli", id] => Route::ChallengePage { id: own(id) },
        ["-", "user", "token", token] => Route::UserToken { token: own(token) },
        ["-", "user", name, "package"] => Route::PackagesOf { owner: own(name), org: false },
        ["-", "org", name, "package"] => Route::PackagesOf { owner: own(name), org: true },
        ["-", "user", name, rest @ ..] if rest.is_empty() || rest.first() == Some(&"-rev") => {
            name.strip_prefix("org.couchdb.user:").map_or(Route::Unknown, |name| Route::User { name: name.to_owned() })
        }
        ["-", "package", package, "dist-tags"] => Route::DistTags { package: own(package) },
        ["-", "package", package, "dist-tags", tag] => Route::DistTag { package: own(package), tag: own(tag) },
        ["-", "package", package, "access"] => Route::Access { package: own(package) },
        ["-", "package", package, "visibility"] => Route::Visibility { package: own(package) },
        ["-", "package", package, "trust"] => Route::Trust { package: own(package) },
        ["-", "package", package, "trust", id] => Route::TrustConfig { package: own(package), id: own(id) },
        ["-", "npm", "v1", "oidc", "token", "exchange", "package", package] => {
            Route::Exchange { package: own(package) }
        }
        ["-", "identity", "token"] => Route::IdentityToken,
        ["-", "package", package, "collaborators"] => Route::Collaborators { package: own(package) },
        ["-", ..] => Route::Unknown,
        [package] => Route::Packument { package: own(package) },
        [package, "-rev", revision] => Route::Revision { package: own(package), revision: own(revision) },
        [package, "-", file] => Route::Tarball { package: own(package), file: own(file) },
        [package, "-", file, "-rev", revision] => {
            Route::TarballRevision { package: own(package), file: own(file), revision: own(revision) }
        }
        [package, version] => Route::Version { package: own(package), version: own(version) },
        _ => Route::Unknown,
    }
}

/// Decodes the segments and joins `@scope`, `name` where they came as two. `None` when a segment is not UTF-8 or hides a
/// slash that is not a scoped name's.
fn segments(path: &str) -> Option<Vec<String>> {
    let mut joined: Vec<String> = Vec::new();
    for raw in path.split('/').filter(|raw| !raw.is_empty()) {
        let segment = decode(raw)?;
        let scoped = segment.starts_with('@') && segment.matches('/').count() == 1 && !segment.ends_with('/');
        if segment.contains('/') && !scoped {
            return None;
        }
        let at_package = match joined.as_slice() {
            [scope] => bare_scope(scope),
            [dash, stage, word, scope] => dash == "-" && stage == "stage" && word == "package" && bare_scope(scope),
            [dash, word, scope] => dash == "-" && word == "package" && bare_scope(scope),
            [dash, .., word, scope] => dash == "-" && word == "package" && joined.len() == 8 && bare_scope(scope),
            _ => false,
        };
        match joined.last_mut() {
            Some(scope) if at_package && !scoped => {
                scope.push('/');
                scope.push_str(&segment);
            }
            _ => joined.push(segment),
        }
    }
    Some(joined)
}

fn bare_scope(segment: &str) -> bool {
    segment.starts_with('@') && segment.len() > 1 && !segment.contains('/')
}

/// Percent-decoding of one segment.
pub(crate) fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let (high, low) = (rest.next()?, rest.next()?);
            let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            bytes.push(digit(high)? * 16 + digit(low)?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, expected: &Route) {
        assert_eq!(Route::parse(path), *expected, "{path}");
    }

    #[test]
    fn a_package_is_the_same_in_all_spellings() {
        let expected = Route::Packument { package: "@s/demo".into() };
        for path in ["/@s%2fdemo", "/@s%2Fdemo", "/%40s%2fdemo", "/@s/demo", "//@s/demo"] {
            check(path, &expected);
        }
        check("/demo", &Route::Packument { package: "demo".into() });
    }

    #[test]
    fn paths_below_a_package() {
        let package = || "@s/demo".to_owned();
        let tarball = Route::Tarball { package: package(), file: "demo-1.0.0.tgz".into() };
        check("/@s/demo/-/demo-1.0.0.tgz", &tarball);
        check("/@s%2fdemo/-/demo-1.0.0.tgz", &tarball);
        check("/@s%2fdemo/1.0.0", &Route::Version { package: package(), version: "1.0.0".into() });
        check("/@s/demo/1.0.0", &Route::Version { package: package(), version: "1.0.0".into() });
        check("/@s%2fdemo/-rev/3-abc", &Route::Revision { package: package(), revision: "3-abc".into() });
        let revision = "3-abc".to_owned();
        check(
            "/@s/demo/-/demo-1.0.0.tgz/-rev/3-abc",
            &Route::TarballRevision { package: package(), file: "demo-1.0.0.tgz".into(), revision },
        );
        check("/-/package/@s%2fdemo/dist-tags", &Route::DistTags { package: package() });
        check("/-/package/@s/demo/dist-tags/a%20b", &Route::DistTag { package: package(), tag: "a b".into() });
        check("/-/package/demo/access", &Route::Access { package: "demo".into() });
    }

    #[test]
    fn paths_of_the_account() {
        check("/-/user/org.couchdb.user:maintainer", &Route::User { name: "maintainer".into() });
        check("/-/user/org.couchdb.user:maintainer/-rev/1-x", &Route::User { name: "maintainer".into() });
        check("/-/user/org.couchdb.user%3Amaintainer", &Route::User { name: "maintainer".into() });
        check("/-/user/token/npm_x", &Route::UserToken { token: "npm_x".into() });
        check("/-/npm/v1/tokens/token/abc", &Route::Token { key: "abc".into() });
        check("/-/org/maintainer/package", &Route::PackagesOf { owner: "maintainer".into(), org: true });
        check("/", &Route::Home);
    }

    #[test]
    fn paths_of_staging() {
        check("/-/stage", &Route::Stages);
        let of = |package: &str| Route::StageOf { package: package.into() };
        for path in ["/-/stage/package/@s%2fdemo", "/-/stage/package/@s/demo"] {
            check(path, &of("@s/demo"));
        }
        check("/-/stage/package/demo", &of("demo"));
        check("/-/stage/1-2", &Route::Stage { id: "1-2".into() });
        check("/-/stage/1-2/approve", &Route::StageApproval { id: "1-2".into() });
        check("/-/stage/1-2/tarball", &Route::StageTarball { id: "1-2".into() });
    }

    #[test]
    fn odd_paths_name_nothing() {
        for path in
            ["/a%2fb", "/@s%2fa%2fb", "/%ff", "/%4", "/-/stage/x/y", "/a/b/c/d/e", "/-/user/maintainer", "/@s%2f"]
        {
            check(path, &Route::Unknown);
        }
    }
}

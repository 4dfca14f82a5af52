//! What a manifest says on the right-hand side of a dependency.

use semver::Version;

use crate::name::PackageName;
use crate::range::Range;

/// One dependency specifier, sorted by protocol. The source text is kept by the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Specifier {
    /// `workspace:…`: always the package in this workspace.
    Workspace(WorkspaceSpecifier),
    /// `catalog:` (the default catalog, `None`) or `catalog:name`.
    Catalog(Option<String>),
    /// `npm:name@range`: another package under this name. The range may be empty.
    Alias {
        /// The package that is really meant.
        name: PackageName,
        /// What follows the `@`, possibly empty.
        range: String,
    },
    /// `npm:range`, without a name: versions of the key's own package, as yarn 4, pnpm 12 and bun read it. npm refuses it.
    Prefixed(Range),
    /// `file:path`.
    File(String),
    /// `link:path` or `portal:path`.
    Link(String),
    /// A range of versions.
    Range(Range),
    /// A dist-tag such as `latest`.
    Tag(String),
    /// A git address, a URL, or anything else that is fetched from elsewhere.
    Remote(String),
}

/// The forms of the `workspace:` protocol, as pnpm and yarn read them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorkspaceSpecifier {
    /// `workspace:*` (and the bare `workspace:`): exactly the workspace's version.
    Exact,
    /// `workspace:^`: `^` and the workspace's version.
    Caret,
    /// `workspace:~`: `~` and the workspace's version.
    Tilde,
    /// `workspace:<range>`: the range as written.
    Range(String),
    /// `workspace:./path`: the package in that folder, exactly its version.
    Path(String),
    /// `workspace:name@…`: another package of the workspace under this name.
    Alias {
        /// The package that is really meant.
        name: PackageName,
        /// What follows the `@`: one of the other forms.
        target: Box<WorkspaceSpecifier>,
    },
}

impl Specifier {
    /// Sorts a specifier by its protocol. Every text belongs to some variant; nothing is refused here.
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        if let Some(rest) = text.strip_prefix("workspace:") {
            return Self::Workspace(WorkspaceSpecifier::parse(rest));
        }
        if let Some(rest) = text.strip_prefix("catalog:") {
            let name = rest.trim();
            return Self::Catalog((!name.is_empty() && name != "default").then(|| name.to_owned()));
        }
        if let Some(rest) = text.strip_prefix("npm:") {
            if let Some(range) = prefixed_range(rest) {
                return Self::Prefixed(range);
            }
            if let Some((name, range)) = split_alias(rest) {
                return Self::Alias { name, range: range.to_owned() };
            }
            return Self::Remote(text.to_owned());
        }
        if let Some(rest) = text.strip_prefix("file:") {
            return Self::File(rest.to_owned());
        }
        if let Some(rest) = text.strip_prefix("link:").or_else(|| text.strip_prefix("portal:")) {
            return Self::Link(rest.to_owned());
        }
        if let Ok(range) = Range::parse(text) {
            return Self::Range(range);
        }
        if text.contains([':', '/']) {
            return Self::Remote(text.to_owned());
        }
        Self::Tag(text.to_owned())
    }

    /// Says whether the specifier is written in a protocol that only the workspace's own package manager understands,
    /// so that it must never reach a registry.
    pub fn is_workspace_only(&self) -> bool {
        matches!(self, Self::Workspace(_) | Self::Catalog(_))
    }
}

impl WorkspaceSpecifier {
    /// The range as written, behind any alias; `None` for the forms that stand for the workspace's version.
    pub fn innermost_range(&self) -> Option<&str> {
        match self {
            Self::Range(range) => Some(range),
            Self::Alias { target, .. } => target.innermost_range(),
            Self::Exact | Self::Caret | Self::Tilde | Self::Path(_) => None,
        }
    }

    fn parse(rest: &str) -> Self {
        match rest {
            "*" | "" => Self::Exact,
            "^" => Self::Caret,
            "~" => Self::Tilde,
            _ if rest.starts_with('.') || rest.starts_with('/') => Self::Path(rest.to_owned()),
            _ => match split_alias(rest) {
                Some((name, target)) if rest.get(1..).is_some_and(|tail| tail.contains('@')) => {
                    Self::Alias { name, target: Box::new(Self::parse(target)) }
                }
                _ => Self::Range(rest.to_owned()),
            },
        }
    }
}

/// What is published of a peer's range that has `workspace:` in some of its parts, such as `^1.0.0 || workspace:^`, where the
/// package of the workspace has this version. `None` where it is no such range. pnpm 12.21 replaces the first part alone and
/// publishes the protocol of the others, which nobody can install.
pub fn combined_peer_range(text: &str, version: &Version) -> Option<String> {
    if !text.contains("workspace:") || text.split_whitespace().count() < 2 {
        return None;
    }
    let word = |word: &str| match Specifier::parse(word) {
        Specifier::Workspace(WorkspaceSpecifier::Exact) => Some(version.to_string()),
        Specifier::Workspace(WorkspaceSpecifier::Caret) => Some(format!("^{version}")),
        Specifier::Workspace(WorkspaceSpecifier::Tilde) => Some(format!("~{version}")),
        Specifier::Workspace(WorkspaceSpecifier::Range(range)) => match range.as_str() {
            operator @ (">=" | ">" | "<=" | "<") => Some(format!("{operator}{version}")),
            _ => Some(range),
        },
        Specifier::Workspace(_) => None,
        _ => Some(word.to_owned()),
    };
    let part = |part: &str| Some(part.split_whitespace().map(word).collect::<Option<Vec<_>>>()?.join(" "));
    Some(text.split("||").map(part).collect::<Option<Vec<_>>>()?.join(" || "))
}

/// The range behind `npm:` where no name is before it. What begins as a range does is none, though `1.0.0` might be one.
fn prefixed_range(rest: &str) -> Option<Range> {
    let begins = rest.starts_with(['^', '~', '>', '<', '=', '*']) || rest.starts_with(|c: char| c.is_ascii_digit());
    Range::parse(rest).ok().filter(|_| begins)
}

/// Splits `name@range` or `@scope/name@range`; the range is empty where there is no second `@`.
fn split_alias(text: &str) -> Option<(PackageName, &str)> {
    let at = text.char_indices().skip(1).find(|(_, c)| *c == '@').map(|(index, _)| index);
    let (name, range) = match at {
        Some(index) => (&text[..index], &text[index + 1..]),
        None => (text, ""),
    };
    PackageName::parse(name).ok().map(|name| (name, range))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> PackageName {
        PackageName::parse(text).unwrap()
    }

    #[test]
    fn each_part_of_a_peers_range_is_resolved() {
        let combined = |text: &str| combined_peer_range(text, &Version::parse("3.1.0").unwrap());
        for (text, expected) in [
            ("workspace:^1.0.0 || workspace:^3.0.0", "^1.0.0 || ^3.0.0"),
            ("^1.0.0 || workspace:^", "^1.0.0 || ^3.1.0"),
            ("workspace:~ || workspace:*", "~3.1.0 || 3.1.0"),
            ("workspace:>=1 workspace:<", ">=1 <3.1.0"),
        ] {
            assert_eq!(combined(text).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(["workspace:^", "^1 || ^2", "^1 || workspace:../a"].map(combined), [None, None, None]);
    }

    #[test]
    fn sorts_specifiers_by_protocol() {
        use WorkspaceSpecifier as W;
        assert_eq!(Specifier::parse("workspace:*"), Specifier::Workspace(W::Exact));
        assert_eq!(Specifier::parse("workspace:"), Specifier::Workspace(W::Exact));
        assert_eq!(Specifier::parse("workspace:^"), Specifier::Workspace(W::Caret));
        assert_eq!(Specifier::parse("workspace:^1.2.0"), Specifier::Workspace(W::Range("^1.2.0".into())));
        assert_eq!(Specifier::parse("workspace:../a"), Specifier::Workspace(W::Path("../a".into())));
        assert_eq!(
            Specifier::parse("workspace:@s/other@^"),
            Specifier::Workspace(W::Alias { name: name("@s/other"), target: Box::new(W::Caret) })
        );
        assert_eq!(Specifier::parse("catalog:"), Specifier::Catalog(None));
        assert_eq!(Specifier::parse("catalog:react18"), Specifier::Catalog(Some("react18".into())));
        assert_eq!(Specifier::parse("npm:@s/real@^1"), Specifier::Alias { name: name("@s/real"), range: "^1".into() });
        for range in ["^1.0.0", "1.0.0", ">=1 <2", "*", "1.x"] {
            let prefixed = Specifier::Prefixed(Range::parse(range).unwrap());
            assert_eq!(Specifier::parse(&format!("npm:{range}")), prefixed);
        }
        assert_eq!(Specifier::parse("npm:x"), Specifier::Alias { name: name("x"), range: String::new() });
        assert_eq!(Specifier::parse("npm:7zip@1"), Specifier::Alias { name: name("7zip"), range: "1".into() });
        assert_eq!(Specifier::parse("file:../x"), Specifier::File("../x".into()));
        assert_eq!(Specifier::parse("link:../x"), Specifier::Link("../x".into()));
        assert_eq!(Specifier::parse("latest"), Specifier::Tag("latest".into()));
        assert!(matches!(Specifier::parse("^1.0.0"), Specifier::Range(_)));
        assert!(matches!(Specifier::parse("git+ssh://h/o/r.git"), Specifier::Remote(_)));
        assert!(matches!(Specifier::parse("owner/repo"), Specifier::Remote(_)));
    }
}

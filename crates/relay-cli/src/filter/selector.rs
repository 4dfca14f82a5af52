//! One selector of `--filter`, parsed.
//!
//! The grammar is pnpm's (`parseProjectSelector`, seen in pnpm 12): `!` in front; `...` and `^...` behind, `...` and
//! `...^` in front; in between a name with `*`, a folder in braces, both, or a path that starts with a dot. pnpm drops
//! the dots around a path without braces (`./a...`); here they count.

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use globset::{GlobBuilder, GlobMatcher};

/// One selector.
#[derive(Debug)]
pub(super) struct Selector {
    /// As typed.
    pub(super) text: String,
    /// `!`: take away.
    pub(super) exclude: bool,
    /// `^`: only the neighbours.
    pub(super) without_itself: bool,
    /// Dots behind.
    pub(super) dependencies: bool,
    /// Dots in front.
    pub(super) dependents: bool,
    /// The name, perhaps with `*`.
    pub(super) name: Option<String>,
    /// The folder.
    pub(super) folder: Option<Folder>,
}

/// A folder pattern, relative to the workspace root.
#[derive(Debug)]
pub(super) enum Folder {
    /// Exactly this folder.
    Exact(Utf8PathBuf),
    /// A glob; `*` stays within one folder, `**` does not.
    Glob(GlobMatcher),
    /// Above the workspace root, where no package is.
    Outside,
}

/// A selector that is not in the grammar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`--filter {text}` can't be read: {problem}")]
pub(crate) struct InvalidSelector {
    text: String,
    problem: String,
}

impl Selector {
    /// Parses one selector; `here` is the folder that paths are relative to, itself relative to the workspace root.
    pub(super) fn parse(text: &str, here: &Utf8Path) -> Result<Self, InvalidSelector> {
        let invalid = |problem: &str| InvalidSelector { text: text.to_owned(), problem: problem.to_owned() };
        let exclude = text.starts_with('!');
        let rest = text.strip_prefix('!').unwrap_or(text);
        let (rest, dependencies, without_after) = match rest.strip_suffix("...") {
            None => (rest, false, false),
            Some(rest) => (rest.strip_suffix('^').unwrap_or(rest), true, rest.ends_with('^')),
        };
        let (rest, dependents, without_before) = match rest.strip_prefix("...") {
            None => (rest, false, false),
            Some(rest) => (rest.strip_prefix('^').unwrap_or(rest), true, rest.starts_with('^')),
        };
        if rest.contains(['[', ']']) {
            return Err(invalid(
                "selectors are names and folders; what has changed since a commit is told by `relay plan`",
            ));
        }
        let (name, folder) = if is_path(rest) {
            (None, Some(rest))
        } else {
            split_braces(rest).ok_or_else(|| invalid("a folder in braces stands at the end, as in `name{folder}`"))?
        };
        if name.is_none() && folder.is_none() {
            return Err(invalid("it names no package and no folder"));
        }
        if name.is_some_and(|name| name.starts_with(['!', '^', '.']) || name.ends_with('^')) {
            return Err(invalid("`!` stands in front, `^` next to the three dots, and a path starts with `./`"));
        }
        let folder = folder.map(|folder| Folder::parse(folder, here)).transpose();
        Ok(Self {
            text: text.to_owned(),
            exclude,
            without_itself: without_after || without_before,
            dependencies,
            dependents,
            name: name.map(str::to_owned),
            folder: folder.map_err(|problem| invalid(&problem))?,
        })
    }
}

impl Folder {
    fn parse(text: &str, here: &Utf8Path) -> Result<Self, String> {
        if !text.contains(['*', '?', '{']) {
            return Ok(normalised(&here.join(text)).map_or(Self::Outside, Self::Exact));
        }
        // The part before the first wildcard is a path, the rest a pattern.
        let pattern = Utf8Path::new(text);
        let plain: Utf8PathBuf =
            pattern.components().take_while(|part| !part.as_str().contains(['*', '?', '{'])).collect();
        let wild: Utf8PathBuf =
            pattern.components().skip_while(|part| !part.as_str().contains(['*', '?', '{'])).collect();
        let Some(plain) = normalised(&here.join(plain)) else { return Ok(Self::Outside) };
        let glob = match plain.as_str() {
            "" => wild.into_string(),
            plain => format!("{}/{wild}", globset::escape(plain)),
        };
        let built = GlobBuilder::new(&glob).literal_separator(true).build();
        built.map(|glob| Self::Glob(glob.compile_matcher())).map_err(|error| error.kind().to_string())
    }

    /// Says whether a package's folder is meant. As in pnpm, `packages/**` means `packages` itself too.
    pub(super) fn matches(&self, path: &Utf8Path) -> bool {
        match self {
            Self::Exact(folder) => folder == path,
            Self::Glob(glob) => glob.is_match(path) || glob.is_match(format!("{path}/")),
            Self::Outside => false,
        }
    }
}

/// `.`, `./x`, `..`, `../x`.
fn is_path(text: &str) -> bool {
    let rest = text.strip_prefix("..").or_else(|| text.strip_prefix('.'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Splits `name{folder}`; either part may be missing. `None` where the braces stand elsewhere.
fn split_braces(text: &str) -> Option<(Option<&str>, Option<&str>)> {
    let some = |part: &'_ str| !part.is_empty();
    let Some((name, rest)) = text.split_once('{') else {
        return (!text.contains('}')).then_some((Some(text).filter(|name| some(name)), None));
    };
    let folder = rest.strip_suffix('}')?;
    (some(folder) && !name.contains('}')).then_some((Some(name).filter(|name| some(name)), Some(folder)))
}

/// A relative path without `.` and `..`; `None` where it leads above its start.
fn normalised(path: &Utf8Path) -> Option<Utf8PathBuf> {
    let mut result = Utf8PathBuf::new();
    for part in path.components() {
        match part {
            Utf8Component::CurDir => {}
            Utf8Component::ParentDir => {
                if !result.pop() {
                    return None;
                }
            }
            Utf8Component::Normal(name) => result.push(name),
            Utf8Component::RootDir | Utf8Component::Prefix(_) => return None,
        }
    }
    Some(result)
}

//! The language of glob 13, which npm 12 reads `files` in: minimatch's, but from the root only, with case (where the file system
//! has it), and without comments and negation.

use super::segment::{Case, Segment};
use super::{InvalidPattern, PATTERN_LENGTH_UNITS_MAX, braces, names, walk};

/// A compiled glob.
#[derive(Debug, Clone)]
pub struct Glob {
    alternatives: Vec<Alternative>,
}

#[derive(Debug, Clone)]
struct Alternative {
    segments: Vec<Segment>,
    has_globstar: bool,
    /// It ends in a slash or `.`.
    folders_only: bool,
}

/// macOS and Windows find files whatever the case of their names.
const CASE: Case = if cfg!(any(target_os = "macos", windows)) { Case::Ignored } else { Case::Kept };

impl Glob {
    /// Compiles a glob.
    ///
    /// # Errors
    /// [`InvalidPattern`] when it is too long, nests too deep, or makes a regular expression that JavaScript refuses.
    pub fn parse(text: &str) -> Result<Self, InvalidPattern> {
        let invalid = |reason| InvalidPattern { pattern: text.chars().take(120).collect(), reason };
        if text.encode_utf16().count() > PATTERN_LENGTH_UNITS_MAX {
            return Err(invalid("it is longer than 65,536 characters"));
        }
        let mut alternatives = Vec::new();
        for one in braces::expand(text).map_err(invalid)? {
            if let Some(alternative) = Alternative::parse(&one).map_err(invalid)? {
                alternatives.push(alternative);
            }
        }
        Ok(Self { alternatives })
    }

    /// Says whether it could match anything below the root that it is asked from.
    pub fn may_match(&self) -> bool {
        !self.alternatives.is_empty()
    }

    /// Says whether it matches a file or folder, given by the names of its path.
    pub fn matches(&self, names: &[&str], is_folder: bool) -> bool {
        self.alternatives.iter().any(|one| one.matches(names, is_folder))
    }

    /// Says whether something below a folder may match.
    pub fn leads_through(&self, folder: &[&str]) -> bool {
        self.alternatives.iter().any(|one| {
            if one.has_globstar {
                walk::with_globstar(folder, &one.segments, true)
            } else {
                folder.len() < one.segments.len() && walk::plain(folder, &one.segments, true)
            }
        })
    }
}

impl Alternative {
    /// `None` for one that can't match below the root: absolute, or leading out of it.
    fn parse(text: &str) -> Result<Option<Self>, &'static str> {
        if text.is_empty() || text.starts_with('/') {
            return Ok(None);
        }
        let mut parts: Vec<&str> = Vec::new();
        let mut folders_only = false;
        for name in names(text) {
            folders_only = matches!(name, "" | ".");
            match name {
                "" | "." => {}
                "**" if parts.last() == Some(&"**") => {}
                ".." => match parts.pop() {
                    None | Some("**") => return Ok(None),
                    Some(_) => folders_only = true,
                },
                _ => parts.push(name),
            }
        }
        if parts.is_empty() {
            return Ok(None);
        }
        let segments: Vec<Segment> = parts.iter().map(|part| Segment::parse(part, CASE)).collect::<Result<_, _>>()?;
        let has_globstar = segments.iter().any(|segment| matches!(segment, Segment::Globstar));
        Ok(Some(Self { segments, has_globstar, folders_only }))
    }

    fn matches(&self, names: &[&str], is_folder: bool) -> bool {
        if self.folders_only && !is_folder {
            return false;
        }
        let whole = |segments: &[Segment]| {
            if segments.iter().any(|segment| matches!(segment, Segment::Globstar)) {
                walk::with_globstar(names, segments, false)
            } else {
                names.len() == segments.len() && walk::plain(names, segments, false)
            }
        };
        if whole(&self.segments) {
            return true;
        }
        // `a/**` also matches `a` itself; a file only where its path has no wildcard.
        match self.segments.split_last() {
            Some((Segment::Globstar, before)) if !before.is_empty() => {
                (is_folder || before.iter().all(Segment::is_literal)) && whole(before)
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(glob: &str, path: &str, is_folder: bool, expected: bool) {
        let names: Vec<&str> = path.split('/').collect();
        assert_eq!(Glob::parse(glob).unwrap().matches(&names, is_folder), expected, "`{glob}` against `{path}`");
    }

    #[test]
    fn a_glob_begins_at_the_root() {
        check("*.map", "a.map", false, true);
        check("*.map", "lib/a.map", false, false);
        check("**/*.map", "lib/a.map", false, true);
        check("**/*.map", "a.map", false, true);
        check("lib/*", "lib/.x", false, true);
        check("dist-*", "dist-a", true, true);
        check("{lib,bin}/**", "bin/x/y", false, true);
        check("./lib/../dist/./a.js", "dist/a.js", false, true);
    }

    #[test]
    fn a_double_star_at_the_end_takes_its_folder_too() {
        check("lib/**", "lib", true, true);
        check("lib/**", "lib", false, true);
        check("*/**", "lib", false, false);
        check("*/**", "lib", true, true);
        check("a/**/", "a/b", false, false);
        check("a/**/", "a/b", true, true);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn case_counts() {
        check("LIB", "lib", true, false);
        check("*.JS", "a.js", false, false);
        check("[A-C]?.js", "bx.js", false, false);
        check("[A-C]?.js", "Bx.js", false, true);
        check("?.JS", "a.js", false, false);
        check("[[:upper:]]", "a", false, false);
        check("+(É)", "é", false, false);
    }

    #[test]
    fn what_lies_outside_is_never_matched() {
        for outside in ["..", "../x", "/a", "a/../..", ".", "**/.."] {
            assert!(!Glob::parse(outside).unwrap().may_match(), "{outside}");
        }
    }

    #[test]
    fn only_folders_that_may_hold_a_match_are_walked() {
        let leads =
            |glob: &str, path: &str| Glob::parse(glob).unwrap().leads_through(&path.split('/').collect::<Vec<_>>());
        assert!(leads("lib/a/*.js", "lib") && leads("lib/a/*.js", "lib/a") && leads("**/x", "any/where"));
        assert!(!leads("lib/a/*.js", "src") && !leads("lib", "lib") && !leads("lib/*/x", "lib/a/b"));
    }
}

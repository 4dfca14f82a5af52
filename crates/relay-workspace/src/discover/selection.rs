//! The patterns of a workspace taken together: which of them exclude, and what from which.
//!
//! The managers differ. For pnpm a `!` pattern excludes from all others, wherever it stands. npm
//! (`@npmcli/map-workspaces`) does the same, save that a later pattern which a `!` pattern matches as a text takes that
//! exclusion back. yarn, bun and lerna read in order: a `!` pattern excludes from those before it.

use camino::{Utf8Path, Utf8PathBuf};

use super::error::DiscoverError;
use super::pattern::{Pattern, PatternProblem};

/// How many patterns a workspace may have. Rush repositories list some hundred folders.
const PATTERNS_MAX: usize = 4096;

/// How `!` patterns are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExclusionOrder {
    /// pnpm: wherever they stand.
    Anywhere,
    /// npm: wherever they stand, unless taken back.
    TakenBack,
    /// yarn, bun, lerna: from the patterns before them.
    InOrder,
}

/// The patterns of a workspace, ready for the walk.
#[derive(Debug, Clone)]
pub(super) struct Selection {
    /// The file that has the patterns, relative to the root.
    pub(super) file: Utf8PathBuf,
    /// The including patterns as written.
    pub(super) sources: Vec<String>,
    /// The including patterns, braces expanded.
    pub(super) included: Vec<Included>,
    excluded: Vec<Pattern>,
}

/// A pattern that includes.
#[derive(Debug, Clone)]
pub(super) struct Included {
    /// The pattern.
    pub(super) pattern: Pattern,
    /// Which of [`Selection::sources`] it came from.
    pub(super) source: usize,
    /// Which of the excluding patterns count for it.
    exclusions: Vec<usize>,
}

impl Selection {
    /// Reads the patterns of a file.
    pub(super) fn parse(file: &Utf8Path, texts: &[String], order: ExclusionOrder) -> Result<Self, DiscoverError> {
        let mut selection = Self::empty(file, texts.len())?;
        // The excluding patterns as text, and where in the list they stood.
        let mut excluded: Vec<(String, Vec<Pattern>, usize)> = Vec::new();
        let mut included: Vec<(Pattern, usize, usize)> = Vec::new();
        for (place, text) in texts.iter().enumerate() {
            let (marks, bare) = exclusion_marks(text.trim());
            let patterns = Pattern::parse(bare).map_err(|problem| selection.problem(text, problem))?;
            if marks % 2 == 1 {
                excluded.push((plain(bare), patterns, place));
                continue;
            }
            if order == ExclusionOrder::TakenBack {
                let path = plain(bare);
                let parts: Vec<&str> = path.split('/').collect();
                excluded.retain(|(_, patterns, _)| !patterns.iter().any(|pattern| pattern.matches(&parts, true)));
            }
            let source = selection.sources.len();
            selection.sources.push(text.clone());
            included.extend(patterns.into_iter().map(|pattern| (pattern, source, place)));
        }
        let mut places = Vec::new();
        for (_, patterns, place) in excluded {
            places.extend(patterns.iter().map(|_| place));
            selection.excluded.extend(patterns);
        }
        let counts = |at: usize| {
            let counted = places.iter().enumerate();
            counted.filter(move |(_, place)| order != ExclusionOrder::InOrder || **place > at).map(|(index, _)| index)
        };
        selection.included = included
            .into_iter()
            .map(|(pattern, source, place)| Included { pattern, source, exclusions: counts(place).collect() })
            .collect();
        Ok(selection)
    }

    /// A selection of folders named one by one.
    pub(super) fn folders(file: &Utf8Path, paths: &[String]) -> Result<Self, DiscoverError> {
        let mut selection = Self::empty(file, paths.len())?;
        for (source, path) in paths.iter().enumerate() {
            let pattern = Pattern::literal(path).map_err(|problem| selection.problem(path, problem))?;
            selection.included.push(Included { pattern, source, exclusions: Vec::new() });
            selection.sources.push(path.clone());
        }
        Ok(selection)
    }

    /// Says whether an including pattern's match of a folder is taken away by an excluding one.
    pub(super) fn excludes(&self, included: &Included, path: &[&str]) -> bool {
        self.exclusions_of(included).any(|pattern| pattern.matches(path, true))
    }

    /// Says whether an including pattern can match nothing in a folder or below it, because all of it is excluded.
    pub(super) fn excludes_below(&self, included: &Included, path: &[&str]) -> bool {
        self.exclusions_of(included).any(|pattern| pattern.covers(path))
    }

    /// Says whether the folder is a package's place by the patterns alone.
    pub(super) fn contains(&self, path: &[&str]) -> bool {
        !path.contains(&"node_modules")
            && self
                .included
                .iter()
                .any(|included| included.pattern.matches(path, false) && !self.excludes(included, path))
    }

    fn exclusions_of<'a>(&'a self, included: &'a Included) -> impl Iterator<Item = &'a Pattern> {
        included.exclusions.iter().filter_map(|index| self.excluded.get(*index))
    }

    fn empty(file: &Utf8Path, count: usize) -> Result<Self, DiscoverError> {
        let selection = Self { file: file.to_owned(), sources: Vec::new(), included: Vec::new(), excluded: Vec::new() };
        if count > PATTERNS_MAX {
            let problem = PatternProblem::Unreadable(format!("and its neighbours are more than {PATTERNS_MAX}"));
            return Err(selection.problem("*", problem));
        }
        Ok(selection)
    }

    fn problem(&self, pattern: &str, problem: PatternProblem) -> DiscoverError {
        let (file, pattern) = (self.file.clone(), pattern.to_owned());
        match problem {
            PatternProblem::Outside => DiscoverError::Outside { file, pattern },
            PatternProblem::Unreadable(problem) => DiscoverError::Pattern { file, pattern, problem },
        }
    }
}

/// How many `!` stand in front of a pattern, and the pattern. In `!(a|b)` the mark belongs to the extended glob.
fn exclusion_marks(text: &str) -> (usize, &str) {
    let bare = text.trim_start_matches('!');
    let marks = text.len() - bare.len();
    let marks = if bare.starts_with('(') { marks.saturating_sub(1) } else { marks };
    (marks, text.get(marks..).unwrap_or_default())
}

/// A pattern without the slashes and dots that mean nothing, for matching it as a text.
fn plain(pattern: &str) -> String {
    pattern.trim_start_matches("./").trim_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection(order: ExclusionOrder, patterns: &[&str]) -> Selection {
        let texts: Vec<String> = patterns.iter().map(|text| (*text).to_owned()).collect();
        Selection::parse(Utf8Path::new("package.json"), &texts, order).unwrap()
    }

    #[track_caller]
    fn check(patterns: &[&str], path: &str, expected: [bool; 3]) {
        let parts: Vec<&str> = path.split('/').collect();
        let orders = [ExclusionOrder::Anywhere, ExclusionOrder::TakenBack, ExclusionOrder::InOrder];
        let seen = orders.map(|order| selection(order, patterns).contains(&parts));
        assert_eq!(seen, expected, "{patterns:?} with {path} for pnpm, npm, yarn");
    }

    #[test]
    fn an_exclusion_counts_as_its_manager_reads_it() {
        check(&["packages/*", "!packages/b"], "packages/b", [false, false, false]);
        check(&["packages/*", "!packages/b"], "packages/a", [true, true, true]);
        check(&["!packages/b", "packages/*"], "packages/b", [false, false, true]);
        check(&["packages/*", "!packages/b", "packages/b"], "packages/b", [false, true, true]);
        check(&["packages/**", "!packages/b/**", "packages/b/a"], "packages/b/a", [false, true, true]);
        check(&["packages/*", "!!packages/b"], "packages/b", [true, true, true]);
        check(&["packages/!(b)"], "packages/b", [false, false, false]);
        check(&["!(b)/*"], "a/x", [true, true, true]);
        check(&["packages/*", "!(packages)/b"], "other/b", [true, true, true]);
        check(&["**"], "a/node_modules/b", [false, false, false]);
    }

    #[test]
    fn a_wide_exclusion_closes_a_folder() {
        let selection = selection(ExclusionOrder::InOrder, &["**", "!**/dist/**", "a/*"]);
        assert!(selection.excludes_below(&selection.included[0], &["x", "dist"]));
        assert!(!selection.excludes_below(&selection.included[0], &["x"]));
        assert!(!selection.excludes_below(&selection.included[1], &["x", "dist"]));
    }

    #[test]
    fn names_pattern_and_file_of_what_leads_out() {
        let error = Selection::parse(
            Utf8Path::new("pnpm-workspace.yaml"),
            &["packages/*".to_owned(), "../x".to_owned()],
            ExclusionOrder::Anywhere,
        );
        let text = error.unwrap_err().to_string();
        assert!(text.starts_with("`pnpm-workspace.yaml`: `../x` leads out of the repository"), "{text}");
    }
}

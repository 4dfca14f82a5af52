//! The patterns of a workspace taken together: which of them exclude, and what from which.
//!
//! The managers differ (seen with npm 11.19, pnpm 12.21, yarn 4.18, bun 1.4.5; lerna by its use of globby):
//!
//! - pnpm: a `!` pattern excludes from all others, wherever it stands. Patterns with `!!` or a slash in front match nothing
//! - npm (`@npmcli/map-workspaces`): the same, save that a later pattern which a `!` pattern matches as a text takes that
//!   exclusion back
//! - yarn: as pnpm, but what is below an excluded folder is excluded too, and `x/**` is not `x` itself
//! - bun: as pnpm, but a pattern without wildcards is never excluded
//! - lerna: in order; a `!` pattern excludes from those before it

use camino::{Utf8Path, Utf8PathBuf};

use super::error::DiscoverError;
use super::pattern::{Pattern, PatternProblem};

/// How many patterns a workspace may have. Rush repositories list some hundred folders.
const PATTERNS_MAX: usize = 4096;

/// Whose reading of the patterns counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    Pnpm,
    Npm,
    Yarn,
    Bun,
    Lerna,
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
    /// From which depth on an excluded folder takes all that is below with it; `None` where it never does.
    excluded_below: Option<usize>,
}

impl Selection {
    /// Reads the patterns of a file.
    pub(super) fn parse(file: &Utf8Path, texts: &[String], reading: Reading) -> Result<Self, DiscoverError> {
        let mut selection = Self::empty(file, texts.len())?;
        // The excluding patterns as text, and where in the list they stood.
        let mut excluded: Vec<(String, Vec<Pattern>, usize)> = Vec::new();
        let mut included: Vec<(Pattern, usize, usize)> = Vec::new();
        for (place, text) in texts.iter().enumerate() {
            let (marks, bare) = exclusion_marks(text.trim());
            if matches!(reading, Reading::Pnpm | Reading::Yarn) && (marks > 1 || bare.starts_with('/')) {
                // It matches nothing for them, and so it must here: the pattern is kept for the warning.
                selection.sources.push(text.clone());
                continue;
            }
            let patterns = Pattern::parse(bare).map_err(|problem| selection.problem(text, problem))?;
            if marks % 2 == 1 {
                excluded.push((plain(bare), patterns, place));
                continue;
            }
            if reading == Reading::Npm {
                let path = plain(bare);
                let parts: Vec<&str> = path.split('/').collect();
                excluded.retain(|(_, patterns, _)| !patterns.iter().any(|pattern| pattern.matches(&parts, true)));
            }
            let source = selection.sources.len();
            selection.sources.push(text.clone());
            for mut pattern in patterns {
                if reading == Reading::Yarn {
                    pattern.go_below();
                }
                included.push((pattern, source, place));
            }
        }
        let mut places = Vec::new();
        for (_, patterns, place) in excluded {
            places.extend(patterns.iter().map(|_| place));
            selection.excluded.extend(patterns);
        }
        for (pattern, source, place) in included {
            let counts = |at: usize| match reading {
                Reading::Lerna => at > place,
                Reading::Bun => !pattern.is_literal(),
                Reading::Pnpm | Reading::Npm | Reading::Yarn => true,
            };
            let exclusions = places.iter().enumerate().filter(|(_, at)| counts(**at)).map(|(index, _)| index).collect();
            // yarn doesn't look into a folder that is excluded; where it starts to look it doesn't ask.
            let start = (reading == Reading::Yarn).then(|| pattern.literal_parts());
            selection.included.push(Included { pattern, source, exclusions, excluded_below: start });
        }
        Ok(selection)
    }

    /// A selection of folders named one by one.
    pub(super) fn folders(file: &Utf8Path, paths: &[String]) -> Result<Self, DiscoverError> {
        let mut selection = Self::empty(file, paths.len())?;
        for (source, path) in paths.iter().enumerate() {
            let pattern = Pattern::literal(path).map_err(|problem| selection.problem(path, problem))?;
            selection.included.push(Included { pattern, source, exclusions: Vec::new(), excluded_below: None });
            selection.sources.push(path.clone());
        }
        Ok(selection)
    }

    /// Says whether an including pattern's match of a folder is taken away by an excluding one.
    pub(super) fn excludes(&self, included: &Included, path: &[&str]) -> bool {
        let shortest = included.excluded_below.map_or(path.len(), |start| (start + 1).min(path.len()));
        let mut folders = (shortest..=path.len()).filter_map(|length| path.get(..length));
        folders.any(|folder| self.exclusions_of(included).any(|pattern| pattern.matches(folder, true)))
    }

    /// Says whether an including pattern can match nothing in a folder or below it, because all of it is excluded.
    pub(super) fn excludes_below(&self, included: &Included, path: &[&str]) -> bool {
        let alone = included.excluded_below.is_some_and(|start| path.len() > start) && self.excludes(included, path);
        alone || self.exclusions_of(included).any(|pattern| pattern.covers(path))
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

    fn selection(reading: Reading, patterns: &[&str]) -> Selection {
        let texts: Vec<String> = patterns.iter().map(|text| (*text).to_owned()).collect();
        Selection::parse(Utf8Path::new("package.json"), &texts, reading).unwrap()
    }

    /// Who takes the folder for a package's place, by the first letters of pnpm, npm, yarn, bun and lerna.
    #[track_caller]
    fn check(patterns: &[&str], path: &str, expected: &str) {
        let parts: Vec<&str> = path.split('/').collect();
        let readings = [
            (Reading::Pnpm, 'p'),
            (Reading::Npm, 'n'),
            (Reading::Yarn, 'y'),
            (Reading::Bun, 'b'),
            (Reading::Lerna, 'l'),
        ];
        let seen = readings.into_iter().filter(|(reading, _)| selection(*reading, patterns).contains(&parts));
        assert_eq!(seen.map(|(_, letter)| letter).collect::<String>(), expected, "{patterns:?} with {path}");
    }

    #[test]
    fn an_exclusion_counts_as_its_manager_reads_it() {
        check(&["packages/*", "!packages/b"], "packages/b", "");
        check(&["packages/*", "!packages/b"], "packages/a", "pnybl");
        check(&["!packages/b", "packages/*"], "packages/b", "l");
        check(&["packages/*", "!packages/b", "packages/b"], "packages/b", "nbl");
        check(&["packages/b", "!packages/b"], "packages/b", "b");
        check(&["packages/**", "!packages/b/**", "packages/b/a"], "packages/b/a", "nbl");
        check(&["packages/**", "!packages/a"], "packages/a/x", "pnbl");
        check(&["packages/*", "!packages"], "packages/a", "pnybl");
        check(&["**"], "a/node_modules/b", "");
    }

    #[test]
    fn doubled_marks_slashes_in_front_and_two_stars_differ_too() {
        check(&["!!packages/b"], "packages/b", "nbl");
        check(&["/packages/*"], "packages/b", "nbl");
        check(&["packages/**"], "packages", "pnbl");
        check(&["packages/**"], "packages/a", "pnybl");
    }

    #[test]
    fn a_mark_before_parentheses_belongs_to_the_glob() {
        check(&["packages/!(b)"], "packages/b", "");
        check(&["!(b)/*"], "a/x", "pnybl");
        check(&["packages/*", "!(packages)/b"], "other/b", "pnybl");
    }

    #[test]
    fn a_wide_exclusion_closes_a_folder() {
        let selection = selection(Reading::Lerna, &["**", "!**/dist/**", "a/*"]);
        assert!(selection.excludes_below(&selection.included[0], &["x", "dist"]));
        assert!(!selection.excludes_below(&selection.included[0], &["x"]));
        assert!(!selection.excludes_below(&selection.included[1], &["x", "dist"]));
    }

    #[test]
    fn names_pattern_and_file_of_what_leads_out() {
        let error = Selection::parse(
            Utf8Path::new("pnpm-workspace.yaml"),
            &["packages/*".to_owned(), "../x".to_owned()],
            Reading::Pnpm,
        );
        let text = error.unwrap_err().to_string();
        assert!(text.starts_with("`pnpm-workspace.yaml`: `../x` leads out of the repository"), "{text}");
    }
}

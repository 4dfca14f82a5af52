//! Workspace patterns: globs over folders, as far as npm, pnpm, yarn, bun and lerna agree on them.
//!
//! A pattern is split at its slashes and each part matched against one folder name, so that a walk can tell which
//! folders it needs to open at all. Braces may span slashes and are expanded first. Of the extended globs `@(a|b)`,
//! `?(a|b)` and a whole-part `!(a|b)` are understood; the repeating ones `*(…)` and `+(…)` are refused by name rather than
//! read wrongly.

use globset::{GlobBuilder, GlobMatcher};

/// How many patterns the braces of one may expand to. Real ones have below ten.
const BRACE_EXPANSIONS_MAX: usize = 256;

/// How long a pattern may be, in bytes.
const PATTERN_LENGTH_BYTES_MAX: usize = 1024;

/// A glob over folders relative to the workspace root, without braces.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    parts: Vec<Part>,
}

/// What one part of a pattern matches.
#[derive(Debug, Clone)]
pub(super) enum Part {
    /// The folder of exactly that name.
    Literal(String),
    /// `*`: any folder whose name doesn't start with a dot.
    Any,
    /// A glob over one name.
    Glob { matcher: GlobMatcher, dot: bool },
    /// `!(a|b)`: any folder but these.
    Except(Vec<GlobMatcher>),
    /// `**`: any number of folders, none included.
    Deep,
}

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PatternProblem {
    /// It leads above the root.
    Outside,
    /// It can't be read; the end of a sentence that starts with the pattern.
    Unreadable(String),
}

impl Pattern {
    /// Reads a pattern without its `!`s; braces make several of it. `./` in front, slashes at both ends and repeated
    /// slashes mean nothing, and neither does `.` as a part; a backslash counts as a slash, as on Windows.
    pub(super) fn parse(text: &str) -> Result<Vec<Self>, PatternProblem> {
        let unreadable = |problem: &str| Err(PatternProblem::Unreadable(problem.to_owned()));
        if text.len() > PATTERN_LENGTH_BYTES_MAX {
            return unreadable("is too long");
        }
        if text.chars().any(char::is_control) {
            return unreadable("has control characters");
        }
        expand_braces(&text.replace('\\', "/"))?.iter().map(|text| Self::parse_expanded(text)).collect()
    }

    fn parse_expanded(text: &str) -> Result<Self, PatternProblem> {
        let mut parts: Vec<Part> = Vec::new();
        for part in text.split('/').filter(|part| !part.is_empty() && *part != ".") {
            match part {
                ".." => match parts.pop() {
                    Some(Part::Literal(_)) => {}
                    // `*/..` and the like: no one writes it, and it can lead anywhere.
                    Some(_) | None => return Err(PatternProblem::Outside),
                },
                // `**/**` is `**`.
                "**" if matches!(parts.last(), Some(Part::Deep)) => {}
                part => parts.push(Part::parse(part)?),
            }
        }
        Ok(Self { parts })
    }

    /// A pattern that matches exactly one folder.
    pub(super) fn literal(path: &str) -> Result<Self, PatternProblem> {
        let mut parts: Vec<Part> = Vec::new();
        for part in path.split(['/', '\\']).filter(|part| !part.is_empty() && *part != ".") {
            if part == ".." {
                parts.pop().ok_or(PatternProblem::Outside)?;
            } else {
                parts.push(Part::Literal(part.to_owned()));
            }
        }
        Ok(Self { parts })
    }

    /// The part at an index; `None` at the end of the pattern.
    pub(super) fn part(&self, index: usize) -> Option<&Part> {
        self.parts.get(index)
    }

    /// Says whether the pattern means the root and nothing else.
    pub(super) fn is_root(&self) -> bool {
        self.parts.is_empty()
    }

    /// Says whether the pattern has no wildcards, so that it matches one folder at most.
    pub(super) fn is_literal(&self) -> bool {
        self.literal_parts() == self.parts.len()
    }

    /// How many parts in front have no wildcards.
    pub(super) fn literal_parts(&self) -> usize {
        self.parts.iter().take_while(|part| matches!(part, Part::Literal(_))).count()
    }

    /// Lets `**` at the end stand for at least one folder.
    pub(super) fn go_below(&mut self) {
        if matches!(self.parts.last(), Some(Part::Deep)) {
            self.parts.push(Part::Any);
        }
    }

    /// Says whether the pattern matches a path, given by its parts; names that start with a dot count like any other
    /// when `dot` is set.
    pub(super) fn matches(&self, path: &[&str], dot: bool) -> bool {
        let mut here = self.reach(vec![0]);
        for name in path {
            let mut next = Vec::new();
            for index in here {
                match self.part(index) {
                    Some(Part::Deep) if dot || !name.starts_with('.') => next.push(index),
                    Some(part) if part.matches(name, dot) => next.push(index + 1),
                    _ => {}
                }
            }
            here = self.reach(next);
            if here.is_empty() {
                return false;
            }
        }
        here.contains(&self.parts.len())
    }

    /// Says whether the pattern matches the path and everything below it.
    pub(super) fn covers(&self, path: &[&str]) -> bool {
        matches!(self.parts.last(), Some(Part::Deep)) && self.matches(path, true)
    }

    /// The positions in the pattern that are reached from some without a further name, sorted: `**` may stand for none.
    pub(super) fn reach(&self, mut indices: Vec<usize>) -> Vec<usize> {
        let mut position = 0;
        while let Some(&index) = indices.get(position) {
            if matches!(self.part(index), Some(Part::Deep)) && !indices.contains(&(index + 1)) {
                indices.push(index + 1);
            }
            position += 1;
        }
        indices.sort_unstable();
        indices.dedup();
        indices
    }
}

impl Part {
    fn parse(text: &str) -> Result<Self, PatternProblem> {
        if text == "**" {
            return Ok(Self::Deep);
        }
        if text.chars().all(|c| c == '*') {
            return Ok(Self::Any);
        }
        if let Some(inner) = text.strip_prefix("!(").and_then(|rest| rest.strip_suffix(')')) {
            let alternatives: Result<_, _> = inner.split('|').map(|alternative| glob(text, alternative)).collect();
            return Ok(Self::Except(alternatives?));
        }
        let translated = translate_extended(text)?;
        if translated == text && !text.contains(['*', '?', '[', ']']) {
            return Ok(Self::Literal(text.to_owned()));
        }
        Ok(Self::Glob { matcher: glob(text, &translated)?, dot: text.starts_with('.') })
    }

    /// Says whether the part, which is not [`Part::Deep`], matches a folder's name.
    pub(super) fn matches(&self, name: &str, dot: bool) -> bool {
        let hidden = !dot && name.starts_with('.');
        match self {
            Self::Literal(literal) => literal == name,
            Self::Any => !hidden,
            Self::Glob { matcher, dot } => (!hidden || *dot) && matcher.is_match(name),
            Self::Except(alternatives) => !hidden && !alternatives.iter().any(|glob| glob.is_match(name)),
            Self::Deep => false,
        }
    }
}

fn glob(part: &str, text: &str) -> Result<GlobMatcher, PatternProblem> {
    if text.contains(['(', ')']) {
        return Err(PatternProblem::Unreadable(format!("has the extended glob `{part}`, which relay can't read")));
    }
    match GlobBuilder::new(text).literal_separator(true).empty_alternates(true).build() {
        Ok(glob) => Ok(glob.compile_matcher()),
        Err(error) => Err(PatternProblem::Unreadable(format!("can't be read: {}", error.kind()))),
    }
}

/// Writes `@(a|b)` and `?(a|b)` as the braces that globset knows.
fn translate_extended(part: &str) -> Result<String, PatternProblem> {
    let mut translated = String::new();
    let mut rest = part;
    while let Some((before, after)) = rest.split_once('(') {
        let head = before.strip_suffix('@').map(|head| (head, "")).or(before.strip_suffix('?').map(|head| (head, ",")));
        let Some(((head, empty), (alternatives, behind))) = head.zip(after.split_once(')')) else {
            let problem =
                format!("has the extended glob `{part}`, which relay can't read; write it as several patterns");
            return Err(PatternProblem::Unreadable(problem));
        };
        translated.extend([head, "{", empty, &alternatives.replace('|', ","), "}"]);
        rest = behind;
    }
    translated.push_str(rest);
    Ok(translated)
}

/// Expands `{a,b}` wherever it stands, nested ones too. Braces without a comma and unclosed ones are plain text.
fn expand_braces(text: &str) -> Result<Vec<String>, PatternProblem> {
    let mut done = Vec::new();
    let mut open: Vec<(String, usize)> = vec![(text.to_owned(), 0)];
    while let Some((text, from)) = open.pop() {
        match first_braces(&text, from) {
            None => done.push(text),
            Some(Braces { before, alternatives, behind }) => {
                let alternatives = alternatives.iter().rev();
                open.extend(alternatives.map(|one| (format!("{before}{one}{behind}"), before.len())));
            }
        }
        if done.len() + open.len() > BRACE_EXPANSIONS_MAX {
            return Err(PatternProblem::Unreadable(format!("expands to more than {BRACE_EXPANSIONS_MAX} patterns")));
        }
    }
    Ok(done)
}

struct Braces<'a> {
    before: &'a str,
    alternatives: Vec<&'a str>,
    behind: &'a str,
}

/// The first closed braces with a comma of their own, at or after a byte index.
fn first_braces(text: &str, from: usize) -> Option<Braces<'_>> {
    // The pair may be an inner one: `{a{b,c}` has an unclosed brace in front. Starts are tried from the left.
    text.char_indices().filter(|(start, c)| *start >= from && *c == '{').find_map(|(start, _)| {
        let mut depth = 0_usize;
        let mut alternatives = Vec::new();
        let mut alternative = start + 1;
        for (index, c) in text.get(start..)?.char_indices().map(|(index, c)| (start + index, c)) {
            match c {
                '{' => depth += 1,
                ',' if depth == 1 => {
                    alternatives.push(text.get(alternative..index)?);
                    alternative = index + 1;
                }
                '}' => {
                    depth -= 1;
                    if depth == 0 {
                        alternatives.push(text.get(alternative..index)?);
                        let (before, behind) = (text.get(..start)?, text.get(index + 1..)?);
                        return (alternatives.len() > 1).then_some(Braces { before, alternatives, behind });
                    }
                }
                _ => {}
            }
        }
        None
    })
}

#[cfg(test)]
mod tests;

//! Holds the names of a path against the parts of a pattern.
//!
//! A pattern with `**` is cut at each of them: the part before the first must match at the start, the part after the
//! last at the end, and the parts between anywhere in order.

use super::segment::Segment;

/// How many parts between `**` are followed before the answer is "no", as in minimatch.
const GLOBSTAR_PARTS_MAX: usize = 200;

/// Matches without `**`: one pattern part per name.
pub(super) fn plain(names: &[&str], parts: &[Segment], partial: bool) -> bool {
    if !names.iter().zip(parts).all(|(name, part)| part.matches(name)) {
        return false;
    }
    if names.len() == parts.len() {
        return true;
    }
    if names.len() < parts.len() {
        return partial;
    }
    // `a/*` also matches `a/b/`: what is left may be the empty name behind a final slash.
    names.len() == parts.len() + 1 && names.last().is_some_and(|name| name.is_empty())
}

/// Matches a pattern that has at least one `**`.
pub(super) fn with_globstar(names: &[&str], parts: &[Segment], partial: bool) -> bool {
    let is_star = |part: &Segment| matches!(part, Segment::Globstar);
    let (Some(first), Some(last)) = (parts.iter().position(is_star), parts.iter().rposition(is_star)) else {
        return plain(names, parts, partial);
    };
    let head = parts.get(..first).unwrap_or_default();
    // A partial match may end anywhere, so that nothing is bound to the path's end.
    let (body, tail): (&[Segment], &[Segment]) = if partial {
        (parts.get(first + 1..).unwrap_or_default(), &[])
    } else {
        (parts.get(first + 1..last).unwrap_or_default(), parts.get(last + 1..).unwrap_or_default())
    };
    let head_names = names.get(..head.len().min(names.len())).unwrap_or_default();
    if !head.is_empty() && !plain(head_names, head, partial) {
        return false;
    }
    let start = head.len();
    let Some(tail_length) = match_tail(names, tail, start) else { return false };
    let middle_end = names.len().saturating_sub(tail_length);
    if body.is_empty() {
        let middle = names.get(start..middle_end).unwrap_or_default();
        let mut saw_some = tail_length > 0;
        for name in middle {
            saw_some = true;
            if is_traversal(name) {
                return false;
            }
        }
        return partial || saw_some;
    }
    let sections: Vec<&[Segment]> = body.split(is_star).collect();
    let search = Search { names, sections: &sections, last_starts: last_starts(&sections, middle_end), partial };
    search.run(start, 0, 0, tail_length > 0) == Found::Yes
}

/// Matches the part after the last `**` and says how many names it takes; `None` when it doesn't match.
fn match_tail(names: &[&str], tail: &[Segment], start: usize) -> Option<usize> {
    if tail.is_empty() {
        return Some(0);
    }
    if tail.len() + start > names.len() {
        return None;
    }
    let from = |index: usize| names.get(index..).unwrap_or_default();
    let tail_start = names.len() - tail.len();
    if plain(from(tail_start), tail, false) {
        return Some(tail.len());
    }
    // `a/**/*` also matches `a/b/`: try again without the empty name at the end.
    if names.last().is_none_or(|name| !name.is_empty()) || start + tail.len() == names.len() {
        return None;
    }
    plain(from(tail_start - 1), tail, false).then_some(tail.len() + 1)
}

/// For each section the last index at which it may start, so that those behind it still have room. minimatch sums the
/// lengths of the sections *before* each one in reverse order; for more than two sections that is not the room that is
/// really needed, and it decides what matches.
fn last_starts(sections: &[&[Segment]], end: usize) -> Vec<isize> {
    let mut sums = vec![0_usize];
    let mut sum = 0;
    for section in sections.iter().take(sections.len().saturating_sub(1)) {
        sum += section.len();
        sums.push(sum);
    }
    sections
        .iter()
        .zip(sums.iter().rev())
        .map(|(section, before)| signed(end) - signed(before + section.len()))
        .collect()
}

fn signed(value: usize) -> isize {
    isize::try_from(value).unwrap_or(isize::MAX)
}

fn is_traversal(name: &str) -> bool {
    name == "." || name == ".."
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    Yes,
    /// Not from here; a later start may do.
    No,
    /// Not from here and not from any later start.
    NoMore,
}

struct Search<'a> {
    names: &'a [&'a str],
    sections: &'a [&'a [Segment]],
    last_starts: Vec<isize>,
    partial: bool,
}

impl Search<'_> {
    fn run(&self, start: usize, section: usize, depth: usize, saw_some: bool) -> Found {
        let Some(parts) = self.sections.get(section) else {
            let rest = self.names.get(start..).unwrap_or_default();
            if rest.iter().any(|name| is_traversal(name)) {
                return Found::No;
            }
            return if saw_some || !rest.is_empty() { Found::Yes } else { Found::No };
        };
        let last_start = self.last_starts.get(section).copied().unwrap_or(-1);
        let mut at = start;
        while signed(at) <= last_start {
            let end = (at + parts.len()).min(self.names.len());
            let window = self.names.get(at..end).unwrap_or_default();
            if plain(window, parts, self.partial) && depth < GLOBSTAR_PARTS_MAX {
                let rest = self.run(at + parts.len(), section + 1, depth + 1, saw_some);
                if rest != Found::No {
                    return rest;
                }
            }
            if self.names.get(at).is_some_and(|name| is_traversal(name)) {
                return Found::No;
            }
            at += 1;
        }
        if self.partial { Found::Yes } else { Found::NoMore }
    }
}

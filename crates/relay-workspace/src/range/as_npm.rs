//! A range as npm 7.8 of `semver` reads it in its loose mode, which is how npm, pnpm and yarn install: written anew in the
//! part of the grammar in which `deno_semver` agrees with it.
//!
//! npm strips build metadata before anything else, drops comparators that it can't read as long as one is left, and refuses a
//! number behind a wildcard (`1.x.5`) except after `~` and `^`, where it is not looked at. The prerelease of a partial version
//! (`1.x-alpha`) counts for nothing.

use std::borrow::Cow;

/// The largest number in a version that JavaScript can tell from its neighbours.
const NUMBER_MAX: u64 = (1 << 53) - 1;
/// A number with so many digits is below it.
const NUMBER_DIGITS_SAFE: usize = 15;

/// The range anew; `None` where npm takes it for none.
pub(super) fn as_npm(text: &str) -> Option<Cow<'_, str>> {
    // Nearly all ranges of the field are of this kind.
    if is_plain(text) {
        return Some(Cow::Borrowed(text));
    }
    let text = without_build(text);
    let mut alternatives = Vec::new();
    for alternative in text.split("||") {
        if let Some(comparators) = comparators(alternative.trim())? {
            alternatives.push(comparators);
        }
    }
    if alternatives.is_empty() {
        return None;
    }
    // One that allows all makes the others superfluous, prereleases and all.
    if alternatives.iter().any(|one| one == "*") {
        return Some(Cow::Borrowed("*"));
    }
    Some(Cow::Owned(alternatives.join(" || ")))
}

/// `1.2.3`, `^1.2.3` and `~1.2.3`, with numbers that nobody reads differently.
fn is_plain(text: &str) -> bool {
    let mut numbers = 0;
    text.strip_prefix(['^', '~']).unwrap_or(text).split('.').all(|part| {
        numbers += 1;
        (1..=NUMBER_DIGITS_SAFE).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    }) && numbers == 3
}

/// The text without build metadata: `+`, and identifiers with dots between them.
fn without_build(text: &str) -> Cow<'_, str> {
    let mut pieces = text.split('+');
    let first = pieces.next().unwrap_or_default();
    let mut kept = Cow::Borrowed(first);
    for piece in pieces {
        let after = after_build(piece);
        let kept = kept.to_mut();
        // Without an identifier it is no build metadata.
        if after.len() == piece.len() {
            kept.push('+');
        }
        kept.push_str(after);
    }
    kept
}

fn after_build(text: &str) -> &str {
    let after_identifier =
        |text: &'_ str| text.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(text.len());
    let mut end = after_identifier(text);
    while let Some(next) = text.get(end..).and_then(|rest| rest.strip_prefix('.')) {
        match after_identifier(next) {
            0 => break,
            length if end > 0 => end += 1 + length,
            _ => break,
        }
    }
    text.get(end..).unwrap_or_default()
}

/// The comparators of one alternative, joined; `Some(None)` where none of them can be read, `None` where one of them makes
/// npm refuse the whole range.
#[expect(clippy::option_option, reason = "an alternative that is dropped is another thing than a refusal")]
fn comparators(alternative: &str) -> Option<Option<String>> {
    if let Some(hyphen) = hyphen(alternative) {
        return Some(Some(hyphen?));
    }
    let mut read = Vec::new();
    for word in words(alternative) {
        if let Some(comparator) = comparator(&word)? {
            read.push(comparator);
        }
    }
    // Nothing can satisfy this one, whatever stands beside it.
    if read.iter().any(|one| one == "<0.0.0-0") {
        return Some(Some("<0.0.0-0".to_owned()));
    }
    read.dedup();
    if read.len() > 1 {
        read.retain(|one| one != "*");
    }
    Some(match read.as_slice() {
        [] if alternative.is_empty() => Some("*".to_owned()),
        [] => None,
        read => Some(read.join(" ")),
    })
}

/// The comparators of an alternative, each with its operator: `> 1.2` is one.
fn words(alternative: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in alternative.split_whitespace() {
        match words.last_mut() {
            Some(last) if is_operator(last) && starts_a_version(word) => last.push_str(word),
            _ => words.push(word.to_owned()),
        }
    }
    words
}

fn is_operator(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|c| "<>=~^v".contains(c))
        && split_operator(text).1.trim_matches(['v', '=']).is_empty()
}

fn starts_a_version(word: &str) -> bool {
    word.trim_start_matches(['v', '=']).starts_with(|c: char| c.is_ascii_digit() || "xX*".contains(c))
}

fn split_operator(text: &str) -> (&str, &str) {
    let operators = ["~>", "~", "^", "<=", ">=", "<", ">", "="];
    let operator = operators.into_iter().find(|operator| text.starts_with(operator)).unwrap_or_default();
    (operator, text.strip_prefix(operator).unwrap_or_default())
}

/// A comparator anew; `Some(None)` where it can't be read, `None` where its numbers are too large for npm.
#[expect(clippy::option_option, reason = "a comparator that is dropped is another thing than a refusal")]
fn comparator(word: &str) -> Option<Option<String>> {
    let (operator, rest) = split_operator(word);
    let Some(partial) = Partial::read(rest) else { return Some(None) };
    let numbers = [&partial.major, &partial.minor, &partial.patch];
    if numbers.iter().any(|number| matches!(number, Part::Number(number) if *number > NUMBER_MAX)) {
        return None;
    }
    let follows = matches!(operator, "~" | "~>" | "^");
    let operator = if operator == "~>" { "~" } else { operator };
    Some(match (&partial.major, &partial.minor, &partial.patch) {
        _ if !follows && partial.has_number_behind_wildcard() => None,
        (Part::Any, ..) if matches!(operator, "<" | ">") => Some("<0.0.0-0".to_owned()),
        (Part::Any, ..) => Some("*".to_owned()),
        (Part::Number(major), Part::Any, _) => Some(format!("{}{major}", without_equals(operator))),
        (Part::Number(major), Part::Number(minor), Part::Any) => {
            Some(format!("{}{major}.{minor}", without_equals(operator)))
        }
        (Part::Number(0), Part::Number(0), Part::Number(0)) if operator == ">=" && partial.prerelease.is_empty() => {
            Some("*".to_owned())
        }
        (Part::Number(major), Part::Number(minor), Part::Number(patch)) => {
            Some(format!("{operator}{major}.{minor}.{patch}{}", partial.prerelease))
        }
    })
}

fn without_equals(operator: &str) -> &str {
    if operator == "=" { "" } else { operator }
}

/// `1.2 - 2.x` as two comparators; `None` where it is no such range, `Some(None)` where npm refuses its numbers.
#[expect(clippy::option_option, reason = "no hyphen is another thing than a refusal")]
fn hyphen(alternative: &str) -> Option<Option<String>> {
    let (from, to) = alternative.split_once(" - ").or_else(|| alternative.split_once("\t-\t"))?;
    let (from, to) = (Partial::read(from.trim())?, Partial::read(to.trim())?);
    let lower = match (&from.major, &from.minor, &from.patch) {
        (Part::Any, ..) => String::new(),
        (Part::Number(major), Part::Any, _) => format!(">={major}.0.0"),
        (Part::Number(major), Part::Number(minor), Part::Any) => format!(">={major}.{minor}.0"),
        (Part::Number(major), Part::Number(minor), Part::Number(patch)) => {
            format!(">={major}.{minor}.{patch}{}", from.prerelease)
        }
    };
    let upper = match (&to.major, &to.minor, &to.patch) {
        (Part::Any, ..) => String::new(),
        (Part::Number(major), Part::Any, _) => format!("<{}.0.0-0", major.checked_add(1)?),
        (Part::Number(major), Part::Number(minor), Part::Any) => format!("<{major}.{}.0-0", minor.checked_add(1)?),
        (Part::Number(major), Part::Number(minor), Part::Number(patch)) => {
            format!("<={major}.{minor}.{patch}{}", to.prerelease)
        }
    };
    let both = format!("{lower} {upper}");
    Some(match both.trim() {
        "" | ">=0.0.0" => Some("*".to_owned()),
        both => Some(both.trim_start_matches(">=0.0.0 ").to_owned()),
    })
}

#[derive(Debug)]
enum Part {
    Any,
    Number(u64),
}

/// `1`, `1.x`, `v1.2.3-rc.1`: numbers or wildcards, and what follows the third one.
#[derive(Debug)]
struct Partial {
    major: Part,
    minor: Part,
    patch: Part,
    /// With its hyphen; empty where there is none.
    prerelease: String,
}

impl Partial {
    fn read(text: &str) -> Option<Self> {
        let mut rest = text.trim_start_matches(|c: char| c == 'v' || c == '=' || c.is_whitespace());
        let major = part(&mut rest)?;
        let mut next = || match rest.strip_prefix('.') {
            Some(after) => {
                rest = after;
                part(&mut rest).map(Some)
            }
            None => Some(None),
        };
        let minor = next()?;
        let patch = if minor.is_some() { next()? } else { None };
        let prerelease = if rest.is_empty() {
            String::new()
        } else if patch.is_some() {
            prerelease(rest)?
        } else {
            return None;
        };
        Some(Self { major, minor: minor.unwrap_or(Part::Any), patch: patch.unwrap_or(Part::Any), prerelease })
    }

    fn has_number_behind_wildcard(&self) -> bool {
        let number = |part: &Part| matches!(part, Part::Number(_));
        !number(&self.major) && number(&self.minor) || !number(&self.minor) && number(&self.patch)
    }
}

fn part(rest: &mut &str) -> Option<Part> {
    if let Some(after) = rest.strip_prefix(['x', 'X', '*']) {
        *rest = after;
        return Some(Part::Any);
    }
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, after) = rest.split_at(end);
    if digits.is_empty() {
        return None;
    }
    *rest = after;
    // Beyond what this type holds it is beyond npm's bound as well.
    Some(Part::Number(digits.parse().unwrap_or(u64::MAX)))
}

/// A prerelease with or without its hyphen, as the loose mode has it; numbers without leading zeros.
fn prerelease(text: &str) -> Option<String> {
    let text = text.strip_prefix('-').unwrap_or(text);
    let mut parts = Vec::new();
    for part in text.split('.') {
        if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return None;
        }
        let digits = part.bytes().all(|byte| byte.is_ascii_digit());
        let bare = part.trim_start_matches('0');
        parts.push(match (digits, bare) {
            (true, "") => "0",
            (true, bare) => bare,
            (false, _) => part,
        });
    }
    Some(format!("-{}", parts.join(".")))
}

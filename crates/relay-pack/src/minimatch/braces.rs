//! Brace expansion: `{a,b}`, `{1..5}`, `{a..e..2}`, nested, as brace-expansion 5 does it (which follows bash).
//!
//! Works on code units; escaped braces, commas, dots and backslashes are lifted out of the way as values above all
//! characters while the braces are looked at.

use super::PATTERN_DEPTH_MAX;

/// The most results of one expansion; what is beyond is left out, as in brace-expansion.
const RESULTS_MAX: usize = 100_000;
/// The most code units that all results of one step may hold, as in brace-expansion.
const RESULTS_LENGTH_UNITS_MAX: usize = 4_000_000;

type Unit = u32;
type Text = Vec<Unit>;

const LIFTED: [(char, Unit); 5] =
    [('\\', 0x0011_0000), ('{', 0x0011_0001), ('}', 0x0011_0002), (',', 0x0011_0003), ('.', 0x0011_0004)];
const LIFTED_CLOSE: Unit = 0x0011_0002;

/// `{`, `}`, `,` and `$`.
const OPEN: Unit = 0x7b;
const CLOSE: Unit = 0x7d;
const COMMA: Unit = 0x2c;
const DOLLAR: Unit = 0x24;

/// Expands a pattern into distinct patterns, in order.
pub(super) fn expand(pattern: &str) -> Result<Vec<String>, &'static str> {
    if !has_brace_pair(pattern) {
        return Ok(vec![pattern.to_owned()]);
    }
    let escaped;
    // A leading `{}` stays as it is, as in bash.
    let pattern = match pattern.strip_prefix("{}") {
        Some(rest) => {
            escaped = format!("\\{{\\}}{rest}");
            escaped.as_str()
        }
        None => pattern,
    };
    let results = expand_units(lift(pattern), true, 0)?;
    let mut seen = std::collections::HashSet::with_capacity(results.len());
    Ok(results.into_iter().map(|one| lower(&one)).filter(|one| seen.insert(one.clone())).collect())
}

/// Says whether some `{` is followed by a `}` with no other `{` and no line end between.
fn has_brace_pair(pattern: &str) -> bool {
    let mut open = false;
    for c in pattern.chars() {
        match c {
            '{' => open = true,
            '}' if open => return true,
            '\n' | '\r' | '\u{2028}' | '\u{2029}' => open = false,
            _ => {}
        }
    }
    false
}

fn lift(pattern: &str) -> Text {
    let mut units = Text::with_capacity(pattern.len());
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        let next = chars.peek().copied();
        let lifted = LIFTED.iter().find(|(plain, _)| c == '\\' && next == Some(*plain));
        if let Some((_, unit)) = lifted {
            units.push(*unit);
            chars.next();
        } else {
            units.push(Unit::from(c));
        }
    }
    units
}

fn lower(units: &[Unit]) -> String {
    units
        .iter()
        .filter_map(|unit| match LIFTED.iter().find(|(_, lifted)| lifted == unit) {
            Some((plain, _)) => Some(*plain),
            None => char::from_u32(*unit),
        })
        .collect()
}

/// The first balanced pair of braces: what is before, inside and behind it.
fn balanced(text: &[Unit]) -> Option<(&[Unit], &[Unit], &[Unit])> {
    let find = |unit: Unit, from: usize| {
        text.get(from..).and_then(|rest| rest.iter().position(|one| *one == unit)).map(|index| index + from)
    };
    let mut next_open = find(OPEN, 0);
    let mut next_close = find(CLOSE, next_open? + 1);
    next_close?;
    let mut opens: Vec<usize> = Vec::new();
    // The outermost pair of those that are inside an open brace that is never closed.
    let mut best: Option<(usize, usize)> = None;
    let mut result = None;
    let mut at = next_open;
    while let (Some(index), None) = (at, result) {
        if Some(index) == next_open {
            opens.push(index);
            next_open = find(OPEN, index + 1);
        } else {
            let begin = opens.pop()?;
            if opens.is_empty() {
                result = Some((begin, index));
            } else {
                if best.is_none_or(|(left, _)| begin < left) {
                    best = Some((begin, index));
                }
                next_close = find(CLOSE, index + 1);
            }
        }
        at = match (next_open, next_close) {
            (Some(open), Some(close)) if open < close => Some(open),
            (_, close) => close,
        };
    }
    if result.is_none() && !opens.is_empty() {
        result = best;
    }
    let (begin, end) = result?;
    Some((text.get(..begin)?, text.get(begin + 1..end)?, text.get(end + 1..)?))
}

fn expand_units(text: Text, top: bool, depth: usize) -> Result<Vec<Text>, &'static str> {
    if depth > PATTERN_DEPTH_MAX {
        return Err("its braces nest too deep");
    }
    let mut rest = text;
    let mut top = top;
    let mut done: Vec<Text> = vec![Text::new()];
    // bash drops empty results where the first group is a list; the drop is made on whole results.
    let mut drop_empty = false;
    let mut first_group = true;
    loop {
        let Some((before, body, behind)) = balanced(&rest) else {
            return Ok(combine(&done, &rest, &[Text::new()], drop_empty));
        };
        let last = behind.is_empty();
        if before.last() == Some(&DOLLAR) {
            let literal = [before, &[OPEN], body, &[CLOSE]].concat();
            done = combine(&done, &literal, &[Text::new()], drop_empty && last);
            first_group = false;
        } else {
            let sequence = Sequence::parse(body);
            if sequence.is_none() && !body.contains(&COMMA) {
                if closes_later(behind) {
                    // `{a},b}`: the first closing brace is an ordinary character.
                    rest = [before, &[OPEN], body, &[LIFTED_CLOSE], behind].concat();
                    top = true;
                    continue;
                }
                return Ok(combine(&done, &rest, &[Text::new()], drop_empty));
            }
            if first_group {
                drop_empty = top && sequence.is_none();
                first_group = false;
            }
            let values = match sequence {
                Some(sequence) => sequence.values(),
                None => list_values(body, depth)?,
            };
            done = combine(&done, before, &values, drop_empty && last);
        }
        if last {
            return Ok(done);
        }
        rest = behind.to_vec();
    }
}

/// The values of a list's members, each expanded in turn.
fn list_values(body: &[Unit], depth: usize) -> Result<Vec<Text>, &'static str> {
    let mut members = members(body);
    if let [only] = members.as_slice() {
        // `{{a,b}}` is `{a}` and `{b}`.
        members = expand_units(only.clone(), false, depth + 1)?
            .into_iter()
            .map(|one| [&[OPEN], one.as_slice(), &[CLOSE]].concat())
            .collect();
        if members.len() == 1 {
            return Ok(members);
        }
    }
    let mut values = Vec::new();
    let mut length = 0;
    for member in members {
        for value in expand_units(member, false, depth + 1)? {
            if values.len() >= RESULTS_MAX || length + value.len() > RESULTS_LENGTH_UNITS_MAX {
                return Ok(values);
            }
            length += value.len();
            values.push(value);
        }
    }
    Ok(values)
}

/// Says whether a comma that is not followed by another one has a closing brace somewhere behind it.
fn closes_later(text: &[Unit]) -> bool {
    let is_line_end = |unit: &Unit| [0x0a, 0x0d, 0x2028, 0x2029].contains(unit);
    text.iter().enumerate().any(|(index, unit)| {
        *unit == COMMA
            && text.get(index + 1) != Some(&COMMA)
            && text
                .get(index + 1..)
                .is_some_and(|rest| rest.iter().take_while(|unit| !is_line_end(unit)).any(|unit| *unit == CLOSE))
    })
}

/// Splits at commas that are not inside braces.
fn members(body: &[Unit]) -> Vec<Text> {
    let mut members: Vec<Text> = vec![Text::new()];
    let mut rest = body;
    let push_split = |members: &mut Vec<Text>, text: &[Unit]| {
        for (index, piece) in text.split(|unit| *unit == COMMA).enumerate() {
            if index > 0 {
                members.push(Text::new());
            }
            if let Some(last) = members.last_mut() {
                last.extend_from_slice(piece);
            }
        }
    };
    while let Some((before, inside, behind)) = balanced(rest) {
        push_split(&mut members, before);
        if let Some(last) = members.last_mut() {
            last.push(OPEN);
            last.extend_from_slice(inside);
            last.push(CLOSE);
        }
        rest = behind;
    }
    push_split(&mut members, rest);
    members
}

/// Every result so far, `before` and every value, in order, within the limits.
fn combine(done: &[Text], before: &[Unit], values: &[Text], drop_empty: bool) -> Vec<Text> {
    let mut results = Vec::new();
    let mut length = 0;
    for start in done {
        for value in values {
            if results.len() >= RESULTS_MAX {
                return results;
            }
            let result = [start.as_slice(), before, value.as_slice()].concat();
            if drop_empty && result.is_empty() {
                continue;
            }
            if length + result.len() > RESULTS_LENGTH_UNITS_MAX {
                return results;
            }
            length += result.len();
            results.push(result);
        }
    }
    results
}

/// `1..5`, `a..e`, each perhaps with a third number, the step.
struct Sequence {
    from: i64,
    to: i64,
    step: i64,
    letters: bool,
    padded_width: Option<usize>,
}

impl Sequence {
    fn parse(body: &[Unit]) -> Option<Self> {
        let body: String = body.iter().map(|unit| char::from_u32(*unit)).collect::<Option<_>>()?;
        let parts: Vec<&str> = body.split("..").collect();
        let (from, to, step) = match parts.as_slice() {
            [from, to] => (*from, *to, None),
            [from, to, step] => (*from, *to, Some(*step)),
            _ => return None,
        };
        // Numbers beyond 64 bits are cut to the widest: nobody packs such a range.
        let number = |text: &str| {
            let digits = text.strip_prefix('-').unwrap_or(text);
            let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            is_number.then(|| text.parse::<i64>().unwrap_or(i64::from(i32::MAX)))
        };
        let letter = |text: &str| {
            let mut chars = text.chars();
            chars.next().filter(|c| c.is_ascii_alphabetic() && chars.next().is_none()).map(|c| i64::from(u32::from(c)))
        };
        let step = match step {
            Some(step) => number(step)?.saturating_abs().max(1),
            None => 1,
        };
        if let (Some(first), Some(last)) = (number(from), number(to)) {
            let is_padded = |text: &&str| {
                let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
                digits.len() > 1 && digits.first() == Some(&b'0')
            };
            let padded_width = parts.iter().any(is_padded).then(|| from.len().max(to.len()));
            return Some(Self { from: first, to: last, step, letters: false, padded_width });
        }
        let padded_width = None;
        Some(Self { from: letter(from)?, to: letter(to)?, step, letters: true, padded_width })
    }

    fn values(&self) -> Vec<Text> {
        let mut values = Vec::new();
        let mut length = 0;
        let mut at = self.from;
        while values.len() < RESULTS_MAX && if self.to < self.from { at >= self.to } else { at <= self.to } {
            let value: Text = self.value(at).chars().map(Unit::from).collect();
            length += value.len();
            if length > RESULTS_LENGTH_UNITS_MAX {
                break;
            }
            values.push(value);
            let next = if self.to < self.from { at.checked_sub(self.step) } else { at.checked_add(self.step) };
            let Some(next) = next else { break };
            at = next;
        }
        values
    }

    fn value(&self, at: i64) -> String {
        if self.letters {
            let c = u32::try_from(at).ok().and_then(char::from_u32).filter(|c| *c != '\\');
            return c.map(String::from).unwrap_or_default();
        }
        match self.padded_width {
            Some(width) if at < 0 => format!("-{:0>1$}", at.unsigned_abs(), width.saturating_sub(1)),
            Some(width) => format!("{at:0>width$}"),
            None => at.to_string(),
        }
    }
}

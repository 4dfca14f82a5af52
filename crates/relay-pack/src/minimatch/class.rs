//! `[...]` in a pattern: single characters, ranges, negation, POSIX classes.

use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;
use icu_properties::props::GeneralCategoryGroup as Group;

use super::regular::{self, Folding};

/// What `[...]` accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Class {
    ranges: Vec<(u32, u32)>,
    groups: Vec<Group>,
    /// Groups of the POSIX class that is defined by what it lacks (`[:graph:]`).
    lacking: Vec<Group>,
    negated: bool,
}

/// What stands at a `[`.
pub(super) enum ClassParse {
    /// A class, its length in code units, and whether it asks for whole characters instead of code units.
    Class(Class, usize, bool),
    /// A class with one member: an escaped character, not a wildcard.
    Single(u16, usize),
    /// A class that can't match anything; it takes the rest of the text with it.
    Impossible,
    /// No class: the `[` stands for itself.
    None,
}

impl Class {
    /// Says whether the class accepts a code unit or character.
    pub(super) fn accepts(&self, unit: u32, folding: Folding) -> bool {
        let forms = folding.forms(unit);
        let has_ranges = !self.ranges.is_empty() || !self.groups.is_empty();
        let in_ranges = forms.iter().any(|form| {
            self.ranges.iter().any(|(low, high)| (low..=high).contains(&form)) || in_groups(*form, &self.groups)
        });
        let lacks = !forms.iter().any(|form| in_groups(*form, &self.lacking));
        match (has_ranges, self.lacking.is_empty()) {
            (true, true) => in_ranges != self.negated,
            (true, false) => (in_ranges != self.negated) || (lacks != self.negated),
            (false, _) => lacks != self.negated,
        }
    }

    /// The class with pairs of code units joined to characters.
    pub(super) fn with_whole_characters(&self) -> Self {
        let mut class = self.clone();
        class.ranges.clear();
        for (low, high) in &self.ranges {
            let joined = class.ranges.last().and_then(|(_, before)| {
                let (first, second) = (u16::try_from(*before).ok()?, u16::try_from(*low).ok()?);
                regular::whole(first, second)
            });
            match (joined, class.ranges.last_mut()) {
                (Some(character), Some(last)) if last.0 == last.1 && low == high => *last = (character, character),
                _ => class.ranges.push((*low, *high)),
            }
        }
        class
    }

    /// Says whether the class is written as an alternative of two classes, so that its text doesn't start with `[`.
    pub(super) fn is_combined(&self) -> bool {
        let has_ranges = !self.ranges.is_empty() || !self.groups.is_empty();
        has_ranges && !self.lacking.is_empty()
    }
}

fn in_groups(unit: u32, groups: &[Group]) -> bool {
    if groups.is_empty() {
        return false;
    }
    let category = CodePointMapData::<GeneralCategory>::new().get32(unit);
    groups.iter().any(|group| group.contains(category))
}

struct Posix {
    name: &'static str,
    groups: &'static [Group],
    ranges: &'static [(u32, u32)],
    whole_characters: bool,
    lacking: bool,
}

const fn posix(name: &'static str, groups: &'static [Group], ranges: &'static [(u32, u32)]) -> Posix {
    Posix { name, groups, ranges, whole_characters: !groups.is_empty(), lacking: false }
}

const fn posix_lacking(name: &'static str, groups: &'static [Group]) -> Posix {
    Posix { name, groups, ranges: &[], whole_characters: true, lacking: true }
}

const POSIX: [Posix; 14] = [
    posix("[:alnum:]", &[Group::Letter, Group::LetterNumber, Group::DecimalNumber], &[]),
    posix("[:alpha:]", &[Group::Letter, Group::LetterNumber], &[]),
    posix("[:ascii:]", &[], &[(0, 0x7f)]),
    posix("[:blank:]", &[Group::SpaceSeparator], &[(9, 9)]),
    posix("[:cntrl:]", &[Group::Control], &[]),
    posix("[:digit:]", &[Group::DecimalNumber], &[]),
    posix_lacking("[:graph:]", &[Group::Separator, Group::Other]),
    posix("[:lower:]", &[Group::LowercaseLetter], &[]),
    // minimatch has this one the wrong way round: it stands for what can't be printed.
    posix("[:print:]", &[Group::Other], &[]),
    posix("[:punct:]", &[Group::Punctuation], &[]),
    posix("[:space:]", &[Group::Separator], &[(9, 13)]),
    posix("[:upper:]", &[Group::UppercaseLetter], &[]),
    posix("[:word:]", &[Group::Letter, Group::LetterNumber, Group::DecimalNumber, Group::ConnectorPunctuation], &[]),
    posix("[:xdigit:]", &[], &[(0x30, 0x39), (0x41, 0x46), (0x61, 0x66)]),
];

const BACKSLASH: u16 = 0x5c;
const DASH: u16 = 0x2d;
const OPEN: u16 = 0x5b;
const CLOSE: u16 = 0x5d;
const BANG: u16 = 0x21;
const CARET: u16 = 0x5e;

/// Reads a class at the start of `text`, which begins with `[`.
pub(super) fn parse(text: &[u16]) -> ClassParse {
    let at = |index: usize| text.get(index).copied();
    let mut class = Class { ranges: Vec::new(), groups: Vec::new(), lacking: Vec::new(), negated: false };
    // How many members were written; a class of one plain character is no wildcard.
    let mut members = 0_usize;
    let mut single = None;
    let mut whole_characters = false;
    let mut saw_start = false;
    let mut escaping = false;
    let mut range_start: Option<u16> = None;
    let mut index = 1;
    if matches!(at(1), Some(BANG | CARET)) {
        class.negated = true;
        index = 2;
    }
    let mut end = None;
    while let Some(c) = at(index) {
        if c == CLOSE && saw_start && !escaping {
            end = Some(index + 1);
            break;
        }
        saw_start = true;
        if c == BACKSLASH && !escaping {
            escaping = true;
            index += 1;
            continue;
        }
        let posix = POSIX.iter().find(|posix| c == OPEN && !escaping && starts_with(text, index, posix.name));
        if let Some(posix) = posix {
            if range_start.is_some() {
                return ClassParse::Impossible;
            }
            index += posix.name.len();
            if posix.lacking {
                class.lacking.extend_from_slice(posix.groups);
            } else {
                class.groups.extend_from_slice(posix.groups);
                class.ranges.extend_from_slice(posix.ranges);
                members += 2;
            }
            whole_characters |= posix.whole_characters;
            continue;
        }
        escaping = false;
        if let Some(start) = range_start.take() {
            // A range that runs backwards is left out; the other members still count.
            if c >= start {
                class.ranges.push((start.into(), c.into()));
                members += if c == start { 1 } else { 2 };
                single = Some(c);
            }
            index += 1;
        } else if at(index + 1) == Some(DASH) && at(index + 2) == Some(CLOSE) {
            class.ranges.extend([(c.into(), c.into()), (DASH.into(), DASH.into())]);
            members += 2;
            index += 2;
        } else if at(index + 1) == Some(DASH) {
            range_start = Some(c);
            index += 2;
        } else {
            class.ranges.push((c.into(), c.into()));
            members += 1;
            single = Some(c);
            index += 1;
        }
    }
    let Some(end) = end else { return ClassParse::None };
    if members == 0 && class.lacking.is_empty() {
        return ClassParse::Impossible;
    }
    match single {
        Some(c) if members == 1 && class.lacking.is_empty() && !class.negated && !is_line_end(c) => {
            ClassParse::Single(c, end)
        }
        _ => ClassParse::Class(class, end, whole_characters),
    }
}

fn starts_with(text: &[u16], index: usize, name: &str) -> bool {
    text.get(index..)
        .is_some_and(|rest| rest.len() >= name.len() && rest.iter().zip(name.encode_utf16()).all(|(a, b)| *a == b))
}

fn is_line_end(unit: u16) -> bool {
    [0x0a, 0x0d, 0x2028, 0x2029].contains(&unit)
}

//! Reads text into the tree of extglobs.

use super::super::PATTERN_DEPTH_MAX;
use super::{Kind, NodeId, Part, ROOT, Tree};

/// How deep an extglob may stand in others that it can't be folded into; deeper ones are literal text.
const EXTGLOB_DEPTH_MAX: usize = 2;

/// Follows escapes and `[...]` in text, in which no extglob begins.
#[derive(Default)]
struct Scanner {
    escaping: bool,
    in_class: bool,
    class_start: usize,
    class_negated: bool,
}

impl Scanner {
    /// Says whether the unit before `next` is inside an escape or a class.
    fn swallows(&mut self, unit: u16, next: usize) -> bool {
        if self.escaping || unit == u16::from(b'\\') {
            self.escaping = !self.escaping;
            return true;
        }
        let is = |c: u8| unit == u16::from(c);
        if self.in_class {
            if next == self.class_start + 1 {
                self.class_negated |= is(b'^') || is(b'!');
            } else if is(b']') && !(next == self.class_start + 2 && self.class_negated) {
                self.in_class = false;
            }
            return true;
        }
        if is(b'[') {
            *self = Self { in_class: true, class_start: next, ..Self::default() };
            return true;
        }
        false
    }
}

impl Tree {
    /// Reads the whole text into the root.
    pub(super) fn read(&mut self, units: &[u16]) -> Result<(), &'static str> {
        let mut scanner = Scanner::default();
        let mut pending = Vec::new();
        let mut index = 0;
        while let Some(unit) = units.get(index).copied() {
            index += 1;
            if scanner.swallows(unit, index) {
                pending.push(unit);
            } else if let Some(kind) = opens(units, unit, index) {
                self.push(ROOT, Part::Text(std::mem::take(&mut pending)));
                let extglob = self.add(Some(kind), Some(ROOT));
                index = self.read_extglob(units, extglob, index, 1, 1)?;
                self.push(ROOT, Part::Node(extglob));
            } else {
                pending.push(unit);
            }
        }
        self.push(ROOT, Part::Text(pending));
        Ok(())
    }

    /// Reads an extglob whose `(` is at `open`, and gives the index behind it.
    fn read_extglob(
        &mut self,
        units: &[u16],
        id: NodeId,
        open: usize,
        depth: usize,
        nesting: usize,
    ) -> Result<usize, &'static str> {
        if nesting > PATTERN_DEPTH_MAX {
            return Err("its extglobs nest too deep");
        }
        let mut scanner = Scanner::default();
        let mut alternatives = Vec::new();
        let mut alternative = self.add(None, Some(id));
        let mut pending: Vec<u16> = Vec::new();
        let mut index = open + 1;
        while let Some(unit) = units.get(index).copied() {
            index += 1;
            if scanner.swallows(unit, index) {
                pending.push(unit);
                continue;
            }
            if let Some(kind) = opens(units, unit, index) {
                let adoptable = self.node(id).kind.is_some_and(|outer| outer.adopts_somehow(kind));
                if depth <= EXTGLOB_DEPTH_MAX || adoptable {
                    self.push(alternative, Part::Text(std::mem::take(&mut pending)));
                    let inner = self.add(Some(kind), Some(alternative));
                    self.push(alternative, Part::Node(inner));
                    let depth = if adoptable { depth } else { depth + 1 };
                    index = self.read_extglob(units, inner, index, depth, nesting + 1)?;
                    continue;
                }
            }
            if unit == u16::from(b'|') {
                self.push(alternative, Part::Text(std::mem::take(&mut pending)));
                alternatives.push(alternative);
                alternative = self.add(None, Some(id));
                continue;
            }
            if unit == u16::from(b')') {
                // minimatch fills the parts only at the end, so that this asks for the last alternative alone.
                if pending.is_empty() && self.parts(id).is_empty() {
                    self.node_mut(id).empty = true;
                }
                self.push(alternative, Part::Text(pending));
                alternatives.push(alternative);
                self.parts_mut(id).extend(alternatives.into_iter().map(Part::Node));
                return Ok(index);
            }
            pending.push(unit);
        }
        // Never closed: no extglob after all, but the rest of the text from its first character on.
        let rest = units.get(open - 1..).unwrap_or_default().to_vec();
        let node = self.node_mut(id);
        node.kind = None;
        node.magic = false;
        *self.parts_mut(id) = vec![Part::Text(rest)];
        Ok(index)
    }
}

fn opens(units: &[u16], unit: u16, next: usize) -> Option<Kind> {
    Kind::of(unit).filter(|_| units.get(next) == Some(&u16::from(b'(')))
}

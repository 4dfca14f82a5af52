//! Sets of marks, interned: many commits of a walk share few different sets, so a commit holds a small number and the union
//! of two sets is computed once.

use std::collections::HashMap;

/// An interned set of marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Marks(usize);

impl Marks {
    pub(super) const NONE: Self = Self(0);
}

/// All sets of one walk.
#[derive(Debug)]
pub(super) struct Palette {
    words: usize,
    sets: Vec<Box<[u64]>>,
    ids: HashMap<Box<[u64]>, Marks>,
    unions: HashMap<(Marks, Marks), Marks>,
}

impl Palette {
    /// For marks below `marks`.
    pub(super) fn new(marks: usize) -> Self {
        let words = marks.div_ceil(64).max(1);
        let empty: Box<[u64]> = vec![0; words].into_boxed_slice();
        Self { words, ids: HashMap::from([(empty.clone(), Marks::NONE)]), sets: vec![empty], unions: HashMap::new() }
    }

    /// The set of one mark.
    pub(super) fn single(&mut self, mark: usize) -> Marks {
        let mut set = vec![0; self.words].into_boxed_slice();
        if let Some(word) = set.get_mut(mark / 64) {
            *word |= 1 << (mark % 64);
        }
        self.intern(set)
    }

    /// The union of two sets.
    pub(super) fn union(&mut self, a: Marks, b: Marks) -> Marks {
        if a == b || b == Marks::NONE {
            return a;
        }
        if a == Marks::NONE {
            return b;
        }
        let key = if a.0 < b.0 { (a, b) } else { (b, a) };
        if let Some(known) = self.unions.get(&key) {
            return *known;
        }
        let set = self.words_of(a).iter().zip(self.words_of(b)).map(|(a, b)| a | b).collect();
        let union = self.intern(set);
        self.unions.insert(key, union);
        union
    }

    /// Whether a mark is in the set.
    pub(super) fn has(&self, set: Marks, mark: usize) -> bool {
        self.words_of(set).get(mark / 64).is_some_and(|word| word & (1 << (mark % 64)) != 0)
    }

    /// Whether all marks of `part` are in the set.
    pub(super) fn has_all(&self, set: Marks, part: Marks) -> bool {
        set == part || self.words_of(set).iter().zip(self.words_of(part)).all(|(set, part)| part & !set == 0)
    }

    fn words_of(&self, set: Marks) -> &[u64] {
        self.sets.get(set.0).map_or(&[], |words| words)
    }

    fn intern(&mut self, set: Box<[u64]>) -> Marks {
        if let Some(known) = self.ids.get(&set) {
            return *known;
        }
        let id = Marks(self.sets.len());
        self.sets.push(set.clone());
        self.ids.insert(set, id);
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unites_sets_across_words_and_keeps_one_of_each() {
        let mut palette = Palette::new(130);
        let (a, b) = (palette.single(0), palette.single(129));
        let both = palette.union(a, b);
        assert_eq!(palette.union(b, a), both);
        assert_eq!(palette.union(both, a), both);
        assert!(palette.has(both, 0) && palette.has(both, 129) && !palette.has(both, 64));
        assert!(palette.has_all(both, a) && !palette.has_all(a, both) && palette.has_all(a, Marks::NONE));
    }
}

//! Folds nested extglobs into their parents: `+(a|@(b|c))` is `+(a|b|c)`.

use super::{Kind, NodeId, Part, Tree};

/// How often a node is gone over, as in minimatch.
const PASSES_MAX: usize = 10;

impl Kind {
    /// Says whether an extglob of this kind may take over the alternatives of one of kind `inner` that stands alone.
    fn adopts(self, inner: Self) -> bool {
        match self {
            Self::Not | Self::One => inner == Self::One,
            Self::Optional => matches!(inner, Self::Optional | Self::One),
            Self::Any => inner != Self::Not,
            Self::Some => matches!(inner, Self::Some | Self::One),
        }
    }

    /// Says the same when an empty alternative is added.
    fn adopts_with_empty(self, inner: Self) -> bool {
        match self {
            Self::Not | Self::One => inner == Self::Optional,
            Self::Some => matches!(inner, Self::Optional | Self::Any),
            Self::Optional | Self::Any => false,
        }
    }

    /// Says whether either holds.
    pub(super) fn adopts_somehow(self, inner: Self) -> bool {
        self.adopts(inner) || self.adopts_with_empty(inner)
    }

    /// The kind of an extglob whose only content is one of kind `inner`.
    fn merged_with(self, inner: Self) -> Option<Self> {
        match (self, inner) {
            (Self::Not, Self::Not) => Some(Self::One),
            (Self::Optional, Self::Any | Self::Some) | (Self::Some, Self::Optional | Self::Any) => Some(Self::Any),
            (Self::One, inner) => Some(inner),
            _ => None,
        }
    }
}

impl Tree {
    /// Folds everything below a node.
    pub(super) fn flatten(&mut self, id: NodeId) {
        if self.node(id).kind.is_none() {
            let children: Vec<NodeId> = self.parts(id).iter().filter_map(Part::node).collect();
            for child in children {
                self.flatten(child);
            }
            return;
        }
        for _ in 0..PASSES_MAX {
            let mut changed = false;
            let mut index = 0;
            while let Some(part) = self.parts(id).get(index).cloned() {
                if let Part::Node(child) = part {
                    self.flatten(child);
                    changed |= self.fold(id, index, child);
                }
                index += 1;
            }
            if !changed {
                break;
            }
        }
    }

    fn fold(&mut self, id: NodeId, index: usize, child: NodeId) -> bool {
        let (None, [Part::Node(inner)]) = (self.node(child).kind, self.parts(child)) else { return false };
        let inner = *inner;
        let (Some(kind), Some(inner_kind)) = (self.node(id).kind, self.node(inner).kind) else { return false };
        if kind.adopts(inner_kind) {
            self.adopt(id, index, inner);
        } else if kind.adopts_with_empty(inner_kind) {
            let blank = self.add(None, Some(inner));
            self.parts_mut(blank).push(Part::Text(Vec::new()));
            self.push(inner, Part::Node(blank));
            self.adopt(id, index, inner);
        } else if let (1, Some(merged)) = (self.parts(id).len(), kind.merged_with(inner_kind)) {
            let list = self.node(inner).list;
            let node = self.node_mut(id);
            node.list = list;
            node.kind = Some(merged);
            node.empty = false;
            self.own_children(id);
        } else {
            return false;
        }
        true
    }

    fn adopt(&mut self, id: NodeId, index: usize, inner: NodeId) {
        let adopted = self.parts(inner).to_vec();
        self.parts_mut(id).splice(index..=index, adopted.clone());
        for child in adopted.iter().filter_map(Part::node) {
            self.node_mut(child).parent = Some(id);
        }
    }

    fn own_children(&mut self, id: NodeId) {
        let children: Vec<NodeId> = self.parts(id).iter().filter_map(Part::node).collect();
        for child in children {
            self.node_mut(child).parent = Some(id);
        }
    }
}

//! Which package a path belongs to: the innermost one whose folder holds it.

use std::collections::HashMap;

/// The folder of one package, without the folders of packages inside it.
pub(super) type Area = usize;

/// All packages' folders as a tree of path parts.
#[derive(Debug)]
pub(super) struct Areas {
    nodes: Vec<Node>,
    /// The path of each area, as parts.
    paths: Vec<Vec<Vec<u8>>>,
}

/// One folder on the way to packages.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) children: HashMap<Vec<u8>, usize>,
    /// The package that has this folder, or else the nearest one above.
    pub(super) owner: Option<Area>,
    own: bool,
}

impl Areas {
    /// The node of the repository's root.
    pub(super) const ROOT: usize = 0;

    /// Builds the tree and tells the area of each path; equal paths share one.
    pub(super) fn new<'p>(paths: impl IntoIterator<Item = &'p str>) -> (Self, Vec<Area>) {
        let mut areas = Self { nodes: vec![Node::default()], paths: Vec::new() };
        let found = paths.into_iter().map(|path| areas.insert(path)).collect();
        areas.inherit();
        (areas, found)
    }

    pub(super) fn len(&self) -> usize {
        self.paths.len()
    }

    pub(super) fn node(&self, index: usize) -> Option<&Node> {
        self.nodes.get(index)
    }

    /// The folder of an area as path parts.
    pub(super) fn path(&self, area: Area) -> &[Vec<u8>] {
        self.paths.get(area).map_or(&[], |path| path)
    }

    fn insert(&mut self, path: &str) -> Area {
        let parts: Vec<Vec<u8>> =
            path.split('/').filter(|part| !matches!(*part, "" | ".")).map(|part| part.as_bytes().to_vec()).collect();
        let mut at = Self::ROOT;
        for part in &parts {
            let next = self.nodes.len();
            let Some(node) = self.nodes.get_mut(at) else { break };
            at = *node.children.entry(part.clone()).or_insert(next);
            if at == next {
                self.nodes.push(Node::default());
            }
        }
        let area = self.paths.len();
        match self.nodes.get_mut(at) {
            Some(Node { own: true, owner: Some(known), .. }) => *known,
            Some(node) => {
                node.own = true;
                node.owner = Some(area);
                self.paths.push(parts);
                area
            }
            None => area,
        }
    }

    fn inherit(&mut self) {
        // A node comes behind its parent in the list, so one pass is enough.
        for index in 0..self.nodes.len() {
            let Some(node) = self.nodes.get(index) else { continue };
            let (owner, children): (_, Vec<usize>) = (node.owner, node.children.values().copied().collect());
            for child in children {
                if let Some(child) = self.nodes.get_mut(child).filter(|child| !child.own) {
                    child.owner = owner;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_package_owns_a_folder_and_the_root_owns_the_rest() {
        let (areas, found) = Areas::new(["", "packages/a", "packages/a/nested/b", "./packages/a/"]);
        assert_eq!(found, [0, 1, 2, 1]);
        let owner = |path: &[&str]| {
            let mut node = areas.node(Areas::ROOT).unwrap();
            for part in path {
                node = areas.node(node.children[part.as_bytes()]).unwrap();
            }
            node.owner
        };
        assert_eq!(owner(&[]), Some(0));
        assert_eq!(owner(&["packages"]), Some(0));
        assert_eq!(owner(&["packages", "a"]), Some(1));
        assert_eq!(owner(&["packages", "a", "nested"]), Some(1));
        assert_eq!(owner(&["packages", "a", "nested", "b"]), Some(2));
    }

    #[test]
    fn without_a_root_package_the_rest_belongs_to_nobody() {
        let (areas, _) = Areas::new(["packages/a"]);
        assert_eq!(areas.node(Areas::ROOT).unwrap().owner, None);
        assert_eq!(areas.len(), 1);
    }
}

//! The pattern of one name as a tree of extglobs, and the expression it stands for.
//!
//! `!(...)` looks at what follows it, so that the text behind each negation is copied into its alternatives. Nested
//! extglobs are folded into their parents where that changes nothing, up to a small depth; beyond that depth the text
//! is taken literally. Both as in minimatch, since both show in what matches.

mod flatten;
mod reader;
mod text;

use super::regular::{Repeat, Token};
use text::{may_be_traversal, raw_token, read_text};

/// A parsed name.
pub(super) struct Parsed {
    /// The expression.
    pub(super) tokens: Vec<Token>,
    /// Whether it has any wildcard.
    pub(super) magic: bool,
    /// Whether the expression works on whole characters instead of code units.
    pub(super) whole_characters: bool,
}

impl Parsed {
    /// The text that the tokens spell, for a pattern without wildcards.
    pub(super) fn literal(&self) -> String {
        let units: Vec<u16> = self.tokens.iter().filter_map(literal_unit).collect();
        String::from_utf16_lossy(&units)
    }

    /// The same, when every token is an ASCII character.
    pub(super) fn ascii_text(&self) -> Option<String> {
        let only_units = self.tokens.iter().all(|token| matches!(token, Token::Unit { .. }));
        Some(self.literal()).filter(|text| only_units && text.is_ascii())
    }
}

fn literal_unit(token: &Token) -> Option<u16> {
    let c = match token {
        Token::Unit { unit, .. } => return Some(*unit),
        Token::Or => b'|',
        Token::Open => b'(',
        Token::Close => b')',
        Token::Repeat(Repeat::Optional) => b'?',
        Token::Repeat(Repeat::Any) => b'*',
        Token::Repeat(Repeat::Some) => b'+',
        _ => return None,
    };
    Some(u16::from(c))
}

/// The five kinds of extglob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Not,
    Optional,
    Some,
    Any,
    One,
}

impl Kind {
    fn of(unit: u16) -> Option<Self> {
        match u8::try_from(unit).ok()? {
            b'!' => Some(Self::Not),
            b'?' => Some(Self::Optional),
            b'+' => Some(Self::Some),
            b'*' => Some(Self::Any),
            b'@' => Some(Self::One),
            _ => None,
        }
    }

    fn unit(self) -> u16 {
        u16::from(match self {
            Self::Not => b'!',
            Self::Optional => b'?',
            Self::Some => b'+',
            Self::Any => b'*',
            Self::One => b'@',
        })
    }
}

type NodeId = usize;

#[derive(Debug, Clone)]
enum Part {
    Text(Vec<u16>),
    Node(NodeId),
}

/// A node: an extglob (with a kind; its parts are alternatives), or a sequence (without).
#[derive(Debug)]
struct Node {
    kind: Option<Kind>,
    /// Index of its parts in [`Tree::lists`]. Two nodes share a list after one has taken the other's place.
    list: usize,
    parent: Option<NodeId>,
    /// Its place among its parent's parts when it was made.
    place: usize,
    magic: bool,
    /// An extglob with nothing between its parentheses.
    empty: bool,
    whole_characters: bool,
    /// Its text as it was before negations were filled.
    text: Option<Vec<u16>>,
}

const ROOT: NodeId = 0;

/// How many nodes one name's pattern may come to. Each negation copies what follows it, so that a row of them doubles
/// with every one; minimatch would take the time and memory.
const NODES_MAX: usize = 20_000;

#[derive(Debug)]
struct Tree {
    nodes: Vec<Node>,
    lists: Vec<Vec<Part>>,
    negations: Vec<NodeId>,
    filled: bool,
}

/// Parses the pattern of one name.
pub(super) fn parse(text: &str) -> Result<Parsed, &'static str> {
    let units: Vec<u16> = text.encode_utf16().collect();
    let mut tree = Tree { nodes: Vec::new(), lists: Vec::new(), negations: Vec::new(), filled: false };
    tree.add(None, None);
    tree.read(&units)?;
    tree.flatten(ROOT);
    tree.fill_negations()?;
    let tokens = tree.source(ROOT);
    let root = tree.node(ROOT);
    Ok(Parsed { tokens, magic: root.magic, whole_characters: root.whole_characters })
}

impl Tree {
    fn add(&mut self, kind: Option<Kind>, parent: Option<NodeId>) -> NodeId {
        let place = parent.map_or(0, |parent| self.parts(parent).len());
        let id = self.nodes.len();
        self.lists.push(Vec::new());
        self.nodes.push(Node {
            kind,
            list: self.lists.len() - 1,
            parent,
            place,
            magic: kind.is_some(),
            empty: false,
            whole_characters: false,
            text: None,
        });
        if kind == Some(Kind::Not) && !self.filled {
            self.negations.push(id);
        }
        id
    }

    fn node(&self, id: NodeId) -> &Node {
        self.nodes.get(id).expect("node ids are made by `add` and nodes are never removed")
    }

    fn node_mut(&mut self, id: NodeId) -> &mut Node {
        self.nodes.get_mut(id).expect("node ids are made by `add` and nodes are never removed")
    }

    fn parts(&self, id: NodeId) -> &[Part] {
        self.lists.get(self.node(id).list).map(Vec::as_slice).unwrap_or_default()
    }

    fn parts_mut(&mut self, id: NodeId) -> &mut Vec<Part> {
        let list = self.node(id).list;
        self.lists.get_mut(list).expect("every node's list is made with it")
    }

    /// Appends a part; empty text is no part.
    fn push(&mut self, id: NodeId, part: Part) {
        if !matches!(&part, Part::Text(text) if text.is_empty()) {
            self.parts_mut(id).push(part);
        }
    }

    fn text(&self, id: NodeId) -> Vec<u16> {
        let node = self.node(id);
        if let Some(text) = &node.text {
            return text.clone();
        }
        let texts = self.parts(id).iter().map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Node(child) => self.text(*child),
        });
        match node.kind {
            None => texts.flatten().collect(),
            Some(kind) => {
                let inner: Vec<Vec<u16>> = texts.collect();
                let mut text = vec![kind.unit(), u16::from(b'(')];
                text.extend(inner.join(&u16::from(b'|')));
                text.push(u16::from(b')'));
                text
            }
        }
    }

    fn remember_texts(&mut self) {
        for id in 0..self.nodes.len() {
            self.node_mut(id).text = None;
        }
        // Children come after their parents, so that each text is made from remembered ones.
        for id in (0..self.nodes.len()).rev() {
            let text = self.text(id);
            self.node_mut(id).text = Some(text);
        }
    }

    /// Copies into each negation what follows it.
    fn fill_negations(&mut self) -> Result<(), &'static str> {
        self.remember_texts();
        self.filled = true;
        while let Some(negation) = self.negations.pop() {
            if self.node(negation).kind != Some(Kind::Not) {
                continue;
            }
            let mut inner = negation;
            let mut outer = self.node(inner).parent;
            while let Some(parent) = outer {
                let mut index = self.node(inner).place + 1;
                while self.node(parent).kind.is_none() && index < self.parts(parent).len() {
                    let Some(following) = self.parts(parent).get(index).cloned() else { break };
                    let alternatives: Vec<NodeId> = self.parts(negation).iter().filter_map(Part::node).collect();
                    for alternative in alternatives {
                        self.copy_into(alternative, &following)?;
                    }
                    index += 1;
                }
                inner = parent;
                outer = self.node(inner).parent;
            }
        }
        Ok(())
    }

    fn copy_into(&mut self, target: NodeId, part: &Part) -> Result<(), &'static str> {
        if self.nodes.len() > NODES_MAX {
            return Err("it has too many negations in a row");
        }
        match part {
            Part::Text(text) => self.push(target, Part::Text(text.clone())),
            Part::Node(source) => {
                let copy = self.add(self.node(*source).kind, Some(target));
                for inner in self.parts(*source).to_vec() {
                    self.copy_into(copy, &inner)?;
                }
                self.push(target, Part::Node(copy));
            }
        }
        Ok(())
    }

    fn is_start(&self, id: NodeId) -> bool {
        let node = self.node(id);
        let Some(parent) = node.parent else { return true };
        self.is_start(parent)
            && self
                .parts(parent)
                .iter()
                .take(node.place)
                .all(|part| part.node().is_some_and(|before| self.node(before).kind == Some(Kind::Not)))
    }

    fn is_end(&self, id: NodeId) -> bool {
        let node = self.node(id);
        let Some(parent) = node.parent else { return true };
        if self.node(parent).kind == Some(Kind::Not) {
            return true;
        }
        self.is_end(parent) && (node.kind.is_none() || node.place + 1 == self.parts(parent).len())
    }

    /// The expression of a node, by minimatch's rules with `dot` set.
    fn source(&mut self, id: NodeId) -> Vec<Token> {
        if self.node(id).kind.is_some() { self.extglob_source(id) } else { self.sequence_source(id) }
    }

    fn sequence_source(&mut self, id: NodeId) -> Vec<Token> {
        let parts = self.parts(id).to_vec();
        let all_text = parts.iter().all(|part| part.node().is_none());
        let not_empty = self.is_start(id) && self.is_end(id) && all_text;
        let mut tokens = Vec::new();
        for part in &parts {
            match part {
                Part::Text(text) => {
                    let read = read_text(text, not_empty);
                    self.node_mut(id).magic |= read.magic;
                    self.node_mut(id).whole_characters |= read.whole_characters;
                    tokens.extend(read.tokens);
                }
                Part::Node(child) => {
                    tokens.extend(self.source(*child));
                    let (magic, whole) = (self.node(*child).magic, self.node(*child).whole_characters);
                    self.node_mut(id).magic |= magic;
                    self.node_mut(id).whole_characters |= whole;
                }
            }
        }
        if let (true, Some(Part::Text(first))) = (self.is_start(id), parts.first()) {
            let only_dots = parts.len() == 1 && (*first == [0x2e] || *first == [0x2e, 0x2e]);
            if !only_dots && may_be_traversal(&tokens) {
                tokens.insert(0, Token::NoTraversal);
            }
        }
        let in_negation = self.node(id).parent.is_some_and(|parent| self.node(parent).kind == Some(Kind::Not));
        if in_negation && self.filled && self.is_end(id) {
            tokens.push(Token::End);
        }
        tokens
    }

    fn extglob_source(&mut self, id: NodeId) -> Vec<Token> {
        let Some(kind) = self.node(id).kind else { return Vec::new() };
        let whole = self.is_start(id) && self.is_end(id);
        let children: Vec<NodeId> = self.parts(id).iter().filter_map(Part::node).collect();
        let mut alternatives: Vec<Vec<Token>> = Vec::with_capacity(children.len());
        for child in children {
            alternatives.push(self.source(child));
            let whole_characters = self.node(child).whole_characters;
            self.node_mut(id).whole_characters |= whole_characters;
        }
        if whole {
            alternatives.retain(|tokens| !tokens.is_empty());
        }
        let body = alternatives.join(&Token::Or);
        if whole && body.is_empty() && kind != Kind::Not {
            // Nothing could match: the text stands for itself.
            let text = self.text(id);
            let node = self.node_mut(id);
            node.kind = None;
            node.magic = false;
            node.whole_characters = false;
            *self.parts_mut(id) = vec![Part::Text(text.clone())];
            return text.iter().map(|unit| raw_token(*unit)).collect();
        }
        if kind == Kind::Not && self.node(id).empty {
            return vec![Token::StarSome];
        }
        let mut tokens = Vec::with_capacity(body.len() + 6);
        if kind == Kind::Not {
            tokens.extend([Token::Open, Token::OpenNot, Token::Open]);
            tokens.extend(body);
            tokens.extend([Token::Close, Token::Close, Token::Star, Token::Close]);
            return tokens;
        }
        tokens.push(Token::Open);
        tokens.extend(body);
        tokens.push(Token::Close);
        match kind {
            Kind::Optional => tokens.push(Token::Repeat(Repeat::Optional)),
            Kind::Any => tokens.push(Token::Repeat(Repeat::Any)),
            Kind::Some => tokens.push(Token::Repeat(Repeat::Some)),
            Kind::One | Kind::Not => {}
        }
        tokens
    }
}

impl Part {
    fn node(&self) -> Option<NodeId> {
        match self {
            Self::Node(id) => Some(*id),
            Self::Text(_) => None,
        }
    }
}

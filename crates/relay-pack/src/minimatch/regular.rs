//! The regular expression that minimatch makes of one name's pattern, as a value, and its matcher.
//!
//! minimatch builds text for JavaScript's regular expressions; what counts is the language that text denotes, so the
//! tokens here follow its text closely, oddities included (an escaped `|` is an alternative). Matching keeps the set of
//! positions that can be reached, so that no pattern can make it run away.

use super::class::Class;
use super::segment::Case;

/// A piece of the expression's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A character. `only_loose`: it is escaped in a way that JavaScript refuses when whole characters are asked for.
    Unit { unit: u16, only_loose: bool },
    /// Any one character.
    Any,
    /// Any characters.
    Star,
    /// Any characters, at least one.
    StarSome,
    /// `[...]`.
    Class(Class),
    /// Matches nothing.
    Never,
    /// The name is not `.` or `..`.
    NoTraversal,
    /// The name's end.
    End,
    /// `(`.
    Open,
    /// `(?!`.
    OpenNot,
    /// `)`.
    Close,
    /// `?`, `*` or `+`.
    Repeat(Repeat),
    /// `|`.
    Or,
}

/// How often a group may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// `?`
    Optional,
    /// `*`
    Any,
    /// `+`
    Some,
}

#[derive(Debug, Clone)]
enum Node {
    Unit(u32),
    Any,
    Star,
    StarSome,
    Class(Class),
    Never,
    NoTraversal,
    End,
    Group(Vec<Vec<Node>>),
    Not(Vec<Vec<Node>>),
    Repeat(Box<Node>, Repeat),
}

/// What counts as one character, and whether its case counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Folding {
    /// Whole characters, where a class asks for them; else code units.
    pub(super) whole_characters: bool,
    /// Whether case counts.
    pub(super) case: Case,
}

/// A compiled expression.
#[derive(Debug, Clone)]
pub(super) struct Expression {
    alternatives: Vec<Vec<Node>>,
    folding: Folding,
    /// ASCII characters that a matching name starts with.
    prefix: String,
}

impl Expression {
    /// Compiles tokens.
    pub(super) fn compile(tokens: &[Token], folding: Folding) -> Result<Self, &'static str> {
        if folding.whole_characters && tokens.iter().any(|token| matches!(token, Token::Unit { only_loose: true, .. }))
        {
            return Err("JavaScript refuses an escaped character beside a POSIX class");
        }
        let mut parser = Parser { tokens, index: 0, folding };
        let alternatives = parser.alternatives()?;
        if parser.index < tokens.len() {
            return Err("it has a parenthesis too many");
        }
        let mut prefix = String::new();
        if let [only] = alternatives.as_slice() {
            for node in only {
                match node {
                    Node::Unit(unit) if *unit < 0x80 && !folding.whole_characters => {
                        prefix.extend(char::from_u32(*unit));
                    }
                    _ => break,
                }
            }
        }
        Ok(Self { alternatives, folding, prefix })
    }

    /// Says whether the whole name matches. Where the expression has an alternative at its top, only the first is bound
    /// to the name's start and only the last to its end, as in `^a|b$`.
    pub(super) fn matches(&self, name: &str) -> bool {
        let head = name.as_bytes().get(..self.prefix.len());
        let is_prefix = |head: &[u8]| match self.folding.case {
            Case::Ignored => head.eq_ignore_ascii_case(self.prefix.as_bytes()),
            Case::Kept => head == self.prefix.as_bytes(),
        };
        if !head.is_some_and(is_prefix) {
            return false;
        }
        let input: Vec<u32> = if self.folding.whole_characters {
            name.chars().map(u32::from).collect()
        } else {
            name.encode_utf16().map(u32::from).collect()
        };
        let run = Run { input: &input, folding: self.folding };
        let last = self.alternatives.len().saturating_sub(1);
        self.alternatives.iter().enumerate().any(|(index, nodes)| {
            let start = if index == 0 { run.at(0) } else { run.from(0) };
            let ends = run.sequence(nodes, start);
            if index == last { ends.contains(input.len()) } else { !ends.is_empty() }
        })
    }
}

struct Parser<'a> {
    tokens: &'a [Token],
    index: usize,
    folding: Folding,
}

impl Parser<'_> {
    fn alternatives(&mut self) -> Result<Vec<Vec<Node>>, &'static str> {
        let mut all = Vec::new();
        let mut nodes: Vec<Node> = Vec::new();
        while let Some(token) = self.tokens.get(self.index) {
            let node = match token {
                Token::Close => break,
                Token::Or => {
                    all.push(std::mem::take(&mut nodes));
                    self.index += 1;
                    continue;
                }
                Token::Repeat(repeat) => {
                    let before = nodes.pop().filter(|node| !matches!(node, Node::Star | Node::StarSome));
                    let before = before.ok_or("there is nothing to repeat")?;
                    Node::Repeat(Box::new(before), *repeat)
                }
                Token::Open => Node::Group(self.group()?),
                Token::OpenNot => Node::Not(self.group()?),
                Token::Unit { unit, .. } => {
                    let next = self.tokens.get(self.index + 1);
                    let whole = match next {
                        Some(Token::Unit { unit: low, .. }) if self.folding.whole_characters => whole(*unit, *low),
                        _ => None,
                    };
                    self.index += usize::from(whole.is_some());
                    Node::Unit(self.folding.fold(whole.unwrap_or(u32::from(*unit))))
                }
                Token::Any => Node::Any,
                Token::Star => Node::Star,
                Token::StarSome => Node::StarSome,
                Token::Class(class) if self.folding.whole_characters => Node::Class(class.with_whole_characters()),
                Token::Class(class) => Node::Class(class.clone()),
                Token::Never => Node::Never,
                Token::NoTraversal => Node::NoTraversal,
                Token::End => Node::End,
            };
            self.index += 1;
            nodes.push(node);
        }
        all.push(nodes);
        Ok(all)
    }

    fn group(&mut self) -> Result<Vec<Vec<Node>>, &'static str> {
        self.index += 1;
        let alternatives = self.alternatives()?;
        match self.tokens.get(self.index) {
            Some(Token::Close) => Ok(alternatives),
            _ => Err("a parenthesis is not closed"),
        }
    }
}

impl Folding {
    /// The form under which two characters that differ in case are equal.
    fn fold(self, unit: u32) -> u32 {
        let Some(c) = char::from_u32(unit) else { return unit };
        let upper = single(c.to_uppercase()).unwrap_or(c);
        match (self.case, self.whole_characters) {
            (Case::Kept, _) => unit,
            // JavaScript without the `u` flag: by capital letter, and nothing outside ASCII equals a letter in it.
            (Case::Ignored, false) if unit >= 0x80 && upper.is_ascii() => unit,
            (Case::Ignored, false) => u32::from(upper),
            (Case::Ignored, true) if matches!(c, '\u{130}' | '\u{131}') => unit,
            (Case::Ignored, true) => u32::from(single(upper.to_lowercase()).unwrap_or(upper)),
        }
    }

    /// The characters that a class is asked about for one character of the name.
    pub(super) fn forms(self, unit: u32) -> Vec<u32> {
        if self.case == Case::Kept {
            return vec![unit];
        }
        let folded = self.fold(unit);
        let mut forms = vec![unit, folded];
        for form in [unit, folded] {
            if let Some(c) = char::from_u32(form) {
                let cases = [single(c.to_lowercase()), single(c.to_uppercase())];
                forms.extend(cases.into_iter().flatten().map(u32::from).filter(|other| self.fold(*other) == folded));
            }
        }
        // The one lower-case letter whose capital is a character of its own only in this direction.
        if self.whole_characters && unit == 0xdf {
            forms.push(0x1e9e);
        }
        forms.sort_unstable();
        forms.dedup();
        forms
    }
}

/// The character that two code units make together.
pub(super) fn whole(high: u16, low: u16) -> Option<u32> {
    match char::decode_utf16([high, low]).next() {
        Some(Ok(c)) if c > '\u{ffff}' => Some(u32::from(c)),
        _ => None,
    }
}

fn single(mut chars: impl Iterator<Item = char>) -> Option<char> {
    let first = chars.next()?;
    chars.next().is_none().then_some(first)
}

struct Run<'a> {
    input: &'a [u32],
    folding: Folding,
}

/// The positions between characters that can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Positions(Vec<bool>);

impl Positions {
    fn is_empty(&self) -> bool {
        !self.0.contains(&true)
    }

    fn contains(&self, position: usize) -> bool {
        self.0.get(position).copied().unwrap_or(false)
    }

    fn iter(&self) -> impl Iterator<Item = usize> {
        self.0.iter().enumerate().filter(|(_, reached)| **reached).map(|(index, _)| index)
    }

    fn insert(&mut self, position: usize) {
        if let Some(slot) = self.0.get_mut(position) {
            *slot = true;
        }
    }

    fn add(&mut self, other: &Self) {
        for position in other.iter() {
            self.insert(position);
        }
    }
}

impl Run<'_> {
    fn none(&self) -> Positions {
        Positions(vec![false; self.input.len() + 1])
    }

    fn at(&self, position: usize) -> Positions {
        let mut positions = self.none();
        positions.insert(position);
        positions
    }

    fn from(&self, position: usize) -> Positions {
        let mut positions = self.none();
        positions.0.iter_mut().skip(position).for_each(|slot| *slot = true);
        positions
    }

    fn sequence(&self, nodes: &[Node], mut positions: Positions) -> Positions {
        for node in nodes {
            if positions.is_empty() {
                break;
            }
            positions = self.node(node, positions);
        }
        positions
    }

    fn any_of(&self, alternatives: &[Vec<Node>], positions: &Positions) -> Positions {
        let mut all = self.none();
        for nodes in alternatives {
            all.add(&self.sequence(nodes, positions.clone()));
        }
        all
    }

    fn node(&self, node: &Node, positions: Positions) -> Positions {
        let keep = |test: &dyn Fn(usize) -> bool| {
            let mut kept = self.none();
            positions.iter().filter(|position| test(*position)).for_each(|position| kept.insert(position));
            kept
        };
        let step = |test: &dyn Fn(u32) -> bool| {
            let mut next = self.none();
            for position in positions.iter() {
                if self.input.get(position).is_some_and(|unit| test(*unit)) {
                    next.insert(position + 1);
                }
            }
            next
        };
        match node {
            Node::Unit(unit) => step(&|other| self.folding.fold(other) == *unit),
            Node::Any => step(&|_| true),
            Node::Class(class) => step(&|other| class.accepts(other, self.folding)),
            Node::Star => positions.iter().next().map_or_else(|| self.none(), |first| self.from(first)),
            Node::StarSome => positions.iter().next().map_or_else(|| self.none(), |first| self.from(first + 1)),
            Node::Never => self.none(),
            Node::End => keep(&|position| position == self.input.len()),
            Node::NoTraversal => {
                let dot = u32::from('.');
                let traversal = *self.input == [dot] || *self.input == [dot, dot];
                keep(&|position| position > 0 || !traversal)
            }
            Node::Group(alternatives) => self.any_of(alternatives, &positions),
            Node::Not(alternatives) => keep(&|position| self.any_of(alternatives, &self.at(position)).is_empty()),
            Node::Repeat(inner, repeat) => self.repeat(inner, *repeat, positions),
        }
    }

    fn repeat(&self, inner: &Node, repeat: Repeat, positions: Positions) -> Positions {
        let mut all = if repeat == Repeat::Some { self.none() } else { positions.clone() };
        let mut next = positions;
        // Each round reaches a new position or ends, so that there are at most as many rounds as positions.
        loop {
            next = self.node(inner, next);
            let before = all.clone();
            all.add(&next);
            if repeat == Repeat::Optional || all == before {
                return all;
            }
        }
    }
}

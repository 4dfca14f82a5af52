//! Foreign text made fit to be shown: what a manifest, a file name, a commit or a registry says must not drive a terminal,
//! turn the direction of writing, or hide a part of itself.
//!
//! One rule says which characters are dangerous ([`is_hidden`]). What becomes of them depends on whose text it is: in a name
//! or a line a mark (U+FFFD) stands in their place, so that nobody takes two names for one; from what a program or a registry
//! says they are taken out together with whole escape sequences, since colours are no part of what is said.

use std::fmt;
use std::iter::Peekable;
use std::str::Chars;

use crate::struck_out::strike_all;

/// How much of a name, path or pattern a message shows, in characters.
pub const NAME_CHARS_MAX: usize = 120;

/// Beside ASCII that shows itself, line breaks and tabs; and nothing, a space three times.
const BREAKS: [u8; 3] = *b"\n\t\t";
const NOTHING_ELSE: [u8; 3] = *b"   ";
/// As many bytes are looked at together.
const BLOCK_BYTES: usize = 64;

/// What stands in a text where something was that can't be seen.
const MARK: char = '\u{fffd}';

/// A text that does nothing but show itself.
///
/// ```
/// # use relay_values::Printable;
/// assert_eq!(Printable::name("evil\u{202e}txt.js").as_str(), "evil\u{fffd}txt.js");
/// assert_eq!(Printable::words("\u{1b}[31mno\u{1b}[0m\n way", 20).as_str(), "no way");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Printable(String);

impl Printable {
    /// A name, path or pattern: hidden characters and line breaks are marked, and it is cut at [`NAME_CHARS_MAX`].
    pub fn name(text: &str) -> Self {
        Self::cut(text, NAME_CHARS_MAX)
    }

    /// As [`Printable::name`], cut at another length.
    pub fn cut(text: &str, chars_max: usize) -> Self {
        Self(shortened(marked(text, NOTHING_ELSE), chars_max))
    }

    /// A name or path at its whole length, where its end is what tells it from others.
    pub fn whole(text: &str) -> Self {
        Self(marked(text, NOTHING_ELSE))
    }

    /// A sentence on one line: hidden characters are marked, white space of any kind is one space.
    pub fn line(text: &str) -> Self {
        if is_plain_line(text) {
            return Self(text.to_owned());
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        Self(marked(&words.join(" "), NOTHING_ELSE))
    }

    /// Several lines: hidden characters are marked, line breaks and tabs stay.
    pub fn lines(text: &str) -> Self {
        Self(marked(text, BREAKS))
    }

    /// Text that was laid out for a terminal, with its colours: all but these, line breaks and tabs is marked. What is foreign in
    /// it was made fit before; this is the last look.
    pub fn styled(text: &str) -> Self {
        let mut shown = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('\u{1b}') {
            shown.push_str(&marked(before, BREAKS));
            let length = colour_length(after);
            shown.push(if length == 0 { MARK } else { '\u{1b}' });
            shown.push_str(after.get(..length).unwrap_or_default());
            rest = after.get(length..).unwrap_or_default();
        }
        shown.push_str(&marked(rest, BREAKS));
        Self(shown)
    }

    /// A line (from 1) of a file, without its indent.
    pub fn excerpt(text: &str, line: usize) -> Self {
        Self::name(text.lines().nth(line.saturating_sub(1)).unwrap_or_default().trim())
    }

    /// What a registry or a program says, on one line: escape sequences and hidden characters are taken out, white space is
    /// one space, known secrets are struck out, and it is cut at `chars_max`.
    pub fn words(text: &str, chars_max: usize) -> Self {
        let spoken = spoken(text);
        let words: Vec<&str> = spoken.split_whitespace().collect();
        // Before it is cut: half a secret would not be recognised later.
        Self(shortened(strike_all(&words.join(" ")).into_owned(), chars_max))
    }

    /// What a registry or a program says, line by line: as [`Printable::words`], but line breaks and tabs stay.
    pub fn speech(text: &str) -> Self {
        Self(strike_all(&spoken(text)).into_owned())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// JSON in which hidden characters are written as `\u202e`: the same values, and nothing in it can drive a terminal.
pub fn escaped_json(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    let mut rest = json;
    while !rest.is_empty() {
        // What white space is left stands between the values.
        let (plain, after) = rest.split_at(plain_bytes(rest, *b"\n\r\t"));
        escaped.push_str(plain);
        let mut chars = after.chars();
        if let Some(c) = chars.next() {
            if is_hidden(c) {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    use std::fmt::Write as _;
                    write!(escaped, "\\u{unit:04x}").expect("writing to a string never fails");
                }
            } else {
                escaped.push(c);
            }
        }
        rest = chars.as_str();
    }
    escaped
}

/// How many bytes at the beginning of a text are ASCII that shows itself, or among `others`: nearly all of nearly every text,
/// so that they are taken in one piece.
fn plain_bytes(text: &str, [one, two, three]: [u8; 3]) -> usize {
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') || byte == one || byte == two || byte == three;
    let bytes = text.as_bytes();
    // Whole blocks first, without a branch for each byte.
    let blocks =
        bytes.chunks_exact(BLOCK_BYTES).take_while(|block| block.iter().fold(true, |all, byte| all & is_plain(*byte)));
    let start = blocks.count() * BLOCK_BYTES;
    let rest = bytes.get(start..).unwrap_or_default();
    start + rest.iter().position(|byte| !is_plain(*byte)).unwrap_or(rest.len())
}

/// Says whether a character does something instead of showing something: it controls a terminal, turns the direction of
/// writing, or can't be seen at all.
pub fn is_hidden(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    c.is_control() || DIRECTION.iter().chain(&INVISIBLE).any(|(first, last)| (*first..=*last).contains(&c))
}

/// Marks, embeddings, overrides and isolates of the writing direction (Unicode, UAX 9).
const DIRECTION: [(char, char); 4] =
    [('\u{61c}', '\u{61c}'), ('\u{200e}', '\u{200f}'), ('\u{202a}', '\u{202e}'), ('\u{2066}', '\u{2069}')];

/// What has no shape of its own: soft hyphen, joiners and spaces without width, fillers, line and paragraph separators,
/// interlinear notes, tags. Variation selectors stay, since emoji are written with them.
const INVISIBLE: [(char, char); 16] = [
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{600}', '\u{605}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180e}'),
    ('\u{200b}', '\u{200d}'),
    ('\u{2028}', '\u{2029}'),
    ('\u{2060}', '\u{2065}'),
    ('\u{206a}', '\u{206f}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fffb}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
];

/// The bytes of a colour sequence after its ESC: `[1;31m`. 0 where something else follows.
fn colour_length(text: &str) -> usize {
    let Some(parameters) = text.strip_prefix('[') else { return 0 };
    let length = parameters.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b';').count();
    if parameters.as_bytes().get(length) == Some(&b'm') { length + 2 } else { 0 }
}

/// One line that is already as it should be, as nearly all are.
fn is_plain_line(text: &str) -> bool {
    let printable = text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    printable && !text.contains("  ") && !text.starts_with(' ') && !text.ends_with(' ')
}

/// Marks what is hidden, but for the bytes that stay.
fn marked(text: &str, stays: [u8; 3]) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let (plain, after) = rest.split_at(plain_bytes(rest, stays));
        shown.push_str(plain);
        let mut chars = after.chars();
        if let Some(c) = chars.next() {
            let next = chars.clone().next();
            let dangerous = is_hidden(c) && !joins(c, shown.chars().next_back(), next);
            shown.push(if dangerous { MARK } else { c });
        }
        rest = chars.as_str();
    }
    shown
}

/// Text as it is said: without escape sequences and hidden characters.
fn spoken(text: &str) -> String {
    let mut said = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => skip_escape(&mut chars),
            '\u{9b}' => skip_until_final(&mut chars),
            '\n' | '\t' => said.push(c),
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' | '\u{2028}' | '\u{2029}' => said.push('\n'),
            c if is_hidden(c) && !joins(c, said.chars().next_back(), chars.peek().copied()) => {}
            c => said.push(c),
        }
    }
    said
}

/// Joiners between two letters or signs beyond ASCII belong to the spelling: of Persian and of Indian languages, and of many
/// emoji.
fn joins(c: char, before: Option<char>, after: Option<char>) -> bool {
    let visible = |c: Option<char>| c.is_some_and(|c| !c.is_ascii() && !is_hidden(c) && c != MARK);
    matches!(c, '\u{200c}' | '\u{200d}') && visible(before) && visible(after)
}

fn skip_escape(chars: &mut Peekable<Chars<'_>>) {
    match chars.next() {
        Some('[') => skip_until_final(chars),
        Some(']' | 'P' | 'X' | '^' | '_') => {
            // A string sequence ends with BEL or with ESC \.
            while let Some(c) = chars.next() {
                if c == '\u{7}' {
                    break;
                }
                if c == '\u{1b}' {
                    chars.next_if_eq(&'\\');
                    break;
                }
            }
        }
        _ => {}
    }
}

fn skip_until_final(chars: &mut Peekable<Chars<'_>>) {
    for c in chars.by_ref() {
        if ('\u{40}'..='\u{7e}').contains(&c) {
            break;
        }
    }
}

fn shortened(mut text: String, chars_max: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(chars_max) {
        text.truncate(end);
        text.push('…');
    }
    text
}

impl fmt::Display for Printable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<Printable> for String {
    fn from(text: Printable) -> Self {
        text.0
    }
}

impl AsRef<str> for Printable {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests;

//! Lines at the end of the screen that change by themselves, with all that is said above them.
//!
//! They are erased by going up as many rows as they take at the terminal's present width: a terminal that became narrower has
//! broken them into more rows than they were written on. For the same reason nothing is padded to the edge.

use std::fmt::Write as _;

use super::text::rows_of;

/// Erases from the cursor to the end of the screen.
const ERASE_BELOW: &str = "\u{1b}[J";

/// The lines that are shown.
#[derive(Debug, Default)]
pub(super) struct LiveLines {
    shown: String,
    columns: usize,
    paused: bool,
}

impl LiveLines {
    /// What is shown, without a line break at its end; empty where nothing is.
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    /// What puts a text in the place of the lines that are shown, on a terminal of that width.
    pub(super) fn replace(&mut self, text: &str, columns: usize) -> String {
        if self.paused || (text == self.shown && columns == self.columns) {
            return String::new();
        }
        let mut written = self.erase(columns);
        // Some programs that share the terminal switch off that a line break goes back to its beginning.
        written.push_str(&text.replace('\n', "\r\n"));
        text.clone_into(&mut self.shown);
        self.columns = columns;
        written
    }

    /// What takes the lines away; none are shown until [`LiveLines::resume`].
    pub(super) fn pause(&mut self, columns: usize) -> String {
        self.paused = true;
        self.erase(columns)
    }

    /// Lines may be shown again.
    pub(super) fn resume(&mut self) {
        self.paused = false;
    }

    /// What takes the lines away, and leaves the cursor where they began.
    pub(super) fn erase(&mut self, columns: usize) -> String {
        if self.shown.is_empty() {
            return String::new();
        }
        let mut written = String::from("\r");
        if let Some(up @ 1..) = rows(&self.shown, columns).checked_sub(1) {
            // Writing to a String never fails.
            let _infallible = write!(written, "\u{1b}[{up}A");
        }
        written.push_str(ERASE_BELOW);
        self.shown.clear();
        written
    }
}

/// How many rows a text takes.
fn rows(text: &str, columns: usize) -> usize {
    text.split('\n').map(|line| rows_of(line, columns)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A terminal that breaks and joins its lines anew when its width changes, as most do. The cursor is at the end of a line.
    struct Terminal {
        columns: usize,
        lines: Vec<String>,
        /// The line that the cursor is in, and the column of the line, not of the row.
        cursor: (usize, usize),
    }

    impl Terminal {
        fn of(columns: usize) -> Self {
            Self { columns, lines: vec![String::new()], cursor: (0, 0) }
        }

        fn write(&mut self, text: &str) {
            let mut chars = text.chars();
            while let Some(c) = chars.next() {
                match c {
                    '\r' => self.cursor.1 = self.cursor.1.saturating_sub(1) / self.columns * self.columns,
                    '\n' => {
                        self.lines.truncate(self.cursor.0 + 1);
                        self.lines.push(String::new());
                        self.cursor = (self.cursor.0 + 1, 0);
                    }
                    '\u{1b}' => {
                        let sequence: String = chars.by_ref().skip(1).take_while(|c| *c != 'A' && *c != 'J').collect();
                        if let Ok(rows) = sequence.parse::<usize>() {
                            (0..rows).for_each(|_| self.up());
                        } else {
                            self.lines.truncate(self.cursor.0 + 1);
                            self.lines[self.cursor.0].truncate(self.cursor.1);
                        }
                    }
                    c => {
                        self.lines[self.cursor.0].push(c);
                        self.cursor.1 += 1;
                    }
                }
            }
        }

        fn up(&mut self) {
            let (line, column) = self.cursor;
            self.cursor = if let Some(above) = column.checked_sub(self.columns) {
                (line, above)
            } else {
                let line = line.checked_sub(1).expect("the cursor stays on the screen");
                (line, self.lines[line].len().saturating_sub(1) / self.columns * self.columns)
            };
        }
    }

    const FRAME: &str =
        "  one package is being uploaded\n  another waits for a person at an address that is long\n  0/2";

    #[test]
    fn what_is_said_stays_above() {
        let mut terminal = Terminal::of(40);
        let mut live = LiveLines::default();
        terminal.write("said first\r\n");
        terminal.write(&live.replace(FRAME, 40));
        terminal.write(&live.erase(40));
        terminal.write("said next\r\n");
        terminal.write(&live.replace("  1/2", 40));
        assert_eq!(terminal.lines, ["said first", "said next", "  1/2"]);
        assert_eq!(live.replace("  1/2", 40), "", "what has not changed is not written again");
        terminal.write(&live.erase(40));
        assert_eq!(terminal.lines, ["said first", "said next", ""]);
    }

    #[test]
    fn nothing_is_drawn_while_another_program_has_the_terminal() {
        let mut terminal = Terminal::of(40);
        let mut live = LiveLines::default();
        terminal.write(&live.replace(FRAME, 40));
        terminal.write(&live.pause(40));
        terminal.write("$ ls\r\n");
        assert_eq!(live.replace("  1/2", 40), "");
        live.resume();
        terminal.write(&live.replace("  1/2", 40));
        assert_eq!(terminal.lines, ["$ ls", "  1/2"]);
    }

    #[test]
    fn another_width_leaves_nothing_behind() {
        for before in 8..70 {
            for after in 8..70 {
                let mut terminal = Terminal::of(before);
                let mut live = LiveLines::default();
                terminal.write("said first\r\n");
                terminal.write(&live.replace(FRAME, before));
                terminal.columns = after;
                terminal.write(&live.replace("  1/2", after));
                assert_eq!(terminal.lines, ["said first", "  1/2"], "{before} to {after}");
                terminal.columns = before;
                terminal.write(&live.erase(before));
                assert_eq!(terminal.lines, ["said first", ""], "{after} to {before}");
            }
        }
    }
}

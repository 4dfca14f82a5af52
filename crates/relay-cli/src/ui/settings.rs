//! What is known about the terminal, and what the flags say about output. The only reader of the environment for this.
#![expect(clippy::disallowed_methods, reason = "the environment tells what the terminal can do")]

use std::env;
use std::io::{self, IsTerminal};

use super::Forge;

/// The width that is assumed where the terminal has none to tell.
const WIDTH_COLUMNS_DEFAULT: usize = 80;

/// The height that is assumed where the terminal has none to tell.
const HEIGHT_ROWS_DEFAULT: usize = 24;

/// Below this width nothing is laid out any narrower.
const WIDTH_COLUMNS_MIN: usize = 40;

/// The size of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    /// Characters in a row.
    pub(crate) columns: usize,
    /// Rows.
    pub(crate) rows: usize,
}

/// The flags of the command line that are about output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct UiFlags {
    /// `--quiet`.
    pub(crate) quiet: bool,
    /// `--verbose`.
    pub(crate) verbose: bool,
    /// `--no-color`.
    pub(crate) no_color: bool,
}

/// How to speak in this run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UiSettings {
    /// No status, no hints, no progress.
    pub(crate) quiet: bool,
    /// Details too.
    pub(crate) verbose: bool,
    /// Stdout is a terminal.
    pub(crate) data_terminal: bool,
    /// Stderr is a terminal.
    pub(crate) message_terminal: bool,
    /// Colour on stdout.
    pub(crate) data_colour: bool,
    /// Colour on stderr.
    pub(crate) message_colour: bool,
    /// A person can be asked.
    pub(crate) interactive: bool,
    /// Bars that move may be drawn on stderr.
    pub(crate) animated: bool,
    /// This runs in a CI.
    pub(crate) ci: bool,
    /// The forge that reads the log.
    pub(crate) forge: Forge,
    /// The width of the terminal, in columns.
    pub(crate) width: usize,
}

impl UiSettings {
    /// Looks at the streams and the environment (`NO_COLOR`, `TERM`, `CI`, `COLUMNS`).
    pub(crate) fn detect(flags: UiFlags) -> Self {
        let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
        let stdout = io::stdout().is_terminal();
        let stderr = io::stderr().is_terminal();
        let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        let colour = !flags.no_color && !set("NO_COLOR") && !dumb;
        let ci = set("CI") && env::var_os("CI").is_none_or(|value| value != "false" && value != "0");
        Self {
            quiet: flags.quiet,
            verbose: flags.verbose,
            data_terminal: stdout,
            message_terminal: stderr,
            data_colour: colour && stdout,
            message_colour: colour && stderr,
            interactive: stderr && io::stdin().is_terminal() && !ci,
            animated: stderr && !dumb && !ci,
            ci,
            forge: Forge::detect(),
            width: width(),
        }
    }

    /// No terminal, no colour, nobody there.
    #[cfg(test)]
    pub(crate) fn plain() -> Self {
        Self {
            quiet: false,
            verbose: false,
            data_terminal: false,
            message_terminal: false,
            data_colour: false,
            message_colour: false,
            interactive: false,
            animated: false,
            ci: false,
            forge: Forge::Plain,
            width: WIDTH_COLUMNS_DEFAULT,
        }
    }
}

fn width() -> usize {
    let told = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let measured = || terminal_size::terminal_size_of(io::stderr()).map(|(width, _)| usize::from(width.0));
    told.or_else(measured).unwrap_or(WIDTH_COLUMNS_DEFAULT).max(WIDTH_COLUMNS_MIN)
}

/// The terminal's present size; where it has none to tell, `columns` and a usual height.
pub(super) fn size(columns: usize) -> Size {
    match terminal_size::terminal_size_of(io::stderr()) {
        Some((width, height)) if width.0 > 0 && height.0 > 0 => {
            Size { columns: usize::from(width.0), rows: usize::from(height.0) }
        }
        _ => Size { columns, rows: HEIGHT_ROWS_DEFAULT },
    }
}

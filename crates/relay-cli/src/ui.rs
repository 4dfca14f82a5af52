//! Everything that relay prints goes through one object with named channels.
//!
//! - **data** (stdout): what was asked for: a plan, a graph, JSON
//! - **status**, **detail**, **hint**, **warning**, **error** (stderr): messages to a person
//! - **progress** (stderr): the live display, or plain lines where there is no terminal
//!
//! `--quiet` is decided here once: it silences status, hint and progress; warnings, errors and data stay. A closed stdout
//! (`relay graph | head -1`) is no error. No colour and no animation where the stream is not a terminal. Where a forge reads
//! the log, phases are groups of it, and warnings and errors are annotations.
//!
//! Whatever is written loses the secrets that are known on its way out.
//!
//! The object is cheap to clone and can be used from any thread and from async code: each call writes whole lines.

mod ci_log;
pub(crate) mod keyboard;
mod live;
mod palette;
mod prompt;
mod settings;
mod text;

use std::fmt::Display;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use relay_engine::event::Clock;
use relay_registry::struck_out::strike;
use relay_values::{Printable, escaped_json};

use crate::error::CliError;
use crate::wall_clock::WallClock;

pub(crate) use ci_log::{Forge, Notice};
use live::LiveLines;
pub(crate) use palette::Palette;
pub(crate) use settings::{Size, UiFlags, UiSettings};
pub(crate) use text::{clean, columns, human_size, human_span, json, json_line, plural, rows_of, wrapped};

/// From this many warnings on, most are left out.
const WARNINGS_MAX: usize = 8;
/// How many are shown then.
const WARNINGS_SHOWN: usize = 3;

/// What annotations about no package in particular are headed with.
const ANNOTATION_TITLE: &str = "relay";

/// The output of one run.
#[derive(Clone)]
pub(crate) struct Ui {
    shared: Arc<Shared>,
}

struct Shared {
    settings: UiSettings,
    data_palette: Palette,
    message_palette: Palette,
    streams: Mutex<Streams>,
    live: Mutex<LiveLines>,
}

struct Streams {
    data: Box<dyn Write + Send>,
    messages: Box<dyn Write + Send>,
    data_closed: bool,
    data_error: Option<io::Error>,
    /// The title of the group that the forge's log is in.
    group: Option<String>,
    /// What was said while a question is open: it is written when the question is answered.
    held_back: Option<String>,
}

impl Ui {
    /// Writes to the process's own stdout and stderr.
    pub(crate) fn new(settings: UiSettings) -> Self {
        Self::with_streams(settings, Box::new(io::stdout()), Box::new(io::stderr()))
    }

    fn with_streams(settings: UiSettings, data: Box<dyn Write + Send>, messages: Box<dyn Write + Send>) -> Self {
        let shared = Shared {
            data_palette: Palette::new(settings.data_colour),
            message_palette: Palette::new(settings.message_colour),
            streams: Mutex::new(Streams {
                data,
                messages,
                data_closed: false,
                data_error: None,
                group: None,
                held_back: None,
            }),
            live: Mutex::new(LiveLines::default()),
            settings,
        };
        Self { shared: Arc::new(shared) }
    }

    /// What was found out about the terminal, and the flags about output.
    pub(crate) fn settings(&self) -> &UiSettings {
        &self.shared.settings
    }

    /// Says whether a person can be asked: stdin and stderr are terminals, and this is no CI.
    pub(crate) fn is_interactive(&self) -> bool {
        self.shared.settings.interactive
    }

    /// Styles for text that goes to [`Ui::data`].
    pub(crate) fn data_palette(&self) -> &Palette {
        &self.shared.data_palette
    }

    /// Styles for text that goes to the other channels.
    pub(crate) fn palette(&self) -> &Palette {
        &self.shared.message_palette
    }

    /// Writes what was asked for to stdout, with a line break at its end if it has none.
    pub(crate) fn data(&self, text: impl Display) {
        let mut text = String::from(Printable::styled(&text.to_string()));
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        self.above_live(|| self.streams().write_data(&text));
    }

    /// Writes JSON to stdout.
    pub(crate) fn json(&self, text: &str) {
        self.data(escaped_json(text));
    }

    /// Says what is happening or has happened.
    pub(crate) fn status(&self, text: impl Display) {
        if !self.shared.settings.quiet {
            self.message(&text.to_string());
        }
    }

    /// Says more than most people want to read; only with `--verbose`.
    pub(crate) fn detail(&self, text: impl Display) {
        if self.shared.settings.verbose && !self.shared.settings.quiet {
            self.message(&text.to_string());
        }
    }

    /// Says what could be done next.
    pub(crate) fn hint(&self, text: impl Display) {
        if !self.shared.settings.quiet {
            self.labelled("hint", self.palette().hint, &text.to_string());
        }
    }

    /// Says that a part of the run begins: a line, or a group of the forge's log, which ends with the next one.
    pub(crate) fn phase(&self, title: &str) {
        if self.shared.settings.quiet {
            return;
        }
        self.end_phase();
        match self.shared.settings.forge.group(title, WallClock.now()) {
            None => self.message(title),
            Some(line) => {
                self.raw_message(line);
                self.streams().group = Some(title.to_owned());
            }
        }
    }

    /// Ends the group that the last phase began, if any, so that what follows is not folded away.
    pub(crate) fn end_phase(&self) {
        let group = self.streams().group.take();
        if let Some(line) = group.and_then(|title| self.shared.settings.forge.end_group(&title, WallClock.now())) {
            self.raw_message(line);
        }
    }

    /// Makes the forge show a text beside the job, and says whether it can; elsewhere nothing is written.
    pub(crate) fn annotate(&self, notice: Notice, title: &str, text: &str) -> bool {
        let line = self.shared.settings.forge.annotation(notice, &clean(title), &clean(text));
        line.map(|line| self.raw_message(line)).is_some()
    }

    /// Says what is odd but not in the way.
    pub(crate) fn warning(&self, text: impl Display) {
        let text = text.to_string();
        // GitHub's log shows an annotation as a line that begins with the word, so that nothing has to be said twice.
        if !self.annotate(Notice::Warning, ANNOTATION_TITLE, &text) {
            self.labelled("warning", self.palette().warning, &text);
        }
    }

    /// Says several such things; of many of them only some, unless all are asked for.
    pub(crate) fn warnings(&self, texts: &[String]) {
        let shown =
            if self.shared.settings.verbose || texts.len() <= WARNINGS_MAX { texts.len() } else { WARNINGS_SHOWN };
        for text in texts.iter().take(shown) {
            self.warning(text);
        }
        if let Some(more @ 1..) = texts.len().checked_sub(shown) {
            self.warning(format!("and {more} more such warnings; `--verbose` shows all"));
        }
    }

    /// Tells an error with its causes and what can be done.
    pub(crate) fn error(&self, error: &CliError) {
        self.end_phase();
        if self.annotate(Notice::Error, ANNOTATION_TITLE, &self.plainly(error)) {
            return;
        }
        self.labelled("error", self.palette().error, error.message());
        let dim = self.palette().dim;
        let hint = self.palette().hint;
        for cause in error.causes() {
            self.message(&format!("  {dim}cause:{dim:#} {}", indented(cause)));
        }
        for help in error.hints() {
            self.message(&format!("  {hint}help:{hint:#} {}", indented(help)));
        }
        if let (true, Some(code)) = (self.shared.settings.verbose, error.code_name()) {
            self.message(&format!("  {dim}code:{dim:#} {code}"));
        }
    }

    /// Draws the live display, without a line break at its end, in the place of what it showed; empty takes it away. Nothing
    /// happens where it is not animated.
    pub(crate) fn show_live(&self, text: &str) {
        if self.is_animated() {
            let mut live = self.live();
            let written = live.replace(text, self.size().columns);
            self.streams().write_message(&written);
        }
    }

    /// Takes the live display away until [`Ui::resume_live`]: another program gets the terminal.
    pub(crate) fn pause_live(&self) {
        let mut live = self.live();
        let erased = live.pause(self.size().columns);
        self.streams().write_message(&erased);
    }

    /// Lets the live display be drawn again, below whatever stands on the terminal by then.
    pub(crate) fn resume_live(&self) {
        self.live().resume();
    }

    /// Does something that writes to the terminal: what is shown live is gone meanwhile, and stands below it afterwards.
    pub(crate) fn above_live<T>(&self, work: impl FnOnce() -> T) -> T {
        let mut live = self.live();
        let shown = live.shown().to_owned();
        if shown.is_empty() {
            return work();
        }
        let erased = live.erase(self.size().columns);
        self.streams().write_message(&erased);
        let done = work();
        let drawn = live.replace(&shown, self.size().columns);
        self.streams().write_message(&drawn);
        done
    }

    /// Says whether the live display is drawn. Where it is not, plain lines tell of the progress.
    pub(crate) fn is_animated(&self) -> bool {
        self.shared.settings.animated && !self.shared.settings.quiet
    }

    /// The size of the terminal behind stderr, as it is at this moment.
    pub(crate) fn size(&self) -> Size {
        settings::size(self.shared.settings.width)
    }

    /// Writes a text that has been laid out already (help, a usage error) to stderr, as it is.
    pub(crate) fn raw_message(&self, text: impl Display) {
        self.write(&text.to_string());
    }

    /// Asks a question: the live display stands still, and what is said meanwhile waits for the answer. Whoever says it does not, so
    /// that a person who thinks it over holds nobody up.
    fn while_asking<T>(&self, question: impl FnOnce() -> T) -> T {
        self.streams().held_back = Some(String::new());
        self.above_live(|| {
            keyboard::forget_typed();
            let answer = question();
            let mut streams = self.streams();
            if let Some(text) = streams.held_back.take() {
                streams.write_message(&text);
            }
            answer
        })
    }

    /// Hands all data over, before a command that goes on waits for something.
    pub(crate) fn flush(&self) {
        self.streams().flush();
    }

    /// Ends the run: whatever could not be written to stdout, except to a pipe that was closed, is an error.
    pub(crate) fn finish(&self) -> Result<(), CliError> {
        self.end_phase();
        // A question that is still open holds messages back and the terminal in its own mode: it is waited for.
        drop(self.live());
        let mut streams = self.streams();
        streams.flush();
        match streams.data_error.take() {
            None => Ok(()),
            Some(error) => Err(CliError::user("the output could not be written to stdout")
                .cause(error.to_string())
                .code("relay::output::stdout")),
        }
    }

    /// An error as one text, for an annotation.
    fn plainly(&self, error: &CliError) -> String {
        let causes = error.causes().iter().map(|cause| format!("\n  cause: {}", indented(cause)));
        let help = error.hints().iter().map(|help| format!("\n  help: {}", indented(help)));
        let code = error.code_name().filter(|_| self.shared.settings.verbose).map(|code| format!("\n  code: {code}"));
        std::iter::once(error.message().to_owned()).chain(causes).chain(help).chain(code).collect()
    }

    fn labelled(&self, label: &str, style: anstyle::Style, text: &str) {
        self.message(&format!("{style}{label}:{style:#} {}", clean(text)));
    }

    /// One message, whole lines, above the live display.
    fn message(&self, text: &str) {
        let text = Printable::styled(text);
        let text = self.shared.settings.forge.without_commands(text.as_str());
        self.write(&format!("{text}\n"));
    }

    fn write(&self, text: &str) {
        if let Some(held_back) = &mut self.streams().held_back {
            held_back.push_str(text);
            return;
        }
        self.above_live(|| self.streams().write_message(text));
    }

    /// Taken before the streams, by whoever needs both.
    fn live(&self) -> MutexGuard<'_, LiveLines> {
        self.shared.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn streams(&self) -> MutexGuard<'_, Streams> {
        self.shared.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Streams {
    fn write_data(&mut self, text: &str) {
        if self.data_closed || self.data_error.is_some() {
            return;
        }
        let written = self.data.write_all(strike(text).as_bytes());
        self.note(written);
    }

    /// Messages that nobody can receive are dropped: there is no channel left to complain on.
    fn write_message(&mut self, text: &str) {
        let _dropped = self.messages.write_all(strike(text).as_bytes()).and_then(|()| self.messages.flush());
    }

    fn flush(&mut self) {
        if !self.data_closed {
            let flushed = self.data.flush();
            self.note(flushed);
        }
    }

    fn note(&mut self, result: io::Result<()>) {
        match result {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => self.data_closed = true,
            Err(error) => self.data_error = Some(error),
        }
    }
}

/// Standard error for what is written beside the object: the traces for developers, a line at a time.
pub(crate) struct Striking;

impl Write for Striking {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::stderr().write_all(strike(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// Lines after the first stand below the first one's text.
fn indented(text: &str) -> String {
    clean(text).replace('\n', "\n    ")
}

#[cfg(test)]
pub(crate) mod tests;

//! The channels, and a `Ui` that keeps what it was told, for the tests of other files.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use super::{Forge, Ui, UiSettings};
use crate::error::CliError;

/// What a captured [`Ui`] has written.
#[derive(Clone, Default)]
pub(crate) struct Captured {
    pub(crate) data: Sink,
    pub(crate) messages: Sink,
}

/// A stream into memory.
#[derive(Clone, Default)]
pub(crate) struct Sink(Arc<Mutex<Vec<u8>>>);

impl Sink {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A `Ui` without a terminal, and what it writes.
pub(crate) fn captured(settings: UiSettings) -> (Ui, Captured) {
    let captured = Captured::default();
    let ui = Ui::with_streams(settings, Box::new(captured.data.clone()), Box::new(captured.messages.clone()));
    (ui, captured)
}

struct Failing(io::ErrorKind);

impl Write for Failing {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(self.0.into())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn speak(ui: &Ui) {
    ui.data("data");
    ui.status("status");
    ui.detail("detail");
    ui.hint("hint");
    ui.warning("warning");
}

#[test]
fn data_goes_to_stdout_and_the_rest_to_stderr() {
    let (ui, seen) = captured(UiSettings::plain());
    speak(&ui);
    assert_eq!(seen.data.text(), "data\n");
    assert_eq!(seen.messages.text(), "status\nhint: hint\nwarning: warning\n");
}

#[test]
fn quiet_leaves_data_warnings_and_errors() {
    let (ui, seen) = captured(UiSettings { quiet: true, verbose: true, ..UiSettings::plain() });
    speak(&ui);
    ui.error(&CliError::user("it broke"));
    assert_eq!(seen.data.text(), "data\n");
    assert_eq!(seen.messages.text(), "warning: warning\nerror: it broke\n");
}

#[test]
fn an_error_is_told_with_causes_help_and_code() {
    let (ui, seen) = captured(UiSettings { verbose: true, ..UiSettings::plain() });
    let error = CliError::user("`a` can't be packed").cause("first\nsecond").hint("try again").code("relay::test");
    ui.error(&error);
    assert_eq!(
        seen.messages.text(),
        "error: `a` can't be packed\n  cause: first\n    second\n  help: try again\n  code: relay::test\n"
    );
}

#[test]
fn colour_wraps_the_label_only() {
    let (ui, seen) = captured(UiSettings { message_colour: true, ..UiSettings::plain() });
    ui.warning("odd");
    assert!(seen.messages.text().starts_with("\u{1b}["), "{:?}", seen.messages.text());
    assert!(seen.messages.text().ends_with("\u{1b}[0m odd\n"), "{:?}", seen.messages.text());
}

#[test]
fn control_characters_of_others_never_reach_the_terminal() {
    let (ui, seen) = captured(UiSettings::plain());
    ui.warning("a\u{1b}]0;title\u{7}b");
    assert_eq!(seen.messages.text(), "warning: a\u{fffd}]0;title\u{fffd}b\n");
}

#[test]
fn github_is_told_of_warnings_and_errors_outside_of_the_folded_phases() {
    let (ui, seen) = captured(UiSettings { forge: Forge::GitHub, ..UiSettings::plain() });
    ui.phase("Packing");
    ui.phase("Publishing");
    ui.status("  ::add-mask::x");
    ui.warning("odd");
    ui.error(&CliError::user("it broke").cause("why").hint("try again"));
    assert!(ui.finish().is_ok());
    assert_eq!(seen.data.text(), "");
    assert_eq!(
        seen.messages.text(),
        "::group::Packing\n::endgroup::\n::group::Publishing\n  \u{200b}::add-mask::x\n::warning title=relay::odd\n\
         ::endgroup::\n::error title=relay::it broke%0A  cause: why%0A  help: try again\n"
    );
}

#[test]
fn without_a_forge_a_phase_is_a_line() {
    let (ui, seen) = captured(UiSettings::plain());
    ui.phase("Packing");
    ui.error(&CliError::user("it broke"));
    assert_eq!(seen.messages.text(), "Packing\nerror: it broke\n");
}

#[test]
fn a_closed_stdout_is_no_error_and_a_full_disk_is_one() {
    let pipe = |kind| Ui::with_streams(UiSettings::plain(), Box::new(Failing(kind)), Box::new(Sink::default()));
    let closed = pipe(io::ErrorKind::BrokenPipe);
    closed.data("x");
    assert!(closed.finish().is_ok());
    let full = pipe(io::ErrorKind::StorageFull);
    full.data("x");
    assert!(full.finish().is_err());
}

#[test]
fn of_many_warnings_some_are_shown_unless_all_are_asked_for() {
    let many: Vec<String> = (1..=40).map(|number| format!("odd {number}")).collect();
    let (ui, seen) = captured(UiSettings::plain());
    ui.warnings(&many[..8]);
    assert_eq!(seen.messages.text().lines().count(), 8);
    let (ui, seen) = captured(UiSettings::plain());
    ui.warnings(&many);
    assert_eq!(
        seen.messages.text(),
        "warning: odd 1\nwarning: odd 2\nwarning: odd 3\nwarning: and 37 more such warnings; `--verbose` shows all\n"
    );
    let (ui, seen) = captured(UiSettings { verbose: true, ..UiSettings::plain() });
    ui.warnings(&many);
    assert_eq!(seen.messages.text().lines().count(), 40);
}

#[test]
fn what_is_said_while_a_question_is_open_waits_for_the_answer_and_holds_nobody_up() {
    let (ui, captured) = captured(UiSettings::plain());
    ui.while_asking(|| {
        ui.status("meanwhile");
        ui.warning("so too");
        assert_eq!(captured.messages.text(), "");
    });
    ui.status("afterwards");
    assert_eq!(captured.messages.text(), "meanwhile\nwarning: so too\nafterwards\n");
}

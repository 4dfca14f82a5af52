//! An address as a QR code of text, for the phone that has the security key.

use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};

use crate::ui::Ui;

/// Shows a code below what was said, where a person is at a terminal that is wide enough for it.
pub(crate) fn show(ui: &Ui, address: &str) {
    let settings = ui.settings();
    if !ui.is_interactive() {
        return;
    }
    if let Some(code) = code(address, settings.message_colour)
        && code.width <= settings.width
    {
        ui.raw_message(code.text);
    }
}

/// A code and how many columns it takes.
struct Code {
    text: String,
    width: usize,
}

/// Dark on light, which every reader takes. Without colours a terminal is taken for a dark one.
fn code(address: &str, colour: bool) -> Option<Code> {
    // The smallest correction makes the smallest code: a screen has no scratches.
    let code = QrCode::with_error_correction_level(address, EcLevel::L).ok()?;
    let mut renderer = code.render::<Dense1x2>();
    if !colour {
        renderer.dark_color(Dense1x2::Light).light_color(Dense1x2::Dark);
    }
    let picture = renderer.build();
    let width = picture.lines().next()?.chars().count();
    let (begin, end) = if colour { ("\u{1b}[30;107m", "\u{1b}[0m\n") } else { ("", "\n") };
    let text = picture.lines().flat_map(|line| [begin, line, end]).collect();
    Some(Code { text, width })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: &str = "https://registry.example/login/cli/4d4f4d9f-36e2-46c0-970c-f766744423e1";

    #[test]
    fn a_code_fits_on_a_terminal_and_is_one_block() {
        let plain = code(ADDRESS, false).unwrap();
        assert!(plain.width <= 60, "{}", plain.width);
        assert!(plain.text.lines().all(|line| line.chars().count() == plain.width));
        assert!(plain.text.chars().all(|c| " \n█▀▄".contains(c)));
    }

    #[test]
    fn colours_are_closed_on_each_line() {
        let coloured = code(ADDRESS, true).unwrap();
        assert!(coloured.text.lines().all(|line| line.starts_with("\u{1b}[30;107m") && line.ends_with("\u{1b}[0m")));
    }

    #[test]
    fn what_no_code_holds_is_left_out() {
        assert!(code(&"x".repeat(8_000), true).is_none());
    }
}

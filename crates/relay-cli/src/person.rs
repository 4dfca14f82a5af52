//! The person at the terminal: shows web challenges, asks for codes.

use relay_engine::driver::{ChallengeNotice, Code, Person};
use relay_registry::Otp;
use secrecy::ExposeSecret;

use crate::error::ErrorKind;
use crate::ui::{Ui, plural};

/// How often a code that can't be one is asked for again.
const CODE_TRIES_MAX: usize = 3;

/// Someone at a terminal.
pub(crate) struct TerminalPerson {
    /// Where challenges are shown.
    pub(crate) ui: Ui,
    /// Whether a browser is opened at a web challenge.
    pub(crate) browser: bool,
}

impl Person for TerminalPerson {
    fn show(&self, notice: &ChallengeNotice) {
        let Some(url) = &notice.url else { return };
        say(&self.ui, "");
        say(&self.ui, format!("{} needs a second factor. Authenticate your account at:", notice.of));
        say(&self.ui, format!("  {url}"));
        if notice.remaining > 0 {
            say(&self.ui, format!("  ({} more after this one)", plural(notice.remaining, "package")));
        }
        if self.browser {
            open_browser(&self.ui, url.as_str());
        }
    }

    async fn ask_code(&self, notice: &ChallengeNotice) -> Code {
        let ui = self.ui.clone();
        let notice = notice.clone();
        // The prompt blocks its thread; uploads and reads go on meanwhile.
        tokio::task::spawn_blocking(move || prompt(&ui, &notice)).await.unwrap_or(Code::Skipped)
    }
}

fn prompt(ui: &Ui, notice: &ChallengeNotice) -> Code {
    if let Some(message) = &notice.message {
        say(ui, message);
    }
    ask_code(ui, &format!("One-time password for {} (empty skips it):", notice.of))
}

/// Opens an address in the browser; says so where that can't be done.
pub(crate) fn open_browser(ui: &Ui, address: &str) {
    if webbrowser::open(address).is_err() {
        say(ui, "  no browser could be opened; open the address yourself");
    }
}

/// Asks for a one-time password, again where what was typed can't be one. Blocks its thread.
pub(crate) fn ask_code(ui: &Ui, question: &str) -> Code {
    for _ in 0..CODE_TRIES_MAX {
        let code = match ui.ask_secret(question) {
            Ok(Some(code)) => code,
            Err(error) if error.kind() == ErrorKind::Interrupted => return Code::Interrupted,
            Ok(None) | Err(_) => return Code::Skipped,
        };
        let code = code.expose_secret().trim();
        if code.is_empty() {
            return Code::Skipped;
        }
        match Otp::parse(code) {
            Ok(otp) => return Code::Typed(otp),
            Err(error) => say(ui, error),
        }
    }
    Code::Skipped
}

/// A challenge is shown also where `--quiet` was asked for: without it the run would wait for nothing.
pub(crate) fn say(ui: &Ui, text: impl std::fmt::Display) {
    ui.raw_message(format!("{text}\n"));
}

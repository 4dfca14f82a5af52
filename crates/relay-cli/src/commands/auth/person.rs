//! The person who logs in: sees the page's address, types name, password and code.

use relay_engine::account::guarded::FactorPerson;
use relay_engine::account::login::{LoginPerson, Typed};
use relay_engine::driver::Code;
use relay_registry::{DisplayUrl, Otp, RegistryUrl, Url};
use secrecy::{ExposeSecret as _, SecretString};

use crate::error::{CliError, ErrorKind};
use crate::person::{ask_code, open_browser, say};
use crate::qr_code;
use crate::ui::Ui;

/// Someone at a terminal, or whoever reads the log.
pub(super) struct AtTerminal {
    pub(super) ui: Ui,
    pub(super) registry: RegistryUrl,
    /// Whether a browser is opened.
    pub(super) browser: bool,
}

impl AtTerminal {
    /// Shows a page, and opens it where somebody sits before it.
    pub(super) fn show_page(&self, words: &str, page: &Url) {
        let shown = page.as_str();
        say(&self.ui, words);
        say(&self.ui, format!("  {shown}"));
        qr_code::show(&self.ui, shown);
        if self.browser && self.ui.is_interactive() {
            open_browser(&self.ui, shown);
        }
    }
}

impl LoginPerson for AtTerminal {
    fn show(&self, page: &Url) {
        let at = DisplayUrl::new(self.registry.as_url());
        self.show_page(&format!("Log in at {at} in your browser; relay waits for it:"), page);
    }

    async fn name_and_password(&self) -> Typed<(String, SecretString)> {
        if !self.ui.is_interactive() {
            return Typed::Skipped;
        }
        let (ui, registry) = (self.ui.clone(), self.registry.clone());
        // Prompts block their thread.
        let asked = tokio::task::spawn_blocking(move || {
            let name = match typed(ui.ask_text(&format!("Your name at {registry}:"))) {
                Typed::Given(name) if !name.trim().is_empty() => name.trim().to_owned(),
                Typed::Interrupted => return Typed::Interrupted,
                Typed::Given(_) | Typed::Skipped => return Typed::Skipped,
            };
            match typed(ui.ask_secret("Password:")) {
                Typed::Given(password) if !password.expose_secret().is_empty() => Typed::Given((name, password)),
                Typed::Interrupted => Typed::Interrupted,
                Typed::Given(_) | Typed::Skipped => Typed::Skipped,
            }
        });
        asked.await.unwrap_or(Typed::Skipped)
    }

    async fn code(&self, message: &str) -> Typed<Otp> {
        if !self.ui.is_interactive() {
            return Typed::Skipped;
        }
        let (ui, message) = (self.ui.clone(), message.to_owned());
        let asked = tokio::task::spawn_blocking(move || {
            say(&ui, message);
            match ask_code(&ui, "One-time password (empty gives up):") {
                Code::Typed(otp) => Typed::Given(otp),
                Code::Skipped => Typed::Skipped,
                Code::Interrupted => Typed::Interrupted,
            }
        });
        asked.await.unwrap_or(Typed::Skipped)
    }
}

impl FactorPerson for AtTerminal {
    fn show_challenge(&self, what: &str, page: &Url) {
        self.show_page(&format!("The registry asks for your second factor to {what}. Answer on this page:"), page);
    }

    async fn type_code(&self, what: &str, message: &str) -> Typed<Otp> {
        self.code(&format!("The registry asks for your second factor to {what}: {message}")).await
    }
}

/// What came of a question. Ctrl-C is told apart from going past it.
pub(super) fn typed<T>(asked: Result<Option<T>, CliError>) -> Typed<T> {
    match asked {
        Ok(Some(answer)) => Typed::Given(answer),
        Err(error) if error.kind() == ErrorKind::Interrupted => Typed::Interrupted,
        Ok(None) | Err(_) => Typed::Skipped,
    }
}

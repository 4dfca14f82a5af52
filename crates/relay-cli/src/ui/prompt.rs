//! Questions to a person at the terminal. All of them block: from async code they belong into `spawn_blocking`.

use inquire::ui::RenderConfig;
use inquire::{Confirm, InquireError, Password, PasswordDisplayMode, Text};
use secrecy::SecretString;

use super::Ui;
use crate::error::{CliError, ErrorKind};

impl Ui {
    /// Asks a yes-or-no question; Enter says no. Without a terminal this is an error that names `--yes`.
    pub(crate) fn confirm(&self, question: &str) -> Result<bool, CliError> {
        self.need_person(question)?;
        let prompt = Confirm::new(question).with_default(false).with_render_config(self.render_config());
        self.asked(|| prompt.prompt())
    }

    /// Asks for a secret, shown as asterisks: a one-time code, a password. `None` when the person goes past the question with
    /// Esc; Ctrl-C is the error of an interruption, since no signal reaches the process while a question is open.
    pub(crate) fn ask_secret(&self, question: &str) -> Result<Option<SecretString>, CliError> {
        self.need_person(question)?;
        let prompt = Password::new(question)
            .without_confirmation()
            .with_display_mode(PasswordDisplayMode::Masked)
            .with_render_config(self.render_config());
        self.asked(|| prompt.prompt_skippable()).map(|secret| secret.map(SecretString::from))
    }

    /// Asks for a line of text. `None` and Ctrl-C as for a secret.
    pub(crate) fn ask_text(&self, question: &str) -> Result<Option<String>, CliError> {
        self.need_person(question)?;
        let prompt = Text::new(question).with_render_config(self.render_config());
        self.asked(|| prompt.prompt_skippable())
    }

    fn need_person(&self, question: &str) -> Result<(), CliError> {
        if self.is_interactive() {
            return Ok(());
        }
        Err(CliError::new(ErrorKind::Parked, format!("nobody is there to answer: {question}"))
            .cause("stdin and stderr are not both terminals, or this runs in a CI")
            .hint("pass `--yes` to go on without being asked, or run the command in a terminal")
            .code("relay::ui::nobody_there"))
    }

    fn asked<T>(&self, prompt: impl FnOnce() -> Result<T, InquireError>) -> Result<T, CliError> {
        self.while_asking(prompt).map_err(|error| match error {
            InquireError::OperationCanceled | InquireError::OperationInterrupted => {
                CliError::new(ErrorKind::Interrupted, "stopped at the question; nothing was done since")
            }
            error => CliError::of(ErrorKind::User, &error).context("the question could not be asked"),
        })
    }

    fn render_config(&self) -> RenderConfig<'static> {
        if self.settings().message_colour { RenderConfig::default_colored() } else { RenderConfig::empty() }
    }
}

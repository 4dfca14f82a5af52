//! Who answers challenges in a rehearsal: the person at the terminal, or the rehearsal itself, which then says so.

use relay_engine::driver::{ChallengeNotice, Code, Person};
use relay_sandbox::Sandbox;

use crate::person::TerminalPerson;
use crate::ui::Ui;

/// The answering side of a rehearsal.
pub(crate) enum RehearsalPerson<'a> {
    /// A person clicks the button on the sandbox's page.
    Terminal(TerminalPerson),
    /// The rehearsal clicks it.
    Itself {
        /// Where it is said.
        ui: Ui,
        /// The sandboxes.
        sandboxes: Vec<&'a Sandbox>,
    },
}

impl Person for RehearsalPerson<'_> {
    fn show(&self, notice: &ChallengeNotice) {
        match self {
            Self::Terminal(person) => person.show(notice),
            Self::Itself { ui, sandboxes } => {
                let Some(url) = &notice.url else { return };
                ui.status(format!(
                    "  ! {} needs a second factor at {url}; the rehearsal answers it in a person's place",
                    notice.of
                ));
                for sandbox in sandboxes {
                    for challenge in sandbox.pending_challenges() {
                        if challenge.auth_url == url.as_str() {
                            sandbox.approve_challenge(&challenge.id);
                        }
                    }
                }
            }
        }
    }

    async fn ask_code(&self, notice: &ChallengeNotice) -> Code {
        match self {
            Self::Terminal(person) => person.ask_code(notice).await,
            Self::Itself { .. } => Code::Skipped,
        }
    }
}

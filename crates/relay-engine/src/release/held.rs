//! The fourth step: no other run can carry out what is planned here.

use super::{Agreed, ReleaseError, Versioned, saved};
use crate::event::Emitter;
use crate::journal::PastUploads;
use crate::observe::observe;
use crate::state_folder::RunLock;

/// A release that this run alone carries out.
pub struct Held<'a> {
    pub(super) agreed: Agreed<'a>,
}

impl<'a> Held<'a> {
    pub(super) async fn take(mut agreed: Agreed<'a>, asked: bool) -> Result<Self, ReleaseError> {
        let super::Observed { run, lock, session, observation, .. } = &mut agreed.of;
        if lock.is_none() {
            *lock = Some(RunLock::take(&run.request.state, &run.request.holder)?);
        }
        if PastUploads::read(&run.request.state) != run.past_uploads {
            return Err(ReleaseError::Meanwhile);
        }
        if asked {
            let now = observe(&run.project, session, &run.learnt, &run.sent.versions(), run.request.intent).await?;
            saved::refuse_change(&observation.plan, &now.plan)?;
        }
        Ok(Self { agreed })
    }

    /// Writes the versions and commits them, where some are to be made.
    ///
    /// # Errors
    /// [`ReleaseError`]. What was written is finished by the next run.
    pub fn version(self, events: &Emitter) -> Result<Versioned<'a>, ReleaseError> {
        Versioned::write(self.agreed, events)
    }
}

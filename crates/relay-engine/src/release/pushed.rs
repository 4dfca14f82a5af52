//! The seventh step: what is sent is joined with the credentials that it is sent with.

use std::collections::BTreeMap;

use relay_git::Head;
use relay_plan::ReleasePlan;
use relay_workspace::PackageName;
use tokio::sync::mpsc;

use super::{Packed, Published, ReleaseError, Versioned};
use crate::driver::Person;
use crate::event::Emitter;
use crate::observe;
use crate::prepared_upload::PreparedUpload;
use crate::project::Project;
use crate::publish::prepared_uploads;
use crate::session::Session;

/// A release of which nothing is missing but the uploads.
pub struct Pushed<'a> {
    pub(super) of: Versioned<'a>,
    pub(super) session: Session,
    pub(super) head: Head,
    pub(super) uploads: BTreeMap<PackageName, PreparedUpload>,
}

impl<'a> Pushed<'a> {
    pub(super) fn make(packed: Packed<'a>, session: Session) -> Result<Self, ReleaseError> {
        let Packed { of, tarballs } = packed;
        let project = &of.run.project;
        let head = match &project.repository {
            Some(repository) => repository.head()?,
            None => Head { commit: None, branch: None },
        };
        let observed = with_credentials(project, &session, &of);
        let uploads = prepared_uploads(&observed, &tarballs, head.commit.as_deref())?;
        Ok(Self { of, session, head, uploads })
    }

    /// The plan.
    pub fn plan(&self) -> &ReleasePlan {
        &self.of.plan
    }

    /// Uploads what the plan says, and waits until it can be installed.
    ///
    /// # Errors
    /// [`ReleaseError`] where an event can't be recorded; what becomes of a package is in the report.
    pub async fn publish<P: Person>(
        self,
        person: &P,
        events: &Emitter,
        interrupts: &mut mpsc::Receiver<()>,
    ) -> Result<Published<'a>, ReleaseError> {
        Published::send(self, person, events, interrupts).await
    }
}

/// The plan stays what it is; only credentials and destinations are looked up again, after the scripts.
fn with_credentials(project: &Project, session: &Session, of: &Versioned<'_>) -> observe::Observed {
    let mut credentials = BTreeMap::new();
    let mut destinations = BTreeMap::new();
    for planned in &of.plan.packages {
        let registry = &planned.registry;
        credentials.insert(planned.name.clone(), session.credentials(&planned.name, registry, &project.config));
        destinations.insert(planned.name.clone(), session.destination(registry, &project.config));
    }
    observe::Observed {
        plan: of.plan.clone(),
        chosen: of.chosen.clone(),
        bumps: of.bumps.clone(),
        change_findings: Vec::new(),
        credentials,
        destinations,
        live: Vec::new(),
        scriptless_before: BTreeMap::new(),
        warnings: Vec::new(),
        notes: Vec::new(),
        requests: 0,
    }
}

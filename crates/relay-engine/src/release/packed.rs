//! The sixth step: scripts have run, tarballs are made, the gate has passed them. From here on bytes are fixed.

use std::collections::BTreeMap;
use std::sync::Arc;

use relay_pack::Tarball;
use relay_plan::ReleasePlan;
use relay_workspace::PackageName;

use super::{Pushed, ReleaseError, Versioned, saved_plan};
use crate::agreed_settings::AgreedSettings;
use crate::event::{Emitter, Fact, Phase};
use crate::freeze::{FreezeOptions, GateFindings, freeze, pass_gate};
use crate::project::Project;
use crate::published_before::Compared;
use crate::session::Session;

/// A release whose bytes are fixed.
pub struct Packed<'a> {
    pub(super) of: Versioned<'a>,
    pub(super) tarballs: BTreeMap<PackageName, Arc<Tarball>>,
    findings: GateFindings,
    not_compared: BTreeMap<PackageName, String>,
}

impl<'a> Packed<'a> {
    pub(super) async fn make(
        mut of: Versioned<'a>,
        options: FreezeOptions,
        events: &Emitter,
    ) -> Result<Self, ReleaseError> {
        let (mut tarballs, mut findings, mut not_compared) = Default::default();
        if !of.plan.is_empty() {
            events.emit(Fact::PhaseStarted { phase: Phase::Pack })?;
            let project = &of.run.project;
            let options = FreezeOptions {
                ignore_scripts: of.run.request.ignore_scripts,
                secret_variables: project.config.declared_variables(),
                packed_ahead: std::mem::take(&mut of.packed_ahead),
                ..options
            };
            let before = of.run.git_setup()?;
            tarballs = freeze(project, &of.plan, &options, events)?;
            let differences = before.differences(&of.run.git_setup()?);
            if !differences.is_empty() {
                return Err(ReleaseError::GitSetupChanged(differences));
            }
            let Compared { before, failed } = std::mem::take(&mut of.comparison).end().await;
            not_compared = failed;
            findings = pass_gate(project, &of.plan, &tarballs, &before, events)?;
        }
        if let Some(plan) = &of.run.request.saved {
            saved_plan::refuse_other_tarballs(plan, &tarballs)?;
        }
        Ok(Self { of, tarballs, findings, not_compared })
    }

    /// The tarballs.
    pub fn tarballs(&self) -> &BTreeMap<PackageName, Arc<Tarball>> {
        &self.tarballs
    }

    /// What the gate found that is not in the way.
    pub fn findings(&self) -> &GateFindings {
        &self.findings
    }

    /// The packages that could not be compared with their versions before, with the reason.
    pub fn not_compared(&self) -> &BTreeMap<PackageName, String> {
        &self.not_compared
    }

    /// The plan.
    pub fn plan(&self) -> &ReleasePlan {
        &self.of.plan
    }

    /// The project as it is after the version step.
    pub fn project(&self) -> &Project {
        &self.of.run.project
    }

    /// Pushes the release's commit and the record of what is to be uploaded, and joins the tarballs with credentials. Where
    /// none were kept while scripts ran, `read_session` reads them anew, and what it gives must be what was agreed on: a script
    /// may have written the settings in between.
    ///
    /// # Errors
    /// What `read_session` says, or a [`ReleaseError`]; nothing was uploaded.
    pub fn push<E: From<ReleaseError>>(
        mut self,
        read_session: impl FnOnce(&Project) -> Result<Session, E>,
        events: &Emitter,
    ) -> Result<Pushed<'a>, E> {
        let session = if let Some(session) = self.of.session.take() {
            session
        } else {
            let session = read_session(&self.of.run.project)?;
            let now = AgreedSettings::of(&self.of.run.project, &session, &self.of.plan);
            let differences = self.of.settings.differences(&now);
            if !differences.is_empty() {
                return Err(ReleaseError::SettingsChanged(differences).into());
            }
            session
        };
        Ok(Pushed::make(self, session, events)?)
    }
}

//! Carries a compensation plan out.

use relay_registry::RegistryClient;
use relay_workspace::write_atomically;
use tokio::sync::mpsc;

use super::UndoError;
use super::facts::leave;
use super::plan::{Successors, UndoPlan};
use crate::driver::Person;
use crate::learnt::Learnt;
use crate::project::{CHANGE_FILE_FOLDER, Project};
use crate::registry_change::{ChangeKey, RegistryChange};
use crate::registry_writes::{PlannedWrite, WriteContext, WriteReport, carry_out};
use crate::second_factor::SecondFactorSession;
use crate::session::Session;

/// The plan's steps as writes. A version is taken back only after the tags of its package have left it.
///
/// # Errors
/// [`UndoError::Blocked`] where one of them can't be sent as things are.
pub fn writes(
    project: &Project,
    session: &Session,
    learnt: &Learnt,
    plan: &UndoPlan,
) -> Result<Vec<PlannedWrite>, UndoError> {
    let key = |name: &relay_workspace::PackageName, change: &RegistryChange| ChangeKey {
        package: name.clone(),
        change: change.clone(),
    };
    plan.steps
        .iter()
        .map(|step| {
            let leave = leave(project, session, learnt, &step.name, &step.registry);
            if let Some(why) = leave.blocked {
                return Err(UndoError::Blocked { name: step.name.clone(), why });
            }
            let is_unpublished = matches!(step.change, RegistryChange::Unpublish { .. });
            let tags = plan.steps.iter().filter(|other| {
                let moves = matches!(other.change, RegistryChange::SetTag { .. } | RegistryChange::RemoveTag { .. });
                is_unpublished && moves && (&other.registry, &other.name) == (&step.registry, &step.name)
            });
            Ok(PlannedWrite {
                package: step.name.clone(),
                registry: leave.destination,
                change: step.change.clone(),
                authority: leave.authority,
                needs_person: leave.needs_person,
                expects: step.was.clone(),
                after: tags.map(|other| key(&other.name, &other.change)).collect(),
            })
        })
        .collect()
}

/// Carries the writes out. The locks must be held.
///
/// # Errors
/// [`UndoError::Driver`] when an event can't be recorded, or the lock of the remote was lost.
pub async fn carry_out_writes<P: Person>(
    writes: &[PlannedWrite],
    session: &Session,
    context: &WriteContext<'_, RegistryClient, P>,
    interrupts: &mut mpsc::Receiver<()>,
) -> Result<(Vec<WriteReport>, u32), UndoError> {
    let mut second_factor = SecondFactorSession::begin(session.person, session.otp.clone());
    let reports = Box::pin(carry_out(writes, context, &mut second_factor, interrupts)).await?;
    Ok((reports, second_factor.state.answered_count()))
}

/// Whether a change file can be written: looked at before anything is sent.
///
/// # Errors
/// [`UndoError::ChangeFolder`] where something else stands in the place of the folder; a link could lead anywhere.
pub fn check_change_folder(project: &Project) -> Result<(), UndoError> {
    match project.workspace.root.join(CHANGE_FILE_FOLDER).symlink_metadata() {
        Ok(there) if !there.is_dir() => Err(UndoError::ChangeFolder("it is no folder".to_owned())),
        _ => Ok(()),
    }
}

/// Writes the change file, unless one of that name is there. Tells whether it was written.
///
/// # Errors
/// [`UndoError::ChangeFile`], [`UndoError::ChangeFolder`].
pub fn write_change_file(project: &Project, successors: &Successors) -> Result<bool, UndoError> {
    check_change_folder(project)?;
    let folder = project.workspace.root.join(CHANGE_FILE_FOLDER);
    if !folder.is_dir() {
        std::fs::create_dir(&folder).map_err(|error| UndoError::ChangeFolder(error.to_string()))?;
    }
    let path = folder.join(&successors.file);
    if path.symlink_metadata().is_ok() {
        return Ok(false);
    }
    write_atomically(&path, successors.text().as_bytes())?;
    Ok(true)
}

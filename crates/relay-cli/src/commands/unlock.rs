//! `relay unlock`: who holds the lock on the remote, and away with it if nobody does any more.

use jiff::Timestamp;
use relay_engine::release::lock_document::LockDocument;
use relay_engine::release::unlock::{SeenLock, TakenAway};

use crate::cli::unlock::UnlockArgs;
use crate::context::Context;
use crate::error::engine as explain;
use crate::error::{CliError, ErrorKind};
use crate::exit::Exit;
use crate::ui::{human_span, plural};

/// Runs the command.
pub(crate) fn run(context: &Context, args: &UnlockArgs) -> Result<Exit, CliError> {
    let ui = &context.ui;
    let project = crate::flow::open(&context.cwd, None)?;
    let Some(repository) = &project.repository else {
        ui.status("This is no git repository, so there is no lock");
        return Ok(Exit::Done);
    };
    let Some(remote) = repository.remote_name() else {
        ui.status("This clone has no remote, so there is no lock on one");
        return Ok(Exit::Done);
    };
    let Some(lock) = SeenLock::of(repository, &remote).map_err(explain::git)? else {
        ui.status(format!("Nobody holds the lock on `{remote}`"));
        return Ok(Exit::Done);
    };
    ui.status(describe(&lock));
    let question = "Take it away? If that run is at work after all, it stops when it next renews it.";
    if !args.yes && !ui.confirm(question)? {
        return Err(CliError::new(ErrorKind::Interrupted, "the lock was left as it is"));
    }
    match lock.take_away(repository).map_err(explain::git)? {
        TakenAway::Done => ui.status(format!("Taken away: nobody holds the lock on `{remote}`")),
        TakenAway::GivenBack => ui.status(format!("It was given back meanwhile: nobody holds the lock on `{remote}`")),
        TakenAway::Alive(now) => {
            return Err(CliError::user(format!(
                "the lock on `{remote}` has changed meanwhile, so its holder is at work"
            ))
            .cause(describe(&now))
            .hint("wait until that run has ended; to stop it, end its process on that machine")
            .code("relay::run::busy"));
        }
    }
    Ok(Exit::Done)
}

/// Who holds a lock, in words.
pub(crate) fn describe(lock: &SeenLock) -> String {
    let SeenLock { remote, id, document } = lock;
    match document {
        Some(document) => {
            format!("The lock on `{remote}` is held by {}; {}", document.holder, renewals(document))
        }
        None => format!(
            "The lock on `{remote}` names {}, which this relay can't read: whoever made it may have a later relay",
            id.get(..10).unwrap_or(id)
        ),
    }
}

fn renewals(document: &LockDocument) -> String {
    let at = |time: Timestamp| time.strftime("%Y-%m-%d %H:%M:%S").to_string();
    let lasts = human_span(document.lasts());
    match document.renewals {
        0 => {
            format!("taken {} UTC by its clock and never renewed; it lasts {lasts} without that", at(document.renewed))
        }
        number => format!(
            "renewed {}, last {} UTC by its clock; it lasts {lasts} without that",
            plural(usize::try_from(number).unwrap_or(usize::MAX), "time"),
            at(document.renewed)
        ),
    }
}

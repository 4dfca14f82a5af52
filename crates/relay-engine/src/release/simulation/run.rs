//! One command of relay's, from its beginning to its end or until it is killed, in the order of `relay-cli/src/flow.rs`.

use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use relay_config::Config;
use relay_workspace::{PackageName, Version};
use tokio::sync::mpsc;

use super::calls::{Connection, Somebody};
use super::disk::SimulatedFile;
use super::given::{session, tarballs};
use super::place::Place;
use super::world::{Killed, Process, look};
use crate::event::{Emitter, SharedClock};
use crate::finish::FinishOptions;
use crate::freeze::FreezeOptions;
use crate::journal::Journal;
use crate::observe::Intent;
use crate::project::ProjectError;
use crate::release::workplace::Workplace as _;
use crate::release::{Entered, Finished, Packed, Promoted, Pushed, ReleaseError, Request, Run};
use crate::run_options::RunOptions;
use crate::state_folder::Holder;

/// What is asked of a run.
#[derive(Debug, Clone)]
pub(super) struct Command {
    pub(super) intent: Intent,
    pub(super) config: Config,
    /// Whether anything is pushed.
    pub(super) pushes: bool,
    /// Whether there is no remote, so that nobody has to say that nothing is to be pushed.
    pub(super) has_no_remote: bool,
    /// Whether a person is asked before the lock is taken.
    pub(super) asks: bool,
    pub(super) accepted: Vec<(PackageName, Version)>,
    /// When Ctrl-C is pressed.
    pub(super) interrupt: Option<Duration>,
    /// Whether its process is stopped at one of its effects.
    pub(super) stops: bool,
    /// Whether it is `relay resume`, which asks for what the run before was asked for.
    pub(super) resumes: bool,
}

impl Command {
    /// Whether it lacks `--no-push`.
    pub(super) fn asks_to_push(&self) -> bool {
        self.pushes || self.has_no_remote
    }
}

/// How a run ended.
#[derive(Debug)]
pub(super) enum Ended {
    Killed,
    Stopped(ReleaseError),
    /// There was nothing to do.
    Nothing,
    Finished(Box<Finished>),
}

/// Runs a command on a process's computer.
pub(super) async fn run(process: &Process, command: &Command) -> Ended {
    match AssertUnwindSafe(Box::pin(carry_out(process, command))).catch_unwind().await {
        Ok(Ok(Some(finished))) => Ended::Finished(Box::new(finished)),
        Ok(Ok(None)) => Ended::Nothing,
        Ok(Err(error)) => Ended::Stopped(error),
        Err(payload) if payload.is::<Killed>() => Ended::Killed,
        Err(payload) => std::panic::resume_unwind(payload),
    }
}

async fn carry_out(process: &Process, command: &Command) -> Result<Option<Finished>, ReleaseError> {
    let clock: SharedClock = Arc::new(look(&process.world).clock());
    let now = clock.now();
    let place = Rc::new(Place(process.clone()));
    if command.resumes && !place.has_something_to_resume(command) {
        return Ok(None);
    }
    // What a version step has left half-written is brought to its end first.
    let _ = process.effect("enter", super::world::World::finish_version_step);
    let (config, of) = (command.config.clone(), process.clone());
    let read = move || Ok::<_, ProjectError>(Place(of.clone()).project(&config));
    let learnt = look(&process.world).computers[process.at].disk.learnt.clone();
    let request = request(process, command, &clock);
    let past_uploads = place.past_uploads();
    let entered = Entered::with(Run::begin(request, (place, &read), read()?, (past_uploads, learnt)));

    let observed = entered.observe(session(now)).await?;
    let agreed = observed.agree()?;
    if agreed.has_nothing_to_do() {
        return Ok(None);
    }
    if command.asks {
        let wait = look(&process.world).dice.between(1_000..120_000);
        tokio::time::sleep(wait).await;
    }
    let events = events(process, clock)?;
    let held = agreed.hold(command.asks, &|_| {}).await?;
    let mut versioned = held.version(&events)?;
    versioned.packed_ahead = tarballs(&versioned.plan);
    let packed: Packed<'_> = versioned.pack(FreezeOptions::default(), &events).await?;
    let pushed: Pushed<'_> = packed.push(|_| Ok::<_, ReleaseError>(session(now)), &events)?;
    let (stop, mut stops) = mpsc::channel(1);
    if let Some(after) = command.interrupt {
        tokio::task::spawn_local(async move {
            tokio::time::sleep(after).await;
            let _ = stop.send(()).await;
        });
    }
    let (registry, person) = (Connection(process.clone()), Somebody(process.clone()));
    let published = pushed.publish_to(&registry, &person, &events, &mut stops).await?;
    let promoted = Box::pin(Promoted::make(published, &registry, &person, &events, &mut stops)).await?;
    promoted.run_scripts(FreezeOptions::default(), &events)?.finish(&events).map(Some)
}

fn request(process: &Process, command: &Command, clock: &SharedClock) -> Request {
    let releases = command.intent == Intent::Release;
    let name = if releases { "release" } else { "publish" };
    let asks_to_push = command.asks_to_push();
    Request {
        intent: command.intent,
        command: if command.resumes { "resume" } else { name },
        rehearsal: false,
        dry_run: false,
        unasked: false,
        saved: None,
        saved_path: None,
        ignore_scripts: true,
        finish: FinishOptions { tags: true, push: asks_to_push, branch: releases },
        state: "/clone/.git/relay".into(),
        holder: Holder {
            command: name.to_owned(),
            pid: process.id,
            host: format!("computer-{}", process.at),
            since: clock.now(),
        },
        clock: Arc::clone(clock),
        remote_refs: true,
        options: RunOptions { releases, no_push: !asks_to_push, ..RunOptions::default() },
        accepted: command.accepted.clone(),
    }
}

/// The stream of events, with the journal as its reader.
fn events(process: &Process, clock: SharedClock) -> Result<Emitter, ReleaseError> {
    let there = look(&process.world).computers[process.at].disk.written();
    let file = Box::new(SimulatedFile(process.clone()));
    let journal = Journal::going_on("/clone/.git/relay/journal.ndjson".into(), file, there);
    let journal = journal.map_err(|error| crate::event::NotRecorded(error.to_string()))?;
    let mut events = Emitter::new(clock);
    events.subscribe(Arc::new(journal));
    Ok(events)
}

//! The way of a release as a person meets it, shared by `release`, `publish`, `resume` and `rehearse`: the engine's steps
//! (`relay_engine::release`), with what is shown and asked between them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use relay_engine::driver::Person;
use relay_engine::event::{Emitter, Subscriber};
use relay_engine::freeze::{FreezeOptions, runs_scripts};
use relay_engine::journal::Journal;
use relay_engine::observe::Intent;
use relay_engine::project::{Project, ProjectError};
use relay_engine::release::{Agreed, Course, Entered, Finished, ReleaseError, Request};
use relay_engine::report::RunReport;
use relay_engine::session::Session;
use relay_pack::lifecycle::fence::Fence;
use relay_plan::ReleasePlan;

use crate::ci_output;
use crate::display::Display;
use crate::dry_run;
use crate::error::engine as explain;
use crate::error::{CliError, ErrorKind};
use crate::fence;
use crate::gate_findings::{self, Infos};
use crate::interrupted;
use crate::log_file::LogFile;
use crate::notices;
use crate::npm_choice;
use crate::stop::StopRequests;
use crate::ui::{Ui, plural};
use crate::wall_clock::WallClock;

mod told;

pub(crate) use told::tell_lock;
use told::{tell_agreed, tell_gate_in_passing, tell_observed, tell_pushed};

/// How often it is said that the registry is still waited for.
const REMINDER_INTERVAL: Duration = Duration::from_secs(15);

/// What is wanted of a release beside what the engine is asked for.
#[derive(Clone)]
pub(crate) struct FlowOptions {
    /// What the engine is asked for.
    pub(crate) request: Request,
    /// Where events are logged.
    pub(crate) log_file: Option<Utf8PathBuf>,
    /// Uploads in flight, where a flag says so.
    pub(crate) concurrency: Option<usize>,
}

/// What a flow came to.
pub(crate) struct Flow {
    /// The plan.
    pub(crate) plan: ReleasePlan,
    /// What became of it; `None` where nothing was published or only a dry run was wanted.
    pub(crate) report: Option<RunReport>,
    /// Whether there are change files that no release has used.
    pub(crate) change_files_left: bool,
}

/// Makes sessions: one to plan and publish with; where scripts run in between, another one after them, so that no credential
/// is in memory while they run (invariant S3).
pub(crate) type SessionMaker<'a> = &'a (dyn Fn(&Project) -> Result<Session, CliError> + Sync);

/// Runs a release in the repository around `root`.
#[expect(clippy::disallowed_methods, reason = "scripts get the environment that the command has")]
pub(crate) async fn run<P: Person>(
    ui: &Ui,
    root: &Utf8Path,
    make_session: SessionMaker<'_>,
    person: &P,
    options: FlowOptions,
    stop: &mut StopRequests,
) -> Result<Flow, CliError> {
    let again = options.request.saved.is_none().then(|| options.clone());
    let FlowOptions { request, log_file, concurrency } = options;
    let (intent, dry_run, unasked, rehearsal) = (request.intent, request.dry_run, request.unasked, request.rehearsal);
    let (ignore_scripts, state) = (request.ignore_scripts, request.state.clone());
    let read_project = || read(root, concurrency);
    let entered = Entered::enter(request, &read_project).await?;
    interrupted::tell(ui, entered.interrupted());
    if let Some(journal) = entered.illegal_journal() {
        ui.warning(journal.to_string());
    }
    let session = make_session(entered.project())?;
    let observed = stop.or(patiently(ui, Box::pin(entered.observe(session)))).await??;
    tell_observed(ui, &observed, ignore_scripts);
    if observed.course() == Course::Owed && intent == Intent::Release {
        ui.hint(notices::why_not_published(observed.project(), observed.bumps()));
    }
    if observed.plan().has_errors() && !rehearsal {
        ci_output::summarise_refused(observed.plan(), ui);
    }
    let agreed = observed.agree()?;
    tell_agreed(ui, &agreed);
    if dry_run {
        return end_dry(ui, &agreed, ignore_scripts, stop).await;
    }
    if agreed.has_nothing_to_do() {
        if let Some(path) = &log_file {
            LogFile::create(path)?;
        }
        return Ok(nothing_done(&agreed));
    }
    let environment: BTreeMap<_, _> = std::env::vars_os().collect();
    let fence = fence_around(ui, &agreed, ignore_scripts, &environment)?;
    let question = question(&agreed);
    if let Some(question) = question.as_ref().filter(|_| !unasked)
        && !ui.confirm(question)?
    {
        return Err(CliError::new(ErrorKind::Interrupted, "nothing was done").hint("the plan was not confirmed"));
    }
    let asked = question.is_some() && !unasked;
    let display = display(ui, &agreed);
    let events = events(&state, log_file.as_deref(), &display)?;
    let held = stop.or(patiently(ui, Box::pin(agreed.hold(asked, &|notice| tell_lock(ui, notice))))).await?;
    let held = match (held, again.filter(|_| !asked)) {
        // A run that is gone may have had uploads under way, which became visible while its lock was watched. Nobody was asked
        // about the plan of before.
        (Err(ReleaseError::Changed(_)), Some(options)) => {
            ui.status("The plan has changed while relay waited for the lock; it is made anew");
            return Box::pin(run(ui, root, make_session, person, options, stop)).await;
        }
        (held, _) => held?,
    };
    stop.check()?;

    let versioned = held.version(&events)?;
    ui.warnings(&versioned.step().notes);
    let unpublished = (versioned.step().written && !rehearsal).then(|| way_on(versioned.step().commit.as_deref()));
    let stopped = |error: CliError| match &unpublished {
        Some(way_on) => error.hint(way_on),
        None => error,
    };
    let scripts = FreezeOptions { environment, stop: stop.flag(), fence, ..FreezeOptions::default() };
    let packing = Box::pin(versioned.pack(scripts.clone(), &events));
    let packed = stop.or(packing).await.map_err(&stopped)?.map_err(|error| {
        tell_gate_in_passing(ui, &error);
        stopped(error.into())
    })?;
    stop.check().map_err(stopped)?;
    gate_findings::tell(ui, packed.findings(), Some(packed.plan()), Infos::WithVerbose);
    gate_findings::tell_not_compared(ui, packed.not_compared());

    let pushed = packed.push(make_session, &events).map_err(stopped)?;
    tell_pushed(ui, &display, pushed.at(), pushed.plan());
    let published = Box::pin(pushed.publish(person, &events, stop.messages())).await;
    display.clear();
    let published = published?;
    if let Some(problem) = published.forgotten() {
        ui.warning(format!("what this run learnt can't be kept: {problem}"));
    }
    let promoted = Box::pin(published.promote(person, &events, stop.messages())).await;
    display.clear();
    let published = promoted?.run_scripts(scripts, &events);
    display.clear();
    let finished = published?.finish(&events);
    display.clear();
    let finished = finished?;
    ui.warnings(&finished.report.notes);
    if let Some(problem) = &finished.lock_left {
        ui.warning(format!(
            "the lock on the remote could not be given back, so that other runs wait until it expires: {problem}"
        ));
    }
    if !finished.report.made_up.is_empty() {
        ui.status(format!("Tagged what went live since the last run: {}", finished.report.made_up.join(", ")));
    }
    conclude(finished)
}

/// The fence around the scripts that will run; where a setting asks for more than the system can keep, nothing has been written.
fn fence_around(
    ui: &Ui,
    agreed: &Agreed<'_>,
    ignore_scripts: bool,
    environment: &BTreeMap<OsString, OsString>,
) -> Result<Option<Arc<Fence>>, CliError> {
    let project = agreed.project();
    if ignore_scripts || !runs_scripts(project, agreed.plan()) {
        return Ok(None);
    }
    fence::raise(ui, &project.workspace.root, project.repository.as_ref(), &project.config.scripts, environment)
}

async fn end_dry(ui: &Ui, agreed: &Agreed<'_>, ignore_scripts: bool, stop: &StopRequests) -> Result<Flow, CliError> {
    if agreed.course() != Course::Publish {
        return Ok(nothing_done(agreed));
    }
    let compared = stop.or(agreed.compare().end()).await?;
    gate_findings::tell_not_compared(ui, &compared.failed);
    let plan = dry_run::run(ui, agreed.project(), agreed.observation(), &compared.before, ignore_scripts)?;
    Ok(Flow { plan, ..nothing_done(agreed) })
}

fn nothing_done(agreed: &Agreed<'_>) -> Flow {
    let change_files_left = !agreed.project().change_files.is_empty();
    Flow { plan: agreed.plan().clone(), report: None, change_files_left }
}

/// What is asked before anything is written; nothing where the run only makes up for what was agreed before.
fn question(agreed: &Agreed<'_>) -> Option<String> {
    let plan = agreed.plan();
    let packages = plural(plan.packages.len(), "package");
    match agreed.course() {
        Course::Owed => None,
        Course::VersionsOnly => Some("Write and commit them?".to_owned()),
        Course::Publish => Some(match plan.humans.challenges {
            0 => format!("Publish {packages}?"),
            1 => format!("Publish {packages}? You will be asked for a second factor once."),
            number => format!("Publish {packages}? You will be asked for a second factor up to {number} times."),
        }),
    }
}

/// The release's end, as each course is told.
fn conclude(finished: Finished) -> Result<Flow, CliError> {
    let Finished { plan, report, course, change_files_left, .. } = finished;
    let flow = |report| Flow { plan, report, change_files_left };
    // Where dist-tags were still to move, what became of them is what the run came to.
    if course == Course::Publish || !report.promotion.is_empty() {
        return Ok(flow(Some(report)));
    }
    if report.problems.is_empty() {
        return Ok(flow(None));
    }
    let error = match course {
        Course::Owed => CliError::user("what an earlier run released is published and not pushed yet")
            .hint("run the same command again when this is put right")
            .code("relay::git::push"),
        _ => CliError::user("the new versions are committed, and their end in git did not go through")
            .hint("put it right, and push: `git push --follow-tags`")
            .code("relay::git::finish"),
    };
    Err(report.problems.into_iter().fold(error, CliError::cause))
}

/// What can be done where the new versions are written and their tarballs can't be sent.
fn way_on(commit: Option<&str>) -> String {
    match commit {
        Some(commit) => format!(
            "the new versions are committed ({}) and not published: put it right, commit, and run the same command again; or \
             take the commit back with `git reset --keep HEAD~1`",
            commit.get(..10).unwrap_or(commit)
        ),
        None => {
            "the new versions are written and not published: put it right and run the same command again".to_owned()
        }
    }
}

fn display(ui: &Ui, agreed: &Agreed<'_>) -> Arc<Display> {
    let limit = agreed.project().config.publish.visibility_timeout.0;
    let display = Arc::new(Display::new(ui.clone(), Arc::new(WallClock), limit));
    for planned in agreed.plan().packages.iter().filter(|planned| planned.sitting.is_some()) {
        display.needs_person(&planned.name);
    }
    display
}

/// The stream of events with its readers: the journal, the log file, the display. Not for dry runs, which leave no trace.
fn events(state: &Utf8Path, log_file: Option<&Utf8Path>, display: &Arc<Display>) -> Result<Emitter, CliError> {
    let mut events = Emitter::new(Arc::new(WallClock));
    events.subscribe(Arc::new(Journal::open(state).map_err(|error| CliError::of(ErrorKind::User, &error))?));
    if let Some(path) = log_file {
        events.subscribe(Arc::new(LogFile::create(path)?));
    }
    events.subscribe(Arc::clone(display) as Arc<dyn Subscriber>);
    Ok(events)
}

/// Says now and then that something is still waited for.
#[expect(clippy::disallowed_methods, reason = "a reminder comes at an interval")]
pub(crate) async fn patiently<T>(ui: &Ui, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = tokio::time::sleep(REMINDER_INTERVAL) => ui.status("still waiting for the registry's answers ..."),
        }
    }
}

/// Opens the project; a flag on the command line wins over `relay.toml`.
pub(crate) fn open(root: &Utf8Path, concurrency: Option<usize>) -> Result<Project, CliError> {
    read(root, concurrency).map_err(explain::project)
}

/// Reads the project around `root` as [`open`] does, for the steps of a release.
pub(crate) fn read(root: &Utf8Path, concurrency: Option<usize>) -> Result<Project, ProjectError> {
    let mut project = Project::open(root)?;
    if let Some(concurrency) = concurrency {
        project.config.publish.concurrency = concurrency;
    }
    project.packing = npm_choice::pack_choices(&project.workspace, &project.config);
    Ok(project)
}

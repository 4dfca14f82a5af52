//! `relay undo`: a compensation plan, shown, asked about and carried out.

mod shown;

use std::sync::Arc;

use camino::Utf8Path;
use relay_engine::event::{Emitter, Subscriber};
use relay_engine::journal;
use relay_engine::learnt::Learnt;
use relay_engine::project::Project;
use relay_engine::registry_writes::{WriteContext, WriteOutcome, WriteReport};
use relay_engine::release::ReleaseError;
use relay_engine::release::alone::{Alone, AloneTerms};
use relay_engine::release::remote::{Look, RemoteState};
use relay_engine::session::Session;
use relay_engine::state::Parked;
use relay_engine::undo::plan::{MESSAGE_CHARS_MAX, UNDO_SIZE_BYTES_MAX, UndoPlan};
use relay_engine::undo::planning::{UndoWishes, plan};
use relay_engine::undo::targets::{Source, Wanted, find, named_before};
use relay_engine::undo::{UndoError, apply, facts};
use relay_registry::struck_out::strike;
use relay_workspace::{read_regular_text, write_atomically};

use crate::cli::undo::{Meant, UndoArgs};
use crate::context::Context;
use crate::display::Display;
use crate::error::engine as explain;
use crate::error::{CliError, ErrorKind};
use crate::exit::Exit;
use crate::flow;
use crate::log_file::LogFile;
use crate::person::TerminalPerson;
use crate::session_setup::{self, SessionFlags};
use crate::stop::{StopRequests, heed_terminal};
use crate::ui::plural;
use crate::wall_clock::WallClock;

/// What the command works with.
struct Undoing<'a> {
    context: &'a Context,
    args: &'a UndoArgs,
    project: Project,
    session: Session,
    learnt: Learnt,
    state: camino::Utf8PathBuf,
}

/// Runs the command.
pub(crate) async fn run(context: &Context, args: &UndoArgs) -> Result<Exit, CliError> {
    let wanted = wanted(args)?;
    let project = flow::open(&context.cwd, args.registry.concurrency)?;
    let state = session_setup::state_folder(&project);
    let flags = SessionFlags {
        vault: context.vault.clone(),
        registry: args.registry.registry.clone(),
        otp: args.otp.otp.clone(),
        reads_only: args.dry_run || args.out.is_some(),
        with_credentials: args.registry.with_credentials,
        person: context.ui.is_interactive(),
        here: super::plan::here(context, &project),
        ..SessionFlags::default()
    };
    let session = session_setup::session(&project, &flags)?;
    let learnt = Learnt::read(&state);
    let undoing = Undoing { context, args, project, session, learnt, state };
    let mut stop = StopRequests::listen()?;
    heed_terminal(&context.ui)?;
    let made = stop.or(flow::patiently(&context.ui, Box::pin(undoing.plan(&wanted)))).await??;
    let Some(plan) = made else { return Ok(Exit::Done) };
    if let Some(path) = &args.out {
        let path = context.resolve(path);
        write_atomically(&path, strike(&plan.to_json()).as_bytes()).map_err(|error| {
            CliError::of(ErrorKind::User, &error).hint("name a file in a folder that is there").code("relay::undo::out")
        })?;
        context.ui.status(format!("Wrote the plan; `relay undo --plan {path}` carries it out"));
        return Ok(Exit::Done);
    }
    if args.dry_run {
        context.ui.status("Nothing was written or sent: this was a dry run");
        return Ok(Exit::Done);
    }
    let ends = plan.steps.len() + usize::from(plan.successors.is_some());
    let question = match plan.challenges {
        0 => format!("Carry out {}?", plural(ends, "step")),
        1 => format!("Carry out {}? You may be asked for a second factor once.", plural(ends, "step")),
        number => {
            format!("Carry out {}? You may be asked for a second factor up to {number} times.", plural(ends, "step"))
        }
    };
    if !args.person.yes && !context.ui.confirm(&question)? {
        return Err(CliError::new(ErrorKind::Interrupted, "nothing was done").hint("the plan was not confirmed"));
    }
    Box::pin(undoing.carry_out(&plan, &mut stop)).await
}

/// What the command line means.
fn wanted(args: &UndoArgs) -> Result<Wanted, CliError> {
    if args
        .message
        .as_ref()
        .is_some_and(|message| message.trim().is_empty() || message.chars().count() > MESSAGE_CHARS_MAX)
    {
        return Err(CliError::usage(format!("a message has 1 to {MESSAGE_CHARS_MAX} characters"))
            .hint("an empty one would take a deprecation back: `npm deprecate NAME@VERSION ''` does that")
            .code("relay::usage::message"));
    }
    let mut versions = Vec::new();
    let mut plans = Vec::new();
    for meant in &args.meant {
        match meant {
            Meant::Version(name, version) => versions.push((name.clone(), version.clone())),
            Meant::Plan(plan) => plans.push(plan.clone()),
        }
    }
    match (versions.is_empty(), plans.as_slice()) {
        (true, []) => Ok(Wanted::Last),
        (true, [plan]) => Ok(Wanted::Plan(plan.clone())),
        (false, []) => Ok(Wanted::Versions(versions)),
        _ => Err(CliError::usage("name either versions or one plan").code("relay::usage::undo")),
    }
}

impl Undoing<'_> {
    /// The plan, shown; `None` where there is nothing to do.
    async fn plan(&self, wanted: &Wanted) -> Result<Option<UndoPlan>, CliError> {
        let ui = &self.context.ui;
        let (plan, source) = if let Some(path) = &self.args.plan {
            (read_plan(self.context, path)?, None)
        } else {
            let (plan, source) = self.make(wanted).await?;
            (plan, Some(source))
        };
        if self.args.json {
            ui.json(&plan.to_json());
        }
        ui.status(shown::table(&plan, source, self.remote_name().as_deref()).trim_end());
        let is_guessed = matches!(source, Some(Source::Head | Source::Manifests));
        if is_guessed && self.args.person.yes && !plan.is_empty() {
            return Err(CliError::user(
                "which versions the last release made is not known here, so nobody's yes is taken for it",
            )
            .cause("neither a release record on the remote nor the journal of this clone tells of a release")
            .hint("name the versions: `relay undo NAME@VERSION ... --yes`")
            .code("relay::undo::unknown_release"));
        }
        if plan.is_empty() {
            ui.status("Nothing to undo: all of it is so already");
            return Ok(None);
        }
        Ok(Some(plan))
    }

    async fn make(&self, wanted: &Wanted) -> Result<(UndoPlan, Source), CliError> {
        let journal = journal::replay(&self.state);
        if let Some(illegal) = &journal.illegal {
            self.context.ui.warning(illegal.to_string());
        }
        let record = self.record();
        let (versions, source) =
            find(&self.project, &self.session, &journal.past_uploads, record.as_ref(), wanted).map_err(undo_error)?;
        let named = source == Source::Named;
        let mut facts =
            facts::read(&self.project, &self.session, &self.learnt, &versions, named).await.map_err(undo_error)?;
        facts::add_named_before(&mut facts, &named_before(&journal.past_uploads, record.as_ref()));
        let wishes = UndoWishes {
            message: self.args.message.clone(),
            unpublish: self.args.unpublish,
            no_change_file: self.args.no_change_file || !self.uses_change_files(),
        };
        Ok((plan(&facts, &facts::surroundings(&self.project, &self.session), &wishes), source))
    }

    /// Whether a release of this repository reads change files.
    fn uses_change_files(&self) -> bool {
        let used = self.project.change_settings().use_change_files;
        if !used && !self.args.no_change_file {
            self.context.ui.hint(
                "releases of this repository are not made of change files, so none is written: the next commit that fixes \
                 these packages makes their next versions",
            );
        }
        used
    }

    /// The release record of the remote, where there is one.
    fn record(&self) -> Option<relay_engine::release::record::ReleaseRecord> {
        let git = self.project.git()?;
        let name = git.remote_name()?;
        let look = Look { own_refs: self.project.config.git.remote_lock, lock: false, reads_only: true };
        match RemoteState::read(&self.project, git, name.clone(), look) {
            Ok(remote) => remote.record.map(|(_, record)| record),
            Err(error) => {
                self.context.ui.warning(format!("what `{name}` tells of the last release can't be read: {error}"));
                None
            }
        }
    }

    fn remote_name(&self) -> Option<String> {
        self.project.git()?.remote_name()
    }

    /// Carries the plan out under the locks of clone and remote.
    async fn carry_out(&self, plan: &UndoPlan, stop: &mut StopRequests) -> Result<Exit, CliError> {
        let ui = &self.context.ui;
        let writes = apply::writes(&self.project, &self.session, &self.learnt, plan).map_err(undo_error)?;
        if plan.successors.is_some() {
            apply::check_change_folder(&self.project).map_err(undo_error)?;
        }
        let holder = session_setup::holder("undo");
        let terms = AloneTerms {
            state: &self.state,
            holder: &holder,
            plan: &plan.id,
            clock: Arc::new(WallClock),
            remote_lock: !self.args.no_remote_lock,
        };
        let tell = |notice| flow::tell_lock(ui, notice);
        let alone = stop.or(Box::pin(Alone::take(&self.project, &terms, &tell))).await?.map_err(locked)?;
        stop.check()?;
        let limit = self.project.config.publish.visibility_timeout.0;
        let display = Arc::new(Display::new(ui.clone(), Arc::new(WallClock), limit));
        let mut events = Emitter::new(Arc::new(WallClock));
        if let Some(path) = &self.args.log_file {
            events.subscribe(Arc::new(LogFile::create(&self.context.resolve(path))?));
        }
        events.subscribe(Arc::clone(&display) as Arc<dyn Subscriber>);
        let person = TerminalPerson { ui: ui.clone(), browser: !self.args.person.no_browser };
        let context =
            WriteContext { registry: &self.session.client, person: &person, events: &events, lock: alone.remote() };
        let done = apply::carry_out_writes(&writes, &self.session, &context, stop.messages()).await;
        display.clear();
        let (reports, answered) = done.map_err(undo_error)?;
        if !reports.iter().any(|report| is_interrupted(&report.outcome))
            && let Some(successors) = &plan.successors
        {
            let path = facts::change_file_path(&successors.file);
            ui.status(if apply::write_change_file(&self.project, successors).map_err(undo_error)? {
                format!("  ✓ wrote `{path}`: commit it, and `relay release` makes the next versions")
            } else {
                format!("  ✓ `{path}` is there already")
            });
        }
        if let Some(problem) = alone.give_back() {
            ui.warning(format!(
                "the lock on the remote could not be given back, so that other runs wait until it expires: {problem}"
            ));
        }
        ui.status("");
        ui.status(shown::outcome(&reports, answered).trim_end());
        Ok(exit_of(&reports))
    }
}

fn is_interrupted(outcome: &WriteOutcome) -> bool {
    matches!(outcome, WriteOutcome::Parked(Parked::Interrupted { .. }))
}

/// The exit of a row of writes.
fn exit_of(reports: &[WriteReport]) -> Exit {
    let any = |test: fn(&WriteOutcome) -> bool| reports.iter().any(|report| test(&report.outcome));
    if any(is_interrupted) {
        Exit::Interrupted
    } else if any(|outcome| matches!(outcome, WriteOutcome::Failed(_))) {
        if any(WriteOutcome::is_done) { Exit::Partial } else { Exit::Failed }
    } else if any(|outcome| !outcome.is_done()) {
        Exit::Parked
    } else {
        Exit::Done
    }
}

fn read_plan(context: &Context, path: &Utf8Path) -> Result<UndoPlan, CliError> {
    let unreadable = |problem: String| {
        CliError::user(format!("the plan `{path}` can't be used"))
            .cause(problem)
            .hint("`relay undo --out FILE` writes one")
            .code("relay::undo::plan")
    };
    let text = read_regular_text(&context.resolve(path), UNDO_SIZE_BYTES_MAX);
    let text = text.map_err(|error| unreadable(error.to_string()))?;
    let text = text.ok_or_else(|| unreadable("there is no such file".to_owned()))?;
    UndoPlan::from_json(&text).map_err(|error| unreadable(error.to_string()))
}

fn undo_error(error: UndoError) -> CliError {
    match error {
        UndoError::Npm(error) => explain::npm(error),
        error => {
            let hint = match &error {
                UndoError::NoSuchPackage(_) => "`relay graph` lists the packages of this workspace",
                UndoError::NoSuchPlan(_) => "name the versions instead: `relay undo NAME@VERSION ...`",
                UndoError::NotThere { .. } => "look at what is there: `npm view NAME versions`",
                UndoError::Blocked { .. } => "give relay a credential for it, and run the same command again",
                _ => "put it right and run the same command again: it does only what is missing",
            };
            CliError::of(ErrorKind::User, &error).hint(hint).code("relay::undo")
        }
    }
}

fn locked(error: ReleaseError) -> CliError {
    CliError::from(error)
}

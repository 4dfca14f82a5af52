//! `relay plan`: what would be released, in which order, by which route. Reads only.

use relay_engine::learnt::Learnt;
use relay_engine::observe::{Intent, Observed, RecordedVersions, observe};
use relay_engine::project::Project;
use relay_engine::published_before::Comparison;
use relay_engine::session::Session;
use relay_engine::tarball_preview::known_tarballs;
use relay_plan::{PLAN_SIZE_BYTES_MAX, ReleasePlan, Severity, TextStyle};
use relay_registry::struck_out::strike;
use relay_workspace::read_regular_text;

use crate::ci_output;
use crate::cli::plan::{PlanArgs, PlanFormat};
use crate::context::Context;
use crate::error::CliError;
use crate::error::engine as explain;
use crate::exit::Exit;
use crate::gate_findings::{self, Infos};
use crate::notices;
use crate::session_setup::{self, SessionFlags};

/// Runs the command.
pub(crate) async fn run(context: &Context, args: &PlanArgs) -> Result<Exit, CliError> {
    let ui = &context.ui;
    let mut project = crate::flow::open(&context.cwd, args.registry.concurrency)?;
    if crate::deepen::unshallow(ui, &project, &args.history)? {
        project = crate::flow::open(&context.cwd, args.registry.concurrency)?;
    }
    let flags = SessionFlags {
        vault: context.vault.clone(),
        registry: args.registry.registry.clone(),
        offline: args.offline,
        tag: args.tag.clone(),
        access: args.access.map(Into::into),
        promote_last: args.promote_last,
        filter: args.selection.filter.clone(),
        allow_cycles: args.allow_cycles,
        graduate: args.version.graduate.clone(),
        reads_only: true,
        with_credentials: args.registry.with_credentials,
        person: ui.is_interactive(),
        otp: None,
        here: here(context, &project),
    };
    let session = session_setup::session(&project, &flags)?;
    let state = session_setup::state_folder(&project);
    crate::interrupted::warn(ui, &project, &state)?;
    let learnt = Learnt::read(&state);
    let observed =
        crate::flow::patiently(ui, observe(&project, &session, &learnt, &RecordedVersions::default(), Intent::Release))
            .await;
    let mut observed = observed.map_err(explain::observe)?;
    ui.warnings(&observed.warnings);
    for note in &observed.notes {
        ui.hint(note);
    }
    let saved = args.against.as_ref().map(|path| read_plan(context, path)).transpose()?;
    let compares = saved.as_ref().is_some_and(relay_engine::release::promises_bytes);
    let mut stopped = None;
    // Only a plan that is kept promises bytes; packing costs more than all the rest.
    if args.out.is_some() || compares {
        stopped = add_tarballs(context, (&project, &session), &mut observed, args.ignore_scripts).await?;
    }
    let plan = &observed.plan;
    if let Some(path) = &args.out {
        let path = context.resolve(path);
        relay_workspace::write_atomically(&path, strike(&plan.to_json()).as_bytes()).map_err(explain::write)?;
    }
    if plan.is_empty() {
        ui.hint(notices::why_not_published(&project, &observed.bumps));
        // Whoever reads the log and leaves the document to a program learns here what was overlooked.
        if args.format() != PlanFormat::Text {
            notices::hint_at_findings(ui, &observed.change_findings);
        }
    }
    let mut drifted = false;
    if let Some(saved) = &saved {
        drifted = compare(saved, plan, args.format(), context);
    } else {
        print(plan, args.format(), context);
        if !plan.is_empty() {
            notices::tell_build(ui, &project, args.ignore_scripts);
        }
    }
    // An error that ends the command is annotated as such.
    let least = if args.check { Severity::Warning } else { Severity::Error };
    ci_output::annotate_findings(plan, least, ui);
    if args.check && plan.has_errors() {
        return Err(explain::findings(plan));
    }
    match stopped {
        Some(error) if args.check => return Err(error),
        Some(error) => ui.error(&error),
        None => {}
    }
    if args.check && drifted {
        return Err(CliError::user("the plan differs from the saved one").code("relay::plan::drift"));
    }
    if args.detailed_exitcode && !(plan.is_empty() && observed.bumps.is_empty()) {
        return Ok(Exit::PlanNotEmpty);
    }
    Ok(Exit::Done)
}

/// Packs in memory what can be told before any script has run. A package that can't be packed yet may only lack its build
/// output, so it is told, and the plan is made all the same. Gives what the gate would stop.
async fn add_tarballs(
    context: &Context,
    (project, session): (&Project, &Session),
    observed: &mut Observed,
    ignore_scripts: bool,
) -> Result<Option<CliError>, CliError> {
    let compared = Comparison::begin(project, session, observed).end().await;
    gate_findings::tell_not_compared(&context.ui, &compared.failed);
    let known = known_tarballs(project, &observed.plan, &observed.bumps, ignore_scripts, &compared.before)
        .map_err(explain::preview_tarballs)?;
    gate_findings::tell(&context.ui, &known.findings, Some(&observed.plan), Infos::Told);
    for (name, error) in &known.failed {
        context.ui.warning(format!("the plan has no tarball of `{name}`, which can't be packed as it is: {error}"));
    }
    observed.plan = observed.plan.clone().with_tarballs(&known.facts);
    Ok(gate_findings::stopped(&known.findings, "nothing of this release would be sent"))
}

/// The current folder, relative to the workspace root: where relative selectors start from.
pub(crate) fn here(context: &Context, project: &Project) -> camino::Utf8PathBuf {
    context.cwd.strip_prefix(&project.workspace.root).map(camino::Utf8Path::to_owned).unwrap_or_default()
}

/// Reads a saved plan.
pub(crate) fn read_plan(context: &Context, path: &camino::Utf8Path) -> Result<ReleasePlan, CliError> {
    let unreadable = |problem: String| {
        CliError::user(format!("the plan `{path}` can't be read"))
            .cause(problem)
            .hint("`relay plan --out FILE` writes one")
            .code("relay::plan::unreadable")
    };
    let limit = u64::try_from(PLAN_SIZE_BYTES_MAX).unwrap_or(u64::MAX);
    let text = read_regular_text(&context.resolve(path), limit).map_err(|error| unreadable(error.to_string()))?;
    let text = text.ok_or_else(|| unreadable("there is no such file".to_owned()))?;
    ReleasePlan::from_json(&text).map_err(|error| explain::plan_file(path, &error))
}

fn print(plan: &ReleasePlan, format: PlanFormat, context: &Context) {
    let settings = context.ui.settings();
    match format {
        PlanFormat::Text => {
            let style = TextStyle {
                width: settings.width.min(120),
                colour: settings.data_colour,
                cuts: settings.data_terminal,
            };
            context.ui.data(relay_plan::render_text(plan, style));
        }
        PlanFormat::Json => context.ui.json(&plan.to_json()),
        PlanFormat::Markdown => context.ui.data(relay_plan::render_markdown(plan)),
    }
}

/// Prints what differs from a saved plan; says whether anything does.
fn compare(saved: &ReleasePlan, plan: &ReleasePlan, format: PlanFormat, context: &Context) -> bool {
    let difference = relay_plan::diff(saved, plan);
    match format {
        PlanFormat::Text => context.ui.data(difference.to_text()),
        PlanFormat::Json => context.ui.json(&difference.to_json()),
        PlanFormat::Markdown => context.ui.data(difference.to_markdown()),
    }
    !difference.is_empty()
}

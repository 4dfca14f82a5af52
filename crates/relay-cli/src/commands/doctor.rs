//! `relay doctor`: whether all that a release stands on is in order. Reads only.

use std::fmt::Write as _;

use relay_engine::doctor::{Area, Check, Examination, Verdict, examine};
use relay_engine::learnt::Learnt;

use crate::cli::doctor::DoctorArgs;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::session_setup::{self, SessionFlags};
use crate::ui::{Palette, json_line, wrapped};

/// Runs the command.
pub(crate) async fn run(context: &Context, args: &DoctorArgs) -> Result<Exit, CliError> {
    let ui = &context.ui;
    let project = crate::flow::open(&context.cwd, args.registry.concurrency)?;
    let flags = SessionFlags {
        vault: context.vault.clone(),
        registry: args.registry.registry.clone(),
        offline: args.offline,
        reads_only: true,
        with_credentials: args.registry.with_credentials,
        person: ui.is_interactive(),
        here: super::plan::here(context, &project),
        ..SessionFlags::default()
    };
    let session = session_setup::session(&project, &flags)?;
    ui.warnings(session.npm.warnings());
    let learnt = Learnt::read(&session_setup::state_folder(&project));
    let found =
        crate::flow::patiently(ui, async { Ok::<_, CliError>(examine(&project, &session, &learnt).await) }).await?;
    if args.json {
        ui.json(&json_line(&found)?);
    } else {
        ui.data(render(&found, ui.settings().width, ui.data_palette()));
    }
    Ok(if found.is_well() { Exit::Done } else { Exit::Failed })
}

/// The lines, by area.
fn render(found: &Examination, width: usize, palette: &Palette) -> String {
    let mut text = String::new();
    for group in found.checks.chunk_by(|one, next| one.area == next.area) {
        let Some(first) = group.first() else { continue };
        if !text.is_empty() {
            text.push('\n');
        }
        let strong = palette.strong;
        let _ = writeln!(text, "{strong}{}{strong:#}", heading(first.area));
        for check in group {
            text.push_str(&line(check, width));
        }
    }
    text
}

fn heading(area: Area) -> &'static str {
    match area {
        Area::Registry => "Registry",
        Area::Account => "Account",
        Area::Packages => "Packages",
        Area::Git => "git",
        Area::Ci => "CI",
        Area::Consumers => "Whoever installs the packages",
    }
}

fn line(check: &Check, width: usize) -> String {
    let sign = match check.verdict {
        Verdict::Good => "✔",
        Verdict::Bad => "✘",
        Verdict::NotChecked => "–",
    };
    let mut text = wrapped(&check.text, width, &format!("  {sign} "), "    ");
    if let Some(fix) = &check.fix {
        text.push_str(&wrapped(&format!("fix: {fix}"), width, "    ", "         "));
    }
    text
}

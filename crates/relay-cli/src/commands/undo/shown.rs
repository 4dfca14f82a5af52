//! A compensation plan and its outcome, as a person reads them.

use std::fmt::Write as _;

use relay_engine::registry_writes::WriteReport;
use relay_engine::undo::facts::change_file_path;
use relay_engine::undo::plan::{UndoPlan, UndoStep};
use relay_engine::undo::targets::Source;

use crate::ui::plural;
use crate::write_words::{explain_outcome, sign};

/// The plan as a table.
pub(super) fn table(plan: &UndoPlan, source: Option<Source>, remote: Option<&str>) -> String {
    let mut text = String::new();
    let names: Vec<String> = plan.versions.iter().map(|one| format!("{}@{}", one.name, one.version)).collect();
    let known = match source {
        Some(Source::Record) => format!(" (the last release, by the record on `{}`)", remote.unwrap_or("the remote")),
        Some(Source::Journal) => " (the last release of this clone, by its journal)".to_owned(),
        Some(Source::Head) => " (the versions that the commit at HEAD made)".to_owned(),
        Some(Source::Manifests) => " (the versions of the manifests: no record of a release is known)".to_owned(),
        Some(Source::Named) | None => String::new(),
    };
    if names.is_empty() {
        let _ = writeln!(text, "None of the versions is on its registry{known}");
    } else {
        let _ = writeln!(text, "Taking back {}{known}: {}", plural(names.len(), "version"), names.join(", "));
    }
    let width = |of: fn(&UndoStep) -> String| plan.steps.iter().map(|step| of(step).chars().count()).max().unwrap_or(0);
    let (name, change) = (width(|step| step.name.to_string()), width(|step| step.change.to_string()));
    if !plan.steps.is_empty() {
        text.push('\n');
    }
    for step in &plan.steps {
        let person = if step.needs_person { "2FA" } else { "   " };
        let cells = (step.name.to_string(), step.change.to_string());
        let _ = writeln!(text, "  {:name$}  {:change$}  {person}  {}", cells.0, cells.1, step.why);
    }
    if let Some(successors) = &plan.successors {
        let packages: Vec<&str> = successors.packages.iter().map(relay_workspace::PackageName::as_str).collect();
        let path = change_file_path(&successors.file);
        let _ = writeln!(text, "\n  write `{path}`: the next patch of {}", packages.join(", "));
    }
    for left in &plan.left {
        let _ = writeln!(text, "\n  not done: {}@{}: {}", left.name, left.version, left.why);
    }
    if plan.challenges > 0 {
        let writes = plural(plan.challenges, "write");
        let _ = writeln!(
            text,
            "\n{writes} may ask for a second factor; where the registry takes an answer again, fewer answers are enough"
        );
    }
    text
}

/// What became of the writes.
pub(super) fn outcome(reports: &[WriteReport], answered: u32) -> String {
    let mut text = String::new();
    let done = reports.iter().filter(|report| report.outcome.is_done()).count();
    let _ = writeln!(text, "{} of {} done", done, plural(reports.len(), "write"));
    let mut helped: Vec<String> = Vec::new();
    for report in reports.iter().filter(|report| !report.outcome.is_done()) {
        let (what, help) = explain_outcome(&report.outcome);
        let _ = writeln!(text, "  {} {}: {}: {what}", sign(&report.outcome), report.package, report.change);
        helped.extend(help.into_iter().filter(|line| !line.is_empty()));
    }
    helped.dedup();
    for line in helped {
        let _ = writeln!(text, "  help: {line}");
    }
    if answered > 0 {
        let answers = plural(usize::try_from(answered).unwrap_or(usize::MAX), "second factor");
        let _ = writeln!(text, "{answers} answered");
    }
    text
}

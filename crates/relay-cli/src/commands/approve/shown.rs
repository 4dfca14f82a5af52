//! What is staged and what became of it, as a person reads it.

use std::fmt::Write as _;

use relay_engine::approve::{Decision, Review, Staged, Whose};
use relay_engine::registry_writes::WriteReport;

use crate::ui::plural;
use crate::write_words::{explain_outcome, sign};

/// What is staged, as a table.
pub(super) fn table(review: &Review) -> String {
    let mut text = String::new();
    let ours: Vec<&Staged> = review.ours().collect();
    let foreign: Vec<&Staged> = review.foreign().collect();
    if ours.is_empty() {
        text.push_str("Nothing is staged for this release\n");
    } else {
        let _ =
            writeln!(text, "{} for this release, compared with its digests:\n", plural(ours.len(), "staged version"));
        rows(&mut text, &ours);
    }
    if !foreign.is_empty() {
        let _ = writeln!(text, "\nNever approved here:\n");
        rows(&mut text, &foreign);
    }
    text
}

fn rows(text: &mut String, staged: &[&Staged]) {
    let width = staged.iter().map(|one| one.name.as_str().chars().count()).max().unwrap_or(0);
    for one in staged {
        let tag = one.tag.as_ref().map_or("?", relay_values::DistTag::as_str);
        let by = one.staged_by.as_deref().map(|by| format!("  by {by}")).unwrap_or_default();
        let _ = writeln!(text, "  {:width$}  {}  {tag}{by}  {}", one.name.as_str(), one.version, one.stage);
        match &one.whose {
            Whose::Ours => {}
            Whose::OtherBytes { ours } => {
                let _ = writeln!(text, "    its tarball is not the release's, which is {ours}: find out who staged it");
            }
            Whose::Unknown => {
                let _ = writeln!(text, "    no release that is known here made this version");
            }
        }
        if one.whose != Whose::Ours {
            let _ = writeln!(
                text,
                "    look at it: `npm stage download {0}`; throw it away: `npm stage reject {0}`",
                one.stage
            );
        }
    }
}

/// What became of the approvals.
pub(super) fn outcome(reports: &[WriteReport], answered: u32, decision: Decision) -> String {
    let mut text = String::new();
    let done = reports.iter().filter(|report| report.outcome.is_done()).count();
    let word = match decision {
        Decision::Approve => "published",
        Decision::Reject => "rejected",
    };
    let _ = writeln!(text, "{done} of {} {word}", plural(reports.len(), "staged version"));
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

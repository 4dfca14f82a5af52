//! The plan as a comment of a pull request. Forges take some 65,000 characters: the comment stays well below.

use std::borrow::Borrow;
use std::fmt::Write as _;

use relay_values::cut_to_width;
use relay_workspace::PackageName;

use super::costs;
use super::groups::{self, headline, people, versioned_headline};
use super::printable::{counted, escaped, one_line};
use super::promotion;
use super::table::{Cause, version_text};
use crate::finding::Severity;
use crate::release_plan::{PlannedPackage, ReleasePlan};

/// How large the comment may grow before lines are left out, in bytes.
const COMMENT_BYTES_MAX: usize = 55_000;

/// The share of [`COMMENT_BYTES_MAX`] that the table may take.
const TABLE_BYTES_MAX: usize = 30_000;

/// How much of a cause is shown where the table would have no room for all of them whole, in columns.
const CAUSE_COLUMNS_MAX: usize = 120;

/// How much of a reason, finding or hint is shown, in columns.
const SENTENCE_COLUMNS_MAX: usize = 1_000;

/// How many names stand in a list.
const NAMES_SHOWN_MAX: usize = 20;

/// Lays the plan out as Markdown.
pub fn render_markdown(plan: &ReleasePlan) -> String {
    let mut comment = Comment { text: String::new() };
    // Writing to a `String` can't fail, here and below.
    let _ = writeln!(comment.text, "### {}", headline(plan));
    if plan.offline {
        comment.text.push_str("\nOffline: no registry was asked, so what is already published is not known.\n");
    }
    if !plan.is_empty() {
        comment.text.push('\n');
        comment.table(plan);
        let _ = writeln!(comment.text, "\n{}", people(plan));
        let sittings = groups::sittings(plan);
        if !sittings.is_empty() {
            comment.text.push('\n');
        }
        comment.items(sittings.iter().map(|(sitting, names)| format!("- sitting {sitting}: {}\n", listed(names))));
        comment.costs(plan);
        for sentence in promotion::sentences(plan) {
            let _ = writeln!(comment.text, "\n{}", escaped(&sentence));
        }
    }
    comment.versioned(plan);
    comment.findings(plan);
    comment.routes(plan);
    comment.skipped(plan);
    comment.text
}

struct Comment {
    text: String,
}

impl Comment {
    fn table(&mut self, plan: &ReleasePlan) {
        self.text.push_str("| wave | package | version | route | why |\n|--:|---|---|---|---|\n");
        let whole: usize = plan.packages.iter().map(|package| row(package, usize::MAX).len()).sum();
        let cause_columns = if whole <= TABLE_BYTES_MAX { usize::MAX } else { CAUSE_COLUMNS_MAX };
        for (index, package) in plan.packages.iter().enumerate() {
            let row = row(package, cause_columns);
            if self.text.len() + row.len() > TABLE_BYTES_MAX {
                let left = plan.packages.len() - index;
                let _ = writeln!(self.text, "\nThe table ends here; the plan has {}.", counted(left, "more package"));
                return;
            }
            self.text.push_str(&row);
        }
    }

    fn costs(&mut self, plan: &ReleasePlan) {
        let Some(waiting) = costs::shown(plan) else { return };
        let _ = writeln!(self.text, "\n{}\n", escaped(&costs::headline(waiting)));
        self.text.push_str("| way | waiting | challenges | |\n|---|---|---|---|\n");
        for cost in &waiting.ways {
            let planned = if cost.planned { "as planned" } else { "" };
            let (way, span, challenges) = (costs::way(cost), costs::span(cost.seconds), costs::challenges(cost));
            let _ = writeln!(self.text, "| `{way}` | {span} | {challenges} | {planned} |");
        }
    }

    fn versioned(&mut self, plan: &ReleasePlan) {
        let Some(head) = versioned_headline(plan) else { return };
        let _ = writeln!(self.text, "\n{head}:\n");
        self.items(plan.versioned.iter().map(|package| {
            let cause = escaped(&Cause::of(package.bump, &package.reasons).within(CAUSE_COLUMNS_MAX));
            format!("- `{}` {}: {cause}\n", package.name, escaped(&format!("{} → {}", package.current, package.next)))
        }));
    }

    fn findings(&mut self, plan: &ReleasePlan) {
        let groups = groups::grouped(plan);
        if groups.is_empty() {
            return;
        }
        let of = |severity| plan.findings.iter().filter(|finding| finding.severity == severity).count();
        let (errors, warnings) = (of(Severity::Error), of(Severity::Warning));
        let head = match (errors, warnings) {
            (0, warnings) => counted(warnings, "warning"),
            (errors, 0) => counted(errors, "error"),
            (errors, warnings) => format!("{}, {}", counted(errors, "error"), counted(warnings, "warning")),
        };
        let _ = writeln!(self.text, "\n#### {head}\n");
        self.items(groups.iter().map(|group| {
            let finding = group.finding;
            let about =
                if group.packages.is_empty() { String::new() } else { format!("{}: ", listed(&group.packages)) };
            let help = finding.help.as_ref().filter(|help| !help.is_empty());
            let help = help.map(|help| format!("<br>help: {}", sentence(help))).unwrap_or_default();
            format!("- **{}:** {about}{}{help}\n", finding.severity.as_str(), sentence(&finding.text))
        }));
    }

    fn routes(&mut self, plan: &ReleasePlan) {
        let groups = groups::routes(plan);
        if groups.is_empty() {
            return;
        }
        self.text.push_str("\n<details><summary>Why these routes</summary>\n\n");
        self.items(groups.iter().map(|group| {
            let fix = group.route.fix.as_ref().map(|fix| format!("<br>help: {}", sentence(fix))).unwrap_or_default();
            format!("- **{}:** {}: {}{fix}\n", group.route.kind, listed(&group.names), sentence(&group.route.reason))
        }));
        self.text.push_str("\n</details>\n");
    }

    fn skipped(&mut self, plan: &ReleasePlan) {
        if plan.skipped.is_empty() {
            return;
        }
        let _ =
            writeln!(self.text, "\n<details><summary>{} left out</summary>\n", counted(plan.skipped.len(), "package"));
        let groups = groups::skipped(plan);
        self.items(groups.iter().map(|(reason, names)| format!("- {}: {}\n", reason.in_words(), listed(names))));
        self.text.push_str("\n</details>\n");
    }

    /// Adds list items as long as there is room.
    fn items(&mut self, items: impl Iterator<Item = String>) {
        let mut left_out = 0_usize;
        for item in items {
            if left_out > 0 || self.text.len() + item.len() > COMMENT_BYTES_MAX {
                left_out += 1;
            } else {
                self.text.push_str(&item);
            }
        }
        if left_out > 0 {
            let _ = writeln!(self.text, "- and {left_out} more");
        }
    }
}

fn row(package: &PlannedPackage, cause_columns: usize) -> String {
    let cause = escaped(&Cause::of(package.bump, &package.reasons).within(cause_columns));
    let (wave, name, kind) = (package.wave, &package.name, package.route.kind);
    format!("| {wave} | `{name}` | {} | {kind} | {cause} |\n", escaped(&version_text(package)))
}

fn sentence(text: &str) -> String {
    escaped(&cut_to_width(&one_line(text), SENTENCE_COLUMNS_MAX))
}

fn listed<N: Borrow<PackageName>>(names: &[N]) -> String {
    let shown: Vec<String> = names.iter().take(NAMES_SHOWN_MAX).map(|name| format!("`{}`", name.borrow())).collect();
    match names.len().checked_sub(NAMES_SHOWN_MAX) {
        None | Some(0) => shown.join(", "),
        Some(more) => format!("{} and {more} more", shown.join(", ")),
    }
}

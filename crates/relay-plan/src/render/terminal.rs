//! The plan as a maintainer reads it at a terminal: what goes out, who is needed, why by which route, what is wrong.

use relay_config::RouteKind;

use super::groups::{self, headline, listed, people, versioned_headline};
use super::printable::{counted, one_line, wrapped};
use super::table::Cause;
use super::{TEXT_WIDTH_COLUMNS_MIN, TextStyle, costs, promotion, table};
use crate::finding::Severity;
use crate::release_plan::ReleasePlan;

const BOLD: &str = "1";
const DIM: &str = "2";
const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";
const CYAN: &str = "36";

/// Lays the plan out for a terminal. The text ends with a line break, and no line is wider than the style says, except for
/// those of a table whose causes are not to be cut.
pub fn render_text(plan: &ReleasePlan, style: TextStyle) -> String {
    let width = style.width.max(TEXT_WIDTH_COLUMNS_MIN);
    let mut page = Page { width, colour: style.colour, cuts: style.cuts, text: String::new() };
    page.headline(plan);
    if !plan.is_empty() {
        page.table(plan);
        page.people(plan);
        page.costs(plan);
        page.promotion(plan);
        page.routes(plan);
    }
    page.versioned(plan);
    page.findings(plan);
    page.skipped(plan);
    page.text
}

struct Page {
    width: usize,
    colour: bool,
    cuts: bool,
    text: String,
}

impl Page {
    fn headline(&mut self, plan: &ReleasePlan) {
        self.paragraph(BOLD, "", &headline(plan));
        if plan.offline {
            self.paragraph(YELLOW, "", "offline: no registry was asked, so what is already published is not known");
        }
    }

    fn table(&mut self, plan: &ReleasePlan) {
        self.blank();
        for row in table::rows(plan, self.width, self.cuts) {
            let line = match row.kind {
                Some(kind) => format!("{}{}", row.text, self.paint(colour_of(kind), &row.route)),
                // The head of the table, or a name that has its line to itself.
                None if row.route.is_empty() => row.text,
                None => self.paint(DIM, &format!("{}{}", row.text, row.route)),
            };
            self.line(&line);
        }
    }

    fn people(&mut self, plan: &ReleasePlan) {
        self.blank();
        let code = if plan.humans.challenges == 0 { GREEN } else { CYAN };
        self.paragraph(code, "", &people(plan));
        for (sitting, names) in groups::sittings(plan) {
            self.paragraph("", "  ", &format!("sitting {sitting}: {}", listed(&names)));
        }
    }

    fn costs(&mut self, plan: &ReleasePlan) {
        let Some(waiting) = costs::shown(plan) else { return };
        self.blank();
        self.paragraph("", "", &costs::headline(waiting));
        for cost in &waiting.ways {
            let planned = if cost.planned { ", as planned" } else { "" };
            let (way, span, challenges) = (costs::way(cost), costs::span(cost.seconds), costs::challenges(cost));
            self.paragraph("", "  ", &format!("`{way}`: {span}, {challenges}{planned}"));
        }
    }

    fn promotion(&mut self, plan: &ReleasePlan) {
        let sentences = promotion::sentences(plan);
        if !sentences.is_empty() {
            self.blank();
            self.paragraph("", "", &sentences.join(" "));
        }
    }

    fn routes(&mut self, plan: &ReleasePlan) {
        for group in groups::routes(plan) {
            self.blank();
            let (kind, names) = (group.route.kind, &group.names);
            let head = format!("{kind}, {}: {}", counted(names.len(), "package"), listed(names));
            self.paragraph(colour_of(kind), "", &head);
            self.paragraph("", "  ", &one_line(&group.route.reason));
            if let Some(fix) = &group.route.fix {
                self.labelled("  help: ", "", &one_line(fix));
            }
        }
    }

    fn versioned(&mut self, plan: &ReleasePlan) {
        let Some(head) = versioned_headline(plan) else { return };
        self.blank();
        self.paragraph("", "", &format!("{head}:"));
        for package in &plan.versioned {
            let (name, next) = (&package.name, &package.next);
            let cause = Cause::of(package.bump, &package.reasons);
            let line = format!("{name}  {} → {next}  {}", package.current, cause.within(usize::MAX));
            if self.cuts {
                self.paragraph("", "  ", &line);
            } else {
                self.line(&format!("  {line}"));
            }
        }
    }

    fn findings(&mut self, plan: &ReleasePlan) {
        let groups = groups::grouped(plan);
        let mut above = None;
        for (index, group) in groups.iter().enumerate() {
            let help = group.finding.help.as_ref().filter(|help| !help.is_empty());
            // Those in a row that one thing helps with stand together, and it is said once, below them.
            let kind = |group: &groups::FindingGroup<'_>| (group.finding.severity, group.finding.help.clone());
            if help.is_none() || above != Some(kind(group)) {
                self.blank();
            }
            let code = match group.finding.severity {
                Severity::Error => RED,
                Severity::Warning => YELLOW,
            };
            // Indented, so that it is not taken for what the command itself says.
            self.labelled(&format!("  {}: ", group.label()), code, &group.about());
            if let Some(help) = help.filter(|_| groups.get(index + 1).map(kind) != Some(kind(group))) {
                self.labelled("    help: ", "", &one_line(help));
            }
            above = Some(kind(group));
        }
    }

    fn skipped(&mut self, plan: &ReleasePlan) {
        let groups = groups::skipped(plan);
        if !groups.is_empty() {
            self.blank();
        }
        for (reason, names) in groups {
            self.paragraph(DIM, "", &format!("{} {}: {}", names.len(), reason.in_words(), listed(&names)));
        }
    }

    fn blank(&mut self) {
        self.text.push('\n');
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// A text with an indent on every line, all of it in one colour.
    fn paragraph(&mut self, code: &str, indent: &str, text: &str) {
        for line in wrapped(text, self.width.saturating_sub(indent.len())) {
            let line = format!("{indent}{}", self.paint(code, &line));
            self.line(&line);
        }
    }

    /// A text behind a coloured label, the following lines indented under its own begin.
    fn labelled(&mut self, label: &str, code: &str, text: &str) {
        let indent = " ".repeat(label.len());
        for (index, line) in wrapped(text, self.width.saturating_sub(label.len())).iter().enumerate() {
            let front = if index == 0 { self.paint(code, label) } else { indent.clone() };
            self.line(&format!("{front}{line}"));
        }
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.colour && !code.is_empty() { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

fn colour_of(kind: RouteKind) -> &'static str {
    match kind {
        RouteKind::Trusted | RouteKind::Token | RouteKind::Plain => GREEN,
        RouteKind::Staged | RouteKind::Interactive => CYAN,
        RouteKind::Blocked => RED,
    }
}

//! What a run came to, as a person reads it: who is out, by which route and why, who is not, and what to do next.

mod explanations;
mod markdown;
pub(crate) mod promotion;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use relay_config::RouteKind;
use relay_engine::report::{Outcome, PackageReport, RunReport};
use relay_engine::state::How;

pub(crate) use self::explanations::{explain_failure, explain_parked};
pub(crate) use self::markdown::markdown;
use crate::ui::{Ui, human_span, plural, wrapped};

/// How the report is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// For a log or a page: what went wrong stays on one line, so that it can be searched.
    Log,
    /// For a terminal of this width: nothing is wider, so that words don't break at its edge.
    Terminal {
        /// The width.
        columns: usize,
    },
}

/// How wide a log is laid out.
const LOG_COLUMNS: usize = 100;
/// Wider than this, a terminal's lines are hard to read.
const TERMINAL_COLUMNS_MAX: usize = 120;

/// Where a run took place, which decides what advice about going on is true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum World {
    /// The registries that the packages go to: the next run goes on with what is unfinished.
    Real,
    /// A rehearsal's own, which ends with it.
    Rehearsal,
}

impl Layout {
    /// The layout for what a [`Ui`] tells.
    pub(crate) fn of(ui: &Ui) -> Self {
        if ui.is_animated() { Self::Terminal { columns: ui.size().columns } } else { Self::Log }
    }

    fn columns(self) -> usize {
        match self {
            Self::Log => LOG_COLUMNS,
            Self::Terminal { columns } => columns.min(TERMINAL_COLUMNS_MAX),
        }
    }

    /// Adds a text with a line break at its end. Where it has to be broken, it goes on below its first words.
    fn write(self, text: &mut String, what: &str) {
        for line in what.lines() {
            let bare = line.trim_start_matches(' ');
            let indent = " ".repeat(line.len() - bare.len());
            match self {
                Self::Terminal { .. } => {
                    text.push_str(&wrapped(bare, self.columns(), &indent, &format!("{indent}  ")));
                }
                Self::Log => {
                    text.push_str(line);
                    text.push('\n');
                }
            }
        }
    }
}

/// Renders the report as plain text; all sense survives without colour.
pub(crate) fn render(report: &RunReport, world: World, layout: Layout) -> String {
    let mut text = String::new();
    if report.packages.is_empty() {
        text.push_str("Nothing to publish: the registry has what the manifests say.\n");
        promoted(&mut text, report, layout);
        return text;
    }
    let _ = writeln!(text, "{}", headline(report));
    text.push('\n');
    table(&mut text, &report.packages);
    routes(&mut text, &report.packages, layout);
    troubles(&mut text, &report.packages, world, layout);
    footer(&mut text, report, layout);
    text
}

fn headline(report: &RunReport) -> String {
    let published = report.published().count();
    let already = count(report, |outcome| matches!(outcome, Outcome::Live { how: How::AlreadyThere }));
    let failed = count(report, |outcome| matches!(outcome, Outcome::Failed(_)));
    let parked = count(report, |outcome| matches!(outcome, Outcome::Parked(_)));
    let held = count(report, |outcome| matches!(outcome, Outcome::Held { .. }));
    let mut parts = vec![format!("{} published", plural(published, "package"))];
    for (number, word) in [(already, "already there"), (parked, "parked"), (held, "held"), (failed, "failed")] {
        if number > 0 {
            parts.push(format!("{number} {word}"));
        }
    }
    format!("{} in {}", parts.join(", "), span(report.millis))
}

fn table(text: &mut String, reports: &[PackageReport]) {
    let name_width = reports.iter().map(|report| report.name.as_str().len()).max().unwrap_or(0);
    let version_width = reports.iter().map(|report| report.version.to_string().len()).max().unwrap_or(0);
    for report in reports {
        let (mark, word) = mark(&report.outcome);
        let _ = writeln!(
            text,
            "  {mark} {:name_width$}  {:version_width$}  {:11}  {word}",
            report.name.as_str(),
            report.version.to_string(),
            report.route.as_str(),
        );
    }
}

fn mark(outcome: &Outcome) -> (&'static str, String) {
    match outcome {
        Outcome::Live { how: How::Published } => ("✓", "published".to_owned()),
        Outcome::Live { how: How::AlreadyThere } => ("✓", "already there, same bytes".to_owned()),
        Outcome::Parked(_) => ("…", "parked".to_owned()),
        Outcome::Held { by } => ("…", format!("held by {by}")),
        Outcome::Failed(_) => ("✗", "failed".to_owned()),
    }
}

/// Packages with the same route and the same reason stand together.
fn routes(text: &mut String, reports: &[PackageReport], layout: Layout) {
    let groups = route_groups(reports);
    if groups.is_empty() {
        return;
    }
    text.push_str("\nRoutes\n");
    for ((route, reason), names) in groups {
        let sentence = format!("{route} ({}): {reason}", listed(&names));
        text.push_str(&wrapped(&sentence, layout.columns(), "  ", "    "));
    }
}

fn route_groups(reports: &[PackageReport]) -> BTreeMap<(RouteKind, &str), Vec<&str>> {
    let mut groups: BTreeMap<(RouteKind, &str), Vec<&str>> = BTreeMap::new();
    for report in reports.iter().filter(|report| matches!(report.outcome, Outcome::Live { how: How::Published })) {
        groups.entry((report.route, report.reason.as_str())).or_default().push(report.name.as_str());
    }
    groups
}

/// What went wrong with a package, if anything did, and what to do next about this very package.
pub(crate) fn trouble(report: &PackageReport, world: World) -> Option<(String, Vec<String>)> {
    let (what, help) = advice(report, world)?;
    Some((what, help.iter().map(|line| filled(line, &[report])).collect()))
}

/// What went wrong with a package, and what to do next about such packages.
fn advice(report: &PackageReport, world: World) -> Option<(String, Vec<String>)> {
    match &report.outcome {
        Outcome::Failed(failure) => Some(explain_failure(failure)),
        Outcome::Parked(parked) => Some(explain_parked(parked, world)),
        Outcome::Live { .. } | Outcome::Held { .. } => None,
    }
}

/// A piece of advice with its placeholders filled in, where the packages that it is about agree on what stands there.
fn filled(line: &str, reports: &[&PackageReport]) -> String {
    type Value = fn(&PackageReport) -> String;
    let values: [(&str, Value); 4] = [
        ("<url>", |report| report.registry.to_string()),
        ("<package>", |report| report.name.to_string()),
        ("<version>", |report| report.version.to_string()),
        ("<tag>", |report| report.tag.to_string()),
    ];
    values.into_iter().fold(line.to_owned(), |line, (placeholder, value)| {
        let known: BTreeSet<String> = reports.iter().map(|report| value(report)).collect();
        match (known.first(), known.len()) {
            (Some(one), 1) => line.replace(placeholder, one),
            _ => line,
        }
    })
}

/// What went wrong. Packages with the same advice stand together above it, and those with the same trouble on one line, so
/// that a run that was interrupted says once how it goes on.
fn troubles(text: &mut String, reports: &[PackageReport], world: World, layout: Layout) {
    for (help, troubles) in grouped_troubles(reports, world) {
        text.push('\n');
        for (what, names) in troubles {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            layout.write(text, &format!("{}: {what}", listed(&names)));
        }
        for line in help {
            layout.write(text, &format!("  help: {line}"));
        }
    }
}

/// The advice, and below it what went wrong with which packages.
type Troubles = Vec<(Vec<String>, NamesByTrouble)>;

/// What went wrong, and with which packages.
type NamesByTrouble = InOrder<String, Vec<String>>;

/// Those to whom a piece of advice goes, and what went wrong with them.
type Concerned<'a> = (Vec<&'a PackageReport>, NamesByTrouble);

fn grouped_troubles(reports: &[PackageReport], world: World) -> Troubles {
    let mut groups: InOrder<Vec<String>, Concerned<'_>> = Vec::new();
    for report in reports {
        let Some((what, help)) = advice(report, world) else { continue };
        let (concerned, troubles) = place(&mut groups, help);
        concerned.push(report);
        place(troubles, what).push(format!("{} {}", report.name, report.version));
    }
    let fill = |(help, (concerned, troubles)): (Vec<String>, Concerned<'_>)| {
        (help.iter().map(|line| filled(line, &concerned)).collect(), troubles)
    };
    groups.into_iter().map(fill).collect()
}

/// Values under keys, in the order of first mention.
type InOrder<K, V> = Vec<(K, V)>;

/// What stands under a key; made if it is not there.
fn place<K: PartialEq, V: Default>(list: &mut InOrder<K, V>, key: K) -> &mut V {
    let index = list.iter().position(|(known, _)| *known == key).unwrap_or_else(|| {
        list.push((key, V::default()));
        list.len() - 1
    });
    &mut list[index].1
}

fn promoted(text: &mut String, report: &RunReport, layout: Layout) {
    for sentence in promotion::sentences(report) {
        text.push('\n');
        layout.write(text, &format!("dist-tags: {sentence}"));
    }
}

fn footer(text: &mut String, report: &RunReport, layout: Layout) {
    promoted(text, report, layout);
    if let Some(line) = tags(report) {
        let _ = writeln!(text, "\n{line}");
    }
    for problem in &report.problems {
        text.push('\n');
        layout.write(text, &format!("warning: {problem}"));
    }
}

/// How many challenges were answered, and which tags were made; `None` where there is nothing to tell.
fn tags(report: &RunReport) -> Option<String> {
    let mut lines = Vec::new();
    match report.challenges_answered {
        0 => {}
        1 => lines.push("1 challenge was answered".to_owned()),
        number => lines.push(format!("{number} challenges were answered")),
    }
    if !report.tags.is_empty() {
        let pushed = report.pushed_to.as_ref().map(|remote| format!(", pushed to {remote}")).unwrap_or_default();
        lines.push(format!("{} made{pushed}", plural(report.tags.len(), "tag")));
    }
    (!lines.is_empty()).then(|| lines.join("; "))
}

fn count(report: &RunReport, test: impl Fn(&Outcome) -> bool) -> usize {
    report.packages.iter().filter(|package| test(&package.outcome)).count()
}

/// Names in a sentence: three at most, then how many more there are.
pub(crate) fn listed(names: &[&str]) -> String {
    match names {
        [one] => (*one).to_owned(),
        [one, two] => format!("{one}, {two}"),
        [one, two, three] => format!("{one}, {two}, {three}"),
        [one, two, rest @ ..] => format!("{one}, {two} and {} more", rest.len()),
        [] => String::new(),
    }
}

fn span(millis: u64) -> String {
    human_span(Duration::from_millis(millis))
}

#[cfg(test)]
pub(crate) mod tests;

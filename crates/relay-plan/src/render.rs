//! The plan for people: at a terminal and in a pull request. Sense never depends on colour.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use relay_config::RouteKind;
use relay_workspace::PackageName;

use crate::findings::BLOCKED_FINDING;
use crate::plan::{Finding, PlannedPackage, ReleasePlan, Severity};

/// How a plan is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextStyle {
    /// The width, in columns.
    pub width: usize,
    /// Whether colour may be used.
    pub colour: bool,
}

/// How many names of a group are spelled out.
const NAMES_SHOWN: usize = 4;

/// The plan as a maintainer reads it.
pub fn render_text(plan: &ReleasePlan, style: TextStyle) -> String {
    let mut text = String::new();
    if plan.is_empty() {
        text.push_str("Nothing to release.\n");
    } else {
        let _ = writeln!(text, "{}", headline(plan, style));
        text.push('\n');
        table(&mut text, plan, style);
        people(&mut text, plan, style);
        routes(&mut text, plan, style);
    }
    findings(&mut text, plan, style);
    skipped(&mut text, plan, style);
    text
}

fn headline(plan: &ReleasePlan, style: TextStyle) -> String {
    let line = format!("{} in {}", plural(plan.packages.len(), "package"), plural(plan.waves.len(), "wave"));
    bold(&line, style)
}

fn table(text: &mut String, plan: &ReleasePlan, style: TextStyle) {
    let versions: Vec<String> = plan.packages.iter().map(versions).collect();
    let name_width = plan.packages.iter().map(|package| package.name.as_str().len()).max().unwrap_or(0).max(7);
    let version_width = versions.iter().map(|text| text.chars().count()).max().unwrap_or(0).max(7);
    let header = format!("  wave  {:name_width$}  {:version_width$}  route        why", "package", "version");
    let _ = writeln!(text, "{}", dim(&header, style));
    let used = 2 + 6 + name_width + 2 + version_width + 2 + 13;
    let room = style.width.saturating_sub(used).max(24);
    for (package, versions) in plan.packages.iter().zip(&versions) {
        let _ = writeln!(
            text,
            "  {:>4}  {:name_width$}  {versions}{}  {:11}  {}",
            package.wave,
            package.name.as_str(),
            " ".repeat(version_width.saturating_sub(versions.chars().count())),
            package.route.kind.as_str(),
            cut(&why(package), room),
        );
    }
}

fn versions(package: &PlannedPackage) -> String {
    if package.current == package.next {
        package.next.to_string()
    } else {
        format!("{} → {}", package.current, package.next)
    }
}

fn why(package: &PlannedPackage) -> String {
    let first = package.reasons.first().map(|reason| reason.text.clone()).unwrap_or_default();
    let more = package.reasons.len().saturating_sub(1);
    let more = if more > 0 { format!(" (+{more})") } else { String::new() };
    match package.bump.as_str() {
        "none" => format!("{first}{more}"),
        bump => format!("{bump}: {first}{more}"),
    }
}

fn people(text: &mut String, plan: &ReleasePlan, style: TextStyle) {
    text.push('\n');
    let blocked = plan.packages.iter().filter(|package| package.route.kind == RouteKind::Blocked).count();
    let line = match plan.humans.challenges {
        _ if blocked > 0 => {
            format!(
                "{} can't be published as things are; nothing goes out before that is put right.",
                plural(blocked, "package")
            )
        }
        0 => "Nobody is needed.".to_owned(),
        number => format!(
            "A person is needed in {}, for up to {}: {}",
            plural(usize::try_from(plan.humans.sittings).unwrap_or(usize::MAX), "sitting"),
            plural(number, "challenge"),
            names(&plan.humans.packages)
        ),
    };
    let _ = writeln!(text, "{}", bold(&line, style));
}

/// Packages with the same route and reason stand together.
fn routes(text: &mut String, plan: &ReleasePlan, style: TextStyle) {
    type Group<'a> = ((&'a str, &'a str), (Option<&'a str>, Vec<PackageName>));
    let mut groups: Vec<Group<'_>> = Vec::new();
    for package in &plan.packages {
        let key = (package.route.kind.as_str(), package.route.reason.as_str());
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, (_, names))) => names.push(package.name.clone()),
            None => groups.push((key, (package.route.fix.as_deref(), vec![package.name.clone()]))),
        }
    }
    let _ = writeln!(text, "\n{}", dim("Routes", style));
    for ((kind, reason), (fix, packages)) in groups {
        let _ = writeln!(text, "  {kind}: {}", names(&packages));
        wrapped(text, &format!("because {reason}"), 4, style.width);
        if let Some(fix) = fix {
            wrapped(text, &format!("to change it: {fix}"), 4, style.width);
        }
    }
}

fn findings(text: &mut String, plan: &ReleasePlan, style: TextStyle) {
    // Blocked routes have been told with the routes.
    let blocked = |group: &FindingGroup<'_>| group.finding.text.starts_with(BLOCKED_FINDING);
    let groups: Vec<_> = grouped(plan).into_iter().filter(|group| !blocked(group)).collect();
    if groups.is_empty() {
        return;
    }
    text.push('\n');
    for group in groups {
        wrapped(text, &format!("{}: {}", group.label(), group.about()), 2, style.width);
        if let Some(help) = group.finding.help.as_ref() {
            wrapped(text, &format!("help: {help}"), 4, style.width);
        }
    }
}

/// Findings that say the same of several packages.
pub struct FindingGroup<'a> {
    /// What they say.
    pub finding: &'a Finding,
    /// The packages, where it is about any.
    pub packages: Vec<PackageName>,
}

impl FindingGroup<'_> {
    /// `error` or `warning`.
    pub fn label(&self) -> &'static str {
        match self.finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }

    /// The packages and what is said of them.
    pub fn about(&self) -> String {
        if self.packages.is_empty() {
            self.finding.text.clone()
        } else {
            format!("{}: {}", names(&self.packages), self.finding.text)
        }
    }
}

/// The findings, those with the same words together, errors first.
pub fn grouped(plan: &ReleasePlan) -> Vec<FindingGroup<'_>> {
    let mut groups: Vec<FindingGroup<'_>> = Vec::new();
    for finding in &plan.findings {
        let same = |group: &&mut FindingGroup<'_>| {
            let known = group.finding;
            (known.severity, &known.text, &known.help) == (finding.severity, &finding.text, &finding.help)
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.packages.extend(finding.package.clone()),
            None => groups.push(FindingGroup { finding, packages: finding.package.iter().cloned().collect() }),
        }
    }
    groups
}

fn skipped(text: &mut String, plan: &ReleasePlan, style: TextStyle) {
    let mut by_reason: BTreeMap<&str, Vec<PackageName>> = BTreeMap::new();
    for skipped in &plan.skipped {
        by_reason.entry(&skipped.reason).or_default().push(skipped.name.clone());
    }
    if by_reason.is_empty() {
        return;
    }
    text.push('\n');
    for (reason, packages) in by_reason {
        let line = format!("{} left out, {reason}: {}", plural(packages.len(), "package"), names(&packages));
        let _ = writeln!(text, "{}", dim(&line, style));
    }
}

/// The plan for a pull request.
pub fn render_markdown(plan: &ReleasePlan) -> String {
    let mut text = String::new();
    if plan.is_empty() {
        text.push_str("**Nothing to release.**\n");
    } else {
        let _ =
            writeln!(text, "**{} in {}**\n", plural(plan.packages.len(), "package"), plural(plan.waves.len(), "wave"));
        text.push_str("| wave | package | version | route | why |\n|---:|---|---|---|---|\n");
        for package in &plan.packages {
            let _ = writeln!(
                text,
                "| {} | `{}` | {} | {} | {} |",
                package.wave,
                package.name,
                versions(package),
                package.route.kind,
                cell(&why(package))
            );
        }
        text.push('\n');
        match plan.humans.challenges {
            0 => text.push_str("Nobody is needed.\n"),
            number => {
                let _ = writeln!(
                    text,
                    "A person is needed for up to {}: {}.",
                    plural(number, "challenge"),
                    cell(&names(&plan.humans.packages))
                );
            }
        }
    }
    let groups = grouped(plan);
    for group in &groups {
        let label = if group.finding.severity == Severity::Error { "Error" } else { "Warning" };
        let _ = write!(text, "\n- **{label}** {}", cell(&group.about()));
        if let Some(help) = &group.finding.help {
            let _ = write!(text, ". {}", cell(help));
        }
    }
    if !groups.is_empty() {
        text.push('\n');
    }
    text
}

/// Text of a repository must not end a table cell or begin markup of its own.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;").replace(['\n', '\r'], " ")
}

fn names(packages: &[PackageName]) -> String {
    let shown: Vec<&str> = packages.iter().take(NAMES_SHOWN).map(PackageName::as_str).collect();
    let rest = packages.len().saturating_sub(NAMES_SHOWN);
    let shown = shown.join(", ");
    if rest > 0 { format!("{shown} and {rest} more") } else { shown }
}

fn plural(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

fn cut(text: &str, width: usize) -> String {
    let text = text.lines().next().unwrap_or_default();
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(width.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// Breaks a sentence at spaces; later lines stand two columns further in.
fn wrapped(text: &mut String, sentence: &str, indent: usize, width: usize) {
    let mut line = " ".repeat(indent);
    let mut empty = true;
    for word in sentence.split_whitespace() {
        if !empty && line.chars().count() + 1 + word.chars().count() > width.max(40) {
            let _ = writeln!(text, "{line}");
            line = " ".repeat(indent + 2);
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    let _ = writeln!(text, "{line}");
}

fn bold(text: &str, style: TextStyle) -> String {
    if style.colour { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() }
}

fn dim(text: &str, style: TextStyle) -> String {
    if style.colour { format!("\x1b[2m{text}\x1b[0m") } else { text.to_owned() }
}

#[cfg(test)]
mod tests;

//! The plan for people: at a terminal and in a pull request. Sense never depends on colour.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use relay_workspace::PackageName;

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
    let line = match plan.humans.challenges {
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
    if plan.findings.is_empty() {
        return;
    }
    text.push('\n');
    for finding in &plan.findings {
        let label = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        wrapped(text, &format!("{label}: {}", about(finding)), 2, style.width);
        if let Some(help) = &finding.help {
            wrapped(text, &format!("help: {help}"), 4, style.width);
        }
    }
}

fn about(finding: &Finding) -> String {
    match &finding.package {
        Some(package) => format!("{package}: {}", finding.text),
        None => finding.text.clone(),
    }
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
    for finding in &plan.findings {
        let label = if finding.severity == Severity::Error { "Error" } else { "Warning" };
        let _ = write!(text, "\n- **{label}** {}", cell(&about(finding)));
        if let Some(help) = &finding.help {
            let _ = write!(text, ". {}", cell(help));
        }
    }
    if !plan.findings.is_empty() {
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

//! What the gate finds, as people read it: each finding with its name, what to do about it, and how it is let pass.

use std::collections::{BTreeMap, BTreeSet};

use relay_config::{FindingName, Level};
use relay_engine::freeze::GateFindings;
use relay_pack::gate::Finding;
use relay_plan::ReleasePlan;
use relay_workspace::PackageName;

use crate::error::CliError;
use crate::ui::{Ui, plural};

/// How many packages the way to let a finding pass names.
const PACKAGES_SHOWN_MAX: usize = 3;

/// Whether what is only good to know is told as well.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Infos {
    /// It is, since it is tarballs that somebody wants to look at.
    Told,
    /// Only with `--verbose`.
    WithVerbose,
}

/// Tells what is not in the way. What the plan says already is not said again.
pub(crate) fn tell(ui: &Ui, findings: &GateFindings, plan: Option<&ReleasePlan>, infos: Infos) {
    let is_told = |name: &PackageName, finding: &Finding| {
        let mut told = plan.iter().flat_map(|plan| &plan.findings);
        told.any(|one| one.package.as_ref() == Some(name) && one.text == finding.text)
    };
    let of_level = |level: Level| {
        let all = findings.iter().flat_map(|(name, all)| all.iter().map(move |finding| (name, finding)));
        all.filter(|(name, finding)| finding.level == level && !is_told(name, finding)).collect::<Vec<_>>()
    };
    let warnings = of_level(Level::Warning);
    let texts: Vec<String> = warnings.iter().map(|(name, finding)| in_words(name, finding)).collect();
    ui.warnings(&texts);
    if let Some(way) = way_to_allow(&warnings) {
        ui.hint(way);
    }
    for (name, finding) in of_level(Level::Info) {
        match infos {
            Infos::Told => ui.hint(in_words(name, finding)),
            Infos::WithVerbose => ui.detail(in_words(name, finding)),
        }
    }
}

/// Tells of packages whose tarballs could not be compared with those of the versions before.
pub(crate) fn tell_not_compared(ui: &Ui, failed: &BTreeMap<PackageName, String>) {
    let mut by_reason: BTreeMap<&str, Vec<&PackageName>> = BTreeMap::new();
    for (name, reason) in failed {
        by_reason.entry(reason).or_default().push(name);
    }
    for (reason, names) in by_reason {
        ui.hint(format!(
            "{} not compared with the version before: {reason} (`compare = false` under `[gate]` in relay.toml leaves that \
             out)",
            about(&names)
        ));
    }
}

/// The error where the gate stops tarballs; `outcome` is what that means.
pub(crate) fn stopped(findings: &GateFindings, outcome: &str) -> Option<CliError> {
    let errors = errors(findings);
    let packages: BTreeSet<&PackageName> = errors.iter().map(|(name, _)| *name).collect();
    if packages.is_empty() {
        return None;
    }
    let message = format!("the gate stops {}; {outcome}", plural(packages.len(), "tarball"));
    let mut error = CliError::user(message).code("relay::gate");
    for (name, finding) in &errors {
        let file = finding.file.as_ref().map(|file| format!("in `{file}`: ")).unwrap_or_default();
        error = error.cause(format!("{name}: {file}{} [{}]", finding.text, finding.name)).hint(finding.help.clone());
    }
    Some(way_to_allow(&errors).into_iter().fold(error, CliError::hint))
}

/// Tells what the gate stops, each for itself.
pub(crate) fn tell_errors(ui: &Ui, findings: &GateFindings) {
    for (name, finding) in errors(findings) {
        let text = format!("{} [{}]", place_and_text(name, finding), finding.name);
        ui.error(&CliError::user(text).hint(finding.help.clone()).code("relay::pack::finding"));
    }
}

/// How what the gate stops is let pass.
pub(crate) fn way_past_errors(findings: &GateFindings) -> Option<String> {
    way_to_allow(&errors(findings))
}

fn errors(findings: &GateFindings) -> Vec<(&PackageName, &Finding)> {
    let all = findings.iter().flat_map(|(name, all)| all.iter().map(move |finding| (name, finding)));
    all.filter(|(_, finding)| finding.level == Level::Error).collect()
}

fn in_words(name: &PackageName, finding: &Finding) -> String {
    format!("{}; {} [{}]", place_and_text(name, finding), finding.help, finding.name)
}

fn place_and_text(name: &PackageName, finding: &Finding) -> String {
    match &finding.file {
        Some(file) => format!("`{name}`, in `{file}`: {}", finding.text),
        None => format!("`{name}`: {}", finding.text),
    }
}

/// What is written into `relay.toml` where findings are meant; `None` where nothing lets them pass.
fn way_to_allow(findings: &[(&PackageName, &Finding)]) -> Option<String> {
    let can_pass = |finding: &Finding| !matches!(finding.name, FindingName::Unreadable | FindingName::MaxSize);
    let meant: Vec<_> = findings.iter().filter(|(_, finding)| can_pass(finding)).collect();
    let names: BTreeSet<&str> = meant.iter().map(|(_, finding)| finding.name.as_str()).collect();
    let packages: BTreeSet<&str> = meant.iter().map(|(name, _)| name.as_str()).collect();
    if names.is_empty() {
        return None;
    }
    let listed = |words: &BTreeSet<&str>| words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ");
    let of_packages = match packages.len() {
        ..=PACKAGES_SHOWN_MAX => format!("`packages = [{}]`", listed(&packages)),
        _ => "`packages = [\"...\"]`".to_owned(),
    };
    Some(format!(
        "what is meant is let pass under `[[gate.allow]]` in relay.toml, by {of_packages}, `findings = [{}]` and `reason = \
         \"...\"`",
        listed(&names)
    ))
}

fn about(names: &[&PackageName]) -> String {
    let shown: Vec<String> = names.iter().take(PACKAGES_SHOWN_MAX).map(|name| format!("`{name}`")).collect();
    match names.len().checked_sub(PACKAGES_SHOWN_MAX) {
        Some(more @ 1..) => format!("{} and {} are", shown.join(", "), plural(more, "other package")),
        _ if names.len() == 1 => format!("{} is", shown.join("")),
        _ => format!("{} are", shown.join(", ")),
    }
}

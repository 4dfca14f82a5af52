//! What a CI forge wants to be told beside the exit code: outputs and a summary, in the files that the forge names; and
//! annotations, which it shows beside the job.

use std::fs::OpenOptions;
use std::io::Write;
use std::iter;

use relay_engine::report::{Outcome, RunReport};
use relay_plan::{ReleasePlan, Severity};
use relay_registry::struck_out::strike;
use serde_json::json;

use crate::summary::promotion::{self, Weight};
use crate::summary::{self, World};
use crate::ui::{Notice, Ui};

/// Writes `GITHUB_OUTPUT` and `GITHUB_STEP_SUMMARY` where the environment names them; without a report nothing was to be done.
/// A failure is a warning: what was published stays published.
pub(crate) fn write_outputs(report: Option<&RunReport>, change_files_left: bool, ui: &Ui) {
    if let Some(path) = file_of("GITHUB_OUTPUT") {
        append(&path, &outputs(report, change_files_left), ui);
    }
    if let (Some(path), Some(report)) = (file_of("GITHUB_STEP_SUMMARY"), report) {
        append(&path, &summary::markdown(report, World::Real), ui);
    }
}

/// Writes a plan that is not carried out into `GITHUB_STEP_SUMMARY`, so that the page shows why.
pub(crate) fn summarise_refused(plan: &ReleasePlan, ui: &Ui) {
    if let Some(path) = file_of("GITHUB_STEP_SUMMARY") {
        append(&path, &relay_plan::render_markdown(plan), ui);
    }
}

/// Annotates what a plan complains of, from this severity on. An error that ends the command is told by itself.
pub(crate) fn annotate_findings(plan: &ReleasePlan, severity: Severity, ui: &Ui) {
    // Errors are ordered before warnings.
    for group in relay_plan::grouped(plan).iter().filter(|group| group.finding.severity >= severity) {
        let notice = match group.finding.severity {
            Severity::Error => Notice::Error,
            Severity::Warning => Notice::Warning,
        };
        let help = group.finding.help.as_ref().map(|help| format!("\n  help: {help}")).unwrap_or_default();
        ui.annotate(notice, "release plan", &format!("{}{help}", group.about()));
    }
}

/// Annotates each package that is not out as it should be, the dist-tags that did not move, by their reasons, and what went wrong
/// beside the packages. Held ones are left out: the package that holds them is there.
pub(crate) fn annotate_report(report: &RunReport, world: World, ui: &Ui) {
    for package in &report.packages {
        let Some((what, help)) = summary::trouble(package, world) else { continue };
        let (notice, word) = match &package.outcome {
            Outcome::Failed(_) => (Notice::Error, "failed"),
            _ => (Notice::Warning, "is parked"),
        };
        let help = help.into_iter().map(|line| format!("  help: {line}"));
        let lines: Vec<String> = iter::once(what).chain(help).collect();
        ui.annotate(notice, &format!("{} {} {word}", package.name, package.version), &lines.join("\n"));
    }
    for (weight, sentence) in promotion::weighed(report) {
        let notice = match weight {
            Weight::Well => continue,
            Weight::Notable => Notice::Warning,
            Weight::Wrong => Notice::Error,
        };
        ui.annotate(notice, "dist-tags", &sentence);
    }
    for problem in &report.problems {
        ui.annotate(Notice::Warning, "release", problem);
    }
}

/// The keys that the changesets action and release-please write, so that workflows can switch over.
fn outputs(report: Option<&RunReport>, change_files_left: bool) -> String {
    let published = || report.into_iter().flat_map(RunReport::published);
    let packages: Vec<_> =
        published().map(|package| json!({ "name": package.name, "version": package.version })).collect();
    // release-please calls the root package `.`.
    let path = |path: &str| if path.is_empty() { ".".to_owned() } else { path.to_owned() };
    let paths: Vec<_> = published().map(|package| path(&package.path)).collect();
    let any = !packages.is_empty();
    format!(
        "published={any}\npublishedPackages={}\nhasChangesets={change_files_left}\nreleases_created={any}\n\
         paths_released={}\n",
        json!(packages),
        json!(paths)
    )
}

#[expect(clippy::disallowed_methods, reason = "CI names the files that its later steps read in variables")]
fn file_of(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|path| !path.is_empty())
}

#[expect(clippy::disallowed_methods, reason = "CI's files are added to, as CI asks")]
fn append(path: &str, text: &str, ui: &Ui) {
    let written = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .and_then(|mut file| file.write_all(strike(text).as_bytes()));
    if let Err(error) = written {
        ui.warning(format!("{path} can't be written: {error}"));
    }
}

#[cfg(test)]
mod tests {
    use relay_engine::report::{PromotionOutcome, PromotionReport, SideTagLeft};
    use relay_engine::state::{Evidence, Failure, How, Parked};
    use relay_values::DistTag;
    use relay_workspace::Version;

    use super::*;
    use crate::summary::tests::package;
    use crate::ui::tests::captured;
    use crate::ui::{Forge, UiSettings};

    fn report() -> RunReport {
        let mut report = RunReport::new();
        report.packages = vec![
            package("@acme/core", Outcome::Failed(Failure::Unreachable { cause: "reset: 100%, twice".to_owned() })),
            package("@acme/log", Outcome::Live { how: How::Published }),
            package("@acme/ui", Outcome::Held { by: "@acme/core".parse().unwrap() }),
            package(
                "@acme/kit",
                Outcome::Parked(Parked::Visibility { waited_seconds: 60, evidence: Evidence::Answer }),
            ),
        ];
        report.problems = vec!["the push was refused".to_owned()];
        report
    }

    #[test]
    fn packages_that_are_not_out_are_annotated() {
        let (ui, seen) = captured(UiSettings { forge: Forge::GitHub, ..UiSettings::plain() });
        annotate_report(&report(), World::Real, &ui);
        assert_eq!(seen.data.text(), "");
        assert_eq!(
            seen.messages.text(),
            "::error title=@acme/core 1.2.3 failed::it could not be sent: reset: 100%25, twice%0A  help: run the same \
             command again\n\
             ::warning title=@acme/kit 1.2.3 is parked::accepted, but the registry did not show it within 1 min%0A  \
             help: run the same command again: it goes on with what is unfinished\n\
             ::warning title=release::the push was refused\n"
        );
    }

    #[test]
    fn dist_tags_that_did_not_move_are_annotated_by_their_reasons() {
        let one = |name: &str, outcome: PromotionOutcome| PromotionReport {
            name: name.parse().unwrap(),
            version: Version::new(1, 1, 0),
            registry: "http://registry.example/".parse().unwrap(),
            tag: DistTag::latest(),
            side_tag: DistTag::parse("relay-1").unwrap(),
            outcome,
            side_tag_left: None,
        };
        let refused = || PromotionOutcome::Failed { why: "no".to_owned() };
        let left = Some(SideTagLeft::Unremoved { why: "no".to_owned() });
        let promotion = vec![
            PromotionReport { side_tag_left: left, ..one("a", PromotionOutcome::There) },
            one("b", refused()),
            one("c", refused()),
            one("d", PromotionOutcome::Parked { why: "nobody is here".to_owned() }),
            one("e", PromotionOutcome::Left { there: Version::new(2, 0, 0) }),
            one("f", PromotionOutcome::Interrupted),
        ];
        let (ui, seen) = captured(UiSettings { forge: Forge::GitHub, ..UiSettings::plain() });
        annotate_report(&RunReport { promotion, ..RunReport::new() }, World::Real, &ui);
        let text = seen.messages.text();
        assert_eq!(text.lines().filter(|line| line.starts_with("::error title=dist-tags::")).count(), 1, "{text}");
        assert_eq!(text.lines().filter(|line| line.starts_with("::warning title=dist-tags::")).count(), 4, "{text}");
        assert_eq!(text.lines().count(), 5, "what moved is no annotation: {text}");
        assert!(
            text.contains("::error title=dist-tags::`latest` of b 1.1.0, c 1.1.0 could not be moved: no;"),
            "{text}"
        );
        assert!(text.contains("::warning title=dist-tags::`latest` of e was left alone: it names 2.0.0"), "{text}");
    }

    #[test]
    fn outputs_are_those_that_workflows_know() {
        assert_eq!(
            outputs(Some(&report()), false),
            "published=true\npublishedPackages=[{\"name\":\"@acme/log\",\"version\":\"1.2.3\"}]\nhasChangesets=false\n\
             releases_created=true\npaths_released=[\"packages/log\"]\n"
        );
        assert_eq!(
            outputs(None, true),
            "published=false\npublishedPackages=[]\nhasChangesets=true\nreleases_created=false\npaths_released=[]\n"
        );
    }

    #[test]
    fn without_a_forge_nothing_is_annotated() {
        let (ui, seen) = captured(UiSettings::plain());
        annotate_report(&report(), World::Real, &ui);
        assert_eq!(seen.messages.text(), "");
    }
}

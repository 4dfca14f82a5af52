//! What a run came to, for the page that a forge shows beside its job.

use std::fmt::Write as _;

use relay_config::RouteKind;
use relay_engine::report::{PackageReport, RunReport};
use relay_plan::markdown_text;

use super::{World, grouped_troubles, headline, listed, mark, promotion, route_groups, tags};

/// How large the page may grow before rows are left out, in bytes: forges take about a megabyte from a job.
const PAGE_BYTES_MAX: usize = 500_000;

/// Lays the report out as Markdown.
pub(crate) fn markdown(report: &RunReport, world: World) -> String {
    // Writing to a `String` can't fail, here and below.
    let mut page = String::new();
    let _ = writeln!(page, "### Release\n");
    if report.packages.is_empty() {
        page.push_str("Nothing to publish: the registry has what the manifests say.\n");
        promoted(&mut page, report);
        return page;
    }
    let _ = writeln!(page, "{}\n", headline(report));
    table(&mut page, &report.packages);
    for (help, troubles) in grouped_troubles(&report.packages, world) {
        page.push('\n');
        for (what, names) in troubles {
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let _ = writeln!(page, "- **{}:** {}", listed(&names), markdown_text(&what));
        }
        for line in help {
            let _ = writeln!(page, "  - help: {}", markdown_text(&line));
        }
    }
    promoted(&mut page, report);
    if let Some(tags) = tags(report) {
        let _ = writeln!(page, "\n{}", markdown_text(&tags));
    }
    for problem in &report.problems {
        let _ = writeln!(page, "\n**warning:** {}", markdown_text(problem));
    }
    routes(&mut page, &report.packages);
    page
}

fn promoted(page: &mut String, report: &RunReport) {
    for sentence in promotion::sentences(report) {
        let _ = writeln!(page, "\n**dist-tags:** {}", markdown_text(&sentence));
    }
}

fn table(page: &mut String, reports: &[PackageReport]) {
    page.push_str("| package | version | route | result |\n|---|---|---|---|\n");
    for (index, report) in reports.iter().enumerate() {
        if page.len() > PAGE_BYTES_MAX {
            let left = reports.len() - index;
            let _ = writeln!(page, "\nThe table ends here; the release has {left} more.");
            return;
        }
        let (mark, word) = mark(&report.outcome);
        let (name, version, route) = (&report.name, report.version.to_string(), report.route);
        let _ =
            writeln!(page, "| `{name}` | {} | {route} | {mark} {} |", markdown_text(&version), markdown_text(&word));
    }
}

fn routes(page: &mut String, reports: &[PackageReport]) {
    let groups = route_groups(reports);
    if groups.is_empty() {
        return;
    }
    page.push_str("\n<details><summary>Why these routes</summary>\n\n");
    for ((route, reason), names) in groups {
        let route: RouteKind = route;
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let _ = writeln!(page, "- **{route}:** {}: {}", listed(&names), markdown_text(reason));
    }
    page.push_str("\n</details>\n");
}

#[cfg(test)]
mod tests {
    use relay_engine::state::{Failure, How};

    use super::*;
    use crate::summary::Outcome;
    use crate::summary::tests::package;

    #[test]
    fn a_page_is_a_table_with_results_and_what_to_do() {
        let out = PackageReport {
            reason: "npm's default | publishing access `automation`".to_owned(),
            ..package("@acme/log", Outcome::Live { how: How::Published })
        };
        let lost = Outcome::Failed(Failure::Unreachable { cause: "reset | <b>twice</b> by @acme".to_owned() });
        let mut report = RunReport { packages: vec![package("@acme/core", lost), out], ..RunReport::new() };
        report.packages.push(package("@acme/ui", Outcome::Held { by: "@acme/core".parse().unwrap() }));
        report.millis = 3_500;
        report.problems = vec!["the push was refused".to_owned()];
        insta::assert_snapshot!(markdown(&report, World::Real));
    }

    #[test]
    fn nothing_to_do_is_said_in_one_line() {
        let page = markdown(&RunReport::new(), World::Real);
        assert_eq!(page, "### Release\n\nNothing to publish: the registry has what the manifests say.\n");
    }
}

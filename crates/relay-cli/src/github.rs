//! What a CI forge wants to be told beside the exit code: outputs and a summary, in the files that the forge names.

use std::fs::OpenOptions;
use std::io::Write;

use relay_engine::report::RunReport;
use serde_json::json;

use crate::summary;
use crate::ui::Ui;

/// Writes `GITHUB_OUTPUT` and `GITHUB_STEP_SUMMARY` where the environment names them. A failure is a warning: what was
/// published stays published.
pub(crate) fn write_outputs(report: &RunReport, ui: &Ui) {
    if let Some(path) = file_of("GITHUB_OUTPUT") {
        append(&path, &outputs(report), ui);
    }
    if let Some(path) = file_of("GITHUB_STEP_SUMMARY") {
        append(&path, &format!("### Release\n\n```\n{}```\n", summary::render(report)), ui);
    }
}

/// The keys that the changesets action and release-please write, so that workflows can switch over.
fn outputs(report: &RunReport) -> String {
    let packages: Vec<_> =
        report.published().map(|package| json!({ "name": package.name, "version": package.version })).collect();
    let published = !packages.is_empty();
    let packages = serde_json::Value::Array(packages);
    format!("published={published}\npublishedPackages={packages}\nhasChangesets=false\n")
}

fn file_of(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|path| !path.is_empty())
}

fn append(path: &str, text: &str, ui: &Ui) {
    let written =
        OpenOptions::new().create(true).append(true).open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    if let Err(error) = written {
        ui.warning(format!("{path} can't be written: {error}"));
    }
}

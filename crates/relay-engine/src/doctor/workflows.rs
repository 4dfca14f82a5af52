//! What the CI jobs that run relay may do: trusted publishing and provenance need `id-token: write` (`npm-registry.md`, 6.2), tags
//! and commits `contents: write`.

use camino::Utf8Path;
use relay_workspace::{read_regular_text, read_yaml};
use serde_json::Value;

use super::{Area, Check};
use crate::project::{Project, SETTINGS_SIZE_BYTES_MAX};

/// Where GitHub looks for workflows.
const FOLDER: &str = ".github/workflows";
/// No more workflows are read.
const WORKFLOWS_MAX: usize = 500;

pub(super) fn examine(project: &Project) -> Vec<Check> {
    let root = project.repository.as_ref().map_or(&*project.workspace.root, |repository| repository.workdir());
    let folder = root.join(FOLDER);
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| matches!(Utf8Path::new(name).extension(), Some("yml" | "yaml")))
        .take(WORKFLOWS_MAX)
        .collect();
    names.sort();
    let mut checks = Vec::new();
    for name in names {
        let text = read_regular_text(&folder.join(&name), SETTINGS_SIZE_BYTES_MAX).ok().flatten().unwrap_or_default();
        match read_yaml(&text) {
            Ok(workflow) => checks.extend(of_workflow(&name, &workflow)),
            Err(line) if text.contains("relay ") => checks.push(Check::bad(
                Area::Ci,
                format!("`{FOLDER}/{name}` can't be read as YAML (line {line})"),
                "correct the file",
            )),
            Err(_) => {}
        }
    }
    if checks.is_empty() {
        let text = format!("no workflow below `{FOLDER}` runs `relay release`, `publish` or `resume`");
        checks.push(Check::not_checked(Area::Ci, text, None));
    }
    checks
}

/// The lines for the jobs of a workflow that publish.
fn of_workflow(name: &str, workflow: &Value) -> Vec<Check> {
    let jobs = workflow.get("jobs").and_then(Value::as_object);
    let publishing = jobs.into_iter().flatten().filter(|(_, job)| publishes(job));
    publishing
        .flat_map(|(job, settings)| {
            let permissions = settings.get("permissions").or_else(|| workflow.get("permissions"));
            [("id-token", "trusted publishing and provenance"), ("contents", "pushing tags and commits")].map(
                |(right, what)| {
                    let place = format!("the job `{job}` of `{FOLDER}/{name}`");
                    match permissions {
                        None if right == "contents" => Check::not_checked(
                            Area::Ci,
                            format!(
                                "{place} states no permissions, so that the repository's settings decide about {what}"
                            ),
                            Some(format!("write `permissions: {{ {right}: write }}`")),
                        ),
                        Some(permissions) if grants(permissions, right) => {
                            Check::good(Area::Ci, format!("{place} has `{right}: write`, for {what}"))
                        }
                        _ => Check::bad(
                            Area::Ci,
                            format!("{place} lacks `{right}: write`, so that {what} can't be done there"),
                            format!("write `{right}: write` under its `permissions`"),
                        ),
                    }
                },
            )
        })
        .collect()
}

fn grants(permissions: &Value, right: &str) -> bool {
    permissions.as_str() == Some("write-all") || permissions.get(right).and_then(Value::as_str) == Some("write")
}

/// Whether a step's command is one of relay's that upload.
fn publishes(job: &Value) -> bool {
    let steps = job.get("steps").and_then(Value::as_array);
    steps.into_iter().flatten().filter_map(|step| step.get("run")?.as_str()).any(|command| {
        let words: Vec<&str> = command.split_whitespace().collect();
        words.windows(2).any(|pair| {
            let [program, command] = pair else { return false };
            let is_relay = *program == "relay" || program.ends_with("/relay");
            is_relay && matches!(*command, "release" | "publish" | "resume")
        })
    })
}

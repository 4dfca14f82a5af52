//! Whether pushed tags are to start workflows. GitHub starts none for tags of which more than three come in one push
//! (docs.github.com, "Events that trigger workflows", `push`; seen 2026-11).

use relay_workspace::read_regular_text;
use serde_json::Value;

use crate::project::{Project, SETTINGS_SIZE_BYTES_MAX};

/// The most tags in one push for which GitHub starts workflows.
const TAGS_PER_PUSH_ON_GITHUB: usize = 3;
/// Where GitHub looks for workflows, from the repository's root on.
const WORKFLOWS: &str = ".github/workflows";
/// More files are not looked at.
const WORKFLOWS_MAX: usize = 500;

/// How many tags go out in one push; `None`: all. Where no setting says so, as many as start the repository's workflows, if one
/// listens to tags. Whether the push is made with `GITHUB_TOKEN`, which starts none, can't be told, and does no harm.
pub fn tags_per_push(project: &Project) -> Option<usize> {
    let listens = || has_listener(project).then_some(TAGS_PER_PUSH_ON_GITHUB);
    project.config.git.tags_per_push.or_else(listens)
}

fn has_listener(project: &Project) -> bool {
    let Some(repository) = &project.repository else { return false };
    let Ok(entries) = repository.workdir().join(WORKFLOWS).read_dir_utf8() else { return false };
    let files = entries.filter_map(Result::ok).map(camino::Utf8DirEntry::into_path);
    let is_workflow = |path: &camino::Utf8PathBuf| matches!(path.extension(), Some("yml" | "yaml"));
    files.filter(is_workflow).take(WORKFLOWS_MAX).any(|path| {
        let text = read_regular_text(&path, SETTINGS_SIZE_BYTES_MAX).ok().flatten();
        text.is_some_and(|text| listens_to_tags(&text))
    })
}

/// Whether a workflow starts when a tag is pushed. One that can't be read doesn't start at all.
fn listens_to_tags(workflow: &str) -> bool {
    let Ok(workflow) = serde_saphyr::from_str::<Value>(workflow) else { return false };
    // `on` is a word for true in older YAML.
    let Some(on) = workflow.get("on").or_else(|| workflow.get("true")) else { return false };
    let is_event = |name: &str| matches!(name, "push" | "create");
    match on {
        Value::String(event) => is_event(event),
        Value::Array(events) => events.iter().filter_map(Value::as_str).any(is_event),
        Value::Object(events) => events.contains_key("create") || events.get("push").is_some_and(lets_tags_through),
        _ => false,
    }
}

/// With a filter of branches alone, tags start nothing; paths are not looked at for tags.
fn lets_tags_through(filters: &Value) -> bool {
    let has = |key: &str| filters.get(key).is_some();
    has("tags") || has("tags-ignore") || !(has("branches") || has("branches-ignore"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(on: &str, listens: bool) {
        assert_eq!(listens_to_tags(&format!("name: x\n{on}\njobs: {{}}\n")), listens, "{on}");
    }

    #[test]
    fn a_workflow_listens_to_tags_as_github_reads_it() {
        check("on: push", true);
        check("on: [pull_request, push]", true);
        check("on: create", true);
        check("\"on\": {push: {tags: ['v*']}}", true);
        check("on:\n  push:\n", true);
        check("on:\n  push:\n    branches: [main]\n    tags-ignore: ['x']\n", true);
        check("on:\n  push:\n    paths: ['packages/**']\n", true);
        check("on:\n  create:\n", true);
        check("on:\n  push:\n    branches: [main]\n", false);
        check("on:\n  push:\n    branches-ignore: [main]\n", false);
        check("on: pull_request", false);
        check("on:\n  release:\n    types: [published]\n  workflow_dispatch:\n", false);
        check("on: [", false);
        check("", false);
    }
}

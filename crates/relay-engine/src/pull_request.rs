//! Whether a CI runs a job for a change that nobody has accepted yet.
//!
//! Such a job works on files that anybody may have written: an `.npmrc` among them says where credentials go. What only reads
//! uses none there. Each CI has its own sign; those are taken that its documentation names (seen on 2026-11-29).

use std::collections::BTreeMap;

use serde_json::Value;

/// What a variable must hold to be a sign.
enum Sign {
    /// One of these words, or one that begins so.
    Begins(&'static [&'static str]),
    /// Anything but nothing and `false`.
    Set,
}

/// The variables by which a CI tells of a change that is proposed.
const SIGNS: [(&str, Sign); 24] = [
    // GitHub Actions and the forges that run its workflows (Gitea, Forgejo).
    ("GITHUB_EVENT_NAME", Sign::Begins(&["pull_request"])),
    ("GITHUB_HEAD_REF", Sign::Set),
    // GitLab, and mirrors of another forge in it.
    ("CI_PIPELINE_SOURCE", Sign::Begins(&["merge_request_event", "external_pull_request_event"])),
    ("CI_MERGE_REQUEST_IID", Sign::Set),
    ("CI_EXTERNAL_PULL_REQUEST_IID", Sign::Set),
    // Azure Pipelines.
    ("BUILD_REASON", Sign::Begins(&["PullRequest"])),
    ("SYSTEM_PULLREQUEST_PULLREQUESTID", Sign::Set),
    ("BUILDKITE_PULL_REQUEST", Sign::Set),
    ("CIRCLE_PULL_REQUEST", Sign::Set),
    ("CIRCLE_PULL_REQUESTS", Sign::Set),
    ("CIRCLE_PR_NUMBER", Sign::Set),
    ("BITBUCKET_PR_ID", Sign::Set),
    ("TRAVIS_PULL_REQUEST", Sign::Set),
    ("APPVEYOR_PULL_REQUEST_NUMBER", Sign::Set),
    // Drone and Woodpecker.
    ("DRONE_PULL_REQUEST", Sign::Set),
    ("CI_PIPELINE_EVENT", Sign::Begins(&["pull_request"])),
    // Jenkins, in multibranch pipelines.
    ("CHANGE_ID", Sign::Set),
    ("SEMAPHORE_GIT_PR_NUMBER", Sign::Set),
    ("CIRRUS_PR", Sign::Set),
    ("CODEBUILD_WEBHOOK_EVENT", Sign::Begins(&["PULL_REQUEST"])),
    ("BITRISE_PULL_REQUEST", Sign::Set),
    ("CF_PULL_REQUEST_NUMBER", Sign::Set),
    ("VERCEL_GIT_PULL_REQUEST_ID", Sign::Set),
    // Prow.
    ("PULL_NUMBER", Sign::Set),
];

/// What is known of the run beside its variables.
#[derive(Debug, Clone, Copy, Default)]
pub struct RunFacts<'a> {
    /// The document of the event (`GITHUB_EVENT_PATH`).
    pub event: Option<&'a Value>,
    /// The repository is another than the one that the CI checked out for the job (`GITHUB_WORKSPACE`).
    pub elsewhere: bool,
}

/// By which sign the run is one for a proposed change, for people; `None` where it is not.
pub fn sign_of_pull_request(environment: &BTreeMap<String, String>, facts: RunFacts<'_>) -> Option<String> {
    let value = |name: &str| environment.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let by_variable = SIGNS.iter().find_map(|(name, sign)| {
        let value = value(name)?;
        let is_sign = match sign {
            Sign::Begins(words) => words.iter().any(|word| value.starts_with(word)),
            Sign::Set => !matches!(value, "false" | "0"),
        };
        is_sign.then(|| format!("`{name}` is `{value}`"))
    });
    by_variable.or_else(|| {
        let event = value("GITHUB_EVENT_NAME")?;
        let said = |path: &str| facts.event.and_then(|event| event.pointer(path));
        let for_change = match event {
            // Runs with all rights after the job of a pull request, on what that job left or on a checkout of its own.
            "workflow_run" => {
                facts.elsewhere
                    || said("/workflow_run/event")
                        .and_then(Value::as_str)
                        .is_some_and(|event| event.starts_with("pull_request"))
            }
            // A comment below a pull request.
            "issue_comment" => said("/issue/pull_request").is_some_and(Value::is_object),
            _ => false,
        };
        for_change.then(|| format!("`GITHUB_EVENT_NAME` is `{event}`"))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(variables: &[(&str, &str)], facts: RunFacts<'_>, expected: Option<&str>) {
        let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        assert_eq!(sign_of_pull_request(&environment, facts).as_deref(), expected, "{variables:?}");
    }

    #[test]
    fn each_ci_has_its_sign() {
        for (name, value) in [
            ("GITHUB_EVENT_NAME", "pull_request"),
            ("GITHUB_EVENT_NAME", "pull_request_target"),
            ("GITHUB_EVENT_NAME", "pull_request_review"),
            ("CI_PIPELINE_SOURCE", "merge_request_event"),
            ("CI_MERGE_REQUEST_IID", "7"),
            ("BUILD_REASON", "PullRequest"),
            ("BUILDKITE_PULL_REQUEST", "12"),
            ("CIRCLE_PULL_REQUEST", "https://forge.example/o/r/pull/1"),
            ("BITBUCKET_PR_ID", "3"),
            ("TRAVIS_PULL_REQUEST", "9"),
            ("CHANGE_ID", "1"),
            ("CODEBUILD_WEBHOOK_EVENT", "PULL_REQUEST_UPDATED"),
        ] {
            check(&[(name, value)], RunFacts::default(), Some(&format!("`{name}` is `{value}`")));
        }
    }

    #[test]
    fn other_runs_have_none() {
        for variables in [
            &[][..],
            &[("CI", "true")],
            &[("GITHUB_EVENT_NAME", "push"), ("GITHUB_HEAD_REF", "")],
            &[("GITHUB_EVENT_NAME", "merge_group")],
            &[("GITHUB_EVENT_NAME", "workflow_run")],
            &[("GITHUB_EVENT_NAME", "issue_comment")],
            &[("CI_PIPELINE_SOURCE", "push")],
            &[("BUILD_REASON", "IndividualCI")],
            &[("BUILDKITE_PULL_REQUEST", "false"), ("TRAVIS_PULL_REQUEST", "false")],
        ] {
            check(variables, RunFacts::default(), None);
        }
    }

    #[test]
    fn events_that_follow_a_pull_request_are_told_by_their_document_or_by_the_folder() {
        let after = [("GITHUB_EVENT_NAME", "workflow_run")];
        let sign = Some("`GITHUB_EVENT_NAME` is `workflow_run`");
        let of = |event: &str| json!({ "workflow_run": { "event": event } });
        check(&after, RunFacts { event: Some(&of("pull_request")), elsewhere: false }, sign);
        check(&after, RunFacts { event: Some(&of("push")), elsewhere: false }, None);
        check(&after, RunFacts { event: Some(&of("push")), elsewhere: true }, sign);
        let comment = json!({ "issue": { "pull_request": { "url": "x" } } });
        let below = [("GITHUB_EVENT_NAME", "issue_comment")];
        check(
            &below,
            RunFacts { event: Some(&comment), elsewhere: false },
            Some("`GITHUB_EVENT_NAME` is `issue_comment`"),
        );
        check(&below, RunFacts { event: Some(&json!({ "issue": {} })), elsewhere: true }, None);
    }
}

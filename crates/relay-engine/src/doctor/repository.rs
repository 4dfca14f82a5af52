//! Who commits and tags, whether that can be signed, whether the remote is there and would take what is pushed.

use super::{Area, Check};
use crate::git_calls::GitCalls;
use crate::project::Project;

/// The name of the tag that is tried; none is made.
const TRIAL_TAG: &str = "relay/doctor";

pub(super) fn examine(project: &Project, offline: bool) -> Vec<Check> {
    let Some(repository) = project.git() else {
        return vec![Check::not_checked(Area::Git, "this is no git repository", Some("`git init`".to_owned()))];
    };
    let tag = [TRIAL_TAG.to_owned()];
    let mut checks = vec![match repository.check_tags(&tag) {
        Ok(()) => Check::good(Area::Git, "git knows who commits and tags"),
        Err(error) => Check::bad(
            Area::Git,
            error.to_string(),
            "`git config user.name \"Your Name\"`, `git config user.email you@your.domain`",
        ),
    }];
    checks.push(match repository.try_writing(&tag, true) {
        Ok(()) => Check::good(Area::Git, "commits and tags can be written, and signed where git is told to"),
        Err(error) => Check::bad(
            Area::Git,
            error.to_string(),
            "try it by hand: `git commit --allow-empty -m trial`, `git tag -a trial -m trial`",
        ),
    });
    checks.extend(remote(project, repository, offline));
    checks
}

fn remote(project: &Project, repository: &dyn GitCalls, offline: bool) -> Vec<Check> {
    let Some(name) = repository.remote_name() else {
        let fix = "`git remote add origin URL`; or release with `--no-push`";
        return vec![Check::bad(Area::Git, "the repository has no remote, so that nothing can be pushed", fix)];
    };
    if offline {
        return vec![Check::not_checked(Area::Git, format!("the remote `{name}` was not asked (`--offline`)"), None)];
    }
    let Ok(head) = repository.head() else { return Vec::new() };
    let Some(branch) = head.branch.filter(|_| head.commit.is_some()) else {
        return vec![Check::not_checked(
            Area::Git,
            "no branch with a commit is checked out, so that there is nothing to push",
            None,
        )];
    };
    let mut checks = Vec::new();
    if let Some(wanted) = project.config.release.branch.as_ref().filter(|wanted| **wanted != branch) {
        let text = format!("`{branch}` is checked out, and releases are made from `{wanted}`");
        checks.push(Check::bad(Area::Git, text, format!("`git switch {wanted}`")));
    }
    let refs = [format!("HEAD:refs/heads/{branch}"), format!("HEAD:refs/tags/{TRIAL_TAG}")];
    checks.push(match repository.check_push(&name, &refs) {
        Ok(()) => {
            Check::good(Area::Git, format!("the remote `{name}` can be reached and would take `{branch}` and tags"))
        }
        Err(error) => Check::bad(
            Area::Git,
            error.to_string(),
            format!("`git fetch {name}`, then `git push --dry-run {name} HEAD:refs/heads/{branch}`"),
        ),
    });
    checks
}

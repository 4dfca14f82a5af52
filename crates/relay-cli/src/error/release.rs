//! What stops a release, told to a person.

use relay_engine::freeze::PackingObstacle;
use relay_engine::release::remote::RemoteError;
use relay_engine::release::{ReleaseError, WaitingBranch};
use relay_git::PushCause;
use relay_workspace::PackageName;

use super::{CliError, ErrorKind, engine};
use crate::ui::plural;

/// How many paths are named.
const PATHS_SHOWN_MAX: usize = 5;
const NOTHING: &str = "nothing was written and nothing was sent";

impl From<ReleaseError> for CliError {
    fn from(error: ReleaseError) -> Self {
        let text = error.to_string();
        match error {
            ReleaseError::Project(error) => engine::project(error),
            ReleaseError::StateFolder(error) => engine::state_folder(error),
            ReleaseError::Interrupted(error) => engine::write_set(error),
            ReleaseError::Note(error) => {
                Self::of(ErrorKind::User, &error).context(text).hint(NOTHING).code("relay::state_folder")
            }
            ReleaseError::Observe(error) => engine::observe(error),
            ReleaseError::Git(error) => engine::git(error),
            ReleaseError::Preview(error) => engine::preview_tarballs(error),
            ReleaseError::Findings(plan) => engine::findings(&plan),
            ReleaseError::Drifted(differences) => drifted(differences),
            ReleaseError::Changed(differences) => changed(differences),
            ReleaseError::Meanwhile | ReleaseError::MeanwhileThere { .. } => Self::user(format!("{text}; nothing was done"))
                .hint("run the same command again: it goes on from what is there now")
                .code("relay::run::meanwhile"),
            ReleaseError::OtherTarballs(differences) => other_tarballs(differences),
            ReleaseError::SettingsChanged(differences) => settings_changed(differences),
            ReleaseError::GitSetupChanged(differences) => git_setup_changed(differences),
            ReleaseError::NoRepository => Self::user(text)
                .hint("run `git init` and commit, or publish the versions as they are with `relay publish`")
                .code("relay::git::no_repository"),
            ReleaseError::Dirty { paths } => dirty(&paths),
            ReleaseError::Detached => {
                Self::user(text).hint("check out a branch: `git switch main`").code("relay::git::detached")
            }
            ReleaseError::OtherBranch { wanted, .. } => Self::user(text)
                .hint(format!("check out `{wanted}`, or change `release.branch` in relay.toml"))
                .code("relay::git::branch"),
            ReleaseError::NotMerged { ref remote, ref branches } => branches
                .iter()
                .fold(Self::user(text).hint(NOTHING), |error, one| {
                    let WaitingBranch { branch, commit, .. } = one;
                    error
                        .cause(format!(
                            "`{branch}` on `{remote}` has the versions of commit {}, which this branch lacks: they would be \
                             made a second time",
                            commit.get(..10).unwrap_or(commit)
                        ))
                        .hint(format!("merge `{branch}`, then `git pull`"))
                        .hint(format!(
                            "or go on with it: `git fetch {remote}`, `git switch {branch}`, `relay resume`"
                        ))
                        .hint(format!("or give it up: `git push {remote} --delete {branch}`"))
                })
                .code("relay::git::not_merged"),
            ReleaseError::Manifest(error) => Self::from(*error).hint(NOTHING),
            ReleaseError::Obstacles(obstacles) => in_the_way(obstacles),
            ReleaseError::CannotCommit(error) => engine::git(error).hint(NOTHING),
            ReleaseError::Finish(error) => engine::finish(error),
            ReleaseError::Remote(error) => unseen(error),
            ReleaseError::NotPushed { remote, full_ref, cause, text: said } => {
                not_pushed(&remote, &full_ref, cause, &said)
            }
            ReleaseError::NoRemoteLock { source, .. } => engine::git(source)
                .context(text)
                .hint(NOTHING)
                .hint(
                    "or go without relay's own refs on the remote: `--no-remote-lock`, or for good `remote-lock = false` under `[git]` \
                     in relay.toml; then nothing keeps a second runner away",
                )
                .code("relay::git::lock"),
            ReleaseError::RemoteBusy { .. } => Self::user(format!("{text}; nothing was done"))
                .hint("wait until it has ended, then run the same command again: it goes on from what is there then")
                .hint("if that run is gone for good, `relay unlock` takes its lock away")
                .code("relay::run::busy"),
            ReleaseError::RecordMoved { .. } => Self::user(format!("{text}; nothing was uploaded"))
                .hint("run the same command again when that one has ended: it goes on from what is there then")
                .code("relay::run::meanwhile"),
            ReleaseError::Version(error) => engine::version(error),
            ReleaseError::CommitVersions(error) => engine::commit_versions(error),
            ReleaseError::Freeze(error) => engine::freeze(error),
            ReleaseError::Publish(error) => engine::publish(error),
            ReleaseError::Journal(error) => Self::of(ErrorKind::User, &error).code("relay::journal::unwritable"),
            ReleaseError::NotRecorded(error) => Self::of(ErrorKind::User, &error).code("relay::journal::unwritable"),
        }
    }
}

fn drifted(differences: Vec<String>) -> CliError {
    let error = CliError::user("what was observed has drifted from the saved plan; nothing was done")
        .code("relay::plan::drift")
        .hint("make a new plan with `relay plan --out FILE` and have it reviewed");
    differences.into_iter().fold(error, CliError::cause)
}

fn changed(differences: Vec<String>) -> CliError {
    let error = CliError::user("the plan has changed since it was shown; nothing was done")
        .code("relay::plan::changed")
        .hint("run the same command again and look at the new plan");
    differences.into_iter().fold(error, CliError::cause)
}

fn other_tarballs(differences: Vec<String>) -> CliError {
    let error = CliError::user("the tarballs are not those of the saved plan; nothing was sent")
        .code("relay::plan::drift")
        .hint("look for a script that writes into these packages, or build output that differs from that of the plan")
        .hint("build first, then make a new plan with `relay plan --out FILE` and have it reviewed");
    differences.into_iter().fold(error, CliError::cause)
}

/// The remote can't be read.
fn unseen(error: RemoteError) -> CliError {
    match error {
        RemoteError::Git(error) => engine::finish(error.into()),
        error @ RemoteError::Record { .. } => CliError::of(ErrorKind::User, &error)
            .hint(NOTHING)
            .hint("or go without it: `--no-remote-lock`")
            .code("relay::git::record"),
    }
}

fn not_pushed(remote: &str, full_ref: &str, cause: PushCause, said: &str) -> CliError {
    let own = full_ref.starts_with("refs/relay/");
    let error = CliError::user(format!("`{full_ref}` could not be pushed to `{remote}`; nothing was uploaded"))
        .cause(said)
        .hint(cause.next_step())
        .code("relay::git::push");
    if own {
        error.hint(
            "or go without relay's own refs: `--no-remote-lock`, or for good `remote-lock = false` under `[git]` in relay.toml; \
             then no other clone can finish what this run leaves undone",
        )
    } else {
        error.hint("or leave the push out with `--no-push` and push commit and tags yourself")
    }
}

fn settings_changed(differences: Vec<String>) -> CliError {
    let error = CliError::user(
        "the settings of registries changed while scripts of the repository ran; nothing was uploaded",
    )
    .hint(
        "find the script that writes them (prepublishOnly, prepack, prepare) and let it leave them alone, or run it \
                 before relay",
    )
    .code("relay::settings_changed");
    differences.into_iter().fold(error, CliError::cause)
}

fn git_setup_changed(differences: Vec<String>) -> CliError {
    let error = CliError::user(
        "scripts of the repository changed what git runs in this clone; nothing was pushed and nothing was uploaded",
    )
    .hint("look at what changed: git runs it with your rights when relay pushes, outside of the fence that scripts are kept in")
    .hint("if it is meant to be so, as where a package manager installs git hooks, run the same command again")
    .code("relay::git::setup_changed");
    differences.into_iter().fold(error, CliError::cause)
}

fn dirty(paths: &[String]) -> CliError {
    let error = CliError::user(format!("the working tree has {}", plural(paths.len(), "uncommitted change")))
        .hint("commit or stash them, then run relay again")
        .code("relay::git::dirty");
    paths.iter().take(PATHS_SHOWN_MAX).fold(error, |error, path| error.cause(path.clone()))
}

fn in_the_way(obstacles: Vec<(PackageName, PackingObstacle)>) -> CliError {
    let all = CliError::user("packages can't be packed as planned; nothing was written and nothing was sent")
        .code("relay::pack::directory");
    obstacles
        .into_iter()
        .fold(all, |error, (name, obstacle)| error.cause(format!("`{name}`: {}", obstacle.text)).hint(obstacle.help))
}

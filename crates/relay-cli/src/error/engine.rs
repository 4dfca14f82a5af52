//! What the engine's stages can't do, told to a person: which file or package, why, and the next step.

#![expect(clippy::needless_pass_by_value, reason = "these are the functions of `map_err`, which hands the error over")]

use std::collections::BTreeSet;

use camino::Utf8Path;
use relay_change::ChangeError;
use relay_engine::driver::DriverError;
use relay_engine::finish::FinishError;
use relay_engine::freeze::{FreezeError, Mislabelled};
use relay_engine::left_out::LeftOut;
use relay_engine::observe::ObserveError;
use relay_engine::project::ProjectError;
use relay_engine::publish::PublishRunError;
use relay_engine::state_folder::StateFolderError;
use relay_engine::tarball_preview::PreviewError;
use relay_engine::versioning::write_set::WriteSetError;
use relay_engine::versioning::{CommitVersionsError, VersionError};
use relay_git::{GitError, PushCause};
use relay_plan::{PlanError, PlanFileError, ReleasePlan, Severity};
use relay_registry::{NpmConfigError, ReadError, RegistryUrl};
use relay_values::Printable;
use relay_workspace::{PackageName, WriteError};

use super::{CliError, ErrorKind};

/// The project can't be read.
pub(crate) fn project(error: ProjectError) -> CliError {
    match error {
        ProjectError::Workspace(error) => super::conversion::discover(&error),
        ProjectError::Config(error) => error.into(),
        ProjectError::Git(error) => git(error),
        ProjectError::ChangeFile(error) => CliError::of(ErrorKind::User, &error)
            .hint(
                "a change file starts with `---`, then lines such as `\"@acme/core\": minor`, then `---` and a summary",
            )
            .code("relay::change::file"),
        ProjectError::ChangesetsConfig(error) => CliError::of(ErrorKind::User, &error)
            .hint("correct the file; `{}` stands for the defaults")
            .code("relay::change::config"),
        error @ ProjectError::Unreadable { .. } => CliError::of(ErrorKind::User, &error)
            .hint("make it a UTF-8 text file that you may read, or remove it")
            .code("relay::file::unreadable"),
    }
}

/// The plan can't be made.
pub(crate) fn observe(error: ObserveError) -> CliError {
    match error {
        ObserveError::Project(error) => project(error),
        ObserveError::Git(error) => git(error),
        ObserveError::CutOff { ref command, .. } => cut_off(&error, command.as_deref()),
        ObserveError::LeftOut { ref left_out } => CliError::of(ErrorKind::User, &error)
            .hint(format!("bring them here: `{}`", left_out.command()))
            .hint("`relay pack` packs what is here whole")
            .code("relay::git::sparse"),
        ObserveError::Change(error) => change(&error),
        ObserveError::Npm(error) => npm(error),
        ObserveError::Plan(error) => plan(&error),
        ObserveError::Read { package, registry, source } => read(&package, &registry, &source),
    }
}

/// The history ends before it tells what was released.
fn cut_off(error: &ObserveError, command: Option<&str>) -> CliError {
    let result = CliError::of(ErrorKind::User, error).code("relay::git::cut_off");
    match command {
        Some(command) => result
            .hint(format!("fetch all of it with `{command}`; with `--unshallow` relay's plan, version and release do it themselves"))
            .hint("in a pipeline: `fetch-depth: 0` for GitHub's checkout, `GIT_DEPTH: 0` in GitLab")
            .hint(
                "or take change files alone: `changes = [\"changesets\"]` under `[release]` in relay.toml; `relay publish` \
                 needs no history",
            ),
        None => result.hint(
            "`git replace --list` and `.git/info/grafts` show what was cut; `git replace -d COMMIT` undoes it",
        ),
    }
}

/// A package that is to be packed is not here whole.
pub(crate) fn incomplete(package: &PackageName, left_out: &LeftOut) -> CliError {
    CliError::user(format!("this sparse checkout leaves out files of `{package}`, which its tarball may need"))
        .hint(format!("bring them here: `{}`", left_out.command()))
        .code("relay::git::sparse")
}

/// The change files can't be applied to this workspace.
fn change(error: &ChangeError) -> CliError {
    let result = CliError::of(ErrorKind::User, error).code("relay::change::plan");
    match error {
        ChangeError::UnknownPackage { .. } => result
            .hint("correct the name, or delete the change file; `relay graph` lists the packages of the workspace"),
        _ => result,
    }
}

/// A registry can't be read.
fn read(package: &PackageName, registry: &RegistryUrl, error: &ReadError) -> CliError {
    let result = CliError::of(ErrorKind::User, error).code("relay::registry::unreadable");
    let result = match error {
        ReadError::NoCredential { registry, .. } => result
            .hint(format!("get one: `npm login --registry {registry}`"))
            .hint(format!("or write `{}:_authToken=${{NPM_TOKEN}}` into `.npmrc` and set `NPM_TOKEN`", registry.config_key())),
        // The table's fixes are for uploads; a read that is refused lacks the right to read.
        ReadError::Refused { refusal, .. } if matches!(refusal.status, 401 | 403) => result.hint(
            format!(
                "the credential that `.npmrc` has for this registry may have ended, or may not read this package: `npm token \
                 list` shows which live; make a new one: `npm token create --name=relay --packages={package} \
                 --packages-and-scopes-permission=read-only`, or `npm login --registry={registry}`"
            ),
        ),
        ReadError::Refused { refusal, .. } | ReadError::RateLimited { refusal, .. } => {
            let fixes = refusal.code.explanation().fixes.iter();
            let fixes =
                fixes.map(|fix| fix.replace("<package>", package.as_str()).replace("<url>", registry.as_str()));
            fixes.fold(result, CliError::hint)
        }
        // Says it all itself.
        ReadError::Outage { .. } | ReadError::Credential(_) => result,
        _ => result.hint(
            "the address comes from `--registry`, else `@scope:registry`, else `publishConfig.registry`, else `registry` \
             in `.npmrc`",
        ),
    };
    result.hint("`relay plan --offline` shows what can be told without a registry")
}

fn plan(error: &PlanError) -> CliError {
    CliError::of(ErrorKind::User, error).code("relay::plan::cycle")
}

/// A saved plan can't be used.
pub(crate) fn plan_file(path: &Utf8Path, error: &PlanFileError) -> CliError {
    CliError::of(ErrorKind::User, error)
        .context(format!("`{path}` is no plan that this relay can read"))
        .hint("`relay plan --out FILE` writes one")
        .code("relay::plan::file")
}

/// The preflight found what must be put right before anything is sent.
pub(crate) fn findings(plan: &ReleasePlan) -> CliError {
    let groups: Vec<_> =
        relay_plan::grouped(plan).into_iter().filter(|group| group.finding.severity == Severity::Error).collect();
    let mut error =
        CliError::user(format!("the plan has {}; nothing was done", crate::ui::plural(groups.len(), "problem")))
            .code("relay::plan::findings");
    for group in groups {
        error = error.cause(group.about());
        if let Some(help) = &group.finding.help {
            error = error.hint(help.clone());
        }
    }
    error
}

/// npm's configuration can't be used.
pub(crate) fn npm(error: NpmConfigError) -> CliError {
    let flag = matches!(&error, NpmConfigError::InvalidRegistry { place, .. } if place == "`--registry`");
    let kind = if flag { ErrorKind::Usage } else { ErrorKind::User };
    let result = CliError::of(kind, &error).code("relay::npmrc::invalid");
    match &error {
        NpmConfigError::UnsetVariable { variable, .. } => {
            let variable = Printable::name(variable);
            result.hint(format!("set `{variable}`, write the address itself, or name a registry with `--registry`"))
        }
        _ => result,
    }
}

/// git can't do what is asked.
pub(crate) fn git(error: GitError) -> CliError {
    match &error {
        // libgit2's words are in the message; its source only repeats them with numbers of its own.
        GitError::Git { .. } => CliError::user(error.to_string())
            .hint("see what `git status` says; `git fsck` checks the clone")
            .code("relay::git"),
        GitError::PushRefused { cause: PushCause::Hook, .. } => CliError::of(ErrorKind::User, &error)
            .hint("to leave git's pre-push hook out: `hooks = false` under `[git]` in relay.toml")
            .code("relay::git"),
        _ => CliError::of(ErrorKind::User, &error).code("relay::git"),
    }
}

/// What the end of the run needs in git is not there.
pub(crate) fn finish(error: FinishError) -> CliError {
    const NOTHING: &str = "nothing was written and nothing was sent";
    match error {
        FinishError::Push(error) | FinishError::Git(error @ GitError::RemoteUnreadable { .. }) => git(error)
            .context("the release could not be pushed, so nothing was done")
            .hint("or leave the push out with `--no-push` and push commit and tags yourself"),
        FinishError::Git(error) => git(error)
            .context("the release could not be tagged, so nothing was done")
            .hint("or leave the tags out with `--no-git-tag`"),
        ref error @ FinishError::TagElsewhere { ref tag, ref there, ref remote, ref wanted, .. } => {
            let result = CliError::of(ErrorKind::User, error).hint(NOTHING).code("relay::git::tag_elsewhere");
            let short = there.get(..10).unwrap_or(there);
            let result = match wanted {
                Some(_) => result.hint(format!(
                    "to publish what was tagged: `git switch --detach {short}`, then run relay there; to publish what is here, \
                     give it another version"
                )),
                None => result.hint(
                    "fetch what released that version (`git pull --tags`), or give the package a version above it",
                ),
            };
            match remote {
                Some(remote) => {
                    result.hint(format!("or, if the tag is wrong, delete it: `git push {remote} :refs/tags/{tag}`"))
                }
                None => result.hint(format!("or, if the tag is wrong, delete it: `git tag -d {tag}`")),
            }
        }
    }
}

/// Versions can't be written.
pub(crate) fn version(error: VersionError) -> CliError {
    CliError::of(ErrorKind::User, &error).code("relay::version::write")
}

/// The files of a version step can't be brought to its end.
pub(crate) fn write_set(error: WriteSetError) -> CliError {
    CliError::of(ErrorKind::User, &error).code("relay::version::interrupted")
}

/// A version step can't be brought to its end.
pub(crate) fn commit_versions(error: CommitVersionsError) -> CliError {
    match error {
        CommitVersionsError::Git(error) => git(error),
        CommitVersionsError::Record(error) => write_set(error),
    }
}

/// What the version step would write can't be made.
pub(crate) fn preview_tarballs(error: PreviewError) -> CliError {
    match error {
        PreviewError::Version(error) => version(error),
        PreviewError::Manifest(error) => CliError::of(ErrorKind::Internal, &error),
    }
}

/// A file can't be written.
pub(crate) fn write(error: WriteError) -> CliError {
    CliError::of(ErrorKind::User, &error).code("relay::file::unwritable")
}

/// Tarballs can't be made.
pub(crate) fn freeze(error: FreezeError) -> CliError {
    match error {
        FreezeError::Gate(ref found) => crate::gate_findings::stopped(found, "nothing was sent")
            .unwrap_or_else(|| CliError::internal(error.to_string())),
        FreezeError::Build(error) => CliError::from(error).hint("nothing was pushed and nothing was sent"),
        FreezeError::Script(error) => CliError::from(error).hint("nothing was sent"),
        FreezeError::Pack { package, source } => CliError::of(ErrorKind::User, source.as_ref())
            .context(format!("`{package}` can't be packed"))
            .code("relay::pack::files"),
        FreezeError::Manifest(error) => CliError::of(ErrorKind::User, error.as_ref()).code("relay::pack::manifest"),
        FreezeError::Mislabelled(wrong) => mislabelled(&wrong),
        FreezeError::Workspace(error) => super::conversion::discover(&error)
            .context("the workspace can't be read any more after the scripts have run"),
        error @ FreezeError::NotRecorded(_) => CliError::of(ErrorKind::User, &error).code("relay::journal::unwritable"),
    }
}

/// Tarballs hold another name or version than they are to be published under.
fn mislabelled(wrong: &[Mislabelled]) -> CliError {
    let packages: BTreeSet<_> = wrong.iter().map(|one| &one.package).collect();
    let mut error = CliError::user(format!(
        "{} would say another name or version than the plan; nothing was sent",
        crate::ui::plural(packages.len(), "tarball")
    ))
    .code("relay::pack::mislabelled");
    let mut cures = BTreeSet::new();
    for one in wrong {
        error = error.cause(one.to_string());
        if cures.insert(&one.cure) {
            error = error.hint(one.cure.clone());
        }
    }
    error
}

/// The uploads could not begin, or not go on.
pub(crate) fn publish(error: PublishRunError) -> CliError {
    match error {
        PublishRunError::Driver(error @ (DriverError::Stalled(_) | DriverError::Illegal(_))) => {
            CliError::internal(error.to_string())
                .hint(
                    "what was sent and what came of it is on record: run the same command again, which asks the registry first and \
                     goes on with what is unfinished",
                )
                .code("relay::run::fault")
        }
        PublishRunError::Driver(error) => CliError::of(ErrorKind::User, &error)
            .hint("run the same command again when this is put right: it goes on with what is unfinished")
            .code("relay::run::stopped"),
        error => CliError::of(ErrorKind::User, &error).hint("make the plan anew").code("relay::plan::tarball"),
    }
}

/// relay's state folder can't be used.
pub(crate) fn state_folder(error: StateFolderError) -> CliError {
    let hint = match &error {
        StateFolderError::Busy { .. } => {
            "wait until the other run has ended, then run the same command again; two runs never publish at the same time"
        }
        StateFolderError::Unusable { .. } => "the folder holds the journal; make it writable",
    };
    CliError::of(ErrorKind::User, &error).hint(hint).code("relay::state_folder")
}

#[cfg(test)]
mod tests {
    use relay_engine::driver::Stalled;
    use relay_engine::machine::Unfinished;

    use super::*;

    #[test]
    fn a_run_that_stands_still_is_told_as_relays_own_fault_with_what_to_do() {
        let package = |name| PackageName::parse(name).expect("a name");
        let waiting = Unfinished {
            package: package("app"),
            state: "pending",
            why: None,
            waits_for: vec![(package("core"), "waiting")],
        };
        let error = publish(PublishRunError::Driver(DriverError::Stalled(Stalled(vec![waiting]))));
        assert_eq!((error.kind(), error.code_name()), (ErrorKind::Internal, Some("relay::run::fault")));
        assert!(error.message().contains("`app` is pending and waits for `core`, which is waiting"), "{error}");
        assert!(error.hints().iter().any(|hint| hint.contains("report it")), "{error:?}");
        assert!(error.hints().iter().any(|hint| hint.contains("run the same command again")), "{error:?}");
    }
}

//! A run that is gone on with: its flags, and what is said of it.

use camino::Utf8Path;
use relay_engine::release::resumed::Resumed;
use relay_engine::run_options::RunOptions;

use crate::cli::shared::RunFlags;
use crate::error::CliError;
use crate::ui::Ui;

/// Says what is gone on with.
pub(super) fn tell(ui: &Ui, resumed: &Resumed) {
    let command = if resumed.options.releases { "relay release" } else { "relay publish" };
    let begun = resumed.begun.strftime("%Y-%m-%d %H:%M");
    ui.status(match &resumed.remote {
        None => format!("Going on with `{command}` of {begun} UTC"),
        Some(remote) => {
            format!("Going on with `{command}` of {begun} UTC, as the release record on `{remote}` tells it")
        }
    });
}

/// The flags of this command line, and where it says nothing those of the run that is gone on with.
pub(super) fn flags(given: &RunFlags, before: &RunOptions) -> RunFlags {
    let mut flags = given.clone();
    if flags.selection.filter.is_empty() {
        flags.selection.filter.clone_from(&before.filter);
    }
    flags.upload.tag = flags.upload.tag.or_else(|| before.tag.clone());
    flags.upload.access = flags.upload.access.or(before.access.map(Into::into));
    flags.upload.ignore_scripts |= before.ignore_scripts;
    flags.upload.promote_last |= before.promote_last;
    flags.upload.allow_cycles |= before.allow_cycles;
    flags.registry.registry = flags.registry.registry.or_else(|| before.registry.as_ref().map(ToString::to_string));
    flags.git.no_git_tag |= before.no_git_tag;
    flags.git.no_push |= before.no_push;
    flags.git.no_remote_lock |= before.no_remote_lock;
    flags
}

/// The plan that the run was to carry out is not there any more.
pub(super) fn plan_is_gone(path: &Utf8Path) -> CliError {
    CliError::user(format!("the run that is to be gone on with was to carry out the plan `{path}`, which is not there"))
        .hint("put the file back")
        .hint("or release without it: `relay release`; or publish what the manifests say: `relay publish`")
        .code("relay::plan::unreadable")
}

//! The fence around scripts: raised before the first one runs, told where there can be none. The program that is started for
//! each script begins here too.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use relay_config::{OutsidePath, ScriptSettings};
use relay_git::Repository;
use relay_pack::lifecycle::fence::{self, FENCED_WORD, Fence, FenceRequest, Support};
use relay_workspace::PackageManager;

use crate::error::{CliError, ErrorKind};
use crate::session_setup;
use crate::ui::{Ui, UiFlags, UiSettings};
use crate::vault::readable_environment;

/// Where an npm of the system has settings for all of the machine's users.
const SETTINGS_OF_MACHINE: [&str; 3] = ["/etc/npmrc", "/usr/etc/npmrc", "/usr/local/etc/npmrc"];

/// The exit code of a script that was not begun, as a shell's for what it can't run.
const NOT_BEGUN: u8 = 126;

/// What is done about the wanted fence.
#[derive(Debug, PartialEq, Eq)]
enum Decision {
    Raise,
    Without,
    WithoutAndTold,
    Refuse,
}

fn decide(wanted: &ScriptSettings, support: Support) -> Decision {
    if !wanted.fence {
        return Decision::Without;
    }
    match support {
        Support { network: false, .. } if !wanted.network => Decision::Refuse,
        Support { files: true, .. } => Decision::Raise,
        Support { files: false, .. } if cfg!(target_os = "linux") => Decision::WithoutAndTold,
        Support { files: false, .. } => Decision::Without,
    }
}

/// Raises the fence that `relay.toml` wants around the scripts of a workspace; nothing where there can be none, which is said
/// once. To be called before anything is run or written.
pub(crate) fn raise(
    ui: &Ui,
    root: &Utf8Path,
    repository: Option<&Repository>,
    wanted: &ScriptSettings,
    environment: &BTreeMap<OsString, OsString>,
) -> Result<Option<Arc<Fence>>, CliError> {
    match decide(wanted, fence::support()) {
        Decision::Raise => {}
        Decision::Without => return Ok(None),
        Decision::WithoutAndTold => {
            ui.warning(
                "scripts run without a fence, since this kernel has no Landlock (Linux 5.19 and later have it): they can read \
                 what you can, your `.npmrc` too; `fence = false` under `[scripts]` in relay.toml says that this is known",
            );
            return Ok(None);
        }
        Decision::Refuse => {
            return Err(CliError::user(
                "`network = false` under `[scripts]` in relay.toml can't be kept: this system can't keep scripts from TCP",
            )
            .hint("run it on Linux 6.7 or later, with Landlock; or take the line out, and scripts have the network")
            .hint("nothing was run or written")
            .code("relay::scripts::network"));
        }
    }
    let failed = |error: std::io::Error| {
        CliError::of(ErrorKind::User, &error)
            .context("no fence can be raised around the scripts")
            .code("relay::scripts::fence")
    };
    let program = std::env::current_exe().map_err(failed)?;
    let program = Utf8PathBuf::from_path_buf(program)
        .map_err(|path| failed(std::io::Error::other(format!("relay's own path is not UTF-8: {}", path.display()))))?;
    let mut folders = vec![root.to_owned()];
    let mut borrowed = Vec::new();
    if let Some(repository) = repository {
        folders.push(repository.workdir().to_owned());
        folders.extend(repository.git_dirs());
        borrowed = repository.borrowed_objects();
    }
    let texts = |paths: &[OutsidePath]| paths.iter().map(|path| path.as_str().to_owned()).collect::<Vec<_>>();
    let raised = Fence::raise(&FenceRequest {
        program,
        repository: &folders,
        borrowed: &borrowed,
        environment,
        shut: &settings_of_person(),
        read: &texts(&wanted.read),
        write: &texts(&wanted.write),
        network: wanted.network,
    });
    let raised = raised.map_err(failed)?;
    for gap in raised.gaps() {
        ui.warning(gap);
    }
    Ok(Some(Arc::new(raised)))
}

/// Files that may hold the person's credentials for registries, wherever settings put them.
fn settings_of_person() -> Vec<Utf8PathBuf> {
    let environment = readable_environment();
    let managers = [PackageManager::Yarn, PackageManager::Bun, PackageManager::Pnpm];
    let of_managers =
        managers.into_iter().filter_map(|manager| session_setup::manager_file_of_person(manager, &environment));
    session_setup::user_npmrc(&environment)
        .into_iter()
        .chain(session_setup::global_npmrc(&environment))
        .chain(of_managers)
        .chain(SETTINGS_OF_MACHINE.map(Utf8PathBuf::from))
        .collect()
}

/// Becomes the script that relay started this program for; `None` where it was started for something else.
pub(crate) fn enter(arguments: &[OsString]) -> Option<ExitCode> {
    let [_, word, command] = arguments else { return None };
    if word != FENCED_WORD {
        return None;
    }
    let error = fence::enter(command);
    let ui = Ui::new(UiSettings::detect(UiFlags::default()));
    ui.error(&CliError::user("the script was not begun").cause(error.to_string()).code("relay::scripts::fence"));
    Some(ExitCode::from(NOT_BEGUN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_lacks_is_told_or_refused() {
        let (all, files_only) = (Support { files: true, network: true }, Support { files: true, network: false });
        let nothing = Support { files: false, network: false };
        let told = if cfg!(target_os = "linux") { Decision::WithoutAndTold } else { Decision::Without };
        for (fence, network, support, decision) in [
            (true, true, all, Decision::Raise),
            (true, true, files_only, Decision::Raise),
            (true, true, nothing, told),
            (true, false, all, Decision::Raise),
            (true, false, files_only, Decision::Refuse),
            (true, false, nothing, Decision::Refuse),
            (false, true, all, Decision::Without),
            (false, true, nothing, Decision::Without),
        ] {
            let wanted = ScriptSettings { fence, network, ..ScriptSettings::default() };
            assert_eq!(decide(&wanted, support), decision, "{fence} {network} {support:?}");
        }
    }
}

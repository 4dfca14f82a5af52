//! What every command is given: the output, the folder it works in, and the flags that all commands share.

use std::env;

use camino::{Utf8Path, Utf8PathBuf};

use crate::cli::GlobalFlags;
use crate::error::{CliError, ErrorKind};
use crate::ui::Ui;
use crate::vault::Vault;

/// The surroundings of one run.
#[derive(Clone)]
pub(crate) struct Context {
    /// Where to print.
    pub(crate) ui: Ui,
    /// The absolute folder that the command works in: the process's own, or that of `--cwd`.
    pub(crate) cwd: Utf8PathBuf,
    /// The environment that credentials are read from.
    pub(crate) vault: Vault,
}

impl Context {
    /// Finds the folder; that of `--cwd` must exist.
    pub(crate) fn new(ui: Ui, flags: &GlobalFlags, vault: Vault) -> Result<Self, CliError> {
        let here = env::current_dir().map_err(|error| {
            CliError::of(ErrorKind::User, &error)
                .context("the current folder can't be read")
                .code("relay::cwd::unreadable")
        })?;
        let here = Utf8PathBuf::from_path_buf(here).map_err(|path| {
            CliError::user(format!("the path of the current folder is not UTF-8: {}", path.display()))
                .code("relay::cwd::not_utf8")
        })?;
        let cwd = match &flags.cwd {
            None => here,
            Some(folder) => existing_folder(&here.join(folder), folder)?,
        };
        Ok(Self { ui, cwd, vault })
    }

    /// A path from the command line, seen from the folder that the command works in.
    pub(crate) fn resolve(&self, path: &Utf8Path) -> Utf8PathBuf {
        self.cwd.join(path)
    }
}

fn existing_folder(path: &Utf8Path, typed: &Utf8Path) -> Result<Utf8PathBuf, CliError> {
    let unusable = |why: String| {
        CliError::user(format!("the folder `{typed}` of `--cwd` can't be used")).cause(why).code("relay::cwd::unusable")
    };
    match path.canonicalize_utf8() {
        Ok(path) if path.is_dir() => Ok(path),
        Ok(_) => Err(unusable("it is no folder".to_owned())),
        Err(error) => Err(unusable(error.to_string())),
    }
}

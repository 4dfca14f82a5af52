//! What most commands begin with: the workspace around the current folder and its graph; and its
//! `relay.toml`, for those that need it.

use camino::{Utf8Path, Utf8PathBuf};
use relay_config::{CONFIG_FILE_NAME, Config};
use relay_graph::DependencyGraph;
use relay_workspace::{Workspace, WorkspacePackage, read_regular_text};

use crate::context::Context;
use crate::error::{CliError, ErrorKind};
use crate::ui::plural;

/// The largest `relay.toml` that is read.
const CONFIG_SIZE_BYTES_MAX: u64 = 1024 * 1024;

/// The workspace around the current folder.
pub(crate) struct EnclosingWorkspace {
    /// Its packages.
    pub(crate) workspace: Workspace,
    /// What depends on what.
    pub(crate) graph: DependencyGraph,
    /// The current folder relative to the workspace root; empty at the root.
    pub(crate) here: Utf8PathBuf,
}

impl EnclosingWorkspace {
    /// Finds and reads them; oddities of the workspace are told as warnings.
    pub(crate) fn read(context: &Context) -> Result<Self, CliError> {
        let workspace = Workspace::discover(&context.cwd)?;
        context.ui.warnings(&workspace.warnings);
        let graph = DependencyGraph::build(&workspace);
        let here = context.cwd.strip_prefix(&workspace.root).map(Utf8Path::to_owned).unwrap_or_default();
        context.ui.detail(format!(
            "{} in the {} workspace `{}`",
            plural(workspace.packages.len(), "package"),
            workspace.manager.as_str(),
            workspace.root
        ));
        Ok(Self { workspace, graph, here })
    }

    /// The innermost package whose folder the current folder is or lies in; `None` at the root, which stands for all.
    pub(crate) fn current_package(&self) -> Option<&WorkspacePackage> {
        let around =
            |package: &&WorkspacePackage| !package.path.as_str().is_empty() && self.here.starts_with(&package.path);
        let packages = self.workspace.packages.iter().filter(around);
        packages.max_by_key(|package| package.path.components().count())
    }
}

/// Reads the settings in the workspace root; without the file the defaults count.
pub(crate) fn read_config(root: &Utf8Path) -> Result<Config, CliError> {
    let path = root.join(CONFIG_FILE_NAME);
    let unreadable = |why: String| {
        CliError::new(ErrorKind::User, format!("`{CONFIG_FILE_NAME}` can't be read"))
            .cause(why)
            .hint("make it a file that you may read, or remove it: without it every command works on defaults")
            .code("relay::config::unreadable")
    };
    match read_regular_text(&path, CONFIG_SIZE_BYTES_MAX) {
        Ok(Some(text)) => Ok(Config::parse(CONFIG_FILE_NAME, &text)?),
        Ok(None) => Ok(Config::default()),
        Err(error) => Err(unreadable(error.to_string())),
    }
}

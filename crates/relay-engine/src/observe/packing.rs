//! What the plan says of packing: told from manifests, and in yarn's workspaces from lists of files, since a plan packs nothing.

use relay_plan::{Finding, Severity};
use relay_workspace::{PackageManager, Version, WorkspacePackage};

use super::yarn_files;
use crate::freeze::{packing_obstacle, runs_build};
use crate::project::Project;

/// The findings about one package that is to get the version `next`.
pub(super) fn findings(project: &Project, package: &WorkspacePackage, next: &Version) -> Vec<Finding> {
    let obstacle =
        packing_obstacle(&project.workspace, package, next, (false, runs_build(project, false))).map(|obstacle| {
            Finding {
                severity: if obstacle.stays { Severity::Error } else { Severity::Warning },
                package: Some(package.name.clone()),
                text: obstacle.text,
                help: Some(obstacle.help),
            }
        });
    obstacle.into_iter().chain(yarn_differs(project, package)).collect()
}

/// In yarn's workspaces relay packs by the rules of npm 11, which nearly always are yarn's too.
fn yarn_differs(project: &Project, package: &WorkspacePackage) -> Option<Finding> {
    let workspace = &project.workspace;
    if workspace.manager != PackageManager::Yarn {
        return None;
    }
    let text = yarn_files::difference(&workspace.folder(package), package.manifest.fields())?;
    Some(Finding {
        severity: Severity::Warning,
        package: Some(package.name.clone()),
        text,
        help: Some("write folders by their names (`lib`) or as `lib/**`, and what is at the top with `./` in front (`./*.js`), which both \
             read alike".to_owned()),
    })
}

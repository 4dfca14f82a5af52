//! What the plan says of packing: told from manifests alone, since a plan packs nothing.

use relay_plan::{Finding, Severity};
use relay_workspace::{Version, WorkspacePackage};

use crate::freeze::packing_obstacle;
use crate::project::Project;

/// The findings about one package that is to get the version `next`.
pub(super) fn findings(project: &Project, package: &WorkspacePackage, next: &Version) -> Vec<Finding> {
    let obstacle = packing_obstacle(&project.workspace, package, next, false).map(|obstacle| Finding {
        severity: if obstacle.stays { Severity::Error } else { Severity::Warning },
        package: Some(package.name.clone()),
        text: obstacle.text,
        help: Some(obstacle.help),
    });
    obstacle.into_iter().collect()
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Repo, TWO, name};

    fn told(files: &[(&str, &str)]) -> Vec<(Severity, String)> {
        let repo = Repo::of(&[TWO.as_slice(), files].concat());
        let project = repo.project();
        let package = project.workspace.package(&name("a")).unwrap();
        let next = package.version.clone().unwrap();
        findings(&project, package, &next).into_iter().map(|finding| (finding.severity, finding.text)).collect()
    }

    #[test]
    fn what_keeps_a_package_from_being_packed_is_told_as_far_as_nothing_may_still_put_it_right() {
        let manifest = |more: &str| format!("{{\"name\":\"a\",\"version\":\"1.0.0\"{more}}}");
        let dist = manifest(",\"publishConfig\":{\"directory\":\"dist\"}");
        let scripted = manifest(",\"publishConfig\":{\"directory\":\"dist\"},\"scripts\":{\"prepack\":\"make\"}");
        let renamed = manifest(",\"publishConfig\":{\"name\":\"b\"}");
        let build = ("relay.toml", "[release]\nbuild = \"make\"\n");
        let of_pnpm = ("pnpm-workspace.yaml", "packages:\n  - packages/*\n");
        let old = ("packages/a/dist/package.json", r#"{"name":"a","version":"0.9.0"}"#);
        let new = ("packages/a/dist/package.json", r#"{"name":"a","version":"1.0.0"}"#);
        for (why, manifest, more, expected) in [
            ("nothing odd", manifest(""), vec![], None),
            ("a folder that is not there", dist.clone(), vec![of_pnpm], Some((Severity::Warning, "`dist`"))),
            (
                "one of the version before",
                dist.clone(),
                vec![of_pnpm, old],
                Some((Severity::Warning, "`0.9.0` instead of")),
            ),
            ("one that is built", dist.clone(), vec![of_pnpm, new], None),
            ("the build makes it", dist, vec![of_pnpm, build], None),
            ("a script makes it", scripted, vec![of_pnpm], None),
            ("another name", renamed, vec![of_pnpm, build], Some((Severity::Error, "pnpm would publish it as `b`"))),
        ] {
            let files = [vec![("packages/a/package.json", manifest.as_str())], more].concat();
            let told = told(&files);
            assert_eq!(
                told.first().map(|(severity, _)| *severity),
                expected.map(|(severity, _)| severity),
                "{why}: {told:?}"
            );
            let text = told.first().map(|(_, text)| text.as_str()).unwrap_or_default();
            assert!(text.contains(expected.map_or("", |(_, words)| words)), "{why}: {text}");
        }
    }
}

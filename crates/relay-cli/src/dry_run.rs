//! What `--dry-run` does beyond the plan: the tarballs as they would be, in memory, and the gate's word on them. No script
//! runs and nothing is written (invariant I11).

use std::collections::BTreeMap;

use relay_engine::observe::Observed;
use relay_engine::project::Project;
use relay_engine::tarball_preview::{Unsettled, VersionedWorkspace, tarball_fact, unsettled};
use relay_pack::Tarball;
use relay_pack::gate::{self, Before, Finding};
use relay_plan::{PlannedPackage, ReleasePlan, TarballFact};
use relay_workspace::{Integrity, PackageName, WorkspacePackage};

use crate::commands::pack::refuse_unpackable;
use crate::error::CliError;
use crate::error::engine as explain;
use crate::gate_findings::{self, Infos};
use crate::ui::{Ui, columns, human_size, plural};

/// How many characters of an integrity are shown at its beginning and at its end: as many as npm shows.
const INTEGRITY_CHARS_SHOWN: (usize, usize) = (20, 15);

/// What is kept of one tarball.
struct Glance {
    fact: TarballFact,
    findings: Vec<Finding>,
}

/// Packs and inspects all packages of the plan, beside the versions before them, and shows what came of it; gives the plan with
/// its tarballs.
pub(crate) fn run(
    ui: &Ui,
    project: &Project,
    observed: &Observed,
    before: &BTreeMap<PackageName, Before>,
    ignore_scripts: bool,
) -> Result<ReleasePlan, CliError> {
    let plan = &observed.plan;
    let packages: Vec<&WorkspacePackage> =
        plan.packages.iter().filter_map(|planned| project.workspace.package(&planned.name)).collect();
    let settings = &project.config.gate;
    let look = |name: &PackageName, tarball: &Tarball| Glance {
        fact: tarball_fact(tarball),
        findings: gate::inspect(tarball, &settings.rules_for(name), before.get(name)),
    };
    let packed =
        VersionedWorkspace::of(project, &observed.bumps).map_err(explain::preview_tarballs)?.pack(&packages, look);
    let unsettled: BTreeMap<&PackageName, Unsettled> = packages
        .iter()
        .filter_map(|package| Some((&package.name, unsettled(project, package, &observed.bumps, ignore_scripts)?)))
        .collect();

    let mut glances = BTreeMap::new();
    let mut failed = Vec::new();
    for (name, result) in packed {
        match result {
            Ok(glance) => {
                glances.insert(name, glance);
            }
            // What is missing may be what the script makes.
            Err(error) if unsettled.contains_key(&name) => {
                ui.warning(format!("`{name}` can't be packed before build and scripts have run: {error}"));
            }
            Err(error) => failed.push(explain::freeze(error)),
        }
    }
    show(ui, plan, &glances);
    for (name, why) in &unsettled {
        ui.hint(match why {
            Unsettled::Build => format!("`{name}` may come out different: the build was not run"),
            Unsettled::Script(event) => format!("`{name}` may come out different: its {event} script was not run"),
            Unsettled::Bundled => format!("`{name}` may come out different: it bundles packages that may change"),
        });
    }
    refuse_unpackable(ui, failed, "nothing was done")?;
    let mut found = BTreeMap::new();
    let mut facts = BTreeMap::new();
    for (name, Glance { fact, mut findings }) in glances {
        if unsettled.contains_key(&name) {
            // What a script may still make is not missed.
            findings.retain(|finding| !finding.name.may_be_for_want_of_a_build());
        } else {
            facts.insert(name.clone(), fact);
        }
        found.insert(name, findings);
    }
    gate_findings::tell(ui, &found, Some(plan), Infos::Told);
    match gate_findings::stopped(&found, "nothing was done") {
        None => Ok(plan.clone().with_tarballs(&facts)),
        Some(error) => Err(error),
    }
}

/// One line a tarball, in publish order, with what npm's own dry run tells.
fn show(ui: &Ui, plan: &ReleasePlan, glances: &BTreeMap<PackageName, Glance>) {
    let row = |planned: &PlannedPackage| {
        let fact = &glances.get(&planned.name)?.fact;
        Some(vec![
            format!("{}@{}", planned.name, planned.next),
            plural(fact.files, "file"),
            human_size(fact.size),
            format!("{} unpacked", human_size(fact.unpacked)),
            shortened(&fact.integrity),
        ])
    };
    let rows: Vec<_> = plan.packages.iter().filter_map(row).collect();
    ui.status(columns(&rows).trim_end());
    let size = human_size(glances.values().map(|glance| glance.fact.size).sum());
    ui.status(format!("would publish {}, {size}; nothing was written or sent", plural(rows.len(), "tarball")));
}

fn shortened(integrity: &Integrity) -> String {
    let text = integrity.to_string();
    let (first, last) = INTEGRITY_CHARS_SHOWN;
    match (text.get(..first), text.len().checked_sub(last).and_then(|from| text.get(from..))) {
        (Some(start), Some(end)) if text.len() > first + last => format!("{start}[...]{end}"),
        _ => text,
    }
}

//! What `--dry-run` does beyond the plan: the tarballs as they would be, in memory, and the gate's word on them. No script
//! runs and nothing is written (invariant I11).

use std::collections::BTreeMap;

use relay_engine::freeze::gate_rules;
use relay_engine::observe::Observed;
use relay_engine::project::Project;
use relay_engine::tarball_preview::{Unsettled, VersionedWorkspace, tarball_fact, unsettled};
use relay_pack::gate::{self, Finding};
use relay_pack::{Tarball, concerns, unmatched_entries};
use relay_plan::{PlannedPackage, ReleasePlan, TarballFact};
use relay_workspace::{Integrity, PackageName, WorkspacePackage};

use crate::commands::pack::refuse_unpackable;
use crate::error::CliError;
use crate::error::engine as explain;
use crate::notices;
use crate::ui::{Ui, columns, human_size, plural};

/// How many characters of an integrity are shown at its beginning and at its end: as many as npm shows.
const INTEGRITY_CHARS_SHOWN: (usize, usize) = (20, 15);

/// What is kept of one tarball.
struct Glance {
    fact: TarballFact,
    findings: Vec<Finding>,
    idle: Vec<String>,
    concerns: Vec<String>,
}

/// Packs and inspects all packages of the plan, and shows what came of it; gives the plan with its tarballs.
pub(crate) fn run(
    ui: &Ui,
    project: &Project,
    observed: &Observed,
    ignore_scripts: bool,
) -> Result<ReleasePlan, CliError> {
    let plan = &observed.plan;
    let packages: Vec<&WorkspacePackage> =
        plan.packages.iter().filter_map(|planned| project.workspace.package(&planned.name)).collect();
    let (settings, scriptless_before) = (&project.config.gate, &observed.scriptless_before);
    let look = |tarball: &Tarball| {
        let before = PackageName::parse(&tarball.name).ok().and_then(|name| scriptless_before.get(&name));
        let rules = gate_rules(settings, before);
        Glance {
            fact: tarball_fact(tarball),
            findings: gate::inspect(tarball, &rules),
            idle: unmatched_entries(tarball),
            concerns: concerns(tarball),
        }
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
    // What a script may still make is not missed.
    let settled = glances.iter().filter(|(name, _)| !unsettled.contains_key(*name));
    notices::warn_of_unmatched_entries(ui, settled.clone().map(|(name, glance)| (name, glance.idle.clone())));
    notices::warn_of_concerns(ui, settled.map(|(name, glance)| (name, glance.concerns.clone())));
    let mut stopped = BTreeMap::new();
    let mut facts = BTreeMap::new();
    for (name, Glance { fact, findings, .. }) in glances {
        if !unsettled.contains_key(&name) {
            facts.insert(name.clone(), fact);
        }
        if !findings.is_empty() {
            stopped.insert(name, findings);
        }
    }
    if stopped.is_empty() { Ok(plan.clone().with_tarballs(&facts)) } else { Err(explain::gate(&stopped)) }
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

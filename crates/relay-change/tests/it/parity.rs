//! With a configuration of changesets, relay's versions, ranges and changelogs are those of the program itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use relay_change::{BumpPlan, ChangesetsGeneration, PreMode, changelog_section_with_commits, insert_into_changelog};
use serde_json::{Map, Value, json};

use crate::changesets_program::{Outcome, tools, version};
use crate::generator::{Case, case_for};
use crate::world::name;

/// Cases in an ordinary run; `RELAY_PARITY_CASES` asks for more.
const CASES: u64 = 40;

/// The same for version 2, with which it shares most of its rules.
const CASES_OF_2: u64 = 20;

/// The machine that the tests are made for has two cores.
const WORKERS: usize = 2;

#[test]
fn versions_ranges_and_changelogs_are_those_of_changesets() {
    agree(ChangesetsGeneration::Three);
}

#[test]
fn versions_ranges_and_changelogs_are_those_of_changesets_2_where_a_repo_has_that() {
    agree(ChangesetsGeneration::Two);
}

fn agree(generation: ChangesetsGeneration) {
    let tools = tools(generation);
    let ordinary = if generation == ChangesetsGeneration::Two { CASES_OF_2 } else { CASES };
    let cases = std::env::var("RELAY_PARITY_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(ordinary);
    let next = AtomicU64::new(0);
    let differences = Mutex::new(Vec::new());
    let refused = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= cases {
                        break;
                    }
                    let case = case_for(generation, seed);
                    if case.releases_what_is_skipped() {
                        continue;
                    }
                    let theirs = version(&tools, &case);
                    if !theirs.success {
                        refused.fetch_add(1, Ordering::Relaxed);
                    }
                    if let Err(difference) = compare(&case, &theirs) {
                        let text = format!("seed {seed}: {difference}\n{}", describe(&case, &theirs));
                        differences.lock().expect("no thread panicked").push(text);
                    }
                }
            });
        }
    });
    let differences = differences.into_inner().expect("no thread panicked");
    assert!(differences.is_empty(), "{} of {cases} cases differ\n\n{}", differences.len(), differences.join("\n\n"));
    let refused = refused.into_inner();
    assert!(refused * 2 < cases, "{refused} of {cases} cases were refused by both, which proves little");
}

fn compare(case: &Case, theirs: &Outcome) -> Result<(), String> {
    let plan = match (case.world.plan(), theirs.success) {
        (Ok(plan), true) => plan,
        (Err(_), false) => return Ok(()),
        (Ok(_), false) if theirs.crashed() => return Ok(()),
        (Ok(_), false) => return Err("changesets refuses, relay doesn't".to_owned()),
        (Err(error), true) => return Err(format!("relay refuses: {error}")),
    };
    for (path, manifest) in &case.world.manifests {
        let package = manifest.get("name").and_then(Value::as_str).unwrap_or_default();
        let (ours, theirs) = (edited(&plan, package, manifest), theirs.manifest(path));
        if ours != theirs {
            return Err(format!("{package}\n  ours:   {}\n  theirs: {}", json!(ours), json!(theirs)));
        }
    }
    let mut root = case.world.root_manifest.clone();
    for range in &plan.root_ranges {
        set_range(&mut root, range.kind.manifest_key(), &range.dependency, &range.to);
    }
    let mut their_root = theirs.manifest("");
    their_root.remove("workspaces");
    if root != their_root {
        return Err(format!("the root\n  ours:   {}\n  theirs: {}", json!(root), json!(their_root)));
    }
    compare_changelogs(case, &plan, theirs)?;
    compare_consumed(case, &plan, theirs)
}

fn edited(plan: &BumpPlan, package: &str, manifest: &Map<String, Value>) -> Map<String, Value> {
    let mut manifest = manifest.clone();
    if let Some(bump) = plan.bump_of(&name(package)) {
        manifest.insert("version".to_owned(), json!(bump.next.to_string()));
    }
    for range in plan.ranges.iter().filter(|range| range.package.as_str() == package) {
        set_range(&mut manifest, range.kind.manifest_key(), &range.dependency, &range.to);
    }
    manifest
}

fn set_range(manifest: &mut Map<String, Value>, map: &str, dependency: &str, to: &str) {
    if let Some(slot) = manifest.get_mut(map).and_then(|map| map.get_mut(dependency)) {
        *slot = json!(to);
    }
}

fn compare_changelogs(case: &Case, plan: &BumpPlan, theirs: &Outcome) -> Result<(), String> {
    let change_files = case.world.parsed_change_files();
    let commits: BTreeMap<String, String> = match &theirs.commit {
        Some(commit) => change_files.iter().map(|file| (file.id.clone(), commit.clone())).collect(),
        None => BTreeMap::new(),
    };
    // What version 2 lists without a new version, relay lists for it too.
    let moving: Option<BTreeSet<&str>> = (case.generation == ChangesetsGeneration::Three)
        .then(|| plan.bumps.iter().map(|bump| bump.name.as_str()).collect());
    for (path, manifest) in &case.world.manifests {
        let package = manifest.get("name").and_then(Value::as_str).unwrap_or_default();
        let section = changelog_section_with_commits(plan, &name(package), &change_files, &commits);
        let existing = case.changelogs.get(path).map(String::as_str);
        let ours = if section.is_empty() {
            existing.map(str::to_owned)
        } else {
            Some(insert_into_changelog(existing, &name(package), &section))
        };
        let theirs = theirs.changelog(path);
        let (seen, expected) = (
            ours.as_deref().map(|t| outline(t, moving.as_ref())),
            theirs.as_deref().map(|t| outline(t, moving.as_ref())),
        );
        if seen != expected {
            let shown = |text: Option<String>| text.unwrap_or_else(|| "(none)".to_owned());
            return Err(format!("changelog of {package}\n--- ours\n{}\n--- theirs\n{}", shown(ours), shown(theirs)));
        }
    }
    Ok(())
}

/// A changelog by its headings: entries in their order, and the set of updated dependencies.
///
/// Left out is that changesets repeats `- Updated dependencies` for every change file of one commit (or of none), and
/// that version 3 lists dependencies in a release of type none as updated, with the version that they had.
fn outline(text: &str, moving: Option<&BTreeSet<&str>>) -> BTreeMap<String, (Vec<String>, BTreeSet<String>)> {
    let mut outline: BTreeMap<String, (Vec<String>, BTreeSet<String>)> = BTreeMap::new();
    let mut heading = String::new();
    for line in text.lines().map(str::trim_end).filter(|line| !line.is_empty()) {
        let (entries, updated) = outline.entry(heading.clone()).or_default();
        let dependency = line.trim_start().strip_prefix("- ").and_then(|item| Some((item, item.rsplit_once('@')?.0)));
        if line.starts_with('#') {
            line.clone_into(&mut heading);
            if !line.starts_with("### ") {
                outline.entry(heading.clone()).or_default();
            }
        } else if let Some((item, dependency)) = dependency {
            if moving.is_none_or(|moving| moving.contains(dependency)) {
                updated.insert(item.to_owned());
            }
        } else if !line.starts_with("- Updated dependencies") && line != "No changes in this release." {
            entries.push(line.to_owned());
        }
    }
    outline.retain(|heading, (entries, updated)| {
        !heading.starts_with("### ") || !entries.is_empty() || !updated.is_empty()
    });
    outline
}

fn compare_consumed(case: &Case, plan: &BumpPlan, theirs: &Outcome) -> Result<(), String> {
    let pre = case.world.settings.changesets.as_ref().and_then(|config| config.pre.as_ref());
    if let Some(state) = pre.filter(|state| state.mode == PreMode::Pre)
        && case.generation == ChangesetsGeneration::Two
    {
        // Files stay, and the state says which are used up.
        let ours: BTreeSet<&String> = state.changesets.iter().chain(&plan.consumed).collect();
        let theirs = theirs.used_in_prereleases();
        // It counts those of packages that it never releases among them.
        let all = theirs.iter().collect::<BTreeSet<_>>();
        return if ours.is_subset(&all) { Ok(()) } else { Err(format!("used up: {ours:?}, and not {theirs:?}")) };
    }
    for id in case.world.change_files.keys() {
        // In prerelease mode files are moved, and those that were moved before stay.
        let stays = pre.is_some_and(|state| state.mode == PreMode::Pre) && id.starts_with("pre/");
        if !stays && plan.consumed.contains(id) == theirs.has_change_file(id) {
            return Err(format!("change file {id}: consumed by relay: {}", plan.consumed.contains(id)));
        }
    }
    Ok(())
}

fn describe(case: &Case, theirs: &Outcome) -> String {
    let manifests: Vec<String> = case.world.manifests.values().map(|manifest| json!(manifest).to_string()).collect();
    let files: Vec<String> = case.world.change_files.iter().map(|(id, text)| format!("{id}: {text}")).collect();
    format!(
        "root: {}\n{}\nconfig: {}\npre: {:?}\n{}\nchangesets said: {}",
        json!(case.world.root_manifest),
        manifests.join("\n"),
        case.config,
        case.pre,
        files.join("\n"),
        theirs.output.trim()
    )
}

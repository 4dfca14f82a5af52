//! Random small workspaces with change files and a configuration of changesets. The same seed makes the same world.

use std::collections::BTreeMap;

use relay_change::{ChangesetsConfig, ChangesetsGeneration, PreMode, PreState};
use relay_workspace::{DependencyKind, PackageManager};
use serde_json::{Map, Value, json};

use crate::world::{World, add_dependency, folder};

/// A world and the texts of the files that only changesets reads.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) world: World,
    pub(crate) config: String,
    pub(crate) pre: Option<String>,
    /// Changelogs that are there already, by folder.
    pub(crate) changelogs: BTreeMap<String, String>,
    /// Whether the folder is a git repository in which the change files are committed.
    pub(crate) repository: bool,
    pub(crate) generation: ChangesetsGeneration,
}

/// A small deterministic generator of numbers (`SplitMix64`).
struct Dice(u64);

const NAMES: [&str; 8] = ["@acme/core", "@acme/ui", "@acme/log", "app", "app-docs", "kit", "@lab/kit-extra", "zero"];
const VERSIONS: [&str; 8] = ["1.0.0", "1.2.3", "0.1.0", "0.0.1", "2.0.0", "0.5.2", "10.4.0", "1.2.0-next.1"];
const WORDS: [&str; 6] = ["Adds a button", "Fixes a leak", "Removes `old()`", "Speaks more", "Waits less", "Is kinder"];

pub(crate) fn case(seed: u64) -> Case {
    case_for(ChangesetsGeneration::Three, seed)
}

/// A case for one generation of changesets. Left out for version 2 is what it falls over: packages without a version.
pub(crate) fn case_for(generation: ChangesetsGeneration, seed: u64) -> Case {
    let two = generation == ChangesetsGeneration::Two;
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut world = World::new();
    world.manager = if dice.one_in(3) { PackageManager::Npm } else { PackageManager::Pnpm };
    world.root_manifest.insert("name".to_owned(), json!("the-root"));
    let count = 2 + dice.below(NAMES.len() - 2);
    let names: Vec<&str> = NAMES.iter().copied().take(count).collect();
    for name in &names {
        world = world.package(name, dice.pick(&VERSIONS));
        if dice.one_in(9) {
            world = world.field(name, "private", json!(true));
        }
        if dice.one_in(25)
            && !two
            && let Some(manifest) = world.manifests.get_mut(&folder(name))
        {
            manifest.remove("version");
        }
    }
    let ignored: Vec<&str> = names.iter().copied().filter(|_| dice.one_in(14)).collect();
    add_dependencies(&mut world, &names, &ignored, &mut dice);
    let config = config(&names, &ignored, two, &mut dice);
    let mode = dice.one_in(8).then(|| if dice.one_in(3) { "exit" } else { "pre" });
    add_change_files(&mut world, &names, mode.is_some() && !two, &mut dice);
    let pre = mode.map(|mode| match generation {
        ChangesetsGeneration::Three => json!({ "mode": mode, "tag": "next" }).to_string(),
        ChangesetsGeneration::Two => {
            let used: Vec<&String> = world.change_files.keys().filter(|_| dice.one_in(3)).collect();
            json!({ "mode": mode, "tag": "next", "initialVersions": {}, "changesets": used }).to_string()
        }
    });
    let mut parsed = ChangesetsConfig::parse_for(generation, &config).expect("the generated configuration is good");
    parsed.pre = pre.as_deref().map(|text| PreState::parse(text).expect("the generated state is good"));
    world.settings.changesets = Some(parsed);
    let mut changelogs = BTreeMap::new();
    for name in &names {
        if dice.one_in(4) {
            let below = dice.pick(&["## 0.0.0\n\n### Patch Changes\n\n- Begins\n", "Some words.\n"]);
            changelogs.insert(folder(name), format!("# {name}\n\n{below}"));
        }
    }
    Case { world, config, pre, changelogs, repository: dice.one_in(6), generation }
}

fn add_dependencies(world: &mut World, names: &[&str], ignored: &[&str], dice: &mut Dice) {
    const KINDS: [DependencyKind; 5] = [
        DependencyKind::Prod,
        DependencyKind::Prod,
        DependencyKind::Dev,
        DependencyKind::Peer,
        DependencyKind::Optional,
    ];
    for (from, of) in names.iter().enumerate() {
        for (to, on) in names.iter().enumerate() {
            // Mostly forward, so that cycles are rare; sometimes in two maps at once.
            let likely = if from < to { 3 } else { 14 };
            let times = usize::from(dice.one_in(likely)) + usize::from(dice.one_in(20));
            for _ in 0..times {
                if from == to {
                    continue;
                }
                let target = world.manifests.get(&folder(on)).cloned().unwrap_or_default();
                let moves = !ignored.contains(on) && target.contains_key("version") && !target.contains_key("private");
                let kind = if moves || dice.one_in(12) { dice.pick(&KINDS) } else { DependencyKind::Dev };
                let specifier = specifier(on, &target, world.manager, dice);
                if let Some(manifest) = world.manifests.get_mut(&folder(of)) {
                    add_dependency(manifest, kind, on, &specifier);
                }
            }
        }
        if dice.one_in(8) {
            let target = world.manifests.get(&folder(of)).cloned().unwrap_or_default();
            let specifier = specifier(of, &target, world.manager, dice);
            add_dependency(&mut world.root_manifest, DependencyKind::Dev, of, &specifier);
        }
    }
}

fn specifier(on: &str, target: &Map<String, Value>, manager: PackageManager, dice: &mut Dice) -> String {
    let version = target.get("version").and_then(Value::as_str).unwrap_or("1.0.0").to_owned();
    let major = version.split('.').next().unwrap_or("1").to_owned();
    let minor = version.split('.').nth(1).unwrap_or("0").to_owned();
    let above = major.parse::<u64>().unwrap_or(0) + 1;
    let ordinary = [format!("^{version}"), format!("^{version}"), format!("~{version}"), version.clone()];
    let odd = [
        "*".to_owned(),
        String::new(),
        "x".to_owned(),
        format!(">={version}"),
        format!("<={version}"),
        format!(">={version} <{above}.0.0"),
        format!("<{above}.0.0 >={version}"),
        format!(">={major} <{above}"),
        format!(">= {version} <= {above}.9"),
        format!(">=0.0.0 <{above}.0.0"),
        format!("^{version} <{major}.{minor}.999"),
        format!("{major}.x"),
        format!("^{major}"),
        format!("~{major}.{minor}"),
        format!("{major}.{minor}.x"),
        format!("^{version} || ^{above}.0.0"),
        format!("{version} - {above}.5.0"),
        format!("<{above}.0.0"),
        format!(">{major}.{minor}"),
        format!("={version}"),
        format!("v{version}"),
        "^99.0.0".to_owned(),
        "latest".to_owned(),
        "catalog:".to_owned(),
        "npm:left-pad@^1.0.0".to_owned(),
        "file:../elsewhere".to_owned(),
        "link:../elsewhere".to_owned(),
        "github:acme/thing".to_owned(),
    ];
    let workspace = [
        "workspace:*".to_owned(),
        "workspace:*".to_owned(),
        "workspace:^".to_owned(),
        "workspace:^".to_owned(),
        "workspace:~".to_owned(),
        format!("workspace:^{version}"),
        format!("workspace:~{version}"),
        format!("workspace:{version}"),
        format!("workspace:>={version} <{above}.0.0"),
        format!("workspace:^{above}.0.0"),
        format!("workspace:{}", folder(on)),
        format!("workspace:./{}", folder(on)),
        "workspace:../elsewhere".to_owned(),
        format!("workspace:{on}@*"),
    ];
    let protocol = manager == PackageManager::Pnpm && dice.one_in(2);
    if protocol {
        dice.pick(&workspace)
    } else if dice.one_in(2) {
        dice.pick(&odd)
    } else {
        dice.pick(&ordinary)
    }
}

fn config(names: &[&str], ignored: &[&str], two: bool, dice: &mut Dice) -> String {
    // Version 2 would run Prettier over the changelogs, version 3 whatever it finds.
    let mut config = if two { json!({ "prettier": false }) } else { json!({ "format": false }) };
    let mut set = |key: &str, value: Value| {
        config[key] = value;
    };
    if dice.one_in(4) {
        set(dice.pick(&["fixed", "linked"]), json!([some_of(names, dice)]));
    } else if dice.one_in(6) {
        let middle = names.len() / 2;
        set("fixed", json!([names.iter().take(middle).collect::<Vec<_>>()]));
        set("linked", json!([names.iter().skip(middle).collect::<Vec<_>>()]));
    } else if dice.one_in(12) && (!two || names.len() > 3) {
        set(dice.pick(&["fixed", "linked"]), json!([["@acme/*", "!@acme/log"], ["app*"]]));
    } else if dice.one_in(30) {
        set("fixed", json!([names, some_of(names, dice)]));
    }
    if !ignored.is_empty() {
        set("ignore", json!(ignored));
    }
    if dice.one_in(3) {
        set("updateInternalDependencies", json!("minor"));
    }
    if dice.one_in(3) {
        let all = if two { json!({"version": true, "tag": true}) } else { json!(true) };
        set("privatePackages", dice.pick(&[all, json!(false), json!({"version": true}), json!({"tag": false})]));
    }
    if dice.one_in(8) {
        set("bumpVersionsWithWorkspaceProtocolOnly", json!(true));
    }
    if dice.one_in(5) {
        let options = [
            json!({"updateInternalDependents": "always"}),
            json!({"onlyUpdatePeerDependentsWhenOutOfRange": true}),
            json!({"onlyUpdatePeerDependentsWhenOutOfRange": true, "updateInternalDependents": "always"}),
        ];
        set("___experimentalUnsafeOptions_WILL_CHANGE_IN_PATCH", dice.pick(&options));
    }
    serde_json::to_string_pretty(&config).expect("JSON values can be written")
}

fn some_of<'a>(names: &[&'a str], dice: &mut Dice) -> Vec<&'a str> {
    names.iter().copied().filter(|_| dice.one_in(2)).collect()
}

fn add_change_files(world: &mut World, names: &[&str], pre: bool, dice: &mut Dice) {
    const BUMPS: [&str; 6] = ["major", "minor", "minor", "patch", "patch", "none"];
    for at in 0..=dice.below(4) {
        let mut front = Map::new();
        for _ in 0..dice.below(4) {
            let name = if dice.one_in(80) { "nobody" } else { dice.pick(names) };
            front.insert(name.to_owned(), json!(dice.pick(&BUMPS)));
        }
        let front: Vec<String> =
            front.iter().map(|(name, bump)| format!("\"{name}\": {}\n", bump.as_str().unwrap_or_default())).collect();
        let rest = if dice.one_in(3) { "\n\nWith a second\nparagraph.\n\n- and a list" } else { "" };
        let id = format!(
            "{}{}-{at}",
            if pre && dice.one_in(3) { "pre/" } else { "" },
            dice.pick(&["cats", "cats-run", "dogs"])
        );
        let text = format!("---\n{}---\n\n{} ({at}){rest}\n", front.concat(), dice.pick(&WORDS));
        world.change_files.insert(id, text);
    }
}

impl Case {
    /// Says whether version 2 would, at the end of the prerelease mode, release packages that it never releases: a fault of
    /// it that relay doesn't follow.
    pub(crate) fn releases_what_is_skipped(&self) -> bool {
        let Some(config) = &self.world.settings.changesets else { return false };
        let exits = config.pre.as_ref().is_some_and(|state| state.mode == PreMode::Exit);
        let skips = !config.ignore.is_empty() || !config.private_packages.version;
        self.generation == ChangesetsGeneration::Two && exits && skips
    }
}

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit.max(1)).unwrap_or(1);
        usize::try_from(self.next() % limit).unwrap_or(0)
    }

    fn one_in(&mut self, limit: usize) -> bool {
        self.below(limit) == 0
    }

    fn pick<T: Clone>(&mut self, items: &[T]) -> T {
        items.get(self.below(items.len())).cloned().expect("there is something to pick from")
    }
}

//! What is planned for versions that are taken back.

use super::*;

const NOW: &str = "2026-11-24T12:00:00Z";

fn name(text: &str) -> PackageName {
    PackageName::parse(text).unwrap()
}

fn version(text: &str) -> Version {
    Version::parse(text).unwrap()
}

/// A package with versions, of which one is taken back and the tags are as given.
fn facts(package: &str, versions: &[&str], undone: &[&str], tags: &[(&str, &str)]) -> PackageFacts {
    PackageFacts {
        name: name(package),
        registry: "http://registry.example/".parse().unwrap(),
        rules: RegistryRules::Npm,
        undone: undone.iter().map(|text| version(text)).collect(),
        versions: versions.iter().map(|text| version(text)).collect(),
        unseen: BTreeSet::new(),
        gone: BTreeSet::new(),
        deprecated: BTreeMap::new(),
        tags: tags.iter().map(|(tag, named)| (tag.parse().unwrap(), version(named))).collect(),
        before: BTreeMap::new(),
        published: versions.iter().map(|text| (version(text), "2026-11-24T09:00:00Z".parse().unwrap())).collect(),
        needs_person: true,
        blocked: None,
    }
}

fn around(dependents: &[(&str, &[&str])]) -> Surroundings {
    let mut members = BTreeSet::new();
    for (below, above) in dependents {
        members.insert(name(below));
        members.extend(above.iter().map(|above| name(above)));
    }
    Surroundings {
        dependents: dependents
            .iter()
            .map(|(below, above)| (name(below), above.iter().map(|above| name(above)).collect()))
            .collect(),
        members,
        change_files: BTreeSet::new(),
        now: NOW.parse().unwrap(),
    }
}

fn steps(plan: &UndoPlan) -> Vec<String> {
    plan.steps.iter().map(|step| format!("{}: {}", step.name, step.change)).collect()
}

fn planned(facts: PackageFacts) -> UndoPlan {
    let around = around(&[(facts.name.as_str(), &[])]);
    plan(&[facts], &around, &UndoWishes::default())
}

#[test]
fn a_tag_goes_back_to_what_it_is_recorded_to_have_named_before() {
    let core = facts("core", &["0.9.0", "1.0.0", "1.1.0", "1.2.0", "2.0.0-rc.1"], &["1.2.0"], &[("latest", "1.2.0")]);
    let recorded = |all: &[(&str, &str)]| -> BTreeMap<(DistTag, Version), Version> {
        all.iter().map(|(named, before)| ((DistTag::latest(), version(named)), version(before))).collect()
    };
    let to = |facts: PackageFacts| {
        let plan = planned(facts);
        let RegistryChange::SetTag { version, .. } = &plan.steps[0].change else { panic!("{plan:?}") };
        (version.to_string(), plan.steps[0].why.clone())
    };
    // `latest` had been kept back on purpose.
    let (version_before, why) = to(PackageFacts { before: recorded(&[("1.2.0", "1.0.0")]), ..core.clone() });
    assert_eq!((version_before.as_str(), why.as_str()), ("1.0.0", "it names 1.2.0; 1.0.0 is what it named before"));
    let two = PackageFacts {
        undone: BTreeSet::from([version("1.1.0"), version("1.2.0")]),
        before: recorded(&[("1.2.0", "1.1.0"), ("1.1.0", "0.9.0")]),
        ..core.clone()
    };
    assert_eq!(to(two).0, "0.9.0", "before both");

    let deprecated = BTreeMap::from([(version("1.0.0"), "leaks".to_owned())]);
    for (why, facts) in [
        ("nothing is recorded", core.clone()),
        ("it is gone", PackageFacts { before: recorded(&[("1.2.0", "1.0.5")]), ..core.clone() }),
        ("it is deprecated", PackageFacts { before: recorded(&[("1.2.0", "1.0.0")]), deprecated, ..core.clone() }),
        ("it is a prerelease", PackageFacts { before: recorded(&[("1.2.0", "2.0.0-rc.1")]), ..core.clone() }),
        ("it is itself", PackageFacts { before: recorded(&[("1.2.0", "1.2.0")]), ..core.clone() }),
    ] {
        let (version, said) = to(facts);
        assert_eq!(version, "1.1.0", "{why}");
        let expected = if why == "nothing is recorded" { "is not recorded" } else { "is no good place for it by now" };
        assert!(said.contains("the last good version before, and ") && said.ends_with(expected), "{said}");
    }
}

#[test]
fn latest_goes_back_to_the_last_good_stable_version_and_the_version_is_deprecated() {
    let mut core = facts("a", &["1.0.0", "1.1.0", "1.1.1", "1.2.0-rc.1", "1.2.0"], &["1.2.0"], &[("latest", "1.2.0")]);
    core.deprecated.insert(version("1.1.1"), "broken".into());
    let plan = planned(core);
    assert_eq!(steps(&plan), ["a: let `latest` name 1.1.0", "a: deprecate 1.2.0"]);
    assert_eq!(plan.challenges, 2);
    let RegistryChange::Deprecate { message, .. } = &plan.steps[1].change else { panic!("a deprecation") };
    assert_eq!(message, "This version was taken back: use 1.1.0, or one above 1.2.0");
    assert_eq!(plan.steps[0].was, Some(version("1.2.0")));
}

#[test]
fn latest_never_goes_to_a_prerelease_and_stays_where_nothing_is_before_it() {
    let plan = planned(facts("a", &["1.0.0-rc.1", "1.0.0"], &["1.0.0"], &[("latest", "1.0.0")]));
    assert_eq!(steps(&plan), ["a: deprecate 1.0.0"]);
    assert!(plan.left[0].why.contains("`latest` stays"), "{:?}", plan.left);
}

#[test]
fn another_tag_goes_back_in_its_own_line_or_goes() {
    let versions = ["1.0.0", "2.0.0-beta.1", "2.0.0-rc.1", "2.0.0-rc.2"];
    let back = planned(facts("a", &versions, &["2.0.0-rc.2"], &[("next", "2.0.0-rc.2"), ("latest", "1.0.0")]));
    assert_eq!(steps(&back)[0], "a: let `next` name 2.0.0-rc.1");
    let gone = planned(facts("a", &versions, &["2.0.0-rc.1", "2.0.0-rc.2"], &[("next", "2.0.0-rc.2")]));
    assert_eq!(steps(&gone), ["a: remove the dist-tag `next`", "a: deprecate 2.0.0-rc.1, 2.0.0-rc.2"]);
}

#[test]
fn what_is_so_already_is_not_planned_again() {
    let mut core = facts("a", &["1.1.0", "1.2.0"], &["1.2.0"], &[("latest", "1.1.0")]);
    core.deprecated.insert(version("1.2.0"), "whatever".into());
    let around = around(&[("a", &[])]);
    let file = plan(std::slice::from_ref(&core), &around, &UndoWishes::default()).successors.unwrap().file;
    let around = Surroundings { change_files: BTreeSet::from([file]), ..around };
    assert!(plan(std::slice::from_ref(&core), &around, &UndoWishes::default()).is_empty());
    let reworded = UndoWishes { message: Some("other".into()), ..UndoWishes::default() };
    assert_eq!(steps(&plan(&[core], &around, &reworded)), ["a: deprecate 1.2.0"]);
}

#[test]
fn the_next_patch_is_asked_for_with_all_dependents_unless_a_later_version_is_out() {
    let around = around(&[("a", &["b"]), ("b", &["c"]), ("c", &[]), ("d", &[])]);
    let core = facts("a", &["1.1.0", "1.2.0"], &["1.2.0"], &[("latest", "1.2.0")]);
    let successors = plan(std::slice::from_ref(&core), &around, &UndoWishes::default()).successors.unwrap();
    assert_eq!(successors.packages, [name("a"), name("b"), name("c")]);
    assert_eq!(successors.summary, "Takes the place of `a@1.2.0`, which was taken back");
    let without = UndoWishes { no_change_file: true, ..UndoWishes::default() };
    assert_eq!(plan(&[core], &around, &without).successors, None);
    let followed = facts("a", &["1.2.0", "1.2.1"], &["1.2.0"], &[("latest", "1.2.1")]);
    let plan = plan(&[followed], &around, &UndoWishes::default());
    assert_eq!((plan.successors, steps_len(&plan.steps)), (None, 1), "only its deprecation is left");
}

fn steps_len(steps: &[UndoStep]) -> usize {
    steps.len()
}

#[test]
fn dependents_are_changed_before_what_they_depend_on() {
    let around = around(&[("a", &["b"]), ("b", &[])]);
    let both = [
        facts("b", &["2.0.0", "2.1.0"], &["2.1.0"], &[("latest", "2.1.0")]),
        facts("a", &["1.1.0", "1.2.0"], &["1.2.0"], &[("latest", "1.2.0")]),
    ];
    let plan = plan(&both, &around, &UndoWishes::default());
    assert_eq!(
        steps(&plan),
        ["b: let `latest` name 2.0.0", "a: let `latest` name 1.1.0", "b: deprecate 2.1.0", "a: deprecate 1.2.0"]
    );
}

#[test]
fn a_version_is_unpublished_only_where_npm_still_allows_it() {
    let wishes = UndoWishes { unpublish: true, ..UndoWishes::default() };
    let alone = around(&[("a", &[])]);
    let core = facts("a", &["1.1.0", "1.2.0"], &["1.2.0"], &[("latest", "1.2.0")]);
    let young = plan(std::slice::from_ref(&core), &alone, &wishes);
    assert_eq!(steps(&young), ["a: let `latest` name 1.1.0", "a: unpublish 1.2.0"]);
    assert!(young.steps[1].why.contains("can't be known"), "what can't be known is said");

    let mut old = core.clone();
    old.published.insert(version("1.2.0"), "2026-11-21T11:00:00Z".parse().unwrap());
    let mut undated = core.clone();
    undated.published.clear();
    let without_before = facts("a", &["1.1.0-rc.1", "1.2.0"], &["1.2.0"], &[("latest", "1.2.0")]);
    let only = facts("a", &["1.2.0"], &["1.2.0"], &[("latest", "1.2.0")]);
    for (facts, around, why) in [
        (old, alone.clone(), "73 hours ago"),
        (undated, alone.clone(), "does not say when"),
        (core.clone(), around(&[("a", &["b"]), ("b", &[])]), "`b` depends on it"),
        (only, alone.clone(), "nothing of the package would be left"),
        (without_before, alone.clone(), "no good version before"),
    ] {
        let plan = plan(&[facts], &around, &wishes);
        assert!(plan.left.iter().any(|left| left.why.contains(why)), "{why}: {:?}", plan.left);
        assert!(steps(&plan).contains(&"a: deprecate 1.2.0".to_owned()), "{:?}", steps(&plan));
    }
    let plain = PackageFacts { rules: RegistryRules::Plain, published: BTreeMap::new(), ..core };
    assert!(steps(&plan(&[plain], &alone, &wishes)).contains(&"a: unpublish 1.2.0".to_owned()));
}

#[test]
fn a_tag_leaves_a_version_that_is_not_shown_yet_and_its_deprecation_is_left() {
    let plan = planned(facts("a", &["1.1.0"], &["1.2.0"], &[("latest", "1.2.0")]));
    assert_eq!(steps(&plan), ["a: let `latest` name 1.1.0"]);
    assert!(plan.left[0].why.contains("does not show it"), "{:?}", plan.left);
    let never_sent = PackageFacts { unseen: BTreeSet::from([version("1.2.0")]), ..facts("a", &["1.1.0"], &[], &[]) };
    let nothing = planned(never_sent);
    assert!(nothing.is_empty() && nothing.left.len() == 1, "{nothing:?}");
    let gone = PackageFacts {
        gone: BTreeSet::from([version("1.2.0")]),
        ..facts("a", &["1.1.0"], &["1.2.0"], &[("latest", "1.1.0")])
    };
    let plan = planned(gone);
    assert!(plan.steps.is_empty() && plan.left.is_empty() && plan.successors.is_some(), "{plan:?}");
}

#[test]
fn what_nobody_may_write_to_is_left_and_said() {
    let blocked = PackageFacts {
        blocked: Some("there is no credential".into()),
        ..facts("a", &["1.1.0", "1.2.0"], &["1.2.0"], &[("latest", "1.2.0")])
    };
    let plan = planned(blocked);
    assert!(plan.steps.is_empty());
    assert_eq!(plan.left[0].why, "there is no credential");
}

#[test]
fn a_side_tag_goes_with_the_release_that_it_was_for() {
    let tags = [("latest", "1.0.0"), ("relay-0123456789ab", "1.1.0")];
    let plan = planned(facts("a", &["1.0.0", "1.1.0"], &["1.1.0"], &tags));
    assert_eq!(steps(&plan)[0], "a: remove the dist-tag `relay-0123456789ab`", "else its promotion would go on");
    assert!(plan.steps[0].why.contains("is not to be promoted"), "{}", plan.steps[0].why);
}

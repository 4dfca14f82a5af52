//! Discovery on generated trees, judged by matching every folder one by one.

use std::collections::BTreeSet;

use proptest::prelude::{Strategy, prop, prop_assert, prop_assert_eq, proptest};
use proptest::test_runner::Config;

use crate::checkout::{Checkout, paths};

/// Names that repeat, so that patterns meet them.
fn folder() -> impl Strategy<Value = String> {
    let name = prop::sample::select(&["packages", "apps", "a", "b", ".c", "node_modules", "ab"][..]);
    prop::collection::vec(name, 1..4).prop_map(|names| names.join("/"))
}

fn pattern() -> impl Strategy<Value = String> {
    let part = prop::sample::select(&["packages", "apps", "*", "**", "a*", "{a,b}", "[ab]", "a", "?"][..]);
    let parts = prop::collection::vec(part, 1..4).prop_map(|parts| parts.join("/"));
    (parts, prop::bool::weighted(0.2)).prop_map(|(pattern, out)| if out { format!("!{pattern}") } else { pattern })
}

/// A second, slow reading of a pattern: over the whole path, by recursion.
fn matches(pattern: &[&str], path: &[&str], dot: bool) -> bool {
    let Some((part, rest)) = pattern.split_first() else { return path.is_empty() };
    if *part == "**" {
        let deeper = path
            .split_first()
            .is_some_and(|(name, below)| (dot || !name.starts_with('.')) && matches(pattern, below, dot));
        return matches(rest, path, dot) || deeper;
    }
    let Some((name, below)) = path.split_first() else { return false };
    let fits = match *part {
        "*" => dot || !name.starts_with('.'),
        "a*" => name.starts_with('a'),
        "{a,b}" | "[ab]" => *name == "a" || *name == "b",
        "?" => name.len() == 1,
        literal => *name == literal,
    };
    fits && matches(rest, below, dot)
}

fn parts(path: &str) -> Vec<&str> {
    path.split('/').collect()
}

proptest! {
    #![proptest_config(Config::with_cases(96))]

    #[test]
    fn finds_exactly_the_folders_that_the_patterns_mean(
        folders in prop::collection::btree_set(folder(), 0..12),
        patterns in prop::collection::vec(pattern(), 1..5),
    ) {
        let mut checkout = Checkout::new().file("pnpm-workspace.yaml", &serde_json::json!({ "packages": patterns }).to_string());
        for (index, folder) in folders.iter().enumerate() {
            checkout = checkout.package(folder, &format!("p{index}"));
        }
        let workspace = checkout.workspace();
        let expected: BTreeSet<&str> = folders
            .iter()
            .map(String::as_str)
            .filter(|folder| !parts(folder).contains(&"node_modules"))
            .filter(|folder| patterns.iter().any(|p| !p.starts_with('!') && matches(&parts(p), &parts(folder), false)))
            .filter(|folder| {
                !patterns.iter().filter_map(|p| p.strip_prefix('!')).any(|p| matches(&parts(p), &parts(folder), true))
            })
            .collect();
        prop_assert_eq!(paths(&workspace).into_iter().collect::<BTreeSet<_>>(), expected);
        prop_assert!(workspace.packages.is_sorted_by(|a, b| a.name < b.name));
        prop_assert_eq!(&checkout.workspace(), &workspace);
    }
}

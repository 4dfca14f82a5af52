//! Overrides that bear on bundled packages, for which npm 12 refuses to pack (`EBUNDLEOVERRIDE`): whoever installs the package
//! doesn't apply its overrides, so that what is bundled fits nothing there. And those that contradict a dependency of the
//! package itself, which every npm refuses (`EOVERRIDE`).
//!
//! The rules are those of npm 12.2's Arborist (`override-set.js`, `get overridden` in `node.js`): a package counts as overridden
//! where a rule applies to a dependency on it and names exactly the version that is installed.

use std::collections::{BTreeSet, HashSet, VecDeque};

use camino::{Utf8Path, Utf8PathBuf};
use relay_config::NpmRules;
use relay_workspace::{Range, Version};
use serde_json::{Map, Value};

use super::{Wanted, resolve};
use crate::error::PackError;
use crate::executables::Executables;
use crate::fields;
use crate::pack::PackRequest;
use crate::packlist::{Source, read_manifest};

/// Rules may nest this deep.
const DEPTH_MAX: usize = 32;
/// So many packages are looked at.
const PACKAGES_MAX: usize = 100_000;

/// One rule of `overrides`. The first of a tree is the whole field.
struct Rule {
    parent: Option<usize>,
    children: Vec<usize>,
    name: String,
    /// As it is written: `name` or `name@range`.
    key: String,
    range: String,
    value: String,
}

/// A dependency on a package, and the rules that are in force where it is declared.
struct Edge {
    name: String,
    range: String,
    from: Utf8PathBuf,
    rules: usize,
}

/// Refuses a package whose overrides bear on what it bundles.
pub(super) fn refuse(
    request: &PackRequest,
    source: &Source,
    (root, top): (&Utf8Path, &Utf8Path),
) -> Result<(), PackError> {
    let Some(Value::Object(overrides)) = source.manifest.get("overrides").filter(|value| !is_empty(value)) else {
        return Ok(());
    };
    let mut rules = vec![Rule {
        parent: None,
        children: Vec::new(),
        name: String::new(),
        key: String::new(),
        range: String::new(),
        value: String::new(),
    }];
    add(&mut rules, 0, overrides, 0);
    let package = source.manifest.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut pending: VecDeque<Edge> = edges(&source.manifest, root, 0).collect();
    // Other managers have overrides of their own, and pass npm's over.
    if request.conventions.executables == Executables::Npm {
        for edge in &pending {
            let rule = rules.get(rule_for(&rules, 0, edge)).filter(|rule| rule.name == edge.name);
            let value = rule.map(|rule| rule.value.as_str()).filter(|value| *value != "*" && !value.starts_with('$'));
            if value.is_some_and(|value| value != edge.range) {
                return Err(PackError::DependencyOverridden { package, dependency: edge.name.clone() });
            }
        }
    }
    if request.conventions.npm != NpmRules::Npm12 {
        return Ok(());
    }
    pending.retain(|edge| source.fields.bundled.contains(&edge.name) && !source.fields.dev.contains(&edge.name));
    let mut seen = HashSet::new();
    let mut overridden = BTreeSet::new();
    while let Some(edge) = pending.pop_front() {
        let wanted = Wanted { name: edge.name.clone(), from: edge.from.clone(), by: None, optional: true };
        let Some(installed) = resolve(root, top, &wanted) else { continue };
        let rule = rule_for(&rules, edge.rules, &edge);
        if seen.len() >= PACKAGES_MAX || !seen.insert((installed.path.clone(), rule)) {
            continue;
        }
        let Some(text) = read_manifest(&installed.path)? else { continue };
        let manifest = fields::parse(&installed.path.join("package.json"), &text)?;
        let version = manifest.get("version").and_then(Value::as_str);
        if rule != edge.rules
            && rules.get(rule).is_some_and(|rule| rule.name == edge.name && Some(rule.value.as_str()) == version)
        {
            overridden.insert(edge.name.clone());
        }
        pending.extend(edges(&manifest, &installed.real, rule));
    }
    if overridden.is_empty() {
        return Ok(());
    }
    Err(PackError::BundledOverridden { package, dependencies: overridden.into_iter().collect() })
}

fn is_empty(value: &Value) -> bool {
    value.as_object().is_none_or(Map::is_empty)
}

/// Adds the rules of an object below another rule.
fn add(rules: &mut Vec<Rule>, parent: usize, object: &Map<String, Value>, depth: usize) {
    for (key, value) in object.iter().filter(|(key, _)| key.as_str() != "." && depth < DEPTH_MAX) {
        let at = key.char_indices().skip(1).find(|(_, c)| *c == '@').map(|(at, _)| at);
        let (name, range) = match at.and_then(|at| key.split_at_checked(at)) {
            Some((name, range)) => (name, range.trim_start_matches('@')),
            None => (key.as_str(), "*"),
        };
        let own = match value {
            Value::String(text) => Some(text.as_str()),
            other => other.get(".").and_then(Value::as_str),
        };
        let value_of_rule = match own {
            Some("") => "*",
            Some(text) => text,
            None => range,
        };
        let index = rules.len();
        rules.push(Rule {
            parent: Some(parent),
            children: Vec::new(),
            name: name.to_owned(),
            key: key.clone(),
            range: range.to_owned(),
            value: value_of_rule.to_owned(),
        });
        if let Some(parent) = rules.get_mut(parent) {
            parent.children.push(index);
        }
        if let Value::Object(below) = value {
            add(rules, index, below, depth + 1);
        }
    }
}

/// The rule that applies to a dependency where these rules are in force: the nearest of its name, else they go on.
fn rule_for(rules: &[Rule], current: usize, edge: &Edge) -> usize {
    let mut keys: HashSet<&str> = HashSet::new();
    let mut place = Some(current);
    while let Some(rule) = place.and_then(|place| rules.get(place)) {
        let own = place.filter(|_| rule.parent.is_some());
        for index in rule.children.iter().copied().chain(own) {
            let Some(candidate) = rules.get(index).filter(|candidate| keys.insert(&candidate.key)) else { continue };
            if candidate.name == edge.name && (candidate.range == "*" || overlap(&candidate.range, &edge.range)) {
                return index;
            }
        }
        place = rule.parent;
    }
    current
}

/// Whether a version may be in both ranges, by those that they name and the ones right after. What is no range meets every rule.
fn overlap(rule: &str, range: &str) -> bool {
    let range = range.strip_prefix("npm:").and_then(|alias| alias.rsplit_once('@')).map_or(range, |(_, range)| range);
    let (Ok(one), Ok(other)) = (Range::parse(rule), Range::parse(range)) else { return true };
    let named =
        [rule, range].into_iter().flat_map(|text| text.split(|c: char| c.is_whitespace() || "^~<>=|v".contains(c)));
    let versions = named.filter_map(first_of).chain([Version::new(0, 0, 0)]);
    let after = |version: &Version| Version::new(version.major, version.minor, version.patch + 1);
    versions
        .flat_map(|version| [after(&version), version])
        .any(|version| one.accepts(&version) && other.accepts(&version))
}

/// The lowest version that a word of a range stands for: `1.2.3`, `1.2` and `1.x` alike.
fn first_of(word: &str) -> Option<Version> {
    if let Ok(version) = Version::parse(word) {
        return Some(version);
    }
    let mut numbers = word.split('.').map(|part| part.parse::<u64>().unwrap_or(0));
    word.starts_with(|c: char| c.is_ascii_digit()).then(|| {
        let mut next = || numbers.next().unwrap_or(0);
        Version::new(next(), next(), next())
    })
}

fn edges(manifest: &Map<String, Value>, from: &Utf8Path, rules: usize) -> impl Iterator<Item = Edge> {
    let mut edges = Vec::new();
    for field in ["dependencies", "optionalDependencies"] {
        for (name, range) in manifest.get(field).and_then(Value::as_object).into_iter().flatten() {
            let range = range.as_str().unwrap_or_default().to_owned();
            edges.push(Edge { name: name.clone(), range, from: from.to_owned(), rules });
        }
    }
    edges.into_iter()
}

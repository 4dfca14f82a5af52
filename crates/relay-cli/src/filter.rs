//! `--filter`: which packages of the workspace a command is about, in pnpm's grammar. Pure.
//!
//! Selectors add up; those with `!` take away from what the others have chosen, or from all packages where there are no
//! others. Dependencies and dependents are followed over all kinds of edges, devDependencies too, as pnpm does. Unlike
//! pnpm, a selector that matches nothing is an error: in a release, a misspelt name must not end in "nothing to do".

mod selector;

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;
use relay_graph::DependencyGraph;
use relay_workspace::{PackageName, Workspace};

use crate::error::{CliError, ErrorKind};
use selector::Selector;

pub(crate) use selector::InvalidSelector;

/// How many names a complaint about an unknown name lists.
const SUGGESTIONS_MAX: usize = 5;

/// Why `--filter` chooses nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FilterError {
    /// A selector is not in the grammar.
    #[error(transparent)]
    Invalid(#[from] InvalidSelector),
    /// A selector matches no package.
    #[error("no package of the workspace matches `--filter {selector}`")]
    Unmatched {
        /// The selector as typed.
        selector: String,
        /// Names that may have been meant, best first.
        similar: Vec<PackageName>,
    },
    /// Each selector matches something, and what is taken away leaves nothing.
    #[error("the selectors of `--filter` leave no package over")]
    Nothing,
}

impl From<FilterError> for CliError {
    fn from(error: FilterError) -> Self {
        let grammar = "`relay COMMAND --help` shows the grammar of `--filter`";
        match &error {
            FilterError::Invalid(_) => Self::of(ErrorKind::Usage, &error).code("relay::filter::invalid").hint(grammar),
            FilterError::Nothing => Self::of(ErrorKind::User, &error).code("relay::filter::nothing"),
            FilterError::Unmatched { similar, .. } => {
                let result = Self::of(ErrorKind::User, &error).code("relay::filter::unmatched");
                if similar.is_empty() {
                    return result.hint("`relay graph` lists the packages of the workspace");
                }
                let names: Vec<String> = similar.iter().map(|name| format!("`{name}`")).collect();
                result.hint(format!("did you mean {}?", names.join(" or ")))
            }
        }
    }
}

/// Chooses packages. Without selectors all are chosen; `here` is the folder that paths are relative to, itself relative to
/// the workspace root.
///
/// # Errors
/// [`FilterError`] for a selector outside the grammar, for one that matches nothing, and where nothing is left over.
pub(crate) fn select(
    selectors: &[String],
    workspace: &Workspace,
    graph: &DependencyGraph,
    here: &Utf8Path,
) -> Result<BTreeSet<PackageName>, FilterError> {
    let all = || workspace.packages.iter().map(|package| package.name.clone()).collect();
    let parsed = selectors.iter().map(|text| Selector::parse(text, here)).collect::<Result<Vec<_>, _>>()?;
    let (excluding, including): (Vec<_>, Vec<_>) = parsed.into_iter().partition(|selector| selector.exclude);
    let neighbours = Neighbours::of(graph);
    let mut chosen: BTreeSet<PackageName> = if including.is_empty() { all() } else { BTreeSet::new() };
    for selector in &including {
        chosen.extend(matched(selector, workspace, &neighbours)?);
    }
    for selector in &excluding {
        for name in matched(selector, workspace, &neighbours)? {
            chosen.remove(&name);
        }
    }
    if chosen.is_empty() && !selectors.is_empty() {
        return Err(FilterError::Nothing);
    }
    Ok(chosen)
}

/// The packages that one selector stands for, whatever its `!`.
fn matched(
    selector: &Selector,
    workspace: &Workspace,
    neighbours: &Neighbours<'_>,
) -> Result<BTreeSet<PackageName>, FilterError> {
    let roots = roots(selector, workspace);
    if roots.is_empty() {
        return Err(FilterError::Unmatched {
            selector: selector.text.clone(),
            similar: similar(selector.name.as_deref().unwrap_or_default(), workspace),
        });
    }
    let mut found: BTreeSet<&PackageName> = BTreeSet::new();
    if selector.dependents {
        found.extend(reach(&roots, &neighbours.dependents));
    }
    if selector.dependencies {
        // As in pnpm, `...name...` also takes what the dependents depend on: they can't be built without it.
        let from: BTreeSet<&PackageName> = roots.union(&found).copied().collect();
        found.extend(reach(&from, &neighbours.dependencies));
    }
    // As in pnpm, with `^` a package stays when another one that was named leads to it.
    if !selector.without_itself {
        found.extend(&roots);
    }
    Ok(found.into_iter().cloned().collect())
}

/// The packages that a selector names, before its dots.
fn roots<'a>(selector: &Selector, workspace: &'a Workspace) -> BTreeSet<&'a PackageName> {
    let matching = |by_name: &dyn Fn(&PackageName) -> bool| -> BTreeSet<&'a PackageName> {
        let fits = |path: &Utf8Path| selector.folder.as_ref().is_none_or(|folder| folder.matches(path));
        let packages = workspace.packages.iter();
        packages.filter(|package| by_name(&package.name) && fits(&package.path)).map(|package| &package.name).collect()
    };
    let Some(pattern) = &selector.name else { return matching(&|_| true) };
    let patterns = relay_config::NamePatterns::new(vec![pattern.clone()]);
    let found = matching(&|name| patterns.matches(name));
    if !found.is_empty() || pattern.starts_with('@') || pattern.contains('/') {
        return found;
    }
    let patterns = relay_config::NamePatterns::new(vec![format!("@*/{pattern}")]);
    let scoped = matching(&|name| patterns.matches(name));
    if scoped.len() == 1 { scoped } else { BTreeSet::new() }
}

/// All that can be reached from some packages, without these unless a circle leads back to them.
fn reach<'a>(
    from: &BTreeSet<&'a PackageName>,
    edges: &BTreeMap<&'a PackageName, Vec<&'a PackageName>>,
) -> BTreeSet<&'a PackageName> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&PackageName> = from.iter().copied().collect();
    while let Some(name) = open.pop() {
        for next in edges.get(name).into_iter().flatten() {
            if found.insert(*next) {
                open.push(next);
            }
        }
    }
    found
}

/// The graph in both directions, over all kinds of edges.
struct Neighbours<'a> {
    dependencies: BTreeMap<&'a PackageName, Vec<&'a PackageName>>,
    dependents: BTreeMap<&'a PackageName, Vec<&'a PackageName>>,
}

impl<'a> Neighbours<'a> {
    fn of(graph: &'a DependencyGraph) -> Self {
        let mut result = Self { dependencies: BTreeMap::new(), dependents: BTreeMap::new() };
        for edge in graph.edges() {
            result.dependencies.entry(&edge.from).or_default().push(&edge.to);
            result.dependents.entry(&edge.to).or_default().push(&edge.from);
        }
        result
    }
}

/// Names close to one that was typed: the same without its scope, or a few letters off.
fn similar(typed: &str, workspace: &Workspace) -> Vec<PackageName> {
    let bare = |name: &str| name.rsplit('/').next().unwrap_or(name).to_lowercase();
    let wanted = bare(typed).replace('*', "");
    if wanted.is_empty() {
        return Vec::new();
    }
    let allowed = wanted.chars().count() / 3;
    let mut close: Vec<(usize, &PackageName)> = workspace
        .packages
        .iter()
        .map(|package| (distance(&wanted, &bare(package.name.as_str())), &package.name))
        .filter(|(distance, _)| *distance <= allowed)
        .collect();
    close.sort();
    close.into_iter().take(SUGGESTIONS_MAX).map(|(_, name)| name.clone()).collect()
}

/// How many letters must be added, dropped, replaced or swapped with their neighbour.
fn distance(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in right.iter().enumerate() {
            let at = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX - 1);
            let mut best = (at(&last, j) + usize::from(a != b)).min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            let swapped = i > 0 && j > 0 && left.get(i - 1) == Some(b) && right.get(j - 1) == Some(a);
            if swapped {
                best = best.min(at(&before_last, j - 1) + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests;

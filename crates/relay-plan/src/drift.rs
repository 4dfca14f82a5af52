//! What has changed: since a saved plan was made, and between two plans.

use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write as _;

use relay_workspace::PackageName;
use serde::Serialize;

use crate::plan::{PlannedPackage, ReleasePlan};

/// One thing that differs from a saved plan, as a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift(pub String);

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What differs from a saved plan in a way that forbids carrying it out (invariant I15). The time does not count.
pub fn drift(saved: &ReleasePlan, now: &ReleasePlan) -> Vec<Drift> {
    let mut found = Vec::new();
    if saved.fingerprint.head != now.fingerprint.head {
        let word = |head: &Option<String>| head.clone().unwrap_or_else(|| "no commit".to_owned());
        found.push(Drift(format!(
            "HEAD was at {}, and is at {}",
            word(&saved.fingerprint.head),
            word(&now.fingerprint.head)
        )));
    }
    if saved.fingerprint.inputs != now.fingerprint.inputs {
        found.push(Drift("manifests, change files or settings have changed".to_owned()));
    }
    let difference = diff(saved, now);
    found.extend(difference.added.iter().map(|line| Drift(format!("{} {} has come in", line.name, line.next))));
    found.extend(difference.removed.iter().map(|line| Drift(format!("{} {} has dropped out", line.name, line.next))));
    for (name, changes) in &difference.changed {
        found.extend(changes.iter().map(|change| Drift(format!("{name}: {change}"))));
    }
    found
}

/// The difference between two plans.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct PlanDiff {
    /// Packages that only the new plan has.
    pub added: Vec<DiffLine>,
    /// Packages that only the old plan has.
    pub removed: Vec<DiffLine>,
    /// What changed of packages in both.
    pub changed: BTreeMap<PackageName, Vec<String>>,
    /// Challenges in the old and in the new plan.
    pub challenges: (usize, usize),
}

/// One package of a difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DiffLine {
    /// The package.
    pub name: PackageName,
    /// The version.
    pub next: String,
    /// The route.
    pub route: String,
}

/// Compares two plans.
pub fn diff(old: &ReleasePlan, new: &ReleasePlan) -> PlanDiff {
    let line = |package: &PlannedPackage| DiffLine {
        name: package.name.clone(),
        next: package.next.to_string(),
        route: package.route.kind.to_string(),
    };
    let missing_in = |from: &ReleasePlan, other: &ReleasePlan| {
        from.packages.iter().filter(|package| other.package(&package.name).is_none()).map(line).collect()
    };
    let mut changed = BTreeMap::new();
    for before in &old.packages {
        if let Some(after) = new.package(&before.name) {
            let changes = changes(before, after);
            if !changes.is_empty() {
                changed.insert(before.name.clone(), changes);
            }
        }
    }
    PlanDiff {
        added: missing_in(new, old),
        removed: missing_in(old, new),
        changed,
        challenges: (old.humans.challenges, new.humans.challenges),
    }
}

fn changes(before: &PlannedPackage, after: &PlannedPackage) -> Vec<String> {
    let access = |package: &PlannedPackage| package.access.map_or("unsaid".to_owned(), |access| access.to_string());
    let integrity = |package: &PlannedPackage| {
        package.tarball.as_ref().map_or("not packed".to_owned(), |tarball| tarball.integrity.to_string())
    };
    let both_packed = before.tarball.is_some() && after.tarball.is_some();
    [
        ("version", before.next.to_string(), after.next.to_string()),
        ("route", before.route.kind.to_string(), after.route.kind.to_string()),
        ("registry", before.registry.clone(), after.registry.clone()),
        ("dist-tag", before.tag.clone(), after.tag.clone()),
        ("access", access(before), access(after)),
        ("wave", before.wave.to_string(), after.wave.to_string()),
    ]
    .into_iter()
    .chain(both_packed.then(|| ("tarball", integrity(before), integrity(after))))
    .filter(|(_, before, after)| before != after)
    .map(|(what, before, after)| format!("{what} was {before}, and is {after}"))
    .collect()
}

impl PlanDiff {
    /// Says whether the plans agree.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty()
            && self.removed.is_empty()
            && self.changed.is_empty()
            && self.challenges.0 == self.challenges.1
    }

    /// The difference for people.
    pub fn to_text(&self) -> String {
        if self.is_empty() {
            return "The plans agree.\n".to_owned();
        }
        let mut text = String::new();
        for line in &self.added {
            let _ = writeln!(text, "+ {} {} ({})", line.name, line.next, line.route);
        }
        for line in &self.removed {
            let _ = writeln!(text, "- {} {} ({})", line.name, line.next, line.route);
        }
        for (name, changes) in &self.changed {
            let _ = writeln!(text, "~ {name}: {}", changes.join("; "));
        }
        if self.challenges.0 != self.challenges.1 {
            let _ = writeln!(text, "challenges for a person: {} → {}", self.challenges.0, self.challenges.1);
        }
        text
    }

    /// The difference for a pull request.
    pub fn to_markdown(&self) -> String {
        if self.is_empty() {
            return "The release plan does not change.\n".to_owned();
        }
        format!("```diff\n{}```\n", self.to_text())
    }

    /// The difference as JSON.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a difference has string keys only");
        text.push('\n');
        text
    }
}

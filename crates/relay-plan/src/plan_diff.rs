//! What differs between two plans, to be read: on a terminal, in a pull request, or by a program.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use relay_workspace::PackageName;
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::drift::versions_apart;
use crate::finding::Finding;
use crate::release_plan::{Humans, PlannedPackage, ReleasePlan};
use crate::render::{escaped, one_line};

/// What the `schema` field of a difference says.
pub const PLAN_DIFF_SCHEMA: &str = "relay.plan-diff/1";

/// How many lines a comment has at most, so that a forge takes it.
const MARKDOWN_LINES_MAX: usize = 200;

/// The difference between an old and a new plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanDiff {
    /// [`PLAN_DIFF_SCHEMA`].
    pub schema: String,
    /// Packages that only the new plan has, in its order.
    pub added: Vec<PackageLine>,
    /// Packages that only the old plan has, in its order.
    pub removed: Vec<PackageLine>,
    /// Packages that both have, with differences, in the order of the new plan.
    pub changed: Vec<ChangedPackage>,
    /// Packages that are not published and whose new versions differ, sorted by name.
    #[serde(default)]
    pub versioned: Vec<ChangedVersion>,
    /// The people's share, where it differs.
    pub humans: Option<HumansChange>,
    /// Findings that only the new plan has.
    pub new_findings: Vec<Finding>,
    /// Findings that only the old plan has.
    pub settled_findings: Vec<Finding>,
}

/// A package that one of the plans has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageLine {
    /// Its name.
    pub name: PackageName,
    /// The version in its manifest.
    pub current: Version,
    /// The version to publish.
    pub next: Version,
}

/// A package that gets a version and is not published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedVersion {
    /// Its name.
    pub name: PackageName,
    /// The version that the old plan writes, where it writes one.
    pub old: Option<Version>,
    /// The version that the new plan writes, where it writes one.
    pub new: Option<Version>,
}

/// A package that both plans have, with differences.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedPackage {
    /// Its name.
    pub name: PackageName,
    /// The differences; never empty.
    pub changes: Vec<Change>,
}

/// One field that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The field as people call it.
    pub field: String,
    /// What the old plan has.
    pub old: String,
    /// What the new plan has.
    pub new: String,
}

/// The people's share before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HumansChange {
    /// What the old plan has.
    pub old: Humans,
    /// What the new plan has.
    pub new: Humans,
}

/// Compares two plans.
pub fn diff(old: &ReleasePlan, new: &ReleasePlan) -> PlanDiff {
    let by_name =
        |plan: &'_ ReleasePlan| plan.packages.iter().map(|package| package.name.clone()).collect::<BTreeSet<_>>();
    let (before, after) = (by_name(old), by_name(new));
    let only = |plan: &ReleasePlan, other: &BTreeSet<PackageName>| -> Vec<PackageLine> {
        plan.packages.iter().filter(|package| !other.contains(&package.name)).map(PackageLine::of).collect()
    };
    let (moved_before, moved_after) = (moved(old), moved(new));
    let olds: BTreeMap<_, _> = old.packages.iter().map(|package| (&package.name, package)).collect();
    let changed = new
        .packages
        .iter()
        .filter_map(|package| {
            let mut changes = changes(olds.get(&package.name)?, package);
            let [old, new] = [&moved_before, &moved_after].map(|moved| tag_moment(moved, &package.name));
            if old != new {
                changes.push(Change { field: "tag moves".to_owned(), old, new });
            }
            (!changes.is_empty()).then(|| ChangedPackage { name: package.name.clone(), changes })
        })
        .collect();
    let findings_only = |plan: &ReleasePlan, other: &ReleasePlan| -> Vec<Finding> {
        plan.findings.iter().filter(|finding| !other.findings.contains(finding)).cloned().collect()
    };
    PlanDiff {
        schema: PLAN_DIFF_SCHEMA.to_owned(),
        added: only(new, &before),
        removed: only(old, &after),
        changed,
        versioned: versions_apart(old, new)
            .into_iter()
            .map(|(name, old, new)| ChangedVersion { name: name.clone(), old: old.cloned(), new: new.cloned() })
            .collect(),
        humans: (old.humans != new.humans).then(|| HumansChange { old: old.humans.clone(), new: new.humans.clone() }),
        new_findings: findings_only(new, old),
        settled_findings: findings_only(old, new),
    }
}

/// The packages whose dist-tags move at the end.
fn moved(plan: &ReleasePlan) -> BTreeSet<&PackageName> {
    plan.promotion.iter().flat_map(|promotion| &promotion.moved).map(|planned| &planned.name).collect()
}

fn tag_moment(moved: &BTreeSet<&PackageName>, name: &PackageName) -> String {
    if moved.contains(name) { "when all is out" } else { "with the upload" }.to_owned()
}

fn changes(old: &PlannedPackage, new: &PlannedPackage) -> Vec<Change> {
    let list = |names: &[PackageName]| match names {
        [] => "nothing".to_owned(),
        names => names.iter().map(PackageName::as_str).collect::<Vec<_>>().join(", "),
    };
    let sitting = |package: &PlannedPackage| package.sitting.map_or("none".to_owned(), |number| number.to_string());
    let tarball = |package: &PlannedPackage| {
        package.tarball.as_ref().map_or("not packed".to_owned(), |fact| fact.integrity.to_string())
    };
    let access = |package: &PlannedPackage| package.access.map_or("none said", |access| access.as_str()).to_owned();
    let credential = |package: &PlannedPackage| package.route.credential.clone().unwrap_or_else(|| "none".to_owned());
    let source = |package: &PlannedPackage| package.registry_source.clone().unwrap_or_else(|| "none".to_owned());
    let fields: [(&str, String, String); 13] = [
        ("version", old.next.to_string(), new.next.to_string()),
        ("current version", old.current.to_string(), new.current.to_string()),
        ("bump", old.bump.to_string(), new.bump.to_string()),
        ("route", old.route.kind.to_string(), new.route.kind.to_string()),
        ("credential", credential(old), credential(new)),
        ("publishing access", old.publishing_access.to_string(), new.publishing_access.to_string()),
        ("wave", old.wave.to_string(), new.wave.to_string()),
        ("sitting", sitting(old), sitting(new)),
        ("registry", old.registry.to_string(), new.registry.to_string()),
        ("registry's source", source(old), source(new)),
        ("tag", old.tag.to_string(), new.tag.to_string()),
        ("access", access(old), access(new)),
        ("waits for", list(&old.depends_on), list(&new.depends_on)),
    ];
    let mut changes: Vec<Change> = fields
        .into_iter()
        .filter(|(_, old, new)| old != new)
        .map(|(field, old, new)| Change { field: field.to_owned(), old, new })
        .collect();
    // A plan that is not packed says nothing of bytes.
    if old.tarball.is_some() && new.tarball.is_some() && tarball(old) != tarball(new) {
        changes.push(Change { field: "tarball".to_owned(), old: tarball(old), new: tarball(new) });
    }
    changes
}

impl PackageLine {
    fn of(package: &PlannedPackage) -> Self {
        Self { name: package.name.clone(), current: package.current.clone(), next: package.next.clone() }
    }

    fn versions(&self) -> String {
        if self.current == self.next { self.next.to_string() } else { format!("{} → {}", self.current, self.next) }
    }
}

impl PlanDiff {
    /// Says whether the plans do the same.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty()
            && self.removed.is_empty()
            && self.changed.is_empty()
            && self.versioned.is_empty()
            && self.humans.is_none()
            && self.new_findings.is_empty()
            && self.settled_findings.is_empty()
    }

    /// Writes the difference as indented JSON with a final line break.
    pub fn to_json(&self) -> String {
        let mut text =
            serde_json::to_string_pretty(self).expect("a difference of plans is always representable as JSON");
        text.push('\n');
        text
    }

    /// Writes the difference for a terminal: `+` is new, `-` is gone, `~` has changed.
    pub fn to_text(&self) -> String {
        if self.is_empty() {
            return "the plans are the same\n".to_owned();
        }
        let mut text = String::new();
        for line in self.lines(&|name| name.to_string(), &one_line) {
            text.push_str(&line);
            text.push('\n');
        }
        text
    }

    /// Writes the difference for a pull request.
    pub fn to_markdown(&self) -> String {
        if self.is_empty() {
            return "The plans are the same.\n".to_owned();
        }
        let lines = self.lines(&|name| format!("`{name}`"), &escaped);
        let mut text = String::from("### What changed in the release plan\n\n");
        for line in lines.iter().take(MARKDOWN_LINES_MAX) {
            // A `+`, `-` or `~` in front would begin another kind of list.
            let (sign, rest) = line.split_at(1);
            let word = match sign {
                "+" => "new:",
                "-" => "gone:",
                _ => "changed:",
            };
            // Writing to a `String` can't fail.
            let _ = writeln!(text, "- {word}{rest}");
        }
        if let Some(left) = lines.len().checked_sub(MARKDOWN_LINES_MAX).filter(|left| *left > 0) {
            let _ = writeln!(text, "- and {left} more");
        }
        text
    }

    /// One line a difference, with names and foreign text as the medium needs them.
    fn lines(&self, name: &dyn Fn(&PackageName) -> String, free: &dyn Fn(&str) -> String) -> Vec<String> {
        let mut lines = Vec::new();
        for line in &self.added {
            lines.push(format!("+ {} {}", name(&line.name), line.versions()));
        }
        for line in &self.removed {
            lines.push(format!("- {} {}", name(&line.name), line.versions()));
        }
        for package in &self.changed {
            let changes = package.changes.iter();
            let changes =
                changes.map(|change| format!("{} {} → {}", change.field, free(&change.old), free(&change.new)));
            lines.push(format!("~ {}: {}", name(&package.name), changes.collect::<Vec<_>>().join("; ")));
        }
        for package in &self.versioned {
            let version = |version: &Option<Version>| version.as_ref().map_or("none".to_owned(), Version::to_string);
            let (old, new) = (version(&package.old), version(&package.new));
            lines.push(format!("~ {}: version, not published: {old} → {new}", name(&package.name)));
        }
        if let Some(humans) = &self.humans {
            lines.push(format!("~ people: {} → {}", share(&humans.old), share(&humans.new)));
        }
        for (sign, findings) in [("+", &self.new_findings), ("-", &self.settled_findings)] {
            for finding in findings {
                let about = finding.package.as_ref().map(|package| format!("{}: ", name(package))).unwrap_or_default();
                lines.push(format!("{sign} {}: {about}{}", finding.severity.as_str(), free(&finding.text)));
            }
        }
        lines
    }
}

fn share(humans: &Humans) -> String {
    match humans.challenges {
        0 => "nobody is needed".to_owned(),
        challenges => format!(
            "{} in {}",
            crate::render::counted(challenges, "challenge"),
            crate::render::counted(humans.sittings, "sitting")
        ),
    }
}

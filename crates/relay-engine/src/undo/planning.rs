//! What is done about versions that are out and should not be: a pure function from what registries have.
//!
//! A dist-tag goes back to what it named before, where a record of the release tells that; else to what it may have named, as far
//! as that can be told from the versions that are left. What can't be told, or is not allowed, is left and said.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use relay_config::RegistryRules;
use relay_plan::is_side_tag;
use relay_values::{DistTag, RegistryUrl};
use relay_workspace::{PackageName, Version};

use super::plan::{Left, Successors, UNDO_SCHEMA, UndoPlan, UndoStep, UndoneVersion, file_name};
use crate::registry_change::RegistryChange;

/// How long npm lets a version be taken back that nobody depends on (`npm-registry.md`, 9).
pub const UNPUBLISH_WITHIN: Duration = Duration::from_hours(72);

/// What is said of a version that nobody sees.
const UNSEEN: &str = "the registry does not show it: if it is still being processed there, run the same command again when it \
                      can be seen, since only then it can be deprecated";

/// What is wished.
#[derive(Debug, Clone, Default)]
pub struct UndoWishes {
    /// What the deprecations say; `None`: which versions to take instead.
    pub message: Option<String>,
    /// Whether versions are unpublished where that is allowed.
    pub unpublish: bool,
    /// Whether no change file is written.
    pub no_change_file: bool,
}

/// What a registry has of one package that is taken back.
#[derive(Debug, Clone)]
pub struct PackageFacts {
    /// The package.
    pub name: PackageName,
    /// The registry.
    pub registry: RegistryUrl,
    /// Whose rules it follows.
    pub rules: RegistryRules,
    /// The versions that should not be out.
    pub undone: BTreeSet<Version>,
    /// The versions that are there.
    pub versions: BTreeSet<Version>,
    /// Versions that were meant, and of which the registry shows nothing at all.
    pub unseen: BTreeSet<Version>,
    /// Those of the undone ones that were there and are unpublished.
    pub gone: BTreeSet<Version>,
    /// The deprecated ones, and what is said of them.
    pub deprecated: BTreeMap<Version, String>,
    /// What the dist-tags name.
    pub tags: BTreeMap<DistTag, Version>,
    /// What dist-tags named before they were moved to a version, where the release record or the journal tells it.
    pub before: BTreeMap<(DistTag, Version), Version>,
    /// When versions were published, those that are gone too.
    pub published: BTreeMap<Version, Timestamp>,
    /// Whether its writes may ask for a second factor.
    pub needs_person: bool,
    /// Why nothing can be written to it, where nothing can.
    pub blocked: Option<String>,
}

/// The packages around those that are taken back.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Who depends on whom directly, among the packages of the workspace that are published.
    pub dependents: BTreeMap<PackageName, BTreeSet<PackageName>>,
    /// The packages of the workspace that are published.
    pub members: BTreeSet<PackageName>,
    /// The change files that are there.
    pub change_files: BTreeSet<String>,
    /// The present time.
    pub now: Timestamp,
}

/// Makes the plan. `packages` come in the order in which they are changed: dependents before what they depend on, so that
/// nobody is offered a version whose dependencies are being taken back.
pub fn plan(packages: &[PackageFacts], around: &Surroundings, wishes: &UndoWishes) -> UndoPlan {
    let mut left = Vec::new();
    let (mut tags, mut deprecations, mut unpublished) = (Vec::new(), Vec::new(), Vec::new());
    for facts in packages {
        if let Some(why) = &facts.blocked {
            left.extend(facts.live().map(|version| facts.left(version, why.clone())));
            continue;
        }
        tags.extend(facts.tag_steps(&mut left));
        let unseen = facts.undone.difference(&facts.versions).filter(|version| !facts.gone.contains(version));
        left.extend(unseen.chain(&facts.unseen).map(|version| facts.left(version, UNSEEN.to_owned())));
        let (gone, kept) = facts.to_unpublish(around, wishes, &mut left);
        unpublished.extend(gone);
        deprecations.extend(facts.deprecation(&kept, wishes));
    }
    let steps: Vec<UndoStep> = tags.into_iter().chain(deprecations).chain(unpublished).collect();
    let versions: Vec<UndoneVersion> = packages
        .iter()
        .flat_map(|facts| {
            facts.undone.iter().map(|version| UndoneVersion {
                name: facts.name.clone(),
                version: version.clone(),
                registry: facts.registry.clone(),
            })
        })
        .collect();
    let mut plan = UndoPlan {
        schema: UNDO_SCHEMA.to_owned(),
        id: String::new(),
        created: around.now,
        successors: successors(packages, around, &versions).filter(|_| !wishes.no_change_file),
        challenges: steps.iter().filter(|step| step.needs_person).count(),
        versions,
        steps,
        left,
    };
    plan.id = plan.content_id();
    plan
}

impl PackageFacts {
    fn live(&self) -> impl Iterator<Item = &Version> {
        self.undone.iter().filter(|version| self.versions.contains(version))
    }

    fn left(&self, version: &Version, why: String) -> Left {
        Left { name: self.name.clone(), version: version.clone(), why }
    }

    fn step(&self, change: RegistryChange, was: Option<&Version>, why: String) -> UndoStep {
        UndoStep {
            name: self.name.clone(),
            registry: self.registry.clone(),
            change,
            was: was.cloned(),
            needs_person: self.needs_person,
            why,
        }
    }

    /// The versions that stay good, from the highest down.
    fn good_below<'a>(&'a self, version: &Version) -> impl Iterator<Item = &'a Version> + use<'a> {
        let below = self.versions.range(..version).rev();
        below.filter(|other| !self.undone.contains(other) && !self.deprecated.contains_key(other))
    }

    /// Each tag that names a version to be taken back goes to what it may have named before.
    fn tag_steps(&self, left: &mut Vec<Left>) -> Vec<UndoStep> {
        let mut steps = Vec::new();
        for (tag, named) in self.tags.iter().filter(|(_, named)| self.undone.contains(named)) {
            // A side tag is for one release alone: without it, nothing of that release is promoted any more.
            let recorded = self.recorded(tag, named);
            let before = recorded.or_else(|| self.before(tag, named)).filter(|_| !is_side_tag(tag));
            let change = match before {
                Some(version) => RegistryChange::SetTag { tag: tag.clone(), version: version.clone() },
                None if tag.as_str() == "latest" => {
                    let why =
                        "`latest` stays on it: there is no earlier version that is neither deprecated nor a prerelease";
                    left.push(self.left(named, why.to_owned()));
                    continue;
                }
                None => RegistryChange::RemoveTag { tag: tag.clone() },
            };
            let why = match before {
                Some(version) if recorded.is_some() => format!("it names {named}; {version} is what it named before"),
                Some(version) => {
                    let then = match self.before.get(&(tag.clone(), named.clone())) {
                        Some(then) => format!("{then}, which it named then, is no good place for it by now"),
                        None => "what it named then is not recorded".to_owned(),
                    };
                    format!("it names {named}; {version} is the last good version before, and {then}")
                }
                None if is_side_tag(tag) => format!("{named} went out under it, and is not to be promoted"),
                None => format!("it names {named}, and there is no version before that it can have named"),
            };
            steps.push(self.step(change, Some(named), why));
        }
        steps
    }

    /// What a tag named before the versions that are taken back, where that is recorded and still good: `latest` goes to no
    /// prerelease (invariant I8), and nothing to what is deprecated or gone.
    fn recorded(&self, tag: &DistTag, named: &Version) -> Option<&Version> {
        let before = |version: &Version| self.before.get(&(tag.clone(), version.clone()));
        // Of several releases that are taken back at once, each has its own word; as many steps as it knows end it for sure.
        let mut version = before(named)?;
        for _ in 0..self.before.len() {
            if !self.undone.contains(version) {
                break;
            }
            version = before(version)?;
        }
        let is_good = self.versions.contains(version)
            && !self.undone.contains(version)
            && !self.deprecated.contains_key(version)
            && (tag.as_str() != "latest" || version.pre.is_empty());
        is_good.then_some(version)
    }

    /// What a tag may have named before: for `latest` never a prerelease (invariant I8); for a tag on a prerelease one of the
    /// same line.
    fn before(&self, tag: &DistTag, named: &Version) -> Option<&Version> {
        let line = |version: &Version| version.pre.as_str().split('.').next().unwrap_or_default().to_owned();
        let is_stable = |version: &&Version| version.pre.is_empty();
        if tag.as_str() == "latest" || named.pre.is_empty() {
            return self.good_below(named).find(is_stable);
        }
        self.good_below(named).find(|version| !version.pre.is_empty() && line(version) == line(named))
    }

    /// The versions that are unpublished, and those that are not.
    fn to_unpublish<'a>(
        &'a self,
        around: &Surroundings,
        wishes: &UndoWishes,
        left: &mut Vec<Left>,
    ) -> (Vec<UndoStep>, Vec<&'a Version>) {
        if !wishes.unpublish {
            return (Vec::new(), self.live().collect());
        }
        let (mut steps, mut kept) = (Vec::new(), Vec::new());
        for version in self.live() {
            match self.may_be_unpublished(version, around) {
                Ok(why) => steps.push(self.step(RegistryChange::Unpublish { version: version.clone() }, None, why)),
                Err(why) => {
                    left.push(self.left(version, format!("it is not unpublished: {why}")));
                    kept.push(version);
                }
            }
        }
        (steps, kept)
    }

    /// Whether the registry's rules still let a version be taken back, as far as that can be known.
    fn may_be_unpublished(&self, version: &Version, around: &Surroundings) -> Result<String, String> {
        if self.versions.iter().all(|other| self.undone.contains(other)) {
            return Err("nothing of the package would be left, and its name would be closed for a day".to_owned());
        }
        let is_latest = self.tags.iter().any(|(tag, named)| tag.as_str() == "latest" && named == version);
        if is_latest && self.good_below(version).all(|other| !other.pre.is_empty()) {
            return Err("`latest` names it, and there is no good version before that it could name instead".to_owned());
        }
        if self.rules == RegistryRules::Plain {
            return Ok("its number can't be used again".to_owned());
        }
        let dependents = around.dependents.get(&self.name);
        if let Some(dependent) = dependents.and_then(|dependents| dependents.first()) {
            return Err(format!("`{dependent}` depends on it, and npm takes nothing back that others depend on"));
        }
        let Some(published) = self.published.get(version) else {
            return Err("the registry does not say when it was published, and npm allows it for 72 hours".to_owned());
        };
        let age = Duration::try_from(around.now.duration_since(*published)).unwrap_or_default();
        if age > UNPUBLISH_WITHIN {
            let hours = age.as_secs() / 3_600;
            return Err(format!(
                "it was published {hours} hours ago; after 72 npm wants fewer than 300 downloads a week and one owner, which \
                 can't be read here (`npm unpublish {}@{version}` tries)",
                self.name
            ));
        }
        Ok("its number can't be used again; whether packages outside of this workspace depend on it can't be known, and then \
            npm refuses"
            .to_owned())
    }

    fn deprecation(&self, kept: &[&Version], wishes: &UndoWishes) -> Option<UndoStep> {
        let instead = kept.iter().min().and_then(|lowest| self.good_below(lowest).find(|other| other.pre.is_empty()));
        let highest = self.undone.iter().max()?;
        let message = wishes.message.clone().unwrap_or_else(|| match instead {
            Some(instead) => format!("This version was taken back: use {instead}, or one above {highest}"),
            None => format!("This version was taken back: use one above {highest}"),
        });
        let is_so = |version: &Version| match (self.deprecated.get(version), &wishes.message) {
            (Some(_), None) => true,
            (said, Some(wanted)) => said == Some(wanted),
            (None, None) => false,
        };
        let versions: Vec<Version> = kept.iter().filter(|version| !is_so(version)).map(|one| (*one).clone()).collect();
        let why = format!("who installs it reads: {message}");
        let change = RegistryChange::Deprecate { versions, message };
        matches!(&change, RegistryChange::Deprecate { versions, .. } if !versions.is_empty())
            .then(|| self.step(change, None, why))
    }

    /// Whether a version that stays is above those that are taken back: then nobody waits for the next one.
    fn has_successor(&self) -> bool {
        let highest = self.undone.iter().max();
        self.versions
            .iter()
            .any(|version| version.pre.is_empty() && Some(version) > highest && !self.deprecated.contains_key(version))
    }
}

/// The change file for the next patch of what is taken back and has no successor, and of all that depends on it.
fn successors(packages: &[PackageFacts], around: &Surroundings, versions: &[UndoneVersion]) -> Option<Successors> {
    let file = file_name(versions);
    if around.change_files.contains(&file) {
        return None;
    }
    let without = packages.iter().filter(|facts| !facts.undone.is_empty() && !facts.has_successor());
    let mut waiting: Vec<&PackageName> =
        without.map(|facts| &facts.name).filter(|name| around.members.contains(name)).collect();
    let mut named: BTreeSet<&PackageName> = BTreeSet::new();
    while let Some(name) = waiting.pop() {
        if named.insert(name) {
            waiting.extend(around.dependents.get(name).into_iter().flatten());
        }
    }
    if named.is_empty() {
        return None;
    }
    let list: Vec<String> = versions.iter().map(|one| format!("`{}@{}`", one.name, one.version)).collect();
    let verb = if list.len() == 1 { "was" } else { "were" };
    let summary = format!("Takes the place of {}, which {verb} taken back", list.join(", "));
    Some(Successors { file, packages: named.into_iter().cloned().collect(), summary })
}

#[cfg(test)]
mod tests;

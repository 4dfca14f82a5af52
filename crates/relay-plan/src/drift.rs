//! What differs between a saved plan and the plan of this moment, so that applying the saved one would do something else
//! than what was reviewed (invariant I15).
//!
//! Words, times and findings are no drift: only what is published, from which bytes, in what order, where and how.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use relay_config::{Access, PublishingAccess, RouteKind};
use relay_values::{DistTag, RegistryUrl};
use relay_workspace::{Integrity, PackageName};
use semver::Version;

use crate::release_plan::{PlannedPackage, ReleasePlan};
use crate::render::{one_line, quoted};

/// How many digits of a commit id are shown.
const COMMIT_DIGITS_SHOWN: usize = 12;

/// One difference. Displayed, it is one sentence without a final period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Drift {
    /// Another commit is checked out.
    Head {
        /// The commit then.
        saved: Option<String>,
        /// The commit at this moment.
        now: Option<String>,
    },
    /// An input has other content, or is there in one plan only.
    Input {
        /// Its name, such as "manifest of @acme/core".
        name: String,
        /// What became of it.
        change: InputChange,
    },
    /// The inputs differ, and the saved plan does not say which.
    Inputs,
    /// A package would be published that the saved plan does not have.
    Added {
        /// The package.
        package: PackageName,
        /// Its version.
        version: Version,
    },
    /// A package of the saved plan would not be published.
    Gone {
        /// The package.
        package: PackageName,
        /// Its version.
        version: Version,
    },
    /// Another version would be published.
    Version {
        /// The package.
        package: PackageName,
        /// The version then.
        saved: Version,
        /// The version at this moment.
        now: Version,
    },
    /// A package that is not published would get another version, or none.
    Versioned {
        /// The package.
        package: PackageName,
        /// The version then.
        saved: Option<Version>,
        /// The version at this moment.
        now: Option<Version>,
    },
    /// It would go elsewhere.
    Registry {
        /// The package.
        package: PackageName,
        /// The registry then.
        saved: RegistryUrl,
        /// The registry at this moment.
        now: RegistryUrl,
    },
    /// It would get another dist-tag.
    Tag {
        /// The package.
        package: PackageName,
        /// The tag then.
        saved: DistTag,
        /// The tag at this moment.
        now: DistTag,
    },
    /// Others may read it.
    Access {
        /// The package.
        package: PackageName,
        /// The access then.
        saved: Option<Access>,
        /// The access at this moment.
        now: Option<Access>,
    },
    /// Others may publish it.
    PublishingAccess {
        /// The package.
        package: PackageName,
        /// The publishing access then.
        saved: PublishingAccess,
        /// The publishing access at this moment.
        now: PublishingAccess,
    },
    /// It would go another way.
    Route {
        /// The package.
        package: PackageName,
        /// The route then.
        saved: RouteKind,
        /// The route at this moment.
        now: RouteKind,
    },
    /// Another credential would be used.
    Credential {
        /// The package.
        package: PackageName,
        /// Where it came from then.
        saved: Option<String>,
        /// Where it comes from at this moment.
        now: Option<String>,
    },
    /// The repository would be built by another command, or not at all.
    Build {
        /// The command then.
        saved: Option<String>,
        /// The command at this moment.
        now: Option<String>,
    },
    /// Dist-tags would move at the end in one of the plans, and with the uploads in the other.
    Promotion {
        /// Whether they would at the end.
        now: bool,
    },
    /// It would wait for other packages.
    Dependencies {
        /// The package.
        package: PackageName,
    },
    /// Its tarball has other bytes.
    Tarball {
        /// The package.
        package: PackageName,
        /// The integrity then.
        saved: Integrity,
        /// The integrity at this moment.
        now: Integrity,
    },
}

/// What became of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputChange {
    /// It has other content.
    Changed,
    /// It was not there.
    Added,
    /// It is not there any more.
    Gone,
}

/// What differs, first in what the plans were made from, then by package in the order of the names.
pub fn drift(saved: &ReleasePlan, now: &ReleasePlan) -> Vec<Drift> {
    let mut all = Vec::new();
    let (then, at_present) = (&saved.fingerprint, &now.fingerprint);
    if then.head != at_present.head {
        all.push(Drift::Head { saved: then.head.clone(), now: at_present.head.clone() });
    }
    if then.inputs != at_present.inputs {
        let known = inputs(&then.parts, &at_present.parts);
        // A plan may come without the single digests, or with such as don't match the whole.
        if known.is_empty() || then.parts.is_empty() {
            all.push(Drift::Inputs);
        } else {
            all.extend(known);
        }
    }
    if saved.build != now.build && !saved.is_empty() && !now.is_empty() {
        all.push(Drift::Build { saved: saved.build.clone(), now: now.build.clone() });
    }
    if saved.promotion.is_some() != now.promotion.is_some() && !saved.is_empty() && !now.is_empty() {
        all.push(Drift::Promotion { now: now.promotion.is_some() });
    }
    let by_name = |plan: &'_ ReleasePlan| -> BTreeMap<PackageName, usize> {
        plan.packages.iter().zip(0..).map(|(package, index)| (package.name.clone(), index)).collect()
    };
    let (before, after) = (by_name(saved), by_name(now));
    for name in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
        let saved = before.get(name).and_then(|index| saved.packages.get(*index));
        let now = after.get(name).and_then(|index| now.packages.get(*index));
        match (saved, now) {
            (Some(saved), Some(now)) => all.extend(of_package(saved, now)),
            (Some(saved), None) => all.push(Drift::Gone { package: name.clone(), version: saved.next.clone() }),
            (None, Some(now)) => all.push(Drift::Added { package: name.clone(), version: now.next.clone() }),
            (None, None) => {}
        }
    }
    all.extend(versioned(saved, now));
    all
}

/// The packages that are not published and whose versions differ.
fn versioned<'a>(saved: &'a ReleasePlan, now: &'a ReleasePlan) -> impl Iterator<Item = Drift> + 'a {
    versions_apart(saved, now).into_iter().map(|(package, saved, now)| Drift::Versioned {
        package: package.clone(),
        saved: saved.cloned(),
        now: now.cloned(),
    })
}

/// The versions of packages that are not published, where two plans disagree on them: the old one and the new one.
pub(crate) fn versions_apart<'a>(
    old: &'a ReleasePlan,
    new: &'a ReleasePlan,
) -> Vec<(&'a PackageName, Option<&'a Version>, Option<&'a Version>)> {
    let by_name = |plan: &'a ReleasePlan| -> BTreeMap<&'a PackageName, &'a Version> {
        plan.versioned.iter().map(|package| (&package.name, &package.next)).collect()
    };
    let (before, after) = (by_name(old), by_name(new));
    let names: BTreeSet<&PackageName> = before.keys().chain(after.keys()).copied().collect();
    let both = names.into_iter().map(|name| (name, before.get(name).copied(), after.get(name).copied()));
    both.filter(|(_, old, new)| old != new).collect()
}

fn inputs(saved: &BTreeMap<String, String>, now: &BTreeMap<String, String>) -> Vec<Drift> {
    let names: BTreeSet<&String> = saved.keys().chain(now.keys()).collect();
    names
        .into_iter()
        .filter_map(|name| {
            let change = match (saved.get(name), now.get(name)) {
                (Some(saved), Some(now)) if saved == now => return None,
                (Some(_), Some(_)) => InputChange::Changed,
                (None, _) => InputChange::Added,
                (_, None) => InputChange::Gone,
            };
            Some(Drift::Input { name: name.clone(), change })
        })
        .collect()
}

fn of_package(saved: &PlannedPackage, now: &PlannedPackage) -> Vec<Drift> {
    let package = || saved.name.clone();
    let mut all = Vec::new();
    if saved.next != now.next {
        all.push(Drift::Version { package: package(), saved: saved.next.clone(), now: now.next.clone() });
    }
    if saved.registry != now.registry {
        all.push(Drift::Registry { package: package(), saved: saved.registry.clone(), now: now.registry.clone() });
    }
    if saved.tag != now.tag {
        all.push(Drift::Tag { package: package(), saved: saved.tag.clone(), now: now.tag.clone() });
    }
    if saved.access != now.access {
        all.push(Drift::Access { package: package(), saved: saved.access, now: now.access });
    }
    if saved.publishing_access != now.publishing_access {
        let (saved, now) = (saved.publishing_access, now.publishing_access);
        all.push(Drift::PublishingAccess { package: package(), saved, now });
    }
    let (then, at_present) = (&saved.route, &now.route);
    if then.kind != at_present.kind {
        all.push(Drift::Route { package: package(), saved: then.kind, now: at_present.kind });
    } else if then.credential != at_present.credential {
        let (saved, now) = (then.credential.clone(), at_present.credential.clone());
        all.push(Drift::Credential { package: package(), saved, now });
    }
    if saved.depends_on != now.depends_on {
        all.push(Drift::Dependencies { package: package() });
    }
    // A plan without tarballs promises no bytes.
    if let (Some(then), Some(at_present)) = (&saved.tarball, &now.tarball)
        && then.integrity != at_present.integrity
    {
        let (saved, now) = (then.integrity.clone(), at_present.integrity.clone());
        all.push(Drift::Tarball { package: package(), saved, now });
    }
    all
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head { saved, now } => {
                write!(
                    f,
                    "the plan was made at {}, and {} is checked out",
                    commit(saved.as_ref()),
                    commit(now.as_ref())
                )
            }
            Self::Input { name, change: InputChange::Changed } => write!(f, "the {} has changed", one_line(name)),
            Self::Input { name, change: InputChange::Added } => write!(f, "the {} is new", one_line(name)),
            Self::Input { name, change: InputChange::Gone } => write!(f, "the {} is gone", one_line(name)),
            Self::Inputs => f.write_str("a manifest, a change file or the configuration has changed"),
            Self::Added { package, version } => {
                write!(f, "`{package}` {version} is to be published and not in the plan")
            }
            Self::Gone { package, version } => {
                write!(f, "`{package}` {version} is in the plan and not to be published")
            }
            Self::Version { package, saved, now } => {
                write!(f, "`{package}` would get the version {now}; the plan has {saved}")
            }
            Self::Versioned { package, saved, now } => {
                let version =
                    |version: &Option<Version>| version.as_ref().map_or("none".to_owned(), Version::to_string);
                let (saved, now) = (version(saved), version(now));
                write!(f, "`{package}`, which is not published, would get the version {now}; the plan has {saved}")
            }
            Self::Registry { package, saved, now } => {
                write!(f, "`{package}` would go to `{now}`; the plan has `{saved}`")
            }
            Self::Build { saved, now } => {
                let command = |of: &Option<String>| of.as_deref().map_or("no command".to_owned(), quoted);
                write!(f, "the repository would be built by {}; the plan has {}", command(now), command(saved))
            }
            Self::Promotion { now: true } => f.write_str(
                "dist-tags would move when all is out (`--promote-last`); in the plan they move with the uploads",
            ),
            Self::Promotion { now: false } => f.write_str(
                "dist-tags would move with the uploads; in the plan they move when all is out (`--promote-last`)",
            ),
            Self::Tag { package, saved, now } => {
                write!(f, "`{package}` would get the dist-tag `{now}`; the plan has `{saved}`")
            }
            Self::Access { package, saved, now } => {
                let word = |access: &Option<Access>| access.map_or("none said", Access::as_str);
                write!(f, "the access of `{package}` is {}; the plan has {}", word(now), word(saved))
            }
            Self::PublishingAccess { package, saved, now } => {
                write!(f, "the publishing access of `{package}` is `{now}`; the plan has `{saved}`")
            }
            Self::Route { package, saved, now } => {
                write!(f, "the route of `{package}` is `{now}`; the plan has `{saved}`")
            }
            Self::Credential { package, saved, now } => {
                let source = |source: &Option<String>| source.as_deref().map_or("none".to_owned(), one_line);
                write!(f, "the credential for `{package}` is {}; the plan has {}", source(now), source(saved))
            }
            Self::Dependencies { package } => write!(f, "`{package}` waits for other packages than in the plan"),
            Self::Tarball { package, saved, now } => {
                write!(f, "the tarball of `{package}` has the integrity `{now}`; the plan has `{saved}`")
            }
        }
    }
}

fn commit(id: Option<&String>) -> String {
    id.map_or_else(|| "no commit".to_owned(), |id| quoted(&id.chars().take(COMMIT_DIGITS_SHOWN).collect::<String>()))
}

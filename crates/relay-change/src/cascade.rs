//! The spread of releases: from a package to its dependents, and through release groups, until nothing moves any more.
//!
//! This is one machine for both rule sets; they differ in the links they hand in and in what they do with the outcome. The
//! steps are those of changesets 3 (`assemble-release-plan`), because there even intermediate versions matter: a dependent
//! that a first, smaller bump pushed out of range stays released when the bump grows later.

use relay_workspace::DependencyKind;
use semver::Version;

use crate::bump::Bump;
use crate::demand::Demand;
use crate::participants::Participants;
use crate::prerelease::Counting;
use crate::range_text::{rewritten_at_pack, rewritten_by_relay};

/// One package's part in the release.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Release {
    /// `None`: no new version, but its ranges may follow.
    pub(crate) bump: Bump,
    /// The version from which the next one is counted; without one there is no next.
    pub(crate) base: Option<Version>,
    /// The link that first pulled the package in.
    pub(crate) pulled_by: Option<Pull>,
}

/// Who pulled a dependent into the release.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pull {
    pub(crate) dependency: usize,
    pub(crate) text: String,
}

/// A dependent of some package.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) dependent: usize,
    pub(crate) kind: DependencyKind,
    /// The specifier as written.
    pub(crate) text: String,
    pub(crate) demand: Demand,
    /// The range whose text follows every release, where relay's rules are told to keep all ranges up to date.
    pub(crate) kept_up: Option<String>,
}

impl Link {
    /// Says whether a release is reason enough to release the dependent too. `always`: every release is.
    pub(crate) fn is_moved_by(&self, base: &Version, next: &Version, bump: Bump, always: bool) -> bool {
        let kept_up = |text: &str| rewritten_at_pack(text) || rewritten_by_relay(text, next, bump).is_some();
        always || self.demand.is_left_by(base, next) || self.kept_up.as_deref().is_some_and(kept_up)
    }
}

/// How the releases of a peer dependency spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PeerRule {
    /// As those of any other dependency.
    AsOthers,
    /// Any minor or major release of it makes its dependents major: changesets 2.
    Major,
    /// Such a release makes them major where it leaves their range.
    MajorOutOfRange,
}

impl PeerRule {
    /// Says whether a release makes the dependent behind the link major.
    pub(crate) fn makes_major(self, link: &Link, base: &Version, next: &Version, bump: Bump) -> bool {
        link.kind == DependencyKind::Peer
            && bump > Bump::Patch
            && match self {
                Self::AsOthers => false,
                Self::Major => true,
                Self::MajorOutOfRange => link.demand.is_left_by(base, next),
            }
    }
}

/// The dependents of each package, by the package's place.
pub(crate) type Links = Vec<Vec<Link>>;

/// The releases of all packages, by place; `None` for packages that have no part at all.
pub(crate) type Releases = Vec<Option<Release>>;

pub(crate) struct Cascade<'a> {
    pub(crate) participants: &'a Participants<'a>,
    pub(crate) links: &'a Links,
    pub(crate) counting: &'a Counting,
    /// Every release of a dependency releases its dependents, in range or not.
    pub(crate) always: bool,
    pub(crate) peer_rule: PeerRule,
}

impl Cascade<'_> {
    /// Spreads the direct releases.
    pub(crate) fn spread(&self, direct: &[Option<Bump>]) -> Releases {
        let mut releases: Releases =
            direct.iter().enumerate().map(|(place, bump)| bump.map(|bump| self.release(place, bump, None))).collect();
        // Each round but the last raises at least one package's bump or base, which can happen a few times to each.
        let rounds_max = 8 * releases.len() + 8;
        for _ in 0..rounds_max {
            let dependents = self.pull_dependents(&mut releases);
            let groups = self.align_groups(&mut releases);
            if !dependents && !groups {
                break;
            }
        }
        releases
    }

    fn release(&self, place: usize, bump: Bump, pulled_by: Option<Pull>) -> Release {
        Release { bump, base: self.participants.version(place).cloned(), pulled_by }
    }

    fn pull_dependents(&self, releases: &mut Releases) -> bool {
        let mut updated = false;
        let mut queue: Vec<usize> = (0..releases.len()).rev().filter(|at| part_of(releases, *at).is_some()).collect();
        // A package comes back into the queue a few times: when it joins without a bump, when it gets one, when it is raised.
        while let Some(place) = queue.pop() {
            let Some(release) = part_of(releases, place).cloned() else { continue };
            let next = self.counting.next(place, &release);
            let mut pulls: Vec<(usize, Bump, &Link)> = Vec::new();
            for link in self.links.get(place).into_iter().flatten() {
                if let Some(bump) = self.pull(&release, next.as_ref(), link, releases) {
                    match pulls.iter_mut().find(|(dependent, ..)| *dependent == link.dependent) {
                        Some(known) if bump > known.1 => *known = (link.dependent, bump, link),
                        Some(_) => {}
                        None => pulls.push((link.dependent, bump, link)),
                    }
                }
            }
            for (dependent, bump, link) in pulls {
                if part_of(releases, dependent).is_some_and(|existing| existing.bump == bump) {
                    continue;
                }
                let pull = Pull { dependency: place, text: link.text.clone() };
                if let Some(slot) = releases.get_mut(dependent) {
                    *slot = Some(match slot.take() {
                        // One that is raised goes on counting from where it did.
                        Some(existing) if bump == Bump::Major => {
                            Release { bump, base: existing.base, pulled_by: existing.pulled_by.or(Some(pull)) }
                        }
                        _ => self.release(dependent, bump, Some(pull)),
                    });
                    queue.push(dependent);
                    updated = true;
                }
            }
        }
        updated
    }

    /// The bump that a release asks of a dependent, if it asks anything.
    fn pull(&self, release: &Release, next: Option<&Version>, link: &Link, releases: &Releases) -> Option<Bump> {
        if self.participants.is_skipped(link.dependent) {
            return Some(Bump::None);
        }
        let existing = part_of(releases, link.dependent).map(|part| part.bump).unwrap_or_default();
        let (base, next) = (release.base.as_ref()?, next?);
        if existing < Bump::Major && self.peer_rule.makes_major(link, base, next, release.bump) {
            return Some(Bump::Major);
        }
        if release.bump == Bump::None || existing > Bump::None {
            return None;
        }
        if !link.is_moved_by(base, next, release.bump, self.always) {
            return None;
        }
        Some(if link.kind.is_runtime() { Bump::Patch } else { Bump::None })
    }

    fn align_groups(&self, releases: &mut Releases) -> bool {
        let mut updated = false;
        for group in &self.participants.groups {
            let moves = |at: &usize| part_of(releases, *at).filter(|part| part.bump > Bump::None);
            let highest_bump = group.members.iter().filter_map(moves).map(|part| part.bump).max();
            let (Some(bump), Some(base)) = (highest_bump, &group.highest) else { continue };
            for place in &group.members {
                let Some(slot) = releases.get_mut(*place) else { continue };
                let moves = slot.as_ref().is_some_and(|part| part.bump > Bump::None);
                if if group.fixed { self.participants.is_skipped(*place) } else { !moves } {
                    continue;
                }
                let pulled_by = slot.as_ref().and_then(|part| part.pulled_by.clone());
                let aligned = Some(Release { bump, base: Some(base.clone()), pulled_by });
                if *slot != aligned {
                    *slot = aligned;
                    updated = true;
                }
            }
        }
        updated
    }
}

pub(crate) fn part_of(releases: &[Option<Release>], place: usize) -> Option<&Release> {
    releases.get(place).and_then(Option::as_ref)
}

//! A registry with npm's rules (`npm-registry.md`): what it takes it shows later, a version is never replaced, some packages
//! want a second factor. Its own log of what was committed is what the oracle judges by.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use relay_registry::{Refusal, RefusalCode};
use relay_values::DistTag;
use relay_workspace::{Integrity, PackageName, Version};

use super::dice::Dice;
use super::dist_tags::AllTags;
use super::objects::others_bytes;
use super::world::World;
use crate::machine::{Found, UploadOutcome};

/// A second factor as the registry knows it. Codes never show themselves, so that it can't go by their text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Factor {
    /// Which one: each that is typed or made is another.
    pub(super) number: u32,
    pub(super) is_right: bool,
}

/// An upload on its way.
#[derive(Debug, Clone)]
pub(super) struct Put {
    pub(super) name: PackageName,
    pub(super) version: Version,
    pub(super) integrity: Integrity,
    /// The dist-tag that it is sent with.
    pub(super) tag: String,
    pub(super) git_head: Option<String>,
    pub(super) factor: Option<Factor>,
}

/// What stands under a version.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) integrity: Integrity,
    pub(super) git_head: Option<String>,
    /// Somebody else published it.
    pub(super) is_strangers: bool,
    /// It was there when the world began.
    pub(super) is_old: bool,
    /// When its document is shown.
    documented: Duration,
    /// When it can be installed.
    visible: Duration,
}

/// The registry.
#[derive(Debug, Default)]
pub(super) struct Registry {
    pub(super) stored: BTreeMap<(PackageName, Version), Stored>,
    /// What each dist-tag names.
    pub(super) tags: AllTags,
    /// Each version that was committed, in order.
    pub(super) log: Vec<(PackageName, Version)>,
    /// Packages that a person must confirm.
    pub(super) interactive: BTreeSet<PackageName>,
    /// Packages that this account may not publish.
    pub(super) forbidden: BTreeSet<PackageName>,
    /// Versions that were published once and removed: their numbers are never taken again.
    pub(super) burnt: BTreeSet<(PackageName, Version)>,
    /// A code serves once.
    pub(super) codes_serve_once: bool,
    used: BTreeMap<Factor, PackageName>,
    /// The longest time, in milliseconds, until a version is shown.
    pub(super) delay_max: u64,
    /// Uploads whose sender has gone, and that arrive all the same.
    late: Vec<(Duration, Put)>,
    /// How often each version was sent.
    pub(super) sent: BTreeMap<(PackageName, Version), u32>,
}

/// How a version is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    /// Its document.
    Document,
    /// All that could show it, the dates of what was removed too.
    Thorough,
    /// What an installer needs.
    Installable,
}

/// What came of an upload.
#[derive(Debug)]
pub(super) enum Came {
    Outcome(UploadOutcome),
    Challenge,
}

impl Came {
    /// Whether the registry says that it has the version now.
    pub(super) fn says_taken(&self) -> bool {
        let Self::Outcome(outcome) = self else { return false };
        let is_said = |code| matches!(code, RefusalCode::AlreadyPublished | RefusalCode::PreviouslyStaged);
        match outcome {
            UploadOutcome::Accepted => true,
            UploadOutcome::Refused(refusal) => is_said(refusal.code),
            _ => false,
        }
    }
}

impl Stored {
    pub(super) fn is_visible(&self, now: Duration) -> bool {
        self.visible <= now
    }
}

impl Registry {
    pub(super) fn get(&self, name: &PackageName, version: &Version) -> Option<&Stored> {
        self.stored.get(&(name.clone(), version.clone()))
    }

    pub(super) fn is_visible(&self, name: &PackageName, version: &Version, now: Duration) -> bool {
        self.get(name, version).is_some_and(|stored| stored.is_visible(now))
    }

    pub(super) fn put_old(&mut self, put: Put) {
        let stored = Stored {
            integrity: put.integrity,
            git_head: put.git_head,
            is_strangers: false,
            is_old: true,
            documented: Duration::ZERO,
            visible: Duration::ZERO,
        };
        self.set_tag(&put.name, "latest", &put.version);
        self.stored.insert((put.name, put.version), stored);
    }

    pub(super) fn set_tag(&mut self, name: &PackageName, tag: &str, version: &Version) {
        self.tags.entry(name.clone()).or_default().insert(tag.to_owned(), version.clone());
    }

    /// Whether a write with this second factor is let in.
    pub(super) fn admits(&mut self, name: &PackageName, factor: Option<Factor>) -> bool {
        if !self.interactive.contains(name) {
            return true;
        }
        let Some(factor) = factor.filter(|factor| factor.is_right) else { return false };
        let by = self.used.entry(factor).or_insert_with(|| name.clone());
        !self.codes_serve_once || by == name
    }

    /// What the dist-tags of a package name.
    pub(super) fn tags_of(&self, name: &PackageName) -> BTreeMap<DistTag, Version> {
        let tags = self.tags.get(name).into_iter().flatten();
        tags.map(|(tag, version)| (tag.parse().expect("a tag"), version.clone())).collect()
    }

    fn commit(&mut self, put: &Put, strangers: bool, now: Duration, dice: &mut Dice) {
        let wait = dice.between(0..self.delay_max.max(1));
        let documented = now + if dice.befalls(500) { wait } else { wait / 2 };
        let integrity = if strangers { others_bytes(&put.name, &put.version) } else { put.integrity.clone() };
        let stored = Stored {
            integrity,
            git_head: put.git_head.clone().filter(|_| !strangers),
            is_strangers: strangers,
            is_old: false,
            documented,
            visible: now + wait,
        };
        // A new name gets `latest` whatever tag is sent (`npm-registry.md`, 1.1).
        let is_new = !self.tags.contains_key(&put.name);
        for tag in is_new.then_some("latest").into_iter().chain([if strangers { "latest" } else { put.tag.as_str() }]) {
            self.set_tag(&put.name, tag, &put.version);
        }
        self.log.push((put.name.clone(), put.version.clone()));
        self.stored.insert((put.name.clone(), put.version.clone()), stored);
    }

    pub(super) fn lets_arrive_later(&mut self, at: Duration, put: Put) {
        self.late.push((at, put));
    }
}

fn refusal(code: RefusalCode, put: &Put) -> UploadOutcome {
    UploadOutcome::Refused(Refusal { code, status: 403, text: "no".to_owned(), package: Some(put.name.clone()) })
}

impl World {
    /// Lets uploads arrive whose time has come and whose sender has gone.
    fn let_late_ones_arrive(&mut self) {
        let now = self.now();
        let mut due: Vec<(Duration, Put)> = self.registry.late.extract_if(.., |(at, _)| *at <= now).collect();
        due.sort_by_key(|(at, _)| *at);
        for (at, put) in due {
            self.take(&put, at);
        }
    }

    /// The registry's own decision about an upload that has arrived. Nothing goes wrong with it.
    fn take(&mut self, put: &Put, now: Duration) -> Came {
        let key = (put.name.clone(), put.version.clone());
        if self.registry.forbidden.contains(&put.name) {
            return Came::Outcome(refusal(RefusalCode::MaskedForbidden, put));
        }
        if !self.registry.admits(&put.name, put.factor) {
            return Came::Challenge;
        }
        if let Some(stored) = self.registry.stored.get(&key) {
            let code =
                if stored.is_visible(now) { RefusalCode::AlreadyPublished } else { RefusalCode::PreviouslyStaged };
            return Came::Outcome(refusal(code, put));
        }
        if self.registry.burnt.contains(&key) {
            return Came::Outcome(refusal(RefusalCode::AlreadyPublished, put));
        }
        let Self { registry, dice, .. } = self;
        registry.commit(put, false, now, dice);
        Came::Outcome(UploadOutcome::Accepted)
    }

    /// An upload arrives, and something may go wrong with it.
    pub(super) fn arrive(&mut self, put: &Put) -> Came {
        self.let_late_ones_arrive();
        let is_there = self.registry.get(&put.name, &put.version).is_some()
            || self.registry.burnt.contains(&(put.name.clone(), put.version.clone()));
        let now = self.now();
        if !is_there && self.dice.befalls(self.faults.stranger) {
            let Self { registry, dice, .. } = self;
            registry.commit(put, true, now, dice);
        }
        if !self.dice.befalls(self.faults.upload) {
            return self.take(put, now);
        }
        let lost = |cause: &str| Came::Outcome(UploadOutcome::Unknown { cause: cause.to_owned() });
        match self.dice.number(0..5) {
            0 => lost("503 before it was taken"),
            1 => match self.take(put, now) {
                Came::Outcome(UploadOutcome::Accepted) => lost("the connection broke after it was taken"),
                other => other,
            },
            2 => {
                let retry_after = self.dice.befalls(500).then(|| self.dice.between(1_000..20_000));
                Came::Outcome(UploadOutcome::RateLimited { retry_after, text: "slow down".to_owned() })
            }
            // A proxy says 200, a refusal is about what was never there: the word alone.
            3 if !is_there && !self.registry.forbidden.contains(&put.name) => Came::Outcome(UploadOutcome::Accepted),
            4 if !is_there => Came::Outcome(refusal(RefusalCode::AlreadyPublished, put)),
            _ => self.take(put, now),
        }
    }

    /// What a read of a version shows: its document, or all that an installer needs, or the whole packument.
    pub(super) fn shown(&mut self, put: &Put, read: Read) -> Found {
        self.let_late_ones_arrive();
        if self.dice.befalls(self.faults.read) {
            return if self.dice.befalls(200) {
                let retry_after = Some(self.dice.between(500..5_000));
                Found::Busy { retry_after, text: "slow down".to_owned() }
            } else {
                Found::Unavailable { cause: "502".to_owned() }
            };
        }
        let now = self.now();
        let Some(stored) = self.registry.get(&put.name, &put.version) else {
            let is_burnt = self.registry.burnt.contains(&(put.name.clone(), put.version.clone()));
            return if is_burnt && read == Read::Thorough { Found::TakenBack } else { Found::NotYet };
        };
        if now < if read == Read::Installable { stored.visible } else { stored.documented.min(stored.visible) } {
            return Found::NotYet;
        }
        if stored.integrity == put.integrity {
            Found::SameBytes
        } else {
            Found::OtherBytes { there: stored.integrity.to_string(), ours: put.integrity.to_string() }
        }
    }

    /// The versions of a package that can be installed.
    pub(super) fn versions_of(&mut self, name: &PackageName) -> Vec<(Version, Integrity)> {
        self.let_late_ones_arrive();
        let now = self.now();
        let of_it = self.registry.stored.iter().filter(|((other, _), stored)| other == name && stored.is_visible(now));
        of_it.map(|((_, version), stored)| (version.clone(), stored.integrity.clone())).collect()
    }
}

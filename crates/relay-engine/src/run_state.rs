//! What a run has come to, computed from its events alone.
//!
//! One reducer serves both readers that need it: the report of a run is made from it, and the replay of a journal asks it
//! whether each record can follow on the ones before. It changes nothing on an event that can't.

use std::collections::BTreeMap;

use relay_config::RouteKind;
use relay_values::RegistryUrl;
use relay_workspace::{Integrity, PackageName, Version};

use crate::event::Fact;
use crate::report::Outcome;
use crate::state::Parked;

/// The most characters that are told of what stands where a commit should.
const TOLD_CHARACTERS_MAX: usize = 80;

/// What is known of a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunState {
    packages: BTreeMap<PackageName, PackageState>,
    challenges_answered: u32,
    course: Course,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Course {
    #[default]
    NotBegun,
    UnderWay,
    Ended,
}

/// What is known of one package of a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PackageState {
    stage: Stage,
    /// The registry said in this run that it took the upload.
    accepted: bool,
    route: Option<RouteKind>,
    uploads: u32,
    version: Option<Version>,
    registry: Option<RegistryUrl>,
    integrity: Option<Integrity>,
}

/// How far a package has come.
#[derive(Debug, Clone, Default, PartialEq)]
enum Stage {
    /// Nothing was sent.
    #[default]
    Pending,
    /// An upload has begun, or its challenge is answered.
    Uploading,
    /// The registry is asked what it has.
    Settling,
    /// The next try comes later.
    Waiting,
    /// The registry took it.
    Accepted,
    /// Nothing more happens to it in the run.
    Over(Outcome),
}

/// An event that can't follow on what was told before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IllegalEvent {
    /// It belongs to a run, and none is under way.
    #[error("`{event}` is told where no run is under way")]
    NoRun {
        /// The event's name.
        event: &'static str,
    },
    /// The run is not about this package.
    #[error("`{event}` is told of `{package}`, which the run is not about")]
    NoSuchPackage {
        /// The event's name.
        event: &'static str,
        /// The package.
        package: PackageName,
    },
    /// The package had not come as far, or further.
    #[error("`{event}` is told of `{package}`, which is {stage} by then")]
    OutOfTurn {
        /// The event's name.
        event: &'static str,
        /// The package.
        package: PackageName,
        /// How far it had come.
        stage: &'static str,
    },
    /// The registry is said to have taken what no run sent.
    #[error("`accepted` is told of `{package}`, of which nothing was sent or looked for before")]
    NeverSent {
        /// The package.
        package: PackageName,
    },
    /// It is about another version, registry or tarball than was told before.
    #[error("`{event}` tells of another {what} of `{package}` than what was told before")]
    Another {
        /// The event's name.
        event: &'static str,
        /// The package.
        package: PackageName,
        /// What differs.
        what: &'static str,
    },
    /// A commit's id is none.
    #[error("`{event}` names a commit that can't be one: {commit:?}")]
    NoCommit {
        /// The event's name.
        event: &'static str,
        /// What stands there.
        commit: String,
    },
    /// The end counts other packages than were told of.
    #[error("`run-ended` counts {counted} packages {what}, and {told} were told of")]
    Miscounted {
        /// Which packages.
        what: &'static str,
        /// By the event.
        counted: usize,
        /// By those before it.
        told: usize,
    },
}

impl RunState {
    /// Takes the next event of the stream. A run may begin at any time: the one before it was killed then.
    ///
    /// # Errors
    /// [`IllegalEvent`] where it can't follow; nothing has changed then.
    pub fn apply(&mut self, fact: &Fact) -> Result<(), IllegalEvent> {
        if let Fact::RunStarted { packages, .. } = fact {
            let packages = packages.iter().map(|name| (name.clone(), PackageState::default())).collect();
            *self = Self { packages, challenges_answered: 0, course: Course::UnderWay };
            return Ok(());
        }
        let event = fact.name();
        if self.course != Course::UnderWay {
            return Err(IllegalEvent::NoRun { event });
        }
        if let Some(commit) = fact.commit().filter(|commit| !is_commit(commit)) {
            return Err(IllegalEvent::NoCommit { event, commit: commit.chars().take(TOLD_CHARACTERS_MAX).collect() });
        }
        match fact {
            Fact::RunEnded { live, failed, held, parked } => {
                self.refuse_miscounted(*live, *failed, *held, *parked)?;
                self.course = Course::Ended;
            }
            fact if fact.moves_package() => {
                let Some(name) = fact.package() else { return Ok(()) };
                let Some(package) = self.packages.get_mut(name) else {
                    return Err(IllegalEvent::NoSuchPackage { event, package: name.clone() });
                };
                package.refuse_another(name, fact)?;
                if !package.may_be_told(fact) {
                    let stage = package.stage.name();
                    return Err(IllegalEvent::OutOfTurn { event, package: name.clone(), stage });
                }
                package.take(fact);
            }
            _ => {}
        }
        if matches!(fact, Fact::ChallengeAnswered { .. }) {
            self.challenges_answered = self.challenges_answered.saturating_add(1);
        }
        Ok(())
    }

    /// One package that the run is about.
    pub fn package(&self, name: &PackageName) -> Option<&PackageState> {
        self.packages.get(name)
    }

    /// All packages that the run is about, by name.
    pub fn packages(&self) -> impl Iterator<Item = (&PackageName, &PackageState)> {
        self.packages.iter()
    }

    /// How many challenges a person answered.
    pub fn challenges_answered(&self) -> u32 {
        self.challenges_answered
    }

    /// What is failed may be more: others' bytes fail packages that this run is not about.
    fn refuse_miscounted(&self, live: usize, failed: usize, held: usize, parked: usize) -> Result<(), IllegalEvent> {
        let told = |test: fn(&Outcome) -> bool| {
            self.packages.values().filter(|one| matches!(&one.stage, Stage::Over(outcome) if test(outcome))).count()
        };
        let all = [
            ("live", live, told(|outcome| matches!(outcome, Outcome::Live { .. }))),
            ("held", held, told(|outcome| matches!(outcome, Outcome::Held { .. }))),
            ("parked", parked, told(|outcome| matches!(outcome, Outcome::Parked(_)))),
        ];
        for (what, counted, told) in all {
            if counted != told {
                return Err(IllegalEvent::Miscounted { what, counted, told });
            }
        }
        let told = told(|outcome| matches!(outcome, Outcome::Failed(_)));
        if failed < told { Err(IllegalEvent::Miscounted { what: "failed", counted: failed, told }) } else { Ok(()) }
    }
}

impl PackageState {
    /// What became of it. What has not come to an end was interrupted.
    pub fn outcome(&self) -> Outcome {
        let (in_flight, accepted) = match &self.stage {
            Stage::Over(outcome) => return outcome.clone(),
            Stage::Uploading | Stage::Settling => (true, false),
            Stage::Accepted => (false, true),
            Stage::Pending | Stage::Waiting => (false, false),
        };
        Outcome::Parked(Parked::Interrupted { in_flight, accepted })
    }

    /// The route of its last upload, or the one that it is to have; `None` before the first one.
    pub fn route(&self) -> Option<RouteKind> {
        self.route
    }

    /// How many uploads were sent.
    pub fn uploads(&self) -> u32 {
        self.uploads
    }

    /// Says whether nothing of it has been sent or looked for.
    pub fn is_pending(&self) -> bool {
        self.stage == Stage::Pending
    }

    fn refuse_another(&self, name: &PackageName, fact: &Fact) -> Result<(), IllegalEvent> {
        let Told { version, registry, integrity } = Told::of(fact);
        let what = if differs(self.version.as_ref(), version) {
            "version"
        } else if differs(self.registry.as_ref(), registry) {
            "registry"
        } else if differs(self.integrity.as_ref(), integrity) {
            "tarball"
        } else {
            return Ok(());
        };
        Err(IllegalEvent::Another { event: fact.name(), package: name.clone(), what })
    }

    /// The driver tells states as it finds them between two things that happen: those that a package goes through in no time
    /// are left out.
    fn may_be_told(&self, fact: &Fact) -> bool {
        use Stage::{Accepted, Over, Pending, Settling, Uploading, Waiting};
        let interrupted = matches!(self.stage, Over(Outcome::Parked(Parked::Interrupted { .. })));
        match fact {
            Fact::Packed { .. } => matches!(self.stage, Pending),
            Fact::UploadStarted { .. } => matches!(self.stage, Pending | Uploading | Settling | Waiting),
            // From the first stage on, where an earlier run had it accepted; the journal knows.
            Fact::Accepted { .. } => matches!(self.stage, Pending | Uploading | Settling),
            // Twice where what was found before the first upload got too old while the package waited for its turn.
            Fact::Settling { .. } => matches!(self.stage, Pending | Uploading | Settling | Waiting | Accepted),
            Fact::Waiting { .. } => matches!(self.stage, Uploading | Settling),
            Fact::RouteChanged { .. } => matches!(self.stage, Uploading),
            // Builds before this one asked for a challenge that came at the very time of an interruption.
            Fact::ChallengeOpened { .. } => matches!(self.stage, Uploading) || interrupted,
            // A person may answer after all was interrupted; and what they typed is told when the registry has taken it.
            Fact::ChallengeAnswered { .. } => matches!(self.stage, Uploading | Settling) || interrupted,
            // What was accepted may appear after all was interrupted.
            Fact::Live { .. } => self.accepted && (matches!(self.stage, Accepted) || interrupted),
            Fact::Failed { .. } => matches!(self.stage, Uploading | Settling | Accepted) || interrupted,
            Fact::Held { .. } => matches!(self.stage, Pending | Uploading | Settling | Waiting),
            Fact::Parked { parked, .. } => match parked {
                Parked::Visibility { .. } => self.accepted && !matches!(self.stage, Pending | Over(_)),
                Parked::Person { .. } | Parked::Registry { .. } | Parked::Approval { .. } => {
                    !matches!(self.stage, Accepted | Over(_))
                }
                Parked::Interrupted { .. } => !matches!(self.stage, Over(_)),
            },
            _ => true,
        }
    }

    fn take(&mut self, fact: &Fact) {
        let Told { version, registry, integrity } = Told::of(fact);
        self.version = self.version.take().or_else(|| version.cloned());
        self.registry = self.registry.take().or_else(|| registry.cloned());
        self.integrity = self.integrity.take().or_else(|| integrity.cloned());
        match fact {
            Fact::UploadStarted { route, .. } => {
                self.uploads = self.uploads.saturating_add(1);
                self.route.get_or_insert(*route);
                self.stage = Stage::Uploading;
            }
            Fact::RouteChanged { route, .. } => self.route = Some(*route),
            Fact::Accepted { .. } => {
                self.accepted = true;
                self.stage = Stage::Accepted;
            }
            Fact::Settling { .. } => self.stage = Stage::Settling,
            Fact::Waiting { .. } => self.stage = Stage::Waiting,
            Fact::Live { how, .. } => self.stage = Stage::Over(Outcome::Live { how: *how }),
            Fact::Parked { parked, .. } => self.stage = Stage::Over(Outcome::Parked(parked.clone())),
            Fact::Held { by, .. } => self.stage = Stage::Over(Outcome::Held { by: by.clone() }),
            Fact::Failed { failure, .. } => self.stage = Stage::Over(Outcome::Failed(failure.clone())),
            _ => {}
        }
    }
}

impl Stage {
    fn name(&self) -> &'static str {
        match self {
            Self::Pending => "not begun",
            Self::Uploading => "being uploaded",
            Self::Settling => "being settled",
            Self::Waiting => "waiting",
            Self::Accepted => "accepted",
            Self::Over(Outcome::Live { .. }) => "live",
            Self::Over(Outcome::Parked(_)) => "parked",
            Self::Over(Outcome::Held { .. }) => "held",
            Self::Over(Outcome::Failed(_)) => "failed",
        }
    }
}

/// What an event tells of a package's upload. It is the same from the first tarball to the end of a run.
#[derive(Default)]
struct Told<'a> {
    version: Option<&'a Version>,
    registry: Option<&'a RegistryUrl>,
    integrity: Option<&'a Integrity>,
}

impl<'a> Told<'a> {
    fn of(fact: &'a Fact) -> Self {
        match fact {
            Fact::Packed { version, integrity, .. } => {
                Self { version: Some(version), registry: None, integrity: Some(integrity) }
            }
            Fact::UploadStarted { version, registry, integrity, .. }
            | Fact::Accepted { version, registry, integrity, .. } => {
                Self { version: Some(version), registry: Some(registry), integrity: Some(integrity) }
            }
            Fact::Live { version, registry, .. } => {
                Self { version: Some(version), registry: Some(registry), integrity: None }
            }
            Fact::Parked { version, .. } | Fact::Failed { version, .. } => {
                Self { version: Some(version), ..Self::default() }
            }
            _ => Self::default(),
        }
    }
}

fn differs<T: PartialEq>(known: Option<&T>, told: Option<&T>) -> bool {
    matches!((known, told), (Some(known), Some(told)) if known != told)
}

/// The digits of SHA-1 or SHA-256.
fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests;

//! What all computers of a world share, and how a process is killed at one of its effects.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use jiff::Timestamp;
use tokio::time::Instant;

use super::dice::Dice;
use super::disk::{Death, Disk};
use super::objects::Objects;
use super::oracle::Terms;
use super::registry::{Factor, Registry};
use super::remote::Remote;
use super::scenario::in_a_world;
use crate::event::Clock;

/// How many times in a thousand something goes wrong.
#[derive(Debug, Clone, Default)]
pub(super) struct Faults {
    /// A call to the remote, before or after it had its effect.
    pub(super) remote: u32,
    /// An upload: not sent, lost before or after it was taken, put off, taken by word alone.
    pub(super) upload: u32,
    /// A read of the registry.
    pub(super) read: u32,
    /// A stranger publishes a version just before relay does.
    pub(super) stranger: u32,
    /// A person skips, mistypes, lets a challenge expire.
    pub(super) person: u32,
}

/// One computer with its clone.
#[derive(Debug, Default)]
pub(super) struct Computer {
    pub(super) disk: Disk,
    /// The clone's own refs: `refs/heads/main`, tags.
    pub(super) refs: BTreeMap<String, String>,
    /// What it last saw the remote's branch to name.
    pub(super) tracked: Option<String>,
    /// The commits that it has.
    pub(super) has: BTreeSet<String>,
    /// A version step whose files are written and whose commit was not made.
    pub(super) uncommitted: Option<super::objects::Commit>,
    /// The second factor that its process was given last.
    pub(super) factor: Factor,
    /// When it can't reach the remote.
    pub(super) cut_off: Vec<(Duration, Duration)>,
}

/// Everything outside of relay.
#[derive(Debug)]
pub(super) struct World {
    pub(super) dice: Dice,
    pub(super) faults: Faults,
    pub(super) objects: Objects,
    pub(super) remote: Remote,
    pub(super) registry: Registry,
    pub(super) computers: Vec<Computer>,
    /// The packages, with what each depends on.
    pub(super) packages: super::place::Packages,
    /// What its settings promise.
    pub(super) terms: Terms,
    /// What must not be, and was.
    pub(super) wrongs: Vec<String>,
    pub(super) time: SharedTime,
    numbers: u32,
}

impl World {
    pub(super) fn new(seed: u64, packages: super::place::Packages) -> Self {
        Self {
            dice: Dice::new(seed),
            faults: Faults::default(),
            objects: Objects::default(),
            remote: Remote::default(),
            registry: Registry::default(),
            computers: Vec::new(),
            packages,
            terms: Terms::default(),
            wrongs: Vec::new(),
            time: Arc::new(Mutex::new(Time { passed: Duration::ZERO, since: Instant::now() })),
            numbers: 0,
        }
    }

    /// The time since the world began.
    pub(super) fn now(&self) -> Duration {
        now_of(&self.time)
    }

    /// A number that nothing else has.
    pub(super) fn next_number(&mut self) -> u32 {
        self.numbers += 1;
        self.numbers
    }

    pub(super) fn wrong(&mut self, invariant: &str, what: impl Into<String>) {
        let what = what.into();
        self.wrongs.push(format!("{invariant}: {what}"));
    }
}

/// A world that several hold.
pub(super) type Shared = Arc<Mutex<World>>;

pub(super) fn look(world: &Shared) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The time of a world. While a process is stopped others go on in a runtime with a clock of its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Time {
    /// What had passed when the clock of this runtime began to count, or was set back to its time.
    pub(super) passed: Duration,
    pub(super) since: Instant,
}

/// The time that all clocks of a world show.
pub(super) type SharedTime = Arc<Mutex<Time>>;

pub(super) fn now_of(time: &SharedTime) -> Duration {
    let time = time.lock().unwrap_or_else(PoisonError::into_inner);
    time.passed + time.since.elapsed()
}

/// When a process is killed, by the number of its effects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kill {
    pub(super) at: u32,
    /// Whether the effect is still had.
    pub(super) after: bool,
    pub(super) death: Death,
}

/// When a process is stopped, by the number of its effects, which it still has; others go on meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stop {
    pub(super) at: u32,
    pub(super) kind: Stopped,
}

/// What a process is stopped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stopped {
    /// A signal: its monotonic clock goes on.
    BySignal,
    /// Its computer sleeps: its monotonic clock stands still, the one of the wall goes on.
    Asleep,
}

/// What others do while a process is stopped.
pub(super) type Meanwhile = Arc<dyn Fn(Shared) -> LocalBoxFuture<'static, ()> + Send + Sync>;

/// What a killed process unwinds with.
pub(super) struct Killed;

/// Whether each effect is told.
fn is_traced() -> bool {
    static TRACED: LazyLock<bool> = LazyLock::new(|| std::env::var_os("RELAY_SIMULATION_TRACE").is_some());
    *TRACED
}

/// A process of relay's on one computer.
#[derive(Clone)]
pub(super) struct Process {
    pub(super) world: Shared,
    /// The computer's number.
    pub(super) at: usize,
    /// The process's id.
    pub(super) id: u32,
    life: Arc<Life>,
}

struct Life {
    kill: Option<Kill>,
    stop: Option<(Stop, Meanwhile)>,
    effects: AtomicU32,
    is_over: AtomicBool,
}

impl std::fmt::Debug for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "process {} on computer {}", self.id, self.at)
    }
}

impl Process {
    pub(super) fn new(world: &Shared, at: usize, kill: Option<Kill>) -> Self {
        let id = look(world).next_number();
        let life = Life { kill, stop: None, effects: AtomicU32::new(0), is_over: AtomicBool::new(false) };
        Self { world: Arc::clone(world), at, id, life: Arc::new(life) }
    }

    /// One that is stopped once, while others go on.
    pub(super) fn stopped(world: &Shared, at: usize, kill: Option<Kill>, stop: (Stop, Meanwhile)) -> Self {
        let process = Self::new(world, at, kill);
        let life = Life { kill, stop: Some(stop), effects: AtomicU32::new(0), is_over: AtomicBool::new(false) };
        Self { life: Arc::new(life), ..process }
    }

    /// How many effects it has had.
    pub(super) fn effects(&self) -> u32 {
        self.life.effects.load(Ordering::Relaxed)
    }

    /// Has an effect on the world; `None` for what a process that is over still tries while it unwinds.
    pub(super) fn effect<T>(
        &self,
        what: impl std::fmt::Display,
        act: impl FnOnce(&mut World, usize) -> T,
    ) -> Option<T> {
        if self.life.is_over.load(Ordering::Relaxed) {
            if std::thread::panicking() {
                return None;
            }
            std::panic::resume_unwind(Box::new(Killed));
        }
        let number = self.life.effects.fetch_add(1, Ordering::Relaxed) + 1;
        let kill = self.life.kill.filter(|kill| kill.at == number);
        if is_traced() {
            eprintln!("{:>9.3?} {self:?} {number}: {what} {kill:?}", look(&self.world).now());
        }
        if let Some(kill) = kill.filter(|kill| !kill.after) {
            self.die(kill);
        }
        let had = act(&mut look(&self.world), self.at);
        if let Some(kill) = kill {
            self.die(kill);
        }
        if let Some((stop, meanwhile)) = self.life.stop.as_ref().filter(|(stop, _)| stop.at == number) {
            self.stop(stop.kind, meanwhile);
        }
        Some(had)
    }

    /// Stands still while others go on, wherever it is: they have a thread and a runtime of their own meanwhile.
    fn stop(&self, kind: Stopped, meanwhile: &Meanwhile) {
        let time = Arc::clone(&look(&self.world).time);
        let before = *time.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = now_of(&time);
        let others = std::thread::scope(|scope| {
            let others = scope.spawn(|| {
                in_a_world(async {
                    *time.lock().unwrap_or_else(PoisonError::into_inner) = Time { passed, since: Instant::now() };
                    meanwhile(Arc::clone(&self.world)).await;
                    now_of(&time)
                })
            });
            others.join()
        });
        let lasted = others.unwrap_or_else(|payload| std::panic::resume_unwind(payload)).saturating_sub(passed);
        let asleep = if kind == Stopped::Asleep { lasted } else { Duration::ZERO };
        *time.lock().unwrap_or_else(PoisonError::into_inner) = Time { passed: before.passed + asleep, ..before };
        if kind == Stopped::BySignal {
            // The first poll moves the clock.
            let _ = tokio::time::advance(lasted).now_or_never();
        }
    }

    fn die(&self, kill: Kill) -> ! {
        self.life.is_over.store(true, Ordering::Relaxed);
        let mut world = look(&self.world);
        let World { dice, computers, .. } = &mut *world;
        computers[self.at].disk.end(kill.death, dice);
        drop(world);
        // Without the hook, which would tell of a panic.
        std::panic::resume_unwind(Box::new(Killed));
    }
}

/// The clock of all computers.
#[derive(Debug)]
pub(super) struct WorldClock(SharedTime);

impl Clock for WorldClock {
    fn now(&self) -> Timestamp {
        let seconds = i64::try_from(now_of(&self.0).as_secs()).unwrap_or(i64::MAX);
        Timestamp::from_second(1_795_000_000 + seconds).expect("a time")
    }
}

impl World {
    pub(super) fn clock(&self) -> WorldClock {
        WorldClock(Arc::clone(&self.time))
    }
}

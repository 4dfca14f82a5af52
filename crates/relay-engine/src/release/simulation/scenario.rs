//! A random world and what befalls it; then the calm in which everything must come right.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use relay_config::{Config, DurationText, WaitFor};
use relay_workspace::{PackageName, Version};
use tokio::task::LocalSet;
use tokio::time::sleep;

use super::objects::{Commit, Tree, bytes_of};
use super::place::{Packages, next};
use super::registry::Put;
use super::remote::MAIN;
use super::run::{Command, Ended, run};
use super::troubles::another_machine;
use super::world::{Computer, Faults, Kill, Meanwhile, Process, Shared, Stop, World, look};
use crate::observe::Intent;
use crate::release::remote::RELEASE_BRANCHES;
use crate::report::Ending;

/// After so many calm runs everything must have come right: a chain of packages that each take longer than they are waited for
/// gets one further in each.
const CALM_RUNS_MAX: usize = 12;
/// One of so many random worlds moves its dist-tags when all is out.
const PROMOTED_OF: u64 = 4;
/// In one of so many random worlds a process is stopped at an effect, and goes on when others have been at work.
const STOPPED_OF: u64 = 8;
/// In one of so many random worlds a number was published once and removed.
const BURNT_OF: u64 = 11;
/// In one of so many random worlds runs are gone on with by `relay resume`.
const RESUMED_OF: u64 = 13;
/// What no run of any world takes, in simulated time.
const RUN_LASTS_MAX: Duration = Duration::from_hours(6);

/// What becomes of a clone's journal between two runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JournalFate {
    Kept,
    Torn,
    Lost,
}

/// Runs something in the time of a world of its own.
pub(super) fn in_a_world<T>(play: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(LocalSet::new().run_until(play))
}

/// What must not be and was in the world of a seed.
pub(super) fn wrongs_of(seed: u64) -> Vec<String> {
    in_a_world(async {
        let (world, command) = random_world(seed);
        Box::pin(disturb(&world, &command)).await;
        calm_down(&world, command).await;
        look(&world).wrongs.clone()
    })
}

fn name(number: usize) -> PackageName {
    PackageName::parse(&format!("p{number}")).expect("a name")
}

/// A world before anything has happened in it, with two clones.
fn random_world(seed: u64) -> (Shared, Command) {
    let mut world = World::new(seed, Packages::new());
    let dice = &mut world.dice;
    let count = dice.number(1..7);
    let mut packages = Packages::new();
    for number in 0..count {
        let below: BTreeSet<_> = (0..number).filter(|_| dice.befalls(350)).map(name).collect();
        packages.insert(name(number), below);
    }
    if dice.befalls(250) {
        world.registry.interactive = packages.keys().filter(|_| dice.befalls(450)).cloned().collect();
        world.registry.codes_serve_once = dice.befalls(500);
    }
    if dice.befalls(120) {
        world.registry.forbidden.insert(name(dice.number(0..count)));
    }
    world.registry.delay_max = [1, 2_000, 20_000, 90_000, 200_000][dice.number(0..5)];
    let releases = dice.befalls(600);
    let mut config = Config::default();
    config.publish.concurrency = dice.number(1..5);
    config.publish.wait_for = if dice.befalls(250) { WaitFor::Accepted } else { WaitFor::Visible };
    config.publish.visibility_timeout = DurationText(Duration::from_secs([30, 120, 300][dice.number(0..3)]));
    config.git.lock_lasts = DurationText(Duration::from_secs([20, 30, 120][dice.number(0..3)]));
    config.git.tags_per_push = dice.befalls(300).then_some(3);
    world.remote.is_protected = releases && dice.befalls(200);
    world.terms.pushes = dice.befalls(900) || world.remote.is_protected;
    world.terms.tags_per_push = config.git.tags_per_push;
    // By the seed and not by dice, so that the other worlds are what they would be without.
    config.publish.promote_last = seed.is_multiple_of(PROMOTED_OF);
    world.terms.promotes_last = config.publish.promote_last;
    world.terms.waits_until_visible = config.publish.wait_for == WaitFor::Visible && !config.publish.promote_last;
    let command = Command {
        intent: if releases { Intent::Release } else { Intent::Publish },
        config,
        pushes: world.terms.pushes,
        has_no_remote: !world.terms.pushes && seed.is_multiple_of(2),
        asks: dice.befalls(200),
        accepted: Vec::new(),
        interrupt: None,
        stops: seed % STOPPED_OF == STOPPED_OF - 1 && world.terms.pushes,
        resumes: seed % RESUMED_OF == RESUMED_OF - 1,
    };
    world.packages = packages;
    world.remote.is_absent = command.has_no_remote;
    if seed % BURNT_OF == BURNT_OF - 1 {
        let at = world.dice.number(0..count);
        world.registry.burnt.insert((name(at), next(&Version::new(1, 0, 0))));
    }
    world.begin(releases);
    (Arc::new(Mutex::new(world)), command)
}

impl World {
    /// The history so far, what others published before, and two clones.
    pub(super) fn begin(&mut self, releases: bool) {
        let first = Version::new(1, 0, 0);
        let names: Vec<PackageName> = self.packages.keys().cloned().collect();
        let mut tree = Tree::default();
        for name in &names {
            tree.versions.insert(name.clone(), first.clone());
            // A repository that was published by another tool, which made no tags.
            if self.dice.befalls(700) {
                let integrity = bytes_of(name, &first);
                let put = Put {
                    name: name.clone(),
                    version: first.clone(),
                    integrity,
                    tag: "latest".to_owned(),
                    git_head: None,
                    factor: None,
                };
                self.registry.put_old(put);
            }
        }
        let root = self.commit_on(None, tree.clone(), "first");
        for name in names.iter().filter(|_| !releases) {
            if self.dice.befalls(700) {
                tree.versions.insert(name.clone(), next(&first));
            }
        }
        tree.has_change_file = releases;
        let head = self.commit_on(Some(root), tree, "work");
        self.remote.refs.insert(MAIN.to_owned(), head);
        self.clone_anew();
        self.clone_anew();
    }

    fn commit_on(&mut self, parent: Option<String>, tree: Tree, message: &str) -> String {
        let seconds = i64::try_from(self.now().as_secs()).unwrap_or_default();
        let parents = parent.into_iter().collect();
        self.objects.add(Commit { parents, tree, document: None, seconds, message: message.to_owned() })
    }

    /// A fresh clone on a computer of its own; gives its number.
    pub(super) fn clone_anew(&mut self) -> usize {
        let mut computer = Computer::default();
        for (full, id) in &self.remote.refs {
            if full == MAIN || full.starts_with("refs/tags/") {
                computer.has.extend(self.objects.reach(id));
                computer.refs.insert(full.clone(), id.clone());
            }
        }
        computer.tracked = computer.refs.get(MAIN).cloned();
        self.computers.push(computer);
        self.computers.len() - 1
    }

    /// A person pulls: goes forward to the remote's branch, or back to it where the two have parted.
    pub(super) fn pull(&mut self, at: usize) {
        let Some(there) = self.remote.refs.get(MAIN).cloned() else { return };
        let reach = self.objects.reach(&there);
        let computer = &mut self.computers[at];
        computer.uncommitted = None;
        computer.has.extend(reach);
        computer.tracked = Some(there.clone());
        let is_ahead = computer.refs.get(MAIN).is_some_and(|here| self.objects.is_ancestor(&there, here));
        if !is_ahead {
            computer.refs.insert(MAIN.to_owned(), there);
        }
    }

    /// A person merges what waits on branches of its own, as it is or squashed.
    pub(super) fn merge_what_waits(&mut self) {
        let branches = self.refs_like(&[&format!("{RELEASE_BRANCHES}*")]);
        for (_, branch) in branches {
            let Some(main) = self.remote.refs.get(MAIN).cloned() else { return };
            if self.is_merged(&branch.commit, &main) {
                continue;
            }
            let merged = if self.dice.befalls(500) && self.objects.is_ancestor(&main, &branch.commit) {
                branch.commit
            } else {
                let tree = self.objects.tree(&branch.commit).cloned().unwrap_or_default();
                self.commit_on(Some(main), tree, "squashed")
            };
            self.remote.refs.insert(MAIN.to_owned(), merged);
        }
    }

    pub(super) fn meet(&mut self, at: usize, fate: JournalFate) {
        let Self { computers, dice, .. } = self;
        let disk = &mut computers[at].disk;
        match fate {
            JournalFate::Kept => {}
            JournalFate::Torn => disk.tear(dice),
            JournalFate::Lost => disk.lose_journal(),
        }
    }
}

/// Some runs in which everything may go wrong, one after the other or two at once.
async fn disturb(world: &Shared, command: &Command) {
    let rounds = look(world).dice.number(1..4);
    let mut at = 0;
    for round in 0..rounds {
        let resumes = round > 0 && command.resumes;
        let (kills, offset, interrupt, together) = {
            let mut world = look(world);
            world.draw_faults();
            let kills = (world.draw_kill(), world.draw_kill());
            let interrupt = world.dice.befalls(100).then(|| world.dice.between(0..200_000));
            (kills, world.dice.between(0..40_000), interrupt, world.dice.befalls(450))
        };
        let command = Command { interrupt, resumes, ..command.clone() };
        if command.stops {
            let stop = look(world).draw_stop();
            let meanwhile = another_machine(command.clone(), kills.1);
            Box::pin(stopped_once(world, at, &command, kills.0.filter(|kill| kill.at > stop.at), (stop, meanwhile)))
                .await;
        } else if together && command.pushes {
            let other = usize::from(at == 0);
            let later = async {
                sleep(offset).await;
                once(world, other, &command, kills.1).await;
            };
            tokio::join!(once(world, at, &command, kills.0), later);
        } else {
            once(world, at, &command, kills.0).await;
        }
        let pause = look(world).dice.between(0..600_000);
        sleep(pause).await;
        at = go_on_with(world, at);
    }
}

/// Which clone goes on, and with what journal.
fn go_on_with(world: &Shared, at: usize) -> usize {
    let mut world = look(world);
    let fate = [JournalFate::Kept, JournalFate::Kept, JournalFate::Torn, JournalFate::Lost][world.dice.number(0..4)];
    world.meet(at, fate);
    // What is not pushed is in this clone alone.
    if !world.terms.pushes {
        return at;
    }
    if world.dice.befalls(300) {
        world.merge_what_waits();
    }
    match world.dice.number(0..3) {
        0 => world.clone_anew(),
        1 => {
            world.pull(at);
            at
        }
        _ => at,
    }
}

/// One run, judged by what it says of itself.
pub(super) async fn once(world: &Shared, at: usize, command: &Command, kill: Option<Kill>) -> (Ended, u32) {
    judged(world, Process::new(world, at, kill), command).await
}

/// One run that is stopped in the middle.
pub(super) async fn stopped_once(
    world: &Shared,
    at: usize,
    command: &Command,
    kill: Option<Kill>,
    stop: (Stop, Meanwhile),
) -> (Ended, u32) {
    judged(world, Process::stopped(world, at, kill, stop), command).await
}

async fn judged(world: &Shared, process: Process, command: &Command) -> (Ended, u32) {
    let at = process.at;
    let begun = look(world).now();
    let ended = run(&process, command).await;
    let mut world = look(world);
    let lasted = world.now().saturating_sub(begun);
    if lasted > RUN_LASTS_MAX {
        world.wrong("L2", format!("process {} took {lasted:?}", process.id));
    }
    match &ended {
        Ended::Finished(finished) => world.judge_report(at, finished),
        Ended::Stopped(error) => world.judge_stop(process.id, error),
        Ended::Killed | Ended::Nothing => {}
    }
    (ended, process.effects())
}

/// Nothing goes wrong any more: runs until there is nothing to do, then judges the end.
pub(super) async fn calm_down(world: &Shared, mut command: Command) {
    let mut at = {
        let mut world = look(world);
        world.faults = Faults::default();
        for computer in &mut world.computers {
            computer.cut_off.clear();
            computer.disk.room = None;
        }
        if world.terms.pushes && world.dice.befalls(500) { world.clone_anew() } else { 0 }
    };
    let mut last = Ended::Nothing;
    let resumes = command.resumes;
    for number in 0..CALM_RUNS_MAX {
        // Without anything to go on with it publishes, and only the command itself finds that all is done.
        command.resumes = resumes && number.is_multiple_of(2);
        // What is on its way still arrives, and what was taken is shown.
        sleep(Duration::from_mins(30)).await;
        {
            let mut world = look(world);
            if command.pushes {
                world.merge_what_waits();
                world.pull(at);
            }
            if number == 2 && world.dice.befalls(700) {
                command.accepted = world.strangers_versions(at);
                world.terms.accepted.extend(command.accepted.iter().cloned());
            }
        }
        let stored = look(world).registry.stored.len();
        let (ended, _) = once(world, at, &command, None).await;
        match &ended {
            Ended::Nothing if command.resumes => {}
            Ended::Nothing => return look(world).judge_end(at),
            // Whoever is refused stays refused. Where each run gets one level further, the next one gets further too.
            Ended::Finished(finished) if number >= 4 && finished.report.ending() != Ending::Done => {
                let mut world = look(world);
                if world.registry.stored.len() == stored && world.ends_without_all(at) {
                    return world.judge_end(at);
                }
            }
            Ended::Stopped(error) => look(world).wrong("L1", format!("a run in the calm is stopped: {error:?}")),
            _ => {}
        }
        last = ended;
        let mut world = look(world);
        if world.terms.pushes && world.dice.befalls(200) {
            at = world.clone_anew();
        }
    }
    look(world).wrong("L1", format!("it does not come to an end: {last:?}"));
}

impl World {
    /// The versions of the clone that strangers published.
    fn strangers_versions(&self, at: usize) -> Vec<(PackageName, Version)> {
        let versions = self.checked_out(at).versions.iter();
        let theirs = versions
            .filter(|(name, version)| self.registry.get(name, version).is_some_and(|stored| stored.is_strangers));
        theirs.map(|(name, version)| (name.clone(), version.clone())).collect()
    }

    /// Whether something can't be published for good.
    fn ends_without_all(&self, at: usize) -> bool {
        let of_strangers = self.strangers_versions(at).into_iter().any(|key| !self.terms.accepted.contains(&key));
        of_strangers || !self.registry.forbidden.is_empty() || !self.registry.burnt.is_empty()
    }
}

/// A small world in which nothing happens by chance, for those who try all there is.
pub(super) fn quiet_world(
    packages: &[(&str, &[&str])],
    change: impl FnOnce(&mut World, &mut Command),
) -> (Shared, Command) {
    let parse = |text: &str| PackageName::parse(text).expect("a name");
    let packages: BTreeMap<_, _> =
        packages.iter().map(|(name, below)| (parse(name), below.iter().map(|name| parse(name)).collect())).collect();
    let mut world = World::new(1, packages);
    world.terms.pushes = true;
    world.terms.waits_until_visible = true;
    world.registry.delay_max = 3_000;
    let mut command = Command {
        intent: Intent::Release,
        config: Config::default(),
        pushes: true,
        has_no_remote: false,
        asks: false,
        accepted: Vec::new(),
        interrupt: None,
        stops: false,
        resumes: false,
    };
    change(&mut world, &mut command);
    world.begin(command.intent == Intent::Release);
    (Arc::new(Mutex::new(world)), command)
}

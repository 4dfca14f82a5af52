//! Many random worlds, and all the places at which a run can be killed in small ones.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use super::disk::Death;
use super::git::SimulatedGit;
use super::objects::Commit;
use super::place::on_this_thread;
use super::run::{Command, Ended};
use super::scenario::{JournalFate, calm_down, in_a_world, once, quiet_world, stopped_once, wrongs_of};
use super::world::{Kill, Meanwhile, Process, Shared, Stop, Stopped, World, look};
use crate::event::SharedClock;
use crate::observe::Intent;
use crate::release::ReleaseError;
use crate::release::record::RECORD_REF;
use crate::release::remote::LOCK_REF;
use crate::release::remote_lock::{LockTerms, RemoteLock, Taken};
use crate::state_folder::Holder;

/// How many worlds the test takes where nobody says.
const SEEDS: u64 = 20_000;

fn number_from(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

fn replay(seed: u64) -> String {
    format!("RELAY_SIMULATION_SEED={seed} cargo test -p relay-engine --lib simulation::tests::random_worlds")
}

#[test]
fn random_worlds_keep_the_invariants() {
    if let Some(seed) = number_from("RELAY_SIMULATION_SEED") {
        assert_eq!(wrongs_of(seed), Vec::<String>::new(), "{}", replay(seed));
        return;
    }
    let seeds = number_from("RELAY_SIMULATION_SEEDS").unwrap_or(SEEDS);
    let first = number_from("RELAY_SIMULATION_FIRST").unwrap_or(0);
    let failures_max =
        number_from("RELAY_SIMULATION_FAILURES").and_then(|most| most.try_into().ok()).unwrap_or(1_usize);
    let next = AtomicU64::new(first);
    let failed: Mutex<BTreeMap<u64, Vec<String>>> = Mutex::default();
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    let count = failed.lock().expect("no panic").len();
                    let is_over = seed >= first + seeds || count >= failures_max;
                    if is_over {
                        return;
                    }
                    let wrongs = match std::panic::catch_unwind(|| wrongs_of(seed)) {
                        Ok(wrongs) => wrongs,
                        Err(_) => vec!["it panics".to_owned()],
                    };
                    if !wrongs.is_empty() {
                        failed.lock().expect("no panic").insert(seed, wrongs);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().expect("no panic");
    let told: Vec<String> = failed
        .iter()
        .map(|(seed, wrongs)| {
            format!("the world of seed {seed} goes wrong:\n  {}\n{}\n", wrongs.join("\n  "), replay(*seed))
        })
        .collect();
    assert!(failed.is_empty(), "{}", told.concat());
}

/// The end of a world: versions with their bytes, what dist-tags name, and tags with the versions that their commits have.
fn end_of(world: &World) -> (Vec<String>, Vec<String>) {
    let stored = world.registry.stored.iter();
    let versions = stored.map(|((name, version), stored)| format!("{name}@{version} {}", stored.integrity));
    let dist_tags = world.registry.tags.iter().map(|(name, tags)| format!("{name} {tags:?}"));
    let versions = versions.chain(dist_tags).collect();
    let tags = world.remote.refs.iter().filter(|(full, _)| full.starts_with("refs/tags/"));
    let tags = tags.map(|(full, id)| format!("{full} {:?}", world.objects.tree(id))).collect();
    (versions, tags)
}

/// How many effects a run has that nothing disturbs, and the end of it.
#[track_caller]
fn undisturbed(make: impl FnOnce() -> (Shared, Command)) -> (u32, (Vec<String>, Vec<String>)) {
    let (effects, end) = in_a_world(async {
        let (world, command) = make();
        let (ended, effects) = once(&world, 0, &command, None).await;
        calm_down(&world, command).await;
        let world = look(&world);
        assert_eq!(world.wrongs, Vec::<String>::new(), "undisturbed: {ended:?}");
        (effects, end_of(&world))
    });
    assert!(effects > 20, "{effects}");
    (effects, end)
}

/// Kills a release at each of its effects, before it and after it; its clone goes on with its journal, with a torn one or
/// without one, or another machine does. Each time the end is that of the undisturbed run.
#[track_caller]
fn killed_everywhere(change: fn(&mut World, &mut Command)) {
    let make = || quiet_world(&[("a", &[]), ("b", &["a"]), ("c", &[])], change);
    let (effects, undisturbed) = undisturbed(make);
    for at in 1..=effects {
        for (after, death) in [(false, Death::Killed), (true, Death::Killed), (true, Death::PowerCut)] {
            for fate in [Some(JournalFate::Kept), Some(JournalFate::Torn), Some(JournalFate::Lost), None] {
                in_a_world(async {
                    let (world, command) = make();
                    once(&world, 0, &command, Some(Kill { at, after, death })).await;
                    match fate {
                        Some(fate) => look(&world).meet(0, fate),
                        // The second machine's clone is of before the release.
                        None => look(&world).computers.swap(0, 1),
                    }
                    calm_down(&world, command).await;
                    let world = look(&world);
                    let place =
                        format!("killed at effect {at} of {effects} (after: {after}, {death:?}), then {fate:?}");
                    assert_eq!(world.wrongs, Vec::<String>::new(), "{place}");
                    assert_eq!(end_of(&world), undisturbed, "{place}");
                });
            }
        }
    }
}

/// Stops a release at each of its effects for as long as another machine takes to finish it; then it goes on. Each time the end is
/// that of the undisturbed run, and nothing is sent without the lock.
#[track_caller]
fn stopped_everywhere(change: fn(&mut World, &mut Command)) {
    let make = || quiet_world(&[("a", &[]), ("b", &["a"]), ("c", &[])], change);
    let (effects, undisturbed) = undisturbed(make);
    for at in 1..=effects {
        for kind in [Stopped::BySignal, Stopped::Asleep] {
            in_a_world(async {
                let (world, command) = make();
                let others = command.clone();
                let meanwhile: Meanwhile = Arc::new(move |world| {
                    let command = others.clone();
                    Box::pin(async move {
                        let other = look(&world).clone_anew();
                        once(&world, other, &command, None).await;
                    })
                });
                let stop = Stop { at, kind };
                let (ended, _) = Box::pin(stopped_once(&world, 0, &command, None, (stop, meanwhile))).await;
                calm_down(&world, command).await;
                let world = look(&world);
                let ended = match ended {
                    Ended::Stopped(error) => error.to_string(),
                    Ended::Finished(finished) => format!("{:?}", finished.report.ending()),
                    other => format!("{other:?}"),
                };
                let place = format!("{kind:?} at effect {at} of {effects}, which ended as {ended}");
                assert_eq!(world.wrongs, Vec::<String>::new(), "{place}");
                assert_eq!(end_of(&world), undisturbed, "{place}");
            });
        }
    }
}

/// The ref names what the renewal made of it: that is no lock of another run.
#[test]
fn a_renewal_whose_answer_is_lost_leaves_the_lock_its_own() {
    in_a_world(async {
        let (world, command) = quiet_world(&[("a", &[])], |_, _| {});
        let process = Process::new(&world, 0, None);
        let clock: SharedClock = Arc::new(look(&world).clock());
        let lasts = command.config.git.lock_lasts.0;
        let terms = LockTerms {
            remote: "origin".to_owned(),
            holder: Holder { command: "publish".to_owned(), pid: 7, host: "builder".to_owned(), since: clock.now() },
            plan: "p".to_owned(),
            lasts,
            clock,
            beside: on_this_thread,
        };
        let Taken::Ours(lock) = RemoteLock::take(&terms, &SimulatedGit(process), None).unwrap() else {
            panic!("nobody else")
        };
        let seen = |world: &Shared| look(world).remote.refs.get(LOCK_REF).cloned();
        let first = seen(&world);
        look(&world).remote.loses_next_answer = true;
        tokio::time::sleep(lasts / 2).await;
        assert_ne!(seen(&world), first, "it came through");
        assert_eq!(lock.check().await, Ok(()));
        tokio::time::sleep(lasts / 3).await;
        look(&world).remote.loses_next_answer = true;
        tokio::time::sleep(lasts / 3).await;
        lock.give_back().unwrap();
        assert_eq!(seen(&world), None);
    });
}

/// While a person is asked another run takes the lock, finishes, and leaves a record of its own: no record is pushed where the one
/// that was read told all, so that nothing but the ref tells.
#[test]
fn a_record_that_another_run_has_replaced_meanwhile_is_not_taken_to_be_there() {
    let ended = (1..100).find_map(|at| {
        in_a_world(async {
            let (world, mut command) = quiet_world(&[("a", &[])], |_, command| command.intent = Intent::Publish);
            once(&world, 0, &command, Some(Kill { at, after: true, death: Death::Killed })).await;
            let record = look(&world).remote.refs.get(RECORD_REF).cloned()?;
            if !look(&world).registry.sent.is_empty() {
                return None;
            }
            command.asks = true;
            let meanwhile = Arc::clone(&world);
            tokio::task::spawn_local(async move {
                tokio::time::sleep(std::time::Duration::from_millis(500)).await;
                let mut world = look(&meanwhile);
                let other = Commit { seconds: 1, ..world.objects.get(&record).unwrap().clone() };
                let another = world.objects.add(other);
                world.remote.refs.insert(RECORD_REF.to_owned(), another);
            });
            let (ended, _) = once(&world, 0, &command, None).await;
            assert_eq!(look(&world).registry.sent.len(), 0);
            Some(ended)
        })
    });
    assert!(matches!(ended, Some(Ended::Stopped(ReleaseError::RecordMoved { .. }))), "{ended:?}");
}

#[test]
fn a_release_killed_at_any_effect_ends_as_if_it_had_not_been() {
    killed_everywhere(|_, _| {});
}

#[test]
fn a_publish_killed_at_any_effect_ends_as_if_it_had_not_been() {
    killed_everywhere(|_, command| command.intent = Intent::Publish);
}

#[test]
fn a_release_on_a_protected_branch_killed_at_any_effect_ends_as_if_it_had_not_been() {
    killed_everywhere(|world, _| world.remote.is_protected = true);
}

#[test]
fn a_release_with_a_person_killed_at_any_effect_ends_as_if_it_had_not_been() {
    killed_everywhere(|world, _| world.registry.interactive = world.packages.keys().cloned().collect());
}

#[test]
fn a_release_stopped_at_any_effect_notices_that_another_machine_went_on() {
    stopped_everywhere(|_, _| {});
}

#[test]
fn a_publish_stopped_at_any_effect_notices_that_another_machine_went_on() {
    stopped_everywhere(|_, command| command.intent = Intent::Publish);
}

#[test]
fn a_promotion_stopped_at_any_effect_notices_that_another_machine_went_on() {
    stopped_everywhere(promotes_last);
}

fn promotes_last(world: &mut World, command: &mut Command) {
    command.config.publish.promote_last = true;
    world.terms.promotes_last = true;
    world.terms.waits_until_visible = false;
}

#[test]
fn a_promotion_killed_at_any_effect_ends_as_if_it_had_not_been() {
    killed_everywhere(promotes_last);
}

#[test]
fn a_promotion_with_a_person_killed_at_any_effect_ends_as_if_it_had_not_been() {
    killed_everywhere(|world, command| {
        promotes_last(world, command);
        world.registry.interactive = world.packages.keys().cloned().collect();
    });
}

//! A whole release in a simulated world, under one seed: the real steps, state machine, driver, journal, record and lock, with
//! registry, remote, clock, disk and person made up. Nothing here is part of the program.
//!
//! What is simulated stands behind the ports of the steps and nowhere else: [`crate::git_calls`], [`crate::registry_calls`],
//! [`super::workplace`], [`crate::journal::JournalFile`], [`crate::driver::Person`] and tokio's paused clock. What is decided
//! is decided by the same functions as in earnest. `tests/mutations/run.py` shows that what they would do wrong is found.
//!
//! - `dice`: all chance, from the seed
//! - `world`: what computers share, and how a process is killed at one of its effects
//! - `registry`, `calls`: a registry with npm's rules and its own log; how a process and a person speak with it
//! - `objects`, `remote`, `git`: commits, the refs of the remote, a clone
//! - `given`: credentials, packages, tarballs
//! - `disk`, `place`: relay's state folder; what the steps read and write beside git
//! - `run`: one command of relay's
//! - `scenario`: a random world and what befalls it, and the calm after it in which everything must come right
//! - `troubles`: what befalls the runs of a random world
//! - `oracle`: what must hold, by the registry's log of uploads and the remote's refs; never by relay's account
//!
//! `RELAY_SIMULATION_SEEDS` says how many worlds the test takes, `RELAY_SIMULATION_SEED` names the one to be replayed.

mod calls;
mod dice;
mod disk;
mod dist_tags;
mod git;
mod given;
mod objects;
mod oracle;
mod place;
mod registry;
mod remote;
mod run;
mod scenario;
mod tests;
mod troubles;
mod world;

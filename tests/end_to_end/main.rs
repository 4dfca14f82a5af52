//! The real binary against the sandbox, the real npm client and a real third-party registry.

mod access;
mod ci_page;
mod counting_registry;
mod gate;
mod harm;
mod house;
mod owed;
mod packages;
mod rehearsal;
mod release;
mod sandbox;
mod saved_plan;
mod secrets;
mod tags;
mod terminal;
mod unfinished;
mod verdaccio;
mod versions;
mod world;

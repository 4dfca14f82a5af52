//! The real binary against the sandbox, the real npm client and a real third-party registry.
#![expect(clippy::disallowed_methods, reason = "tests build worlds on the disk")]

mod access;
mod after_upload;
mod build;
mod canary;
mod ci_page;
mod counting_registry;
mod evidence;
mod fault_matrix;
mod fence;
mod gate;
mod gate_findings;
mod harm;
mod house;
mod journal;
mod owed;
mod packages;
mod promotion;
mod pushes;
mod rehearsal;
mod release;
mod remote_lock;
mod resume;
mod sandbox;
mod saved_plan;
mod secrets;
mod status;
mod tags;
mod takeover;
mod terminal;
mod undo;
mod unfinished;
mod verdaccio;
mod versions;
mod waves;
mod world;

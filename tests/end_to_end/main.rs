//! The real binary against the sandbox, the real npm client and a real third-party registry.

mod packages;
mod release;
mod rehearsal;
mod sandbox;
mod terminal;
mod verdaccio;
mod world;

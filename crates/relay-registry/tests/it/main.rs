//! The client against a recorder on loopback, and the publish document against the real npm.

mod npm;
mod publishing;
mod reads;
mod recorder;
mod secrets;

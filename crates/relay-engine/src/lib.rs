//! Carries a release plan out.
//!
//! - [`state`], [`machine`]: one package's way as data, and the reducer that decides what is done next (pure)
//! - [`driver`], [`uplink`], [`shipment`]: carries effects out, one at a time for each package
//! - [`event`], [`journal`]: the one stream of events, and its reader on disk
#![forbid(unsafe_code)]

pub mod driver;
pub mod event;
pub mod journal;
pub mod machine;
pub mod shipment;
pub mod state;
pub mod uplink;

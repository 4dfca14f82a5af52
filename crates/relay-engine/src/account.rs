//! A person's account at a registry: logging in, and what is remembered of sessions.
//!
//! - [`guarded`]: a write about an account, with the second factor
//! - [`login`]: from the question for a login to the session token
//! - [`sessions`]: since when there is a session, which no registry tells
//! - [`second_factor_setup`]: waits until an account has a second factor

pub mod guarded;
pub mod login;
pub mod second_factor_setup;
pub mod sessions;

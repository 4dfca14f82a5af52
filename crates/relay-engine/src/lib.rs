//! Carries a release plan out: state machine, journal, reconciliation, events
#![forbid(unsafe_code)]

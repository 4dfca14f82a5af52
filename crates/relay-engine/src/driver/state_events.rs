//! From the machine's states to the stream of events.

use std::collections::BTreeMap;
use std::time::Duration;

use relay_config::RouteKind;
use relay_workspace::PackageName;

use super::DriverContext;
use crate::event::{Fact, NotRecorded};
use crate::machine::Machine;
use crate::prepared_upload::PreparedUpload;
use crate::state::{Parked, State};

/// What the stream has been told of each package, so that each change is told once.
#[derive(Default)]
pub(super) struct EmittedStates(BTreeMap<PackageName, (State, Option<RouteKind>)>);

impl EmittedStates {
    pub(super) fn changes<U, P>(
        &mut self,
        machine: &Machine,
        context: &DriverContext<'_, U, P>,
        now: Duration,
    ) -> Result<(), NotRecorded> {
        for (name, state) in machine.states() {
            let route = machine.route(name);
            let before = self.0.get(name);
            if before.is_some_and(|(before, known)| before == state && *known == route) {
                continue;
            }
            let Some(prepared_upload) = context.prepared_uploads.get(name) else { continue };
            if let (Some((_, known)), Some(route)) = (before, route)
                && *known != Some(route)
            {
                context.events.emit(Fact::RouteChanged {
                    package: name.clone(),
                    route,
                    why: "the registry asks for a second factor here: tokens alone are not enough".to_owned(),
                })?;
            }
            if before.is_none_or(|(before, _)| before != state) {
                // An interruption can park what was accepted in one step, and that it was must be on record.
                let skipped = matches!(state, State::Parked(Parked::Interrupted { accepted: true, .. }))
                    && !matches!(before, Some((State::Accepted { .. }, _)));
                let accepted = skipped.then_some(State::Accepted { since: now });
                for state in accepted.iter().chain([state]) {
                    if let Some(fact) = fact_of(state, prepared_upload, machine.uploads(name) > 0, now) {
                        context.events.emit(fact)?;
                    }
                }
            }
            self.0.insert(name.clone(), (state.clone(), route));
        }
        Ok(())
    }
}

/// `sent`: whether this run began to upload the package.
fn fact_of(state: &State, prepared_upload: &PreparedUpload, sent: bool, now: Duration) -> Option<Fact> {
    let package = prepared_upload.name.clone();
    let version = prepared_upload.version.clone();
    let registry = prepared_upload.registry.clone();
    Some(match state {
        State::Pending | State::Uploading | State::AwaitingPerson => return None,
        State::Settling => {
            let why = if sent {
                "the answer to the upload does not tell whether it arrived"
            } else {
                "it may be there already"
            };
            Fact::Settling { package, why: why.to_owned() }
        }
        State::Waiting { until, why } => Fact::Waiting {
            package,
            why: why.clone(),
            millis: u64::try_from(until.saturating_sub(now).as_millis()).unwrap_or(u64::MAX),
        },
        State::Accepted { .. } => {
            Fact::Accepted { package, version, registry, integrity: prepared_upload.integrity.clone() }
        }
        State::Live(how) => Fact::Live { package, version, registry, how: *how },
        State::Parked(parked) => Fact::Parked { package, version, parked: parked.clone() },
        State::Held { by } => Fact::Held { package, by: by.clone() },
        State::Failed(failure) => Fact::Failed { package, version, failure: failure.clone() },
    })
}

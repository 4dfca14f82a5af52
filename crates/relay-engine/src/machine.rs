//! The release as a state machine: facts in, effects out. No clock, no network, no randomness.
//!
//! [`Machine::start`] and [`Machine::handle`] take what happened and the time since the start of the run, change the
//! packages' states, and return what is to be done next. The driver (`driver.rs`) does it and reports back. An input that
//! makes no sense in the present state is an [`IllegalInput`], never ignored.
//!
//! - `protocol`: inputs, effects, limits
//! - `transitions`: what each input does to a package
//! - `evidence`: what an accepted version that does not appear comes to, and what is asked before the first upload
//! - `upload_order`: who goes next, who is held, when a person is called
//! - `unfinished`: what a package waits for, for people

mod evidence;
mod protocol;
mod transitions;
mod unfinished;
mod upload_order;

#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use relay_config::RouteKind;
use relay_registry::Refusal;
use relay_values::RegistryUrl;
use relay_workspace::PackageName;

use self::evidence::Proof;
pub use self::protocol::{
    Answer, BACK_OFF_FIRST, BACK_OFF_MAX, Effect, Found, IllegalInput, Input, Job, PAUSE_MAX, PAUSE_UNASKED,
    PAUSES_PER_PACKAGE_MAX, PLAN_READ_FRESH, SENT_AGAIN_MAX, SETTLE_READS_MAX, Terms, UPLOADS_AFTER_PAUSE,
    UPLOADS_APART, UPLOADS_PER_PACKAGE_MAX, UploadOutcome, VISIBILITY_POLL_FIRST, VISIBILITY_POLL_MAX,
};
pub(crate) use self::transitions::back_off;
pub use self::unfinished::Unfinished;
use crate::second_factor::{SecondFactors, WriteFactor};
use crate::state::{Parked, State};

/// The release under way.
#[derive(Debug, Clone)]
pub struct Machine {
    nodes: Vec<Node>,
    index: BTreeMap<PackageName, usize>,
    /// Nodes in the order in which they compete for a free connection: the longest chain first, then by name.
    priority: Vec<usize>,
    terms: Terms,
    /// Registries that asked for a pause, and until when. Whoever is here goes slowly for the rest of the run.
    paused_until: BTreeMap<RegistryUrl, Duration>,
    /// When the next upload may begin at a registry that asked for a pause.
    next_turn: BTreeMap<RegistryUrl, Duration>,
    sitting_open: bool,
    stopping: bool,
}

#[derive(Debug, Clone)]
struct Node {
    job: Job,
    depends_on: Vec<usize>,
    state: State,
    uploads: u32,
    settles: u32,
    pauses: u32,
    looks: u32,
    /// What its upload has met of the second factor.
    factor: WriteFactor,
    /// Why an upload's answer was lost, if it was; the registry may have taken it.
    uncertain: Option<String>,
    /// The registry said that the version is taken before an upload of ours can have been the cause.
    was_there: bool,
    /// The last refusal by which the registry said that it has this version.
    taken: Option<Refusal>,
    /// How far the search for evidence has come.
    proof: Proof,
    /// The registry is being asked before the first upload, since what the plan read is too old.
    checking: bool,
    /// When that was answered.
    checked: Option<Duration>,
    /// How long the registry took to show what this run uploaded.
    shown_after: Option<Duration>,
}

impl Machine {
    /// Sets the release up. `jobs` may come in any order; unknown names in `depends_on` are left out.
    pub fn new(mut jobs: Vec<Job>, terms: Terms) -> Self {
        jobs.sort_by(|a, b| a.name.cmp(&b.name));
        let index: BTreeMap<_, _> = jobs.iter().enumerate().map(|(at, job)| (job.name.clone(), at)).collect();
        let nodes: Vec<Node> = jobs.into_iter().map(|job| Node::new(job, &index)).collect();
        Self {
            priority: priority(&nodes),
            nodes,
            index,
            terms,
            paused_until: BTreeMap::new(),
            next_turn: BTreeMap::new(),
            sitting_open: false,
            stopping: false,
        }
    }

    /// Begins. Call once, before any input.
    pub fn start(&mut self, now: Duration) -> Vec<Effect> {
        let mut effects = Vec::new();
        for at in self.priority.clone() {
            if self.nodes.get(at).is_some_and(|node| node.job.accepted_before) {
                self.accept(at, now, &mut effects);
            }
        }
        self.schedule(now, &mut effects);
        effects
    }

    /// Takes what happened and returns what is to be done.
    ///
    /// # Errors
    /// [`IllegalInput`] when the input can't happen in the package's present state; nothing has changed then.
    pub fn handle(&mut self, input: Input, now: Duration) -> Result<Vec<Effect>, IllegalInput> {
        let mut effects = Vec::new();
        match input {
            Input::UploadEnded { package, outcome } => {
                let at = self.expect(&package, "upload-ended", |state| matches!(state, State::Uploading))?;
                self.upload_ended(at, outcome, now, &mut effects);
            }
            Input::Settled { package, found } => {
                let at = self.expect(&package, "settled", |state| matches!(state, State::Settling))?;
                self.settled(at, found, now, &mut effects);
            }
            Input::Answered { package, answer } => {
                let at = self.expect(&package, "answered", |state| {
                    matches!(state, State::AwaitingPerson | State::Parked(Parked::Interrupted { .. }))
                })?;
                self.answered(at, answer, now, &mut effects);
            }
            Input::Looked { package, found } => {
                let at = self.expect(&package, "looked", |state| {
                    matches!(state, State::Accepted { .. } | State::Parked(Parked::Interrupted { .. }))
                })?;
                self.looked(at, found, now, &mut effects);
            }
            Input::Woken => {}
            Input::Interrupted => self.stopping = true,
        }
        self.schedule(now, &mut effects);
        Ok(effects)
    }

    /// Gives up waiting for uploads in flight after an interruption: their outcome is for the next run to find out.
    pub fn abandon(&mut self) {
        self.stopping = true;
        for node in &mut self.nodes {
            if !node.state.is_terminal() {
                let in_flight = matches!(node.state, State::Uploading | State::Settling);
                let accepted = matches!(node.state, State::Accepted { .. });
                let in_flight = in_flight && !node.checking;
                node.state = State::Parked(Parked::Interrupted { in_flight, accepted });
            }
        }
    }

    /// Says whether nothing more will happen.
    pub fn is_finished(&self) -> bool {
        self.nodes.iter().all(|node| node.state.is_terminal())
    }

    /// The state of every package, by name.
    pub fn states(&self) -> impl Iterator<Item = (&PackageName, &State)> {
        self.nodes.iter().map(|node| (&node.job.name, &node.state))
    }

    /// The state of one package.
    pub fn state(&self, name: &PackageName) -> Option<&State> {
        self.node(name).map(|node| &node.state)
    }

    /// The route that a package really took: a token's route may have become interactive on the way.
    pub fn route(&self, name: &PackageName) -> Option<RouteKind> {
        self.node(name).map(|node| node.job.route)
    }

    /// How many uploads a package had.
    pub fn uploads(&self, name: &PackageName) -> u32 {
        self.node(name).map_or(0, |node| node.uploads)
    }

    /// How long the registry took to show a package after it had taken it from this run.
    pub fn shown_after(&self, name: &PackageName) -> Option<Duration> {
        self.node(name)?.shown_after
    }

    /// How many challenges a person answered so far. A code that was typed counts when the registry has taken it.
    pub fn challenges_answered(&self) -> u32 {
        self.terms.second_factors.answered_count()
    }

    /// What is known of the second factor, for the next part of the run.
    pub fn second_factors(&self) -> &SecondFactors {
        &self.terms.second_factors
    }

    fn node(&self, name: &PackageName) -> Option<&Node> {
        self.index.get(name).and_then(|at| self.nodes.get(*at))
    }

    fn expect(
        &self,
        name: &PackageName,
        input: &'static str,
        allowed: impl Fn(&State) -> bool,
    ) -> Result<usize, IllegalInput> {
        let state = self.state(name);
        match self.index.get(name) {
            Some(at) if state.is_some_and(allowed) => Ok(*at),
            _ => Err(IllegalInput { package: name.to_string(), state: state.map_or("unknown", State::name), input }),
        }
    }
}

impl Node {
    fn new(job: Job, index: &BTreeMap<PackageName, usize>) -> Self {
        let own = index.get(&job.name);
        let depends_on =
            job.depends_on.iter().filter_map(|name| index.get(name)).filter(|at| Some(*at) != own).copied().collect();
        let state = job.failed.clone().map_or(State::Pending, State::Failed);
        Self {
            job,
            depends_on,
            state,
            uploads: 0,
            settles: 0,
            pauses: 0,
            looks: 0,
            factor: WriteFactor::default(),
            uncertain: None,
            was_there: false,
            taken: None,
            proof: Proof::default(),
            checking: false,
            checked: None,
            shown_after: None,
        }
    }

    fn is_interactive(&self) -> bool {
        self.job.route == RouteKind::Interactive
    }
}

/// Who goes first among those that can go: the longest chain of dependents, and among equals the one at which most chains
/// begin, so that no connection stands idle while one of them is awaited.
fn priority(nodes: &[Node]) -> Vec<usize> {
    let length = |at: usize| nodes.get(at).map(|node| node.job.chain_length);
    let mut priority: Vec<usize> = (0..nodes.len()).collect();
    // Whoever waits for a node has a shorter chain than that node, and comes before it.
    priority.sort_by_key(|at| length(*at));
    let mut chains = vec![0_u64; nodes.len()];
    for at in &priority {
        let Some(node) = nodes.get(*at) else { continue };
        let beginning_here = chains.get(*at).copied().unwrap_or_default();
        for below in &node.depends_on {
            if let Some(count) = chains.get_mut(*below) {
                *count = count.saturating_add(beginning_here).saturating_add(1);
            }
        }
    }
    priority.sort_by_key(|at| std::cmp::Reverse((length(*at), chains.get(*at).copied())));
    priority
}

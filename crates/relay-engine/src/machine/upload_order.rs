//! Who goes next, who is held, when a person is called.
//!
//! Packages that need nobody go as soon as their dependencies are there, the longest chain first. A person is called when
//! nothing that needs nobody is left to be sent before; the packages of a sitting go one after the other.

use std::collections::BTreeSet;
use std::time::Duration;

use relay_config::{RouteKind, WaitFor};

use super::protocol::{Effect, UPLOADS_AFTER_PAUSE, UPLOADS_APART};
use super::{Machine, Node};
use crate::second_factor::Carried;
use crate::state::{Parked, State};

impl Machine {
    /// Sends what can be sent, holds what must be held.
    pub(super) fn schedule(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        self.hold_back();
        if self.stopping {
            self.park_the_rest();
            return;
        }
        let mut free = self.terms.concurrency.saturating_sub(self.in_flight());
        for at in self.priority.clone() {
            if free == 0 {
                break;
            }
            let starts =
                |node: &Node| !node.is_interactive() && self.can_start(node, now) && self.has_a_turn(node, now);
            if self.nodes.get(at).is_some_and(starts) {
                if !self.checks_first(at, now, effects) {
                    self.takes_its_turn(at, now, effects);
                    self.upload(at, Carried::Nothing, effects);
                }
                free -= 1;
            }
        }
        self.park_for_a_person(now);
        self.schedule_sitting(now, effects);
    }

    /// Packages in flight or to be sent that need a person, without the one that is being answered.
    pub(super) fn persons_waiting(&self) -> usize {
        self.nodes
            .iter()
            .filter(|node| node.is_interactive() && !node.state.is_terminal())
            .filter(|node| !matches!(node.state, State::Accepted { .. } | State::AwaitingPerson))
            .count()
    }

    fn schedule_sitting(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        let busy = self.nodes.iter().any(|node| {
            node.is_interactive() && matches!(node.state, State::Uploading | State::Settling | State::AwaitingPerson)
        });
        if busy {
            return;
        }
        let next = self
            .priority
            .iter()
            .copied()
            .find(|at| self.nodes.get(*at).is_some_and(|node| node.is_interactive() && self.can_start(node, now)));
        let Some(next) = next else {
            self.sitting_open &= self.persons_waiting() > 0;
            return;
        };
        if !self.sitting_open && !self.sitting_may_open() {
            return;
        }
        let has_a_turn = self.nodes.get(next).is_some_and(|node| self.has_a_turn(node, now));
        if !has_a_turn || self.checks_first(next, now, effects) {
            return;
        }
        self.sitting_open = true;
        self.takes_its_turn(next, now, effects);
        let carried = self.nodes.get(next).map_or(Carried::Nothing, |node| {
            self.terms.second_factors.at(&node.job.registry).in_turn(&node.factor, now)
        });
        self.upload(next, carried, effects);
    }

    /// Parks what needs a person where nobody can answer.
    fn park_for_a_person(&mut self, now: Duration) {
        let is_for_nobody = |node: &Node| {
            let answerable = || self.terms.second_factors.at(&node.job.registry).can_be_answered(now);
            node.is_interactive() && self.can_start(node, now) && !answerable()
        };
        let parked: Vec<usize> =
            (0..self.nodes.len()).filter(|at| self.nodes.get(*at).is_some_and(is_for_nobody)).collect();
        if parked.is_empty() {
            return;
        }
        for at in parked {
            if let Some(node) = self.nodes.get_mut(at) {
                let why = "a person must answer a second factor, and nobody is here to do so".to_owned();
                node.state = State::Parked(Parked::Person { why });
            }
        }
        self.hold_back();
    }

    /// A person is called when nothing that needs nobody is still to be sent without them, and when no package of the
    /// sitting would keep them waiting for the registry to show a dependency that went out by itself.
    fn sitting_may_open(&self) -> bool {
        self.nodes.iter().enumerate().all(|(at, node)| {
            if node.state.is_terminal() {
                return true;
            }
            if node.is_interactive() {
                return node.depends_on.iter().all(|below| {
                    self.nodes.get(*below).is_none_or(|dependency| {
                        dependency.is_interactive()
                            || self.is_there(&dependency.state)
                            || self.waits_for_a_person(*below, &mut BTreeSet::new())
                    })
                });
            }
            matches!(node.state, State::Accepted { .. }) || self.waits_for_a_person(at, &mut BTreeSet::new())
        })
    }

    /// Says whether a package that is not out yet has an interactive package below it that is not out either.
    fn waits_for_a_person(&self, at: usize, seen: &mut BTreeSet<usize>) -> bool {
        seen.insert(at)
            && self.nodes.get(at).is_some_and(|node| {
                // What is to be sent once more waits for what it needs as well.
                matches!(node.state, State::Pending | State::Waiting { .. })
                    && node.depends_on.iter().any(|below| {
                        self.nodes.get(*below).is_some_and(|dependency| {
                            !dependency.state.is_terminal()
                                && (dependency.is_interactive() || self.waits_for_a_person(*below, seen))
                        })
                    })
            })
    }

    fn can_start(&self, node: &Node, now: Duration) -> bool {
        let due = match &node.state {
            State::Pending => true,
            State::Waiting { until, .. } => *until <= now,
            _ => false,
        };
        due && self.paused_until.get(&node.job.registry).is_none_or(|until| *until <= now)
            && node
                .depends_on
                .iter()
                .all(|at| self.nodes.get(*at).is_none_or(|below| self.is_there_for(node, &below.state)))
    }

    pub(super) fn is_there(&self, state: &State) -> bool {
        match state {
            State::Live(_) => true,
            State::Accepted { .. } | State::Parked(Parked::Visibility { .. }) => {
                self.terms.wait_for == WaitFor::Accepted
            }
            _ => false,
        }
    }

    /// The same for one package: one that is staged itself may follow on what is staged, since neither can be installed before its
    /// approval, and approvals go in the order of dependencies. All others wait for the approval (invariant I4).
    fn is_there_for(&self, node: &Node, state: &State) -> bool {
        let both_staged =
            node.job.route == RouteKind::Staged && matches!(state, State::Parked(Parked::Approval { .. }));
        both_staged || self.is_there(state)
    }

    fn in_flight(&self) -> usize {
        self.nodes.iter().filter(|node| node.is_in_flight()).count()
    }

    /// Says whether a registry that asked for a pause bears this upload beside those that are in flight.
    fn has_a_turn(&self, node: &Node, now: Duration) -> bool {
        if !self.paused_until.contains_key(&node.job.registry) {
            return true;
        }
        if self.next_turn.get(&node.job.registry).is_some_and(|turn| now < *turn) {
            return false;
        }
        let there = |other: &&Node| other.is_in_flight() && other.job.registry == node.job.registry;
        self.nodes.iter().filter(there).count() < UPLOADS_AFTER_PAUSE
    }

    /// Where a registry asked for a pause, the next upload to it begins a while after this one.
    fn takes_its_turn(&mut self, at: usize, now: Duration, effects: &mut Vec<Effect>) {
        let Some(node) = self.nodes.get(at).filter(|node| self.paused_until.contains_key(&node.job.registry)) else {
            return;
        };
        let next = now.saturating_add(UPLOADS_APART);
        self.next_turn.insert(node.job.registry.clone(), next);
        effects.push(Effect::Wake { at: next });
    }

    /// Dependents of what failed, is parked or held are held, however far away.
    fn hold_back(&mut self) {
        loop {
            let held: Vec<(usize, State)> = self
                .nodes
                .iter()
                .enumerate()
                .filter(|(_, node)| matches!(node.state, State::Pending | State::Waiting { .. }))
                .filter_map(|(at, node)| self.broken_dependency(node).map(|state| (at, state)))
                .collect();
            if held.is_empty() {
                return;
            }
            for (at, state) in held {
                if let Some(node) = self.nodes.get_mut(at) {
                    node.state = state;
                }
            }
        }
    }

    fn broken_dependency(&self, node: &Node) -> Option<State> {
        node.depends_on.iter().find_map(|at| {
            let dependency = self.nodes.get(*at)?;
            match &dependency.state {
                State::Held { by } => Some(State::Held { by: by.clone() }),
                state if self.is_there_for(node, state) => None,
                state if state.breaks_the_chain() => Some(State::Held { by: dependency.job.name.clone() }),
                _ => None,
            }
        })
    }

    fn park_the_rest(&mut self) {
        for node in &mut self.nodes {
            if matches!(
                node.state,
                State::Pending | State::Waiting { .. } | State::Accepted { .. } | State::AwaitingPerson
            ) {
                let accepted = matches!(node.state, State::Accepted { .. });
                node.state = State::Parked(Parked::Interrupted { in_flight: false, accepted });
            }
        }
    }
}

//! What a package is and what it waits for, for the case that none of it can come any more.

use std::fmt;

use relay_workspace::PackageName;

use super::Machine;
use crate::state::State;

/// A package that has not come to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    /// The package.
    pub package: PackageName,
    /// Its state's name.
    pub state: &'static str,
    /// Why, where the state says so, as half a sentence.
    pub why: Option<String>,
    /// What it depends on and is not there yet, each with its state's name.
    pub waits_for: Vec<(PackageName, &'static str)>,
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is {}", self.package, self.state)?;
        if let Some(why) = &self.why {
            write!(f, " ({why})")?;
        }
        for (at, (package, state)) in self.waits_for.iter().enumerate() {
            write!(f, "{} `{package}`, which is {state}", if at == 0 { " and waits for" } else { " and for" })?;
        }
        Ok(())
    }
}

impl Machine {
    /// The packages that have not come to their end, by name.
    pub fn unfinished(&self) -> Vec<Unfinished> {
        let open = self.nodes.iter().filter(|node| !node.state.is_terminal());
        open.map(|node| {
            let below = node.depends_on.iter().filter_map(|at| self.nodes.get(*at));
            let waits_for = below.filter(|below| !self.is_there(&below.state));
            Unfinished {
                package: node.job.name.clone(),
                state: node.state.name(),
                why: if let State::Waiting { why, .. } = &node.state { Some(why.clone()) } else { None },
                waits_for: waits_for.map(|below| (below.job.name.clone(), below.state.name())).collect(),
            }
        })
        .collect()
    }
}

//! What befalls the runs of a random world: faults, kills, stops.

use std::sync::Arc;

use tokio::time::sleep;

use super::disk::Death;
use super::run::Command;
use super::scenario::once;
use super::world::{Faults, Kill, Meanwhile, Stop, Stopped, World, look};

/// An effect that the killed or stopped run of a random world may have.
const KILLED_AT_MAX: usize = 140;

impl World {
    pub(super) fn draw_faults(&mut self) {
        let dice = &mut self.dice;
        let mut one_of = |rates: [u32; 4]| rates[dice.number(0..4)];
        self.faults = Faults {
            remote: one_of([0, 0, 30, 150]),
            upload: one_of([0, 60, 200, 400]),
            read: one_of([0, 0, 40, 150]),
            stranger: one_of([0, 0, 0, 60]),
            person: one_of([0, 100, 300, 500]),
        };
        if !self.terms.pushes {
            self.faults.stranger = 0;
        }
        let now = self.now();
        for at in 0..self.computers.len() {
            self.computers[at].cut_off.clear();
            if self.dice.befalls(250) {
                let from = now + self.dice.between(0..150_000);
                let to = from + self.dice.between(1_000..400_000);
                self.computers[at].cut_off.push((from, to));
            }
            let written = self.computers[at].disk.journal.len();
            let room = self.dice.befalls(80).then(|| written + self.dice.number(0..6_000));
            self.computers[at].disk.room = room;
        }
    }

    pub(super) fn draw_kill(&mut self) -> Option<Kill> {
        let death = if self.dice.befalls(500) { Death::Killed } else { Death::PowerCut };
        let at = u32::try_from(self.dice.number(1..KILLED_AT_MAX)).unwrap_or(1);
        self.dice.befalls(650).then(|| Kill { at, after: self.dice.befalls(500), death })
    }

    pub(super) fn draw_stop(&mut self) -> Stop {
        let kind = if self.dice.befalls(500) { Stopped::BySignal } else { Stopped::Asleep };
        Stop { at: u32::try_from(self.dice.number(1..KILLED_AT_MAX)).unwrap_or(1), kind }
    }
}

/// Another machine, after some time, which may be killed too.
pub(super) fn another_machine(command: Command, kill: Option<Kill>) -> Meanwhile {
    Arc::new(move |world| {
        let command = command.clone();
        Box::pin(async move {
            let (pause, other) = {
                let mut world = look(&world);
                (world.dice.between(0..300_000), world.clone_anew())
            };
            sleep(pause).await;
            once(&world, other, &command, kill).await;
        })
    })
}

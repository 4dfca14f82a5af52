//! relay's state folder of a clone: the bytes of the journal, those that a sync has kept and those that a power cut takes.

use std::io::{Error, ErrorKind, Result};

use super::dice::Dice;
use super::world::Process;
use crate::journal::JournalFile;
use crate::learnt::Learnt;
use crate::state_folder::Holder;

/// How a process ends that is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Death {
    /// The system goes on, with all that was written.
    Killed,
    /// The power fails: what no sync has kept may be gone, and what is cut may be cut anywhere.
    PowerCut,
}

/// What a clone's state folder holds.
#[derive(Debug, Default)]
pub(super) struct Disk {
    pub(super) journal: Vec<u8>,
    synced: usize,
    /// The disk is full when the journal has so many bytes.
    pub(super) room: Option<usize>,
    /// Who held the clone's lock last.
    pub(super) holder: Option<Holder>,
    pub(super) learnt: Learnt,
}

impl Disk {
    /// What a death leaves.
    pub(super) fn end(&mut self, death: Death, dice: &mut Dice) {
        if death == Death::PowerCut && self.synced < self.journal.len() {
            self.journal.truncate(dice.number(self.synced..self.journal.len() + 1));
        }
    }

    /// The journal loses its end, wherever that is cut.
    pub(super) fn tear(&mut self, dice: &mut Dice) {
        self.journal.truncate(dice.number(0..self.journal.len() + 1));
        self.synced = self.synced.min(self.journal.len());
    }

    pub(super) fn lose_journal(&mut self) {
        self.journal.clear();
        self.synced = 0;
    }

    /// How many bytes the journal has, and whether its last line is whole.
    pub(super) fn written(&self) -> (u64, bool) {
        (self.journal.len() as u64, self.journal.last().is_none_or(|byte| *byte == b'\n'))
    }

    /// Whether a text is in what a power cut would leave.
    pub(super) fn has_kept(&self, text: &str) -> bool {
        let kept = self.journal.get(..self.synced).unwrap_or_default();
        kept.windows(text.len()).any(|window| window == text.as_bytes())
    }
}

/// The journal of a process's clone.
#[derive(Debug)]
pub(super) struct SimulatedFile(pub(super) Process);

impl JournalFile for SimulatedFile {
    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        let appended = self.0.effect("append", |world, at| {
            let disk = &mut world.computers[at].disk;
            let room = disk.room.unwrap_or(usize::MAX).saturating_sub(disk.journal.len());
            disk.journal.extend_from_slice(&bytes[..bytes.len().min(room)]);
            if room < bytes.len() { Err(Error::from(ErrorKind::StorageFull)) } else { Ok(()) }
        });
        appended.unwrap_or_else(|| Err(Error::from(ErrorKind::BrokenPipe)))
    }

    fn cut(&mut self, bytes: u64) -> Result<()> {
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        let cut = self.0.effect("cut", |world, at| {
            let disk = &mut world.computers[at].disk;
            disk.journal.truncate(bytes);
            disk.synced = disk.synced.min(bytes);
        });
        cut.ok_or_else(|| Error::from(ErrorKind::BrokenPipe))
    }

    fn sync(&mut self) -> Result<()> {
        let synced = self.0.effect("sync", |world, at| {
            let disk = &mut world.computers[at].disk;
            disk.synced = disk.journal.len();
        });
        synced.ok_or_else(|| Error::from(ErrorKind::BrokenPipe))
    }
}

//! What change files and commits ask for, package by package.

use std::collections::BTreeMap;

use relay_values::Printable;

use crate::bump::Bump;
use crate::change_error::{ChangeError, near_names};
use crate::change_file::ChangeFile;
use crate::changesets_config::{PreMode, PreState};
use crate::commits::{CommitNote, release_notes};
use crate::participants::Participants;
use crate::plan::ReleaseCause;
use crate::settings::ChangeInputs;

/// The first line of a change file's text, cut to this length, is its cause in a plan.
const CAUSE_CHARS_MAX: usize = 300;

/// The direct bumps.
#[derive(Default)]
pub(crate) struct Direct {
    /// By package place: `None` where nothing asks; a bump of `None` where a change file says so.
    pub(crate) bumps: Vec<Option<Bump>>,
    /// The causes, by package place.
    pub(crate) causes: BTreeMap<usize, Vec<ReleaseCause>>,
    /// The commits that ask for a release, by package place.
    pub(crate) commits: BTreeMap<usize, Vec<CommitNote>>,
    /// The change files that are used up.
    pub(crate) consumed: Vec<String>,
}

/// The order in which changesets reads its files: by file name, `.md` included.
pub(crate) fn in_file_order(change_files: &[ChangeFile]) -> Vec<&ChangeFile> {
    let mut files: Vec<&ChangeFile> = change_files.iter().collect();
    files.sort_by(|a, b| {
        let name = |file: &ChangeFile| format!("{}.md", file.id);
        (a.id.starts_with("pre/"), name(a)).cmp(&(b.id.starts_with("pre/"), name(b)))
    });
    files
}

pub(crate) fn collect(inputs: &ChangeInputs<'_>, participants: &Participants<'_>) -> Result<Direct, ChangeError> {
    let mut direct = Direct { bumps: vec![None; participants.packages.len()], ..Direct::default() };
    if inputs.settings.use_change_files {
        let pre = inputs.settings.changesets.as_ref().and_then(|config| config.pre.as_ref());
        let files = in_file_order(inputs.change_files);
        for file in &files {
            check_names(inputs, participants, file)?;
        }
        for file in files {
            // In prerelease mode these have been counted by an earlier prerelease; they count again for the final one.
            let counted = |state: &PreState| file.id.starts_with("pre/") || state.changesets.contains(&file.id);
            if !pre.is_some_and(|state| state.mode == PreMode::Pre && counted(state)) {
                direct.take_file(participants, file, inputs.settings.changesets.is_some());
            }
        }
    }
    if inputs.settings.use_commits {
        direct.take_commits(inputs, participants);
    }
    direct.consumed.sort();
    direct.consumed.dedup();
    Ok(direct)
}

fn check_names(
    inputs: &ChangeInputs<'_>,
    participants: &Participants<'_>,
    file: &ChangeFile,
) -> Result<(), ChangeError> {
    let (mut ignored, mut others) = (Vec::new(), Vec::new());
    for (name, _) in &file.releases {
        let Some(place) = participants.place_of(name) else {
            let near = near_names(name, participants.packages.iter().map(|package| package.name.as_str()));
            return Err(ChangeError::UnknownPackage { file: file.file_name(), package: name.clone(), near });
        };
        // changesets counts private packages and those without a version among the ignored ones; by relay's own rules a
        // change file may name them, and they just get no version.
        let by_choice = inputs.settings.ignore.iter().any(|ignored| ignored.as_str() == name);
        if by_choice || (inputs.settings.changesets.is_some() && participants.is_skipped(place)) {
            ignored.push(name.clone());
        } else {
            others.push(name.clone());
        }
    }
    if ignored.is_empty() || others.is_empty() {
        Ok(())
    } else {
        Err(ChangeError::MixedChangeFile { file: file.file_name(), ignored, others })
    }
}

impl Direct {
    fn take_file(&mut self, participants: &Participants<'_>, file: &ChangeFile, changesets: bool) {
        let mut moving = 0;
        for (name, bump) in &file.releases {
            let Some(place) = participants.place_of(name).filter(|place| !participants.is_skipped(*place)) else {
                continue;
            };
            moving += 1;
            let decides = self.raise(place, *bump);
            if *bump > Bump::None {
                let cause = ReleaseCause::ChangeFile { id: file.id.clone(), text: first_line(&file.summary) };
                self.add_cause(place, cause, decides);
            }
        }
        let used_up = if changesets { moving == file.releases.len() } else { moving > 0 || file.releases.is_empty() };
        if used_up {
            self.consumed.push(file.id.clone());
        }
    }

    fn take_commits(&mut self, inputs: &ChangeInputs<'_>, participants: &Participants<'_>) {
        for (name, commits) in inputs.commits {
            let Some(place) = participants.place_of(name.as_str()).filter(|place| !participants.is_skipped(*place))
            else {
                continue;
            };
            let major = participants.counted_from(place).map_or(0, |version| version.major);
            let mut notes = release_notes(commits, inputs.settings.squash_bodies);
            for note in &mut notes {
                note.bump = inputs.settings.zero_major.apply(note.bump, major);
                let decides = self.raise(place, note.bump);
                let cause = ReleaseCause::Commit { id: note.id.clone(), text: note.subject.clone() };
                self.add_cause(place, cause, decides);
            }
            if !notes.is_empty() {
                self.commits.insert(place, notes);
            }
        }
    }

    /// Finishes a prerelease, whether or not anything changed since.
    pub(crate) fn graduate(&mut self, place: usize) {
        let decides = self.raise(place, Bump::Patch);
        self.add_cause(place, ReleaseCause::Graduation, decides);
    }

    /// Says whether this is more than anything asked for so far.
    fn raise(&mut self, place: usize, bump: Bump) -> bool {
        let Some(slot) = self.bumps.get_mut(place) else { return false };
        let raised = slot.is_none_or(|known| bump > known);
        *slot = Some(slot.map_or(bump, |known| known.max(bump)));
        raised
    }

    /// The cause that decides stands first, since often only one is shown.
    fn add_cause(&mut self, place: usize, cause: ReleaseCause, decides: bool) {
        let causes = self.causes.entry(place).or_default();
        if causes.contains(&cause) {
            return;
        }
        let at = if decides { 0 } else { causes.len() };
        causes.insert(at, cause);
    }
}

fn first_line(summary: &str) -> String {
    let line = summary.lines().next().unwrap_or_default();
    Printable::words(line, CAUSE_CHARS_MAX).into()
}

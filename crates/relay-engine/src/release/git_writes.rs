//! A note of what git is about to write, kept in the state folder from before the first lock until after the last one, so that
//! the next run knows the locks that a killed one has left behind, and clears no other's.

use std::time::{Duration, SystemTime};

use camino::Utf8Path;
use relay_git::locks::judge;
use relay_git::{LockNote, LockVerdict, Owner};
use relay_workspace::{read_regular_text, write_atomically};

use super::ReleaseError;
use crate::event::SharedClock;
use crate::project::Project;
use crate::state_folder::Holder;

const NOTE_FILE: &str = "git-writes.json";
/// The largest note that is read, in bytes: 20,000 refs of 200 bytes.
const NOTE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Keeps a note of what this run is about to let git write: the index, the head, and these refs by their full names.
pub(super) fn keep(
    state: &Utf8Path,
    holder: &Holder,
    clock: &SharedClock,
    refs: Vec<String>,
) -> Result<(), ReleaseError> {
    let since_seconds = u64::try_from(clock.now().as_second()).unwrap_or_default();
    let note = LockNote { pid: holder.pid, host: holder.host.clone(), since_seconds, refs };
    let text = serde_json::to_string(&note).expect("a note is always representable as JSON");
    write_atomically(&state.join(NOTE_FILE), text.as_bytes()).map_err(ReleaseError::Note)
}

/// Says whether an earlier run has left a note.
pub(super) fn is_there(state: &Utf8Path) -> bool {
    state.join(NOTE_FILE).symlink_metadata().is_ok()
}

/// Takes the note away: nothing is being written.
pub(super) fn forget(state: &Utf8Path) {
    // One that stays leads to no lock.
    let _ = std::fs::remove_file(state.join(NOTE_FILE));
}

/// Clears the locks that the run of a note has left behind. The clone's lock is held, so that this run has ended if it ran on
/// this machine. What a git that it started may hold still is waited for.
///
/// # Errors
/// [`ReleaseError::Git`] with the path of a lock that is somebody else's.
#[expect(clippy::disallowed_methods, reason = "a git that a killed run has started ends by itself within seconds")]
pub(super) async fn clear(
    project: &Project,
    state: &Utf8Path,
    holder: &Holder,
    clock: &SharedClock,
) -> Result<(), ReleaseError> {
    let text = read_regular_text(&state.join(NOTE_FILE), NOTE_BYTES_MAX).ok().flatten();
    let note = text.and_then(|text| serde_json::from_str::<LockNote>(&text).ok());
    if let (Some(note), Some(repository)) = (note, &project.repository) {
        let owner = if note.host == holder.host { Owner::Gone } else { Owner::Elsewhere };
        let refs: Vec<&str> = note.refs.iter().map(String::as_str).collect();
        let now = || SystemTime::from(clock.now());
        let youngest = repository
            .lock_files(&refs)?
            .iter()
            .filter_map(|lock| match judge(lock, &note, owner, now()) {
                LockVerdict::Young { ready_in } => Some(ready_in),
                _ => None,
            })
            .max();
        if let Some(ready_in) = youngest {
            tokio::time::sleep(ready_in + Duration::from_millis(1)).await;
        }
        repository.clear_locks(&note, owner, now())?;
    }
    forget(state);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::sync::Arc;

    use camino::Utf8PathBuf;
    use jiff::{SignedDuration, Timestamp};

    use super::*;
    use crate::event::Clock;
    use crate::fixture::{Repo, TWO};

    /// The time of the system, and some more: what was made just now is old then.
    struct Later(SignedDuration);

    impl Clock for Later {
        fn now(&self) -> Timestamp {
            Timestamp::now() + self.0
        }
    }

    fn clock(seconds: i64) -> SharedClock {
        Arc::new(Later(SignedDuration::from_secs(seconds)))
    }

    fn holder(host: &str) -> Holder {
        Holder { command: "release".to_owned(), pid: 7, host: host.to_owned(), since: Timestamp::UNIX_EPOCH }
    }

    /// A clone in which a run on `host` was killed while it wrote, with the locks that are there now.
    fn killed(host: &str, locks: &[&str]) -> (Repo, Utf8PathBuf) {
        let repo = Repo::committed(&TWO);
        let state = repo.root.join(".git/relay");
        std::fs::create_dir_all(&state).unwrap();
        keep(&state, &holder(host), &clock(0), vec!["refs/tags/a@1.0.0".to_owned()]).unwrap();
        for lock in locks {
            File::create(repo.root.join(".git").join(lock)).unwrap();
        }
        (repo, state)
    }

    async fn cleared(repo: &Repo, state: &Utf8Path) -> Result<(), ReleaseError> {
        clear(&repo.project(), state, &holder("here"), &clock(60)).await
    }

    #[tokio::test]
    async fn locks_of_a_killed_run_go_with_its_note() {
        let locks = ["index.lock", "refs/tags/a@1.0.0.lock"];
        let (repo, state) = killed("here", &locks);
        assert!(is_there(&state));
        cleared(&repo, &state).await.unwrap();
        assert!(!is_there(&state));
        for lock in locks {
            assert!(!repo.root.join(".git").join(lock).exists(), "{lock}");
        }
        cleared(&repo, &state).await.unwrap();
    }

    #[tokio::test]
    async fn a_lock_of_a_run_elsewhere_and_of_a_ref_that_nobody_noted_is_left() {
        let (repo, state) = killed("there", &["index.lock"]);
        let error = cleared(&repo, &state).await.unwrap_err();
        assert!(error.to_string().contains("index.lock"), "{error}");
        assert!(repo.root.join(".git/index.lock").exists() && is_there(&state));

        let (repo, state) = killed("here", &["refs/tags/other.lock"]);
        cleared(&repo, &state).await.unwrap();
        assert!(repo.root.join(".git/refs/tags/other.lock").exists());
    }

    #[tokio::test]
    async fn a_note_that_cannot_be_read_leads_to_no_lock() {
        let (repo, state) = killed("here", &["index.lock"]);
        std::fs::write(state.join(NOTE_FILE), "{").unwrap();
        cleared(&repo, &state).await.unwrap();
        assert!(repo.root.join(".git/index.lock").exists());
        assert!(!is_there(&state));
    }
}

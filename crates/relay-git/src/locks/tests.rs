//! Locks that killed processes leave behind, made by killing them.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use super::*;
use crate::create_tags::TagToMake;
use crate::testing::{TestRepo, git_command};

const TAGS: usize = 300;
/// By it the kill test knows itself as the process that is killed, and the repository that it works in.
const ROLE: &str = "RELAY_TEST_TAGS_IN";

const NOW: u64 = 1_700_000_000;

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn note(since_seconds: u64, refs: Vec<String>) -> LockNote {
    LockNote { pid: 1, host: "here".to_owned(), since_seconds, refs }
}

#[track_caller]
fn check(modified: u64, owner: Owner, now: u64, verdict: LockVerdict) {
    let lock = LockFile { path: "x.lock".into(), modified: at(modified), kind: LockKind::Lock };
    assert_eq!(judge(&lock, &note(NOW, Vec::new()), owner, at(now)), verdict);
}

#[test]
fn a_lock_is_stale_when_its_owner_is_gone_and_it_was_made_while_that_one_wrote() {
    check(NOW, Owner::Gone, NOW + 60, LockVerdict::Stale);
    check(NOW + 899, Owner::Gone, NOW + 10_000, LockVerdict::Stale);
    // As coarse as a file system's clock.
    check(NOW - 1, Owner::Gone, NOW + 60, LockVerdict::Stale);
    check(NOW - 3, Owner::Gone, NOW + 60, LockVerdict::Foreign);
    check(NOW + 1_000, Owner::Gone, NOW + 10_000, LockVerdict::Foreign);
    for owner in [Owner::Running, Owner::Elsewhere] {
        check(NOW, owner, NOW + 60, LockVerdict::Foreign);
    }
    check(NOW, Owner::Gone, NOW + 1, LockVerdict::Young { ready_in: Duration::from_secs(1) });
    check(NOW, Owner::Gone, NOW + 2, LockVerdict::Stale);
    // A clock that was set back.
    check(NOW + 60, Owner::Gone, NOW, LockVerdict::Young { ready_in: Duration::from_secs(2) });
}

fn tags() -> Vec<String> {
    (0..TAGS).map(|number| format!("@acme/package-{number}@1.0.0")).collect()
}

fn full_names() -> Vec<String> {
    tags().iter().map(|name| format!("refs/tags/{name}")).collect()
}

fn seconds_now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}

fn make_tags(repository: &Repository) -> Result<(), GitError> {
    let commit = repository.head()?.commit.unwrap();
    let names = tags();
    let tags: Vec<TagToMake<'_>> =
        names.iter().map(|name| TagToMake { name, commit: &commit, message: name }).collect();
    repository.create_tags(&tags)?.into_iter().try_for_each(|made| made.map(drop))
}

/// All files below the git folder whose names say that they are temporary.
fn leftovers(repo: &TestRepo) -> Vec<Utf8PathBuf> {
    let mut folders = vec![repo.root.join(".git")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir_utf8().unwrap().flatten() {
            let (path, name) = (entry.path().to_owned(), entry.file_name());
            if path.is_dir() {
                folders.push(path);
            } else if path.extension() == Some("lock") || name.starts_with(UNFINISHED_OBJECT) {
                found.push(path);
            }
        }
    }
    found
}

/// What a second run does: it clears away what the first left behind, and makes the tags.
#[track_caller]
fn take_over(repo: &TestRepo, note: &LockNote) -> usize {
    let second = repo.reopened();
    let later = SystemTime::now() + Duration::from_mins(1);
    let cleared = second.clear_locks(note, Owner::Gone, later).unwrap();
    make_tags(&second).unwrap();
    assert_eq!(repo.git(&["for-each-ref", "--format=%(*objectname)", "refs/tags"]).lines().count(), TAGS);
    assert_eq!(leftovers(repo), Vec::<Utf8PathBuf>::new());
    repo.git(&["fsck", "--strict"]);
    cleared.len()
}

#[test]
fn what_a_killed_transaction_leaves_is_cleared_and_the_tags_are_made() {
    let repo = TestRepo::new();
    let head = repo.write("a", "1").commit("start");
    let note = note(seconds_now(), full_names());
    let mut child = git_command(&repo.root)
        .args(["update-ref", "--stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let creates: Vec<String> = note.refs.iter().map(|name| format!("create {name} {head}")).collect();
    let input = format!("start\n{}\nprepare\n", creates.join("\n"));
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    // It holds all locks when it says so.
    let answers = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(answers.map_while(Result::ok).any(|line| line == "prepare: ok"));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(leftovers(&repo).len(), TAGS);
    // Without the note's word a lock is anybody's, and named.
    let error = make_tags(&repo.relay).unwrap_err();
    assert!(matches!(&error, GitError::LockFile { path } if path.as_str().contains("refs/tags/@acme/")), "{error}");
    let later = SystemTime::now() + Duration::from_mins(1);
    for owner in [Owner::Running, Owner::Elsewhere] {
        let error = repo.relay.clear_locks(&note, owner, later).unwrap_err();
        assert!(matches!(error, GitError::LockFile { .. }), "{error}");
    }
    assert_eq!(leftovers(&repo).len(), TAGS);
    assert_eq!(take_over(&repo, &note), TAGS);
}

/// The test is two processes: one that makes tags, and one that kills it with the git it has started.
#[cfg(unix)]
#[test]
fn tags_of_a_run_that_was_killed_at_any_moment_are_all_made_by_the_next() {
    use std::os::unix::process::CommandExt as _;
    if let Some(root) = std::env::var_os(ROLE) {
        let root = Utf8PathBuf::from(root.into_string().unwrap());
        make_tags(&Repository::discover(&root).unwrap()).unwrap();
        return;
    }
    let this_test = "locks::tests::tags_of_a_run_that_was_killed_at_any_moment_are_all_made_by_the_next";
    // How many entries the folder of objects, and that of the tags, has when the kill comes.
    for (folder, entries) in [
        ("objects", 3),
        ("objects", 40),
        ("objects", 200),
        ("refs/tags/@acme", 1),
        ("refs/tags/@acme", 120),
        ("refs/tags/@acme", 299),
    ] {
        let repo = TestRepo::new();
        repo.write("a", "1").commit("start");
        let note = note(seconds_now(), full_names());
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args([this_test, "--exact"])
            .env(ROLE, &repo.root)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        let folder = repo.root.join(".git").join(folder);
        let count = || folder.read_dir().map_or(0, Iterator::count);
        while count() < entries && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        // Its group is its own, and has nobody else in it than the git that it has started.
        let group = format!("-{}", child.id());
        let killed = std::process::Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
        assert!(killed.is_ok());
        child.wait().unwrap();
        take_over(&repo, &note);
    }
}

#[test]
fn a_lock_that_is_another_meanwhile_or_no_lock_is_left_alone() {
    let repo = TestRepo::new();
    repo.write("a", "1").commit("start");
    let lock = repo.root.join(".git/index.lock");
    std::fs::write(&lock, "").unwrap();
    let found = repo.relay.lock_files(&[]).unwrap();
    let [one] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(one.path, lock);
    let file = std::fs::File::options().write(true).open(&lock).unwrap();
    file.set_modified(one.modified + Duration::from_secs(5)).unwrap();
    assert!(matches!(repo.relay.remove_lock(one).unwrap_err(), GitError::LockFile { path } if path == lock));
    let outside = repo.root.join("yarn.lock");
    std::fs::write(&outside, "").unwrap();
    for path in [repo.root.join(".git/HEAD"), outside] {
        let modified = path.metadata().unwrap().modified().unwrap();
        let other = LockFile { path: path.clone(), modified, kind: LockKind::Lock };
        repo.relay.remove_lock(&other).unwrap_err();
        assert!(path.exists());
    }
    let again = repo.relay.lock_files(&[]).unwrap();
    repo.relay.remove_lock(&again[0]).unwrap();
    repo.relay.remove_lock(&again[0]).unwrap();
    assert!(!lock.exists());
    assert!(repo.relay.lock_files(&["--x"]).is_err());
}

#[test]
fn an_object_that_was_never_finished_is_cleared_and_is_in_nobodys_way() {
    let repo = TestRepo::new();
    repo.write("a", "1").commit("start");
    let unfinished = repo.root.join(".git/objects/tmp_object_git2_ABCDEF");
    std::fs::write(&unfinished, "x").unwrap();
    let old = note(NOW, Vec::new());
    let later = SystemTime::now() + Duration::from_mins(1);
    assert_eq!(repo.relay.clear_locks(&old, Owner::Gone, later).unwrap(), []);
    assert!(unfinished.exists());
    let cleared = repo.relay.clear_locks(&note(seconds_now(), Vec::new()), Owner::Gone, later).unwrap();
    assert_eq!(cleared.len(), 1);
    assert!(!unfinished.exists());
}

#[test]
fn a_linked_worktree_has_locks_of_its_own_and_shares_those_of_refs() {
    let repo = TestRepo::new();
    repo.write("a", "1").commit("start");
    let folder = tempfile::tempdir().unwrap();
    let linked = crate::testing::path_of(&folder).join("linked");
    repo.git(&["worktree", "add", "-q", linked.as_str()]);
    let relay = Repository::discover(&linked).unwrap();
    let wanted = ["worktrees/linked/index.lock", "worktrees/linked/HEAD.lock", "refs/heads/linked.lock"];
    for path in wanted {
        std::fs::write(repo.root.join(".git").join(path), "").unwrap();
    }
    let found = relay.lock_files(&["refs/heads/linked"]).unwrap();
    let note = note(seconds_now(), vec!["refs/heads/linked".to_owned()]);
    assert_eq!(found.len(), 3, "{found:?}");
    let later = SystemTime::now() + Duration::from_mins(1);
    assert_eq!(relay.clear_locks(&note, Owner::Gone, later).unwrap().len(), 3);
    assert_eq!(leftovers(&repo), Vec::<Utf8PathBuf>::new());
}

//! What is remembered of earlier runs, from whole and broken journals.

use super::*;
use crate::state::{Evidence, Failure};

fn folder() -> (tempfile::TempDir, Utf8PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
    (folder, path)
}

fn registry() -> RegistryUrl {
    "http://registry.example/".parse().unwrap()
}

fn accepted() -> Event {
    Event {
        at: "2026-11-24T09:00:00Z".parse().unwrap(),
        fact: Fact::Accepted {
            package: PackageName::parse("@acme/core").unwrap(),
            version: Version::new(1, 2, 3),
            registry: registry(),
            integrity: Integrity::parse("sha512-abc=").unwrap(),
        },
    }
}

#[test]
fn remembers_what_was_accepted() {
    let (_guard, path) = folder();
    Journal::open(&path).unwrap().event(&accepted()).unwrap();
    let past_uploads = PastUploads::read(&path);
    let name = PackageName::parse("@acme/core").unwrap();
    let same = Integrity::parse("sha512-abc=").unwrap();
    let other = Integrity::parse("sha512-xyz=").unwrap();
    let elsewhere = "http://elsewhere.example/".parse().unwrap();
    assert!(past_uploads.was_accepted(&registry(), &name, &Version::new(1, 2, 3), &same));
    assert!(!past_uploads.was_accepted(&registry(), &name, &Version::new(1, 2, 3), &other));
    assert!(!past_uploads.was_accepted(&elsewhere, &name, &Version::new(1, 2, 3), &same));
}

#[test]
fn a_journal_cut_at_any_byte_is_read_as_far_as_it_is_whole() {
    let (_guard, path) = folder();
    let journal = Journal::open(&path).unwrap();
    journal.event(&accepted()).unwrap();
    let text = std::fs::read(journal.path()).unwrap();
    for cut in 0..text.len() - 1 {
        std::fs::write(journal.path(), &text[..cut]).unwrap();
        assert_eq!(PastUploads::read(&path), PastUploads::default(), "cut at {cut}");
        Journal::open(&path).unwrap().event(&accepted()).unwrap();
        assert_ne!(PastUploads::read(&path), PastUploads::default(), "the next line counts, cut at {cut}");
    }
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let (_guard, path) = folder();
    let journal = Journal::open(&path).unwrap();
    let mode = std::fs::metadata(journal.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn what_became_of_uploads_and_of_the_last_run_is_told_by_the_last_word_on_them() {
    let (_guard, path) = folder();
    let journal = Journal::open(&path).unwrap();
    let mut second = 0;
    let mut tell = |fact: Fact| {
        second += 1;
        let at = Timestamp::from_second(second).unwrap();
        journal.event(&Event { at, fact }).unwrap();
        PastUploads::read(&path)
    };
    let Fact::Accepted { package, version, registry, integrity } = accepted().fact else { unreachable!() };
    let sent = Fact::UploadStarted {
        package: package.clone(),
        version: version.clone(),
        registry: registry.clone(),
        integrity: integrity.clone(),
        route: relay_config::RouteKind::Token,
        attempt: 1,
        size: 3,
        head: None,
    };
    let started = |command: &str| Fact::RunStarted {
        command: command.to_owned(),
        plan: "p".to_owned(),
        packages: Vec::new(),
        push: true,
        options: None,
    };
    let ended = |parked| Fact::RunEnded { live: 1, failed: 0, held: 0, parked };
    let shown = |past: &PastUploads| {
        past.not_shown().map(|(_, one)| (one.since.as_second(), one.is_accepted)).collect::<Vec<_>>()
    };

    let past = tell(started("release"));
    assert!(past.unfinished_run().is_some_and(|run| run.options.releases && run.at.as_second() == 1));
    assert_eq!(shown(&tell(sent.clone())), [(2, false)]);
    let refused = Failure::Unreachable { cause: "refused".to_owned() };
    let failed = Fact::Failed { package: package.clone(), version: version.clone(), failure: refused };
    assert_eq!(shown(&tell(failed)), []);
    tell(sent);
    assert_eq!(shown(&tell(accepted().fact)), [(5, true)]);
    let parked = Parked::Visibility { waited_seconds: 1, evidence: Evidence::Answer };
    tell(Fact::Parked { package: package.clone(), version: version.clone(), parked });
    let past = tell(ended(1));
    assert_eq!(shown(&past), [(5, true)]);
    assert!(past.unfinished_run().is_some());

    tell(started("publish"));
    let how = crate::state::How::AlreadyThere;
    assert_eq!(shown(&tell(Fact::Live { package, version, registry, how })), []);
    assert_eq!(tell(ended(0)).unfinished_run(), None);
}

#[test]
fn what_turned_out_to_be_burnt_is_waited_for_no_longer() {
    let (_guard, path) = folder();
    let journal = Journal::open(&path).unwrap();
    journal.event(&accepted()).unwrap();
    let Fact::Accepted { package, version, registry, integrity } = accepted().fact else { unreachable!() };
    assert!(PastUploads::read(&path).was_accepted(&registry, &package, &version, &integrity));
    let failure = Failure::Burnt { text: "no".to_owned() };
    let fact = Fact::Failed { package: package.clone(), version: version.clone(), failure };
    journal.event(&Event { at: accepted().at, fact }).unwrap();
    let past = PastUploads::read(&path);
    assert!(!past.was_accepted(&registry, &package, &version, &integrity));
    assert_eq!(past.not_shown().count(), 0);
}

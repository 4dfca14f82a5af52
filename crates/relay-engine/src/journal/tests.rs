//! What is remembered of earlier runs, from whole, torn and impossible journals.

use jiff::Timestamp;
use relay_values::RegistryUrl;
use relay_workspace::{Integrity, PackageName, Version};

use super::*;
use crate::event::{Fact, PreparedVersion};
use crate::state::{Evidence, Failure, How, Parked};

const COMMIT: &str = "1111111111111111111111111111111111111111";

fn folder() -> (tempfile::TempDir, Utf8PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
    (folder, path)
}

fn registry() -> RegistryUrl {
    "http://registry.example/".parse().unwrap()
}

fn name() -> PackageName {
    PackageName::parse("@acme/core").unwrap()
}

fn version() -> Version {
    Version::new(1, 2, 3)
}

fn integrity(text: &str) -> Integrity {
    Integrity::parse(text).unwrap()
}

fn event(fact: Fact) -> Event {
    Event { at: "2026-11-24T09:00:00Z".parse().unwrap(), fact }
}

fn started(command: &str) -> Fact {
    Fact::RunStarted {
        command: command.to_owned(),
        plan: "p".to_owned(),
        packages: vec![name()],
        push: true,
        options: None,
    }
}

fn sent(bytes: &str) -> Fact {
    Fact::UploadStarted {
        package: name(),
        version: version(),
        registry: registry(),
        integrity: integrity(bytes),
        route: relay_config::RouteKind::Token,
        attempt: 1,
        size: 3,
        head: Some(COMMIT.to_owned()),
    }
}

fn accepted(bytes: &str) -> Fact {
    Fact::Accepted { package: name(), version: version(), registry: registry(), integrity: integrity(bytes) }
}

fn live() -> Fact {
    Fact::Live { package: name(), version: version(), registry: registry(), how: How::Published }
}

fn ended(live: usize, parked: usize) -> Fact {
    Fact::RunEnded { live, failed: 0, held: 0, parked }
}

fn parked() -> Fact {
    let parked = Parked::Visibility { waited_seconds: 1, evidence: Evidence::Answer };
    Fact::Parked { package: name(), version: version(), parked }
}

fn lines(facts: &[Fact]) -> Vec<String> {
    facts.iter().map(|fact| event(fact.clone()).to_line().unwrap().trim_end().to_owned()).collect()
}

fn replayed(lines: &[impl AsRef<str>]) -> Result<PastUploads, BrokenLine> {
    let lines: Vec<&str> = lines.iter().map(AsRef::as_ref).collect();
    PastUploads::replay(format!("{}\n", lines.join("\n")).as_bytes())
}

#[test]
fn remembers_what_was_accepted() {
    let (_guard, path) = folder();
    let journal = Journal::open(&path).unwrap();
    for fact in [started("publish"), sent("sha512-abc="), accepted("sha512-abc=")] {
        journal.event(&event(fact)).unwrap();
    }
    let past_uploads = replay(&path).past_uploads;
    let elsewhere = "http://elsewhere.example/".parse().unwrap();
    assert!(past_uploads.was_accepted(&registry(), &name(), &version(), &integrity("sha512-abc=")));
    assert!(!past_uploads.was_accepted(&registry(), &name(), &version(), &integrity("sha512-xyz=")));
    assert!(!past_uploads.was_accepted(&elsewhere, &name(), &version(), &integrity("sha512-abc=")));
}

#[test]
fn a_journal_cut_at_any_byte_is_read_as_far_as_it_is_whole_and_gone_on_with() {
    let (_guard, path) = folder();
    let journal = Journal::open(&path).unwrap();
    for fact in [started("publish"), sent("sha512-abc="), accepted("sha512-abc="), parked(), ended(0, 1)] {
        journal.event(&event(fact)).unwrap();
    }
    let text = std::fs::read_to_string(journal.path()).unwrap();
    let last_whole = |cut: usize| text[..cut].matches('\n').count() + usize::from(text[cut..].starts_with('\n'));
    for cut in 0..=text.len() {
        std::fs::write(journal.path(), &text[..cut]).unwrap();
        let before = replay(&path);
        assert_eq!(before.illegal, None, "cut at {cut}");
        let whole: Vec<&str> = text.lines().take(last_whole(cut)).collect();
        assert_eq!(Ok(before.past_uploads), replayed(&whole), "cut at {cut}");
        let next = Journal::open(&path).unwrap();
        for fact in [started("publish"), sent("sha512-xyz="), accepted("sha512-xyz=")] {
            next.event(&event(fact)).unwrap();
        }
        let after = replay(&path);
        assert_eq!(after.illegal, None, "the next run goes on after a cut at {cut}");
        assert!(after.past_uploads.was_accepted(&registry(), &name(), &version(), &integrity("sha512-xyz=")));
    }
}

#[test]
fn a_record_that_cant_follow_on_the_ones_before_ends_the_journal() {
    let other_version =
        Fact::Live { package: name(), version: Version::new(9, 9, 9), registry: registry(), how: How::Published };
    let elsewhere: RegistryUrl = "http://elsewhere.example/".parse().unwrap();
    let live_elsewhere = Fact::Live { package: name(), version: version(), registry: elsewhere, how: How::Published };
    let no_commit = Fact::Committed { commit: "HEAD".to_owned() };
    let other = PackageName::parse("other").unwrap();
    let held = Fact::Held { package: other, by: name() };
    let failed =
        Fact::Failed { package: name(), version: version(), failure: Failure::Burnt { text: "no".to_owned() } };
    let (run, bytes) = (started("publish"), "sha512-abc=");
    for (why, facts) in [
        ("a record before any run", vec![sent(bytes)]),
        ("accepted of what nobody sent", vec![run.clone(), accepted(bytes)]),
        ("other bytes accepted than were sent", vec![run.clone(), sent(bytes), accepted("sha512-xyz=")]),
        ("other bytes sent than before", vec![run.clone(), sent(bytes), sent("sha512-xyz=")]),
        ("live without being accepted", vec![run.clone(), sent(bytes), live()]),
        ("another version live", vec![run.clone(), sent(bytes), accepted(bytes), other_version]),
        ("live in another registry", vec![run.clone(), sent(bytes), accepted(bytes), live_elsewhere]),
        ("sent when it was live", vec![run.clone(), sent(bytes), accepted(bytes), live(), sent(bytes)]),
        ("failed when nothing was sent", vec![run.clone(), failed]),
        ("a package of another run", vec![run.clone(), held]),
        ("a record of a run that had ended", vec![run.clone(), ended(0, 0), sent(bytes)]),
        ("an end that counts others", vec![run.clone(), sent(bytes), accepted(bytes), parked(), ended(1, 0)]),
        ("a commit that is none", vec![run.clone(), no_commit]),
    ] {
        let last = facts.len();
        let broken = replayed(&lines(&facts)).expect_err(why);
        assert_eq!(broken.number, last, "{why}: {broken}");
        assert_eq!(replayed(&lines(&facts[..last - 1])).map(drop), Ok(()), "{why}: what comes before can be");
    }
}

#[test]
fn a_broken_line_is_torn_only_where_a_run_may_have_been_killed() {
    let run = [started("publish"), sent("sha512-abc="), accepted("sha512-abc=")];
    let [first, second, third] = <[String; 3]>::try_from(lines(&run)).unwrap();
    let torn = &second[..20];
    let unknown = r#"{"at":"2026-11-24T09:00:00Z","event":"moved"}"#;
    let no_version = second.replace("1.2.3", "1.2");
    for (why, lines, broken) in [
        ("the last one", vec![first.as_str(), torn], None),
        ("another run after it", vec![&first, torn, &first, &second, &third], None),
        ("killed twice", vec![torn, &first[..9], &first], None),
        ("the same run goes on after it", vec![&first, torn, &third], Some(2)),
        ("a whole record that nobody knows", vec![&first, unknown], Some(2)),
        ("a version that is none", vec![&first, &no_version, &first], Some(2)),
        ("empty lines are nothing", vec![&first, "", &second], None),
    ] {
        assert_eq!(replayed(&lines).err().map(|line| line.number), broken, "{why}");
    }
}

#[test]
fn a_journal_that_is_not_believed_is_kept_under_another_name_and_a_new_one_begins() {
    let (_guard, path) = folder();
    for number in 1..=2 {
        Journal::open(&path).unwrap().event(&event(accepted("sha512-abc="))).unwrap();
        let before = std::fs::read(path.join(JOURNAL_FILE_NAME)).unwrap();
        let replayed = replay(&path);
        assert!(replayed.past_uploads.is_empty());
        let mut illegal = replayed.illegal.unwrap();
        assert!(illegal.to_string().contains("the next run that publishes sets it aside"), "{illegal}");
        set_aside(&mut illegal).unwrap();
        let kept = path.join(format!("journal.set-aside-{number}.ndjson"));
        assert_eq!(illegal.kept_as.as_ref(), Some(&kept));
        assert!(illegal.to_string().contains(kept.as_str()), "{illegal}");
        assert_eq!(std::fs::read(kept).unwrap(), before);
        assert!(!path.join(JOURNAL_FILE_NAME).exists());
    }
}

#[test]
fn a_journal_that_has_grown_is_put_away_and_the_next_one_begins_empty() {
    let (_guard, path) = folder();
    let journal = Journal::open(&path).unwrap();
    journal.event(&event(started("publish"))).unwrap();
    assert!(!is_full(&path));
    OpenOptions::new().append(true).open(journal.path()).unwrap().set_len(JOURNAL_SIZE_BYTES_MAX + 1).unwrap();
    assert!(is_full(&path));
    put_away(&path).unwrap();
    assert!(!is_full(&path) && replay(&path).past_uploads.is_empty());
    assert!(path.join(OLD_JOURNAL_FILE_NAME).exists());
}

#[cfg(target_os = "linux")]
#[test]
fn a_line_that_a_full_disk_cut_off_is_taken_back() {
    let (_guard, path) = folder();
    let journal = Journal::open(&path).unwrap();
    journal.event(&event(started("publish"))).unwrap();
    // As if a write had put half a line there before it failed.
    let half = OpenOptions::new().append(true).open(journal.path()).unwrap();
    (&half).write_all(b"{\"at\"").unwrap();
    let mut lines = journal.file.lock().unwrap();
    let full = OpenOptions::new().append(true).open("/dev/full").unwrap();
    let file = std::mem::replace(&mut lines.file, Box::new(full));
    let error = lines.add(b"{}\n").unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    lines.file = file;
    lines.take_back();
    drop(lines);
    journal.event(&event(sent("sha512-abc="))).unwrap();
    assert_eq!(replay(&path).illegal, None);
    assert_eq!(std::fs::read_to_string(journal.path()).unwrap().lines().count(), 2);
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

/// Tells a journal one event after the other, a second apart, and reads it back each time.
struct Telling {
    journal: Journal,
    path: Utf8PathBuf,
    second: i64,
}

impl Telling {
    fn tell(&mut self, fact: Fact) -> PastUploads {
        self.second += 1;
        let at = Timestamp::from_second(self.second).unwrap();
        self.journal.event(&Event { at, fact }).unwrap();
        let Replayed { past_uploads, illegal } = replay(&self.path);
        assert_eq!(illegal, None);
        past_uploads
    }
}

#[test]
fn what_became_of_uploads_and_of_the_last_run_is_told_by_the_last_word_on_them() {
    let (_guard, path) = folder();
    let mut telling = Telling { journal: Journal::open(&path).unwrap(), path, second: 0 };
    let mut tell = |fact| telling.tell(fact);
    let shown = |past: &PastUploads| {
        past.not_shown().map(|(_, one)| (one.since.as_second(), one.is_accepted)).collect::<Vec<_>>()
    };

    let past = tell(started("release"));
    assert!(past.unfinished_run().is_some_and(|run| run.options.releases && run.at.as_second() == 1));
    assert_eq!(shown(&tell(sent("sha512-abc="))), [(2, false)]);
    let refused = Failure::Unreachable { cause: "refused".to_owned() };
    assert_eq!(shown(&tell(Fact::Failed { package: name(), version: version(), failure: refused })), []);

    tell(started("release"));
    tell(sent("sha512-abc="));
    assert_eq!(shown(&tell(accepted("sha512-abc="))), [(6, true)]);
    tell(parked());
    let past = tell(ended(0, 1));
    assert_eq!(shown(&past), [(6, true)]);
    assert!(past.unfinished_run().is_some());

    tell(started("publish"));
    tell(accepted("sha512-abc="));
    assert_eq!(shown(&tell(live())), []);
    assert_eq!(tell(ended(1, 0)).unfinished_run(), None);
}

#[test]
fn what_turned_out_to_be_burnt_is_waited_for_no_longer() {
    let (_guard, path) = folder();
    let mut telling = Telling { journal: Journal::open(&path).unwrap(), path, second: 0 };
    let was_accepted =
        |past: &PastUploads| past.was_accepted(&registry(), &name(), &version(), &integrity("sha512-abc="));
    telling.tell(started("publish"));
    telling.tell(sent("sha512-abc="));
    assert!(was_accepted(&telling.tell(accepted("sha512-abc="))));
    let failure = Failure::Burnt { text: "no".to_owned() };
    let past = telling.tell(Fact::Failed { package: name(), version: version(), failure });
    assert!(!was_accepted(&past));
    assert_eq!(past.not_shown().count(), 0);
}

#[test]
fn what_was_about_to_be_sent_is_known_where_a_power_cut_took_the_rest() {
    let version = PreparedVersion {
        package: name(),
        version: version(),
        registry: registry(),
        integrity: integrity("sha512-abc="),
        promotion: None,
    };
    let prepared = Fact::UploadsPrepared { head: Some(COMMIT.to_owned()), versions: vec![version] };
    let past_uploads = replayed(&lines(&[started("publish"), prepared])).unwrap();
    let sent: Vec<_> = past_uploads.sent().flat_map(|(_, bytes)| bytes).collect();
    assert!(matches!(sent[..], [bytes] if bytes.integrity.as_str() == "sha512-abc=" && bytes.commit == COMMIT));
    assert_eq!(past_uploads.not_shown().count(), 0, "nothing tells that it was sent");
    assert!(past_uploads.unfinished_run().is_some());
}

#[test]
fn a_run_whose_dist_tags_have_not_moved_is_unfinished_until_they_have() {
    let tag = |text: &str| text.parse().unwrap();
    let promotion =
        crate::promotion::RecordedPromotion { tag: tag("latest"), side_tag: tag("relay-1"), from: None, done: false };
    let prepared = |text: &str| PreparedVersion {
        package: name(),
        version: Version::parse(text).unwrap(),
        registry: registry(),
        integrity: integrity("sha512-abc="),
        promotion: Some(promotion.clone()),
    };
    let versions = vec![prepared("1.0.0"), prepared("1.1.0"), prepared("2.0.0")];
    let prepared = Fact::UploadsPrepared { head: None, versions };
    let promoted =
        |text: &str| Fact::Promoted { package: name(), version: Version::parse(text).unwrap(), registry: registry() };
    let end = || Fact::RunEnded { live: 0, failed: 0, held: 0, parked: 0 };
    let pending = |facts: &[Fact]| {
        let past = replayed(&lines(facts)).unwrap();
        (past.pending_promotions().count(), past.unfinished_run().is_some())
    };
    let begun = || started("publish");
    assert_eq!(pending(&[begun(), prepared.clone(), end()]), (3, true));
    // With a version go those of the same package that are lower.
    assert_eq!(pending(&[begun(), prepared.clone(), promoted("1.1.0"), end()]), (1, true));
    assert_eq!(pending(&[begun(), prepared, promoted("2.0.0"), end()]), (0, false));
}

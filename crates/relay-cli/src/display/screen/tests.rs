//! Screens of several sizes.

use super::*;

const ADDRESS: &str = "https://registry.example/auth/cli/2b6f0cc9-4f1c-4d3e-8a55-0d6c1f7d9a11";

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn name(text: &str) -> PackageName {
    text.parse().unwrap()
}

fn screen(total: usize) -> Screen {
    let mut screen = Screen { total, visibility_limit: Duration::from_mins(20), ..Screen::default() };
    screen.begin(at(0));
    screen
}

/// Forty versions that are accepted, and one for which a person is awaited.
fn crowded() -> Screen {
    let mut screen = screen(41);
    let version = || Some("1.0.0".to_owned());
    for number in 0..40 {
        screen.set(&name(&format!("@acme/package-{number:02}")), version(), Activity::Accepted, at(1));
    }
    let doing = Activity::AwaitingPerson { url: Some(ADDRESS.to_owned()) };
    screen.set(&name("@acme/zebra"), version(), doing, at(10));
    screen
}

fn lines(screen: &Screen, seconds: i64, columns: usize, rows: usize) -> Vec<String> {
    screen.render(at(seconds), Size { columns, rows }).lines().map(str::to_owned).collect()
}

#[test]
fn a_crowded_screen_shows_who_needs_attention_the_address_and_the_totals() {
    insta::assert_snapshot!(crowded().render(at(20), Size { columns: 80, rows: 24 }));
}

#[test]
fn a_screen_takes_no_more_rows_than_there_are_and_never_loses_address_and_totals() {
    for (columns, rows) in [(80, 24), (40, 24), (80, 10), (50, 6), (200, 60), (40, 5)] {
        let lines = lines(&crowded(), 20, columns, rows);
        let taken: usize = lines.iter().map(|line| rows_of(line, columns)).sum();
        assert!(taken < rows, "{columns}x{rows}: {lines:#?}");
        assert!(lines.iter().any(|line| line.ends_with(ADDRESS)), "{columns}x{rows}: {lines:#?}");
        assert!(lines.last().unwrap().contains("0/41 packages out"), "{columns}x{rows}: {lines:#?}");
        for line in lines.iter().filter(|line| !line.contains(ADDRESS)) {
            assert!(width_of(line) <= columns, "{columns}x{rows}: {line}");
        }
    }
}

#[test]
fn a_reason_from_outside_stays_on_its_line() {
    let mut screen = screen(1);
    let why = "one\ntwo\u{1b}[2J".to_owned();
    screen.set(&name("a"), Some("1.0.0".to_owned()), Activity::Waiting { until: at(30), why }, at(0));
    let lines = lines(&screen, 0, 80, 24);
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0], "  ⠁ a 1.0.0 next try in 30 s: one two\u{fffd}[2J");
}

#[test]
fn the_time_left_is_told_only_where_it_means_something() {
    let told = |screen: &Screen, seconds| screen.totals(at(seconds), 80).contains(" left");
    let busy = || Activity::Busy("uploading".to_owned());
    let mut screen = screen(10);
    screen.set(&name("a"), None, busy(), at(0));
    assert!(!told(&screen, 2), "nothing is done yet");
    for done in ["a", "b", "c", "d", "e"] {
        screen.is_out(&name(done), at(10));
    }
    screen.set(&name("f"), None, busy(), at(10));
    assert!(screen.totals(at(10), 80).ends_with("5/10 packages out, 10 s, about 10 s left"));
    screen.set(&name("f"), None, Activity::AwaitingPerson { url: None }, at(10));
    assert!(!told(&screen, 70), "a person takes as long as they like");
    screen.set(&name("f"), None, busy(), at(70));
    assert!(screen.totals(at(70), 80).ends_with("1 min 10 s, about 10 s left"), "that says nothing about the pace");
    for last in ["f", "g", "h", "i", "j"] {
        screen.set(&name(last), None, Activity::Accepted, at(80));
    }
    assert!(!told(&screen, 90), "the registry shows them when it likes");
}

#[test]
fn the_time_left_is_not_told_before_a_person_either() {
    let mut screen = screen(10);
    screen.needs_person(&name("i"));
    screen.needs_person(&name("j"));
    for done in ["a", "b", "c", "d", "e"] {
        screen.is_out(&name(done), at(10));
    }
    screen.set(&name("f"), None, Activity::Busy("uploading".to_owned()), at(10));
    assert!(screen.totals(at(10), 80).ends_with("5/10 packages out, 10 s"), "nobody knows how long a person takes");
    screen.answered(&name("i"));
    assert!(screen.totals(at(10), 80).ends_with("5/10 packages out, 10 s"), "nor how long for the second one");
    screen.stop(&name("j"), Stopped::Parked, at(10));
    assert!(screen.totals(at(10), 80).ends_with("5/10 packages out, 1 parked, 10 s, about 8 s left"));
}

#[test]
fn a_person_who_is_awaited_for_two_packages_at_once_is_awaited_once() {
    let mut screen = screen(6);
    for done in ["a", "b", "c"] {
        screen.is_out(&name(done), at(10));
    }
    for package in ["d", "e"] {
        screen.set(&name(package), None, Activity::AwaitingPerson { url: None }, at(10));
    }
    for package in ["d", "e"] {
        screen.set(&name(package), None, Activity::Busy("uploading".to_owned()), at(30));
    }
    assert!(screen.totals(at(30), 80).ends_with("3/6 packages out, 30 s, about 10 s left"));
}

#[test]
fn the_count_is_of_what_is_out() {
    let mut screen = screen(6);
    screen.set(&name("a"), None, Activity::Busy("uploading".to_owned()), at(1));
    screen.set(&name("b"), None, Activity::Accepted, at(1));
    assert!(screen.totals(at(1), 80).contains(" 0/6 packages out, 1 s"));
    screen.is_out(&name("b"), at(2));
    for (package, stopped) in [("c", Stopped::Held), ("d", Stopped::Failed), ("e", Stopped::Held)] {
        screen.stop(&name(package), stopped, at(3));
    }
    let totals = screen.totals(at(3), 80);
    assert!(totals.ends_with(" 1/6 packages out, 1 failed, 2 held, 3 s"), "{totals}");
    assert_eq!(totals.matches('█').count(), totals.matches('░').count() / 5, "{totals}");
}

#[test]
fn wide_characters_take_the_rows_of_their_columns() {
    assert_eq!(rows_of("日本語", 3), 2);
}

//! What relay itself wrote, in this run or long ago, or on the remote: others can write there too.

use relay_engine::event::Event;
use relay_engine::journal::PastUploads;
use relay_engine::release::lock_document::LockDocument;
use relay_engine::release::record::ReleaseRecord;
use relay_plan::{ReleasePlan, TextStyle, diff, drift, render_markdown, render_text};

use crate::invariants::is_printable;
use crate::text;

/// The longest that any lock counts, in seconds.
const LOCK_SECONDS_MAX: u64 = 24 * 60 * 60;

/// A journal. What can be replayed can be replayed up to every line, and with its last line torn.
pub fn journal(input: &[u8]) {
    for line in input.split(|byte| *byte == b'\n') {
        let Ok(event) = serde_json::from_slice::<Event>(line) else { continue };
        let written = event.to_line().expect("an event can be written");
        assert_eq!(written.matches('\n').count(), 1, "an event is one line: {written}");
        assert_eq!(serde_json::from_str::<Event>(&written).expect("an event can be read back"), event);
    }
    match PastUploads::replay(input) {
        Ok(whole) => {
            let _ = (whole.unfinished_run(), whole.unpushed_commit(), whole.not_shown().count());
            for cut in (0..input.len()).filter(|at| input.get(*at) == Some(&b'\n')) {
                let lines = input.get(..=cut).unwrap_or_default();
                assert!(PastUploads::replay(lines).is_ok(), "cut after byte {cut}");
                // What is no record can be cut to something that is one.
                let last = lines.trim_ascii_end().rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
                if serde_json::from_slice::<Event>(last).is_ok() && lines.ends_with(&[last, b"\n"].concat()) {
                    let torn = input.get(..cut.saturating_sub(1)).unwrap_or_default();
                    assert!(PastUploads::replay(torn).is_ok(), "torn at byte {cut}");
                }
            }
        }
        Err(line) => {
            is_printable(&line);
            assert!(line.number >= 1 && line.number <= input.split(|byte| *byte == b'\n').count());
        }
    }
}

/// The lock on the remote.
pub fn lock(input: &[u8]) {
    let Some(document) = LockDocument::parse(input) else { return };
    assert!(document.lasts().as_secs() <= LOCK_SECONDS_MAX, "{:?}", document.lasts());
    assert_eq!(LockDocument::parse(document.to_json().as_bytes()), Some(document));
}

/// The release record on the remote.
pub fn record(input: &[u8]) {
    match ReleaseRecord::parse(input) {
        Ok(record) => {
            assert_eq!(ReleaseRecord::parse(record.to_json().as_bytes()).as_ref(), Ok(&record));
            let _ = record.is_unfinished(|_| false);
            assert!(!record.is_unfinished(|_| true));
            assert!(record.tells(&[]));
        }
        Err(error) => is_printable(&error),
    }
}

/// A saved plan.
pub fn plan_file(input: &[u8]) {
    let Some(text) = text(input) else { return };
    let plan = match ReleasePlan::from_json(text) {
        Ok(plan) => plan,
        Err(error) => return is_printable(&error),
    };
    let written = plan.to_json();
    assert_eq!(ReleasePlan::from_json(&written).ok().as_ref(), Some(&plan), "{written}");
    assert!(drift(&plan, &plan).is_empty(), "a plan does not drift from itself");
    let _ = diff(&plan, &plan).to_json();
    let style = TextStyle { width: 80, colour: false, cuts: false };
    for page in [render_text(&plan, style), render_markdown(&plan)] {
        let hidden = page.chars().find(|c| *c != '\n' && relay_values::printable::is_hidden(*c));
        assert_eq!(hidden, None, "{page:?}");
    }
}

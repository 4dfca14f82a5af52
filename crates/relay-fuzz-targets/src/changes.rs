//! Change files, changelogs, commit messages, and the settings of changesets.

use std::collections::BTreeMap;

use relay_change::{
    Bump, ChangeFile, ChangesetsConfig, ChangesetsGeneration, PackageCommit, PnpmLedger, PreState, commit_remarks,
    insert_into_changelog,
};
use relay_workspace::PackageName;

use crate::invariants::is_printable;
use crate::text;

/// A change file, or one of the files beside it: pnpm's ledger, `config.json`, `pre.json`.
pub fn change_file(input: &[u8]) {
    let Some(text) = text(input) else { return };
    match ChangeFile::parse("quick-fox", text) {
        Ok(file) => {
            let written = written(&file);
            let again = ChangeFile::parse("quick-fox", &written).expect("what says the same is a change file");
            assert_eq!(again, file, "{written}");
        }
        Err(error) => is_printable(&error),
    }
    match PnpmLedger::parse(text) {
        Ok(ledger) => {
            let file = ChangeFile::parse("quick-fox", "---\n\"a\": patch\n---\n").expect("a change file");
            let _ = ledger.pending(file, |_| Some("packages/a"));
        }
        Err(error) => is_printable(&error),
    }
    for generation in [ChangesetsGeneration::Two, ChangesetsGeneration::Three] {
        if let Err(error) = ChangesetsConfig::parse_for(generation, text) {
            is_printable(&error);
        }
    }
    if let Err(error) = PreState::parse(text) {
        is_printable(&error);
    }
}

/// The same change file in the plainest form.
fn written(file: &ChangeFile) -> String {
    let line = |(name, bump): &(String, Bump)| format!("{}: {bump}\n", serde_json::to_string(name).expect("a text"));
    let releases: Vec<String> = file.releases.iter().map(line).collect();
    format!("---\n{}---\n\n{}\n", releases.concat(), file.summary)
}

/// A changelog that gets a section, and a commit's message.
pub fn changelog(input: &[u8]) {
    let Some(text) = text(input) else { return };
    let name = PackageName::parse("@acme/core").expect("a name");
    let section = "## 1.2.3\n\n### Patch Changes\n\n- Shine";
    let after = insert_into_changelog(Some(text), &name, section);
    let same = |pair: &(u8, u8)| pair.0 == pair.1;
    let front = text.bytes().zip(after.bytes()).take_while(same).count();
    assert!(
        after.as_bytes().ends_with(text.as_bytes().get(front..).unwrap_or_default())
            || text.trim_start_matches('\u{feff}').trim().is_empty(),
        "what was there stays\n--- before\n{text}\n--- after\n{after}"
    );
    assert!(after.contains("## 1.2.3"));
    let commit = PackageCommit { id: "1".repeat(40), message: text.to_owned() };
    for squash_bodies in [false, true] {
        let commits = BTreeMap::from([(name.clone(), vec![commit.clone()])]);
        for remark in commit_remarks(&commits, squash_bodies) {
            is_printable(&remark.subject);
        }
    }
}

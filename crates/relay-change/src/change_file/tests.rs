//! Change files that are read, and those that are refused with a useful word.

use super::{ChangeFile, ChangeFileError};
use crate::bump::Bump;

fn parse(text: &str) -> Result<ChangeFile, ChangeFileError> {
    ChangeFile::parse("brave-cats-dance", text)
}

#[track_caller]
fn refused(text: &str, expected: &str) {
    let error = parse(text).expect_err("must be refused").to_string();
    assert!(error.starts_with(expected), "expected\n{expected}\nbut got\n{error}");
}

#[track_caller]
fn reads(text: &str, releases: &[(&str, Bump)], summary: &str) {
    let file = parse(text).unwrap();
    let seen: Vec<_> = file.releases.iter().map(|(name, bump)| (name.as_str(), *bump)).collect();
    assert_eq!((seen.as_slice(), file.summary.as_str()), (releases, summary));
}

#[test]
fn reads_names_and_bumps_in_their_order() {
    reads(
        "---\n\"@acme/ui\": minor\n'@acme/core': patch\nplain: none\n---\n\nAdds a button.\n\nWith a story.\n",
        &[("@acme/ui", Bump::Minor), ("@acme/core", Bump::Patch), ("plain", Bump::None)],
        "Adds a button.\n\nWith a story.",
    );
}

#[test]
fn an_empty_front_matter_releases_nothing() {
    reads("---\n---\n", &[], "");
    reads("---\n\n---\n\nNothing to see.", &[], "Nothing to see.");
    reads("---\n# no package\n---\n", &[], "");
}

#[test]
fn windows_line_ends_and_marks_are_not_in_the_way() {
    reads("\u{feff}---\r\n\"a\": major\r\n---\r\n\r\nText\r\n", &[("a", Bump::Major)], "Text");
    reads("  ---\n\"a\": major\n  ---", &[("a", Bump::Major)], "");
    reads("<!-- a comment -->\n---\na: patch\n---\nx", &[("a", Bump::Patch)], "x");
}

#[test]
fn a_rule_in_the_text_is_text() {
    reads("---\na: patch\n---\n\none\n\n---\n\ntwo", &[("a", Bump::Patch)], "one\n\n---\n\ntwo");
}

#[test]
fn says_what_is_missing() {
    refused(" \n", ".changeset/brave-cats-dance.md is empty");
    refused("\n\nJust text\n", ".changeset/brave-cats-dance.md:3: a change file starts with package names");
    refused("---\na: patch\n", ".changeset/brave-cats-dance.md:1: a change file starts with");
    refused("---\na: patch\n--- x\n", ".changeset/brave-cats-dance.md:1: a change file starts with");
}

#[test]
fn says_where_a_wrong_value_is() {
    refused(
        "---\n\"a\": patch\n\"b\": tiny\n---\n",
        ".changeset/brave-cats-dance.md:3: `tiny` is no bump for `b`; write `major`, `minor`, `patch` or `none`\n  \"b\": tiny",
    );
    refused("---\n\"\": patch\n---\n", ".changeset/brave-cats-dance.md:2: a package name must not be empty");
    refused("---\n- a\n- b\n---\n", ".changeset/brave-cats-dance.md:2:");
    refused("---\n\"a: patch\n---\n", ".changeset/brave-cats-dance.md:");
    refused("---\na: patch\na: minor\n---\n", ".changeset/brave-cats-dance.md:3:");
    refused("---\na: [patch]\n---\n", ".changeset/brave-cats-dance.md:2:");
}

#[test]
fn refuses_a_file_of_a_megabyte() {
    let text = format!("---\na: patch\n---\n{}", "x".repeat(super::CHANGE_FILE_SIZE_BYTES_MAX));
    refused(&text, ".changeset/brave-cats-dance.md has ");
}

#[test]
fn blank_lines_by_the_thousand_are_read_in_no_time() {
    let text = format!("---\n{}", "\n ".repeat(200_000));
    assert!(parse(&text).is_err());
}

#[test]
fn a_value_of_a_wrong_kind_is_told_in_plain_words() {
    let names = "expected package names and bumps, such as `\"package-name\": patch`";
    refused("---\n- a\n---\n", &format!(".changeset/brave-cats-dance.md:2:1: {names}\n  - a"));
    let bump = "expected a bump: `major`, `minor`, `patch` or `none`";
    refused("---\na: [1]\n---\n", &format!(".changeset/brave-cats-dance.md:2:4: {bump}\n  a: [1]"));
    refused("---\na: null\n---\n", &format!(".changeset/brave-cats-dance.md:2:4: {bump}\n  a: null"));
}

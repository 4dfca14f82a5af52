//! `relay explain`: from arguments, from stdin, as a list, as JSON. The table itself is tested in relay-registry.

use serde_json::Value;

use crate::world::Repo;

const PASTED: &str = "npm error code EOTP\nnpm error This operation requires a one-time password.\n";

#[test]
fn explains_what_is_typed_and_what_is_piped_alike() {
    let repo = Repo::new();
    let typed = repo.relay("explain otp-required");
    assert_eq!((typed.exit, typed.stderr.as_str()), (0, ""), "{}", typed.session());
    assert!(typed.stdout.contains("what to do"), "{}", typed.stdout);
    let piped = repo.relay_with_input("explain", PASTED);
    assert!(piped.stdout.contains("one-time"), "{}", piped.stdout);
}

#[test]
fn lists_all_refusals_when_there_is_nothing_to_explain() {
    let run = Repo::new().relay("explain");
    assert_eq!(run.exit, 0);
    assert!(run.stdout.lines().count() > 10, "{}", run.stdout);
    assert_eq!(run.stderr, "hint: `relay explain CODE` says what one of them means and what to do\n");
}

#[test]
fn every_code_of_the_list_is_explained() {
    let repo = Repo::new();
    let listed = repo.relay("explain --json");
    let document: Value = serde_json::from_str(&listed.stdout).unwrap();
    for explanation in document["explanations"].as_array().unwrap() {
        let code = explanation["code"].as_str().unwrap();
        let run = repo.relay(&format!("explain --json {code}"));
        let one: Value = serde_json::from_str(&run.stdout).unwrap();
        assert!(one["explanations"].as_array().unwrap().contains(explanation), "{code}: {}", run.session());
    }
}

#[test]
fn a_code_that_can_be_many_refusals_gives_a_list_to_choose_from() {
    let run = Repo::new().relay("explain E403");
    assert!(run.stdout.starts_with("this can be one of "), "{}", run.stdout);
    assert!(run.stdout.contains("two-factor-or-bypass"), "{}", run.stdout);
}

#[test]
fn says_so_when_it_knows_nothing() {
    insta::assert_snapshot!(Repo::new().relay("explain the weather").session());
}

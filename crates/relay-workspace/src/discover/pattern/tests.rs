//! What workspace patterns match.

use super::{Pattern, PatternProblem};

fn matches(pattern: &str, path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    Pattern::parse(pattern).unwrap().iter().any(|pattern| pattern.matches(&parts, false))
}

#[track_caller]
fn check(pattern: &str, matched: &[&str], unmatched: &[&str]) {
    for path in matched {
        assert!(matches(pattern, path), "`{pattern}` must match `{path}`");
    }
    for path in unmatched {
        assert!(!matches(pattern, path), "`{pattern}` must not match `{path}`");
    }
}

#[test]
fn a_star_stands_for_one_folder() {
    check("packages/*", &["packages/a", "packages/a-b"], &["packages", "packages/a/b", "packages/.a", "x/a"]);
    check("packages/*/lib", &["packages/a/lib"], &["packages/lib", "packages/a/b/lib"]);
    check("packages/a*z", &["packages/az", "packages/abcz"], &["packages/abc"]);
    check("p?ckages/*", &["packages/a"], &["pckages/a"]);
    check("packages/[a-c]x", &["packages/ax"], &["packages/dx"]);
}

#[test]
fn two_stars_stand_for_any_number_of_folders() {
    check("x/**", &["x", "x/a", "x/a/b/c"], &["y", "x/.a", "x/a/.b/c"]);
    check("**", &["", "a", "a/b"], &[".a"]);
    check("**/lib", &["lib", "a/lib", "a/b/lib"], &["a/lib/b"]);
    check("a/**/b/**/c", &["a/b/c", "a/x/b/y/z/c"], &["a/c", "a/b"]);
    check("a/**/**/b", &["a/b", "a/x/y/b"], &[]);
}

#[test]
fn slashes_and_dots_around_a_pattern_mean_nothing() {
    for pattern in ["packages/*", "./packages/*", "/packages/*/", "packages//*", "./packages/./*/", "packages\\*"] {
        check(pattern, &["packages/a"], &["packages", "packages/a/b"]);
    }
    check("a/../packages/*", &["packages/a"], &["a/a"]);
    check(".", &[""], &["a"]);
}

#[test]
fn braces_are_alternatives() {
    check("{packages,apps/web}/*", &["packages/a", "apps/web/b"], &["apps/c"]);
    check("a{,b}/{c,d{e,f}}", &["a/c", "ab/de", "a/df"], &["a/d", "abb/c"]);
    check("a/{b}", &["a/{b}"], &["a/b"]);
    check("a/{b{c,d}", &["a/{bc", "a/{bd"], &["a/bc"]);
}

#[test]
fn simple_extended_globs_are_read() {
    check("packages/@(a|b*)", &["packages/a", "packages/bb"], &["packages/c"]);
    check("packages/x?(-y)", &["packages/x", "packages/x-y"], &["packages/x-z"]);
    check("packages/!(a|b*)", &["packages/c"], &["packages/a", "packages/bb", "packages/.c"]);
}

#[test]
fn hidden_folders_are_matched_by_a_dot_only() {
    check(".config/*", &[".config/a"], &[".config/.a"]);
    check("packages/.*", &["packages/.a"], &["packages/a"]);
}

#[track_caller]
fn refused(pattern: &str, problem: &str) {
    match Pattern::parse(pattern) {
        Err(PatternProblem::Unreadable(text)) => assert!(text.contains(problem), "{text}"),
        Err(PatternProblem::Outside) => assert_eq!(problem, "outside", "{pattern}"),
        Ok(_) => panic!("`{pattern}` must be refused"),
    }
}

#[test]
fn refuses_what_leads_out_or_can_not_be_read() {
    refused("../x", "outside");
    refused("packages/../../x", "outside");
    refused("*/../x", "outside");
    refused("packages/+(a|b)", "extended glob `+(a|b)`");
    refused("packages/a!(b)", "extended glob");
    refused("packages/[a", "can't be read");
    refused("a\u{1b}b", "control characters");
    refused(&"{a,b}".repeat(9), "more than 256");
    refused(&"a".repeat(5000), "too long");
}

#[test]
fn a_folder_pattern_covers_what_is_below() {
    let pattern = Pattern::parse("**/dist/**").unwrap().remove(0);
    assert!(pattern.covers(&["a", "dist"]));
    assert!(pattern.covers(&["a", "dist", ".b"]));
    assert!(!pattern.covers(&["a"]));
    assert!(!Pattern::parse("a/*").unwrap()[0].covers(&["a", "b"]));
}

use std::borrow::Cow;

use super::{Net, Register, in_address, in_json};

fn register(secrets: &[&str]) -> Register {
    let mut register = Register::new();
    for secret in secrets {
        register.add(secret);
    }
    register
}

#[track_caller]
fn check(secrets: &[&str], text: &str, expected: &str) {
    assert_eq!(register(secrets).strike(text, Net::All), expected, "{text}");
}

#[test]
fn a_token_is_struck_out_in_each_of_its_forms() {
    let token = "npm_aB3/x+\"y";
    for said in [
        "cannot use Bearer npm_aB3/x+\"y!",
        "{\"error\":\"Bearer npm_aB3/x+\\\"y\"}",
        "https://registry.example/?t=npm_aB3%2Fx%2B%22y",
        "https://registry.example/?t=npm_aB3%2fx%2b%22y",
        "Basic bnBtX2FCMy94KyJ5",
        "twice npm_aB3/x+\"y and npm_aB3/x+\"y",
        "xnpm_aB3/x+\"yx",
    ] {
        let struck = register(&[token]).strike(said, Net::All).into_owned();
        assert!(!struck.contains("aB3") && !struck.contains("X2FCMy"), "{said}: {struck}");
        assert!(struck.contains("***"), "{struck}");
        assert_eq!(register(&[token]).strike(said, Net::Distinct), struck, "it can't be anything else");
    }
}

#[test]
fn base64_is_known_in_all_alphabets_with_and_without_padding() {
    let secret = "üser:pä>?~s";
    for encoded in ["w7xzZXI6cMOkPj9+cw==", "w7xzZXI6cMOkPj9+cw", "w7xzZXI6cMOkPj9-cw==", "w7xzZXI6cMOkPj9%2Bcw%3D%3D"]
    {
        check(&[secret], &format!("got `{encoded}`"), "got `***`");
    }
}

#[test]
fn the_longest_form_goes_first() {
    check(&["password1", "user:password1"], "got user:password1", "got ***");
    check(&["user:password1", "password1"], "got user:password1", "got ***");
    check(&["abcdEFGH", "abcdEFGHijkl"], "abcdEFGHijkl abcdEFGH", "*** ***");
}

#[test]
fn short_ones_are_struck_as_whole_words_and_tiny_ones_not_at_all() {
    check(&["123456"], "your code 123456 is wrong", "your code *** is wrong");
    check(&["123456"], "1234567 a123456 123456b", "1234567 a123456 123456b");
    check(&["fake"], "Bearer fake; fakes, fake", "Bearer ***; fakes, ***");
    check(&["abc"], "abc", "abc");
    check(&["  \n"], "  \n", "  \n");
}

#[test]
fn what_may_be_a_name_stays_in_texts_of_relays_own() {
    for word in ["fake", "anonymous", "development", "123456", "12345678"] {
        let plan = format!("{{\"name\":\"{word}\",\"size\":{word}}}");
        assert!(matches!(register(&[word]).strike(&plan, Net::Distinct), Cow::Borrowed(_)), "{word}");
        assert!(matches!(register(&[word]).strike(&plan, Net::All), Cow::Owned(_)), "{word}");
    }
    let text = register(&["hunter2hunter2"]).strike("x hunter2hunter2", Net::Distinct).into_owned();
    assert_eq!(text, "x ***");
}

#[test]
fn a_false_start_hides_nothing_behind_it() {
    check(&["aaaaaaaB"], "aaaaaaaaaB", "aa***");
    check(&["code12"], "xcode12 code12", "xcode12 ***");
    check(&["tök3n-wörd"], "ö tök3n-wörd ö", "ö *** ö");
}

#[test]
fn without_secrets_and_without_finds_nothing_is_copied() {
    assert!(matches!(Register::new().strike("text", Net::All), Cow::Borrowed("text")));
    assert!(matches!(register(&["npm_secret1"]).strike("text of none", Net::All), Cow::Borrowed(_)));
}

#[test]
fn escapes_are_those_of_json_and_addresses() {
    assert_eq!(in_json("a\"\\\n"), "a\\\"\\\\\\n");
    assert_eq!(in_address("a b/ü", true), "a%20b%2F%C3%BC");
}

proptest::proptest! {
    #[test]
    fn no_secret_is_left_in_any_text(before: String, secret in "[!-~]{8,40}", after: String) {
        let struck = register(&[&secret]).strike(&format!("{before}{secret}{after}"), Net::All).into_owned();
        // What stands around it may make up the secret anew only by chance that the stars rule out.
        proptest::prop_assert!(secret.contains('*') || !struck.contains(&secret));
    }

    #[test]
    fn no_text_makes_it_panic(secrets: Vec<String>, text: String) {
        let mut register = Register::new();
        for secret in &secrets {
            register.add(secret);
        }
        register.strike(&text, Net::All);
    }
}

#[test]
fn a_placeholder_is_no_secret() {
    let mut known = Register::new();
    known.add("XXXXX-XXXXX-XXXXX-XXXXX");
    let text = "NODE_AUTH_TOKEN: XXXXX-XXXXX-XXXXX-XXXXX";
    assert_eq!(known.strike(text, Net::All), text);
}

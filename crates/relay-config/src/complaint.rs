//! What is wrong with a value of `relay.toml`, in the words of whoever wrote it: not `expected usize`, but `expected a whole
//! number`.
//!
//! The reader of TOML complains in the words of its own types. Its few forms are translated here; a form that is not known
//! stays as it is.

/// How much alike a key must be for it to be offered, from 0 (nothing) to 1 (the same).
const LIKENESS_MIN: f64 = 0.8;

/// A complaint about the line `excerpt`, in words.
pub(crate) fn in_words(message: &str, excerpt: &str) -> String {
    wrong_type(message, excerpt).or_else(|| unknown_word(message)).or_else(|| missing_key(message)).unwrap_or_else(
        || match message {
            "wanted string or table" => "expected a word in quotes".to_owned(),
            "duplicate key" => "this key is there twice".to_owned(),
            other => other.to_owned(),
        },
    )
}

/// A value of another kind than its key has.
fn wrong_type(message: &str, excerpt: &str) -> Option<String> {
    let rest = message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "))?;
    let (found, expected) = rest.rsplit_once(", expected ")?;
    if let Some(name) = excerpt.strip_prefix("[[").and_then(|rest| rest.split_once("]]")).map(|(name, _)| name) {
        return Some(format!("expected one table, `[{name}]`, found a list of them"));
    }
    if let (Some(name), "a sequence") = (table_name(excerpt), expected) {
        return Some(format!("expected a list of tables, `[[{name}]]`, found one"));
    }
    Some(format!("expected {}, found {}", kind_expected(expected), kind_found(found, excerpt)))
}

fn table_name(excerpt: &str) -> Option<&str> {
    excerpt.strip_prefix('[')?.split_once(']').map(|(name, _)| name)
}

fn kind_expected(expected: &str) -> &str {
    match expected {
        "usize" | "u8" | "u16" | "u32" | "u64" => "a whole number of at least 0",
        "a boolean" => "`true` or `false`",
        "a string" => "a text in quotes",
        "a sequence" => "a list such as `[\"...\"]`",
        _ if expected.starts_with("struct ") || expected == "a map" => "a table",
        other => other,
    }
}

fn kind_found(found: &str, excerpt: &str) -> String {
    let quoted = |rest: &str| rest.split('`').nth(1).unwrap_or(rest).to_owned();
    match found.split_once(' ') {
        Some(("string", text)) => format!("the text {text}"),
        Some(("integer" | "floating", number)) => format!("the number {}", quoted(number)),
        Some(("boolean", word)) => format!("`{}`", quoted(word)),
        _ if found == "sequence" => "a list".to_owned(),
        // A date comes as a map too, for want of a type of its own.
        _ if found == "map" && (excerpt.contains('{') || excerpt.starts_with('[')) => "a table".to_owned(),
        _ if found == "map" => "a date or time".to_owned(),
        _ => found.to_owned(),
    }
}

/// A key or a word that is none of the known ones, which the complaint lists.
fn unknown_word(message: &str) -> Option<String> {
    let (is_key, rest) = match message.strip_prefix("unknown field ") {
        Some(rest) => (true, rest),
        None => (false, message.strip_prefix("unknown variant ")?),
    };
    let mut words = rest.split('`').skip(1).step_by(2);
    let wrong = words.next()?;
    let known: Vec<&str> = words.collect();
    let start = if is_key { format!("unknown key `{wrong}`") } else { format!("`{wrong}` is not known here") };
    let listed = known.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    Some(match nearest(wrong, &known) {
        Some(near) => format!("{start}; did you mean `{near}`?"),
        None if is_key => format!("{start}; the keys here are {listed}"),
        None => format!("{start}; it can be {listed}"),
    })
}

/// The known word that is spelt most like this one, if any is.
fn nearest<'a>(wrong: &str, known: &[&'a str]) -> Option<&'a str> {
    let wrong = wrong.to_lowercase().replace('_', "-");
    known
        .iter()
        .map(|word| (strsim::jaro_winkler(&wrong, word), *word))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, word)| word)
}

/// A key that has to be there.
fn missing_key(message: &str) -> Option<String> {
    let key = message.strip_prefix("missing field ")?;
    Some(format!("the key {key} is missing in this table"))
}

#[cfg(test)]
mod tests {
    use crate::Config;

    #[track_caller]
    fn says(text: &str, line_and_column: (usize, usize), problem: &str) {
        let error = Config::parse("relay.toml", text).unwrap_err();
        assert_eq!(error.problem, problem);
        assert_eq!((error.line, error.column), line_and_column);
        let excerpt = text.lines().nth(error.line - 1).unwrap();
        assert!(error.to_string().ends_with(&format!("\n  {excerpt}")), "{error}");
    }

    #[test]
    fn a_whole_number() {
        let expected = |found: &str| format!("expected a whole number of at least 0, found {found}");
        says("[publish]\nconcurrency = \"8\"", (2, 15), &expected("the text \"8\""));
        says("[publish]\nconcurrency = -1", (2, 15), &expected("the number -1"));
        says("[publish]\nconcurrency = 1.5", (2, 15), &expected("the number 1.5"));
        says("[publish]\nconcurrency = 99999999999999999999", (2, 15), &expected("the number 99999999999999999999"));
        says("[publish]\nconcurrency = [8]", (2, 15), &expected("a list"));
    }

    #[test]
    fn true_or_false() {
        says("[publish]\nallow-cycles = \"yes\"", (2, 16), "expected `true` or `false`, found the text \"yes\"");
        says("[release]\nversion-private = 1", (2, 19), "expected `true` or `false`, found the number 1");
    }

    #[test]
    fn a_text() {
        says("[publish]\ntag = 3", (2, 7), "expected a text in quotes, found the number 3");
        says("[publish]\ntag = true", (2, 7), "expected a text in quotes, found `true`");
        says("[release]\nbranch = { a = 1 }", (2, 10), "expected a text in quotes, found a table");
        says("[release]\nbranch = 2027-01-01", (2, 10), "expected a text in quotes, found a date or time");
        says("[release]\nignore = [1]", (2, 11), "expected a text in quotes, found the number 1");
    }

    #[test]
    fn a_list() {
        says("[gate]\nforbid = \"secret\"", (2, 10), "expected a list such as `[\"...\"]`, found the text \"secret\"");
        says("[group]\npackages = []", (1, 1), "expected a list of tables, `[[group]]`, found one");
    }

    #[test]
    fn a_table() {
        says("release = 3", (1, 11), "expected a table, found the number 3");
        says("[[publish]]\ntag = \"x\"", (1, 1), "expected one table, `[publish]`, found a list of them");
    }

    #[test]
    fn a_word_out_of_a_few() {
        says("[release]\nmode = 3", (2, 8), "expected a word in quotes");
        says("[gate]\nforbid = [\"secrets\"]", (2, 11), "`secrets` is not known here; did you mean `secret`?");
        let text = "[release]\nmode = \"lockstep\"";
        says(text, (2, 8), "`lockstep` is not known here; it can be `independent`, `fixed`");
    }

    #[test]
    fn a_duration_a_size_and_a_date() {
        let duration = "expected a duration such as `90s`, `20m` or `2h`, in quotes";
        says("[publish]\nvisibility-timeout = 20", (2, 22), duration);
        says("[publish]\nvisibility-timeout = true", (2, 22), duration);
        says(
            "[publish]\nvisibility-timeout = \"soon\"",
            (2, 22),
            "`soon` is not a duration such as `90s`, `20m` or `2h`",
        );
        says("[gate]\nmax-size = 5", (2, 12), "expected a size such as `300kB` or `5MB`, in quotes");
        says("[gate]\nmax-size = \"5 apples\"", (2, 12), "`5 apples` is not a size such as `300kB` or `5MB`");
        let expires = |value: &str| format!("[[credential]]\nkind = \"session\"\nexpires = {value}");
        says(&expires("3"), (3, 11), "expected a date such as 2027-02-01");
        says(&expires("\"soon\""), (3, 11), "`soon` is not a date such as 2027-02-01");
        says(&expires("12:00:00"), (3, 11), "`12:00:00` is not a date such as 2027-02-01");
    }

    #[test]
    fn keys_that_are_unknown_missing_or_there_twice() {
        says("[publish]\nconcurency = 3", (2, 1), "unknown key `concurency`; did you mean `concurrency`?");
        says("[publish]\nwait_for = \"visible\"", (2, 1), "unknown key `wait_for`; did you mean `wait-for`?");
        says("[relese]\nmode = \"fixed\"", (1, 2), "unknown key `relese`; did you mean `release`?");
        says(
            "[gate]\nx = 1",
            (2, 1),
            "unknown key `x`; the keys here are `max-size`, `forbid`, `warn`, `compare`, `allow`",
        );
        says("[[group]]\nkind = \"fixed\"", (1, 1), "the key `packages` is missing in this table");
        says("[publish]\ntag = \"a\"\ntag = \"b\"", (3, 1), "this key is there twice");
    }
}

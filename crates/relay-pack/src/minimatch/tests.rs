//! Tables of patterns, and the real minimatch asked about generated ones.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::Pattern;

#[track_caller]
fn check(pattern: &str, path: &str, expected: bool) {
    let compiled = Pattern::parse(pattern).unwrap();
    assert_eq!(compiled.matches(path, false), expected, "`{pattern}` against `{path}`");
}

#[track_caller]
fn check_partial(pattern: &str, path: &str, expected: bool) {
    let compiled = Pattern::parse(pattern).unwrap();
    assert_eq!(compiled.matches(path, true), expected, "`{pattern}` against the beginning `{path}`");
}

#[test]
fn a_pattern_without_slash_looks_at_the_last_name() {
    check("*.js", "a/b.js", true);
    check("a", "x/a", true);
    check("a", "x/a/", true);
    check("a", "a/x", false);
    check("/a", "/a", true);
    check("/a", "/x/a", false);
    check("a/*", "a/b/", true);
}

#[test]
fn case_is_ignored() {
    check("LIB", "lib", true);
    check("*.JS", "a.js", true);
    check("é.js", "É.js", true);
    check("[A-C]x", "bX", true);
}

#[test]
fn stars_match_dot_files_but_no_traversal() {
    check("*", ".x", true);
    check("**", "a/.x", true);
    check("**/x", "a/../x", false);
    check("*", "..", false);
}

#[test]
fn double_stars_take_any_number_of_names() {
    check("a/**/b", "a/b", true);
    check("a/**/b", "a/x/y/b", true);
    check("a/**", "a", false);
    check("a/**", "a/", true);
    check("**/.git/**", "/x/.git/y", true);
    check("a/**/b/**/c", "a/x/b/y/c", true);
    check("a**b", "a/b", false);
}

#[test]
fn braces_and_extglobs_work() {
    check("{a,b}.js", "b.js", true);
    check("/readme{,.*[^~$]}", "/README.md", true);
    check("/readme{,.*[^~$]}", "/README.md~", false);
    check("f{1..3}", "f2", true);
    check("f{01..10..3}", "f07", true);
    check("{}a", "{}a", true);
    check("${a,b}", "${a,b}", true);
    check("+(a|b).js", "abba.js", true);
    check("!(a|b).js", "c.js", false);
    check("x!(a|b).js", "xc.js", true);
    check("x!(a|b).js", "xa.js", false);
    check("*(a|b)", "", true);
    check("?(a)b", "b", true);
}

#[test]
fn a_path_may_end_before_the_pattern_when_asked_so() {
    check_partial("a/b/c", "a/b", true);
    check_partial("a/b/c", "a/x", false);
    check_partial("a/**/c", "a/x/y", true);
    check_partial("/", "/", true);
}

#[test]
fn exclamation_marks_are_counted_and_taken_off() {
    assert!(Pattern::parse("!a").unwrap().is_negated());
    assert!(!Pattern::parse("!!a").unwrap().is_negated());
    check("!!a", "a", true);
    check("!a", "a", true);
}

#[test]
fn comments_and_empty_patterns_match_nothing() {
    check("#a", "#a", false);
    check("\\#a", "#a", true);
    check("", "a", false);
}

#[test]
fn too_deep_and_too_long_patterns_are_refused() {
    assert!(Pattern::parse(&"a".repeat(70_000)).is_err());
    assert!(Pattern::parse(&format!("{}a{}", "{{a,b},".repeat(400), "}".repeat(400))).is_err());
    assert!(Pattern::parse(&"!(a)".repeat(60)).is_err());
    assert!(Pattern::parse(&"x!(a)".repeat(60)).is_err());
    assert!(Pattern::parse("[[:alpha:]]-x").unwrap_err().to_string().contains("POSIX class"));
}

/// A small generator of pseudo-random numbers, so that each run asks the same questions.
struct Rng(u64);

impl Rng {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(end).unwrap()).unwrap()
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

const PATTERN_PIECES: &[&str] = &[
    "a",
    "b",
    "ab",
    "A",
    "c",
    ".",
    "..",
    "/",
    "/",
    "/",
    "**",
    "*",
    "*",
    "?",
    "[ab]",
    "[!a]",
    "[^b]",
    "[a-c]",
    "[",
    "]",
    "{a,b}",
    "{a,{b,c}}",
    "{",
    "}",
    ",",
    "{1..3}",
    "+(a|b)",
    "*(a|b)",
    "?(a)",
    "@(a|bc)",
    "!(a)",
    "!(a|b)",
    "!",
    "(",
    ")",
    "|",
    "\\",
    "\\*",
    "\\|",
    "-",
    "#",
    " ",
    "1",
    "2",
    ".js",
    "*.js",
    "é",
    "ü",
    "[[:alpha:]]",
    "[[:digit:]]",
    "@(",
    "!(",
    "+(",
    "*(",
    "?(",
    "|",
    ")",
    "**/",
    "/**",
    "[[:upper:]]",
    "~",
    "$",
    "^",
    "[z-a]",
    "[]",
    "[a",
    "[]a]",
    "[\\]]",
    "[.]",
    "😀",
    "ss",
    "+()",
    "@(|)",
    "!()",
    "[[:graph:]]",
    "[![:print:]]",
    "[a[:space:]]",
    "{a..c}",
    "{,a}",
    "[-a]",
    "[a-]",
    "ß",
    "{3..1..2}",
];
const PATH_PIECES: &[&str] = &[
    "a", "b", "c", "ab", "A", "B", "aa", ".", "..", "/", "/", "/", "1", "2", ".js", "a.js", "é", "É", "-", "#", " ",
    "{a}", "|", "(", ")", "!", "x", ".a", "*", "[", "]", "~", "ü", "😀", "\\", "SS", "+()", "@", "ß",
];

fn generate(rng: &mut Rng, pieces: &[&str], most: usize) -> String {
    (0..=rng.below(most)).map(|_| rng.pick(pieces)).collect()
}

/// Asks npm's minimatch, through one node process, for `[pattern, path, partial]` questions: `1`, `0`, or `x` where the
/// pattern can't be compiled.
fn ask_minimatch(questions: &[(String, String, bool)]) -> Vec<char> {
    let root = Command::new("npm").args(["root", "-g"]).output().expect("npm is on the PATH");
    let root = String::from_utf8(root.stdout).unwrap();
    let script = r"
        const { Minimatch } = require(process.argv[1]);
        const options = { matchBase: true, dot: true, flipNegate: true, nocase: true };
        const questions = JSON.parse(require('fs').readFileSync(0, 'utf8'));
        let text, one;
        const answers = questions.map(([pattern, path, partial]) => {
          if (pattern !== text) {
            text = pattern;
            try { one = new Minimatch(pattern, options); } catch { one = null; }
          }
          return one === null ? 'x' : one.match(path, partial) ? '1' : '0';
        });
        process.stdout.write(answers.join(''));
    ";
    let mut node = Command::new("node")
        .args(["-e", script, &format!("{}/npm/node_modules/minimatch", root.trim())])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node is on the PATH");
    let text = serde_json::to_vec(questions).unwrap();
    let mut stdin = node.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(&text).unwrap());
    let output = node.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "node failed");
    String::from_utf8(output.stdout).unwrap().chars().collect()
}

#[test]
fn agrees_with_the_real_minimatch_on_generated_patterns() {
    let mut rng = Rng(0x5eed_1234_5678_9abc);
    let mut questions = Vec::new();
    let patterns: usize = std::env::var("RELAY_MINIMATCH_PATTERNS").ok().and_then(|n| n.parse().ok()).unwrap_or(4000);
    for _ in 0..patterns {
        let pattern = generate(&mut rng, PATTERN_PIECES, 8);
        for _ in 0..6 {
            questions.push((pattern.clone(), generate(&mut rng, PATH_PIECES, 6), rng.below(2) == 1));
        }
        // The pattern's own text, wildcards taken off, is a path that often matches.
        let near: String = pattern.chars().filter(|c| !"!*+?@()[]{}\\|,^".contains(*c)).collect();
        questions.push((pattern.clone(), near, false));
    }
    let expected = ask_minimatch(&questions);
    assert_eq!(expected.len(), questions.len());
    let mut wrong = Vec::new();
    for ((pattern, path, partial), expected) in questions.iter().zip(expected) {
        let seen = match Pattern::parse(pattern) {
            Err(_) => 'x',
            Ok(compiled) if compiled.matches(path, *partial) => '1',
            Ok(_) => '0',
        };
        if seen != expected {
            wrong.push(format!("{pattern:?} {path:?} partial={partial}: npm {expected}, relay {seen}"));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong[..wrong.len().min(40)].join("\n"));
}

#[test]
fn what_is_out_of_reach_never_matches_and_what_matches_is_in_reach() {
    let parts = ["", "a", "b", "A", "**", "*", "*.js", "a.js", "?", "{a,b}", "!(a)", "."];
    let mut patterns: Vec<String> = Vec::new();
    for one in parts {
        for two in parts {
            patterns.extend(parts.map(|three| format!("{one}/{two}/{three}")));
            patterns.push(format!("{one}/{two}"));
        }
        patterns.push(one.to_owned());
    }
    let paths = ["a", "/a", "a/", "b/a.js", "A/b", "a/b/", "/b/c/a", "x", "a.js/x/y", "c/c/c/b"];
    let mut spared = 0;
    for pattern in patterns.iter().filter_map(|text| Pattern::parse(text).ok()) {
        for path in paths {
            let names: Vec<&str> = super::names(path).collect();
            if pattern.is_out_of_reach(&names) {
                assert!(!pattern.matches_names(&names, false), "{pattern:?} {path}");
                spared += 1;
            }
        }
    }
    assert!(spared > 1_000, "{spared}");
}

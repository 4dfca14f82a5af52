//! The levels that settings give to findings, and that the guide tells of all of them.

use super::*;
use crate::Config;

const GUIDE: &str = include_str!("../../../../docs/CONFIGURATION.md");

fn rules(toml: &str, package: &str) -> GateRules {
    let config = Config::parse("relay.toml", toml).unwrap_or_else(|error| panic!("{error}"));
    config.gate.rules_for(&PackageName::parse(package).unwrap())
}

#[test]
fn the_guide_has_the_table() {
    for GateFinding { name, level, means, names_files } in GATE_FINDINGS {
        let by_file = if names_files { "yes" } else { "no" };
        let row = format!("| `{name}` | {} | {means} | {by_file} |", level.as_str());
        assert!(GUIDE.contains(&row), "docs/CONFIGURATION.md lacks: {row}");
        let config = Config::parse("relay.toml", &format!("[gate]\nwarn = [\"{name}\"]\n")).unwrap();
        assert_eq!(config.gate.warn, [name], "it is called as it is written");
    }
}

#[test]
fn a_finding_weighs_what_the_settings_say() {
    let level = |toml: &str, name| rules(toml, "a").level(name);
    assert_eq!(level("", FindingName::Secret), Level::Error);
    assert_eq!(level("", FindingName::NewInstallScript), Level::Warning);
    assert_eq!(level("", FindingName::NewFiles), Level::Info);
    assert_eq!(level("", FindingName::SourceMap), Level::Off);
    let said = "[gate]\nforbid = [\"source-map\", \"new-files\"]\nwarn = [\"secret\"]\n";
    assert_eq!(level(said, FindingName::SourceMap), Level::Error);
    assert_eq!(level(said, FindingName::Secret), Level::Warning);
    assert_eq!(level("[gate]\nforbid = []\n", FindingName::Secret), Level::Error, "a list adds and takes nothing away");
    assert_eq!(level("", FindingName::Unreadable), Level::Error);
}

#[test]
fn what_is_allowed_passes_for_its_packages_and_files() {
    let toml = "[[gate.allow]]\npackages = [\"@acme/*\"]\nfindings = [\"new-files\", \"secret\"]\nfiles = [\"fixtures/*\"]\n\
                reason = \"made up\"\n\n[[gate.allow]]\nfindings = [\"size-jump\"]\nreason = \"a new compiler\"\n";
    let acme = rules(toml, "@acme/a");
    assert!(acme.lets_pass(FindingName::Secret, Some("fixtures/keys/a.pem")));
    assert!(!acme.lets_pass(FindingName::Secret, Some("src/a.pem")));
    assert_eq!(acme.level(FindingName::Secret), Level::Error, "elsewhere it counts");
    assert_eq!(acme.level(FindingName::SizeJump), Level::Off);
    let other = rules(toml, "other");
    assert!(!other.lets_pass(FindingName::Secret, Some("fixtures/keys/a.pem")));
    assert_eq!(other.level(FindingName::SizeJump), Level::Off, "without packages it is for all");
}

#[test]
fn what_is_wrong_is_told_where_it_stands() {
    let wrong = |toml: &str| {
        let error = Config::parse("relay.toml", toml).unwrap_err();
        (error.line, error.problem)
    };
    let (line, problem) = wrong("[gate]\nforbid = [\"secret\"]\nwarn = [\"secret\"]\n");
    assert_eq!(line, 3);
    assert!(problem.contains("`secret` can't both stop a release and only be told"), "{problem}");
    let (line, problem) = wrong("[[gate.allow]]\nfindings = [\"new-files\"]\n");
    assert_eq!((line, problem.as_str()), (1, "the key `reason` is missing in this table"));
    assert_eq!(wrong("[[gate.allow]]\nfindings = []\nreason = \"x\"\n").0, 2);
    assert_eq!(wrong("[[gate.allow]]\nfindings = [\"secret\"]\nreason = \" \"\n").0, 3);
    let (_, problem) = wrong("[gate]\nforbid = [\"unreadable\"]\n");
    assert!(problem.starts_with("`unreadable` is not known here"), "{problem}");
    let (_, problem) = wrong("[gate.allow]\nfindings = [\"secret\"]\nreason = \"x\"\n");
    assert!(problem.contains("expected a list of tables, `[[gate.allow]]`"), "{problem}");
}

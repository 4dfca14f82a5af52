//! The command line parses as documented.

use clap::{Args, CommandFactory, FromArgMatches, Parser};

use super::plan::{PlanArgs, PlanFormat};
use super::publish::{PublishArgs, ResumeArgs};
use super::rehearse::RehearseArgs;
use super::release::ReleaseArgs;
use super::version::VersionArgs;
use super::{Cli, Command};

#[test]
fn the_definition_is_consistent() {
    Cli::command().debug_assert();
}

/// Parses the arguments of one command by itself.
#[track_caller]
fn parse<A: Args + FromArgMatches>(line: &str) -> A {
    let command = A::augment_args(clap::Command::new("command").no_binary_name(true));
    command.clone().debug_assert();
    let matches = command.try_get_matches_from(line.split_whitespace()).unwrap();
    A::from_arg_matches(&matches).unwrap()
}

#[test]
fn global_flags_stand_before_and_after_the_command() {
    for line in ["relay --cwd x -q man", "relay man --cwd x -q"] {
        let cli = Cli::try_parse_from(line.split_whitespace()).unwrap();
        assert_eq!((cli.global.cwd.as_deref(), cli.global.quiet), (Some("x".into()), true), "{line}");
        assert!(matches!(cli.command, Some(Command::Man(_))));
    }
}

#[test]
fn the_release_family_has_the_flags_of_the_contract() {
    let plan: PlanArgs = parse(
        "--json --out p.json --against o.json --check --detailed-exitcode --offline --tag next --access public \
         --allow-cycles --filter a --filter !b --registry http://127.0.0.1:1/ --concurrency 4",
    );
    assert_eq!(plan.format(), PlanFormat::Json);
    assert_eq!(plan.selection.filter, ["a", "!b"]);
    assert_eq!(plan.registry.concurrency, Some(4));
    let shared = "--yes --no-browser --otp 123456 --filter a --registry http://127.0.0.1:1/ --concurrency 4 --tag next \
                  --access restricted --provenance --ignore-scripts --allow-cycles --no-git-tag --no-push --json \
                  --log-file l.ndjson";
    let publish: PublishArgs = parse(&format!("--plan p.json --dry-run {shared}"));
    assert!(publish.run.person.yes && publish.run.upload.ignore_scripts && publish.run.git.no_push);
    let release: ReleaseArgs = parse(&format!("--plan p.json --dry-run {shared}"));
    assert!(release.run.git.no_git_tag && release.run.report.json);
    let resume: ResumeArgs = parse(shared);
    assert!(resume.run.otp.otp.is_some());
    let version: VersionArgs = parse("-y --no-commit --dry-run --allow-cycles --json --filter a");
    assert!(version.yes && version.no_commit);
    let rehearse: RehearseArgs = parse("examples/x --delay 500ms --keep --yes --no-browser --concurrency 2 --json");
    assert_eq!(rehearse.delay, Some(std::time::Duration::from_millis(500)));
}

#[test]
fn a_one_time_code_is_not_in_the_debug_text() {
    let publish: PublishArgs = parse("--otp 123456");
    assert!(!format!("{publish:?}").contains("123456"));
}

/// Help texts are wrapped at 100 columns; an example that wraps can't be read as a table.
#[track_caller]
fn fits(command: &clap::Command) {
    let help = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
    for line in help.lines() {
        assert!(line.chars().count() <= 100, "{}: {line}", command.get_name());
    }
}

#[test]
fn no_example_is_too_long_for_a_line() {
    Cli::command().get_subcommands().for_each(fits);
    let bare = || clap::Command::new("command");
    for command in [
        PlanArgs::augment_args(bare()),
        VersionArgs::augment_args(bare()),
        PublishArgs::augment_args(bare()),
        ResumeArgs::augment_args(bare()),
        ReleaseArgs::augment_args(bare()),
        RehearseArgs::augment_args(bare()),
    ] {
        fits(&command);
    }
}

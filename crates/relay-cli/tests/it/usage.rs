//! Wrong command lines, closed pipes, and the flags that every command has.

use std::process::Stdio;

use crate::world::Repo;

#[track_caller]
fn refused(line: &str, text: &str) {
    let run = Repo::new().relay(line);
    assert_eq!(run.exit, 64, "{}", run.session());
    assert!(run.stdout.is_empty() && run.stderr.contains(text), "{}", run.session());
}

#[test]
fn wrong_usage_exits_with_64() {
    refused("frobnicate", "unrecognized subcommand 'frobnicate'");
    refused("graph --frobnicate", "unexpected argument '--frobnicate'");
    refused("graph --format yaml", "possible values: text, json, dot, mermaid");
    refused("graph --json --format dot", "cannot be used with");
    refused("graph -q -v", "cannot be used with");
    refused("man frobnicate", "there is no command `frobnicate`");
    refused("completions tcsh", "possible values");
    refused("sandbox --delay soon", "`soon` is not a duration");
    refused("sandbox --port 99999", "99999");
    refused("plan --format yaml", "possible values: text, json, markdown");
    refused("plan --concurrency 0", "a whole number from 1 to 64 is needed");
    refused("release --plan", "a value is required for '--plan <FILE>'");
    refused("release --access everyone", "possible values: public, restricted");
    refused("publish --yes please", "unexpected argument 'please'");
    refused("version --otp 123456", "unexpected argument '--otp'");
    refused("rehearse --delay soon", "`soon` is not a duration");
}

#[test]
fn values_that_only_the_workspace_can_judge_are_wrong_usage_too() {
    let repo = Repo::pnpm().package("a", "1.0.0", "");
    for line in ["publish --otp abc", "publish --filter [[", "plan --registry nowhere"] {
        let run = repo.relay(line);
        assert_eq!((run.exit, run.stdout.as_str()), (64, ""), "{}", run.session());
    }
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let repo = Repo::new().file("file", "");
    insta::assert_snapshot!(repo.relay("graph --cwd nowhere").session());
    insta::assert_snapshot!(repo.relay("graph --cwd file").session());
}

#[test]
fn a_closed_stdout_is_no_error() {
    let repo = Repo::new();
    let mut child =
        repo.command("").args(["completions", "bash"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_one() {
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = Repo::new().command("").args(["completions", "bash"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("could not be written to stdout"));
}

#[test]
fn nothing_is_coloured_without_a_terminal() {
    for line in ["--help", "frobnicate", "graph --cwd nowhere", ""] {
        let run = Repo::new().relay(line);
        assert!(!run.session().contains('\u{1b}'), "{line}");
    }
}

//! The help texts as people see them. They are read whole before a snapshot is accepted.

use crate::world::Repo;

#[test]
fn relay_alone_says_where_to_start() {
    insta::assert_snapshot!(Repo::new().relay("").session());
}

#[test]
fn help_of_relay() {
    insta::assert_snapshot!(Repo::new().relay("--help").session());
}

#[test]
fn short_help_of_relay() {
    insta::assert_snapshot!(Repo::new().relay("-h").session());
}

#[test]
fn help_of_each_command() {
    for command in [
        "rehearse",
        "plan",
        "status",
        "doctor",
        "release",
        "publish",
        "resume",
        "approve",
        "undo",
        "unlock",
        "auth",
        "auth login",
        "auth status",
        "auth 2fa",
        "auth logout",
        "auth token",
        "auth token create",
        "auth token list",
        "auth token revoke",
        "version",
        "graph",
        "pack",
        "sandbox",
        "explain",
        "completions",
        "man",
    ] {
        let run = Repo::new().relay(&format!("{command} --help"));
        insta::assert_snapshot!(format!("help_of_{}", command.replace(' ', "_")), run.session());
    }
}

#[test]
fn version_is_one_line() {
    let run = Repo::new().relay("--version");
    assert_eq!((run.exit, run.stdout.as_str()), (0, concat!("relay ", env!("CARGO_PKG_VERSION"), "\n")));
}

#[test]
fn completions_and_manual_pages_know_the_commands() {
    let repo = Repo::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let run = repo.relay(&format!("completions {shell}"));
        assert_eq!(run.exit, 0, "{}", run.stderr);
        assert!(run.stdout.contains("completions"), "{shell}");
    }
    assert!(repo.relay("man graph").stdout.contains(".TH relay-graph 1"));
    assert_eq!(repo.relay("man --out pages").stderr, "wrote 27 pages to `[ROOT]/pages`\n");
    let pages = repo.names_in("pages");
    assert!(
        pages.contains(&"relay-pack.1".to_owned()) && pages.contains(&"relay-auth-login.1".to_owned()),
        "{pages:?}"
    );
}

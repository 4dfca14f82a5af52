//! The grammar of `--filter` as a table.
//!
//! The workspace: `app → ui → core → log`, `ui ⇢ tools` (dev), `other` by itself, and the root package `repo`.

use camino::{Utf8Path, Utf8PathBuf};
use relay_graph::DependencyGraph;
use relay_workspace::{Catalogs, Manifest, PackageManager, PackageName, Workspace, WorkspacePackage};

use super::{FilterError, select};
use crate::error::{CliError, ErrorKind};

const PACKAGES: [(&str, &str, &str); 7] = [
    ("@acme/app", "apps/app", r#""dependencies":{"@acme/ui":"workspace:^"}"#),
    ("@acme/core", "packages/core", r#""dependencies":{"@acme/log":"^1.0.0"}"#),
    ("@acme/log", "packages/log", r#""license":"MIT""#),
    (
        "@acme/ui",
        "packages/ui",
        r#""dependencies":{"@acme/core":"workspace:*"},"devDependencies":{"tools":"workspace:*"}"#,
    ),
    ("@other/log", "other/log", r#""license":"MIT""#),
    ("repo", "", r#""license":"MIT""#),
    ("tools", "packages/ui/tools", r#""private":true"#),
];

fn workspace() -> Workspace {
    let manifest = |path: &str, text: String| Manifest::parse(&Utf8Path::new(path).join("package.json"), text).unwrap();
    let package = |(name, path, rest): (&str, &str, &str)| WorkspacePackage {
        name: PackageName::parse(name).unwrap(),
        path: Utf8PathBuf::from(path),
        version: Some(relay_workspace::Version::new(1, 0, 0)),
        private: rest.contains("private"),
        manifest: manifest(path, format!(r#"{{"name":"{name}","version":"1.0.0",{rest}}}"#)),
    };
    Workspace {
        root: Utf8PathBuf::from("/repo"),
        manager: PackageManager::Pnpm,
        root_manifest: manifest("", "{}".to_owned()),
        packages: PACKAGES.into_iter().map(package).collect(),
        catalogs: Catalogs::new(),
        warnings: Vec::new(),
    }
}

fn selected(selectors: &str, here: &str) -> Result<Vec<String>, FilterError> {
    let workspace = workspace();
    let graph = DependencyGraph::build(&workspace);
    let selectors: Vec<String> = selectors.split_whitespace().map(str::to_owned).collect();
    let chosen = select(&selectors, &workspace, &graph, Utf8Path::new(here))?;
    Ok(chosen.into_iter().map(|name| name.as_str().replace("@acme/", "")).collect())
}

#[track_caller]
fn check(selectors: &str, expected: &str) {
    assert_eq!(selected(selectors, "").unwrap().join(" "), expected, "{selectors}");
}

#[track_caller]
fn check_in(here: &str, selectors: &str, expected: &str) {
    assert_eq!(selected(selectors, here).unwrap().join(" "), expected, "{selectors} in {here}");
}

#[track_caller]
fn refused(selectors: &str, kind: ErrorKind, text: &str) {
    let error = CliError::from(selected(selectors, "").unwrap_err());
    let whole = format!("{} {}", error.message(), error.hints().join(" "));
    assert_eq!(error.kind(), kind, "{whole}");
    assert!(whole.contains(text), "{whole}");
}

#[test]
fn without_selectors_all_are_chosen() {
    check("", "app core log ui @other/log repo tools");
}

#[test]
fn names_match_whole_with_stars_and_without_scope_where_it_is_clear() {
    check("@acme/core", "core");
    check("@acme/*", "app core log ui");
    check("*log", "log @other/log");
    check("core", "core");
    check("tools", "tools");
    check("@acme/log @acme/core", "core log");
}

#[test]
fn dots_take_neighbours_along() {
    check("core...", "core log");
    check("ui...", "core log ui tools");
    check("ui^...", "core log tools");
    check("@acme/*^...", "core log ui tools");
    check("...core", "app core ui");
    check("...^core", "app ui");
    check("...ui...", "app core log ui tools");
    check("...core...", "app core log ui tools");
    check("...@acme/log", "app core log ui");
}

#[test]
fn exclamation_marks_take_away() {
    check("!@acme/*", "@other/log repo tools");
    check("@acme/* !core", "app log ui");
    check("!ui @acme/*", "app core log");
    check("ui... !core...", "ui tools");
}

#[test]
fn folders_are_relative_to_where_one_stands() {
    check("./packages/core", "core");
    check("./packages/*", "core log ui");
    check("./packages/**", "core log ui tools");
    check("./packages/ui/**", "ui tools");
    check("{packages/core}", "core");
    check("{packages/*}", "core log ui");
    check("...{packages/core}", "app core ui");
    check("./packages/core...", "core log");
    check("*log{packages/**}", "log");
    check(".", "repo");
    check_in("packages", "./core", "core");
    check_in("packages/ui", ".", "ui");
    check_in("packages/ui", "../core", "core");
    check_in("packages/ui", "../*", "core log ui");
    check_in("packages", "{ui/**}", "ui tools");
}

#[test]
fn a_selector_that_matches_nothing_is_an_error_with_a_suggestion() {
    refused("@acme/cor", ErrorKind::User, "did you mean `@acme/core`?");
    refused("coer", ErrorKind::User, "did you mean `@acme/core`?");
    refused("@wrong/core", ErrorKind::User, "did you mean `@acme/core`?");
    refused("log", ErrorKind::User, "did you mean `@acme/log` or `@other/log`?");
    refused("zzzzzz", ErrorKind::User, "`relay graph` lists");
    refused("./nowhere", ErrorKind::User, "no package of the workspace matches `--filter ./nowhere`");
    refused("../..", ErrorKind::User, "no package");
    refused("!zzzzzz", ErrorKind::User, "matches `--filter !zzzzzz`");
    refused("core !core", ErrorKind::User, "leave no package over");
}

#[test]
fn what_is_outside_the_grammar_is_wrong_usage() {
    refused("[main]", ErrorKind::Usage, "names and folders");
    refused("core[main]...", ErrorKind::Usage, "names and folders");
    refused("...", ErrorKind::Usage, "names no package");
    refused("!", ErrorKind::Usage, "names no package");
    refused("!!a", ErrorKind::Usage, "`!` stands in front");
    refused("a{", ErrorKind::Usage, "braces");
    refused("{a}b", ErrorKind::Usage, "braces");
    refused("{}", ErrorKind::Usage, "braces");
    refused("a^", ErrorKind::Usage, "`^` next to");
    refused("./packages/[", ErrorKind::Usage, "names and folders");
    refused("./{a,{b", ErrorKind::Usage, "can't be read");
}

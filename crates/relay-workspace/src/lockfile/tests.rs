//! Lock files before and after, as the managers themselves wrote them, and what is refused.
//!
//! `tests/lockfiles` was made with npm 11.19, pnpm 12.21, yarn 4 and bun 1.4.5 of one workspace at two points in time,
//! once with the `workspace:` protocol and once with plain ranges.

use std::collections::BTreeMap;

use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, proptest};

use serde_json::Value;

use super::{LockfileEdit, LockfileEdits, LockfileRange};
use crate::dependency::DependencyKind::{self, Dev, Optional, Peer, Prod};
use crate::edit::EditError;
use crate::manager::PackageManager::{self, Bun, Npm, Pnpm, Yarn};
use crate::name::PackageName;
use crate::workspace::Catalogs;
use crate::yaml_lines::{pnpm_scalar, visit, yarn_scalar};

mod catalogs;

/// Edits a file of a workspace without catalogs.
fn edit_lockfile(manager: PackageManager, text: &str, packages: &[LockfileEdit]) -> Result<Option<String>, EditError> {
    super::edit_lockfile(manager, text, &LockfileEdits { packages, catalogs: &Catalogs::new(), entries: &[] })
}

fn package(path: &str, name: &str, version: &str) -> LockfileEdit {
    let name = PackageName::parse(name).unwrap();
    LockfileEdit { path: path.into(), name, version: version.parse().ok(), ranges: Vec::new() }
}

impl LockfileEdit {
    fn range(mut self, kind: DependencyKind, name: &str, from: &str, to: &str) -> Self {
        self.ranges.push(LockfileRange { kind, name: name.into(), from: from.into(), to: to.into() });
        self
    }
}

/// What changed between the two points in time; `protocol` is `workspace:` or nothing.
fn release(protocol: &str) -> Vec<LockfileEdit> {
    let with = |range: &str| format!("{protocol}{range}");
    vec![
        package("", "root", "1.0.1").range(Dev, "@acme/a", &with("^1.0.0"), &with("^2.0.0")),
        package("packages/a", "@acme/a", "2.0.0"),
        package("packages/b", "@acme/b", "3.1.0")
            .range(Prod, "@acme/a", &with("^1.0.0"), &with("^2.0.0"))
            .range(Prod, "u", &with(">=0.4.0"), &with(">=0.5.0"))
            .range(Optional, "@acme/d", &with("1.0.0"), &with("1.0.1"))
            .range(Peer, "@acme/a", ">=1.0.0", ">=2.0.0"),
        package("packages/d", "@acme/d", "1.0.1"),
        package("packages/u", "u", "0.5.0").range(Prod, "@acme/a", &with("^1.0.0"), &with("^2.0.0")),
        package("apps/site", "site", "").range(Prod, "@acme/b", &with("^3.0.0"), &with("^3.1.0")),
    ]
}

#[track_caller]
fn check_release(manager: PackageManager, protocol: &str, before: &str, after: &str) {
    let edits = release(protocol);
    assert_eq!(edit_lockfile(manager, before, &edits).unwrap().as_deref(), Some(after));
    assert_eq!(edit_lockfile(manager, after, &edits).unwrap(), None, "a second edit has nothing to do");
    let windows = before.replace('\n', "\r\n");
    let edited = edit_lockfile(manager, &windows, &edits).unwrap();
    assert_eq!(edited.as_deref(), Some(after.replace('\n', "\r\n").as_str()), "line ends stay");
    assert_eq!(edit_lockfile(manager, before, &[]).unwrap(), None);
}

macro_rules! before_and_after {
    ($folder:literal) => {
        (
            include_str!(concat!("../../tests/lockfiles/", $folder, "/before")),
            include_str!(concat!("../../tests/lockfiles/", $folder, "/after")),
        )
    };
}

#[test]
fn an_edit_equals_what_npm_writes() {
    for (before, after) in [before_and_after!("npm"), before_and_after!("npm2")] {
        check_release(Npm, "", before, after);
    }
}

#[test]
fn an_edit_equals_what_pnpm_writes() {
    let (before, after) = before_and_after!("pnpm");
    check_release(Pnpm, "workspace:", before, after);
    let (before, after) = before_and_after!("pnpmplain");
    check_release(Pnpm, "", before, after);
}

#[test]
fn an_edit_equals_what_yarn_writes() {
    let (before, after) = before_and_after!("yarn");
    check_release(Yarn, "workspace:", before, after);
    let (before, after) = before_and_after!("yarnplain");
    check_release(Yarn, "", before, after);
}

#[test]
fn an_edit_equals_what_bun_writes() {
    let (before, after) = before_and_after!("bun");
    check_release(Bun, "workspace:", before, after);
    let (before, after) = before_and_after!("bunplain");
    check_release(Bun, "", before, after);
}

#[track_caller]
fn refused(manager: PackageManager, text: &str, edit: LockfileEdit, problem: &str) {
    let error = edit_lockfile(manager, text, &[edit]).unwrap_err().to_string();
    assert!(error.contains(problem), "`{problem}` is not in: {error}");
    assert!(error.contains(&format!("run `{}`", manager.lockfile_command())), "{error}");
}

#[test]
fn a_file_that_says_something_else_is_out_of_date() {
    let (npm, pnpm) = (before_and_after!("npm").0, before_and_after!("pnpm").0);
    let (yarn, bun) = (before_and_after!("yarn").0, before_and_after!("bun").0);
    for (manager, text) in [(Npm, npm), (Pnpm, pnpm), (Yarn, yarn), (Bun, bun)] {
        let edit = || package("packages/u", "u", "");
        let problem = "out of date about `@acme/a` of `u`";
        refused(manager, text, edit().range(Prod, "@acme/a", "^0.1.0", "^2.0.0"), problem);
        refused(manager, text, edit().range(Dev, "@acme/gone", "^1.0.0", "^2.0.0"), "`@acme/gone` of `u`");
    }
    refused(Npm, npm, package("packages/new", "new", "1.0.0"), "no entry for `new` in `packages/new`");
    refused(Bun, bun, package("packages/new", "new", "1.0.0"), "no entry for `new` in `packages/new`");
    let new = || package("packages/new", "new", "").range(Prod, "u", "workspace:^1.0.0", "workspace:^2.0.0");
    refused(Yarn, yarn, new(), "no entry for `new` in `packages/new`");
    refused(Pnpm, pnpm, new(), "out of date about `u` of `new`");
}

#[test]
fn a_dependency_from_a_registry_is_left_to_the_manager() {
    let npm = before_and_after!("npm").0.replace("\"node_modules/u\"", "\"node_modules/x\"").replace(
        "    \"packages/u\": {",
        "    \"packages/b/node_modules/u\": {\n      \"version\": \"0.4.0\"\n    },\n    \"packages/u\": {",
    );
    let b = |from: &str, to: &str| package("packages/b", "@acme/b", "").range(Prod, "u", from, to);
    let problem = "`@acme/b` takes `u` from elsewhere";
    refused(Npm, &npm, b(">=0.4.0", ">=0.5.0"), problem);
    let pnpm = before_and_after!("pnpm").0.replace("version: link:../u", "version: 0.4.0");
    refused(Pnpm, &pnpm, b("workspace:>=0.4.0", "workspace:>=0.5.0"), problem);
    let bun = before_and_after!("bun").0.replace("\"u@workspace:packages/u\"", "\"u@0.4.0\"");
    refused(Bun, &bun, b("workspace:>=0.4.0", "workspace:>=0.5.0"), problem);
    let yarn =
        before_and_after!("yarn").0.replace("resolution: \"u@workspace:packages/u\"", "resolution: \"u@npm:0.4.0\"");
    refused(Yarn, &yarn, b("workspace:>=0.4.0", "workspace:>=0.5.0"), problem);
}

#[test]
fn yarns_entries_never_change_their_order() {
    let yarn = "__metadata:\n  version: 8\n\n\"a@npm:^0.9.0\":\n  version: 0.9.0\n  resolution: \"a@npm:0.9.0\"\n\n\
                \"a@npm:^1.0.0, a@workspace:a\":\n  version: 0.0.0-use.local\n  resolution: \"a@workspace:a\"\n\n\
                \"b@workspace:b\":\n  version: 0.0.0-use.local\n  resolution: \"b@workspace:b\"\n  dependencies:\n    a: \"npm:^1.0.0\"\n";
    let edit = |to: &str| package("b", "b", "").range(Prod, "a", "^1.0.0", to);
    refused(Yarn, yarn, edit("^0.1.0"), "would change their order");
    let edited = edit_lockfile(Yarn, yarn, &[edit("^2.0.0")]).unwrap();
    assert_eq!(edited.unwrap(), yarn.replace("^1.0.0", "^2.0.0"));
    // The older spelling, and a descriptor that another dependent still uses.
    let older = yarn.replace("a: \"npm:^1.0.0\"", "a: ^1.0.0")
        + "\n\"c@workspace:c\":\n  version: 0.0.0-use.local\n  resolution: \"c@workspace:c\"\n  dependencies:\n    a: ^1.0.0\n";
    let edited = edit_lockfile(Yarn, &older, &[edit("^2.0.0")]).unwrap().unwrap();
    assert!(edited.contains("\"a@npm:^1.0.0, a@npm:^2.0.0, a@workspace:a\":"), "{edited}");
    assert_eq!(edited.matches("a: ^2.0.0").count(), 1);
}

#[test]
fn older_forms_are_refused_or_have_nothing_to_change() {
    let a = || package("packages/a", "a", "2.0.0").range(Prod, "b", "^1.0.0", "^2.0.0");
    assert_eq!(edit_lockfile(Yarn, "# yarn lockfile v1\n\n\nx@^1:\n  version \"1.0.0\"\n", &[a()]), Ok(None));
    refused(Pnpm, "lockfileVersion: 5.4\n", a(), "a version that relay can't edit");
    refused(Pnpm, "importers: {}\n", a(), "a version that relay can't edit");
    refused(Bun, "{ \"lockfileVersion\": 0, \"workspaces\": { \"packages/a\": {} } }", a(), "older version");
    refused(Npm, "{ \"lockfileVersion\": 1 }", a(), "old version 1");
    let root = LockfileEdit { path: "".into(), ranges: Vec::new(), ..a() };
    let edited = edit_lockfile(Npm, "{ \"version\": \"1.0.0\", \"lockfileVersion\": 1 }", &[root]).unwrap();
    assert_eq!(edited.unwrap(), "{ \"version\": \"2.0.0\", \"lockfileVersion\": 1 }");
    assert!(edit_lockfile(Npm, "{ // no comments\n}", &[a()]).is_err());
}

#[test]
fn pnpms_second_document_is_the_one_that_counts() {
    let tools = "---\nlockfileVersion: '9.0'\n\nimporters:\n\n  .:\n    packageManagerDependencies:\n      u:\n        specifier: \
                 workspace:>=0.4.0\n        version: 1.0.0\n\n---\n";
    let (before, after) = before_and_after!("pnpm");
    let edited = edit_lockfile(Pnpm, &format!("{tools}{before}"), &release("workspace:")).unwrap();
    assert_eq!(edited.unwrap(), format!("{tools}{after}"));
}

#[test]
fn a_peer_dependency_that_pnpm_installs_by_itself_is_changed_too() {
    let text = "lockfileVersion: '9.0'\nimporters:\n  b:\n    dependencies:\n      a:\n        specifier: '>=1 <2'\n        version: link:../a\n";
    let edit = package("b", "b", "").range(Peer, "a", ">=1 <2", ">=1 <3");
    let edited = edit_lockfile(Pnpm, text, &[edit]).unwrap();
    assert_eq!(edited.unwrap(), text.replace("<2", "<3"));
}

#[test]
fn lines_are_read_with_all_quotes() {
    let text = "a:\n  'it''s': \"q\\\"\"\n  - x: y\n  plain: 'v' # no\n  \"k\": v\nb: >-\n  text\n";
    let mut seen = Vec::new();
    visit(text, |path| {
        let keys: Vec<&str> = path.iter().map(|line| line.key.as_str()).collect();
        seen.push((keys.join("/"), path.last().and_then(|line| line.value.clone())));
    });
    let expected = [("a", None), ("a/it's", Some("q\"")), ("a/plain", Some("v")), ("a/k", Some("v")), ("b", None)];
    assert_eq!(seen, expected.map(|(path, value)| (path.to_owned(), value.map(str::to_owned))));
}

proptest! {
    #[test]
    fn scalars_are_read_back_as_they_were(text in "[ -~é]{0,12}") {
        for scalar in [pnpm_scalar(&text), yarn_scalar(&text)] {
            let mut read = None;
            visit(&format!("k: {scalar}\n"), |path| read = path.last().and_then(|line| line.value.clone()));
            prop_assert_eq!(read.as_deref(), Some(text.as_str()), "{}", scalar);
        }
        // pnpm's reader knows numbers and the like; yarn's takes every scalar for a text.
        let line = format!("k: {}\n", pnpm_scalar(&text));
        let read: BTreeMap<String, Value> = serde_saphyr::from_str(&line).unwrap();
        prop_assert_eq!(read.get("k"), Some(&Value::from(text.as_str())), "{}", line);
    }

    #[test]
    fn no_text_is_too_odd(
        text in prop::collection::vec("(  )?(a|'b'|\"c\"|importers|é|-|\\?|:|: |\\{|\r|\u{feff}|packages/b)*", 0..12),
        version in any::<bool>(),
    ) {
        let text = format!("{}{}", if version { "lockfileVersion: '9.0'\n__metadata:\n" } else { "" }, text.join("\n"));
        for manager in [Npm, Pnpm, Yarn, Bun] {
            // Nothing fits, so nothing may be changed.
            prop_assert!(!matches!(edit_lockfile(manager, &text, &release("workspace:")), Ok(Some(_))));
        }
    }
}

//! What stops discovery, and how it is told.

use camino::Utf8Path;
use relay_workspace::Workspace;

use crate::checkout::Checkout;

fn npm(workspaces: &str) -> Checkout {
    Checkout::new().file("package.json", &format!(r#"{{ "private": true, "workspaces": {workspaces} }}"#))
}

#[track_caller]
fn check(checkout: &Checkout, expected: &str) {
    let error = checkout.error();
    assert!(error.contains(expected), "`{expected}` is not in:\n{error}");
}

#[test]
fn a_broken_manifest_is_named_with_line_and_excerpt() {
    let checkout = npm(r#"["packages/*"]"#).file("packages/a/package.json", "{\n  \"name\": \"a\",\n  oops\n}");
    assert_eq!(checkout.error(), "packages/a/package.json:3:3: key must be a string\n  oops");
    check(&Checkout::new().file("package.json", "{"), "package.json:1:1: EOF while parsing an object");
}

#[test]
fn a_broken_root_manifest_is_named_in_full_when_met_on_the_way_up() {
    let checkout = Checkout::new().file("package.json", "oops").package("packages/a", "a");
    let error = Workspace::discover(&checkout.root().join("packages/a")).unwrap_err().to_string();
    assert!(error.starts_with(checkout.root().join("package.json:1:1: ").as_str()), "{error}");
}

#[test]
fn broken_workspace_files_are_named_with_line_and_excerpt() {
    let pnpm = |text: &str| Checkout::new().file("pnpm-workspace.yaml", text);
    check(&pnpm("packages:\n  - a\n bad: [\n"), "pnpm-workspace.yaml:");
    check(&pnpm("packages:\n  - a\ncatalog: 3\n"), "pnpm-workspace.yaml:3:10: ");
    check(&pnpm("packages:\n  - a\ncatalog: 3\n"), "\n  catalog: 3");
    check(&pnpm("packages: []\npackages: []\n"), "pnpm-workspace.yaml:2:1: ");
    check(&Checkout::new().file("rush.json", "{ \"projects\": [\n  { 'x': 1 } ] }"), "rush.json:2:5: ");
    check(
        &Checkout::new().file("rush.json", "{}"),
        "rush.json:1:1: `projects` must be an array of projects, and is not there\n  {}",
    );
    check(&Checkout::new().package(".", "a").file("lerna.json", "{\n,"), "lerna.json:2:1: ");
}

#[test]
fn a_secret_in_a_broken_yarn_file_is_not_shown() {
    let checkout =
        Checkout::new().package(".", "a").file("yarn.lock", "").file(".yarnrc.yml", "npmAuthToken: [s3cret\n");
    let error = checkout.error();
    assert!(error.starts_with(".yarnrc.yml:") && !error.contains("s3cret"), "{error}");
}

#[test]
fn aliases_that_multiply_themselves_are_refused() {
    let doubled = (1..40).map(|index| format!("a{index}: &a{index} [*a{0}, *a{0}, *a{0}]\n", index - 1));
    let text = format!("a0: &a0 [x]\n{}", doubled.collect::<String>());
    check(&Checkout::new().file("pnpm-workspace.yaml", &text), "pnpm-workspace.yaml:");
}

#[test]
fn a_field_of_a_wrong_form_is_named() {
    check(
        &npm("3"),
        "package.json:1:34: `workspaces` must be an array of patterns, or an object with `packages`, and is a number\n  {",
    );
    check(&npm("[3]"), "package.json:1:35: `workspaces.0` must be a string, and is a number\n  {");
    check(&npm(r#"{ "packages": 3 }"#), ": `workspaces.packages` must be an array of patterns, and is a number\n  {");
    let lerna = |text: &str| Checkout::new().package(".", "a").file("lerna.json", text);
    check(&lerna("[]"), "lerna.json:1:1: the top of the file must be a JSON object, and is an array\n  []");
    check(&lerna(r#"{"packages":3}"#), "lerna.json:1:13: `packages` must be an array of patterns, and is a number");
    check(&lerna(""), "lerna.json:1:1: the file is empty, where a JSON object is expected");
    let rush = Checkout::new().file("rush.json", "{ \"projects\": [\n  // one\n  3] }");
    check(&rush, "rush.json:3:3: `projects.0` must be an object with `projectFolder`, and is a number\n  3] }");
}

#[test]
fn a_value_of_a_wrong_kind_in_yaml_is_told_in_plain_words() {
    let pnpm = |text: &str, expected: &str| check(&Checkout::new().file("pnpm-workspace.yaml", text), expected);
    pnpm(
        "packages: 3\n",
        "pnpm-workspace.yaml:1:11: expected a list: lines that begin with `- `, or `[...]`\n  packages: 3",
    );
    pnpm("- a\n", "pnpm-workspace.yaml:1:1: expected keys with values, such as `packages: [...]`\n  - a");
    pnpm("packages:\n  - [a]\n", "pnpm-workspace.yaml:2:5: expected a text\n  - [a]");
    pnpm("packages: [null]\n", "pnpm-workspace.yaml:1:12: expected a text, found nothing\n");
}

#[test]
fn a_pattern_that_leads_out_or_can_not_be_read_is_named_with_its_file() {
    check(&npm(r#"["../x"]"#), "`package.json`: `../x` leads out of the repository");
    check(&npm(r#"["a/+(b)"]"#), "`package.json`: the pattern `a/+(b)` has the extended glob");
    let rush = Checkout::new().file("rush.json", r#"{ "projects": [{ "projectFolder": "../x" }] }"#);
    check(&rush, "`rush.json`: `../x` leads out of the repository");
}

#[test]
fn an_absolute_pattern_that_matches_nothing_is_told_as_such() {
    let text = "packages: ['packages/*', '/etc/*']\n";
    let checkout = Checkout::new().file("pnpm-workspace.yaml", text).package("packages/a", "a");
    assert_eq!(
        checkout.workspace().warnings,
        [
            "`pnpm-workspace.yaml`: the pattern `/etc/*` matches no package: it begins with a slash, and must be relative \
             to the workspace root"
        ]
    );
}

#[cfg(unix)]
#[test]
fn a_named_link_that_leads_out_is_refused() {
    let checkout = npm(r#"["linked"]"#).link("linked", "..");
    check(&checkout, "`linked` is a link to `");
    check(&checkout, "which is out of the workspace");
    let manifest = npm(r#"["a"]"#).file("../outside.json", "{}").link("a/package.json", "../../outside.json");
    check(&manifest, "`a/package.json` is a link to `");
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_nowhere_is_named() {
    let checkout = npm(r#"["packages/*"]"#).package("packages/b", "b").link("packages/a/package.json", "gone.json");
    assert_eq!(
        checkout.workspace().warnings,
        ["`packages/a/package.json` is a link that leads nowhere (to `gone.json`); restore the file, or remove the \
             link; the package is left out"]
    );
    for file in ["package.json", "pnpm-workspace.yaml"] {
        check(&Checkout::new().link(file, "gone"), &format!("`{file}` is a link that leads nowhere (to `gone`)"));
    }
}

#[test]
fn what_is_no_file_is_not_opened() {
    check(&npm(r#"["a"]"#).file("a/package.json/x", ""), "`a/package.json` is not a regular file");
    let large = format!("{{ \"name\": \"a\", \"x\": \"{}\" }}", "x".repeat(4 * 1024 * 1024));
    check(&npm(r#"["a"]"#).file("a/package.json", &large), "`a/package.json` is larger than 4194304 bytes");
}

#[test]
fn a_name_or_version_that_npm_refuses_is_an_error_for_a_publishable_package() {
    let with = |text: &str| npm(r#"["a"]"#).file("a/package.json", text);
    check(
        &with(r#"{ "name": "A b", "version": "1.0.0" }"#),
        "`a/package.json`: `A b` is not a package name npm accepts: it has characters",
    );
    check(
        &with(r#"{ "name": "a", "version": "1.0" }"#),
        "`a/package.json`: the version `1.0` is not a semantic version",
    );
}

#[test]
fn one_name_for_two_packages_names_both() {
    let checkout = npm(r#"["packages/*"]"#)
        .package("packages/a", "same")
        .file("packages/b/package.json", r#"{ "name": "same", "private": true }"#);
    assert_eq!(
        checkout.error(),
        "the name `same` is taken by `packages/a/package.json` and `packages/b/package.json`; rename all but one, or mark \
         all of them `\"private\": true`"
    );
}

#[test]
fn a_folder_that_is_not_there_is_an_error_with_a_next_step() {
    let checkout = Checkout::new();
    let error = Workspace::discover(&checkout.root().join("gone")).unwrap_err().to_string();
    assert!(error.contains("can't be opened") && error.contains("--cwd"), "{error}");
    assert!(Workspace::discover(Utf8Path::new("")).is_err());
}

#[test]
fn nothing_found_is_an_error_with_a_next_step() {
    check(&Checkout::new(), "no package.json, pnpm-workspace.yaml, lerna.json or rush.json in `<repo>`");
}

#[test]
fn folders_nested_without_end_are_refused() {
    let deep = vec!["d"; 200].join("/");
    let checkout = npm(r#"["**"]"#).file(&format!("{deep}/x"), "");
    check(&checkout, "is nested deeper than 64 folders");
}

use super::*;

fn edit(catalog: Option<&str>, from: &str, to: &str) -> CatalogEdit {
    let catalog = catalog.map(str::to_owned);
    CatalogEdit { catalog, name: "@acme/a".to_owned(), from: from.to_owned(), to: to.to_owned() }
}

#[track_caller]
fn check(manager: PackageManager, text: &str, edits: &[CatalogEdit], expected: &str) {
    assert_eq!(edit_catalogs(manager, text, edits).as_deref(), Ok(expected));
}

#[test]
fn yaml_keeps_comments_quotes_and_all_else() {
    let text = "# top\npackages:\n  - 'packages/*'\n\ncatalog:\n  b: ^1.0.0\n  \"@acme/a\": ^1.0.0   # keep\n\
                catalogs:\n    next:\n        '@acme/a': \"~1.0.0\"\n    old:\n        '@acme/a': '^1.0.0'\n";
    let expected = text.replace("^1.0.0   # keep", "^2.0.0   # keep").replace("~1.0.0", "~2.0.0");
    let edits = [edit(None, "^1.0.0", "^2.0.0"), edit(Some("next"), "~1.0.0", "~2.0.0")];
    check(PackageManager::Pnpm, text, &edits, &expected);
    check(PackageManager::Yarn, text, &edits, &expected);
    let windows = text.replace('\n', "\r\n");
    check(PackageManager::Pnpm, &windows, &edits, &expected.replace('\n', "\r\n"));
}

/// Lines of another style end what encloses the lines below them, and lines of a text are none: only the parser knows.
#[test]
fn an_entry_that_only_looks_like_one_is_left_alone() {
    let entry = "\"@acme/a\": ^1.0.0\n";
    for text in [
        format!("catalog:\n  {entry}&other others:\n  {entry}"),
        format!("catalog:\n  {entry}!!map others:\n  {entry}"),
        format!("catalog:\n  {entry}? others\n:\n  {entry}"),
        format!("catalog:\n  {entry}note: |\n  x\nold:\n- |\n  catalog:\n    {entry}"),
        format!("catalog: &c\n  {entry}copy: *c\n"),
        format!("note: \"a\n\n  text\"\ncatalog:\n  {entry}"),
    ] {
        let edits = [edit(None, "^1.0.0", "^2.0.0")];
        match edit_catalogs(PackageManager::Pnpm, &text, &edits) {
            Ok(after) => {
                let mut expected = read_yaml(&text).unwrap();
                expected["catalog"]["@acme/a"] = "^2.0.0".into();
                assert_eq!(read_yaml(&after).as_ref(), Ok(&expected), "{text}");
            }
            Err(error) => assert!(matches!(error, EditError::CatalogEntry { .. }), "{text}: {error}"),
        }
    }
    let plain = format!("catalog:\n  {entry}others:\n  {entry}");
    check(PackageManager::Pnpm, &plain, &[edit(None, "^1.0.0", "^2.0.0")], &plain.replacen("^1.0.0", "^2.0.0", 1));
}

#[test]
fn the_default_catalog_has_two_spellings() {
    let edits = [edit(None, "^1.0.0", "^2.0.0")];
    let yaml = "catalogs:\n  default:\n    \"@acme/a\": ^1.0.0\n  x:\n    \"@acme/a\": ^1.0.0\n";
    check(PackageManager::Pnpm, yaml, &edits, &yaml.replacen("^1.0.0", "^2.0.0", 1));
    let json = r#"{ "catalogs": { "default": { "@acme/a": "^1.0.0" }, "x": { "@acme/a": "^1.0.0" } } }"#;
    check(PackageManager::Bun, json, &edits, &json.replacen("^1.0.0", "^2.0.0", 1));
}

#[test]
fn buns_catalogs_stand_in_workspaces_or_at_the_top() {
    let edits = [edit(None, "^1.0.0", "^2.0.0"), edit(Some("next"), "~1.0.0", "~2.0.0")];
    let catalogs = r#""catalog": {"@acme/a":"^1.0.0"}, "catalogs": {"next": { "@acme/a" : "~1.0.0" }}"#;
    let raised = catalogs.replace("^1", "^2").replace("~1", "~2");
    let top = |catalogs: &str| format!("{{\n\t\"workspaces\": [\"packages/*\"],\n\t{catalogs}\n}}\n");
    check(PackageManager::Bun, &top(catalogs), &edits, &top(&raised));
    // Where `workspaces` has a catalog, bun reads none at the top.
    let inside = |catalogs: &str| {
        format!("{{ \"catalog\": {{\"@acme/a\":\"^1.0.0\"}}, \"workspaces\": {{ \"packages\": [], {catalogs} }} }}")
    };
    check(PackageManager::Bun, &inside(catalogs), &edits, &inside(&raised));
}

#[test]
fn an_entry_that_is_written_otherwise_is_a_persons_work() {
    let edits = [edit(None, "^1.0.0", "^2.0.0")];
    for text in [
        "catalog: { \"@acme/a\": ^1.0.0 }\n",
        "catalog:\n  \"@acme/a\": &a ^1.0.0\n",
        "catalog:\n  \"@acme/a\": *a\n",
        "catalog:\n  \"@acme/a\": ^1.1.0\n",
        "catalogs:\n  next:\n    \"@acme/a\": ^1.0.0\n",
        "",
    ] {
        let error = edit_catalogs(PackageManager::Pnpm, text, &edits).unwrap_err().to_string();
        assert_eq!(
            error,
            "the entry `@acme/a` of the default catalog can't be edited with certainty; write it on a line of its own, \
             without an anchor, commit, and run the command again",
            "{text}"
        );
    }
}

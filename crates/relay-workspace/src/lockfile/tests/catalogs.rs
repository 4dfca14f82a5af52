//! Catalog entries in lock files, as pnpm 10, 11 and 12, yarn 4.18 and bun 1.4 write them.

use super::{Bun, Dev, LockfileEdit, LockfileEdits, PackageManager, Pnpm, Prod, Yarn, package};
use crate::catalog::CatalogEdit;
use crate::edit::EditError;
use crate::workspace::Catalogs;

fn entry(catalog: Option<&str>, name: &str, from: &str, to: &str) -> CatalogEdit {
    let catalog = catalog.map(str::to_owned);
    CatalogEdit { catalog, name: name.to_owned(), from: from.to_owned(), to: to.to_owned() }
}

/// `@acme/a` goes to 2.0.0, out of two catalogs.
fn raised() -> [CatalogEdit; 2] {
    [entry(None, "@acme/a", "^1.0.0", "^2.0.0"), entry(Some("next"), "@acme/a", "~1.0.0", "~2.0.0")]
}

fn edit(
    manager: PackageManager,
    text: &str,
    packages: &[LockfileEdit],
    entries: &[CatalogEdit],
) -> Result<Option<String>, EditError> {
    let mut catalogs = Catalogs::new();
    catalogs.entry(None).or_default().insert("@acme/a".to_owned(), "^1.0.0".to_owned());
    catalogs.entry(Some("next".to_owned())).or_default().insert("@acme/a".to_owned(), "~1.0.0".to_owned());
    super::super::edit_lockfile(manager, text, &LockfileEdits { packages, catalogs: &catalogs, entries })
}

#[track_caller]
fn check(manager: PackageManager, before: &str, version: &str, entries: &[CatalogEdit], after: &str) {
    let packages = [package("packages/a", "@acme/a", version)];
    let edited = edit(manager, before, &packages, entries).unwrap();
    assert_eq!(edited.as_deref(), Some(after).filter(|after| *after != before), "{manager:?}");
    assert_eq!(edit(manager, after, &packages, entries).unwrap(), None, "a second edit has nothing to do");
}

#[track_caller]
fn refused(manager: PackageManager, text: &str, problem: &str) {
    let packages = [package("packages/a", "@acme/a", "2.0.0")];
    let error = edit(manager, text, &packages, &raised()).unwrap_err().to_string();
    assert!(error.contains(problem), "`{problem}` is not in: {error}");
    assert!(error.contains(&format!("run `{}`", manager.lockfile_command())), "{error}");
}

fn pnpm(catalogs: &[(&str, &str, &str)], a: &str) -> String {
    let mut text = "lockfileVersion: '9.0'\n\ncatalogs:\n".to_owned();
    for (catalog, specifier, version) in catalogs {
        let entry = format!("  {catalog}:\n    '@acme/a':\n      specifier: {specifier}\n      version: {version}\n");
        text += &entry;
    }
    text + "\nimporters:\n\n  .: {}\n\n  packages/a: {}\n\n  packages/b:\n    dependencies:\n      '@acme/a':\n        \
            specifier: 'catalog:'\n        version: "
        + a
        + "\n\n  packages/c:\n    devDependencies:\n      '@acme/a':\n        specifier: catalog:next\n        version: "
        + a
        + "\n"
}

#[test]
fn pnpm_notes_the_range_and_perhaps_the_version() {
    let (before, after) = ([("^1.0.0", "~1.0.0"), ("1.0.0", "1.0.0")], [("^2.0.0", "~2.0.0"), ("2.0.0", "2.0.0")]);
    for ((of_default, of_next), (default, next)) in before.into_iter().zip(after) {
        let before = pnpm(&[("default", "^1.0.0", of_default), ("next", "~1.0.0", of_next)], "link:../a");
        let after = pnpm(&[("default", "^2.0.0", default), ("next", "~2.0.0", next)], "link:../a");
        check(Pnpm, &before, "2.0.0", &raised(), &after);
    }
}

#[test]
fn pnpms_noted_version_follows_a_release_in_range() {
    let noted = |version: &str| pnpm(&[("default", "^1.0.0", version), ("next", "~1.0.0", version)], "link:../a");
    check(Pnpm, &noted("1.0.0"), "1.0.1", &[], &noted("1.0.1"));
    // The range does not accept it, so that the package comes from elsewhere from now on.
    check(Pnpm, &noted("1.0.0"), "2.0.0", &[], &noted("1.0.0"));
    // pnpm 12 notes the range, which stays.
    let ranges = pnpm(&[("default", "^1.0.0", "^1.0.0"), ("next", "~1.0.0", "~1.0.0")], "link:../a");
    check(Pnpm, &ranges, "1.0.1", &[], &ranges);
}

#[test]
fn a_catalog_that_the_lock_file_knows_otherwise_is_left_to_the_manager() {
    refused(
        Pnpm,
        &pnpm(&[("next", "~1.0.0", "1.0.0")], "link:../a"),
        "out of date about `@acme/a` of the default catalog",
    );
    let other = pnpm(&[("default", "^1.1.0", "1.1.0"), ("next", "~1.0.0", "1.0.0")], "link:../a");
    refused(Pnpm, &other, "out of date about `@acme/a` of the default catalog");
    let elsewhere = pnpm(&[("default", "^1.0.0", "1.0.0"), ("next", "~1.0.0", "1.0.0")], "1.0.0");
    refused(Pnpm, &elsewhere, "`@acme/a` of the default catalog is taken from elsewhere");
    refused(Bun, &bun("^1.1.0", "~1.0.0"), "out of date about `@acme/a` of the default catalog");
    let elsewhere = bun("^1.0.0", "~1.0.0").replace("@acme/a@workspace:packages/a", "@acme/a@1.0.0");
    refused(Bun, &elsewhere, "`@acme/a` of the default catalog is taken from elsewhere");
    refused(Yarn, &yarn("@acme/a@npm:~1.0.0"), "out of date about `@acme/a` of the default catalog");
    let elsewhere = yarn("@acme/a@npm:^1.0.0, @acme/a@npm:~1.0.0").replace("a@workspace:packages/a", "a@npm:1.0.0");
    refused(Yarn, &elsewhere, "`@acme/a` of the default catalog is taken from elsewhere");
}

#[test]
fn what_only_peers_take_from_a_catalog_is_not_noted_by_pnpm() {
    let text = "lockfileVersion: '9.0'\n\nimporters:\n\n  packages/b: {}\n";
    check(Pnpm, text, "2.0.0", &raised(), text);
}

fn bun(default: &str, next: &str) -> String {
    format!(
        "{{\n  \"lockfileVersion\": 2,\n  \"workspaces\": {{\n    \"packages/a\": {{ \"name\": \"@acme/a\", }},\n  }},\n  \
         \"catalog\": {{\n    \"@acme/a\": \"{default}\",\n  }},\n  \"catalogs\": {{\n    \"next\": {{\n      \"@acme/a\": \
         \"{next}\",\n    }},\n  }},\n  \"packages\": {{\n    \"@acme/a\": [\"@acme/a@workspace:packages/a\"],\n  }}\n}}\n"
    )
}

#[test]
fn bun_notes_its_catalogs() {
    check(Bun, &bun("^1.0.0", "~1.0.0"), "", &raised(), &bun("^2.0.0", "~2.0.0"));
    let named = bun("^1.0.0", "~1.0.0").replacen("\"catalog\"", "\"x\"", 1).replace("\"next\"", "\"default\"");
    let edit = [entry(None, "@acme/a", "~1.0.0", "~2.0.0")];
    check(Bun, &named, "", &edit, &named.replace("~1.0.0", "~2.0.0"));
}

fn yarn(descriptors: &str) -> String {
    format!(
        "__metadata:\n  version: 10\n\n\"{descriptors}, @acme/a@workspace:packages/a\":\n  version: 0.0.0-use.local\n  \
         resolution: \"@acme/a@workspace:packages/a\"\n\n\"@acme/b@workspace:packages/b\":\n  resolution: \
         \"@acme/b@workspace:packages/b\"\n  dependencies:\n    \"@acme/a\": \"catalog:\"\n\n\"@acme/c@workspace:packages/c\":\n  \
         resolution: \"@acme/c@workspace:packages/c\"\n  dependencies:\n    \"@acme/a\": \"catalog:next\"\n"
    )
}

#[test]
fn yarn_notes_the_ranges_alone() {
    let (before, after) = ("@acme/a@npm:^1.0.0, @acme/a@npm:~1.0.0", "@acme/a@npm:^2.0.0, @acme/a@npm:~2.0.0");
    check(Yarn, &yarn(before), "2.0.0", &raised(), &yarn(after));
}

#[test]
fn a_range_that_a_dependent_has_by_itself_as_well_stays_in_yarns_key() {
    let plain = "\n\"d@workspace:packages/d\":\n  resolution: \"d@workspace:packages/d\"\n  dependencies:\n    \"@acme/a\": \"npm:^1.0.0\"\n";
    let before = yarn("@acme/a@npm:^1.0.0, @acme/a@npm:~1.0.0") + plain;
    let both = yarn("@acme/a@npm:^1.0.0, @acme/a@npm:^2.0.0, @acme/a@npm:~2.0.0") + plain;
    check(Yarn, &before, "2.0.0", &raised(), &both);
    // The other way round: the dependent's own range moves, the catalog's stays.
    let edits = [package("packages/d", "d", "").range(Prod, "@acme/a", "^1.0.0", "^1.1.0")];
    let edited = edit(Yarn, &before, &edits, &[]).unwrap().unwrap();
    assert!(
        edited.contains("\"@acme/a@npm:^1.0.0, @acme/a@npm:^1.1.0, @acme/a@npm:~1.0.0, @acme/a@workspace"),
        "{edited}"
    );
    // Both move to the same range.
    let edits = [package("packages/d", "d", "").range(Dev, "@acme/a", "^1.0.0", "^2.0.0")];
    let edited = edit(Yarn, &before, &edits, &raised()).unwrap().unwrap();
    assert!(edited.contains("\"@acme/a@npm:^2.0.0, @acme/a@npm:~2.0.0, @acme/a@workspace"), "{edited}");
}

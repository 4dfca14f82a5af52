//! What is found in repositories of all managers.

use relay_workspace::{PackageManager, Workspace, resolve_catalog};

use crate::checkout::{Checkout, named, paths};

#[track_caller]
fn check(checkout: &Checkout, manager: PackageManager, expected: &[&str]) -> Workspace {
    let workspace = checkout.workspace();
    assert_eq!(paths(&workspace), expected);
    assert_eq!(workspace.manager, manager);
    assert!(workspace.packages.is_sorted_by(|a, b| a.name < b.name));
    workspace
}

#[test]
fn npm_with_an_array_of_patterns() {
    let checkout = Checkout::new()
        .file(
            "package.json",
            r#"{ "private": true, "name": "root", "version": "1.0.0", "workspaces": ["packages/*", "site"] }"#,
        )
        .package("packages/a", "a")
        .package("packages/b", "@s/b")
        .package("packages/b/nested", "nested")
        .package("site", "site")
        .package("other", "other");
    let workspace = check(&checkout, PackageManager::Npm, &["packages/a", "packages/b", "site"]);
    assert_eq!(workspace.root, checkout.root());
    assert_eq!(workspace.root_manifest.name(), Some("root"));
    assert_eq!(named(&workspace, "a").manifest.path(), "packages/a/package.json");
    assert!(workspace.warnings.is_empty(), "{:?}", workspace.warnings);
}

#[test]
fn yarn_with_the_object_form() {
    let checkout = Checkout::new()
        .file(
            "package.json",
            r#"{ "private": true, "workspaces": { "packages": ["packages/**"], "nohoist": ["**/x"] } }"#,
        )
        .file("yarn.lock", "")
        .file(".yarnrc.yml", "npmAuthToken: ${TOKEN}\ncatalog:\n  react: ^19.0.0\n")
        .package("packages/deep/er/a", "a");
    let workspace = check(&checkout, PackageManager::Yarn, &["packages/deep/er/a"]);
    assert_eq!(resolve_catalog(&workspace.catalogs, "react", None), Some("^19.0.0"));
}

#[test]
fn pnpm_with_exclusions_catalogs_and_its_root() {
    let checkout = Checkout::new()
        .file("package.json", r#"{ "name": "root", "private": true }"#)
        .file(
            "pnpm-workspace.yaml",
            "packages:\n  - '!**/fixtures/**' # anywhere\n  - packages/**\n  - apps/*/\ncatalog:\n  react: 1.10\ncatalogs:\n  \
             old:\n    react: ^18.0.0\n  default:\n    vue: ^3\n",
        )
        .package("packages", "all")
        .package("packages/a", "a")
        .package("packages/a/fixtures/x", "x")
        .package("packages/a/test/y", "y")
        .package("packages/a/node_modules/z", "z")
        .package("packages/bower_components/z", "z")
        .package("packages/.hidden/z", "z")
        .package("apps/web", "web");
    let expected = ["", "apps/web", "packages", "packages/a", "packages/a/test/y"];
    let workspace = check(&checkout, PackageManager::Pnpm, &expected);
    assert!(named(&workspace, "root").private);
    assert_eq!(resolve_catalog(&workspace.catalogs, "react", None), Some("1.10"));
    assert_eq!(resolve_catalog(&workspace.catalogs, "vue", None), Some("^3"));
    assert_eq!(resolve_catalog(&workspace.catalogs, "react", Some("old")), Some("^18.0.0"));
    assert!(workspace.warnings.is_empty(), "{:?}", workspace.warnings);
}

#[test]
fn pnpm_settings_without_packages_leave_the_root_alone() {
    let checkout = Checkout::new()
        .package(".", "root")
        .file("pnpm-workspace.yaml", "onlyBuiltDependencies:\n  - esbuild\n")
        .package("packages/a", "a");
    check(&checkout, PackageManager::Pnpm, &[""]);
    check(&checkout.file("pnpm-workspace.yaml", ""), PackageManager::Pnpm, &[""]);
}

#[test]
fn bun_with_catalogs_in_both_places() {
    let checkout = Checkout::new()
        .file(
            "package.json",
            r#"{ "workspaces": { "packages": ["packages/*"], "catalog": { "react": "^19" }, "catalogs": { "t": { "jest": "30" } } },
                 "catalog": { "vue": "^3" } }"#,
        )
        .file("bun.lock", "{}")
        .package("packages/a", "a");
    let workspace = check(&checkout, PackageManager::Bun, &["packages/a"]);
    assert_eq!(resolve_catalog(&workspace.catalogs, "react", None), Some("^19"));
    assert_eq!(resolve_catalog(&workspace.catalogs, "vue", None), None, "bun then reads none at the top");
    assert_eq!(resolve_catalog(&workspace.catalogs, "jest", Some("t")), Some("30"));
}

#[test]
fn lerna_and_rush_are_roots_too() {
    let lerna = Checkout::new()
        .file("package.json", r#"{ "name": "root", "private": true }"#)
        .file("lerna.json", r#"{ "version": "independent", "packages": ["modules/*"], "npmClient": "yarn" }"#)
        .package("modules/a", "a");
    check(&lerna, PackageManager::Yarn, &["modules/a"]);
    let rush = Checkout::new()
        .file(
            "rush.json",
            "/* rush */ { \"pnpmVersion\": \"9.0.0\", \"projects\": [ // all\n { \"packageName\": \"a\", \"projectFolder\": \
             \"libs/a\", \"shouldPublish\": true },\n { \"packageName\": \"b\", \"projectFolder\": \"apps/b\" }, ] }",
        )
        .package("libs/a", "a")
        .package("apps/b", "b");
    let workspace = check(&rush, PackageManager::Pnpm, &["apps/b", "libs/a"]);
    assert!(named(&workspace, "b").private, "rush never publishes it");
    assert!(!named(&workspace, "a").private);
}

#[test]
fn the_root_is_found_from_inside_a_package() {
    let checkout = Checkout::new()
        .file("package.json", r#"{ "private": true, "workspaces": ["packages/*"] }"#)
        .package("packages/a", "a")
        .file("packages/a/src/x/y.js", "")
        .package("examples/lone", "lone");
    let inside = Workspace::discover(&checkout.root().join("packages/a/src/x")).unwrap();
    assert_eq!(paths(&inside), ["packages/a"]);
    // npm takes a package that no pattern names for a repository of its own.
    let lone = Workspace::discover(&checkout.root().join("examples/lone")).unwrap();
    assert_eq!((paths(&lone), lone.root.clone()), (vec![""], checkout.root().join("examples/lone")));
    let beside = Workspace::discover(&checkout.root().join("examples")).unwrap();
    assert_eq!(beside.root, checkout.root());
}

#[test]
fn a_package_without_a_workspace_is_one_of_its_own() {
    let checkout = Checkout::new().package(".", "lone").package("packages/a", "a");
    check(&checkout, PackageManager::Npm, &[""]);
}

#[test]
fn a_publishable_root_counts_for_npm() {
    let root = r#"{ "name": "root", "version": "1.0.0", "workspaces": ["packages/*"] }"#;
    let checkout = Checkout::new().file("package.json", root).package("packages/a", "a");
    check(&checkout, PackageManager::Npm, &["", "packages/a"]);
    let unnamed = checkout.file("package.json", r#"{ "version": "1.0.0", "workspaces": ["packages/*"] }"#);
    check(&unnamed, PackageManager::Npm, &["packages/a"]);
}

#[test]
fn what_is_declared_names_the_manager_before_the_lock_files() {
    let with = |fields: &str| {
        let text = format!(r#"{{ "name": "a", "version": "1.0.0", {fields} "x": 0 }}"#);
        Checkout::new().file("package.json", &text).file("yarn.lock", "").workspace().manager
    };
    assert_eq!(with(""), PackageManager::Yarn);
    assert_eq!(with(r#""packageManager": "pnpm@12.1.0+sha512.abc","#), PackageManager::Pnpm);
    assert_eq!(with(r#""devEngines": { "packageManager": { "name": "bun" } },"#), PackageManager::Bun);
    assert_eq!(
        with(r#""devEngines": { "packageManager": [{ "name": "x" }, { "name": "npm" }] },"#),
        PackageManager::Npm
    );
    assert_eq!(with(r#""packageManager": "deno@3","#), PackageManager::Yarn);
}

#[test]
fn odd_packages_are_told_and_not_in_the_way() {
    let checkout = Checkout::new()
        .file("package.json", r#"{ "private": true, "workspaces": ["packages/*", "gone/*", "{none,nothing}"] }"#)
        .file("packages/nameless/package.json", "{}")
        .file("packages/versionless/package.json", r#"{ "name": "versionless" }"#)
        .file("packages/private/package.json", r#"{ "name": "private", "private": true }"#)
        .file("packages/oddname/package.json", r#"{ "name": "Not A Name", "version": "1.0.0", "private": true }"#)
        .file("packages/oddversion/package.json", r#"{ "name": "oddversion", "version": "one", "private": true }"#)
        .file("packages/twin1/package.json", r#"{ "name": "twin", "private": true }"#)
        .file("packages/twin2/package.json", r#"{ "name": "twin", "private": true }"#)
        .file("packages/empty/README.md", "");
    let expected = ["packages/oddversion", "packages/private", "packages/twin1", "packages/versionless"];
    let workspace = check(&checkout, PackageManager::Npm, &expected);
    assert_eq!(named(&workspace, "oddversion").version, None);
    assert_eq!(named(&workspace, "versionless").version, None);
    insta::assert_snapshot!(workspace.warnings.join("\n"));
}

#[test]
fn an_odd_value_of_private_is_told() {
    let checkout = Checkout::new()
        .file("package.json", r#"{ "private": true, "workspaces": ["packages/*"] }"#)
        .file("packages/a/package.json", r#"{ "name": "a", "version": "1.0.0", "private": "false" }"#)
        .file("packages/b/package.json", r#"{ "name": "b", "version": "1.0.0", "private": "" }"#);
    let workspace = check(&checkout, PackageManager::Npm, &["packages/a", "packages/b"]);
    assert!(named(&workspace, "a").private && !named(&workspace, "b").private);
    assert_eq!(
        workspace.warnings,
        [
            "`packages/a/package.json`: `private` is `\"false\"`, which npm and bun take for `true`, so that the package is not \
         published; write `true` or `false`"
        ]
    );
}

#[test]
fn catalogs_are_read_where_the_manager_reads_them() {
    let of = |manager: &str, more: &str, yarnrc: &str| {
        let root = format!(
            r#"{{ "private": true, "packageManager": "{manager}@1", "workspaces": {{ "packages": ["packages/*"] {more} }},
                "catalog": {{ "a": "top" }}, "catalogs": {{ "next": {{ "a": "top-next" }} }} }}"#
        );
        let checkout =
            Checkout::new().file("package.json", &root).file(".yarnrc.yml", yarnrc).package("packages/a", "a");
        let mut seen = Vec::new();
        for (catalog, entries) in checkout.workspace().catalogs {
            seen.push(format!("{}: {}", catalog.unwrap_or_default(), entries.get("a").cloned().unwrap_or_default()));
        }
        seen
    };
    let yarnrc = "catalog: { a: yarns }\n";
    assert_eq!(of("bun", "", yarnrc), [": top", "next: top-next"]);
    assert_eq!(of("bun", r#", "catalog": { "a": "inside" }"#, yarnrc), [": inside"], "bun then reads none at the top");
    assert_eq!(of("yarn", r#", "catalog": { "a": "inside" }"#, yarnrc), [": yarns"]);
    assert!(of("pnpm", "", yarnrc).is_empty());
}

#[test]
fn pnpms_other_manifests_are_told() {
    let checkout = Checkout::new()
        .file("pnpm-workspace.yaml", "packages: ['packages/*']")
        .file("packages/y/package.yaml", "name: y\n")
        .package("packages/a", "a");
    let workspace = check(&checkout, PackageManager::Pnpm, &["packages/a"]);
    assert_eq!(
        workspace.warnings,
        [
            "`packages/y/package.yaml` is a manifest that relay doesn't read; the package is left out (only package.json is read)"
        ]
    );
}

#[cfg(unix)]
#[test]
fn links_are_followed_only_inside_and_never_by_two_stars() {
    let checkout = Checkout::new()
        .file("pnpm-workspace.yaml", "packages: ['packages/*', 'deep/**']")
        .package("real/a", "a")
        .package("deep/b", "b")
        .link("packages/a", "../real/a")
        .link("packages/again", "../real/a")
        .link("packages/dangling", "../nowhere")
        .link("packages/loop", "loop")
        .link("deep/up", "../real")
        .link("packages/out", "../../beside");
    std::fs::create_dir(checkout.root().parent().unwrap().join("beside")).unwrap();
    let workspace = check(&checkout, PackageManager::Pnpm, &["deep/b", "real/a"]);
    assert_eq!(workspace.warnings.len(), 2, "{:?}", workspace.warnings);
    assert!(workspace.warnings[0].starts_with("`packages/out` is a link that leads out"), "{:?}", workspace.warnings);
    assert!(
        workspace.warnings[1].starts_with("the link `packages/loop` can't be followed"),
        "{:?}",
        workspace.warnings
    );
}

#[test]
fn a_named_folder_is_found_without_listing_its_neighbours() {
    let checkout = Checkout::new()
        .file("package.json", r#"{ "workspaces": ["packages/a", "packages/gone"] }"#)
        .package("packages/a", "a")
        .package("packages/b", "b");
    let workspace = check(&checkout, PackageManager::Npm, &["packages/a"]);
    assert_eq!(workspace.warnings, ["`package.json`: the pattern `packages/gone` matches no package"]);
}

#[test]
fn a_private_root_may_have_the_name_of_a_package() {
    let checkout = Checkout::new()
        .file("package.json", r#"{ "private": true, "name": "lib", "version": "0.0.0" }"#)
        .file("pnpm-workspace.yaml", "packages: ['packages/*']\n")
        .package("packages/lib", "lib");
    let workspace = check(&checkout, PackageManager::Pnpm, &["packages/lib"]);
    assert!(workspace.warnings.is_empty(), "{:?}", workspace.warnings);
}

#[test]
fn pnpms_file_is_left_aside_where_another_manager_is_declared() {
    let with = |root: &str| {
        Checkout::new()
            .file("package.json", root)
            .file("pnpm-workspace.yaml", "packages: ['apps/*']")
            .package("apps/x", "x")
            .package("packages/a", "a")
    };
    for declared in [r#""packageManager": "npm@11.0.0""#, r#""devEngines": { "packageManager": { "name": "npm" } }"#] {
        let root = format!(r#"{{ "private": true, {declared}, "workspaces": ["packages/*"] }}"#);
        let workspace = with(&root).file("pnpm-lock.yaml", "").workspace();
        assert_eq!((workspace.manager, paths(&workspace)), (PackageManager::Npm, vec!["packages/a"]));
        assert_eq!(workspace.warnings.len(), 1, "{:?}", workspace.warnings);
        assert!(workspace.warnings[0].starts_with("`pnpm-workspace.yaml` is left aside"), "{:?}", workspace.warnings);
    }
    let lone = with(r#"{ "name": "root", "version": "1.0.0", "packageManager": "yarn@4.0.0" }"#).workspace();
    assert_eq!((lone.manager, paths(&lone)), (PackageManager::Yarn, vec![""]));
    let pnpm =
        with(r#"{ "private": true, "packageManager": "pnpm@12.0.0", "workspaces": ["packages/*"] }"#).workspace();
    assert_eq!((pnpm.manager, paths(&pnpm)), (PackageManager::Pnpm, vec!["apps/x"]));
}

#[test]
fn a_lock_file_settles_whose_workspaces_count_where_both_are_there() {
    let with = |root: &str, lock: &str| {
        Checkout::new()
            .file("package.json", root)
            .file("pnpm-workspace.yaml", "packages: ['apps/*']")
            .file(lock, "")
            .package("apps/x", "x")
            .package("packages/a", "a")
            .workspace()
    };
    let both = r#"{ "private": true, "workspaces": ["packages/*"] }"#;
    assert_eq!(paths(&with(both, "package-lock.json")), ["packages/a"]);
    assert_eq!(paths(&with(both, "pnpm-lock.yaml")), ["apps/x"]);
    assert_eq!(paths(&with(r#"{ "private": true }"#, "package-lock.json")), ["apps/x"]);
}

//! `relay pack`: which packages, which files, what stops it. The bytes are tested in relay-pack.

use serde_json::Value;

use crate::world::Repo;

/// `ui → core`, a private `site`; `core` has a build.
fn repo() -> Repo {
    Repo::pnpm()
        .package("@acme/core", "1.2.0", "")
        .package("@acme/ui", "2.0.0", r#""dependencies":{"@acme/core":"workspace:^"}"#)
        .package("site", "0.0.0", r#""private":true,"dependencies":{"@acme/ui":"workspace:*"}"#)
}

/// Sizes differ with the compression; all else is fixed.
fn without_sizes(text: &str) -> String {
    regex::Regex::new(r"\b\d+(\.\d)? k?B\b").unwrap().replace_all(text, "[SIZE]").into_owned()
}

#[test]
fn packs_the_whole_workspace_at_its_root() {
    let repo = repo();
    let run = repo.relay("pack --out tarballs");
    insta::assert_snapshot!(without_sizes(&run.session()));
    assert_eq!(repo.names_in("tarballs"), ["acme-core-1.2.0.tgz", "acme-ui-2.0.0.tgz"]);
}

#[test]
fn packs_one_package_in_its_folder_even_a_private_one() {
    let repo = repo();
    let run = repo.relay_in("packages/ui", "pack");
    assert_eq!((run.exit, run.stdout.as_str()), (0, "acme-ui-2.0.0.tgz\n"));
    assert!(repo.names_in("packages/ui").contains(&"acme-ui-2.0.0.tgz".to_owned()));
    let run = repo.relay_in("packages/site", "pack --out ..");
    assert_eq!((run.exit, run.stdout.as_str()), (0, "../site-0.0.0.tgz\n"));
}

#[test]
fn prints_what_npm_pack_prints_as_json() {
    let run = repo().relay("pack --json --filter ui");
    let reports: Value = serde_json::from_str(&run.stdout).unwrap();
    let report = &reports[0];
    assert_eq!(report["id"], "@acme/ui@2.0.0");
    assert_eq!(report["filename"], "acme-ui-2.0.0.tgz");
    assert_eq!(report["entryCount"], 2);
    assert_eq!(report["files"][0]["path"], "index.js");
    assert_eq!(report["integrity"], "[INTEGRITY]");
    assert_eq!(report["shasum"], "[SHASUM]");
    let fields: Vec<&String> = report.as_object().unwrap().keys().collect();
    let expected = [
        "id",
        "name",
        "version",
        "size",
        "unpackedSize",
        "shasum",
        "integrity",
        "filename",
        "files",
        "entryCount",
        "bundled",
    ];
    assert_eq!(fields, expected);
}

/// The mode in the tarball of each of these files, packed in a workspace with this lockfile.
fn modes(lockfile: &str, paths: [&str; 2]) -> Vec<u64> {
    let repo = Repo::new()
        .file("package.json", r#"{"name":"root","private":true,"workspaces":["packages/*"]}"#)
        .file("pnpm-workspace.yaml", "packages:\n  - packages/*\n")
        .file(lockfile, "")
        .file("relay.toml", "[pack]\nlike = \"npm@11\"\n");
    if lockfile != "pnpm-lock.yaml" {
        std::fs::remove_file(repo.root().join("pnpm-workspace.yaml")).unwrap();
    }
    let repo = repo
        .file("packages/a/package.json", r#"{"name":"a","version":"1.0.0","bin":{"x":"./a/b/cli.js"}}"#)
        .file("packages/b/package.json", r#"{"name":"b","version":"1.0.0","directories":{"bin":"bin"}}"#);
    let repo = paths.iter().fold(repo, |repo, path| repo.file(path, "#!/usr/bin/env node\n"));
    let run = repo.relay("pack --json");
    let reports: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.session()));
    let reports: Vec<&Value> = match &reports {
        Value::Array(all) => all.iter().collect(),
        all => all.as_object().unwrap().values().collect(),
    };
    let files: Vec<&Value> = reports.iter().flat_map(|report| report["files"].as_array().unwrap()).collect();
    let of = |path: &&str| {
        let inside = path.splitn(3, '/').nth(2).unwrap();
        files.iter().find(|file| file["path"] == inside).and_then(|file| file["mode"].as_u64()).unwrap()
    };
    paths.iter().map(of).collect()
}

#[test]
fn commands_are_executable_as_the_manager_makes_them() {
    let paths = ["packages/a/a/b/cli.js", "packages/b/bin/one.js"];
    for (lockfile, expected) in [
        ("package-lock.json", [0o644, 0o644]),
        ("pnpm-lock.yaml", [0o755, 0o755]),
        ("yarn.lock", [0o755, 0o644]),
        ("bun.lock", [0o755, 0o755]),
    ] {
        assert_eq!(modes(lockfile, paths), expected, "{lockfile}");
    }
}

#[test]
fn a_dry_run_writes_nothing() {
    let repo = repo();
    let run = repo.relay("pack --dry-run --out tarballs");
    assert_eq!(run.exit, 0, "{}", run.session());
    assert!(run.stderr.contains("would pack 2 tarballs"), "{}", run.stderr);
    assert!(!repo.names_in("").contains(&"tarballs".to_owned()));
}

#[test]
fn scripts_run_in_dependency_order_and_their_output_is_packed() {
    let repo = Repo::pnpm()
        .package("a", "1.0.0", r#""dependencies":{"z":"workspace:*"},"scripts":{"prepack":"cat ../z/built > built"}"#)
        .package("z", "1.0.0", r#""scripts":{"prepare":"echo done > built","postpack":"rm built"}"#);
    let run = repo.relay("pack --json --out tarballs");
    insta::assert_snapshot!(without_sizes(&run.stderr));
    let reports: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((&reports[0]["name"], &reports[0]["files"][0]["path"]), (&Value::from("z"), &Value::from("built")));
    assert_eq!(repo.read("packages/a/built"), "done\n");
    assert!(!repo.names_in("packages/z").contains(&"built".to_owned()));
}

#[test]
fn ignore_scripts_runs_none() {
    let repo = Repo::pnpm().package("a", "1.0.0", r#""scripts":{"prepack":"exit 1"}"#);
    let run = repo.relay("pack --ignore-scripts");
    assert_eq!((run.exit, run.stdout.as_str()), (0, "a-1.0.0.tgz\n"), "{}", run.stderr);
}

#[test]
fn a_script_that_fails_stops_all_and_nothing_is_written() {
    let repo = Repo::pnpm().package("a", "1.0.0", "").package(
        "b",
        "1.0.0",
        r#""scripts":{"prepack":"echo half way; echo then not >&2; exit 3"}"#,
    );
    insta::assert_snapshot!(repo.relay("pack --out tarballs").session());
    assert!(repo.names_in("tarballs").is_empty());
}

#[test]
fn a_secret_stops_all_tarballs() {
    let secret = format!("module.exports = 'npm_{}'\n", "q7Zk2LmX9vBtR4wYh8NcJ5sDf3GpE6aUqT1x");
    let repo = Repo::pnpm()
        .package("a", "1.0.0", "")
        .package("b", "1.0.0", "")
        .file("packages/b/index.js", &secret)
        .file("packages/b/fixture/package.json", r#"{"dependencies":{"a":"workspace:*"}}"#);
    let run = repo.relay("pack --out tarballs");
    insta::assert_snapshot!(run.session());
    assert!(repo.names_in("tarballs").is_empty());
    assert!(!run.session().contains("q7Zk2LmX9vBt"));
}

#[test]
fn findings_are_told_with_their_names_and_how_they_are_let_pass() {
    let map = r#"{"version":3,"sourcesContent":["let a"]}"#;
    let repo = Repo::pnpm()
        .package("a", "1.0.0", r#""main":"dist/index.js""#)
        .package("b", "1.0.0", "")
        .file("packages/a/.env", "A=1\n")
        .file("packages/b/index.js.map", map)
        .file("relay.toml", "[gate]\nforbid = [\"source-map\"]\n");
    insta::assert_snapshot!(without_sizes(&repo.relay("pack --dry-run").session()));
    let allowed = "\n[[gate.allow]]\nfindings = [\"source-map\", \"secret-file\"]\nfiles = [\"*.map\", \".env\"]\nreason = \"meant\"\n\
                   \n[[gate.allow]]\npackages = [\"a\"]\nfindings = [\"missing-entry-point\"]\nreason = \"a template\"\n";
    let repo = repo.file("relay.toml", &format!("[gate]\nforbid = [\"source-map\"]\n{allowed}"));
    insta::assert_snapshot!(without_sizes(&repo.relay("pack --dry-run").session()));
}

#[test]
fn a_tarball_above_the_limit_is_stopped() {
    let repo = Repo::pnpm().package("a", "1.0.0", "").file("relay.toml", "[gate]\nmax-size = \"10B\"\n");
    let run = repo.relay("pack");
    assert_eq!(run.exit, 1);
    assert!(run.stderr.contains("more than the 10 that `max-size` allows"), "{}", run.stderr);
}

#[test]
fn two_packages_with_one_file_name_are_refused() {
    let repo = Repo::pnpm()
        .file("packages/x/package.json", r#"{"name":"@a/b-c","version":"1.0.0"}"#)
        .file("packages/y/package.json", r#"{"name":"@a-b/c","version":"1.0.0"}"#);
    insta::assert_snapshot!(repo.relay("pack --out tarballs").session());
    assert!(repo.names_in("tarballs").is_empty());
}

#[test]
fn what_can_t_be_resolved_is_told_for_each_package() {
    let repo = Repo::pnpm()
        .package("a", "1.0.0", r#""dependencies":{"gone":"workspace:^"}"#)
        .package("b", "1.0.0", r#""dependencies":{"react":"catalog:"}"#)
        .package("c", "1.0.0", "");
    insta::assert_snapshot!(repo.relay("pack --out tarballs").session());
    assert!(repo.names_in("tarballs").is_empty());
}

#[test]
fn what_nobody_could_install_is_told_unless_it_is_bundled() {
    let repo = |rest: &str| {
        Repo::pnpm().package("a", "1.0.0", &format!(r#""dependencies":{{"b":"workspace:^"}}{rest}"#)).package(
            "b",
            "1.0.0",
            r#""private":true"#,
        )
    };
    insta::assert_snapshot!(repo("").relay("pack --out tarballs").session());
    let bundling = repo(r#","bundleDependencies":["b"]"#);
    assert!(bundling.relay("pack --dry-run").error().contains("bundles `b`, which is not installed"));
    let installed = bundling.file("node_modules/b/package.json", r#"{"name":"b","version":"1.0.0"}"#);
    let bundled = installed.relay("pack --dry-run");
    assert_eq!(bundled.exit, 0, "{}", bundled.session());
    assert!(!bundled.stderr.contains("never is"), "{}", bundled.session());
}

#[test]
fn entries_of_files_that_bring_nothing_are_told() {
    let repo = Repo::pnpm()
        .package("a", "1.0.0", r#""files":["index.js","dist","template-*"]"#)
        .file("packages/a/index.js", "")
        .file("packages/a/template-x/package.json", "{}");
    insta::assert_snapshot!(repo.relay("pack --dry-run").session());
}

#[test]
fn nothing_to_pack_is_an_error() {
    let repo = Repo::pnpm().package("site", "1.0.0", r#""private":true"#);
    insta::assert_snapshot!(repo.relay("pack").session());
}

#[test]
fn a_folder_that_is_a_file_is_named() {
    let repo = repo().file("tarballs", "");
    let run = repo.relay("pack --out tarballs");
    assert_eq!(run.exit, 1);
    assert!(run.stderr.starts_with("error: tarballs can't be written to `[ROOT]/tarballs`\n"), "{}", run.stderr);
}

/// npm 11 leaves maps out wherever they are, npm 12 at the root only.
fn npm_package(root: &str) -> Repo {
    Repo::new()
        .file("package.json", &format!(r#"{{"name":"root","private":true,"workspaces":["packages/*"]{root}}}"#))
        .file("packages/a/package.json", r#"{"name":"a","version":"1.0.0","files":["lib","!*.map"]}"#)
        .file("packages/a/lib/a.js", "1")
        .file("packages/a/lib/a.js.map", "2")
}

#[test]
fn a_package_that_npm_11_and_12_see_differently_needs_a_word_which_one_counts() {
    let run = npm_package("").relay("pack --dry-run");
    assert_eq!(run.exit, 1);
    for word in ["npm 11 and npm 12", "only npm 12 packs `lib/a.js.map`", "like = \"npm@12\"", "relay.toml"] {
        assert!(run.error().contains(word), "{word}: {}", run.error());
    }
    let files = |repo: Repo| -> Value {
        let run = repo.relay("pack --json --dry-run");
        assert_eq!(run.exit, 0, "{}", run.error());
        serde_json::from_str(&run.stdout).unwrap()
    };
    let of_npm12 = files(npm_package("").file("relay.toml", "[pack]\nlike = \"npm@12\"\n"));
    assert_eq!(of_npm12["a"]["entryCount"], 3);
    let of_npm11 = files(npm_package(r#","packageManager":"npm@11.19.1""#));
    assert_eq!(of_npm11[0]["entryCount"], 2);
    let range = r#","devEngines":{"packageManager":{"name":"npm","version":">=12"}}"#;
    assert_eq!(files(npm_package(range))["a"]["entryCount"], 3);
}

#[test]
fn an_npm_that_is_not_known_is_refused_at_its_place() {
    let run = npm_package("").file("relay.toml", "[pack]\nlike = \"npm@13\"\n").relay("pack --dry-run");
    assert_eq!(run.exit, 1);
    assert!(run.error().contains("relay.toml:2:8"), "{}", run.error());
    assert!(run.error().contains("did you mean `npm@12`"), "{}", run.error());
}

#[test]
fn a_licence_of_the_root_goes_into_packages_without_one() {
    let repo = repo().file("LICENSE", "MIT\n").file("licence.md", "MIT\n").file("LICENSE-MIT", "MIT\n");
    let repo = repo.file("packages/core/lib/License.txt", "own");
    let run = repo.relay("pack --json --dry-run");
    let reports: Value = serde_json::from_str(&run.stdout).unwrap();
    let paths = |index: usize| -> Vec<String> {
        let files = reports[index]["files"].as_array().unwrap().iter();
        files.map(|file| file["path"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(paths(0), ["index.js", "lib/License.txt", "package.json"]);
    assert_eq!(paths(1), ["LICENSE", "index.js", "licence.md", "package.json"]);
}

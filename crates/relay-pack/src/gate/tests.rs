//! Tarballs with something in them that the gate must see, or must not mind.

use camino::Utf8Path;
use relay_config::Config;
use relay_workspace::PackageName;

use super::*;
use crate::pack::{PackRequest, pack};

fn tarball(files: &[(&str, &str)]) -> Tarball {
    let temp = tempfile::tempdir().unwrap();
    let folder = Utf8Path::from_path(temp.path()).unwrap();
    for (path, text) in files {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    pack(&PackRequest::of(folder)).unwrap()
}

const MANIFEST: &str = r#"{"name":"a","version":"1.0.0"}"#;

fn seen(files: &[(&str, &str)]) -> Vec<(FindingName, Option<String>)> {
    let found = inspect(&tarball(files), &GateRules::default(), None).into_iter();
    found.filter(|one| one.level == Level::Error).map(|one| (one.name, one.file)).collect()
}

/// What the settings in a `relay.toml` say of the package `a`.
fn rules(toml: &str) -> GateRules {
    let config = Config::parse("relay.toml", toml).unwrap();
    config.gate.rules_for(&PackageName::parse("a").unwrap())
}

#[test]
fn finds_protocols_in_the_packages_own_manifest() {
    let leaking = r#"{"name":"a","version":"1.0.0","peerDependencies":{"b":"^1 || workspace:^","c":"catalog:"}}"#;
    let seen = seen(&[("package.json", leaking)]);
    assert_eq!(seen, vec![(FindingName::ProtocolLeak, Some("package.json".to_owned())); 2]);
}

#[track_caller]
fn check_specifier(kind: &str, specifier: &str, expected: bool) {
    let manifest = format!(r#"{{"name":"a","version":"1.0.0","{kind}":{{"b":"{specifier}"}}}}"#);
    assert_eq!(!seen(&[("package.json", &manifest)]).is_empty(), expected, "{kind}: {specifier}");
}

#[test]
fn finds_what_nobody_outside_the_workspace_can_install() {
    for specifier in [
        "file:../b",
        "link:../b",
        "portal:../b",
        "jsr:^1",
        "jsr:@s/b@1",
        "gh:@acme/b@^1",
        "work:^1.0.0",
        "patch:b@npm%3A1#./b.patch",
        "exec:./x.js",
        "../b",
        "./b.tgz",
        "~/b",
        "/srv/b",
    ] {
        check_specifier("dependencies", specifier, true);
        check_specifier("optionalDependencies", specifier, true);
        check_specifier("devDependencies", specifier, false);
    }
    for specifier in [
        "^1.0.0",
        "1.x || >=2.5.0",
        "latest",
        "",
        "*",
        "~1.2",
        "npm:c@^2",
        "github:a/b",
        "a/b",
        "git+ssh://git@registry.example/a.git",
        "git@registry.example:a/b.git",
        "https://registry.example/b.tgz",
        "gist:11081aaa281",
    ] {
        check_specifier("dependencies", specifier, false);
    }
    let bundled =
        r#"{"name":"a","version":"1.0.0","dependencies":{"b":"file:b"},"bundleDependencies":["b"],"files":["x"]}"#;
    let b = ("node_modules/b/package.json", r#"{"name":"b","version":"1.0.0"}"#);
    assert_eq!(seen(&[("package.json", bundled), b]), []);
}

#[test]
fn finds_npms_old_tokens_and_logins() {
    check_secret("//registry.example/:_authToken=3f8a21c4-90be-4d17-a6f2-7c05e9b1d84f", true);
    check_secret("//registry.example/:_authToken=00000000-0000-0000-0000-000000000000", false);
    check_secret("//registry.example/:_authToken=12345678-1234-1234-1234-123456789abc", false);
    check_secret("//registry.example/:_authToken=${NPM_TOKEN}", false);
    // `deploy:` and 20 made-up characters; `user:password`.
    check_secret("_auth = ZGVwbG95OmszSnhROXZUMm1aYzdMd1I1c1li", true);
    check_secret("_auth=dXNlcjpwYXNzd29yZA==", false);
    check_secret("const _auth = request.auth", false);
    check_secret("this._auth = base64", false);
    for name in ["AWS_SECRET_ACCESS_KEY=", "secretAccessKey: '", "\"SecretAccessKey\": \"", "export aws_secret_key="] {
        check_secret(&format!("{name}{}", made_up("", 40)), true);
    }
    check_secret("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", false);
}

#[test]
fn a_manifest_further_down_is_nobodys_dependency() {
    let nested = r#"{"name":"b","version":"1.0.0","dependencies":{"c":"workspace:*"}}"#;
    assert_eq!(seen(&[("package.json", MANIFEST), ("packages/b/package.json", nested)]), []);
}

/// A made-up token with enough different characters, put together so that no scanner takes this file for a leak.
fn made_up(prefix: &str, length: usize) -> String {
    let body = "k3JxQ9vT2mZc7LwR5sYb8NfHd4GpA6uEeXoV1iKqMjWtBnUyCzDhSgPrFaQlOxZw0T5uR8yKpLm2Nc4VbEj7HdXs9GqWf3Az";
    format!("{prefix}{}", &body[..length])
}

#[track_caller]
fn check_secret(text: &str, expected: bool) {
    let seen = seen(&[("package.json", MANIFEST), ("a.txt", text)]);
    assert_eq!(!seen.is_empty(), expected, "{text}: {seen:?}");
}

#[test]
fn finds_tokens_and_keys() {
    check_secret(&made_up("npm_", 36), true);
    check_secret(&format!("token = \"{}\";", made_up("ghp_", 36)), true);
    check_secret(&made_up("github_pat_", 82), true);
    check_secret(&format!("AKIA{}", "Q3EGZ7T5W2KX4LPN"), true);
    check_secret(&format!("aws_secret_access_key = {}", made_up("", 40)), true);
    check_secret(&format!("//registry.example/:_authToken={}", made_up("", 30)), true);
    let body = made_up("", 64);
    check_secret(&format!("-----BEGIN RSA PRIVATE KEY-----\n{body}\n"), true);
    check_secret(&format!("const key = '-----BEGIN PRIVATE KEY-----\\n{body}\\n'"), true);
}

#[test]
fn leaves_placeholders_alone() {
    check_secret("npm_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", false);
    check_secret("npm_abcdefghijklmnopqrstuvwxyz0123456789", false);
    check_secret("npm_config_registry_and_other_long_names_1", false);
    check_secret("ghp_0000000000000000000000000000000000000", false);
    check_secret("AKIAIOSFODNN7EXAMPLE", false);
    check_secret("//registry.example/:_authToken=${NPM_TOKEN}", false);
    check_secret("_authToken=your_token_goes_here_1234567", false);
    check_secret("-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----", false);
    check_secret("if (text.startsWith('-----BEGIN PRIVATE KEY-----')) return;", false);
    check_secret("-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA\n", false);
}

#[test]
fn a_finding_names_the_line_and_not_the_secret() {
    let secret = made_up("npm_", 36);
    let tarball = tarball(&[("package.json", MANIFEST), ("a.txt", &format!("x\n\n{secret}\n"))]);
    let findings = inspect(&tarball, &GateRules::default(), None);
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].text, "line 3 holds an npm token");
    assert!(!format!("{findings:?}").contains(&secret));
}

#[test]
fn a_large_tarball_is_named_with_its_largest_files() {
    let tarball = tarball(&[("package.json", MANIFEST), ("big.txt", &"x".repeat(5000))]);
    let findings = inspect(&tarball, &rules("[gate]\nmax-size = \"10B\"\n"), None);
    assert_eq!(findings[0].name, FindingName::MaxSize);
    assert!(findings[0].help.contains("`big.txt` (5000 bytes)"), "{}", findings[0].help);
}

fn before(runs_at_installation: bool) -> Before {
    let version = Version::new(0, 9, 0);
    Before {
        version,
        runs_at_installation: Some(runs_at_installation),
        unpacked: None,
        file_count: None,
        listing: None,
    }
}

fn install_scripts(manifest: &str, files: &[(&str, &str)]) -> Vec<String> {
    let files = [&[("package.json", manifest)], files].concat();
    let found = inspect(&tarball(&files), &GateRules::default(), Some(&before(false))).into_iter();
    found.map(|finding| format!("{}: {}", finding.name, finding.text)).collect()
}

#[test]
fn finds_a_script_that_the_version_before_did_not_run() {
    let with = |rest: &str| format!(r#"{{"name":"a","version":"1.0.0",{rest}}}"#);
    let postinstall = with(r#""scripts":{"postinstall":"node x"}"#);
    assert_eq!(
        install_scripts(&postinstall, &[]),
        ["new-install-script: its `postinstall` script runs wherever it is installed, and 0.9.0 runs none"]
    );
    assert!(seen(&[("package.json", &postinstall)]).is_empty(), "without a version before nothing is new");
    assert_eq!(
        install_scripts(&with(r#""scripts":{"preinstall":"a","install":"b"}"#), &[]),
        [
            "new-install-script: its `preinstall` and `install` scripts run wherever it is installed, and 0.9.0 runs none"
        ]
    );
    let gyp = [("binding.gyp", "{}")];
    assert_eq!(install_scripts(MANIFEST, &gyp).len(), 1);
    assert!(install_scripts(&with(r#""gypfile":false"#), &gyp).is_empty());
    assert!(install_scripts(MANIFEST, &[("deps/binding.gyp", "{}"), (".gyp", "{}")]).is_empty());
    assert!(install_scripts(&with(r#""scripts":{"postinstall":"","prepare":"x","test":"y"}"#), &[]).is_empty());
    assert!(install_scripts(MANIFEST, &[("fixtures/package.json", &postinstall)]).is_empty());
}

/// What is found of `now` beside `then`, whose tarball is known.
fn compared(then: &[(&str, &str)], now: &[(&str, &str)], rules: &GateRules) -> Vec<String> {
    let then = tarball(then);
    let listing = Listing::read(&then.bytes).unwrap();
    let before = Before { listing: Some(listing), unpacked: Some(then.unpacked), ..before(true) };
    let found = inspect(&tarball(now), rules, Some(&before)).into_iter();
    found.map(|finding| format!("{} {}: {}", finding.level.as_str(), finding.name, finding.text)).collect()
}

#[test]
fn the_same_package_again_has_no_findings() {
    let files = [("package.json", MANIFEST), ("index.js", "1"), ("lib/a.js.map", r#"{"sourcesContent":["let a"]}"#)];
    assert_eq!(compared(&files, &files, &GateRules::default()), [""; 0]);
    let next = [("package.json", r#"{"name":"a","version":"1.1.0"}"#), ("index.js", "2"), files[2]];
    assert_eq!(compared(&files, &next, &GateRules::default()), [""; 0]);
}

#[test]
fn files_that_come_and_go_are_told() {
    let then = [("package.json", MANIFEST), ("dist/a.js", ""), ("dist/b.js", ""), ("index.js", "")];
    let now = [("package.json", MANIFEST), ("index.js", ""), ("notes/todo.txt", "")];
    assert_eq!(
        compared(&then, &now, &GateRules::default()),
        [
            "warning vanished-files: 2 files of 0.9.0 are gone: `dist/a.js` and `dist/b.js`",
            "info new-files: 1 file is new since 0.9.0: `notes/todo.txt`",
        ]
    );
    let some = "[[gate.allow]]\nfindings = [\"vanished-files\", \"new-files\"]\nfiles = [\"*/a.js\", \"notes/*\"]\nreason = \"x\"\n";
    assert_eq!(compared(&then, &now, &rules(some)), ["warning vanished-files: 1 file of 0.9.0 is gone: `dist/b.js`"]);
    let none = "[[gate.allow]]\npackages = [\"a\"]\nfindings = [\"vanished-files\", \"new-files\"]\nreason = \"x\"\n";
    assert_eq!(compared(&then, &now, &rules(none)), [""; 0]);
    let fatal = compared(&then, &now, &rules("[gate]\nforbid = [\"new-files\"]\n"));
    assert!(fatal[0].starts_with("error new-files"), "the heaviest first: {fatal:?}");
}

#[test]
fn where_only_the_number_of_files_is_known_half_of_them_is_told() {
    let tarball = tarball(&[("package.json", MANIFEST), ("a.js", "")]);
    let found = |file_count: u64| {
        let before = Before { file_count: Some(file_count), ..before(true) };
        inspect(&tarball, &GateRules::default(), Some(&before)).into_iter().map(|one| one.text).collect::<Vec<_>>()
    };
    assert_eq!(found(4), ["it has 2 files, and 0.9.0 had 4"]);
    assert_eq!(found(3), [""; 0]);
}

#[test]
fn a_size_far_from_the_one_before_is_told() {
    let of = |size: usize| tarball(&[("package.json", MANIFEST), ("a.txt", &"x".repeat(size))]);
    let found = |now: usize, then: u64| {
        let before = Before { unpacked: Some(then), ..before(true) };
        let found = inspect(&of(now), &GateRules::default(), Some(&before)).into_iter();
        found.map(|one| format!("{}; {}", one.text, one.help)).collect::<Vec<_>>()
    };
    let grown = found(300_000, 120_000);
    assert!(grown[0].starts_with("it unpacks to 300 kB, and 0.9.0 to 120 kB; "), "{grown:?}");
    assert!(grown[0].ends_with("what grew most: `a.txt` (+300 kB), `package.json` (+30 B)"), "{grown:?}");
    assert!(found(20_000, 1_250_000)[0].starts_with("it unpacks to 20 kB, and 0.9.0 to 1.2 MB; is it built"));
    assert_eq!(found(99_000, 10), [""; 0], "small packages grow by a file");
    assert_eq!(found(1_900_000, 1_000_000), [""; 0]);
}

#[test]
fn maps_that_carry_sources_all_at_once_are_told() {
    let map = r#"{"version":3,"sourcesContent":["let secret"]}"#;
    let then = [("package.json", MANIFEST), ("a.js.map", r#"{"version":3,"sources":["a.ts"]}"#)];
    let now = [("package.json", MANIFEST), ("a.js.map", map)];
    assert_eq!(
        compared(&then, &now, &GateRules::default()),
        ["warning new-source-map: source maps carry the sources' text, and none of 0.9.0 did: `a.js.map`"]
    );
    assert_eq!(compared(&now, &now, &GateRules::default()), [""; 0], "nothing new");
    assert_eq!(
        compared(&now, &now, &rules("[gate]\nforbid = [\"source-map\"]\n")),
        ["error source-map: source maps carry the sources' text: `a.js.map`"]
    );
}

#[test]
fn a_script_of_another_event_is_new_where_the_tarball_before_is_known() {
    let with = |scripts: &str| format!(r#"{{"name":"a","version":"1.0.0","scripts":{{{scripts}}}}}"#);
    let (one, two) = (with(r#""install":"x""#), with(r#""install":"x","postinstall":"y""#));
    let text = "its `postinstall` script runs wherever it is installed, and 0.9.0 has no such script";
    assert_eq!(
        compared(&[("package.json", &one)], &[("package.json", &two)], &GateRules::default()),
        [format!("warning new-install-script: {text}")]
    );
    assert_eq!(compared(&[("package.json", &two)], &[("package.json", &one)], &GateRules::default()), [""; 0]);
}

#[test]
fn a_secret_is_told_however_often_it_was_published() {
    let files = [("package.json", MANIFEST), ("a.txt", &*made_up("npm_", 36))];
    assert_eq!(compared(&files, &files, &GateRules::default()), ["error secret: line 1 holds an npm token"]);
    let allowed = "[[gate.allow]]\nfindings = [\"secret\"]\nfiles = [\"a.txt\"]\nreason = \"revoked\"\n";
    assert_eq!(compared(&files, &files, &rules(allowed)), [""; 0]);
    let other = allowed.replace("a.txt", "b.txt");
    assert_eq!(compared(&files, &files, &rules(&other)).len(), 1);
}

#[test]
fn finds_tokens_of_forges_and_clouds() {
    check_secret(&made_up("glpat-", 20), true);
    check_secret(&made_up("ATCTT3xFfGN0", 95), false);
    check_secret(&format!("ATCTT3xFfGN0{}{}", made_up("", 60), made_up("", 50)), true);
    check_secret(&made_up("sk_live_", 24), true);
    check_secret(&format!("xoxb-123409871234-4412309876543-{}", made_up("", 24)), true);
    check_secret(&format!("dop_v1_{}", "3f8a21c490be4d17a6f27c05e9b1d84f".repeat(2)), true);
    check_secret(&format!("AccountName=a;AccountKey={}==;", made_up("", 86)), true);
    check_secret("//registry.example/:_password=azNKeFE5dlQybVpjN0x3UjVzWWI=", true);
    for harmless in [
        "glpat-xxxxxxxxxxxxxxxxxxxx",
        "glpat-your_token_goes_here",
        "sk_live_...",
        "sk_test_k3JxQ9vT2mZc7LwR5sYb8NfH",
        "AccountKey=<key>",
        "task_live_reload_and_other_long_names_2",
        "this._password = password",
        "xoxb-not-a-token",
    ] {
        check_secret(harmless, false);
    }
}

#[test]
fn files_that_keep_secrets_by_their_name_are_told() {
    let found = inspect(&tarball(&[("package.json", MANIFEST), (".env", "A=1")]), &GateRules::default(), None);
    let found: Vec<_> = found.iter().map(|one| (one.level, one.name, one.file.as_deref())).collect();
    assert_eq!(found, [(Level::Warning, FindingName::SecretFile, Some(".env"))]);
}

#[test]
fn what_is_no_tarball_is_not_listed() {
    assert!(Listing::read(b"<html>").is_err());
    let empty = tarball(&[("package.json", MANIFEST)]);
    assert!(Listing::read(empty.bytes.get(..empty.bytes.len() / 2).unwrap()).is_err(), "cut off");
}

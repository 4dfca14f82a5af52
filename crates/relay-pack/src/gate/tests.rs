//! Tarballs with something in them that the gate must see, or must not mind.

use camino::Utf8Path;

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

fn seen(files: &[(&str, &str)]) -> Vec<(Rule, String)> {
    inspect(&tarball(files), &GateRules::default()).into_iter().map(|finding| (finding.rule, finding.file)).collect()
}

#[test]
fn finds_protocols_in_the_packages_own_manifest() {
    let leaking = r#"{"name":"a","version":"1.0.0","peerDependencies":{"b":"^1 || workspace:^","c":"catalog:"}}"#;
    let seen = seen(&[("package.json", leaking)]);
    assert_eq!(seen, vec![(Rule::ProtocolLeak, "package.json".to_owned()); 2]);
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
    let findings = inspect(&tarball, &GateRules::default());
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].text, "line 3 holds an npm token");
    assert!(!serde_json::to_string(&findings).unwrap().contains(&secret));
}

#[test]
fn a_large_tarball_is_named_with_its_largest_files() {
    let tarball = tarball(&[("package.json", MANIFEST), ("big.txt", &"x".repeat(5000))]);
    let rules = GateRules { max_size_bytes: Some(10), ..GateRules::default() };
    let findings = inspect(&tarball, &rules);
    assert_eq!(findings[0].rule, Rule::MaxSize);
    assert!(findings[0].help.contains("`big.txt` (5000 bytes)"), "{}", findings[0].help);
}

fn install_scripts(manifest: &str, files: &[(&str, &str)]) -> Vec<String> {
    let rules = GateRules { scriptless_before: Some(Version::new(0, 9, 0)), ..GateRules::default() };
    let files = [&[("package.json", manifest)], files].concat();
    inspect(&tarball(&files), &rules).into_iter().map(|finding| format!("{}: {}", finding.file, finding.text)).collect()
}

#[test]
fn finds_a_script_that_the_version_before_did_not_run() {
    let with = |rest: &str| format!(r#"{{"name":"a","version":"1.0.0",{rest}}}"#);
    let postinstall = with(r#""scripts":{"postinstall":"node x"}"#);
    assert_eq!(
        install_scripts(&postinstall, &[]),
        ["package.json: its `postinstall` script runs wherever it is installed, and 0.9.0 runs none"]
    );
    assert!(seen(&[("package.json", &postinstall)]).is_empty(), "without a version before nothing is new");
    assert_eq!(
        install_scripts(&with(r#""scripts":{"preinstall":"a","install":"b"}"#), &[]),
        ["package.json: its `preinstall` and `install` scripts run wherever it is installed, and 0.9.0 runs none"]
    );
    let gyp = [("binding.gyp", "{}")];
    assert_eq!(install_scripts(MANIFEST, &gyp).len(), 1);
    assert!(install_scripts(&with(r#""gypfile":false"#), &gyp).is_empty());
    assert!(install_scripts(MANIFEST, &[("deps/binding.gyp", "{}"), (".gyp", "{}")]).is_empty());
    assert!(install_scripts(&with(r#""scripts":{"postinstall":"","prepare":"x","test":"y"}"#), &[]).is_empty());
    assert!(install_scripts(MANIFEST, &[("fixtures/package.json", &postinstall)]).is_empty());
}

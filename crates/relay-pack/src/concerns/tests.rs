//! Small packages, and what is said of them.

use camino::Utf8Path;

use relay_config::GateRules;

use crate::gate;
use crate::pack::{PackRequest, pack};

fn concerns_of(fields: &str, files: &[(&str, &[u8], u32)]) -> Vec<String> {
    use std::os::unix::fs::PermissionsExt as _;
    let temp = tempfile::tempdir().unwrap();
    let folder = Utf8Path::from_path(temp.path()).unwrap();
    std::fs::write(folder.join("package.json"), format!(r#"{{"name":"@s/a","version":"1.0.0",{fields}}}"#)).unwrap();
    for (path, content, mode) in files {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(*mode)).unwrap();
    }
    let found = gate::inspect(&pack(&PackRequest::of(folder)).unwrap(), &GateRules::default(), None);
    found.into_iter().map(|finding| format!("{}; {}", finding.text, finding.help)).collect()
}

#[track_caller]
fn fine(fields: &str, paths: &[&str]) {
    let files: Vec<_> = paths.iter().map(|path| (*path, b"x".as_slice(), 0o644)).collect();
    assert_eq!(concerns_of(fields, &files), Vec::<String>::new(), "{fields}");
}

#[track_caller]
fn lost(fields: &str, paths: &[&str], expected: &str) {
    let files: Vec<_> = paths.iter().map(|path| (*path, b"x".as_slice(), 0o644)).collect();
    let found = concerns_of(fields, &files);
    assert!(found.len() == 1 && found[0].contains(expected), "{fields}: {found:?}");
}

#[test]
fn entry_points_that_lead_nowhere_are_named() {
    lost(r#""main":"dist/index.js""#, &["src/index.js"], "`dist/index.js` (`main`)");
    lost(r#""types":"./dist/a.d.ts","main":"a""#, &["a.js"], "`./dist/a.d.ts` (`types`)");
    lost(r#""bin":{"x":"./cli.js"}"#, &["a.js"], "`cli.js` (`bin`)");
    lost(r#""exports":{".":{"import":"./a.mjs","require":"./a.cjs"}}"#, &["a.mjs"], "`./a.cjs` (`exports[\".\"]`)");
    lost(r#""exports":{"./*":"./lib/*.js"}"#, &["lib/a.ts"], "`./lib/*.js`");
    lost(r#""exports":"./a.js""#, &["b.js"], "`./a.js` (`exports`)");
}

#[test]
fn what_is_usual_on_real_packages_is_no_alarm() {
    fine(r#""main":"lib","types":"lib""#, &["lib/index.js", "lib/index.d.ts"]);
    fine(r#""main":"./","types":"./index""#, &["index.js", "index.d.ts"]);
    fine(r#""main":"","types":"index.d.ts""#, &["index.d.ts"]);
    fine(r#""main":"dist/a","module":"dist/a.mjs","typings":"dist/a.js""#, &["dist/a.js", "dist/a.mjs", "dist/a.d.ts"]);
    fine(r#""browser":{"./a.js":false,"fs":"./no.js"}"#, &["a.js"]);
    let exports = r#""exports":{".":{"source":"./src/a.ts","@s/dev":"./src/a.ts","types@>=4.2":"./a.d.ts","node":{"import":"./a.js"},
        "default":["./a.js","./fallback.js"]},"./features/*.js":"./lib/*.js","./internal/*":null,"./package.json":"./package.json",
        "./assets/":"./lib/","./x":{"default":null},"./deep/*/end":"./lib/*/x/*.js"}"#;
    fine(exports, &["a.js", "a.d.ts", "lib/y.js", "lib/q/x/q.js"]);
    fine(
        r#""dependencies":{"a":"^1","b":"npm:c@2","d":"latest","@x/y":"1.x || 2","f":"*"},"devDependencies":{"g":"github:a/b"}"#,
        &[],
    );
    let script = b"#!/usr/bin/env node\n".as_slice();
    let elf = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0".as_slice();
    let files = [
        ("cli.js", script, 0o644),
        ("bin/run", script, 0o644),
        ("tool.sh", b"#!/bin/sh\n".as_slice(), 0o755),
        ("a.node", elf, 0o644),
        ("lib/x.so.1", elf, 0o644),
        ("other-1.0.0.tgz", b"x".as_slice(), 0o644),
    ];
    assert_eq!(concerns_of(r#""bin":{"run":"./bin/run"}"#, &files), Vec::<String>::new());
}

#[test]
fn programs_that_cannot_be_run_are_named() {
    let elf = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0".as_slice();
    let found = concerns_of(r#""main":"""#, &[("native/tool", elf, 0o644), ("run.sh", b"#!/bin/sh\n", 0o600)]);
    assert!(
        found[0].starts_with("`native/tool` (an ELF program) and `run.sh` (a script with `#!`) are not executable in"),
        "{found:?}"
    );
    let script = b"#!/bin/sh\n".as_slice();
    let found = concerns_of(r#""main":"""#, &[("a.sh", script, 0o644)]);
    assert!(found[0].starts_with("`a.sh` (a script with `#!`) is not executable in"), "{found:?}");
    let files = ["a", "b", "c", "d", "e", "f", "g"].map(|name| (name, script, 0o644));
    let found = concerns_of(r#""main":"""#, &files);
    assert!(found[0].contains("`d` (a script with `#!`), `e` (a script with `#!`) and 2 more are not"), "{found:?}");
}

#[test]
fn programs_of_bundled_packages_and_of_another_shell_are_none_of_its_business() {
    let found = concerns_of(
        r#""main":"","dependencies":{"z":"1"},"bundleDependencies":["z"]"#,
        &[
            ("bin/tool.ps1", b"#!/usr/bin/env pwsh\n".as_slice(), 0o644),
            ("node_modules/z/package.json", br#"{"name":"z","version":"1.0.0"}"#.as_slice(), 0o644),
            ("node_modules/z/tools/gen.py", b"#!/usr/bin/env python\n".as_slice(), 0o644),
        ],
    );
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn what_an_earlier_packing_left_is_named() {
    let found = concerns_of(r#""main":"""#, &[("s-a-0.9.0.tgz", b"x", 0o644)]);
    assert!(found[0].starts_with("`s-a-0.9.0.tgz` from an earlier packing"), "{found:?}");
}

#[test]
fn dual_use_wants_a_disclosure() {
    for policy in [r#""contentPolicy":"dual-use""#, r#""contentPolicy":{"class":"dual-use"}"#] {
        assert!(concerns_of(policy, &[])[0].contains("no `DISCLOSURE`"));
        assert!(concerns_of(policy, &[("DISCLOSURE", b"x", 0o644)]).is_empty());
        let left_out =
            concerns_of(&format!(r#"{policy},"files":["a"]"#), &[("a", b"x", 0o644), ("DISCLOSURE", b"x", 0o644)]);
        assert_eq!(left_out.len(), 1, "{left_out:?}");
    }
}

#[test]
fn dependencies_by_address_are_named() {
    for specifier in [
        "github:a/b",
        "a/b#semver:1",
        "git+ssh://git@registry.example/a.git",
        "https://registry.example/x.tgz",
        "git@x:a/b",
    ] {
        let found = concerns_of(&format!(r#""dependencies":{{"q":"{specifier}"}}"#), &[]);
        assert!(found.len() == 1 && found[0].contains("`q` by a git or tarball address"), "{specifier}: {found:?}");
    }
}

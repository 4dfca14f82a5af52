//! What is refused, what is replaced, and that packing the same folder twice gives the same bytes.

use std::os::unix::fs::PermissionsExt as _;

use camino::Utf8Path;
use relay_pack::{PackError, PackRequest, Tarball, pack, packlist};

use crate::npm::{npm, unzip};
use crate::world::{Node, World};

fn files(list: &[(&str, &str)]) -> Vec<(String, Node)> {
    list.iter().map(|(path, text)| ((*path).to_owned(), Node::from(*text))).collect()
}

fn pack_folder(folder: &Utf8Path) -> Result<Tarball, PackError> {
    pack(&PackRequest::of(folder))
}

#[track_caller]
fn refused_by_both(name: &str, list: &[(&str, &str)], expected: &str) {
    let world = World::new();
    let folder = world.package(name, &files(list));
    let error = pack_folder(&folder).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
    let output =
        npm(&world.path(), &["pack", "--ignore-scripts", "--pack-destination", world.path().as_str(), folder.as_str()]);
    assert!(!output.status.success(), "npm packs it: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn what_npm_refuses_is_refused() {
    refused_by_both("no-manifest", &[("a.js", "1")], "has no package.json");
    refused_by_both("broken", &[("package.json", "{\"name\": }")], "is not a manifest: expected value");
    refused_by_both("no-version", &[("package.json", r#"{"name":"a"}"#)], "`version` must be a string");
    refused_by_both(
        "files-of-numbers",
        &[("package.json", r#"{"name":"a","version":"1.0.0","files":[1]}"#)],
        "`files` must be an array",
    );
    refused_by_both(
        "pattern",
        &[("package.json", r#"{"name":"a","version":"1.0.0"}"#), ("lib/.npmignore", "[[:alpha:]]-x\n")],
        "lib/.npmignore`: the pattern `[[:alpha:]]-x` can't be used",
    );
}

#[test]
fn an_unreadable_file_is_named() {
    let world = World::new();
    let folder = world.package("a", &files(&[("package.json", r#"{"name":"a","version":"1.0.0"}"#), ("gone.js", "1")]));
    // Root reads everything, so that a folder in an ignore file's place has to do.
    std::fs::create_dir(folder.join(".npmignore")).unwrap();
    let error = pack_folder(&folder).unwrap_err();
    assert!(matches!(error, PackError::Unreadable { .. }));
    assert!(error.to_string().contains("a/.npmignore` can't be read"), "{error}");
}

#[test]
fn a_bundled_dependency_outside_of_the_package_is_refused() {
    let world = World::new();
    let list = files(&[
        ("package.json", r#"{"name":"a","version":"1.0.0","dependencies":{"d":"1"},"bundleDependencies":["d"]}"#),
        ("../d/package.json", r#"{"name":"d","version":"1.0.0","dependencies":{"e":"1"}}"#),
        ("../d/node_modules/e/package.json", r#"{"name":"e","version":"1.0.0"}"#),
    ]);
    let mut list = list;
    list.push(("node_modules/d".to_owned(), Node::Link("../../d".to_owned())));
    let folder = world.package("a", &list);
    let error = pack_folder(&folder).unwrap_err().to_string();
    assert!(error.starts_with("`a` bundles `e`, which is at"), "{error}");
}

#[test]
fn a_replaced_manifest_counts_as_if_it_were_on_disk() {
    let list = [
        ("package.json", r#"{"name":"a","version":"1.0.0"}"#),
        ("lib/x.js", "1"),
        ("b.js", "1"),
        ("README.md", "# a\n"),
    ];
    let world = World::new();
    let folder = world.package("a", &files(&list));
    let text = r#"{"name":"a","version":"2.0.0","files":["lib"],"bin":"b.js"}"#;
    let replaced = pack(&PackRequest { manifest: Some(text), ..PackRequest::of(&folder) }).unwrap();
    std::fs::write(folder.join("package.json"), text).unwrap();
    let on_disk = pack_folder(&folder).unwrap();
    assert_eq!(replaced.bytes, on_disk.bytes);
    assert_eq!(replaced.file_name, "a-2.0.0.tgz");
    assert_eq!(replaced.readme, Some(("README.md".to_owned(), "# a\n".to_owned())));
    std::fs::remove_file(folder.join("package.json")).unwrap();
    let only_given = pack(&PackRequest { manifest: Some(text), ..PackRequest::of(&folder) }).unwrap();
    assert_eq!(only_given.bytes, on_disk.bytes);
}

#[test]
fn packing_twice_gives_the_same_bytes() {
    let world = World::new();
    let folder = world.package("a", &files(&[("package.json", r#"{"name":"a","version":"1.0.0"}"#), ("x.js", "1")]));
    let (first, second) = (pack_folder(&folder).unwrap(), pack_folder(&folder).unwrap());
    assert_eq!((&first.bytes, &first.integrity), (&second.bytes, &second.integrity));
    assert_eq!(unzip(&first.bytes).len() % 512, 0);
    assert_eq!(first.bytes[4..8], [0; 4], "the gzip header has no time");
    assert_eq!(first.bytes[3], 0, "the gzip header has no name");
}

#[test]
fn digests_and_listing_agree_with_the_bytes() {
    let world = World::new();
    let folder = world.package("a", &files(&[("package.json", r#"{"name":"a","version":"1.0.0"}"#), ("x.js", "123")]));
    std::fs::set_permissions(folder.join("x.js"), std::fs::Permissions::from_mode(0o775)).unwrap();
    let tarball = pack_folder(&folder).unwrap();
    let path = world.path().join("a.tgz");
    std::fs::write(&path, &tarball.bytes).unwrap();
    let script = "const b = require('fs').readFileSync(process.argv[1]); const h = a => require('crypto').createHash(a).update(b);
        console.log('sha512-' + h('sha512').digest('base64') + ' ' + h('sha1').digest('hex'))";
    let output = std::process::Command::new("node").args(["-e", script, path.as_str()]).output().unwrap();
    let expected = format!("{} {}\n", tarball.integrity.as_str(), tarball.shasum.as_str());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    let listed: Vec<(&str, u64, u32)> =
        tarball.files.iter().map(|file| (file.path.as_str(), file.size, file.mode)).collect();
    assert_eq!(listed, [("x.js", 3, 0o755), ("package.json", 30, 0o644)]);
    assert_eq!(tarball.unpacked, 33);
    let paths = packlist(&PackRequest::of(&folder)).unwrap();
    assert_eq!(paths, ["x.js", "package.json"]);
}

#[test]
fn an_overlay_packs_what_writing_it_would_pack() {
    let disk = tempfile::tempdir().unwrap();
    let folder = Utf8Path::from_path(disk.path()).unwrap().canonicalize_utf8().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("package.json", r#"{"name":"a","version":"1.0.0"}"#);
    write("README.md", "before");
    write("lib/a.js", "1");
    write(".changeset/one.md", "gone soon");
    let changes = [
        ("package.json", r#"{"name":"a","version":"1.1.0","files":["lib","CHANGELOG.md",".changeset"]}"#),
        ("CHANGELOG.md", "# a"),
        ("README.md", "after"),
        (".changeset/pre/one.md", "kept aside"),
    ];
    let mut overlay = relay_pack::Overlay::default();
    for (path, text) in changes {
        overlay.put(folder.join(path), text.as_bytes().to_vec());
    }
    overlay.take_away(folder.join(".changeset/one.md"));
    let request = PackRequest { overlay: Some(&overlay), ..PackRequest::of(&folder) };
    let foreseen = pack(&request).unwrap();
    for (path, text) in changes {
        write(path, text);
    }
    std::fs::remove_file(folder.join(".changeset/one.md")).unwrap();
    let packed = pack(&PackRequest { overlay: None, ..request }).unwrap();
    assert_eq!(foreseen.files, packed.files);
    assert_eq!(foreseen.integrity, packed.integrity);
    assert_eq!(foreseen.readme, packed.readme);
    assert!(packed.files.iter().any(|file| file.path == ".changeset/pre/one.md"), "{:?}", packed.files);
}

//! What a publish document must be, one broken thing at a time.

use serde_json::json;

use super::*;

fn sound() -> Value {
    let tarball = b"not really a tarball";
    let (integrity, shasum) = digests(tarball);
    json!({
        "_id": "@a/x",
        "name": "@a/x",
        "dist-tags": { "latest": "1.0.0" },
        "versions": { "1.0.0": {
            "name": "@a/x", "version": "1.0.0", "dist": { "integrity": integrity, "shasum": shasum },
        } },
        "access": null,
        "_attachments": { "@a/x-1.0.0.tgz": {
            "content_type": "application/octet-stream", "data": STANDARD.encode(tarball), "length": tarball.len(),
        } },
    })
}

#[track_caller]
fn check(change: impl FnOnce(&mut Value), expected: &str) {
    let mut document = sound();
    change(&mut document);
    let error = read_upload("@a/x", document.to_string().as_bytes()).expect_err("a broken document");
    assert!(error.to_string().contains(expected), "`{error}` does not say `{expected}`");
}

#[test]
fn reads_the_document_npm_sends() {
    let upload = read_upload("@a/x", sound().to_string().as_bytes()).expect("a sound document");
    assert_eq!((upload.name.as_str(), upload.version.to_string().as_str()), ("@a/x", "1.0.0"));
    assert_eq!((upload.tag.as_str(), upload.access), ("latest", None));
    assert_eq!(upload.tarball.as_ref(), b"not really a tarball");
}

#[test]
fn refuses_a_document_that_contradicts_itself() {
    check(|d| d["name"] = json!("@a/y"), "is about `@a/y`");
    check(|d| d["name"] = json!("@A/X"), "not a valid package name");
    check(|d| d["versions"] = json!({}), "0 versions");
    check(|d| d["versions"]["1.0.0"]["version"] = json!("1.0.1"), "its `version` is not `1.0.0`");
    check(|d| d["versions"]["1.0.0"]["name"] = json!("x"), "its `name` is not `@a/x`");
    check(|d| d["versions"] = json!({ "1.0": {} }), "invalid version: 1.0");
    check(|d| d["dist-tags"] = json!({}), "0 tags");
    check(|d| d["dist-tags"] = json!({ "1.x": "1.0.0" }), "not a valid dist-tag");
    check(|d| d["dist-tags"]["latest"] = json!("2.0.0"), "points at `2.0.0`");
    check(|d| d["access"] = json!("secret"), "not JSON");
    check(|d| d["_attachments"] = json!({}), "no attachment `@a/x-1.0.0.tgz`");
    check(|d| d["_attachments"]["@a/x-1.0.0.tgz"]["data"] = json!("*"), "not base64");
    check(|d| d["_attachments"]["@a/x-1.0.0.tgz"]["length"] = json!(3), "its `length` says 3");
    check(|d| d["versions"]["1.0.0"]["dist"]["integrity"] = json!("sha512-AAAA"), "`dist.integrity`");
    check(|d| d["versions"]["1.0.0"]["dist"]["shasum"] = json!("00"), "`dist.shasum`");
}

#[test]
fn knows_names_and_tags() {
    for name in ["x", "@a/x", "a.b-c_d~e", "0"] {
        assert!(valid_name(name), "{name}");
    }
    for name in ["", "X", ".x", "_x", "@a", "@a/", "@/x", "a/b", "@a/b/c", "node_modules", "x y", &"x".repeat(215)] {
        assert!(!valid_name(name), "{name}");
    }
    for tag in ["latest", "next", "v-next", "release-1.x", "x86"] {
        assert!(valid_tag(tag), "{tag}");
    }
    for tag in ["", "1", "1.x", "v1", "^1.0.0", ">=1", "*", "a b", "a/b", "<b>"] {
        assert!(!valid_tag(tag), "{tag}");
    }
}

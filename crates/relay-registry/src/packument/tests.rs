//! Packuments as registries send them, and as none should.

use super::*;

fn parse(body: &str) -> Packument {
    Packument::parse(body.as_bytes()).unwrap()
}

fn versions(body: &str) -> Vec<String> {
    parse(body).versions.keys().map(ToString::to_string).collect()
}

const SHASUM: &str = "0123456789012345678901234567890123456789";

#[test]
fn reads_the_abbreviated_form() {
    let packument = parse(&format!(
        r#"{{"name":"@a/x","modified":"…","dist-tags":{{"latest":"1.10.0","next":"2.0.0-rc.1"}},
        "versions":{{"1.9.0":{{"name":"@a/x","version":"1.9.0","dist":{{"shasum":"{SHASUM}",
        "integrity":"sha512-abc","tarball":"https://cdn.example/x.tgz","fileCount":1}}}},
        "1.10.0":{{"deprecated":"no longer","hasInstallScript":true}},"2.0.0-rc.1":{{}}}}}}"#
    ));
    assert_eq!(packument.name, "@a/x");
    assert_eq!(packument.dist_tags["next"], "2.0.0-rc.1");
    let first = packument.versions.values().next().unwrap();
    assert_eq!(first.version.to_string(), "1.9.0");
    assert_eq!(first.integrity.as_ref().unwrap().as_str(), "sha512-abc");
    assert_eq!(first.shasum.as_ref().unwrap().as_str(), SHASUM);
    assert_eq!(first.tarball.as_ref().unwrap().as_str(), "https://cdn.example/x.tgz");
    let second = &packument.versions[&Version::new(1, 10, 0)];
    assert!(second.deprecated && second.has_install_script && second.integrity.is_none());
    assert_eq!(packument.highest_stable().unwrap().to_string(), "1.9.0");
}

#[test]
fn the_full_form_tells_install_scripts_by_their_names() {
    let scripts = |scripts: &str| {
        let body = format!(r#"{{"versions":{{"1.0.0":{{"scripts":{scripts}}}}}}}"#);
        parse(&body).versions.values().next().unwrap().has_install_script
    };
    assert!(scripts(r#"{"postinstall":"node x"}"#));
    assert!(!scripts(r#"{"test":"node x"}"#));
    assert!(!scripts("[]"));
}

#[test]
fn a_broken_version_is_left_out_and_the_rest_stays() {
    let body = r#"{"name":7,"dist-tags":{"latest":1,"x":"1.0.0"},"versions":{
        "1.0.0":{"dist":{"integrity":7,"shasum":"zz","tarball":"javascript:1"},"deprecated":null},
        "1.0.1":"text","1.0.2":null,"1.0.3":[1,2],"not-a-version":{},"1.0.4":{"dist":[]},"1.0.5":{"deprecated":""}}}"#;
    assert_eq!(versions(body), ["1.0.0", "1.0.4", "1.0.5"]);
    let packument = parse(body);
    assert_eq!(packument.dist_tags.len(), 1);
    let first = packument.versions.values().next().unwrap();
    assert!(first.integrity.is_none() && first.shasum.is_none() && first.tarball.is_none() && !first.deprecated);
    assert!(!packument.versions[&Version::new(1, 0, 5)].deprecated);
}

#[test]
fn fields_of_a_wrong_type_are_nothing() {
    assert_eq!(versions(r#"{"versions":[1]}"#), Vec::<String>::new());
    assert_eq!(versions(r#"{"versions":null,"dist-tags":"x"}"#), Vec::<String>::new());
    assert_eq!(versions("{}"), Vec::<String>::new());
    assert_eq!(versions(r#"{"versions":{"1.0.0":{}},"versions":{"2.0.0":{}}}"#), ["2.0.0"]);
}

#[test]
fn what_is_no_object_is_an_error() {
    for body in ["", "<html>", "[]", "\"x\"", "7", "{\"versions\":", "{\"versions\":{\"1.0.0\":{}"] {
        assert!(Packument::parse(body.as_bytes()).is_err(), "{body}");
    }
    assert!(Packument::parse(b"{\"name\":\"\xff\"}").is_err());
}

#[test]
fn deep_nesting_ends_without_a_crash() {
    let depth = 100_000;
    let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(versions(&format!(r#"{{"readme":{deep},"versions":{{"1.0.0":{{}}}}}}"#)), ["1.0.0"]);
    let in_version = format!(r#"{{"versions":{{"1.0.0":{{"dist":{{"x":{deep}}}}}}}}}"#);
    assert_eq!(versions(&in_version), ["1.0.0"]);
    assert!(Packument::parse(deep.as_bytes()).is_err());
}

#[test]
fn a_version_document_is_read_by_its_own_version() {
    let read = |body: &str| PublishedVersion::parse(body.as_bytes()).unwrap();
    assert_eq!(read(r#"{"version":"1.0.0"}"#).unwrap().version, Version::new(1, 0, 0));
    assert_eq!(read(r#"{"error":"x"}"#), None);
    assert_eq!(read(r#""not_found""#), None);
    assert!(PublishedVersion::parse(b"<html>").is_err());
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>) {
        let _ = Packument::parse(&bytes);
        let _ = PublishedVersion::parse(&bytes);
    }
}

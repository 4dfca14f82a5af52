//! Packuments as registries send them, and as none should.

use super::*;

fn name(text: &str) -> PackageName {
    PackageName::parse(text).unwrap()
}

fn of(package: &str, body: &str) -> Result<Packument, NotTheDocument> {
    Packument::parse(&name(package), body.as_bytes())
}

/// Reads a packument of `a`; the body's fields follow the name.
fn parse(fields: &str) -> Packument {
    let fields = fields.trim_start().strip_prefix('{').unwrap();
    of("a", &format!(r#"{{"name":"a",{fields}"#)).unwrap()
}

fn versions(body: &str) -> Vec<String> {
    parse(body).versions.keys().map(ToString::to_string).collect()
}

const SHASUM: &str = "0123456789012345678901234567890123456789";

#[test]
fn reads_the_abbreviated_form() {
    let body = format!(
        r#"{{"name":"@a/x","modified":"…","dist-tags":{{"latest":"1.10.0","next":"2.0.0-rc.1"}},
        "versions":{{"1.9.0":{{"name":"@a/x","version":"1.9.0","dist":{{"shasum":"{SHASUM}",
        "integrity":"sha512-abc","tarball":"https://cdn.example/x.tgz","fileCount":1}}}},
        "1.10.0":{{"deprecated":"no longer","hasInstallScript":true}},"2.0.0-rc.1":{{}}}}}}"#
    );
    let packument = of("@a/x", &body).unwrap();
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
    let body = r#"{"dist-tags":{"latest":1,"x":"1.0.0"},"versions":{
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
fn build_metadata_makes_no_other_version() {
    assert_eq!(versions(r#"{"versions":{"1.2.3+build.5":{}}}"#), ["1.2.3"]);
}

#[test]
fn fields_of_a_wrong_type_are_nothing() {
    assert_eq!(versions(r#"{"versions":{},"dist-tags":"x","time":7}"#), Vec::<String>::new());
    assert_eq!(versions(r#"{"versions":{"1.0.0":{}},"versions":{"2.0.0":{}}}"#), ["2.0.0"]);
}

#[test]
fn what_is_not_this_package_s_packument_is_an_error() {
    for body in [
        "",
        "<html>",
        "[]",
        "null",
        "\"x\"",
        "7",
        "{\"versions\":",
        "{\"versions\":{\"1.0.0\":{}",
        "{\"name\":\"\u{fffd}",
        "{}",
        r#"{"error":"not_found","reason":"missing"}"#,
        r#"{"versions":{"1.0.0":{}}}"#,
        r#"{"name":7,"versions":{"1.0.0":{}}}"#,
        r#"{"name":"a"}"#,
        r#"{"name":"a","versions":null}"#,
        r#"{"name":"a","versions":[{"version":"1.0.0"}]}"#,
        r#"{"name":"a","time":{"created":"x","unpublished":null}}"#,
    ] {
        assert_eq!(of("a", body), Err(NotTheDocument::None), "{body}");
    }
    let other = Err(NotTheDocument::Another("b".into()));
    assert_eq!(of("a", r#"{"name":"b","versions":{"1.0.0":{}}}"#), other);
    assert_eq!(of("@s/b", r#"{"name":"b","versions":{"1.0.0":{}}}"#), other);
}

/// Forms that registries do answer: npm's of a package whose versions were all unpublished, and one of old stores.
#[test]
fn a_packument_may_be_without_versions_or_name_itself_by_its_id() {
    let unpublished =
        r#"{"_id":"a","name":"a","time":{"created":"x","1.0.0":"y","unpublished":{"versions":["1.0.0"]}}}"#;
    assert_eq!(of("a", unpublished).unwrap().versions.len(), 0);
    assert_eq!(of("a", r#"{"_id":"a","versions":{"1.0.0":{}}}"#).unwrap().versions.len(), 1);
    assert_eq!(of("a", r#"{"name":"a","versions":{},"dist-tags":{}}"#).unwrap().versions.len(), 0);
}

#[test]
fn a_version_with_a_date_that_is_not_there_was_taken_back() {
    let taken_back =
        |fields: &str| -> Vec<String> { parse(fields).taken_back.iter().map(ToString::to_string).collect() };
    let dates = r#""time":{"created":"x","modified":"x","1.0.0":"x","1.1.0":"x","odd":"x"}"#;
    assert_eq!(taken_back(&format!(r#"{{{dates},"versions":{{"1.0.0":{{}}}}}}"#)), ["1.1.0"]);
    // What can't be understood is there all the same, and the short form tells nothing.
    assert_eq!(taken_back(&format!(r#"{{{dates},"versions":{{"1.0.0":{{}},"1.1.0":7}}}}"#)), Vec::<String>::new());
    assert_eq!(taken_back(r#"{"versions":{"1.0.0":{}}}"#), Vec::<String>::new());
    // Of a package that is gone as a whole the list tells.
    assert_eq!(taken_back(r#"{"time":{"unpublished":{"versions":["1.0.0",7]}}}"#), ["1.0.0"]);
}

#[test]
fn deep_nesting_ends_without_a_crash() {
    let depth = 100_000;
    let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(versions(&format!(r#"{{"readme":{deep},"versions":{{"1.0.0":{{}}}}}}"#)), ["1.0.0"]);
    let in_version = format!(r#"{{"versions":{{"1.0.0":{{"dist":{{"x":{deep}}}}}}}}}"#);
    assert_eq!(versions(&in_version), ["1.0.0"]);
    assert!(of("a", &deep).is_err());
}

#[test]
fn a_version_document_is_read_by_its_own_version() {
    let read = |body: &str| PublishedVersion::parse(&name("a"), body.as_bytes());
    assert_eq!(read(r#"{"name":"a","version":"1.0.0"}"#).unwrap().version, Version::new(1, 0, 0));
    for body in [r#"{"error":"x"}"#, r#""not_found""#, "<html>", "{}", "[]", "null"] {
        assert_eq!(read(body), Err(NotTheDocument::None), "{body}");
    }
    assert_eq!(read(r#"{"name":"b","version":"1.0.0"}"#), Err(NotTheDocument::Another("b".into())));
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>) {
        let _ = Packument::parse(&name("a"), &bytes);
        let _ = PublishedVersion::parse(&name("a"), &bytes);
    }
}

#[test]
fn maintainers_are_read_in_both_forms() {
    let name = PackageName::parse("a").unwrap();
    let of = |text: &str| {
        let body = format!("{{\"name\":\"a\",\"versions\":{{}},\"maintainers\":{text}}}");
        Packument::parse(&name, body.as_bytes()).unwrap().maintainers
    };
    assert_eq!(
        of(r#"[{"name":"maintainer","email":"a@registry.example"},"contributor <b@registry.example>",7,{"x":1}]"#),
        ["maintainer", "contributor"]
    );
    assert!(of("null").is_empty() && of("{}").is_empty() && of("\"maintainer\"").is_empty());
}

#[test]
fn sizes_are_told_where_they_are_numbers() {
    let sizes = |dist: &str| {
        let body = format!(r#"{{"name":"a","versions":{{"1.0.0":{{"version":"1.0.0","dist":{dist}}}}}}}"#);
        let version = Packument::parse(&name("a"), body.as_bytes()).unwrap().versions.into_values().next().unwrap();
        (version.unpacked_size, version.file_count)
    };
    assert_eq!(sizes(r#"{"unpackedSize":31201,"fileCount":14}"#), (Some(31_201), Some(14)));
    assert_eq!(sizes(r#"{"unpackedSize":"31201","fileCount":-1}"#), (None, None));
    assert_eq!(sizes(r#"{"unpackedSize":1.5,"fileCount":[14]}"#), (None, None));
    assert_eq!(sizes("{}"), (None, None));
}

#[test]
fn evidence_is_read_as_installers_rank_it_and_odd_values_count_as_nothing() {
    use relay_values::Evidence as E;
    let attested = r#""dist":{"attestations":{"url":"x","provenance":{"predicateType":"x"}}}"#;
    let trusted = r#""_npmUser":{"name":"ci","trustedPublisher":{"id":"github","oidcConfigId":"oidc:1"}}"#;
    let approved = r#""_npmUser":{"name":"ci","approver":{"name":"ann"}}"#;
    for (fields, expected) in [
        (String::new(), E::None),
        (attested.to_owned(), E::Provenance),
        (trusted.to_owned(), E::None),
        (format!("{trusted},{attested}"), E::Trusted),
        (approved.to_owned(), E::Staged),
        (format!("{approved},{attested}"), E::Staged),
        (r#""_npmUser":{"approver":null},"dist":{"attestations":{"provenance":null}}"#.to_owned(), E::None),
        (r#""_npmUser":"ann <a@registry.example>","dist":{"attestations":[1]}"#.to_owned(), E::None),
    ] {
        let comma = if fields.is_empty() { "" } else { "," };
        let body = format!(
            r#"{{"name":"a","time":{{"1.0.0":"2026-11-02T03:04:05.678Z"}},"versions":{{"1.0.0":{{"version":"1.0.0"{comma}{fields}}}}}}}"#
        );
        let packument = Packument::parse(&name("a"), body.as_bytes()).unwrap();
        let version = packument.versions.values().next().unwrap();
        assert_eq!(version.evidence, expected, "{fields}");
        assert_eq!(version.published, Some("2026-11-02T03:04:05.678Z".parse().unwrap()));
    }
    let undated =
        Packument::parse(&name("a"), br#"{"name":"a","time":{"1.0.0":7},"versions":{"1.0.0":{"version":"1.0.0"}}}"#);
    assert_eq!(undated.unwrap().versions.values().next().unwrap().published, None);
}

//! Documents, and what is refused before one is made. The comparison with the real npm is in `tests/it`.

use super::*;

struct World {
    manifest: Value,
    tag: &'static str,
    access: Option<Access>,
    tarball: &'static [u8],
    planned: &'static [u8],
}

impl World {
    fn new(manifest: Value) -> Self {
        Self { manifest, tag: "latest", access: None, tarball: b"bytes", planned: b"bytes" }
    }

    fn document(&self) -> Result<Value, DocumentError> {
        let integrity = format!("sha512-{}", STANDARD.encode(sha2::Sha512::digest(self.planned)));
        let shasum = hex(&sha1::Sha1::digest(self.planned));
        let bytes = publish_document(&DocumentInput {
            registry: &RegistryUrl::parse("https://registry.example/npm/").unwrap(),
            manifest: self.manifest.as_object().unwrap(),
            readme: Some(("README.md", "hi\n")),
            tarball: self.tarball,
            integrity: &Integrity::parse(&integrity).unwrap(),
            shasum: &Shasum::parse(&shasum).unwrap(),
            tag: &DistTag::parse(self.tag).unwrap(),
            access: self.access,
            git_head: Some("abc"),
        })?;
        Ok(serde_json::from_slice(&bytes).unwrap())
    }

    #[track_caller]
    fn refused(&self, words: &str) {
        let error = self.document().unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn has_the_shape_that_npm_sends() {
    let mut world = World::new(json!({"name":"@s/demo","version":"v1.0.0+build","description":"d"}));
    world.access = Some(Access::Public);
    let document = world.document().unwrap();
    assert_eq!(document["_id"], "@s/demo");
    assert_eq!(document["description"], "d");
    assert_eq!(document["dist-tags"], json!({"latest":"1.0.0"}));
    assert_eq!(document["access"], "public");
    assert_eq!(
        document["_attachments"]["@s/demo-1.0.0.tgz"],
        json!({"content_type":"application/octet-stream","data":"Ynl0ZXM=","length":5})
    );
    let version = &document["versions"]["1.0.0"];
    assert_eq!(version["_id"], "@s/demo@1.0.0");
    assert_eq!(version["version"], "1.0.0");
    assert_eq!(version["gitHead"], "abc");
    assert_eq!(version["dist"]["tarball"], "http://registry.example/npm/@s/demo/-/@s/demo-1.0.0.tgz");
    assert!(version["dist"]["integrity"].as_str().unwrap().starts_with("sha512-"));
}

#[test]
fn access_is_null_where_nobody_said_and_a_description_may_be_missing() {
    let mut world = World::new(json!({"name":"demo","version":"1.0.0","readme":"# only a heading"}));
    assert_eq!(world.document().unwrap()["access"], Value::Null);
    assert_eq!(world.document().unwrap()["description"], "");
    world.manifest = json!({"name":"demo","version":"1.0.0","readme":NO_README_TEXT});
    assert!(world.document().unwrap().get("description").is_none());
}

const NO_README_TEXT: &str = "ERROR: No README data found!";

#[test]
fn refuses_what_npm_refuses() {
    let world = World::new;
    world(json!({"version":"1.0.0"})).refused("no usable `name`");
    world(json!({"name":"../x","version":"1.0.0"})).refused("no usable `name`");
    world(json!({"name":"x"})).refused("no semantic version");
    world(json!({"name":"x","version":"1.0"})).refused("`version` (`1.0`) is no semantic version");
    world(json!({"name":"x","version":"1.0.0","private":true})).refused("`x` is private");
    world(json!({"name":"x","version":"1.0.0","packageExtensions":{}})).refused("root package.json only");
    let plain = || world(json!({"name":"x","version":"1.0.0"}));
    World { access: Some(Access::Restricted), ..plain() }.refused("only scoped packages can be restricted");
}

#[test]
fn refuses_other_bytes_than_the_planned_ones() {
    let world = World { tarball: b"swapped", ..World::new(json!({"name":"x","version":"1.0.0"})) };
    world.refused("`x`: the tarball is not the planned one (planned sha512-");
}

//! JSON values that never fail on a wrong type: they read as nothing instead.
//!
//! A registry's document has thousands of entries by hundreds of authors; one with a number where a text should be must
//! not hide the others. Duplicate keys: the last one counts, as in JavaScript.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A text, or nothing where another type stands.
#[derive(Debug, Default)]
pub(super) struct Text(pub(super) Option<String>);

/// True where JavaScript would take the value for true and it is a text or a boolean.
#[derive(Debug, Default)]
pub(super) struct Flag(pub(super) bool);

/// A whole number, or nothing where another type stands.
#[derive(Debug, Default)]
pub(super) struct Count(pub(super) Option<u64>);

/// The entries of an object; none where another type stands.
#[derive(Debug)]
pub(super) struct Object<T> {
    pub(super) entries: Vec<(String, T)>,
    /// Whether an object stood there at all.
    pub(super) is_object: bool,
}

impl<T> Default for Object<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), is_object: false }
    }
}

/// What `time` says: a date for each version that ever was, also for those that were taken back; and `unpublished`, with a
/// list of them, once all were (npm/cli, `lib/commands/view.js`, reads it so).
#[derive(Debug, Default)]
pub(super) struct Time {
    pub(super) unpublished: bool,
    /// The versions, as written.
    pub(super) versions: Vec<String>,
    /// The dates of those that have a text for one, as written.
    pub(super) dates: Vec<(String, String)>,
}

/// A list of texts; none where another type stands.
#[derive(Debug, Default)]
struct Texts(Vec<String>);

/// What stands in `time.unpublished`.
#[derive(Debug, Default)]
struct Unpublished {
    is_object: bool,
    versions: Texts,
}

/// The names of accounts, given as `name <mail>` or as objects; none where another type stands.
#[derive(Debug, Default)]
pub(super) struct People(pub(super) Vec<String>);

/// One version's fields, with those of `dist` lifted up.
#[derive(Debug, Default)]
pub(super) struct RawVersion {
    pub(super) is_object: bool,
    pub(super) name: Text,
    pub(super) version: Text,
    pub(super) integrity: Text,
    pub(super) shasum: Text,
    pub(super) tarball: Text,
    pub(super) git_head: Text,
    pub(super) deprecated: Flag,
    pub(super) has_install_script: Flag,
    pub(super) install_scripts: bool,
    pub(super) unpacked_size: Count,
    pub(super) file_count: Count,
    /// Whether `_npmUser.approver` stands there: it was staged, and a person approved it.
    pub(super) approved: bool,
    /// Whether `_npmUser.trustedPublisher` stands there.
    pub(super) trusted_publisher: bool,
    /// Whether `dist.attestations.provenance` stands there.
    pub(super) provenance: bool,
}

/// Something that can be read from any JSON value.
trait Lenient: Default {
    fn from_text(_text: &str) -> Self {
        Self::default()
    }
    fn from_bool(_value: bool) -> Self {
        Self::default()
    }
    fn from_number(_value: u64) -> Self {
        Self::default()
    }
    fn from_seq<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<Self, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }
    fn from_map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }
}

impl Lenient for Text {
    fn from_text(text: &str) -> Self {
        Self(Some(text.to_owned()))
    }
}

impl Lenient for Count {
    fn from_number(value: u64) -> Self {
        Self(Some(value))
    }
}

impl Lenient for Flag {
    fn from_text(text: &str) -> Self {
        Self(!text.is_empty())
    }
    fn from_bool(value: bool) -> Self {
        Self(value)
    }
}

impl<T: for<'a> Deserialize<'a>> Lenient for Object<T> {
    fn from_map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry::<String, T>()? {
            entries.push(entry);
        }
        Ok(Self { entries, is_object: true })
    }
}

impl Lenient for People {
    fn from_seq<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<Self, A::Error> {
        let mut people = Self::default();
        while let Some(Person(name)) = seq.next_element()? {
            people.0.extend(name.filter(|name| !name.is_empty()));
        }
        Ok(people)
    }
}

#[derive(Default)]
struct Person(Option<String>);

impl Lenient for Person {
    fn from_text(text: &str) -> Self {
        Self(text.split('<').next().map(|name| name.trim().to_owned()))
    }
    fn from_map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut person = Self::default();
        while let Some(key) = map.next_key::<String>()? {
            if key == "name" {
                person.0 = map.next_value::<Text>()?.0;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(person)
    }
}

impl Lenient for RawVersion {
    fn from_map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut version = Self { is_object: true, ..Self::default() };
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "name" => version.name = map.next_value()?,
                "version" => version.version = map.next_value()?,
                "dist" => {
                    let dist: Dist = map.next_value()?;
                    (version.integrity, version.shasum, version.tarball) = (dist.integrity, dist.shasum, dist.tarball);
                    (version.unpacked_size, version.file_count) = (dist.unpacked_size, dist.file_count);
                    version.provenance = dist.attestations.provenance;
                }
                "_npmUser" => {
                    let user: NpmUser = map.next_value()?;
                    (version.approved, version.trusted_publisher) = (user.approver, user.trusted_publisher);
                }
                "gitHead" => version.git_head = map.next_value()?,
                "deprecated" => version.deprecated = map.next_value()?,
                "hasInstallScript" => version.has_install_script = map.next_value()?,
                "scripts" => {
                    let scripts: Object<Text> = map.next_value()?;
                    version.install_scripts = scripts.entries.iter().any(|(event, command)| {
                        matches!(event.as_str(), "preinstall" | "install" | "postinstall")
                            && command.0.as_deref().is_some_and(|command| !command.is_empty())
                    });
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(version)
    }
}

impl Lenient for Time {
    fn from_map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut time = Self::default();
        while let Some(key) = map.next_key::<String>()? {
            if key == "unpublished" {
                let unpublished: Unpublished = map.next_value()?;
                time.unpublished = unpublished.is_object;
                time.versions.extend(unpublished.versions.0);
            } else {
                let Text(date) = map.next_value()?;
                if !matches!(key.as_str(), "created" | "modified") {
                    time.dates.extend(date.map(|date| (key.clone(), date)));
                    time.versions.push(key);
                }
            }
        }
        Ok(time)
    }
}

impl Lenient for Unpublished {
    fn from_map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut unpublished = Self { is_object: true, ..Self::default() };
        while let Some(key) = map.next_key::<String>()? {
            if key == "versions" {
                unpublished.versions = map.next_value()?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(unpublished)
    }
}

impl Lenient for Texts {
    fn from_seq<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<Self, A::Error> {
        let mut texts = Self::default();
        while let Some(Text(text)) = seq.next_element()? {
            texts.0.extend(text);
        }
        Ok(texts)
    }
}

#[derive(Default)]
struct Dist {
    integrity: Text,
    shasum: Text,
    tarball: Text,
    unpacked_size: Count,
    file_count: Count,
    attestations: Attestations,
}

impl Lenient for Dist {
    fn from_map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut dist = Self::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "integrity" => dist.integrity = map.next_value()?,
                "shasum" => dist.shasum = map.next_value()?,
                "tarball" => dist.tarball = map.next_value()?,
                "unpackedSize" => dist.unpacked_size = map.next_value()?,
                "fileCount" => dist.file_count = map.next_value()?,
                "attestations" => dist.attestations = map.next_value()?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(dist)
    }
}

/// What stands in `dist.attestations`.
#[derive(Default)]
struct Attestations {
    provenance: bool,
}

impl Lenient for Attestations {
    fn from_map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut attestations = Self::default();
        while let Some(key) = map.next_key::<String>()? {
            let Thing(is_there) = map.next_value()?;
            attestations.provenance |= key == "provenance" && is_there;
        }
        Ok(attestations)
    }
}

/// What stands in `_npmUser`, as far as it says how the version was published.
#[derive(Default)]
struct NpmUser {
    approver: bool,
    trusted_publisher: bool,
}

impl Lenient for NpmUser {
    fn from_map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut user = Self::default();
        while let Some(key) = map.next_key::<String>()? {
            let Thing(is_there) = map.next_value()?;
            user.approver |= key == "approver" && is_there;
            user.trusted_publisher |= key == "trustedPublisher" && is_there;
        }
        Ok(user)
    }
}

/// Whether something stands there: an object, or a text that is not empty.
#[derive(Default)]
struct Thing(bool);

impl Lenient for Thing {
    fn from_text(text: &str) -> Self {
        Self(!text.is_empty())
    }
    fn from_map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self(true))
    }
}

struct AnyValue<T>(PhantomData<T>);

impl<'de, T: Lenient> Visitor<'de> for AnyValue<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }
    fn visit_bool<E>(self, value: bool) -> Result<T, E> {
        Ok(T::from_bool(value))
    }
    fn visit_i64<E>(self, _: i64) -> Result<T, E> {
        Ok(T::default())
    }
    fn visit_u64<E>(self, value: u64) -> Result<T, E> {
        Ok(T::from_number(value))
    }
    fn visit_f64<E>(self, _: f64) -> Result<T, E> {
        Ok(T::default())
    }
    fn visit_str<E>(self, text: &str) -> Result<T, E> {
        Ok(T::from_text(text))
    }
    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::default())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<T, A::Error> {
        T::from_seq(seq)
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::from_map(map)
    }
}

macro_rules! read_leniently {
    ($($type:ty),+) => {
        $(impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(AnyValue(PhantomData))
            }
        })+
    };
}
read_leniently!(
    Text,
    Texts,
    Count,
    Flag,
    Time,
    Unpublished,
    RawVersion,
    Dist,
    Attestations,
    NpmUser,
    Thing,
    People,
    Person
);

impl<'de, T: for<'a> Deserialize<'a>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue(PhantomData))
    }
}

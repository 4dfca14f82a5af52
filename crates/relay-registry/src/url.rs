//! The addresses of packages below a registry, as npm spells them (`npm-registry.md`, 0.2). What a registry's own address is
//! and how one is shown, `relay-values` knows.

use std::fmt::Write as _;

use relay_workspace::PackageName;
use url::Url;

pub use relay_values::registry_url::{DisplayUrl, InvalidRegistryUrl, RegistryUrl, default_registry, host_and_port};

/// The address of a package's packument and of its upload.
pub fn package_url(registry: &RegistryUrl, name: &PackageName) -> Url {
    registry.below(&escaped_name(name))
}

/// The address of one version's document.
pub fn version_url(registry: &RegistryUrl, name: &PackageName, version: &semver::Version) -> Url {
    registry.below(&format!("{}/{}", escaped_name(name), encode_component(&version.to_string())))
}

/// A package's name as registry paths want it: the first `/` is `%2f`, the `@` stays.
pub fn escaped_name(name: &PackageName) -> String {
    name.as_str().replacen('/', "%2f", 1)
}

/// Escapes all but the characters that JavaScript's `encodeURIComponent` leaves alone.
pub(crate) fn encode_component(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("writing to a string never fails");
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_the_first_slash_of_a_name_and_appends_to_the_path() {
        let registry = |text: &str| RegistryUrl::parse(text).unwrap();
        let name = PackageName::parse("@s/demo").unwrap();
        assert_eq!(package_url(&registry("http://h/pre"), &name).as_str(), "http://h/pre/@s%2fdemo");
        let version = semver::Version::parse("1.0.0-rc.1+b").unwrap();
        assert_eq!(version_url(&registry("http://h"), &name, &version).as_str(), "http://h/@s%2fdemo/1.0.0-rc.1%2Bb");
    }
}

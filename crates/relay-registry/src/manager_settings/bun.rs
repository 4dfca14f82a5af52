//! `bunfig.toml`, and the person's `.bunfig.toml`.
//!
//! Seen with bun 1.4.5: `[install] registry` and the entries of `[install.scopes]` (with or without `@`) are an address or a
//! table with `url`, `token`, `username`, `password`; an address may have user and password in it. A value that begins
//! with `$` is a variable, `${NAME}` is not expanded. They win over `.npmrc`, the checkout's over the person's. A
//! `bunfig.toml` above the root is not read.

use serde_json::Value;
use url::Url;

use super::{ManagerSettingsError, Reading, scope_key};

pub(super) fn read(reading: &mut Reading<'_>, document: &Value) -> Result<(), ManagerSettingsError> {
    let Some(install) = document.get("install") else { return Ok(()) };
    if let Some(registry) = install.get("registry") {
        read_registry(reading, "registry", registry, "install.registry")?;
    }
    match install.get("scopes") {
        None => Ok(()),
        Some(Value::Object(scopes)) => {
            for (scope, registry) in scopes {
                read_registry(reading, &scope_key(scope), registry, &format!("install.scopes.{scope}"))?;
            }
            Ok(())
        }
        Some(_) => Err(reading.wrong_kind("install.scopes", "a table of scopes")),
    }
}

fn read_registry(
    reading: &mut Reading<'_>,
    setting: &str,
    registry: &Value,
    name: &str,
) -> Result<(), ManagerSettingsError> {
    let expected = "an address, or a table with `url`";
    let field = |field: &str| -> Result<Option<String>, ManagerSettingsError> {
        match registry.get(field) {
            None => Ok(None),
            Some(value) => Ok(Some(variable(reading.text(value, &format!("{name}.{field}"))?))),
        }
    };
    let (address, token, user, password) = match registry {
        Value::String(address) => (variable(address), None, None, None),
        Value::Object(_) => {
            let url = field("url")?.ok_or_else(|| reading.wrong_kind(name, expected))?;
            (url, field("token")?, field("username")?, field("password")?)
        }
        _ => return Err(reading.wrong_kind(name, expected)),
    };
    let (address, in_address) = without_user(&address);
    reading.put(setting, &address, name);
    if let Some(token) = token {
        reading.put_credential(&address, "_authToken", &token, &format!("{name}.token"));
    } else if let (Some(user), Some(password)) = (user, password) {
        reading.put_pair(&address, &format!("{user}:{password}"), &format!("{name}.password"));
    } else if let Some(pair) = in_address {
        reading.put_pair(&address, &pair, name);
    }
    Ok(())
}

/// bun's `$NAME` as npm writes it. A `${…}` is text to bun and would be a variable to npm.
fn variable(text: &str) -> String {
    match text.strip_prefix('$') {
        Some(name) if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') => {
            format!("${{{name}}}")
        }
        _ => text.replace("${", "\\${"),
    }
}

/// The address, and apart from it the user and password that it has.
pub(super) fn without_user(address: &str) -> (String, Option<String>) {
    match Url::parse(address) {
        Ok(mut url) if !url.username().is_empty() || url.password().is_some() => {
            let pair = format!("{}:{}", url.username(), url.password().unwrap_or_default());
            let bare = url.set_username("").and_then(|()| url.set_password(None));
            (if bare.is_ok() { url.to_string() } else { address.to_owned() }, Some(pair))
        }
        _ => (address.to_owned(), None),
    }
}

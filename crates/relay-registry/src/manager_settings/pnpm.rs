//! `pnpm-workspace.yaml`, and the person's `config.yaml` of pnpm.
//!
//! Seen with pnpm 12.21 and 11.28: `registries` has `"@scope": URL` and `default: URL`, or `URL: { scopes: ["@scope", "@"] }`
//! (`@` is the default), never both forms; a text or a list under an address is refused; `registry` beside them wins over
//! `default`. Both win over `.npmrc`. Variables are refused in the workspace's file. `namedRegistries` are prefixes of
//! specifiers and change nothing about publishing. pnpm 10 reads none of it.

use serde_json::{Map, Value};

use super::{ManagerSettingsError, Reading, scope_key};

pub(super) fn read(reading: &mut Reading<'_>, document: &Value) -> Result<(), ManagerSettingsError> {
    match document.get("registries") {
        None | Some(Value::Null) => {}
        Some(Value::Object(registries)) => read_registries(reading, registries)?,
        Some(_) => return Err(reading.wrong_kind("registries", "a map of scopes or addresses")),
    }
    match document.get("registry") {
        None | Some(Value::Null) => {}
        Some(registry) => {
            let address = address(reading, registry, "registry")?.to_owned();
            reading.put("registry", &address, "registry");
        }
    }
    Ok(())
}

fn read_registries(reading: &mut Reading<'_>, registries: &Map<String, Value>) -> Result<(), ManagerSettingsError> {
    for (key, value) in registries {
        let name = format!("registries.{key}");
        if key.contains("://") {
            let Value::Object(declaration) = value else {
                return Err(reading.wrong_kind(&name, "a map such as `{ scopes: [\"@scope\"] }`"));
            };
            let scopes = match declaration.get("scopes") {
                None | Some(Value::Null) => continue,
                Some(Value::Array(scopes)) => scopes,
                Some(_) => return Err(reading.wrong_kind(&format!("{name}.scopes"), "a list of scopes")),
            };
            for scope in scopes {
                let scope = reading.text(scope, &format!("{name}.scopes"))?.to_owned();
                let setting = if scope == "@" { "registry".to_owned() } else { scope_key(&scope) };
                reading.put(setting, key, &name);
            }
        } else {
            let setting = match key.as_str() {
                "default" => "registry".to_owned(),
                // pnpm passes over what is neither.
                _ if !key.starts_with('@') => continue,
                scope => scope_key(scope),
            };
            let address = address(reading, value, &name)?.to_owned();
            reading.put(setting, &address, &name);
        }
    }
    Ok(())
}

/// An address; in the workspace's file pnpm wants it literally.
fn address<'v>(reading: &Reading<'_>, value: &'v Value, name: &str) -> Result<&'v str, ManagerSettingsError> {
    let address = reading.text(value, name)?;
    if reading.file.of_checkout && address.contains("${") {
        return Err(reading.wrong_kind(name, "an address without variables"));
    }
    Ok(address)
}

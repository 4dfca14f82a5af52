//! `.yarnrc.yml` of yarn 2 and later, and the person's.
//!
//! Seen with yarn 4.18.1, which does not read `.npmrc`: a package is published to the scope's `npmPublishRegistry`, else to
//! the top's, else to the top's `npmRegistryServer`; a scope's `npmRegistryServer` is only installed from. A scope has no `@`
//! in front. The credential is the scope's `npmAuthToken` or `npmAuthIdent`, else that of the address in `npmRegistries`,
//! else the top's. `${NAME}`, `${NAME-default}` and `${NAME:-default}` are expanded.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{ManagerSetting, ManagerSettingsError, Reading, scope_key};

pub(super) fn read(reading: &mut Reading<'_>, document: &Value) -> Result<(), ManagerSettingsError> {
    let Value::Object(top) = document else { return Ok(()) };
    let server = text(reading, top, "npmRegistryServer", "")?;
    let publish = text(reading, top, "npmPublishRegistry", "")?;
    reading.found.publishes_elsewhere = publish.is_some();
    let name = if publish.is_some() { "npmPublishRegistry" } else { "npmRegistryServer" };
    let default = publish.or(server);
    if let Some(address) = &default {
        reading.put("registry", address, name);
    }
    for (address, settings) in maps(reading, top, "npmRegistries")? {
        let address = if address.starts_with("//") { format!("https:{address}") } else { address.to_owned() };
        credential(reading, settings, &address, &format!("npmRegistries.{address}"))?;
    }
    // A credential at the top is yarn's for every registry; here it belongs to the one at the top alone.
    if let Some(address) = &default {
        credential(reading, top, address, "")?;
    }
    for (scope, settings) in maps(reading, top, "npmScopes")? {
        let name = format!("npmScopes.{scope}");
        let publish = text(reading, settings, "npmPublishRegistry", &name)?;
        let server = text(reading, settings, "npmRegistryServer", &name)?;
        let key = scope_key(scope);
        if let Some(address) = &publish {
            reading.put(key, address, &format!("{name}.npmPublishRegistry"));
        } else if let Some(address) = &server {
            let place = reading.place(&format!("{name}.npmRegistryServer"));
            let setting = ManagerSetting { key: key.clone(), value: address.as_str().into(), place };
            reading.found.installed_from.insert(key, setting);
        }
        if let Some(address) = publish.or(server) {
            credential(reading, settings, &address, &name)?;
        }
    }
    Ok(())
}

fn text(
    reading: &Reading<'_>,
    settings: &Map<String, Value>,
    key: &str,
    before: &str,
) -> Result<Option<String>, ManagerSettingsError> {
    match settings.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => Ok(Some(with_defaults(reading.text(value, &named(before, key))?, reading.environment))),
    }
}

/// The entries of a map of maps, in their order.
type Maps<'v> = Vec<(&'v str, &'v Map<String, Value>)>;

/// Reads a map of maps.
fn maps<'v>(reading: &Reading<'_>, top: &'v Map<String, Value>, key: &str) -> Result<Maps<'v>, ManagerSettingsError> {
    let wrong = || reading.wrong_kind(key, "a map of maps");
    match top.get(key) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Object(map)) => {
            map.iter().map(|(key, value)| Ok((key.as_str(), value.as_object().ok_or_else(wrong)?))).collect()
        }
        Some(_) => Err(wrong()),
    }
}

fn credential(
    reading: &mut Reading<'_>,
    settings: &Map<String, Value>,
    address: &str,
    before: &str,
) -> Result<(), ManagerSettingsError> {
    if let Some(token) = text(reading, settings, "npmAuthToken", before)? {
        reading.put_credential(address, "_authToken", &token, &named(before, "npmAuthToken"));
    } else if let Some(pair) = text(reading, settings, "npmAuthIdent", before)? {
        // `user:password`, or that in base64 already.
        let name = named(before, "npmAuthIdent");
        if pair.contains(':') || pair.contains("${") {
            reading.put_pair(address, &pair, &name);
        } else {
            reading.put_credential(address, "_auth", &pair, &name);
        }
    }
    Ok(())
}

/// A text whose variables with a default are settled: the default's text, or the variable alone.
fn with_defaults(text: &str, environment: &BTreeMap<String, String>) -> String {
    let mut settled = String::new();
    let mut rest = text;
    while let Some((before, variable)) = rest.split_once("${") {
        settled.push_str(before);
        let Some((inside, behind)) = variable.split_once('}') else {
            settled.push_str("${");
            rest = variable;
            continue;
        };
        let name_length = inside.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        let (name, fallback) = inside.split_at(name_length);
        let value = environment.get(name);
        let default = fallback.strip_prefix(":-").map(|default| (default, true));
        match default.or_else(|| fallback.strip_prefix('-').map(|default| (default, false))) {
            Some((default, also_empty)) if value.is_none_or(|value| also_empty && value.is_empty()) => {
                settled.push_str(default);
            }
            Some(_) => settled.extend(["${", name, "}"]),
            None => settled.extend(["${", inside, "}"]),
        }
        rest = behind;
    }
    settled + rest
}

fn named(before: &str, key: &str) -> String {
    if before.is_empty() { key.to_owned() } else { format!("{before}.{key}") }
}

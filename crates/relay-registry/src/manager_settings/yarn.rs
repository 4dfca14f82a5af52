//! `.yarnrc.yml` of yarn 2 and later: the checkout's, those of the folders above it, the person's; and `YARN_*`.
//!
//! Seen with yarn 4.18.1, which does not read `.npmrc`: all files are one to it, setting by setting, also inside a scope. A
//! variable goes before the nearest file, the person's file comes last. In what that gives, a package is published to the
//! scope's `npmPublishRegistry`, else to the top's, else to the top's `npmRegistryServer`, whichever file each stands in; a
//! scope's `npmRegistryServer` is only installed from. A scope has no `@` in front. The credential is the scope's
//! `npmAuthToken` or `npmAuthIdent`, else that of the address in `npmRegistries`, else the top's. `${NAME}`, `${NAME-default}`
//! and `${NAME:-default}` are expanded.
//!
//! On purpose relay does not follow it in one thing: yarn sends a credential of the person to whatever registry the checkout
//! names. Here what the person wrote down belongs to the registry that the person's own settings name.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{
    LooseCredential, ManagerFile, ManagerSetting, ManagerSettings, ManagerSettingsError, Word, scope_key, variables,
};

/// The settings that a variable may say.
const BY_VARIABLE: [&str; 4] = ["npmRegistryServer", "npmPublishRegistry", "npmAuthToken", "npmAuthIdent"];

/// Reads all files and variables, which are one to yarn.
pub(super) fn read_all(
    files: &[ManagerFile],
    environment: &BTreeMap<String, String>,
    of_checkout: &dyn Fn(&str) -> bool,
    withheld: bool,
) -> Result<ManagerSettings, ManagerSettingsError> {
    let mut sources = Vec::new();
    let mut found = variables::find(environment, "YARN_", &BY_VARIABLE);
    found.sort_by_key(|variable| of_checkout(&variable.name));
    for variable in found {
        let word = if of_checkout(&variable.name) { Word::Checkout } else { Word::Variable };
        let document = Map::from_iter([(variable.setting.to_owned(), Value::String(variable.text()))]);
        sources.push(Source { document, word, place: Place::Variable(variable.name) });
    }
    for file in files.iter().rev() {
        if let Value::Object(document) = file.document()? {
            let word = if file.of_checkout { Word::Checkout } else { Word::Person };
            sources.push(Source { document, word, place: Place::File(file) });
        }
    }
    let of_person: Vec<&Source> = sources.iter().filter(|source| source.word != Word::Checkout).collect();
    let of_checkout: Vec<&Source> = sources.iter().filter(|source| source.word == Word::Checkout).collect();
    let all: Vec<&Source> = sources.iter().collect();
    let mut found = ManagerSettings::default();
    let person = View { sources: &of_person, addresses: &of_person, environment, withheld };
    person.read(&mut found)?;
    let mut in_all = ManagerSettings::default();
    View { sources: &of_checkout, addresses: &all, environment, withheld }.read(&mut in_all)?;
    // A variable that says where all goes is the person's word, even where a stronger setting of the checkout leads elsewhere.
    let of_checkout: Vec<ManagerSetting> =
        in_all.settings.into_iter().filter(|setting| setting.word == Word::Checkout).collect();
    let overridden: BTreeSet<String> = of_checkout.iter().map(|setting| setting.key.clone()).collect();
    let goes_last = |one: &ManagerSetting| {
        one.word == Word::Variable && (one.key.starts_with("//") || !overridden.contains(&one.key))
    };
    let (last, first): (Vec<_>, Vec<_>) = found.settings.into_iter().partition(goes_last);
    found.settings = first.into_iter().chain(of_checkout).chain(last).collect();
    found.loose.extend(in_all.loose);
    found.installed_from = in_all.installed_from;
    found.publishes_elsewhere = in_all.publishes_elsewhere;
    Ok(found)
}

/// Where settings are.
enum Place<'a> {
    File(&'a ManagerFile),
    Variable(String),
}

/// One file, or one variable.
struct Source<'a> {
    document: Map<String, Value>,
    word: Word,
    place: Place<'a>,
}

/// A text with its place.
struct Found {
    text: String,
    place: String,
    word: Word,
}

/// Settings as one: the strongest source first.
struct View<'a> {
    /// Where credentials are taken from.
    sources: &'a [&'a Source<'a>],
    /// Where addresses are.
    addresses: &'a [&'a Source<'a>],
    environment: &'a BTreeMap<String, String>,
    withheld: bool,
}

impl View<'_> {
    fn read(&self, found: &mut ManagerSettings) -> Result<(), ManagerSettingsError> {
        let publish = self.text(self.addresses, &["npmPublishRegistry"])?;
        found.publishes_elsewhere = publish.is_some();
        let default = publish.or(self.text(self.addresses, &["npmRegistryServer"])?);
        if let Some(address) = &default {
            found.settings.push(setting("registry".to_owned(), &address.text, address));
        }
        for address in keys(self.sources, "npmRegistries")? {
            let registry = if address.starts_with("//") { format!("https:{address}") } else { address.clone() };
            self.credential(found, Some(&registry), &["npmRegistries", &address])?;
        }
        // A credential at the top is yarn's for every registry; here it belongs to the one at the top alone.
        self.credential(found, default.as_ref().map(|address| address.text.as_str()), &[])?;
        for scope in keys(self.addresses, "npmScopes")? {
            let publish = self.text(self.addresses, &["npmScopes", &scope, "npmPublishRegistry"])?;
            let server = self.text(self.addresses, &["npmScopes", &scope, "npmRegistryServer"])?;
            let key = scope_key(&scope);
            match (&publish, &server) {
                (Some(address), _) => found.settings.push(setting(key, &address.text, address)),
                (None, Some(address)) => {
                    found.installed_from.insert(key.clone(), setting(key, &address.text, address));
                }
                (None, None) => {}
            }
            let address = publish.or(server).map(|address| address.text);
            self.credential(found, address.as_deref(), &["npmScopes", &scope])?;
        }
        Ok(())
    }

    /// Binds the credential at a path to a registry. One at the top that nothing binds is loose; one of a scope without a
    /// registry belongs to none.
    fn credential(
        &self,
        found: &mut ManagerSettings,
        registry: Option<&str>,
        path: &[&str],
    ) -> Result<(), ManagerSettingsError> {
        let at = |key| self.text(self.sources, &[path, &[key]].concat());
        let (mut bound, one) = if let Some(token) = at("npmAuthToken")? {
            (LooseCredential::new("_authToken", &token.text), token)
        } else if let Some(pair) = at("npmAuthIdent")? {
            // `user:password`, or that in base64 already.
            let is_clear = pair.text.contains(':') || pair.text.contains("${");
            let made = if is_clear {
                LooseCredential::of_pair(&pair.text, self.environment, self.withheld)
            } else {
                LooseCredential::new("_auth", &pair.text)
            };
            (made, pair)
        } else {
            return Ok(());
        };
        bound.place = one.place + &bound.place;
        bound.word = one.word;
        match registry {
            Some(registry) => found.bind(registry, bound),
            None if path.is_empty() => found.loose.push(bound),
            None => found.warnings.push(format!(
                "{} belongs to no registry, since nothing of yours says where the scope is published, and it is sent to none \
                 that the checkout names; write `npmPublishRegistry` beside it",
                bound.place
            )),
        }
        Ok(())
    }

    fn text(&self, sources: &[&Source<'_>], path: &[&str]) -> Result<Option<Found>, ManagerSettingsError> {
        for source in sources {
            let Some((last, maps)) = path.split_last() else { return Ok(None) };
            let mut map = Some(&source.document);
            for key in maps {
                map = map.and_then(|map| map.get(*key)).and_then(Value::as_object);
            }
            match map.and_then(|map| map.get(*last)) {
                None | Some(Value::Null) => {}
                Some(Value::String(text)) => {
                    let place = match &source.place {
                        Place::File(file) => file.place(&path.join(".")),
                        Place::Variable(name) => format!("`{name}` in the environment"),
                    };
                    return Ok(Some(Found { text: with_defaults(text, self.environment), place, word: source.word }));
                }
                Some(_) => return Err(source.wrong_kind(&path.join("."), "a text")),
            }
        }
        Ok(None)
    }
}

/// The keys of a map of maps, over all sources.
fn keys(sources: &[&Source<'_>], key: &str) -> Result<Vec<String>, ManagerSettingsError> {
    let mut keys = Vec::new();
    for source in sources {
        let wrong = || source.wrong_kind(key, "a map of maps");
        match source.document.get(key) {
            None | Some(Value::Null) => {}
            Some(Value::Object(map)) => {
                for (key, value) in map {
                    value.as_object().ok_or_else(wrong)?;
                    if !keys.contains(key) {
                        keys.push(key.clone());
                    }
                }
            }
            Some(_) => return Err(wrong()),
        }
    }
    Ok(keys)
}

impl Source<'_> {
    fn wrong_kind(&self, name: &str, expected: &'static str) -> ManagerSettingsError {
        let place = match &self.place {
            Place::File(file) => file.place(name),
            Place::Variable(name) => format!("`{name}` in the environment"),
        };
        ManagerSettingsError::WrongKind { place, expected, manager: "yarn" }
    }
}

fn setting(key: String, value: &str, found: &Found) -> ManagerSetting {
    ManagerSetting { key, value: value.into(), place: found.place.clone(), word: found.word }
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

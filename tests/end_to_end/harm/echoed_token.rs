//! A registry that repeats the credential in its error text: no text that leaves relay has it.

use std::path::Path;

use base64::Engine as _;

use super::npm_workspaces;
use crate::counting_registry::CountingRegistry;

const TOKEN: &str = "npm_ECHO/echo+0123456789";
const USER: &str = "robot:pA55/wörd-0123456789";

/// All files below a folder whose content has one of these texts.
fn files_with(folder: &Path, texts: &[String], found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files_with(&path, texts, found);
        } else if path.file_name().is_none_or(|name| name != ".npmrc") {
            let content = String::from_utf8_lossy(&std::fs::read(&path).unwrap_or_default()).into_owned();
            found.extend(
                texts.iter().filter(|text| content.contains(*text)).map(|text| format!("{text} in {}", path.display())),
            );
        }
    }
}

#[test]
fn what_a_registry_repeats_of_a_credential_is_struck_out() {
    let base64 = base64::engine::general_purpose::STANDARD.encode(USER);
    let address = "npm_ECHO%2Fecho%2B0123456789";
    for (key, value, echo) in [
        ("_authToken", TOKEN, format!("cannot use Bearer {TOKEN} or https://h.example/?t={address}")),
        ("_auth", base64.as_str(), format!("cannot use Basic {base64}, which is {USER}")),
        ("_authToken", TOKEN, format!("{} {TOKEN}", "x".repeat(580))),
    ] {
        let registry = CountingRegistry::start();
        let mut world = npm_workspaces(&[("a", "\"version\":\"1.0.0\"")]);
        let home = world.beside("home").join(".npmrc");
        std::fs::write(home, format!("registry={}\n{}:{key}={value}\n", registry.url(), registry.config_key()))
            .expect("an .npmrc");
        world.commit("init");
        let said = serde_json::json!({ "error": echo }).to_string();
        registry.tells("PUT", "a", 400, &said);
        world.set("GITHUB_STEP_SUMMARY", world.beside("ci").join("summary.md").to_str().expect("UTF-8"));
        world.set("GITHUB_ACTIONS", "true");
        world.set("RELAY_LOG", "trace");
        let log = world.beside("log").join("events.ndjson");
        let arguments =
            ["publish", "--yes", "--no-push", "--json", "--verbose", "--log-file", log.to_str().expect("UTF-8")];
        let ran = world.relay(&arguments).ended_with(1);
        assert!(ran.stderr.contains("***"), "the registry's words are told: {}", ran.stderr);
        let secrets: Vec<String> =
            [TOKEN, address, "npm_ECHO", &base64, "pA55/wörd", &base64[..12]].map(str::to_owned).into();
        for secret in &secrets {
            assert!(!ran.stdout.contains(secret), "{secret} in stdout: {}", ran.stdout);
            assert!(!ran.stderr.contains(secret), "{secret} in stderr: {}", ran.stderr);
        }
        let mut found = Vec::new();
        for folder in [world.repo(), world.beside("ci"), world.beside("log")] {
            files_with(&folder, &secrets, &mut found);
        }
        assert!(found.is_empty(), "{found:?}");
    }
}

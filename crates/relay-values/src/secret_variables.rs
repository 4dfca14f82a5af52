//! Which environment variables hold credentials, by their names: what scripts and hooks of the repository must not see, and
//! what counts as a registry's.

/// Variables that hold a registry's token by custom. They mean nothing to npm by themselves.
pub const CUSTOMARY_TOKEN_VARIABLES: [&str; 2] = ["NPM_TOKEN", "NODE_AUTH_TOKEN"];

/// Words that make a variable's name that of a credential, wherever they stand in it.
const TELLING: [&str; 9] =
    ["TOKEN", "SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "CREDENTIAL", "APIKEY", "PRIVATEKEY", "ACCESSKEY"];

/// Words that do so when they stand alone between underscores.
const TELLING_ALONE: [&str; 11] =
    ["KEY", "KEYS", "PASS", "PWD_FILE", "ASKPASS", "OTP", "TOTP", "PAT", "JWT", "COOKIE", "NETRC"];

/// Beginnings of names that belong to services which hand out credentials.
const PREFIXES: [&str; 4] = ["AWS_", "AZURE_", "ACTIONS_ID_TOKEN_", "ACTIONS_RUNTIME_"];

/// Says whether a variable's name, or a key of npm's configuration, is that of a credential.
pub fn is_credential_name(name: &str) -> bool {
    let name = name.to_uppercase();
    // npm takes settings for one registry as `npm_config_//host/:_authToken`.
    if name.contains("//") || PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
        return true;
    }
    if TELLING.iter().any(|word| name.contains(word)) {
        return true;
    }
    // `AUTH` but not `AUTHOR`.
    if name
        .match_indices("AUTH")
        .any(|(index, word)| !name.get(index + word.len()..).unwrap_or_default().starts_with("OR"))
    {
        return true;
    }
    name.split(|c: char| !c.is_alphanumeric()).any(|word| TELLING_ALONE.contains(&word) || word.ends_with("KEY"))
}

/// Says whether a variable's name is that of a credential for a package registry, or of what one can be had for: the ID tokens
/// of a CI.
pub fn is_registry_credential_name(name: &str) -> bool {
    let upper = name.to_uppercase();
    let of_a_registry = upper.contains("NPM")
        || upper.contains("NODE_AUTH")
        || upper.starts_with("BUN_CONFIG_")
        || upper.starts_with("ACTIONS_ID_TOKEN")
        || upper.ends_with("_ID_TOKEN");
    of_a_registry && is_credential_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_credentials_are_known() {
        for name in [
            "NPM_TOKEN",
            "NODE_AUTH_TOKEN",
            "NPM_CONFIG__AUTH",
            "npm_config__authToken",
            "npm_config_//registry.example/:_authToken",
            "GITHUB_TOKEN",
            "ACTIONS_ID_TOKEN_REQUEST_URL",
            "AWS_PROFILE",
            "AWS_SECRET_ACCESS_KEY",
            "DB_PASSWORD",
            "DB_PASS",
            "SIGNING_KEY",
            "API_KEY",
            "OPENAI_APIKEY",
            "SSH_AUTH_SOCK",
            "npm_config_otp",
            "GIT_ASKPASS",
            "GOOGLE_APPLICATION_CREDENTIALS",
            "CI_JOB_JWT",
        ] {
            assert!(is_credential_name(name), "{name}");
        }
        for name in [
            "PATH",
            "HOME",
            "GIT_AUTHOR_NAME",
            "npm_config_registry",
            "KEYBOARD",
            "CI",
            "LANG",
            "NODE_OPTIONS",
            "PWD",
            "TERM",
            "XDG_SESSION_ID",
        ] {
            assert!(!is_credential_name(name), "{name}");
        }
    }

    #[test]
    fn those_of_registries_are_told_from_the_others() {
        for name in [
            "NPM_TOKEN",
            "NODE_AUTH_TOKEN",
            "ACME_NPM_TOKEN_UI",
            "YARN_NPM_AUTH_TOKEN",
            "npm_config__auth",
            "npm_config_//a.example/:_authToken",
            "NPM_ID_TOKEN",
            "NPM_CONFIG_OTP",
            "BUN_CONFIG_TOKEN",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
            "ACTIONS_ID_TOKEN_REQUEST_URL",
        ] {
            assert!(is_registry_credential_name(name), "{name}");
        }
        for name in ["GITHUB_TOKEN", "npm_config_registry", "SSH_AUTH_SOCK", "AWS_PROFILE", "PATH", "HOME"] {
            assert!(!is_registry_credential_name(name), "{name}");
        }
    }
}

//! Credentials that stand in the checkout's own files as they are, where everyone and everything in the repository reads them.

/// Says whether a setting is a credential that its text gives away: not a variable's name, and not a placeholder.
pub(super) fn is_given_away(key: &str, value: &str) -> bool {
    let tail = key.rsplit(':').next().unwrap_or(key).to_lowercase();
    let is_secret = matches!(tail.as_str(), "_authtoken" | "_auth" | "_password" | "key" | "otp");
    is_secret && relay_values::no_token(value).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_as_it_is_is_told_from_a_variable_and_from_what_is_no_secret() {
        for (key, value, expected) in [
            ("//registry.example/:_authToken", "npm_abc", true),
            ("//registry.example/path/:_authtoken", "abc", true),
            ("//registry.example/:_password", "c2VjcmV0", true),
            ("_auth", "bWU6c2VjcmV0", true),
            ("//registry.example/:key", "-----BEGIN PRIVATE KEY-----", true),
            ("//registry.example/:_authToken", "${NPM_TOKEN}", false),
            ("//registry.example/:_authToken", "npm_${REST}", false),
            ("//registry.example/:_authToken", "", false),
            ("//registry.example/:_authToken", "XXXXX-XXXXX-XXXXX-XXXXX", false),
            ("//registry.example/:username", "me", false),
            ("//registry.example/:always-auth", "true", false),
            ("//registry.example/:certfile", "/etc/cert.pem", false),
            ("registry", "https://registry.example/", false),
        ] {
            assert_eq!(is_given_away(key, value), expected, "{key}={value}");
        }
    }
}

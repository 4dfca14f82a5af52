//! Settings about the way to a registry: proxies, certificate authorities.

use secrecy::{ExposeSecret as _, SecretString};

use super::NpmConfig;

/// How a registry is reached, where `.npmrc` says so. A proxy's address may hold a password.
#[derive(Debug, Clone, Default)]
pub struct NetworkSettings {
    /// The proxy for all that is not this machine: `https-proxy`, else `proxy`. Without it the variables `HTTPS_PROXY` and
    /// `HTTP_PROXY` count.
    pub proxy: Option<SecretString>,
    /// The hosts that no proxy is used for: `noproxy`, separated by commas. Without it the variable `NO_PROXY` counts.
    pub no_proxy: Option<String>,
    /// More certificate authorities, as PEM text: `ca`.
    pub authorities: Option<String>,
    /// The file with more of them that a person's whole node takes: the variable `NODE_EXTRA_CA_CERTS`.
    pub extra_authorities_file: Option<String>,
    /// The setting that wants certificates left unchecked, for messages: nobody heeds it.
    pub unchecked_by: Option<String>,
}

impl NpmConfig {
    /// The settings about the way to a registry, as npm reads them.
    pub fn network(&self) -> NetworkSettings {
        let said = |key: &str| {
            let value = self.entries.get(key)?.value.expose_secret();
            // npm's words for "not set".
            (!matches!(value, "" | "null" | "false" | "undefined")).then(|| value.to_owned())
        };
        NetworkSettings {
            proxy: said("https-proxy").or_else(|| said("proxy")).map(SecretString::from),
            no_proxy: said("noproxy"),
            // A file has one line for it, so that its line breaks are written as `\n`.
            authorities: said("ca").map(|pem| pem.replace("\\n", "\n")),
            extra_authorities_file: self.node_variable("NODE_EXTRA_CA_CERTS").map(str::to_owned),
            unchecked_by: self.unchecked_by(),
        }
    }

    /// Settings that relay does not heed, each as a sentence.
    pub(super) fn warn_of_what_has_no_effect(&mut self) {
        if let Some(setting) = self.unchecked_by() {
            self.warnings.push(format!(
                "{setting} has no effect: relay checks every certificate; name the authority of your registry by `cafile`"
            ));
        }
    }

    fn unchecked_by(&self) -> Option<String> {
        let by_npm = self.entries.get("strict-ssl").filter(|entry| entry.value.expose_secret() == "false");
        let by_node = || {
            let off = self.node_variable("NODE_TLS_REJECT_UNAUTHORIZED") == Some("0");
            off.then(|| "`NODE_TLS_REJECT_UNAUTHORIZED` in the environment".to_owned())
        };
        by_npm.map(|entry| entry.place.clone()).or_else(by_node)
    }

    fn node_variable(&self, name: &str) -> Option<&str> {
        self.node_variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

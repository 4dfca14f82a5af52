//! Tokens: session tokens from a login, granular access tokens with what they may do.

use std::net::Ipv4Addr;
use std::time::Duration;

use crate::clock::Moment;
use crate::credentials::CredentialUsed;
use crate::trusted::TrustedGrant;

/// The kind of a token to create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// What `npm login` yields: it can do all the account can, and each write needs a second factor. Lives two hours.
    Session,
    /// A granular access token.
    Granular {
        /// Whether it publishes without a second factor where the package allows tokens to.
        bypass: bool,
        /// Whether it may only stage versions.
        stage_only: bool,
        /// The packages (`@scope/name`, `name`) and scopes (`@scope`) it covers; `None` stands for all.
        packages: Option<Vec<String>>,
        /// Whether it may only read.
        read_only: bool,
        /// When it ends; `None` for never.
        expires_in: Option<Duration>,
    },
}

impl TokenKind {
    /// A granular token that bypasses two-factor authentication, for all packages and without an end.
    pub const fn bypass() -> Self {
        Self::Granular { bypass: true, stage_only: false, packages: None, read_only: false, expires_in: None }
    }

    /// A granular token that may only stage versions, of all packages and without an end.
    pub const fn stage_only() -> Self {
        Self::Granular { bypass: false, stage_only: true, packages: None, read_only: false, expires_in: None }
    }

    /// A granular token that does not bypass two-factor authentication, for all packages and without an end.
    pub const fn granular() -> Self {
        Self::Granular { bypass: false, stage_only: false, packages: None, read_only: false, expires_in: None }
    }
}

/// What a granular token may do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) bypass: bool,
    pub(crate) stage_only: bool,
    pub(crate) read_only: bool,
    /// `None` stands for all packages.
    pub(crate) packages: Option<Vec<String>>,
    /// What it stands for where it was exchanged for an identity token.
    pub(crate) trusted: Option<TrustedGrant>,
}

impl Grant {
    /// Tells whether the token's list names the package, its scope, or everything.
    pub(crate) fn covers(&self, package: &str) -> bool {
        let Some(packages) = &self.packages else { return true };
        let scope = package.split_once('/').map(|(scope, _)| scope);
        packages.iter().any(|entry| {
            let entry = entry.strip_suffix("/*").unwrap_or(entry);
            entry == package || entry == "*" || Some(entry) == scope
        })
    }
}

/// What a token is made from.
pub(crate) struct NewToken {
    pub(crate) account: String,
    /// `None` for a session token.
    pub(crate) grant: Option<Grant>,
    /// `None` for one without an end.
    pub(crate) lifetime: Option<Duration>,
}

/// A token as the sandbox knows it.
pub(crate) struct Token {
    pub(crate) value: String,
    pub(crate) key: String,
    pub(crate) account: String,
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    /// `None` for a session token.
    pub(crate) grant: Option<Grant>,
    pub(crate) orgs: Vec<String>,
    pub(crate) created: Moment,
    pub(crate) accessed: Option<Moment>,
    pub(crate) expires: Option<Moment>,
    pub(crate) revoked: bool,
    /// IPv4 networks it may come from; empty stands for any.
    pub(crate) cidr: Vec<String>,
}

impl Token {
    pub(crate) fn alive(&self, now: Moment) -> bool {
        !self.revoked && self.expires.is_none_or(|expires| now < expires)
    }

    /// How writes with this token are recorded.
    pub(crate) fn used_as(&self) -> CredentialUsed {
        match &self.grant {
            None => CredentialUsed::Session,
            Some(grant) if grant.trusted.is_some() => CredentialUsed::Trusted,
            Some(grant) if grant.stage_only => CredentialUsed::StageOnly,
            Some(grant) if grant.bypass => CredentialUsed::Bypass,
            Some(_) => CredentialUsed::Granular,
        }
    }

    /// The form in which lists show it: `npm_aBcD...7890`.
    pub(crate) fn redacted(&self) -> String {
        let head: String = self.value.chars().take(8).collect();
        let tail: String = self.value.chars().skip(self.value.chars().count().saturating_sub(4)).collect();
        format!("{head}...{tail}")
    }

    /// Whether it may be used from the one address that reaches the sandbox.
    pub(crate) fn allows_loopback(&self) -> bool {
        self.cidr.is_empty() || self.cidr.iter().any(|network| network_contains(network, Ipv4Addr::LOCALHOST))
    }
}

/// Tells whether an IPv4 network in CIDR notation contains an address; `false` for anything else.
pub(crate) fn network_contains(network: &str, address: Ipv4Addr) -> bool {
    parse_network(network).is_some_and(|(base, mask)| u32::from(address) & mask == base & mask)
}

/// Reads an IPv4 network in CIDR notation.
pub(crate) fn parse_network(network: &str) -> Option<(u32, u32)> {
    let (base, bits) = network.split_once('/')?;
    let bits: u32 = bits.parse().ok().filter(|bits| *bits <= 32)?;
    let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
    Some((u32::from(base.parse::<Ipv4Addr>().ok()?), mask))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_cover(entries: &[&str], package: &str, covered: bool) {
        let packages = Some(entries.iter().map(|entry| (*entry).to_owned()).collect());
        assert_eq!(Grant { packages, ..Grant::default() }.covers(package), covered, "{entries:?} against {package}");
    }

    #[test]
    fn a_grant_covers_packages_scopes_and_everything() {
        check_cover(&["@a/x"], "@a/x", true);
        check_cover(&["@a/x"], "@a/xy", false);
        check_cover(&["@a"], "@a/x", true);
        check_cover(&["@a/*"], "@a/x", true);
        check_cover(&["@a"], "@ab/x", false);
        check_cover(&["x"], "x", true);
        check_cover(&["*"], "y", true);
        check_cover(&[], "y", false);
        assert!(Grant::default().covers("anything"));
    }

    #[test]
    fn networks_are_ipv4_cidr() {
        let home = Ipv4Addr::LOCALHOST;
        assert!(network_contains("127.0.0.0/8", home));
        assert!(network_contains("0.0.0.0/0", home));
        assert!(!network_contains("10.0.0.0/8", home));
        assert!(!network_contains("127.0.0.1", home));
        assert!(!network_contains("127.0.0.1/33", home));
        assert!(!network_contains("::1/128", home));
    }
}

//! What is said twice and differently, so that nobody can tell which is meant.

use std::collections::BTreeMap;

use relay_config::{Config, Policy};
use relay_plan::{Finding, Severity};
use relay_values::{CredentialId, RegistryUrl};
use relay_workspace::PackageName;

use crate::session::Session;

/// Credentials that one file has twice.
pub(crate) fn of_credentials(session: &Session) -> impl Iterator<Item = Finding> + '_ {
    session.npm.contradictions().iter().map(|place| Finding {
        severity: Severity::Error,
        package: None,
        text: format!("{place}, and npm takes the last one"),
        help: Some("take out the one that is not meant; `[[credential]]` in relay.toml can name several, each for its packages".to_owned()),
    })
}

/// Policies that never count, since those before them say something else for all of their packages.
pub(crate) fn of_policies(config: &Config, names: &[&PackageName]) -> Vec<Finding> {
    let mut found = Vec::new();
    for (at, policy) in config.policy.iter().enumerate() {
        let earlier = config.policy.get(..at).unwrap_or_default();
        let access = |policy: &Policy| policy.publishing_access.map(|access| format!("\"{}\"", access.as_str()));
        let routes = |policy: &Policy| {
            let words = policy.routes.as_ref()?.iter().map(|route| format!("\"{}\"", route.as_str()));
            Some(format!("[{}]", words.collect::<Vec<_>>().join(", ")))
        };
        found.extend(never_counts((policy, at), earlier, names, ("publishing-access", access)));
        found.extend(never_counts((policy, at), earlier, names, ("routes", routes)));
    }
    found
}

/// The complaint about one key of a policy, where it counts for no package.
fn never_counts(
    (policy, at): (&Policy, usize),
    earlier: &[Policy],
    names: &[&PackageName],
    (key, value): (&str, impl Fn(&Policy) -> Option<String>),
) -> Option<Finding> {
    let own = value(policy)?;
    let mut other = None;
    let mut covered = names.iter().filter(|name| policy.packages.matches(name)).peekable();
    covered.peek()?;
    for name in covered {
        let mut first = earlier.iter().enumerate().filter(|(_, one)| one.packages.matches(name));
        let (before, said) = first.find_map(|(before, one)| Some((before, value(one)?)))?;
        if said != own {
            other = other.or(Some((before, said, *name)));
        }
    }
    let (before, said, name) = other?;
    Some(Finding {
        severity: Severity::Error,
        package: None,
        text: format!(
            "policies in relay.toml contradict each other: number {} says `{key} = {own}` and never counts, since number {} says \
             `{key} = {said}` before it, for `{name}` and all others that it is about",
            at + 1,
            before + 1
        ),
        help: Some(
            "take one of them out, or put the one with fewer packages first: the first that matches counts".to_owned(),
        ),
    })
}

/// Credentials for one registry that belong to different accounts.
pub(crate) fn of_accounts<'a>(accounts: impl Iterator<Item = (&'a CredentialId, &'a String)>) -> Vec<Finding> {
    let mut by_registry: BTreeMap<&RegistryUrl, BTreeMap<&String, &CredentialId>> = BTreeMap::new();
    for (id, account) in accounts {
        by_registry.entry(&id.registry).or_default().entry(account).or_insert(id);
    }
    let mixed = by_registry.into_iter().filter(|(_, accounts)| accounts.len() > 1);
    mixed
        .map(|(registry, accounts)| {
            let shown: Vec<String> =
                accounts.iter().map(|(account, id)| format!("`{account}` (from {id})")).collect();
            Finding {
                severity: Severity::Warning,
                package: None,
                text: format!("the credentials for `{registry}` belong to different accounts: {}", shown.join(", ")),
                help: Some(
                    "each package's route says which one it uses; log out of the one that is not meant (`relay auth logout`), or \
                     name its packages in `[[credential]]`"
                        .to_owned(),
                ),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policies(text: &str) -> Vec<String> {
        let config = Config::parse("relay.toml", text).unwrap();
        let names = ["a", "b"].map(|text| PackageName::parse(text).unwrap());
        let names: Vec<&PackageName> = names.iter().collect();
        of_policies(&config, &names).into_iter().map(|finding| finding.text).collect()
    }

    #[test]
    fn a_policy_that_never_counts_contradicts_and_one_for_the_rest_does_not() {
        let policy = |packages: &str, access: &str| {
            format!("[[policy]]\npackages = [{packages}]\npublishing-access = \"{access}\"\n")
        };
        let (all, one) = ("\"*\"", "\"a\"");
        let of = |first: (&str, &str), second: (&str, &str)| {
            policies(&format!("{}{}", policy(first.0, first.1), policy(second.0, second.1)))
        };
        assert_eq!(of((one, "publish"), (all, "automation")), [""; 0], "the second one is for the rest");
        assert_eq!(of((all, "publish"), (one, "publish")), [""; 0], "they agree");
        assert_eq!(of((all, "publish"), ("\"elsewhere\"", "none")), [""; 0], "it is about no package: told elsewhere");
        let [told] = <[String; 1]>::try_from(of((all, "publish"), (one, "automation"))).unwrap();
        assert!(told.contains("number 2 says `publishing-access = \"automation\"` and never counts"), "{told}");
        assert!(told.contains("number 1 says `publishing-access = \"publish\"`"), "{told}");
        let routes = "[[policy]]\npackages = [\"a\"]\nroutes = [\"token\"]\n[[policy]]\npackages = [\"a\"]\nroutes = [\"plain\"]\n";
        assert!(policies(routes)[0].contains("routes = [\"plain\"]"));
    }

    #[test]
    fn two_accounts_at_one_registry_are_told_and_one_at_each_of_two_is_not() {
        let id = |registry: &str, origin: &str| CredentialId::made(registry.parse().unwrap(), origin);
        let (one, other) = ("http://registry.example/", "http://other.example/");
        let told = |all: &[(CredentialId, &str)]| {
            let all: Vec<_> = all.iter().map(|(id, account)| (id.clone(), (*account).to_owned())).collect();
            of_accounts(all.iter().map(|(id, account)| (id, account))).len()
        };
        assert_eq!(told(&[(id(one, "token"), "captain"), (id(one, "session"), "captain")]), 0);
        assert_eq!(told(&[(id(one, "token"), "captain"), (id(other, "token"), "mate")]), 0);
        assert_eq!(told(&[(id(one, "token"), "captain"), (id(one, "session"), "mate")]), 1);
    }
}

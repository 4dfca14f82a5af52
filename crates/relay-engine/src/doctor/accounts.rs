//! Registries and clocks, credentials and their accounts, who may publish what.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join;
use futures_util::stream::{self, StreamExt};
use jiff::{SignedDuration, ToSpan};
use relay_config::{AccessSource, CredentialKind, RegistryRules};
use relay_plan::EXPIRY_WARNING_DAYS;
use relay_registry::{RegistryUrl, TwoFactor};
use relay_values::CredentialId;
use relay_workspace::PackageName;

use super::{Area, Check, Verdict, at, of_findings};
use crate::account::sessions::SESSION_LIFETIME;
use crate::learnt::Learnt;
use crate::observe::contradictions;
use crate::project::Project;
use crate::session::{KnownCredential, Session};

/// A clock that is further off than this makes tokens and signatures look expired, or not yet good.
const CLOCK_APART_MAX: SignedDuration = SignedDuration::from_mins(2);
/// Registries and accounts that are asked at once.
const IN_FLIGHT: usize = 16;
/// How many names a line has at most.
const NAMES_SHOWN: usize = 5;

/// What goes to one registry.
struct Place {
    destination: RegistryUrl,
    rules: RegistryRules,
    packages: Vec<PackageName>,
    credentials: BTreeMap<CredentialId, KnownCredential>,
    problems: BTreeSet<String>,
}

pub(super) async fn examine(project: &Project, session: &Session, learnt: &Learnt) -> Vec<Check> {
    let mut checks = Vec::new();
    let mut places: BTreeMap<RegistryUrl, Place> = BTreeMap::new();
    for package in project.workspace.packages.iter().filter(|package| package.is_publishable()) {
        let name = &package.name;
        let choice = match session.npm.registry_for(name, package.manifest.fields().get("publishConfig")) {
            Ok(choice) => choice,
            Err(error) => {
                checks.push(Check::bad(
                    Area::Registry,
                    format!("`{name}`: {error}"),
                    "correct the setting that it names",
                ));
                continue;
            }
        };
        checks.extend(
            choice.warning.map(|text| Check::bad(Area::Registry, text, "`relay plan` shows where each package goes")),
        );
        let (destination, rules) = session.destination(&choice.url, &project.config);
        let place = places.entry(choice.url.clone()).or_insert_with(|| Place {
            destination,
            rules,
            packages: Vec::new(),
            credentials: BTreeMap::new(),
            problems: BTreeSet::new(),
        });
        place.packages.push(name.clone());
        for known in session.credentials(name, &choice.url, &project.config) {
            place.credentials.entry(known.fact.id.clone()).or_insert(known);
        }
        place.problems.extend(session.credential_problems(name, &choice.url, &project.config));
    }
    if places.is_empty() {
        checks.push(Check::not_checked(Area::Registry, "no package here is published", None));
    }
    checks.extend(of_findings(Area::Account, contradictions::of_credentials(session)));
    let names: Vec<&PackageName> = project.workspace.packages.iter().map(|package| &package.name).collect();
    checks.extend(of_findings(Area::Packages, contradictions::of_policies(&project.config, &names)));
    for (registry, place) in &places {
        checks.extend(offline_half(session, registry, place));
        checks.push(publishing_access(project, learnt, (registry, place)));
    }
    if session.offline {
        checks.push(Check::not_checked(Area::Registry, "no registry was asked (`--offline`)", None));
        return checks;
    }
    let questions = places.iter().map(|(registry, place)| async move {
        let (reached, accounts) = join(clock(session, registry, place), accounts(session, registry, place)).await;
        [reached, accounts].concat()
    });
    let mut answers = stream::iter(questions).buffered(IN_FLIGHT);
    while let Some(found) = answers.next().await {
        checks.extend(found);
    }
    checks
}

/// What the settings alone tell of the credentials of a registry.
fn offline_half(session: &Session, registry: &RegistryUrl, place: &Place) -> Vec<Check> {
    let log_in = format!("`relay auth login {}`", at(registry));
    let fix = format!("put that right, or log in: {log_in}");
    // Beside a credential that is at hand it is in nobody's way, and may be meant so.
    let verdict = if place.credentials.is_empty() { Verdict::Bad } else { Verdict::NotChecked };
    let problem = |text: &String| Check { area: Area::Account, verdict, text: text.clone(), fix: Some(fix.clone()) };
    let mut checks: Vec<Check> = place.problems.iter().map(problem).collect();
    if place.credentials.is_empty() {
        checks.push(Check::bad(
            Area::Account,
            format!("no credential for `{registry}` is at hand"),
            format!("log in: {log_in}"),
        ));
    }
    for (id, known) in &place.credentials {
        let Some(expires) = known.fact.expires else { continue };
        let (today, renew) =
            (session.today(), "make a new one with `npm token create`, and correct `expires` of its `[[credential]]`");
        let soon = today.checked_add(EXPIRY_WARNING_DAYS.days()).unwrap_or(today);
        checks.push(if expires < today {
            Check::bad(Area::Account, format!("the credential from {id} expired on {expires}"), renew)
        } else if expires <= soon {
            Check::bad(Area::Account, format!("the credential from {id} expires on {expires}"), renew)
        } else {
            Check::good(Area::Account, format!("the credential from {id} is good until {expires}"))
        });
    }
    checks
}

/// What is known of who may publish the packages of a registry.
fn publishing_access(project: &Project, learnt: &Learnt, (registry, place): (&RegistryUrl, &Place)) -> Check {
    let source = |name: &PackageName| match () {
        () if project.config.declared_access(name).is_some() => AccessSource::Declared,
        () if learnt.access(registry, name).is_some() => AccessSource::Learnt,
        () => AccessSource::Default,
    };
    let count = |wanted: AccessSource| place.packages.iter().filter(|name| source(name) == wanted).count();
    let (declared, learnt, unknown) =
        (count(AccessSource::Declared), count(AccessSource::Learnt), count(AccessSource::Default));
    let text = format!(
        "publishing access at `{registry}`: {declared} declared, {learnt} learnt from refusals, {unknown} taken for the registry's default"
    );
    if unknown == 0 || place.rules == RegistryRules::Plain {
        return Check::good(Area::Packages, text);
    }
    let fix = "no registry tells it: say it in relay.toml (`[[policy]]` with `publishing-access`), so that no upload is refused for it";
    Check::not_checked(Area::Packages, text, Some(fix.to_owned()))
}

/// Whether the registry answers, and what its clock says beside ours.
async fn clock(session: &Session, registry: &RegistryUrl, place: &Place) -> Vec<Check> {
    let its = match session.client.time_of(&place.destination).await {
        Ok(time) => time,
        Err(error) => {
            let fix = format!(
                "try it by hand: `npm ping --registry={registry}`; look at the address, at proxies and certificates"
            );
            return vec![Check::bad(Area::Registry, format!("`{registry}` can't be reached: {error}"), fix)];
        }
    };
    let mut checks = vec![Check::good(Area::Registry, format!("`{registry}` answers"))];
    checks.push(match its {
        None => Check::not_checked(Area::Registry, format!("`{registry}` tells no time to compare this clock with"), None),
        Some(its) => {
            let apart = session.now.duration_since(its);
            if apart.abs() <= CLOCK_APART_MAX {
                Check::good(Area::Registry, format!("this machine's clock agrees with that of `{registry}`"))
            } else {
                let (seconds, side) = (apart.abs().as_secs(), if apart.is_negative() { "behind" } else { "ahead of" });
                Check::bad(
                    Area::Registry,
                    format!("this machine's clock is {seconds} s {side} that of `{registry}`, so that codes and identity tokens are refused"),
                    "set it: `sudo timedatectl set-ntp true`",
                )
            }
        }
    });
    checks
}

/// Whose the credentials of a registry are, and what they may do.
async fn accounts(session: &Session, registry: &RegistryUrl, place: &Place) -> Vec<Check> {
    let client = &session.client;
    let usable = place.credentials.iter().filter(|(_, known)| !known.credential.is_withheld());
    let questions = usable.map(|(id, known)| async move {
        let credential = &known.credential;
        let whoami = client.whoami(&place.destination, credential);
        let (account, profile) = join(whoami, client.profile(&place.destination, credential)).await;
        let packages = match &account {
            Ok(Some(account)) => client.packages_of(&place.destination, account, credential).await,
            _ => None,
        };
        (id, known, account, profile.ok().flatten(), packages)
    });
    let mut answers = stream::iter(questions).buffered(IN_FLIGHT);
    let (mut checks, mut owners) = (Vec::new(), BTreeMap::new());
    let mut writable: Option<BTreeMap<String, bool>> = None;
    while let Some((id, known, account, profile, packages)) = answers.next().await {
        match account {
            Ok(Some(account)) => {
                checks.push(Check::good(Area::Account, format!("the credential from {id} belongs to `{account}`")));
                owners.insert(id, account);
            }
            Ok(None) if place.rules == RegistryRules::Npm => {
                checks.push(Check::bad(
                    Area::Account,
                    format!("`{registry}` does not know the credential from {id}: it expired or was revoked"),
                    format!("log in: `relay auth login {}`, or make a new token: `npm token create`", at(registry)),
                ));
                continue;
            }
            Ok(None) | Err(_) => {
                let text = format!("`{registry}` does not tell whose the credential from {id} is");
                checks.push(Check::not_checked(Area::Account, text, None));
            }
        }
        if place.rules == RegistryRules::Npm {
            checks.push(second_factor(
                registry,
                id,
                profile.as_ref().map(|profile| (profile.name.as_str(), profile.two_factor)),
            ));
        }
        if known.fact.kind == CredentialKind::Session || profile.is_some() {
            checks.push(session_left(session, registry, (id, known)));
        }
        if let Some(packages) = packages {
            let all = writable.get_or_insert_default();
            for (name, may_write) in packages {
                *all.entry(name).or_default() |= may_write;
            }
        }
    }
    checks.extend(of_findings(
        Area::Account,
        contradictions::of_accounts(owners.iter().map(|(id, account)| (*id, account))),
    ));
    if let Some(writable) = writable {
        let account = owners.values().next().map(String::as_str);
        checks.push(owner_rights(registry, place, (&writable, account)));
    } else if !owners.is_empty() {
        let fix = format!("`npm access list packages --registry={registry}` may tell");
        checks.push(Check::not_checked(
            Area::Packages,
            format!("`{registry}` does not tell which packages may be written"),
            Some(fix),
        ));
    }
    checks
}

fn second_factor(registry: &RegistryUrl, id: &CredentialId, profile: Option<(&str, TwoFactor)>) -> Check {
    match profile {
        None => Check::not_checked(
            Area::Account,
            format!(
                "whether its account has a second factor, the credential from {id} may not ask: only a session may"
            ),
            Some(format!("log in and look: `relay auth login {0}`, `relay auth 2fa {0}`", at(registry))),
        ),
        Some((account, two_factor)) if two_factor.is_on() => {
            Check::good(Area::Account, format!("the account `{account}` has a second factor"))
        }
        Some((account, _)) => Check::bad(
            Area::Account,
            format!("the account `{account}` has no second factor, and the registry publishes nothing for it"),
            format!("turn it on: `relay auth 2fa {}`", at(registry)),
        ),
    }
}

fn session_left(session: &Session, registry: &RegistryUrl, (id, known): (&CredentialId, &KnownCredential)) -> Check {
    let lifetime = SignedDuration::try_from(SESSION_LIFETIME).unwrap_or_default();
    let ends = session.begun.since(&known.credential).and_then(|since| since.checked_add(lifetime).ok());
    match ends {
        None => {
            let text = format!(
                "the session from {id} was begun by another program, so that its end (two hours after that) is not known"
            );
            Check::not_checked(Area::Account, text, None)
        }
        Some(ends) if ends > session.now => {
            Check::good(Area::Account, format!("the session from {id} lasts until {}", ends.strftime("%H:%M UTC")))
        }
        Some(ends) => Check::bad(
            Area::Account,
            format!("the session from {id} ended at {}", ends.strftime("%H:%M UTC")),
            format!("log in: `relay auth login {}`", at(registry)),
        ),
    }
}

fn owner_rights(
    registry: &RegistryUrl,
    place: &Place,
    (writable, account): (&BTreeMap<String, bool>, Option<&str>),
) -> Check {
    let not_writable: Vec<_> =
        place.packages.iter().filter(|name| writable.get(name.as_str()) == Some(&false)).collect();
    let mut shown: Vec<String> = not_writable.iter().take(NAMES_SHOWN).map(|name| format!("`{name}`")).collect();
    if let Some(more @ 1..) = not_writable.len().checked_sub(NAMES_SHOWN) {
        shown.push(format!("{more} more"));
    }
    if let Some(first) = not_writable.first() {
        return Check::bad(
            Area::Packages,
            format!("at `{registry}` these may only be read: {}", shown.join(", ")),
            format!("have a maintainer run `npm owner add {} {first}`", account.unwrap_or("<account>")),
        );
    }
    let all = place.packages.len();
    let known = place.packages.iter().filter(|name| writable.contains_key(name.as_str())).count();
    if known == all {
        return Check::good(Area::Packages, format!("all {known} packages may be written at `{registry}`"));
    }
    let text = format!(
        "{known} of {all} packages are listed at `{registry}` as writable; the others are new there, or somebody else's"
    );
    Check::not_checked(Area::Packages, text, Some("`relay plan` tells of each".to_owned()))
}

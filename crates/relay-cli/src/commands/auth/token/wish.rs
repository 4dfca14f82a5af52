//! What a new token is to be, from the command line: checked before anything is asked for, and cut to what one token may name.

use jiff::civil::Date;
use relay_config::CredentialKind;
use relay_registry::{
    TOKEN_ORGS_MAX, TOKEN_PACKAGES_MAX, TokenPermission, TokenWish, WRITE_TOKEN_DAYS_DEFAULT, WRITE_TOKEN_DAYS_MAX,
};
use relay_workspace::PackageName;

use super::days_until;
use crate::cli::auth::token::{CreateArgs, OrgPermissionArg, PermissionArg};
use crate::error::CliError;

/// The longest life that is taken, in days.
const DAYS_MAX: u32 = 36_500;

/// Reads what is wanted: one wish, or several where it names more than a token may. `workspace`: the published packages of the
/// workspace, where they are meant.
pub(super) fn wishes(args: &CreateArgs, workspace: &[PackageName], today: Date) -> Result<Vec<TokenWish>, CliError> {
    let usage = |text: String| CliError::usage(text).code("relay::auth::token_wish");
    let name = args.name.trim();
    if name.is_empty() {
        return Err(usage("a token needs a name, by which it is found again".to_owned()));
    }
    let mut packages: Vec<String> = workspace.iter().map(ToString::to_string).collect();
    for package in &args.packages {
        let parsed = PackageName::parse(package).map_err(|error| usage(format!("`--package {package}`: {error}")))?;
        packages.push(parsed.to_string());
    }
    sorted(&mut packages);
    let mut scopes = Vec::new();
    for scope in &args.scopes {
        scopes.push(scope_of(scope).ok_or_else(|| usage(format!("`--scope {scope}`: a scope is such as `@acme`")))?);
    }
    sorted(&mut scopes);
    let mut orgs: Vec<String> = args.orgs.iter().map(|org| org.trim().trim_start_matches('@').to_owned()).collect();
    sorted(&mut orgs);
    let names_packages = args.packages_all || !packages.is_empty() || !scopes.is_empty();
    if !names_packages && orgs.is_empty() {
        return Err(usage(
            "the token reaches nothing: say `--package`, `--workspace`, `--scope`, `--packages-all` or `--org`"
                .to_owned(),
        ));
    }
    if !names_packages && args.permission.is_some_and(|permission| permission != PermissionArg::Read) {
        return Err(usage("an organisation gives a token no right to publish its packages".to_owned())
            .hint("name the packages (`--package`, `--workspace`) or the scope (`--scope`)"));
    }
    let permission = match args.permission {
        _ if !names_packages => TokenPermission::NoAccess,
        None | Some(PermissionArg::Read) => TokenPermission::Read,
        Some(PermissionArg::Write) => TokenPermission::Write,
        Some(PermissionArg::StageOnly) => TokenPermission::StageOnly,
    };
    let orgs_permission = match args.org_permission {
        _ if orgs.is_empty() => TokenPermission::NoAccess,
        None | Some(OrgPermissionArg::Read) => TokenPermission::Read,
        Some(OrgPermissionArg::Write) => TokenPermission::Write,
    };
    if orgs.len() > TOKEN_ORGS_MAX {
        return Err(usage(format!(
            "a token names at most {TOKEN_ORGS_MAX} organisations, and these are {}",
            orgs.len()
        )));
    }
    if let Some(wrong) = args.cidr.iter().find(|network| !is_network(network)) {
        return Err(usage(format!("`--cidr {wrong}`: an IPv4 network is such as `10.0.0.0/8`; npm takes no IPv6")));
    }
    let writes = permission.writes() || orgs_permission.writes();
    let days = args.expires.as_deref().map(|text| days_of(text, today).map_err(usage)).transpose()?;
    if writes && days.is_some_and(|days| days > WRITE_TOKEN_DAYS_MAX) {
        return Err(usage(format!("a token that may write lives at most {WRITE_TOKEN_DAYS_MAX} days at npm")));
    }
    let whole = TokenWish {
        name: name.to_owned(),
        description: args.description.clone().filter(|text| !text.trim().is_empty()),
        packages,
        packages_all: args.packages_all,
        scopes,
        orgs,
        permission,
        orgs_permission,
        // Said, so that what is printed for `relay.toml` is what counts.
        days: days.or(writes.then_some(WRITE_TOKEN_DAYS_DEFAULT)),
        cidr: args.cidr.clone(),
        bypass: args.bypass_two_factor,
    };
    Ok(split(whole))
}

/// One token names so many packages and scopes; the rest goes to further ones, evenly, so that none is made for a single name.
fn split(whole: TokenWish) -> Vec<TokenWish> {
    let count = whole.packages.len() + whole.scopes.len();
    if count <= TOKEN_PACKAGES_MAX {
        return vec![whole];
    }
    let parts = count.div_ceil(TOKEN_PACKAGES_MAX);
    let names: Vec<&String> = whole.scopes.iter().chain(&whole.packages).collect();
    names
        .chunks(count.div_ceil(parts))
        .enumerate()
        .map(|(at, names)| {
            let is_scope = |name: &&&String| name.starts_with('@') && !name.contains('/');
            TokenWish {
                name: format!("{}-{}", whole.name, at + 1),
                scopes: names.iter().filter(is_scope).map(|name| (*name).clone()).collect(),
                packages: names.iter().filter(|name| !is_scope(name)).map(|name| (*name).clone()).collect(),
                ..whole.clone()
            }
        })
        .collect()
}

/// What kind of credential a wish makes, in the words of `relay.toml`.
pub(super) fn kind(wish: &TokenWish) -> CredentialKind {
    match wish.permission {
        TokenPermission::StageOnly => CredentialKind::GranularStage,
        _ if wish.bypass => CredentialKind::GranularBypass,
        _ => CredentialKind::Granular,
    }
}

/// The variable that is to hold a token: the one that was asked for, else made of its name.
pub(super) fn variable(wished: Option<&str>, wish: &TokenWish, number: Option<usize>) -> String {
    let from_name = || {
        let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
        format!("NPM_TOKEN_{}", wish.name.chars().map(letter).collect::<String>())
    };
    match (wished, number) {
        (Some(wished), Some(number)) => format!("{wished}_{number}"),
        (Some(wished), None) => wished.to_owned(),
        (None, _) => from_name(),
    }
}

fn days_of(text: &str, today: Date) -> Result<u32, String> {
    let wrong = || format!("`--expires {text}`: a number of days or a day such as 2027-01-31");
    if let Ok(days) = text.parse::<u32>() {
        return if (1..=DAYS_MAX).contains(&days) { Ok(days) } else { Err(wrong()) };
    }
    let day: Date = text.parse().map_err(|_| wrong())?;
    match u32::try_from(days_until(day, today)) {
        Ok(days) if days > 0 => Ok(days),
        _ => Err(format!("`--expires {text}`: that day is not after today ({today})")),
    }
}

fn scope_of(text: &str) -> Option<String> {
    let name = text.trim().strip_prefix('@').unwrap_or(text.trim());
    // A scope is one in which some package can be.
    PackageName::parse(&format!("@{name}/x")).ok().map(|_| format!("@{name}"))
}

fn is_network(text: &str) -> bool {
    let parts = text.split_once('/');
    parts.is_some_and(|(base, bits)| {
        base.parse::<std::net::Ipv4Addr>().is_ok() && bits.parse::<u8>().is_ok_and(|bits| bits <= 32)
    })
}

fn sorted(names: &mut Vec<String>) {
    names.sort();
    names.dedup();
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: CreateArgs,
    }

    const TODAY: Date = jiff::civil::date(2026, 11, 30);

    fn read(line: &str, workspace: usize) -> Result<Vec<TokenWish>, CliError> {
        let args = Line::parse_from(std::iter::once("create").chain(line.split(' '))).args;
        let workspace: Vec<PackageName> =
            (0..workspace).map(|number| PackageName::parse(&format!("@acme/p{number:03}")).unwrap()).collect();
        wishes(&args, &workspace, TODAY)
    }

    #[track_caller]
    fn wrong(line: &str, words: &str) {
        let error = read(line, 0).unwrap_err();
        assert!(error.message().contains(words), "{line}: {error}");
    }

    #[test]
    fn what_is_said_is_what_is_wished() {
        let wish =
            read("ci --package b,a --scope acme --org @sea --permission write --bypass-2fa --expires 2026-12-10", 0);
        let [wish] = wish.unwrap().try_into().unwrap();
        assert_eq!(
            (wish.packages, wish.scopes, wish.orgs),
            (vec!["a".into(), "b".into()], vec!["@acme".into()], vec!["sea".into()])
        );
        assert_eq!((wish.permission, wish.orgs_permission), (TokenPermission::Write, TokenPermission::Read));
        assert_eq!((wish.days, wish.bypass), (Some(10), true));
        let [wish] = read("ci --org sea", 0).unwrap().try_into().unwrap();
        assert_eq!((wish.permission, wish.days), (TokenPermission::NoAccess, None));
        let [wish] = read("ci --packages-all --permission stage-only", 0).unwrap().try_into().unwrap();
        assert_eq!((wish.days, kind(&wish)), (Some(WRITE_TOKEN_DAYS_DEFAULT), CredentialKind::GranularStage));
    }

    #[test]
    fn what_npm_would_refuse_is_said_before_anybody_is_asked() {
        wrong("ci", "reaches nothing");
        wrong("ci --org sea --permission write", "no right to publish");
        wrong("ci --packages-all --permission write --expires 91", "at most 90 days");
        wrong("ci --packages-all --expires 0", "a number of days");
        wrong("ci --packages-all --expires 2026-11-30", "not after today");
        wrong("ci --packages-all --expires soon", "a number of days");
        wrong("ci --packages-all --cidr ::1/128", "no IPv6");
        wrong("ci --package A/b/c", "`--package A/b/c`");
        wrong("ci --scope @a/b", "a scope is such as");
        assert!(read("ci --packages-all --expires 400", 0).is_ok(), "one that only reads may live long");
    }

    #[test]
    fn more_than_a_token_may_name_goes_to_several_evenly() {
        assert_eq!(read("ci --workspace", 50).unwrap().len(), 1);
        let wishes = read("ci --workspace --scope @other", 101).unwrap();
        let sizes: Vec<usize> = wishes.iter().map(|wish| wish.packages.len() + wish.scopes.len()).collect();
        assert_eq!(sizes, [34, 34, 34]);
        assert_eq!(wishes.iter().map(|wish| wish.name.as_str()).collect::<Vec<_>>(), ["ci-1", "ci-2", "ci-3"]);
        let scopes: Vec<usize> = wishes.iter().map(|wish| wish.scopes.len()).collect();
        assert_eq!(scopes, [1, 0, 0]);
        let mut names: Vec<String> = wishes.iter().flat_map(|wish| wish.packages.clone()).collect();
        sorted(&mut names);
        assert_eq!(names.len(), 101);
        assert_eq!(variable(None, &wishes[1], Some(2)), "NPM_TOKEN_CI_2");
        assert_eq!(variable(Some("X"), &wishes[1], Some(2)), "X_2");
    }
}

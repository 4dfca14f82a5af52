//! Reports as they are read, and the parts that the tests of other files need too.

use relay_engine::state::{Evidence, Failure, Parked};

use super::*;

/// A package of a report.
pub(crate) fn package(name: &str, outcome: Outcome) -> PackageReport {
    PackageReport {
        name: name.parse().unwrap(),
        path: format!("packages/{}", name.rsplit('/').next().unwrap()),
        version: relay_workspace::Version::new(1, 2, 3),
        registry: "https://registry.example/".parse().unwrap(),
        route: RouteKind::Token,
        reason: String::new(),
        uploads: 1,
        tag: "latest".parse().unwrap(),
        outcome,
    }
}

/// What [`render`] says below the table.
fn below_the_table(packages: Vec<PackageReport>, world: World) -> String {
    let report = RunReport { packages, ..RunReport::new() };
    let text = render(&report, world, Layout::Log);
    text.splitn(3, "\n\n").nth(2).unwrap().to_owned()
}

fn interrupted() -> Vec<PackageReport> {
    let parked = |in_flight| Outcome::Parked(Parked::Interrupted { in_flight, accepted: false });
    ["a", "b", "c", "d"].into_iter().map(|name| package(name, parked(name == "b"))).collect()
}

#[test]
fn nothing_to_do_is_said_in_one_line() {
    let text = render(&RunReport::new(), World::Real, Layout::Log);
    assert_eq!(text, "Nothing to publish: the registry has what the manifests say.\n");
}

#[test]
fn how_an_interrupted_run_goes_on_is_said_once() {
    assert_eq!(
        below_the_table(interrupted(), World::Real),
        "a 1.2.3, c 1.2.3, d 1.2.3: interrupted before it was done\n\
         b 1.2.3: interrupted while its upload was under way: whether it arrived is for the next run to find out\n  \
         help: run the same command again: it goes on with what is unfinished\n"
    );
}

#[test]
fn an_interrupted_rehearsal_has_nothing_to_go_on_with() {
    let text = below_the_table(interrupted(), World::Rehearsal);
    assert!(!text.contains("again") && !text.contains("next run"), "{text}");
    assert!(
        text.ends_with(
            "\n  help: nothing outside was touched and nothing is left to go on with: this was a rehearsal\n"
        ),
        "{text}"
    );
}

#[test]
fn packages_with_different_advice_stand_apart() {
    let parked = package("a", Outcome::Parked(Parked::Visibility { waited_seconds: 60, evidence: Evidence::Answer }));
    let failed = package("b", Outcome::Failed(Failure::Unreachable { cause: "reset".to_owned() }));
    let text = below_the_table(vec![parked, failed], World::Real);
    assert_eq!(
        text,
        "a 1.2.3: accepted, but the registry did not show it within 1 min\n  \
         help: run the same command again: it goes on with what is unfinished\n\n\
         b 1.2.3: it could not be sent: reset\n  help: run the same command again\n"
    );
}

#[test]
fn advice_names_the_package_and_its_registry() {
    let refusal = relay_registry::Refusal {
        status: 404,
        code: relay_registry::RefusalCode::MaskedForbidden,
        text: "Not found".to_owned(),
        package: None,
    };
    let text = below_the_table(vec![package("@acme/core", Outcome::Failed(Failure::Refused(refusal)))], World::Real);
    assert!(text.contains("`npm whoami --registry=https://registry.example/`"), "{text}");
    assert!(text.contains("`npm access list collaborators @acme/core`"), "{text}");
}

#[test]
fn advice_for_several_packages_is_said_once_and_names_what_they_share() {
    let refusal = |package: &str| relay_registry::Refusal {
        status: 403,
        code: relay_registry::RefusalCode::TokensDisallowed,
        text: "no".to_owned(),
        package: Some(package.parse().unwrap()),
    };
    let failed = |name| package(name, Outcome::Failed(Failure::Refused(refusal(name))));
    let text = below_the_table(vec![failed("a"), failed("b")], World::Real);
    assert_eq!(text.matches("help: publish it as a person").count(), 1, "{text}");
    assert!(text.contains("a 1.2.3, b 1.2.3: "), "{text}");
    assert!(text.contains("`npm login --registry=https://registry.example/`"), "{text}");
    assert!(text.contains("`npm access set mfa=automation <package>`"), "{text}");
}

#[test]
fn nothing_is_wider_than_the_terminal() {
    let why = "the registry asks for a second factor and nobody is here to answer".to_owned();
    let mut packages = interrupted();
    packages.push(package("e", Outcome::Parked(Parked::Person { why })));
    let reason = "the `[[credential]]` of `relay.toml` says that the token of `.npmrc` bypasses the second factor";
    let published = Outcome::Live { how: How::Published };
    packages.push(PackageReport { reason: reason.to_owned(), ..package("f", published) });
    let problems =
        vec!["the tags were not pushed: the remote `origin` refused them, since they are protected".to_owned()];
    let report = RunReport { packages, problems, ..RunReport::new() };
    for columns in [40, 80] {
        let text = render(&report, World::Real, Layout::Terminal { columns });
        assert!(text.lines().all(|line| line.chars().count() <= columns), "{text}");
    }
    insta::assert_snapshot!(render(&report, World::Real, Layout::Terminal { columns: 60 }));
}

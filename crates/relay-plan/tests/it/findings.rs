//! What preflight finds, and what it lets pass.

use relay_change::Bump;
use relay_config::{Access, CredentialKind, RegistryRules, RouteKind};
use relay_graph::DependencyGraph;
use relay_plan::{
    NewInstallScript, PackageObservation, PublishedState, Severity, SkipReason, StrongestEvidence, grouped,
};
use relay_values::{DistTag, Evidence};
use relay_workspace::DependencyKind;
use relay_workspace::fixture::WorkspaceFixture;

use crate::world::{World, acme, credential, present, registry, tag, version};

/// The findings about one package that is observed with a difference.
#[track_caller]
fn check(package: &str, change: impl FnOnce(&mut PackageObservation), expected: &[&str]) {
    assert_eq!(World::new().release_with(package, change).findings(), expected);
}

#[test]
fn an_ordinary_package_has_no_findings() {
    check("@acme/core", |_| {}, &[]);
    check("core", |package| package.tag = Some(tag("next")), &[]);
}

#[test]
fn a_version_shows_no_less_than_earlier_ones_unless_relay_toml_says_why() {
    let staged = |package: &mut PackageObservation| {
        let on = Some(jiff::civil::date(2026, 10, 2));
        package.strongest_evidence =
            Some(StrongestEvidence { evidence: Evidence::Staged, version: version("1.2.0"), on });
        // Without such a list it would be staged again.
        package.allowed_routes = Some(vec![RouteKind::Token]);
    };
    check(
        "core",
        staged,
        &[
            "error core: 1.3.0 would go out by `token` with no evidence, where 1.2.0 of 2026-10-02 has a person's approval of a staged version: pnpm users with `trustPolicy: no-downgrade` could not install it (ERR_PNPM_TRUST_DOWNGRADE)",
        ],
    );
    let meant = |package: &mut PackageObservation| {
        staged(package);
        package.trust_downgrade_because = Some("nobody approves this week".to_owned());
    };
    check(
        "core",
        meant,
        &[
            "warning core: 1.3.0 would go out by `token` with no evidence, where 1.2.0 of 2026-10-02 has a person's approval of a staged version; relay.toml allows that: nobody approves this week",
        ],
    );
    let as_before = |package: &mut PackageObservation| {
        staged(package);
        package.strongest_evidence.as_mut().unwrap().evidence = Evidence::Provenance;
        package.provenance = true;
    };
    check("core", as_before, &[]);
    let blocked = |package: &mut PackageObservation| {
        staged(package);
        package.credentials.clear();
    };
    let blocked = World::new().release_with("core", blocked).findings();
    assert!(blocked.len() == 1 && !blocked[0].contains("TRUST_DOWNGRADE"), "{blocked:?}");
}

#[test]
fn a_new_package_needs_a_name_that_is_taken() {
    let absent = |package: &mut PackageObservation| {
        package.published = PublishedState::Absent;
        package.access = Some(Access::Public);
    };
    check("@acme/core", absent, &[]);
    check(
        "JSONStream",
        absent,
        &[
            "error JSONStream: its registry does not know this name, and would refuse it: a new package's name has no capital letters",
        ],
    );
    check("JSONStream", |_| {}, &[]);
    check("JSONStream", |package| package.published = PublishedState::Unknown, &[]);
    check(
        "JSONStream",
        |package| {
            absent(package);
            package.rules = RegistryRules::Plain;
        },
        &[
            "warning JSONStream: its registry does not know this name, and may refuse it: a new package's name has no capital letters",
        ],
    );
}

#[test]
fn access_and_scope_go_together() {
    let restricted = |package: &mut PackageObservation| package.access = Some(Access::Restricted);
    check("core", restricted, &["error core: its access is `restricted`, which only a package with a scope can have"]);
    check("@acme/core", restricted, &[]);
    let new = |package: &mut PackageObservation| package.published = PublishedState::Absent;
    check(
        "@acme/core",
        new,
        &[
            "warning @acme/core: it is new, has a scope and says no access, so npm takes it for `restricted` and refuses it (402) without a paid plan",
        ],
    );
    check("core", new, &[]);
}

#[test]
fn a_prerelease_needs_a_tag() {
    let next = |text: &'static str| move |package: &mut PackageObservation| package.next = version(text);
    check(
        "core",
        next("2.0.0-beta.1"),
        &["error core: 2.0.0-beta.1 is a prerelease and nothing says its dist-tag, so it would become `latest`"],
    );
    let tagged = |tag: &'static str| {
        move |package: &mut PackageObservation| {
            package.next = version("2.0.0-beta.1");
            package.tag = Some(self::tag(tag));
        }
    };
    check("core", tagged("next"), &[]);
}

#[test]
fn what_is_no_dist_tag_stops_the_plan() {
    let refused = |text: &'static str| {
        move |package: &mut PackageObservation| {
            package.refused_tag = Some(DistTag::parse(text).expect_err("it is no tag"));
        }
    };
    check(
        "core",
        refused("1.x"),
        &["error core: its dist-tag `1.x` can also be read as a range of versions, so npm refuses it"],
    );
    check("core", refused(" "), &["error core: its dist-tag is empty"]);
    check(
        "core",
        refused("a b"),
        &["error core: its dist-tag `a b` has characters that an address can't have as they are, so npm refuses it"],
    );
}

#[test]
fn a_prerelease_becomes_latest_only_where_the_command_says_so() {
    let latest = |by_flag| {
        move |package: &mut PackageObservation| {
            package.next = version("2.0.0-beta.1");
            package.tag = Some(tag("latest"));
            package.tag_by_flag = by_flag;
        }
    };
    check("core", latest(false), &["error core: 2.0.0-beta.1 is a prerelease and would become `latest`"]);
    check(
        "core",
        latest(true),
        &["warning core: 2.0.0-beta.1 is a prerelease and becomes `latest`, as `--tag latest` says"],
    );
}

#[test]
fn latest_moves_backward_only_where_the_command_says_so() {
    let over = |latest: &'static str, tag: Option<&'static str>| {
        move |package: &mut PackageObservation| {
            package.published = present(latest);
            package.tag = tag.map(self::tag);
        }
    };
    let refused = "error core: `latest` would move backward, from 2.0.0 to 1.3.0";
    check("core", over("2.0.0", None), &[refused]);
    check("core", over("2.0.0", Some("latest")), &[refused]);
    check("core", over("2.0.0", Some("release-v1")), &[]);
    check("core", over("1.2.9", None), &[]);
    let by_flag = |package: &mut PackageObservation| {
        over("2.0.0", Some("latest"))(package);
        package.tag_by_flag = true;
    };
    let warned = "warning core: `latest` moves backward, from 2.0.0 to 1.3.0, as `--tag latest` says";
    check("core", by_flag, &[warned]);
}

#[test]
fn a_version_that_is_there_is_told_by_whether_it_moves() {
    let there = |bump| {
        move |package: &mut PackageObservation| {
            package.bump = bump;
            package.published = PublishedState::Present {
                versions: [version("1.3.0")].into(),
                deprecated: [].into(),
                latest: Some(version("1.3.0")),
                tags: [].into(),
                next_is_there: true,
            };
        }
    };
    check("core", there(Bump::Minor), &["error core: 1.3.0 is already published, while its package.json is at 1.2.3"]);
    check(
        "core",
        there(Bump::None),
        &["warning core: 1.3.0 is already published, so nothing is sent unless its bytes differ"],
    );
}

#[test]
fn what_is_needed_at_runtime_must_be_installable() {
    let private = World::new().release("core").skip("shared", SkipReason::Private);
    assert_eq!(
        private.clone().needs("core", "shared").findings(),
        [
            "error core: its `dependencies` have `shared`, which is private and is never published, so it can't be installed",
        ]
    );
    assert_eq!(private.depends("core", "shared", DependencyKind::Dev).findings(), [""; 0]);
    let versionless = World::new().release("core").skip("shared", SkipReason::NoVersion);
    assert_eq!(
        versionless.depends("core", "shared", DependencyKind::Peer).findings(),
        [
            "error core: its `peerDependencies` have `shared`, which has no version and is never published, so it can't be installed",
        ]
    );
    for reason in [SkipReason::NotChanged, SkipReason::AlreadyPublished] {
        assert_eq!(World::new().release("core").skip("shared", reason).needs("core", "shared").findings(), [""; 0]);
    }
}

#[test]
fn what_nobody_looked_up_is_a_warning_and_offline_nothing() {
    let mut world = World::new().release("core").skip("base", SkipReason::NotSelected).needs("core", "base");
    let warning = "warning core: its `dependencies` have `base`, which the filter leaves out, so nobody looked whether it is published";
    assert_eq!(world.findings(), [warning]);
    world.offline = true;
    assert_eq!(world.findings(), [""; 0]);
    let ignored = World::new().release("core").skip("base", SkipReason::Ignored).needs("core", "base");
    assert_eq!(ignored.findings(), [warning.replace("the filter leaves out", "the configuration ignores")]);
}

#[test]
fn one_dependency_in_two_maps_is_one_finding() {
    let world = World::new().release("core").skip("shared", SkipReason::Private);
    let world = world.needs("core", "shared").depends("core", "shared", DependencyKind::Peer);
    assert_eq!(world.findings().len(), 1);
}

#[test]
fn a_workspace_specifier_that_names_no_package_is_an_error() {
    let workspace = WorkspaceFixture::new()
        .package("core", "1.2.3")
        .dependency("core", DependencyKind::Prod, "gone", "workspace:^")
        .build();
    let graph = DependencyGraph::build(&workspace);
    let plan = World::new().release("core").plan_over(&graph).unwrap();
    let finding = plan.findings.iter().find(|finding| finding.severity == Severity::Error).unwrap();
    assert_eq!(finding.text, "its `dependencies` have `gone` as `workspace:^`, and the workspace has no such package");
}

#[test]
fn a_catalog_without_the_entry_is_an_error_where_it_is_released_and_else_a_warning() {
    let workspace = WorkspaceFixture::new()
        .package("core", "1.2.3")
        .dependency("core", DependencyKind::Prod, "gone", "catalog:")
        .build();
    let graph = DependencyGraph::build(&workspace);
    let text = "its `dependencies` have `gone` as `catalog:`, and that catalog has no range for it";
    let found = |world: World| {
        let plan = world.plan_over(&graph).unwrap();
        let finding = plan.findings.into_iter().find(|finding| finding.package.is_some())?;
        Some((finding.severity, finding.text))
    };
    assert_eq!(found(World::new().release("core")), Some((Severity::Error, text.to_owned())));
    for reason in [SkipReason::NotChanged, SkipReason::AlreadyPublished, SkipReason::Private] {
        assert_eq!(found(World::new().skip("core", reason)), Some((Severity::Warning, text.to_owned())));
    }
    for reason in [SkipReason::Ignored, SkipReason::NotSelected] {
        assert_eq!(found(World::new().skip("core", reason)), None);
    }
}

#[test]
fn a_private_dependency_of_what_stays_is_a_warning() {
    let world = |reason| World::new().skip("core", reason).skip("shared", SkipReason::Private).needs("core", "shared");
    let warning = "warning core: its `dependencies` have `shared`, which is private and is never published, so it can't be installed";
    assert_eq!(world(SkipReason::NotChanged).findings(), [warning]);
    assert_eq!(world(SkipReason::Private).findings(), [""; 0]);
}

#[test]
fn what_is_bundled_need_not_be_published() {
    let workspace = WorkspaceFixture::new()
        .package("core", "1.2.3")
        .dependency("core", DependencyKind::Prod, "shared", "1.2.3")
        .field("core", "bundleDependencies", serde_json::json!(["shared"]))
        .package("shared", "1.2.3")
        .private("shared")
        .build();
    let graph = DependencyGraph::build(&workspace);
    let plan = World::new().release("core").skip("shared", SkipReason::Private).plan_over(&graph).unwrap();
    assert!(plan.findings.iter().all(|finding| finding.package.is_none()), "{:?}", plan.findings);
}

#[test]
fn an_edge_between_registries_is_a_warning() {
    let world = World::new()
        .release("base")
        .release_with("core", |core| core.registry = registry("https://other.example/"))
        .needs("core", "base");
    assert_eq!(
        world.findings(),
        ["warning core: its `dependencies` have `base`, which goes to another registry, `https://registry.example/`",]
    );
}

#[test]
fn scripts_that_publish_once_more_are_a_warning() {
    let with = |events: &'static [&'static str]| {
        |package: &mut PackageObservation| {
            package.scripts_that_publish = events.iter().map(|event| (*event).to_owned()).collect();
        }
    };
    let rest = "something itself: without credentials that fails";
    check(
        "core",
        with(&["publish"]),
        &[&format!("warning core: its `publish` script runs after the upload, as with npm, and publishes {rest}")],
    );
    check(
        "core",
        with(&["publish", "postpublish"]),
        &[&format!(
            "warning core: its `publish` and `postpublish` scripts run after the upload, as with npm, and publish {rest}"
        )],
    );
}

#[test]
fn a_new_install_script_is_an_error_where_the_gate_forbids_it() {
    let script = |events: &'static [&'static str], forbidden| {
        move |package: &mut PackageObservation| {
            let before = version("1.2.3");
            package.new_install_script = Some(NewInstallScript { events: events.to_vec(), before, forbidden });
        }
    };
    let rest = "wherever it is installed, and 1.2.3 runs none";
    check("core", script(&["install"], false), &[&format!("warning core: its `install` script runs {rest}")]);
    let with = |events| script(events, true);
    check("core", with(&["install"]), &[&format!("error core: its `install` script runs {rest}")]);
    check(
        "core",
        with(&["preinstall", "postinstall"]),
        &[&format!("error core: its `preinstall` and `postinstall` scripts run {rest}")],
    );
}

#[test]
fn a_root_that_is_new_and_not_private_is_pointed_out() {
    let root = |published: PublishedState| {
        let world = World::new().release("core").release_with("repo", |package| {
            package.path = String::new();
            package.published = published;
        });
        world.findings()
    };
    let warning = "warning repo: it is the root of the workspace and would be published for the first time";
    assert_eq!(root(PublishedState::Absent), [warning]);
    assert_eq!(root(PublishedState::Unknown), [""; 0]);
    assert_eq!(root(present("1.2.3")), [""; 0]);
}

#[test]
fn a_blocked_route_is_an_error_with_its_fix() {
    let world = World::new().release_with("core", |core| core.credentials.clear());
    assert_eq!(world.findings(), ["error core: no credential for `https://registry.example/` is at hand"]);
    let plan = world.plan();
    assert!(plan.has_errors());
    assert_eq!(plan.findings[0].help, plan.packages[0].route.fix);
}

#[test]
fn what_is_about_the_whole_plan_is_said_once() {
    let world = World::new().release("a").release("b").release("c");
    let plan = world.plan();
    let texts: Vec<_> =
        plan.findings.iter().map(|finding| (finding.package.is_none(), finding.text.as_str())).collect();
    assert_eq!(
        texts,
        [(true, "npm has announced January 2027 as the end of publishing directly with tokens that bypass 2FA",)]
    );
    let plain = World::new().release_with("a", |a| a.rules = RegistryRules::Plain);
    assert!(plain.plan().findings.is_empty());
}

#[test]
fn a_credential_near_its_end_is_said_once() {
    let expiring = |package: &mut PackageObservation| {
        package.credentials = vec![credential(CredentialKind::Session)];
        package.credentials[0].expires = Some("2026-12-01".parse().unwrap());
    };
    let plan = World::new().release_with("a", expiring).release_with("b", expiring).plan();
    let texts: Vec<_> = plan.findings.iter().map(|finding| finding.text.as_str()).collect();
    assert_eq!(
        texts,
        ["the credential from `.npmrc` of the home folder expires on 2026-12-01, which is no more than 14 days away",]
    );
}

#[test]
fn errors_come_first_and_all_at_once() {
    let mut world = acme().needs("@acme/log", "@acme/site");
    world.released[1].next = version("1.3.0-rc.1");
    let severities: Vec<_> = world.plan().findings.iter().map(|finding| finding.severity).collect();
    assert!(severities.is_sorted());
    assert_eq!(severities.iter().filter(|severity| **severity == Severity::Error).count(), 2);
}

#[test]
fn findings_that_say_the_same_are_told_once() {
    let without = |package: &mut PackageObservation| package.credentials.clear();
    let plan = World::new().release_with("a", without).release_with("b", without).release("c").plan();
    let groups: Vec<_> = grouped(&plan).iter().map(|group| format!("{} {}", group.label(), group.about())).collect();
    assert_eq!(
        groups,
        [
            "error a, b: no credential for `https://registry.example/` is at hand",
            "warning npm has announced January 2027 as the end of publishing directly with tokens that bypass 2FA",
        ]
    );
}

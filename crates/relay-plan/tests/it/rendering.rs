//! What people read.

use relay_change::{Bump, ReleaseCause};
use relay_config::RouteKind;
use relay_plan::{
    Finding, PackageObservation, PublishedState, ReleasePlan, Severity, SkipReason, TextStyle, render_markdown,
    render_text,
};
use relay_values::{CredentialOrigin, DistTag};

use crate::world::{World, acme, name, registry, version};

fn text(plan: &ReleasePlan) -> String {
    render_text(plan, TextStyle::default())
}

/// Everything that can be wrong with the packages of a release.
fn troubled() -> World {
    let mut world = acme().needs("@acme/log", "@acme/site").release("@acme/a").release("@acme/b");
    world.terminal = false;
    for package in &mut world.released {
        match package.name.as_str() {
            "@acme/a" | "@acme/b" => {
                package.credentials.clear();
                package.credential_problems.push("`${NPM_TOKEN}` in `.npmrc` is not set".to_owned());
            }
            "@acme/cli" => package.next = version("2.0.0-rc.1"),
            _ => {}
        }
    }
    world
}

fn two_sittings() -> World {
    World::new()
        .release_by_person("base")
        .release("middle")
        .release_by_person("top")
        .needs("middle", "base")
        .needs("top", "middle")
}

#[test]
fn a_plan_at_a_terminal() {
    insta::assert_snapshot!(text(&acme().plan()));
}

#[test]
fn a_plan_in_a_narrow_terminal() {
    insta::assert_snapshot!(render_text(&acme().plan(), TextStyle { width: 46, ..TextStyle::default() }));
}

#[test]
fn a_log_has_every_cause_whole() {
    let subject = |number: usize| {
        format!("feat: {} {number}", "words that go on ".repeat(if number == 5 { 30 } else { number }).trim_end())
    };
    let mut world = World::new();
    for number in 1..=5 {
        world = world.release_with(&format!("package-{number}"), |package| {
            package.causes = vec![ReleaseCause::Commit { id: String::new(), text: subject(number) }];
        });
    }
    let plan = world.plan();
    for width in [40, 80, 120] {
        let text = render_text(&plan, TextStyle { width, cuts: false, ..TextStyle::default() });
        let rows: Vec<&str> = text.lines().filter(|line| line.ends_with("  1  token")).collect();
        assert_eq!(rows.len(), 5, "one line for each package: {text}");
        for (row, planned) in rows.iter().zip(&plan.packages) {
            assert!(row.contains(&planned.reasons[0].text) && !row.contains('…'), "{row}");
        }
        // A long cause moves the route of its own line only.
        let route = |row: &str| row.find("  1  token").unwrap();
        assert_eq!(route(rows[0]), route(rows[2]), "{text}");
        assert!(route(rows[2]) < route(rows[4]), "{text}");
    }
    let markdown = render_markdown(&plan);
    assert!(plan.packages.iter().all(|planned| markdown.contains(&planned.reasons[0].text)), "{markdown}");
}

#[test]
fn a_plan_with_errors() {
    insta::assert_snapshot!(text(&troubled().plan()));
}

#[test]
fn a_plan_with_two_sittings() {
    insta::assert_snapshot!(text(&two_sittings().plan()));
}

#[test]
fn what_helps_with_several_findings_in_a_row_is_said_once() {
    let mut world = acme();
    let remark = |package: &str, text: &str, help: Option<&str>| Finding {
        severity: Severity::Warning,
        package: Some(name(package)),
        text: text.to_owned(),
        help: help.map(str::to_owned),
    };
    world.change_findings = vec![
        remark("@acme/cli", "the commit 1 is not counted", Some("write a change file")),
        remark("@acme/core", "the commit 2 is not counted", Some("write a change file")),
        remark("@acme/core", "the commit 3 is not counted", Some("write another change file")),
        remark("@acme/log", "the commit 4 is odd", None),
        remark("@acme/log", "the commit 5 is odd", None),
    ];
    let shown = text(&world.plan());
    let (_, findings) = shown.split_once("  warning: @acme/cli: ").expect("findings");
    insta::assert_snapshot!(findings.split("\n1 ").next().unwrap_or_default());
}

#[test]
fn what_is_staged_needs_a_person_afterwards() {
    let staged = |package: &mut PackageObservation| {
        package.allowed_routes = Some(vec![RouteKind::Staged]);
        let latest = Some(version("1.0.0"));
        package.published = PublishedState::Present {
            versions: [version("1.0.0")].into(),
            deprecated: [].into(),
            latest,
            tags: [].into(),
            next_is_there: false,
        };
    };
    let says = |world: World| {
        let text = text(&world.plan());
        text.lines().find(|line| line.contains("needed")).expect("who is needed").to_owned()
    };
    let one = World::new().release_with("a", staged);
    assert_eq!(
        says(one),
        "Nobody is needed for the uploads; a person approves 1 staged version afterwards: `relay approve`."
    );
    let two = World::new().release_with("a", staged).release_with("b", staged).release("c");
    assert!(says(two).contains("approves 2 staged versions afterwards"));
    assert_eq!(says(World::new().release("c")), "Nobody is needed.");
}

#[test]
fn one_package_for_which_nobody_is_needed() {
    insta::assert_snapshot!(text(&World::new().release("left-pad").plan()));
}

#[test]
fn nothing_to_publish() {
    let world = World::new().skip("a", SkipReason::NotChanged).skip("b", SkipReason::Private);
    insta::assert_snapshot!(text(&world.plan()));
    insta::assert_snapshot!("nothing_to_publish_markdown", render_markdown(&world.plan()));
}

#[test]
fn a_plan_in_a_pull_request() {
    insta::assert_snapshot!(render_markdown(&acme().plan()));
    insta::assert_snapshot!("a_plan_with_errors_in_a_pull_request", render_markdown(&troubled().plan()));
}

/// A plan in which every foreign text tries to be something else.
fn hostile() -> ReleasePlan {
    let evil = "\u{1b}[2J| <img src=x> \n\n# @everyone [x](y) ``code`\u{202e}".repeat(20);
    let long = format!("@{}/{}", "scope-that-never-ends".repeat(4), "name-that-never-ends".repeat(6));
    let world = World::new().release_with(&long, |package| {
        package.causes = vec![ReleaseCause::Commit { id: evil.clone(), text: evil.clone() }; 3];
        package.tag = DistTag::parse(&"never-ends".repeat(30)).ok();
        package.refused_tag = DistTag::parse(&format!("1.x {evil}")).err();
        package.registry =
            registry(&format!("https://registry.example/{}/'%3Cimg%20src=x%3E", "never-ends/".repeat(30)));
        package.credentials[0].id.origin = CredentialOrigin::Made(evil.clone());
        package.next = version("1.3.0-a-prerelease-that-never-ends.and.never.ends.and.never.ends.and.never.ends+build");
        package.published = PublishedState::Absent;
    });
    world.plan()
}

#[test]
fn no_line_is_wider_than_told_and_nothing_foreign_gets_through() {
    let plans = [acme().plan(), troubled().plan(), two_sittings().plan(), hostile()];
    for plan in &plans {
        for width in [40, 46, 60, 80, 100, 120, 200] {
            let text = render_text(plan, TextStyle { width, ..TextStyle::default() });
            for line in text.lines() {
                assert!(line.chars().count() <= width, "{width}: {line}");
                assert_eq!(line.trim_end(), line);
            }
            assert!(!text.contains(['\u{1b}', '\u{202e}', '\t']), "{text}");
        }
    }
    let markdown = render_markdown(&hostile());
    assert!(!markdown.contains(['\u{1b}', '\u{202e}']), "{markdown}");
    // What stands in a code span is shown as it is, and does nothing.
    let outside = |line: &str| line.replace("\\`", "").split('`').step_by(2).collect::<String>();
    let markup: Vec<String> = markdown.lines().map(outside).collect();
    assert!(!markup.iter().any(|line| line.contains("<img") || line.contains("@everyone")), "{markdown}");
    assert!(!markdown.contains("\n#  @"), "{markdown}");
}

#[test]
fn colours_change_no_word() {
    let plan = troubled().plan();
    let coloured = render_text(&plan, TextStyle { colour: true, ..TextStyle::default() });
    let mut bare = String::new();
    let mut parts = coloured.split('\u{1b}');
    bare.push_str(parts.next().unwrap());
    for part in parts {
        bare.push_str(part.split_once('m').unwrap().1);
    }
    assert_ne!(coloured, bare);
    assert_eq!(bare, text(&plan));
}

#[test]
fn a_comment_on_a_large_plan_stays_small() {
    let mut world = World::new();
    for number in 0..2_000 {
        world = world.release_with(&format!("@acme/package-{number}"), |package| {
            package.causes = vec![ReleaseCause::Commit { id: String::new(), text: "feat: ".repeat(50) }];
            // A reason and a finding of its own for each.
            package.credentials[0].id.origin = CredentialOrigin::Variable(format!("TOKEN_{number}"));
            package.next = version("1.3.0-rc.1");
        });
    }
    let plan = world.plan();
    let markdown = render_markdown(&plan);
    assert!(markdown.len() < 60_000, "{}", markdown.len());
    assert!(markdown.contains("more packages") && markdown.contains("- and "), "{markdown}");
    assert_eq!(plan.packages.iter().filter(|package| package.route.kind == RouteKind::Token).count(), 2_000);
}

#[test]
fn a_package_that_does_not_move_has_one_version() {
    let world = World::new().release_with("a", |a| {
        a.next = a.current.clone();
        a.bump = Bump::None;
        a.causes = vec![ReleaseCause::Unpublished];
        a.published = PublishedState::Absent;
    });
    let text = text(&world.plan());
    assert!(text.contains("a        1.2.3    the registry does not have this version"), "{text}");
    assert!(world.plan().package(&name("a")).is_some());
}

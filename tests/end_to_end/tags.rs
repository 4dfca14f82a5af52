//! Which tags show a release, and which one a release gets.

use crate::counting_registry::CountingRegistry;
use crate::harm::{at_home_in, npm_workspaces};
use crate::world::World;

#[test]
fn tags_of_another_form_are_named_instead_of_none() {
    for (tag, said) in [
        ("v11.18.0", "the tags here have another form, such as `v11.18.0`, where relay reads `a@1.0.0` or `a-v1.0.0`"),
        ("a/v1.0.0", "the tags here have another form, such as `a/v1.0.0`"),
        ("a@0.9.0", "the tags here are of other versions, up to `a@0.9.0`"),
        ("nightly", "no tag here shows a release"),
    ] {
        let world = npm_workspaces(&[("a", "\"version\":\"1.0.0\""), ("b", "\"version\":\"1.0.0\"")]);
        world.commit("init");
        world.git(&["tag", tag]);
        let ran = world.relay(&["plan", "--offline"]).ended_with(0);
        assert!(ran.stderr.contains(said), "{tag}: {}", ran.stderr);
    }
}

#[test]
fn only_a_repository_that_is_one_package_is_tagged_without_a_name() {
    let alone = World::empty();
    alone.write("package.json", "{\"name\":\"solo\",\"version\":\"1.0.0\"}\n");
    for (world, tag) in [(alone, "v1.0.0"), (npm_workspaces(&[("a", "\"version\":\"1.0.0\"")]), "a@1.0.0")] {
        let (registry, mut world) = (CountingRegistry::start(), world);
        at_home_in(&world, &registry);
        world.set("CI", "true");
        world.commit("init");
        let ran = world.relay(&["publish", "--yes", "--no-push"]).ended_with(0);
        assert_eq!(world.git(&["tag", "--list"]).trim(), tag);
        // The line that the changesets action looks for.
        assert_eq!(
            ran.stdout.lines().filter(|line| line.starts_with("New tag:")).collect::<Vec<_>>(),
            [&format!("New tag: {tag}")]
        );
    }
}

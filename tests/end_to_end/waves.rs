//! Dist-tags that move wave by wave, against a registry that answers some requests only when all of them have come.

use crate::counting_registry::CountingRegistry;
use crate::harm::at_home_in;
use crate::world::World;

/// One package below three others, all live in 1.0.0.
const NAMES: [&str; 4] = ["base", "left", "middle", "right"];

fn fork(registry: &CountingRegistry) -> World {
    let world = World::empty();
    world.write("package.json", "{\"name\":\"fork\",\"private\":true,\"workspaces\":[\"packages/*\"]}\n");
    for name in NAMES {
        let below = if name == "base" { "" } else { ",\"dependencies\":{\"base\":\"^1.0.0\"}" };
        let manifest = format!("{{\"name\":\"{name}\",\"version\":\"1.1.0\"{below}}}\n");
        world.write(&format!("packages/{name}/package.json"), &manifest);
        registry.has(name, &["1.0.0"]);
    }
    at_home_in(&world, registry);
    world.commit("feat: the next versions");
    world
}

#[test]
fn dist_tags_of_a_wave_move_at_once_and_none_before_what_it_needs() {
    let registry = CountingRegistry::start();
    let world = fork(&registry);
    let latest: Vec<String> = NAMES[1..].iter().map(|name| format!("-/package/{name}/dist-tags/latest")).collect();
    registry.gathers(&latest.iter().map(|path| ("PUT", path.as_str())).collect::<Vec<_>>());
    let ran = world.relay(&["publish", "--yes", "--no-push", "--promote-last"]).ended_with(0);

    let asked = registry.asked();
    let writes: Vec<(String, String)> = asked
        .iter()
        .filter(|one| one.path.contains("dist-tags") && one.method != "GET")
        .map(|one| (one.method.clone(), one.place()))
        .collect();
    assert_eq!(writes[0], ("PUT".to_owned(), "-/package/base/dist-tags/latest".to_owned()), "{}", ran.stderr);
    assert!(writes[1..4].iter().all(|(method, place)| method == "PUT" && latest.contains(place)), "{writes:?}");
    assert!(writes[4..].iter().all(|(method, place)| method == "DELETE" && place.contains("/relay-")), "{writes:?}");
    assert_eq!(writes.len(), 8, "each once: {writes:?}");
    for name in NAMES {
        registry.change(name, |packument| assert_eq!(packument["dist-tags"], serde_json::json!({"latest": "1.1.0"})));
    }
}

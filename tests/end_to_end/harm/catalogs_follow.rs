//! A package that others take from a catalog leaves its entry: the entry is raised where the manager keeps it, the lock file
//! with it, and what the dependent's changelog says is what is packed.

use std::process::Command;

use super::at_home_in;
use crate::counting_registry::CountingRegistry;
use crate::world::{World, tools};

/// `@acme/b` takes `@acme/a` from the default catalog, `@acme/c` from the catalog `next`; `@acme/a` is to be 2.0.0.
fn world(root: &str) -> World {
    let world = World::empty();
    world.write("package.json", root);
    world.write("packages/a/package.json", "{\"name\":\"@acme/a\",\"version\":\"1.0.0\"}\n");
    let with = |name: &str, catalog: &str| {
        format!("{{\"name\":\"{name}\",\"version\":\"1.0.0\",\"dependencies\":{{\"@acme/a\":\"{catalog}\"}}}}\n")
    };
    world.write("packages/b/package.json", &with("@acme/b", "catalog:"));
    world.write("packages/c/package.json", &with("@acme/c", "catalog:next"));
    world.write(".changeset/big.md", "---\n\"@acme/a\": major\n---\n\nAll is new\n");
    world
}

/// Releases, and looks at what the registry got and the changelog says.
#[track_caller]
fn released(world: &World) {
    let registry = CountingRegistry::start();
    at_home_in(world, &registry);
    world.commit("init");
    world.relay(&["release", "--yes", "--no-push"]).ended_with(0);
    let mut seen: Vec<_> = registry
        .documents()
        .iter()
        .map(|(id, document)| {
            let versions = document["versions"].as_object().expect("versions");
            let range = versions.values().next().expect("one")["dependencies"]["@acme/a"].as_str().map(str::to_owned);
            (id.clone(), range.unwrap_or_default())
        })
        .collect();
    seen.sort();
    let expected = [("@acme/a@2.0.0", ""), ("@acme/b@1.0.1", "^2.0.0"), ("@acme/c@1.0.1", "~2.0.0")];
    assert_eq!(seen, expected.map(|(id, range)| (id.to_owned(), range.to_owned())));
    assert!(world.read("packages/b/CHANGELOG.md").contains("@acme/a@2.0.0"));
    assert_eq!(world.git(&["status", "--porcelain"]), "", "all of it is in the commit");
}

/// The text with the two ranges of the catalogs raised.
fn raised(text: &str) -> String {
    text.replace("^1.0.0", "^2.0.0").replace("~1.0.0", "~2.0.0")
}

const YAML: &str =
    "catalog:\n  \"@acme/a\": ^1.0.0   # keep me\n\ncatalogs:\n  next: # and me\n    '@acme/a': '~1.0.0'\n";

#[test]
fn pnpms_catalogs_and_its_lock_file_so_that_a_frozen_install_passes() {
    let world = world("{\"name\":\"root\",\"private\":true}\n");
    let settings = format!("packages: ['packages/*']\nlinkWorkspacePackages: true\n{YAML}");
    world.write("pnpm-workspace.yaml", &settings);
    let pnpm = |arguments: &[&str]| {
        let program = tools().join("node_modules/@pnpm/exe.linux-x64/pnpm");
        // Nothing listens there: all packages are the workspace's own.
        let registry = "--config.registry=http://127.0.0.1:9/";
        world.run(Command::new(program).args(arguments).args(["--offline", registry]).current_dir(world.repo()))
    };
    pnpm(&["install", "--lockfile-only"]).ended_with(0);
    world.write(".gitignore", "node_modules\n");
    let lock = world.read("pnpm-lock.yaml");
    assert!(lock.contains("catalogs:"), "{lock}");
    released(&world);
    assert_eq!(world.read("pnpm-workspace.yaml"), raised(&settings));
    assert_eq!(world.read("pnpm-lock.yaml"), raised(&lock));
    pnpm(&["install", "--frozen-lockfile"]).ended_with(0);
}

#[test]
fn yarns_catalogs_and_its_lock_file() {
    let world = world("{\"name\":\"root\",\"private\":true,\"workspaces\":[\"packages/*\"]}\n");
    let settings = format!("# settings\nnodeLinker: node-modules\n{YAML}");
    world.write(".yarnrc.yml", &settings);
    // As yarn 4.18 writes it.
    let member = |name: &str, catalog: &str| {
        format!(
            "\"@acme/{name}@workspace:packages/{name}\":\n  version: 0.0.0-use.local\n  resolution: \
             \"@acme/{name}@workspace:packages/{name}\"\n  dependencies:\n    \"@acme/a\": \"{catalog}\"\n  languageName: \
             unknown\n  linkType: soft\n\n"
        )
    };
    let lock = format!(
        "__metadata:\n  version: 10\n  cacheKey: 10c0\n\n\"@acme/a@npm:^1.0.0, @acme/a@npm:~1.0.0, \
         @acme/a@workspace:packages/a\":\n  version: 0.0.0-use.local\n  resolution: \"@acme/a@workspace:packages/a\"\n  \
         languageName: unknown\n  linkType: soft\n\n{}{}\"root@workspace:.\":\n  version: 0.0.0-use.local\n  resolution: \
         \"root@workspace:.\"\n  languageName: unknown\n  linkType: soft\n",
        member("b", "catalog:"),
        member("c", "catalog:next")
    );
    world.write("yarn.lock", &lock);
    released(&world);
    assert_eq!(world.read(".yarnrc.yml"), raised(&settings));
    assert_eq!(world.read("yarn.lock"), raised(&lock));
}

#[test]
fn buns_catalogs_and_its_lock_file() {
    let root = "{\n\t\"name\": \"root\", \"private\": true,\n\t\"workspaces\": { \"packages\": [\"packages/*\"],\n\t\t\"catalog\": \
                { \"@acme/a\":\"^1.0.0\" }, \"catalogs\": {\"next\": {\"@acme/a\": \"~1.0.0\"}} }\n}\n";
    let world = world(root);
    // As bun 1.4 writes it.
    let member = |name: &str, version: &str, catalog: &str| {
        format!(
            "    \"packages/{name}\": {{\n      \"name\": \"@acme/{name}\",\n      \"version\": \"{version}\",\n      \
             \"dependencies\": {{\n        \"@acme/a\": \"{catalog}\",\n      }},\n    }},\n"
        )
    };
    let lock = |a: &str, b: &str| {
        format!(
            "{{\n  \"lockfileVersion\": 2,\n  \"configVersion\": 1,\n  \"workspaces\": {{\n    \"\": {{\n      \"name\": \
             \"root\",\n    }},\n    \"packages/a\": {{\n      \"name\": \"@acme/a\",\n      \"version\": \"{a}\",\n    \
             }},\n{}{}  }},\n  \"catalog\": {{\n    \"@acme/a\": \"^1.0.0\",\n  }},\n  \"catalogs\": {{\n    \"next\": {{\n      \
             \"@acme/a\": \"~1.0.0\",\n    }},\n  }},\n  \"packages\": {{\n    \"@acme/a\": \
             [\"@acme/a@workspace:packages/a\"],\n  }}\n}}\n",
            member("b", b, "catalog:"),
            member("c", b, "catalog:next")
        )
    };
    world.write("bun.lock", &lock("1.0.0", "1.0.0"));
    released(&world);
    assert_eq!(world.read("package.json"), raised(root));
    assert_eq!(world.read("bun.lock"), raised(&lock("2.0.0", "1.0.1")));
}

//! What a script of the repository can reach: on a kernel with Landlock the repository, the system and known tools; without, what
//! the person can, which is said. Each test looks at the one that it meets.

use std::net::TcpListener;

use crate::counting_registry::CountingRegistry;
use crate::harm::{at_home_in, npm_workspaces};
use crate::world::{Ran, World};

/// Tries all that `WANTED` lists, and writes down what came of it.
const PROBE: &str = r"
const fs = require('node:fs');
const seen = {};
for (const [name, path] of Object.entries(WANTED)) {
  try {
    if (name.startsWith('write')) { fs.writeFileSync(path, 'x'); fs.rmSync(path); } else { fs.readFileSync(path); }
    seen[name] = 'open';
  } catch (error) { seen[name] = error.code; }
}
fs.writeFileSync(__dirname + '/seen.json', JSON.stringify(seen));
";

/// A world whose one package has scripts, at home in a registry, with secrets in its home and another repository beside it.
fn world(home: &CountingRegistry, scripts: &serde_json::Value) -> World {
    let world = npm_workspaces(&[("@acme/a", &format!("\"version\":\"1.0.0\",\"scripts\":{scripts}"))]);
    at_home_in(&world, home);
    for (path, text) in [("home/.ssh", "id"), ("home/.cache/tool", "x"), ("other", "index.js")] {
        std::fs::write(world.beside(path).join(text), "secret\n").expect("a file");
    }
    world.write(".gitignore", "seen.json\n");
    world
}

/// The world of [`world`] with a prepack script that tries to reach things.
fn probing(home: &CountingRegistry) -> World {
    let world = world(home, &serde_json::json!({"prepack": "node probe.js"}));
    let beside = |path: &str| world.beside("").join(path);
    let wanted = serde_json::json!({
        "npmrc": beside("home/.npmrc"),
        "key": beside("home/.ssh/id"),
        "around": "/proc/self/root".to_owned() + beside("home/.npmrc").to_str().expect("a path"),
        "other": beside("other/index.js"),
        "system": "/etc/hostname",
        "root": "../../package.json",
        "write here": "made.txt",
        "write root": "../../made.txt",
        "write cache": beside("home/.cache/tool/made.txt"),
        "write home": beside("home/made.txt"),
        "write other": beside("other/made.txt"),
    });
    world.write("packages/a/probe.js", &PROBE.replace("WANTED", &wanted.to_string()));
    world.commit("init");
    world
}

fn seen(world: &World) -> serde_json::Value {
    serde_json::from_str(&world.read("packages/a/seen.json")).expect("what the script saw")
}

/// Whether this run had no fence because the kernel has none.
fn kernel_has_none(ran: &Ran) -> bool {
    ran.stderr.contains("scripts run without a fence, since this kernel has no Landlock")
}

fn publish(world: &World) -> Ran {
    world.relay(&["publish", "--yes", "--no-push"])
}

#[test]
fn a_script_reaches_its_repository_and_the_system_and_nothing_of_the_person() {
    let home = CountingRegistry::start();
    let world = probing(&home);
    let ran = publish(&world).ended_with(0);
    let saw = seen(&world);
    let shut = if kernel_has_none(&ran) { "open" } else { "EACCES" };
    for name in ["system", "root", "write here", "write root", "write cache"] {
        assert_eq!(saw[name], "open", "{name} in {saw}");
    }
    for name in ["npmrc", "key", "around", "other", "write home", "write other"] {
        assert_eq!(saw[name], shut, "{name} in {saw}");
    }
    assert_eq!(home.uploads(), ["@acme/a@1.0.0"]);
    assert_eq!(ran.stderr.matches("without a fence").count(), usize::from(kernel_has_none(&ran)), "{}", ran.stderr);

    // `relay pack` runs them behind the same fence.
    let ran = world.relay(&["pack", "--dry-run"]).ended_with(0);
    assert_eq!(seen(&world)["npmrc"], if kernel_has_none(&ran) { "open" } else { "EACCES" });
}

#[test]
fn relay_toml_opens_more_or_takes_the_fence_down() {
    let home = CountingRegistry::start();
    let world = probing(&home);
    let other = world.beside("other");
    world.write("relay.toml", &format!("[scripts]\nread = [\"~/.ssh\"]\nwrite = [{other:?}]\n"));
    world.commit("chore: more for scripts");
    let ran = world.relay(&["pack", "--dry-run"]).ended_with(0);
    let saw = seen(&world);
    for name in ["key", "other", "write other"] {
        assert_eq!(saw[name], "open", "{name} in {saw}");
    }
    assert_eq!(saw["npmrc"], if kernel_has_none(&ran) { "open" } else { "EACCES" });

    world.write("relay.toml", "[scripts]\nfence = false\n");
    let ran = world.relay(&["pack", "--dry-run"]).ended_with(0);
    assert!(!kernel_has_none(&ran), "{}", ran.stderr);
    let saw = seen(&world);
    assert!(saw.as_object().expect("an object").values().all(|what| what == "open"), "{saw}");
}

#[test]
fn a_script_that_fails_for_it_is_told_the_path() {
    let home = CountingRegistry::start();
    for (script, path, key) in [
        ("cat $HOME/.npmrc", "~/.npmrc", "read"),
        ("node -e \"require('node:fs').readFileSync(process.env.HOME + '/.ssh/id')\"", "~/.ssh/id", "read"),
        ("echo x > $HOME/made.txt", "~/made.txt", "write"),
    ] {
        let world = world(&home, &serde_json::json!({"prepack": script}));
        world.commit("init");
        for arguments in [vec!["publish", "--yes", "--no-push"], vec!["pack", "--dry-run"]] {
            let ran = world.relay(&arguments);
            if kernel_has_none(&ran) {
                ran.ended_with(0);
                continue;
            }
            let ran = ran.ended_with(1);
            let said = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(said.contains(&format!("`{key} = [\"{path}\"]`")), "{script}: {}", ran.stderr);
            assert!(said.contains(&format!("may not {key} `{path}`")), "{script}: {}", ran.stderr);
            assert!(home.uploads().is_empty());
        }
    }
}

#[test]
fn a_script_can_be_kept_from_tcp() {
    let home = CountingRegistry::start();
    let server = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = server.local_addr().expect("an address").port();
    let connect = format!(
        "node -e \"require('node:net').connect({port},'127.0.0.1').on('connect',()=>process.exit(0))\
         .on('error',(e)=>{{console.error(e.message);process.exit(7)}})\""
    );
    let world = world(&home, &serde_json::json!({"prepack": connect}));
    world.commit("init");
    world.relay(&["pack", "--dry-run"]).ended_with(0);

    world.write("relay.toml", "[scripts]\nnetwork = false\n");
    world.commit("chore: no network for scripts");
    let ran = publish(&world).ended_with(1);
    let refused = ran.stderr.contains("can't keep scripts from TCP");
    assert!(refused || ran.stderr.contains("`network = false` under `[scripts]`"), "{}", ran.stderr);
    assert!(refused || ran.stderr.contains("EACCES"), "{}", ran.stderr);
    assert!(home.uploads().is_empty());
}

#[test]
fn git_works_behind_the_fence_also_in_a_linked_worktree() {
    let home = CountingRegistry::start();
    let world = world(&home, &serde_json::json!({"prepack": "git rev-parse HEAD > head.txt && git status --short"}));
    std::fs::write(world.beside("home").join(".gitconfig"), "[user]\n\tname = Me\n").expect("settings");
    world.commit("init");
    let head = world.git(&["rev-parse", "HEAD"]);
    let linked = world.beside("").join("linked");
    world.git(&["worktree", "add", "-q", linked.to_str().expect("a path")]);
    for (cwd, file) in [(world.repo(), "repo"), (linked, "linked")] {
        // A credential in git's settings keeps them from scripts, and git from stopping at them.
        for settings in ["", "[url \"https://me:tok@forge.example/\"]\n\tinsteadOf = https://forge.example/\n"] {
            std::fs::write(world.beside("home").join(".gitconfig"), settings).expect("settings");
            let ran = world.relay(&["--cwd", cwd.to_str().expect("a path"), "pack", "--dry-run"]).ended_with(0);
            let written = std::fs::read_to_string(cwd.join("packages/a/head.txt")).expect("what git said");
            assert_eq!(written, head, "{file}: {}", ran.stderr);
        }
    }
}

#[test]
fn a_script_can_read_no_environment_of_the_processes_above_it() {
    let home = CountingRegistry::start();
    let above = "const fs = require('node:fs'); let all = ''; for (let pid = process.ppid; pid > 0;) { \
                 const at = '/proc/' + pid; try { all += fs.readFileSync(at + '/environ', 'utf8'); } catch (e) { all += e.code; } \
                 pid = Number(/^PPid:\\t(\\d+)$/m.exec(fs.readFileSync(at + '/status', 'utf8'))[1]); } \
                 fs.writeFileSync('seen.json', JSON.stringify({ all }));";
    let mut world = world(&home, &serde_json::json!({"prepack": "node above.js"}));
    world.write("packages/a/above.js", above);
    world.commit("init");
    world.set("NPM_TOKEN", "canary-of-the-shell");
    // A shell stands in for the one that a person types in: it keeps the variables that relay takes out of its own environment.
    let relay = env!("CARGO_BIN_EXE_relay");
    let mut shell = std::process::Command::new("sh");
    shell.arg("-c").arg(format!("{relay} pack --dry-run; exit $?")).current_dir(world.repo());
    let ran = world.run(&mut shell).ended_with(0);
    let saw = seen(&world)["all"].as_str().expect("a text").to_owned();
    assert!(kernel_has_none(&ran) || !saw.contains("canary"), "{saw}");
    assert!(saw.contains("EACCES") || kernel_has_none(&ran), "{saw}");
}

#[test]
fn the_build_of_the_repository_is_behind_the_same_fence() {
    let home = CountingRegistry::start();
    let world = world(&home, &serde_json::json!({}));
    world.write("relay.toml", "[release]\nbuild = \"cat $HOME/.npmrc\"\n");
    world.commit("init");
    let ran = publish(&world);
    if kernel_has_none(&ran) {
        ran.ended_with(0);
        return;
    }
    let ran = ran.ended_with(1);
    assert!(ran.stderr.contains("it may not read `~/.npmrc`"), "{}", ran.stderr);
    assert!(home.uploads().is_empty());
}

#[test]
fn the_package_manager_works_behind_the_fence_in_a_home_that_has_nothing_yet() {
    let home = CountingRegistry::start();
    let script = "npm run build && npm pack --dry-run --ignore-scripts";
    let mut world = world(&home, &serde_json::json!({"prepack": script, "build": "echo built > built.txt"}));
    world.commit("init");
    let path = std::env::var("PATH").expect("a search path");
    world.set("PATH", &format!("{}:{path}", crate::world::tools().join("bin").display()));
    world.set("npm_config_cache", "");
    std::fs::remove_dir_all(world.beside("home/.cache")).expect("a home that has nothing");
    world.relay(&["pack", "--dry-run"]).ended_with(0);
    assert_eq!(world.read("packages/a/built.txt"), "built\n");
}

/// A script that puts a hook in place, which would be run by the push that comes after it.
const PUTS_A_HOOK: &str = "mkdir -p ../../.git/hooks && printf '#!/bin/sh\\necho ran >> .git/hook-ran\\n' > \
                           ../../.git/hooks/pre-push && chmod +x ../../.git/hooks/pre-push";

fn hook_ran(world: &World) -> bool {
    world.repo().join(".git/hook-ran").exists()
}

#[test]
fn a_hook_that_a_script_puts_in_place_is_not_run_by_relay_s_push() {
    let home = CountingRegistry::start();
    let world = world(&home, &serde_json::json!({"prepack": PUTS_A_HOOK}));
    world.commit("init");
    crate::owed::with_remote(&world);
    let ran = world.relay(&["publish", "--yes"]).ended_with(1);
    assert!(ran.stderr.contains("scripts of the repository changed what git runs in this clone"), "{}", ran.stderr);
    assert!(ran.stderr.contains("git's hook `pre-push`"), "{}", ran.stderr);
    assert_eq!(home.uploads().len(), 0);
    assert!(!hook_ran(&world));
    // Somebody looked at it and means it: it is there before the scripts run, and stays as it was.
    world.relay(&["publish", "--yes"]).ended_with(0);
    assert_eq!(home.uploads().len(), 1);
    assert!(hook_ran(&world));
}

#[test]
fn nor_one_that_comes_after_the_upload_and_the_tags_are_made_by_the_next_run() {
    let home = CountingRegistry::start();
    let world = world(&home, &serde_json::json!({"postpublish": PUTS_A_HOOK}));
    world.commit("init");
    let remote = crate::owed::with_remote(&world);
    let ran = world.relay(&["publish", "--yes"]).ended_with(1);
    let said = ran.stdout.clone() + &ran.stderr;
    let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("git's hook `pre-push`"), "{said}");
    assert_eq!(home.uploads().len(), 1);
    assert!(!hook_ran(&world));
    assert_eq!(world.git(&["ls-remote", "--tags", &remote]), "");
    world.relay(&["publish", "--yes"]).ended_with(0);
    assert_eq!(home.uploads().len(), 1);
    assert!(hook_ran(&world));
    assert!(world.git(&["ls-remote", "--tags", &remote]).contains("refs/tags/@acme/a@1.0.0"));
}

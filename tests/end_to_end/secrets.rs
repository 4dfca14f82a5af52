//! What a lifecycle script can see of relay and of its credentials (invariant S3).

use crate::release::harbor;
use crate::sandbox::{ACCOUNT, Registry};
use crate::world::World;

/// Writes down all that a script of the same user can read of itself and of the processes above it.
const LOOK_AROUND: &str = r"
const fs = require('node:fs');
const seen = [];
const tell = (what, read) => {
  try { seen.push(what + ': ' + read()); } catch (error) { seen.push(what + ' is closed: ' + error.code); }
};
tell('environment', () => JSON.stringify(process.env));
tell('own files', () => fs.readdirSync('/proc/self/fd').map((fd) => {
  try { return fs.readlinkSync('/proc/self/fd/' + fd); } catch { return '-'; }
}).join(' '));
for (const path of ['.npmrc', '../../.npmrc', process.env.HOME + '/.npmrc']) tell(path, () => fs.readFileSync(path, 'utf8'));
for (let pid = process.ppid; pid > 0;) {
  const folder = '/proc/' + pid;
  let status = '';
  try { status = fs.readFileSync(folder + '/status', 'utf8'); } catch { break; }
  const name = /^Name:\t(.*)$/m.exec(status)[1];
  for (const file of ['environ', 'cmdline']) tell(name + ' ' + file, () => fs.readFileSync(folder + '/' + file, 'utf8'));
  tell(name + ' files', () => fs.readdirSync(folder + '/fd').map((fd) => fs.readlinkSync(folder + '/fd/' + fd)).join(' '));
  pid = Number(/^PPid:\t(\d+)$/m.exec(status)[1]);
}
fs.writeFileSync(SEEN, seen.join('\n').replaceAll('\0', ' '));
";

/// Runs a command of which `@harbor/schema`'s `prepack` is part, and gives what that script saw.
fn seen_during(world: &World, arguments: &[&str], codes: &[i32]) -> String {
    let path = world.beside("seen").join("all.txt");
    let ran = world.relay(arguments);
    assert!(codes.contains(&ran.code), "{arguments:?} {}: {}{}", ran.code, ran.stdout, ran.stderr);
    let seen = std::fs::read_to_string(&path).expect("the script ran");
    std::fs::remove_file(&path).expect("to look again");
    seen
}

#[test]
fn no_script_can_read_a_credential_of_relay() {
    let registry = Registry::with_codes();
    let mut world = harbor(&registry);
    let key = registry.url().replace("http:", "");
    // Each way in which a credential gets into the environment: by custom, by `.npmrc`, by `relay.toml`, as npm's setting.
    let canaries = ["canary-custom", "canary-declared", "canary-setting"];
    world.set("NODE_AUTH_TOKEN", "canary-custom");
    world.set("HARBOR_DEPLOY", "canary-declared");
    world.set(&format!("npm_config_{key}other/:_authToken"), "canary-setting");
    world.append(
        "relay.toml",
        "\n[[credential]]\nenv = \"HARBOR_DEPLOY\"\nkind = \"granular-bypass\"\npackages = [\"@nobody/*\"]\n",
    );
    let folder = world.beside("seen");
    world.append("relay.toml", &format!("\n[scripts]\nwrite = [{folder:?}]\n"));
    let path = folder.join("all.txt");
    let script = LOOK_AROUND.replace("SEEN", &format!("{path:?}"));
    world.write("packages/schema/scripts/stamp.js", &script);
    world.commit("chore: a script that looks around");
    let code = registry.sandbox.current_otp(ACCOUNT).expect("a code");

    for (arguments, codes) in [
        (vec!["rehearse", "--yes", "--delay", "0"], vec![0]),
        (vec!["pack", "--dry-run"], vec![0]),
        (vec!["release", "--yes", "--otp", &code], vec![0, 4]),
        (vec!["publish", "--yes", "--filter", "@harbor/schema"], vec![0]),
    ] {
        if arguments[0] == "publish" {
            // One more version, written by hand.
            let manifest = world.read("packages/schema/package.json");
            let mut manifest: serde_json::Value = serde_json::from_str(&manifest).expect("a manifest");
            manifest["version"] = "77.0.0".into();
            world.write("packages/schema/package.json", &manifest.to_string());
        }
        let seen = seen_during(&world, &arguments, &codes);
        // The script did look: it saw the very process and the settings that refer to the credentials.
        assert!(seen.contains("relay cmdline: ") && seen.contains(arguments[0]), "{seen}");
        // Behind a fence the person's settings are shut; without one it sees what they refer to, and no more.
        assert!(seen.contains("/home/.npmrc is closed: EACCES") || seen.contains("${SESSION_TOKEN}"), "{seen}");
        for secret in canaries.into_iter().chain([registry.bypass.as_str(), registry.session.as_str(), "--otp"]) {
            assert!(!seen.contains(secret), "{arguments:?}: {secret} in {seen}");
        }
        let files = seen.lines().filter(|line| line.contains(" files"));
        assert!(files.clone().count() >= 2 && files.clone().all(|line| !line.contains("npmrc")), "{seen}");
    }
    // What was taken out of the environment still reached the registry: seven packages need a token, the rest a person.
    let committed = registry.committed();
    assert!(committed.len() >= 8 && committed.contains(&"@harbor/schema@77.0.0".to_owned()), "{committed:?}");
}

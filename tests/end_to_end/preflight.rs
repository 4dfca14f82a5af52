//! All that is wrong is told at once, and not a byte is sent.

use std::collections::BTreeMap;

use relay_sandbox::{NewAccount, SandboxAccess, SandboxOptions, SecondFactor, SeedPackage, TokenKind, VersionEvidence};

use crate::sandbox::{ACCOUNT, Registry};
use crate::world::World;

/// A person whose account has no second factor.
const WITHOUT_SECOND_FACTOR: &str = "cabin-hand";

/// Which registry a package goes to: each has its own trouble with the credential.
const PLACES: [&str; 9] = ["good", "half", "placeholder", "unset", "slash", "path", "dead", "plain-account", "none"];

/// A new sandbox for each place, since a credential belongs to a host.
fn registries() -> BTreeMap<&'static str, Registry> {
    let start =
        |_| Registry::start(SandboxOptions::default(), SecondFactor::Totp { secret: "relay-preflight".to_owned() });
    PLACES.iter().map(|place| (*place, start(place))).collect()
}

fn published(registry: &Registry, name: &str, version: &str) {
    registry.sandbox.seed_package(SeedPackage {
        manifest: serde_json::json!({ "name": name, "version": version }),
        tarball: b"old".to_vec(),
        owner: ACCOUNT.to_owned(),
        tag: None,
    });
}

/// A repository in which each package has something wrong with it.
fn set_up(registries: &BTreeMap<&'static str, Registry>) -> World {
    let mut world = World::empty();
    world.write("package.json", "{\"name\":\"root\",\"private\":true,\"workspaces\":[\"packages/*\"]}\n");
    let package = |name: &str, place: &str, more: &str| {
        let folder = name.to_lowercase();
        let registry = registries[place].url();
        let config = if more.contains("publishConfig") {
            more.replace("REGISTRY", &registry)
        } else {
            format!("\"publishConfig\":{{\"registry\":\"{registry}\"}}{}{more}", if more.is_empty() { "" } else { "," })
        };
        let manifest = format!("{{\"name\":\"{name}\",\"version\":\"1.0.0\",\"license\":\"MIT\",{config}}}\n");
        world.write(&format!("packages/{}/package.json", folder.replace(['@', '/'], "_")), &manifest);
        registries[place].access(name, SandboxAccess::Automation);
    };
    // Credentials.
    package("placeholder", "placeholder", "");
    package("unset", "unset", "");
    package("no-slash", "slash", "");
    package("another-path", "path", "");
    package("classic-token", "dead", "");
    package("no-second-factor", "plain-account", "");
    package("not-logged-in", "none", "");
    package("token-has-ended", "good", "");
    package("variable-is-not-set", "none", "");
    package("half-a-pair", "half", "");
    package("prerelease-as-latest", "good", "");
    let manifest = world.read("packages/prerelease-as-latest/package.json");
    world.write("packages/prerelease-as-latest/package.json", &manifest.replace("1.0.0", "1.0.0-rc.0"));
    package("routes-without-way", "good", "");
    package("not-carried-out", "good", "");
    // Names, versions, tags.
    package(
        "restricted-without-scope",
        "good",
        "\"publishConfig\":{\"registry\":\"REGISTRY\",\"access\":\"restricted\"}",
    );
    package("Capital-Letters", "good", "");
    package("tag-is-a-range", "good", "\"publishConfig\":{\"registry\":\"REGISTRY\",\"tag\":\"1.x\"}");
    package("latest-backward", "good", "");
    published(&registries["good"], "latest-backward", "2.0.0");
    package("shows-less", "good", "");
    published(&registries["good"], "shows-less", "0.9.0");
    let staged = VersionEvidence { approver: Some(ACCOUNT.to_owned()), ..VersionEvidence::default() };
    assert!(registries["good"].sandbox.set_evidence("shows-less", "0.9.0", staged));
    // Dependencies.
    package("needs-a-private-one", "good", "\"dependencies\":{\"kept-back\":\"^1.0.0\"}");
    world.write("packages/kept-back/package.json", "{\"name\":\"kept-back\",\"version\":\"1.0.0\",\"private\":true}\n");
    package("needs-another-version", "good", "\"dependencies\":{\"shows-less\":\"^7.0.0\"}");
    package("not-a-maintainer", "good", "");
    registries["good"].sandbox.seed_package(SeedPackage {
        manifest: serde_json::json!({ "name": "not-a-maintainer", "version": "0.9.0" }),
        tarball: b"old".to_vec(),
        owner: "somebody-else".to_owned(),
        tag: None,
    });
    package("@pinned/elsewhere", "none", "");

    let key = |place: &str| registries[place].url().trim_start_matches("http:").to_owned();
    registries["plain-account"].sandbox.add_account(NewAccount {
        name: WITHOUT_SECOND_FACTOR.to_owned(),
        password: "correct horse".to_owned(),
        second_factor: SecondFactor::None,
    });
    let hand = registries["plain-account"].sandbox.create_token(WITHOUT_SECOND_FACTOR, TokenKind::Session);
    let good = &registries["good"];
    let npmrc = format!(
        "registry={}\n@pinned:registry={}\n{}:_authToken=${{GOOD_TOKEN}}\n{}:_authToken=XXXXX-XXXXX-XXXXX-XXXXX\n{}:_authToken=${{NOT_SET}}\n\
         {}:_authToken=${{GOOD_TOKEN}}\n{}somewhere/:_authToken=${{GOOD_TOKEN}}\n{}:_authToken=${{CLASSIC_TOKEN}}\n\
         {}:_authToken=${{HAND_TOKEN}}\n{}:username=captain\n//twice.example/:_authToken=${{GOOD_TOKEN}}\n//twice.example/:_authToken=${{HAND_TOKEN}}\n",
        good.url(),
        good.url(),
        key("good"),
        key("placeholder"),
        key("unset"),
        key("slash").trim_end_matches('/'),
        key("path"),
        key("dead"),
        key("plain-account"),
        key("half"),
    );
    std::fs::write(world.beside("home").join(".npmrc"), npmrc).expect("an .npmrc");
    world.set("GOOD_TOKEN", &good.bypass);
    world.set("CLASSIC_TOKEN", "0a1b2c3d-1111-2222-3333-444455556666");
    world.set("HAND_TOKEN", &hand);
    for secret in [&good.bypass, &hand] {
        world.guard(secret);
    }
    for registry in registries.values() {
        world.append("relay.toml", &format!("[[registry]]\nurl = \"{}\"\nrules = \"npm\"\n\n", registry.url()));
    }
    world.append(
        "relay.toml",
        &"[[credential]]\nkind = \"granular-bypass\"\npackages = [\"token-has-ended\"]\nexpires = 2026-01-01\n\n\
         [[credential]]\nenv = \"TOKEN_OF_ONE\"\nkind = \"granular-bypass\"\npackages = [\"variable-is-not-set\"]\nregistry = \"NONE\"\n\n\
         [[credential]]\nkind = \"session\"\npackages = [\"no-second-factor\"]\n\n\
         [[credential]]\nkind = \"granular-bypass\"\n\n\
         [[policy]]\npackages = [\"routes-without-way\"]\npublishing-access = \"publish\"\nroutes = [\"token\"]\n\n\
         [[policy]]\npackages = [\"shows-less\"]\nroutes = [\"token\"]\n\n\
         [[policy]]\npackages = [\"not-carried-out\"]\nroutes = [\"plain\"]\n\n\
         [[policy]]\npackages = [\"not-carried-out\"]\nroutes = [\"token\"]\n"
            .replace("NONE", &registries["none"].url()),
    );
    world.commit("feat: begin");
    world
}

/// What is printed without what differs from run to run.
fn settled(text: &str, registries: &BTreeMap<&'static str, Registry>, world: &World) -> String {
    let mut text = text.to_owned();
    for (place, registry) in registries {
        let url = registry.url();
        let host = url.trim_start_matches("http://").trim_end_matches('/');
        text = text.replace(host, &format!("{place}.example"));
    }
    let home = world.beside("home");
    text = text.replace(home.to_str().expect("a path"), "HOME");
    text
}

#[test]
fn twenty_things_that_are_wrong_are_told_at_once_and_nothing_is_sent() {
    let registries = registries();
    let world = set_up(&registries);
    let json = world.relay(&["plan", "--json"]).ended_with(0);
    let plan: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
    let mut told: Vec<String> = plan["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .map(|finding| {
            let text = |field: &str| finding[field].as_str().unwrap_or("-").to_owned();
            let package = finding["package"].as_str().unwrap_or("(all)").to_owned();
            format!("{} {package}\n  {}\n  fix: {}\n", text("severity"), text("text"), text("help"))
        })
        .collect();
    told.sort();
    let told = settled(&told.join(""), &registries, &world);
    let today = jiff::Timestamp::now().to_string()[..10].to_owned();
    insta::assert_snapshot!(told.replace(&today, "TODAY"));

    let errors = plan["findings"].as_array().expect("findings").iter().filter(|one| one["severity"] == "error").count();
    let checked = world.relay(&["plan", "--check"]).ended_with(1);
    assert!(checked.stderr.contains("nothing was done"), "{}", checked.stderr);
    assert!(checked.stderr.contains("has no effect for `@pinned/elsewhere`"), "{}", checked.stderr);
    assert!(errors >= 20, "{errors}: {told}");
    world.relay(&["publish", "--yes"]).ended_with(1);
    for (place, registry) in &registries {
        assert_eq!((registry.puts(), registry.committed()), (0, Vec::new()), "{place}");
        let writes = registry.sandbox.requests().into_iter().filter(|request| request.method != "GET").count();
        assert_eq!(writes, 0, "{place}");
    }
}

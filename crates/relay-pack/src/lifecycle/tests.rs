//! Scripts that really run.

use camino::Utf8PathBuf;

use super::*;

struct World {
    folder: tempfile::TempDir,
    environment: BTreeMap<OsString, OsString>,
    credential_names: Vec<String>,
    timeout: Duration,
    stop: AtomicBool,
    manager: PackageManager,
    manifest: Value,
}

impl World {
    fn new() -> Self {
        let kept = ["PATH", "HOME"];
        let environment = std::env::vars_os().filter(|(name, _)| kept.iter().any(|other| name == other)).collect();
        Self {
            folder: tempfile::tempdir().unwrap(),
            environment,
            credential_names: Vec::new(),
            timeout: SCRIPT_TIMEOUT,
            stop: AtomicBool::new(false),
            manager: PackageManager::Pnpm,
            manifest: serde_json::json!({}),
        }
    }

    fn set(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }

    fn run(&self, command: &str) -> Result<ScriptOutcome, ScriptError> {
        let folder = Utf8PathBuf::from_path_buf(self.folder.path().to_owned()).unwrap();
        run(&ScriptRequest {
            folder: &folder,
            event: "prepack",
            command,
            package: &PackageName::parse("@acme/a").unwrap(),
            version: Some(&Version::new(1, 2, 3)),
            manifest: self.manifest.as_object().unwrap(),
            occasion: Occasion::Publish,
            manager: self.manager,
            root: &folder,
            environment: &self.environment,
            credential_names: &self.credential_names,
            extra_environment: &BTreeMap::new(),
            timeout: self.timeout,
            stop: Some(&self.stop),
            fence: None,
        })
    }
}

#[test]
fn a_script_sees_its_package() {
    let outcome = World::new()
        .run("echo $npm_lifecycle_event $npm_package_name $npm_package_version; echo ${npm_config_user_agent%%/*}; basename $npm_package_json >&2")
        .unwrap();
    assert_eq!(outcome.output, "prepack @acme/a 1.2.3\npnpm\npackage.json\n");
    assert!(!outcome.cut);
}

#[test]
fn a_script_sees_no_credential() {
    let mut world = World::new()
        .set("NPM_TOKEN", "hidden-1")
        .set("npm_config_//registry.example/:_authToken", "hidden-2")
        .set("DEPLOY", "hidden-3")
        .set("NPM_CONFIG_USERCONFIG", "/hidden-4/.npmrc")
        .set("ORDINARY", "kept");
    world.credential_names = vec!["deploy".to_owned()];
    let output = world.run("env; cat \"$npm_config_userconfig\"").unwrap().output;
    assert!(!output.contains("hidden"), "{output}");
    assert!(output.contains("ORDINARY=kept") && output.contains("HOME="), "{output}");
}

#[test]
fn programs_of_the_package_are_found() {
    let world = World::new();
    let bin = world.folder.path().join("node_modules/.bin");
    std::fs::create_dir_all(&bin).unwrap();
    std::fs::write(bin.join("hello"), "#!/bin/sh\necho hello from bin\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(bin.join("hello"), mode).unwrap();
    assert_eq!(world.run("hello").unwrap().output, "hello from bin\n");
}

#[test]
fn a_failure_names_package_event_code_and_last_lines() {
    let error = World::new().run("echo building; echo went wrong >&2; exit 3").unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("the script `prepack` of `@acme/a` ended with exit code 3"), "{text}");
    assert!(text.contains("  | building\n  | went wrong\n"), "{text}");
    assert!(matches!(error, ScriptError::Failed { code: Some(3), .. }));
}

#[test]
fn only_the_end_of_long_output_is_kept() {
    let outcome = World::new()
        .run("i=0; while [ $i -lt 3000 ]; do echo line-$i-0123456789012345678901234567890; i=$((i+1)); done")
        .unwrap();
    assert!(outcome.cut && outcome.output.len() <= OUTPUT_BYTES_MAX);
    assert!(outcome.output.ends_with("line-2999-0123456789012345678901234567890\n"));
}

#[test]
fn a_script_that_hangs_is_ended_with_its_children() {
    let mut world = World::new();
    world.timeout = Duration::from_millis(300);
    let error = world.run("echo started; sleep 600 & sleep 600").unwrap_err();
    assert!(matches!(error, ScriptError::TimedOut { .. }), "{error}");
}

#[test]
fn a_missing_folder_is_named() {
    let world = World::new();
    std::fs::remove_dir(world.folder.path()).unwrap();
    assert!(world.run("true").unwrap_err().to_string().contains("can't be started"));
    std::fs::create_dir(world.folder.path()).unwrap();
}

#[test]
fn events_come_in_npms_order() {
    assert_eq!(before_tarball(Occasion::Publish), ["prepublishOnly", "prepack", "prepare"]);
    assert_eq!(before_tarball(Occasion::Pack), ["prepack", "prepare"]);
    assert_eq!((after_tarball(), after_upload()), (["postpack"].as_slice(), ["publish", "postpublish"].as_slice()));
}

#[test]
fn a_script_is_ended_with_all_that_it_started_when_relay_is_to_stop() {
    let mut world = World::new();
    world.stop = AtomicBool::new(true);
    let error = world.run("sleep 600 & sleep 600").unwrap_err();
    assert_eq!(error.to_string(), "the script `prepack` of `@acme/a` was ended, since relay was asked to stop");
}

/// The variables of a script, by name.
fn variables(world: &World) -> BTreeMap<String, String> {
    // The shell keeps what it can't name to itself, so that they are looked at before they reach it.
    let folder = Utf8PathBuf::from_path_buf(world.folder.path().to_owned()).unwrap();
    let variables = environment::of_script(&ScriptRequest {
        folder: &folder.join("packages/a"),
        event: "prepack",
        command: "true",
        package: &PackageName::parse("@acme/a").unwrap(),
        version: Some(&Version::new(1, 2, 3)),
        manifest: world.manifest.as_object().unwrap(),
        occasion: Occasion::Publish,
        manager: world.manager,
        root: &folder,
        environment: &world.environment,
        credential_names: &world.credential_names,
        extra_environment: &BTreeMap::new(),
        timeout: world.timeout,
        stop: None,
        fence: None,
    });
    let text = |text: OsString| text.into_string().unwrap();
    variables.into_iter().map(|(name, value)| (text(name), text(value))).collect()
}

#[test]
fn scripts_have_what_npm_gives_them() {
    let mut world = World::new().set("npm_package_name", "outer").set("npm_lifecycle_event", "release");
    world = world.set("npm_config_tag", "next").set("npm_execpath", "/elsewhere/pnpm");
    world.manager = PackageManager::Npm;
    world.manifest = serde_json::json!({
        "config": {"x": "1", "deep": {"k": [1, true, null, false]}, "y-z": "q"},
        "engines": {"node": ">=1"},
        "bin": "./x.js",
        "_authToken": "hidden",
    });
    let seen = variables(&world);
    for (name, expected) in [
        ("npm_package_config_x", "1"),
        ("npm_package_config_deep_k_0", "1"),
        ("npm_package_config_deep_k_1", "true"),
        ("npm_package_config_deep_k_2", ""),
        ("npm_package_config_deep_k_3", ""),
        ("npm_package_config_y-z", "q"),
        ("npm_package_engines_node", ">=1"),
        ("npm_package_bin_a", "x.js"),
        ("npm_package_name", "@acme/a"),
        ("npm_lifecycle_event", "prepack"),
        ("npm_command", "publish"),
        ("npm_config_tag", "next"),
    ] {
        assert_eq!(seen.get(name).map(String::as_str), Some(expected), "{name}");
    }
    assert!(seen["npm_execpath"].contains("npm") && !seen["npm_execpath"].contains("elsewhere"), "{seen:?}");
    assert!(seen["npm_node_execpath"].ends_with("/node") && seen["NODE"] == seen["npm_node_execpath"]);
    assert_eq!(seen["npm_config_local_prefix"], seen["INIT_CWD"]);
    assert!(!seen.values().any(|value| value.contains("hidden")));
}

#[test]
fn pnpm_and_yarn_name_things_in_their_own_way() {
    let mut world = World::new();
    world.manifest = serde_json::json!({"config": {"y-z": false}, "bin": {"a-b": "./a.js"}});
    let seen = variables(&world);
    assert_eq!(seen["npm_package_config_y_z"], "false");
    assert_eq!(seen["npm_package_bin_a_b"], "./a.js");
    assert_eq!(seen["pnpm_config_verify_deps_before_run"], "false");
    world.manager = PackageManager::Yarn;
    let seen = variables(&world);
    assert!(!seen.contains_key("npm_package_config_y_z") && seen["PROJECT_CWD"] == seen["INIT_CWD"], "{seen:?}");
}

#[test]
fn a_script_can_call_its_package_manager() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new();
    let programs = world.folder.path().join("programs");
    std::fs::create_dir_all(&programs).unwrap();
    std::fs::write(programs.join("pnpm"), "#!/bin/sh\necho called with $*\n").unwrap();
    std::fs::set_permissions(programs.join("pnpm"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let outcome = world.set("PATH", &path).run("$npm_execpath run build").unwrap();
    assert_eq!(outcome.output, "called with run build\n");
}

#[test]
fn a_package_manager_that_is_installed_as_a_package_is_known_with_its_version() {
    let folder = tempfile::tempdir().unwrap();
    let root = Utf8PathBuf::from_path_buf(folder.path().canonicalize().unwrap()).unwrap();
    std::fs::create_dir_all(root.join("lib/npm/bin")).unwrap();
    std::fs::create_dir_all(root.join("bin")).unwrap();
    std::fs::write(root.join("lib/npm/package.json"), r#"{"name":"npm","version":"12.9.1"}"#).unwrap();
    std::fs::write(root.join("lib/npm/bin/npm-cli.js"), "").unwrap();
    std::os::unix::fs::symlink("../lib/npm/bin/npm-cli.js", root.join("bin/npm")).unwrap();
    let path = OsString::from(format!("relative:{root}/bin"));
    let found = programs::manager("npm", &path).unwrap();
    assert_eq!(found.program, root.join("lib/npm/bin/npm-cli.js"));
    assert_eq!((found.package, found.version.as_deref()), (Some(root.join("lib/npm")), Some("12.9.1")));
}

//! What is open and what is told, without a kernel: the same on every system.

use std::fs;

use super::*;

/// A home with a repository in it, beside another one.
struct World {
    folder: tempfile::TempDir,
    environment: BTreeMap<OsString, OsString>,
    shut: Vec<Utf8PathBuf>,
    read: Vec<String>,
    write: Vec<String>,
    network: bool,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = Self {
            folder,
            environment: BTreeMap::new(),
            shut: Vec::new(),
            read: Vec::new(),
            write: Vec::new(),
            network: true,
        };
        for path in [
            "me/.ssh",
            "me/.nvm/versions/node/v24/etc",
            "me/.cache",
            "me/.cargo/registry",
            "me/code/other",
            "me/code/repo/.git",
        ] {
            fs::create_dir_all(world.path(path)).unwrap();
        }
        for path in ["me/.npmrc", "me/.ssh/id", "me/.cargo/credentials.toml", "me/.nvm/versions/node/v24/etc/npmrc"] {
            fs::write(world.path(path), "").unwrap();
        }
        let home = world.path("me");
        world.set("HOME", home.as_str())
    }

    fn set(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }

    fn path(&self, path: &str) -> Utf8PathBuf {
        Utf8Path::from_path(self.folder.path()).unwrap().canonicalize_utf8().unwrap().join(path)
    }

    fn fence(&self, repository: &[&str]) -> Fence {
        let repository: Vec<Utf8PathBuf> = repository.iter().map(|path| self.path(path)).collect();
        let request = FenceRequest {
            program: "relay".into(),
            repository: &repository,
            borrowed: &[],
            environment: &self.environment,
            shut: &self.shut,
            read: &self.read,
            write: &self.write,
            network: self.network,
        };
        Fence::raise(&request).unwrap()
    }

    #[track_caller]
    fn check(&self, fence: &Fence, expected: &[(&str, Option<Reach>)]) {
        for (path, reach) in expected {
            let whole = if path.starts_with('/') { Utf8PathBuf::from(path) } else { self.path(path) };
            for one in [Reach::Read, Reach::Write] {
                assert_eq!(
                    fence.allows(&whole, one),
                    reach.is_some_and(|reach| reach >= one),
                    "{one:?} {path}: {fence:#?}"
                );
            }
        }
    }
}

const SHUT: Option<Reach> = None;
const READ: Option<Reach> = Some(Reach::Read);
const WRITE: Option<Reach> = Some(Reach::Write);

#[test]
fn the_repository_the_system_and_known_tools_are_open_and_the_rest_of_the_home_is_not() {
    let world = World::new();
    let fence = world.fence(&["me/code/repo"]);
    world.check(
        &fence,
        &[
            ("me/code/repo/packages/a/dist/new.js", WRITE),
            ("me/.cache/tool/x", WRITE),
            // npm makes it where it is missing.
            ("me/.npm/_cacache/x", WRITE),
            ("me/.cargo/registry/x", WRITE),
            ("me/.nvm/versions/node/v24/bin/node", READ),
            ("/etc/hostname", READ),
            ("/usr/bin/env", READ),
            ("/dev/null", WRITE),
            ("/dev/sda", SHUT),
            ("/home/other/.npmrc", SHUT),
            ("me/.npmrc", SHUT),
            ("me/.ssh/id", SHUT),
            ("me/.cargo/credentials.toml", SHUT),
            ("me/code/other/x.js", SHUT),
            ("me", SHUT),
            ("/", SHUT),
        ],
    );
    assert!(fence.gaps().is_empty());
}

#[test]
fn what_relay_toml_names_is_open_too() {
    let mut world = World::new();
    world.read = vec!["~/.ssh".to_owned(), world.path("me/code/other").to_string(), "/nowhere".to_owned()];
    world.write = vec!["~/.nvm".to_owned()];
    let fence = world.fence(&["me/code/repo"]);
    let expected = [
        ("me/.ssh/id", READ),
        ("me/code/other/x.js", READ),
        ("me/.nvm/x", WRITE),
        ("me/.npmrc", SHUT),
        ("/nowhere", SHUT),
    ];
    world.check(&fence, &expected);
}

#[test]
fn a_settings_file_stays_shut_in_a_folder_that_is_open() {
    let mut world = World::new();
    world.shut = vec![world.path("me/.nvm/versions/node/v24/etc/npmrc")];
    fs::create_dir_all(world.path("me/.nvm/versions/node/v24/lib")).unwrap();
    let fence = world.fence(&["me/code/repo"]);
    let expected = [("me/.nvm/versions/node/v24/etc/npmrc", SHUT), ("me/.nvm/versions/node/v24/lib/x", READ)];
    world.check(&fence, &expected);
}

#[test]
fn a_worktrees_git_directory_is_open_and_a_working_tree_around_the_home_is_not() {
    let world = World::new();
    fs::create_dir_all(world.path("me/bare/worktrees/repo")).unwrap();
    let fence = world.fence(&["me/code/repo", "", "me/bare"]);
    let expected = [("me/bare/worktrees/repo/HEAD", WRITE), ("me/.npmrc", SHUT), ("me/code/other/x", SHUT)];
    world.check(&fence, &expected);
    assert!(fence.gaps().is_empty());
}

#[test]
fn a_home_inside_the_repository_is_said() {
    let world = World::new();
    let fence = world.fence(&["me"]);
    assert_eq!(fence.gaps().len(), 1);
    assert!(fence.gaps()[0].contains("lies in the repository"), "{:?}", fence.gaps());
    world.check(&fence, &[("me/packages/a/dist", WRITE)]);
}

#[test]
fn scripts_have_a_temporary_folder_of_their_own_where_the_usual_one_holds_the_home() {
    let world = World::new();
    let around = world.path("");
    let world = world.set("TMPDIR", around.as_str());
    let fence = world.fence(&["me/code/repo"]);
    let own = fence.environment()[std::ffi::OsStr::new("TMPDIR")].to_str().unwrap().to_owned();
    assert!(Utf8Path::new(&own).starts_with(&around) && Utf8Path::new(&own).is_dir());
    world.check(&fence, &[(&format!("{own}/x"), WRITE), ("me/.npmrc", SHUT), ("me/code/other", SHUT)]);
    drop(fence);
    assert!(!Utf8Path::new(&own).exists(), "it goes with the run");

    let temporary = world.path("me/tmp");
    fs::create_dir(&temporary).unwrap();
    let world = world.set("TMPDIR", temporary.as_str());
    let fence = world.fence(&["me/code/repo"]);
    world.check(&fence, &[("me/tmp/x", WRITE)]);
    assert!(fence.environment().is_empty());
}

#[test]
fn programs_on_the_search_path_can_run_wherever_they_are() {
    let world = World::new();
    for path in ["me/tools/bin", "me/tools/lib/node_modules/npm/bin", "me/tools/share", "bin", "elsewhere/node-24/bin"]
    {
        fs::create_dir_all(world.path(path)).unwrap();
    }
    fs::write(world.path("me/tools/lib/node_modules/npm/bin/npm-cli.js"), "").unwrap();
    fs::write(world.path("elsewhere/node-24/bin/node"), "").unwrap();
    std::os::unix::fs::symlink(world.path("me/tools/lib/node_modules/npm/bin/npm-cli.js"), world.path("bin/npm"))
        .unwrap();
    std::os::unix::fs::symlink(world.path("elsewhere/node-24/bin/node"), world.path("bin/node")).unwrap();
    // A folder around the home opens nothing.
    let path = ["bin", "me", ""].map(|path| world.path(path).to_string()).join(":");
    let world = world.set("PATH", &path);
    let fence = world.fence(&["me/code/repo"]);
    let expected = [
        ("bin/npm", READ),
        ("me/tools/lib/node_modules/npm/lib/x.js", READ),
        ("me/tools/share/x", SHUT),
        ("elsewhere/node-24/bin/node", READ),
        ("elsewhere/other", SHUT),
        ("me/.npmrc", SHUT),
        ("me/code/other", SHUT),
    ];
    world.check(&fence, &expected);
}

#[test]
fn gits_settings_are_open_unless_a_secret_is_in_them() {
    let world = World::new();
    fs::write(world.path("me/.gitconfig"), "[user]\n\tname = Me\n").unwrap();
    let fence = world.fence(&["me/code/repo"]);
    world.check(&fence, &[("me/.gitconfig", READ)]);
    assert!(!fence.environment().contains_key(std::ffi::OsStr::new("GIT_CONFIG_GLOBAL")));
    fs::write(world.path("me/.gitconfig"), "[url \"https://me:tok@forge.example/\"]\n").unwrap();
    let fence = world.fence(&["me/code/repo"]);
    world.check(&fence, &[("me/.gitconfig", SHUT)]);
    assert_eq!(fence.environment()[std::ffi::OsStr::new("GIT_CONFIG_GLOBAL")], "/dev/null");
}

#[test]
fn a_managers_settings_are_open_unless_a_credential_is_in_them() {
    let mut world = World::new();
    world.shut = vec![world.path("me/.yarnrc.yml"), world.path("me/.npmrc")];
    for (settings, reach) in [("enableTelemetry: false\n", READ), ("npmAuthToken: literal\n", SHUT)] {
        fs::write(world.path("me/.yarnrc.yml"), settings).unwrap();
        world.check(&world.fence(&["me/code/repo"]), &[("me/.yarnrc.yml", reach), ("me/.npmrc", SHUT)]);
    }
}

#[test]
fn what_was_denied_is_found_in_the_words_of_many_programs() {
    let world = World::new();
    fs::create_dir(world.path("system")).unwrap();
    for path in ["me/code/repo/locked", "me/code/other/x", "me/.gitconfig"] {
        fs::write(world.path(path), "extraheader").unwrap();
    }
    let fence = world.fence(&["me/code/repo"]);
    let folder = world.path("me/code/repo");
    let (home, system) = (world.path("me"), world.path("system"));
    for (line, expected) in [
        ("Error: EACCES: permission denied, open 'HOME/.npmrc'", Some(("~/.npmrc", Reach::Read))),
        ("cat: HOME/.ssh/id: Permission denied", Some(("~/.ssh/id", Reach::Read))),
        ("cat: ../other/x: Permission denied", Some(("~/code/other/x", Reach::Read))),
        ("sh: 1: cannot open HOME/.npmrc: Permission denied", Some(("~/.npmrc", Reach::Read))),
        ("sh: 1: cannot create HOME/new: Permission denied", Some(("~/new", Reach::Write))),
        ("sh: 1: cannot create HOME/.nvm/new: Permission denied", Some(("~/.nvm/new", Reach::Write))),
        ("PermissionError: [Errno 13] Permission denied: 'HOME/.npmrc'", Some(("~/.npmrc", Reach::Read))),
        ("fatal: unable to access 'HOME/.gitconfig': Permission denied", Some(("~/.gitconfig", Reach::Read))),
        ("Error: EACCES: permission denied, open 'HOME/new.txt'", Some(("~/new.txt", Reach::Write))),
        ("Error: EACCES: permission denied, mkdir 'HOME/.config'", Some(("~/.config", Reach::Write))),
        ("ls: cannot open directory 'SYSTEM': Permission denied", Some(("SYSTEM", Reach::Read))),
        // What is open is shut by something else.
        ("sh: 1: ./locked: Permission denied", None),
        ("cat: HOME/code/repo/locked: Permission denied", None),
        ("reading HOME/.npmrc went well", None),
        ("Error: connect EACCES 192.0.2.1:443", None),
    ] {
        let put = |text: &str| text.replace("HOME", home.as_str()).replace("SYSTEM", system.as_str());
        let expected = expected.map(|(path, reach)| Denied::Path { path: put(path), reach });
        assert_eq!(fence.denied(&format!("begun\n{}\n", put(line)), &folder), expected, "{line}");
    }
}

#[test]
fn a_denied_connection_is_told_where_tcp_is_shut() {
    let mut world = World::new();
    world.network = false;
    let fence = world.fence(&["me/code/repo"]);
    for line in ["Error: connect EACCES 192.0.2.1:443", "Error: listen EACCES: permission denied 127.0.0.1:3000"] {
        let denied = fence.denied(line, &world.path("me/code/repo")).unwrap();
        assert_eq!(denied, Denied::Network, "{line}");
        assert!(denied.to_string().contains("`network = false`"));
    }
}

//! Scripts, then tarballs of what is there when they have run.

use std::sync::atomic::Ordering;

use relay_config::RouteKind;

use super::*;
use crate::fixture::{Repo, Told, name, plan};

const ROOT: (&str, &str) = ("package.json", r#"{"name":"root","private":true,"workspaces":["packages/*"]}"#);

fn repo(manifest: &str) -> Repo {
    Repo::of(&[ROOT, ("packages/a/package.json", manifest)])
}

fn options() -> FreezeOptions {
    let environment = std::env::vars_os().filter(|(name, _)| name == "PATH").collect();
    FreezeOptions { environment, ..FreezeOptions::default() }
}

type Frozen = Result<BTreeMap<PackageName, Arc<Tarball>>, FreezeError>;

fn frozen(repo: &Repo, options: &FreezeOptions) -> (Frozen, Vec<String>) {
    let (events, told) = Told::stream();
    let plan = plan(&[("a", "1.0.0", RouteKind::Token)]);
    let tarballs = freeze(&repo.project(), &plan, options, &events);
    let scripts = told.facts().into_iter().filter_map(|fact| match fact {
        Fact::ScriptRan { script, .. } => Some(script),
        Fact::BuildStarted { command } => Some(command),
        _ => None,
    });
    (tarballs, scripts.collect())
}

fn files(tarballs: &Frozen) -> Vec<&str> {
    let tarball = &tarballs.as_ref().unwrap()[&name("a")];
    tarball.files.iter().map(|file| file.path.as_str()).collect()
}

#[cfg(unix)]
#[test]
fn what_the_scripts_before_packing_make_goes_in_and_what_those_after_it_make_does_not() {
    let repo = repo(
        r#"{"name":"a","version":"1.0.0","scripts":{"postpack":"echo 2 > after.js","prepack":"echo 1 > made.js",
            "prepublishOnly":"echo 0 > first.js","publish":"exit 1"}}"#,
    );
    let (tarballs, scripts) = frozen(&repo, &options());
    assert_eq!(scripts, ["prepublishOnly", "prepack", "postpack"]);
    let files = files(&tarballs);
    assert!(files.contains(&"made.js") && files.contains(&"first.js"), "{files:?}");
    assert!(!files.contains(&"after.js"), "{files:?}");
    assert!(repo.root.join("packages/a/after.js").is_file());
}

#[cfg(unix)]
#[test]
fn the_build_runs_before_all_scripts_and_neither_where_scripts_are_left_out() {
    let files_of = [
        ROOT,
        ("relay.toml", "[release]\nbuild = \"echo 1 > packages/a/built.js\"\n"),
        ("packages/a/package.json", r#"{"name":"a","version":"1.0.0","scripts":{"prepack":"cp built.js copied.js"}}"#),
    ];
    let built = Repo::of(&files_of);
    let (tarballs, scripts) = frozen(&built, &options());
    assert_eq!(scripts, ["echo 1 > packages/a/built.js", "prepack"]);
    assert_eq!(files(&tarballs), ["built.js", "copied.js", "package.json"]);
    let bare = Repo::of(&files_of);
    let (tarballs, scripts) = frozen(&bare, &FreezeOptions { ignore_scripts: true, ..options() });
    assert_eq!(scripts, Vec::<String>::new());
    assert_eq!(files(&tarballs), ["package.json"]);
}

#[cfg(unix)]
#[test]
fn a_script_that_makes_it_another_package_or_fails_or_is_stopped_leaves_no_tarball() {
    let renamed = r#"{"name":"a","version":"1.0.0","scripts":{"prepack":"echo '{\"name\":\"a\",\"version\":\"2.0.0\"}' > package.json"}}"#;
    let (tarballs, _) = frozen(&repo(renamed), &options());
    assert!(matches!(tarballs, Err(FreezeError::Mislabelled(_))), "{tarballs:?}");
    let failing = r#"{"name":"a","version":"1.0.0","scripts":{"prepack":"exit 3"}}"#;
    let (tarballs, scripts) = frozen(&repo(failing), &options());
    assert!(matches!(&tarballs, Err(FreezeError::Script(error)) if error.to_string().contains("prepack")));
    assert_eq!(scripts, Vec::<String>::new(), "what failed did not run to its end");
    let stopped = options();
    stopped.stop.store(true, Ordering::Relaxed);
    let waiting = r#"{"name":"a","version":"1.0.0","scripts":{"prepack":"sleep 60"}}"#;
    let (tarballs, _) = frozen(&repo(waiting), &stopped);
    assert!(matches!(tarballs, Err(FreezeError::Script(ScriptError::Interrupted { .. }))), "{tarballs:?}");
}

#[test]
fn what_would_run_is_known_beforehand() {
    let (scripts, build) = (r#""scripts":{"SCRIPT":"x"}"#, "[release]\nbuild = \"x\"\n");
    for (script, toml, runs) in [
        ("prepack", "", true),
        ("postpack", "", true),
        ("publish", "", true),
        ("postpublish", "", true),
        ("prepublishOnly", "", true),
        ("test", "", false),
        ("preinstall", "", false),
        ("test", build, true),
    ] {
        let manifest = format!("{{\"name\":\"a\",\"version\":\"1.0.0\",{}}}", scripts.replace("SCRIPT", script));
        let repo = repo(&manifest);
        repo.write("relay.toml", toml);
        let project = repo.project();
        assert_eq!(runs_scripts(&project, &plan(&[("a", "1.0.0", RouteKind::Token)])), runs, "{script} {toml}");
        assert!(!runs_scripts(&project, &plan(&[])), "nothing runs for nothing");
        assert_eq!(runs_build(&project, false), !toml.is_empty());
        assert!(!runs_build(&project, true));
    }
}

#[test]
fn what_was_packed_ahead_is_taken_as_it_is() {
    let repo = repo(r#"{"name":"a","version":"1.0.0"}"#);
    let (first, _) = frozen(&repo, &options());
    let packed_ahead = first.unwrap();
    repo.write("packages/a/later.js", "1\n");
    let (tarballs, _) = frozen(&repo, &FreezeOptions { packed_ahead: packed_ahead.clone(), ..options() });
    assert!(Arc::ptr_eq(&tarballs.unwrap()[&name("a")], &packed_ahead[&name("a")]));
}

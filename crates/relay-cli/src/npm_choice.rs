//! What the person's own npm adds to how tarballs are made: its version, and the ignore file that npm 12 heeds.
#![expect(clippy::disallowed_methods, reason = "which npm is on the search path, the environment alone tells")]

use std::env;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use relay_config::{Config, NpmRules};
use relay_engine::conventions::PackChoices;
use relay_pack::lifecycle::programs;
use relay_workspace::{PackageManager, Workspace};

/// How long npm may take to say its version.
const NPM_TIMEOUT: Duration = Duration::from_secs(15);

/// The largest settings or ignore file that is read, in bytes.
const FILE_SIZE_BYTES_MAX: u64 = 1024 * 1024;

/// What is chosen for a workspace outside of its own files.
pub(crate) fn pack_choices(workspace: &Workspace, config: &Config) -> PackChoices {
    let like = config.pack.like;
    let heeds = like == Some(NpmRules::Npm12) || (like.is_none() && workspace.manager == PackageManager::Npm);
    PackChoices { like, user_ignore: if heeds { user_ignore(&workspace.root) } else { None } }
}

/// The ignore file that `global-ignore-file` names in npm's settings, else `etc/npmignore` below npm's prefix.
fn user_ignore(root: &Utf8Path) -> Option<(Utf8PathBuf, String)> {
    let named = variable("npm_config_global_ignore_file").or_else(|| {
        let user = variable("npm_config_userconfig").or_else(|| Some(format!("{}/.npmrc", variable("HOME")?)));
        let files = [Some(root.join(".npmrc")), user.map(Utf8PathBuf::from)];
        files.into_iter().flatten().find_map(|file| setting(&read(&file)?, "global-ignore-file"))
    });
    let path = match named {
        Some(path) => match (path.strip_prefix("~/"), variable("HOME")) {
            (Some(rest), Some(home)) => Utf8PathBuf::from(home).join(rest),
            _ => Utf8PathBuf::from(path),
        },
        None => prefix()?.join("etc/npmignore"),
    };
    let text = read(&path)?;
    Some((path, text))
}

/// npm's global prefix: where it is not set, the folder above that of node.
fn prefix() -> Option<Utf8PathBuf> {
    if let Some(prefix) = variable("npm_config_prefix").or_else(|| variable("PREFIX")) {
        return Some(Utf8PathBuf::from(prefix));
    }
    let node = programs::on_path("node", &env::var_os("PATH")?)?.canonicalize_utf8().ok()?;
    Some(node.parent()?.parent()?.to_owned())
}

fn variable(name: &str) -> Option<String> {
    env::vars().find(|(other, value)| other.eq_ignore_ascii_case(name) && !value.is_empty()).map(|(_, value)| value)
}

/// A regular file's text; whatever else stands there could keep relay waiting.
fn read(path: &Utf8Path) -> Option<String> {
    let found = std::fs::metadata(path).ok().filter(|found| found.is_file() && found.len() <= FILE_SIZE_BYTES_MAX);
    found.and_then(|_| std::fs::read(path).ok()).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// The value of a key in an `.npmrc`.
fn setting(text: &str, wanted: &str) -> Option<String> {
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    let mut values =
        pairs.filter(|(key, _)| key.trim() == wanted).map(|(_, value)| value.trim().trim_matches(['"', '\'']));
    values.next_back().filter(|value| !value.is_empty()).map(str::to_owned)
}

/// The npm on the PATH: from the package that its program lies in, else by asking it, which takes a process.
pub(crate) fn npm_on_path() -> Option<NpmRules> {
    let npm = programs::manager("npm", &env::var_os("PATH")?)?;
    let version = npm.version.or_else(|| asked_version(&npm.program))?;
    let major: u64 = version.trim().split('.').next()?.parse().ok()?;
    Some(if major < 12 { NpmRules::Npm11 } else { NpmRules::Npm12 })
}

fn asked_version(program: &Utf8Path) -> Option<String> {
    let mut child = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut output = child.stdout.take()?;
    let (send, said) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        let read = std::io::Read::read_to_string(&mut output, &mut text).is_ok();
        // Whoever waited may have given up.
        let _gone = send.send(read.then_some(text));
    });
    let version = said.recv_timeout(NPM_TIMEOUT).ok().flatten();
    if version.is_none() {
        let _over = child.kill();
    }
    let _status = child.wait();
    version
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_found_by_its_key() {
        let text = "# global-ignore-file=no\nx=1\nglobal-ignore-file = \"~/a\"\n";
        assert_eq!(setting(text, "global-ignore-file").as_deref(), Some("~/a"));
        assert_eq!(setting("global-ignore-file=\n", "global-ignore-file"), None);
    }
}

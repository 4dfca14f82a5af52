//! The environment of a script: the caller's without anything that looks like a credential, and npm's own variables.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use camino::Utf8Path;
use relay_values::is_credential_name;

use super::build::BuildRequest;
use super::{ScriptRequest, npm_variables};
use crate::gate;

/// A file that is always empty, for `npm_config_userconfig`: npm must not find the user's own.
const EMPTY_FILE: &str = if cfg!(windows) { "NUL" } else { "/dev/null" };

const PATH_SEPARATOR: &str = if cfg!(windows) { ";" } else { ":" };

/// Says whether a variable's value is a credential: a token of a known form, or a URL with a password in it.
fn is_credential_value(name: &str, value: &str) -> bool {
    if gate::first_secret(value.as_bytes()).is_some() {
        return true;
    }
    // A proxy is left in place: without it a script has no network, and the password is the proxy's only.
    if name.to_uppercase().ends_with("_PROXY") {
        return false;
    }
    let Some((_, rest)) = value.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
}

/// The variables of a script.
pub(super) fn of_script(request: &ScriptRequest) -> BTreeMap<OsString, OsString> {
    let mut variables = scrubbed(request.environment, request.credential_names);
    let path = variables.iter().find(|(name, _)| is_path(name)).map(|(name, value)| (name.clone(), value.clone()));
    let (path_name, path) = path.unwrap_or_else(|| ("PATH".into(), OsString::new()));
    for (name, value) in npm_variables::of(request, &path) {
        variables.insert(name.into(), value.into());
    }
    variables.insert("npm_config_userconfig".into(), EMPTY_FILE.into());
    let node_gyp = npm_variables::node_gyp_bin(request, &path);
    variables.insert(path_name, search_path(request.folder, request.root, node_gyp.as_deref(), &path));
    for (name, value) in request.extra_environment {
        variables.insert(name.into(), value.into());
    }
    variables
}

/// The variables of a build: those of a script, without what a package manager says of a package.
pub(super) fn of_build(request: &BuildRequest<'_>) -> BTreeMap<OsString, OsString> {
    let mut variables = scrubbed(request.environment, request.credential_names);
    let path = variables.iter().find(|(name, _)| is_path(name)).map(|(name, value)| (name.clone(), value.clone()));
    let (path_name, path) = path.unwrap_or_else(|| ("PATH".into(), OsString::new()));
    variables.insert("npm_config_userconfig".into(), EMPTY_FILE.into());
    variables.insert(path_name, search_path(request.root, request.root, None, &path));
    variables
}

fn scrubbed(environment: &BTreeMap<OsString, OsString>, credential_names: &[String]) -> BTreeMap<OsString, OsString> {
    let declared = |name: &str| credential_names.iter().any(|other| other.eq_ignore_ascii_case(name));
    environment
        .iter()
        .filter(|(name, value)| {
            // What can't be read as text can't be judged: its readable part decides.
            let (name, value) = (name.to_string_lossy(), value.to_string_lossy());
            !(declared(&name)
                || is_of_another_script(&name)
                || is_credential_name(&name)
                || is_credential_value(&name, &value))
        })
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// Says whether a variable is one that a package manager sets for each script anew: relay itself may run in a script of another
/// package.
fn is_of_another_script(name: &str) -> bool {
    const REPLACED: [&str; 6] = [
        "npm_config_userconfig",
        "npm_config_user_agent",
        "npm_config_local_prefix",
        "npm_execpath",
        "npm_node_execpath",
        "npm_command",
    ];
    let starts = |start: &str| name.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start));
    REPLACED.iter().any(|other| other.eq_ignore_ascii_case(name)) || starts("npm_package_") || starts("npm_lifecycle_")
}

fn is_path(name: &OsStr) -> bool {
    name == "PATH" || (cfg!(windows) && name.eq_ignore_ascii_case("PATH"))
}

/// `node_modules/.bin` of the folder and of each one above it up to the root, npm's `node-gyp`, and the search path before.
fn search_path(folder: &Utf8Path, root: &Utf8Path, node_gyp: Option<&Utf8Path>, before: &OsStr) -> OsString {
    let mut path = OsString::new();
    for place in folder.ancestors() {
        path.push(place.join("node_modules").join(".bin").as_str());
        path.push(PATH_SEPARATOR);
        if place == root || !place.starts_with(root) {
            break;
        }
    }
    if let Some(node_gyp) = node_gyp {
        path.push(node_gyp.as_str());
        path.push(PATH_SEPARATOR);
    }
    path.push(before);
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_may_give_a_credential_away() {
        assert!(is_credential_value("DATABASE_URL", "postgres://me:pw@db.example/x"));
        assert!(!is_credential_value("HTTPS_PROXY", "http://me:pw@proxy.example"));
        assert!(!is_credential_value("HOMEPAGE", "https://a.example/@scope/x:y"));
    }

    #[test]
    fn the_search_path_goes_up_to_the_root() {
        let path = search_path(Utf8Path::new("/w/packages/a"), Utf8Path::new("/w"), None, OsStr::new("/bin"));
        let expected =
            ["/w/packages/a/node_modules/.bin", "/w/packages/node_modules/.bin", "/w/node_modules/.bin", "/bin"];
        assert_eq!(path, OsString::from(expected.join(PATH_SEPARATOR)));
    }
}

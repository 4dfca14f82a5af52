//! The variables that a package manager sets for its scripts: what npm 11 and 12, pnpm 12 and yarn 4 set, seen by running them
//! with a script that prints its environment. None of them holds a credential, and none names a file that may.

use std::ffi::OsStr;

use camino::Utf8PathBuf;
use relay_workspace::PackageManager;
use serde_json::{Map, Value};

use super::programs::{self, Manager};
use super::{Occasion, ScriptRequest};

/// The variables, as names and values; `path` is the search path that the script starts from.
pub(super) fn of(request: &ScriptRequest, path: &OsStr) -> Vec<(String, String)> {
    let manager = request.manager;
    let program = programs::manager(manager.as_str(), path);
    let node = programs::on_path("node", path).map(|node| node.canonicalize_utf8().unwrap_or(node));
    let mut all: Vec<(String, String)> = Vec::new();
    let mut set = |name: &str, value: &str| all.push((name.to_owned(), value.to_owned()));
    set("npm_lifecycle_event", request.event);
    set("npm_lifecycle_script", request.command);
    set("npm_package_json", request.folder.join("package.json").as_str());
    set("npm_package_name", request.package.as_str());
    if let Some(version) = request.version {
        set("npm_package_version", &version.to_string());
    }
    set("npm_config_user_agent", &user_agent(manager, program.as_ref()));
    set("INIT_CWD", request.root.as_str());
    if let Some(program) = &program {
        set("npm_execpath", program.program.as_str());
    }
    if let Some(node) = &node {
        set("npm_node_execpath", node.as_str());
    }
    if manager == PackageManager::Yarn {
        set("PROJECT_CWD", request.root.as_str());
        return all;
    }
    set("npm_command", if request.occasion == Occasion::Publish { "publish" } else { "pack" });
    if let Some(node) = &node {
        set("NODE", node.as_str());
    }
    if manager == PackageManager::Pnpm {
        set("PNPM_SCRIPT_SRC_DIR", request.folder.as_str());
        // A script that calls pnpm again must not make it install first.
        set("pnpm_config_verify_deps_before_run", "false");
    } else {
        set("npm_config_local_prefix", request.root.as_str());
        set("npm_config_noproxy", "");
        set("COLOR", "0");
        if let Some(prefix) = node.as_ref().and_then(|node| node.parent()?.parent()) {
            set("npm_config_prefix", prefix.as_str());
            set("npm_config_global_prefix", prefix.as_str());
        }
        if let Some(version) = program.as_ref().and_then(|program| program.version.as_ref()) {
            set("npm_config_npm_version", version);
        }
        if let Some(node_gyp) = npms_own(program.as_ref(), "node_modules/node-gyp/bin/node-gyp.js") {
            set("npm_config_node_gyp", node_gyp.as_str());
        }
    }
    let style = if manager == PackageManager::Pnpm { Style::Pnpm } else { Style::Npm };
    for field in ["config", "engines"] {
        if let Some(value) = request.manifest.get(field) {
            flatten(&format!("npm_package_{field}"), value, style, &mut all);
        }
    }
    if let Some(bin) = bins(request.manifest, request.package.as_str(), style) {
        flatten("npm_package_bin", &bin, style, &mut all);
    }
    all
}

/// The folder of npm's `node-gyp` command, which it puts onto the search path.
pub(super) fn node_gyp_bin(request: &ScriptRequest, path: &OsStr) -> Option<Utf8PathBuf> {
    let program = (request.manager == PackageManager::Npm).then(|| programs::manager("npm", path)).flatten();
    npms_own(program.as_ref(), "node_modules/@npmcli/run-script/lib/node-gyp-bin")
}

fn npms_own(program: Option<&Manager>, path: &str) -> Option<Utf8PathBuf> {
    Some(program?.package.as_ref()?.join(path)).filter(|path| path.exists())
}

/// The manager first, since scripts such as `only-allow` look for it there.
fn user_agent(manager: PackageManager, program: Option<&Manager>) -> String {
    let version = program.and_then(|program| program.version.as_deref()).unwrap_or("?");
    let npm = if manager == PackageManager::Npm { "" } else { " npm/?" };
    let os = match std::env::consts::OS {
        "macos" => "darwin",
        "windows" => "win32",
        other => other,
    };
    let arch = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("{}/{version}{npm} node/? {os} {arch} relay/{}", manager.as_str(), env!("CARGO_PKG_VERSION"))
}

/// How names and values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// Names as they are; `false` is empty.
    Npm,
    /// Names with `_` for what a shell can't have in one; `false` is written.
    Pnpm,
}

fn flatten(name: &str, value: &Value, style: Style, all: &mut Vec<(String, String)>) {
    let text = match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                flatten(&format!("{name}_{key}"), value, style, all);
            }
            return;
        }
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                flatten(&format!("{name}_{index}"), value, style, all);
            }
            return;
        }
        Value::Null => String::new(),
        Value::Bool(false) if style == Style::Npm => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    };
    let name = match style {
        Style::Npm => name.to_owned(),
        Style::Pnpm => name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect(),
    };
    // What no environment can hold is not set.
    let fits = |text: &str| !text.contains('\0');
    if fits(&name) && fits(&text) && !name.contains('=') {
        all.push((name, text));
    }
}

/// npm names a single command after the package and takes `./` off; pnpm has `bin` as it is written.
fn bins(manifest: &Map<String, Value>, package: &str, style: Style) -> Option<Value> {
    let bin = manifest.get("bin")?;
    let target = |text: &str| Value::String(text.strip_prefix("./").unwrap_or(text).to_owned());
    Some(match (style, bin) {
        (Style::Npm, Value::String(text)) => {
            let name = package.rsplit('/').next().unwrap_or(package).to_owned();
            Value::Object(Map::from_iter([(name, target(text))]))
        }
        (Style::Npm, Value::Object(bins)) => bins
            .iter()
            .filter_map(|(name, text)| Some((name.clone(), target(text.as_str()?))))
            .collect::<Map<_, _>>()
            .into(),
        _ => bin.clone(),
    })
}

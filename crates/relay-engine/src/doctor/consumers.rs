//! What those meet who install the packages with npm 12 or pnpm 11 and later (`news-2026.md`, F2, F3 and F28).

use std::collections::BTreeSet;

use camino::Utf8Path;
use relay_pack::gate::install_events;
use relay_workspace::{DependencyKind, Specifier, WorkspacePackage, read_regular_text, read_yaml};
use serde_json::Value;

use super::{Area, Check};
use crate::project::{Project, SETTINGS_SIZE_BYTES_MAX};

/// pnpm's own settings.
const PNPM_SETTINGS: &str = "pnpm-workspace.yaml";
/// From this major version of pnpm on a version must be a day old before it is installed.
const PNPM_WITH_AGE: u64 = 11;

pub(super) fn examine(project: &Project) -> Vec<Check> {
    let published: Vec<_> = project.workspace.packages.iter().filter(|package| package.is_publishable()).collect();
    let mut checks = Vec::new();
    for package in &published {
        checks.extend(remote_dependencies(package));
        checks.extend(install_scripts(project, package));
        checks.extend(dual_use(project, package));
    }
    checks.extend(minimum_age(project, &published));
    if checks.is_empty() && !published.is_empty() {
        checks.push(Check::good(
            Area::Consumers,
            "no package has git or URL dependencies, or scripts that npm 12 blocks at installation",
        ));
    }
    checks
}

/// npm 12 installs neither git nor URL dependencies unless it is told to.
fn remote_dependencies(package: &WorkspacePackage) -> impl Iterator<Item = Check> {
    let all = package.manifest.dependency_texts().filter(|(kind, ..)| *kind != DependencyKind::Dev);
    all.filter(|(_, _, text)| matches!(Specifier::parse(text), Specifier::Remote(_))).map(|(_, name, _)| {
        Check::bad(
            Area::Consumers,
            format!(
                "`{}` depends on `{}` by a git or URL address, which npm 12 does not install (`allow-git` and `allow-remote` are `none`)",
                package.name,
                relay_values::Printable::name(name)
            ),
            "publish that dependency and name its version, or bundle it (`bundleDependencies`)",
        )
    })
}

/// npm 12 runs no scripts of dependencies unless they are allowed.
fn install_scripts(project: &Project, package: &WorkspacePackage) -> Option<Check> {
    let entries = std::fs::read_dir(project.workspace.folder(package)).into_iter().flatten();
    let events = install_events(
        package.manifest.fields(),
        entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()),
    );
    let events: Vec<String> = events.iter().map(|event| format!("`{event}`")).collect();
    (!events.is_empty()).then(|| {
        Check::bad(
            Area::Consumers,
            format!(
                "`{}` runs {} at installation, which npm 12 blocks unless its user allows it",
                package.name,
                events.join(", ")
            ),
            "do without, or tell users to write it into `allowScripts` of their package.json",
        )
    })
}

/// What is declared as dual use needs a `DISCLOSURE` file at the root of its tarball, which a list of `files` leaves out.
fn dual_use(project: &Project, package: &WorkspacePackage) -> Option<Check> {
    let fields = package.manifest.fields();
    let class = fields.get("contentPolicy").and_then(|policy| policy.get("class")).and_then(Value::as_str);
    if class != Some("dual-use") {
        return None;
    }
    let is_there = project.workspace.folder(package).join("DISCLOSURE").is_file();
    let listed = fields.get("files").and_then(Value::as_array).is_none_or(|files| {
        let texts =
            files.iter().filter_map(Value::as_str).map(|text| text.trim_start_matches("./").trim_start_matches('/'));
        texts.into_iter().any(|text| matches!(text, "DISCLOSURE" | "*" | "**" | "." | "**/*"))
    });
    let name = &package.name;
    Some(match (is_there, listed) {
        (true, true) => Check::good(Area::Consumers, format!("`{name}` is dual use and has its `DISCLOSURE`")),
        (true, false) => Check::bad(
            Area::Consumers,
            format!("`{name}` is dual use, and its `files` leave `DISCLOSURE` out of the tarball"),
            "write `\"DISCLOSURE\"` into its `files`; `relay pack` lists what goes in",
        ),
        (false, _) => Check::bad(
            Area::Consumers,
            format!("`{name}` is dual use and has no file `DISCLOSURE`, without which npm holds it back"),
            "write that file at the package's root, and list it in `files`",
        ),
    })
}

/// pnpm refuses versions that are younger than a day, those of this repository too.
fn minimum_age(project: &Project, published: &[&WorkspacePackage]) -> Option<Check> {
    let text = read_regular_text(&project.workspace.root.join(Utf8Path::new(PNPM_SETTINGS)), SETTINGS_SIZE_BYTES_MAX)
        .ok()??;
    let settings = read_yaml(&text).ok()?;
    let pinned = project.workspace.root_manifest.string("packageManager").and_then(|text| text.strip_prefix("pnpm@"));
    let major = pinned.and_then(|version| version.split('.').next()?.parse::<u64>().ok());
    let age = settings.get("minimumReleaseAge").map_or_else(
        || major.is_some_and(|major| major >= PNPM_WITH_AGE),
        |age| age.as_u64().is_none_or(|minutes| minutes > 0),
    );
    if !age {
        return None;
    }
    let excluded: Vec<&str> = settings
        .get("minimumReleaseAgeExclude")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let patterns = relay_config::NamePatterns::new(excluded.iter().map(|text| (*text).to_owned()).collect());
    let own: Vec<_> = published.iter().filter(|package| !patterns.matches(&package.name)).collect();
    if own.is_empty() {
        return Some(Check::good(
            Area::Consumers,
            "pnpm's `minimumReleaseAge` leaves this repository's own packages out",
        ));
    }
    // A scope stands for all of its packages; those without one have to be named.
    let patterns: BTreeSet<String> = own
        .iter()
        .map(|package| match package.name.as_str().split_once('/') {
            Some((scope, _)) => format!("\"{scope}/*\""),
            None => format!("\"{}\"", package.name),
        })
        .collect();
    let patterns = patterns.into_iter().collect::<Vec<_>>().join(", ");
    Some(Check::bad(
        Area::Consumers,
        format!(
            "pnpm's `minimumReleaseAge` counts for this repository's own packages ({} of them): what was just published can't be \
             installed here for that long",
            own.len()
        ),
        format!("write `minimumReleaseAgeExclude: [{patterns}]` into {PNPM_SETTINGS}"),
    ))
}

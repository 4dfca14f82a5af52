//! Specifiers that nobody outside the workspace can install from, in the manifest of a tarball.

use relay_config::FindingName;
use relay_values::Printable;
use relay_workspace::{DependencyKind, Specifier};
use serde_json::{Map, Value};

use super::Findings;

/// What is wrong with the dependencies of a manifest. Whoever installs the package reads the one at its root only: one further
/// down is a template, a fixture, or a package that is published by itself.
pub(super) fn check(manifest: &Map<String, Value>, findings: &mut Findings<'_>) {
    for kind in DependencyKind::ALL {
        let Some(Value::Object(map)) = manifest.get(kind.manifest_key()) else { continue };
        for (name, specifier) in map {
            let Some(specifier) = specifier.as_str() else { continue };
            let leaks_from_workspace =
                Specifier::parse(specifier).is_workspace_only() || specifier.contains("workspace:");
            // Development dependencies are installed by nobody outside, and bundled ones are there already.
            let is_installed = kind != DependencyKind::Dev && !is_bundled(manifest, name);
            if leaks_from_workspace || is_installed && !is_installable(specifier) {
                let text = format!(
                    "`{}` names `{}` by `{}`, which nobody outside the workspace can install",
                    kind.manifest_key(),
                    Printable::name(name),
                    Printable::name(specifier)
                );
                let help = if leaks_from_workspace {
                    "pack with relay, which resolves it, or write a version range"
                } else {
                    "write a version range of a published package, or bundle it (`bundleDependencies`)"
                };
                findings.add(FindingName::ProtocolLeak, Some("package.json"), text, help);
            }
        }
    }
}

/// Says whether those who install a package can follow a specifier. Without a protocol it is a range, a tag or a repository at
/// GitHub; with one that npm doesn't know it is a folder, another registry's (`jsr:`), or one that only the workspace's settings
/// name (pnpm's `namedRegistries`: `gh:`, `work:`).
fn is_installable(specifier: &str) -> bool {
    const PROTOCOLS: [&str; 12] = [
        "npm",
        "http",
        "https",
        "git",
        "ssh",
        "git+ssh",
        "git+https",
        "git+http",
        "github",
        "gitlab",
        "bitbucket",
        "gist",
    ];
    let specifier = specifier.trim();
    // A folder, as npm reads it.
    if specifier.starts_with(['.', '/', '~']) && specifier.contains('/') {
        return false;
    }
    let Some((protocol, _)) = specifier.split_once(':') else { return true };
    let is_protocol = protocol.starts_with(|c: char| c.is_ascii_alphabetic())
        && protocol.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '_'));
    // `git@host:path`, or a range that holds a colon.
    !is_protocol || PROTOCOLS.iter().any(|known| known.eq_ignore_ascii_case(protocol))
}

fn is_bundled(manifest: &Map<String, Value>, name: &str) -> bool {
    let bundled = manifest.get("bundleDependencies").or_else(|| manifest.get("bundledDependencies"));
    match bundled {
        Some(Value::Bool(all)) => *all,
        Some(Value::Array(names)) => names.iter().any(|one| one == name),
        _ => false,
    }
}

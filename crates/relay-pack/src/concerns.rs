//! What is odd about a tarball and usually stops nothing: judged on the files that are in it, so that a build that has not run, a folder
//! of examples or a condition that nobody asks for gives no false alarm.

mod entry_points;

use relay_config::FindingName;
use relay_workspace::DependencyKind;
use serde_json::Value;

use crate::gate::Findings;
use crate::pack::{PackedFile, Tarball};
use crate::program::Program;
use crate::unmatched_entries;

/// Adds what is odd about a tarball.
pub(crate) fn check(tarball: &Tarball, findings: &mut Findings<'_>) {
    entry_points::check(tarball, findings);
    unmatched_entries::check(tarball, findings);
    not_executable(tarball, findings);
    old_tarballs(tarball, findings);
    no_disclosure(tarball, findings);
    installed_on_request_only(tarball, findings);
}

/// Programs that can't be run once the package is unpacked. npm makes what `bin` names executable when it installs it. Bundled
/// packages have the modes that their own publishers gave them.
fn not_executable(tarball: &Tarball, findings: &mut Findings<'_>) {
    let bins = bins(tarball);
    let is_meant_to_run = |file: &&PackedFile| {
        let Some(program) = file.program.filter(|_| file.mode & 0o111 == 0 && !bins.contains(&file.path)) else {
            return false;
        };
        let base = file.path.rsplit('/').next().unwrap_or(&file.path);
        let extension = base.split_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase();
        let last = extension.rsplit('.').next().unwrap_or_default();
        match program {
            // node, and what builds on it, are told which file to run, and so is PowerShell.
            Program::Script => !matches!(
                last,
                "js" | "mjs" | "cjs" | "jsx" | "ts" | "mts" | "cts" | "tsx" | "map" | "txt" | "md" | "ps1"
            ),
            // Libraries are loaded, not run.
            Program::Elf | Program::MachO | Program::Pe => {
                !matches!(last, "node" | "so" | "dylib" | "dll" | "o" | "a" | "bundle" | "wasm")
                    && !extension.split('.').any(|part| part == "so")
            }
        }
    };
    let files: Vec<String> = tarball
        .files
        .iter()
        .filter(|file| !file.path.split('/').any(|part| part == "node_modules"))
        .filter(is_meant_to_run)
        .filter(|file| findings.keeps(FindingName::NotExecutable, &file.path))
        .filter_map(|file| Some(format!("`{}` ({})", file.path, file.program?.as_str())))
        .collect();
    let Some(named) = listed(&files) else { return };
    let verb = if files.len() == 1 { "is" } else { "are" };
    findings.add(
        FindingName::NotExecutable,
        None,
        format!("{named} {verb} not executable in the tarball"),
        "`chmod +x` before packing, or name the file in `bin` or, with pnpm and yarn, in `publishConfig.executableFiles`",
    );
}

/// What an earlier `npm pack` has left in the folder.
fn old_tarballs(tarball: &Tarball, findings: &mut Findings<'_>) {
    let Some(stem) = tarball.file_name.strip_suffix(&format!("{}.tgz", tarball.version)) else { return };
    let files: Vec<String> = tarball
        .files
        .iter()
        .filter(|file| {
            let old = file.path.strip_prefix(stem).is_some_and(|version| version.strip_suffix(".tgz").is_some());
            (old || file.path == "package.tgz") && findings.keeps(FindingName::OldTarball, &file.path)
        })
        .map(|file| format!("`{}`", file.path))
        .collect();
    if let Some(named) = listed(&files) {
        let text = format!("{named} from an earlier packing would be published with it");
        findings.add(FindingName::OldTarball, None, text, "delete it, or leave it out");
    }
}

/// npm takes what is declared as dual-use only with a file that says what for (its policy of 2026-07-28); `files` easily drops
/// it.
fn no_disclosure(tarball: &Tarball, findings: &mut Findings<'_>) {
    let Some(policy) = tarball.manifest.get("contentPolicy") else { return };
    let class = policy.get("class").unwrap_or(policy);
    let is_disclosure = |file: &PackedFile| file.path == "DISCLOSURE" || file.path.starts_with("DISCLOSURE.");
    if class == "dual-use" && !tarball.files.iter().any(is_disclosure) {
        findings.add(
            FindingName::MissingDisclosure,
            None,
            "its `contentPolicy` is `dual-use`, and no `DISCLOSURE` is in the tarball, so that the registry will hold it"
                .to_owned(),
            "add the file to the package's folder and to `files`",
        );
    }
}

/// Dependencies from git or by address: npm 12 installs them only when it is told to.
fn installed_on_request_only(tarball: &Tarball, findings: &mut Findings<'_>) {
    let mut found = Vec::new();
    for kind in [DependencyKind::Prod, DependencyKind::Optional, DependencyKind::Peer] {
        let Some(Value::Object(map)) = tarball.manifest.get(kind.manifest_key()) else { continue };
        let from_elsewhere = map.iter().filter(|(_, specifier)| specifier.as_str().is_some_and(is_remote));
        found.extend(from_elsewhere.map(|(name, _)| format!("`{name}`")));
    }
    if let Some(named) = listed(&found) {
        let text = format!(
            "it depends on {named} by a git or tarball address, which npm 12 installs only on request (`allow-git`, \
             `allow-remote`)"
        );
        findings.add(FindingName::RemoteDependency, None, text, "depend on a published version");
    }
}

/// Says whether a specifier is a git repository or an address.
fn is_remote(specifier: &str) -> bool {
    const PROTOCOLS: [&str; 8] = ["http:", "https:", "git:", "ssh:", "github:", "gitlab:", "bitbucket:", "gist:"];
    let specifier = specifier.trim();
    if specifier.starts_with("git+")
        || specifier.starts_with("git@")
        || PROTOCOLS.iter().any(|one| specifier.starts_with(one))
    {
        return true;
    }
    // `user/repo`, as npm reads it for one at GitHub.
    let repository = specifier.split('#').next().unwrap_or_default();
    let is_name = |text: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    repository.split_once('/').is_some_and(|(user, name)| is_name(user) && !user.starts_with('.') && is_name(name))
}

/// The files that `bin` names, as paths in the tarball.
fn bins(tarball: &Tarball) -> Vec<String> {
    let targets: Vec<&str> = match tarball.manifest.get("bin") {
        Some(Value::String(target)) => vec![target],
        Some(Value::Object(targets)) => targets.values().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    targets.into_iter().map(entry_points::normal).collect()
}

/// Names in a row, of many only some; `None` for none.
fn listed(names: &[String]) -> Option<String> {
    const FILES_SHOWN_MAX: usize = 5;
    if let Some(more @ 1..) = names.len().checked_sub(FILES_SHOWN_MAX) {
        let shown = names.get(..FILES_SHOWN_MAX).unwrap_or_default().join(", ");
        return Some(format!("{shown} and {more} more"));
    }
    match names {
        [] => None,
        [one] => Some(one.clone()),
        [rest @ .., last] => Some(format!("{} and {last}", rest.join(", "))),
    }
}

#[cfg(test)]
mod tests;

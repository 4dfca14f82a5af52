//! Looks into a tarball before it is uploaded: specifiers that only the workspace understands, secrets, size, scripts that run
//! where it is installed and did not before.
//!
//! All findings are gathered; what is done about them is the caller's business.

mod install_script;
mod secrets;

use std::io::Read as _;

use relay_values::Printable;
use relay_workspace::{DependencyKind, Specifier, Version};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::pack::{Tarball, UNPACKED_SIZE_BYTES_MAX};

pub use install_script::install_events;
pub use secrets::SecretKind;
pub(crate) use secrets::first_secret;

/// No more findings than these are listed for one tarball.
pub const FINDINGS_MAX: usize = 100;

/// Files beyond this size are looked at only up to it, in bytes.
const INSPECTED_FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// What to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateRules {
    /// `workspace:` and `catalog:` in the package's own manifest.
    pub protocol_leak: bool,
    /// Tokens and private keys.
    pub secret: bool,
    /// The largest tarball that is fine, packed, in bytes.
    pub max_size_bytes: Option<u64>,
    /// The version before this one where it runs no script at installation, so that this one may not either. `None` where
    /// that does not matter, or nobody knows.
    pub scriptless_before: Option<Version>,
}

impl Default for GateRules {
    fn default() -> Self {
        Self { protocol_leak: true, secret: true, max_size_bytes: None, scriptless_before: None }
    }
}

/// Which rule a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// A specifier that only the workspace understands.
    ProtocolLeak,
    /// A token or private key.
    Secret,
    /// The tarball is too large.
    MaxSize,
    /// A script that runs where the package is installed, and the version before has none.
    NewInstallScript,
    /// The tarball can't be read back.
    Unreadable,
}

impl Rule {
    /// The rule's name in `relay.toml`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ProtocolLeak => "protocol-leak",
            Self::Secret => "secret",
            Self::MaxSize => "max-size",
            Self::NewInstallScript => "new-install-script",
            Self::Unreadable => "unreadable",
        }
    }
}

/// One complaint about a tarball.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// The file in the package; the tarball's own name where it is about the whole.
    pub file: String,
    /// What is wrong, in one sentence.
    pub text: String,
    /// What to do.
    pub help: String,
}

/// Inspects a tarball.
pub fn inspect(tarball: &Tarball, rules: &GateRules) -> Vec<Finding> {
    let mut findings = Vec::new();
    let size = u64::try_from(tarball.bytes.len()).unwrap_or(u64::MAX);
    if let Some(most) = rules.max_size_bytes.filter(|most| size > *most) {
        findings.push(Finding {
            rule: Rule::MaxSize,
            file: tarball.file_name.clone(),
            text: format!(
                "the tarball of `{}` has {size} bytes, more than the {most} that `max-size` allows",
                tarball.name
            ),
            help: largest_files(tarball),
        });
    }
    if !rules.protocol_leak && !rules.secret && rules.scriptless_before.is_none() {
        return findings;
    }
    if let Err(error) = inspect_files(tarball, rules, &mut findings) {
        findings.push(Finding {
            rule: Rule::Unreadable,
            file: tarball.file_name.clone(),
            text: format!("the tarball of `{}` can't be read back: {error}", tarball.name),
            help: "pack it again; if this stays, report it with the package".to_owned(),
        });
    }
    findings.truncate(FINDINGS_MAX);
    findings
}

fn largest_files(tarball: &Tarball) -> String {
    let mut files: Vec<_> = tarball.files.iter().collect();
    files.sort_by(|a, b| b.size.cmp(&a.size).then_with(|| a.path.cmp(&b.path)));
    let named: Vec<String> =
        files.iter().take(3).map(|file| format!("`{}` ({} bytes)", file.path, file.size)).collect();
    format!("leave files out with `files` in package.json; the largest: {}", named.join(", "))
}

fn inspect_files(tarball: &Tarball, rules: &GateRules, findings: &mut Vec<Finding>) -> std::io::Result<()> {
    let unpacked =
        flate2::read::GzDecoder::new(tarball.bytes.as_slice()).take(UNPACKED_SIZE_BYTES_MAX.saturating_mul(2));
    let mut archive = tar::Archive::new(unpacked);
    let mut content = Vec::new();
    for entry in archive.entries()? {
        if findings.len() >= FINDINGS_MAX {
            return Ok(());
        }
        let entry = entry?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let path = path.strip_prefix("package/").unwrap_or(&path).to_owned();
        content.clear();
        entry.take(INSPECTED_FILE_BYTES_MAX).read_to_end(&mut content)?;
        // Whoever installs the package reads this manifest only: one further down is a template, a fixture, or a package
        // that is published by itself.
        if rules.protocol_leak && path == "package.json" {
            leaks(&content, findings);
        }
        if let Some(before) = rules.scriptless_before.as_ref().filter(|_| path == "package.json") {
            let root_files = tarball.files.iter().map(|file| file.path.clone()).filter(|path| !path.contains('/'));
            findings.extend(install_script::check(&content, root_files, &before.to_string()));
        }
        if rules.secret {
            findings.extend(secrets::scan(&path, &content));
        }
    }
    Ok(())
}

fn leaks(content: &[u8], findings: &mut Vec<Finding>) {
    let text = String::from_utf8_lossy(content);
    // It has been parsed before it was packed.
    let Ok(manifest) = serde_json::from_str::<Value>(text.trim_start_matches('\u{feff}')) else { return };
    for kind in DependencyKind::ALL {
        let Some(Value::Object(map)) = manifest.get(kind.manifest_key()) else { continue };
        for (name, specifier) in map {
            let Some(specifier) = specifier.as_str() else { continue };
            let leaks_from_workspace =
                Specifier::parse(specifier).is_workspace_only() || specifier.contains("workspace:");
            // Development dependencies are installed by nobody outside, and bundled ones are there already.
            let is_installed = kind != DependencyKind::Dev && !is_bundled(&manifest, name);
            if leaks_from_workspace || is_installed && !is_installable(specifier) {
                findings.push(Finding {
                    rule: Rule::ProtocolLeak,
                    file: "package.json".to_owned(),
                    text: format!(
                        "`{}` names `{}` by `{}`, which nobody outside the workspace can install",
                        kind.manifest_key(),
                        Printable::name(name),
                        Printable::name(specifier)
                    ),
                    help: if leaks_from_workspace {
                        "pack with relay, which resolves it, or write a version range".to_owned()
                    } else {
                        "write a version range of a published package, or bundle it (`bundleDependencies`)".to_owned()
                    },
                });
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

fn is_bundled(manifest: &Value, name: &str) -> bool {
    let bundled = manifest.get("bundleDependencies").or_else(|| manifest.get("bundledDependencies"));
    match bundled {
        Some(Value::Bool(all)) => *all,
        Some(Value::Array(names)) => names.iter().any(|one| one == name),
        _ => false,
    }
}

#[cfg(test)]
mod tests;

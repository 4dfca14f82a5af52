//! Files whose names say that they keep secrets.

use relay_config::FindingName;

use super::Findings;
use crate::pack::Tarball;

/// What tools keep credentials in.
const NAMES: [&str; 5] = [".env", ".npmrc", ".netrc", ".pypirc", ".git-credentials"];

/// What a file such as `.env.example` ends with, which shows names and no values.
const SAMPLES: [&str; 8] = ["example", "sample", "template", "tpl", "dist", "defaults", "schema", "vault"];

/// Says of each such file that is not empty. Bundled packages were published by others.
pub(super) fn check(tarball: &Tarball, findings: &mut Findings<'_>) {
    let kept = tarball.files.iter().filter(|file| file.size > 0 && keeps_secrets(&file.path));
    for file in kept {
        findings.add(
            FindingName::SecretFile,
            Some(&file.path),
            "files of this name keep secrets".to_owned(),
            "leave it out of the package with `files`",
        );
    }
}

fn keeps_secrets(path: &str) -> bool {
    let mut folders = path.split('/');
    let name = folders.next_back().unwrap_or_default();
    if folders.any(|folder| folder == "node_modules") {
        return false;
    }
    let of_environment = name.strip_prefix(".env.").is_some_and(|rest| {
        let last = rest.rsplit('.').next().unwrap_or(rest);
        !SAMPLES.contains(&last) && !SAMPLES.iter().any(|sample| rest.starts_with(&format!("{sample}.")))
    });
    of_environment || NAMES.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_keep_secrets_are_known_and_samples_are_not() {
        for path in [".env", "server/.env", ".env.local", ".env.production.local", "x/.npmrc", ".netrc", ".pypirc"] {
            assert!(keeps_secrets(path), "{path}");
        }
        for path in [
            ".env.example",
            ".env.local.sample",
            ".env.template",
            ".env.example.txt",
            "env",
            "a.env",
            ".environment",
            "node_modules/z/.npmrc",
            "src/.env/a.js",
        ] {
            assert!(!keeps_secrets(path), "{path}");
        }
    }
}

//! Which names may become tags or be pushed. Package names come from manifests and are hostile input.

use relay_values::Printable;

use crate::error::GitError;

/// Longer names don't fit into one file name on common disks, where git keeps a loose ref.
const NAME_BYTES_MAX: usize = 240;

/// The full ref of a tag, when git and relay accept its name.
pub(crate) fn tag_ref(name: &str) -> Result<String, GitError> {
    let refuse = |reason| GitError::InvalidRefName { name: Printable::name(name).into(), kind: "tag", reason };
    if name.is_empty() {
        return Err(refuse("it is empty"));
    }
    if name.starts_with('-') {
        return Err(refuse("it begins with a dash"));
    }
    if name.len() > NAME_BYTES_MAX {
        return Err(refuse("it is too long"));
    }
    let full = format!("refs/tags/{name}");
    if !git2::Reference::is_valid_name(&full) || name == "HEAD" {
        return Err(refuse(
            "ref names have no spaces, control characters, `..`, `@{`, `~^:?*[\\`, and no part ends in `.lock`",
        ));
    }
    Ok(full)
}

/// Checks one refspec that is to be pushed: `source` or `source:target`, each a full ref name, or `HEAD` as source.
pub(crate) fn check_push_ref(spec: &str) -> Result<(), GitError> {
    let refuse = |reason| GitError::InvalidRefName { name: Printable::name(spec).into(), kind: "ref to push", reason };
    let (source, target) = match spec.split_once(':') {
        Some((source, target)) => (source, Some(target)),
        None => (spec, None),
    };
    let full = |name: &str| name.starts_with("refs/") && git2::Reference::is_valid_name(name);
    let commit = |name: &str| name.len() == 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    match target {
        None if full(source) => Ok(()),
        Some(target) if (source == "HEAD" || full(source) || commit(source)) && full(target) => Ok(()),
        _ if spec.starts_with(':') => Err(refuse("relay never deletes a ref on a remote")),
        _ if spec.starts_with('+') => Err(refuse("relay never forces a push")),
        _ => Err(refuse("it must be a full ref such as `refs/tags/v1.0.0` or `HEAD:refs/heads/main`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_tag(name: &str, accepted: bool) {
        assert_eq!(tag_ref(name).is_ok(), accepted, "{name}");
    }

    #[track_caller]
    fn check_push(spec: &str, accepted: bool) {
        assert_eq!(check_push_ref(spec).is_ok(), accepted, "{spec}");
    }

    #[test]
    fn accepts_the_tags_of_ordinary_packages() {
        for name in ["v1.0.0", "@acme/core@1.2.3", "core@1.0.0-beta.1+build.5", "packages/x/v1"] {
            check_tag(name, true);
        }
    }

    #[test]
    fn refuses_the_tags_of_hostile_packages() {
        for name in [
            "",
            "-d",
            "--upload-pack=x@1.0.0",
            "a b@1.0.0",
            "../heads/main",
            "a..b",
            "x.lock",
            "a/.b",
            "a~1",
            "a^",
            "a:b",
            "a\nb",
            "a\u{1b}[31m",
            "@{-1}",
            "a//b",
            "/a",
            "a/",
            "a?",
            "a*",
            "a[",
            "a\\b",
            "HEAD",
        ] {
            check_tag(name, false);
        }
        check_tag(&"a".repeat(300), false);
    }

    #[test]
    fn pushes_full_refs_only_and_never_by_force() {
        for spec in ["refs/tags/@a/x@1.0.0", "HEAD:refs/heads/main", "refs/heads/a:refs/heads/b"] {
            check_push(spec, true);
        }
        for spec in [
            "",
            "main",
            "HEAD",
            "+HEAD:refs/heads/main",
            ":refs/heads/main",
            "HEAD:main",
            "--all",
            "refs/tags/*",
            "HEAD:refs/heads/a:b",
        ] {
            check_push(spec, false);
        }
    }

    #[test]
    fn takes_control_characters_out_of_messages() {
        let message = tag_ref("a\u{1b}[2Jb").unwrap_err().to_string();
        assert!(!message.contains('\u{1b}'), "{message}");
    }
}

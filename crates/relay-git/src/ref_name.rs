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

/// Refuses what is no full ref below `refs/`, such as `refs/relay/lock`.
pub(crate) fn check_full_ref(name: &str) -> Result<(), GitError> {
    let refuse = |reason| GitError::InvalidRefName { name: Printable::name(name).into(), kind: "ref", reason };
    if name.len() > NAME_BYTES_MAX {
        return Err(refuse("it is too long"));
    }
    if !name.starts_with("refs/") || !git2::Reference::is_valid_name(name) {
        return Err(refuse("it must be a full ref such as `refs/heads/main`"));
    }
    Ok(())
}

/// Refuses what is neither a full ref nor all refs below a folder of them, such as `refs/relay/*`.
pub(crate) fn check_ref_pattern(pattern: &str) -> Result<(), GitError> {
    match pattern.strip_suffix("/*") {
        // One level is no ref yet, and may still be asked for: `refs/tags/*`.
        Some(folder) => check_full_ref(&format!("{folder}/x")),
        None => check_full_ref(pattern),
    }
}

/// Refuses what is no id of an object.
pub(crate) fn check_object_id(id: &str) -> Result<(), GitError> {
    if is_object_id(id) {
        return Ok(());
    }
    let name = Printable::name(id).into();
    Err(GitError::InvalidRefName { name, kind: "id of an object", reason: "it must be 40 hexadecimal digits" })
}

fn is_object_id(id: &str) -> bool {
    id.len() == 40 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Checks one refspec that is to be pushed: `source` or `source:target`, each a full ref name, or `HEAD` as source.
pub(crate) fn check_push_ref(spec: &str) -> Result<(), GitError> {
    let refuse = |reason| GitError::InvalidRefName { name: Printable::name(spec).into(), kind: "ref to push", reason };
    let (source, target) = match spec.split_once(':') {
        Some((source, target)) => (source, Some(target)),
        None => (spec, None),
    };
    let full = |name: &str| name.starts_with("refs/") && git2::Reference::is_valid_name(name);
    match target {
        None if full(source) => Ok(()),
        Some(target) if (source == "HEAD" || full(source) || is_object_id(source)) && full(target) => Ok(()),
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
    fn full_refs_folders_of_them_and_ids_are_told_from_the_rest() {
        for name in ["refs/heads/main", "refs/relay/lock", "refs/tags/@a/x@1.0.0"] {
            check_full_ref(name).unwrap();
            check_ref_pattern(name).unwrap();
        }
        for name in
            ["", "main", "HEAD", "--all", "refs/heads/a:b", "refs/heads/a b", "refs/heads/*", "refs//x", "+refs/x/y"]
        {
            assert!(matches!(check_full_ref(name).unwrap_err(), GitError::InvalidRefName { .. }), "{name}");
        }
        for pattern in ["refs/relay/*", "refs/heads/relay/release/*"] {
            check_ref_pattern(pattern).unwrap();
        }
        for pattern in ["*", "refs/*/x", "refs/rel*", "refs/a/**", "refs/a/*/*", "-x/*"] {
            check_ref_pattern(pattern).unwrap_err();
        }
        check_object_id("0123456789012345678901234567890123456789").unwrap();
        for id in ["", "0123", "--------------------------------x-------", "012345678901234567890123456789012345678g"] {
            check_object_id(id).unwrap_err();
        }
    }

    #[test]
    fn takes_control_characters_out_of_messages() {
        let message = tag_ref("a\u{1b}[2Jb").unwrap_err().to_string();
        assert!(!message.contains('\u{1b}'), "{message}");
    }
}

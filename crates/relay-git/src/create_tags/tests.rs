//! Tags are made in real repositories, also by processes that are killed, and looked at with the real git.

use super::*;
use crate::testing::TestRepo;

/// A repository with two commits.
fn repo() -> (TestRepo, String, String) {
    let repo = TestRepo::new();
    let first = repo.write("x", "1").commit("one");
    let second = repo.write("x", "2").commit("two");
    (repo, first, second)
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("@acme/package-{number}@1.0.0")).collect()
}

fn to_make<'a>(names: &'a [String], commit: &'a str) -> Vec<TagToMake<'a>> {
    names.iter().map(|name| TagToMake { name, commit, message: name }).collect()
}

#[test]
fn makes_a_thousand_at_once_and_once_more_changes_nothing() {
    let (repo, first, _) = repo();
    let names = names(1_000);
    for outcome in [TagOutcome::Created, TagOutcome::AlreadyThere] {
        let made = repo.relay.create_tags(&to_make(&names, &first)).unwrap();
        assert_eq!(made.len(), 1_000);
        assert!(made.into_iter().all(|made| made.unwrap() == outcome));
    }
    let listed = repo.git(&["for-each-ref", "--format=%(objecttype) %(*objectname) %(contents)", "refs/tags"]);
    assert_eq!(listed.lines().filter(|line| line.starts_with(&format!("tag {first} @acme/"))).count(), 1_000);
    assert_eq!(repo.relay.create_tags(&[]).unwrap().len(), 0);
    repo.git(&["fsck", "--strict"]);
}

#[test]
fn one_that_cannot_be_made_does_not_keep_the_others_back_and_none_is_moved() {
    let (repo, first, second) = repo();
    repo.relay.create_tag("elsewhere", &first, "").unwrap();
    repo.git(&["tag", "light", &second]);
    let tag = |name, commit| TagToMake { name, commit, message: "" };
    let gone = "0123456789012345678901234567890123456789";
    let made = repo
        .relay
        .create_tags(&[
            tag("new", &second),
            tag("elsewhere", &second),
            tag("light", &second),
            tag("-d", &second),
            tag("gone", gone),
            tag("light/below", &second),
            tag("new/below", &second),
            tag("new", &second),
            tag("new", &first),
            tag("last", &first),
        ])
        .unwrap();
    let [new, elsewhere, light, dash, gone, below, inside, twice, other, last] = made.try_into().unwrap();
    assert_eq!(new.unwrap(), TagOutcome::Created);
    assert!(matches!(elsewhere, Err(GitError::TagElsewhere { there, .. }) if there == first));
    assert_eq!(light.unwrap(), TagOutcome::AlreadyThere);
    assert!(matches!(dash, Err(GitError::InvalidRefName { .. })));
    assert!(matches!(gone, Err(GitError::UnknownCommit { .. })));
    assert!(matches!(below, Err(GitError::TagInTheWay { .. })));
    assert!(matches!(inside, Err(GitError::TagInTheWay { .. })));
    assert_eq!(twice.unwrap(), TagOutcome::AlreadyThere);
    assert!(matches!(other, Err(GitError::TagElsewhere { there, .. }) if there == second));
    assert_eq!(last.unwrap(), TagOutcome::Created);
    assert_eq!(repo.git(&["tag", "--list"]), "elsewhere\nlast\nlight\nnew");
    assert_eq!(repo.git(&["rev-parse", "elsewhere^{}", "new^{}", "last^{}"]), format!("{first}\n{second}\n{first}"));
}

#[test]
fn a_tag_that_another_process_makes_just_now_is_looked_at() {
    for (there, is_same) in [("HEAD", true), ("HEAD^", false)] {
        let (repo, _, second) = repo();
        let names = names(3);
        let (root, name) = (repo.root.clone(), names[1].clone());
        *repo.relay.harm.borrow_mut() = Some(Box::new(move |written| {
            // Between the objects and the refs.
            if written == Written::Objects {
                crate::testing::git(&root, &["tag", &name, there]);
            }
        }));
        let made = repo.relay.create_tags(&to_make(&names, &second)).unwrap();
        let [first, other, last] = made.try_into().unwrap();
        assert_eq!((first.unwrap(), last.unwrap()), (TagOutcome::Created, TagOutcome::Created));
        match other {
            Ok(outcome) => assert!(is_same && outcome == TagOutcome::AlreadyThere),
            Err(error) => assert!(!is_same && matches!(error, GitError::TagElsewhere { .. }), "{error}"),
        }
        assert_eq!(repo.git(&["cat-file", "-t", &names[1]]), "commit");
    }
}

#[test]
fn a_tag_that_is_not_there_when_it_is_read_back_is_told() {
    for empty in [false, true] {
        let (repo, first, _) = repo();
        let names = names(3);
        let path = repo.root.join(".git/refs/tags").join(&names[1]);
        *repo.relay.harm.borrow_mut() = Some(Box::new(move |written| {
            if written == Written::Refs && path.exists() {
                if empty { std::fs::write(&path, "").unwrap() } else { std::fs::remove_file(&path).unwrap() }
            }
        }));
        let error = repo.relay.create_tags(&to_make(&names, &first)).unwrap_err();
        assert!(matches!(&error, GitError::NotWritten { what, .. } if what.contains(&names[1])), "{error}");
    }
    let (repo, first, _) = repo();
    let objects = repo.root.join(".git/objects");
    let before = repo.git(&["count-objects"]);
    *repo.relay.harm.borrow_mut() = Some(Box::new(move |written| {
        if written == Written::Objects {
            let newest = ["tag"].map(|kind| {
                let listed = crate::testing::git(&objects, &["cat-file", "--batch-check", "--batch-all-objects"]);
                let line = listed.lines().find(|line| line.split(' ').nth(1) == Some(kind)).unwrap().to_owned();
                line[..40].to_owned()
            });
            for id in newest {
                std::fs::remove_file(objects.join(&id[..2]).join(&id[2..])).unwrap();
            }
        }
    }));
    let error = repo.relay.create_tags(&to_make(&names(2), &first)).unwrap_err();
    assert!(matches!(error, GitError::NotWritten { .. }), "{error}");
    assert_eq!(repo.git(&["tag", "--list"]), "");
    assert_ne!(repo.git(&["count-objects"]), before);
}

#[cfg(unix)]
#[test]
fn signed_ones_are_made_by_git_and_without_a_key_it_is_asked_once() {
    let (repo, first, _) = repo();
    let asked = repo.root.join(".git/asked");
    let signer = repo.root.join(".git/signer");
    let sign = format!(
        "#!/bin/sh\ncat >/dev/null\necho x >> {asked}\necho '[GNUPG:] SIG_CREATED ' >&2\n\
         printf -- '-----BEGIN PGP SIGNATURE-----\\n\\nx\\n-----END PGP SIGNATURE-----\\n'\n"
    );
    crate::testing::write_program(&signer, &sign);
    repo.git(&["config", "tag.gpgsign", "true"]);
    repo.git(&["config", "gpg.program", signer.as_str()]);
    let names = names(3);
    let made = repo.relay.create_tags(&to_make(&names, &first)).unwrap();
    assert!(made.into_iter().all(|made| made.unwrap() == TagOutcome::Created));
    // One that can't be made for another reason keeps none back.
    let others = ["@acme/package-0@1.0.0/x", "more"];
    let [inside, more] = others.map(|name| TagToMake { name, commit: &first, message: "" });
    let [inside, more] = repo.relay.create_tags(&[inside, more]).unwrap().try_into().unwrap();
    assert!(matches!(inside, Err(GitError::TagInTheWay { .. })));
    assert_eq!(more.unwrap(), TagOutcome::Created);
    for name in &names {
        assert!(repo.git(&["cat-file", "tag", name]).contains("BEGIN PGP SIGNATURE"));
        repo.git(&["tag", "-d", name]);
    }
    std::fs::remove_file(&asked).unwrap();
    crate::testing::write_program(&signer, &format!("#!/bin/sh\necho x >> {asked}\nexit 1\n"));
    let made = repo.relay.create_tags(&to_make(&names, &first)).unwrap();
    assert!(made.iter().all(|made| matches!(made, Err(GitError::ProgramFailed { .. }))));
    assert_eq!(std::fs::read_to_string(&asked).unwrap(), "x\n");
}

//! A saved plan: what must still hold of it, before anything is written and again when the tarballs are made (invariants I2,
//! I15).

use std::collections::BTreeMap;
use std::sync::Arc;

use relay_pack::Tarball;
use relay_plan::ReleasePlan;
use relay_workspace::PackageName;

use super::ReleaseError;
use crate::journal::PastUploads;
use crate::observe::Observed;
use crate::project::Project;
use crate::tarball_preview::known_tarballs;

/// Says whether a plan promises the bytes of any package.
pub fn promises_bytes(plan: &ReleasePlan) -> bool {
    plan.packages.iter().any(|package| package.tarball.is_some())
}

/// Stops where a saved plan does not hold any more. Where a run of it was under way already, its own commit is no drift: what
/// is left to publish must be what the plan says. Tells whether that is so.
pub(super) fn refuse_drift(
    project: &Project,
    saved: &ReleasePlan,
    observed: &mut Observed,
    past_uploads: &PastUploads,
) -> Result<bool, ReleaseError> {
    if past_uploads.has_begun(&saved.id) && observed.bumps.bumps.is_empty() {
        let differences = differences_midway(saved, &observed.plan, past_uploads);
        return if differences.is_empty() { Ok(true) } else { Err(ReleaseError::Drifted(differences)) };
    }
    if promises_bytes(saved) {
        preview_tarballs(project, observed, saved)?;
    }
    let drift = relay_plan::drift(saved, &observed.plan);
    if drift.is_empty() {
        Ok(false)
    } else {
        Err(ReleaseError::Drifted(drift.iter().map(ToString::to_string).collect()))
    }
}

/// Packs in memory what the saved plan has tarballs of, so that its drift shows before a file is written.
///
/// Scripts are left out: of a package that has some, only the tarball that is made after them can tell.
fn preview_tarballs(project: &Project, observed: &mut Observed, saved: &ReleasePlan) -> Result<(), ReleaseError> {
    let mut known = known_tarballs(project, &observed.plan, &observed.bumps, false, &BTreeMap::new())?.facts;
    known.retain(|name, _| saved.package(name).is_some_and(|package| package.tarball.is_some()));
    observed.plan = observed.plan.clone().with_tarballs(&known);
    Ok(())
}

/// How what is left of a release differs from the plan that it began with. Where nothing is left, nothing can.
fn differences_midway(saved: &ReleasePlan, now: &ReleasePlan, past_uploads: &PastUploads) -> Vec<String> {
    let mut differences = Vec::new();
    let (then, head) = (&saved.fingerprint, now.fingerprint.head.as_deref());
    if now.is_empty() {
        return differences;
    }
    if head == then.head.as_deref() {
        let parts = now.fingerprint.parts.iter().filter(|(name, digest)| then.parts.get(*name) != Some(digest));
        differences.extend(parts.map(|(name, _)| format!("{name} has changed since")));
    } else if head.is_none() || head != past_uploads.version_commit(&saved.id) {
        differences
            .push("HEAD is neither the commit of the plan nor the version commit that was made by it".to_owned());
    }
    if saved.build != now.build {
        differences.push("`build` under `[release]` is another command".to_owned());
    }
    for package in &now.packages {
        let holds = saved.package(&package.name).is_some_and(|then| {
            (&then.next, &then.registry, &then.tag, then.route.kind)
                == (&package.next, &package.registry, &package.tag, package.route.kind)
        });
        if !holds {
            differences.push(format!(
                "`{}@{}` is to go to {} as `{}` by the route `{}`",
                package.name, package.next, package.registry, package.tag, package.route.kind
            ));
        }
    }
    differences
}

/// Stops where the plan that was confirmed is not the plan any more.
pub(super) fn refuse_change(confirmed: &ReleasePlan, now: &ReleasePlan) -> Result<(), ReleaseError> {
    // Tarballs may be known of a plan that was saved; they are compared when they are made.
    let known = |plan: &ReleasePlan| plan.clone().with_tarballs(&BTreeMap::new());
    let drift = relay_plan::drift(&known(confirmed), &known(now));
    if drift.is_empty() {
        return Ok(());
    }
    Err(ReleaseError::Changed(drift.iter().map(ToString::to_string).collect()))
}

/// Stops where a tarball that is made has other bytes than the saved plan says.
pub(super) fn refuse_other_tarballs(
    saved: &ReleasePlan,
    tarballs: &BTreeMap<PackageName, Arc<Tarball>>,
) -> Result<(), ReleaseError> {
    let mut differing = Vec::new();
    for package in &saved.packages {
        if let (Some(promised), Some(made)) = (&package.tarball, tarballs.get(&package.name))
            && promised.integrity != made.integrity
        {
            let (then, now) = (&promised.integrity, &made.integrity);
            differing.push(format!("`{}` has the tarball {now}, and the plan says {then}", package.name));
        }
    }
    if differing.is_empty() { Ok(()) } else { Err(ReleaseError::OtherTarballs(differing)) }
}

#[cfg(test)]
mod tests {
    use relay_config::RouteKind;
    use relay_plan::TarballFact;
    use relay_workspace::{Integrity, Shasum};

    use super::*;
    use crate::event::{Event, Fact};
    use crate::fixture::{name, plan};

    const VERSION_COMMIT: &str = "1111111111111111111111111111111111111111";

    fn both() -> ReleasePlan {
        plan(&[("a", "1.0.0", RouteKind::Token), ("b", "1.0.0", RouteKind::Token)])
    }

    /// What is left of it, seen at a commit.
    fn left(packages: &[(&str, &str, RouteKind)], head: Option<&str>) -> ReleasePlan {
        let mut plan = plan(packages);
        plan.fingerprint.head = head.map(str::to_owned);
        plan
    }

    /// A run of the plan that made this version commit.
    fn begun(commit: Option<&str>) -> PastUploads {
        let started = Fact::RunStarted {
            command: "release".to_owned(),
            plan: both().id,
            packages: vec![name("a"), name("b")],
            push: true,
            options: None,
        };
        let committed = commit.map(|commit| Fact::Committed { commit: commit.to_owned() });
        let mut past_uploads = PastUploads::default();
        for fact in [started].into_iter().chain(committed) {
            past_uploads.apply(&Event { at: jiff::Timestamp::UNIX_EPOCH, fact }).unwrap();
        }
        past_uploads
    }

    fn fact(digest: &str) -> TarballFact {
        TarballFact {
            integrity: Integrity::parse(digest).unwrap(),
            shasum: Shasum::parse(&"ab".repeat(20)).unwrap(),
            size: 1,
            unpacked: 1,
            files: 1,
        }
    }

    #[test]
    fn what_is_left_of_a_release_must_be_what_the_plan_says_on_the_commit_that_it_made() {
        let (token, person) = (RouteKind::Token, RouteKind::Interactive);
        let rest = [("b", "1.0.0", token)];
        for (why, now, commit, differs) in [
            ("before the commit", left(&rest, None), None, None),
            ("after it", left(&rest, Some(VERSION_COMMIT)), Some(VERSION_COMMIT), None),
            ("nothing left, wherever", left(&[], Some("2222")), Some(VERSION_COMMIT), None),
            ("another commit", left(&rest, Some("2222")), Some(VERSION_COMMIT), Some("HEAD is neither")),
            ("a commit, and none was made", left(&rest, Some(VERSION_COMMIT)), None, Some("HEAD is neither")),
            ("another version", left(&[("b", "1.0.1", token)], None), None, Some("`b@1.0.1`")),
            ("another route", left(&[("b", "1.0.0", person)], None), None, Some("by the route `interactive`")),
            ("another package", left(&[("c", "1.0.0", token)], None), None, Some("`c@1.0.0`")),
        ] {
            let told = differences_midway(&both(), &now, &begun(commit));
            assert_eq!(told.is_empty(), differs.is_none(), "{why}: {told:?}");
            assert!(told.join("; ").contains(differs.unwrap_or_default()), "{why}: {told:?}");
        }
    }

    #[test]
    fn on_the_plans_own_commit_a_setting_that_changed_since_is_named_and_one_that_went_is_not() {
        let with = |parts: &[(&str, &str)]| {
            let mut plan = left(&[("b", "1.0.0", RouteKind::Token)], None);
            plan.fingerprint.parts = parts.iter().map(|(name, digest)| ((*name).into(), (*digest).into())).collect();
            plan
        };
        let saved = with(&[("relay.toml", "1"), ("change file x", "1")]);
        let told = |parts| differences_midway(&saved, &with(parts), &begun(None));
        assert_eq!(told(&[("relay.toml", "2")]), ["relay.toml has changed since"]);
        assert_eq!(
            told(&[("relay.toml", "1")]),
            Vec::<String>::new(),
            "a change file is used up by the release itself"
        );
    }

    #[test]
    fn a_plan_that_was_agreed_on_is_the_same_whether_or_not_its_tarballs_are_known() {
        let known = both().with_tarballs(&[(name("a"), fact("sha512-one"))].into());
        assert!(promises_bytes(&known) && !promises_bytes(&both()));
        assert!(refuse_change(&known, &both()).is_ok());
        let otherwise = both().with_tarballs(&[(name("a"), fact("sha512-two"))].into());
        assert!(refuse_change(&known, &otherwise).is_ok(), "they are compared when they are made");
        let other = plan(&[("a", "1.0.1", RouteKind::Token), ("b", "1.0.0", RouteKind::Token)]);
        let Err(ReleaseError::Changed(told)) = refuse_change(&known, &other) else { panic!("it has changed") };
        assert!(told.join("; ").contains("1.0.1"), "{told:?}");
    }

    #[test]
    fn a_tarball_of_other_bytes_than_promised_is_named_with_both_digests() {
        let saved = both().with_tarballs(&[(name("a"), fact("sha512-one"))].into());
        let tarball = |digest: &str| {
            Arc::new(Tarball {
                file_name: String::new(),
                name: String::new(),
                version: String::new(),
                bytes: Vec::new(),
                integrity: Integrity::parse(digest).unwrap(),
                shasum: Shasum::parse(&"ab".repeat(20)).unwrap(),
                unpacked: 0,
                files: Vec::new(),
                manifest: serde_json::Map::new(),
                readme: None,
            })
        };
        let made = |digest: &str| [(name("a"), tarball(digest)), (name("b"), tarball("sha512-any"))].into();
        assert!(refuse_other_tarballs(&saved, &made("sha512-one")).is_ok());
        assert!(refuse_other_tarballs(&saved, &BTreeMap::new()).is_ok(), "what is live already is not made again");
        let Err(ReleaseError::OtherTarballs(told)) = refuse_other_tarballs(&saved, &made("sha512-two")) else {
            panic!()
        };
        let [one] = told.as_slice() else { panic!("{told:?}") };
        assert!(one.contains("`a`") && one.contains("sha512-one") && one.contains("sha512-two"), "{one}");
    }
}

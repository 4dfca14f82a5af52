//! What the registries have of the packages.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt};
use relay_config::{FindingName, GateSettings, Level, RegistryRules};
use relay_pack::gate::install_events;
use relay_plan::{NewInstallScript, PublishedState};
use relay_registry::{Packument, PackumentAnswer, PackumentForm, PublishedVersion, ReadError};
use relay_values::DistTag;
use relay_workspace::{Integrity, PackageName, Version, Workspace, WorkspacePackage, published_version};

use super::ObserveError;
use super::candidates::Candidate;
use super::evidence::seen;
use crate::learnt::SeenEvidence;
use crate::project::Project;
use crate::published_before::PublishedBefore;
use crate::session::Session;

/// Registry reads in flight at once while a plan is made: every round of reads costs the whole latency, and each read a
/// connection where a registry doesn't speak HTTP/2 (which should allow 100 streams at least: RFC 9113, 6.5.2).
pub const PLAN_READS_IN_FLIGHT: usize = 64;

/// Up to this many packages are read whole, which tells who may publish them: npm's short form does not, and a further request
/// for each would cost more than the bytes. Whole documents of many packages would take longer than all the rest: of those the
/// account is asked which it may write.
pub(super) const FULL_READS_MAX: usize = 5;

/// What a registry told of one package.
#[derive(Default)]
pub(super) struct Known {
    pub(super) state: PublishedState,
    /// The version before the next one.
    pub(super) before: Option<PublishedBefore>,
    /// The registry was asked without a credential and shows nothing: the package is new, or not for everybody.
    pub(super) hidden: bool,
    /// The accounts that may publish it, where the registry told.
    pub(super) maintainers: Vec<String>,
    /// Of the package's present version and of those that relay sent before, those that are there, with their integrity where
    /// the registry tells it.
    pub(super) there: Vec<(Version, Option<Integrity>)>,
    /// What its versions show of how they were published, where the whole document was read.
    pub(super) evidence: Option<SeenEvidence>,
    /// How many requests that took.
    pub(super) requests: usize,
}

/// One read a package, many at a time. A registry that can't be reached stops the plan: without it nothing is known.
pub(super) async fn read_registries(
    candidates: &[Candidate<'_>],
    session: &Session,
    gate: &GateSettings,
) -> Result<BTreeMap<PackageName, Known>, ObserveError> {
    if session.offline {
        return Ok(BTreeMap::new());
    }
    let few = candidates.len() <= FULL_READS_MAX;
    let mut reads = stream::iter(candidates.iter().map(|candidate| async move {
        let name = &candidate.package.name;
        Ok::<_, ObserveError>((name.clone(), read(candidate, session, gate, few).await?))
    }))
    .buffer_unordered(PLAN_READS_IN_FLIGHT);
    let mut known = BTreeMap::new();
    while let Some(read) = reads.next().await {
        let (name, one) = read?;
        known.insert(name, one);
    }
    Ok(known)
}

/// Reads what the registries have of packages that are left out unread, and that a package to publish needs in a version that
/// the workspace hasn't. What can't be found out stays unknown: it stops nobody.
pub(super) async fn read_siblings(
    siblings: &BTreeSet<&PackageName>,
    project: &Project,
    session: &Session,
) -> BTreeMap<PackageName, PublishedState> {
    let reads = siblings.iter().filter_map(|name| project.workspace.package(name)).map(|package| async move {
        let name = &package.name;
        let choice = session.npm.registry_for(name, package.manifest.fields().get("publishConfig")).ok()?;
        let (destination, _) = session.destination(&choice.url, &project.config);
        let credentials = session.credentials(name, &choice.url, &project.config);
        let credential = credentials.first().map(|known| &known.credential).filter(|one| !one.is_withheld());
        let form = PackumentForm::Abbreviated;
        let state = match session.client.packument(&destination, name, credential, form).await.ok()? {
            PackumentAnswer::Found { packument, .. } => present(packument, None),
            PackumentAnswer::NotFound { without_credential: false, .. } => PublishedState::Absent,
            PackumentAnswer::NotFound { .. } => PublishedState::Unknown,
        };
        Some((name.clone(), state))
    });
    stream::iter(reads).buffer_unordered(PLAN_READS_IN_FLIGHT).filter_map(std::future::ready).collect().await
}

fn present(packument: Packument, next: Option<&Version>) -> PublishedState {
    let latest = packument.dist_tags.get("latest").and_then(|text| published_version(text));
    let next_is_there = next.is_some_and(|next| packument.versions.contains_key(next));
    let deprecated = packument.versions.values().filter(|version| version.deprecated);
    let deprecated = deprecated.map(|version| version.version.clone()).collect();
    let tags = packument.dist_tags.iter();
    let tags = tags.filter_map(|(tag, text)| Some((DistTag::parse(tag).ok()?, published_version(text)?))).collect();
    let versions = packument.versions.into_keys().collect();
    PublishedState::Present { versions, deprecated, latest, tags, next_is_there }
}

async fn read(
    candidate: &Candidate<'_>,
    session: &Session,
    gate: &GateSettings,
    few: bool,
) -> Result<Known, ObserveError> {
    let name = &candidate.package.name;
    let failed = |source| ObserveError::Read {
        package: name.clone(),
        registry: candidate.destination.clone(),
        source: Box::new(source),
    };
    let credential =
        candidate.credentials.first().map(|known| &known.credential).filter(|credential| !credential.is_withheld());
    let form = if few && credential.is_some() { PackumentForm::Full } else { PackumentForm::Abbreviated };
    let hidden = || Known { hidden: true, requests: 1, ..Known::default() };
    let answer = match session.client.packument(&candidate.destination, name, credential, form).await {
        Err(ReadError::NoCredential { .. }) if session.npm.is_withheld() => return Ok(hidden()),
        answer => answer.map_err(failed)?,
    };
    let packument = match answer {
        PackumentAnswer::Found { packument } => packument,
        // Registries answer so too about what the one who asks may not see.
        PackumentAnswer::NotFound { without_credential: true, .. } => return Ok(hidden()),
        PackumentAnswer::NotFound { .. } => {
            return Ok(Known { state: PublishedState::Absent, requests: 1, ..Known::default() });
        }
    };
    let mut requests = 1;
    let mut before = version_before(&packument, candidate.next).map(PublishedBefore::of);
    let tells_scripts = candidate.rules == RegistryRules::Npm;
    if let Some(before) = before.as_mut().filter(|before| !tells_scripts && before.runs_at_installation == Some(false))
    {
        // Only npm's own short form is known to tell of scripts; the version's own document has them in full. It is asked for
        // only where the release depends on that.
        before.runs_at_installation = None;
        if gate.rules_for(name).level(FindingName::NewInstallScript) == Level::Error {
            requests += 1;
            let version = &before.version;
            let document = session.client.version_document(&candidate.destination, name, version, credential).await;
            before.runs_at_installation = document.map_err(failed)?.map(|version| version.has_install_script);
        }
    }
    let asked_for = candidate.recorded.into_iter().flatten().chain([candidate.version]).collect::<BTreeSet<_>>();
    let there = asked_for.into_iter().filter_map(|version| packument.versions.get(version));
    let there = there.map(|version| (version.version.clone(), version.integrity.clone())).collect();
    let maintainers = packument.maintainers.clone();
    let evidence = (form == PackumentForm::Full).then(|| seen(&packument));
    let state = present(packument, Some(candidate.next));
    Ok(Known { state, before, there, requests, maintainers, evidence, hidden: false })
}

/// The version that people have before they get `next`: the highest one below it; for a release not one of its prereleases,
/// which few have.
fn version_before<'a>(packument: &'a Packument, next: &Version) -> Option<&'a PublishedVersion> {
    let mut below = packument.versions.range(..next).map(|(_, version)| version);
    below.rfind(|before| !next.pre.is_empty() || before.version.pre.is_empty())
}

/// The scripts that a package would run at installation, where the version before runs none: as its folder is now.
pub(super) fn new_install_script(
    workspace: &Workspace,
    package: &WorkspacePackage,
    before: Option<&PublishedBefore>,
    gate: &GateSettings,
) -> Option<NewInstallScript> {
    let before = before.filter(|before| before.runs_at_installation == Some(false))?.version.clone();
    let level = gate.rules_for(&package.name).level(FindingName::NewInstallScript);
    if !matches!(level, Level::Error | Level::Warning) {
        return None;
    }
    let entries = std::fs::read_dir(workspace.folder(package)).into_iter().flatten();
    let root_files = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let events = install_events(package.manifest.fields(), root_files);
    (!events.is_empty()).then_some(NewInstallScript { events, before, forbidden: level == Level::Error })
}

#[cfg(test)]
mod tests {
    use relay_values::RegistryUrl;

    use super::super::candidates::candidates;
    use super::*;
    use crate::fixture::loopback::{Answer, Asked, LoopbackRegistry, json};
    use crate::fixture::{Repo, TWO, name, session};

    fn before(next: &str) -> Option<String> {
        let body = br#"{"name":"a","versions":{"1.0.0":{"version":"1.0.0"},"1.1.0":{"version":"1.1.0","hasInstallScript":true},
            "2.0.0":{"version":"2.0.0"},"2.1.0-rc.1":{"version":"2.1.0-rc.1","hasInstallScript":true}}}"#;
        let packument = Packument::parse(&PackageName::parse("a").unwrap(), body).unwrap();
        let before = version_before(&packument, &Version::parse(next).unwrap())?;
        (!before.has_install_script).then(|| before.version.to_string())
    }

    #[test]
    fn the_version_before_is_the_highest_below() {
        assert_eq!(before("1.0.1").as_deref(), Some("1.0.0"));
        assert_eq!(before("1.1.1"), None, "1.1.0 has a script");
        assert_eq!(before("2.1.0").as_deref(), Some("2.0.0"), "a prerelease is not what people have");
        assert_eq!(before("2.1.0-rc.2"), None, "the prerelease before it has a script");
        assert_eq!(before("1.0.0"), None, "nothing is before it");
    }

    /// What stands of `a` at the registry, and what stands of it by its version's own document.
    fn answers() -> Vec<Answer> {
        let document = serde_json::json!({
            "name": "a",
            "dist-tags": { "latest": "0.9.0", "odd": "no version" },
            "versions": {
                "0.9.0": { "name": "a", "version": "0.9.0", "deprecated": "old", "dist": { "integrity": INTEGRITY } },
                "1.0.0": { "name": "a", "version": "1.0.0", "dist": { "integrity": INTEGRITY } },
            },
            "maintainers": [{ "name": "maintainer", "email": "maintainer@acme.example" }],
        });
        let of_version = serde_json::json!({ "name": "a", "version": "0.9.0", "scripts": { "install": "x" } });
        vec![json("/a", 200, document), json("/a/0.9.0", 200, of_version)]
    }

    const INTEGRITY: &str =
        "sha512-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==";

    /// Reads what a registry has of `a@1.0.0`, where relay has sent `0.8.0` and `0.9.0` before.
    async fn read_of(registry: &LoopbackRegistry, npmrc: &str, settings: &str) -> Result<Known, ObserveError> {
        let project = Repo::of(&[TWO.as_slice(), &[("relay.toml", settings)]].concat()).project();
        let session = Session { offline: false, selected: Some([name("a")].into()), ..session(npmrc) };
        let recorded = BTreeMap::from([(name("a"), ["0.8.0", "0.9.0"].map(|text| text.parse().unwrap()).into())]);
        let planned = BTreeMap::new();
        let (all, _) = candidates(&project, &session, (&planned, &recorded), &mut Vec::new()).unwrap();
        assert_eq!(all[0].destination, registry.url);
        Ok(read_registries(&all, &session, &project.config.gate).await?.remove(&name("a")).unwrap())
    }

    #[tokio::test]
    async fn one_read_tells_what_is_there_and_who_may_publish_it() {
        let registry = LoopbackRegistry::answering(answers()).await;
        let known = read_of(&registry, &registry.npmrc_with_token(), "").await.unwrap();
        let asked = Asked { path: "/a".to_owned(), abbreviated: false, authorised: true };
        assert_eq!(registry.asked(), [asked], "few packages are read whole, which tells the maintainers");
        assert_eq!(
            (known.maintainers.as_slice(), known.requests, known.hidden),
            (["maintainer".to_owned()].as_slice(), 1, false)
        );
        let there: Vec<_> =
            known.there.iter().map(|(version, integrity)| (version.to_string(), integrity.is_some())).collect();
        assert_eq!(there, [("0.9.0".to_owned(), true), ("1.0.0".to_owned(), true)], "0.8.0 is not there");
        let PublishedState::Present { versions, deprecated, latest, tags, next_is_there } = known.state else {
            panic!()
        };
        assert_eq!((versions.len(), next_is_there, latest), (2, true, Some(Version::new(0, 9, 0))));
        assert_eq!(deprecated, [Version::new(0, 9, 0)].into());
        assert_eq!(
            tags.into_keys().map(|tag| tag.to_string()).collect::<Vec<_>>(),
            ["latest"],
            "a tag of nothing is none"
        );
    }

    #[tokio::test]
    async fn nothing_shown_to_a_stranger_is_unknown_and_nothing_shown_to_an_account_is_absent() {
        let registry = LoopbackRegistry::answering([]).await;
        let known = read_of(&registry, &registry.npmrc(), "").await.unwrap();
        assert_eq!((known.state, known.hidden), (PublishedState::Unknown, true));
        let known = read_of(&registry, &registry.npmrc_with_token(), "").await.unwrap();
        assert_eq!((known.state, known.hidden), (PublishedState::Absent, false));
        assert!(registry.asked().iter().any(|asked| asked.abbreviated && !asked.authorised), "{:?}", registry.asked());
    }

    #[tokio::test]
    async fn a_registry_that_says_no_stops_the_plan_with_its_name_and_the_packages() {
        let registry =
            LoopbackRegistry::answering([json("/a", 403, serde_json::json!({ "error": "not today" }))]).await;
        let Err(error) = read_of(&registry, &registry.npmrc_with_token(), "").await else { panic!("it is known") };
        let ObserveError::Read { package, registry: asked, .. } = &error else { panic!("{error:?}") };
        assert_eq!((package, asked), (&name("a"), &registry.url));
        assert!(error.to_string().contains("not today"), "{error}");
    }

    #[tokio::test]
    async fn whether_installing_the_version_before_runs_a_script_is_asked_where_that_decides_and_nobody_told() {
        let declared = |rules: &str, url: &RegistryUrl| format!("[[registry]]\nurl = \"{url}\"\nrules = \"{rules}\"\n");
        let forbid = "[gate]\nforbid = [\"new-install-script\"]\n";
        let warn = "[gate]\nwarn = [\"new-install-script\"]\n";
        for (rules, gate, expected, requests) in
            [("npm", forbid, Some(false), 1), ("plain", warn, None, 1), ("plain", forbid, Some(true), 2)]
        {
            let registry = LoopbackRegistry::answering(answers()).await;
            let settings = format!("{gate}{}", declared(rules, &registry.url));
            let known = read_of(&registry, &registry.npmrc_with_token(), &settings).await.unwrap();
            let before = known.before.unwrap();
            assert_eq!(before.version, Version::new(0, 9, 0));
            assert_eq!(before.runs_at_installation, expected, "{rules} {gate}");
            assert_eq!((known.requests, registry.asked().len()), (requests, requests), "{rules} {gate}");
        }
    }

    #[tokio::test]
    async fn a_sibling_that_cannot_be_found_out_about_is_left_unknown_and_stops_nobody() {
        let refuses = json("/b", 403, serde_json::json!({}));
        let registry = LoopbackRegistry::answering(answers().into_iter().chain([refuses])).await;
        let project = Repo::of(&TWO).project();
        let session = Session { offline: false, ..session(&registry.npmrc_with_token()) };
        let (a, b) = (name("a"), name("b"));
        let siblings = BTreeSet::from([&a, &b]);
        let states = read_siblings(&siblings, &project, &session).await;
        assert_eq!(states.keys().collect::<Vec<_>>(), [&a]);
        assert_eq!(states[&a].exists(), Some(true));
    }

    #[test]
    fn a_script_at_installation_is_new_where_the_version_before_has_none() {
        let with = r#"{"name":"a","version":"1.0.0","scripts":{"postinstall":"x"}}"#;
        let (without, gyp) = (TWO[1].1, ("packages/a/binding.gyp", "{}"));
        let known = |runs: Option<bool>| {
            let body = br#"{"name":"a","versions":{"0.9.0":{"name":"a","version":"0.9.0"}}}"#;
            let packument = Packument::parse(&name("a"), body).unwrap();
            let mut before = PublishedBefore::of(packument.versions.values().next().unwrap());
            before.runs_at_installation = runs;
            before
        };
        let level = |words: &str| format!("[gate]\n{words} = [\"new-install-script\"]\n");
        for (why, files, before, settings, expected) in [
            (
                "one more",
                vec![("packages/a/package.json", with)],
                Some(known(Some(false))),
                level("forbid"),
                Some((1, true)),
            ),
            (
                "told only",
                vec![("packages/a/package.json", with)],
                Some(known(Some(false))),
                level("warn"),
                Some((1, false)),
            ),
            ("by node-gyp", vec![gyp], Some(known(Some(false))), level("forbid"), Some((1, true))),
            ("none", vec![("packages/a/package.json", without)], Some(known(Some(false))), level("forbid"), None),
            ("it had one", vec![("packages/a/package.json", with)], Some(known(Some(true))), level("forbid"), None),
            ("nobody knows", vec![("packages/a/package.json", with)], Some(known(None)), level("forbid"), None),
            ("the first version", vec![("packages/a/package.json", with)], None, level("forbid"), None),
        ] {
            let settings = ("relay.toml", settings.as_str());
            let repo = Repo::of(&[TWO.as_slice(), &files, &[settings]].concat());
            let project = repo.project();
            let package = project.workspace.package(&name("a")).unwrap();
            let found = new_install_script(&project.workspace, package, before.as_ref(), &project.config.gate);
            assert_eq!(found.map(|found| (found.events.len(), found.forbidden)), expected, "{why}");
        }
    }
}

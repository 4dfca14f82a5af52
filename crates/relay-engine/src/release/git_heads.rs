//! What is live and nobody remembers sending: the registry repeats which commit its publisher said it was made from. Where that
//! commit gave the manifest this version, the version is this repository's, and its tag belongs on it.

use futures_util::stream::{self, StreamExt};

use super::Run;
use super::record::RecordedBytes;
use super::sent::Verdict;
use crate::observe::{LiveVersion, Observed};
use crate::project::Project;
use crate::session::Session;

/// With more versions than this that nobody remembers and that have no tag, the repository is one whose versions were never
/// tagged, and none is asked about.
const ASKED_MAX: usize = 20;
const READS_IN_FLIGHT: usize = 8;

/// Asks about the present versions that are live, have no tag here or on the remote, and that neither journal nor record know.
pub(super) async fn recall(run: &mut Run<'_>, session: &Session, observed: &Observed) {
    let Some(repository) = run.project.git() else { return };
    if run.request.dry_run
        || !run.request.finish.tags
        || run.remote.as_ref().is_some_and(|remote| remote.record.is_some())
    {
        return;
    }
    let has_tag = |live: &LiveVersion| {
        let tag = run.project.tag_name(&live.name, &live.version);
        let there = run.remote.as_ref().is_some_and(|remote| remote.tags.contains_key(&tag));
        there || !matches!(repository.tag_commit(&tag), Ok(None))
    };
    let present = observed.live.iter().filter(|live| live.is_present && live.integrity.is_some());
    let unknown: Vec<&LiveVersion> =
        present.filter(|live| run.sent.judge(live) == Verdict::Unknown && !has_tag(live)).collect();
    if unknown.len() > ASKED_MAX {
        return;
    }
    let (place, project) = (&run.place, &run.project);
    let reads =
        unknown.into_iter().map(|live| async move { Some((live, place.git_head(project, session, live).await?)) });
    let answers: Vec<_> =
        stream::iter(reads).buffer_unordered(READS_IN_FLIGHT).filter_map(std::future::ready).collect().await;
    for (live, commit) in answers {
        if is_of(&run.project, live, &commit) {
            let bytes = live.integrity.clone().map(|integrity| RecordedBytes { integrity, commit, accepted: false });
            run.sent.remember(live.key(), bytes);
        }
    }
}

/// Asks the registry of a version. What can't be read now is asked about by the next run.
pub(super) async fn ask(project: &Project, session: &Session, live: &LiveVersion) -> Option<String> {
    let known = session.credentials(&live.name, &live.registry, &project.config);
    let credential = known.first().map(|known| known.credential.clone()).filter(|one| !one.is_withheld());
    let (registry, version) = (&live.registry, &live.version);
    session.client.version_document(registry, &live.name, version, credential.as_ref()).await.ok()??.git_head
}

fn is_of(project: &Project, live: &LiveVersion, commit: &str) -> bool {
    let (Some(repository), Some(package)) = (project.git(), project.workspace.package(&live.name)) else {
        return false;
    };
    let manifest = project.in_repository(&package.path.join("package.json"));
    let version = live.version.to_string();
    matches!(repository.gave_version(commit, manifest.as_str(), &version), Ok(true))
}

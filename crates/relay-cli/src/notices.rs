//! What is said about a repository or its tarballs and stops nothing.

use relay_change::BumpPlan;
use relay_config::ChangeSource;
use relay_engine::project::Project;
use relay_engine::promotion::Candidate;
use relay_plan::Finding;
use relay_workspace::{Version, Workspace};

use crate::ui::{Ui, plural};

/// How many uncommitted changes, or versions that wait, are named.
const CHANGES_SHOWN_MAX: usize = 5;

/// Says each of these findings in a line of its own.
pub(crate) fn hint_at_findings(ui: &Ui, findings: &[Finding]) {
    for group in relay_plan::groups_of(findings) {
        let help = group.finding.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
        ui.hint(format!("{}{help}", group.about()));
    }
}

/// Why no package of a release is published, in words.
pub(crate) fn why_not_published(project: &Project, bumps: &BumpPlan) -> String {
    if !bumps.bumps.is_empty() {
        return "what gets a version is private, or left out by `--filter`; a release writes and commits it".to_owned();
    }
    let why = why_nothing(project);
    match bumps.consumed.len() {
        0 if bumps.ends_prerelease_mode => {
            format!("nothing to publish: {why}; a release ends the prerelease mode of changesets")
        }
        0 => format!("nothing to release: {why}"),
        number => format!("nothing to publish: {why}; a release takes {} away", plural(number, "change file")),
    }
}

/// Why no package gets a version, in words: which sources count, and that they are silent.
pub(crate) fn why_nothing(project: &Project) -> String {
    let sources = project.change_sources();
    let files = sources.contains(&ChangeSource::Changesets);
    let commits = sources.contains(&ChangeSource::ConventionalCommits);
    let file = match project.change_files.len() {
        0 => "no change file is in `.changeset`".to_owned(),
        1 => "the change file in `.changeset` asks for no version".to_owned(),
        number => format!("none of the {number} change files in `.changeset` asks for a version"),
    };
    let alone = project.change_files_alone().filter(|_| project.config.release.changes.is_none());
    match (files, commits) {
        (true, true) => format!("{file}, and {}", silent_commits(project)),
        (true, false) => match alone {
            Some(shown_by) => format!(
                "{file}; commits are not counted because `{shown_by}` is there: write a change file, or let commits count \
                 too by `changes = [\"changesets\", \"conventional-commits\"]` under `[release]` in relay.toml"
            ),
            None => format!("{file}; commits are not counted because `release.changes` in relay.toml leaves them out"),
        },
        (false, true) => format!(
            "{}; change files are not counted because `release.changes` in relay.toml leaves them out",
            silent_commits(project)
        ),
        (false, false) => "`release.changes` in relay.toml is empty, so that nothing asks for a version".to_owned(),
    }
}

/// Why no commit asks for a version. Without a tag, commits count from the one that wrote a package's version.
fn silent_commits(project: &Project) -> String {
    let Some(repository) = &project.repository else {
        return "this is no git repository, so that no commit can ask for one".to_owned();
    };
    if repository.head().is_ok_and(|head| head.commit.is_none()) {
        return "the git repository has no commit yet that could ask for one".to_owned();
    }
    let queries = project.history_queries();
    let mut tags = queries.iter().flat_map(|query| &query.tags);
    if tags.any(|tag| matches!(repository.tag_commit(tag), Ok(Some(_)))) {
        return "no commit since the last release asks for one (`feat:`, `fix:`)".to_owned();
    }
    let silent = "no commit since the versions in package.json were written asks for one (`feat:`, `fix:`)";
    let tags = repository.tag_names().unwrap_or_default();
    match latest_version_tag(&tags) {
        None => format!("{silent}; no tag here shows a release"),
        Some((version, tag)) if project.reads_tag(tag, &version) => {
            format!("{silent}; the tags here are of other versions, up to `{tag}`")
        }
        Some((_, tag)) => format!("{silent}; the tags here have another form, such as `{tag}`, {}", tags_read(project)),
    }
}

/// The tags that relay reads, in words.
fn tags_read(project: &Project) -> String {
    let example =
        project.workspace.packages.iter().find_map(|package| Some((&package.name, package.version.as_ref()?)));
    let Some((name, version)) = example else { return "where relay reads `name@1.2.3`".to_owned() };
    let unscoped = name.unscoped();
    if project.has_one_tag() {
        return format!("where relay reads `v{version}` for what package.json says");
    }
    format!(
        "where relay reads `{name}@{version}` or `{unscoped}-v{version}` for what package.json says; \
         `mode = \"fixed\"` under `[release]` in relay.toml is for one version and one tag, `v{version}`"
    )
}

/// Of the tags that end in a version, whatever stands before it, the one with the highest.
fn latest_version_tag(tags: &[String]) -> Option<(Version, &str)> {
    let version = |tag: &str| {
        let mut numbers = tag.char_indices().filter(|(index, c)| {
            let before = tag.get(..*index).and_then(|before| before.chars().next_back());
            c.is_ascii_digit() && !before.is_some_and(|before| before.is_ascii_digit() || before == '.')
        });
        numbers.find_map(|(start, _)| Version::parse(tag.get(start..)?).ok())
    };
    tags.iter().filter_map(|tag| Some((version(tag)?, tag.as_str()))).max()
}

/// Says beforehand that nothing will be pushed where there is nowhere to push to. It stops nothing: the packages don't need it.
pub(crate) fn warn_of_no_remote(ui: &Ui) {
    ui.warning(
        "this git repository has no remote to push to, so commits and tags stay here; name one with `git remote add origin \
         URL`, or say `--no-push`",
    );
}

/// Says beforehand that tarballs are made of files that no commit has. It stops nothing: build output may be among them.
pub(crate) fn warn_of_changes(ui: &Ui, changes: &[String]) {
    if !changes.is_empty() {
        let shown: Vec<String> = changes.iter().take(CHANGES_SHOWN_MAX).map(|path| format!("`{path}`")).collect();
        let more = match changes.len() - shown.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        ui.warning(format!(
            "the working tree has {}, and the tarballs are made of it, so that they may hold what no commit has: {}{more}",
            plural(changes.len(), "uncommitted change"),
            shown.join(", ")
        ));
    }
}

/// Says whose scripts don't run because a setting of npm's leaves them out: what they would make is then not in the tarball.
pub(crate) fn warn_of_ignored_scripts(ui: &Ui, workspace: &Workspace, place: &str) {
    let before_packing = ["prepublishOnly", "prepack", "prepare"];
    let names: Vec<_> = workspace
        .packages
        .iter()
        .filter(|package| package.is_publishable())
        .filter(|package| before_packing.iter().any(|event| package.manifest.script(event).is_some()))
        .map(|package| format!("`{}`", package.name))
        .collect();
    if !names.is_empty() {
        ui.warning(format!(
            "{place} leaves lifecycle scripts out: what those of {} make is not made anew",
            names.join(", ")
        ));
    }
}

/// Tells beside a plan that the repository will be built, or that its build is left out.
pub(crate) fn tell_build(ui: &Ui, project: &Project, ignore_scripts: bool) {
    let Some(command) = &project.config.release.build else { return };
    if ignore_scripts {
        ui.warning(format!(
            "the build `{command}` is left out, as scripts are: packages are packed as they are built now"
        ));
    } else {
        ui.status(format!("build: `{command}`, after the version step and before packing, without credentials\n"));
    }
}

/// Tells which versions of earlier runs still wait for their dist-tags.
pub(crate) fn tell_promotions(ui: &Ui, waiting: &[Candidate]) {
    if waiting.is_empty() {
        return;
    }
    let named = waiting.iter().take(CHANGES_SHOWN_MAX);
    let mut names: Vec<String> = named
        .map(|one| {
            let (tag, side) = (&one.promotion.tag, &one.promotion.side_tag);
            format!("{} {} (`{tag}`, out under `{side}`)", one.name, one.version)
        })
        .collect();
    let more = waiting.len().saturating_sub(CHANGES_SHOWN_MAX);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    ui.status(format!(
        "Wait for their dist-tags, which move when all of the set can be installed: {}",
        names.join(", ")
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_of_any_form_shows_its_version() {
        let latest = |tags: &[&str]| {
            let tags: Vec<String> = tags.iter().map(|tag| (*tag).to_owned()).collect();
            latest_version_tag(&tags).map(|(version, tag)| format!("{tag} is {version}"))
        };
        assert_eq!(latest(&["v9.0.0", "v11.18.0", "latest"]).as_deref(), Some("v11.18.0 is 11.18.0"));
        for (tag, version) in [
            ("pkg-v1.2.3", "1.2.3"),
            ("pkg/v1.2.3", "1.2.3"),
            ("release-1.2.3", "1.2.3"),
            ("@s/p2@1.2.3-rc.1", "1.2.3-rc.1"),
            ("1.2.3", "1.2.3"),
        ] {
            assert_eq!(latest(&[tag]), Some(format!("{tag} is {version}")));
        }
        assert_eq!(latest(&["nightly", "v2", "2026-11-29"]), None);
    }
}

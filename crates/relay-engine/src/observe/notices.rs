//! What a person should know of settings that relay does not heed.

use std::collections::BTreeSet;

use relay_change::ChangesetsGeneration;
use relay_config::ReleaseMode;
use relay_plan::{Finding, Severity};
use relay_registry::RegistryUrl;
use relay_workspace::{PackageName, read_regular_text};

use crate::project::{Project, SETTINGS_SIZE_BYTES_MAX};
use crate::publish_settings::WITHOUT_PROVENANCE;
use crate::session::Session;

/// What a person should know of the settings in force, whatever the run is about.
pub(super) fn of_settings(project: &Project, session: &Session) -> Vec<String> {
    let mut warnings = session.npm.warnings().to_vec();
    warnings.extend(without_effect(project));
    warnings.extend(idle_settings(project, session));
    warnings.extend(withheld(session));
    warnings
}

/// Credentials that files of the checkout have as they are.
pub(super) fn given_away(session: &Session) -> impl Iterator<Item = Finding> + '_ {
    session.npm.given_away().iter().map(|place| Finding {
        severity: Severity::Warning,
        package: None,
        text: format!(
            "{place} is a credential as it is: whoever has the repository can read it, and so can each script that runs in it"
        ),
        help: Some("revoke it if others have seen it, and write a variable there (`${NPM_TOKEN}`), or move it into your own settings".to_owned()),
    })
}

/// Settings of other release tools that relay does not read, where they would say how versions are made.
pub(super) fn of_other_tools(project: &Project) -> Vec<&'static str> {
    let read = |name: &str| {
        let text = read_regular_text(&project.workspace.root.join(name), SETTINGS_SIZE_BYTES_MAX).ok()??;
        serde_json::from_str::<serde_json::Value>(&text).ok()
    };
    let mut found = Vec::new();
    let lerna = read("lerna.json").and_then(|lerna| Some(lerna.get("version")?.as_str()? != "independent"));
    if lerna == Some(true) && project.config.release.mode == ReleaseMode::Independent {
        found.push(
            "lerna.json keeps one version for all packages, and relay gives each its own and leaves lerna.json as it is; \
             `mode = \"fixed\"` under `[release]` in relay.toml makes them move together",
        );
    }
    if read("nx.json").is_some_and(|nx| nx.get("release").is_some()) {
        found.push("`release` in nx.json is not read: groups, tags and sources of changes are set in relay.toml");
    }
    if project.workspace.root.join("rush.json").is_file() {
        found.push("rush's change files and version policies are not read: relay makes versions by relay.toml alone");
    }
    found
}

/// How many names a notice has at most.
const NAMES_SHOWN: usize = 5;

/// That no credential is used, and why.
fn withheld(session: &Session) -> Option<String> {
    session.withheld_because.as_ref().map(|why| {
        format!(
            "{why}: the files here are a change that nobody has accepted yet, so no credential is used and no secret is \
             expanded; `--with-credentials` uses them all the same"
        )
    })
}

/// That a registry shows some packages to nobody without a credential.
pub(super) fn hidden_packages(registry: &RegistryUrl, names: &[PackageName]) -> String {
    let mut shown: Vec<_> = names.iter().take(NAMES_SHOWN).map(|name| format!("`{name}`")).collect();
    if let Some(more @ 1..) = names.len().checked_sub(NAMES_SHOWN) {
        shown.push(format!("{more} more"));
    }
    let rest = if names.len() == 1 {
        "it may be new, or for some people only"
    } else {
        "they may be new, or for some people only"
    };
    format!("`{registry}` does not show {} without a credential, so what it has is not known: {rest}", shown.join(", "))
}

/// Settings that are read and can't be heeded yet.
fn without_effect(project: &Project) -> impl Iterator<Item = String> {
    let provenance = (project.config.publish.provenance == Some(true))
        .then(|| format!("`publish.provenance` in relay.toml has no effect yet: {WITHOUT_PROVENANCE}"));
    let schedule = project
        .config
        .schedule
        .is_some()
        .then(|| "`[schedule]` in relay.toml has no effect yet: what is planned is published now".to_owned());
    provenance.into_iter().chain(schedule)
}

/// Patterns of relay.toml that match no package, and registries that no package goes to: most likely misspelt, and then what
/// they say is not heeded where it should be.
fn idle_settings(project: &Project, session: &Session) -> Vec<String> {
    let packages = &project.workspace.packages;
    let names: Vec<_> = packages.iter().map(|package| &package.name).collect();
    let mut found: Vec<String> = project.config.idle_patterns(&names).iter().map(ToString::to_string).collect();
    let named = project.config.credential.iter().any(|credential| credential.registry.is_some());
    if named || !project.config.registry.is_empty() {
        let published = packages.iter().filter(|package| package.is_publishable());
        let in_use: BTreeSet<_> = published
            .filter_map(|package| {
                session.npm.registry_for(&package.name, package.manifest.fields().get("publishConfig")).ok()
            })
            .map(|choice| choice.url)
            .collect();
        let settings = project.config.registry.iter().map(|settings| ("[[registry]]", &settings.url));
        let credentials = project.config.credential.iter();
        let credentials = credentials.filter_map(|one| Some(("[[credential]]", one.registry.as_ref()?)));
        for (table, url) in settings.chain(credentials) {
            if in_use.contains(url) {
                continue;
            }
            let others: Vec<String> = in_use.iter().map(|url| format!("`{url}`")).collect();
            let others = if others.is_empty() { "nowhere".to_owned() } else { format!("to {}", others.join(", ")) };
            found.push(format!(
                "no package of the workspace goes to `{url}`, which `{table}` in relay.toml names, so that it has no effect; \
                 they go {others}"
            ));
        }
    }
    found
}

/// Whose rules make the versions, where those are not the newest ones.
pub(super) fn of_changesets(project: &Project) -> Option<String> {
    let config = project.changesets.as_ref().filter(|config| config.generation == ChangesetsGeneration::Two)?;
    let private = if config.private_packages.version { "private packages get versions, " } else { "" };
    Some(format!(
        "versions are made by the rules of changesets 2 ({}): {private}a minor or major release of a peer dependency makes \
         its dependents major",
        project.changesets_source
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Repo, TWO, name, session};

    fn repo(files: &[(&str, &str)]) -> Repo {
        Repo::of(&[TWO.as_slice(), files].concat())
    }

    #[test]
    fn settings_of_other_tools_that_would_make_versions_otherwise_are_told() {
        let lerna = ("lerna.json", r#"{"version":"1.0.0"}"#);
        let each = ("lerna.json", r#"{"version":"independent"}"#);
        let fixed = ("relay.toml", "[release]\nmode = \"fixed\"\n");
        let nx = ("nx.json", r#"{"release":{}}"#);
        for (files, told) in [
            (vec![], vec![]),
            (vec![lerna], vec!["lerna.json keeps one version"]),
            (vec![lerna, fixed], vec![]),
            (vec![each], vec![]),
            (vec![("lerna.json", "{")], vec![]),
            (vec![nx], vec!["`release` in nx.json"]),
            (vec![("nx.json", "{}")], vec![]),
            (vec![("rush.json", "{}"), nx], vec!["`release` in nx.json", "rush's change files"]),
        ] {
            let found = of_other_tools(&repo(&files).project());
            assert_eq!(found.len(), told.len(), "{files:?}: {found:?}");
            assert!(found.iter().zip(told).all(|(text, start)| text.starts_with(start)), "{files:?}: {found:?}");
        }
    }

    #[test]
    fn settings_that_are_heeded_nowhere_are_told_with_what_they_are_missing() {
        let toml = |text: &str| repo(&[("relay.toml", text)]).project();
        let npmrc = "registry=http://registry.example/\n@acme:registry=http://other.example/\n";
        let session = session(npmrc);
        let told = |text: &str| of_settings(&toml(text), &session);
        assert_eq!(told(""), Vec::<String>::new());
        assert_eq!(told("[[registry]]\nrules = \"npm\"\nurl = \"http://registry.example/\"\n"), Vec::<String>::new());
        let [idle] =
            <[String; 1]>::try_from(told("[[registry]]\nrules = \"npm\"\nurl = \"http://other.example/\"\n")).unwrap();
        assert!(idle.contains("`[[registry]]`") && idle.ends_with("they go to `http://registry.example/`"), "{idle}");
        let [pattern] = <[String; 1]>::try_from(told("[release]\nignore = [\"c-*\"]\n")).unwrap();
        assert!(pattern.contains("c-*"), "{pattern}");
        let [provenance] = <[String; 1]>::try_from(told("[publish]\nprovenance = true\n")).unwrap();
        assert!(provenance.starts_with("`publish.provenance`"), "{provenance}");
    }

    #[test]
    fn of_packages_that_are_shown_to_nobody_some_are_named() {
        let url: RegistryUrl = "http://registry.example/".parse().unwrap();
        let names = |count: usize| (0..count).map(|at| name(&format!("p{at}"))).collect::<Vec<_>>();
        let one = hidden_packages(&url, &names(1));
        assert!(one.contains("does not show `p0` without") && one.contains("it may be new"), "{one}");
        let five = hidden_packages(&url, &names(NAMES_SHOWN));
        assert!(five.contains("`p4`") && !five.contains("more") && five.contains("they may be new"), "{five}");
        let many = hidden_packages(&url, &names(NAMES_SHOWN + 3));
        assert!(many.contains("`p4`, 3 more") && !many.contains("`p5`"), "{many}");
    }

    #[test]
    fn whose_rules_make_the_versions_is_told_only_of_the_older_ones() {
        let old = (
            "package.json",
            r#"{"name":"root","private":true,"workspaces":["packages/*"],"devDependencies":{"@changesets/cli":"^2.27.0"}}"#,
        );
        let config = (".changeset/config.json", "{}");
        let two = Repo::of(&[old, TWO[1], TWO[2], config]).project();
        let told = of_changesets(&two).unwrap();
        assert!(told.starts_with("versions are made by the rules of changesets 2"), "{told}");
        assert!(told.contains("private packages get versions"), "{told}");
        assert_eq!(of_changesets(&repo(&[]).project()), None);
    }
}

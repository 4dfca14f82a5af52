//! A scope whose packages go to different registries because one of them says nothing: most often a private scope of which
//! one package was forgotten, and would be on the default registry for all to see.

use std::collections::BTreeMap;

use relay_plan::{Finding, PublishedState, Severity};
use relay_registry::{NpmConfig, RegistryChoice};
use relay_workspace::{PackageName, WorkspacePackage};

/// The findings by package: those that fall back, while something names another registry for one of the same scope
/// (invariant I19). Packages that are never published count as well: what they say of the scope was meant.
pub(super) fn findings(npm: &NpmConfig, packages: &[WorkspacePackage]) -> BTreeMap<PackageName, Finding> {
    let scoped = packages.iter().filter(|package| package.name.scope().is_some());
    let going: Vec<(&PackageName, RegistryChoice)> = scoped
        .filter_map(|package| {
            // One that can't be chosen is an error of its own where it is needed.
            let choice = npm.registry_for(&package.name, package.manifest.fields().get("publishConfig")).ok()?;
            Some((&package.name, choice))
        })
        .collect();
    let mut named: BTreeMap<&str, &(&PackageName, RegistryChoice)> = BTreeMap::new();
    for one in going.iter().filter(|(_, choice)| !choice.is_fallback) {
        if let Some(scope) = one.0.scope() {
            named.entry(scope).or_insert(one);
        }
    }
    let finding = |(name, choice): &(&PackageName, RegistryChoice)| {
        let scope = name.scope().filter(|_| choice.is_fallback)?;
        let (sibling, other) = named.get(scope).filter(|(_, other)| other.url != choice.url)?;
        let finding = Finding::error(
            name,
            format!(
                "nothing names its registry, so that it would go to `{}`, while `{sibling}` of the same scope goes to `{}`",
                choice.url, other.url
            ),
            format!(
                "write `{scope}:registry={}` into `.npmrc`, or name its own registry in `publishConfig.registry`",
                other.url
            ),
        );
        Some(((*name).clone(), finding))
    };
    going.iter().filter_map(finding).collect()
}

/// How much such a finding weighs: what its registry has had before is no secret that gets out, and one scope may well have
/// a package or two elsewhere; a new name is stopped.
pub(super) fn weighed(finding: Finding, published: &PublishedState) -> Finding {
    let severity = if published.exists() == Some(true) { Severity::Warning } else { finding.severity };
    Finding { severity, ..finding }
}

#[cfg(test)]
mod tests {
    use relay_registry::{ConfigSources, NpmrcFile};
    use relay_workspace::fixture::WorkspaceFixture;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_package_that_falls_back_beside_siblings_that_do_not_is_found() {
        let at = |registry: &str| json!({ "registry": registry });
        let (corp, home) = ("https://corp.registry.example/", "https://registry.example/");
        let fixture = || {
            ["@corp/a", "@corp/b", "@corp/c", "@free/d", "e"]
                .into_iter()
                .fold(WorkspaceFixture::new(), |fixture, name| fixture.package(name, "1.0.0"))
        };
        let found = |fixture: WorkspaceFixture, npmrc: &str| -> Vec<String> {
            let project = Some(NpmrcFile { path: ".npmrc".into(), text: npmrc.to_owned() });
            let npm = NpmConfig::resolve(&ConfigSources { project, ..ConfigSources::default() }).unwrap();
            findings(&npm, &fixture.build().packages).into_keys().map(|name| name.to_string()).collect()
        };
        let npmrc = format!("registry={home}\n");
        let one = || fixture().field("@corp/a", "publishConfig", at(corp));
        assert_eq!(found(one(), &npmrc), ["@corp/b", "@corp/c"]);
        // Said to go there, it is meant.
        assert_eq!(found(one().field("@corp/c", "publishConfig", at(home)), &npmrc), ["@corp/b"]);
        assert!(found(one(), &format!("{npmrc}@corp:registry={corp}\n")).is_empty(), "all go to one");
        let name = PackageName::parse("@corp/b").unwrap();
        let weight = |published: PublishedState| weighed(Finding::error(&name, "", ""), &published).severity;
        let known = PublishedState::Present {
            versions: [].into(),
            latest: None,
            tags: [].into(),
            next_is_there: false,
            deprecated: [].into(),
        };
        assert_eq!(weight(known), Severity::Warning, "it has been there before");
        assert_eq!(weight(PublishedState::Absent), Severity::Error);
        assert_eq!(weight(PublishedState::Unknown), Severity::Error);
        assert!(found(fixture().field("@corp/a", "publishConfig", at(home)), &npmrc).is_empty());
        assert!(found(fixture(), &npmrc).is_empty());
    }
}

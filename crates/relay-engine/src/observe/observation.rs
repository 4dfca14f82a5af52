//! What the plan is told of one package.

use relay_change::PreMode;
use relay_config::{Access, AccessSource, PublishingAccess, RegistryRules};
use relay_plan::{CredentialFact, PackageObservation, PublishedState, TrustedFact};
use relay_values::{DistTag, InvalidDistTag};
use relay_workspace::WorkspacePackage;

use super::candidates::Candidate;
use super::gathered::Run;

impl Run<'_> {
    /// What the plan is told of a package, beside what only a look at its files or at the registry's accounts tells.
    pub(super) fn observation(&self, candidate: &Candidate<'_>, published: PublishedState) -> PackageObservation {
        let Run { project, session, learnt, .. } = self;
        let package = candidate.package;
        let name = &package.name;
        let declared = project.config.declared_access(name).map(|access| (access, AccessSource::Declared));
        let remembered = learnt.access(&candidate.registry, name);
        let learnt_from = remembered.filter(|_| declared.is_none()).and_then(|(_, lesson)| lesson.cloned());
        let known_access = declared.or(remembered.map(|(access, _)| (access, AccessSource::Learnt)));
        let (tag, refused_tag) = self.tag(package);
        let (next, level, causes) = match self.planned.get(name) {
            Some(bump) => (bump.next.clone(), bump.bump, bump.causes.clone()),
            None => {
                (candidate.version.clone(), relay_change::Bump::None, vec![relay_change::ReleaseCause::Unpublished])
            }
        };
        PackageObservation {
            name: name.clone(),
            path: package.path.to_string(),
            current: candidate.version.clone(),
            next,
            bump: level,
            causes,
            registry: candidate.registry.clone(),
            registry_source: candidate.registry_source.clone(),
            rules: rules(candidate.rules, known_access.map(|(access, _)| access)),
            tag,
            refused_tag,
            tag_by_flag: session.tag.is_some(),
            access: self.access(package),
            published,
            publishing_access: known_access,
            learnt_from,
            allowed_routes: project.config.allowed_routes(name).map(<[_]>::to_vec),
            credentials: candidate
                .credentials
                .iter()
                .map(|known| CredentialFact {
                    challenged_on: learnt.challenged_on(&candidate.registry, name, &known.credential),
                    ..known.fact.clone()
                })
                .collect(),
            credential_problems: session.credential_problems(name, &candidate.registry, &project.config),
            trusted: TrustedFact::NotAsked,
            scripts_that_publish: relay_pack::lifecycle::after_upload()
                .iter()
                .filter(|event| package.manifest.script(event).is_some_and(publishes))
                .map(|event| (*event).to_owned())
                .collect(),
            strongest_evidence: None,
            // Statements can't be made yet (`publish_settings::WITHOUT_PROVENANCE`).
            provenance: false,
            trust_downgrade_because: project.config.trust_downgrade_because(name).map(str::to_owned),
            new_install_script: None,
            remarks: Vec::new(),
            packing: Vec::new(),
            tarball: None,
        }
    }

    /// The dist-tag: the flag's, the manifest's, that of the prerelease mode of changesets, npm's by a variable, relay.toml's,
    /// npm's by a file. A text that can't be one is handed back beside it.
    fn tag(&self, package: &WorkspacePackage) -> (Option<DistTag>, Option<InvalidDistTag>) {
        let Run { project, session, npm_tag, .. } = self;
        let parsed = |text: String| match DistTag::parse(&text) {
            Ok(tag) => (Some(tag), None),
            Err(refused) => (None, Some(refused)),
        };
        // In the prerelease mode of changesets versions go out under its tag.
        let pre = project.changesets.as_ref().and_then(|config| config.pre.as_ref());
        let pre_tag = || pre.filter(|pre| pre.mode == PreMode::Pre).map(|pre| pre.tag.clone());
        let by_npm = |by_variable: bool| {
            npm_tag.filter(|setting| setting.by_variable == by_variable).map(|setting| setting.tag.clone())
        };
        if let Some(tag) = &session.tag {
            (Some(tag.clone()), None)
        } else if let Some(text) = publish_config(package, "tag").or_else(pre_tag).or_else(|| by_npm(true)) {
            parsed(text)
        } else if let Some(tag) = &project.config.publish.tag {
            (Some(tag.clone()), None)
        } else {
            by_npm(false).map_or((None, None), parsed)
        }
    }

    /// The access: the flag's, the manifest's, npm's, relay.toml's, that of changesets.
    fn access(&self, package: &WorkspacePackage) -> Option<Access> {
        let Run { project, session, .. } = self;
        session
            .access
            .or_else(|| publish_config(package, "access").and_then(|word| access_of(&word)))
            .or_else(|| session.npm.get("access").and_then(access_of))
            .or(project.config.publish.access)
            .or_else(|| project.changesets.as_ref().map(changesets_access))
    }
}

/// Whether a script's command line publishes something, as `npm publish` and `lerna publish` do.
fn publishes(command: &str) -> bool {
    command.split(|c: char| c.is_whitespace() || "&|;()".contains(c)).any(|word| word == "publish")
}

/// Whose rules count for a package. Who declares or was taught its publishing access knows more of the registry than what is
/// assumed of it, and the stronger word counts (invariant I6).
pub(crate) fn rules(of_registry: RegistryRules, access: Option<PublishingAccess>) -> RegistryRules {
    match access {
        Some(PublishingAccess::Automation | PublishingAccess::Publish) => RegistryRules::Npm,
        Some(PublishingAccess::None) | None => of_registry,
    }
}

/// A text in `publishConfig`.
fn publish_config(package: &WorkspacePackage, key: &str) -> Option<String> {
    package.manifest.publish_config(key).and_then(|value| value.as_str()).map(str::to_owned)
}

fn changesets_access(config: &relay_change::ChangesetsConfig) -> Access {
    match config.access {
        relay_change::ChangesetsAccess::Public => Access::Public,
        relay_change::ChangesetsAccess::Restricted => Access::Restricted,
    }
}

fn access_of(word: &str) -> Option<Access> {
    match word {
        "public" => Some(Access::Public),
        "restricted" | "private" => Some(Access::Restricted),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_publishes_is_known() {
        for (command, expected) in [
            ("npm publish", true),
            ("npm run build&&lerna publish from-git", true),
            ("(pnpm -r publish)", true),
            ("node publish.js", false),
            ("echo published", false),
        ] {
            assert_eq!(publishes(command), expected, "{command}");
        }
    }
}

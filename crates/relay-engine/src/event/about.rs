//! What an event is about, and its name.

use relay_workspace::PackageName;

use super::Fact;

impl Fact {
    /// The package that the event is about.
    pub fn package(&self) -> Option<&PackageName> {
        match self {
            Self::ScriptRan { package, .. }
            | Self::Packed { package, .. }
            | Self::UploadStarted { package, .. }
            | Self::Accepted { package, .. }
            | Self::PublishedAccepted { package, .. }
            | Self::Settling { package, .. }
            | Self::ChallengeOpened { package, .. }
            | Self::ChallengeAnswered { package, .. }
            | Self::WriteStarted { package, .. }
            | Self::WriteWaiting { package, .. }
            | Self::WriteSettling { package, .. }
            | Self::WriteEnded { package, .. }
            | Self::RouteChanged { package, .. }
            | Self::Waiting { package, .. }
            | Self::Live { package, .. }
            | Self::Parked { package, .. }
            | Self::Held { package, .. }
            | Self::TagLeft { package, .. }
            | Self::Promoted { package, .. }
            | Self::Failed { package, .. } => Some(package),
            Self::Tagged { package, .. } => package.as_ref(),
            _ => None,
        }
    }

    /// The name that stands for it in journal and log.
    pub fn name(&self) -> &'static str {
        match self {
            Self::RunStarted { .. } => "run-started",
            Self::PhaseStarted { .. } => "phase-started",
            Self::VersionsWritten { .. } => "versions-written",
            Self::Committed { .. } => "committed",
            Self::BuildStarted { .. } => "build-started",
            Self::Built { .. } => "built",
            Self::ScriptRan { .. } => "script-ran",
            Self::Packed { .. } => "packed",
            Self::UploadsPrepared { .. } => "uploads-prepared",
            Self::UploadStarted { .. } => "upload-started",
            Self::Accepted { .. } => "accepted",
            Self::PublishedAccepted { .. } => "published-accepted",
            Self::Settling { .. } => "settling",
            Self::ChallengeOpened { .. } => "challenge-opened",
            Self::ChallengeAnswered { .. } => "challenge-answered",
            Self::WriteStarted { .. } => "write-started",
            Self::WriteWaiting { .. } => "write-waiting",
            Self::WriteSettling { .. } => "write-settling",
            Self::WriteEnded { .. } => "write-ended",
            Self::RouteChanged { .. } => "route-changed",
            Self::Waiting { .. } => "waiting",
            Self::Live { .. } => "live",
            Self::Parked { .. } => "parked",
            Self::Held { .. } => "held",
            Self::Failed { .. } => "failed",
            Self::TagLeft { .. } => "tag-left",
            Self::Promoted { .. } => "promoted",
            Self::Tagged { .. } => "tagged",
            Self::Pushed { .. } => "pushed",
            Self::RunEnded { .. } => "run-ended",
        }
    }

    /// The commit that it names.
    pub fn commit(&self) -> Option<&str> {
        match self {
            Self::Committed { commit } | Self::PublishedAccepted { commit, .. } => Some(commit),
            Self::UploadsPrepared { head, .. } | Self::UploadStarted { head, .. } => head.as_deref(),
            _ => None,
        }
    }

    /// Whether it tells how far a package of the run has come. Writes beside the uploads, and their challenges, don't.
    pub fn moves_package(&self) -> bool {
        let beside = matches!(
            self,
            Self::ScriptRan { .. }
                | Self::PublishedAccepted { .. }
                | Self::TagLeft { .. }
                | Self::Promoted { .. }
                | Self::Tagged { .. }
                | Self::WriteStarted { .. }
                | Self::WriteWaiting { .. }
                | Self::WriteSettling { .. }
                | Self::WriteEnded { .. }
                | Self::ChallengeOpened { change: Some(_), .. }
                | Self::ChallengeAnswered { change: Some(_), .. }
        );
        self.package().is_some() && !beside
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry_change::RegistryChange;

    #[test]
    fn a_write_beside_the_uploads_tells_nothing_of_how_far_its_package_has_come() {
        let package = PackageName::parse("a").unwrap();
        let opened = |change| Fact::ChallengeOpened { package: package.clone(), change, url: None, remaining: 0 };
        assert!(opened(None).moves_package());
        assert!(!opened(Some(RegistryChange::RemoveTag { tag: "next".parse().unwrap() })).moves_package());
    }
}

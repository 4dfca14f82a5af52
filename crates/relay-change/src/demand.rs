//! What a specifier demands of a workspace package's next version, as seen from its present one.

use relay_workspace::{Range, Specifier, WorkspaceSpecifier};
use semver::Version;

/// The versions that a dependent goes on accepting without a release of its own.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Demand {
    /// Exactly the present version: `workspace:*`, or a path.
    Present,
    /// `^` and the present version.
    CaretOfPresent,
    /// `~` and the present version.
    TildeOfPresent,
    /// The versions of a range.
    Range(Range),
    /// No version is ever in range: what is not a range where one is compared.
    Never,
    /// Whatever version it is: folders and links.
    Anything,
}

impl Demand {
    /// The demand of a specifier, by relay's rules. `catalog_entry` is what stands behind a `catalog:`.
    pub(crate) fn of(specifier: &Specifier, catalog_entry: Option<&str>) -> Self {
        match specifier {
            Specifier::Workspace(workspace) => Self::of_workspace(workspace),
            Specifier::Range(range) | Specifier::Prefixed(range) => Self::Range(range.clone()),
            Specifier::Alias { range, .. } => Self::of_range(range),
            Specifier::Catalog(_) => match catalog_entry.map(Specifier::parse) {
                // A catalog can't point into a catalog.
                None | Some(Specifier::Catalog(_)) => Self::Anything,
                Some(entry) => Self::of(&entry, None),
            },
            Specifier::File(_) | Specifier::Link(_) | Specifier::Tag(_) | Specifier::Remote(_) => Self::Anything,
        }
    }

    fn of_workspace(specifier: &WorkspaceSpecifier) -> Self {
        match specifier {
            WorkspaceSpecifier::Exact | WorkspaceSpecifier::Path(_) => Self::Present,
            WorkspaceSpecifier::Caret => Self::CaretOfPresent,
            WorkspaceSpecifier::Tilde => Self::TildeOfPresent,
            WorkspaceSpecifier::Range(text) => Self::of_range(text),
            WorkspaceSpecifier::Alias { target, .. } => Self::of_workspace(target),
        }
    }

    /// A range as it is compared: what is none is never satisfied.
    pub(crate) fn of_range(text: &str) -> Self {
        Range::parse(text).map_or(Self::Never, Self::Range)
    }

    /// Says whether `next` lies outside of what is demanded, `present` being the version before.
    pub(crate) fn is_left_by(&self, present: &Version, next: &Version) -> bool {
        let accepts = |text: String| Range::parse(&text).is_ok_and(|range| range.accepts(next));
        match self {
            Self::Present => present.cmp_precedence(next).is_ne(),
            Self::CaretOfPresent => !accepts(format!("^{present}")),
            Self::TildeOfPresent => !accepts(format!("~{present}")),
            Self::Range(range) => !range.accepts(next),
            Self::Never => true,
            Self::Anything => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(specifier: &str, present: &str, next: &str, left: bool) {
        let demand = Demand::of(&Specifier::parse(specifier), Some("^1.0.0"));
        let (present, next) = (present.parse().unwrap(), next.parse().unwrap());
        assert_eq!(demand.is_left_by(&present, &next), left, "{specifier}: {present} -> {next}");
    }

    #[test]
    fn a_protocol_pins_the_present_version() {
        check("workspace:*", "1.0.0", "1.0.1", true);
        check("workspace:../a", "1.0.0", "1.0.1", true);
        check("workspace:^", "1.0.0", "1.9.0", false);
        check("workspace:^", "1.0.0", "2.0.0", true);
        check("workspace:~", "1.0.0", "1.1.0", true);
        check("workspace:^", "1.0.0-beta.1", "1.0.0", false);
    }

    #[test]
    fn ranges_are_left_or_not() {
        check("^1.0.0", "1.0.0", "1.5.0", false);
        check("^1.0.0", "1.0.0", "2.0.0", true);
        check("workspace:^1.0.0", "1.0.0", "2.0.0", true);
        check("npm:other@^1.0.0", "1.0.0", "2.0.0", true);
        check("npm:^1.0.0", "1.0.0", "2.0.0", true);
        check("npm:^1.0.0", "1.0.0", "1.5.0", false);
        check("catalog:", "1.0.0", "2.0.0", true);
        check("catalog:", "1.0.0", "1.1.0", false);
    }

    #[test]
    fn folders_and_tags_hold_nobody() {
        check("file:../a", "1.0.0", "2.0.0", false);
        check("link:../a", "1.0.0", "2.0.0", false);
        check("latest", "1.0.0", "2.0.0", false);
    }
}

//! Why a package is not out, in words, and what to do next.

use relay_engine::state::{Evidence, Failure, Parked};

use super::{World, span};

/// What a failure means, and what to do next.
pub(crate) fn explain_failure(failure: &Failure) -> (String, Vec<String>) {
    match failure {
        Failure::Refused(refusal) => {
            let explanation = refusal.code.explanation();
            let said = if refusal.text.is_empty() {
                format!("the registry refused it with status {}", refusal.status)
            } else {
                format!("the registry refused it ({}): {}", refusal.status, refusal.text)
            };
            let mut help: Vec<String> = explanation.fixes.iter().map(|fix| (*fix).to_owned()).collect();
            help.truncate(3);
            (format!("{said}\n  {}", explanation.title), help)
        }
        Failure::OtherBytes { there, ours } => (
            format!("another tarball stands under this version: the registry has {there}, relay packed {ours}"),
            vec![
                "find out who published it; a version can't be published twice, so bump the package and release again"
                    .to_owned(),
            ],
        ),
        Failure::TokensDisallowed { credential, declared: false } => (
            format!(
                "the registry asks for a second factor, and nobody is there to answer: either the token ({credential}) does \
                 not bypass 2FA, or the package disallows tokens"
            ),
            vec![
                "make a granular token that bypasses 2FA: `npm token create --name=relay --packages=<package> \
                 --packages-and-scopes-permission=read-write --bypass-2fa --expires=90`, and declare it in relay.toml: a \
                 `[[credential]]` with `kind = \"granular-bypass\"`"
                    .to_owned(),
                "or log in as a person: `npm login --registry=<url>`, then run relay again in a terminal".to_owned(),
            ],
        ),
        Failure::TokensDisallowed { credential, .. } => (
            format!("the package disallows tokens, and the only credential at hand is one ({credential})"),
            vec![
                "log in as a person: `npm login --registry=<url>`, then run relay again in a terminal".to_owned(),
                "or let an owner allow tokens: `npm access set mfa=automation <package>`".to_owned(),
                "or declare `publishing-access = \"publish\"` for it in relay.toml, so that plans know beforehand"
                    .to_owned(),
            ],
        ),
        Failure::Burnt { text } => (
            format!(
                "this version was published once and removed: its number is burnt, and the registry never takes it again \
                 ({text})"
            ),
            vec!["take the next version: add a change file for the package and run `relay release`".to_owned()],
        ),
        Failure::Unreachable { cause } => {
            (format!("it could not be sent: {cause}"), vec!["run the same command again".to_owned()])
        }
    }
}

/// A version that the registry took and does not show, by what shows that it took it.
fn invisible(waited_seconds: u64, evidence: &Evidence, again: String) -> (String, Vec<String>) {
    let waited = span(waited_seconds.saturating_mul(1000));
    let what = match evidence {
        Evidence::Answer => format!("accepted, but the registry did not show it within {waited}"),
        Evidence::Refusal { text } => format!(
            "accepted, but the registry did not show it within {waited}; the same bytes were refused since it has the \
             version: {text}"
        ),
        Evidence::Document => {
            format!("accepted, but it could not be installed within {waited}: the registry shows its document alone")
        }
    };
    let mut help = vec![again];
    if matches!(evidence, Evidence::Refusal { .. }) {
        help.push(
            "if it stays so: the registry may hold it for review, or have taken it away; ask its support, or release the \
             next version"
                .to_owned(),
        );
    }
    (what, help)
}

/// What a parked package waits for, and how it goes on.
pub(crate) fn explain_parked(parked: &Parked, world: World) -> (String, Vec<String>) {
    let again = match (world, parked) {
        (World::Real, _) => "run the same command again: it goes on with what is unfinished",
        (World::Rehearsal, Parked::Interrupted { .. }) => {
            "nothing outside was touched and nothing is left to go on with: this was a rehearsal"
        }
        (World::Rehearsal, _) => "after a real release, the same command goes on with it; a rehearsal begins anew",
    }
    .to_owned();
    match parked {
        Parked::Person { why } => (
            format!("waits for a person: {why}"),
            vec!["run the same command in a terminal, or give the code with `--otp`".to_owned()],
        ),
        Parked::Approval { stage } => {
            let id = stage.as_ref().map(|id| format!(" (stage {id})")).unwrap_or_default();
            let help = match world {
                World::Real => "`relay approve` compares what is staged with this release, and publishes it",
                World::Rehearsal => "after a real release, `relay approve` publishes what was staged",
            };
            (format!("staged{id}: it is published when a person approves it"), vec![help.to_owned()])
        }
        Parked::Visibility { waited_seconds, evidence } => invisible(*waited_seconds, evidence, again),
        Parked::Registry { why, retry_after_seconds } => {
            let later = retry_after_seconds
                .map(|seconds| format!(" (it asks to come back in {})", span(seconds.saturating_mul(1000))))
                .unwrap_or_default();
            (format!("waits for the registry: {why}{later}"), vec![again])
        }
        Parked::Interrupted { in_flight: true, .. } => {
            let arrived = match world {
                World::Real => ": whether it arrived is for the next run to find out",
                World::Rehearsal => "",
            };
            (format!("interrupted while its upload was under way{arrived}"), vec![again])
        }
        Parked::Interrupted { accepted: true, .. } => {
            ("uploaded, and interrupted before it could be installed".to_owned(), vec![again])
        }
        Parked::Interrupted { .. } => ("interrupted before it was done".to_owned(), vec![again]),
    }
}

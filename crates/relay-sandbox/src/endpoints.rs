//! What is done at each path.

mod account;
mod browser;
mod dist_tags;
mod identity;
mod login;
mod package_access;
mod packument;
mod publish;
mod revise;
mod search;
mod settings;
mod stage;
mod token_admin;
mod trust;

use serde_json::json;

use crate::answer::Answer;
use crate::credentials::{Presented, present};
use crate::exchange::Incoming;
use crate::options::SandboxRules;
use crate::refusals::{DEAD_CREDENTIAL_NOTICE, Refusal};
use crate::route::Route;
use crate::state::Shared;

pub(crate) use browser::{approve_challenge, approve_login, deny_challenge, deny_login};
pub(crate) use publish::commit;
pub(crate) use settings::set_second_factor;

/// Answers a request.
pub(crate) fn dispatch(shared: &Shared, request: &Incoming) -> Answer {
    let answer = route(shared, request);
    let noticed = answer.headers.iter().any(|(name, _)| name == "npm-notice");
    // What is exchanged is no credential of the registry.
    let exchanges = matches!(request.route, Route::Exchange { .. });
    if answer.status == 404 && !noticed && !exchanges && dead_credential(shared, request) {
        // npm's registry never says so in another way on reads (npm-registry.md, 1.5).
        return answer.with("npm-notice", DEAD_CREDENTIAL_NOTICE);
    }
    answer
}

fn route(shared: &Shared, request: &Incoming) -> Answer {
    // The server sends no body to a HEAD, so it is a GET here.
    let method = if request.method == "HEAD" { "GET" } else { request.method.as_str() };
    match (method, &request.route) {
        ("PUT", Route::Packument { package }) => publish::put(shared, request, package),
        ("POST", Route::StageOf { package }) => stage::stage(shared, request, package),
        (method, route) => shared.with(|state| match (method, route) {
            ("GET", Route::Home) => browser::home(state, request),
            ("GET", Route::Ping) | ("POST", Route::Advisories) => Answer::json(200, &json!({})),
            ("GET", Route::Search) => search::search(state, request),
            ("GET", Route::Packument { package }) => packument::packument(state, request, package),
            ("GET", Route::Version { package, version }) => packument::version(state, request, package, version),
            ("GET", Route::Tarball { package, file }) => packument::tarball(state, request, package, file),
            ("PUT", Route::Revision { package, revision }) => revise::put(state, request, package, revision),
            ("DELETE", Route::Revision { package, revision }) => revise::delete(state, request, package, revision),
            ("DELETE", Route::TarballRevision { package, file, .. }) => {
                revise::delete_tarball(state, request, package, file)
            }
            ("GET", Route::DistTags { package }) => dist_tags::list(state, request, package),
            ("PUT", Route::DistTag { package, tag }) => dist_tags::set(state, request, package, tag),
            ("DELETE", Route::DistTag { package, tag }) => dist_tags::remove(state, request, package, tag),
            ("GET", Route::Whoami) => account::whoami(state, request),
            ("POST", Route::WebLogin) => login::open(state, request),
            ("GET", Route::Done) => login::done(state, request),
            ("PUT", Route::User { name }) => login::couch(state, request, name),
            ("GET", Route::User { name }) => account::user(state, name),
            ("DELETE", Route::UserToken { token }) => login::logout(state, request, token),
            ("GET", Route::Profile) => account::profile(state, request),
            ("GET", Route::Tokens) => token_admin::list(state, request),
            ("POST", Route::Tokens) => token_admin::create(state, request),
            ("DELETE", Route::Token { key }) => token_admin::revoke(state, request, key),
            ("POST", Route::Access { package }) => package_access::set(state, request, package),
            ("GET", Route::Trust { package }) => trust::list(state, request, package),
            ("POST", Route::Trust { package }) => trust::create(state, request, package),
            ("DELETE", Route::TrustConfig { package, id }) => trust::delete(state, request, package, id),
            ("GET", Route::IdentityToken) => identity::issue(state, request),
            ("POST", Route::Exchange { package }) => identity::exchange(state, request, package),
            ("GET", Route::Visibility { package }) => package_access::visibility(state, request, package),
            ("GET", Route::Collaborators { package }) => package_access::collaborators(state, request, package),
            ("GET", Route::PackagesOf { owner, org }) => package_access::packages_of(state, request, owner, *org),
            ("GET", Route::ChallengePage { id }) => browser::challenge_page(state, id),
            ("POST", Route::ChallengePage { id }) => browser::answer_challenge(state, request, id),
            ("GET", Route::LoginPage { id }) => browser::login_page(state, id),
            ("POST", Route::LoginPage { id }) => browser::answer_login(state, request, id),
            ("GET", Route::SecondFactorPage { account }) => settings::page(state, account),
            ("POST", Route::SecondFactorPage { account }) => settings::change(state, request, account),
            ("GET", Route::Stages) => either(stage::list(state, request)),
            ("GET", Route::Stage { id }) => either(stage::view(state, request, id)),
            ("GET", Route::StageTarball { id }) => either(stage::tarball(state, request, id)),
            ("POST", Route::StageApproval { id }) => either(stage::approve(state, request, id)),
            ("DELETE", Route::Stage { id }) => either(stage::reject(state, request, id)),
            ("GET", Route::StagedPage { account }) => stage::page(state, account),
            ("POST", Route::StagedPage { account }) => stage::review(state, request, account),
            _ => Refusal::NotFound.into(),
        }),
    }
}

/// An endpoint's yes or no.
fn either(result: Result<Answer, Answer>) -> Answer {
    result.unwrap_or_else(|refusal| refusal)
}

fn dead_credential(shared: &Shared, request: &Incoming) -> bool {
    request.authorization().is_some_and(|authorization| {
        shared.with(|state| {
            state.options.rules == SandboxRules::Npm && present(state, Some(authorization)) == Presented::Dead
        })
    })
}

//! One line for each thing that happens in the sandbox.

use relay_sandbox::SandboxEvent;

use crate::ui::{Ui, clean};

/// Tells one event. Paths come from whoever sends requests, so they are cleaned.
pub(super) fn tell(ui: &Ui, event: &SandboxEvent) {
    let palette = ui.palette();
    let (done, strong, warning, dim) = (palette.done, palette.strong, palette.warning, palette.dim);
    match event {
        SandboxEvent::Answered { method, path, status, credential } => {
            let style = match status {
                Some(200..400) => dim,
                Some(_) | None => warning,
            };
            let status = status.map_or_else(|| "cut".to_owned(), |status| status.to_string());
            let credential = credential.as_ref().map(|credential| format!("  {dim}{}{dim:#}", clean(credential)));
            let credential = credential.unwrap_or_default();
            ui.status(format!("{style}{status}{style:#}  {method:<6} {}{credential}", clean(path)));
        }
        SandboxEvent::ChallengeOpened(challenge) => {
            let about = if challenge.packages.is_empty() {
                String::new()
            } else {
                format!(" {}", challenge.packages.join(", "))
            };
            ui.status(format!(
                "{strong}`{}` has to confirm: {}{}{strong:#}  {}",
                clean(&challenge.account),
                clean(&challenge.action),
                clean(&about),
                challenge.auth_url
            ));
        }
        SandboxEvent::ChallengeApproved { account, skip_window, .. } => {
            let window = if *skip_window { ", and is not asked again for five minutes" } else { "" };
            ui.status(format!("{done}`{}` has approved{window}{done:#}", clean(account)));
        }
        SandboxEvent::ChallengeDenied { account, .. } => {
            ui.status(format!("{warning}`{}` has said no{warning:#}", clean(account)));
        }
        SandboxEvent::LoginOpened { login_url, .. } => {
            ui.status(format!("{strong}a login waits for a person{strong:#}  {login_url}"));
        }
        SandboxEvent::LoggedIn { account } => ui.status(format!("{done}`{}` has logged in{done:#}", clean(account))),
        SandboxEvent::SecondFactorChanged { account, on } => {
            let word = if *on { "on" } else { "off" };
            ui.status(format!("{done}the second factor of `{}` is {word}{done:#}", clean(account)));
        }
        SandboxEvent::Published(upload) => ui.status(format!(
            "{done}published {}@{} as {} by `{}`, {}{done:#}",
            clean(&upload.package),
            clean(&upload.version),
            clean(&upload.tag),
            clean(&upload.account),
            upload.credential
        )),
        SandboxEvent::TagChanged { package, tag, version: Some(version) } => {
            ui.status(format!("{done}{} of {} is {}{done:#}", clean(tag), clean(package), clean(version)));
        }
        SandboxEvent::TagChanged { package, tag, version: None } => {
            ui.status(format!("{done}{} of {} is gone{done:#}", clean(tag), clean(package)));
        }
        SandboxEvent::Revised { package, what } => {
            ui.status(format!("{done}{}: {}{done:#}", clean(package), clean(what)));
        }
        SandboxEvent::TrustChanged { package, count } => {
            ui.status(format!("{done}`{}` has {count} trusted publishers now{done:#}", clean(package)));
        }
        SandboxEvent::TokenCreated { account, name } => {
            ui.status(format!("{done}`{}` has made the token {}{done:#}", clean(account), clean(name)));
        }
        SandboxEvent::FaultPlayed { what } => ui.status(format!("{warning}fault: {}{warning:#}", clean(what))),
        // The sandbox may tell more one day; what relay has no words for is left out of the log.
        _ => {}
    }
}

//! A sandbox with people in it.

use relay_sandbox::{NewAccount, Sandbox, SandboxOptions, SecondFactor, SeedPackage};
use serde_json::{Value, json};

/// `maintainer` has an authenticator app, `contributor` a security key, `newcomer` neither.
pub(crate) const MAINTAINER: &str = "maintainer";
pub(crate) const CONTRIBUTOR: &str = "contributor";
pub(crate) const NEWCOMER: &str = "newcomer";
pub(crate) const PASSWORD: &str = "correct horse";

pub(crate) async fn sandbox() -> Sandbox {
    sandbox_with(SandboxOptions::default()).await
}

pub(crate) async fn sandbox_with(options: SandboxOptions) -> Sandbox {
    let sandbox = Sandbox::start(options).await.expect("a free port");
    let factors = [
        (MAINTAINER, SecondFactor::Totp { secret: "JBSWY3DPEHPK3PXP".into() }),
        (CONTRIBUTOR, SecondFactor::Web),
        (NEWCOMER, SecondFactor::None),
    ];
    for (name, second_factor) in factors {
        sandbox.add_account(NewAccount { name: name.into(), password: PASSWORD.into(), second_factor });
    }
    sandbox
}

pub(crate) fn manifest(name: &str, version: &str) -> Value {
    json!({ "name": name, "version": version, "description": "for a test", "license": "MIT", "main": "index.js" })
}

/// Something that is there already; its tarball is not one that can be installed.
pub(crate) fn seeded(name: &str, version: &str, owner: &str) -> SeedPackage {
    SeedPackage {
        manifest: manifest(name, version),
        tarball: format!("{name} {version}").into_bytes(),
        owner: owner.into(),
        tag: None,
    }
}

/// A client for plain HTTP.
pub(crate) fn http() -> reqwest::Client {
    // Another test may have installed it before; which of them did makes no difference.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().expect("a client")
}

/// Sends a page's form as a browser does, and hands back the status and the next page.
pub(crate) async fn fill_in(page: &str, form: &str) -> (u16, String) {
    let origin = page.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    let request = http().post(page).header("content-type", "application/x-www-form-urlencoded");
    let request = request.header("origin", origin).header("sec-fetch-site", "same-origin").body(form.to_owned());
    let answer = request.send().await.expect("a page");
    (answer.status().as_u16(), answer.text().await.expect("text"))
}

//! Nothing that holds a secret shows it, and no error repeats one (invariants S1 and S4).

use relay_registry::{
    ConfigSources, Credential, DisplayUrl, NpmConfig, NpmrcFile, Otp, PackumentForm, PublishRequest, RegistryUrl, Url,
    WebChallenge, WriteError,
};
use relay_values::CredentialId;
use relay_workspace::{PackageName, Version};

use crate::recorder::{CANARY, Recorder, client, reply};

#[track_caller]
fn hides(what: &str, shown: &str) {
    assert!(!shown.contains(CANARY), "{what} shows the canary: {shown}");
}

#[test]
fn no_public_type_shows_a_secret() {
    let registry = RegistryUrl::parse("https://registry.example/").unwrap();
    let credential = Credential::new_bearer(CANARY.into(), CredentialId::made(registry.clone(), "a test"));
    let basic = Credential::new_basic("me", &CANARY.into(), CredentialId::made(registry.clone(), "a test"));
    let otp = Otp::parse(CANARY).unwrap();
    let url: Url = format!("https://me:{CANARY}@registry.example/p?token={CANARY}#{CANARY}").parse().unwrap();
    let challenge = WebChallenge { auth_url: url.clone(), done_url: url.clone() };
    let name = PackageName::parse("demo").unwrap();
    let document = bytes::Bytes::new();
    let request = PublishRequest {
        registry: &registry,
        name: &name,
        document: &document,
        credential: Some(&credential),
        otp: Some(&otp),
    };
    let sources = ConfigSources {
        user: Some(NpmrcFile {
            path: ".npmrc".into(),
            text: format!("//registry.example/:_authToken={CANARY}\notp={CANARY}"),
        }),
        environment: [("NPM_TOKEN".to_owned(), CANARY.to_owned())].into(),
        ..ConfigSources::default()
    };
    let config = NpmConfig::resolve(&sources).unwrap();
    hides("Credential", &format!("{credential:?} {basic:?} {credential:#?}"));
    hides("Otp", &format!("{otp:?}"));
    hides("DisplayUrl", &format!("{} {:?}", DisplayUrl::new(&url), DisplayUrl::new(&url)));
    hides("WebChallenge", &format!("{challenge:?} {:?}", relay_registry::Challenge::Web(challenge.clone())));
    hides("WriteError", &format!("{:?}", WriteError::Challenge(relay_registry::Challenge::Web(challenge))));
    hides("PublishRequest", &format!("{request:?}"));
    hides("PollAnswer", &format!("{:?}", relay_registry::PollAnswer::Done(otp.clone())));
    hides("ConfigSources", &format!("{sources:?}"));
    hides("NpmConfig", &format!("{config:?} {:?}", config.problems_for(&registry)));
    hides("InvalidRegistryUrl", &format!("{0} {0:?}", RegistryUrl::parse(url.as_str()).unwrap_err()));
    hides("RegistryClient", &format!("{:?}", client()));
}

#[tokio::test]
async fn no_error_repeats_what_was_sent() {
    let registry = RegistryUrl::parse("http://127.0.0.1:9/").unwrap();
    let broken = Credential::new_bearer(format!("{CANARY}\nx").into(), CredentialId::made(registry.clone(), "a test"));
    let good = Credential::new_bearer(CANARY.into(), CredentialId::made(registry.clone(), "a test"));
    let name = PackageName::parse("demo").unwrap();
    let form = PackumentForm::Full;
    for credential in [&broken, &good] {
        let error = client().packument(&registry, &name, Some(credential), form).await.unwrap_err();
        hides("ReadError", &format!("{error} {error:?}"));
    }
    let secret: Url = format!("http://127.0.0.1:9/x.tgz?signature={CANARY}").parse().unwrap();
    let error = client().tarball_available(&registry, &secret, None).await.unwrap_err();
    hides("ReadError of a signed address", &format!("{error} {error:?}"));
    let redirecting =
        Recorder::start(|_, _| reply(302, "").with("location", format!("file:///x?signature={CANARY}"))).await;
    let version = Version::new(1, 0, 0);
    let error = client().version_document(&redirecting.registry, &name, &version, None).await.unwrap_err();
    hides("ReadError of a redirect", &format!("{error} {error:?}"));
}

//! A proxy that `.npmrc` names.

use relay_registry::{ClientOptions, PackumentAnswer, PackumentForm, RegistryClient, RegistryUrl};
use relay_workspace::PackageName;

use crate::recorder::{Recorder, reply};

fn through(address: &str) -> Result<RegistryClient, relay_registry::ClientError> {
    RegistryClient::new(ClientOptions { proxy: Some(address.to_owned().into()), ..ClientOptions::default() })
}

async fn read(client: &RegistryClient, registry: &RegistryUrl) -> PackumentAnswer {
    let name = PackageName::parse("a").unwrap();
    client.packument(registry, &name, None, PackumentForm::Abbreviated).await.unwrap()
}

#[tokio::test]
async fn the_outside_is_asked_through_the_proxy_and_only_the_proxy_gets_its_password() {
    let proxy = Recorder::saying(reply(200, "{\"name\":\"a\",\"versions\":{}}")).await;
    let address = proxy.registry.to_string().replace("http://", "http://me:secret@");
    let outside = RegistryUrl::parse("http://registry.example/").unwrap();
    read(&through(&address).unwrap(), &outside).await;
    let asked = proxy.only();
    assert_eq!((asked.header("host"), asked.path.as_str()), (Some("registry.example"), "/a"));
    assert_eq!(asked.header("proxy-authorization"), Some("Basic bWU6c2VjcmV0"));
}

#[tokio::test]
async fn this_machine_is_asked_without_it() {
    let registry = Recorder::saying(reply(404, "{}")).await;
    let proxy = Recorder::saying(reply(200, "{}")).await;
    let answer = read(&through(proxy.registry.as_str()).unwrap(), &registry.registry).await;
    assert!(matches!(answer, PackumentAnswer::NotFound { .. }));
    assert!(proxy.asked().is_empty());
}

#[test]
fn an_address_that_can_t_be_used_is_told_without_its_password() {
    let says = |address: &str| through(address).unwrap_err().to_string();
    assert_eq!(
        says("socks5://me:secret@p.example"),
        "the proxy that `.npmrc` names can't be used: it is neither `http:` nor `https:`, but `socks5:`"
    );
    assert!(!says("http://me:secret@p.example:port").contains("secret"));
}

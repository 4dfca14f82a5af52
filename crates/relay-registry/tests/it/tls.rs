//! Certificates that nobody signed but themselves, as registries inside companies have them: trusted where they are named.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use relay_registry::{
    ClientOptions, PackumentAnswer, PackumentForm, ReadError, ReadRetry, RegistryClient, RegistryUrl,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Makes a self-signed certificate with its key, as most guides do; `extra` says for which names.
fn certificate(folder: &Path, subject: &str, extra: &[&str]) -> (Vec<u8>, Vec<u8>) {
    let (key, certificate) = (folder.join("key.pem"), folder.join("certificate.pem"));
    let output = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args(["-subj", subject, "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .args(extra)
        .output()
        .expect("`openssl` is needed for this test");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (std::fs::read(certificate).unwrap(), std::fs::read(key).unwrap())
}

/// A server that knows no package. It ends with the test's process.
fn serve(certificate: &[u8], key: &[u8]) -> RegistryUrl {
    let _installed_already = rustls::crypto::ring::default_provider().install_default();
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(certificate).unwrap()],
            PrivateKeyDer::from_pem_slice(key).unwrap(),
        )
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut socket in listener.incoming().flatten() {
            let mut connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = rustls::Stream::new(&mut connection, &mut socket);
            let mut request = [0; 4096];
            // Whoever doesn't trust the certificate hangs up here.
            if stream.read(&mut request).is_ok_and(|read| read > 0) {
                let answer = b"HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
                let _gone = stream.write_all(answer);
            }
        }
    });
    RegistryUrl::parse(&format!("https://localhost:{port}/")).unwrap()
}

async fn ask(registry: &RegistryUrl, trusted: Option<&[u8]>) -> Result<PackumentAnswer, ReadError> {
    let client = RegistryClient::new(ClientOptions {
        certificate_authorities: trusted.map(|pem| pem.to_vec().into()),
        unchecked_by: Some("`strict-ssl` in `.npmrc`".to_owned()),
        retry: ReadRetry { tries: 1, ..ReadRetry::default() },
        ..ClientOptions::default()
    })
    .unwrap();
    client.packument(registry, &"a".parse().unwrap(), None, PackumentForm::Abbreviated).await
}

#[tokio::test]
async fn a_self_signed_certificate_is_trusted_where_it_is_named_and_for_its_own_names() {
    let guard = tempfile::tempdir().unwrap();
    let named = ["-addext", "subjectAltName=DNS:localhost"];
    let other = ["-addext", "subjectAltName=DNS:other.example"];
    let server = ["-addext", "basicConstraints=critical,CA:FALSE", "-addext", "subjectAltName=DNS:localhost"];
    for (subject, extra, trusted) in [
        ("/CN=a registry", &named[..], true),
        ("/CN=localhost", &[][..], true),
        ("/CN=a registry", &server[..], true),
        ("/CN=localhost", &other[..], false),
        ("/CN=other.example", &[][..], false),
    ] {
        let (certificate, key) = certificate(guard.path(), subject, extra);
        let registry = serve(&certificate, &key);
        let answer = ask(&registry, Some(&certificate)).await;
        match answer {
            Ok(PackumentAnswer::NotFound { .. }) => assert!(trusted, "{subject} {extra:?}"),
            Err(error) => {
                assert!(!trusted, "{subject} {extra:?}: {error}");
                assert!(error.to_string().contains("certificate is not trusted"), "{error}");
            }
            Ok(answer) => panic!("{answer:?}"),
        }
    }
}

#[tokio::test]
async fn another_certificate_of_the_same_name_is_not_trusted_and_the_switch_that_nobody_heeds_is_named() {
    let guard = tempfile::tempdir().unwrap();
    let named = ["-addext", "subjectAltName=DNS:localhost"];
    let (trusted, _) = certificate(guard.path(), "/CN=localhost", &named);
    let (other, key) = certificate(guard.path(), "/CN=localhost", &named);
    let registry = serve(&other, &key);
    for named in [Some(trusted.as_slice()), None] {
        let error = ask(&registry, named).await.unwrap_err().to_string();
        assert!(error.contains("`strict-ssl` in `.npmrc` is not followed"), "{error}");
        assert!(error.contains("`cafile`"), "{error}");
    }
}

//! Whom a TLS connection trusts: the system's authorities, those that the settings name, and a server's own certificate where
//! the settings name that very one.
//!
//! A registry inside a company often has a certificate that nobody signed but itself. Node takes it where `cafile`, `ca` or
//! `NODE_EXTRA_CA_CERTS` has it; the TLS library here takes no authority's certificate for a server's
//! (`CaUsedAsEndEntity`), and neither a name that stands in its subject alone. So a self-signed certificate that is byte for
//! byte one of the named ones is accepted beside what the library accepts: within its dates, for its names, and only from a
//! server that proves to have its key.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, SignatureScheme};

mod certificate;

use certificate::Certificate;

/// The certificates of a PEM text. A text with other things between them is fine, as it is for Node.
pub(super) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = found.map_err(|_| {
        "what stands between its `BEGIN CERTIFICATE` and `END CERTIFICATE` is no certificate".to_owned()
    })?;
    if found.is_empty() { Err("no certificate in it".to_owned()) } else { Ok(found) }
}

/// TLS that trusts the system's authorities and these certificates.
pub(super) fn tls_with(named: &[CertificateDer<'static>]) -> Result<ClientConfig, String> {
    let words = |error: rustls::Error| error.to_string();
    let provider = CryptoProvider::get_default().cloned().ok_or_else(|| "no provider of TLS is set up".to_owned())?;
    let by_authorities =
        rustls_platform_verifier::Verifier::new_with_extra_roots(named.iter().cloned(), Arc::clone(&provider))
            .map_err(words)?;
    let verifier = NamedOrSigned { by_authorities: Arc::new(by_authorities), named: named.to_vec() };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(words)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// Accepts what an authority signed, and the named self-signed certificates themselves.
#[derive(Debug)]
struct NamedOrSigned {
    by_authorities: Arc<dyn ServerCertVerifier>,
    named: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for NamedOrSigned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let signed = self.by_authorities.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        let Err(refusal) = signed else { return signed };
        if !self.named.iter().any(|named| named.as_ref() == end_entity.as_ref()) {
            return Err(refusal);
        }
        let Some(own) = Certificate::parse(end_entity.as_ref()).filter(Certificate::is_self_signed) else {
            return Err(refusal);
        };
        if !own.is_valid_at(now.as_secs()) {
            return Err(CertificateError::Expired.into());
        }
        if !own.is_for(end_entity, server_name) {
            return Err(CertificateError::NotValidForName.into());
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.by_authorities.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.by_authorities.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.by_authorities.supported_verify_schemes()
    }
}

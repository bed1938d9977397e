//! TLS to services other than web servers: whom to trust, and what is said of a certificate that will not do.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

use crate::time::{Timestamp, spoken_span};

/// The certificate that a server showed, good or not, as DER.
#[derive(Clone, Debug, Default)]
pub(super) struct Shown(Arc<Mutex<Option<Vec<u8>>>>);

impl Shown {
    pub(super) fn take(&self) -> Option<Vec<u8>> {
        let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shown.take()
    }
}

/// Trusts what the machine trusts, or the certificates in the file `ca`. `Err` says why that cannot be.
pub(super) fn verifying(ca: Option<&str>, shown: Shown) -> Result<ClientConfig, String> {
    let roots = Arc::new(roots(ca)?);
    let judge = WebPkiServerVerifier::builder_with_provider(roots, provider())
        .build()
        .map_err(|e| format!("no certificate can be verified: {e}"))?;
    configured(Verifier {
        judge: Some(judge),
        shown,
    })
}

/// Encrypts, whoever answers.
pub(super) fn unverified() -> Result<ClientConfig, String> {
    configured(Verifier {
        judge: None,
        shown: Shown::default(),
    })
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn configured(verifier: Verifier) -> Result<ClientConfig, String> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|e| format!("no TLS: {e}"))?;
    Ok(builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}

fn roots(ca: Option<&str>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let Some(file) = ca else {
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            return Err("this machine trusts no certificates: name some by `ca`".to_owned());
        }
        return Ok(roots);
    };
    let wrong = |why: String| format!("cannot use the certificates in {file}: {why}");
    let found = CertificateDer::pem_file_iter(file).map_err(|e| wrong(e.to_string()))?;
    for certificate in found {
        let certificate = certificate.map_err(|e| wrong(e.to_string()))?;
        roots.add(certificate).map_err(|e| wrong(e.to_string()))?;
    }
    if roots.is_empty() {
        return Err(wrong("there are none".to_owned()));
    }
    Ok(roots)
}

/// What is wrong, as a person would say it.
pub(super) fn reason(error: &Error) -> String {
    let Error::InvalidCertificate(why) = error else {
        return error.to_string();
    };
    match why {
        CertificateError::Expired => "its certificate has expired".to_owned(),
        CertificateError::ExpiredContext { time, not_after } => format!(
            "its certificate expired on {} ({} ago)",
            date(*not_after),
            spoken_span(between(*not_after, *time))
        ),
        CertificateError::NotValidYetContext { time, not_before } => format!(
            "its certificate is good only from {} on (in {})",
            date(*not_before),
            spoken_span(between(*time, *not_before))
        ),
        CertificateError::UnknownIssuer => {
            "its certificate is signed by nobody whom this machine trusts; name a file of certificates by `ca`"
                .to_owned()
        }
        CertificateError::NotValidForNameContext {
            expected,
            presented,
        } => format!(
            "its certificate is for {}, not for {}",
            names(presented),
            expected.to_str()
        ),
        other => format!("its certificate will not do: {other}"),
    }
}

/// The names in a certificate; webpki shows each as `DnsName("example.com")` or `IpAddress(10.0.0.1)`.
fn names(presented: &[String]) -> String {
    let bare = |name: &String| {
        let (_, inner) = name.split_once('(').unwrap_or(("", name));
        inner.trim_matches(['"', ')']).to_owned()
    };
    let names: Vec<String> = presented.iter().map(bare).collect();
    if names.is_empty() {
        return "no name at all".to_owned();
    }
    names.join(", ")
}

/// The error of rustls behind another, if there is one.
pub(super) fn within<'e>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e Error> {
    let mut here = Some(error);
    while let Some(error) = here {
        if let Some(found) = error.downcast_ref::<Error>() {
            return Some(found);
        }
        // An I/O error hides what it holds: `source` skips it.
        let held = error.downcast_ref::<std::io::Error>();
        if let Some(held) = held.and_then(std::io::Error::get_ref) {
            return within(held);
        }
        here = error.source();
    }
    None
}

fn date(moment: UnixTime) -> String {
    let millis = i64::try_from(moment.as_secs() * 1000).unwrap_or(i64::MAX);
    Timestamp(millis).rfc3339().replace(".000Z", "Z")
}

fn between(earlier: UnixTime, later: UnixTime) -> Duration {
    Duration::from_secs(later.as_secs().saturating_sub(earlier.as_secs()))
}

#[derive(Debug)]
struct Verifier {
    /// Without it everyone will do.
    judge: Option<Arc<WebPkiServerVerifier>>,
    shown: Shown,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let mut shown = self.shown.0.lock().unwrap_or_else(PoisonError::into_inner);
        *shown = Some(certificate.to_vec());
        match &self.judge {
            Some(judge) => judge.verify_server_cert(certificate, chain, name, ocsp, now),
            None => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = provider().signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, &known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = provider().signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, &known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}

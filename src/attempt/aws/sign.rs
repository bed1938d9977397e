//! Signatures, version 4.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;

use super::encode::Wire;

/// For whom a request is signed.
pub(super) struct Scope<'a> {
    pub(super) service: &'a str,
    pub(super) region: &'a str,
}

/// The headers that make the request the caller's own. `url` is encoded.
pub(super) fn signature(
    wire: &Wire,
    url: &str,
    credentials: Credentials,
    scope: &Scope<'_>,
) -> Result<Vec<(String, String)>, String> {
    let mut settings = SigningSettings::default();
    if scope.service == "s3" {
        // Its paths are keys: taken as they are, and encoded once. It wants the body's hash in a header as well.
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    }
    let wrong = |e: &dyn std::error::Error| format!("the request cannot be signed: {e}");
    let identity = credentials.into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(scope.region)
        .name(scope.service)
        .time(SystemTime::now())
        .settings(settings)
        .build()
        .map_err(|e| wrong(&e))?
        .into();
    let headers = wire.headers.iter().map(|(k, v)| (k.as_str(), v.as_str()));
    let body = SignableBody::Bytes(&wire.body);
    let request = SignableRequest::new(&wire.method, url, headers, body).map_err(|e| wrong(&e))?;
    let (signed, _) = sign(request, &params).map_err(|e| wrong(&e))?.into_parts();
    let headers = signed.headers();
    Ok(headers.map(|(k, v)| (k.to_owned(), v.to_owned())).collect())
}

//! terraform itself, and an S3 to keep its state in.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use super::aws::moto;

/// terraform cannot be had from any package registry: `tests/run` says aloud when its tests are skipped.
pub(crate) fn is_missing() -> bool {
    static MISSING: LazyLock<bool> = LazyLock::new(|| {
        let mut version = Command::new("terraform");
        version
            .arg("version")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        version.status().is_err()
    });
    *MISSING
}

/// The `terraform` block of a configuration whose state lies in the bucket `name`.
pub(crate) fn state_in_s3(name: &str) -> String {
    let port = moto();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    let order = format!(
        "PUT /{name} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    );
    stream.write_all(order.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    format!(
        r#"terraform {{
  backend "s3" {{
    bucket       = "{name}"
    key          = "infra"
    region       = "us-east-1"
    access_key   = "x"
    secret_key   = "x"
    use_lockfile = true
    use_path_style              = true
    skip_credentials_validation = true
    skip_requesting_account_id  = true
    skip_metadata_api_check     = true
    skip_region_validation      = true
    endpoints = {{ s3 = "http://127.0.0.1:{port}" }}
  }}
}}
"#
    )
}

//! An authority of its own, and certificates that it signs, made by openssl.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::{free_port, keep, listens};

pub(crate) struct Authority {
    dir: TempDir,
}

/// A certificate and its key, as PEM files.
pub(crate) struct Certificate {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let dir = TempDir::new().expect("a folder");
        let config = "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\nnew_certs_dir=.\nserial=serial\ndefault_md=sha256\npolicy=p\ncopy_extensions=copyall\nunique_subject=no\n[p]\ncommonName=supplied\n";
        for (name, text) in [("ca.cnf", config), ("index.txt", ""), ("serial", "01\n")] {
            std::fs::write(dir.path().join(name), text).expect("a file");
        }
        let authority = Self { dir };
        authority.openssl(&[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-keyout",
            "ca.key",
            "-out",
            "ca.pem",
            "-subj",
            "/CN=Authority of the tests",
            "-days",
            "30",
        ]);
        authority
    }

    /// The file by which others trust it.
    pub(crate) fn ca(&self) -> String {
        self.file("ca.pem").to_str().expect("UTF-8").to_owned()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Good for `names` (`DNS:localhost,IP:127.0.0.1`) until `end` (`20261101000000Z`).
    pub(crate) fn sign(&self, name: &str, names: &str, end: &str) -> Certificate {
        let (key, request, certificate) = (
            format!("{name}.key"),
            format!("{name}.csr"),
            format!("{name}.pem"),
        );
        self.openssl(&[
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-keyout",
            &key,
            "-out",
            &request,
            "-subj",
            &format!("/CN={name}"),
            "-addext",
            &format!("subjectAltName={names}"),
        ]);
        self.openssl(&[
            "ca",
            "-batch",
            "-config",
            "ca.cnf",
            "-in",
            &request,
            "-out",
            &certificate,
            "-cert",
            "ca.pem",
            "-keyfile",
            "ca.key",
            "-startdate",
            "20200101000000Z",
            "-enddate",
            end,
            "-notext",
        ]);
        Certificate {
            certificate: self.file(&certificate),
            key: self.file(&key),
        }
    }

    fn openssl(&self, args: &[&str]) {
        let output = Command::new("openssl")
            .args(args)
            .current_dir(self.dir.path())
            .output();
        let output = output.expect("openssl");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "openssl {args:?}: {said}");
    }
}

impl Certificate {
    /// A server that shows it; its port.
    pub(crate) fn serve(&self) -> u16 {
        let port = free_port();
        let text = |path: &Path| path.to_str().expect("UTF-8").to_owned();
        let mut server = Command::new("openssl");
        server
            .args(["s_server", "-www", "-accept", &format!("127.0.0.1:{port}")])
            .args(["-cert", &text(&self.certificate), "-key", &text(&self.key)]);
        keep(&server);
        listens("openssl s_server", port);
        port
    }
}

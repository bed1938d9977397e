//! A name server (bind9) with one zone, which may be changed while it runs.

use std::io::Write as _;
use std::net::UdpSocket;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::{free_port, keep, listens};

/// Ends with the suite.
pub(crate) struct NameServer {
    pub(crate) port: u16,
    _dir: TempDir,
}

impl NameServer {
    /// The authority of `example.test`, with these lines in its zone file.
    pub(crate) fn start(records: &str) -> Self {
        let dir = TempDir::new().expect("a folder");
        let port = loop {
            let port = free_port();
            if UdpSocket::bind(("127.0.0.1", port)).is_ok() {
                break port;
            }
        };
        let zone = format!(
            "$TTL 7\n@ IN SOA ns.example.test. root.example.test. 1 60 60 60 5\n@ IN NS ns.example.test.\nns IN A 127.0.0.1\n{records}\n"
        );
        std::fs::write(dir.path().join("zone"), zone).expect("its zone");
        let config = format!(
            "options {{ directory \"{}\"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; pid-file none; session-keyfile none; recursion no; notify no; }};\ncontrols {{ }};\nzone \"example.test\" {{ type primary; file \"zone\"; allow-update {{ 127.0.0.1; }}; }};\n",
            dir.path().display()
        );
        let file = dir.path().join("named.conf");
        std::fs::write(&file, config).expect("its configuration");
        let mut server = Command::new("named");
        server
            .arg("-g")
            .arg("-c")
            .arg(&file)
            .current_dir(dir.path());
        keep(&server);
        listens("named", port);
        Self { port, _dir: dir }
    }

    /// Lines of nsupdate, such as `update add a.example.test 5 A 10.0.0.9`.
    pub(crate) fn update(&self, lines: &str) {
        let mut client = Command::new("nsupdate")
            .stdin(Stdio::piped())
            .spawn()
            .expect("nsupdate");
        let text = format!(
            "server 127.0.0.1 {}\nzone example.test\n{lines}\nsend\n",
            self.port
        );
        let mut input = client.stdin.take().expect("a pipe");
        input.write_all(text.as_bytes()).expect("it reads");
        drop(input);
        assert!(client.wait().expect("nsupdate").success());
    }
}

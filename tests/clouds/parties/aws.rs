//! A server that speaks AWS's protocols (moto), AWS's own command line to read back with, and a line between that can be cut.
//! Both come from PyPI, into a folder that tests/run makes.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value as Json;

use super::{free_port, keep, listens};

/// Where tests/run put the programs.
pub(crate) fn tool(name: &str) -> PathBuf {
    let key = Command::new("sh")
        .args([
            "-c",
            "cksum < tests/clouds/requirements.txt | cut -d' ' -f1",
        ])
        .output()
        .expect("cksum");
    let key = String::from_utf8(key.stdout).expect("digits");
    let home = std::env::var("HOME").expect("HOME");
    let folder = format!("{home}/.cache/flightdeck-tests/parties-{}/bin", key.trim());
    let path = PathBuf::from(folder).join(name);
    assert!(
        path.exists(),
        "{} is missing: tests/run installs it",
        path.display()
    );
    path
}

/// The port of the server.
pub(crate) fn moto() -> u16 {
    static PORT: LazyLock<u16> = LazyLock::new(|| {
        let port = free_port();
        let mut command = Command::new(tool("moto_server"));
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
        // A profile that tests write must not be the server's.
        command
            .env("AWS_ACCESS_KEY_ID", "server")
            .env("AWS_SECRET_ACCESS_KEY", "server");
        keep(&command);
        listens("moto", port);
        port
    });
    *PORT
}

/// What the server and whoever asks it are told by.
pub(crate) fn environment(port: u16) -> [(&'static str, String); 5] {
    [
        ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}")),
        ("AWS_ACCESS_KEY_ID", "testkeyid".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "testsecretkey".to_owned()),
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
    ]
}

/// What AWS's own command line says: JSON, or nothing.
pub(crate) fn aws(args: &[&str]) -> Json {
    let output = Command::new(tool("aws"))
        .args(args)
        .args(["--output", "json", "--endpoint-url"])
        .arg(format!("http://127.0.0.1:{}", moto()))
        .envs(environment(moto()))
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .output()
        .expect("the command line starts");
    assert!(output.status.success(), "aws {args:?}: {output:?}");
    serde_json::from_slice(&output.stdout).unwrap_or(Json::Null)
}

/// What the line does with one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Pass,
    /// The service says that it is asked too often.
    Throttle,
    /// It arrives and is answered, and the answer is lost.
    Cut,
    /// It arrives and is answered, and the answer does not come.
    Hold,
}

/// A line to the server that does something to some of the requests whose text holds `mark`.
pub(crate) struct Line {
    pub(crate) port: u16,
    seen: Arc<AtomicUsize>,
}

impl Line {
    /// `fates` are those of the first requests; later ones pass.
    pub(crate) fn new(mark: &'static str, fates: &[Fate]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let fates = Arc::new(Mutex::new(fates.to_vec()));
        let seen = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&seen);
        let server = moto();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (fates, counted) = (Arc::clone(&fates), Arc::clone(&counted));
                std::thread::spawn(move || carry(client, server, mark, &fates, &counted));
            }
        });
        Self { port, seen }
    }

    /// How many requests with the mark have arrived at the server and been answered there.
    pub(crate) fn seen(&self) -> usize {
        self.seen.load(Ordering::SeqCst)
    }
}

/// One connection, which has one request.
fn carry(
    mut client: TcpStream,
    server: u16,
    mark: &str,
    fates: &Mutex<Vec<Fate>>,
    seen: &AtomicUsize,
) {
    let Some(request) = whole(&mut client) else {
        return;
    };
    let marked = String::from_utf8_lossy(&request).contains(mark);
    let fate = {
        let mut fates = fates.lock().expect("no panic");
        if marked && !fates.is_empty() {
            fates.remove(0)
        } else {
            Fate::Pass
        }
    };
    if fate == Fate::Throttle {
        let body = "<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>Request limit exceeded.</Message></Error></Errors><RequestID>line</RequestID></Response>";
        let _ = write!(
            client,
            "HTTP/1.1 503 Service Unavailable\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        return;
    }
    let Ok(mut upstream) = TcpStream::connect(("127.0.0.1", server)) else {
        return;
    };
    upstream.write_all(&request).expect("the server takes it");
    let Some(answer) = whole(&mut upstream) else {
        return;
    };
    if marked {
        seen.fetch_add(1, Ordering::SeqCst);
    }
    match fate {
        Fate::Cut => drop(client.shutdown(Shutdown::Both)),
        Fate::Hold => {
            let mut rest = Vec::new();
            let _ = client.read_to_end(&mut rest);
        }
        _ => drop(client.write_all(&answer)),
    }
}

/// One message of HTTP, by its content-length.
fn whole(stream: &mut TcpStream) -> Option<Vec<u8>> {
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .ok()?;
    let mut all = Vec::new();
    let mut piece = [0; 16384];
    loop {
        let text = String::from_utf8_lossy(&all).to_ascii_lowercase();
        if let Some(head) = text.find("\r\n\r\n") {
            let length = text[..head].split("content-length:").nth(1);
            let length: usize = length
                .and_then(|rest| rest.split("\r\n").next()?.trim().parse().ok())
                .unwrap_or(0);
            let start = all.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
            if all.len() >= start + length {
                return Some(all);
            }
        }
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return None,
            Ok(n) => all.extend_from_slice(&piece[..n]),
        }
    }
}

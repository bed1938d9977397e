//! An HTTP service that says back all that it hears: in its answer's headers, its body, and its reason to refuse.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

pub(crate) struct Echo {
    pub(crate) url: String,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Echo {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("its address"));
        let heard = Arc::<Mutex<Vec<u8>>>::default();
        let keep = Arc::clone(&heard);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = serve(&stream, &keep);
            }
        });
        Self { url, heard }
    }

    /// All requests so far, as they came.
    pub(crate) fn heard(&self) -> Vec<u8> {
        self.heard.lock().expect("what was heard").clone()
    }
}

fn serve(mut stream: &TcpStream, heard: &Mutex<Vec<u8>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut head = Vec::new();
    let mut said = String::new();
    let mut length = 0;
    loop {
        let mut line = Vec::new();
        reader.read_until(b'\n', &mut line)?;
        head.extend_from_slice(&line);
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        if text.is_empty() {
            break;
        }
        if let Some((name, value)) = text.split_once(": ") {
            if name.eq_ignore_ascii_case("content-length") {
                length = value.parse().unwrap_or(0);
            } else if name.starts_with("x-") || name == "authorization" {
                let _ = write!(said, "X-Heard-{name}: {value}\r\n");
            }
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let whole = [head.as_slice(), &body].concat();
    heard
        .lock()
        .expect("what was heard")
        .extend_from_slice(&whole);
    let status = if head.windows(7).any(|w| w == b"/refuse") {
        "500 No"
    } else {
        "200 OK"
    };
    let length = whole.len();
    let answer =
        format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n{said}\r\n");
    stream.write_all(answer.as_bytes())?;
    stream.write_all(&whole)
}

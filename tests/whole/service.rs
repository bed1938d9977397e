//! A small real HTTP service: the checkout of `rehearse-failover`, and the webhook of `rehearse-restore`. It keeps what
//! it was told, so that a test can ask it, and not the program under test, what has happened.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};

/// What the service knows.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) writes: bool,
    /// Region and share of the traffic.
    pub(crate) traffic: BTreeMap<String, u64>,
    /// Every request in order: `PUT /mode {"writes":false}`.
    pub(crate) requests: Vec<String>,
}

pub(crate) struct Service {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
}

impl Service {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("its address"));
        let state = Arc::new(Mutex::new(State {
            writes: true,
            ..State::default()
        }));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || serve(&stream, &shared));
            }
        });
        Self { url, state }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("the state")
    }
}

/// One request a connection.
fn serve(mut stream: &TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    let mut length = 0;
    if reader.read_line(&mut first).is_err() {
        return;
    }
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header).is_err() || header.trim().is_empty() {
            break;
        }
        if let Some(value) = header.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    let mut words = first.split_whitespace();
    let (method, path) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let text = String::from_utf8_lossy(&body).into_owned();
    let (status, answer) = answer(&mut state.lock().expect("the state"), method, path, &text);
    let answer = answer.to_string();
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{answer}",
        answer.len()
    );
}

fn answer(state: &mut State, method: &str, path: &str, body: &str) -> (&'static str, Value) {
    state.requests.push(format!("{method} {path} {body}"));
    let sent: Value = serde_json::from_str(body).unwrap_or_default();
    let (route, query) = path.split_once('?').unwrap_or((path, ""));
    let asked: BTreeMap<&str, &str> = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .collect();
    let share = |region: &str| state.traffic.get(region).copied();
    match (method, route) {
        ("PUT", "/mode") => {
            state.writes = sent["writes"].as_bool().unwrap_or(state.writes);
            ("200 OK", json!({"writes": state.writes}))
        }
        ("GET", "/mode") => ("200 OK", json!({"writes": state.writes})),
        ("PUT", "/traffic") => {
            let region = sent["region"].as_str().unwrap_or_default().to_owned();
            state
                .traffic
                .insert(region, sent["percent"].as_u64().unwrap_or_default());
            ("200 OK", json!({}))
        }
        ("GET", "/traffic") => {
            let percent = asked.get("percent").and_then(|p| p.parse().ok());
            (
                "200 OK",
                json!({"in_place": percent.is_some() && share(asked["region"]) == percent}),
            )
        }
        ("GET", "/health") if share(asked["region"]).is_some() => ("200 OK", json!({"ok": true})),
        ("GET", "/health") => ("503 Service Unavailable", json!({"ok": false})),
        ("POST", "/hook") => ("204 No Content", Value::Null),
        _ => ("404 Not Found", json!({"error": "no such path"})),
    }
}

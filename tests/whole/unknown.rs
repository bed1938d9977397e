//! The table "outcome unknown" of semantics.md, row by row: everything of the run is killed while each kind of step is at work.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use rustix::process::{Signal, kill_process};

use crate::hands::{contains, processes};
use crate::place::{Place, wait_for};

/// Each request by its path, with its idempotency key.
type Heard = Arc<Mutex<Vec<(String, Option<String>)>>>;

/// A server that never answers the first request of a path, and each later one at once.
fn silent_once() -> (String, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("its address"));
    let heard = Heard::default();
    let ours = Arc::clone(&heard);
    std::thread::spawn(move || {
        let mut held = Vec::new();
        for stream in listener.incoming().flatten() {
            held.extend(hear(stream, &ours));
        }
    });
    (url, heard)
}

/// Gives the connection back if it is to stay open without an answer.
fn hear(mut stream: TcpStream, heard: &Heard) -> Option<TcpStream> {
    let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers = lines.take_while(|line| !line.is_empty());
    let key = headers.filter_map(|line| {
        let (name, value) = line.split_once(": ")?;
        (name == "idempotency-key").then(|| value.to_owned())
    });
    let key = key.last();
    let mut heard = heard.lock().expect("no server panics");
    let first = heard.iter().all(|(before, _)| *before != path);
    heard.push((path, key));
    if first {
        return Some(stream);
    }
    let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n");
    None
}

/// How the step is written, and what becomes of it.
const ROWS: [(&str, &str, &str); 11] = [
    (
        "run",
        "run: \"echo run >> begun; test -e go || sleep 100\"",
        "unknown",
    ),
    (
        "exec",
        "exec: {argv: [sh, -c, \"echo exec >> begun; test -e go || sleep 100\"]}",
        "unknown",
    ),
    (
        "again",
        "idempotent: true\n    run: \"echo again $FLIGHTDECK_IDEMPOTENCY_KEY >> begun; test -e go || sleep 100\"",
        "succeeded",
    ),
    ("get", "http: {url: \"URL/get\"}", "succeeded"),
    (
        "get-once",
        "idempotent: false\n    http: {url: \"URL/get-once\"}",
        "unknown",
    ),
    ("put", "http: {method: PUT, url: \"URL/put\"}", "succeeded"),
    (
        "delete",
        "http: {method: DELETE, url: \"URL/delete\"}",
        "succeeded",
    ),
    ("post", "http: {method: POST, url: \"URL/post\"}", "unknown"),
    (
        "patch",
        "http: {method: PATCH, url: \"URL/patch\"}",
        "unknown",
    ),
    (
        "post-key",
        "http: {method: POST, url: \"URL/post-key\", idempotency_key: true}",
        "succeeded",
    ),
    // The probe is asked instead of a person: it is in place.
    (
        "probed",
        "verify: {run: test -e go}\n    http: {method: POST, url: \"URL/probed\"}",
        "succeeded",
    ),
];

#[test]
fn each_kind_of_step_is_repeated_or_unknown_as_the_table_says() {
    let (url, heard) = silent_once();
    let place = Place::new();
    let row = |(id, action, _)| format!("  - id: {id}\n    needs: []\n    {action}\n");
    let rows: Vec<String> = ROWS.map(row).into();
    let text = format!("name: table\nsteps:\n{}", rows.concat());
    place.write("table.yaml", &text.replace("URL", &url));
    let args = ["run", "table.yaml", "--headless", "--hold", "--id", "r"];
    let mut engine = place.start(&args);
    let begun = || std::fs::read_to_string(place.path("begun")).unwrap_or_default();
    wait_for("all steps at work", || {
        begun().lines().count() == 3 && heard.lock().expect("no server panics").len() == 8
    });
    engine.kill().expect("killed");
    engine.wait().expect("reaped");
    kill_all_of(&place);
    place.write("go", "");
    let mut engine = place.start(&["resume", "r", "--headless", "--hold"]);
    for (id, _, state) in ROWS {
        wait_for(&format!("{id} {state}"), || place.step("r", id) == state);
    }
    let mut times = BTreeMap::new();
    for (path, key) in heard.lock().expect("no server panics").iter() {
        times
            .entry(path.clone())
            .or_insert_with(Vec::new)
            .push(key.clone());
    }
    for (id, action, state) in ROWS
        .iter()
        .filter(|(_, action, _)| action.contains("http:"))
    {
        let wanted = if *state == "unknown" || action.contains("verify") {
            1
        } else {
            2
        };
        assert_eq!(times[&format!("/{id}")].len(), wanted, "{id}");
    }
    let keys = &times["/post-key"];
    assert!(keys[0].is_some() && keys[0] == keys[1], "one key: {keys:?}");
    let text = begun();
    let again: Vec<&str> = text.lines().filter(|l| l.starts_with("again")).collect();
    assert!(
        again.len() == 2 && again[0] == again[1],
        "one key: {again:?}"
    );
    assert_eq!(text.lines().count(), 4, "{text}");
    let abort = place.output(&["ctl", "r", "abort", "kill", "--reason", "seen"]);
    assert!(abort.status.success(), "{abort:?}");
    engine.wait().expect("reaped");
}

/// As when the machine's whole session is ended: attempt processes, and what they have started.
fn kill_all_of(place: &Place) {
    let here = place.dir.path().display().to_string();
    let mine = || {
        let by_words = processes("cmdline", |line| contains(line, &here));
        let by_environment = processes("environ", |all| contains(all, &here));
        [by_words, by_environment].concat()
    };
    wait_for("the end of all", || {
        let left = mine();
        for one in &left {
            let _ = kill_process(*one, Signal::KILL);
        }
        left.is_empty()
    });
}

//! `probe` against real listeners.

use std::net::TcpListener;
use std::time::Duration;

use crate::parties::{free_port, keep, listens};
use crate::run::run;
use crate::support::Place;

#[test]
fn a_port_is_open_or_it_is_said_why_not() {
    let place = Place::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (open, shut) = (listener.local_addr().unwrap().port(), free_port());
    let text = format!(
        "name: ports\nsteps:\n  - {{id: open, probe: {{tcp: '127.0.0.1:{open}', expect: value}}}}\n  \
           - {{id: shut, probe: {{tcp: '127.0.0.1:{shut}', until: {{every: 50ms, timeout: 200ms}}}}}}\n"
    );
    let outcome = run(&place, &text);
    assert_eq!(outcome.code, 1, "{}", outcome.err);
    assert_eq!(outcome.ended("open")["outcome"], "succeeded");
    let shut_end = outcome.ended("shut");
    assert_eq!(shut_end["outcome"], "failed");
    let message = shut_end["message"].as_str().unwrap();
    assert!(message.starts_with("not met within 200ms ("), "{message}");
    assert!(
        message.ends_with(&format!(
            "cannot connect to 127.0.0.1:{shut}: Connection refused"
        )),
        "{message}"
    );
}

#[test]
fn it_waits_until_a_port_opens() {
    let place = Place::new();
    let port = free_port();
    let opener = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        let mut server = std::process::Command::new("python3");
        server.args([
            "-m",
            "http.server",
            "--bind",
            "127.0.0.1",
            &port.to_string(),
        ]);
        keep(&server);
        listens("a server of python", port);
    });
    let text = format!(
        "name: ports\nsteps:\n  - {{id: wait, probe: {{tcp: '127.0.0.1:{port}', until: {{every: 50ms, timeout: 20s}}}}}}\n"
    );
    let outcome = run(&place, &text);
    assert_eq!(
        outcome.ended("wait")["outcome"],
        "succeeded",
        "{}",
        outcome.err
    );
    opener.join().unwrap();
}

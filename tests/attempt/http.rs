//! `http` against a server that misbehaves.

use std::io::Write as _;
use std::time::{Duration, Instant};

use flightdeck::run::{Ended, Outcome, Spec};
use flightdeck::workflow::{Body, Filled, Http, OutputFrom, Part, SecretSource, Tree, Until, Work};
use rustix::process::Signal;
use serde_json::json;

use crate::harness::{Bench, output, spec, until};
use crate::server::{Server, hang};

fn http(method: &str, url: &str) -> Http<Filled> {
    Http {
        method: method.into(),
        url: Filled::text(url),
        headers: Vec::new(),
        body: None,
        basic_auth: None,
        expect: None,
        until: None,
        follow_redirects: false,
        allow_hosts: Vec::new(),
        idempotency_key: false,
    }
}

fn request(http: Http<Filled>) -> Spec {
    let mut one = spec(Work::Http(Box::new(http)));
    one.idempotent = false;
    one
}

fn call(http: Http<Filled>) -> Ended {
    Bench::new().run(&request(http))
}

#[test]
fn a_plain_answer() {
    let server = Server::answering(
        "HTTP/1.1 200 OK\r\nX-One: 1\r\nX-One: 2\r\nContent-Length: 17\r\n\r\n{\"ok\": [7, null]}",
    );
    let mut bench = Bench::new();
    let mut one = request(http("GET", &server.url("/a?b=c")));
    one.outputs = vec![
        output("n", OutputFrom::Json("ok[0]".into())),
        output("word", OutputFrom::Regex("\"(o.)\"".into())),
    ];
    let end = bench.run(&one);
    assert_eq!(
        (end.outcome, end.message.as_str()),
        (Outcome::Succeeded, "")
    );
    assert_eq!(
        json!(end.outputs),
        json!({
            "status": 200, "body": {"ok": [7, null]}, "n": 7, "word": "ok",
            "headers": {"x-one": "1, 2", "content-length": "17"},
        })
    );
    let log = bench.text(&one);
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines[0], format!("> GET {}", server.url("/a?b=c")));
    assert!(lines[1].starts_with("< 200 OK, 17 bytes in "), "{log}");
    assert_eq!(lines[2..], ["{\"ok\": [7, null]}"]);
    let text = server.requests().remove(0);
    assert!(text.starts_with("GET /a?b=c HTTP/1.1\r\n"), "{text}");
    assert!(!text.to_lowercase().contains("content-length"), "{text}");
}

#[test]
fn what_is_sent() {
    let server = Server::answering("HTTP/1.1 204 No Content\r\n\r\n");
    let mut bench = Bench::with_env(&[("TOKEN", "t0p-secret-value")]);
    let token = Filled {
        parts: vec![Part::Text("Bearer ".into()), Part::Secret("token".into())],
    };
    let mut h = http("POST", &server.url("/"));
    h.headers = vec![
        ("Authorization".into(), token.clone()),
        ("X-Id".into(), Filled::text("7")),
    ];
    h.body = Some(Body::Json(Tree::Map(vec![
        ("text".into(), Tree::Text(token)),
        (
            "n".into(),
            Tree::List(vec![Tree::Plain(json!(1)), Tree::Plain(json!(null))]),
        ),
    ])));
    h.idempotency_key = true;
    let mut one = request(h);
    one.secrets
        .insert("token".into(), SecretSource::Env("TOKEN".into()));
    assert_eq!(bench.run(&one).outcome, Outcome::Succeeded);
    let mut two = http("PUT", &server.url("/"));
    two.body = Some(Body::Form(vec![("a b".into(), Filled::text("c&d"))]));
    two.basic_auth = Some((Filled::text("me"), Filled::text("pass")));
    let mut two = spec(Work::Notify(Box::new(two)));
    two.attempt.n = 2;
    assert_eq!(bench.run(&two).outcome, Outcome::Succeeded);
    let sent = server.requests();
    for part in [
        "POST / HTTP/1.1\r\n",
        "authorization: Bearer t0p-secret-value\r\n",
        "x-id: 7\r\n",
        "content-type: application/json\r\n",
        "content-length: 47\r\n",
        "idempotency-key: test-run/s/1\r\n",
        "\r\n\r\n{\"text\":\"Bearer t0p-secret-value\",\"n\":[1,null]}",
    ] {
        assert!(sent[0].contains(part), "{part} in {}", sent[0]);
    }
    for part in [
        "authorization: Basic bWU6cGFzcw==\r\n",
        "content-type: application/x-www-form-urlencoded\r\n",
        "\r\n\r\na+b=c%26d",
    ] {
        assert!(sent[1].contains(part), "{part} in {}", sent[1]);
    }
    assert!(!sent[0].contains("transfer-encoding"), "{}", sent[0]);
}

#[test]
fn secrets_are_masked_in_log_outputs_and_messages() {
    let server = Server::answering(
        "HTTP/1.1 500 No\r\nX-Echo: t0p-secret-value\r\nContent-Length: 19\r\n\r\n<t0p-secret-value>\r\n",
    );
    let mut bench = Bench::with_env(&[("TOKEN", "t0p-secret-value")]);
    let mut h = http("GET", "");
    h.url = Filled {
        parts: vec![Part::Text(server.url("/?k=")), Part::Secret("token".into())],
    };
    let mut one = request(h);
    one.secrets
        .insert("token".into(), SecretSource::Env("TOKEN".into()));
    let end = bench.run(&one);
    assert_eq!(
        (end.outcome, end.message.as_str()),
        (
            Outcome::Failed,
            "expected a status from 200 to 299, got 500"
        )
    );
    let log = bench.text(&one);
    assert!(
        log.contains("/?k=***\n") && log.contains("\n<***>"),
        "{log}"
    );
    assert!(!log.contains("t0p"), "{log}");
    assert!(
        !std::fs::read_to_string(bench.record())
            .unwrap()
            .contains("t0p")
    );
}

#[test]
fn never_sent_is_a_definite_failure() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let plain = Server::answering("HTTP/1.1 200 OK\r\n\r\n");
    let cases = [
        (
            format!("http://127.0.0.1:{closed}/"),
            format!("could not connect to 127.0.0.1:{closed}: Connection refused"),
        ),
        (
            format!("https://127.0.0.1:{}/", plain.port),
            format!("could not connect to 127.0.0.1:{}: TLS: ", plain.port),
        ),
        (
            "http://no-such-host.invalid/".to_owned(),
            "could not connect to no-such-host.invalid:80: failed to lookup address".into(),
        ),
        (
            "ftp://example.com/".to_owned(),
            "only http and https are allowed, not `ftp`".into(),
        ),
        ("nonsense".to_owned(), "`nonsense` is not a URL: ".into()),
        (
            "http://169.254.169.254/latest".to_owned(),
            "169.254.169.254 is a metadata address; add it to allow_hosts to permit it".into(),
        ),
    ];
    for (url, expected) in cases {
        let end = call(http("POST", &url));
        assert_eq!(end.outcome, Outcome::Failed, "{url}: {}", end.message);
        assert!(end.message.starts_with(&expected), "{url}: {}", end.message);
    }
}

#[test]
fn sent_and_not_answered_in_full_may_have_taken_effect() {
    let reset = Server::start(|_, _| {});
    let head_only = Server::start(|stream, _| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    });
    let silent = Server::start(|stream, _| hang(stream));
    let endless = Server::start(|stream, _| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        let chunk = [b"10000\r\n".as_slice(), &vec![b'x'; 0x1_0000], b"\r\n"].concat();
        while stream.write_all(&chunk).is_ok() {}
    });
    let drip = Server::start(|stream, _| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
        while stream.write_all(b"x").is_ok() {
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    for (name, server) in [
        ("reset", &reset),
        ("half", &head_only),
        ("silent", &silent),
        ("endless", &endless),
        ("drip", &drip),
    ] {
        for method in ["POST", "GET"] {
            for safe in [false, true] {
                let mut bench = Bench::new();
                let mut one = request(http(method, &server.url("/")));
                one.idempotent = safe;
                one.timeout_ms = Some(400);
                let end = bench.run(&one);
                let told = format!("{name} {method}: {:?} {}", end.outcome, end.message);
                if safe {
                    assert_eq!(end.outcome, Outcome::Failed, "{told}");
                    assert!(end.message.ends_with("; safe to retry"), "{told}");
                } else {
                    assert_eq!(end.outcome, Outcome::Unknown, "{told}");
                    assert!(
                        end.message
                            .starts_with("the request was sent and no whole answer came"),
                        "{told}"
                    );
                    assert!(
                        end.message.ends_with(": it may have taken effect"),
                        "{told}"
                    );
                }
                assert!(end.took_ms < 1300, "{told} {}", end.took_ms);
            }
        }
    }
}

#[test]
fn a_large_body_is_counted_and_cut() {
    let server = Server::start(|stream, _| {
        let body = vec![b'x'; 12 << 20];
        let _ = write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let _ = stream.write_all(&body);
    });
    let mut bench = Bench::new();
    let one = request(http("GET", &server.url("/")));
    let end = bench.run(&one);
    assert_eq!(end.outcome, Outcome::Succeeded);
    assert_eq!(end.outputs["body"].as_str().unwrap().len(), 65_536);
    let log = bench.text(&one);
    assert!(
        log.contains("< 200 OK, 12582912 bytes (truncated to 10485760) in "),
        "{}",
        &log[..200]
    );
    assert!(log.ends_with("\n[12517376 more bytes]\n"));
}

#[test]
fn headers_without_end_are_refused() {
    let server = Server::start(|stream, _| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        for n in 0..90 {
            let _ = write!(stream, "X-{n}: {}\r\n", "y".repeat(1000));
        }
        let _ = stream.write_all(b"\r\n");
    });
    let end = call(http("GET", &server.url("/")));
    assert_eq!(end.outcome, Outcome::Failed);
    assert!(
        end.message.starts_with("the answer's headers have "),
        "{}",
        end.message
    );
}

#[test]
fn redirects_only_when_asked_and_never_inwards() {
    let target = Server::answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    let port = target.port;
    let to = move |location: String| {
        Server::start(move |stream, _| {
            let _ = write!(
                stream,
                "HTTP/1.1 307 Go\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
            );
        })
    };
    let local = to(format!("http://127.0.0.1:{port}/x"));
    let end = call(http("GET", &local.url("/")));
    assert_eq!(end.message, "expected a status from 200 to 299, got 307");
    let mut h = http("GET", &local.url("/"));
    h.follow_redirects = true;
    h.basic_auth = Some((Filled::text("me"), Filled::text("pass")));
    h.headers = vec![("X-Plain".into(), Filled::text("1"))];
    assert_eq!(call(h.clone()).outcome, Outcome::Succeeded);
    let there = target.requests().remove(0);
    assert!(
        there.contains("x-plain: 1") && !there.contains("authorization"),
        "{there}"
    );

    for (location, expected) in [
        (
            "http://169.254.169.254/",
            "169.254.169.254 is a metadata address; ",
        ),
        ("http://[::ffff:169.254.169.254]/", "::ffff:"),
        ("http://0x7f.2/", "127.0.0.2 is a loopback address; "),
        (
            &*format!("http://localhost:{port}/"),
            "localhost is a loopback address (",
        ),
        (
            "file:///etc/passwd",
            "only http and https are allowed, not `file`",
        ),
    ] {
        let from = to(location.to_owned());
        h.url = Filled::text(from.url("/"));
        let end = call(h.clone());
        assert_eq!(end.outcome, Outcome::Failed, "{location}: {}", end.message);
        assert!(
            end.message.starts_with(expected),
            "{location}: {}",
            end.message
        );
    }
    assert_eq!(target.requests().len(), 1);
    let from = to(format!("http://localhost:{port}/"));
    h.url = Filled::text(from.url("/"));
    h.allow_hosts = vec!["localhost".into()];
    assert_eq!(call(h.clone()).outcome, Outcome::Succeeded);

    let ring =
        Server::answering("HTTP/1.1 302 Go\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n");
    h.url = Filled::text(ring.url("/"));
    let end = call(h);
    assert_eq!(
        (end.message.as_str(), ring.requests().len()),
        ("more than 10 redirects", 11)
    );
}

#[test]
fn until_it_is_met_often_enough_in_a_row() {
    // Met, not met, met, met.
    let server = Server::start(|stream, n| {
        let status = if n == 1 { "503 Busy" } else { "200 OK" };
        let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
    });
    let mut h = http("GET", &server.url("/"));
    h.until = Some(Until {
        every: Duration::from_millis(20),
        timeout: Duration::from_secs(20),
        consecutive: 2,
    });
    let mut bench = Bench::new();
    let one = request(h.clone());
    assert_eq!(bench.run(&one).outcome, Outcome::Succeeded);
    let log = bench.text(&one);
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines.len(), 5, "{log}");
    assert!(
        lines[2].starts_with("< 503 ")
            && lines[2].ends_with(": expected a status from 200 to 299, got 503"),
        "{log}"
    );

    let busy = Server::answering("HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n");
    h.url = Filled::text(busy.url("/"));
    // The end falls in the middle of a pause.
    h.until.as_mut().unwrap().every = Duration::from_millis(400);
    h.until.as_mut().unwrap().timeout = Duration::from_secs(1);
    let end = call(h.clone());
    assert_eq!(end.outcome, Outcome::Failed);
    assert!(
        end.message.starts_with("not met within 1s (")
            && end
                .message
                .ends_with(" tries); the last: expected a status from 200 to 299, got 429"),
        "{}",
        end.message
    );
}

#[test]
fn a_stop_drops_the_request() {
    let server = Server::start(|stream, _| hang(stream));
    for (method, safe, outcome, message) in [
        ("GET", true, Outcome::Cancelled, "cancelled"),
        ("POST", true, Outcome::Cancelled, "cancelled"),
        (
            "POST",
            false,
            Outcome::Unknown,
            "cancelled while the request was under way: it may have taken effect",
        ),
    ] {
        let mut bench = Bench::new();
        let mut one = request(http(method, &server.url("/")));
        one.idempotent = safe;
        let before = server.requests().len();
        bench.send(&one);
        until("it is sent", || server.requests().len() > before);
        let start = Instant::now();
        bench.signal(Signal::TERM);
        let end = bench.end();
        // Far below every limit of the request: nothing but the signal can have ended it.
        assert!(start.elapsed() < Duration::from_secs(5));
        assert_eq!((end.outcome, end.message.as_str()), (outcome, message));
    }
    // While it waits between two tries, and with a timeout of its own.
    let busy = Server::answering("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
    let mut h = http("POST", &busy.url("/"));
    h.until = Some(Until {
        every: Duration::from_secs(100),
        timeout: Duration::from_secs(1000),
        consecutive: 1,
    });
    let mut bench = Bench::new();
    let mut one = request(h);
    bench.send(&one);
    bench.wait_output(&one, "503");
    bench.signal(Signal::TERM);
    assert_eq!(bench.end().message, "cancelled");
    (one.attempt.n, one.timeout_ms) = (2, Some(100));
    let end = bench.run(&one);
    assert_eq!(
        (end.outcome, end.message.as_str()),
        (Outcome::TimedOut, "timed out after 100ms")
    );
}

#[test]
fn a_kept_connection_is_not_waited_for_nor_used_again() {
    let server = Server::start(|stream, _| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        hang(stream);
    });
    let mut bench = Bench::new();
    let mut one = request(http("GET", &server.url("/")));
    for n in 1..=3 {
        one.attempt.n = n;
        assert_eq!(bench.run(&one).outputs["body"], "ok");
    }
    assert_eq!(server.requests().len(), 3);
    assert_eq!(bench.exit(), 0);
}

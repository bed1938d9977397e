//! Every shipped workflow, checked and run: on a bare machine, and against a real service where it talks to one.

use std::os::unix::fs::PermissionsExt;
use std::process::Output;

use crate::place::Place;
use crate::service::Service;

/// Runs a workflow without a screen and people; every other word is a parameter.
fn run(place: &Place, workflow: &str, params: &[&str]) -> Output {
    let scratch = format!("scratch={}", place.dir.path().display());
    let mut args = vec![
        "run",
        workflow,
        "--headless",
        "--id",
        "r",
        "-p",
        "attended=false",
        "-p",
        "pace=0",
        "-p",
        &scratch,
    ];
    for param in params {
        args.extend(["-p", param]);
    }
    place.output(&args)
}

#[track_caller]
fn succeeded(place: &Place, output: &Output) {
    let talk = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{talk}");
    assert_eq!(place.phase("r"), "succeeded");
}

fn program(place: &Place, name: &str, text: &str) {
    let path = place.write(name, text);
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("executable");
}

#[test]
fn all_shipped_workflows_check_without_a_word_of_complaint() {
    let place = Place::new();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("workflows");
    let in_folder = |folder| std::fs::read_dir(folder).expect("the folder").flatten();
    let parts = in_folder(folder.join("lib"));
    let paths = in_folder(folder).chain(parts).map(|entry| entry.path());
    for path in paths.filter(|path| path.is_file()) {
        let output = place.output(&["check", path.to_str().expect("UTF-8")]);
        let talk = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            output.status.success() && talk.is_empty(),
            "{}: {talk}",
            path.display()
        );
    }
}

#[test]
fn region_failover_rehearses_on_a_bare_machine() {
    let place = Place::new();
    succeeded(&place, &run(&place, "rehearse-failover", &[]));
}

#[test]
fn region_failover_moves_a_real_service() {
    let (place, service) = (Place::new(), Service::start());
    program(
        &place,
        "db.sh",
        "#!/bin/sh\ncase $1 in lag) echo 0;; promote) echo $2 > primary; echo endpoint=db-$2:5432;; role) [ \"$(cat primary 2>/dev/null)\" = $2 ] && echo primary || echo replica;; esac\n",
    );
    program(&place, "cache.sh", "#!/bin/sh\necho \"$2 $3\" >> warmed\n");
    let url = format!("checkout_url={}", service.url);
    let output = run(
        &place,
        "rehearse-failover",
        &["mode=real", "percent=30", "cache_nodes=2", &url],
    );
    succeeded(&place, &output);
    let state = service.state();
    assert!(state.writes, "writes are open again: {:?}", state.requests);
    assert_eq!(
        state.traffic.get("eu-north"),
        Some(&30),
        "{:?}",
        state.requests
    );
    assert!(
        state
            .requests
            .iter()
            .any(|r| r.starts_with("PUT /mode") && r.contains("false")),
        "{:?}",
        state.requests
    );
    let read = |name: &str| std::fs::read_to_string(place.path(name)).unwrap_or_default();
    assert_eq!(read("primary").trim(), "eu-north");
    assert_eq!(read("warmed").lines().count(), 2);
}

/// Customers are never served from the target: the person rolls back, and the service is as it was.
#[test]
fn region_failover_is_rolled_back_on_a_real_service() {
    let (place, service) = (Place::new(), Service::start());
    program(
        &place,
        "db.sh",
        "#!/bin/sh\ncase $1 in lag) echo 0;; promote) echo endpoint=db-$2:5432;; role) echo primary;; esac\n",
    );
    program(&place, "cache.sh", "#!/bin/sh\n");
    let shipped = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/workflows/rehearse-failover.yaml"
    );
    let text = std::fs::read_to_string(shipped).expect("the file");
    // The one change: the author of this copy wants a roll back where the shipped file asks.
    let health = "  - id: health\n";
    assert!(text.contains(health));
    let text = text
        .replace(health, "  - id: health\n    on_failure: rollback\n")
        .replace("/health?region=", "/nowhere?region=")
        .replace("consecutive: 3, timeout: 5m", "consecutive: 3, timeout: 1s");
    place.write("failover.yaml", &text);
    let url = format!("checkout_url={}", service.url);
    let output = run(
        &place,
        "failover.yaml",
        &["mode=real", "cache_nodes=1", &url],
    );
    let talk = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(5), "{talk}");
    assert_eq!(place.phase("r"), "rolled_back");
    let state = service.state();
    assert!(state.writes, "{:?}", state.requests);
    assert_eq!(state.traffic.get("eu-west"), Some(&100));
    let changes: Vec<_> = state
        .requests
        .iter()
        .filter(|r| r.starts_with("PUT"))
        .collect();
    let undone = [
        "PUT /mode {\"writes\":false}",
        "PUT /traffic {\"region\":\"eu-west\",\"percent\":100}",
        "PUT /mode {\"writes\":true}",
    ];
    assert_eq!(changes[changes.len() - 3..], undone, "{changes:?}");
    let left = talk.lines().find(|line| line.contains("left as they are"));
    assert!(left.is_some_and(|l| l.contains("db-promote")), "{talk}");
}

#[test]
fn a_service_that_is_down_is_a_failed_step_with_the_reason() {
    let place = Place::new();
    program(&place, "db.sh", "#!/bin/sh\necho 0\n");
    program(&place, "cache.sh", "#!/bin/sh\n");
    // A port that was free a moment ago and that nobody listens on.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|l| l.local_addr())
        .expect("a port")
        .port();
    let url = format!("checkout_url=http://127.0.0.1:{port}");
    let output = run(&place, "rehearse-failover", &["mode=real", &url]);
    assert_eq!(output.status.code(), Some(1));
    let shown = place.output(&["show", "r"]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(
        shown.contains("could not connect") || shown.contains("refused"),
        "{shown}"
    );
}

#[test]
fn backup_restore_drill_works_on_a_bare_machine_and_tells_a_webhook() {
    let (place, service) = (Place::new(), Service::start());
    let hook = format!("report_url={}/hook", service.url);
    succeeded(&place, &run(&place, "rehearse-restore", &[&hook]));
    let state = service.state();
    assert!(
        state.requests.iter().any(|r| r.starts_with("POST /hook")),
        "{:?}",
        state.requests
    );
}

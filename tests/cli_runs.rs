//! The real binary running workflows without a screen, with real attempt processes: results, exit codes, lines, leaving
//! and taking up.

mod support;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use support::Place;

/// Waits for a condition of the world, with a limit.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(20), "never: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Runs to the end, however long that takes.
fn complete(place: &Place, args: &[&str]) -> (i32, String, String) {
    let output = place.command(args).output().expect("it works");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("it works");
    let err = text(&output.stderr);
    assert!(!err.contains("panicked"), "{err}");
    (
        output.status.code().expect("it works"),
        text(&output.stdout),
        err,
    )
}

fn events(lines: &str) -> Vec<Json> {
    lines
        .lines()
        .map(|l| serde_json::from_str(l).expect("it works"))
        .collect()
}

fn scratch(place: &Place) -> String {
    format!("scratch={}", place.work().display())
}

/// What a shipped workflow left in its scratch folder.
fn left_behind(place: &Place) -> Vec<String> {
    let names = place.work().read_dir().expect("it works").flatten();
    names
        .map(|e| e.file_name().to_string_lossy().into_owned())
        .collect()
}

#[test]
fn quickstart_without_people_stops_where_it_says() {
    let place = Place::new();
    let scratch = scratch(&place);
    let args = [
        "run",
        "quickstart",
        "--headless",
        "--json",
        "-p",
        "attended=false",
        "-p",
        "pace=0",
        "-p",
        &scratch,
    ];
    let (code, out, err) = complete(&place, &args);
    assert_eq!(code, 1, "{err}");
    let events = events(&out);
    let failed = events
        .iter()
        .find(|e| e["outcome"] == "failed")
        .expect("it works");
    assert_eq!(
        (&failed["step"], &failed["exit_code"]),
        (&"restore".into(), &3.into())
    );
    let last = events.last().expect("it works");
    assert_eq!(
        (&last["event"], &last["phase"]),
        (&"run_ended".into(), &"failed".into())
    );
    assert!(
        err.contains("restore: failed") && err.contains("flightdeck show"),
        "{err}"
    );
    assert_eq!(left_behind(&place), [""; 0], "`always` steps ran");
    let logs = place.run(&["logs", "last", "restore"]);
    assert!(
        logs.out.contains("the backup is locked by: nightly copy"),
        "{logs:?}"
    );
}

#[test]
fn quickstart_without_the_failure_succeeds() {
    let place = Place::new();
    let scratch = scratch(&place);
    let args = [
        "run",
        "quickstart",
        "--headless",
        "-p",
        "attended=false",
        "-p",
        "fail=no",
        "-p",
        "pace=0",
        "-p",
        &scratch,
    ];
    let (code, out, err) = complete(&place, &args);
    assert_eq!(code, 0, "{err}");
    assert!(
        out.contains("compare: succeeded") && out.contains("run succeeded"),
        "{out}"
    );
    assert_eq!(left_behind(&place), [""; 0]);
}

#[test]
fn the_other_shipped_workflows_run_on_a_bare_machine() {
    for name in ["rehearse-failover", "rehearse-restore"] {
        let place = Place::new();
        let scratch = scratch(&place);
        let args = [
            "run",
            name,
            "--headless",
            "-p",
            "attended=false",
            "-p",
            "pace=0",
            "-p",
            &scratch,
        ];
        let (code, out, err) = complete(&place, &args);
        assert_eq!(code, 0, "{name}: {err}\n{out}");
        assert_eq!(left_behind(&place), [""; 0]);
    }
}

#[test]
fn a_run_that_needs_a_person_is_left_and_says_how_to_take_it_up() {
    let place = Place::new();
    place.write(
        "ask.yaml",
        "name: ask\nsteps:\n  - {id: go, approval: {message: \"Go?\"}}\n",
    );
    let (code, _, err) = complete(&place, &["run", "ask.yaml", "--headless", "--id", "ask-1"]);
    assert_eq!(code, 75, "{err}");
    assert!(err.contains("flightdeck resume ask-1"), "{err}");
    assert!(place.run(&["list"]).out.contains("unattended"));
    let again = complete(&place, &["run", "ask.yaml", "--headless", "--id", "ask-1"]);
    assert_eq!(again.0, 7, "{}", again.2);
    assert!(
        again.2.contains("there is a run with this id already"),
        "{}",
        again.2
    );
}

const SLOW: &str = "name: slow\nsteps:\n  - id: wait\n    run: |\n      while [ ! -e go ]; do sleep 0.05; done\n      echo went\n  - {id: after, run: echo after}\n";

#[test]
fn a_run_that_is_told_to_go_leaves_its_step_and_is_taken_up() {
    let place = Place::new();
    place.write("slow.yaml", SLOW);
    let mut child = place
        .command(&["run", "slow.yaml", "--headless", "--id", "s-1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it works");
    let mut lines = BufReader::new(child.stdout.take().expect("it works")).lines();
    assert!(
        lines
            .by_ref()
            .any(|l| l.expect("it works").contains("wait: attempt 1 started"))
    );
    let held = place.run(&["resume", "s-1", "--headless"]);
    assert_eq!(held.code, 7, "{held:?}");
    assert!(held.err.contains("is driven by process"), "{held:?}");

    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it works");
    assert_eq!(child.wait().expect("it works").code(), Some(143));
    place.write("go", "");
    let (code, out, err) = complete(&place, &["resume", "s-1", "--headless", "--json"]);
    assert_eq!(code, 0, "{err}");
    let starts = events(&out);
    let starts: Vec<&Json> = starts
        .iter()
        .filter(|e| e["event"] == "attempt_started")
        .collect();
    assert_eq!(starts.len(), 2, "each step ran once: {starts:#?}");
    assert_eq!(place.run(&["logs", "s-1", "wait"]).out, "went\n");
}

#[test]
fn a_reader_that_goes_away_does_not_end_the_run() {
    let place = Place::new();
    place.write("slow.yaml", SLOW);
    let mut child = place
        .command(&["run", "slow.yaml", "--headless", "--json", "--id", "s-1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it works");
    drop(child.stdout.take());
    drop(child.stderr.take());
    place.write("go", "");
    assert_eq!(child.wait().expect("it works").code(), Some(0));
    assert!(
        place
            .run(&["list", "--state", "succeeded"])
            .out
            .contains("s-1")
    );
}

#[test]
fn a_detached_run_goes_on_by_itself() {
    let place = Place::new();
    place.write("slow.yaml", SLOW);
    let answer = place.run(&["run", "slow.yaml", "--detach", "--id", "s-1"]);
    assert_eq!(
        (answer.code, answer.out.as_str()),
        (0, "s-1\n"),
        "{answer:?}"
    );
    let show = |word: &str| place.run(&["show", "s-1"]).out.contains(word);
    until("the first step runs", || show("running   wait"));
    place.write("go", "");
    until("the run ends", || show("s-1  slow  succeeded"));

    let bad = place.run(&["run", "slow.yaml", "--detach", "--id", "s-1"]);
    assert_eq!(bad.code, 7, "{bad:?}");
}

/// A follower that keeps lines to itself must fail its test, not hang it. To be dropped once the child has been waited for:
/// its number may be another one's then.
fn not_for_ever(child: &std::process::Child) -> std::sync::mpsc::Sender<()> {
    let pid = rustix::process::Pid::from_child(child);
    let (guard, ended) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let waited = ended.recv_timeout(Duration::from_secs(20));
        if waited == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    });
    guard
}

#[test]
fn logs_follow_a_live_step_to_its_end() {
    let place = Place::new();
    place.write("talk.yaml", "name: talk\nsteps:\n  - id: say\n    run: |\n      echo one\n      while [ ! -e go ]; do sleep 0.05; done\n      echo two\n");
    assert_eq!(
        place
            .run(&["run", "talk.yaml", "--detach", "--id", "t-1"])
            .code,
        0
    );
    let mut child = place
        .command(&["logs", "t-1", "say", "-f"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("it works");
    let guard = not_for_ever(&child);
    let mut lines = BufReader::new(child.stdout.take().expect("it works")).lines();
    assert_eq!(lines.next().expect("it works").expect("it works"), "one");
    place.write("go", "");
    assert_eq!(lines.next().expect("it works").expect("it works"), "two");
    assert!(lines.next().is_none());
    assert_eq!(child.wait().expect("it works").code(), Some(0));
    drop(guard);
}

/// Steps that begin later are heard too.
#[test]
fn logs_of_all_steps_follow_a_live_run_to_its_end() {
    let place = Place::new();
    place.write("talk.yaml", "name: talk\nsteps:\n  - id: say\n    run: |\n      echo one\n      while [ ! -e go ]; do sleep 0.05; done\n      echo two\n  - id: after\n    needs: [say]\n    run: echo three\n");
    let started = place.run(&["run", "talk.yaml", "--detach", "--id", "t-1"]);
    assert_eq!(started.code, 0);
    let mut child = place
        .command(&["logs", "t-1", "--all", "-f"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("it works");
    let guard = not_for_ever(&child);
    let lines = BufReader::new(child.stdout.take().expect("it works")).lines();
    let mut said = lines.map(|line| {
        let line = line.expect("it works");
        line.split_whitespace()
            .skip(1)
            .collect::<Vec<_>>()
            .join(" ")
    });
    assert_eq!(said.next().as_deref(), Some("say one"));
    place.write("go", "");
    assert_eq!(said.next().as_deref(), Some("say two"));
    assert_eq!(said.next().as_deref(), Some("after three"));
    assert_eq!(said.next(), None);
    assert_eq!(child.wait().expect("it works").code(), Some(0));
    drop(guard);
}

#[test]
fn a_state_folder_that_cannot_be_written_is_told_before_anything_runs() {
    let place = Place::new();
    place.write(
        "touch.yaml",
        "name: touch\nsteps:\n  - {id: a, run: touch ran}\n",
    );
    let (code, out, err) = complete(
        &place,
        &[
            "run",
            "touch.yaml",
            "--headless",
            "--state-dir",
            "/proc/nowhere",
        ],
    );
    assert_eq!((code, out.as_str()), (6, ""), "{err}");
    assert!(
        err.contains("cannot use the state folder: /proc/nowhere"),
        "{err}"
    );
    assert!(!Path::new(&place.work().join("ran")).exists());
}

#[test]
fn a_dry_run_touches_nothing() {
    let place = Place::new();
    place.write(
        "touch.yaml",
        "name: touch\nsteps:\n  - {id: a, run: touch ran}\n",
    );
    let (code, _, err) = complete(
        &place,
        &["run", "touch.yaml", "--headless", "--kind", "dry"],
    );
    assert_eq!(code, 0, "{err}");
    assert!(!place.work().join("ran").exists());
}

const MODES: &str = "name: w
steps:
  - {id: freeze, run: 'echo freeze >>ran', ungraceful: skip}
  - {id: promote, run: 'echo promote >>ran', ungraceful: {run: 'echo force >>ran'}}
  - {id: go, approval: {message: go on?}}
  - {id: drain, run: 'echo drain >>ran', ungraceful: skip}
  - {id: switch, run: 'echo switch >>ran', ungraceful: {env: {HOW: hard}, run: 'echo \"$HOW\" >>ran'}}
";

#[test]
fn an_ungraceful_run_goes_the_other_way_from_the_start_or_from_now_on() {
    let place = Place::new();
    place.write("w.yaml", MODES);
    let ran = || std::fs::read_to_string(place.work().join("ran")).unwrap_or_default();
    let waits = |id: &str| {
        let shown = place.run(&["show", id, "--json"]).out;
        shown.contains(r#""state":"waiting""#) || shown.contains(r#""state": "waiting""#)
    };
    let args = ["run", "w.yaml", "--headless", "--hold"];
    let start = |more: &[&str]| {
        let mut command = place.command(&[&args[..], more].concat());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().expect("the binary starts")
    };
    let mut engine = start(&["--ungraceful", "--id", "hasty"]);
    until("it asks", || waits("hasty"));
    assert_eq!(ran(), "force\n");
    let answer = place.run(&["ctl", "hasty", "graceful", "--reason", "there is time"]);
    assert_eq!(answer.code, 0, "{answer:?}");
    assert_eq!(place.run(&["ctl", "hasty", "approve", "go"]).code, 0);
    assert_eq!(engine.wait().expect("it ends").code(), Some(0));
    assert_eq!(ran(), "force\ndrain\nswitch\n");

    std::fs::remove_file(place.work().join("ran")).expect("it was there");
    let mut engine = start(&["--id", "calm"]);
    until("it asks", || waits("calm"));
    let answer = place.run(&["ctl", "calm", "ungraceful", "--preview"]);
    assert_eq!(answer.code, 7, "a reason is needed: {answer:?}");
    let turn = ["ctl", "calm", "ungraceful", "--reason", "no time"];
    let answer = place.run(&[&turn[..], &["--preview"]].concat());
    assert_eq!(answer.code, 0, "{answer:?}");
    assert!(answer.out.contains("skips: drain"), "{answer:?}");
    assert!(
        answer.out.contains("runs in another way: switch"),
        "{answer:?}"
    );
    assert_eq!(place.run(&turn).code, 0);
    assert_eq!(place.run(&["ctl", "calm", "approve", "go"]).code, 0);
    assert_eq!(engine.wait().expect("it ends").code(), Some(0));
    assert_eq!(ran(), "freeze\npromote\nhard\n");
    let shown = place.run(&["show", "calm"]).out;
    assert!(shown.contains("ungraceful mode on: no time"), "{shown}");
}

const RELOADED: &str = "name: w
steps:
  - {id: a, run: 'echo a >>ran'}
  - {id: go, approval: {message: go on?}}
  - {id: b, run: 'echo old >>ran'}
";

/// The plan is corrected in the middle of the run; what has begun stays, and whoever takes the run up goes on by the new one.
#[test]
fn a_definition_is_reloaded_while_paused() {
    let place = Place::new();
    place.write("w.yaml", RELOADED);
    let args = ["run", "w.yaml", "--headless", "--hold", "--id", "mended"];
    let mut engine = place
        .command(&args)
        .stdout(Stdio::null())
        .spawn()
        .expect("the binary starts");
    until("it asks", || {
        place.run(&["show", "mended"]).out.contains("waiting")
    });
    place.write("w.yaml", &RELOADED.replace("echo old", "echo new"));
    let reload = ["ctl", "mended", "reload", "--file", "w.yaml"];
    let answer = place.run(&reload);
    assert_eq!(answer.code, 7, "{answer:?}");
    assert!(answer.err.contains("not paused"), "{answer:?}");
    assert_eq!(place.run(&["ctl", "mended", "pause"]).code, 0);
    place.write("bad.yaml", &RELOADED.replace("echo a", "echo x"));
    let answer = place.run(&["ctl", "mended", "reload", "--file", "bad.yaml"]);
    assert_eq!(answer.code, 7, "{answer:?}");
    assert!(
        answer.err.contains("a has started: it cannot change"),
        "{answer:?}"
    );
    let answer = place.run(&[&reload[..], &["--preview"]].concat());
    assert!(answer.out.contains("runs in another way: b"), "{answer:?}");
    assert_eq!(place.run(&reload).code, 0);
    engine.kill().expect("it lives");
    engine.wait().expect("it is dead");
    let mut engine = place
        .command(&["resume", "mended", "--headless", "--hold"])
        .stdout(Stdio::null())
        .spawn()
        .expect("the binary starts");
    until("it is taken up", || {
        place.run(&["ctl", "mended", "resume"]).code == 0
    });
    assert_eq!(place.run(&["ctl", "mended", "approve", "go"]).code, 0);
    assert_eq!(engine.wait().expect("it ends").code(), Some(0));
    let ran = std::fs::read_to_string(place.work().join("ran")).expect("it ran");
    assert_eq!(ran, "a\nnew\n");
    let shown = place.run(&["show", "mended"]).out;
    assert!(
        shown.contains("reload the definition from w.yaml: changed: b"),
        "{shown}"
    );
    assert_eq!(place.run(&["verify", "mended"]).code, 0);
    let lines = place.run(&["show", "mended", "--events"]).out;
    assert!(
        !lines.contains("echo new"),
        "the text stands in the journal, not in the lines"
    );
}

//! Past runs, as the screen and the command line show them: read from the journals of real runs.

use crate::face::Face;
use crate::place::Place;

/// `two` fails unless it is told not to.
const TEXT: &str = "
name: nightly
params:
  fail: {type: bool, default: false}
  target: {type: string, default: blue}
steps:
  - {id: one, run: echo early, expected: 1s}
  - {id: two, needs: [one], run: 'echo to $TARGET; test $FAIL = false', expected: 1s, env: {FAIL: '${{ params.fail }}', TARGET: '${{ params.target }}'}}
  - {id: go, needs: [two], approval: {message: go on?}}
";

/// A run of it without a screen, which ends.
pub(crate) fn ran(place: &Place, id: &str, more: &[&str]) {
    place.write("w.yaml", TEXT);
    let args = [
        "run",
        "w.yaml",
        "--headless",
        "--hold",
        "--detach",
        "--id",
        id,
    ];
    let output = place.output(&[&args[..], more].concat());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let fails = more.contains(&"fail=true");
    let what = if fails { "its failure" } else { "the question" };
    let (step, state) = if fails {
        ("two", "failed")
    } else {
        ("go", "waiting")
    };
    crate::place::wait_for(what, || place.step(id, step) == state);
    let end: &[&str] = if fails {
        &["ctl", id, "abort", "now", "--reason", "enough"]
    } else {
        &["ctl", id, "approve", "go"]
    };
    assert_eq!(place.output(end).status.code(), Some(0));
    crate::place::wait_for("its end", || place.show(id)["ended_at"].is_string());
}

/// Five letters at most: six in one read, as a busy machine has them, would be a paste.
fn filter(face: &mut Face, words: &str) {
    face.keys("/");
    face.wait("filter runs");
    face.keys(words);
    face.wait(words);
}

#[test]
fn past_runs_are_read_from_their_journals() {
    let place = Place::new();
    ran(&place, "a", &[]);
    ran(&place, "b", &[]);
    ran(&place, "c", &["-p", "fail=true"]);

    let mut face = Face::start(&place, &["run", "w.yaml", "--id", "d"], 80, 24);
    face.wait("ASKS  go");
    // Two runs have succeeded at this step; the third counts for what it did.
    face.select("one");
    face.keys("d");
    face.wait("of 3");
    face.wait("trend");
    face.keys("0");
    face.wait("RUNS 4");
    face.wait("trend of nightly");
    face.wait_until("the run that was stopped", |screen| {
        let row = screen.lines().find(|row| row.contains(" c "));
        row.is_some_and(|row| row.contains("cancel") && row.contains("open two"))
    });
    filter(&mut face, "st:ok");
    face.keys("\r");
    face.wait("RUNS 2 of 4");
    face.keys("W");
    face.wait("the report is in b.md");
    // The run that was stopped, against the one before it.
    face.keys("\u{1b}");
    face.wait("RUNS 4");
    face.keys("gg");
    face.keys("j j ");
    face.wait("2 marked");
    face.keys("d");
    face.wait("COMPARE");
    face.wait_until("the step that failed", |screen| {
        let row = screen.lines().find(|row| row.starts_with("*two"));
        row.is_some_and(|row| row.contains("succeeded") && row.contains("failed"))
    });
    face.keys("q");
    face.wait("2 marked");
    let report = std::fs::read_to_string(place.path("b.md")).expect("the report");
    assert!(report.contains("nightly"), "{report}");
    // Once this run has ended, another one is opened from its screen.
    assert_eq!(
        place.output(&["ctl", "d", "approve", "go"]).status.code(),
        Some(0)
    );
    face.wait("SUCCEEDED");
    filter(&mut face, "by:no");
    face.wait("RUNS 0 of 4");
    face.keys("\u{1b}");
    face.wait("RUNS 4");
    face.keys("G\r");
    face.wait("nightly a ");
    face.wait("The run has ended: SUCCEEDED");
    assert_eq!(face.quit(), 0);
}

#[test]
fn two_runs_are_compared_on_the_command_line() {
    let place = Place::new();
    ran(&place, "a", &["-p", "target=green"]);
    ran(&place, "c", &["-p", "fail=true"]);
    let text = |args: &[&str]| {
        let output = place.output(args);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let told = text(&["compare", "a", "c", "--only-differences"]);
    let has = |words: &[&str]| {
        let mut lines = told.lines();
        lines.any(|line| words.iter().all(|word| line.contains(word)))
    };
    assert!(has(&["* two", "succeeded", "failed"]), "{told}");
    assert!(has(&["* param target", "green", "blue"]), "{told}");
    assert!(has(&["input env.TARGET", "green", "blue"]), "{told}");
    assert!(!told.contains("one"), "{told}");
    let json = text(&["compare", "a", "c", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["runs"][1]["id"], "c");
    assert_eq!(
        json["steps"][1]["states"],
        serde_json::json!(["succeeded", "failed"])
    );
    assert_eq!(json["steps"][1]["attempts"][1][0]["outcome"], "failed");
    assert!(json["steps"][0]["took_ms"][0].is_u64(), "{json}");
    assert_eq!(json["steps"][0]["differs"], false);
    let same = place.output(&["compare", "a", "a"]);
    assert_eq!(same.status.code(), Some(2), "{same:?}");
}

#[test]
fn a_run_is_started_like_another_one() {
    let place = Place::new();
    ran(&place, "a", &["-p", "target=green", "--kind", "drill"]);
    let started = |args: &[&str]| {
        let output = place.output(args);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        String::from_utf8(output.stderr).expect("UTF-8")
    };
    // From another folder: it is that of the run which counts.
    std::fs::create_dir(place.path("elsewhere")).expect("a folder");
    let like = |more: &[&str]| {
        let args = [
            &["run", "--like", "a", "--headless", "--hold", "--detach"],
            more,
        ]
        .concat();
        let mut command = place.command(&args);
        let output = command
            .current_dir(place.path("elsewhere"))
            .output()
            .expect("it runs");
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        String::from_utf8(output.stderr).expect("UTF-8")
    };
    let said = like(&["--id", "b"]);
    assert!(
        said.contains("like a, by w.yaml, unchanged since"),
        "{said}"
    );
    let show = place.show("b");
    assert_eq!(
        (&show["like"], &show["kind"]),
        (&"a".into(), &"drill".into())
    );
    assert_eq!(show["params"]["target"], "green");
    like(&["--id", "c", "-p", "target=red", "--kind", "live"]);
    let show = place.show("c");
    assert_eq!(
        (&show["params"]["target"], &show["kind"]),
        (&"red".into(), &"live".into())
    );

    // The file has changed, then it is gone: the journal still has what was run.
    let text = std::fs::read_to_string(place.path("w.yaml")).expect("the workflow");
    place.write("w.yaml", &text.replace("echo early", "echo earlier"));
    assert!(like(&["--id", "d"]).contains("it has changed since"));
    std::fs::remove_file(place.path("w.yaml")).expect("removed");
    let said = like(&["--id", "e"]);
    assert!(
        said.contains("by the text in its journal: w.yaml is gone"),
        "{said}"
    );
    for id in ["b", "c", "d", "e"] {
        started(&["ctl", id, "abort", "kill", "--reason", "enough"]);
    }
    let told = String::from_utf8(place.output(&["show", "e"]).stdout).expect("UTF-8");
    assert!(told.contains("start nightly (drill) like a"), "{told}");
}

#[test]
fn r_starts_a_run_like_the_selected_one() {
    let place = Place::new();
    ran(&place, "a", &["-p", "target=green"]);
    let mut face = Face::start(&place, &[], 80, 24);
    face.wait("Workflows");
    face.keys("0");
    face.wait("RUNS 1");
    face.keys("R");
    face.wait("START nightly");
    face.wait("w.yaml, unchanged since");
    Face::settle();
    face.keys("\t\tblue");
    face.keys("\t\r");
    face.wait("ASKS  go");
    face.keys("0");
    face.wait("RUNS 2");
    let new = place.output(&["show", "last", "--json"]).stdout;
    let new: serde_json::Value = serde_json::from_slice(&new).expect("JSON");
    assert_eq!((&new["like"], &new["kind"]), (&"a".into(), &"live".into()));
    face.keys("q");
}

#[test]
fn a_failure_says_what_was_done_the_last_time() {
    let place = Place::new();
    place.write("w.yaml", TEXT);
    let fails = ["-p", "fail=true"];
    let args = [
        "run",
        "w.yaml",
        "--headless",
        "--hold",
        "--detach",
        "--id",
        "a",
    ];
    let ctl = |args: &[&str]| {
        let output = place.output(&[&["ctl", "a"], args].concat());
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    };
    place.output(&[&args[..], &fails].concat());
    crate::place::wait_for("its failure", || place.step("a", "two") == "failed");
    let change = ["--set", "env.FAIL=false", "--reason", "not tonight"];
    ctl(&[&["retry", "two"], &change[..]].concat());
    crate::place::wait_for("the question", || place.step("a", "go") == "waiting");
    ctl(&["approve", "go"]);
    crate::place::wait_for("its end", || place.show("a")["ended_at"].is_string());

    let again = [&["run", "w.yaml", "--id", "b"], &fails[..]].concat();
    let mut face = Face::start(&place, &again, 120, 30);
    face.wait("FAIL  two");
    face.wait("Last time");
    face.wait("retried with env.FAIL=false: not tonight, ok at try 2");
    face.wait("Changed since it was ok");
    face.wait("env.FAIL false → true");
    face.keys("d");
    face.wait("last time");
}

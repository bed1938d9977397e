//! The life of an attempt process: its engine dies, it dies itself, it performs thousands.

use std::fs;

use flightdeck::attempt::Standing;
use flightdeck::id::AttemptId;
use flightdeck::run::Outcome;
use rustix::process::Signal;

use crate::harness::{Bench, shell, until};

#[test]
fn it_finishes_and_records_without_an_engine() {
    let mut bench = Bench::new();
    let one = shell(
        "echo ready; while [ ! -e \"$GATE\" ]; do sleep 0.02; done; echo key=1 > $FLIGHTDECK_OUTPUT",
    );
    let gate = bench.dir.path().join("gate");
    let mut one = one;
    let text = flightdeck::workflow::Filled::text(gate.to_str().unwrap());
    one.env.push(("GATE".into(), text));
    until("the record file", || {
        fs::metadata(bench.record()).is_ok_and(|m| m.len() > 0)
    });
    assert_eq!(bench.standing(&one.attempt), Standing::Undecided);
    bench.send(&one);
    bench.wait_output(&one, "ready");
    let pid = bench.child.id();
    assert_eq!(bench.standing(&one.attempt), Standing::Alive { pid });
    bench.abandon();
    fs::write(&gate, "").unwrap();
    assert_eq!(bench.exit(), 0);
    match bench.standing(&one.attempt) {
        Standing::Ended(end) => {
            assert_eq!(end.outcome, Outcome::Succeeded);
            assert_eq!(end.outputs["key"], "1");
        }
        other => panic!("{other:?}"),
    }
    let never = AttemptId::act("never".into(), 1);
    assert_eq!(bench.standing(&never), Standing::NeverBegan);
}

#[test]
fn killed_it_leaves_a_lost_attempt() {
    let mut bench = Bench::new();
    let one = shell("echo $$; echo ready; sleep 300");
    bench.send(&one);
    bench.wait_output(&one, "ready");
    bench.signal(Signal::KILL);
    bench.child.wait().unwrap();
    assert_eq!(bench.standing(&one.attempt), Standing::Lost);
    let pid: i32 = bench.text(&one).lines().next().unwrap().parse().unwrap();
    let group = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process_group(group, Signal::KILL).unwrap();
}

#[test]
fn a_specification_whose_engine_is_gone_is_not_begun() {
    let mut bench = Bench::new();
    let witness = bench.dir.path().join("witness");
    let mut one = shell("echo ready; sleep 0.3");
    bench.send(&one);
    bench.wait_output(&one, "ready");
    one = shell(&format!("touch {}", witness.display()));
    one.attempt.n = 2;
    bench.send(&one);
    bench.abandon();
    assert_eq!(bench.exit(), 0);
    assert_eq!(bench.standing(&one.attempt), Standing::NeverBegan);
    assert!(!witness.exists());
}

#[test]
fn what_it_cannot_read_is_refused_by_name() {
    let mut bench = Bench::new();
    bench.send_line("{\"attempt\":{\"step\":\"s\",\"n\":7},\"work\":{\"teleport\":{}}}");
    let end = bench.end();
    assert_eq!(end.outcome, Outcome::NotStarted);
    assert!(
        end.message
            .starts_with("this program cannot read its specification: ")
    );
    bench.send_line("not even JSON");
    assert_eq!(bench.shell("true").outcome, Outcome::Succeeded);
}

#[test]
fn thousands_of_attempts_leak_nothing() {
    let mut bench = Bench::new();
    let mut one = crate::harness::exec(&["/bin/true"]);
    bench.run(&one);
    let before = facts(&bench);
    for n in 2..=5000 {
        one.attempt.n = n;
        bench.send(&one);
        assert_eq!(bench.end().outcome, Outcome::Succeeded);
    }
    assert_eq!(facts(&bench), before);
    assert_eq!(bench.exit(), 0);
    match bench.standing(&one.attempt) {
        Standing::Ended(end) => assert_eq!(end.exit_code, Some(0)),
        other => panic!("{other:?}"),
    }
}

/// Open descriptors and children.
fn facts(bench: &Bench) -> (usize, String) {
    let pid = bench.child.id();
    let fds = fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count);
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    (fds, children.unwrap_or_default())
}

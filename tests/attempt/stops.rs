//! Cancel, kill and timeout.

use std::time::{Duration, Instant};

use flightdeck::run::{Ended, Outcome, Spec};
use rustix::process::{Pid, Signal, test_kill_process};

use crate::harness::{Bench, shell, until};

/// Well below the grace of these steps and the time for which their programs sleep: what ends sooner was stopped.
const SOON: Duration = Duration::from_secs(8);

fn stop(bench: &mut Bench, spec: &Spec, ready: &str, signals: &[Signal]) -> (Ended, Duration) {
    bench.send(spec);
    bench.wait_output(spec, ready);
    let start = Instant::now();
    for signal in signals {
        bench.signal(*signal);
    }
    (bench.end(), start.elapsed())
}

fn pids(text: &str) -> Vec<Pid> {
    let numbers = text.split_whitespace().filter_map(|w| w.parse().ok());
    numbers.filter_map(Pid::from_raw).collect()
}

fn assert_gone(pids: &[Pid]) {
    for pid in pids {
        until(&format!("{pid:?} is gone"), || {
            test_kill_process(*pid).is_err()
        });
    }
}

#[test]
fn a_polite_stop_takes_the_whole_group_along() {
    let mut bench = Bench::new();
    let one = shell("sleep 300 & echo $!; sleep 301 & echo $!; echo ready; wait");
    let (end, took) = stop(&mut bench, &one, "ready", &[Signal::TERM]);
    assert_eq!(
        (end.outcome, end.message.as_str()),
        (Outcome::Cancelled, "cancelled")
    );
    assert!(took < SOON, "{took:?}");
    assert_eq!(end.leftovers, []);
    assert_gone(&pids(&bench.text(&one)));
    // The process goes on with the next one.
    let mut two = shell("echo next");
    two.attempt.n = 2;
    assert_eq!(bench.run(&two).outcome, Outcome::Succeeded);
    assert_eq!(bench.exit(), 0);
}

#[test]
fn who_ignores_term_is_killed_after_the_grace() {
    let mut bench = Bench::new();
    let mut one =
        shell("trap '' TERM; setsid sleep 300 & echo $!; echo ready; while :; do sleep 0.05; done");
    one.grace_ms = 300;
    let (end, took) = stop(&mut bench, &one, "ready", &[Signal::TERM]);
    assert_eq!(
        (end.outcome, end.message.as_str(), end.signal),
        (
            Outcome::Cancelled,
            "killed: ignored TERM for 300ms",
            Some(9)
        )
    );
    assert!(
        took >= Duration::from_millis(300) && took < SOON,
        "{took:?}"
    );
    assert_eq!(end.leftovers, []);
    assert_gone(&pids(&bench.text(&one)));
}

#[test]
fn a_second_term_or_usr1_kills_at_once() {
    for signals in [&[Signal::USR1][..], &[Signal::TERM, Signal::USR1]] {
        let mut bench = Bench::new();
        let one = shell("trap '' TERM; echo ready; while :; do sleep 0.05; done");
        let (end, took) = stop(&mut bench, &one, "ready", signals);
        assert_eq!(
            (end.outcome, end.message.as_str()),
            (Outcome::Cancelled, "killed")
        );
        assert!(took < SOON, "{took:?}");
    }
    let mut bench = Bench::new();
    let one = shell("trap 'echo heard' TERM; echo ready; while :; do sleep 0.05; done");
    bench.send(&one);
    bench.wait_output(&one, "ready");
    bench.signal(Signal::TERM);
    bench.wait_output(&one, "heard");
    bench.signal(Signal::TERM);
    assert_eq!(bench.end().message, "killed");
}

#[test]
fn a_daemon_in_a_session_of_its_own_is_stopped_too() {
    let mut bench = Bench::new();
    let one = shell(
        "setsid sh -c 'trap \"\" TERM; echo $$; echo ready; sleep 300 & wait; sleep 300' & sleep 300",
    );
    let mut one = one;
    one.grace_ms = 200;
    let (end, took) = stop(&mut bench, &one, "ready", &[Signal::TERM]);
    assert_eq!(
        (end.outcome, end.message.as_str()),
        (Outcome::Cancelled, "cancelled")
    );
    assert!(took < SOON, "{took:?}");
    assert_gone(&pids(&bench.text(&one)));
}

#[test]
fn a_timeout_is_a_definite_end() {
    let mut bench = Bench::new();
    let mut one = shell("echo ready; sleep 300");
    one.timeout_ms = Some(200);
    let end = bench.run(&one);
    assert_eq!(
        (end.outcome, end.message.as_str()),
        (Outcome::TimedOut, "timed out after 200ms")
    );
    assert!((200..1500).contains(&end.took_ms), "{}", end.took_ms);
    let mut two = shell("trap '' TERM; while :; do sleep 0.05; done");
    (two.attempt.n, two.timeout_ms, two.grace_ms) = (2, Some(200), 100);
    assert_eq!(
        bench.run(&two).message,
        "timed out after 200ms; killed: ignored TERM for 100ms"
    );
    // Closing its output does not hide it from the clock.
    let mut three = shell("exec >&- 2>&-; sleep 300");
    (three.attempt.n, three.timeout_ms) = (3, Some(200));
    assert_eq!(bench.run(&three).outcome, Outcome::TimedOut);
}

#[test]
fn a_stop_never_hits_the_next_attempt() {
    let mut bench = Bench::new();
    for n in 1..=200 {
        let mut one = shell("true");
        one.attempt.n = n;
        bench.send(&one);
        let end = bench.end();
        assert_eq!(end.outcome, Outcome::Succeeded, "{n}: {}", end.message);
        // Too late for this one, and before the next is sent.
        bench.signal(if n % 2 == 0 {
            Signal::TERM
        } else {
            Signal::USR1
        });
    }
    bench.signal(Signal::HUP);
    assert_eq!(bench.exit(), 0);
}

#[test]
fn a_hanging_secret_can_be_cancelled() {
    use flightdeck::workflow::SecretSource;
    let mut bench = Bench::new();
    let source = SecretSource::Command(vec!["sleep".into(), "300".into()]);
    let one = crate::harness::with_secrets(shell("true"), &[("x", source)]);
    bench.send(&one);
    bench.wait_begun(&one);
    bench.signal(Signal::TERM);
    let end = bench.end();
    assert_eq!(
        (end.outcome, end.message.as_str()),
        (Outcome::Cancelled, "cancelled before it started")
    );
}

//! What may be asked of a run: previews, refusals by what was seen, forecasts, specifications.

use std::time::Duration;

use super::build::actor;
use super::scenario::{Scenario, command, play};
use crate::id::StepId;
use crate::run::{
    Command, Effect, Expectations, Expected, Input, PastTimes, Phase, Preview, Run, Seen, Shown,
    Spread, State,
};
use crate::time::Timestamp;

fn preview(scenario: &Scenario, text: &str) -> Preview {
    let (command, ana) = (command(text), actor("ana"));
    scenario.run.preview(&command, &ana, scenario.now, None)
}

fn ids(list: &[StepId]) -> String {
    let list: Vec<_> = list.iter().map(StepId::as_str).collect();
    list.join(" ")
}

#[test]
fn a_preview_says_what_starts_and_what_comes_within_reach() {
    let s = play("step a\nstep b needs a\nstep c needs b\nstep d\nstart\n! a.1 failed");
    let retry = preview(&s, "retry a");
    assert_eq!(ids(&retry.starts), "a");
    assert_eq!(ids(&retry.unblocks), "b c");
    let mark = preview(&s, "mark a because");
    assert_eq!(
        (ids(&mark.starts), ids(&mark.unblocks)),
        ("b".into(), "c".into())
    );
    let abort = preview(&s, "abort now because");
    assert_eq!(
        (ids(&abort.stops), ids(&abort.skips)),
        ("d".into(), "b c".into())
    );
    assert_eq!(abort.ends, None);
    assert_eq!(retry.to_string(), "starts now: a\ncan start later: b, c");
    assert_eq!(abort.to_string(), "is skipped: b, c\nis told to stop: d");
    // Nothing of it has happened.
    assert_eq!(s.run.shown(), Shown::Running);
}

#[test]
fn a_preview_says_what_is_reset_lost_and_ended() {
    let s = play("step a\nstep b needs a idempotent\nstart\n! a.1 succeeded\n! b.1 failed");
    assert_eq!(ids(&preview(&s, "retry_from a because").resets), "a b");
    let done = preview(&s, "ignore b because");
    assert_eq!(done.ends, Some(Phase::CompletedWithExceptions));
    let s = play("step a\nstep b needs a reads a.outputs.o\nstart\n! a.1 failed");
    let skip = preview(&s, "skip a because");
    assert!(skip.refused.is_some());
    assert_eq!(skip.loses, [(StepId::from("b"), "a.outputs.o".to_owned())]);
}

fn refused(run: &mut Run, text: &str, seen: Seen) -> String {
    let input = Input::Command {
        command: command(text),
        actor: actor("bob"),
        seen: Some(seen),
    };
    let refused = run.handle(input, Timestamp(9000)).refused;
    refused.map(|r| r.to_string()).unwrap_or_default()
}

#[test]
fn a_command_at_something_that_has_changed_says_what_changed() {
    let seen = |attempts, state| Seen { attempts, state };
    let mut s = play("step a\nstep b\nstart\n! a.1 failed\n~ 60s\n> retry a");
    assert_eq!(
        refused(&mut s.run, "retry a", seen(1, State::Failed)),
        "a was already retried by ana 00:01:00; now it is running (attempt 2)"
    );
    let mut s = play("step a\nstep b\nstart\n! a.1 failed\n~ 60s\n> mark a because");
    assert_eq!(
        refused(&mut s.run, "retry a", seen(1, State::Failed)),
        "a was already marked by ana 00:01:00; now it was marked"
    );
    let mut s = play("step a\nstep b\nstart\n~ 5s\n! a.1 failed");
    assert_eq!(
        refused(&mut s.run, "cancel a", seen(1, State::Running)),
        "a has changed since you looked; now it has failed"
    );
    let mut s = play("step a\nstart");
    assert_eq!(refused(&mut s.run, "cancel a", seen(1, State::Running)), "");
}

#[test]
fn a_forecast_is_the_longest_path_that_is_left() {
    let s = play(
        "step a expected 60s\nstep b expected 10s\nstep c needs a,b expected 30s\nstart\n~ 20s",
    );
    assert_eq!(
        s.run.forecast(s.now, &Expectations::default()).end,
        Some(Timestamp(90_000))
    );
    // Late: it may end any moment.
    assert_eq!(
        s.run
            .forecast(Timestamp(100_000), &Expectations::default())
            .end,
        Some(Timestamp(130_000))
    );
    let s = play("step a\nstart");
    assert_eq!(s.run.forecast(s.now, &Expectations::default()).end, None);
    let s = play("step w wait 60s\nstart\n> postpone w 90s");
    assert_eq!(
        s.run.forecast(s.now, &Expectations::default()).end,
        Some(Timestamp(90_000))
    );
    let s = play("step g items 4 wide 2 expected 10s\nstart");
    assert_eq!(
        s.run.forecast(s.now, &Expectations::default()).end,
        Some(Timestamp(20_000))
    );
}

/// Names of the steps on the critical path, and when each begins and ends, in seconds.
fn critical(script: &str) -> String {
    let s = play(script);
    let forecast = s.run.forecast(s.now, &Expectations::default());
    let seconds = |at: Timestamp| at.since(s.run.started_at()).as_secs();
    let told = forecast.critical().iter().map(|&i| {
        let span = forecast.span(i).unwrap();
        let (begin, end) = (seconds(span.begin), seconds(span.end));
        format!("{} {begin}-{end}", s.run.steps()[i].id)
    });
    told.collect::<Vec<_>>().join(", ")
}

#[test]
fn the_critical_path_is_what_decides_when_the_run_ends() {
    let plan = "step a expected 60s\nstep b expected 10s\nstep c needs a,b expected 30s\nstep d needs b expected 20s\nstart";
    assert_eq!(critical(plan), "a 0-60, c 60-90");
    // b takes so long that it decides: it is late, and what needs it begins now at the earliest.
    let late = format!("{plan}\n~ 40s\n! a.1 succeeded\n~ 30s");
    assert_eq!(critical(&late), "b 0-70, c 70-100");
    let over = format!("{late}\n! b.1 succeeded\n! d.1 succeeded\n~ 5s\n! c.1 succeeded");
    assert_eq!(critical(&over), "b 0-70, c 70-75", "and did so in the end");
    assert_eq!(
        critical("step a\nstep b needs a\nstart"),
        "a 0-0, b 0-0",
        "without expected times, what is still open counts"
    );
    let undone = "step a undo: expected 5s\nstep b needs a undo: expected 7s\nstart\n! a.1 succeeded\n! b.1 succeeded\n> rollback because";
    assert_eq!(critical(undone), "b.undo 0-7, a.undo 7-12");
}

#[test]
fn members_of_a_fan_out_are_laid_in_rows() {
    let s = play("step g items 4 wide 2 expected 10s\nstart");
    let forecast = s.run.forecast(s.now, &Expectations::default());
    let begins = s.run.fanned_out(0).iter();
    let begins: Vec<i64> = begins
        .map(|&m| forecast.span(m).unwrap().begin.0 / 1000)
        .collect();
    assert_eq!(begins, [0, 0, 10, 10]);
}

/// What waits for a slot is as late as what waits for a need, and who has the slot is on the critical path.
#[test]
fn a_forecast_knows_the_slots() {
    let plan = "step a expected 60s\nstep b expected 10s\nstep c expected 30s\nstep d needs b expected 5s\n";
    let ends = |slots: u32| {
        let s = play(&format!("{plan}start slots {slots}"));
        let by = Expectations::default();
        let end = s.run.forecast(s.now, &by).end.expect("all is known");
        let whole = s.run.expected_in_all(&by).expect("all is known");
        (end.0 / 1000, whole.as_secs())
    };
    assert_eq!(ends(1), (105, 105));
    assert_eq!(ends(2), (60, 60));
    assert_eq!(
        critical(&format!("{plan}start slots 1")),
        "a 0-60, b 60-70, c 70-100, d 100-105"
    );
    let wide = "step g items 3 wide 3 expected 10s\nstep h expected 10s\nstart slots 2";
    let s = play(wide);
    let end = s.run.forecast(s.now, &Expectations::default()).end;
    assert_eq!(
        end,
        Some(Timestamp(20_000)),
        "four of ten seconds, two at once"
    );
}

/// A sub-workflow may let fewer of its steps run at once than the run would.
#[test]
fn a_forecast_knows_the_slots_of_a_sub_workflow() {
    let outer = "name: o\nsteps:\n  - {id: all, workflow: {file: i.yaml}}\n";
    let inner = "name: i\npolicies: {max_parallel: 1}\nsteps:\n  - {id: a, needs: [], run: x, expected: 10s}\n  - {id: b, needs: [], run: x, expected: 10s}\n  - {id: c, needs: [], run: x, expected: 10s}\n";
    let checked = crate::workflow::check_including(outer.as_bytes(), "o.yaml", &mut |_| {
        Ok(inner.as_bytes().to_vec())
    });
    let workflow = std::sync::Arc::new(checked.workflow.expect("it is in order"));
    let run = Run::empty(workflow);
    let whole = run.expected_in_all(&Expectations::default());
    assert_eq!(whole, Some(Duration::from_secs(30)));
}

/// How long somebody was waited for stays known.
#[test]
fn a_settled_wait_keeps_its_span() {
    let mut s = play("step w wait 60s\nstart\n~ 60s");
    s.run.handle(Input::Due, s.now).events.clear();
    let span = s.run.forecast(s.now, &Expectations::default()).span(0);
    let span = span.expect("it is there");
    assert_eq!((span.begin.0, span.end.0), (0, 60_000));
}

/// The idempotency key stays the same for automatic retries, and is another one for each ordered try.
#[test]
fn a_specification_carries_key_timeout_and_changes() {
    let mut s = play("step a exec retry 1 timeout 60s\nstart");
    let order = s.run.order(0).unwrap();
    assert_eq!(order.spec.idempotency_key, "r1/a/1");
    assert_eq!(order.spec.timeout(), Some(Duration::from_mins(1)));
    assert_eq!(order.spec.grace(), Duration::from_secs(10));
    let mut report = |text: &str| {
        let mut parts = text.split(' ');
        let id = crate::id::AttemptId::act("a".into(), parts.next().unwrap().parse().unwrap());
        let ended = super::build::ended(crate::run::Outcome::Failed, "exit 1");
        s.run
            .handle(Input::AttemptEnded { attempt: id, ended }, s.now)
    };
    let turn = report("1");
    let key = |effects: &[Effect]| match effects {
        [Effect::Start(spec)] => spec.idempotency_key.clone(),
        other => panic!("one start was expected: {other:?}"),
    };
    assert_eq!(key(&turn.effects), "r1/a/1");
    assert!(report("2").effects.is_empty());
    let retry: Command = command("retry a argv[2]=false timeout=5s because");
    let input = Input::Command {
        command: retry,
        actor: actor("ana"),
        seen: None,
    };
    let turn = s.run.handle(input, s.now);
    assert_eq!(key(&turn.effects), "r1/a/2");
    let attempt = s.run.step(&"a".into()).unwrap().attempts.last().unwrap();
    let inputs: Vec<_> = attempt
        .inputs
        .iter()
        .map(|(k, v)| format!("{k}={v}"))
        .collect();
    assert_eq!(inputs, ["argv[2]=false", "timeout=5s"]);
    assert!(attempt.changes.is_some());
    // For this attempt only.
    assert_eq!(s.run.will_run(&"a".into()), ["/bin/sh", "-c", "true"]);
}

/// Who kept the wake-up call may be gone, or have called too early.
#[test]
fn wake_ups_and_stops_are_ordered_again_when_they_may_be_lost() {
    let mut s = play("step a\nstep w wait 60s\nstart\n> cancel a");
    let wake = Effect::WakeAt(Timestamp(60_000));
    let turn = s.run.handle(Input::Due, Timestamp(59_999));
    assert_eq!(turn.effects, std::slice::from_ref(&wake));
    let stop = Effect::Stop {
        attempt: crate::id::AttemptId::act("a".into(), 1),
        kill: false,
    };
    let turn = s.run.revive(Timestamp(59_999), false);
    assert!(turn.events.is_empty());
    assert_eq!(turn.effects, [stop, wake]);
    assert_eq!(s.run.attempts_under_way().len(), 1);
    // Due long ago: it happens at once.
    let turn = s.run.revive(Timestamp(90_000), false);
    assert_eq!(s.run.state(1), State::Succeeded, "{turn:?}");
}

#[test]
fn the_inputs_of_a_shell_text_are_fixed() {
    let s = play("step a timeout 90s\nstart");
    let fields = s.run.inputs(&"a".into());
    let fields: Vec<_> = fields
        .iter()
        .map(|f| (f.path.as_str(), f.text.as_str(), f.fixed))
        .collect();
    let expected = [
        ("argv[0]", "/bin/sh", true),
        ("argv[1]", "-c", true),
        ("argv[2]", "true", true),
        ("timeout", "1m30s", false),
    ];
    assert_eq!(fields, expected);
}

#[test]
fn the_audit_says_who_did_what() {
    let s = play("step a\nstart\n! a.1 failed\n> bob: retry a because\n> note well");
    let lines: Vec<_> = s.run.audit().iter().map(|e| e.text.as_str()).collect();
    assert_eq!(lines, ["start test", "retry a: because", "note: well"]);
    assert_eq!(s.run.audit()[1].actor.as_ref().unwrap().name, "bob");
}

#[test]
fn past_times_stand_before_declared_ones() {
    let plan = "step a expected 60s\nstep b needs a expected 30s\nstart";
    let mut past = PastTimes::default();
    let failed = play(&format!("{plan}\n! a.1 failed"));
    past.add(&failed.run);
    assert!(past.is_empty(), "what failed tells nothing");
    let retried = play(&format!("{plan}\n! a.1 failed\n> retry a\n! a.2 succeeded"));
    past.add(&retried.run);
    let s = play(plan);
    let by = Expectations::new(s.run.workflow(), &past);
    // So long does each attempt of a scenario take.
    let took = Duration::from_millis(10);
    let spread = Some(Spread {
        p90: took,
        count: 1,
    });
    let known = Expected {
        time: took,
        past: spread,
    };
    assert_eq!(s.run.expected(0, &by), Some(known));
    assert_eq!(s.run.expected(1, &by).unwrap().past, None, "declared");
    assert_eq!(s.run.forecast(s.now, &by).end, Some(Timestamp(30_010)));
}

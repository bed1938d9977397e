//! Large plans: the cost of a turn must not grow with the number of steps.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use serde_json::json;

use super::build::{ended, start, step, workflow};
use crate::run::{Effect, Input, Outcome, Phase, Run};
use crate::time::Timestamp;
use crate::workflow::{Action, FanOut, FanSource, Inner, Need, Step, flat};

fn chain(count: usize) -> Vec<Step> {
    let needs = |n: usize| n.checked_sub(1).into_iter().collect::<Vec<_>>();
    (0..count)
        .map(|n| step(&format!("s{n}"), &needs(n)))
        .collect()
}

/// Roots, and one step that needs them all.
fn funnel(count: usize) -> Vec<Step> {
    let mut steps: Vec<Step> = (1..count).map(|n| step(&format!("s{n}"), &[])).collect();
    let mut last = step("last", &[]);
    let need = |step| Need { step, any: false };
    last.needs = (0..steps.len()).map(need).collect();
    steps.push(last);
    steps
}

fn crowd(count: usize) -> Vec<Step> {
    let mut group = step("group", &[]);
    group.fan_out = Some(FanOut {
        source: FanSource::Items((1..count).map(|n| json!(n)).collect()),
        max_parallel: Some(4),
        fail_fast: false,
    });
    vec![group, step("last", &[0])]
}

/// A sub-workflow of steps that need nothing but its begin, and may not all run at once.
fn inside(count: usize) -> Vec<Step> {
    let steps = (2..count).map(|n| step(&format!("s{n}"), &[])).collect();
    let mut group = step("group", &[]);
    group.action = Action::Workflow(Box::new(Inner {
        max_parallel: Some(4),
        ..Inner::default()
    }));
    flat(
        vec![group, step("last", &[0])],
        &[(0, workflow(steps))].into(),
    )
}

/// Of this thread: what else the machine does is not counted.
fn cpu() -> Duration {
    let t = clock_gettime(ClockId::ThreadCPUTime);
    let nanos = u32::try_from(t.tv_nsec).unwrap_or_default();
    Duration::new(t.tv_sec.unsigned_abs(), nanos)
}

/// Runs a plan to its end, eight at a time; gives what a step costs.
fn cost(steps: Vec<Step>) -> Duration {
    let plan = workflow(steps);
    let mut begin = start(&plan);
    begin.max_parallel = Some(8);
    let begun = cpu();
    let (mut run, mut turn) = Run::start(plan, begin, Timestamp(0));
    let mut alive = std::collections::VecDeque::new();
    loop {
        for effect in turn.effects {
            if let Effect::Start(spec) = effect {
                alive.push_back(spec.attempt);
            }
        }
        let Some(attempt) = alive.pop_front() else {
            break;
        };
        let ended = ended(Outcome::Succeeded, "");
        turn = run.handle(Input::AttemptEnded { attempt, ended }, Timestamp(1));
    }
    assert_eq!(run.phase(), Phase::Succeeded);
    cpu().saturating_sub(begun) / u32::try_from(run.steps().len()).expect("few enough")
}

#[test]
fn a_turn_costs_the_same_in_a_large_plan() {
    for (name, shape) in [
        ("chain", chain as fn(usize) -> Vec<Step>),
        ("funnel", funnel),
        ("crowd", crowd),
        ("inside", inside),
    ] {
        // The best of some tries: caches are shared with whatever else runs.
        let best = |count| {
            (0..3)
                .map(|_| cost(shape(count)))
                .min()
                .expect("three tries")
        };
        let (small, large) = (best(1_000), best(20_000));
        eprintln!("{name}: {small:?} a step of 1,000, {large:?} of 20,000");
        assert!(
            large < small * 4,
            "{name}: {small:?} a step of 1,000, {large:?} of 20,000"
        );
    }
}

//! Random plans, from dice that fall the same everywhere.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::build::{expr, start, step, template, undo, work, workflow};
use crate::run::{Kind, RunStart};
use crate::workflow::{
    Action, Approval, Checklist, ChecklistItem, FailurePolicy, FanOut, FanSource, Inner, Need,
    OnReject, OnTimeout, ParamKind, ParamSpec, Step, Tree, Ungraceful, Wait, Workflow, flat,
};

/// `SplitMix64`: small, and the same everywhere.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, n: usize) -> usize {
        (self.roll() % n.max(1) as u64) as usize
    }

    pub(super) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(super) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

pub(super) fn random_step(dice: &mut Dice, n: usize) -> Step {
    let mut step = step(&format!("s{n}"), &[]);
    let mut earlier: Vec<usize> = (0..n).collect();
    for _ in 0..dice.below(4).min(n) {
        let need = earlier.swap_remove(dice.below(earlier.len()));
        let any = dice.one_in(6);
        step.needs.push(Need { step: need, any });
    }
    step.action = random_action(dice);
    if matches!(step.action, Action::Work(_)) {
        step.retry.limit = dice.pick(&[0, 0, 1, 3]);
        step.retry.delay = Duration::from_secs(dice.pick(&[0, 5]));
        step.verify = dice.one_in(4).then(|| work("verify"));
        step.idempotent = dice.one_in(3);
    }
    let always_true = [
        None,
        None,
        None,
        None,
        Some("true"),
        Some("false"),
        Some("7"),
    ];
    step.condition = dice.pick(&always_true).map(expr);
    let policies = [
        FailurePolicy::Hold,
        FailurePolicy::Hold,
        FailurePolicy::Hold,
        FailurePolicy::Ignore,
        FailurePolicy::Abort,
        FailurePolicy::Rollback,
    ];
    step.on_failure = dice.pick(&policies);
    step.always = dice.one_in(7);
    step.outlives = step.always;
    step.required = dice.one_in(8);
    step.fan_out = dice.one_in(4).then(|| FanOut {
        source: random_source(dice),
        max_parallel: dice.pick(&[None, Some(1), Some(2)]),
        fail_fast: dice.one_in(3),
    });
    step.ungraceful = match dice.below(4) {
        0 => Some(Ungraceful::Skip),
        1 if matches!(step.action, Action::Work(_)) => {
            let mut other = step.clone();
            other.action = Action::Work(work("force"));
            other.retry.limit = dice.pick(&[0, 2]);
            other.verify = dice.one_in(4).then(|| work("verify"));
            Some(Ungraceful::Other(Arc::new(other)))
        }
        _ => None,
    };
    step.compensate = dice.one_in(2).then(|| random_undo(dice, &step));
    step
}

fn random_undo(dice: &mut Dice, of: &Step) -> Arc<Step> {
    let mut step = (*undo(of)).clone();
    step.retry.limit = dice.pick(&[0, 0, 1]);
    step.verify = dice.one_in(4).then(|| work("verify"));
    step.idempotent = dice.one_in(3);
    Arc::new(step)
}

/// Some steps; now and then one of them is a sub-workflow, which may hold others, and so on.
pub(super) fn random_steps(dice: &mut Dice, depth: usize) -> Vec<Step> {
    let count = dice.below(9 - 2 * depth) + 1;
    let mut steps: Vec<Step> = (0..count).map(|n| random_step(dice, n)).collect();
    let mut inners = BTreeMap::new();
    if depth < 3 && dice.one_in(3) {
        let at = dice.below(count);
        let inside = random_steps(dice, depth + 1);
        inners.insert(at, workflow(inside));
        let old = &steps[at];
        steps[at] = Step {
            needs: old.needs.clone(),
            condition: old.condition.clone(),
            always: old.always,
            outlives: old.always,
            required: old.required,
            action: random_inner(dice),
            ..step(old.id.as_str(), &[])
        };
    }
    flat(steps, &inners)
}

fn random_inner(dice: &mut Dice) -> Action {
    let text = |text: &str| serde_json::from_value(json!(text)).expect("a template is a text");
    let given = dice.pick(&["${{ 7 }}", "${{ 7 }}", "${{ missing.value }}"]);
    Action::Workflow(Box::new(Inner {
        file: "inner.yaml".to_owned(),
        given: [("n".to_owned(), Tree::Text(text(given)))].into(),
        params: vec![ParamSpec {
            name: "n".to_owned(),
            kind: ParamKind::Int {
                min: None,
                max: None,
            },
            default: None,
            required: true,
            prompt: String::new(),
        }],
        outputs: [("n".to_owned(), Tree::Text(text("${{ params.n }}")))].into(),
        max_parallel: dice.pick(&[None, Some(1), Some(2)]),
        ..Inner::default()
    }))
}

fn random_source(dice: &mut Dice) -> FanSource {
    match dice.below(5) {
        0 => FanSource::Items(Vec::new()),
        1 => FanSource::Items(vec![json!(1), json!("two"), json!(3)]),
        2 => FanSource::Matrix(vec![
            ("a".to_owned(), vec![json!(1), json!(2)]),
            ("b".to_owned(), vec![json!(3), json!(4)]),
        ]),
        3 => FanSource::ForEach(expr("[1, 2]")),
        _ => FanSource::ForEach(expr("7")),
    }
}

fn random_action(dice: &mut Dice) -> Action {
    match dice.below(10) {
        0 => Action::Wait(Wait::For(Duration::from_secs(30))),
        1 => Action::Approval(Approval {
            message: template("go?"),
            from: Vec::new(),
            count: dice.pick(&[1, 2]),
            timeout: dice.pick(&[None, Some(Duration::from_mins(1))]),
            on_timeout: dice.pick(&[OnTimeout::Hold, OnTimeout::Reject, OnTimeout::Approve]),
            on_reject: dice.pick(&[
                OnReject::Hold,
                OnReject::Hold,
                OnReject::Abort,
                OnReject::Rollback,
            ]),
            form: Vec::new(),
            not_starter: false,
        }),
        2 => Action::Checklist(Checklist {
            items: (0..2)
                .map(|n| ChecklistItem {
                    text: template("look"),
                    required: n == 0,
                    link: None,
                    input: None,
                })
                .collect(),
        }),
        3 => Action::Set {
            values: BTreeMap::new(),
        },
        4 => Action::Assert {
            that: expr(dice.pick(&["true", "true", "false"])),
            message: template("no"),
        },
        _ => Action::Work(work("true")),
    }
}

pub(super) fn random_start(dice: &mut Dice, plan: &Workflow) -> RunStart {
    let mut start = start(plan);
    start.paused = dice.one_in(8);
    start.attended = !dice.one_in(4);
    start.controls = dice.one_in(2);
    start.ungraceful = dice.one_in(4);
    start.max_parallel = dice.pick(&[None, Some(1), Some(2)]);
    if dice.one_in(4) {
        start
            .breakpoints
            .push(plan.steps[dice.below(plan.steps.len())].id.clone());
    }
    if dice.one_in(12) {
        start.kind = Kind::Dry;
    }
    start
}
